"""A person of the household: one who enrolled. Guests and unknown speakers are nobody here, and have consented to nothing."""

from dataclasses import dataclass
from datetime import datetime

from earwitness.domain.account import PERMISSIONS, AccountRole, Permission


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
    role: AccountRole = AccountRole.ADULT
    guardian_id: str | None = None
    """Who decides what is kept of a child; None for everybody else, and for a child whose guardian left."""
    suspended_at: datetime | None = None
    """Since when the person cannot sign in."""
    needs_code: bool = False
    """Whether a passphrase alone does not sign this person in: a code from their phone is asked for too."""

    def may(self, permission: Permission) -> bool:
        """Whether the person's role has a permission; a suspended person has none."""
        return self.suspended_at is None and permission in PERMISSIONS[self.role]
