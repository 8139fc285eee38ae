"""Who sent a request: a person signed in on a browser, or a program with one of their tokens. What either may do, as rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from earwitness.domain.account import HERE, SCOPES, Origin, Permission, Scope
from earwitness.domain.person import Person

VISITOR: Final = "earwitness.visitor"
"""Where a request's scope (ASGI) holds its Visitor."""
IS_HERE: Final = "earwitness.is_here"
"""Where it holds whether it came from this machine, or with the pass that sets the home up."""
FRESH_FOR: Final = timedelta(minutes=10)
"""How long after showing who they are a person may do what is dangerous."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person as they came in. `scopes` is None for somebody who signed in, who may do all that their role may."""

    person: Person
    origin: Origin = HERE
    sign_in_id: str | None = None
    token_id: str | None = None
    confirmed_at: datetime | None = None
    """When the person last showed who they are; None for a program."""
    scopes: frozenset[Scope] | None = None

    def may(self, permission: Permission, *, scope: Scope | None) -> bool:
        """Whether the visitor has a permission; a program only through `scope`, if its token has that one."""
        if self.scopes is None:
            return self.person.may(permission)
        return scope is not None and scope in self.scopes and self.person.may(permission) and self.person.may(SCOPES[scope])

    def is_fresh(self, now: datetime) -> bool:
        """Whether the person showed who they are so lately that what is dangerous may be done."""
        return self.confirmed_at is not None and timedelta() <= now - self.confirmed_at <= FRESH_FOR
