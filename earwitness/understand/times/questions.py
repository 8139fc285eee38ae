"""What is asked back when words mean several things."""

from datetime import UTC, datetime, time, timedelta

from earwitness.domain.times import Day, Duration, Frame, Interval, Moment, Recurrence, TimeOfDay, Value
from earwitness.understand.times.clock import Clock
from earwitness.understand.times.expression import Parts
from earwitness.understand.times.wording import clock_words, day_words, listed, words_of


def question_for(candidates: tuple[Value, ...], *, parts: Parts, frame: Frame) -> str:
    """One short question that names the choice."""
    clock = parts.clock
    times = [_time_of(value, frame) for value in candidates]
    if clock is not None and len(candidates) == 2 and None not in times and times[0] != times[1]:
        return _half_question(clock, sorted(at for at in times if at is not None))
    if clock is not None and clock.is_midnight and parts.day is not None and len(candidates) == 2:
        later = max(_start(value) for value in candidates).astimezone(frame.zone).date()
        day = day_words(later - timedelta(days=1), frame)
        return f"Midnight as {day} begins, or as it ends?"
    if any(pattern.once for pattern in parts.patterns):
        return "Every month, or only this time?"
    if any(pattern.count for pattern in parts.patterns) and len({_time_of(value, frame) for value in candidates}) == 1:
        return "Every week, or only this time?"
    if all(isinstance(value, Moment) for value in candidates) and parts.offset is not None:
        if not parts.offset[0].unit:
            return f"In {listed([words_of(length, frame=frame) for length in parts.offset[0].options], last='or in')}?"
        return f"How many {parts.offset[0].unit}?"
    if all(isinstance(value, Duration) for value in candidates) and parts.length is not None:
        return f"How many {parts.length.unit}?"
    told = list(dict.fromkeys(_told(value, frame) for value in candidates))
    asked = listed(told, last="or")
    return f"{asked[:1].upper()}{asked[1:]}?"


def _half_question(clock: Clock, times: list[time]) -> str:
    early, late = times[0], times[-1]
    if late == time(12):
        return "Noon or midnight?"
    said = clock.said or clock_words(early).rpartition(" ")[0]
    return f"{said[:1].upper()}{said[1:]} {_phrase(early)} or {_phrase(late)}?"


def _phrase(at: time) -> str:
    if at.hour < 1:
        return "at night"
    if at.hour < 12:
        return "in the morning"
    return "in the afternoon" if at.hour < 18 else "in the evening" if at.hour < 22 else "at night"


def _told(value: Value, frame: Frame) -> str:
    """The words for a value, with the date of a day that is named by its weekday alone."""
    words = words_of(value, frame=frame)
    if isinstance(value, Day) and 1 < (value.date - frame.now.astimezone(frame.zone).date()).days < 7:
        return f"this {words}, the {_nth(value.date.day)}"
    return words


def _nth(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _time_of(value: Value, frame: Frame) -> time | None:
    match value:
        case TimeOfDay():
            return value.time
        case Moment():
            return value.at.astimezone(frame.zone).time()
        case Recurrence():
            return value.start.astimezone(frame.zone).time() if value.has_time else None
    return None


def _start(value: Value) -> datetime:
    match value:
        case Moment() | TimeOfDay():
            return value.at
        case Interval() | Recurrence():
            return value.start
    return datetime.min.replace(tzinfo=UTC)
