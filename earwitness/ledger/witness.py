"""A witness: it remembers the latest head of each ledger it was told to watch, and co-signs only what continues it.

Speaks C2SP tlog-witness and tlog-cosignature. It trusts no ledger and no client; whoever asks may be anybody. What it saw is on
the disk before it signs, so that it never signs two histories, and what shows a second history is kept as evidence.
"""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from earwitness.domain.errors import LedgerError, ProofError
from earwitness.ledger import tree
from earwitness.ledger.note import (
    COSIGNATURE,
    Checkpoint,
    Note,
    Verifier,
    cosign,
    is_signed_by,
    parse_checkpoint,
    parse_note,
    verify,
)
from earwitness.ledger.signing_key import signing_key
from earwitness.ledger.submission import Submission, parse_submission
from earwitness.storage.durable import write_whole

MOST_HINTS: Final = 100
"""Checkpoints without a proof that are kept as hints of a second history: anybody can send an old one with a wrong proof."""
_NOTHING: Final = Checkpoint(origin="", size=0, root=tree.EMPTY_ROOT)


class Witness:
    """One witness, whose key and memory are in a folder. May be used from any thread; the folder serves one process at a time."""

    def __init__(self, folder: Path, *, logs: Sequence[Verifier], clock: Callable[[], float] = time.time) -> None:
        """Open it, making its key at first. `logs` are the keys of the ledgers it watches; `clock` gives seconds since 1970.

        Raises LedgerError if the folder is in use, or its key or memory cannot be used.
        """
        self._folder = folder
        self._logs = tuple(logs)
        self._clock = clock
        self._lock = threading.Lock()
        self._handle = _held(folder)
        try:
            self._key = signing_key(folder / "witness.key", prefix="earwitness.invalid/witness", kind=COSIGNATURE)
            self._seen = self._remembered()
        except BaseException:
            self.close()
            raise
        self.verifier = self._key.verifier(kind=COSIGNATURE).encoded()

    def close(self) -> None:
        """Let another process have the folder. What was signed stays remembered."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def seen(self, origin: str) -> Checkpoint | None:
        """The latest head of a ledger that was co-signed; None if none was."""
        with self._lock:
            note = self._seen.get(origin)
        return None if note is None else parse_checkpoint(note.text)

    def add_checkpoint(self, body: bytes) -> tuple[int, str]:
        """The HTTP status and text with which a request is answered: the co-signature, or why there is none.

        Raises StorageError if what was seen cannot be written; then nothing was signed.
        """
        try:
            asked = parse_submission(body)
            checkpoint = parse_checkpoint(asked.note.text)
        except ProofError as error:
            return 400, f"{error.sentence}\n"
        logs = [log for log in self._logs if log.name == checkpoint.origin]
        if not logs:
            return 404, "This witness does not know that ledger.\n"
        signed = _signed_alone(asked.note, logs)
        if signed is None:
            return 403, "The checkpoint is not signed by a key of that ledger.\n"
        if asked.old > checkpoint.size:
            return 400, "The old ledger is larger than the new one.\n"
        with self._lock:
            return self._decide(asked, checkpoint, signed)

    def _decide(self, asked: Submission, checkpoint: Checkpoint, signed: Note) -> tuple[int, str]:
        before = self._seen.get(checkpoint.origin)
        known = parse_checkpoint(before.text) if before is not None else _NOTHING
        if checkpoint.size == known.size and checkpoint.root != known.root:
            self._keep_evidence("split", asked, signed)
            return 409, f"{known.size}\n"
        if asked.old != known.size:
            return 409, f"{known.size}\n"
        try:
            tree.check_consistency(
                old=known.size, old_root=known.root, size=checkpoint.size, root=checkpoint.root, path=asked.hashes
            )
        except ProofError as error:
            self._keep_evidence("unproved", asked, signed)
            return 422, f"{error.sentence}\n"
        if before is None or before.text != signed.text:
            self._remember(checkpoint.origin, signed)
        return 200, cosign(signed.text, name=self._key.name, key=self._key.key, time=int(self._clock())).line()

    # Memory

    def _remember(self, origin: str, note: Note) -> None:
        seen = {**self._seen, origin: note}
        text = json.dumps({"v": 1, "seen": [one.encoded() for one in seen.values()]}, indent=1)
        write_whole(self._folder / "seen.json", [text.encode()], mode=0o600)
        self._seen = seen

    def _remembered(self) -> dict[str, Note]:
        try:
            found = json.loads((self._folder / "seen.json").read_text(encoding="utf-8"))
            notes = [parse_note(text) for text in found["seen"]]
            seen = {parse_checkpoint(note.text).origin: note for note in notes}
            for log in self._logs:
                if log.name in seen and not any(is_signed_by(seen[log.name], one) for one in self._logs if one.name == log.name):
                    raise ProofError(f"What was seen of {log.name} is not signed by the key that is given for it now.")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ProofError) as error:
            raise LedgerError(
                f"{self._folder / 'seen.json'}, what the witness saw, cannot be used, so it signs nothing; bring back that file.",
                code="ledger.damaged",
            ) from error
        return seen

    def _keep_evidence(self, kind: str, asked: Submission, signed: Note) -> None:
        """Keep both signed heads: of the same size they prove a second history; with a failed proof they are a hint of one."""
        folder = self._folder / "evidence"
        path = folder / f"{kind}-{hashlib.sha256(signed.text.encode()).hexdigest()[:32]}.json"
        hints = len(list(folder.glob("unproved-*.json"))) if folder.is_dir() else 0
        if path.exists() or (kind == "unproved" and hints >= MOST_HINTS):
            return
        before = self._seen.get(parse_checkpoint(signed.text).origin)
        facts = {
            "at": datetime.fromtimestamp(self._clock(), UTC).isoformat(),
            "seen": None if before is None else before.encoded(),
            "submitted": signed.encoded(),
            "hashes": [base64.b64encode(one).decode() for one in asked.hashes],
        }
        write_whole(path, [json.dumps(facts, indent=1).encode()], mode=0o600)


def _signed_alone(note: Note, logs: Sequence[Verifier]) -> Note | None:
    """The note with just the ledger's own signature; None if none of its keys signed it."""
    for log in logs:
        with contextlib.suppress(ProofError):
            verify(note, log=log)
            mine = [one for one in note.signatures if (one.name, one.key_id) == (log.name, log.key_id)]
            return Note(text=note.text, signatures=tuple(mine))
    return None


def _held(folder: Path) -> int:
    """A lock on the folder, gone with its process."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerError(f"The witness's folder {folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise LedgerError(f"Another witness is using {folder}; stop it, or name another folder.") from error
    return handle
