"""One wake word that several satellites may have heard: who reports is put in a round, and one of the round answers.

It owns the rounds and their windows. What decides is pure and in `turn/arbitration.py`; it knows no sessions.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from earwitness.protocol.session_messages import Wake
from earwitness.telemetry import log
from earwitness.turn.arbitration import SAME_WAKE_FOREIGN_SECONDS, Candidate, is_same_wake, winner

SILENT_DBFS: Final = -120.0
_KEPT_SECONDS: Final = 2 * SAME_WAKE_FOREIGN_SECONDS + 1.0
_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Round:
    """One wake word that several may have heard; `answering` is decided when its window has closed and all are measured."""

    candidates: list[Candidate]
    answering: asyncio.Future[str]
    measuring: int = 0
    """How many satellites' loudness is still on its way."""
    is_over: bool = False

    def close(self) -> None:
        """The window is over."""
        self.is_over = True
        self._decide()

    async def measure(self, candidate: Candidate, loudness: Awaitable[float]) -> None:
        """Wait for a candidate's loudness [dBFS]; without one it counts as silent."""
        self.measuring += 1
        found = SILENT_DBFS
        try:
            found = await loudness
        finally:
            self.measuring -= 1
            at = self.candidates.index(candidate)
            self.candidates[at] = replace(candidate, loudness_dbfs=found)
            self._decide()

    def _decide(self) -> None:
        if self.is_over and not self.measuring and not self.answering.done():
            self.answering.set_result(winner(self.candidates))
            if len(self.candidates) > 1:
                log(_logger, "wake arbitrated", candidates=len(self.candidates))


class WakeRounds:
    """The rounds of one household. Used on one event loop."""

    def __init__(self, *, clock: Callable[[], float], window_seconds: float) -> None:
        self._clock = clock
        self._window_seconds = window_seconds
        self._rounds: list[_Round] = []

    async def answers(self, device_id: str, wake: Wake, *, area: str | None, is_alone: bool) -> bool:
        """Whether this satellite answers; one that `is_alone` waits for nobody."""
        candidate = Candidate(
            device_id=device_id,
            arrived_at=self._clock(),
            age_ms=wake.age_ms,
            loudness_dbfs=wake.loudness_dbfs,
            score=wake.score,
            area=area,
        )
        found = self._round_of(candidate, is_alone=is_alone)
        return await asyncio.shield(found.answering) == device_id

    async def answers_once_measured(
        self, device_id: str, *, area: str | None, loudness: Awaitable[float], is_alone: bool
    ) -> bool:
        """The same for a satellite that keeps the word to itself: its round waits for the `loudness` [dBFS] of what followed,
        which must be known soon; not if nobody else could have heard the word, nor if another answers already."""
        candidate = Candidate(
            device_id=device_id,
            arrived_at=self._clock(),
            age_ms=0,
            loudness_dbfs=SILENT_DBFS,
            score=1.0,
            area=area,
            is_of_word=False,
        )
        found = self._round_of(candidate, is_alone=is_alone)
        if not found.answering.done():
            await found.measure(candidate, loudness)
        return await asyncio.shield(found.answering) == device_id

    def _round_of(self, candidate: Candidate, *, is_alone: bool) -> _Round:
        """The round of the word that this candidate heard; the window of a new one begins."""
        self._rounds = [one for one in self._rounds if candidate.arrived_at - one.candidates[0].arrived_at < _KEPT_SECONDS]
        joined = next((one for one in self._rounds if any(is_same_wake(candidate, each) for each in one.candidates)), None)
        if joined is not None:
            joined.candidates.append(candidate)  # after the decision it can only lose
            return joined
        loop = asyncio.get_running_loop()
        begun = _Round(candidates=[candidate], answering=loop.create_future())
        self._rounds.append(begun)
        if is_alone:
            begun.close()
        else:
            loop.call_later(self._window_seconds, begun.close)
        return begun
