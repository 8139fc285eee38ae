"""What is sealed besides recordings: small things by drawers, each with a key of its own under the household's.

A drawer is one link's ("link/ID") or somebody's contacts ("contacts/ID"), messages or account. Discarding it destroys its key,
after which nothing in it opens again, wherever a copy of the rows may be. The rows are their owners'; calls block. Unlike
recordings, these are opened without an entry in the ledger: nobody said them, and the house itself uses them all day.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from earwitness.domain.errors import VaultError
from earwitness.vault.envelope import open_small, seal_small
from earwitness.vault.key_ring import KeyRing

MOST_BYTES: Final = 1 << 20


def drawers_of(person_id: str) -> tuple[str, ...]:
    """The drawers that go when a person does."""
    return (f"contacts/{person_id}", f"messages/{person_id}", f"oversight/{person_id}", f"account/{person_id}")


def key_id_of(drawer: str) -> str:
    """The id of a drawer's key: the same in every process and after every restore."""
    return hashlib.sha256(b"earwitness/v1/drawer\0" + drawer.encode()).hexdigest()[:32]


class Safe:
    """The drawers of one household. `clock` gives aware datetimes."""

    def __init__(self, ring: KeyRing, *, clock: Callable[[], datetime]) -> None:
        self._ring = ring
        self._clock = clock

    def seal(self, plain: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes:
        """Seal for one row of a drawer, whose key is made if there is none. Raises VaultError, StorageError."""
        if len(plain) > MOST_BYTES:
            raise VaultError(f"At most {MOST_BYTES} bytes are sealed as one.", code="vault.not_kept")
        key = self._ring.root_key(key_id_of(drawer), now=self._clock())
        return seal_small(plain, key=key, drawer=drawer, row_id=row_id, revision=revision)

    def open(self, sealed: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes:
        """What was sealed there. Raises VaultError: vault.key_missing if the key is not there (any more), vault.sealed_wrong."""
        key = self._ring.find_root_key(key_id_of(drawer))
        if key is None:
            raise VaultError("The key of this is gone, so nobody can open it; enter it again.", code="vault.key_missing")
        return open_small(sealed, key=key, drawer=drawer, row_id=row_id, revision=revision)

    def discard(self, drawer: str) -> None:
        """Destroy a drawer's key; it may be made anew, for new things. Raises StorageError."""
        self._ring.destroy_root_key(key_id_of(drawer))
