"""The ear: the only part of a device that hears sound before the wake word.

It holds a bounded pre-roll in memory and lets nothing pass until it is opened. It must never write, send or log sound.
"""

from collections import deque
from typing import Protocol

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES


class WakeWordDetector(Protocol):
    """Finds wake words in a stream of 16 kHz mono int16."""

    def detect(self, chunk: bytes) -> str | None:
        """Take a chunk of any size; returns the wake word when it was just heard."""
        ...

    def reset(self) -> None: ...


class WakeEar:
    """Waits for a wake word. `before_seconds` of sound from before the detection belong to the pre-roll: the detector needs a
    moment, and by then the command may have begun. What follows the detection is kept until the ear is opened, at most
    `longest_seconds` of it.
    """

    def __init__(self, detector: WakeWordDetector, *, before_seconds: float, longest_seconds: float = 3.0) -> None:
        self._detector = detector
        self._before_bytes = int(before_seconds * RATE_HZ) * SAMPLE_BYTES
        self._longest_bytes = self._before_bytes + int(longest_seconds * RATE_HZ) * SAMPLE_BYTES
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._has_woken = False
        self._is_open = False

    def hear(self, chunk: bytes) -> tuple[str | None, bytes]:
        """Take one chunk; returns the wake word if it was just heard, and what may pass (nothing while closed)."""
        word = self._detector.detect(chunk)
        if self._is_open:
            return word, chunk
        self._has_woken = self._has_woken or word is not None
        self._keep(chunk)
        return word, b""

    def begin(self) -> None:
        """Forget what was heard so far, and keep what follows until the ear is opened: somebody pressed the button."""
        self._is_open = False
        self._forget()
        self._has_woken = True

    def open(self) -> bytes:
        """Let sound pass; returns the pre-roll."""
        preroll = b"".join(self._kept)
        self._forget()
        self._is_open = True
        return preroll

    def close(self) -> None:
        """Let nothing pass, and start anew."""
        self._is_open = False
        self._forget()
        self._detector.reset()

    def _keep(self, chunk: bytes) -> None:
        self._kept.append(chunk)
        self._kept_bytes += len(chunk)
        limit = self._longest_bytes if self._has_woken else self._before_bytes
        while self._kept and self._kept_bytes - len(self._kept[0]) >= limit:
            self._kept_bytes -= len(self._kept.popleft())

    def _forget(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0
        self._has_woken = False
