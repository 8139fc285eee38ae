"""What several files of this room share about rows: a row as a person, a secret as its digest, a name as it is compared."""

import hashlib
import unicodedata
from typing import Any, Final

from earwitness.domain.account import AccountRole
from earwitness.domain.errors import PersonError
from earwitness.domain.person import Person
from earwitness.storage.moments import moment

LONGEST_NAME: Final = 64

LOCK: Final = 0x70656F70
"""Of transactions that look before they write: on PostgreSQL they wait for each other."""


def shown_name(name: str, *, what: str = "A name") -> str:
    """A name without needless spaces. Raises PersonError unless it has 1 to 64 characters that can be shown."""
    shown = " ".join(name.split())
    if not 1 <= len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise PersonError(f"{what} has 1 to {LONGEST_NAME} characters.", code="person.invalid")
    return shown


def name_key(name: str) -> str:
    """A name as it is compared: what looks the same is the same. Raises PersonError."""
    return unicodedata.normalize("NFKC", shown_name(name)).casefold()


def digest_of(secret: str) -> bytes:
    """What is kept of a random secret: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def unknown_person() -> PersonError:
    return PersonError("There is nobody of that name here; `earwitness people list` shows who is.")


def person_of_row(row: Any) -> Person:
    """A row of the table `people` as a person."""
    return Person(
        person_id=row.person_id,
        name=row.name,
        alias=row.alias,
        created_at=moment(row.created_at),
        restricted_at=moment(row.restricted_at),
        saw_listens_at=moment(row.saw_listens_at),
        is_told_aloud=row.is_told_aloud,
        role=AccountRole(row.role),
        guardian_id=row.guardian_id,
        suspended_at=moment(row.suspended_at),
        needs_code=row.totp_confirmed_at is not None,
    )
