"""Answers whose body comes piece by piece from something that blocks: a recording, an export. It knows nothing of what they are.

Whoever is at the far end may leave at any moment; what was opened for them is closed all the same.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Self

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from earwitness.domain.errors import EarwitnessError
from earwitness.telemetry import log

_logger = logging.getLogger(__name__)


class PulledResponse(StreamingResponse):
    """A body pulled from `pieces` off the event loop, one piece after the other was sent.

    `close` is called exactly once, however it ends, and never while a piece is being pulled.
    """

    def __init__(
        self,
        pieces: Iterator[bytes],
        *,
        close: Callable[[], None],
        media_type: str,
        headers: Mapping[str, str],
        status_code: int = 200,
    ) -> None:
        super().__init__(self._pulled(), status_code=status_code, media_type=media_type, headers=headers)
        self._pieces = pieces
        self._close = close
        self._first: bytes | None = None
        self._lock = threading.Lock()

    async def begun(self) -> Self:
        """This answer with its first piece pulled, so that what fails at once is told as an error. Raises what pulling raises."""
        try:
            self._first = await asyncio.to_thread(self._pull)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(self._end))
            raise
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.shield(asyncio.to_thread(self._end))

    async def _pulled(self) -> AsyncIterator[bytes]:
        piece, self._first = self._first, None
        if piece is None:
            piece = await asyncio.to_thread(self._pull)
        while piece is not None:
            if piece:
                yield piece
            piece = await asyncio.to_thread(self._pull)

    def _pull(self) -> bytes | None:
        with self._lock:
            return next(self._pieces, None)

    def _end(self) -> None:
        """The answer is over, so nobody can be told if closing fails: upkeep closes what stayed open."""
        with self._lock:
            try:
                self._close()
            except EarwitnessError as error:
                log(_logger, "stream.not_closed", level=logging.WARNING, code=error.code)
