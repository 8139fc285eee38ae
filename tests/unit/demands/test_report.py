"""The transparency report: counted from the ledger alone, banded, and held against what was committed under a gag."""

import csv
import hashlib
import io
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from earwitness.demands.report import Band, Report, band_of, make_report, parse_period, periods_of
from earwitness.demands.report_forms import report_csv, report_json, report_page
from earwitness.domain.errors import DemandError, ProofError

FIRST_HALF = parse_period("2026-H1")


def received(demand: str, at: str = "2026-03-02T12:00:00+00:00", **more: object) -> dict[str, Any]:
    facts = {"kind": "demand.received", "demand": demand, "at": at, "demand_kind": "subpoena", "authority": "police", "people": 1}
    return {**facts, "gag": "none", **more}


def step(kind: str, demand: str, at: str = "2026-03-12T12:00:00+00:00", **more: object) -> dict[str, Any]:
    return {"kind": f"demand.{kind}", "demand": demand, "at": at, **more}


def sealed(demand: str, *entries: dict[str, Any], opens: str = "2026-05-01") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries as they are committed under a gag, and what opens them when they stand at the positions from 0 on."""
    committed, opening = [], []
    for position, entry in enumerate(entries):
        salt = bytes([position]) * 32
        digest = hashlib.sha256(salt + rfc8785.dumps(entry)).hexdigest()
        committed.append({"kind": "demand.sealed", "demand": demand, "commitment": digest, "opens": opens})
        opening.append({"position": position, "salt": salt.hex(), "entry": entry})
    return committed, opening


def band(report: Report, name: str, group: str = "") -> str:
    (found,) = (str(one.band) for one in report.figures if (one.name, one.group) == (name, group))
    return found


def test_each_demand_counts_once_for_what_happened_to_it_in_the_period() -> None:
    entries = [
        {"kind": "kept", "day": "2026-03-01"},
        {"kind": "demand.key", "verifier": "ab", "at": "2026-03-01T12:00:00+00:00"},
        received("a", demand_kind="warrant", authority="court", people=2),
        received("b"),
        received("c", at="2025-12-31T23:59:59+00:00"),
        received("d", at="2026-07-01T00:00:00+00:00"),
        step("objected", "b"),
        step("person_objected", "b"),
        step("refused", "b"),
        step("narrowed", "a"),
        step("notified", "a", people=2),
        step("disclosed", "a", outcome="part", people=2),
        step("disclosed", "a", outcome="whole", people=1),
        step("disclosed", "c", outcome="nothing", people=0),
    ]
    report = make_report(entries, FIRST_HALF)
    assert (band(report, "received"), report.entries) == ("1 to 4", 14)
    assert [band(report, "received", one) for one in ("warrant", "order", "court", "regulator")] == ["1 to 4", "0", "1 to 4", "0"]
    assert [band(report, one) for one in ("objected to", "narrowed", "refused", "preserved")] == [
        "1 to 4",
        "1 to 4",
        "1 to 4",
        "0",
    ]
    assert [band(report, f"disclosed in {one}") for one in ("whole", "part")] == ["1 to 4", "0"]
    assert band(report, "answered that nothing is held") == "1 to 4"
    assert [band(report, f"people {one}") for one in ("notified", "whose data was disclosed")] == ["1 to 4", "1 to 4"]
    assert report.median_days is None, "of three answers the days would be somebody's"
    assert band(make_report(entries, parse_period("2025")), "received") == "1 to 4"


def test_many_are_told_in_wider_bands_and_with_their_median() -> None:
    entries = [received(f"{number}") for number in range(12)]
    entries += [step("refused", f"{number}", at=f"2026-03-{3 + number:02}T12:00:00+00:00") for number in range(7)]
    report = make_report(entries, FIRST_HALF)
    assert (band(report, "received"), band(report, "refused"), report.median_days) == ("10 to 19", "5 to 9", 4)


@given(st.integers(min_value=0, max_value=100_000))
def test_a_count_lies_in_its_band_and_bands_do_not_overlap(count: int) -> None:
    found = band_of(count)
    assert found.least <= count <= found.most
    assert band_of(found.least) == band_of(found.most) == found
    assert count == 0 or found.most > found.least


def test_a_gag_is_pending_until_it_is_opened_and_counts_in_its_own_time() -> None:
    inside = [received("a", gag="dated"), step("disclosed", "a", outcome="part", people=1)]
    committed, opening = sealed("a", *inside)
    before = make_report(committed, FIRST_HALF)
    assert [band(before, one) for one in ("gags pending", "received", "disclosed in part")] == ["1 to 4", "0", "0"]
    assert band(before, "gags that should have been opened") == "0"
    late = make_report([*committed, {"kind": "kept", "at": "2026-05-02T00:00:00+00:00"}], FIRST_HALF)
    assert band(late, "gags that should have been opened") == "1 to 4"
    undated = [{name: value for name, value in one.items() if name != "opens"} for one in committed]
    assert "gags that should have been opened" not in {one.name for one in make_report(undated, FIRST_HALF).figures}
    opened = {"kind": "demand.opened", "demand": "a", "entries": opening}
    after = make_report([*committed, opened, opened], FIRST_HALF)
    assert [band(after, one) for one in ("gags pending", "received", "received with a gag")] == ["0", "1 to 4", "1 to 4"]
    assert band(after, "disclosed in part") == "1 to 4"


@pytest.mark.parametrize("change", ["entry", "salt", "position", "demand"])
def test_what_is_opened_is_what_was_committed(change: str) -> None:
    committed, opening = sealed("a", received("a", gag="dated"), step("refused", "a"))
    opened = {"kind": "demand.opened", "demand": "a", "entries": opening}
    if change == "entry":
        opening[1]["entry"] = step("closed", "a")
    elif change == "demand":
        opened["demand"] = "b"
    else:
        opening[0][change] = {"salt": "00" * 31, "position": 1}[change]
    with pytest.raises(ProofError, match="committed"):
        make_report([*committed, opened], FIRST_HALF)


def test_an_entry_without_its_facts_is_an_error_and_no_zero() -> None:
    with pytest.raises(ProofError):
        make_report([step("disclosed", "a")], FIRST_HALF)


@pytest.mark.parametrize(
    ("text", "since", "until"), [("2026", "2026-01-01", "2027-01-01"), ("2026-h2", "2026-07-01", "2027-01-01")]
)
def test_a_period_is_a_year_or_half_of_one(text: str, since: str, until: str) -> None:
    found = parse_period(text)
    assert (f"{found.since:%Y-%m-%d}", f"{found.until:%Y-%m-%d}") == (since, until)


def test_the_periods_of_a_ledger_begin_with_its_first_demand_and_say_which_is_over() -> None:
    later = {"kind": "kept", "at": "2027-01-02T00:00:00+00:00"}
    assert periods_of([later]) == ()
    found = periods_of([{"kind": "kept", "at": "2020-01-01T00:00:00+00:00"}, received("a"), later])
    assert [(one.name, is_over) for one, is_over in found] == [("2026-H1", True), ("2026-H2", True), ("2027-H1", False)]


@pytest.mark.parametrize("text", ["", "26", "2026-H3", "2026-03", "2026-H1 x"])
def test_other_periods_are_refused(text: str) -> None:
    with pytest.raises(DemandError):
        parse_period(text)


def test_the_three_forms_say_the_same() -> None:
    report = make_report([received("a"), step("refused", "a")], FIRST_HALF, root="ab<c")
    told = json.loads(report_json(report))
    figures = {(one["figure"], one["group"]): Band(least=one["least"], most=one["most"]) for one in told["figures"]}
    assert figures == {(one.name, one.group): one.band for one in report.figures}
    rows = list(csv.DictReader(io.StringIO(report_csv(report))))
    assert {(one["figure"], one["group"]) for one in rows} == {*figures, ("median days to an answer", "")}
    page = report_page(report)
    assert all(f"<td>{one}</td>" in page for one in {str(one.band) for one in report.figures})
    assert "ab&lt;c" in page
    assert "<script" not in page
