"""Which of several candidates an answer to the question means."""

import re
from datetime import date, time

from earwitness.domain.times import Ambiguous, Day, Duration, Frame, Interval, Moment, Recurrence, TimeOfDay, Value
from earwitness.understand.times.finding import read
from earwitness.understand.times.instants import is_later

_ORDINALS = (
    (r"first(?: one)?|former|the first", 0),
    (r"second(?: one)?|latter", 1),
    (r"third(?: one)?", 2),
    (r"last(?: one)?", -1),
)
_MORNING = re.compile(r"\b(?:morning|a\.?\s?m\.?|early|earlier)(?!\w)", re.IGNORECASE)
_EVENING = re.compile(r"\b(?:afternoon|evening|night|tonight|p\.?\s?m\.?|late|later)(?!\w)", re.IGNORECASE)
_UNIT = re.compile(r"\b(?P<unit>minute|hour)s?\b", re.IGNORECASE)
_AGAIN = re.compile(r"\b(?:every|each|always|all|repeat\w*|recurring)\b", re.IGNORECASE)
_ONCE = re.compile(r"\b(?:just|only|once|one time|not every)\b", re.IGNORECASE)
_BEGINS = re.compile(r"\b(?:begin\w*|start\w*|before)\b", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:end\w*|after)\b", re.IGNORECASE)


def choose(text: str, *, among: Ambiguous, frame: Frame) -> Value | None:
    """Which candidate an answer to the question means ("in the evening", "the first one"); None if it does not say."""
    candidates = list(among.candidates)
    said = read(text, frame=frame)
    if said in candidates:
        return said
    plain = re.sub(r"^\s*the\s+|[\s.!?]+$", "", text.lower())
    for pattern, place in _ORDINALS:
        if re.fullmatch(pattern, plain) and -1 <= place < len(candidates):
            return _as_asked(candidates, frame)[place]
    return (
        _only(_by_unit(text, candidates, frame))
        or _only(_by_kind(text, candidates))
        or _only(_by_half(text, candidates, frame))
        or _only(_by_value(said, candidates, frame))
    )


def _by_unit(text: str, candidates: list[Value], frame: Frame) -> list[Value]:
    """In ten minutes or in ten hours, by the unit that is answered."""
    if len(candidates) != 2 or (unit := _UNIT.search(text)) is None:
        return []
    soon, late = candidates
    if not isinstance(soon, Moment) or not isinstance(late, Moment) or late.at - frame.now != 60 * (soon.at - frame.now):
        return []
    return [soon if unit["unit"].lower() == "minute" else late]


def _as_asked(candidates: list[Value], frame: Frame) -> list[Value]:
    """In the order in which the question names them: of two hours the earlier first, but noon before midnight."""
    times = [_time_of(value, frame) for value in candidates]
    if len(candidates) != 2 or None in times or times[0] == times[1]:
        return candidates
    ordered = sorted(candidates, key=lambda value: _time_of(value, frame) or time())
    return ordered[::-1] if time(12) in times and time(0) in times else ordered


def _only(candidates: list[Value]) -> Value | None:
    return candidates[0] if len(candidates) == 1 else None


def _by_kind(text: str, candidates: list[Value]) -> list[Value]:
    """Every month or only this one; the midnight that a day begins with, or the other."""
    if len({isinstance(value, Recurrence) for value in candidates}) == 2:
        is_once = _ONCE.search(text) is not None or not _AGAIN.search(text)
        if is_once and not _ONCE.search(text) and "this" not in text.lower():
            return []
        return [value for value in candidates if isinstance(value, Recurrence) is not is_once]
    counted = [isinstance(value, Recurrence) and ";COUNT=" in value.rule for value in candidates]
    if len(set(counted)) == 2:
        is_once = _ONCE.search(text) is not None or (not _AGAIN.search(text) and "this" in text.lower())
        return (
            [value for value, is_counted in zip(candidates, counted, strict=True) if is_counted is is_once]
            if (is_once or _AGAIN.search(text))
            else []
        )
    moments = sorted((value for value in candidates if isinstance(value, Moment)), key=lambda value: value.at.timestamp())
    if len(moments) == len(candidates) == 2 and all(value.at.time() == time(0) for value in moments):
        if _BEGINS.search(text):
            return [moments[0]]
        return [moments[1]] if _ENDS.search(text) else []
    return []


def _by_half(text: str, candidates: list[Value], frame: Frame) -> list[Value]:
    is_morning, is_evening = _MORNING.search(text) is not None, _EVENING.search(text) is not None
    if is_morning is is_evening:
        return []
    return [value for value in candidates if (at := _time_of(value, frame)) is not None and (at.hour < 12) is is_morning]


def _by_value(said: object, candidates: list[Value], frame: Frame) -> list[Value]:
    """An answer that is a time itself: a candidate of that day, that hour or within those days."""
    if isinstance(said, Ambiguous):
        return [value for value in candidates if any(_agree(value, each, frame) for each in said.candidates)]
    return [value for value in candidates if _agree(value, said, frame)]


def _agree(value: Value, said: object, frame: Frame) -> bool:
    at = _time_of(value, frame)
    day = _day_of(value, frame)
    match said:
        case Day():
            return day == said.date
        case TimeOfDay():
            return at == said.time
        case Moment():
            return isinstance(value, Moment | TimeOfDay) and not is_later(value.at, said.at) and not is_later(said.at, value.at)
        case Interval(part=None):
            start = said.start.astimezone(frame.zone).date()
            end = said.end.astimezone(frame.zone).date()
            return day is not None and start <= day < end
        case Duration():
            return value == said
    return False


def _time_of(value: Value, frame: Frame) -> time | None:
    match value:
        case TimeOfDay():
            return value.time
        case Moment():
            return value.at.astimezone(frame.zone).time()
        case Interval():
            return value.start.astimezone(frame.zone).time()
        case Recurrence():
            return value.start.astimezone(frame.zone).time() if value.has_time else None
    return None


def _day_of(value: Value, frame: Frame) -> date | None:
    match value:
        case Day():
            return value.date
        case Moment() | TimeOfDay():
            return value.at.astimezone(frame.zone).date()
        case Interval() | Recurrence():
            return value.start.astimezone(frame.zone).date()
    return None
