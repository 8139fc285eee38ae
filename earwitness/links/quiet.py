"""Where nobody wants to be disturbed, kept in the database. Calls block on the disk; who disturbs has to ask it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from earwitness.domain.quiet import Quiet
from earwitness.storage.database import Database
from earwitness.storage.household import quiet as rows


class Quiets:
    """All wishes not to be disturbed: at most one per room, satellite without a room, and house. `clock` gives aware times."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def in_force(self) -> tuple[Quiet, ...]:
        """Those that hold now, the whole house's first. Raises StorageError."""
        now = self._clock().timestamp()
        holds = sa.or_(rows.c.until.is_(None), rows.c.until > now)
        query = sa.select(rows).where(holds).order_by(rows.c.area, rows.c.device_id)
        with self._database.reading() as connection:
            return tuple(_quiet(row) for row in connection.execute(query))

    def at(self, *, area: str | None, device_id: str | None) -> Quiet | None:
        """What holds in that room or at that satellite, what lasts longest; None if nothing does. Raises StorageError."""
        never = datetime.max.replace(tzinfo=UTC)
        found = [one for one in self.in_force() if one.is_at(area=area, device_id=device_id)]
        return max(found, key=lambda one: one.until or never, default=None)

    def is_at(self, *, area: str | None, device_id: str | None) -> bool:
        """Whether nobody in that room or at that satellite wants to be disturbed; of a page, `device_id` is None and its room
        does not count. Raises StorageError."""
        return self.at(area=area if device_id is not None else None, device_id=device_id) is not None

    def begin(self, quiet: Quiet) -> None:
        """Take a wish in place of the one for the same place; it is on the disk when this returns. Raises StorageError."""
        place = _place(quiet)
        until = None if quiet.until is None else quiet.until.timestamp()
        with self._database.writing(lock=0x71756965) as connection:
            connection.execute(rows.delete().where(_is_for(place)))
            connection.execute(rows.insert().values(**place, until=until))

    def end(self, quiet: Quiet) -> bool:
        """Take back the wish for that place, the house's with all others; False if none held. Raises StorageError."""
        now = self._clock().timestamp()
        with self._database.writing() as connection:
            connection.execute(rows.delete().where(rows.c.until <= now))
            gone = rows.delete() if quiet.is_house else rows.delete().where(_is_for(_place(quiet)))
            return connection.execute(gone).rowcount > 0

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change; returns how to unsubscribe."""
        return self._database.subscribe(callback, tables=(rows,))

    def move(self, area: str, *, called: str) -> None:
        """A room has another name from now on. Raises StorageError."""
        found = next((one for one in self.in_force() if one.area == area.casefold()), None)
        if found is not None and area.casefold() != called.casefold():
            self.begin(replace(found, area=called))
            self.end(found)


def _place(quiet: Quiet) -> dict[str, str]:
    return {"area": (quiet.area or "").casefold(), "device_id": quiet.device_id or ""}


def _is_for(place: dict[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(rows.c.area == place["area"], rows.c.device_id == place["device_id"])


def _quiet(row: sa.Row[tuple[str, str, float | None]]) -> Quiet:
    until = None if row.until is None else datetime.fromtimestamp(row.until, UTC)
    return Quiet(area=row.area or None, device_id=row.device_id or None, until=until)
