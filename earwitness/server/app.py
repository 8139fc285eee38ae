"""The application behind the guard: session socket, sign-in, the routers it is given, and errors as JSON.

Built by `build.py` from the assistant and the web's routers; it draws no page itself.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from earwitness import __version__
from earwitness.domain.errors import (
    AccessError,
    AudioError,
    EarwitnessError,
    EngineError,
    LedgerError,
    ModelError,
    PersonError,
    ProofError,
    StorageError,
    TextError,
    VaultError,
    VoiceError,
)
from earwitness.domain.person import Person
from earwitness.server.access import Access
from earwitness.server.door import is_same_machine
from earwitness.server.guard import Guard, peer_of
from earwitness.server.listen import Address
from earwitness.server.ports import Assistant
from earwitness.server.session import Ending, Session, end

MOST_SESSIONS: Final = 16
_STATUS: Final[Sequence[tuple[type[EarwitnessError], int]]] = (
    (AudioError, 422),
    (TextError, 422),
    (VoiceError, 404),
    (EngineError, 503),
    (ModelError, 503),
    (StorageError, 503),
    (LedgerError, 503),
    (AccessError, 403),
    (PersonError, 422),
    (VaultError, 404),
    (ProofError, 404),
)
_STATUS_OF_CODE: Final = {
    "access.not_signed_in": 401,
    "access.wrong": 401,
    "access.wait": 429,
    "consent.changed": 409,
    "consent.objected": 409,
    "person.exists": 409,
    "person.unknown": 404,
    "vault.changed": 409,
    "vault.no_receipt": 503,
    "vault.sealed_wrong": 500,
}
_HTTP_CODES: Final = {404: "http.not_found", 405: "http.wrong_method", 413: "body.too_large", 429: "server.busy"}


SignedIn = Callable[[str], Awaitable[Person | None]]
"""Who a Cookie header stands for, None for nobody."""


async def nobody(cookies: str) -> Person | None:
    """Nobody is signed in."""
    return None


def make_app(
    assistant: Assistant,
    *,
    address: Address,
    area: str | None,
    routers: Sequence[APIRouter],
    static: ASGIApp,
    clock: Callable[[], float] = time.monotonic,
    signed_in: SignedIn = nobody,
    sessions: set[Session] | None = None,
) -> Guard:
    """The whole server as one ASGI application. `area` is the room this machine stands in; `sessions` is filled with those that
    are open. Raises NetworkError."""
    access = Access(address.access_code, is_secure=address.is_secure, clock=clock)
    app = FastAPI(
        title="Earwitness", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json", debug=False
    )
    for router in routers:
        app.include_router(router)
    app.include_router(_sign_in_router(access))
    app.include_router(_session_router(assistant, area, signed_in=signed_in, running=set() if sessions is None else sessions))
    app.mount("/static", static)
    app.add_exception_handler(EarwitnessError, _say_error)
    app.add_exception_handler(HTTPException, _say_http_error)
    app.add_exception_handler(RequestValidationError, _say_invalid)
    app.add_exception_handler(Exception, _say_unforeseen)
    return Guard(app, access=access, names=address.names(), is_public=address.is_public, is_secure=address.is_secure)


def _session_router(assistant: Assistant, area: str | None, *, signed_in: SignedIn, running: set[Session]) -> APIRouter:
    router = APIRouter()

    @router.websocket("/api/v1/session")
    async def session(websocket: WebSocket) -> None:
        await websocket.accept()
        if len(running) >= MOST_SESSIONS:
            await end(websocket, Ending(code="session.too_many", sentence="Too many pages are open; close one and reload."))
            return
        is_local = is_same_machine(peer_of(websocket.scope), websocket.headers)
        person = await signed_in(websocket.headers.get("cookie", ""))
        served = Session(websocket, assistant, is_local=is_local, area=area if is_local else None, person=person)
        running.add(served)
        try:
            await served.run()
        finally:
            running.discard(served)

    return router


def _sign_in_router(access: Access) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        peer = peer_of(request.scope)
        if access.must_wait(peer):
            return Response(status_code=303, headers={"location": "/sign-in?problem=wait"})
        form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=4)
        token = access.sign_in(form.get("code", [""])[0], peer=peer)
        if token is None:
            return Response(status_code=303, headers={"location": "/sign-in?problem=wrong"})
        return Response(status_code=303, headers={"location": "/", "set-cookie": access.set_cookie(token)})

    return router


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
