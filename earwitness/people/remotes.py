"""The phones that may come in from elsewhere. Owns the table `remotes`: names, public keys, addresses; no secret is in it."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.errors import RemoteError
from earwitness.people.rows import LOCK
from earwitness.storage.database import Database
from earwitness.storage.household import remotes
from earwitness.storage.moments import moment
from earwitness.storage.revocations import note_revoked

LONGEST_NAME: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePhone:
    """A phone that has a profile. `public_key` is as WireGuard writes it; `address` the IPv4 one in the tunnel."""

    remote_id: str
    name: str
    public_key: str
    address: str
    created_at: datetime


class Remotes:
    """All of them. `clock` gives aware datetimes. Calls block."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, *, public_key: str, addresses: Iterable[str]) -> RemotePhone:
        """Let a phone in, at the first of `addresses` that no other has. Raises RemoteError: remote.exists for a name that is
        taken, remote.too_many when no address is free, remote.invalid for a name that is none."""
        shown = _name(name)
        with self._database.writing(lock=LOCK) as connection:
            rows = connection.execute(sa.select(remotes.c.name, remotes.c.address)).all()
            if shown.casefold() in {row.name.casefold() for row in rows}:
                raise RemoteError("A phone of that name has a profile already: revoke it first.", code="remote.exists")
            taken = {row.address for row in rows}
            address = next((one for one in addresses if one not in taken), None)
            if address is None:
                raise RemoteError("There is no address left in the tunnel: revoke phones you lost.", code="remote.too_many")
            row = {
                "remote_id": secrets.token_hex(16),
                "name": shown,
                "public_key": public_key,
                "address": address,
                "created_at": self._clock().timestamp(),
            }
            connection.execute(sa.insert(remotes).values(row))
            return _phone(connection.execute(sa.select(remotes).where(remotes.c.remote_id == row["remote_id"])).one())

    def all(self) -> tuple[RemotePhone, ...]:
        """Every phone, the first one first."""
        order = (remotes.c.created_at, remotes.c.remote_id)
        with self._database.reading() as connection:
            return tuple(_phone(row) for row in connection.execute(sa.select(remotes).order_by(*order)).all())

    def named(self, name: str) -> RemotePhone:
        """The phone of that name, capitals aside. Raises RemoteError if there is none."""
        wanted = " ".join(name.split()).casefold()
        return _first(one for one in self.all() if one.name.casefold() == wanted)

    def find(self, remote_id: str) -> RemotePhone:
        """The phone of that id. Raises RemoteError if there is none."""
        return _first(one for one in self.all() if one.remote_id == remote_id)

    def remove(self, remote_id: str) -> None:
        """Forget a phone for good; one that is not there is fine. Raises StorageError."""
        with self._database.writing(lock=LOCK) as connection:
            if connection.execute(sa.delete(remotes).where(remotes.c.remote_id == remote_id)).rowcount:
                note_revoked(connection, "phone", [remote_id], at=self._clock())


def _first(found: Iterable[RemotePhone]) -> RemotePhone:
    for one in found:
        return one
    raise RemoteError("No phone of that name has a profile; `earwitness remote list` shows which have.")


def _name(name: str) -> str:
    shown = " ".join(name.split())
    if not 1 <= len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise RemoteError(f"The name of a phone has 1 to {LONGEST_NAME} characters.", code="remote.invalid")
    return shown


def _phone(row: Any) -> RemotePhone:
    return RemotePhone(
        remote_id=row.remote_id,
        name=row.name,
        public_key=row.public_key,
        address=row.address,
        created_at=moment(row.created_at),
    )
