"""Alarms that are switched off: kept, but not ringing, until they are switched on again. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from earwitness.domain.alert import Alert, AtWallTime
from earwitness.domain.times import Frame
from earwitness.recurrence import next_due, zone_of


def awake(alarm: Alert, *, frame: Frame) -> Alert:
    """As it would be if it were switched on now. One that was for an hour that has passed is for the next such hour."""
    rule = alarm.rule
    if isinstance(rule, AtWallTime):
        now = frame.now.astimezone(zone_of(alarm, frame.zone)).replace(tzinfo=None)
        if rule.local <= now:
            today = datetime.combine(now.date(), rule.local.time())
            rule = replace(rule, local=today if today > now else today + timedelta(days=1))
    on = replace(alarm, rule=rule, is_on=True, handled_until=frame.now)
    return replace(on, due_at=next_due(on, household=frame.zone))
