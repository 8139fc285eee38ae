"""The API of the last telephone calls: seen and forgotten. It translates; server/telephones.py remembers them, in memory alone.

A call that came in is seen by everybody who lives here, as it rang for all; one that somebody placed by them, or by all where it
is not known who spoke. It places no call: that is said or typed on the talk page, with what is confirmed there.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from earwitness.domain.call import OutsideCall
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me


class RecentCalls(Protocol):
    """The last calls. Used from the event loop."""

    def recent(self) -> Sequence[OutsideCall]: ...

    def forget(self, person_id: str) -> None: ...


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class CallShape(_Shape):
    id: str
    who: str
    address: str
    """By what it can be called again; empty when that is not known."""
    is_incoming: bool
    was_answered: bool
    was_missed: bool
    at: datetime


class CallsShape(_Shape):
    calls: list[CallShape]
    """The newest first; at most twenty, since the house was started."""
    missed: int


def calls_router(telephones: Callable[[], RecentCalls]) -> APIRouter:
    """The routes under /api/v1/calls."""
    router = APIRouter(prefix="/api/v1", responses=told())

    def shape(person_id: str) -> CallsShape:
        seen = [one for one in telephones().recent() if one.is_seen_by(person_id)]
        return CallsShape(
            calls=[
                CallShape(
                    id=one.call_id,
                    who=one.who,
                    address=one.address,
                    is_incoming=one.is_incoming,
                    was_answered=one.was_answered,
                    was_missed=one.was_missed,
                    at=one.at,
                )
                for one in seen
            ],
            missed=sum(one.was_missed for one in seen),
        )

    @router.get("/calls")
    async def last_calls(person: Me) -> CallsShape:
        """The last calls with telephones outside. They are nowhere but in memory, and gone when the house stops."""
        return shape(person.person_id)

    @router.delete("/calls")
    async def forget_calls(person: Me) -> CallsShape:
        """Forget them now."""
        telephones().forget(person.person_id)
        return shape(person.person_id)

    return router
