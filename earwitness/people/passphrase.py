"""Passphrases: Argon2id (RFC 9106) with OWASP's parameters, in the PHC string format. Pure, but for the random salt."""

import secrets
import unicodedata
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from earwitness.domain.errors import PersonError

SHORTEST: Final = 15
LONGEST: Final = 256
MEMORY_KIB: Final = 19_456
ITERATIONS: Final = 2
LANES: Final = 1
"""OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two iterations and one lane."""


def hashed(passphrase: str) -> str:
    """The PHC string that a passphrase can be checked against. Raises PersonError unless it has 15 to 256 characters."""
    plain = _plain(passphrase)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise PersonError(
            f"A passphrase has {SHORTEST} to {LONGEST} characters; four words that you remember will do.", code="person.invalid"
        )
    kdf = Argon2id(salt=secrets.token_bytes(16), length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(plain.encode())


def is_right(passphrase: str, *, phc: str) -> bool:
    """Whether the passphrase is the one that was hashed. Takes tens of milliseconds, right or wrong."""
    try:
        Argon2id.verify_phc_encoded(_plain(passphrase)[: LONGEST + 1].encode(), phc)
    except InvalidKey:
        return False
    return True


def _plain(passphrase: str) -> str:
    """One form for what looks alike: NFKC, as RFC 8265 asks for passwords; lone surrogates are no text."""
    plain = unicodedata.normalize("NFKC", passphrase)
    if any(0xD800 <= ord(character) <= 0xDFFF for character in plain):
        raise PersonError("That passphrase holds half a character.", code="person.invalid")
    return plain
