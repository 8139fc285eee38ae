"""One connection to Home Assistant's WebSocket API: signs in, asks, and hands on what it is told.

Owns the numbering of messages and the bounds of what is read: the server is not trusted. It knows nothing of devices.
https://developers.home-assistant.io/docs/api/websocket
"""

import asyncio
import contextlib
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from earwitness.domain.errors import LinkError
from earwitness.telemetry import log

_logger = logging.getLogger(__name__)
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one message: the registries of a thousand devices have about 1 MB."""
MOST_QUESTIONS: Final = 128
"""That wait for an answer at once."""
HEARTBEAT_SECONDS: Final = 10.0
WHAT: Final = "Home Assistant"

Told = Callable[[Mapping[str, Any]], None]


def socket_url(address: str) -> str:
    """The WebSocket's URL of an instance at `address` (https://home.example.org, http://127.0.0.1:8123, ws://…)."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path.rstrip("/").removesuffix("/api/websocket")
    return f"{scheme}://{parts.netloc}{path}/api/websocket"


class HomeAssistantSocket:
    """A signed-in connection, used from one event loop. `listen` must run for questions to be answered."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._told: dict[int, Told] = {}

    async def ask(self, kind: str, **values: object) -> Any:
        """The result of one command.

        Raises LinkError: link.refused with Home Assistant's code as its reason, link.unreachable, link.failed (too many at once).
        """
        if len(self._waiting) >= MOST_QUESTIONS:
            raise LinkError(f"{WHAT} has not answered {MOST_QUESTIONS} requests; nothing more is asked.")
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._send({"id": number, "type": kind, **values})
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def subscribe(self, kind: str, told: Told, **values: object) -> None:
        """Have `told` called with each event of a subscription. Raises as `ask`."""
        if len(self._waiting) >= MOST_QUESTIONS:
            raise LinkError(f"{WHAT} has not answered {MOST_QUESTIONS} requests; nothing more is asked.")
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number], self._told[number] = answer, told
        try:
            await self._send({"id": number, "type": kind, **values})
            await answer
        except LinkError:
            self._told.pop(number, None)
            raise
        finally:
            self._waiting.pop(number, None)

    async def listen(self) -> None:
        """Hand on what is told until the connection is lost.

        Raises LinkError: link.unreachable, link.nonsense, link.too_large.
        """
        try:
            async for message in self._connection:
                self._take(read_message(message))
        except ConnectionClosed as error:
            raise lost(error) from None
        raise LinkError(f"{WHAT} ended the connection.", code="link.unreachable")

    def end(self, error: LinkError) -> None:
        """Answer everything that still waits with that error."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # it may be that nobody waits any more
        self._waiting.clear()
        self._told.clear()

    def _take(self, message: Mapping[str, Any]) -> None:
        number = message.get("id")
        if not isinstance(number, int):
            return
        match message.get("type"):
            case "result":
                answer = self._waiting.pop(number, None)
                if answer is None or answer.done():
                    return
                if message.get("success") is True:
                    answer.set_result(message.get("result"))
                else:
                    answer.set_exception(refused(message.get("error")))
            case "event":
                event, told = message.get("event"), self._told.get(number)
                if told is not None and isinstance(event, Mapping):
                    try:
                        told(event)
                    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
                        # One event that cannot be read does not end the connection for the others.
                        log(_logger, "home_assistant.unreadable", error_type=type(error).__name__)

    async def _send(self, message: Mapping[str, object]) -> None:
        try:
            await self._connection.send(json.dumps(message))
        except ConnectionClosed as error:
            raise lost(error) from None


def refused(error: object) -> LinkError:
    """What a refusal comes to. Only its code is taken, and only if it is one that is known: texts of others are not told."""
    code = error.get("code") if isinstance(error, Mapping) else None
    match code:
        case "unauthorized":
            return LinkError(f"{WHAT} does not let this token do that; make one for an administrator.", code="link.refused")
        case "unknown_command":
            return LinkError(f"{WHAT} does not know that; it may be too old.", code="link.not_found")
        case "not_found" | "service_not_found":
            return LinkError(f"{WHAT} does not know that device or what to do with it.", code="link.not_found")
    return LinkError(f"{WHAT} refused to do that.", code="link.refused")


def lost(error: ConnectionClosed) -> LinkError:
    """Why a connection ended."""
    if error.sent is not None and error.sent.code == 1009:
        return LinkError(f"{WHAT} sent more at once than is read ({MOST_BYTES // 2**20} MiB).", code="link.too_large")
    return LinkError(f"The connection to {WHAT} was lost.", code="link.unreachable")


def read_message(data: str | bytes) -> Mapping[str, Any]:
    """One message. Raises LinkError (link.nonsense) for what is none."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LinkError(f"{WHAT} sent what is no message.", code="link.nonsense") from error
    if not isinstance(message, dict):
        raise LinkError(f"{WHAT} sent what is no message.", code="link.nonsense")
    return message


@asynccontextmanager
async def signed_in(
    address: str, *, token: str, timeout_seconds: float, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HomeAssistantSocket]:
    """A connection that is open and signed in within `timeout_seconds`.

    Raises LinkError: link.unreachable, link.slow, link.refused (the token), link.not_safe (its certificate), link.nonsense.
    """
    async with contextlib.AsyncExitStack() as stack:
        connection = await _opened(address, token=token, timeout_seconds=timeout_seconds, tls=tls)
        stack.push_async_callback(_closed, connection)
        yield HomeAssistantSocket(connection)


async def _opened(address: str, *, token: str, timeout_seconds: float, tls: ssl.SSLContext | None) -> ClientConnection:
    url = socket_url(address)
    try:
        async with asyncio.timeout(timeout_seconds):
            connection = await connect(
                url,
                ssl=tls if url.startswith("wss://") else None,
                proxy=None,
                max_size=MOST_BYTES,
                max_queue=16,
                open_timeout=None,
                close_timeout=1.0,
                ping_interval=HEARTBEAT_SECONDS,
                ping_timeout=HEARTBEAT_SECONDS,
            )
            try:
                await _sign_in(connection, token)
            except BaseException:
                connection.transport.abort()
                raise
    except TimeoutError:
        raise LinkError(f"{WHAT} did not answer in time.", code="link.slow") from None
    except ssl.SSLError as error:
        raise LinkError(f"The certificate of {WHAT} is not trusted.", code="link.not_safe") from error
    except (InvalidHandshake, InvalidURI) as error:
        raise LinkError(f"There is no {WHAT} at that address.", code="link.nonsense") from error
    except (OSError, ConnectionClosed) as error:
        raise LinkError(f"{WHAT} cannot be reached.", code="link.unreachable") from error
    return connection


async def _sign_in(connection: ClientConnection, token: str) -> None:
    for _ in range(2):
        match read_message(await connection.recv()).get("type"):
            case "auth_required":
                await connection.send(json.dumps({"type": "auth", "access_token": token}))
            case "auth_ok":
                return
            case "auth_invalid":
                raise LinkError(f"{WHAT} does not accept the token; make a new one on its profile page.", code="link.refused")
            case _:
                break
    raise LinkError(f"There is no {WHAT} at that address.", code="link.nonsense")


async def _closed(connection: ClientConnection) -> None:
    with contextlib.suppress(OSError, TimeoutError, ConnectionClosed):
        await connection.close()
