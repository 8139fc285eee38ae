"""Passphrases: which are good enough, and Argon2id (RFC 9106) with OWASP's parameters, in the PHC string format.

Length and being hard to guess count (NIST SP 800-63B-4), no rules about kinds of characters, and no changing for its own sake.
Pure, but for the random salt.
"""

import secrets
import unicodedata
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from zxcvbn import zxcvbn

from earwitness.domain.errors import PersonError
from earwitness.people.leaked import is_leaked

SHORTEST: Final = 15
LONGEST: Final = 256
MEMORY_KIB: Final = 19_456
ITERATIONS: Final = 2
LANES: Final = 1
"""OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two iterations and one lane."""
LEAST_SCORE: Final = 3
"""Of zxcvbn, 0 to 4: more than 10^8 guesses."""
MOST_JUDGED: Final = 128
"""Characters that are scored; the time that scoring takes grows with the square, and more only makes a passphrase better."""
_PARAMETERS: Final = f"$argon2id$v=19$m={MEMORY_KIB},t={ITERATIONS},p={LANES}$"


def check_good(passphrase: str, *, known: Iterable[str] = ()) -> None:
    """Whether a new passphrase is good enough; `known` are words that others would guess: the names of the person and the home.

    Raises PersonError: person.invalid for its length, person.weak where it is easily guessed or was leaked.
    """
    plain = _plain(passphrase)
    _check_length(plain)
    if is_leaked(plain):
        raise PersonError(
            "That passphrase, or what it repeats, is on a list of leaked ones; take another, such as four words of your own.",
            code="person.weak",
        )
    if zxcvbn(plain[:MOST_JUDGED], user_inputs=[*known], max_length=MOST_JUDGED)["score"] < LEAST_SCORE:
        raise PersonError(
            "That passphrase is easily guessed; add one or two words that have nothing to do with you or the rest.",
            code="person.weak",
        )


def hashed(passphrase: str) -> str:
    """The PHC string that a passphrase can be checked against. Raises PersonError unless it has 15 to 256 characters."""
    plain = _plain(passphrase)
    _check_length(plain)
    kdf = Argon2id(salt=secrets.token_bytes(16), length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(plain.encode())


def is_right(passphrase: str, *, phc: str) -> bool:
    """Whether the passphrase is the one that was hashed. Takes tens of milliseconds, right or wrong."""
    try:
        Argon2id.verify_phc_encoded(_plain(passphrase)[: LONGEST + 1].encode(), phc)
    except InvalidKey:
        return False
    return True


def is_outdated(phc: str) -> bool:
    """Whether a hash was made with other parameters than today's, and should be made anew once the passphrase is at hand."""
    return not phc.startswith(_PARAMETERS)


def _check_length(plain: str) -> None:
    if not SHORTEST <= len(plain) <= LONGEST:
        raise PersonError(
            f"A passphrase has {SHORTEST} to {LONGEST} characters; four words that you remember will do.", code="person.invalid"
        )


def _plain(passphrase: str) -> str:
    """One form for what looks alike: NFKC, as RFC 8265 asks for passwords; lone surrogates are no text."""
    plain = unicodedata.normalize("NFKC", passphrase)
    if any(0xD800 <= ord(character) <= 0xDFFF for character in plain):
        raise PersonError("That passphrase holds half a character.", code="person.invalid")
    return plain
