"""The transparency report, from the entries of a public ledger alone: whoever has that ledger recomputes the same figures. Pure.

It counts demands, not steps, each once for what happened to it in the period. A demand under a gag is in none of the figures but
the gags that are pending. When the gag ends, what was committed is held against what is opened, and counts in the period in
which it happened, so the figures of a past period can grow. Counts are told as bands, so that nobody is found by subtracting.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

import rfc8785

from earwitness.domain.demand import AuthorityKind, DemandKind, Outcome, StepKind
from earwitness.domain.errors import DemandError, ProofError

SEALED: Final = "demand.sealed"
OPENED: Final = "demand.opened"
_PREFIX: Final = "demand."
_KINDS: Final = frozenset(f"{_PREFIX}{one.value}" for one in StepKind)
_PERIOD: Final = re.compile(r"(2\d{3})(?:-H([12]))?", re.ASCII)
FEWEST_FOR_MEDIAN: Final = 5
"""Of fewer answers a median would be somebody's own days."""
_FIRST_BANDS: Final = ((0, 0), (1, 4), (5, 9))

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A year or half of one, in UTC; `until` is not included."""

    name: str
    since: datetime
    until: datetime

    def has(self, at: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """From how many to how many something was."""

    least: int
    most: int

    def __str__(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report: `group` says of which demands, empty for all."""

    name: str
    group: str
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is published. `entries` is how many the ledger had; `root` is its head, in hexadecimal."""

    period: Period
    figures: tuple[Figure, ...]
    median_days: int | None
    """From a demand's coming in to its answer; None of fewer than five answers."""
    entries: int
    root: str = ""


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What happened to one demand in the period."""

    received_at: datetime | None = None
    answered_at: datetime | None = None
    kind: str = ""
    authority: str = ""
    had_gag: bool = False
    asked: int = 0
    happened: set[str] = field(default_factory=set)
    outcomes: set[str] = field(default_factory=set)
    disclosed: int = 0
    told: int = 0


def parse_period(text: str) -> Period:
    """The period of a text such as "2026" or "2026-H1". Raises DemandError (demand.invalid)."""
    found = _PERIOD.fullmatch(text.strip().upper())
    if found is None:
        raise DemandError("Name a year or half of one, such as 2026 or 2026-H1.", code="demand.invalid")
    year, half = int(found[1]), found[2]
    since = datetime(year, 7 if half == "2" else 1, 1, tzinfo=UTC)
    until = datetime(year, 7, 1, tzinfo=UTC) if half == "1" else datetime(year + 1, 1, 1, tzinfo=UTC)
    return Period(name=found[0], since=since, until=until)


def periods_of(entries: Iterable[Entry]) -> tuple[tuple[Period, bool], ...]:
    """The halves of years from the first demand in a ledger to its newest entry, each with whether it was over by then."""
    first, latest = "", ""
    for entry in entries:
        at = str(entry.get("at", ""))
        latest = max(latest, at)
        if at and not first and str(entry.get("kind", "")).startswith(_PREFIX):
            first = at
    if not first:
        return ()
    found, period = list[tuple[Period, bool]](), _half_of(datetime.fromisoformat(first))
    while True:
        is_over = period.until <= datetime.fromisoformat(latest)
        found.append((period, is_over))
        if not is_over:
            return tuple(found)
        period = _half_of(period.until)


def _half_of(at: datetime) -> Period:
    utc = at.astimezone(UTC)
    return parse_period(f"{utc.year}-H{1 if utc.month < 7 else 2}")


def band_of(count: int) -> Band:
    """The band that a count is told as: 0, 1 to 4, 5 to 9, then tens, and hundreds from a hundred on."""
    for least, most in _FIRST_BANDS:
        if count <= most:
            return Band(least=least, most=most)
    width = 10 if count < 100 else 100
    least = count // width * width
    return Band(least=least, most=least + width - 1)


def make_report(entries: Iterable[Entry], period: Period, *, root: str = "") -> Report:
    """The report of a period from all entries of a ledger, oldest first.

    Raises ProofError where an entry is not what an entry of its kind is, or was opened as something else than was committed.
    """
    found, latest, count = dict[int, Entry](), "", 0
    for entry in entries:
        latest = max(latest, str(entry.get("at", "")))
        if str(entry.get("kind", "")).startswith(_PREFIX):
            found[count] = entry
        count += 1
    try:
        tallies = _tallies(_plain(found), period)
        pending, overdue = _gags(found, latest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProofError("An entry about a demand lacks what such an entry says.") from error
    more = [_figure("gags pending", pending)]
    if overdue is not None:
        more.append(_figure("gags that should have been opened", overdue))
    figures = (*_figures(tallies), *more)
    return Report(period=period, figures=figures, median_days=_median_days(tallies), entries=count, root=root)


def _plain(entries: Mapping[int, Entry]) -> Iterator[Entry]:
    """The entries of demands in the open, and those that were under a gag that has ended."""
    opened: set[int] = set()
    for entry in entries.values():
        if entry["kind"] == OPENED:
            for one in entry["entries"]:
                inside = _checked(one, entries, demand=entry["demand"])
                if one["position"] not in opened and inside["kind"] in _KINDS:
                    yield inside
                opened.add(one["position"])
        elif entry["kind"] in _KINDS:
            yield entry


def _checked(opened: Entry, entries: Mapping[int, Entry], *, demand: str) -> Entry:
    """What was committed under a gag, now that it is opened. Raises ProofError if it is not that."""
    inside: Entry = opened["entry"]
    sealed = entries.get(opened["position"], {})
    digest = hashlib.sha256(bytes.fromhex(opened["salt"]) + rfc8785.dumps(dict(inside))).hexdigest()
    if sealed.get("kind") != SEALED or sealed.get("demand") != demand or sealed.get("commitment") != digest:
        raise ProofError(f"What was opened after a gag is not what entry {opened['position']} committed to.")
    return inside


def _gags(entries: Mapping[int, Entry], latest: str) -> tuple[int, int | None]:
    """How many demands are under a gag at the end of the ledger, and how many of them should have been opened by then: None
    where an entry does not say when it opens."""
    waiting = {position: entry for position, entry in entries.items() if entry["kind"] == SEALED}
    for entry in entries.values():
        for one in entry["entries"] if entry["kind"] == OPENED else ():
            waiting.pop(one["position"], None)
    if any("opens" not in entry for entry in waiting.values()):
        return len({entry["demand"] for entry in waiting.values()}), None
    late = {entry["demand"] for entry in waiting.values() if entry["opens"][:10] < latest[:10]}
    return len({entry["demand"] for entry in waiting.values()}), len(late)


def _tallies(entries: Iterable[Entry], period: Period) -> list[_Tally]:
    found: dict[str, _Tally] = {}
    for entry in entries:
        _count(found.setdefault(str(entry["demand"]), _Tally()), entry, period)
    return list(found.values())


def _count(tally: _Tally, entry: Entry, period: Period) -> None:
    at, step = datetime.fromisoformat(entry["at"]), str(entry["kind"]).removeprefix(_PREFIX)
    if step == StepKind.RECEIVED.value:
        tally.received_at = at
        tally.kind, tally.authority = str(entry["demand_kind"]), str(entry["authority"])
        tally.had_gag, tally.asked = entry["gag"] != "none", int(entry["people"])
    if not period.has(at):
        return
    tally.happened.add(step)
    if step == StepKind.DISCLOSED.value:
        tally.outcomes.add(str(entry["outcome"]))
        if entry["outcome"] != Outcome.NOTHING.value:
            tally.disclosed = max(tally.disclosed, int(entry["people"]))
    elif step in (StepKind.NOTIFIED.value, StepKind.TOLD.value):
        tally.told = max(tally.told, int(entry["people"]))
    if step in (StepKind.DISCLOSED.value, StepKind.REFUSED.value) and tally.answered_at is None:
        tally.answered_at = at


def _figures(tallies: Sequence[_Tally]) -> Iterator[Figure]:
    received = [one for one in tallies if StepKind.RECEIVED.value in one.happened]
    yield _figure("received", len(received))
    for kind in DemandKind:
        yield _figure("received", sum(one.kind == kind.value for one in received), group=kind.value)
    for authority in AuthorityKind:
        yield _figure("received", sum(one.authority == authority.value for one in received), group=authority.value)
    yield _figure("received with a gag", sum(one.had_gag for one in received))
    yield _figure("people asked for", sum(one.asked for one in received))
    for name, steps in _HAPPENED.items():
        yield _figure(name, sum(bool(steps & one.happened) for one in tallies))
    for name, wanted in _DISCLOSED.items():
        yield _figure(name, sum(_greatest(one.outcomes) is wanted for one in tallies))
    yield _figure("people whose data was disclosed", sum(one.disclosed for one in tallies))
    yield _figure("people notified", sum(one.told for one in tallies))


_HAPPENED: Final[Mapping[str, frozenset[str]]] = {
    "objected to": frozenset({StepKind.OBJECTED.value, StepKind.PERSON_OBJECTED.value}),
    "objected to by the person": frozenset({StepKind.PERSON_OBJECTED.value}),
    "narrowed": frozenset({StepKind.NARROWED.value}),
    "refused": frozenset({StepKind.REFUSED.value}),
    "preserved": frozenset({StepKind.PRESERVED.value}),
    "emergencies reviewed late": frozenset({StepKind.OVERDUE.value}),
}
_DISCLOSED: Final = {
    "disclosed in whole": Outcome.WHOLE,
    "disclosed in part": Outcome.PART,
    "answered that nothing is held": Outcome.NOTHING,
}


def _greatest(outcomes: set[str]) -> Outcome | None:
    """What a demand that was answered more than once counts as."""
    return next((one for one in (Outcome.WHOLE, Outcome.PART, Outcome.NOTHING) if one.value in outcomes), None)


def _figure(name: str, count: int, *, group: str = "") -> Figure:
    return Figure(name=name, group=group, band=band_of(count))


def _median_days(tallies: Sequence[_Tally]) -> int | None:
    spans = [one.answered_at - one.received_at for one in tallies if one.answered_at and one.received_at]
    return round(median(span.total_seconds() for span in spans) / 86_400) if len(spans) >= FEWEST_FOR_MEDIAN else None
