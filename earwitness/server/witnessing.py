"""The HTTP face of a witness (C2SP tlog-witness): one call to have a checkpoint co-signed, and its public key.

Anybody may ask; the witness decides by signatures and proofs. Bodies and the time to send them are bounded.
"""

import asyncio
import logging
from typing import Final, Protocol

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from earwitness.domain.errors import EarwitnessError
from earwitness.ledger.submission import MOST_BODY_BYTES
from earwitness.telemetry import log

SEND_SECONDS: Final = 15.0
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"
_logger = logging.getLogger(__name__)


class CoSigner(Protocol):
    """Who decides; `ledger.witness` stands behind it."""

    verifier: str

    def add_checkpoint(self, body: bytes) -> tuple[int, str]:
        """The status and text of the answer. Blocks on the disk. Raises EarwitnessError if it cannot keep what it saw."""
        ...


def witness_app(witness: CoSigner) -> ASGIApp:
    """The witness as an ASGI application: POST /add-checkpoint, and GET /key for the verifier key."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                body = await _bounded_body(request)
        except TimeoutError:
            return PlainTextResponse("The request took too long.\n", status_code=408)
        if body is None:
            return PlainTextResponse(f"A request is at most {MOST_BODY_BYTES} bytes long.\n", status_code=413)
        try:
            status, text = await asyncio.to_thread(witness.add_checkpoint, body)
        except EarwitnessError as error:
            log(_logger, "witness cannot sign", level=logging.WARNING, code=error.code)
            return PlainTextResponse("The witness cannot keep what it sees, so it signs nothing now.\n", status_code=503)
        kind = SIZE_TYPE if status == 409 else TEXT_TYPE
        return Response(text, status_code=status, headers={"content-type": kind})

    async def key(_: Request) -> Response:
        return PlainTextResponse(f"{witness.verifier}\n")

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"]), Route("/key", key)])


async def _bounded_body(request: Request) -> bytes | None:
    """The body; None if it is too long. A client that went away is as one that sent nothing."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MOST_BODY_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)
