"""How our sockets are set for a bad network, and the outgoing connection.

An option that a system does not have is left out in silence: without them a bad network is only slower. It knows nothing of
what is said over a socket.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

SILENCE_SECONDS: Final = 15.0
"""A connection on which nothing of ours is confirmed for so long is over, so that who vanished without a word is missed. On a
network that loses a third of all packets, some twenty tries in a row would have to fail for that."""
LONGEST_RETRY_SECONDS: Final = 3.0
"""A packet that was lost is sent again at least so often; by itself a kernel doubles its pauses up to two minutes. Well above
the time there and back of a far network: a kernel that takes each late answer for a loss sends one packet at a time."""
CONGESTION: Final = b"bbr"
"""It measures what the way can carry; the usual ones take each lost packet for a sign that it is full, and come to a halt."""
_TCP_THIN_LINEAR_TIMEOUTS: Final = 16
_TCP_RTO_MAX_MS: Final = 44
"""Of Linux 6.15; neither has a name in the socket module."""


def endure(connection: socket.socket, *, silence_seconds: float = SILENCE_SECONDS) -> None:
    """Set a TCP socket for a bad network. Linux hands the options of a listening socket on to those that it accepts."""
    tries: tuple[Callable[[], object], ...] = (
        lambda: connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        lambda: connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, CONGESTION),
        lambda: connection.setsockopt(socket.IPPROTO_TCP, _TCP_THIN_LINEAR_TIMEOUTS, 1),
        lambda: connection.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, int(1000 * LONGEST_RETRY_SECONDS)),
        lambda: connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * silence_seconds)),
    )
    for attempt in tries:
        with contextlib.suppress(OSError, AttributeError):
            attempt()


async def connect(host: str, port: int) -> socket.socket:
    """A socket that is connected to the first address of that name that answers, set for a bad network. Raises OSError."""
    loop = asyncio.get_running_loop()
    failed = OSError(f"{host} has no address")
    for family, kind, protocol, _, place in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made = socket.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            endure(made)
            await loop.sock_connect(made, place)
        except OSError as error:
            made.close()
            failed = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failed
