"""The transparency report as it is published: a page without scripts, a table of comma-separated values, JSON. Pure."""

import csv
import html
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from earwitness.demands.report import Figure, Period, Report

FORMS: Final = ("html", "csv", "json")
_COUNTED: Final = "Each demand counts once for what happened to it."
_BANDS: Final = (
    "Counts are told as bands, so that nobody is found by subtracting. Demands under a gag are in none of these figures but the "
    "pending ones; when the gag ends, they are added to the period in which they happened."
)
STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8886}"
    "td:last-child,th:last-child{text-align:right}code{overflow-wrap:anywhere}"
)


def report_text(report: Report, form: str) -> str:
    """The report in one of FORMS."""
    return {"html": report_page, "csv": report_csv, "json": report_json}[form](report)


def report_json(report: Report) -> str:
    """The report as JSON: each figure with the least and most that it was."""
    figures = [{"figure": one.name, "group": one.group, "least": one.band.least, "most": one.band.most} for one in report.figures]
    facts = {
        "period": report.period.name,
        "since": report.period.since.isoformat(),
        "until": report.period.until.isoformat(),
        "ledger": {"entries": report.entries, "root": report.root},
        "figures": figures,
        "median_days": report.median_days,
    }
    return json.dumps(facts, indent=1) + "\n"


def report_csv(report: Report) -> str:
    """The report as comma-separated values with a heading (RFC 4180)."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerows(figure_lines(report.period.name, report.figures))
    days = "" if report.median_days is None else report.median_days
    rows.writerow((report.period.name, "median days to an answer", "", days, days))
    return text.getvalue()


def figure_lines(period: str, figures: Iterable[Figure]) -> Iterator[tuple[object, ...]]:
    """Figures as lines of a table of values, with the heading."""
    yield ("period", "figure", "group", "least", "most")
    for one in figures:
        yield (period, one.name, one.group, one.band.least, one.band.most)


def report_page(report: Report) -> str:
    """The report as a page of its own."""
    title = f"Legal demands, {report.period.name}"
    days = "too few answers to say" if report.median_days is None else str(report.median_days)
    since, until = f"{report.period.since:%Y-%m-%d}", f"{report.period.until - timedelta(days=1):%Y-%m-%d}"
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
<p>From {since} until {until} (UTC). {_COUNTED}</p>
<table>
<thead><tr><th scope="col">What</th><th scope="col">How many</th></tr></thead>
<tbody>
{rows}
<tr><th scope="row">Median days to an answer</th><td>{days}</td></tr>
</tbody>
</table>
<p>{_BANDS}</p>
<p>Recomputed from a ledger with {report.entries} entries{root}. Whoever has it gets the same figures:
<code>earwitness demands report --period {html.escape(report.period.name)} --ledger FOLDER --key KEY</code></p>
</main>
</body>
</html>
"""


def index_page(periods: Sequence[tuple[Period, bool]], *, entries: int, root: str) -> str:
    """The page that leads to the report of each period, newest first, in all forms; `periods` with whether they are over."""
    rows = "\n".join(_links(period, is_over=is_over) for period, is_over in reversed(periods))
    said = f"<ul>\n{rows}\n</ul>" if periods else "<p>No demand ever came in.</p>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Legal demands</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Legal demands</h1>
{said}
<p>Recomputed from a ledger with {entries} entries and the root <code>{html.escape(root)}</code>. Whoever has it gets the same
pages: <code>earwitness demands publish FOLDER --ledger FOLDER --key KEY</code></p>
</main>
</body>
</html>
"""


def report_name(period: Period, form: str) -> str:
    """What the file of a period's report is called."""
    return f"demands-{period.name}.{form}"


def _links(period: Period, *, is_over: bool) -> str:
    others = ", ".join(f'<a href="{report_name(period, form)}">{form.upper()}</a>' for form in FORMS if form != "html")
    rest = "" if is_over else ", not over yet"
    return f'<li><a href="{report_name(period, "html")}">{html.escape(period.name)}</a>{rest} ({others})</li>'


def figure_row(figure: Figure) -> str:
    """A figure as a row of a table."""
    words = figure.name.capitalize() + (f": {figure.group}" if figure.group else "")
    return f'<tr><th scope="row">{html.escape(words)}</th><td>{figure.band}</td></tr>'
