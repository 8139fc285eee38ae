"""The monthly report of review, from the entries of a ledger alone: whoever has that ledger recomputes the same figures. Pure.

Counts are told as bands, as those of the transparency report of legal demands are, so that nobody is found by subtracting. What
the persons themselves opened of their own is in none of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

from earwitness.demands.report import FEWEST_FOR_MEDIAN, Figure, Period, band_of
from earwitness.domain.errors import OversightError, ProofError
from earwitness.domain.oversight import EscalationOutcome, GlassOutcome, Subject
from earwitness.domain.review import ItemState
from earwitness.oversight.seen import SELF
from earwitness.review.conduct import Rule

Entry = Mapping[str, Any]
_MONTH: Final = re.compile(r"(2\d{3})-(0[1-9]|1[0-2])", re.ASCII)
FEWEST_FOR_SHARE: Final = 100
"""Of fewer recordings that could be drawn, a share would tell how many there were."""
_ENDS: Final = (ItemState.REVIEWED, ItemState.VETOED, ItemState.WITHDRAWN, ItemState.GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReport:
    """What is published of a month. `entries` is how many the ledger had; `root` is its head, in hexadecimal."""

    period: Period
    figures: tuple[Figure, ...]
    highest_rate_percent: float
    """The highest rate that any day of the month committed to."""
    share_percent: float | None
    """How many of those that could be drawn were; None of fewer than a hundred."""
    median_days: int | None
    """From a flag to its decision; None of fewer than five decisions."""
    entries: int
    root: str = ""


@dataclass(slots=True, kw_only=True)
class _Month:
    """What happened, counted. Ids are kept so that an entry that a crash doubled counts once."""

    able: int = 0
    drawn: int = 0
    rate_millionths: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    milliseconds: Counter[str] = field(default_factory=Counter)
    opened: dict[str, str] = field(default_factory=dict)
    draws: set[str] = field(default_factory=set)
    once: set[tuple[str, ...]] = field(default_factory=set)
    flagged_at: dict[str, datetime] = field(default_factory=dict)
    days: list[float] = field(default_factory=list)


def parse_month(text: str) -> Period:
    """The month of a text such as "2026-11", in UTC. Raises OversightError (oversight.invalid)."""
    found = _MONTH.fullmatch(text.strip())
    if found is None:
        raise OversightError("Name a month, such as 2026-11.", code="oversight.invalid")
    year, month = int(found[1]), int(found[2])
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    return Period(name=found[0], since=datetime(year, month, 1, tzinfo=UTC), until=datetime(*after, 1, tzinfo=UTC))


def make_review_report(entries: Iterable[Entry], period: Period, *, root: str = "") -> ReviewReport:
    """The report of a month from all entries of a ledger, oldest first. Raises ProofError for an entry that is none."""
    month, count = _Month(), 0
    for entry in entries:
        count += 1
        try:
            _count(month, entry, period)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProofError("An entry about review lacks what such an entry says.") from error
    share = round(100 * month.drawn / month.able, 2) if month.able >= FEWEST_FOR_SHARE else None
    return ReviewReport(
        period=period,
        figures=tuple(_figures(month)),
        highest_rate_percent=month.rate_millionths / 10_000,
        share_percent=share,
        median_days=round(median(month.days)) if len(month.days) >= FEWEST_FOR_MEDIAN else None,
        entries=count,
        root=root,
    )


def _count(month: _Month, entry: Entry, period: Period) -> None:
    kind = str(entry.get("kind", ""))
    if kind == "escalation.opened":
        month.flagged_at[str(entry["escalation"])] = datetime.fromisoformat(entry["at"])
    if kind == "draw.opened" and period.since.date().isoformat() <= entry["epoch"] < period.until.date().isoformat():
        month.draws.add(str(entry["draw"]))
        month.rate_millionths = max(month.rate_millionths, int(entry["rate_millionths"]))
    if kind == "draw.list" and entry["draw"] in month.draws and _is_first(month, entry, "draw"):
        month.able += int(entry["able"])
    if kind == "draw.made" and entry["draw"] in month.draws and _is_first(month, entry, "draw"):
        month.drawn += int(entry["drawn"])
    if kind == "read.closed" and entry["read"] in month.opened:
        month.milliseconds[month.opened.pop(entry["read"])] += int(entry["milliseconds"])
    if "at" not in entry or (kind.startswith("draw.") and kind != "draw.settled"):
        return
    if period.has(datetime.fromisoformat(entry["at"])):
        _count_step(month, kind, entry)


def _count_step(month: _Month, kind: str, entry: Entry) -> None:
    """Count one entry of the month, in the group that its figure has."""
    match kind.split("."):
        case ["read", "opened" | "refused" as how] if entry["role"] != SELF:
            group = f"{entry['purpose']}, {entry['role']}".replace("_", " ")
            month.counts[f"read.{how}", group] += 1
            if how == "opened":
                month.opened[str(entry["read"])] = group
                month.counts[f"read.{entry['medium']}", group] += int(entry["recordings"])
        case ["consent"] if entry["purpose"] == "review" and not entry["given"]:
            month.counts["consent.withdrawn", ""] += 1
        case ["annotated"] if entry["role"] != SELF:
            month.counts["annotated", ""] += 1
        case ["draw", "settled"] if _is_first(month, entry, "item"):
            month.counts["draw.settled", str(entry["state"])] += 1
        case ["conduct", "suspended" | "restored" | "acknowledged"] if _is_first(month, entry, "alert"):
            month.counts[kind, str(entry.get("rule", ""))] += 1
        case ["glass", "asked" | "granted" | "refused" | "expired" | "ended"] if _is_first(month, entry, "glass"):
            month.counts[kind, str(entry.get("outcome", ""))] += 1
        case ["escalation", "opened" | "overdue" | "closed"] if _is_first(month, entry, "escalation"):
            month.counts[kind, str(entry.get("outcome", ""))] += 1
            if kind == "escalation.closed" and (since := month.flagged_at.get(str(entry["escalation"]))) is not None:
                month.days.append((datetime.fromisoformat(entry["at"]) - since).total_seconds() / 86_400)
        case ["terms", "proposed" | "approved" | "refused" | "withdrawn"] if _is_first(month, entry, "proposal"):
            month.counts[kind, str(entry["subject"])] += 1


def _is_first(month: _Month, entry: Entry, name: str) -> bool:
    """Whether no such entry was counted before of the thing that it is about."""
    key = (str(entry["kind"]), str(entry[name]))
    if key in month.once:
        return False
    month.once.add(key)
    return True


def _figures(month: _Month) -> Iterator[Figure]:
    yield _figure("could be drawn", month.able)
    yield _figure("drawn", month.drawn)
    for end in _ENDS:
        yield _figure(f"drawn and then {end.value}", month.counts["draw.settled", end.value])
    yield _figure("judgements", month.counts["annotated", ""])
    yield _figure("consents to review withdrawn", month.counts["consent.withdrawn", ""])
    yield from _reads(month)
    for name, kind in (("reviewers suspended", "conduct.suspended"), ("reviewers restored", "conduct.restored")):
        yield _figure(name, sum(count for (what, _), count in month.counts.items() if what == kind))
    for rule in (*(one.name.lower() for one in Rule), "other"):
        yield _figure("reviewers suspended", month.counts["conduct.suspended", rule], group=rule.replace("_", " "))
    for step in ("asked", "granted", "refused", "expired"):
        yield _figure(f"emergencies {'asked for' if step == 'asked' else step}", month.counts[f"glass.{step}", ""])
    for outcome in GlassOutcome:
        yield _figure("emergencies with an outcome", month.counts["glass.ended", outcome.value], group=outcome.value)
    yield _figure("flagged as disturbing", month.counts["escalation.opened", ""])
    yield _figure("flags decided too late", month.counts["escalation.overdue", ""])
    for decided in EscalationOutcome:
        yield _figure("flags closed", month.counts["escalation.closed", decided.value], group=decided.value.replace("_", " "))
    for step in ("proposed", "approved", "refused", "withdrawn"):
        for subject in Subject:
            yield _figure(f"terms {step}", month.counts[f"terms.{step}", subject.value], group=subject.value)


def _reads(month: _Month) -> Iterator[Figure]:
    """Openings by purpose and role, how much of words and sound, and how many seconds of that went out."""
    groups: Sequence[str] = sorted({group for kind, group in month.counts if kind.startswith("read.")})
    for name, kind in (
        ("openings", "read.opened"),
        ("recordings whose words were shown", "read.text"),
        ("recordings that were heard", "read.audio"),
        ("attempts refused", "read.refused"),
    ):
        yield _figure(name, sum(month.counts[kind, group] for group in groups))
        for group in groups:
            yield _figure(name, month.counts[kind, group], group=group)
    yield _figure("seconds heard", round(sum(month.milliseconds.values()) / 1000))
    for group in groups:
        yield _figure("seconds heard", round(month.milliseconds[group] / 1000), group=group)


def _figure(name: str, count: int, *, group: str = "") -> Figure:
    return Figure(name=name, group=group, band=band_of(count))
