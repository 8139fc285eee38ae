"""Replies that a device fetches: a random URL for each, for that device alone, once, and no longer than a minute.

ESPHome devices play what a URL gives; they know no certificate of ours, so the URL is plain HTTP and exists only where
`reach.Trust` lets unencrypted sound travel. The listener is its own, on the one address that faces the device, and is open only
while a reply waits. It serves nothing else: no listing, no second time, no other peer.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from earwitness.domain.audio import Pcm
from earwitness.foreign.reach import Trust
from earwitness.foreign.sound import Encoded, PlayForm, encode

LINK_SECONDS: Final = 60.0
REQUEST_SECONDS: Final = 5.0
SEND_SECONDS: Final = 60.0
MOST_REQUEST_BYTES: Final = 4096
MOST_REQUESTS: Final = 8
_PATH: Final = "/reply/"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    peer: str
    ours: str
    sound: Encoded
    on_fetched: Callable[[], None]
    expiry: asyncio.TimerHandle


class ReplyLinks:
    """All replies that wait to be fetched. Used on one event loop; close it at the end."""

    def __init__(self, *, trust: Trust, seconds: float = LINK_SECONDS, request_seconds: float = REQUEST_SECONDS) -> None:
        self._trust = trust
        self._seconds = seconds
        self._request_seconds = request_seconds
        self._links: dict[str, _Link] = {}
        self._servers: dict[str, asyncio.Server] = {}
        self._requests = 0
        self._opening = asyncio.Lock()

    async def offer(
        self, pcm: Pcm, *, peer: str, form: PlayForm | None = None, on_fetched: Callable[[], None] = lambda: None
    ) -> str:
        """A URL at which `peer` (an address) can fetch the sound, as WAV or in its form, once. Raises NetworkError where that may
        not be."""
        ours = self._trust.check_peer(peer)
        token = secrets.token_urlsafe(32)
        sound = await asyncio.to_thread(encode, pcm, form or PlayForm())
        async with self._opening:
            if ours not in self._servers:
                self._servers[ours] = await asyncio.start_server(self._answer, host=ours, port=0, limit=MOST_REQUEST_BYTES)
            expiry = asyncio.get_running_loop().call_later(self._seconds, self._drop, token)
            self._links[token] = _Link(peer=peer, ours=ours, sound=sound, on_fetched=on_fetched, expiry=expiry)
            port = self._servers[ours].sockets[0].getsockname()[1]
        return f"http://{f'[{ours}]' if ':' in ours else ours}:{port}{_PATH}{token}.{sound.ending}"

    @property
    def is_open(self) -> bool:
        """Whether anything is listened on."""
        return bool(self._servers)

    def close(self) -> None:
        """Drop every reply and stop listening."""
        for token in tuple(self._links):
            self._drop(token)

    def _drop(self, token: str) -> _Link | None:
        link = self._links.pop(token, None)
        if link is not None:
            link.expiry.cancel()
            if all(other.ours != link.ours for other in self._links.values()):
                self._servers.pop(link.ours).close()
        return link

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0]).partition("%")[0]
        self._requests += 1
        try:
            link = await self._asked(reader, peer=peer) if self._requests <= MOST_REQUESTS else None
            async with asyncio.timeout(SEND_SECONDS):
                await _send(writer, link.sound if link else None)
            if link is not None:
                link.on_fetched()
        except (OSError, EOFError):
            pass  # the device went away
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._requests -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _asked(self, reader: asyncio.StreamReader, *, peer: str) -> _Link | None:
        try:
            async with asyncio.timeout(self._request_seconds):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.LimitOverrunError, TimeoutError):
            return None
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3 or parts[0] != b"GET" or not parts[2].startswith(b"HTTP/1."):
            return None
        path = parts[1].decode("latin-1")
        token = path.removeprefix(_PATH).rpartition(".")[0]
        link = self._links.get(token)
        if link is None or path != f"{_PATH}{token}.{link.sound.ending}" or link.peer != peer:
            return None
        return self._drop(token)


async def _send(writer: asyncio.StreamWriter, sound: Encoded | None) -> None:
    status, media_type, body = ("404 Not Found", "text/plain", b"") if sound is None else ("200 OK", sound.media_type, sound.data)
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
