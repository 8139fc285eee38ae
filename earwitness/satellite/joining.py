"""Pairing, as the device does it: one connection to the server, six digits to show, and what the household gives kept.

The server is not trusted yet: only pairing is spoken on that connection, and the digits that an owner types on the page prove
that nobody is between (trust/pairing.py).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

from earwitness.domain.errors import DeviceError, WireError
from earwitness.protocol.connection import Connection, ConnectionLostError, refusal
from earwitness.protocol.frames import Frame
from earwitness.protocol.sockets import connect
from earwitness.satellite.server_link import CONNECT_SECONDS, Address
from earwitness.trust.identity import Identity
from earwitness.trust.pairing import LONGEST_NAME, OPEN_SECONDS, DevicePairing
from earwitness.trust.tls import pairing_client_context

RETRY_SECONDS: Final = 5.0


async def join(address: Address, *, identity: Identity, name: str, show_code: Callable[[str], None]) -> None:
    """Pair this device, once; returns when the owner has typed the code that was shown, and the certificate is kept.

    Raises DeviceError (device.unreachable) if no server answers, TrustError or WireError if it refuses.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reached = await connect(address.host, address.port)
            reader, writer = await asyncio.open_connection(sock=reached, ssl=pairing_client_context(), server_hostname="")
    except (OSError, ValueError) as error:
        sentence = f"No server answers at {address.host}, port {address.port}: is it running, with a device port?"
        raise DeviceError(sentence, code="device.unreachable") from error
    connection = Connection(reader, writer)
    try:
        pairing = DevicePairing(
            name, public_key=identity.public_key, server_certificate=_shown(writer.get_extra_info("ssl_object"))
        )
        await connection.write(Frame(*pairing.hello()))
        async with asyncio.timeout(OPEN_SECONDS + CONNECT_SECONDS):
            await _compare(connection, pairing, show_code=show_code)
    except (ConnectionLostError, TimeoutError) as error:
        sentence = "The server ended the pairing: is it open on the page? It closes after five minutes."
        raise DeviceError(sentence, code="device.unreachable") from error
    finally:
        connection.abort()
    if pairing.joined is not None:
        identity.join(pairing.joined.certificate, household=pairing.joined.household)


def own_name(name: str | None) -> str:
    """What this device calls itself: as in the settings, else its host name, in letters that may be shown."""
    found = "".join(letter for letter in (name or socket.gethostname()) if letter.isprintable()).strip()
    return found[:LONGEST_NAME] or "satellite"


async def _compare(connection: Connection, pairing: DevicePairing, *, show_code: Callable[[str], None]) -> None:
    """Until the server's last word. Raises TrustError, WireError, ConnectionLostError."""
    while pairing.joined is None:
        frame = await connection.read()
        if frame is None:
            raise ConnectionLostError("the server ended the connection")
        if frame.kind == "error":
            raise refusal(frame)
        if frame.payload:
            raise WireError("Only sound has a payload.")
        answer = pairing.receive(frame.kind, frame.fields)
        if answer is not None:
            await connection.write(Frame(*answer))
        if pairing.code is not None and pairing.joined is None:
            show_code(pairing.code)


def _shown(tls: ssl.SSLObject) -> bytes:
    found = tls.getpeercert(binary_form=True)
    if found is None:
        raise WireError("The server showed no certificate.")
    return found
