"""The monthly report of review as it is published: a page without scripts, a table of comma-separated values, JSON. Pure."""

import csv
import html
import io
import json
from datetime import timedelta
from typing import Final

from earwitness.demands.report_forms import STYLE, figure_lines, figure_row
from earwitness.oversight.report import ReviewReport

_BANDS: Final = (
    "Counts are told as bands, so that nobody is found by subtracting. What people opened of their own is not counted."
)


def review_report_text(report: ReviewReport, form: str) -> str:
    """The report as "html", "csv" or "json"."""
    return {"html": _page, "csv": _csv, "json": _json}[form](report)


def _json(report: ReviewReport) -> str:
    figures = [{"figure": one.name, "group": one.group, "least": one.band.least, "most": one.band.most} for one in report.figures]
    facts = {
        "period": report.period.name,
        "since": report.period.since.isoformat(),
        "until": report.period.until.isoformat(),
        "ledger": {"entries": report.entries, "root": report.root},
        "highest_rate_percent": report.highest_rate_percent,
        "share_percent": report.share_percent,
        "median_days": report.median_days,
        "figures": figures,
    }
    return json.dumps(facts, indent=1) + "\n"


def _csv(report: ReviewReport) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerows(figure_lines(report.period.name, report.figures))
    for name, value in _single(report):
        told = "" if value is None else value
        rows.writerow((report.period.name, name, "", told, told))
    return text.getvalue()


def _page(report: ReviewReport) -> str:
    title = f"Review, {report.period.name}"
    since, until = f"{report.period.since:%Y-%m-%d}", f"{report.period.until - timedelta(days=1):%Y-%m-%d}"
    single = "\n".join(
        f'<tr><th scope="row">{name.capitalize()}</th><td>{"too few to say" if value is None else f"{value:g}"}</td></tr>'
        for name, value in _single(report)
    )
    rows = "\n".join(figure_row(one) for one in report.figures)
    root = f" and the root <code>{html.escape(report.root)}</code>" if report.root else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{html.escape(title)}</h1>
<p>From {since} until {until} (UTC): what was drawn for review, who opened what, and what was decided.</p>
<table>
<thead><tr><th scope="col">What</th><th scope="col">How many</th></tr></thead>
<tbody>
{single}
{rows}
</tbody>
</table>
<p>{_BANDS}</p>
<p>Recomputed from a ledger with {report.entries} entries{root}. Whoever has it gets the same figures:
<code>earwitness review report {html.escape(report.period.name)} --ledger FOLDER --key KEY</code></p>
</main>
</body>
</html>
"""


def _single(report: ReviewReport) -> tuple[tuple[str, float | None], ...]:
    return (
        ("highest rate of a day, in percent", report.highest_rate_percent),
        ("share that was drawn, in percent", report.share_percent),
        ("median days from a flag to its decision", report.median_days),
    )
