"""Routines, kept in the database. Owns their rows, and the alert of one that runs at times. Calls block on the disk."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.alert import Alert, AlertKind, Rule
from earwitness.domain.routine import AtTimes, OnPhrase, OnState, Routine, Trigger
from earwitness.links.alerts import Alerts
from earwitness.storage.household import routines as rows

_KINDS: Final[dict[str, type[Trigger]]] = {"phrase": OnPhrase, "time": AtTimes, "state": OnState}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


class Routines:
    """All routines of the home."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._database = alerts.database

    def all(self) -> tuple[Routine, ...]:
        """Every routine, oldest first. Raises StorageError."""
        with self._database.reading() as connection:
            found = connection.execute(sa.select(rows).order_by(rows.c.created_at, rows.c.routine_id))
            return tuple(_routine(row) for row in found)

    def find(self, routine_id: str) -> Routine | None:
        """The routine of that id. Raises StorageError."""
        return next((one for one in self.all() if one.routine_id == routine_id), None)

    def add(self, routine: Routine, *, alert: Alert | None = None) -> None:
        """Keep a routine, and the alert of one that runs at times, which has the routine's id.

        Raises AlertError, StorageError.
        """
        with self._database.writing() as connection:
            connection.execute(rows.insert().values(**_columns(routine)))
        if alert is not None:
            try:
                self._alerts.add(alert)
            except BaseException:
                self.remove(routine.routine_id)
                raise

    def change(self, before: Routine, *, after: Routine, rule: Rule | None = None) -> bool:
        """Replace a routine, only if it still is as `before`; tells whether it was. `rule` is when it runs from now on, if at
        other times than before.

        What waits for its time begins or goes with it, all or nothing. Raises AlertError, StorageError.
        """
        with self._database.writing() as connection:
            row = connection.execute(sa.select(rows).where(rows.c.routine_id == before.routine_id)).one_or_none()
            if row is None or _routine(row) != before:
                return False
            is_same = sa.and_(rows.c.routine_id == before.routine_id, rows.c.steps == row.steps, rows.c.is_on == row.is_on)
            if connection.execute(rows.update().where(is_same).values(**_columns(after))).rowcount != 1:
                return False
            self._plan(connection, after, rule=rule)
        return True

    def _plan(self, connection: sa.Connection, routine: Routine, *, rule: Rule | None) -> None:
        """Let the alert of a routine be as the routine is now."""
        before = self._alerts.of_id(connection, routine.routine_id)
        if not isinstance(routine.trigger, AtTimes):
            self._alerts.delete(connection, [routine.routine_id])
        elif before is None or (rule is not None and rule != before.rule):
            self._alerts.delete(connection, [routine.routine_id])
            if rule is not None:
                self._alerts.insert(connection, alert_of(routine, rule, created_at=self._alerts.now()))
        elif before.person_id != routine.person_id:
            self._alerts.swap(connection, before, after=replace(before, person_id=routine.person_id))

    def alert(self, routine: Routine) -> Alert | None:
        """The alert of a routine that runs at times; None for others. Raises StorageError."""
        with self._database.reading() as connection:
            return self._alerts.of_id(connection, routine.routine_id)

    def switch(self, routine_id: str, *, is_on: bool) -> bool:
        """Let it run, or not; tells whether there is one. Raises StorageError."""
        change = rows.update().where(rows.c.routine_id == routine_id).values(is_on=is_on)
        with self._database.writing() as connection:
            return connection.execute(change).rowcount == 1

    def remove(self, routine_id: str) -> bool:
        """Forget a routine and its alert; tells whether there was one. Raises StorageError."""
        self._alerts.remove([routine_id])
        with self._database.writing() as connection:
            return connection.execute(rows.delete().where(rows.c.routine_id == routine_id)).rowcount == 1

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change; returns how to unsubscribe."""
        return self._database.subscribe(callback, tables=(rows,))


def alert_of(routine: Routine, rule: Rule, *, created_at: datetime) -> Alert:
    """What is due when a routine that runs at times is to run."""
    return Alert(
        alert_id=routine.routine_id, kind=AlertKind.ROUTINE, rule=rule, created_at=created_at, person_id=routine.person_id
    )


def _columns(routine: Routine) -> dict[str, object]:
    return {
        "routine_id": routine.routine_id,
        "trigger_kind": _NAMES[type(routine.trigger)],
        "trigger_fields": json.dumps(asdict(routine.trigger)),
        "steps": json.dumps(routine.steps),
        "created_at": routine.created_at.timestamp(),
        "person_id": routine.person_id,
        "area": routine.area,
        "device_id": routine.device_id,
        "is_once": routine.is_once,
        "is_on": routine.is_on,
        "name": routine.name,
    }


def _routine(row: sa.Row[Any]) -> Routine:
    return Routine(
        routine_id=row.routine_id,
        trigger=_KINDS[row.trigger_kind](**json.loads(row.trigger_fields)),
        steps=tuple(json.loads(row.steps)),
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        person_id=row.person_id,
        area=row.area,
        device_id=row.device_id,
        is_once=bool(row.is_once),
        is_on=bool(row.is_on),
        name=row.name,
    )
