"""A telephone call to outside the house, as the rest of the house sees it: how it ended, and whether the line works. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CallEnd(StrEnum):
    """How a call came to its end."""

    HERE = "here"
    """Somebody in the house hung up."""
    THERE = "there"
    """The other side hung up, or gave up before somebody answered."""
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    UNKNOWN_NUMBER = "unknown_number"
    REFUSED = "refused"
    """The telephone server does not let this account call there."""
    PASSWORD = "password"  # noqa: S105  (no secret: the server refused ours)
    UNREACHABLE = "unreachable"
    """The telephone server did not answer, or cannot reach the other side's."""
    LOST = "lost"
    """It was open, and the connection is gone."""
    FAILED = "failed"


class LineState(StrEnum):
    """Whether calls can be placed and taken."""

    STARTING = "starting"
    READY = "ready"
    PASSWORD = "password"  # noqa: S105  (no secret)
    """The telephone server refuses the user or the password."""
    UNREACHABLE = "unreachable"
    NOT_SAFE = "not_safe"
    """The server cannot show a certificate that this machine trusts."""


class Placed(StrEnum):
    """What is known of a call soon after it was placed."""

    RINGING = "ringing"
    OPEN = "open"
    TRYING = "trying"
    """It does not ring yet, and nothing says that it will not."""
    ENDED = "ended"
    BUSY_HERE = "busy_here"
    """Whoever asks is in a call already."""
    MUTED_HERE = "muted_here"
    NO_CALLS_HERE = "no_calls_here"
    """What asks is of another make, or no page and no satellite."""
    LINE_BUSY = "line_busy"
    """Somebody else here has a call by the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCall:
    """A call that was. `who` is for saying: a name, or a number in words; `address` is what it can be called by again, "" when
    that is not known; `at` is aware."""

    who: str
    address: str
    is_incoming: bool
    was_answered: bool
    was_missed: bool
    at: datetime
    caller: str = ""
    """The end in the house that placed it."""
    person_id: str | None = None
    """Who placed it, where that is known; it is theirs alone to see."""
    call_id: str = ""
    """Random."""

    def is_seen_by(self, person_id: str) -> bool:
        """Whether that person may see it: those that came in rang for all, others are of who placed them."""
        return self.is_incoming or self.person_id in (None, person_id)
