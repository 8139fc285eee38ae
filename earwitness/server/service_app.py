"""The application of a review service of its own, behind guard and gate: review, and nothing else of the household's server."""

from collections.abc import Callable, Sequence
from datetime import datetime

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from earwitness import __version__
from earwitness.server.app import say_errors
from earwitness.server.gate import Gate, Setup, Who
from earwitness.server.guard import Guard
from earwitness.server.listen import Address
from earwitness.server.service_rules import SERVICE


def make_service_app(
    *, address: Address, routers: Sequence[APIRouter], static: ASGIApp, who: Who, clock: Callable[[], datetime]
) -> Guard:
    """The service as one ASGI application; `who` finds out who sent a request. Raises NetworkError."""
    app = FastAPI(title="Earwitness review", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, debug=False)
    for router in routers:
        app.include_router(router)
    app.mount("/static", static)
    say_errors(app)

    async def is_done() -> bool:
        return True

    gate = Gate(app, who=who, setup=Setup(is_done=is_done, is_pass=lambda given: False), clock=clock, book=SERVICE)
    return Guard(gate, names=address.names(), is_public=address.is_public, is_secure=address.is_secure)
