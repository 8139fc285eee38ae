"""Keeps microphone and speaker open, and gets them back when they are lost: unplugged, or their sound server restarted.

A muted microphone stays closed. It tries with growing patience, and says what is wrong once.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from earwitness.domain.errors import SoundError
from earwitness.satellite.microphone import Microphone
from earwitness.satellite.speaker import Speaker
from earwitness.telemetry import log

LOOK_SECONDS: Final = 0.25
LOST_SECONDS: Final = 2.0
"""A device that gives or takes no sound for so long is lost."""
LONGEST_WAIT_SECONDS: Final = 10.0
_logger = logging.getLogger(__name__)


class SoundDevices:
    """Both devices of a satellite. `rescan` makes PortAudio look for devices anew, all streams closed; `on_speaker` is called
    when the speaker was opened, at first and again."""

    def __init__(
        self,
        microphone: Microphone,
        speaker: Speaker,
        *,
        is_muted: Callable[[], bool],
        rescan: Callable[[], None],
        say: Callable[[str], None],
        clock: Callable[[], float],
        on_speaker: Callable[[], None] = lambda: None,
    ) -> None:
        self._microphone = microphone
        self._speaker = speaker
        self._is_muted = is_muted
        self._rescan = rescan
        self._say = say
        self._clock = clock
        self._on_speaker = on_speaker
        self._trouble = ""

    async def run(self) -> None:
        """Look after them until cancelled."""
        wait = LOOK_SECONDS
        while True:
            wait = LOOK_SECONDS if self.look() else min(LONGEST_WAIT_SECONDS, 2 * wait)
            await asyncio.sleep(wait)

    def look(self) -> bool:
        """Look once, and open what should be open; whether all is well."""
        try:
            is_lost = self._is_lost()
            if is_lost:
                self._note("The microphone or speaker was lost; trying to get it back.")
            if is_lost or self._trouble:
                self._microphone.close()
                self._speaker.close()
                self._rescan()
            was_open = self._speaker.is_open
            self._speaker.open()
            if not was_open:
                self._on_speaker()
            if not self._is_muted():
                self._microphone.open()
        except SoundError as error:
            self._note(error.sentence)
            return False
        if self._trouble:
            self._trouble = ""
            self._say("Microphone and speaker are there again.")
        return True

    def open_microphone(self) -> None:
        """Open it now, after mute; if that fails, `run` tries again."""
        try:
            self._microphone.open()
        except SoundError as error:
            self._note(error.sentence)

    def _is_lost(self) -> bool:
        since = self._clock() - LOST_SECONDS
        is_deaf = self._microphone.is_open and self._microphone.last_heard_at < since
        return is_deaf or (self._speaker.is_open and self._speaker.last_played_at < since)

    def _note(self, sentence: str) -> None:
        """Say it once, not at each try."""
        if sentence != self._trouble:
            self._trouble = sentence
            self._say(sentence)
            log(_logger, "sound device lost")
