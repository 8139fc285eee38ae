"""A reply on its way to sound: synthesis runs ahead in a thread, the conversation takes what is ready.

A prepared reply may be thrown away; then its thread stops at the next sentence.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EarwitnessError, EngineError
from earwitness.turn.ports import Synthesiser
from earwitness.turn.workers import Worker

_END = object()


class Speech:
    """One text being spoken by one voice. Iterate over it once."""

    def __init__(self, text: str, *, synthesiser: Synthesiser, voice: str, speed: float) -> None:
        self.text = text
        self.voice = voice
        self.speed = speed
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
            put(EngineError(f"The voice {self.voice} failed ({type(error).__name__}). Choose another voice."))
        put(_END)

    def _produce(self, loop: asyncio.AbstractEventLoop) -> None:
        sentences: Iterator[Pcm] = self._synthesiser.stream(self.text, voice=self.voice, speed=self.speed)
        for pcm in sentences:
            if self._is_dropped.is_set():
                return
            loop.call_soon_threadsafe(self._items.put_nowait, pcm)

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
