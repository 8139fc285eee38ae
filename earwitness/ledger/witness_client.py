"""Asks a witness to co-sign the ledger's latest head, and keeps what it signed (C2SP tlog-witness). Blocks on the network.

The witness is not trusted with more than its signature: its answers are bounded, and checked against the key that is known.
"""

import http.client
import re
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urlsplit

from earwitness.domain.errors import LinkError, ProofError
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import Checkpoint, Note, Verifier, parse_checkpoint, parse_note, seen_at
from earwitness.ledger.proof import Continuation
from earwitness.ledger.submission import encode_submission

ANSWER_SECONDS: Final = 10.0
MOST_ANSWER_BYTES: Final = 64 * 1024
MOST_TRIES: Final = 3
"""Another process of the household may submit at the same time, so that the witness knows more than was thought."""


def submit_checkpoint(ledger: Ledger, url: str, *, witness: Verifier) -> Checkpoint:
    """Have the latest head co-signed by the witness at an address, keep the signature, and give that head.

    Raises LinkError if the witness cannot be reached or refuses, LedgerError, and ProofError if it has seen a later or another
    history of this ledger: then somebody went back to an old copy or shows two.
    """
    note = ledger.cosigned().get(witness.name)
    old = 0 if note is None else parse_checkpoint(parse_note(note).text).size
    for _ in range(MOST_TRIES):
        continuation = ledger.continuation(min(old, ledger.size()))
        status, answer = _post(url, encode_submission(continuation))
        if status == 200:
            return _keep(ledger, continuation, witness=witness, lines=answer)
        if status != 409:
            raise _refusal(status)
        old = _size_seen(answer)
        if old > ledger.size():
            raise ProofError(
                f"The witness {witness.name} saw this ledger with {old} entries; here it has {ledger.size()}. "
                "It was set back to an old copy: bring back the newer one."
            )
        if old == continuation.old:
            raise ProofError(f"The witness {witness.name} saw another history of this ledger with {old} entries.")
    raise LinkError("The witness is asked by too many at once; try again.")


def _keep(ledger: Ledger, continuation: Continuation, *, witness: Verifier, lines: str) -> Checkpoint:
    ours = parse_note(continuation.checkpoint)
    try:
        answered = parse_note(f"{ours.text}\n{lines}")
    except ProofError as error:
        raise _nonsense() from error
    theirs = [one for one in answered.signatures if (one.name, one.key_id) == (witness.name, witness.key_id)]
    note = Note(text=ours.text, signatures=(ours.signatures[0], *theirs))
    moment = seen_at(note, witness)
    if moment is None:
        raise ProofError(f"The witness signed with another key than that of {witness.name}.")
    ledger.add_cosignature(note.encoded(), witness=witness, seen_at=float(moment))
    return parse_checkpoint(ours.text)


def _size_seen(answer: str) -> int:
    if not re.fullmatch(r"(0|[1-9][0-9]{0,18})\n?", answer, re.ASCII):
        raise _nonsense()
    return int(answer)


def _nonsense() -> LinkError:
    return LinkError("What answers at the witness's address does not speak its protocol; check the address.")


def _refusal(status: int) -> Exception:
    if status in (403, 404):
        return LinkError("The witness does not know this ledger: give it the ledger's key (`earwitness ledger key`).")
    if status == 422:
        return ProofError("The witness does not find that this ledger continues what it saw: it was rewritten, or there are two.")
    return LinkError(f"The witness refuses (HTTP status {status}).")


def _post(url: str, body: bytes) -> tuple[int, str]:
    address = f"{url.rstrip('/')}/add-checkpoint"
    if not _is_safe(address):
        raise LinkError(f"{url} is no address of a witness: it begins with https://, or on this machine with http://.")
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "earwitness"}
    try:
        request = urllib.request.Request(address, data=body, headers=headers)  # noqa: S310  (the scheme was checked)
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=ANSWER_SECONDS) as reply:
            return int(reply.status), _text(reply.read(MOST_ANSWER_BYTES + 1))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _text(error.read(MOST_ANSWER_BYTES + 1))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise LinkError(f"The witness at {url} does not answer; check its address and that it runs.") from error


def _is_safe(address: str) -> bool:
    """Whether nobody on the way learns how the ledger grows."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"))


def _text(data: bytes) -> str:
    if len(data) > MOST_ANSWER_BYTES:
        raise LinkError("The witness's answer is too long.")
    return data.decode("utf-8", "replace")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other refusal: the ledger is shown to nobody else."""

    def redirect_request(self, *_: object) -> None:
        return None
