"""Proofs as files: that an entry is in the ledger, in JSON and in C2SP tlog-proof text; and how they are verified. Pure.

proof      {"entry": {…}, "index": n, "hashes": [base64 …], "checkpoint": "signed note"}
           or the text of C2SP tlog-proof, whose "extra" line is then the entry
receipt    {"receipt": {…}, "proof": {…}}   the entry's "receipt" is the SHA-256 of the RFC 8785 bytes of the receipt
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree
from earwitness.ledger.note import Checkpoint, Verifier, parse_note, unbase64, verify
from earwitness.ledger.tree import HASH_BYTES, MOST_HASHES, check_inclusion, leaf_hash

TEXT_HEADER: Final = "c2sp.org/tlog-proof@v1"
MOST_BYTES: Final = 16 * 1024 * 1024
_TEXT: Final = re.compile(rf"{re.escape(TEXT_HEADER)}\nextra ([^\n]+)\nindex (0|[1-9][0-9]{{0,18}})\n((?:[^\n]+\n)*)\n", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That `leaf`, the canonical JSON of an entry, is at `index` of the ledger whose head `checkpoint` is."""

    leaf: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    def entry(self) -> dict[str, Any]:
        """The entry's facts."""
        return entry_of(self.leaf)

    def as_json(self) -> dict[str, object]:
        """The proof as it is handed out."""
        return {
            "entry": self.entry(),
            "index": self.index,
            "hashes": [base64.b64encode(one).decode() for one in self.hashes],
            "checkpoint": self.checkpoint,
        }

    def text(self) -> str:
        """The proof in the format of C2SP tlog-proof; its extra data is the entry, so that it stands alone."""
        extra = base64.b64encode(self.leaf).decode()
        hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.hashes)
        return f"{TEXT_HEADER}\nextra {extra}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    def check(self, log: Verifier, *, witnesses: Sequence[Verifier] = ()) -> Checkpoint:
        """The checkpoint that the entry is proved to be under. Raises ProofError that says what is wrong."""
        checkpoint = verify(parse_note(self.checkpoint), log=log, witnesses=witnesses)
        check_inclusion(leaf_hash(self.leaf), position=self.index, size=checkpoint.size, path=self.hashes, root=checkpoint.root)
        return checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """That the ledger whose head `checkpoint` is begins with the same `old` entries as an earlier one."""

    old: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    def check(self, log: Verifier, *, old_root: bytes) -> Checkpoint:
        """The checkpoint that continues the earlier ledger with that root. Raises ProofError that says what is wrong."""
        checkpoint = verify(parse_note(self.checkpoint), log=log)
        tree.check_consistency(old=self.old, old_root=old_root, size=checkpoint.size, root=checkpoint.root, path=self.hashes)
        return checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was deleted, and the proof that the ledger holds the digest of that statement."""

    statement: Mapping[str, Any]
    proof: Proof

    def check(self, log: Verifier, *, witnesses: Sequence[Verifier] = ()) -> Checkpoint:
        """The checkpoint that the receipt is proved to be under. Raises ProofError."""
        checkpoint = self.proof.check(log, witnesses=witnesses)
        if self.proof.entry().get("receipt") != hashlib.sha256(canonical(self.statement)).hexdigest():
            raise ProofError("The receipt is not the one that the ledger holds: it was changed.")
        return checkpoint


def canonical(facts: Mapping[str, Any]) -> bytes:
    """The RFC 8785 bytes of an entry. Raises ProofError for what JSON cannot say exactly."""
    try:
        return rfc8785.dumps(dict(facts))
    except (ValueError, RecursionError) as error:
        raise ProofError("That cannot be an entry: JSON cannot say it exactly.", code="proof.unreadable") from error


def entry_of(leaf: bytes) -> dict[str, Any]:
    """The facts of a leaf. Raises ProofError if it is not canonical JSON of an object."""
    facts = _object(leaf)
    if canonical(facts) != leaf:
        raise ProofError("An entry is not in its canonical form.", code="proof.unreadable")
    return facts


def read_proof(data: bytes) -> Proof:
    """A proof file, JSON or text. Raises ProofError."""
    return _proof_of_text(data) if data.startswith(TEXT_HEADER.encode()) else _proof(_object(data))


def read_receipt(data: bytes) -> Receipt:
    """A receipt file. Raises ProofError."""
    found = _object(data)
    statement, proof = found.get("receipt"), found.get("proof")
    if set(found) != {"receipt", "proof"} or not isinstance(statement, dict) or not isinstance(proof, dict):
        raise ProofError("That is no receipt.", code="proof.unreadable")
    return Receipt(statement=statement, proof=_proof(proof))


def _proof(found: Mapping[str, Any]) -> Proof:
    entry, index, hashes, checkpoint = (found.get(name) for name in ("entry", "index", "hashes", "checkpoint"))
    if set(found) != {"entry", "index", "hashes", "checkpoint"} or not isinstance(entry, dict) or not isinstance(checkpoint, str):
        raise ProofError("That is no proof.", code="proof.unreadable")
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise ProofError("That proof has no place in the ledger.", code="proof.unreadable")
    if not isinstance(hashes, list) or len(hashes) > MOST_HASHES or not all(isinstance(one, str) for one in hashes):
        raise ProofError("That proof's hashes are damaged.", code="proof.unreadable")
    return Proof(leaf=canonical(entry), index=index, hashes=tuple(map(_hash, hashes)), checkpoint=checkpoint)


def _proof_of_text(data: bytes) -> Proof:
    """A proof whose extra data is the entry: others' proofs come without one, and prove nothing that could be shown."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProofError("That proof is no text.", code="proof.unreadable") from error
    match = _TEXT.match(text) if len(data) <= MOST_BYTES else None
    if match is None or match[3].count("\n") > MOST_HASHES:
        raise ProofError("That proof is damaged, or does not hold its entry.", code="proof.unreadable")
    hashes = tuple(_hash(line) for line in match[3].split("\n")[:-1])
    leaf = unbase64(match[1], what="proof's entry")
    entry_of(leaf)
    return Proof(leaf=leaf, index=int(match[2]), hashes=hashes, checkpoint=text[match.end() :])


def _hash(text: str) -> bytes:
    data = unbase64(text, what="proof's hash")
    if len(data) != HASH_BYTES:
        raise ProofError("That proof's hashes are damaged.", code="proof.unreadable")
    return data


def _object(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise ProofError("That file is too large to be a proof.", code="proof.unreadable")
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_int=_number)
    except (ValueError, RecursionError) as error:
        raise ProofError("That file is no JSON.", code="proof.unreadable") from error
    if not isinstance(found, dict):
        raise ProofError("That file holds no JSON object.", code="proof.unreadable")
    return found


def _number(digits: str) -> int | float:
    """A whole number as JSON means it: beyond 53 bits it is the nearest double, as RFC 8785 writes it."""
    return int(digits) if len(digits) <= 15 or abs(float(digits)) < 2**53 else float(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
