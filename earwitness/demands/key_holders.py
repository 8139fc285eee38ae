"""Who is to hold the shares of the key that approves disclosures, as whoever made it said. Owns the table `demand_key_holders`.

It knows no share. Calls block.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from earwitness.demands.cases import Safe
from earwitness.domain.errors import DemandError
from earwitness.storage.database import Database
from earwitness.storage.demands import demand_key_holders as table
from earwitness.vault.disclosure_key import SHARES

LONGEST_HOLDER: Final = 100
_DRAWER: Final = "demand/key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovingKey:
    """The key in force: its public side, and the holders of its shares in their order, empty where nobody said."""

    verifier: str
    holders: tuple[str, ...]


def check_holders(holders: Sequence[str]) -> tuple[str, ...]:
    """The holders as they are kept. Raises DemandError (demand.invalid) unless there are none, or three different ones."""
    told = tuple(one.strip() for one in holders)
    if told and (len(set(told)) != SHARES or not all(0 < len(one) <= LONGEST_HOLDER for one in told)):
        raise DemandError(f"Name {SHARES} different holders, one for each share.", code="demand.invalid")
    return told


class KeyHolders:
    """The holders, for one household."""

    def __init__(self, database: Database, *, safe: Safe) -> None:
        self._database = database
        self._safe = safe

    def note(self, verifier: str, holders: Sequence[str]) -> None:
        """Keep who holds the shares of that key, sealed. Raises StorageError, VaultError."""
        sealed = self._safe.seal(json.dumps(list(holders)).encode(), drawer=_DRAWER, row_id=verifier)
        with self._database.writing() as connection:
            connection.execute(sa.insert(table).values(verifier=verifier, sealed=sealed))

    def of(self, verifier: str) -> tuple[str, ...]:
        """The holders of that key's shares, empty where nobody said. Raises StorageError, VaultError."""
        query = sa.select(table.c.sealed).where(table.c.verifier == verifier)
        with self._database.reading() as connection:
            sealed = connection.execute(query).scalar()
        if sealed is None:
            return ()
        return tuple(json.loads(self._safe.open(sealed, drawer=_DRAWER, row_id=verifier)))
