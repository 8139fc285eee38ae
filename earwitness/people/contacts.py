"""Contacts of people and of the household. Owns the table `contacts`, whose rows are sealed as a whole. Calls block.

A person's are sealed under a key of their own, which goes with the person; the household's under one of the household. What is
opened stays in memory, so that a spoken name is found at once. No log says anything of them.
"""

import json
import re
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.contact import Address, Channel, Contact, Relation, relation_word
from earwitness.domain.errors import ContactError, VaultError
from earwitness.storage.database import Database
from earwitness.storage.moments import moment
from earwitness.storage.outside import contacts as rows
from earwitness.storage.revocations import note_revoked

MOST_CONTACTS: Final = 2000
"""Of one person, and of the household."""
MOST_ALIASES: Final = 10
MOST_ADDRESSES: Final = 20
MOST_RELATIONS: Final = 20
LONGEST_NAME: Final = 100
LONGEST_VALUE: Final = 300
LONGEST_NOTE: Final = 500
_LOCK: Final = 0x636F6E74
_AT: Final = re.compile(r"[^\s@<>\"]{1,128}@[^\s@<>\"]{1,160}")
_FORMS: Final[Mapping[Channel, tuple[re.Pattern[str], str]]] = {
    Channel.PHONE: (re.compile(r"\+?[0-9*#]{2,20}"), "digits, with + and the country first if it is abroad"),
    Channel.SIP: (_AT, "an address like anna@example.org"),
    Channel.XMPP: (_AT, "an address like anna@example.org"),
    Channel.EMAIL: (_AT, "an address like anna@example.org"),
    Channel.MATRIX: (re.compile(r"[@#!][^\s:]{1,128}:[^\s]{1,160}"), "an address like @anna:example.org"),
    Channel.OTHER: (re.compile(r"\S.*"), "the name of a service's link"),
}


class Safe(Protocol):
    """Seals small things by drawers; the vault's."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes:
        """Raises VaultError."""
        ...


class Contacts:
    """All contacts. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, safe: Safe, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._safe = safe
        self._clock = clock
        self._opened: dict[str, Contact] = {}
        self._lock = threading.Lock()

    def of(self, person_id: str | None) -> tuple[Contact, ...]:
        """Whom somebody may call and write to: their own contacts and the household's, by name; the household's alone for a voice
        that nobody knows. Those that no key opens any more are left out. Raises StorageError."""
        mine = rows.c.owner_id.is_(None)
        return self._read(mine if person_id is None else sa.or_(mine, rows.c.owner_id == person_id))

    def owned_by(self, person_id: str | None) -> tuple[Contact, ...]:
        """One person's own, by name; None for the household's. Raises StorageError."""
        return self._read(_owned(person_id))

    def unreadable(self, person_id: str | None) -> int:
        """How many of one owner no key opens any more. Raises StorageError."""
        return self._count(person_id) - len(self.owned_by(person_id))

    def owner_of(self, contact_id: str) -> str | None:
        """Whose a contact is, whether it opens or not; None for the household's. Raises ContactError (contact.unknown)."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(rows.c.owner_id).where(rows.c.contact_id == contact_id)).one_or_none()
        if row is None:
            raise ContactError("There is no such contact.", code="contact.unknown")
        owner_id: str | None = row.owner_id
        return owner_id

    def find(self, contact_id: str) -> Contact:
        """One contact. Raises ContactError: contact.unknown, contact.unreadable; StorageError."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(rows).where(rows.c.contact_id == contact_id)).one_or_none()
        if row is None:
            raise ContactError("There is no such contact.", code="contact.unknown")
        return self._contact(row)

    def add(self, contact: Contact) -> Contact:
        """Keep a contact under a new id; on the disk when this returns. Raises ContactError, StorageError, VaultError."""
        return self.add_all([contact])[0]

    def add_all(self, contacts: Sequence[Contact]) -> list[Contact]:
        """Keep contacts of one owner, all or none. Raises as `add` does; contact.too_many."""
        if not contacts:
            return []
        owner_id, now = contacts[0].owner_id, self._clock()
        fresh = [
            replace(checked(one), contact_id=secrets.token_hex(16), owner_id=owner_id, changed_at=now, revision=1)
            for one in contacts
        ]
        values = [self._row(one) for one in fresh]
        with self._database.writing(lock=_LOCK) as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(rows).where(_owned(owner_id))) or 0
            if count + len(fresh) > MOST_CONTACTS:
                raise ContactError(f"At most {MOST_CONTACTS} contacts are kept.", code="contact.too_many")
            connection.execute(sa.insert(rows), values)
        return fresh

    def change(self, contact: Contact) -> Contact:
        """Keep a contact as it is now, with the same owner.

        Raises ContactError (contact.unknown, contact.invalid, contact.changed if it has another `revision` by now), StorageError,
        VaultError.
        """
        fresh = replace(checked(contact), changed_at=self._clock(), revision=contact.revision + 1)
        where = (rows.c.contact_id == contact.contact_id, _owned(contact.owner_id), rows.c.revision == contact.revision)
        with self._database.writing(lock=_LOCK) as connection:
            if connection.execute(sa.update(rows).where(*where).values(self._row(fresh))).rowcount == 1:
                return fresh
        self.find(contact.contact_id)
        raise ContactError("The contact was changed elsewhere just now; look at it again.", code="contact.changed")

    def remove(self, contact_id: str) -> None:
        """Forget a contact, also one that no key opens, also for backups. Raises ContactError (contact.unknown), StorageError."""
        with self._database.writing(lock=_LOCK) as connection:
            if not connection.execute(sa.delete(rows).where(rows.c.contact_id == contact_id)).rowcount:
                raise ContactError("There is no such contact.", code="contact.unknown")
            note_revoked(connection, "contact", [contact_id], at=self._clock())
        self._forget([contact_id])

    def forget_person(self, person_id: str) -> None:
        """Remove a person's contacts, and what the household's are to them. Raises StorageError."""
        with self._database.writing(lock=_LOCK) as connection:
            connection.execute(sa.delete(rows).where(rows.c.owner_id == person_id))
        with self._lock:
            self._opened = {key: one for key, one in self._opened.items() if one.owner_id != person_id}
        for one in self.owned_by(None):
            kept = tuple(relation for relation in one.relations if relation.person_id != person_id)
            if kept != one.relations:
                self.change(replace(one, relations=kept))

    def _count(self, person_id: str | None) -> int:
        with self._database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(rows).where(_owned(person_id))) or 0

    def _read(self, where: sa.ColumnElement[bool]) -> tuple[Contact, ...]:
        with self._database.reading() as connection:
            found = connection.execute(sa.select(rows).where(where)).all()
        contacts = []
        for row in found:
            try:
                contacts.append(self._contact(row))
            except ContactError:
                continue
        return tuple(sorted(contacts, key=lambda one: (one.name.casefold(), one.contact_id)))

    def _contact(self, row: Any) -> Contact:
        with self._lock:
            known = self._opened.get(row.contact_id)
        if known is not None and known.revision == row.revision:
            return known
        try:
            drawer, revision = _drawer(row.owner_id), row.revision
            plain = self._safe.open(row.sealed, drawer=drawer, row_id=row.contact_id, revision=revision)
        except VaultError as error:
            raise ContactError(
                "This contact cannot be opened, as its key is gone; remove it and enter it again.", code="contact.unreadable"
            ) from error
        found = _unpacked(row, json.loads(plain))
        with self._lock:
            self._opened[row.contact_id] = found
        return found

    def _row(self, contact: Contact) -> dict[str, object]:
        plain = json.dumps(_packed(contact), ensure_ascii=False, separators=(",", ":")).encode()
        drawer, row_id = _drawer(contact.owner_id), contact.contact_id
        return {
            "contact_id": row_id,
            "owner_id": contact.owner_id,
            "changed_at": contact.changed_at.timestamp(),
            "revision": contact.revision,
            "sealed": self._safe.seal(plain, drawer=drawer, row_id=row_id, revision=contact.revision),
        }

    def _forget(self, contact_ids: Sequence[str]) -> None:
        with self._lock:
            for one in contact_ids:
                self._opened.pop(one, None)


def checked(contact: Contact) -> Contact:
    """A contact as it may be kept: trimmed, addresses in one form. Raises ContactError (contact.invalid) with what is wrong."""
    name = _text(contact.name, "A name", longest=LONGEST_NAME)
    if not name:
        raise _invalid("A contact needs a name.")
    aliases = [_text(one, "Another name", longest=LONGEST_NAME) for one in contact.aliases]
    relations = {(one.person_id, relation_word(_text(one.word, "A relation", longest=LONGEST_NAME))) for one in contact.relations}
    addresses = list(dict.fromkeys(_address(one) for one in contact.addresses))
    for count, most, what in (
        (len(aliases), MOST_ALIASES, "other names"),
        (len(addresses), MOST_ADDRESSES, "addresses"),
        (len(relations), MOST_RELATIONS, "relations"),
    ):
        if count > most:
            raise _invalid(f"A contact has at most {most} {what}.")
    return replace(
        contact,
        name=name,
        aliases=tuple(dict.fromkeys(one for one in aliases if one)),
        relations=tuple(Relation(person_id=person_id, word=word) for person_id, word in sorted(relations) if word),
        addresses=tuple(addresses),
        note=_text(contact.note, "A note", longest=LONGEST_NOTE),
    )


def _address(address: Address) -> Address:
    value = _text(address.value, "An address", longest=LONGEST_VALUE)
    if address.channel is Channel.PHONE:
        value = re.sub(r"[\s().\-/\u2010-\u2015]+", "", value.removeprefix("tel:"))
        value = f"+{value[2:]}" if value.startswith("00") else value
    else:
        value = re.sub(r"^(?:sips?|xmpp|mailto|im):", "", value, flags=re.IGNORECASE)
    form, example = _FORMS[address.channel]
    if not form.fullmatch(value):
        raise _invalid(f"For {address.channel.value}, write {example}.")
    return replace(address, value=value, label=_text(address.label, "A label", longest=LONGEST_NAME))


def _text(text: str, what: str, *, longest: int) -> str:
    shown = " ".join(text.split())
    if len(shown) > longest or not shown.isprintable():
        raise _invalid(f"{what} has at most {longest} characters that can be read.")
    return shown


def _invalid(sentence: str) -> ContactError:
    return ContactError(sentence, code="contact.invalid")


def _owned(person_id: str | None) -> sa.ColumnElement[bool]:
    return rows.c.owner_id.is_(None) if person_id is None else rows.c.owner_id == person_id


def _drawer(owner_id: str | None) -> str:
    """As `vault.safe.drawers_of` has it for people."""
    return f"contacts/{owner_id or 'household'}"


def _packed(contact: Contact) -> dict[str, object]:
    return {
        "name": contact.name,
        "aliases": contact.aliases,
        "relations": [[one.person_id, one.word] for one in contact.relations],
        "addresses": [[one.channel.value, one.value, one.label, one.is_preferred] for one in contact.addresses],
        "note": contact.note,
    }


def _unpacked(row: Any, found: Mapping[str, Any]) -> Contact:
    return Contact(
        contact_id=row.contact_id,
        owner_id=row.owner_id,
        name=found["name"],
        aliases=tuple(found["aliases"]),
        relations=tuple(Relation(person_id=person_id, word=word) for person_id, word in found["relations"]),
        addresses=tuple(
            Address(channel=Channel(channel), value=value, label=label, is_preferred=is_preferred)
            for channel, value, label, is_preferred in found["addresses"]
        ),
        note=found["note"],
        changed_at=moment(row.changed_at),
        revision=row.revision,
    )
