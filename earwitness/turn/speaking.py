"""A reply on its way to sound: synthesis runs ahead in a thread, the conversation takes what is ready.

A prepared reply may be thrown away; then its thread stops at the next sentence.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EarwitnessError, EngineError
from earwitness.domain.wish import VoiceWish
from earwitness.turn.ports import Synthesiser
from earwitness.turn.workers import Worker

QUIET = 0.2
"""How much of its amplitude a quiet reply has (-14 dB)."""
_END = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How replies sound: by which voice, at which speed (0.5 to 2), and whether quietly, as to somebody who whispers."""

    voice: str
    speed: float = 1.0
    is_quiet: bool = False

    def changed(self, wish: VoiceWish, *, usual_speed: float) -> Self:
        """The tone after a wish."""
        factor = wish.speed_factor
        speed = self.speed if factor is None else usual_speed if factor == 0 else self.speed * factor
        return replace(
            self,
            voice=wish.voice or self.voice,
            speed=min(2.0, max(0.5, round(speed, 2))),
            is_quiet=self.is_quiet if wish.is_quiet is None else wish.is_quiet,
        )


class Speech:
    """One text being spoken by one voice. Iterate over it once."""

    def __init__(self, text: str, *, synthesiser: Synthesiser, tone: Tone) -> None:
        self.text = text
        self.tone = tone
        self._synthesiser = synthesiser
        self._items: asyncio.Queue[object] = asyncio.Queue()  # bounded by the reply's own length
        self._is_dropped = threading.Event()

    async def prepare(self, worker: Worker) -> None:
        """Synthesise all of it, making each sentence available as it is done; a failure of the engine is raised to the reader."""
        loop = asyncio.get_running_loop()
        put = self._items.put_nowait
        try:
            await worker.run(self._produce, loop)
        except EarwitnessError as error:
            put(error)
        except Exception as error:
            put(EngineError(f"The voice {self.tone.voice} failed ({type(error).__name__}). Choose another voice."))
        put(_END)

    def _produce(self, loop: asyncio.AbstractEventLoop) -> None:
        sentences: Iterator[Pcm] = self._synthesiser.stream(self.text, voice=self.tone.voice, speed=self.tone.speed)
        for pcm in sentences:
            if self._is_dropped.is_set():
                return
            loop.call_soon_threadsafe(self._items.put_nowait, _quiet(pcm) if self.tone.is_quiet else pcm)

    def drop(self) -> None:
        """Nobody wants it any more."""
        self._is_dropped.set()

    async def sound(self) -> AsyncIterator[Pcm]:
        """Yield the sound sentence by sentence; raises what the engine raised."""
        while True:
            item = await self._items.get()
            if item is _END:
                return
            if isinstance(item, EarwitnessError):
                raise item
            if isinstance(item, Pcm):
                yield item


def _quiet(pcm: Pcm) -> Pcm:
    return Pcm(data=(np.frombuffer(pcm.data, "<i2") * QUIET).astype("<i2").tobytes(), rate_hz=pcm.rate_hz)
