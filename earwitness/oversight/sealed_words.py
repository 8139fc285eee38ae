"""Reasons and notes of those who oversee: sealed here, and in the ledger as a salted digest alone, since people write names."""

import hashlib
import json
import secrets
from typing import Final, Protocol

from earwitness.domain.errors import OversightError, VaultError

LONGEST: Final = 2_000
SALT_BYTES: Final = 16
GONE: Final = "(Nobody can open these words any more.)"


class Safe(Protocol):
    """What seals them."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...


class SealedWords:
    """One drawer of reasons."""

    def __init__(self, safe: Safe, *, drawer: str = "oversight") -> None:
        self._safe = safe
        self._drawer = drawer

    def seal(self, words: str, *, row_id: str) -> tuple[bytes, str]:
        """Words sealed, and their salted SHA-256 for the ledger. Raises OversightError for none, or too many; VaultError."""
        told = words.strip()
        if not 1 <= len(told) <= LONGEST:
            raise OversightError(f"Say why, in at most {LONGEST} characters.", code="oversight.invalid")
        plain = json.dumps({"salt": secrets.token_hex(SALT_BYTES), "words": told}).encode()
        return self._safe.seal(plain, drawer=self._drawer, row_id=row_id), hashlib.sha256(plain).hexdigest()

    def open(self, sealed: bytes | None, *, row_id: str) -> str:
        """The words again; empty for none, and `GONE` where no key opens them any more: its person left, or a backup was
        restored without the key. What is listed beside them is not to go with them. Raises StorageError."""
        if sealed is None:
            return ""
        try:
            return str(json.loads(self._safe.open(sealed, drawer=self._drawer, row_id=row_id))["words"])
        except VaultError:
            return GONE
