"""What waits to be sent to one device: bounded, in order, and never full in silence.

Messages never wait: beyond `most_messages` the device counts as too slow. Reply sound waits for room, up to `slow_seconds`. Sound
of a call neither waits nor gathers: beyond MOST_RELAYED_BYTES the oldest is dropped. Music is sent when nothing else waits.
An unsent `partial` or `home` is replaced by its newer one. It does not touch the network.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

LATEST_ONLY: Final = frozenset({"partial", "home"})
MOST_RELAYED_BYTES: Final = 32_000
"""One second of a call."""
MOST_MUSIC_BYTES: Final = 256 * 1024


class DeviceTooSlowError(ConnectionError):
    """The device reads more slowly than it is spoken to."""


@dataclass(slots=True, kw_only=True)
class _Waiting:
    frame: str | bytes
    kind: str = ""
    speech_id: int | None = None
    is_relayed: bool = False


class Outbox:
    """A queue from a conversation to the writer of its socket; both run on one event loop."""

    def __init__(self, *, most_messages: int = 512, most_sound_bytes: int = 1 << 20, slow_seconds: float = 10.0) -> None:
        self._most_messages = most_messages
        self._most_sound_bytes = most_sound_bytes
        self._slow_seconds = slow_seconds
        self._waiting: deque[_Waiting] = deque()
        self._music: deque[str | bytes] = deque()
        self._music_bytes = 0
        self._message_count = 0
        self._sound_bytes = 0
        self._has_frame = asyncio.Event()
        self._has_room = asyncio.Event()
        self._too_slow = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        return not self._waiting and not self._music

    def tell(self, kind: str, frame: str) -> None:
        """Queue one message. Raises DeviceTooSlowError when `most_messages` already wait."""
        if kind in LATEST_ONLY and self._replace(kind, frame):
            return
        if self._message_count >= self._most_messages:
            self._give_up()
        self._message_count += 1
        self._append(_Waiting(frame=frame, kind=kind))

    async def speak(self, speech_id: int, frame: bytes) -> None:
        """Queue one frame of reply sound once there is room. Raises DeviceTooSlowError when there is none in time."""
        try:
            async with asyncio.timeout(self._slow_seconds):
                while self._sound_bytes and self._sound_bytes + len(frame) > self._most_sound_bytes:
                    self._has_room.clear()
                    await self._has_room.wait()
        except TimeoutError:
            self._give_up()
        self._sound_bytes += len(frame)
        self._append(_Waiting(frame=frame, speech_id=speech_id))

    def relay(self, frame: bytes) -> None:
        """Queue one frame of a call's sound; never waits."""
        relayed = [waiting for waiting in self._waiting if waiting.is_relayed]
        if sum(len(waiting.frame) for waiting in relayed) + len(frame) > MOST_RELAYED_BYTES:
            self._waiting.remove(relayed[0])
        self._append(_Waiting(frame=frame, is_relayed=True))

    def play(self, frame: str | bytes) -> bool:
        """Queue sound of music, or the message that ends it, behind all else; False if too much of it waits already."""
        if self._music_bytes + len(frame) > MOST_MUSIC_BYTES:
            return False
        self._music_bytes += len(frame)
        self._music.append(frame)
        self._has_frame.set()
        return True

    def drop_music(self) -> None:
        """Forget the music that was not sent."""
        self._music.clear()
        self._music_bytes = 0

    def drop_speech(self, speech_id: int) -> None:
        """Forget the unsent sound of a speech."""
        kept = deque(waiting for waiting in self._waiting if waiting.speech_id != speech_id)
        self._sound_bytes = sum(len(waiting.frame) for waiting in kept if waiting.speech_id is not None)
        self._waiting = kept
        self._has_room.set()

    async def next(self) -> str | bytes:
        """The next frame to send, in order; waits for one."""
        while not self._waiting:
            if self._music:
                music = self._music.popleft()
                self._music_bytes -= len(music)
                return music
            self._has_frame.clear()
            await self._has_frame.wait()
        waiting = self._waiting.popleft()
        if waiting.is_relayed:
            return waiting.frame
        if waiting.speech_id is None:
            self._message_count -= 1
        else:
            self._sound_bytes -= len(waiting.frame)
            self._has_room.set()
        return waiting.frame

    async def until_too_slow(self) -> None:
        """Wait until the device has proved too slow; always ends by raising DeviceTooSlowError."""
        await self._too_slow.wait()
        raise DeviceTooSlowError

    def _replace(self, kind: str, frame: str) -> bool:
        for waiting in self._waiting:
            if waiting.kind == kind:
                waiting.frame = frame
                return True
        return False

    def _append(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._has_frame.set()

    def _give_up(self) -> None:
        self._too_slow.set()
        raise DeviceTooSlowError
