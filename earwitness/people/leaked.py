"""The offline list of leaked passwords. Pure; the list is read once.

The file holds, sorted, the first six bytes of the SHA-256 of each entry that could matter: those of at least 15 characters, and
the 50,000 most common of four or more, since repeating one makes up the length. It names its source and licence.
"""

import base64
import hashlib
import json
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import Final

ENTRY_BYTES: Final = 6
_FILE: Final = Path(__file__).with_name("leaked_passwords.json")
SHORTEST_PART: Final = 4


def entry_of(password: str) -> bytes:
    """What stands for a password in the list, capitals aside."""
    return hashlib.sha256(password.casefold().encode("utf-8", "surrogatepass")).digest()[:ENTRY_BYTES]


def is_leaked(passphrase: str) -> bool:
    """Whether a passphrase is on the list, or is one that is, said several times (with or without spaces between)."""
    lowered = passphrase.casefold()
    closed = "".join(lowered.split())
    return any(_is_listed(entry_of(one)) for one in {lowered, lowered.strip(), closed, _part(closed)})


def _part(text: str) -> str:
    """The shortest part that makes up a text when repeated, the last time perhaps not to its end; the text itself otherwise."""
    for length in range(SHORTEST_PART, len(text) // 2 + 1):
        if (text[:length] * (len(text) // length + 1))[: len(text)] == text:
            return text[:length]
    return text


def _is_listed(entry: bytes) -> bool:
    entries = _entries()
    at = bisect_left(entries, entry)
    return at < len(entries) and entries[at] == entry


@cache
def _entries() -> tuple[bytes, ...]:
    data = base64.b64decode(json.loads(_FILE.read_text(encoding="ascii"))["entries"], validate=True)
    return tuple(data[at : at + ENTRY_BYTES] for at in range(0, len(data), ENTRY_BYTES))
