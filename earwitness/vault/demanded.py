"""What the door opens for a legal demand, as a type, and the digest by which it is approved. Opens nothing."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from earwitness.domain.recording import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Demanded:
    """One thing that was opened for a demand, its words or its sound (PCM), and where the entry of that is in the ledger."""

    turn_id: str
    position: int
    words: Recording | None = None
    sound: bytes | None = None


def ids_digest(turn_ids: Iterable[str]) -> str:
    """The SHA-256 over ids of turns: what is approved is approved of just these."""
    return hashlib.sha256("\n".join(sorted(turn_ids)).encode()).hexdigest()
