"""Alerts, kept in the database. Owns their rows and the rule that each occurrence is claimed once; it does not wait or ring.

An occurrence is a row of `rings`, whose key is the alert and the moment it was due: it can be made once, by whichever server is
first. The same transaction moves the alert on to its next occurrence. Calls block on the disk.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import sqlalchemy as sa

from earwitness.domain.alert import (
    LATE_SECONDS,
    Alert,
    AlertKind,
    AtMoment,
    AtWallTime,
    OnEvent,
    Outcome,
    Recurring,
    Ring,
    RingState,
)
from earwitness.links.alert_rows import alert_columns, alert_of, moment, ring_of, stamp
from earwitness.recurrence import check, due_until, next_due
from earwitness.storage.database import Database
from earwitness.storage.household import alerts, rings

KEPT_DAYS: Final = 8
"""How long an occurrence that is over is remembered: longer than satellites hold alarms ahead."""
AHEAD: Final = timedelta(days=1)
"""What was handled later than this from now was handled by a clock that was ahead."""
SAME_EVENT: Final = timedelta(minutes=1)
"""What happens again within this is one event."""
_LOCK: Final = 7302
_OPEN: Final = (RingState.RINGING.value, RingState.SNOOZED.value, RingState.MISSED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An occurrence that is now the caller's to ring, or to tell of if its state is MISSED."""

    alert: Alert
    ring: Ring


class Alerts:
    """All alerts of the home. `clock` gives aware datetimes in the household's zone, which alerts without their own follow."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self.database = database
        self._clock = clock

    @property
    def zone(self) -> tzinfo:
        """The household's."""
        return self._clock().tzinfo or UTC

    def now(self) -> datetime:
        """The time, in the household's zone."""
        return self._clock()

    # Alerts

    def of_id(self, connection: sa.Connection, alert_id: str) -> Alert | None:
        """The alert of that id, in a transaction of the caller's."""
        row = connection.execute(sa.select(alerts).where(alerts.c.alert_id == alert_id)).one_or_none()
        return None if row is None else alert_of(row)

    def all(self) -> tuple[Alert, ...]:
        """Every alert, oldest first. Raises StorageError."""
        with self.database.reading() as connection:
            return _all(connection)

    def add(self, alert: Alert) -> Alert:
        """Keep a new alert; gives it as it is kept, with the moment it is due. Raises AlertError, StorageError."""
        with self.database.writing() as connection:
            return self.insert(connection, alert)

    def insert(self, connection: sa.Connection, alert: Alert) -> Alert:
        """The same in a transaction of the caller's."""
        check(alert, household=self.zone)
        begins = alert.created_at if isinstance(alert.rule, Recurring) else None
        kept = self._planned(replace(alert, handled_until=alert.handled_until or begins, revision=0))
        connection.execute(alerts.insert().values(**alert_columns(kept)))
        return kept

    def change(self, before: Alert, *, after: Alert) -> Alert | None:
        """Replace an alert, only if it still is as `before`; gives it as it is kept, None if it has changed meanwhile.

        With another rule, or switched on again, it is due from now on: nothing of before was missed.
        Raises AlertError, StorageError.
        """
        with self.database.writing() as connection:
            return self.swap(connection, before, after=after)

    def swap(self, connection: sa.Connection, before: Alert, *, after: Alert) -> Alert | None:
        """The same in a transaction of the caller's."""
        if after.rule != before.rule:
            check(after, household=self.zone)
        kept = self._planned(replace(self._begun_anew(before, after), revision=before.revision + 1))
        return kept if _swap(connection, before, kept) else None

    def skip_next(self, alert: Alert) -> Alert | None:
        """Pass over its next occurrence; None if it has changed meanwhile, or has none. Raises StorageError."""
        return None if alert.due_at is None else self.change(alert, after=replace(alert, skipped_until=alert.due_at))

    def unskip(self, alert: Alert) -> Alert | None:
        """Skip nothing after all; None if it has changed meanwhile. Raises StorageError."""
        return self.change(alert, after=replace(alert, skipped_until=None))

    def remove(self, alert_ids: Iterable[str]) -> int:
        """Forget alerts and what rings of them, all or none; gives how many there were. Raises StorageError."""
        with self.database.writing() as connection:
            return self.delete(connection, alert_ids)

    def delete(self, connection: sa.Connection, alert_ids: Iterable[str], *, revision: int | None = None) -> int:
        """The same in a transaction of the caller's; with `revision`, only what is still of that one."""
        ids, ended = tuple(alert_ids), _ended(Outcome.REMOVED, self._clock())
        is_same = sa.true() if revision is None else alerts.c.revision == revision
        count = connection.execute(alerts.delete().where(alerts.c.alert_id.in_(ids), is_same)).rowcount
        if count:
            connection.execute(rings.update().where(rings.c.alert_id.in_(ids), rings.c.state.in_(_OPEN)).values(**ended))
        return count

    def count(self, connection: sa.Connection, kind: AlertKind) -> int:
        """How many there are of a kind, in a transaction of the caller's."""
        return connection.scalar(sa.select(sa.func.count()).where(alerts.c.kind == kind.value)) or 0

    def happened(self, event: str, *, now: datetime) -> int:
        """Something happened that alerts may wait for: they are due now. Gives how many. Raises StorageError."""
        with self.database.writing(lock=_LOCK) as connection:
            waiting = [one for one in _all(connection) if _waits_for(one, event, now)]
            return sum(_swap(connection, one, replace(one, due_at=now, revision=one.revision + 1)) for one in waiting)

    def replan(self, *, now: datetime) -> int:
        """Work out anew when each is due: after the household's zone changed, a zone's rules did, or the clock was far ahead.

        Gives how many changed. Raises StorageError.
        """
        with self.database.writing(lock=_LOCK) as connection:
            found = [(one, self._replanned(one, now)) for one in _all(connection)]
            return sum(_swap(connection, one, after) for one, after in found if after.due_at != one.due_at)

    # Occurrences

    def open_rings(self) -> tuple[Ring, ...]:
        """What rings, is snoozed, or was missed and not told yet. Raises StorageError."""
        with self.database.reading() as connection:
            return _open(connection)

    def snapshot(self) -> tuple[tuple[Alert, ...], tuple[Ring, ...]]:
        """Alerts and open rings as of one moment. Raises StorageError."""
        with self.database.reading() as connection:
            return _all(connection), _open(connection)

    def next_due(self) -> datetime | None:
        """When the next alert is due; None if none is to come. Raises StorageError."""
        with self.database.reading() as connection:
            return moment(connection.scalar(sa.select(sa.func.min(alerts.c.due_at))))

    def claim(self, now: datetime, *, since: datetime | None = None) -> tuple[Claim, ...]:
        """Take what is due (not before `since`) and what was snoozed until now, earliest first. Nothing is ever given twice.

        Of several occurrences of one alert the last is given, and those more than LATE_SECONDS ago as one that was missed.
        Raises StorageError.
        """
        claimed: list[Claim] = []
        with self.database.writing(lock=_LOCK) as connection:
            due = sa.select(alerts).where(alerts.c.due_at <= now.timestamp(), alerts.c.due_at >= (stamp(since) or 0.0))
            for row in connection.execute(due).all():
                claimed += self._claim(connection, alert_of(row), now)
            claimed += _awaken(connection, now, since)
        return tuple(sorted(claimed, key=lambda one: (one.ring.rings_at, one.alert.alert_id)))

    def _claim(self, connection: sa.Connection, alert: Alert, now: datetime) -> list[Claim]:
        dues, following = due_until(alert, now=now, household=self.zone)
        after = replace(alert, due_at=following, handled_until=dues[-1], revision=alert.revision + 1)
        if not _swap(connection, alert, after):
            return []
        late = [due for due in dues if (now - due).total_seconds() > LATE_SECONDS]
        found = []
        if late:
            found.append(_missed(alert, late))
        if len(late) < len(dues):
            found.append(Ring(alert_id=alert.alert_id, due_at=dues[-1], state=RingState.RINGING, rings_at=dues[-1]))
        return [Claim(alert=after, ring=ring) for ring in found if _insert(connection, ring)]

    def note_sounded(self, ring: Ring, *, now: datetime) -> None:
        """It was given to what sounds. Raises StorageError."""
        with self.database.writing() as connection:
            connection.execute(rings.update().where(*_is(ring), rings.c.sounded_at.is_(None)).values(sounded_at=now.timestamp()))

    def miss(self, ring: Ring) -> None:
        """It was claimed and never heard, and is too late now. Raises StorageError."""
        with self.database.writing() as connection:
            connection.execute(rings.update().where(*_is(ring)).values(state=RingState.MISSED.value))

    def snooze(self, ring: Ring, *, until: datetime, is_repeat: bool = False) -> bool:
        """Let what rings ring again later; tells whether it rang. Raises StorageError."""
        later = {"state": RingState.SNOOZED.value, "rings_at": until.timestamp(), "repeats": rings.c.repeats + int(is_repeat)}
        with self.database.writing() as connection:
            return connection.execute(rings.update().where(*_is(ring), rings.c.state.in_(_OPEN)).values(**later)).rowcount == 1

    def end(self, ended: Collection[Ring], *, outcome: Outcome, now: datetime) -> None:
        """They ring no more; alerts that have nothing to come are forgotten. Raises StorageError."""
        with self.database.writing() as connection:
            for ring in ended:
                change = rings.update().where(*_is(ring), rings.c.state.in_(_OPEN))
                connection.execute(change.values(**_ended(outcome, now)))
            _forget_spent(connection, {ring.alert_id for ring in ended})

    def settle(self, alert_id: str, due_at: datetime, *, state: RingState, rings_at: datetime, now: datetime) -> bool:
        """Take over what a satellite did with an occurrence while it was on its own: it counts as rung.

        False if it was over, or no such alert is known: then it must not ring any more. Raises StorageError.
        """
        with self.database.writing(lock=_LOCK) as connection:
            row = connection.execute(sa.select(alerts).where(alerts.c.alert_id == alert_id)).one_or_none()
            if row is None or not self._take_over(connection, alert_of(row), due_at, state=state, rings_at=rings_at, now=now):
                return False
            if state is RingState.OVER:
                _forget_spent(connection, {alert_id})
        return True

    def _take_over(
        self, connection: sa.Connection, alert: Alert, due_at: datetime, *, state: RingState, rings_at: datetime, now: datetime
    ) -> bool:
        if alert.due_at is not None and alert.due_at <= due_at:
            before = [one for one in due_until(alert, now=due_at, household=self.zone)[0] if one < due_at]
            if before:
                _insert(connection, _missed(alert, before))
            handled = replace(alert, handled_until=due_at, revision=alert.revision + 1)
            if not _swap(connection, alert, replace(handled, due_at=next_due(handled, household=self.zone))):
                return False
        ring = Ring(alert_id=alert.alert_id, due_at=due_at, state=RingState.RINGING, rings_at=due_at)
        _insert(connection, ring)
        ended = _ended(Outcome.STOPPED, now) if state is RingState.OVER else {"state": state.value}
        values = {"rings_at": rings_at.timestamp(), "sounded_at": sa.func.coalesce(rings.c.sounded_at, stamp(due_at)), **ended}
        return connection.execute(rings.update().where(*_is(ring), rings.c.state.in_(_OPEN)).values(**values)).rowcount == 1

    def prune(self, *, now: datetime) -> None:
        """Forget occurrences that were over KEPT_DAYS ago. Raises StorageError."""
        with self.database.writing() as connection:
            connection.execute(rings.delete().where(rings.c.ended_at < (now - timedelta(days=KEPT_DAYS)).timestamp()))

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change of an alert or ring; returns how to unsubscribe."""
        return self.database.subscribe(callback, tables=(alerts, rings))

    def _begun_anew(self, before: Alert, after: Alert) -> Alert:
        if isinstance(after.rule, Recurring) and _plan(before) != _plan(after):
            now = self._clock()
            return replace(after, handled_until=max(now, after.handled_until or now))
        if after.rule != before.rule:
            return replace(after, handled_until=None)
        return replace(after, handled_until=self._clock()) if after.is_on and not before.is_on else after

    def _planned(self, alert: Alert) -> Alert:
        return replace(alert, due_at=next_due(alert, household=self.zone))

    def _replanned(self, alert: Alert, now: datetime) -> Alert:
        if not isinstance(alert.rule, Recurring | AtWallTime):
            return alert
        handled = alert.handled_until
        if isinstance(alert.rule, Recurring) and handled is not None and handled > now + AHEAD:
            handled = now
        return self._planned(replace(alert, handled_until=handled, revision=alert.revision + 1))


def _plan(alert: Alert) -> tuple[object, ...]:
    return alert.rule, alert.is_on, alert.skipped_until


def _waits_for(alert: Alert, event: str, now: datetime) -> bool:
    """Not if it has just been due for it: who says good night twice, or to two rooms, has said it once."""
    if not isinstance(alert.rule, OnEvent) or alert.rule.event != event or not alert.is_on or alert.due_at is not None:
        return False
    handled = alert.handled_until
    return handled is None or (not alert.rule.is_once and not now - SAME_EVENT < handled <= now)


def _all(connection: sa.Connection) -> tuple[Alert, ...]:
    rows = connection.execute(sa.select(alerts).order_by(alerts.c.created_at, alerts.c.alert_id))
    return tuple(alert_of(row) for row in rows)


def _open(connection: sa.Connection) -> tuple[Ring, ...]:
    rows = connection.execute(sa.select(rings).where(rings.c.state.in_(_OPEN)).order_by(rings.c.rings_at, rings.c.alert_id))
    return tuple(ring_of(row) for row in rows)


def _swap(connection: sa.Connection, before: Alert, after: Alert) -> bool:
    """Write an alert if nobody else has since it was read."""
    is_same = sa.and_(alerts.c.alert_id == before.alert_id, alerts.c.revision == before.revision)
    return connection.execute(alerts.update().where(is_same).values(**alert_columns(after))).rowcount == 1


def _is(ring: Ring) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return rings.c.alert_id == ring.alert_id, rings.c.due_at == ring.due_at.timestamp()


def _missed(alert: Alert, dues: Sequence[datetime]) -> Ring:
    """The last of several occurrences that nobody rang; it stands for all."""
    return Ring(alert_id=alert.alert_id, due_at=dues[-1], state=RingState.MISSED, rings_at=dues[-1], times=len(dues))


def _insert(connection: sa.Connection, ring: Ring) -> bool:
    """Make an occurrence; False if there is one of that alert and moment."""
    if connection.execute(sa.select(rings.c.state).where(*_is(ring))).one_or_none() is not None:
        return False
    values = {"state": ring.state.value, "rings_at": ring.rings_at.timestamp(), "times": ring.times}
    connection.execute(rings.insert().values(alert_id=ring.alert_id, due_at=ring.due_at.timestamp(), **values))
    return True


def _awaken(connection: sa.Connection, now: datetime, since: datetime | None) -> Sequence[Claim]:
    """What was snoozed until now rings again."""
    is_due = sa.and_(rings.c.state == RingState.SNOOZED.value, rings.c.rings_at <= now.timestamp())
    is_due = sa.and_(is_due, rings.c.rings_at >= (stamp(since) or 0.0))
    if connection.execute(sa.select(rings.c.state).where(is_due)).first() is None:
        return ()  # an update of nothing would count as a change, and wake whoever waits for one
    awake = connection.execute(rings.update().where(is_due).values(state=RingState.RINGING.value).returning(rings)).all()
    ids = [row.alert_id for row in awake]
    found = {row.alert_id: alert_of(row) for row in connection.execute(sa.select(alerts).where(alerts.c.alert_id.in_(ids)))}
    return [Claim(alert=found[row.alert_id], ring=ring_of(row)) for row in awake if row.alert_id in found]


def _forget_spent(connection: sa.Connection, alert_ids: Collection[str]) -> None:
    """Delete those of these alerts that will never be due again and of which nothing rings."""
    for alert_id in alert_ids:
        row = connection.execute(sa.select(alerts).where(alerts.c.alert_id == alert_id)).one_or_none()
        is_open = sa.select(rings.c.state).where(rings.c.alert_id == alert_id, rings.c.state.in_(_OPEN))
        if row is not None and _is_spent(alert_of(row)) and connection.execute(is_open).first() is None:
            connection.execute(alerts.delete().where(alerts.c.alert_id == alert_id, alerts.c.revision == row.revision))


def _is_spent(alert: Alert) -> bool:
    if alert.due_at is not None or alert.remaining_seconds is not None or alert.handled_until is None:
        return False
    if isinstance(alert.rule, OnEvent):
        return alert.rule.is_once
    return isinstance(alert.rule, AtMoment | AtWallTime) or alert.is_on


def _ended(outcome: Outcome, now: datetime) -> dict[str, object]:
    return {"state": RingState.OVER.value, "ended_at": now.timestamp(), "outcome": outcome.value}
