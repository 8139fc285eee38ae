"""The microphone: 16 kHz mono int16 in chunks of 32 ms, through a bounded queue. Stopping it ends the capture stream itself.

It keeps nothing beyond the queue, writes and sends nothing, and counts what it read, so that anybody can see that a stopped
microphone reads nothing.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import soxr

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES
from earwitness.satellite.sound_card import SoundCard

CHUNK_SAMPLES: Final = 512
CHUNK_BYTES: Final = CHUNK_SAMPLES * SAMPLE_BYTES
CHUNK_SECONDS: Final = CHUNK_SAMPLES / RATE_HZ
MOST_WAITING: Final = 64
"""Chunks that may wait for the ear (2 s); beyond it the oldest is dropped and counted."""
_RATES_HZ: Final = (RATE_HZ, 48_000, 44_100)


@dataclass(frozen=True, slots=True)
class Chunk:
    """32 ms of sound and when they were heard (monotonic seconds)."""

    sound: bytes
    heard_at: float


class Microphone(Protocol):
    """What the satellite needs of a microphone."""

    samples_read: int
    chunks_dropped: int

    @property
    def is_open(self) -> bool: ...

    @property
    def last_heard_at(self) -> float:
        """When the device last gave sound (monotonic seconds)."""
        ...

    def open(self) -> None:
        """Start capturing. Raises SoundError."""
        ...

    def close(self) -> None:
        """End the capture stream and forget what waits. Never raises."""
        ...

    async def chunk(self) -> Chunk:
        """The next chunk; waits while the microphone is closed."""
        ...


class PortAudioMicrophone:
    """A microphone of this machine."""

    def __init__(self, card: SoundCard, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._card = card
        self._clock = clock
        self._stream: Any = None
        self._waiting: deque[Chunk] = deque()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._resampler: Any = None
        self._rest = b""
        self._generation = 0
        self.samples_read = 0
        self.chunks_dropped = 0
        self._last_heard_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._stream is not None

    @property
    def last_heard_at(self) -> float:
        return self._last_heard_at

    def open(self) -> None:
        """Start capturing; on the event loop. Raises SoundError."""
        if self._stream is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._generation += 1
        generation = self._generation
        self._last_heard_at = self._clock()
        self._rest, self._resampler = b"", None

        def take(data: Any, frames: int, times: Any, status: Any) -> None:
            self._take(bytes(data), generation)

        self._stream, rate_hz = self._card.open("input", rates_hz=_RATES_HZ, block_seconds=CHUNK_SECONDS, callback=take)
        if rate_hz != RATE_HZ:
            self._resampler = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="int16")

    def close(self) -> None:
        """End the capture stream itself, and forget what waits."""
        stream, self._stream = self._stream, None
        self._generation += 1  # what a callback still brings is nobody's
        if stream is not None:
            stream.close(ignore_errors=True)
        with self._lock:
            self._waiting.clear()
            self._rest = b""

    async def chunk(self) -> Chunk:
        """The next chunk; waits while the microphone is closed."""
        while True:
            with self._lock:
                if self._waiting:
                    return self._waiting.popleft()
                self._news.clear()
            await self._news.wait()

    def _take(self, data: bytes, generation: int) -> None:
        """In PortAudio's thread."""
        with self._lock:
            if generation != self._generation:
                return
            self._last_heard_at = self._clock()
            self.samples_read += len(data) // SAMPLE_BYTES
            if self._resampler is not None:
                data = self._resampler.resample_chunk(np.frombuffer(data, "<i2")).tobytes()
            self._rest += data
            while len(self._rest) >= CHUNK_BYTES:
                self._waiting.append(Chunk(self._rest[:CHUNK_BYTES], self._last_heard_at))
                self._rest = self._rest[CHUNK_BYTES:]
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self.chunks_dropped += 1
            is_news = bool(self._waiting) and not self._news.is_set()
        if is_news and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)
