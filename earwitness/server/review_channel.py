"""Where the review service reaches the household: a Unix socket whose far end the kernel names, or TLS 1.3 with two certificates.

Owns who may connect and how much; what is asked is answered elsewhere (`review/counter.py`). Whoever sends what is no call is let
go.
"""

import asyncio
import contextlib
import logging
import os
import pwd
import socket
import ssl
import stat
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from earwitness.domain.errors import EarwitnessError, NetworkError, SettingsError, WireError
from earwitness.protocol.frames import Frame, encode, read_frame
from earwitness.review.counter import Peer
from earwitness.telemetry import log

MOST_CONNECTIONS: Final = 8
MOST_AT_ONCE: Final = 4
"""Calls that are answered at a time; others wait."""
SEND_SECONDS: Final = 10.0
HANDSHAKE_SECONDS: Final = 5.0
REFRESH_SECONDS: Final = 3600.0
_CREDENTIALS: Final = struct.Struct("3i")
"""struct ucred: process, user, group (unix(7), SO_PEERCRED)."""
_logger: Final = logging.getLogger(__name__)


class ReviewChannel:
    """Serves calls. `answer` may block and raises WireError for what is no call; `user_id` is the account that may come over a
    Unix socket. With `tls`, `spki_of` gives the public key of a certificate (DER) if it is the service's, else None;
    `refresh` sees to our own certificate, once an hour."""

    def __init__(
        self,
        answer: Callable[[Frame, Peer], Frame],
        *,
        user_id: int | None = None,
        spki_of: Callable[[bytes], bytes | None] = lambda certificate: None,
        tls: ssl.SSLContext | None = None,
        refresh: Callable[[], object] = lambda: None,
    ) -> None:
        self._answer = answer
        self._user_id = os.getuid() if user_id is None else user_id
        self._spki_of = spki_of
        self._tls = tls
        self._refresh = refresh
        self._open = 0
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="review")
        """Its own, so that whatever the service asks for, the house answers its people."""

    async def run(self, listener: socket.socket) -> None:
        """Serve on a listening socket until cancelled."""
        secured = {} if self._tls is None else {"ssl": self._tls, "ssl_handshake_timeout": HANDSHAKE_SECONDS}
        server = await asyncio.start_server(self._serve, sock=listener, **secured)  # type: ignore[arg-type]
        try:
            async with server, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._stay_certified())
                await server.serve_forever()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _stay_certified(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                self._refresh()
            except EarwitnessError as error:
                log(_logger, "certificate not renewed", level=logging.WARNING, code=error.code)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, peer = asyncio.get_running_loop(), self._peer(writer)
        if peer is None or self._open >= MOST_CONNECTIONS:
            log(_logger, "review service refused", level=logging.WARNING, code="trust.refused")
            writer.close()
            return
        self._open += 1
        try:
            while (frame := await read_frame(reader, is_numbered=False)) is not None:
                answer = await loop.run_in_executor(self._threads, self._answer, frame, peer)
                writer.write(encode(answer))
                async with asyncio.timeout(SEND_SECONDS):
                    await writer.drain()
        except asyncio.CancelledError:
            pass  # the server stops; the streams of asyncio would report it as a failure of theirs
        except WireError as error:
            log(_logger, "review service let go", level=logging.WARNING, code=error.code)
        except (OSError, TimeoutError) as error:
            log(_logger, "review service lost", error_type=type(error).__name__)
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def _peer(self, writer: asyncio.StreamWriter) -> Peer | None:
        """Who connected; None for somebody who may not."""
        if self._tls is None:
            found = writer.get_extra_info("socket")
            data = found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            return Peer(is_here=True) if _CREDENTIALS.unpack(data)[1] == self._user_id else None
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        spki = self._spki_of(shown) if shown else None
        return None if spki is None else Peer(is_here=False, spki=spki)


def bind_here(path: Path) -> socket.socket:
    """A listening Unix socket; one that a stopped server left is replaced. Who may speak is asked of the kernel, so anybody may
    connect. Raises NetworkError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                if probe.connect_ex(str(path)) == 0:
                    raise NetworkError(f"Another server listens at {path}; stop it.", code="network.in_use")
            path.unlink()
        made.bind(str(path))
        path.chmod(0o666)
        made.listen(16)
    except OSError as error:
        made.close()
        raise NetworkError(f"Listening at {path} is not possible: {error.strerror}.") from error
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made


def user_id_of(name: str) -> int:
    """The number of an account of this machine. Raises SettingsError."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise SettingsError(f"review.service_user: there is no account {name} on this machine.") from error
