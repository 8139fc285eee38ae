"""A person of the household: one who enrolled. Guests and unknown speakers are nobody here, and have consented to nothing."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`alias` is stable and says no name: it stands for this person wherever a name must not be. Times are aware."""

    person_id: str
    name: str
    alias: str
    created_at: datetime
    restricted_at: datetime | None
    """Since when the use of what this person said is restricted: kept, but opened by nobody else for anything."""
    saw_listens_at: datetime
    """When the person last looked at who listened; later listens are news."""
    is_told_aloud: bool
    """Whether a listen by somebody else is also said aloud."""
