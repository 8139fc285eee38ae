"""Recovery codes: ten, on paper, each of which stands in once for a code from the phone. Owns the table `recovery_codes`, which
holds digests alone. Calls block.
"""

import secrets
from typing import Final

import sqlalchemy as sa

from earwitness.people.rows import LOCK, digest_of
from earwitness.storage.database import Database
from earwitness.storage.household import recovery_codes

HOW_MANY: Final = 10
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike."""
LENGTH: Final = 16
"""79 bits: too many to try against a digest without salt."""


class RecoveryCodes:
    """The recovery codes of all people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def renew(self, person_id: str) -> tuple[str, ...]:
        """Ten new codes, shown this once; earlier ones are worth nothing any more."""
        codes = tuple("".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(HOW_MANY))
        rows = [{"code_digest": _digest(person_id, code), "person_id": person_id} for code in codes]
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
            connection.execute(sa.insert(recovery_codes), rows)
        return tuple("-".join(code[at : at + 4] for at in range(0, LENGTH, 4)) for code in codes)

    def use(self, person_id: str, code: str) -> bool:
        """Whether a code is one of the person's; then it is used up. Spaces, hyphens and capitals do not matter."""
        where = (recovery_codes.c.person_id == person_id, recovery_codes.c.code_digest == _digest(person_id, code))
        with self._database.writing() as connection:
            return bool(connection.execute(sa.delete(recovery_codes).where(*where)).rowcount)

    def left(self, person_id: str) -> int:
        """How many are not used yet."""
        query = sa.select(sa.func.count()).select_from(recovery_codes).where(recovery_codes.c.person_id == person_id)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def remove(self, person_id: str) -> None:
        """Forget all of a person's."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.person_id == person_id))


def _digest(person_id: str, code: str) -> bytes:
    return digest_of(person_id + "".join(code.split()).replace("-", "").casefold())
