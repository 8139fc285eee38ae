"""When something is to ring, from what was said: a rule, or the question that has to be asked first. Pure.

Owns the talk about a time: nothing said, a day without an hour, an hour that may be two. The words that were said stay in the
intent; each answer comes in a slot of its own (`when`, `time` for an hour, `which_time` for a choice), and all is read anew.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from earwitness.domain.alert import AtMoment, AtWallTime, Rule
from earwitness.domain.times import (
    Ambiguous,
    Day,
    Duration,
    Frame,
    Interval,
    Lean,
    Moment,
    Passed,
    Reading,
    Recurrence,
    TimeOfDay,
    Value,
)
from earwitness.skills.interface import Context, Intent, ask, refuse, slot_text
from earwitness.understand.times import as_rule, choose, find, read, timed, words_of

_LEADING: Final = re.compile(r"^(?:for|at|on|to)\s+", re.IGNORECASE)
_ELAPSED: Final = re.compile(r"\bin (?!the\b)", re.IGNORECASE)
"""With it a length begins: what it means does not move with the clock on the wall."""

_OFTEN: Final = re.compile(r"\b(?:(?P<count>\w+) times|twice) (?:a|per) day\b|\btwice daily\b", re.IGNORECASE)
_BY_HOUR: Final = re.compile(r"\bBYHOUR=([\d,]+)")
_TIMES: Final = {
    2: ("two", "8 AM and 8 PM"),
    3: ("three", "8 AM, 1 PM and 6 PM"),
    4: ("four", "8 AM, noon, 4 PM and 8 PM"),
    5: ("five", "8 AM, 11 AM, 2 PM, 5 PM and 8 PM"),
    6: ("six", "8 AM, 10 AM, noon, 2 PM, 4 PM and 6 PM"),
}
"""How often a day something may be, in words, with an example."""
_ANY_FRAME: Final = Frame(now=datetime(2026, 6, 3, 12, tzinfo=UTC), zone=ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """`rule` says when; `told` is how that is told ("tomorrow at 7 AM"); `rest` is what else was said."""

    rule: Rule
    told: str
    rest: str = ""
    is_hour: bool = False
    """Whether a time of day was all that was said of it."""


def frame_at(now: datetime, *, lean: Lean = Lean.ASK) -> Frame:
    """What times are read against. `now` is aware, in the household's zone."""
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    return Frame(now=now, zone=zone, lean=lean)


def when_of(intent: Intent, *, context: Context, words: str, frame: Frame, question: str, is_whole: bool = False) -> When:
    """When `words` say it is to be. `is_whole`: they are nothing but a time. Raises UnfulfillableError to ask or refuse."""
    words = f"{words} {slot_text(intent.slots, 'when')}".strip()
    reading, rest = _read(words, frame=frame, is_whole=is_whole)
    if reading is None:
        said = slot_text(intent.slots, "when")
        again = f'I do not know what time "{said}" is. {question}' if said else question
        raise ask(again, slot="when", intent=intent, context=context)
    value = _settled(reading, intent=intent, context=context, frame=frame)
    value = _with_hour(value, words=words, intent=intent, context=context, frame=frame)
    rule = _rule(value, words=words, frame=frame)
    return When(rule=rule, told=_told(value, frame=frame), rest=rest, is_hour=isinstance(value, TimeOfDay))


def _read(words: str, *, frame: Frame, is_whole: bool) -> tuple[Reading | None, str]:
    """What time the words say, and what else they say."""
    whole = read(_LEADING.sub("", words), frame=frame) if words else None
    if whole is not None or is_whole or not words:
        return whole, ""
    found = find(words, frame=frame)
    return (found.reading, found.rest) if found is not None else (None, words)


def _not_understood(said: str, intent: Intent, context: Context) -> Reading:
    raise ask(f'I do not know what time "{said}" is. When?', slot="time", intent=intent, context=context)


def _settled(reading: Reading, *, intent: Intent, context: Context, frame: Frame) -> Value:
    """The one thing that the words mean."""
    match reading:
        case Ambiguous():
            answer = slot_text(intent.slots, "which_time")
            chosen = choose(answer, among=reading, frame=frame) if answer else None
            if chosen is None:
                raise ask(reading.question, slot="which_time", intent=intent, context=context)
            return chosen
        case Passed():
            raise refuse(f"{words_of(reading.value, frame=frame)} is over already")
        case _:
            return reading


def _with_hour(value: Value, *, words: str, intent: Intent, context: Context, frame: Frame) -> Value:
    """The same with a time of day, asked for where none was said."""
    said = slot_text(intent.slots, "time")
    if isinstance(value, Recurrence) and (count := _times_a_day(words)) > 1:
        is_said = value.has_time and _hours_of(value) == count
        return value if is_said else _several(said, count=count, intent=intent, context=context, frame=frame)
    needs_hour = isinstance(value, Day | Interval) or (isinstance(value, Recurrence) and not value.has_time)
    if not needs_hour:
        return value
    told = _told(value, frame=frame)
    if not said:
        raise ask(f"At what time {told}?", slot="time", intent=intent, context=context)
    if isinstance(value, Interval) and value.part is None and not value.is_whole_days:
        return _within(value, said, intent=intent, context=context, frame=frame)
    if isinstance(value, Recurrence):
        reading = _hour(said, value, frame=frame, intent=intent, context=context)
        hour = _settled(reading, intent=intent, context=context, frame=frame)
        if not isinstance(hour, TimeOfDay | Moment):
            raise ask(f"At what time {told}?", slot="time", intent=intent, context=context)
        return timed(value, at=hour.time if isinstance(hour, TimeOfDay) else hour.at.time(), frame=frame)
    day = told if isinstance(value, Day) else words
    both = read(f"{day} at {said.removeprefix('at ')}", frame=frame)
    if both is None:
        raise ask(f'I do not know what time "{said}" is. When?', slot="time", intent=intent, context=context)
    settled = _settled(both, intent=intent, context=context, frame=frame)
    if isinstance(settled, Day | Interval):
        raise ask(f"At what time {told}?", slot="time", intent=intent, context=context)
    return settled


def _times_a_day(words: str) -> int:
    """How often a day, of "twice a day" and "three times a day"; 1 where that was not said."""
    found = _OFTEN.search(words)
    if found is None:
        return 1
    count = read(f"{found['count']} days", frame=_ANY_FRAME) if found["count"] else Duration(days=2)
    return count.days if isinstance(count, Duration) else 1


def _several(said: str, *, count: int, intent: Intent, context: Context, frame: Frame) -> Value:
    """What is to be so often every day, at times that are asked for."""
    if count not in _TIMES:
        raise refuse(f"I can repeat one at {max(_TIMES)} times of the day at most; set one for each time")
    number, such_as = _TIMES[count]
    reading = read(f"every day at {said.removeprefix('at ')}", frame=frame) if said else None
    found = _settled(reading, intent=intent, context=context, frame=frame) if reading is not None else None
    if not isinstance(found, Recurrence) or _hours_of(found) != count:
        again = f"Say {'both' if count == 2 else f'all {number}'}, at the same minute, such as {such_as}. " if said else ""
        raise ask(f"{again}At which {number} times every day?", slot="time", intent=intent, context=context)
    return found


def _hours_of(value: Recurrence) -> int:
    """At how many times of a day it recurs."""
    found = _BY_HOUR.search(value.rule)
    return len(found[1].split(",")) if found else 1


def _within(value: Interval, said: str, *, intent: Intent, context: Context, frame: Frame) -> Value:
    """An hour of a stretch of a day: of two that it may be, the one in the stretch."""
    day = words_of(Day(date=value.start.astimezone(frame.zone).date()), frame=frame)
    reading = read(f"{day} at {said.removeprefix('at ')}", frame=frame)
    if reading is None:
        raise ask(f'I do not know what time "{said}" is. When?', slot="time", intent=intent, context=context)
    if isinstance(reading, Ambiguous):
        inside = [one for one in reading.candidates if isinstance(one, Moment) and value.start <= one.at <= value.end]
        if len(inside) == 1:
            return inside[0]
    settled = _settled(reading, intent=intent, context=context, frame=frame)
    if isinstance(settled, Day | Interval):
        raise ask(f"At what time {_told(value, frame=frame)}?", slot="time", intent=intent, context=context)
    return settled


def _hour(said: str, value: Recurrence, *, frame: Frame, intent: Intent, context: Context) -> Reading:
    part = f" in the {value.part.value}" if value.part is not None and value.part.value != "night" else ""
    found = read(f"{said}{part}", frame=frame) or read(said, frame=frame)
    return found if found is not None else _not_understood(said, intent, context)


def _rule(value: Value, *, words: str, frame: Frame) -> Rule:
    match value:
        case Moment():
            is_elapsed = _ELAPSED.search(words) is not None and " at " not in f" {words} "
            return AtMoment(at=value.at) if is_elapsed else _wall(value.at, frame)
        case TimeOfDay():
            return _wall(value.at, frame)
        case Duration():
            return AtMoment(at=_after(value, frame.now))
        case Recurrence():
            return as_rule(value)
        case _:
            raise TypeError("a day has been given its hour by now")


def _wall(at: datetime, frame: Frame) -> AtWallTime:
    return AtWallTime(local=at.astimezone(frame.zone).replace(tzinfo=None, fold=0))


def _after(length: Duration, now: datetime) -> datetime:
    return now + timedelta(days=30 * length.months + length.days, seconds=length.seconds)


def _told(value: Value, *, frame: Frame) -> str:
    if isinstance(value, Duration):
        return words_of(Moment(at=_after(value, frame.now)), frame=frame)
    if isinstance(value, TimeOfDay):
        return words_of(Moment(at=value.at), frame=frame)
    return words_of(value, frame=frame)
