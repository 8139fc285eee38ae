"""The guard before every request: host, origin, size of body, and the safety headers of every answer. The gate is behind it.

A plain ASGI layer, so that nothing behind it can be reached around it. It reads no body and knows no routes but those for sound
and papers.
"""

from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earwitness.server import door
from earwitness.server.gate import Refusal, refuse

MAX_BODY_BYTES: Final = 64 * 1024
MAX_AUDIO_BYTES: Final = 10 * 1024 * 1024
MAX_ANSWER_BYTES: Final = 512 * 1024
"""Sixteen seconds of 16 kHz mono int16: an answer at the first start."""
MAX_DEMAND_BYTES: Final = 1_400_000
"""A scanned paper of a million bytes, in base64, and what it says."""
MOST_BYTES: Final = {
    "/api/v1/ask/audio": MAX_AUDIO_BYTES,
    "/api/v1/setup/answer": MAX_ANSWER_BYTES,
    "/api/v1/demands": MAX_DEMAND_BYTES,
}
"""Of the routes that take sound or a scanned paper."""

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
    "permissions-policy": (
        "microphone=(self), publickey-credentials-create=(self), publickey-credentials-get=(self), "
        "camera=(), geolocation=(), display-capture=()"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Wraps the application. `names` are the host names we answer to besides loopback; `is_secure` says whether TLS is on."""

    def __init__(self, app: ASGIApp, *, names: Collection[str], is_public: bool, is_secure: bool) -> None:
        self._app = app
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
            await refuse(safe_send, refusal, is_visit=False)
            return
        await self._app(scope, _bounded(receive, _limit(scope)), safe_send)

    def _refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        """Why the request may not pass, None if it may."""
        host = headers.get("host")
        method = scope.get("method", "GET")
        if not door.admits_host(host, names=self._names, is_public=self._is_public):
            return Refusal(421, "network.wrong_host", "This server does not answer to that name.")
        if not door.admits_fetch(headers, method=method):
            return Refusal(403, "network.cross_site", "Another site's page may not do that.")
        needs_origin = scope["type"] == "websocket" or method not in {"GET", "HEAD"}
        if needs_origin and not door.admits_origin(headers.get("origin"), host_header=host, is_secure=self._is_secure):
            return Refusal(403, "network.cross_site", "Another site's page may not do that.")
        if _declared_bytes(headers) > _limit(scope):
            return Refusal(413, "body.too_large", f"A request here may be at most {_limit(scope)} bytes long.")
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


def _limit(scope: Scope) -> int:
    return MOST_BYTES.get(scope["path"], MAX_BODY_BYTES)


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
