"""The guard before every request: host, origin, access, size of body, and the safety headers of every answer.

A plain ASGI layer, so that nothing behind it can be reached around it. It reads no body, and of all routes knows only the pages
and the sign-in.
"""

import json
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earwitness.server import door
from earwitness.server.access import Access

MAX_BODY_BYTES: Final = 64 * 1024
MAX_AUDIO_BYTES: Final = 10 * 1024 * 1024
AUDIO_PATH: Final = "/api/v1/ask/audio"
OPEN_PATHS: Final = ("/sign-in", "/static/")
PAGE_PATHS: Final = ("/", "/history", "/privacy", "/listens")
"""Where a visit without the access code is led to the sign-in."""
PROGRAM_PATHS: Final = ("/api/", "/ledger/")

CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
SAFETY_HEADERS: Final = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "microphone=(self), camera=(), geolocation=(), display-capture=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Wraps the application. `names` are the host names we answer to besides loopback; `is_secure` says whether TLS is on."""

    def __init__(self, app: ASGIApp, *, access: Access, names: Collection[str], is_public: bool, is_secure: bool) -> None:
        self._app = app
        self._access = access
        self._names = frozenset(name.lower() for name in names)
        self._is_public = is_public
        self._is_secure = is_secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            await (self._app(scope, receive, send) if refusal is None else send({"type": "websocket.close", "code": 1008}))
            return
        safe_send = self._with_headers(send)
        if refusal is not None:
            await _refuse(safe_send, refusal, is_visit=_is_visit(scope, headers))
            return
        await self._app(scope, _bounded(receive, _limit(scope)), safe_send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        """Status, code and sentence if the request may not pass."""
        host = headers.get("host")
        method = scope.get("method", "GET")
        if not door.admits_host(host, names=self._names, is_public=self._is_public):
            return 421, "network.wrong_host", "This server does not answer to that name."
        if not door.admits_fetch(headers, method=method):
            return 403, "network.cross_site", "Another site's page may not do that."
        needs_origin = scope["type"] == "websocket" or method not in {"GET", "HEAD"}
        if needs_origin and not door.admits_origin(headers.get("origin"), host_header=host, is_secure=self._is_secure):
            return 403, "network.cross_site", "Another site's page may not do that."
        if not scope["path"].startswith(OPEN_PATHS) and not self._access.admits(headers, peer=peer_of(scope)):
            return 401, "access.needed", "Sign in with the access code first, at /sign-in."
        if _declared_bytes(headers) > _limit(scope):
            return 413, "body.too_large", f"A request here may be at most {_limit(scope)} bytes long."
        return None

    def _with_headers(self, send: Send) -> Send:
        async def safe_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFETY_HEADERS.items():
                    headers[name] = value
                if self._is_secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        return safe_send


def peer_of(scope: Scope) -> str:
    """The address at the far end, empty if it is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Whether a person is about to look at a page, who is shown the sign-in rather than JSON."""
    is_page = not scope["path"].startswith(PROGRAM_PATHS)
    return scope["method"] in {"GET", "HEAD"} and is_page and "text/html" in headers.get("accept", "")


def _limit(scope: Scope) -> int:
    return MAX_AUDIO_BYTES if scope["path"] == AUDIO_PATH else MAX_BODY_BYTES


def _declared_bytes(headers: Headers) -> int:
    declared = headers.get("content-length", "0")
    return int(declared) if declared.isdecimal() and len(declared) < 20 else MAX_AUDIO_BYTES + 1


def _bounded(receive: Receive, limit: int) -> Receive:
    """Count a body as it comes: a declared length may be missing or a lie."""
    seen = 0

    async def bounded_receive() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"A request here may be at most {limit} bytes long.")
        return message

    return bounded_receive


async def _refuse(send: Send, refusal: tuple[int, str, str], *, is_visit: bool) -> None:
    status, code, sentence = refusal
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if code == "access.needed" and is_visit:
        status = 303
        headers.append((b"location", b"/sign-in"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"code": code, "message": sentence}).encode()})
