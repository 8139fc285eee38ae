"""When an event is to be, and which stretch of the calendar is asked about, from what was said. Pure.

Unlike an alarm, an event has an end, and may be whole days. As in `when.py` each answer comes in a slot of its own (`when`,
`time`, `which_time`), and all is read anew.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from earwitness.domain.calendar import Event, When, moment_of
from earwitness.domain.times import Ambiguous, Day, Duration, Frame, Interval, Moment, Passed, Recurrence, TimeOfDay, Value
from earwitness.skills.interface import Context, Intent, ask, refuse, slot_text
from earwitness.understand.times import choose, find, read, timed, words_of

USUAL: Final = timedelta(hours=1)
"""How long an event is of which that was not said, and what an hour that is asked about means."""
_ALL_DAY: Final = re.compile(r"\b(?:(?:for )?the whole day|all[- ]day(?: long)?|whole day)\b", re.IGNORECASE)
_LENGTH: Final = re.compile(
    r"\bfor ((?:[\w'-]+ ){1,4}?(?:hours?|minutes?)(?: and [\w ]+?(?:minutes?|half))?)(?=$|[ ,])", re.IGNORECASE
)
_LEADING: Final = re.compile(r"^(?:on|for|at|during|over)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `starts` to `ends`, both moments or both days; `told` is how that is told, `rest` what else was said."""

    starts: When
    ends: When
    told: str
    rest: str = ""
    rule: str = ""
    """Of what repeats: its RFC 5545 rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of the calendar: aware moments, and its name in words ("tomorrow", "Friday afternoon")."""

    start: datetime
    end: datetime
    told: str
    is_one_day: bool


def stretch_of(words: str, *, frame: Frame) -> Stretch | None:
    """Which part of the calendar `words` ask about; None if they are no time, or one that recurs."""
    reading = read(words, frame=frame) or read(_LEADING.sub("", words), frame=frame)
    if reading is None and (found := find(words, frame=frame)) is not None and not found.rest:
        reading = found.reading
    if isinstance(reading, Ambiguous):
        reading = reading.candidates[0]
    value = reading.value if isinstance(reading, Passed) else reading
    match value:
        case Day(date=day):
            start, end = _midnight(day, frame), _midnight(day + timedelta(days=1), frame)
        case Interval():
            start, end = value.start, value.end
        case Moment(at=at) | TimeOfDay(at=at):
            start, end = at, later(at, USUAL)
        case Duration():
            start = frame.now
            end = later(start, timedelta(days=30 * value.months + value.days, seconds=value.seconds))
        case _:
            return None
    is_one_day = (end - timedelta(microseconds=1)).astimezone(frame.zone).date() == start.astimezone(frame.zone).date()
    return Stretch(start=start, end=end, told=_name(words, value, frame=frame), is_one_day=is_one_day)


def _name(words: str, value: Value, *, frame: Frame) -> str:
    """Weeks and months keep the words that were said for them; days and hours are told, so that mistakes are heard."""
    said = re.sub(r"^(?:for|during|over)\s+", "", words.strip(), flags=re.IGNORECASE)
    if isinstance(value, Duration | Interval) and not (isinstance(value, Interval) and value.part is not None):
        return said
    told = words_of(Moment(at=value.at) if isinstance(value, TimeOfDay) else value, frame=frame)
    is_plain = told.split()[0] in ("today", "tomorrow", "yesterday", "tonight", "this", "last", "on")
    return told if is_plain else f"on {told}"


def span_of(intent: Intent, *, context: Context, words: str, frame: Frame) -> Span:
    """When the event is to be that `words` tell of. Raises UnfulfillableError to ask or refuse."""
    said = f"{words} {slot_text(intent.slots, 'when')}".strip()
    answer = slot_text(intent.slots, "time")
    is_all_day = _ALL_DAY.search(said) is not None or _ALL_DAY.search(answer) is not None
    length, said = _length(_ALL_DAY.sub(" ", said), frame=frame)
    found = find(said, frame=frame)
    if found is None:
        again = f'I do not know what time "{slot_text(intent.slots, "when")}" is. ' if slot_text(intent.slots, "when") else ""
        raise ask(f"{again}When?", slot="when", intent=intent, context=context)
    value = _settled(found.reading, intent=intent, context=context, frame=frame)
    if isinstance(value, Duration):
        raise ask("When?", slot="when", intent=intent, context=context)
    if isinstance(value, Recurrence):
        repeats = _with_time(value, is_all_day=is_all_day, answer=answer, intent=intent, context=context, frame=frame)
        return _repeating(repeats, length=length, is_all_day=is_all_day, rest=found.rest, frame=frame)
    whole = _whole_days(value, is_all_day=is_all_day, frame=frame)
    if whole is None:
        value = _with_hour(value, answer=answer, intent=intent, context=context, frame=frame)
        return _hours(value, length=length, rest=found.rest, frame=frame)
    first, last = whole[0], whole[1] - timedelta(days=1)
    told = days_told(first, last, frame=frame)
    return Span(starts=whole[0], ends=whole[1], told=f"{told}, all day" if first == last else told, rest=found.rest)


def _with_time(value: Recurrence, *, is_all_day: bool, answer: str, intent: Intent, context: Context, frame: Frame) -> Recurrence:
    """The same with a time of day, asked for where none was said and it is not whole days."""
    if not value.rule.upper().startswith(("FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY")):
        raise refuse("An event repeats daily at most")
    if is_all_day or value.has_time:
        return value
    question = f"At what time {words_of(value, frame=frame)}, or all day?"
    if not answer:
        raise ask(question, slot="time", intent=intent, context=context)
    reading = read(answer, frame=frame)
    hour = None if reading is None else _settled(reading, intent=intent, context=context, frame=frame)
    match hour:
        case TimeOfDay(time=at):
            return timed(value, at=at, frame=frame)
        case Moment(at=moment):
            return timed(value, at=moment.astimezone(frame.zone).time(), frame=frame)
        case Interval(start=start, end=end) if not hour.is_whole_days:
            lasts = Duration(seconds=round((end - start).total_seconds()))
            return replace(timed(value, at=start.astimezone(frame.zone).time(), frame=frame), lasts=lasts)
        case _:
            raise ask(f'I do not know what time "{answer}" is. {question}', slot="time", intent=intent, context=context)


def _repeating(value: Recurrence, *, length: timedelta | None, is_all_day: bool, rest: str, frame: Frame) -> Span:
    told = words_of(value, frame=frame)
    if is_all_day:
        day = value.start.date()
        return Span(starts=day, ends=day + timedelta(days=1), told=f"{told}, all day", rest=rest, rule=value.rule)
    lasts = length or (timedelta(days=value.lasts.days, seconds=value.lasts.seconds) if value.lasts is not None else USUAL)
    return Span(starts=value.start, ends=later(value.start, lasts), told=told, rest=rest, rule=value.rule)


def moved_span(event: Event, words: str, *, intent: Intent, context: Context, frame: Frame) -> tuple[When, When]:
    """From when to when an event is once it is moved to what was said: a mere hour keeps its day, a mere day its hour.

    Raises UnfulfillableError to ask or refuse.
    """
    reading = read(_LEADING.sub("", words), frame=frame) or read(words, frame=frame)
    value = None if reading is None else _settled(reading, intent=intent, context=context, frame=frame)
    lasts = moment_of(event.ends, UTC) - moment_of(event.starts, UTC)
    if not isinstance(event.starts, datetime):
        if isinstance(value, Day):
            return value.date, value.date + lasts
        if isinstance(value, Interval) and value.is_whole_days:
            return value.start.astimezone(frame.zone).date(), value.end.astimezone(frame.zone).date()
    elif isinstance(value, Interval) and not value.is_whole_days and value.part is None:
        return value.start, value.end
    before = event.starts if isinstance(event.starts, datetime) else None
    length = lasts if before is not None else USUAL
    match value:
        case Moment(at=at):
            starts = at
        case TimeOfDay(time=hour):
            day = before.astimezone(frame.zone).date() if before is not None else event.starts
            starts = datetime.combine(day, hour, frame.zone)
        case Day(date=day) if before is not None:
            starts = datetime.combine(day, before.astimezone(frame.zone).time(), frame.zone)
        case _:
            raise ask(f'I do not know what time "{words}" is. To when?', slot="to", intent=intent, context=context)
    return starts, later(starts, length)


def days_told(first: date, last: date, *, frame: Frame) -> str:
    """ "tomorrow", "on Friday", "from Monday to Wednesday"."""
    if first == last:
        told = words_of(Day(date=first), frame=frame)
        return told if told in ("today", "tomorrow", "yesterday") else f"on {told}"
    end = _midnight(last + timedelta(days=1), frame)
    return words_of(Interval(start=_midnight(first, frame), end=end, is_whole_days=True), frame=frame)


def later(at: datetime, length: timedelta) -> datetime:
    """So much elapsed time after `at`, in its zone: two hours are two hours, whatever clocks do."""
    return (at.astimezone(UTC) + length).astimezone(at.tzinfo)


def _midnight(day: date, frame: Frame) -> datetime:
    return moment_of(day, frame.zone)


def _length(words: str, *, frame: Frame) -> tuple[timedelta | None, str]:
    """How long it lasts, if that was said, and the words without it."""
    found = _LENGTH.search(words)
    length = read(found[1], frame=frame) if found is not None else None
    if found is None or not isinstance(length, Duration) or length.months:
        return None, words
    return timedelta(days=length.days, seconds=length.seconds), f"{words[: found.start()]} {words[found.end() :]}"


def _settled(reading: object, *, intent: Intent, context: Context, frame: Frame) -> Value:
    if isinstance(reading, Ambiguous):
        answer = slot_text(intent.slots, "which_time")
        chosen = choose(answer, among=reading, frame=frame) if answer else None
        if chosen is None:
            raise ask(reading.question, slot="which_time", intent=intent, context=context)
        return chosen
    if isinstance(reading, Passed):
        raise refuse(f"{words_of(reading.value, frame=frame)} is over already")
    assert isinstance(reading, Value)
    return reading


def _whole_days(value: Value, *, is_all_day: bool, frame: Frame) -> tuple[date, date] | None:
    """The first day and the one after the last, if it is days and not hours."""
    if isinstance(value, Interval) and value.is_whole_days:
        return value.start.astimezone(frame.zone).date(), value.end.astimezone(frame.zone).date()
    if not is_all_day:
        return None
    match value:
        case Day(date=day):
            first = day
        case Moment(at=at) | TimeOfDay(at=at) | Interval(start=at):
            first = at.astimezone(frame.zone).date()
        case _:
            return None
    return first, first + timedelta(days=1)


def _with_hour(value: Value, *, answer: str, intent: Intent, context: Context, frame: Frame) -> Value:
    """The same with a time of day, asked for where none was said."""
    if not isinstance(value, Day) and not (isinstance(value, Interval) and value.part is not None):
        return value
    told = words_of(value, frame=frame)
    question = f"At what time {told}, or all day?"
    if not answer:
        raise ask(question, slot="time", intent=intent, context=context)
    joined = "" if answer.startswith(("from ", "between ", "at ")) else "at "
    both = read(f"{told} {joined}{answer}", frame=frame)
    if both is None:
        raise ask(f'I do not know what time "{answer}" is. {question}', slot="time", intent=intent, context=context)
    settled = _settled(both, intent=intent, context=context, frame=frame)
    if isinstance(settled, Day | Recurrence | Duration):
        raise ask(question, slot="time", intent=intent, context=context)
    return settled


def _hours(value: Value, *, length: timedelta | None, rest: str, frame: Frame) -> Span:
    match value:
        case Moment(at=at) | TimeOfDay(at=at):
            ends, told = later(at, length or USUAL), words_of(Moment(at=at), frame=frame)
            return Span(starts=at, ends=ends, told=told, rest=rest)
        case Interval():
            return Span(starts=value.start, ends=value.end, told=words_of(value, frame=frame), rest=rest)
        case _:
            raise TypeError("a day has been given its hour by now")


def clock_time(at: datetime, *, frame: Frame) -> str:
    """ "9 AM", "noon": the time of a moment in the household's zone."""
    local: time = at.astimezone(frame.zone).time().replace(second=0, microsecond=0)
    return words_of(TimeOfDay(time=local, at=at), frame=frame)
