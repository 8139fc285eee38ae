"""Alerts and rings as rows of the database, there and back. Pure; `alerts.py` does the reading and writing."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from earwitness.domain.alert import (
    Alert,
    AlertKind,
    AtMoment,
    AtWallTime,
    OnEvent,
    Outcome,
    Place,
    Recurring,
    Ring,
    RingState,
    Rule,
)
from earwitness.storage.household import alerts

_COLUMNS = tuple(alerts.c.keys())
_MOMENTS = ("skipped_until", "handled_until", "due_at", "created_at")
_PLAIN = (
    "alert_id",
    "name",
    "text",
    "person_id",
    "area",
    "device_id",
    "sound",
    "is_rising",
    "must_acknowledge",
    "is_on",
    "total_seconds",
    "remaining_seconds",
    "revision",
)


def alert_columns(alert: Alert) -> dict[str, object]:
    """The row of an alert."""
    return {
        **{name: getattr(alert, name) for name in _PLAIN},
        **{name: stamp(getattr(alert, name)) for name in _MOMENTS},
        "kind": alert.kind.value,
        "place": alert.place.value,
        "rule": written_rule(alert.rule),
    }


def alert_of(row: sa.Row[Any]) -> Alert:
    """The alert that a whole row describes."""
    return _alert_of(tuple(row))


@lru_cache(maxsize=1024)
def _alert_of(values: tuple[Any, ...]) -> Alert:
    """Most rows are as they were when they were read the last time."""
    row: dict[str, Any] = dict(zip(_COLUMNS, values, strict=True))
    return Alert(
        **{name: row[name] for name in _PLAIN},
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        due_at=moment(row["due_at"]),
        handled_until=moment(row["handled_until"]),
        skipped_until=moment(row["skipped_until"]),
        kind=AlertKind(row["kind"]),
        place=Place(row["place"]),
        rule=read_rule(row["rule"]),
    )


def ring_of(row: sa.Row[Any]) -> Ring:
    """The ring that a row describes."""
    due_at, rings_at = moment(row.due_at), moment(row.rings_at)
    assert due_at is not None
    assert rings_at is not None
    return Ring(
        alert_id=row.alert_id,
        due_at=due_at,
        state=RingState(row.state),
        rings_at=rings_at,
        sounded_at=moment(row.sounded_at),
        ended_at=moment(row.ended_at),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        repeats=row.repeats,
        times=row.times,
    )


def stamp(at: datetime | None) -> float | None:
    """Seconds since 1970."""
    return None if at is None else at.timestamp()


def moment(seconds: float | None) -> datetime | None:
    """The moment that `stamp` wrote."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def written_rule(rule: Rule) -> str:
    """A rule as JSON."""
    match rule:
        case AtMoment(at=at):
            values: dict[str, object] = {"moment": at.timestamp()}
        case AtWallTime(local=local, zone=zone):
            values = {"wall": local.isoformat(), "zone": zone}
        case Recurring(rule=text, start=start, zone=zone):
            values = {"rule": text, "start": start.isoformat(), "zone": zone}
        case OnEvent(event=event, is_once=is_once):
            values = {"event": event, "once": is_once}
    return json.dumps(values)


def read_rule(text: str) -> Rule:
    """The rule that `written_rule` wrote."""
    values = json.loads(text)
    if "moment" in values:
        return AtMoment(at=datetime.fromtimestamp(values["moment"], UTC))
    if "wall" in values:
        return AtWallTime(local=datetime.fromisoformat(values["wall"]), zone=values["zone"])
    if "event" in values:
        return OnEvent(event=values["event"], is_once=values["once"])
    return Recurring(rule=values["rule"], start=datetime.fromisoformat(values["start"]), zone=values["zone"])
