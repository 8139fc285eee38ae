"""Which alarm or reminder is meant: by its name or words, by its time, "the next one", or the only one there is. Pure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from earwitness.domain.alert import Alert, AtMoment, AtWallTime, OnEvent, Recurring
from earwitness.domain.times import Ambiguous, Day, Frame, Interval, Moment, Reading, Recurrence, TimeOfDay, Value
from earwitness.recurrence import occurrences, zone_of
from earwitness.skills.interface import Context, Intent, ask, refuse
from earwitness.skills.resolve import is_same, plain
from earwitness.skills.wording import listed
from earwitness.understand.times import read, words_of

TOLD_AT_MOST = 5
MADE_ID = "alert_id"
"""Slot that has the id of the one that is meant, where that is known from what was said before."""
_COUNTED = ("INTERVAL", "HOURLY", "MINUTELY")
"""In rules whose days or hours are counted from their beginning."""


def told(alert: Alert, *, frame: Frame) -> str:
    """An alert as people tell it: "7 AM every weekday (work)", "on Friday at noon: call Bob"."""
    name = f" ({alert.name})" if alert.name else ""
    text = f": {alert.text}" if alert.text else ""
    return f"{time_told(alert, frame=frame)}{name}{text}"


def time_told(alert: Alert, *, frame: Frame) -> str:
    """When it is due, in words."""
    match alert.rule:
        case Recurring(rule=rule):
            return words_of(Recurrence(rule=rule, start=_begins(alert, frame), has_time=True), frame=frame)
        case OnEvent():
            return "when you say good night"
        case AtMoment() | AtWallTime():
            return words_of(Moment(at=alert.due_at or _start(alert, frame.zone)), frame=frame)


def by_time(alerts: Sequence[Alert]) -> list[Alert]:
    """The soonest first; those that wait for an event last."""
    return sorted(alerts, key=lambda one: (one.due_at is None, one.due_at, one.alert_id))


def choose(which: str, *, alerts: Sequence[Alert], frame: Frame, noun: str, intent: Intent, context: Context) -> list[Alert]:
    """Those that `which` means. Raises UnfulfillableError when there is none, or to ask which."""
    known = by_time(alerts)
    if not known:
        raise refuse(f"There is no {noun}")
    if made := [one for one in known if one.alert_id == intent.slots.get(MADE_ID)]:
        return made
    words = plain(which).removesuffix(f" {noun}s").removesuffix(f" {noun}").strip()
    if words in ("all", "every", "everything", "all of them"):
        return known
    if words in ("next", "first", "the next one"):
        return known[:1]
    found = matching(words, known, frame=frame) if words else known
    if not found:
        raise refuse(f'There is no {noun} "{which}"; there is {listed([told(one, frame=frame) for one in known[:TOLD_AT_MOST]])}')
    if len(found) > 1:
        options = listed([told(one, frame=frame) for one in found[:TOLD_AT_MOST]], last="or")
        raise ask(f"Which one: {options}?", slot="which", intent=intent, context=context)
    return found


def matching(words: str, alerts: Sequence[Alert], *, frame: Frame) -> list[Alert]:
    """Those of that name, else of that time, else whose words have all of these."""
    named = [one for one in alerts if one.name and is_same(words, one.name)]
    if named:
        return named
    reading = read(words.removeprefix("for ").removeprefix("at ").removeprefix("on "), frame=frame)
    if reading is not None:
        return [one for one in alerts if any(_is_then(one, value, frame) for value in _values(reading))]
    parts = set(plain(words).split())
    return [one for one in alerts if parts <= set(plain(f"{one.name} {one.text}").split())]


def _values(reading: Reading) -> tuple[Value, ...]:
    if isinstance(reading, Ambiguous):
        return reading.candidates
    return () if not isinstance(reading, Value) else (reading,)


def _is_then(alert: Alert, value: Value, frame: Frame) -> bool:
    if alert.due_at is None:
        return False
    at = alert.due_at.astimezone(frame.zone)
    match value:
        case TimeOfDay():
            return at.time().replace(second=0, microsecond=0) == value.time
        case Moment():
            return at == value.at
        case Day():
            return at.date() == value.date
        case Interval():
            return value.start <= at < value.end
        case Recurrence():
            is_days = isinstance(alert.rule, Recurring) and alert.rule.rule == value.rule
            return is_days and (not value.has_time or at.time() == value.start.time())
        case _:
            return False


def _begins(alert: Alert, frame: Frame) -> datetime:
    """From when what recurs is to be told: what has begun goes on, unless the beginning says on which days or hours."""
    begun = _start(alert, frame.zone)
    if begun > frame.now or not isinstance(alert.rule, Recurring) or any(word in alert.rule.rule for word in _COUNTED):
        return begun
    following = next(occurrences(alert, after=frame.now, household=frame.zone), None)
    if following is None:
        return begun
    return following.astimezone(zone_of(alert, frame.zone)).replace(tzinfo=frame.zone)


def _start(alert: Alert, zone: tzinfo) -> datetime:
    match alert.rule:
        case AtMoment(at=at):
            return at
        case AtWallTime(local=local) | Recurring(start=local):
            return local.replace(tzinfo=zone)
        case OnEvent():
            return alert.created_at
