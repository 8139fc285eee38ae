"""The people of the household and their roles. Owns the table `people`, but for how somebody signs in, which is in `accounts.py`;
consents are in `consents.py`.

There is an owner, who is not suspended, as long as there is anybody; a child has a guardian who is an owner or an adult.
Calls block.
"""

import contextlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from earwitness.domain.account import GUARDIANS, HERE, AccountEvent, AccountRole, Origin
from earwitness.domain.errors import PersonError, StorageError
from earwitness.domain.person import Person
from earwitness.people import passphrase as secret
from earwitness.people.accounts import Accounts
from earwitness.people.aliases import new_alias
from earwitness.people.rows import LOCK, name_key, person_of_row, shown_name, unknown_person
from earwitness.people.totp import Safe
from earwitness.storage.database import Database
from earwitness.storage.household import passkeys, people

MOST_PEOPLE: Final = 1000


class People:
    """Everybody who enrolled; `accounts` is how they sign in, with `safe` as there. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], safe: Callable[[], Safe] | None = None) -> None:
        self._database = database
        self._clock = clock
        self.accounts = Accounts(database, clock=clock, safe=safe)

    def add(
        self,
        name: str,
        *,
        passphrase: str,
        role: AccountRole | None = None,
        guardian_id: str | None = None,
        known: tuple[str, ...] = (),
        person_id: str | None = None,
        origin: Origin = HERE,
        also: Callable[[sa.Connection], None] = lambda connection: None,
    ) -> Person:
        """Enrol somebody: without a role, the first as owner and later ones as adults.

        `known` are words that the passphrase must not rest on, such as the home's name; `person_id` is an id that a passkey was
        made for already (32 hexadecimal digits); `also` is done in the same transaction, or neither is. Raises PersonError:
        person.exists for a name that is taken, person.invalid for one that is none, person.weak for the passphrase,
        person.last_owner where the first is to be no owner, person.guardian; and what `also` raises.
        """
        shown, key = shown_name(name), name_key(name)
        secret.check_good(passphrase, known=(shown, *known))
        person_id = person_id or secrets.token_hex(16)
        row = {
            "person_id": person_id,
            "name": shown,
            "name_key": key,
            "alias": new_alias(),
            "passphrase_hash": secret.hashed(passphrase),
            "created_at": self._clock().timestamp(),
        }
        with self._database.writing(lock=LOCK) as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one()
            if count >= MOST_PEOPLE:
                raise PersonError(f"A household has at most {MOST_PEOPLE} people.", code="person.too_many")
            if connection.execute(sa.select(people.c.person_id).where(people.c.name_key == key)).scalar() is not None:
                raise PersonError("There is somebody of that name already; add a word to tell you apart.", code="person.exists")
            wanted = role or (AccountRole.ADULT if count else AccountRole.OWNER)
            if not count and wanted is not AccountRole.OWNER:
                raise PersonError("The first account is the owner's.", code="person.last_owner")
            _check_guardian(connection, wanted, guardian_id=guardian_id)
            also(connection)
            connection.execute(sa.insert(people).values(row | {"role": wanted.value, "guardian_id": guardian_id}))
            self.accounts.log.note_in(connection, person_id, what=AccountEvent.CREATED, origin=origin, detail=wanted.value)
        return self.find(person_id)

    def to_be(self, name: str) -> Person:
        """Somebody who is not there yet, for whom a passkey is made before the account. Nothing is written."""
        return Person(
            person_id=secrets.token_hex(16),
            name=name,
            alias="",
            created_at=self._clock(),
            restricted_at=None,
            saw_listens_at=self._clock(),
            is_told_aloud=False,
        )

    def find(self, person_id: object) -> Person:
        """The person with that id. Raises PersonError if there is none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
        if row is None:
            raise unknown_person()
        return person_of_row(row)

    def named(self, name: str) -> Person:
        """The person of that name, capitals aside. Raises PersonError if there is none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(people).where(people.c.name_key == name_key(name))).one_or_none()
        if row is None:
            raise unknown_person()
        return person_of_row(row)

    def all(self) -> tuple[Person, ...]:
        """Everybody, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(people).order_by(people.c.name_key)).all()
        return tuple(person_of_row(row) for row in rows)

    def wards_of(self, guardian_id: str) -> tuple[Person, ...]:
        """The children whose guardian somebody is, by name."""
        return tuple(one for one in self.all() if one.guardian_id == guardian_id and one.role is AccountRole.CHILD)

    def change(self, person_id: str, **values: object) -> Person:
        """Set `saw_listens_at`, `is_told_aloud` or `restricted_at` (datetimes aware). Raises PersonError, StorageError."""
        stored = {key: value.timestamp() if isinstance(value, datetime) else value for key, value in values.items()}
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(stored))
        return self.find(person_id)

    @property
    def database(self) -> Database:
        """Where they are kept."""
        return self._database

    # Roles

    def change_role(
        self, person_id: str, role: AccountRole, *, guardian_id: str | None = None, but: str | None = None, origin: Origin = HERE
    ) -> Person:
        """Give somebody another role, and end their sign-ins, all but the one of id `but`. Who is no longer an owner or adult is
        nobody's guardian either. Raises PersonError (person.last_owner, person.guardian, person.unknown)."""
        with self._database.writing(lock=LOCK) as connection:
            before = _find_in(connection, person_id)
            if role is not AccountRole.OWNER:
                _check_other_owner(connection, before)
            _check_guardian(connection, role, guardian_id=guardian_id, ward_id=person_id)
            values = {"role": role.value, "guardian_id": guardian_id}
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
            if role not in GUARDIANS:
                _leave_wards(connection, person_id)
            note = f"{before.role.value} to {role.value}"
            self.accounts.log.note_in(connection, person_id, what=AccountEvent.ROLE_CHANGED, origin=origin, detail=note)
        self.accounts.sign_ins.end_all(person_id, but=but)
        return self.find(person_id)

    def change_guardian(self, person_id: str, guardian_id: str, *, origin: Origin = HERE) -> Person:
        """Name who decides for a child. Raises PersonError (person.guardian; person.unknown)."""
        with self._database.writing(lock=LOCK) as connection:
            child = _find_in(connection, person_id)
            _check_guardian(connection, child.role, guardian_id=guardian_id, ward_id=person_id)
            values = {"guardian_id": guardian_id}
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
            self.accounts.log.note_in(connection, person_id, what=AccountEvent.GUARDIAN_CHANGED, origin=origin)
        return self.find(person_id)

    def suspend(self, person_id: str, *, origin: Origin = HERE) -> Person:
        """Let somebody in no more, and end their sign-ins; what is kept of them stays. Raises PersonError (person.last_owner)."""
        with self._database.writing(lock=LOCK) as connection:
            before = _find_in(connection, person_id)
            _check_other_owner(connection, before)
            if before.suspended_at is None:
                values = {"suspended_at": self._clock().timestamp()}
                connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
                self.accounts.log.note_in(connection, person_id, what=AccountEvent.SUSPENDED, origin=origin)
        self.accounts.sign_ins.end_all(person_id)
        return self.find(person_id)

    def restore(self, person_id: str, *, origin: Origin = HERE) -> Person:
        """Let somebody in again who was suspended. Raises PersonError."""
        with self._database.writing(lock=LOCK) as connection:
            if _find_in(connection, person_id).suspended_at is not None:
                connection.execute(sa.update(people).where(people.c.person_id == person_id).values(suspended_at=None))
                self.accounts.log.note_in(connection, person_id, what=AccountEvent.RESTORED, origin=origin)
        return self.find(person_id)

    def check_may_leave(self, person_id: str) -> None:
        """Raises PersonError (person.last_owner) for the only owner while others live here; the last of all may leave."""
        with self._database.reading() as connection:
            others = sa.select(people.c.person_id).where(people.c.person_id != person_id)
            if connection.execute(others.limit(1)).scalar() is not None:
                _check_other_owner(connection, _find_in(connection, person_id))

    def remove(self, person_id: str) -> None:
        """Forget a person with all sign-ins, consents and whatever else is theirs; nobody of that id is fine.

        It refuses nobody, for it ends an erasure that has begun: ask `check_may_leave` before. Raises StorageError.
        """
        with self._database.writing(lock=LOCK) as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
            keys = connection.execute(sa.select(passkeys).where(passkeys.c.person_id == person_id)).all()
            _leave_wards(connection, person_id)
            connection.execute(sa.delete(people).where(people.c.person_id == person_id))
            if row is not None:
                self.accounts.log.forget_name(connection, row.name)
        if row is not None:
            self.accounts.throttle.forget(row.name_key)
            texts = (row.name, row.name_key, row.alias, row.passphrase_hash, row.totp_secret, row.person_id)
            traces = [text.encode() for text in texts if text]
            traces += [bytes(trace) for key in keys for trace in (key.credential_id, key.public_key)]
            with contextlib.suppress(StorageError):  # the sweep of what they said empties the log too
                self._database.scrub(traces)

    def check(self, name: str, *, passphrase: str, code: str | None = None, origin: Origin = HERE) -> Person:
        """The person whose name and passphrase these are. Raises AccessError, as `accounts.check` does."""
        return self.accounts.check(name, passphrase=passphrase, code=code, origin=origin)[0]


def _find_in(connection: sa.Connection, person_id: str) -> Person:
    row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
    if row is None:
        raise unknown_person()
    return person_of_row(row)


def _check_other_owner(connection: sa.Connection, person: Person) -> None:
    if person.role is not AccountRole.OWNER:
        return
    others = (people.c.role == AccountRole.OWNER.value, people.c.suspended_at.is_(None), people.c.person_id != person.person_id)
    if connection.execute(sa.select(people.c.person_id).where(*others).limit(1)).scalar() is None:
        raise PersonError("This is the only owner; make somebody else an owner first.", code="person.last_owner")


def _check_guardian(connection: sa.Connection, role: AccountRole, *, guardian_id: str | None, ward_id: str | None = None) -> None:
    if role is not AccountRole.CHILD:
        if guardian_id is not None:
            raise PersonError("Only a child has a guardian.", code="person.guardian")
        return
    found = sa.select(people).where(people.c.person_id == guardian_id)
    row = connection.execute(found).one_or_none() if guardian_id and guardian_id != ward_id else None
    if row is None or AccountRole(row.role) not in GUARDIANS or row.suspended_at is not None:
        raise PersonError("A child needs a guardian, who is an owner or an adult here.", code="person.guardian")


def _leave_wards(connection: sa.Connection, guardian_id: str) -> None:
    connection.execute(sa.update(people).where(people.c.guardian_id == guardian_id).values(guardian_id=None))
