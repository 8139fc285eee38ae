"""Reads iCalendar text (RFC 5545): events between two moments, and tasks. Pure; the text is not trusted.

Recurrences are expanded by recurring-ical-events, after rules that could run away have been taken out. What cannot be read of one
event does not hide the others.
"""

import copy
import itertools
import re
from calendar import isleap
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

import icalendar
import recurring_ical_events
from dateutil.rrule import rrulestr

from earwitness.domain.calendar import LONGEST_SUMMARY, Event, Task, When, moment_of
from earwitness.domain.errors import LinkError

MOST_COMPONENTS: Final = 20_000
MOST_EVENTS: Final = 1_000
"""Of one answer: nobody listens to more."""
_NONE: Final = "What should be a calendar is none (RFC 5545); check the address or file."
_MOST_STEPS: Final = 50_000
"""Occurrences that a rule may run through from its start to the time that is asked for: 130 years of days."""
_DAY: Final = timedelta(days=1)
_PERIODS: Final = {"HOURLY": timedelta(hours=1), "DAILY": _DAY, "WEEKLY": _DAY, "MONTHLY": _DAY, "YEARLY": _DAY}
"""How far apart the steps of a rule can be at the least; what repeats more often than hourly is no appointment."""


def parsed(data: bytes) -> icalendar.Calendar:
    """The calendar that a text holds. Raises LinkError, link.nonsense."""
    if len(re.findall(rb"(?mi)^BEGIN:", data)) > MOST_COMPONENTS:
        raise LinkError("The calendar holds more than can be read; move old entries elsewhere.", code="link.too_large")
    try:
        found = icalendar.Calendar.from_ical(data.decode("utf-8-sig"))
    except Exception as error:  # a foreign parser on a stranger's text raises whatever it meets
        raise LinkError(
            "What should be a calendar is none (RFC 5545); check the address or file.", code="link.nonsense"
        ) from error
    if not isinstance(found, icalendar.Calendar):
        raise LinkError("What should be a calendar is none (RFC 5545); check the address or file.", code="link.nonsense")
    return found


def events_between(text: icalendar.Calendar, start: datetime, end: datetime, *, zone: tzinfo, calendar: str) -> list[Event]:
    """Events and occurrences that overlap the time, unordered. Days, and times without a zone, are those of `zone`.

    Raises LinkError, link.too_large, for more than anybody listens to.
    """
    series: dict[object, list[Any]] = {}
    for component in _components(text, "VEVENT"):
        series.setdefault(_uid(component) or id(component), []).append(component)
    zones = list(_components(text, "VTIMEZONE"))
    found: list[Event] = []
    for components in series.values():
        for component in _occurrences(components, zones, start=start, end=end):
            event = _event(component, zone=zone, calendar=calendar)
            if event is not None and _overlaps(event, start, end, zone=zone):
                found.append(event)
        if len(found) > MOST_EVENTS:
            raise LinkError(f"There are over {MOST_EVENTS} events then; ask about a shorter time.", code="link.too_large")
    return found


def _occurrences(components: list[Any], zones: list[Any], *, start: datetime, end: datetime) -> list[Any]:
    """An event, or what there is near that time of one that repeats."""
    try:
        if len(components) == 1 and not any(name in components[0] for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
            return components
        text = icalendar.Calendar()
        text.subcomponents = [*zones, *(_bounded(component, end) for component in components)]
        query = recurring_ical_events.of(text, components=["VEVENT"], keep_recurrence_attributes=True)
        # Wider than asked for: days and times without a zone mean something else in each zone.
        return list(itertools.islice(query.between(start - _DAY, end + _DAY), MOST_EVENTS + 1))
    except Exception:  # as in `parsed`: one event that cannot be followed is passed over
        return []


def event_with_id(text: icalendar.Calendar, event_id: str, *, zone: tzinfo, calendar: str) -> Event | None:
    """The event itself, not its occurrences; None if it is not there."""
    for component in _components(text, "VEVENT"):
        if _uid(component) == event_id and component.get("RECURRENCE-ID") is None:
            return _event(component, zone=zone, calendar=calendar)
    return None


def tasks_in(text: icalendar.Calendar, *, zone: tzinfo, calendar: str) -> list[Task]:
    """Every task, unordered."""
    found = (_task(component, zone=zone, calendar=calendar) for component in _components(text, "VTODO"))
    return [task for task in found if task is not None]


def in_order(events: Iterable[Event], *, zone: tzinfo) -> tuple[Event, ...]:
    """Earliest first; a day before its moments."""
    return tuple(sorted(events, key=lambda event: (moment_of(event.starts, zone), not event.is_all_day, event.summary)))


def tasks_in_order(tasks: Iterable[Task], *, zone: tzinfo, with_complete: bool) -> tuple[Task, ...]:
    """What is due first, then what is due never."""
    last = datetime.max.replace(tzinfo=UTC)
    chosen = [task for task in tasks if with_complete or not task.is_complete]
    return tuple(sorted(chosen, key=lambda task: (moment_of(task.due, zone) if task.due else last, task.summary)))


def _components(text: icalendar.Calendar, name: str) -> Iterator[Any]:
    return (component for component in text.subcomponents if component.name == name)


def _bounded(component: Any, end: datetime) -> Any:
    """The event, without a rule that would run too long before `end`: then the first occurrence is what is known of it."""
    rule, begins = component.get("RRULE"), _dt(component, "DTSTART")
    if rule is None or (not isinstance(rule, list) and begins is not None and is_followed(rule, begins, end)):
        return component
    bounded = copy.deepcopy(component)
    del bounded["RRULE"]
    return bounded


def is_followed(rule: Any, begins: When, end: datetime) -> bool:
    """Whether the occurrences of a rule (vRecur) can be gone through from its beginning to `end`."""
    period = _PERIODS.get(str((rule.get("FREQ") or [""])[0]).upper())
    parts = [str(key).upper() for key in rule if str(key).upper().startswith("BY")]
    if period is None or (period < _DAY and parts):
        return False
    times = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= max(1, len(rule.get(part, [])))
    return _span(begins, end) / period * times <= _MOST_STEPS and (not parts or _is_ever_met(rule, begins))


def _is_ever_met(rule: Any, begins: When) -> bool:
    """Whether a rule has an occurrence in the last 29 years or more that a date can have.

    A rule that can never be met (30 February) is searched through to the year 9999. Tried near that end the search is short;
    weekdays and leap years repeat every 28 years there.
    """
    first = begins.replace(tzinfo=None) if isinstance(begins, datetime) else datetime.combine(begins, time())
    alike = (date(first.year, 1, 1).weekday(), isleap(first.year))
    year = next(year for year in range(9943, 9971) if (date(year, 1, 1).weekday(), isleap(year)) == alike)
    tried = icalendar.vRecur({key: value for key, value in rule.items() if str(key).upper() not in ("UNTIL", "COUNT")})
    occurrences = rrulestr(str(tried.to_ical(), "ascii"), dtstart=first.replace(year=year))  # type: ignore[no-untyped-call]
    return next(iter(occurrences), None) is not None


def _span(begins: When, end: datetime) -> timedelta:
    first = moment_of(begins, UTC)
    first = first if first.tzinfo else first.replace(tzinfo=UTC)
    return max(timedelta(0), end - first)


def _event(component: Any, *, zone: tzinfo, calendar: str) -> Event | None:
    try:
        starts = _when(_dt(component, "DTSTART"), zone)
        if starts is None or _word(component, "STATUS") == "CANCELLED":
            return None
        ends = _when(_dt(component, "DTEND"), zone)
        lasts = component.get("DURATION")
        if ends is None:
            default = timedelta(0) if isinstance(starts, datetime) else _DAY
            ends = starts + (lasts.dt if lasts is not None else default)
        if isinstance(starts, datetime) != isinstance(ends, datetime) or ends < starts:
            ends = starts if isinstance(starts, datetime) else starts + _DAY
        is_recurring = any(component.get(name) is not None for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
        return Event(
            event_id=_uid(component),
            summary=_text(component, "SUMMARY"),
            starts=starts,
            ends=ends,
            location=_text(component, "LOCATION"),
            calendar=calendar,
            remind_at=_alarm(component, starts, ends, zone=zone),
            is_recurring=is_recurring,
            rule=_rule(component),
            occurrence=(_when(_dt(component, "RECURRENCE-ID"), zone) or starts) if is_recurring else None,
        )
    except Exception:  # as in `parsed`: one event that cannot be read is passed over
        return None


def _rule(component: Any) -> str:
    rule = component.get("RRULE")
    return "" if rule is None or isinstance(rule, list) else str(rule.to_ical(), "ascii", "replace")


def _task(component: Any, *, zone: tzinfo, calendar: str) -> Task | None:
    try:
        due = _when(_dt(component, "DUE"), zone)
        begins = _when(_dt(component, "DTSTART"), zone)
        completed = _when(_dt(component, "COMPLETED"), zone)
        return Task(
            task_id=_uid(component),
            summary=_text(component, "SUMMARY"),
            due=due,
            remind_at=_alarm(component, begins or due, due or begins, zone=zone),
            completed_at=moment_of(completed, zone) if completed else None,
            is_complete=completed is not None or _word(component, "STATUS") in ("COMPLETED", "CANCELLED"),
            calendar=calendar,
        )
    except Exception:
        return None


def _alarm(component: Any, begins: When | None, ends: When | None, *, zone: tzinfo) -> datetime | None:
    """The first moment at which the event or task wants to be told of."""
    found: list[datetime] = []
    for alarm in _components(component, "VALARM"):
        trigger = alarm.get("TRIGGER")
        if trigger is None:
            continue
        if isinstance(trigger.dt, timedelta):
            base = ends if str(trigger.params.get("RELATED", "")).upper() == "END" else begins
            if base is not None:
                found.append(moment_of(base, zone) + trigger.dt)
        elif (at := _when(trigger.dt, zone)) is not None:
            found.append(moment_of(at, zone))
    return min(found, default=None)


def _overlaps(event: Event, start: datetime, end: datetime, *, zone: tzinfo) -> bool:
    begins, ends = moment_of(event.starts, zone), moment_of(event.ends, zone)
    return begins < end and (ends > start or begins == ends >= start)


def _dt(component: Any, name: str) -> When | None:
    value = getattr(component.get(name), "dt", None)
    return value if isinstance(value, date) else None


def _when(value: When | None, zone: tzinfo) -> When | None:
    """A time without a zone is that of the household; it, and every other, is given in the household's zone."""
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)


def _uid(component: Any) -> str:
    return str(component.get("UID", ""))


def _word(component: Any, name: str) -> str:
    return str(component.get(name, "")).upper()


def _text(component: Any, name: str) -> str:
    """One line of text, without what cannot be said."""
    said = "".join(letter if letter.isprintable() else " " for letter in str(component.get(name, ""))[: 4 * LONGEST_SUMMARY])
    return " ".join(said.split())[:LONGEST_SUMMARY]
