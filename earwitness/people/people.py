"""The people of the household and their sign-ins. Owns the tables `people` and `sign_ins`; consents are in `consents.py`.

Tokens are kept as digests, passphrases as Argon2id hashes; neither is ever logged. Calls block.
"""

import contextlib
import hashlib
import secrets
import threading
import unicodedata
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.errors import AccessError, PersonError, StorageError
from earwitness.domain.person import Person
from earwitness.people import passphrase as secret
from earwitness.people.aliases import new_alias
from earwitness.storage.database import Database
from earwitness.storage.household import people, sign_ins
from earwitness.storage.moments import moment

MOST_PEOPLE: Final = 1000
LONGEST_NAME: Final = 64
SIGN_IN_LASTS: Final = timedelta(days=30)
MOST_ATTEMPTS: Final = 5
MOST_ATTEMPTS_OF_ALL: Final = 30
ATTEMPTS_FOR: Final = timedelta(minutes=5)


class People:
    """Everybody who enrolled. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._attempts: deque[tuple[str, datetime]] = deque(maxlen=MOST_ATTEMPTS_OF_ALL)
        self._attempts_lock = threading.Lock()
        self._nobody = secret.hashed(secrets.token_hex(16))

    def add(self, name: str, *, passphrase: str) -> Person:
        """Enrol somebody. Raises PersonError: person.exists for a name that is taken, person.invalid for one that is none."""
        shown, key = _name(name)
        row = {
            "person_id": secrets.token_hex(16),
            "name": shown,
            "name_key": key,
            "alias": new_alias(),
            "passphrase_hash": secret.hashed(passphrase),
            "created_at": self._clock().timestamp(),
        }
        with self._database.writing() as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one()
            if count >= MOST_PEOPLE:
                raise PersonError(f"A household has at most {MOST_PEOPLE} people.", code="person.too_many")
            if connection.execute(sa.select(people.c.person_id).where(people.c.name_key == key)).scalar() is not None:
                raise PersonError("There is somebody of that name already; add a word to tell you apart.", code="person.exists")
            connection.execute(sa.insert(people).values(row))
        return self.find(row["person_id"])

    def find(self, person_id: object) -> Person:
        """The person with that id. Raises PersonError if there is none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
        if row is None:
            raise _unknown()
        return _person(row)

    def named(self, name: str) -> Person:
        """The person of that name, capitals aside. Raises PersonError if there is none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(people).where(people.c.name_key == _name(name)[1])).one_or_none()
        if row is None:
            raise _unknown()
        return _person(row)

    def all(self) -> tuple[Person, ...]:
        """Everybody, by name."""
        with self._database.reading() as connection:
            return tuple(_person(row) for row in connection.execute(sa.select(people).order_by(people.c.name_key)).all())

    def change(self, person_id: str, **values: object) -> Person:
        """Set `saw_listens_at`, `is_told_aloud` or `restricted_at` (datetimes aware). Raises PersonError, StorageError."""
        stored = {key: value.timestamp() if isinstance(value, datetime) else value for key, value in values.items()}
        with self._database.writing() as connection:
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(stored))
        return self.find(person_id)

    def remove(self, person_id: str) -> None:
        """Forget a person with all sign-ins and consents; nobody of that id is fine. Raises StorageError."""
        with self._database.writing() as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
            connection.execute(sa.delete(people).where(people.c.person_id == person_id))
        if row is not None:
            traces = [text.encode() for text in (row.name, row.name_key, row.alias, row.passphrase_hash)]
            with contextlib.suppress(StorageError):  # the sweep of what they said empties the log too
                self._database.scrub(traces)

    # Signing in

    def sign_in(self, name: str, *, passphrase: str) -> tuple[Person, str]:
        """Who that is, and a token for later requests. Raises AccessError, the same for a wrong name and a wrong passphrase."""
        person = self.check(name, passphrase=passphrase)
        return person, self.let_in(person)

    def let_in(self, person: Person) -> str:
        """A token for later requests of somebody who has shown who they are."""
        token, now = secrets.token_urlsafe(32), self._clock()
        row = {
            "token_digest": _digest(token),
            "person_id": person.person_id,
            "created_at": now.timestamp(),
            "expires_at": (now + SIGN_IN_LASTS).timestamp(),
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(sign_ins).where(sign_ins.c.expires_at <= now.timestamp()))
            connection.execute(sa.insert(sign_ins).values(row))
        return token

    def check(self, name: str, *, passphrase: str) -> Person:
        """The person whose name and passphrase these are. Raises AccessError (access.wrong; access.wait after too many tries)."""
        key = _name(name)[1]
        attempt = self._attempt(key)
        with self._database.reading() as connection:
            row = connection.execute(sa.select(people).where(people.c.name_key == key)).one_or_none()
        if not secret.is_right(passphrase, phc=row.passphrase_hash if row else self._nobody) or row is None:
            raise AccessError("That name and passphrase do not belong together.", code="access.wrong")
        with self._attempts_lock, contextlib.suppress(ValueError):
            self._attempts.remove(attempt)
        return _person(row)

    def signed_in(self, token: str | None) -> Person | None:
        """Who a token stands for; None for one that is unknown or has expired."""
        if not token:
            return None
        joined = sa.select(people).join(sign_ins, sign_ins.c.person_id == people.c.person_id)
        where = (sign_ins.c.token_digest == _digest(token), sign_ins.c.expires_at > self._clock().timestamp())
        with self._database.reading() as connection:
            row = connection.execute(joined.where(*where)).one_or_none()
        return None if row is None else _person(row)

    def sign_out(self, token: str) -> None:
        """Forget a token."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(sign_ins).where(sign_ins.c.token_digest == _digest(token)))

    def _attempt(self, key: str) -> tuple[str, datetime]:
        """Count an attempt as a wrong one until it proves right, so that many at once are no more than many in a row."""
        attempt = (key, self._clock())
        since = attempt[1] - ATTEMPTS_FOR
        with self._attempts_lock:
            recent = [who for who, tried_at in self._attempts if tried_at > since]
            if len(recent) >= MOST_ATTEMPTS_OF_ALL or recent.count(key) >= MOST_ATTEMPTS:
                raise AccessError("Too many attempts; wait five minutes, then try again.", code="access.wait")
            self._attempts.append(attempt)
        return attempt


def _name(name: str) -> tuple[str, str]:
    """A name as it is shown, and as it is compared. Raises PersonError."""
    shown = " ".join(name.split())
    if not 1 <= len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise PersonError(f"A name has 1 to {LONGEST_NAME} characters.", code="person.invalid")
    return shown, unicodedata.normalize("NFKC", shown).casefold()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _unknown() -> PersonError:
    return PersonError("There is nobody of that name here; `earwitness people list` shows who is.")


def _person(row: Any) -> Person:
    return Person(
        person_id=row.person_id,
        name=row.name,
        alias=row.alias,
        created_at=moment(row.created_at),
        restricted_at=moment(row.restricted_at),
        saw_listens_at=moment(row.saw_listens_at),
        is_told_aloud=row.is_told_aloud,
    )
