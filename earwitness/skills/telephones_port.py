"""What the skill of calls asks of the telephones: a Protocol that belongs to it; server/telephones.py stands behind."""

from collections.abc import Sequence
from typing import Any, Protocol

from earwitness.domain.call import OutsideCall, Placed
from earwitness.domain.satellite import CallAnswer


class Telephones(Protocol):
    """Calls with outside. Used from one event loop."""

    async def call(self, caller: str, *, line: Any, number: str, who: str, person_id: str | None = None) -> tuple[Placed, str]:
        """Call a number by a line (a link of the role CALLS) for an end of the house and whoever asks there; says within 3 s
        what is known, and the sentence for what failed. Raises LinkError when the line is not ready, or that is no number."""
        ...

    def answer(self, end_id: str) -> CallAnswer:
        """Take the call that rings at a satellite or page."""
        ...

    def hang_up(self, end_id: str) -> CallAnswer:
        """Leave the call that a satellite or page is in."""
        ...

    def recent(self) -> Sequence[OutsideCall]:
        """The last calls, the newest first, as long as the house runs."""
        ...
