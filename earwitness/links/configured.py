"""The links that people configured. Owns the tables `links`, `link_secrets` and `link_memory`; runs none of them. Calls block.

Secrets are sealed before they are written, each bound to its link and name, under a key of the link's own: removing the link
destroys that. They are opened for `seat` alone, when a link starts, and come back from nothing else.
"""

import asyncio
import json
import secrets as random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import sqlalchemy as sa
from pydantic import ValidationError

from earwitness.domain.errors import LinkError, VaultError
from earwitness.domain.link import ConfiguredLink, Outgoing
from earwitness.links.link_kind import LinkKind, LinkOptions, Seat
from earwitness.storage.database import Database
from earwitness.storage.moments import moment
from earwitness.storage.outside import link_memory, link_secrets, links
from earwitness.storage.revocations import note_revoked

MOST_LINKS: Final = 64
LONGEST_NAME: Final = 64
LONGEST_SECRET: Final = 4096
LONGEST_MEMORY: Final = 256 * 1024
MOST_MEMORIES: Final = 64
_LOCK: Final = 0x6C696E6B


class Safe(Protocol):
    """Seals small things by drawers; the vault's."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes:
        """Raises VaultError."""
        ...

    def discard(self, drawer: str) -> None: ...


class ConfiguredLinks:
    """All links of one household. `kinds` are those that this house knows; `clock` gives aware datetimes."""

    def __init__(
        self, database: Database, *, safe: Callable[[], Safe], kinds: Sequence[LinkKind[Any]], clock: Callable[[], datetime]
    ) -> None:
        self.database = database
        self.kinds: Mapping[str, LinkKind[Any]] = {kind.name: kind for kind in kinds}
        self._safe = safe
        self._clock = clock

    def kind(self, name: str) -> LinkKind[Any]:
        """The kind of that name. Raises LinkError (link.unknown)."""
        if name not in self.kinds:
            raise LinkError(
                f"There is no kind of link called that; there is {', '.join(self.kinds) or 'none'}.", code="link.unknown"
            )
        return self.kinds[name]

    def all(self) -> tuple[ConfiguredLink, ...]:
        """Every link, in the order in which they were made. Raises StorageError."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(links).order_by(links.c.created_at, links.c.link_id)).all()
            set_at = connection.execute(sa.select(link_secrets.c.link_id, link_secrets.c.name, link_secrets.c.set_at)).all()
        since: dict[str, dict[str, datetime]] = {}
        for one in set_at:
            since.setdefault(one.link_id, {})[one.name] = moment(one.set_at)
        return tuple(_link(row, since.get(row.link_id, {})) for row in rows)

    def find(self, link_id: str) -> ConfiguredLink:
        """One link. Raises LinkError (link.unknown), StorageError."""
        found = next((one for one in self.all() if one.link_id == link_id), None)
        if found is None:
            raise LinkError("There is no such link.", code="link.unknown")
        return found

    def called(self, name: str) -> ConfiguredLink:
        """The link of that name or id. Raises LinkError (link.unknown), StorageError."""
        for one in self.all():
            if name == one.link_id or name.casefold() == one.name.casefold():
                return one
        raise LinkError("There is no link of that name.", code="link.unknown")

    def options_of(self, link: ConfiguredLink) -> LinkOptions:
        """A link's options, in the shape of its kind. Raises LinkError (link.invalid, link.unknown)."""
        return checked_options(self.kind(link.kind), link.options)

    def outgoing(self, link: ConfiguredLink) -> tuple[Outgoing, ...]:
        """Where something goes by a link; nowhere, for one that this house cannot make. Never raises."""
        try:
            return self.kind(link.kind).outgoing(self.options_of(link))
        except LinkError:
            return ()

    def add(
        self, kind: str, *, name: str, options: Mapping[str, object], secrets: Mapping[str, str] | None = None
    ) -> ConfiguredLink:
        """Set a link up; on the disk when this returns. An empty secret is none.

        Raises LinkError (link.unknown for the kind, link.invalid, link.exists, link.too_many), StorageError, VaultError.
        """
        shape, link_id, now = self.kind(kind), random.token_hex(16), self._clock().timestamp()
        given = _checked_secrets(shape, secrets or {}, already=frozenset())
        row = {
            "link_id": link_id,
            "kind": kind,
            "name": _checked_name(name),
            "options": _written(checked_options(shape, options)),
            "created_at": now,
            "changed_at": now,
        }
        sealed = self._sealed(link_id, given)
        with self.database.writing(lock=_LOCK) as connection:
            counts = list(connection.execute(sa.select(links.c.kind)).scalars())
            if len(counts) >= MOST_LINKS or counts.count(kind) >= shape.most:
                raise LinkError(f"A house has at most {min(shape.most, MOST_LINKS)} links of that kind.", code="link.too_many")
            _refuse_taken(connection, str(row["name"]), but=None)
            connection.execute(sa.insert(links).values(row))
            self._store_secrets(connection, link_id, sealed=sealed)
        return self.find(link_id)

    def change(
        self,
        link_id: str,
        *,
        name: str | None = None,
        options: Mapping[str, object] | None = None,
        secrets: Mapping[str, str] | None = None,
        is_on: bool | None = None,
    ) -> ConfiguredLink:
        """Change what is given; a secret that is not given stays, an empty one is taken away. Raises as `add` does."""
        before, values = self.find(link_id), dict[str, object]()
        shape = self.kind(before.kind) if options is not None or secrets else None
        if name is not None:
            values["name"] = _checked_name(name)
        if options is not None and shape is not None:
            values["options"] = _written(checked_options(shape, options))
        if is_on is not None:
            values["is_on"] = is_on
        given = _checked_secrets(shape, secrets, already=frozenset(before.secrets_set)) if secrets and shape else {}
        if options is not None and shape is not None:
            self._refuse_elsewhere(shape, before, options=options, given=given)
        sealed = self._sealed(link_id, given)
        values |= {"changed_at": self._clock().timestamp(), "revision": links.c.revision + 1}
        with self.database.writing(lock=_LOCK) as connection:
            if "name" in values:
                _refuse_taken(connection, str(values["name"]), but=link_id)
            connection.execute(sa.update(links).where(links.c.link_id == link_id).values(**values))
            self._store_secrets(connection, link_id, sealed=sealed, gone=[one for one, text in given.items() if not text])
        return self.find(link_id)

    def _refuse_elsewhere(
        self, kind: LinkKind[Any], before: ConfiguredLink, *, options: Mapping[str, object], given: Mapping[str, str]
    ) -> None:
        """A secret that was entered for one place is not sent to another: whoever changes the place has to know it."""
        places = {(one.host, one.is_encrypted) for one in kind.outgoing(checked_options(kind, options))}
        if places <= {(one.host, one.is_encrypted) for one in self.outgoing(before)}:
            return
        for one in kind.secrets:
            if one.name in before.secrets_set and one.name not in given:
                raise LinkError(f"{one.title}: enter it again, as it would go to another place.", code="link.invalid")

    def remove(self, link_id: str) -> ConfiguredLink:
        """Take a link away, with the key of its secrets, also for backups. Raises LinkError (link.unknown), StorageError."""
        found = self.find(link_id)
        with self.database.writing(lock=_LOCK) as connection:
            for table in (link_secrets, link_memory, links):
                connection.execute(sa.delete(table).where(table.c.link_id == link_id))
            note_revoked(connection, "link", [link_id], at=self._clock())
        self._safe().discard(_drawer(link_id))
        return found

    def seat(self, link: ConfiguredLink) -> Seat[Any]:
        """What the link is made from, its secrets opened. Raises LinkError: link.secret if they cannot be, link.invalid."""
        with self.database.reading() as connection:
            where = link_secrets.c.link_id == link.link_id
            rows = connection.execute(sa.select(link_secrets.c.name, link_secrets.c.sealed).where(where)).all()
        try:
            opened = {row.name: self._open(link.link_id, row.name, row.sealed) for row in rows}
        except VaultError as error:
            raise LinkError(
                "Its password or token cannot be opened any more, as the key is not the one it was sealed by; enter it again.",
                code="link.secret",
            ) from error
        for one in self.kind(link.kind).secrets:
            if one.is_needed and not opened.get(one.name):
                raise LinkError(f"It has no {one.title.casefold()} yet; enter one.", code="link.secret")
        return Seat(
            link_id=link.link_id,
            name=link.name,
            options=self.options_of(link),
            secrets={name: text.decode() for name, text in opened.items()},
            memory=LinkMemory(self.database, safe=self._safe, link_id=link.link_id),
            clock=self._clock,
        )

    def _open(self, link_id: str, name: str, sealed: bytes) -> bytes:
        return self._safe().open(sealed, drawer=_drawer(link_id), row_id=f"secret/{name}")

    def _sealed(self, link_id: str, given: Mapping[str, str]) -> dict[str, bytes]:
        drawer = _drawer(link_id)
        return {
            name: self._safe().seal(text.encode(), drawer=drawer, row_id=f"secret/{name}") for name, text in given.items() if text
        }

    def _store_secrets(
        self, connection: sa.Connection, link_id: str, *, sealed: Mapping[str, bytes], gone: Sequence[str] = ()
    ) -> None:
        where, names = link_secrets.c.link_id == link_id, [*sealed, *gone]
        connection.execute(sa.delete(link_secrets).where(where, link_secrets.c.name.in_(names)))
        now = self._clock().timestamp()
        rows = [{"link_id": link_id, "name": name, "sealed": one, "set_at": now} for name, one in sealed.items()]
        if rows:
            connection.execute(sa.insert(link_secrets), rows)


class LinkMemory:
    """What one link keeps for itself, sealed like its secrets."""

    def __init__(self, database: Database, *, safe: Callable[[], Safe], link_id: str) -> None:
        self._database = database
        self._safe = safe
        self._link_id = link_id

    async def get(self, name: str) -> bytes | None:
        """What is kept under `name`. Raises StorageError, VaultError."""
        return await asyncio.to_thread(self._get, name)

    async def keep(self, name: str, value: bytes | None) -> None:
        """Keep it; None forgets it. Raises StorageError, VaultError, LinkError (link.too_large)."""
        await asyncio.to_thread(self._keep, name, value)

    def _get(self, name: str) -> bytes | None:
        query = sa.select(link_memory.c.sealed).where(link_memory.c.link_id == self._link_id, link_memory.c.name == name)
        with self._database.reading() as connection:
            sealed: bytes | None = connection.execute(query).scalar()
        return None if sealed is None else self._safe().open(sealed, drawer=_drawer(self._link_id), row_id=f"memory/{name}")

    def _keep(self, name: str, value: bytes | None) -> None:
        if not 0 < len(name) <= LONGEST_NAME or (value is not None and len(value) > LONGEST_MEMORY):
            raise LinkError(f"A link keeps at most {LONGEST_MEMORY} bytes under a name.", code="link.too_large")
        drawer, mine = _drawer(self._link_id), link_memory.c.link_id == self._link_id
        sealed = None if value is None else self._safe().seal(value, drawer=drawer, row_id=f"memory/{name}")
        with self._database.writing(lock=_LOCK) as connection:
            connection.execute(sa.delete(link_memory).where(mine, link_memory.c.name == name))
            is_there = connection.execute(sa.select(links.c.link_id).where(links.c.link_id == self._link_id)).scalar()
            if sealed is None or is_there is None:
                return
            if (connection.scalar(sa.select(sa.func.count()).select_from(link_memory).where(mine)) or 0) >= MOST_MEMORIES:
                raise LinkError(f"A link keeps at most {MOST_MEMORIES} things.", code="link.too_large")
            connection.execute(sa.insert(link_memory).values(link_id=self._link_id, name=name, sealed=sealed))


def checked_options(kind: LinkKind[Any], options: Mapping[str, object]) -> LinkOptions:
    """Options in the shape of a kind. Raises LinkError (link.invalid) that names the field and says what it should be."""
    try:
        found: LinkOptions = kind.options.model_validate_json(json.dumps(options))
    except (TypeError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise LinkError("The options are no JSON.", code="link.invalid") from error
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = str(first["loc"][0]) if first["loc"] else ""
        field = kind.options.model_fields.get(place)
        if field is None:
            raise LinkError(f"{kind.title} has no option called so.", code="link.invalid") from error
        what = "is needed" if first["type"] == "missing" else first["msg"].replace("Input should", "should")
        raise LinkError(f"{field.title or place}: {what[:1].lower()}{what[1:]}.", code="link.invalid") from error
    return found


def _checked_secrets(kind: LinkKind[Any], given: Mapping[str, str], *, already: frozenset[str]) -> dict[str, str]:
    known = {one.name for one in kind.secrets}
    if not set(given) <= known:
        raise LinkError(f"{kind.title} has no secret called so.", code="link.invalid")
    found = {name: text.strip("\r\n") for name, text in given.items()}
    for one in kind.secrets:
        text = found.get(one.name)
        if one.is_needed and not (one.name in already if text is None else text):
            raise LinkError(f"{one.title}: is needed.", code="link.invalid")
        if text is not None and (len(text.encode(errors="replace")) > LONGEST_SECRET or not _is_text(text)):
            raise LinkError(f"{one.title}: at most {LONGEST_SECRET} bytes of text.", code="link.invalid")
    return found


def _is_text(text: str) -> bool:
    return "\0" not in text and text == text.encode(errors="replace").decode()


def _checked_name(name: str) -> str:
    shown = " ".join(name.split())
    if not 1 <= len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise LinkError(f"Name: 1 to {LONGEST_NAME} characters.", code="link.invalid")
    return shown


def _refuse_taken(connection: sa.Connection, name: str, *, but: str | None) -> None:
    for row in connection.execute(sa.select(links.c.link_id, links.c.name)):
        if row.name.casefold() == name.casefold() and row.link_id != but:
            raise LinkError("Another link has that name already.", code="link.exists")


def _written(options: LinkOptions) -> str:
    return options.model_dump_json()


def _drawer(link_id: str) -> str:
    return f"link/{link_id}"


def _link(row: Any, secrets_set: Mapping[str, datetime]) -> ConfiguredLink:
    return ConfiguredLink(
        link_id=row.link_id,
        kind=row.kind,
        name=row.name,
        options=json.loads(row.options),
        secrets_set=secrets_set,
        is_on=bool(row.is_on),
        created_at=moment(row.created_at),
        changed_at=moment(row.changed_at),
        revision=row.revision,
    )
