"""The bells of a foreign satellite: piece after piece of the sound of what rings there, at the level that it has come to.

Such a box only plays what it is given, so a sound that begins softly is rendered here. It knows no protocol.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from earwitness.domain.audio import SAMPLE_BYTES, Pcm
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.ring_sound import TONE
from earwitness.ringing.shelf import risen
from earwitness.telemetry import log

PIECE_SECONDS: Final = 8.0
"""Of a longer sound so much is played at once: some boxes cannot be stopped within one."""
SoundOf: TypeAlias = Callable[[str], Pcm]
"""The samples of a sound by its reference; blocks, and raises EarwitnessError."""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ringing:
    sound: str
    is_rising: bool
    since: float


class Bells:
    """What rings, and its next bell. The alert that came last gives the sound; it is soft only while all are."""

    def __init__(
        self, *, tone: Callable[[], Pcm], sound_of: SoundOf | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tone = tone
        self._sound_of = sound_of
        self._clock = clock
        self._ringing: dict[str, _Ringing] = {}
        self._sounds: dict[str, Pcm] = {}
        self._at = 0
        """The byte of the sound at which its next piece begins."""
        self._last = ""

    @property
    def is_due(self) -> bool:
        """Whether anything rings."""
        return bool(self._ringing)

    def add(self, alert_id: str, alert: Mapping[str, object]) -> None:
        """Something rings, as its message `alert` says."""
        rung = alert.get("rung_seconds", 0.0)
        since = self._clock() - (float(rung) if isinstance(rung, int | float) else 0.0)
        manner = _Ringing(sound=str(alert.get("sound", TONE)), is_rising=alert.get("rising") is True, since=since)
        self._ringing[alert_id] = manner

    def remove(self, alert_id: str) -> None:
        """It rings no more."""
        self._ringing.pop(alert_id, None)
        if not self._ringing:
            self._sounds.clear()

    async def next(self) -> Pcm:
        """The next bell; only while something rings."""
        last = next(reversed(self._ringing.values()))
        pcm = await self._sound(last.sound)
        if last.sound != self._last:
            self._last, self._at = last.sound, 0
        most = int(PIECE_SECONDS * pcm.rate_hz) * SAMPLE_BYTES
        piece = Pcm(data=pcm.data[self._at : self._at + most], rate_hz=pcm.rate_hz)
        self._at = self._at + most if self._at + most < len(pcm.data) else 0
        if not all(one.is_rising for one in self._ringing.values()):
            return piece
        since = min((one.since for one in self._ringing.values()), default=last.since)
        return await asyncio.to_thread(risen, piece, since_seconds=self._clock() - since)

    async def _sound(self, reference: str) -> Pcm:
        if reference == TONE or self._sound_of is None:
            return self._tone()
        if reference not in self._sounds:
            try:
                self._sounds[reference] = await asyncio.to_thread(self._sound_of, reference)
            except EarwitnessError as error:
                log(_logger, "alarm sound not found", level=logging.WARNING, code=error.code)
                self._sounds[reference] = self._tone()
        return self._sounds[reference]
