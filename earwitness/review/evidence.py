"""The evidence of a draw, out of the database and the ledger, for whoever wants to recompute it. Calls block."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from earwitness.domain.errors import ReviewError
from earwitness.ledger.proof import Proof
from earwitness.review.audit import Evidence, evidence_of
from earwitness.review.epochs import Epochs


class Ledger(Protocol):
    """The ledger as far as it proves and shows its entries. Raises LedgerError, ProofError."""

    def proof(self, position: int) -> Proof: ...

    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]: ...


def evidence(epochs: Epochs, epoch: str, *, ledger: Ledger) -> Evidence:
    """All that the draw of an epoch rests on. Raises ReviewError (review.unknown, review.not_due), LedgerError."""
    found = epochs.find(epoch)
    if found is None:
        raise ReviewError(f"There was no drawing on {epoch}.", code="review.unknown")
    positions = (found.opened_position, found.list_position, found.made_position)
    if found.seed is None or found.lots is None or None in positions:
        raise ReviewError(f"The epoch {epoch} has not drawn yet; its seed is shown once it has.", code="review.not_due")
    proofs = [ledger.proof(position) for position in positions if position is not None]
    return evidence_of(epoch=epoch, seed=found.seed, lots=found.lots, proofs=proofs)


def entries_of(ledger: Ledger, *, until: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The ledger's entries with their positions, up to a position. Raises LedgerError."""
    for position, leaf in enumerate(ledger.leaves(0, until)):
        yield position, json.loads(leaf)
