"""How privacy is spoken of: which time is meant, what is kept, who listened. Pure.

Days, weeks (from Monday) and months are those of the wall clock's zone; everything handed on is in UTC.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from earwitness.domain.consent import DAY_SECONDS, LONGEST_SECONDS, Keeping, Keeps, Purpose, parse_period, say_period
from earwitness.domain.intent import Intent
from earwitness.domain.recording import Erasure, Kept, Medium, Read, ReadPurpose, ReadResult, Selection
from earwitness.people.consent_texts import current_text
from earwitness.skills.interface import refuse, slot_text
from earwitness.skills.wording import amount, duration, listed

READERS_TOLD: Final = 4
PURPOSES: Final = {"review": Purpose.REVIEW, "hear": Purpose.HEAR, "train": Purpose.TRAIN, "identify": Purpose.IDENTIFY}
"""What can be agreed to by itself; keeping has sentences of its own."""
WITHDRAWN: Final = {
    Purpose.REVIEW: "From now on nobody may review your recordings.",
    Purpose.HEAR: "From now on no reviewer may hear your voice.",
    Purpose.TRAIN: "From now on nothing may be trained on your recordings.",
    Purpose.IDENTIFY: "From now on I do not recognise your voice.",
}
_NAMES: Final = {
    Purpose.REVIEW: "human review",
    Purpose.HEAR: "reviewers hearing your voice in disguise",
    Purpose.TRAIN: "training",
    Purpose.IDENTIFY: "recognising your voice",
}
_HEARD: Final = (ReadResult.OPEN, ReadResult.SERVED, ReadResult.BROKEN_OFF)
_REASONS: Final = {
    ReadPurpose.PLAYBACK: "for playback",
    ReadPurpose.HISTORY: "for the history",
    ReadPurpose.CORRECTION: "for correction",
    ReadPurpose.EXPORT: "for an export",
    ReadPurpose.REVIEW: "for review",
    ReadPurpose.DISGUISE: "to disguise the voice",
    ReadPurpose.TRAINING: "for training",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in the past, in UTC; `until` is not included and None for now. `source` and `when`: "from today", "today"."""

    since: datetime
    until: datetime | None
    source: str
    when: str

    @property
    def selection(self) -> Selection:
        return Selection(since=self.since, until=self.until)

    def holds(self, moment: datetime) -> bool:
        return self.since <= moment and (self.until is None or moment < self.until)


def span_of(intent: Intent, now: datetime) -> Span | None:
    """The time that the slots `scope` and `period` mean at `now`; None if they name none. Raises UnfulfillableError."""
    today, monday = now.date(), now.date() - timedelta(days=now.weekday())
    match slot_text(intent.slots, "scope"):
        case "today":
            return _span(now, today, source="from today", when="today")
        case "yesterday":
            return _span(now, today - timedelta(days=1), before=today, source="from yesterday", when="yesterday")
        case "this week":
            return _span(now, monday, source="since Monday", when="since Monday")
        case "last week":
            return _span(now, monday - timedelta(days=7), before=monday, source="from last week", when="last week")
        case "this month":
            return _span(now, today.replace(day=1), source="from this month", when="this month")
        case "recent":
            return _recent(slot_text(intent.slots, "period"), now)
        case _:
            return None


def _span(now: datetime, first: date, *, before: date | None = None, source: str, when: str) -> Span:
    """The days from `first` on, up to and without `before`."""
    until = None if before is None else _midnight(before, now)
    return Span(since=_midnight(first, now), until=until, source=source, when=when)


def _midnight(day: date, now: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo).astimezone(UTC)


def _recent(period: str, now: datetime) -> Span:
    seconds = parse_period(period)
    if not seconds or seconds > LONGEST_SECONDS:
        raise refuse("I did not understand which time you mean")
    told = period.removeprefix("1 ")
    since = now.astimezone(UTC) - timedelta(seconds=seconds)
    return Span(since=since, until=None, source=f"from the last {told}", when=f"in the last {told}")


def kept_how(keeping: Keeping) -> str:
    """What is kept from now on, for how long."""
    what = "the sound and the words of what you say"
    if keeping.keeps is Keeps.TEXT:
        what = "the words of what you say, but not the sound,"
    return current_text(Purpose.KEEP).spoken.format(what=what, period=say_period(keeping.retention_seconds))


def period_limits() -> str:
    """Why a period cannot be had."""
    years = int(LONGEST_SECONDS // (365 * DAY_SECONDS))
    return f'I can keep recordings for a minute at least and {years} years at most; say, for example, "for a month"'


def held_back(erasure: Erasure) -> str:
    """What is to be said of recordings that were hidden, but not destroyed yet: nothing, mostly."""
    if not erasure.held:
        return ""
    until = "it ends"
    if erasure.held_until is not None:
        day = datetime.fromisoformat(erasure.held_until)
        until = f"{day.day} {day:%B %Y}"
    which = "One of them is" if erasure.held == 1 else f"{erasure.held} of them are"
    return f" {which} hidden from everybody, and held by a legal demand until {until}."


def told_kept(
    kept: Kept, keeping: Keeping | None, *, agreed: Sequence[Purpose], asked_for: Mapping[str, int], now: datetime
) -> str:
    """What there is, what will be, what was agreed to, and what the person asked to have kept."""
    there = f"I have {amount(kept.recordings, 'recording')} of you."
    if kept.recordings:
        there = f"I have {_told_amount(kept, now)}."
    will = "I keep nothing new." if kept.recordings else "I keep nothing of what you say."
    if keeping is not None:
        will = kept_how(keeping)
    names = listed([_NAMES[purpose] for purpose in agreed])
    also = "also " if keeping is not None and agreed else ""
    nothing = "nothing else" if keeping is not None else "nothing"
    mine = listed([amount(count, kind) for kind, count in asked_for.items()])
    asked = f" For you I keep {mine}." if mine else ""
    return f"{there} {will} You have {also}agreed to {names or nothing}.{asked}"


def _told_amount(kept: Kept, now: datetime) -> str:
    parts = [f"{amount(kept.recordings, 'recording')} of you"]
    if kept.seconds > 0:
        parts.append(f"{duration(max(1.0, kept.seconds))} {'in all' if kept.recordings > 1 else 'long'}")
    if kept.oldest is not None:
        day = _day(kept.oldest, now)
        parts.append(f"the oldest from {day}" if kept.recordings > 1 else f"from {day}")
    told = ", ".join(parts)
    if kept.next_expiry is None:
        return told
    goes = _on_day(kept.next_expiry, now)
    return f"{told}; the next of them goes {goes}" if kept.recordings > 1 else f"{told}; it goes {goes}"


def _day(moment: datetime, now: datetime) -> str:
    day = moment.astimezone(now.tzinfo).date()
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}.get((day - now.date()).days)
    return near or f"{day:%B} {day.day}{f', {day.year}' if day.year != now.year else ''}"


def _on_day(moment: datetime, now: datetime) -> str:
    day = _day(moment, now)
    return day if day in ("today", "yesterday", "tomorrow") else f"on {day}"


def told_listens(reads: Sequence[Read], span: Span | None) -> str:
    """Who but the person listened, how often and why, the most frequent first; or that nobody did."""
    when = span.when if span else ""
    within = [read for read in reads if span is None or span.holds(read.opened_at)]
    heard = Counter((read.actor.alias, read.purpose, read.medium) for read in within if read.result in _HEARD).most_common()
    refused = sum(read.result is ReadResult.REFUSED for read in within)
    tail = f" {_attempts(refused)} refused." if refused else ""
    if not heard:
        return f"Nobody but you has listened{f' {when}' if when else ''}.{tail}"
    groups = [f"{alias} {_did(medium)} {_times(count)} {_REASONS[why]}" for (alias, why, medium), count in heard[:READERS_TOLD]]
    more = sum(count for _, count in heard[READERS_TOLD:])
    others = [f"others did so {_times(more)}"] if more else []
    lead = f"{when[:1].upper()}{when[1:]}" if when else "So far"
    return f"{lead}, {listed([*groups, *others])}.{tail}"


def _did(medium: Medium) -> str:
    return "listened" if medium is Medium.AUDIO else "read the words"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _attempts(count: int) -> str:
    return "1 attempt was" if count == 1 else f"{count} attempts were"
