"""A satellite without hardware on a real TLS link to a real device listener: its microphone and speaker work, in no time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from earwitness.domain.audio import Pcm
from earwitness.domain.device import Device
from earwitness.protocol.session_messages import MUSIC_RATE_HZ
from earwitness.satellite.alarm_sounds import AlarmSounds
from earwitness.satellite.alarms import Alarms
from earwitness.satellite.indicator import Indicator
from earwitness.satellite.microphone import Chunk
from earwitness.satellite.music_bed import Figures
from earwitness.satellite.mute import Mute
from earwitness.satellite.phrases import Phrases
from earwitness.satellite.satellite import Parts, Satellite
from earwitness.satellite.server_link import Address, ServerLink
from earwitness.satellite.speaker import OnMark
from earwitness.speech.wake.verifier import FirstStage
from tests.unit.server.linking import Linked

CHUNK_BYTES = 1024


class ToldDetector:
    """Hears the wake word in a chunk that begins with a certain byte."""

    score = 0.9

    def detect(self, chunk: bytes) -> str | None:
        return "okay nabu" if chunk[:1] == b"W" else None

    def reset(self) -> None:
        """It remembers nothing."""


@dataclass
class QueueMicrophone:
    """Hears what is put into it, while it is open."""

    samples_read: int = 0
    chunks_dropped: int = 0
    is_open: bool = False
    last_heard_at: float = 0.0
    _waiting: asyncio.Queue[Chunk] = field(default_factory=asyncio.Queue)

    def open(self) -> None:
        self.is_open = True
        self.last_heard_at = time.monotonic() + 1e9

    def close(self) -> None:
        self.is_open = False
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def chunk(self) -> Chunk:
        return await self._waiting.get()

    def hear(self, sound: bytes) -> None:
        """Sound reaches the microphone, in chunks of 32 ms."""
        if not self.is_open:
            return
        for start in range(0, len(sound), CHUNK_BYTES):
            self.samples_read += CHUNK_BYTES // 2
            chunk = sound[start : start + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0")
            self._waiting.put_nowait(Chunk(chunk, time.monotonic()))

    def wake(self) -> None:
        """The wake word is said."""
        self.hear(b"W" * CHUNK_BYTES)


class QuickSpeaker:
    """Plays everything in no time and remembers what it played; a ring until it is dropped."""

    def __init__(self) -> None:
        self.on_mark: OnMark = lambda track, what: None
        self.is_open = False
        self.underruns = 0
        self.last_played_at = 0.0
        self.played: list[tuple[str, bytes]] = []
        self.volume = 1.0
        self.open_tracks: set[str] = set()
        self.music_tracks: set[str] = set()
        self.music_levels: list[tuple[float, bool, bool]] = []
        self.rung_seconds: dict[str, float | None] = {}
        """Of what was last played on a track: for how long it had rung, if it began softly."""

    def open(self) -> None:
        self.is_open = True
        self.last_played_at = time.monotonic() + 1e9

    def close(self) -> None:
        self.is_open = False

    def play(self, track: str, pcm: Pcm, *, is_looping: bool = False, rung_seconds: float | None = None) -> None:
        if not self.is_open:
            return
        self.played.append((track, pcm.data))
        self.rung_seconds[track] = rung_seconds
        self._soon(track, "started")
        if is_looping:
            self.open_tracks.add(track)
        else:
            self._soon(track, "finished")

    def begin(self, track: str, *, rate_hz: int, is_live: bool = False, is_music: bool = False) -> None:
        self.open_tracks.add(track)
        if is_music:
            self.music_tracks.add(track)

    def feed(self, track: str, sound: bytes) -> bool:
        if not any(name == track for name, _ in self.played):
            self._soon(track, "started")
        self.played.append((track, sound))
        return track in self.open_tracks

    def end(self, track: str) -> None:
        self.open_tracks.discard(track)
        self._soon(track, "finished")

    def drop(self, track: str) -> None:
        if track in self.open_tracks:
            self.end(track)

    def set_volume(self, volume: float) -> None:
        self.volume = volume

    def drop_music(self) -> None:
        for track in self.music_tracks & self.open_tracks:
            self.end(track)

    def level_music(self, level: float, *, is_ducked: bool, is_held: bool) -> None:
        self.music_levels.append((level, is_ducked, is_held))

    def music_figures(self, track: str) -> Figures:
        return Figures(played_seconds=len(self.sound(track)) / 2 / MUSIC_RATE_HZ)

    def sound(self, track: str) -> bytes:
        """All that was played on a track."""
        return b"".join(sound for name, sound in self.played if name == track)

    def _soon(self, track: str, what: Literal["started", "finished"]) -> None:
        asyncio.get_running_loop().call_soon(lambda: self.on_mark(track, what))


@dataclass
class Living:
    """A satellite that runs, and what it told."""

    satellite: Satellite
    microphone: QueueMicrophone
    speaker: QuickSpeaker
    running: asyncio.Task[None]
    told: list[str]
    states: list[str]
    device: Device

    async def until(self, *, within_seconds: float = 30.0, **expected: object) -> None:
        """Until the status has these values. Raises TimeoutError."""
        await until(lambda: self.running.done() or expected.items() <= self.satellite.status().items(), within_seconds)

    async def until_shown(self, word: str) -> None:
        """Until the indicator shows a state that it has not shown since the last call."""
        await until(lambda: word in self.states)
        self.states.clear()


async def until(is_so: Callable[[], bool], within_seconds: float = 30.0) -> None:
    """Until something is so. Raises TimeoutError."""
    async with asyncio.timeout(within_seconds):
        while not is_so():  # noqa: ASYNC110 (what is awaited has no event)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def living(
    linked: Linked,
    folder: Path,
    *,
    name: str = "Den",
    area: str | None = None,
    port: int | None = None,
    make_detector: Callable[[Sequence[str]], FirstStage] = lambda words: ToldDetector(),
) -> AsyncIterator[Living]:
    """A paired satellite, until the block ends; its link is up unless it goes to another port."""
    device, identity = linked.pair(name, area=area)
    microphone, speaker = QueueMicrophone(), QuickSpeaker()
    told: list[str] = []
    states: list[str] = []
    mute = Mute(folder / "mute")
    mute.begin()
    address = Address(host="127.0.0.1", port=port or linked.port)
    satellite = Satellite(
        Parts(
            microphone=microphone,
            speaker=speaker,
            make_detector=make_detector,
            make_link=lambda happen, say: ServerLink(address, identity=identity, tell=happen, say=say),
            mute=Mute(folder / "mute"),
            alarms=Alarms(folder / "alarms.json"),
            phrases=Phrases(folder / "phrases"),
            alarm_sounds=AlarmSounds(folder / "alarm_sounds"),
            indicator=Indicator(print_state=states.append),
            settings_file=folder / "settings.json",
            wake_words=("okay nabu",),
            tell=told.append,
        )
    )
    running = asyncio.create_task(satellite.run())
    found = Living(satellite, microphone, speaker, running, told, states, device)
    try:
        if port is None:
            await found.until(link="up", is_microphone_open=True, is_speaker_open=True)
            await until(lambda: any(one.device_id == device.device_id for one in linked.satellites.stations()))
        yield found
    finally:
        satellite.quit()
        await asyncio.gather(running, return_exceptions=True)
