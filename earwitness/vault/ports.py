"""What the vault needs of the ledger, as a Protocol of its own."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from earwitness.ledger.proof import Proof


class Ledger(Protocol):
    """Where every opening, keeping and erasing is committed; `earwitness.ledger` stands behind it."""

    def append(self, entries: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, durably, and give their positions. Raises LedgerError; then nothing that needs them may happen."""
        ...


class ProvingLedger(Ledger, Protocol):
    """One that is also asked what it holds."""

    def proof(self, position: int) -> Proof:
        """An entry, under the latest signed head. Raises ProofError if there is none, LedgerError."""
        ...

    def newest(self, kind: str, *, since: int = 0) -> int | None:
        """Where the newest entry of a kind is, from a position on; None if there is none. Raises LedgerError."""
        ...
