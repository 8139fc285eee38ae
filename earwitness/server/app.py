"""The application behind guard and gate: session socket, the routers it is given, and errors as JSON.

Built by `build/` from the assistant and the web's routers; it draws no page itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from earwitness import __version__
from earwitness.domain.account import LIVES_HERE
from earwitness.domain.errors import (
    AccessError,
    AlertError,
    AudioError,
    ContactError,
    DemandError,
    DeviceError,
    EarwitnessError,
    EngineError,
    LedgerError,
    LinkError,
    ListError,
    ModelError,
    NetworkError,
    OversightError,
    PersonError,
    ProofError,
    RemoteError,
    ReviewError,
    SkillError,
    StorageError,
    TextError,
    TrustError,
    VaultError,
    VoiceError,
)
from earwitness.domain.visitor import VISITOR, Visitor
from earwitness.server.channel import Ending, end
from earwitness.server.door import is_same_machine
from earwitness.server.gate import Gate, Setup, Who, peer_of
from earwitness.server.guard import Guard
from earwitness.server.listen import Address
from earwitness.server.page_links import PageLinks, Unwelcome, Whose
from earwitness.server.ports import Assistant, PageCalls
from earwitness.server.session import Session

MOST_SESSIONS: Final = 16
RECHECK_SECONDS: Final = 2.0
"""How long, at most, an open session outlives the sign-in that it was opened with."""
_STATUS: Final[Sequence[tuple[type[EarwitnessError], int]]] = (
    (AudioError, 422),
    (TextError, 422),
    (VoiceError, 404),
    (EngineError, 503),
    (ModelError, 503),
    (StorageError, 503),
    (LedgerError, 503),
    (NetworkError, 503),
    (AccessError, 403),
    (PersonError, 422),
    (VaultError, 404),
    (ProofError, 404),
    (RemoteError, 422),
    (DeviceError, 422),
    (TrustError, 422),
    (SkillError, 409),
    (AlertError, 422),
    (ListError, 422),
    (LinkError, 503),
    (ContactError, 422),
    (ReviewError, 409),
    (DemandError, 409),
    (OversightError, 409),
)
_STATUS_OF_CODE: Final = {
    "alert.changed": 409,
    "alert.no_sound": 404,
    "alert.unknown": 404,
    "access.not_signed_in": 401,
    "access.wrong": 401,
    "access.code_needed": 401,
    "access.wait": 429,
    "access.no_key": 503,
    "setup.done": 409,
    "consent.changed": 409,
    "review.unknown": 404,
    "improve.unknown": 404,
    "improve.not_due": 409,
    "improve.refused": 409,
    "improve.changed": 409,
    "improve.too_few": 409,
    "review.invalid": 422,
    "wire.too_large": 413,
    "demand.unknown": 404,
    "oversight.unknown": 404,
    "oversight.invalid": 422,
    "demand.invalid": 422,
    "demand.office": 403,
    "consent.objected": 409,
    "device.exists": 409,
    "device.revoked": 409,
    "device.unknown": 404,
    "contact.changed": 409,
    "contact.too_many": 409,
    "contact.unknown": 404,
    "link.changed": 409,
    "link.exists": 409,
    "link.invalid": 422,
    "link.too_many": 409,
    "link.unknown": 404,
    "link.not_found": 404,
    "link.repeats": 409,
    "list.exists": 409,
    "list.fixed": 409,
    "list.unknown": 404,
    "pairing.closed": 409,
    "person.exists": 409,
    "person.unknown": 404,
    "remote.exists": 409,
    "skill.unknown": 404,
    "remote.failed": 503,
    "remote.key": 503,
    "remote.no_tool": 503,
    "remote.not_allowed": 503,
    "remote.unknown": 404,
    "vault.changed": 409,
    "vault.no_receipt": 503,
    "vault.sealed_wrong": 500,
}
_HTTP_CODES: Final = {404: "http.not_found", 405: "http.wrong_method", 413: "body.too_large", 429: "server.busy"}


StillIn = Callable[[Visitor], Awaitable[bool]]
"""Whether a visitor who came in earlier is still signed in and may still talk."""


def make_app(
    assistant: Assistant,
    *,
    address: Address,
    area: str | None,
    routers: Sequence[APIRouter],
    static: ASGIApp,
    who: Who,
    is_still_in: StillIn,
    setup: Setup,
    clock: Callable[[], datetime],
    sessions: set[Session] | None = None,
    page_calls: Callable[[], PageCalls] | None = None,
) -> Guard:
    """The whole server as one ASGI application. `area` is the room this machine stands in; `who` finds out who sent a request;
    `is_still_in` whether that visitor would be let in now; `sessions` is filled with those that are open; `page_calls` makes a
    page's place in calls. Raises NetworkError."""
    app = FastAPI(
        title="Earwitness", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json", debug=False
    )
    for router in routers:
        app.include_router(router)
    app.include_router(
        _session_router(
            assistant, area, is_still_in=is_still_in, running=set() if sessions is None else sessions, page_calls=page_calls
        )
    )
    app.mount("/static", static)
    say_errors(app)
    gate = Gate(app, who=who, setup=setup, clock=clock)
    return Guard(gate, names=address.names(), is_public=address.is_public, is_secure=address.is_secure)


def say_errors(app: FastAPI) -> None:
    """Let an application answer with errors as JSON: a code and a sentence."""
    app.add_exception_handler(EarwitnessError, _say_error)
    app.add_exception_handler(HTTPException, _say_http_error)
    app.add_exception_handler(RequestValidationError, _say_invalid)
    app.add_exception_handler(Exception, _say_unforeseen)


def _session_router(
    assistant: Assistant,
    area: str | None,
    *,
    is_still_in: StillIn,
    running: set[Session],
    page_calls: Callable[[], PageCalls] | None,
) -> APIRouter:
    router = APIRouter()
    links = PageLinks()

    @router.websocket("/api/v1/session")
    async def session(websocket: WebSocket) -> None:
        await websocket.accept()
        visitor: Visitor = websocket.scope[VISITOR]
        is_local = is_same_machine(peer_of(websocket.scope), websocket.headers)
        try:
            opening, first = await links.greet(websocket)
        except Unwelcome as refused:
            await end(websocket, refused.ending)
            return
        if first["type"] == "websocket.disconnect":
            return
        whose = Whose(person_id=visitor.person.person_id, came_by=visitor.sign_in_id or visitor.token_id, is_local=is_local)
        if opening is not None and (kept := links.find(opening, whose)) is not None:
            await kept.carry(websocket, opening)
            return
        if len(running) >= MOST_SESSIONS:
            await end(websocket, Ending(code="session.too_many", sentence="Too many pages are open; close one and reload."))
            return
        async with links.channel(websocket, opening, first, whose=whose) as channel:
            place = area if is_local else None
            served = Session(
                channel,
                assistant,
                is_local=is_local,
                area=place,
                person=visitor.person,
                scopes=visitor.scopes,
                page_calls=page_calls() if page_calls is not None and _may_be_called(visitor) else None,
            )
            running.add(served)
            serving = asyncio.create_task(served.run())
            try:
                await _while_signed_in(served, serving, visitor=visitor, is_still_in=is_still_in)
            finally:
                running.discard(served)
                serving.cancel()

    return router


def _may_be_called(visitor: Visitor) -> bool:
    """Calls reach the pages of those who live here, and no programs."""
    return visitor.scopes is None and visitor.person.role in LIVES_HERE


async def _while_signed_in(served: Session, serving: asyncio.Task[None], *, visitor: Visitor, is_still_in: StillIn) -> None:
    """Wait until a session ends, or end it once whoever opened it is not signed in any more."""
    while not serving.done():
        await asyncio.wait({serving}, timeout=RECHECK_SECONDS)
        if not serving.done() and not await is_still_in(visitor):
            served.end(Ending(code="access.not_signed_in", sentence="You are signed out; sign in again."))
            break
    await serving


def _answer(status: int, code: str, sentence: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": sentence}, status_code=status)


async def _say_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, EarwitnessError)
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
    status = _STATUS_OF_CODE.get(error.code, status)
    return _answer(status, error.code, error.sentence)


async def _say_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = _answer(error.status_code, _HTTP_CODES.get(error.status_code, "http.error"), f"{error.detail}".rstrip(".") + ".")
    answer.headers.update(error.headers or {})
    return answer


async def _say_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return _answer(422, "request.invalid", f"In the request, {place}: {first['msg']}.")


async def _say_unforeseen(_: Request, __: Exception) -> Response:
    return _answer(500, "server.failed", "Something failed on the server; try again.")
