"""Everybody's messages, kept in the database: the outbox, what came in, and where it is read aloud. Texts are sealed.

Owns the rows and which state may follow which; it carries nothing. What is over is erased: at once if its person keeps no text,
else when that person's retention ends. Calls block on the disk, and are durable when they return.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import LinkError, VaultError
from earwitness.domain.message import IS_OVER, UNTOLD, Aloud, Arrival, Message, MessageState, cut
from earwitness.storage.database import Database
from earwitness.storage.messages import messages as rows
from earwitness.storage.messages import messages_aloud, seen_messages
from earwitness.storage.moments import moment
from earwitness.storage.revocations import note_revoked

REMEMBERED: Final = timedelta(days=1)
"""How long it is known, without its text, what became of a message whose person keeps nothing."""
WAITS_AT_MOST: Final = timedelta(days=1)
"""A message that could not be sent for so long is not sent any more: it would surprise both."""
SEEN_FOR: Final = timedelta(days=60)
HEARD_AGAIN: Final = timedelta(minutes=10)
"""For so long a message that was read can be read again, although its person keeps nothing: somebody may have spoken into it."""
MOST_IN_BOX: Final = 1000
"""Of one person; for more the oldest go that were read, or of which nothing more comes. What is new stays."""
MOST_NEW_OF_STRANGER: Final = 50
MOST_NEW_OF_STRANGERS: Final = 300
"""New in a box from who is no contact: more is not taken in, and they never have anything else deleted."""
MOST_SEEN: Final = 10_000
"""Of one link."""
MOST_WAITING: Final = 50
"""Of one person: more is a mistake, or mischief."""
_LOCK: Final = 0x6D657373
_S = MessageState
_AFTER: Final[Mapping[MessageState, frozenset[MessageState]]] = {
    _S.WAITING: frozenset({_S.SENDING, _S.FAILED, _S.WITHDRAWN}),
    _S.SENDING: frozenset({_S.WAITING, _S.SENT, _S.DELIVERED, _S.FAILED, _S.UNKNOWN}),
    _S.SENT: frozenset({_S.DELIVERED, _S.FAILED}),
    _S.UNKNOWN: frozenset({_S.SENT, _S.DELIVERED, _S.FAILED}),
    _S.NEW: frozenset({_S.READ}),
}
"""What may follow: the rest is over, and what a link tells too late or twice changes nothing."""


class Safe(Protocol):
    """The vault's drawers."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes: ...


def drawer_of(person_id: str | None) -> str:
    """Where the messages of a person are sealed; those of the household, without one."""
    return f"messages/{person_id or 'household'}"


class MessageBox:
    """All boxes. `keeps_for` gives how long a person lets text be kept, None for not at all; `clock` aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        safe: Safe,
        keeps_for: Callable[[str], timedelta | None],
        clock: Callable[[], datetime],
    ) -> None:
        self.database = database
        self._safe = safe
        self._keeps_for = keeps_for
        self._clock = clock

    # Going out

    def add(self, message: Message) -> Message:
        """Take a message into the outbox: it is not lost any more. Raises LinkError (link.too_many), StorageError, VaultError."""
        return self._add(message, beside=())

    def add_inside(self, message: Message, *, to: str | None, to_id: str, sender: str) -> Message:
        """The same inside the house: then it is in the inbox of `to` too, as `to_id`. `sender` is what the sender is called."""
        kept = replace(message, state=_S.DELIVERED)
        arrived = replace(
            kept,
            message_id=to_id,
            person_id=to,
            is_incoming=True,
            address=message.person_id or "",
            name=sender,
            state=_S.NEW,
        )
        return self._add(kept, beside=(arrived,))

    def _add(self, message: Message, *, beside: Iterable[Message]) -> Message:
        with self.database.writing(lock=_LOCK) as connection:
            waiting = sa.and_(_is_of(message.person_id), rows.c.state == _S.WAITING.value)
            if message.state is _S.WAITING and _count(connection, waiting) >= MOST_WAITING:
                raise LinkError(f"{MOST_WAITING} messages wait already; none is taken before they are out.", code="link.too_many")
            for one in (message, *beside):
                self._make_room(connection, one.person_id)
                kept, expires_at = self._as_kept(one) if one.state in IS_OVER else (one, None)
                stamp = None if expires_at is None else expires_at.timestamp()
                connection.execute(rows.insert().values(self._columns(kept) | {"expires_at": stamp}))
        return message

    def claim(self, link_id: str) -> Message | None:
        """The oldest message that waits for a link, which is SENDING from now on; None if there is none."""
        with self.database.writing(lock=_LOCK) as connection:
            query = sa.select(rows).where(rows.c.link_id == link_id, rows.c.state == _S.WAITING.value)
            row = connection.execute(query.order_by(rows.c.created_at, rows.c.message_id).limit(1)).first()
            return None if row is None else self._move(connection, self._message(row), to=_S.SENDING, reason="")

    def mark(
        self, message_id: str, state: MessageState, *, reason: str = "", link_id: str | None = None, is_last: bool = False
    ) -> Message | None:
        """Note how far a message has come; None if that cannot follow, or (with `link_id`) it went by another link.

        With `is_last` nothing more will be told of it: it counts as over.
        """
        with self.database.writing(lock=_LOCK) as connection:
            row = connection.execute(sa.select(rows).where(rows.c.message_id == message_id)).first()
            if row is None or (link_id is not None and row.link_id != link_id):
                return None
            before = self._message(row)
            if state not in _AFTER.get(before.state, frozenset()):
                return None
            return self._move(connection, before, to=state, reason=reason, is_last=is_last)

    def being_sent(self) -> tuple[Message, ...]:
        """Those that are SENDING: after a start nobody knows what became of them."""
        return self._all(rows.c.state == _S.SENDING.value)

    def waiting_links(self) -> frozenset[str]:
        """The links that messages wait for."""
        query = sa.select(rows.c.link_id).where(rows.c.state == _S.WAITING.value).distinct()
        with self.database.reading() as connection:
            return frozenset(one for one in connection.scalars(query) if one is not None)

    # Coming in

    def receive(
        self, arrival: Arrival, *, message_id: str, link_id: str, person_id: str | None, name: str, is_known: bool
    ) -> Message | None:
        """Put what came in by a link into a box; None if it came before, or is one too many of a sender who is not known.

        Raises LinkError (link.too_many) where the box is full of what is new, StorageError, VaultError.
        """
        now = self._clock()
        mark = hashlib.sha256("\0".join((link_id, arrival.outside_id)).encode("utf-8", "surrogatepass")).digest()[:16]
        message = Message(
            message_id=message_id,
            person_id=person_id,
            is_incoming=True,
            link_id=link_id,
            address=arrival.address[:200],
            name=cut(name)[:100],
            text=cut(arrival.text),
            state=_S.NEW,
            created_at=min(arrival.sent_at or now, now),
            changed_at=now,
        )
        with self.database.writing(lock=_LOCK) as connection:
            is_seen = sa.and_(seen_messages.c.link_id == link_id, seen_messages.c.mark == mark)
            if connection.execute(sa.select(seen_messages.c.seen_at).where(is_seen)).first() is not None:
                return None
            if not is_known and not self._has_room_for_stranger(connection, message):
                return None
            self._make_room(connection, person_id)
            _note_seen(connection, link_id=link_id, mark=mark, at=now)
            connection.execute(rows.insert().values(self._columns(message)))
        return message

    def read(self, message_ids: Collection[str]) -> None:
        """Note that they were read; what is not kept is erased with it."""
        for message_id in message_ids:
            self.mark(message_id, _S.READ)

    def _make_room(self, connection: sa.Connection, person_id: str | None) -> None:
        where = _is_of(person_id)
        if _count(connection, where) < MOST_IN_BOX:
            return
        may_go = rows.c.state.notin_([_S.WAITING.value, _S.SENDING.value, _S.NEW.value])
        is_over = rows.c.state.in_([one.value for one in IS_OVER])
        oldest = sa.select(rows.c.message_id).where(where, may_go).order_by(is_over.desc(), rows.c.created_at).limit(1)
        if not connection.execute(rows.delete().where(rows.c.message_id.in_(oldest))).rowcount:
            raise LinkError("An inbox is full of new messages: read or delete some, then more come in.", code="link.too_many")

    def _has_room_for_stranger(self, connection: sa.Connection, message: Message) -> bool:
        new = sa.and_(_is_of(message.person_id), rows.c.state == _S.NEW.value)
        count = _count(connection, new)
        if count >= MOST_NEW_OF_STRANGERS or _count(connection, _is_of(message.person_id)) >= MOST_IN_BOX:
            return False
        if count < MOST_NEW_OF_STRANGER:
            return True
        theirs = [row for row in connection.execute(sa.select(rows).where(new)) if self._message(row).address == message.address]
        return len(theirs) < MOST_NEW_OF_STRANGER

    # Looking and erasing

    def of(self, person_id: str | None) -> tuple[Message, ...]:
        """Everything in the box of a person, newest first; in the household's, without one. Raises StorageError, VaultError."""
        return self._all(_is_of(person_id))

    def unread(self, person_id: str | None) -> tuple[Message, ...]:
        """What is new in a box, oldest first."""
        return self._all(sa.and_(_is_of(person_id), rows.c.state == _S.NEW.value))[::-1]

    def find(self, message_id: str) -> Message | None:
        found = self._all(rows.c.message_id == message_id)
        return found[0] if found else None

    def remove(self, message_ids: Collection[str]) -> int:
        """Forget messages, but none that is being sent, also for backups; gives how many went."""
        with self.database.writing(lock=_LOCK) as connection:
            is_one = sa.and_(rows.c.message_id.in_(tuple(message_ids)), rows.c.state != _S.SENDING.value)
            note_revoked(connection, "message", connection.scalars(sa.select(rows.c.message_id).where(is_one)), at=self._clock())
            return connection.execute(rows.delete().where(is_one)).rowcount

    def erase(self, person_id: str) -> int:
        """Forget everything of a person, also what waits; gives how much there was."""
        with self.database.writing(lock=_LOCK) as connection:
            connection.execute(messages_aloud.delete().where(messages_aloud.c.person_id == person_id))
            return connection.execute(rows.delete().where(rows.c.person_id == person_id)).rowcount

    def expire(self) -> tuple[Message, ...]:
        """Let go of what is over its time; gives the messages that waited too long, and are not sent any more."""
        now = self._clock()
        with self.database.writing(lock=_LOCK) as connection:
            connection.execute(rows.delete().where(rows.c.expires_at <= now.timestamp()))
            connection.execute(seen_messages.delete().where(seen_messages.c.seen_at < (now - SEEN_FOR).timestamp()))
            heard = sa.and_(rows.c.state == _S.READ.value, rows.c.has_text, rows.c.changed_at < (now - HEARD_AGAIN).timestamp())
            for row in connection.execute(sa.select(rows).where(heard)).all():
                if row.person_id is None or self._keeps_for(row.person_id) is None:
                    self._let_go(connection, self._message(row))
            query = sa.select(rows).where(rows.c.state == _S.WAITING.value)
            late = connection.execute(query.where(rows.c.created_at < (now - WAITS_AT_MOST).timestamp())).all()
            reason = "It could not be sent for a day, so it is not sent any more."
            return tuple(self._move(connection, self._message(row), to=_S.FAILED, reason=reason) for row in late)

    def follow_consent(self, person_id: str) -> None:
        """Apply what a person keeps now to what is over already: a shorter time shortens, and without consent the text goes."""
        is_kept = sa.and_(rows.c.state == _S.SENT.value, rows.c.expires_at > rows.c.changed_at + UNTOLD.total_seconds())
        is_settled = sa.and_(rows.c.has_text, sa.or_(rows.c.state.in_([one.value for one in IS_OVER]), is_kept))
        with self.database.writing(lock=_LOCK) as connection:
            for row in connection.execute(sa.select(rows).where(rows.c.person_id == person_id, is_settled)).all():
                self._let_go(connection, self._message(row))

    # Aloud

    def aloud(self, person_id: str) -> dict[str, Aloud]:
        """What a person chose, by device; under "" for all others."""
        query = sa.select(messages_aloud).where(messages_aloud.c.person_id == person_id)
        with self.database.reading() as connection:
            return {row.device_id: Aloud(row.aloud) for row in connection.execute(query)}

    def choose_aloud(self, person_id: str, device_id: str, aloud: Aloud) -> None:
        """Choose it for a device, or for all others (""). Raises StorageError."""
        is_it = sa.and_(messages_aloud.c.person_id == person_id, messages_aloud.c.device_id == device_id)
        with self.database.writing(lock=_LOCK) as connection:
            connection.execute(messages_aloud.delete().where(is_it))
            connection.execute(messages_aloud.insert().values(person_id=person_id, device_id=device_id, aloud=aloud.value))

    # Rows

    def _all(self, where: sa.ColumnElement[bool]) -> tuple[Message, ...]:
        query = sa.select(rows).where(where).order_by(rows.c.created_at.desc(), rows.c.message_id)
        with self.database.reading() as connection:
            found = connection.execute(query).all()
        return tuple(self._message(row) for row in found)

    def _move(
        self, connection: sa.Connection, before: Message, *, to: MessageState, reason: str, is_last: bool = False
    ) -> Message:
        after = replace(before, state=to, reason=reason, changed_at=self._clock(), revision=before.revision + 1)
        expires_at: datetime | None = None
        if to in IS_OVER or is_last:
            kept, expires_at = self._as_kept(after)
            after = after if to is _S.READ else kept
        elif to in (_S.SENT, _S.UNKNOWN):
            expires_at = after.changed_at + UNTOLD
        self._write(connection, after, expires_at=expires_at)
        return after

    def _as_kept(self, message: Message) -> tuple[Message, datetime]:
        """A message of which nothing more will come, as far as its person lets it be kept, and until when it is."""
        keeps = None if message.person_id is None else self._keeps_for(message.person_id)
        if keeps is None:
            return replace(message, text=None), message.changed_at + REMEMBERED
        return message, message.created_at + keeps

    def _let_go(self, connection: sa.Connection, message: Message) -> None:
        kept, expires_at = self._as_kept(replace(message, revision=message.revision + 1))
        self._write(connection, kept, expires_at=expires_at)

    def _write(self, connection: sa.Connection, message: Message, *, expires_at: datetime | None) -> None:
        changed = self._columns(message) | {"expires_at": None if expires_at is None else expires_at.timestamp()}
        connection.execute(rows.update().where(rows.c.message_id == message.message_id).values(changed))

    def _columns(self, message: Message) -> dict[str, Any]:
        plain = {"address": message.address, "name": message.name, "text": message.text, "reason": message.reason}
        plain |= {"area": message.area} if message.area else {}
        sealed = self._safe.seal(
            json.dumps(plain).encode(),
            drawer=drawer_of(message.person_id),
            row_id=message.message_id,
            revision=message.revision,
        )
        return {
            "message_id": message.message_id,
            "person_id": message.person_id,
            "is_incoming": message.is_incoming,
            "link_id": message.link_id,
            "state": message.state.value,
            "created_at": message.created_at.timestamp(),
            "changed_at": message.changed_at.timestamp(),
            "has_text": message.text is not None,
            "revision": message.revision,
            "sealed": sealed,
        }

    def _message(self, row: sa.Row[Any]) -> Message:
        drawer = drawer_of(row.person_id)
        try:
            plain = json.loads(self._safe.open(row.sealed, drawer=drawer, row_id=row.message_id, revision=row.revision))
        except VaultError:  # its key is gone, or it was changed: what became of it may be known all the same
            plain = {"address": "", "name": "somebody", "text": None, "reason": "What it said cannot be opened any more."}
        return Message(
            message_id=row.message_id,
            person_id=row.person_id,
            is_incoming=row.is_incoming,
            link_id=row.link_id,
            state=_S(row.state),
            created_at=moment(row.created_at),
            changed_at=moment(row.changed_at),
            revision=row.revision,
            **plain,
        )


def _is_of(person_id: str | None) -> sa.ColumnElement[bool]:
    return rows.c.person_id.is_(None) if person_id is None else rows.c.person_id == person_id


def _note_seen(connection: sa.Connection, *, link_id: str, mark: bytes, at: datetime) -> None:
    of_link = seen_messages.c.link_id == link_id
    count = connection.scalar(sa.select(sa.func.count()).select_from(seen_messages).where(of_link)) or 0
    if count >= MOST_SEEN:
        oldest = sa.select(seen_messages.c.mark).where(of_link).order_by(seen_messages.c.seen_at).limit(MOST_SEEN // 100 or 1)
        connection.execute(seen_messages.delete().where(of_link, seen_messages.c.mark.in_(oldest)))
    connection.execute(seen_messages.insert().values(link_id=link_id, mark=mark, seen_at=at.timestamp()))


def _count(connection: sa.Connection, where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(rows).where(where)) or 0
