"""The monthly report: counted from the ledger alone, in bands, and the same for whoever has the published ledger."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from earwitness.cli.review import review
from earwitness.config import Settings
from earwitness.domain.errors import OversightError, ProofError
from earwitness.domain.oversight import EscalationOutcome, Subject
from earwitness.oversight.report import ReviewReport, make_review_report, parse_month
from earwitness.oversight.report_forms import review_report_text
from earwitness.review.conduct import Rule
from tests.overseen_kept import OverseenHouse

MARCH = parse_month("2026-03")
AT = "2026-03-05T12:00:00+00:00"
LATER = "2026-04-05T12:00:00+00:00"


def band(report: ReviewReport, name: str, group: str = "") -> str:
    (found,) = (str(one.band) for one in report.figures if (one.name, one.group) == (name, group))
    return found


def opened(read: str, at: str = AT, **more: object) -> dict[str, Any]:
    facts = {"kind": "read.opened", "read": read, "medium": "text", "purpose": "review", "role": "reviewer", "recordings": 1}
    return {**facts, "at": at, **more}


def draw(day: str, draw_id: str, *, able: int, drawn: int) -> list[dict[str, Any]]:
    return [
        {"kind": "draw.opened", "draw": draw_id, "epoch": day, "rate_millionths": 1_500, "at": f"{day}T00:00:10+00:00"},
        {"kind": "draw.list", "draw": draw_id, "able": able, "at": LATER},
        {"kind": "draw.made", "draw": draw_id, "drawn": drawn, "at": LATER},
    ]


def test_a_month_counts_what_happened_in_it_and_each_thing_once() -> None:
    settled = {"kind": "draw.settled", "item": "a", "epoch": "2026-03-02", "state": "vetoed", "at": AT}
    entries = [
        {"kind": "kept", "day": "2026-03-01"},
        *draw("2026-03-31", "x", able=60, drawn=1),
        *draw("2026-03-30", "y", able=940, drawn=1),
        *draw("2026-04-01", "z", able=9_999, drawn=9),
        settled,
        settled,
        {**settled, "item": "b", "state": "reviewed"},
        {**settled, "item": "c", "at": LATER},
        opened("1"),
        opened("2", at=LATER),
        opened("3", role="self", purpose="history"),
        opened("4", medium="audio"),
        {"kind": "read.closed", "read": "4", "milliseconds": 12_400, "at": LATER},
        opened("5", purpose="break_glass", role="overseer"),
        {**opened("6"), "kind": "read.refused"},
        {"kind": "consent", "purpose": "review", "given": False, "at": AT},
        {"kind": "consent", "purpose": "keep", "given": False, "at": AT},
        {"kind": "annotated", "role": "reviewer", "at": AT},
        {"kind": "conduct.suspended", "alert": "s", "rule": "scraping", "at": AT},
        {"kind": "glass.asked", "glass": "g", "at": AT},
        {"kind": "glass.granted", "glass": "g", "at": AT},
        {"kind": "glass.expired", "glass": "g", "at": AT},
        {"kind": "escalation.opened", "escalation": "e", "at": AT},
        {"kind": "escalation.closed", "escalation": "e", "outcome": "label", "at": AT},
        {"kind": "terms.approved", "proposal": "p", "subject": "draw", "at": AT},
    ]
    report = make_review_report(entries, MARCH)
    assert (report.highest_rate_percent, report.share_percent, report.median_days) == (0.15, 0.2, None)
    assert (band(report, "could be drawn"), band(report, "drawn")) == ("1000 to 1099", "1 to 4")
    assert (band(report, "drawn and then vetoed"), band(report, "drawn and then gone")) == ("1 to 4", "0")
    assert (band(report, "openings"), band(report, "openings", "break glass, overseer")) == ("1 to 4", "1 to 4")
    assert (band(report, "recordings that were heard"), band(report, "seconds heard")) == ("1 to 4", "10 to 19")
    for name, group in (
        ("attempts refused", ""),
        ("consents to review withdrawn", ""),
        ("judgements", ""),
        ("reviewers suspended", "scraping"),
        ("emergencies granted", ""),
        ("emergencies expired", ""),
        ("flags closed", "label"),
        ("terms approved", "draw"),
    ):
        assert band(report, name, group) == "1 to 4", name
    assert not any("self" in one.group for one in report.figures)


def test_what_took_how_long_is_said_of_five_and_more() -> None:
    entries: list[dict[str, Any]] = []
    for number in range(5):
        entries.append({"kind": "escalation.opened", "escalation": str(number), "at": f"2026-03-0{number + 1}T12:00:00+00:00"})
        closed = {"kind": "escalation.closed", "escalation": str(number), "outcome": "nothing"}
        entries.append({**closed, "at": f"2026-03-0{number + 3}T12:00:00+00:00"})
    assert make_review_report(entries, MARCH).median_days == 2
    assert make_review_report(entries[:-2], MARCH).median_days is None


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-3", "1999-01", "2026-03-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(OversightError):
        parse_month(text)


def test_an_entry_that_says_too_little_is_found() -> None:
    with pytest.raises(ProofError):
        make_review_report([{"kind": "read.opened", "at": AT}], MARCH)


def test_whoever_has_the_published_ledger_gets_the_same_report(made: OverseenHouse, tmp_path: Path) -> None:
    made.flag()
    (flagged,) = made.oversight.escalations.all()
    for by in (made.officer, made.lead):
        made.oversight.read_flagged(by, flagged.escalation_id)
        made.oversight.judge_flagged(by, flagged.escalation_id, EscalationOutcome.LABEL)
    made.desk.suspend(made.rita.alias, reason=Rule.SKIPPING.value)
    made.oversight.propose(made.officer, Subject.RETENTION, {"longest_days": 30}, reason="Enough.")
    made.oversight.look()
    own = make_review_report(made.house.entries(), MARCH)
    assert band(own, "openings", "escalation, overseer") == band(own, "flags closed", "label") == "1 to 4"
    folder = tmp_path / "published"
    made.house.ledger.publish(folder)
    base = ["report", "2026-03", "--ledger", str(folder), "--key", made.house.ledger.verifier]
    done = CliRunner().invoke(review, [*base, "--json"], obj=Settings())
    told = json.loads(done.stdout)
    theirs = [(one["figure"], one["group"], one["least"], one["most"]) for one in told["figures"]]
    assert theirs == [(one.name, one.group, one.band.least, one.band.most) for one in own.figures]
    assert told["ledger"]["entries"] == own.entries
    rows = list(csv.reader(io.StringIO(CliRunner().invoke(review, [*base, "--csv"], obj=Settings()).stdout)))
    assert len(rows) == len(own.figures) + 4
    page = CliRunner().invoke(review, [*base, "--html"], obj=Settings()).stdout
    assert "Review, 2026-03" in page
    assert made.rita.alias not in page
    assert review_report_text(own, "html").count("<tr>") == page.count("<tr>")
    tile = next(path for path in folder.rglob("*") if path.is_file() and "entries" in str(path))
    tile.write_bytes(tile.read_bytes().replace(b'"escalation.closed"', b'"escalation.opened"'))
    assert CliRunner().invoke(review, [*base, "--json"], obj=Settings()).exit_code != 0
