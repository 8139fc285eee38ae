"""Alarms and reminders as iCalendar (RFC 5545), there and back. Pure; the text is not trusted.

What rings once at a time is, if it is a reminder, a task that is due then (VTODO, DUE); alarms and what repeats are events that
begin then (VEVENT, DTSTART). It rings at that time: alarms that the text has for itself (VALARM) are other programs' affair.
Times "on the wall" are written without a zone, as RFC 5545 means them: they follow the household.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, pairwise
from typing import Any, Final

import icalendar

from earwitness.domain.alert import Alert, AlertKind, AtMoment, AtWallTime, OnEvent, Recurring, Rule
from earwitness.domain.errors import AlertError, LinkError
from earwitness.links.alert_rows import read_rule, written_rule
from earwitness.links.ical_read import is_followed
from earwitness.links.ical_write import framed, rewritten
from earwitness.links.sync.item_text import TEXT, main_component, one_line, written_at
from earwitness.links.sync.merge import DONE, Fields, Theirs
from earwitness.recurrence import check, moment_of, occurrences, zone_of

WHEN: Final = "when"
IS_ON: Final = "on"
SKIPPED: Final = "skipped"
SHORTEST_GAP: Final = timedelta(minutes=5)
"""What rings more often is not taken over."""
_USUAL_HOUR: Final = time(9)
"""When a reminder rings that is due on a day."""
_LOOKED_AT: Final = 100
"""Occurrences whose gaps are looked at."""
_MOST_COUNT: Final = 5000
_LONGEST_RULE: Final = 200
_UNNAMED: Final = {AlertKind.ALARM: "Alarm", AlertKind.REMINDER: "Reminder"}
_OF_TIME: Final = ("DTSTART", "DUE", "DTEND", "DURATION", "RRULE", "RDATE")
_OF_CHANGE: Final = ("LAST-MODIFIED", "DTSTAMP")
_PASSED: Final = timedelta(minutes=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def alert_fields(alert: Alert, *, now: datetime) -> Fields:
    """The fields of an alarm or a reminder; `now` is aware, in the household's zone."""
    zone = now.tzinfo or UTC
    coming = _coming(alert, now=now) if isinstance(alert.rule, Recurring) else None
    is_skipped = coming is not None and alert.skipped_until is not None and coming <= alert.skipped_until
    return {
        WHEN: written_rule(_plain_rule(alert.rule, zone)),
        TEXT: one_line(alert.name if alert.kind is AlertKind.ALARM else alert.text),
        IS_ON: "1" if alert.is_on else "",
        SKIPPED: coming.isoformat() if is_skipped and coming is not None else "",
        DONE: "",
    }


def can_be_sent(alert: Alert, *, now: datetime) -> bool:
    """Whether a calendar can hold it, and it is still to come."""
    if alert.kind not in _UNNAMED or isinstance(alert.rule, OnEvent) or _refusal(alert, now=now):
        return False
    return _coming(alert, now=now - _PASSED) is not None


def rule_in(fields: Fields) -> Rule:
    """The rule of these fields."""
    return read_rule(fields[WHEN])


def read_alert(data: bytes, *, kind: AlertKind, href: str, etag: str, now: datetime) -> Theirs:
    """The alarm or reminder in a text, or why it is none."""

    def unread(note: str, uid: str = "") -> Theirs:
        return Theirs(href=href, etag=etag, uid=uid, fields=None, data=data, note=note)

    try:
        component = main_component(data, ("VEVENT", "VTODO"))
        if component is None:
            return unread("cannot be read")
        uid, summary = str(component.get("UID", "")), one_line(str(component.get("SUMMARY", "")))
        text = "" if summary == _UNNAMED[kind] else summary
        try:
            alert = replace(_probe(_rule(component, kind, now=now)), kind=kind)
            note = _refusal(alert, now=now) or ("" if text or kind is AlertKind.ALARM else "has no name")
        except AlertError as error:
            note = error.sentence
        if note:
            return unread(f'"{summary[:60]}" {note}', uid)
        coming = _coming(alert, now=now)
    except LinkError:
        return unread("cannot be read")
    except Exception:  # a foreign parser on a stranger's text raises whatever it meets
        return unread("cannot be read")
    status = str(component.get("STATUS", "")).upper()
    is_done = component.get("COMPLETED") is not None or status == "COMPLETED"
    is_skipped = isinstance(alert.rule, Recurring) and coming is not None and _is_left_out(component, coming, now=now)
    fields = {
        WHEN: written_rule(_plain_rule(alert.rule, now.tzinfo or UTC)),
        TEXT: text,
        IS_ON: "" if status == "CANCELLED" else "1",
        SKIPPED: coming.isoformat() if is_skipped and coming is not None else "",
        DONE: "1" if is_done else "",
    }
    is_to_come = _coming(alert, now=now - _PASSED) is not None
    return Theirs(
        href=href,
        etag=etag,
        uid=uid,
        fields=fields,
        is_wanted=is_to_come and not is_done,
        written_at=written_at(component),
        data=data,
    )


def written_alert(fields: Fields, *, kind: AlertKind, uid: str, now: datetime) -> bytes:
    """A text with that one alarm or reminder, which rings on phones too."""
    changed = (WHEN, TEXT, IS_ON, SKIPPED, DONE)
    return _with_zones(framed(_block(fields, kind=kind, names=changed, uid=uid, now=now)))


def rewritten_alert(theirs: Theirs, fields: Fields, *, kind: AlertKind, now: datetime) -> bytes | None:
    """The text with these fields; everything else in it stays. None: it has to be made anew, as another kind of component."""
    changed = tuple(name for name, value in fields.items() if (theirs.fields or {}).get(name) != value)
    component = main_component(theirs.data, ("VEVENT", "VTODO"))
    if component is None or component.name != _component_of(fields, kind):
        return None
    names = [*_OF_CHANGE]
    names += _OF_TIME if WHEN in changed else []
    names += ["SUMMARY"] if TEXT in changed else []
    names += ["STATUS", "COMPLETED", "PERCENT-COMPLETE"] if {IS_ON, DONE} & set(changed) else []
    names += ["EXDATE"] if {SKIPPED, WHEN} & set(changed) else []
    block = _block(fields, kind=kind, names=changed, uid=None, now=now)
    data = rewritten(theirs.data, block, uid=theirs.uid, names=names, has_alarms=WHEN in changed)
    return _with_zones(data) if WHEN in changed else data


def finished(theirs: Theirs, *, now: datetime) -> Fields | None:
    """The fields of a reminder that is over once its time is: ticked off, and not deleted; None for what is to be deleted."""
    if theirs.fields is None or not isinstance(rule := rule_in(theirs.fields), AtMoment | AtWallTime):
        return None
    zone = now.tzinfo or UTC
    at = rule.at if isinstance(rule, AtMoment) else moment_of(rule.local, zone)
    return {**theirs.fields, DONE: "1"} if at <= now else None


def _component_of(fields: Fields, kind: AlertKind) -> str:
    is_task = kind is AlertKind.REMINDER and not isinstance(rule_in(fields), Recurring)
    return "VTODO" if is_task else "VEVENT"


def _block(fields: Fields, *, kind: AlertKind, names: tuple[str, ...], uid: str | None, now: datetime) -> bytes:
    is_task = _component_of(fields, kind) == "VTODO"
    block: icalendar.Component = icalendar.Todo() if is_task else icalendar.Event()
    at = now.astimezone(UTC)
    if uid is not None:
        block.add("uid", uid)
    block.add("dtstamp", at)
    block.add("last-modified", at)
    summary = fields[TEXT] or _UNNAMED[kind]
    if TEXT in names:
        block.add("summary", summary)
    if WHEN in names:
        _add_time(block, rule_in(fields), is_task=is_task)
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", timedelta(0), parameters={"RELATED": "END"} if is_task else {})
        block.add_component(alarm)
    if IS_ON in names or DONE in names:
        on = "NEEDS-ACTION" if is_task else "CONFIRMED"
        block.add("status", ("COMPLETED" if fields[DONE] else on) if fields[IS_ON] else "CANCELLED")
        if fields[DONE]:
            block.add("completed", at)
            block.add("percent-complete", 100)
    if (SKIPPED in names or WHEN in names) and fields[SKIPPED]:
        block.add("exdate", _like_start(datetime.fromisoformat(fields[SKIPPED]), rule_in(fields), zone=now.tzinfo or UTC))
    return bytes(block.to_ical())


def _add_time(block: icalendar.Component, rule: Rule, *, is_task: bool) -> None:
    name = "due" if is_task else "dtstart"
    match rule:
        case AtMoment(at=at):
            block.add(name, at.astimezone(UTC))
        case AtWallTime(local=local, zone=zone):
            block.add(name, _zoned(local, zone))
        case Recurring(rule=text, start=start, zone=zone):
            block.add(name, _zoned(start, zone))
            block.add("rrule", icalendar.vRecur.from_ical(text))
        case OnEvent():
            raise TypeError("what waits for an event has no time")


def _zoned(local: datetime, zone: str) -> datetime:
    if not zone:
        return local
    return local.replace(tzinfo=UTC) if zone == "UTC" else local.replace(tzinfo=_zone_named(zone))


def _zone_named(name: str) -> tzinfo:
    return zone_of(_probe(AtWallTime(local=_EPOCH.replace(tzinfo=None), zone=name)), UTC)


def _probe(rule: Rule) -> Alert:
    """An alert of no kind in particular, to ask when that rule is due."""
    return Alert(alert_id="", kind=AlertKind.ALARM, rule=rule, created_at=_EPOCH)


def _like_start(moment: datetime, rule: Rule, *, zone: tzinfo) -> datetime:
    """A moment written as the start of the series is."""
    name = rule.zone if isinstance(rule, Recurring) else ""
    return moment.astimezone(_zone_named(name) if name else zone).replace(tzinfo=None if not name else _zone_named(name))


def _with_zones(data: bytes) -> bytes:
    """The text with a description of each zone that its times name (RFC 5545, 3.6.5)."""
    if b"TZID=" not in data:
        return data
    text = icalendar.Calendar.from_ical(data)
    assert isinstance(text, icalendar.Calendar)
    text.add_missing_timezones()
    return bytes(text.to_ical())


def _rule(component: Any, kind: AlertKind, *, now: datetime) -> Rule:
    """When it is to ring. Raises AlertError with what is wrong, as the end of a sentence."""
    names = ("DUE", "DTSTART") if component.name == "VTODO" else ("DTSTART",)
    when = next((found.dt for name in names if isinstance(getattr(found := component.get(name), "dt", None), date)), None)
    if when is None:
        raise AlertError("has no time")
    if not isinstance(when, datetime):
        if kind is AlertKind.ALARM:
            raise AlertError("has no time of day")
        when = datetime.combine(when, _USUAL_HOUR)
    rule = component.get("RRULE")
    if component.get("RDATE") is not None or isinstance(rule, list):
        raise AlertError("repeats in more than one way")
    local, zone = when.replace(tzinfo=None, microsecond=0, fold=0), _zone_name(when, now)
    if rule is None:
        if zone is None or zone == "UTC":
            return AtMoment(at=when.replace(microsecond=0).astimezone(UTC))
        return AtWallTime(local=local, zone=zone)
    if zone is None:
        raise AlertError("repeats in a time zone that is not known here")
    return Recurring(rule=_rule_text(rule), start=local, zone=zone)


def _zone_name(when: datetime, now: datetime) -> str | None:
    """The zone as alerts name it: empty for the household's; None for one that has no name."""
    if when.tzinfo is None:
        return ""
    key = getattr(when.tzinfo, "key", None) or ("UTC" if when.tzinfo is UTC else None)
    return None if key is None else _own_zone(key, now.tzinfo or UTC)


def _rule_text(rule: Any) -> str:
    """A rule written in one way, whoever wrote it."""
    text = str(rule.to_ical(), "ascii").upper()
    parts = sorted(text.split(";"), key=lambda part: (not part.startswith("FREQ="), part))
    return ";".join(parts)


def _plain_rule(rule: Rule, zone: tzinfo) -> Rule:
    """The same rule as it is read back from a calendar: whole seconds, and a series begins with its first time."""
    match rule:
        case AtMoment(at=at):
            return AtMoment(at=at.astimezone(UTC).replace(microsecond=0))
        case AtWallTime(local=local):
            return AtWallTime(local=local.replace(microsecond=0, fold=0), zone=_own_zone(rule.zone, zone))
        case Recurring(rule=text):
            alert = _probe(rule)
            first = next(occurrences(alert, after=None, household=zone), None)
            start = rule.start if first is None else first.astimezone(zone_of(alert, zone)).replace(tzinfo=None, fold=0)
            plain = _rule_text(icalendar.vRecur.from_ical(text))
            return Recurring(rule=plain, start=start.replace(microsecond=0), zone=_own_zone(rule.zone, zone))
        case OnEvent():
            return rule


def _own_zone(name: str, household: tzinfo) -> str:
    return "" if name and name == getattr(household, "key", None) and name != "UTC" else name


def _coming(alert: Alert, *, now: datetime) -> datetime | None:
    return next(occurrences(alert, after=now, household=now.tzinfo or UTC), None)


def _refusal(alert: Alert, *, now: datetime) -> str:
    """Why something that repeats may not ring here; empty if it may."""
    if not isinstance(alert.rule, Recurring):
        return ""
    rule, zone = icalendar.vRecur.from_ical(alert.rule.rule), now.tzinfo or UTC
    if len(alert.rule.rule) > _LONGEST_RULE or not is_followed(rule, alert.rule.start, now + timedelta(days=366)):
        return "repeats in a way that cannot be followed"
    if int((rule.get("COUNT") or [0])[0]) > _MOST_COUNT:
        return f"rings more than {_MOST_COUNT} times"
    try:
        check(alert, household=zone)
    except AlertError:
        return "repeats by a rule that cannot be kept"
    dues = islice(occurrences(alert, after=now, household=zone), _LOOKED_AT)
    if any(later - sooner < SHORTEST_GAP for sooner, later in pairwise(dues)):
        return f"rings more often than every {SHORTEST_GAP // timedelta(minutes=1)} minutes"
    return ""


def _is_left_out(component: Any, moment: datetime, *, now: datetime) -> bool:
    """Whether that time of a series is one of its exceptions (EXDATE)."""
    zone = now.tzinfo or UTC
    found = component.get("EXDATE")
    for group in found if isinstance(found, list) else [found]:
        for one in getattr(group, "dts", ()):
            at = one.dt
            if not isinstance(at, datetime):
                is_then = at == moment.astimezone(zone).date()
            else:
                is_then = (moment_of(at, zone) if at.tzinfo is None else at.astimezone(UTC)) == moment
            if is_then:
                return True
    return False
