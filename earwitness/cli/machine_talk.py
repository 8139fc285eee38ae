"""A mouth and an ear for the terminal: this machine's speaker and microphone, and the keyboard beside them.

The microphone is open while an answer is awaited and shut at its end; the sound is turned into words and forgotten.
"""

import asyncio
import contextlib
import select
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import click

from earwitness.cli.aloud import Heard
from earwitness.domain.audio import Pcm
from earwitness.satellite.cues import cue
from earwitness.satellite.microphone import CHUNK_SECONDS, PortAudioMicrophone
from earwitness.satellite.sound_card import SoundCard
from earwitness.satellite.speaker import PortAudioSpeaker
from earwitness.turn.ports import Recogniser, VoiceActivityDetector

BEGINS_SECONDS: Final = 0.1
ENDS_SECONDS: Final = 0.9
NOTHING_SECONDS: Final = 8.0
LONGEST_SECONDS: Final = 14.0
SPEECH: Final = 0.5
"""The detector's probability from which a chunk counts as speech."""
_SLACK_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.05


class MachineTalk:
    """Says with `speak`, hears with `recogniser`; `is_typing` tells whether a line waits at the keyboard."""

    def __init__(
        self,
        card: SoundCard,
        *,
        speak: Callable[[str, str], Iterable[Pcm]],
        recogniser: Recogniser,
        vad: VoiceActivityDetector,
        is_typing: Callable[[], bool] | None = None,
    ) -> None:
        self._card = card
        self._speak = speak
        self._recogniser = recogniser
        self._vad = vad
        self._is_typing = is_typing or _line_waits

    def say(self, text: str, *, voice: str) -> None:
        """Say it to its end, or until somebody types. Raises SoundError, VoiceError, EngineError."""
        pieces = list(self._speak(text, voice))
        sound = Pcm(data=b"".join(piece.data for piece in pieces), rate_hz=pieces[0].rate_hz)
        asyncio.run(self._play(sound))

    def hear(self, *, hints: Sequence[str]) -> Heard:
        """The next answer, spoken or typed. Raises SoundError, EngineError."""
        asyncio.run(self._play(cue("start")))
        click.echo("Listening … (or type, and press Enter)", err=True)
        sound = asyncio.run(self._answer())
        if sound is None:
            return Heard(words=sys.stdin.readline().strip(), is_typed=True)
        return Heard(words=self._recogniser.transcribe(sound, hints=hints).text if sound.data else "")

    async def _play(self, sound: Pcm) -> None:
        speaker, done = PortAudioSpeaker(self._card), asyncio.Event()
        speaker.on_mark = lambda track, what: done.set() if what == "finished" else None
        speaker.open()
        try:
            speaker.play("said", sound)
            until = asyncio.get_running_loop().time() + sound.seconds + _SLACK_SECONDS
            while not done.is_set() and not self._is_typing() and asyncio.get_running_loop().time() < until:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), _LOOK_SECONDS)
        finally:
            speaker.close()

    async def _answer(self) -> Pcm | None:
        """Sound up to the silence after it, empty if nobody spoke; None once a line was typed."""
        microphone, sound = PortAudioMicrophone(self._card), bytearray()
        loud = quiet = 0.0
        has_spoken = False
        self._vad.reset()
        microphone.open()
        try:
            while len(sound) < LONGEST_SECONDS / CHUNK_SECONDS * 1024:
                if self._is_typing():
                    return None
                chunk = (await asyncio.wait_for(microphone.chunk(), _SLACK_SECONDS)).sound
                sound += chunk
                is_speech = self._vad.probability(chunk) >= SPEECH
                loud, quiet = (loud + CHUNK_SECONDS, 0.0) if is_speech else (0.0, quiet + CHUNK_SECONDS)
                has_spoken = has_spoken or loud >= BEGINS_SECONDS
                if quiet >= (ENDS_SECONDS if has_spoken else NOTHING_SECONDS):
                    break
        finally:
            microphone.close()
        return Pcm(data=bytes(sound) if has_spoken else b"")


def _line_waits() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])
