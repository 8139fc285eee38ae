"""What is stated of an answer, and how anybody checks it without us. Pure.

answer     {"statement": {…}, "proof": {…}, "sealed": {"salt": hex, "entry": {…}} or null}
           the entry's "statement" is the SHA-256 of the statement's canonical JSON, and its "package" that of the encrypted file;
           under a gag the proved entry is a commitment, which "sealed" opens
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from earwitness.demands.entries import commitment
from earwitness.domain.errors import DemandError, ProofError
from earwitness.ledger.note import Checkpoint, Verifier, parse_verifier
from earwitness.ledger.proof import Proof, canonical, read_proof
from earwitness.vault.disclosure_key import Approval

NOTHING = "Nothing responsive is held: there is none of what was asked for, or it was erased."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A statement with its proof."""

    statement: Mapping[str, Any]
    proof: Proof
    sealed: Mapping[str, Any] | None

    def check(self, log: Verifier, *, package_sha256: str | None = None) -> Checkpoint:
        """The checkpoint under which the ledger holds just this answer. Raises ProofError that says what is wrong."""
        checkpoint = self.proof.check(log)
        entry = proved_entry(self.proof, self.sealed)
        if entry.get("kind") != "demand.disclosed" or entry.get("statement") != digest_of(self.statement):
            raise ProofError("The statement is not the one that the ledger holds: it was changed.")
        if entry.get("package") != self.statement.get("package_sha256"):
            raise ProofError("The statement names another package than the ledger does.")
        if package_sha256 is not None and package_sha256 != self.statement.get("package_sha256"):
            raise ProofError("That is not the package that was handed out: it was changed, or is another one.")
        self._check_approval()
        return checkpoint

    def _check_approval(self) -> None:
        """That two shares of the key that the statement names approved it, where something was opened."""
        if self.statement.get("approval") is None:
            return
        try:
            facts = Approval(note=str(self.statement["approval"])).facts(parse_verifier(str(self.statement["disclosure_key"])))
        except (KeyError, DemandError) as error:
            raise ProofError("The approval in the statement is not signed by the key that it names.") from error
        if facts.get("demand") != self.statement.get("demand") or facts.get("round") != self.statement.get("round"):
            raise ProofError("The approval in the statement is of another demand.")


def proved_entry(proof: Proof, sealed: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The entry that a proof is of, or, under a gag, that the proved entry is a commitment to. Raises ProofError."""
    proved = proof.entry()
    if sealed is None:
        return proved
    try:
        salt, entry = bytes.fromhex(sealed["salt"]), dict(sealed["entry"])
    except (KeyError, TypeError, ValueError) as error:
        raise ProofError("What opens the sealed entry cannot be read.", code="proof.unreadable") from error
    if proved.get("kind") != "demand.sealed" or proved.get("commitment") != commitment(salt, canonical(entry)):
        raise ProofError("What is said to open the sealed entry does not.")
    return entry


def digest_of(statement: Mapping[str, Any]) -> str:
    """The SHA-256 of a statement's canonical JSON."""
    return hashlib.sha256(canonical(statement)).hexdigest()


def read_answer(data: bytes) -> Answer:
    """The answer in a file. Raises ProofError."""
    try:
        told = json.loads(data)
        statement, proof, sealed = told["statement"], told["proof"], told.get("sealed")
        if not isinstance(statement, dict) or not isinstance(sealed, dict | None):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProofError("That is no answer to a demand.", code="proof.unreadable") from error
    return Answer(statement=statement, proof=read_proof(json.dumps(proof).encode()), sealed=sealed)
