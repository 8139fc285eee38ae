"""A household's authority and devices in temporary folders, and real handshakes over loopback."""

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from earwitness.trust.authority import Authority
from earwitness.trust.identity import Identity
from earwitness.trust.tls import SERVER_NAME

DEVICE_ID = "0123456789abcdef" * 2


@dataclass
class Clock:
    """Says what it was last set to; at first, the true time, which OpenSSL goes by."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


def paired(authority: Authority, folder: Path) -> Identity:
    """A device of that household."""
    identity = Identity(folder)
    made = authority.device_certificate(identity.public_key, device_id=DEVICE_ID)
    identity.join(made.pem, household=authority.certificate_pem)
    return identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaken:
    """How a handshake went: what each side saw of the other, or the error."""

    version: str | None
    device_certificate: bytes | None
    server_certificate: bytes | None
    protocol: str | None
    """On which of the names of the link (ALPN) both settled."""


def shake(server: ssl.SSLContext, client: ssl.SSLContext, *, name: str = SERVER_NAME) -> Shaken:
    """One handshake over a socket pair and one byte each way. Raises ssl.SSLError, or OSError, if either side refuses."""
    return asyncio.run(_shake(server, client, name))


async def _shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> Shaken:
    one, other = socket.socketpair()
    writers: list[asyncio.StreamWriter] = []

    async def serve() -> ssl.SSLObject:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, one, ssl=server, ssl_handshake_timeout=5)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        writers.append(writer)
        writer.write(await reader.readexactly(1))
        await writer.drain()
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return tls

    async def connect() -> ssl.SSLObject:
        reader, writer = await asyncio.open_connection(sock=other, ssl=client, server_hostname=name, ssl_handshake_timeout=5)
        writers.append(writer)
        writer.write(b"x")
        await reader.readexactly(1)
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return tls

    try:
        async with asyncio.timeout(30):
            ends = await asyncio.gather(serve(), connect(), return_exceptions=True)
        errors = [end for end in ends if isinstance(end, BaseException)]
        told = [error for error in errors if isinstance(error, ssl.SSLError)]
        if errors:
            raise (told or errors)[0]
        at_server, at_client = (end for end in ends if isinstance(end, ssl.SSLObject))
        return Shaken(
            version=at_client.version(),
            device_certificate=at_server.getpeercert(binary_form=True),
            server_certificate=at_client.getpeercert(binary_form=True),
            protocol=at_client.selected_alpn_protocol(),
        )
    finally:
        for writer in writers:
            writer.transport.abort()
        one.close()
        other.close()
