"""What an alert says when it rings, rings late, or did not ring. Pure."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from earwitness.domain.alert import Alert, AlertKind, Ring
from earwitness.skills.wording import amount, duration, duration_adjective, sentence

LATE_SECONDS: Final = 15.0
"""From here on the sentence says that it is late."""


def called(alert: Alert) -> str:
    """What a timer or routine is called: "pasta timer", "5 minute timer", "bedtime routine"."""
    return f"{alert.name or duration_adjective(alert.total_seconds or 0.0)} {alert.kind.value}".strip()


def ring_sentence(alert: Alert, *, rings_at: datetime, now: datetime) -> str:
    """What is said at `now` of an alert that was to ring at `rings_at`; `now` is in the household's zone."""
    late = (now - rings_at).total_seconds()
    shown = clock_words(rings_at, now=now)
    match alert.kind:
        case AlertKind.TIMER:
            return f"Your {called(alert)} is done." if late < LATE_SECONDS else f"Your {called(alert)} ended {ago(late)} ago."
        case AlertKind.ALARM if late < LATE_SECONDS:
            return f"It is {shown}: {alert.name}." if alert.name else f"It is {shown}."
        case AlertKind.ALARM:
            return f"Your {_alarm(alert)} for {shown} rings {ago(late)} late."
        case AlertKind.REMINDER if late < LATE_SECONDS:
            return f"A reminder: {_text(alert)}."
        case AlertKind.REMINDER:
            return f"A reminder for {shown}, {ago(late)} late: {_text(alert)}."
        case AlertKind.ROUTINE:
            return f"Your {called(alert)} begins."


def missed_sentence(alert: Alert, ring: Ring, *, now: datetime, was_off: bool) -> str:
    """That it did not ring: because the server was off, or because the clock jumped past it."""
    shown = clock_words(ring.rings_at, now=now)
    before = f" and {amount(ring.times - 1, 'earlier one')}" if ring.times > 1 else ""
    match alert.kind:
        case AlertKind.TIMER:
            what = f"your {called(alert)} ended {ago((now - ring.rings_at).total_seconds())} ago"
        case AlertKind.ALARM:
            what = f"your {_alarm(alert)} for {shown}{before} did not ring"
        case AlertKind.REMINDER:
            what = f"your reminder for {shown}{before} was missed: {_text(alert)}"
        case AlertKind.ROUTINE:
            what = f"your {called(alert)} for {shown}{before} did not begin"
    return sentence(f"{'while I was off' if was_off else 'the clock jumped'}, {what}" if was_off else f"the clock jumped: {what}")


def clock_words(moment: datetime, *, now: datetime, zone: tzinfo | None = None) -> str:
    """A moment as the clock on the wall showed it: "7:00 AM", "7:00 AM yesterday", "7:00 AM on Monday", "7:00 AM on 3 March"."""
    local, here = moment.astimezone(zone or now.tzinfo), now.astimezone(zone or now.tzinfo)
    time = f"{local.hour % 12 or 12}:{local.minute:02} {'AM' if local.hour < 12 else 'PM'}"
    days = (here.date() - local.date()) // timedelta(days=1)
    if days == 0:
        return time
    if days in (1, -1):
        return f"{time} {'yesterday' if days == 1 else 'tomorrow'}"
    return f"{time} on {local:%A}" if abs(days) < 7 else f"{time} on {local.day} {local:%B}"


def ago(seconds: float) -> str:
    """Roughly, as people say it: "40 seconds", "5 minutes", "3 hours", "2 days"."""
    if seconds >= 2 * 86400:
        return amount(int(seconds // 86400), "day")
    step = 3600 if seconds >= 2 * 3600 else 60 if seconds >= 60 else 1
    return duration(seconds // step * step)


def _alarm(alert: Alert) -> str:
    return f"{alert.name} alarm" if alert.name else "alarm"


def _text(alert: Alert) -> str:
    return (alert.text or alert.name).rstrip(".")
