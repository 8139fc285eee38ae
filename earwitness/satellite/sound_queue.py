"""Sound that waits to be played, in the order in which it came. Pure; knows no device and no rate."""

from collections import deque

import numpy as np
from numpy.typing import NDArray


class SoundQueue:
    """int16 [samples], mono, taken in other pieces than they were put. Not thread-safe."""

    __slots__ = ("_pieces", "samples")

    def __init__(self) -> None:
        self._pieces: deque[NDArray[np.int16]] = deque()
        self.samples = 0
        """How many wait."""

    def put(self, sound: NDArray[np.int16], *, most: int | None = None) -> None:
        """Add sound at the end; with `most` samples, the oldest pieces make way for it, but for the last one."""
        if not len(sound):
            return
        self._pieces.append(sound)
        self.samples += len(sound)
        while most is not None and self.samples > most and len(self._pieces) > 1:
            self.samples -= len(self._pieces.popleft())

    def take(self, most: int) -> NDArray[np.int16]:
        """At most so many samples from the beginning: what is left of one piece, so perhaps fewer than wait."""
        if not self._pieces or most <= 0:
            return np.zeros(0, dtype=np.int16)
        first = self._pieces.popleft()
        if len(first) > most:
            self._pieces.appendleft(first[most:])
            first = first[:most]
        self.samples -= len(first)
        return first
