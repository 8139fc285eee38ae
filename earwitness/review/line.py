"""The review service's end of the channel: calls to the household over a Unix socket, or over TLS with a certificate of its own.

Owns the connections: a few, kept open, dialled again when the household was restarted. A call that gets no answer in time ends
its connection. Calls block; they may come from any thread.
"""

import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from earwitness.domain.errors import NetworkError, TrustError, WireError
from earwitness.protocol.frames import Decoder, Frame, encode
from earwitness.protocol.sockets import endure
from earwitness.review import calls
from earwitness.review.calls import Call
from earwitness.trust.certificates import SERVER_NAME

MOST_CONNECTIONS: Final = 4
"""Calls at once; more wait for their turn."""
ANSWER_SECONDS: Final = 15.0
SOUND_SECONDS: Final = 60.0
"""For the first look at a sound, which is made meanwhile."""
_CHUNK_BYTES: Final = 64 * 1024
_ONCE: Final = frozenset({Call.ENTER})
"""What must not be asked twice: a ticket counts once, and the answer may have been lost."""


def dial_here(path: Path) -> Callable[[], socket.socket]:
    """How to reach a household on this machine, at its Unix socket."""

    def dial() -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(ANSWER_SECONDS)
            made.connect(str(path))
        except BaseException:
            made.close()
            raise
        return made

    return dial


def dial_there(host: str, port: int, *, context: Callable[[], ssl.SSLContext]) -> Callable[[], socket.socket]:
    """How to reach a household over a network; `context` has our certificate, and trusts its authority alone."""

    def dial() -> socket.socket:
        made = socket.create_connection((host, port), timeout=ANSWER_SECONDS)
        try:
            endure(made)
            return context().wrap_socket(made, server_hostname=SERVER_NAME)
        except BaseException:
            made.close()
            raise

    return dial


class _Connection:
    def __init__(self, made: socket.socket) -> None:
        self._socket = made
        self._decoder = Decoder(is_numbered=False)
        self.is_used = False

    def ask(self, frame: Frame) -> Frame:
        """Raises OSError, WireError."""
        self._socket.settimeout(SOUND_SECONDS if frame.kind == Call.SOUND_LENGTH else ANSWER_SECONDS)
        self._socket.sendall(encode(frame))
        while True:
            data = self._socket.recv(_CHUNK_BYTES)
            if not data:
                self._decoder.finish()
                raise ConnectionResetError("the household hung up")
            found = self._decoder.feed(data)
            if len(found) > 1 or (found and not self._decoder.is_between_frames):
                raise WireError("The household answered more than was asked.", code="wire.unexpected")
            if found:
                self.is_used = True
                return found[0]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()


class Line:
    """Calls to the household. `dial` makes a connection and raises OSError, TrustError."""

    def __init__(self, dial: Callable[[], socket.socket]) -> None:
        self._dial = dial
        self._idle: queue.LifoQueue[_Connection] = queue.LifoQueue()
        self._turns = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def ask(self, call: Call, value: object, *, secret: str = "") -> Any:
        """The household's answer. Raises what it refused with, or NetworkError (network.no_answer) when it is away."""
        try:
            frame = calls.asked(call, value, secret=secret)
            encode(frame)
        except WireError as error:
            raise WireError("That is too long; make it shorter.", code=error.code) from error
        if not self._turns.acquire(timeout=ANSWER_SECONDS):
            raise _away()
        try:
            answer = self._answer(frame, may_repeat=call not in _ONCE)
        finally:
            self._turns.release()
        try:
            return calls.read_told(call, answer)
        except WireError as error:
            raise _away() from error

    def close(self) -> None:
        """End the connections that wait for the next call."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _answer(self, frame: Frame, *, may_repeat: bool) -> Frame:
        """On a connection that was open before and is over now, a call is made once more: the household was restarted."""
        connection = self._taken()
        was_used = connection.is_used
        try:
            answer = connection.ask(frame)
        except (OSError, WireError) as error:
            connection.close()
            if was_used and may_repeat and not isinstance(error, TimeoutError):
                self.close()
                return self._answer(frame, may_repeat=False)
            raise _away() from error
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        return answer

    def _taken(self) -> _Connection:
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        try:
            return _Connection(self._dial())
        except (OSError, TrustError) as error:
            raise _away() from error


def _away() -> NetworkError:
    return NetworkError("The household does not answer now; come back later.", code="network.no_answer")
