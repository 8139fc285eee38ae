"""A room for a satellite to stand in: a sound card without hardware. Its microphone hears recordings, its speaker is watched.

It stands in for PortAudio's streams alone, below the satellite's own microphone and speaker.
"""

import asyncio
import threading
import time
from collections import deque
from types import SimpleNamespace
from typing import Any, Final

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.satellite.sound_card import Callback, Direction, SoundCard

TICK_SECONDS: Final = 0.032
_SILENCE: Final = bytes(int(TICK_SECONDS * RATE_HZ) * SAMPLE_BYTES)
_IN_TIME: Final = SimpleNamespace(outputBufferDacTime=0.0, currentTime=0.0)
_NO_TROUBLE: Final = SimpleNamespace(output_underflow=False)


class Room(SoundCard):
    """One room, until `close`, in which `pace` seconds pass in one. What is said goes by, whether or not a microphone is open."""

    def __init__(self, *, pace: float) -> None:
        # The card's own construction, which loads PortAudio, is left out: there may be none here.
        self._pace = pace
        self.plays = True
        """Whether the speaker takes sound; one that does not never plays a cue."""
        self.played_at = 0.0
        """When a sound of the speaker began last (monotonic seconds)."""
        self._said: deque[tuple[bytes, asyncio.Event | None]] = deque()
        self._streams: dict[Direction, _Stream] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._was_silent = True
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="room", daemon=True)
        self._thread.start()

    def rescan(self) -> None:
        """There is nothing else to find."""

    def open(
        self, direction: Direction, *, rates_hz: tuple[int, ...], block_seconds: float, callback: Callback
    ) -> tuple[Any, int]:
        """A stream of this room at the first rate, as `SoundCard.open` gives one of the machine's."""
        stream = _Stream(self, direction, samples=int(block_seconds * rates_hz[0]), rate_hz=rates_hz[0], callback=callback)
        with self._lock:
            self._streams[direction] = stream
        return stream, rates_hz[0]

    async def say(self, sound: Pcm) -> None:
        """Let a sound (16 kHz) be heard in the room; returns when it is over."""
        size, over = len(_SILENCE), asyncio.Event()
        parts = [sound.data[at : at + size].ljust(size, b"\0") for at in range(0, len(sound.data), size)]
        with self._lock:
            self._said.extend([*((part, None) for part in parts), (_SILENCE, over)])
        await over.wait()

    def leave(self, stream: "_Stream") -> None:
        """A stream is closed."""
        with self._lock:
            if self._streams.get(stream.direction) is stream:
                del self._streams[stream.direction]

    def close(self) -> None:
        """End the room."""
        self._is_over.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        began, ticks = time.monotonic(), 0
        while not self._is_over.wait(max(0.0, began + ticks * TICK_SECONDS / self._pace - time.monotonic())):
            ticks += 1
            with self._lock:
                heard, over = self._said.popleft() if self._said else (_SILENCE, None)
                microphone, speaker = self._streams.get("input"), self._streams.get("output")
            if microphone is not None:
                microphone.callback(heard, len(heard) // SAMPLE_BYTES, _IN_TIME, _NO_TROUBLE)
            if speaker is not None and self.plays:
                self._play(speaker)
            if over is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(over.set)

    def _play(self, speaker: "_Stream") -> None:
        """Take from the speaker what is due in this tick."""
        speaker.due_samples += int(TICK_SECONDS * speaker.rate_hz)
        while speaker.due_samples >= speaker.samples:
            speaker.due_samples -= speaker.samples
            out = bytearray(speaker.samples * SAMPLE_BYTES)
            speaker.callback(out, speaker.samples, _IN_TIME, _NO_TROUBLE)
            is_silent = not any(out)
            if self._was_silent and not is_silent:
                self.played_at = time.monotonic()
            self._was_silent = is_silent


class _Stream:
    """What PortAudio calls a stream, as far as the satellite uses one."""

    def __init__(self, room: Room, direction: Direction, *, samples: int, rate_hz: int, callback: Callback) -> None:
        self.direction = direction
        self.samples = samples
        self.rate_hz = rate_hz
        self.callback = callback
        self.due_samples = 0
        self._room = room

    def close(self, *, ignore_errors: bool = True) -> None:
        self._room.leave(self)
