"""From the household's page to a review service of its own: a ticket for a reviewer who is signed in here."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel

from earwitness.domain.errors import ReviewError
from earwitness.review.visits import Visits
from earwitness.web.desk_api import DeskEntrance
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Came

ENTRY: Final = "/sign-in"


class TicketShape(BaseModel):
    """Where the service is, and the ticket, good once and for a minute; it goes there behind a #, which no server is sent."""

    url: str
    ticket: str


def ticket_router(entrance: DeskEntrance, visits: Visits, *, service_url: str | None) -> APIRouter:
    """The route POST /api/v1/review/ticket; `service_url` is where browsers reach the service, None without one."""
    router = APIRouter(prefix="/api/v1/review", responses=told(404))

    @router.post("/ticket")
    async def ticket(visitor: Came, request: Request) -> TicketShape:
        """A ticket for the review service, for somebody who may review now."""
        if service_url is None:
            raise ReviewError("Review is on the page Review here, and at no other service.", code="review.unknown")
        if urlsplit(service_url).hostname == request.url.hostname:
            raise ReviewError(
                "The review service has the host name of this page, so browsers would show it your sign-in here; whoever runs it "
                "gives it a name of its own (review.service_url).",
                code="review.same_host",
            )
        _, sign_in_id = await asyncio.to_thread(entrance.admitted, visitor)
        made = await asyncio.to_thread(visits.ticket, sign_in_id)
        return TicketShape(url=f"{service_url.rstrip('/')}{ENTRY}", ticket=made)

    return router
