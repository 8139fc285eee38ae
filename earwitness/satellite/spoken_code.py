"""The pairing code said aloud, so that a device without a screen can be paired. The digits ship, spoken by a synthetic voice.

Owns what is said and when; needs no voice engine and no server. The code is no secret: it proves something only where an owner
who is signed in types it, and it is another one at each attempt.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import SoundError
from earwitness.satellite.speaker import Speaker
from earwitness.speech.audio_file import read_audio

TEXTS: Final = {
    "type_this": "To pair me, type these six digits on the page.",
    "once_more": "Once more.",
    "paired": "Paired.",
    "not_paired": "Not paired. Begin again on the page, and here.",
    **dict(zip("0123456789", ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"), strict=True)),
}
"""What each recording says, by the name of its file in `sounds`."""
LONGEST_SECONDS: Final = 10.0
DIGIT_GAP_SECONDS: Final = 0.3
GROUP_GAP_SECONDS: Final = 0.8
AGAIN_SECONDS: Final = 8.0
"""How long it is quiet before the code is said anew."""
_TRACK: Final = "code"


@cache
def recording(name: str) -> Pcm:
    """The recording of that name: 16 kHz mono. Raises AudioError if it is damaged, KeyError for a name that is none."""
    TEXTS[name]
    data = resources.files("earwitness.satellite").joinpath("sounds", f"{name}.flac").read_bytes()
    return read_audio(BytesIO(data), longest_seconds=LONGEST_SECONDS)


def spoken_code(code: str) -> Pcm:
    """The code in a sentence, twice, each time as two groups of digits: 16 kHz mono. Raises KeyError for what is no digit."""
    digits = _digits(code)
    parts = (recording("type_this").data, _quiet(GROUP_GAP_SECONDS), digits, _quiet(GROUP_GAP_SECONDS))
    return Pcm(data=b"".join((*parts, recording("once_more").data, _quiet(GROUP_GAP_SECONDS), digits)), rate_hz=RATE_HZ)


class CodeVoice:
    """Says the code again and again until the pairing ends, and how it ended; `tell` shows a sentence.

    `make_speaker` may raise SoundError: then it is said in words that the code cannot be heard here.
    """

    def __init__(self, make_speaker: Callable[[], Speaker], *, tell: Callable[[str], None]) -> None:
        self._make_speaker = make_speaker
        self._tell = tell
        self._speaker: Speaker | None = None
        self._saying: asyncio.Task[None] | None = None

    def begin(self, code: str) -> None:
        """Say this code; on the event loop."""
        try:
            speaker = self._make_speaker()
            speaker.open()
        except SoundError as error:
            self._tell(f"The code cannot be said aloud here: {error.sentence}")
            return
        self._speaker = speaker
        self._saying = asyncio.get_running_loop().create_task(self._say(speaker, spoken_code(code)))

    async def end(self, *, is_paired: bool) -> None:
        """Be quiet, after saying how it went if the code was heard; gives the speaker back."""
        speaker, saying = self._speaker, self._saying
        self._speaker = self._saying = None
        if speaker is None or saying is None:
            return
        saying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await saying
        speaker.drop(_TRACK)
        last = recording("paired" if is_paired else "not_paired")
        speaker.play(_TRACK, last)
        await asyncio.sleep(last.seconds + DIGIT_GAP_SECONDS)
        speaker.close()

    async def _say(self, speaker: Speaker, sound: Pcm) -> None:
        while True:
            speaker.play(_TRACK, sound)
            await asyncio.sleep(sound.seconds + AGAIN_SECONDS)


def _digits(code: str) -> bytes:
    half = (len(code) + 1) // 2
    groups = (code[:half], code[half:])
    return _quiet(GROUP_GAP_SECONDS).join(
        _quiet(DIGIT_GAP_SECONDS).join(recording(digit).data for digit in group) for group in groups
    )


def _quiet(seconds: float) -> bytes:
    return bytes(SAMPLE_BYTES * round(seconds * RATE_HZ))
