"""What the vault needs of the ledger, as a Protocol of its own."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Ledger(Protocol):
    """Where every opening, keeping and erasing is committed; `earwitness.ledger` stands behind it."""

    def append(self, entries: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, durably, and give their positions. Raises LedgerError; then nothing that needs them may happen."""
        ...
