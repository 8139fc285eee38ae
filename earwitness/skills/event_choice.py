"""Which event is meant, and how events and a calendar that does not answer are told. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from earwitness.domain.calendar import Event
from earwitness.domain.errors import LinkError
from earwitness.domain.times import Day, Frame, Interval, Moment
from earwitness.skills.calendar_times import clock_time, days_told, stretch_of
from earwitness.skills.resolve import plain
from earwitness.understand.times import find, words_of

_FIRST: Final = frozenset(("first", "first one", "next", "next one"))
_FILLING: Final = frozenset(("the", "a", "an", "my", "our", "one", "on", "at", "event", "appointment", "meeting", "that", "this"))
_REASONS: Final[Mapping[str, str]] = {
    "link.slow": "it did not answer in time",
    "link.unreachable": "it cannot be reached",
    "link.refused": "it refuses the name or the password of the settings",
    "link.not_found": "that is not in it any more",
    "link.changed": "it was changed elsewhere at the same moment; please ask again",
    "link.repeats": "all times of it cannot be moved so; move one of them, or make it anew",
    "link.no_calendar": "the account has no calendar that takes events",
    "link.unconfirmed": "it did not confirm that",
    "link.nonsense": "what it answers is no calendar",
    "link.too_large": "it is too large",
}


def trouble(error: LinkError, *, is_change: bool) -> str:
    """What is said when the calendar does not do as it was asked: never a path, an address or another's words.

    A change that was asked for and not confirmed may have been made all the same, and it is said so.
    """
    reason = _REASONS.get(error.code)
    if is_change and error.code in ("link.slow", "link.unconfirmed"):
        return f"I do not know whether the calendar was changed: {reason}. Look at it before you ask again."
    what = "I could not change the calendar" if is_change else "I cannot read the calendar"
    return f"{what}: {reason}." if reason else f"{what} right now."


def event_told(event: Event, *, frame: Frame) -> str:
    """An event with its day: "lunch with Bob on Friday at noon", "holiday from Monday to Wednesday"."""
    place = f", {event.location}" if event.location else ""
    if isinstance(event.starts, datetime) or isinstance(event.ends, datetime):
        assert isinstance(event.starts, datetime)
        return f"{event.summary} {words_of(Moment(at=event.starts), frame=frame)}{place}"
    last = max(event.starts, event.ends - timedelta(days=1))
    return f"{event.summary} {days_told(event.starts, last, frame=frame)}{place}"


def in_turn(event: Event, *, frame: Frame, is_one_day: bool, has_end: bool = False) -> str:
    """An event in an enumeration of one day, or of several."""
    if not isinstance(event.starts, datetime) or not isinstance(event.ends, datetime):
        return f"{event.summary} all day" if is_one_day else event_told(event, frame=frame)
    if not is_one_day:
        return event_told(event, frame=frame)
    if event.starts.astimezone(frame.zone).date() < event.ends.astimezone(frame.zone).date() or has_end:
        return f"{event.summary} from {_end(event.starts, event, frame)} to {_end(event.ends, event, frame)}"
    return f"{event.summary} at {clock_time(event.starts, frame=frame)}"


def _end(at: datetime, event: Event, frame: Frame) -> str:
    """A time, with its day where an event is not over on the day it begins."""
    assert isinstance(event.starts, datetime)
    assert isinstance(event.ends, datetime)
    is_one_day = event.starts.astimezone(frame.zone).date() == event.ends.astimezone(frame.zone).date()
    day = words_of(Day(date=at.astimezone(frame.zone).date()), frame=frame)
    return clock_time(at, frame=frame) if is_one_day else f"{clock_time(at, frame=frame)} {day}"


def chosen(which: Sequence[str], *, events: Sequence[Event], frame: Frame) -> list[Event]:
    """Those that fit all of these words, earliest first: words of the name, a day, a time, "the first one"."""
    found = list(events)
    for words in which:
        found = found[:1] if plain(words) in _FIRST else _fitting(words, found, frame)
    return found


def _fitting(words: str, events: list[Event], frame: Frame) -> list[Event]:
    named = [one for one in events if plain(one.summary) == plain(words)]
    if named:
        return named
    time = find(words, frame=frame)
    wanted = {each for each in plain(time.rest if time is not None else words).split() if each not in _FILLING}
    if time is not None:
        spoken = " ".join(words[start:end] for start, end in time.spans)
        stretch = stretch_of(spoken, frame=frame)
        if stretch is not None:
            events = [one for one in events if _overlaps(one, stretch.start, stretch.end, frame)]
    elif not wanted:
        return []
    return [one for one in events if wanted <= set(plain(one.summary).split())]


def _overlaps(event: Event, start: datetime, end: datetime, frame: Frame) -> bool:
    if isinstance(event.starts, datetime) and isinstance(event.ends, datetime):
        return event.starts < end and (event.ends > start or event.starts >= start)
    days = Interval(start=start, end=end)
    first, last = days.start.astimezone(frame.zone).date(), (days.end - timedelta(microseconds=1)).astimezone(frame.zone).date()
    begins, ends = event.starts, event.ends
    assert not isinstance(begins, datetime)
    assert not isinstance(ends, datetime)
    return begins <= last and ends > first
