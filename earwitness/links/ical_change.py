"""Changes of events in iCalendar text (RFC 5545): of one that happens once, of a whole series, of one time of a series. Pure.

Every line that a change is not about stays as it is. One time of a series that is changed becomes an exception (RECURRENCE-ID),
one that is taken out is left out by the series (EXDATE).
"""

import copy
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

import icalendar

from earwitness.domain.calendar import EventChange, When, moment_of
from earwitness.domain.errors import LinkError
from earwitness.links.ical_read import parsed
from earwitness.links.ical_write import rewritten, with_block, without_exception

_OF_SERIES: Final = ("RRULE", "RDATE", "EXDATE", "EXRULE")
_OF_CHANGE: Final = ("DTSTAMP", "LAST-MODIFIED")


def changed_event(
    data: bytes, change: EventChange, *, uid: str, occurrence: When | None, is_series: bool, zone: tzinfo, now: datetime
) -> bytes:
    """The text with that change of an event: of one time of it if `occurrence` says which and it is no change of the series.

    Raises LinkError: link.not_found, link.repeats for what a series cannot be changed to.
    """
    main, exceptions = _found(data, uid)
    if _repeats(main) and occurrence is not None and not is_series:
        return _with_exception(data, change, main, exceptions, occurrence=occurrence, zone=zone, now=now)
    block, names = icalendar.Event(), [*_OF_CHANGE]
    _stamp(block, now)
    if change.summary is not None:
        block.add("summary", change.summary)
        names.append("SUMMARY")
    if change.location is not None:
        names.append("LOCATION")
        if change.location:
            block.add("location", change.location)
    if change.starts is not None and change.ends is not None:
        names += ["DTSTART", "DTEND", "DURATION"]
        if _repeats(main):
            names.append("EXDATE")
            _move_series(block, change.starts, change.ends, main, exceptions, occurrence=occurrence, zone=zone)
        else:
            block.add("dtstart", _utc(change.starts))
            block.add("dtend", _utc(change.ends))
    return rewritten(data, bytes(block.to_ical()), uid=uid, names=names)


def without_occurrence(data: bytes, *, uid: str, occurrence: When, zone: tzinfo, now: datetime) -> bytes:
    """The text without one time of a series. Raises LinkError, link.not_found."""
    main, _ = _found(data, uid)
    if not _repeats(main):
        raise _gone()
    if is_left_out(data, uid=uid, occurrence=occurrence, zone=zone):
        raise _gone()
    block = icalendar.Event()
    _stamp(block, now)
    for at in (*_left_out(main), _like_start(main, occurrence, zone=zone)):
        block.add("exdate", at)
    data = without_exception(data, uid=uid, is_it=lambda one: _is_at(one, occurrence, zone=zone))
    return rewritten(data, bytes(block.to_ical()), uid=uid, names=[*_OF_CHANGE, "EXDATE"])


def is_left_out(data: bytes, *, uid: str, occurrence: When, zone: tzinfo) -> bool:
    """Whether a series does not have that time. Raises LinkError, link.not_found."""
    main, exceptions = _found(data, uid)
    wanted = moment_of(occurrence, zone)
    is_excluded = any(_moment(at, zone) == wanted for at in _left_out(main))
    return is_excluded and not any(_is_at(one, occurrence, zone=zone) for one in exceptions)


def holds(data: bytes, change: EventChange, *, uid: str, occurrence: When | None, is_series: bool, zone: tzinfo) -> bool:
    """Whether the text has that change. Raises LinkError, link.not_found."""
    main, exceptions = _found(data, uid)
    one, is_whole = main, True
    if _repeats(main) and occurrence is not None and not is_series:
        one = next((each for each in exceptions if _is_at(each, occurrence, zone=zone)), None)
        is_whole = False
    if one is None:
        return False
    if change.starts is not None:
        starts, wanted = _moment(one["DTSTART"].dt, zone), moment_of(change.starts, zone)
        if is_whole and _repeats(main):
            starts, wanted = starts.astimezone(zone).time(), wanted.astimezone(zone).time()  # type: ignore[assignment]
        if starts != wanted:
            return False
    is_called = change.summary is None or str(one.get("SUMMARY", "")) == change.summary
    return is_called and (change.location is None or str(one.get("LOCATION", "")) == change.location)


def _with_exception(
    data: bytes,
    change: EventChange,
    main: Any,
    exceptions: list[Any],
    *,
    occurrence: When,
    zone: tzinfo,
    now: datetime,
) -> bytes:
    before = next((one for one in exceptions if _is_at(one, occurrence, zone=zone)), None)
    one = copy.deepcopy(main if before is None else before)
    at = _like_start(main, occurrence, zone=zone)
    if before is None:
        lasts = _length(main)
        for name in (*_OF_SERIES, "DURATION", "DTEND", "DTSTART"):
            one.pop(name, None)
        one.add("recurrence-id", at)
        one.add("dtstart", at)
        one.add("dtend", at + lasts)
    if change.starts is not None and change.ends is not None:
        for name, value in (("DTSTART", change.starts), ("DTEND", change.ends)):
            one.pop(name, None)
            one.add(name.lower(), _like_start(main, value, zone=zone) if _is_alike(main, value) else _utc(value))
        one.pop("DURATION", None)
    for name, text in (("SUMMARY", change.summary), ("LOCATION", change.location)):
        if text is not None:
            one.pop(name, None)
            if text:
                one.add(name.lower(), text)
    for name in _OF_CHANGE:
        one.pop(name, None)
    _stamp(one, now)
    kept = without_exception(data, uid=str(main["UID"]), is_it=lambda each: _is_at(each, occurrence, zone=zone))
    return with_block(kept, bytes(one.to_ical()))


def _move_series(
    block: Any, starts: When, ends: When, main: Any, exceptions: list[Any], *, occurrence: When | None, zone: tzinfo
) -> None:
    """Another time of day for all of a series, given by how one of its times is to be."""
    if exceptions:
        raise _repeats_otherwise("single times of it were changed already")
    first = main["DTSTART"].dt
    if not (isinstance(starts, datetime) and isinstance(ends, datetime) and isinstance(first, datetime)):
        raise _repeats_otherwise("it cannot become whole days or stop being so")
    was = moment_of(occurrence, zone) if occurrence is not None else _moment(first, zone)
    before, after = was.astimezone(zone).replace(tzinfo=None), starts.astimezone(zone).replace(tzinfo=None)
    if before.date() != after.date():
        raise _repeats_otherwise("it cannot move to other days")
    moved = after - before
    block.add("dtstart", _shifted(first, moved))
    block.add("dtend", _shifted(first, moved + (ends - starts)))
    for at in _left_out(main):
        block.add("exdate", _shifted(at, moved) if isinstance(at, datetime) else at)


def _shifted(at: datetime, moved: timedelta) -> datetime:
    """So much later on the clock on the wall of its own zone."""
    return (at.replace(tzinfo=None) + moved).replace(tzinfo=at.tzinfo)


def _found(data: bytes, uid: str) -> tuple[Any, list[Any]]:
    """An event, and its exceptions."""
    found = [one for one in parsed(data).subcomponents if one.name == "VEVENT" and str(one.get("UID", "")) == uid]
    main = next((one for one in found if one.get("RECURRENCE-ID") is None), None)
    if main is None or main.get("DTSTART") is None:
        raise _gone()
    return main, [one for one in found if one.get("RECURRENCE-ID") is not None]


def _repeats(main: Any) -> bool:
    return main.get("RRULE") is not None or main.get("RDATE") is not None


def _left_out(main: Any) -> list[When]:
    found = main.get("EXDATE")
    return [one.dt for group in (found if isinstance(found, list) else [found]) for one in getattr(group, "dts", ())]


def _is_at(one: Any, occurrence: When, *, zone: tzinfo) -> bool:
    at = getattr(one.get("RECURRENCE-ID"), "dt", None)
    return at is not None and _moment(at, zone) == moment_of(occurrence, zone)


def _moment(when: When, zone: tzinfo) -> datetime:
    found = moment_of(when, zone)
    return found.replace(tzinfo=zone) if found.tzinfo is None else found


def _length(main: Any) -> timedelta:
    starts, ends, lasts = main["DTSTART"].dt, getattr(main.get("DTEND"), "dt", None), getattr(main.get("DURATION"), "dt", None)
    if ends is not None and isinstance(ends, datetime) == isinstance(starts, datetime):
        return ends - starts  # type: ignore[no-any-return]
    return lasts if isinstance(lasts, timedelta) else timedelta(0) if isinstance(starts, datetime) else timedelta(days=1)


def _is_alike(main: Any, when: When) -> bool:
    return isinstance(main["DTSTART"].dt, datetime) == isinstance(when, datetime)


def _like_start(main: Any, when: When, *, zone: tzinfo) -> When:
    """A time of a series, written as its start is."""
    first = main["DTSTART"].dt
    if not isinstance(first, datetime) or not isinstance(when, datetime):
        return when.date() if isinstance(when, datetime) else when
    return when.astimezone(zone).replace(tzinfo=None) if first.tzinfo is None else when.astimezone(first.tzinfo)


def _stamp(block: Any, now: datetime) -> None:
    block.add("dtstamp", now.astimezone(UTC))
    block.add("last-modified", now.astimezone(UTC))


def _utc(when: When) -> When:
    return when.astimezone(UTC) if isinstance(when, datetime) else when


def _gone() -> LinkError:
    return LinkError("That is not in the calendar any more.", code="link.not_found")


def _repeats_otherwise(why: str) -> LinkError:
    return LinkError(f"All times of it cannot be moved so: {why}. Change one of them, or make it anew.", code="link.repeats")
