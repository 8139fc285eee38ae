"""What the sentences of privacy need of whoever keeps and deletes. A Protocol that belongs to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from earwitness.domain.consent import Decision, Keeping, Keeps, Purpose, Way
from earwitness.domain.recording import Erasure, Kept, Read, Selection


class Rights(Protocol):
    """What a person may demand of the house. Every call blocks on the disk and may raise EarwitnessError."""

    def keeping(self, person_id: str) -> Keeping | None:
        """What is kept from now on; None for nothing."""
        ...

    def has_consent(self, person_id: str, purpose: Purpose) -> bool: ...

    def decide(
        self,
        person_id: str,
        purpose: Purpose,
        *,
        is_given: bool,
        way: Way,
        retention_seconds: float | None = None,
        keeps: Keeps | None = None,
    ) -> Decision:
        """Put a decision on record; it is in force when this returns.

        Raises AccessError (consent.objected) when consent is given while an objection stands.
        """
        ...

    def kept(self, person_id: str, selection: Selection) -> Kept: ...

    def asked_for(self, person_id: str) -> dict[str, int]:
        """How many timers, alarms, reminders and routines are the person's, by kind; no kind of which there are none."""
        ...

    def erase_said(self, person_id: str, selection: Selection) -> Erasure:
        """Delete; it is gone when this returns. Raises VaultError (vault.nothing) when nothing is selected."""
        ...

    def last_turn_id(self, person_id: str) -> str | None:
        """The person's turn before the present one; None if it is not kept, whatever was kept before it."""
        ...

    def last_heard(self, person_id: str) -> str | None:
        """The words of that turn; None if they are not kept."""
        ...

    def judge(self, person_id: str, turn_id: str, *, transcript: str, is_false_wake: bool = False) -> object:
        """Note what one's own turn was: the words that were said, or that nobody had called. Raises VaultError."""
        ...

    def listens(self, person_id: str, *, since: datetime | None = None) -> Sequence[Read]:
        """Reads of this person's recordings by others, opened at `since` or later."""
        ...
