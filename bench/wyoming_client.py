"""A client for the Wyoming protocol, as far as the benchmarks need it: one JSON line per event, then its data, then its payload.

Owns one TCP connection on loopback. It must not import the peers: they run as processes of their own.
Source of the format: the `wyoming` package's description of its events.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WyomingEvent:
    """One event: its type, its data and the bytes that follow it."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


class WyomingClient:
    """One connection to one Wyoming server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, event: WyomingEvent) -> None:
        """Write one event and wait until the socket has taken it."""
        data = json.dumps(dict(event.data)).encode()
        header = {"type": event.type, "data_length": len(data), "payload_length": len(event.payload)}
        self._writer.write(json.dumps(header).encode() + b"\n" + data + event.payload)
        await self._writer.drain()

    async def receive(self) -> WyomingEvent:
        """Read one event; raises ConnectionError when the server is gone and RuntimeError when it reports an error."""
        line = await self._reader.readline()
        if not line:
            raise ConnectionError("the Wyoming server closed the connection")
        header = json.loads(line)
        data = dict(header.get("data") or {})
        if header.get("data_length"):
            data.update(json.loads(await self._reader.readexactly(header["data_length"])))
        payload = await self._reader.readexactly(header.get("payload_length") or 0)
        if header["type"] == "error":
            raise RuntimeError(f"the Wyoming server reported: {data.get('text')}")
        return WyomingEvent(type=header["type"], data=data, payload=payload)

    async def receive_until(self, event_type: str) -> WyomingEvent:
        """Read events until one of that type comes, and return it."""
        while True:
            event = await self.receive()
            if event.type == event_type:
                return event


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[WyomingClient]:
    """A connection to the Wyoming server on that loopback port, closed at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield WyomingClient(reader, writer)
    finally:
        writer.close()
