"""The log of satellites and their pairing: who came, went, was refused, muted or revoked. Owns the table `device_log`.

No secret, no sound and no code is in it. An entry is kept for a year, and at most MOST_ENTRIES in all. Calls block.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from earwitness.domain.device import DeviceEntry, DeviceEvent
from earwitness.storage.database import Database
from earwitness.storage.household import device_log
from earwitness.storage.moments import moment

KEPT_FOR: Final = timedelta(days=365)
MOST_ENTRIES: Final = 5000
LONGEST_DETAIL: Final = 100


class DeviceLog:
    """The log of all devices. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def note(self, what: DeviceEvent, *, device_id: str | None = None, detail: str = "") -> None:
        """Add an entry, and drop what is too old or too much. Raises StorageError."""
        now = self._clock()
        row = {"device_id": device_id, "at": now.timestamp(), "what": what.value, "detail": detail[:LONGEST_DETAIL]}
        number, at = device_log.c.number, device_log.c.at
        with self._database.writing() as connection:
            connection.execute(sa.insert(device_log).values(row))
            surplus = connection.execute(sa.select(number).order_by(number.desc()).offset(MOST_ENTRIES).limit(1)).scalar()
            old = sa.or_(at <= (now - KEPT_FOR).timestamp(), number <= (surplus or 0))
            connection.execute(sa.delete(device_log).where(old))

    def latest(self, *, limit: int = 100, device_id: str | None = None) -> tuple[DeviceEntry, ...]:
        """The newest entries first, of one device if it is named."""
        query = sa.select(device_log).order_by(device_log.c.number.desc()).limit(limit)
        if device_id is not None:
            query = query.where(device_log.c.device_id == device_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(_entry(row) for row in rows)

    def last_of_each(self, what: DeviceEvent) -> dict[str, DeviceEntry]:
        """The newest entry of that kind for each device."""
        newest = (
            sa.select(sa.func.max(device_log.c.number))
            .where(device_log.c.what == what.value, device_log.c.device_id.is_not(None))
            .group_by(device_log.c.device_id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(device_log).where(device_log.c.number.in_(newest))).all()
        return {row.device_id: _entry(row) for row in rows}


def _entry(row: sa.Row[tuple[object, ...]]) -> DeviceEntry:
    return DeviceEntry(
        number=row.number, at=moment(row.at), what=DeviceEvent(row.what), device_id=row.device_id, detail=row.detail
    )
