"""The body of a request to a witness (C2SP tlog-witness, add-checkpoint): a proof of continuation and the checkpoint. Pure."""

import base64
import re
from dataclasses import dataclass
from typing import Final

from earwitness.domain.errors import ProofError
from earwitness.ledger.note import MOST_BYTES, MOST_SIZE, Note, parse_note, unbase64
from earwitness.ledger.proof import Continuation
from earwitness.ledger.tree import HASH_BYTES

MOST_HASHES: Final = 63
"""No client may send more."""
MOST_BODY_BYTES: Final = MOST_BYTES + MOST_HASHES * 45 + 32
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A checkpoint, not verified yet, and the hashes that are to show that it continues a ledger of `old` entries."""

    old: int
    hashes: tuple[bytes, ...]
    note: Note


def encode_submission(continuation: Continuation) -> bytes:
    """The body that asks a witness to sign a checkpoint."""
    hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in continuation.hashes)
    return f"old {continuation.old}\n{hashes}\n{continuation.checkpoint}".encode()


def parse_submission(body: bytes) -> Submission:
    """What such a body asks. Raises ProofError (proof.unreadable) for anything that is not exactly one."""
    if len(body) > MOST_BODY_BYTES:
        raise ProofError("The request is too long.", code="proof.unreadable")
    try:
        head, separator, note = body.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError as error:
        raise ProofError("The request is no text.", code="proof.unreadable") from error
    first, *lines = head.split("\n")
    match = _OLD.fullmatch(first)
    if not separator or match is None or len(lines) > MOST_HASHES or int(match[1]) > MOST_SIZE:
        raise ProofError("The request does not ask for a checkpoint to be signed.", code="proof.unreadable")
    hashes = tuple(unbase64(line, what="proof of consistency") for line in lines)
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError("The proof of consistency is damaged.", code="proof.unreadable")
    return Submission(old=int(match[1]), hashes=hashes, note=parse_note(note))
