"""From the microphone's chunks to wake words and to the sound that may leave; the detector runs in a thread of its own.

Owns the ear. Opening, closing and forgetting take effect at once, whatever the thread is doing.
"""

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from earwitness.satellite.ear import WakeEar, WakeWordDetector
from earwitness.satellite.events import WakeHeard
from earwitness.satellite.microphone import CHUNK_BYTES, CHUNK_SECONDS, Chunk, Microphone

PREROLL_SECONDS: Final = 0.8
LONGEST_SECONDS: Final = 4.0
"""How much is kept from a wake word or press until the server opens the capture."""
LOUDNESS_SECONDS: Final = 1.0
LOWEST_DBFS: Final = -120.0


class Hearing:
    """Listens to `microphone`; `on_wake` and `on_sound` are called on the event loop, `on_sound` only while the ear is open."""

    def __init__(
        self,
        microphone: Microphone,
        *,
        clock: Callable[[], float],
        on_wake: Callable[[WakeHeard], None],
        on_sound: Callable[[bytes], None],
        preroll_seconds: float = PREROLL_SECONDS,
    ) -> None:
        self._microphone = microphone
        self._clock = clock
        self._on_wake = on_wake
        self._on_sound = on_sound
        self._preroll_seconds = preroll_seconds
        self._lock = threading.Lock()
        self._detector: WakeWordDetector | None = None
        self._ear: WakeEar | None = None
        self._powers: deque[float] = deque(maxlen=round(LOUDNESS_SECONDS / CHUNK_SECONDS))
        """Mean squares of the chunks of the last second: numbers, no sound."""

    def use(self, detector: WakeWordDetector) -> None:
        """Listen with this detector from now on."""
        with self._lock:
            self._detector = detector
            self._ear = WakeEar(detector, before_seconds=self._preroll_seconds, longest_seconds=LONGEST_SECONDS)

    @property
    def is_ready(self) -> bool:
        """Whether there is a detector: before, what is said is not heard at all."""
        return self._ear is not None

    def begin(self) -> None:
        """Forget what was heard, and keep what follows."""
        with self._lock:
            if self._ear is not None:
                self._ear.begin()

    def open(self) -> list[bytes]:
        """Let sound pass; returns what was kept, in chunks that may be sent."""
        with self._lock:
            kept = self._ear.open() if self._ear is not None else b""
        return [kept[at : at + 2 * CHUNK_BYTES] for at in range(0, len(kept), 2 * CHUNK_BYTES)]

    def close(self) -> None:
        """Let nothing pass, and forget."""
        with self._lock:
            if self._ear is not None:
                self._ear.close()
            self._powers.clear()

    async def run(self) -> None:
        """Listen until cancelled. Raises EngineError if the detector fails."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="ear") as thread:
            while True:
                chunk = await self._microphone.chunk()
                word, passed = await loop.run_in_executor(thread, self._hear, chunk.sound)
                if passed:
                    self._on_sound(passed)
                if word is not None:
                    self._on_wake(self._wake(word, chunk))

    def _hear(self, sound: bytes) -> tuple[str | None, bytes]:
        samples = np.frombuffer(sound, "<i2").astype(np.float32)
        with self._lock:
            self._powers.append(float(np.mean(samples * samples)))
            return self._ear.hear(sound) if self._ear is not None else (None, b"")

    def _wake(self, word: str, chunk: Chunk) -> WakeHeard:
        age_seconds = max(0.0, self._clock() - chunk.heard_at)
        score = float(getattr(self._detector, "score", 1.0))
        return WakeHeard(word=word, loudness_dbfs=dbfs(list(self._powers)), score=score, age_ms=int(1000 * age_seconds))


def dbfs(powers: list[float]) -> float:
    """The root mean square of int16 samples, given mean squares of equal parts, in dB of full scale; at least LOWEST_DBFS."""
    mean = sum(powers) / len(powers) if powers else 0.0
    return max(LOWEST_DBFS, 10.0 * math.log10(mean / 32_768.0**2)) if mean > 0 else LOWEST_DBFS
