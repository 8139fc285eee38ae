"""The speaker: one output stream that is always running, so that a cue is out within milliseconds, and a mixer before it.

Tells when the first and the last sample of a track are out, by PortAudio's own clock. Silence is played between sounds.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

from earwitness.domain.audio import Pcm
from earwitness.satellite.mixer import Mixer
from earwitness.satellite.music_bed import Figures
from earwitness.satellite.sound_card import SoundCard

BLOCK_SECONDS: Final = 0.01
MOST_DELAY_SECONDS: Final = 0.3
"""A device that claims to be later than this is not believed: what it plays counts as out then."""
_RATES_HZ: Final = (24_000, 48_000, 44_100, 16_000)

FIRST: Final = "cue:"
"""Tracks whose names begin so are cues: a reply does not start over them."""
OnMark = Callable[[str, Literal["started", "finished"]], None]


class Speaker(Protocol):
    """What the satellite needs of a speaker. Sounds are played on tracks, by name."""

    on_mark: OnMark
    underruns: int
    """How often the device ran dry: this machine was too busy."""

    @property
    def is_open(self) -> bool: ...

    @property
    def last_played_at(self) -> float:
        """When the device last took sound (monotonic seconds)."""
        ...

    def open(self) -> None:
        """Raises SoundError."""
        ...

    def close(self) -> None: ...

    def play(self, track: str, pcm: Pcm, *, is_looping: bool = False, rung_seconds: float | None = None) -> None: ...

    def begin(self, track: str, *, rate_hz: int, is_live: bool = False, is_music: bool = False) -> None: ...

    def feed(self, track: str, sound: bytes) -> bool: ...

    def end(self, track: str) -> None: ...

    def drop(self, track: str) -> None: ...

    def set_volume(self, volume: float) -> None:
        """How loud replies are, 0 to 1; cues and rings never less than mixer.LEAST_WHOLE."""
        ...

    def drop_music(self) -> None: ...

    def level_music(self, level: float, *, is_ducked: bool, is_held: bool) -> None:
        """How loud music is, 0 to 1; ducked while somebody speaks, or held where it is."""
        ...

    def music_figures(self, track: str) -> Figures:
        """How much of a track of music was played, and how much of all waits."""
        ...


class PortAudioSpeaker:
    """A speaker of this machine. `on_mark` is called on the event loop; when the speaker is closed no track can start."""

    def __init__(self, card: SoundCard, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_mark: OnMark = lambda track, what: None
        self._card = card
        self._clock = clock
        self._stream: Any = None
        self._mixer: Mixer | None = None
        self._volume = 1.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._last_played_at = 0.0
        self.underruns = 0

    @property
    def is_open(self) -> bool:
        return self._stream is not None

    @property
    def last_played_at(self) -> float:
        return self._last_played_at

    def open(self) -> None:
        """Start the stream; on the event loop. Raises SoundError."""
        if self._stream is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._last_played_at = self._clock()
        self._mixer = None
        self._stream, rate_hz = self._card.open("output", rates_hz=_RATES_HZ, block_seconds=BLOCK_SECONDS, callback=self._render)
        self._mixer = Mixer(rate_hz=rate_hz, first=FIRST)
        self._mixer.volume = self._volume

    def close(self) -> None:
        """End the stream; every track is finished, whatever of it was played."""
        stream, self._stream = self._stream, None
        mixer, self._mixer = self._mixer, None
        if stream is not None:
            stream.close(ignore_errors=True)
        for track in mixer.drop_all() if mixer is not None else ():
            self._mark(track, "finished")

    def play(self, track: str, pcm: Pcm, *, is_looping: bool = False, rung_seconds: float | None = None) -> None:
        """Play a whole sound, with `rung_seconds` as one that began softly so long ago. On a closed speaker it is not heard, and
        never starts."""
        if self._mixer is not None:
            self._mixer.play(track, pcm, is_looping=is_looping, rung_seconds=rung_seconds)

    def begin(self, track: str, *, rate_hz: int, is_live: bool = False, is_music: bool = False) -> None:
        """Open a track to be fed. Raises ValueError for a rate beyond 8 to 48 kHz."""
        if self._mixer is not None:
            self._mixer.begin(track, rate_hz=rate_hz, is_live=is_live, is_music=is_music)

    def feed(self, track: str, sound: bytes) -> bool:
        """Add int16 samples; False if they were dropped."""
        return self._mixer is not None and self._mixer.feed(track, sound)

    def end(self, track: str) -> None:
        """No more comes; what is there is played."""
        if self._mixer is not None and self._mixer.has(track):
            self._mixer.end(track)
        else:
            self._mark(track, "finished")

    def drop(self, track: str) -> None:
        """Stop at once."""
        if self._mixer is not None and self._mixer.has(track):
            self._mixer.drop(track)

    def set_volume(self, volume: float) -> None:
        """From the next block on."""
        self._volume = volume
        if self._mixer is not None:
            self._mixer.volume = volume

    def drop_music(self) -> None:
        """Stop all music at once."""
        if self._mixer is not None:
            self._mixer.drop_music()

    def level_music(self, level: float, *, is_ducked: bool, is_held: bool) -> None:
        """From the next block on."""
        if self._mixer is not None:
            self._mixer.level_music(level, is_ducked=is_ducked, is_held=is_held)

    def music_figures(self, track: str) -> Figures:
        """Nothing was played on a speaker that is closed."""
        return self._mixer.music_figures(track) if self._mixer is not None else Figures()

    def _render(self, out: Any, frames: int, times: Any, status: Any) -> None:
        """In PortAudio's thread."""
        self._last_played_at = self._clock()
        self.underruns += bool(status.output_underflow)
        mixer = self._mixer
        if mixer is None:
            out[:] = bytes(len(out))
            return
        sound, marks = mixer.render(frames)
        out[:] = sound
        if not marks or self._loop is None or self._loop.is_closed():
            return
        delay = min(MOST_DELAY_SECONDS, max(0.0, times.outputBufferDacTime - times.currentTime))
        for track, what, at in marks:
            self._loop.call_soon_threadsafe(self._mark_later, track, what, delay + at / mixer.rate_hz)

    def _mark_later(self, track: str, what: Literal["started", "finished"], seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._mark, track, what)

    def _mark(self, track: str, what: Literal["started", "finished"]) -> None:
        self.on_mark(track, what)
