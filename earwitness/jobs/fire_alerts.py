"""Rings timers when they are due, each once, and tells after a start what was missed.

It sleeps until the next timer is due, wakes when timers change, and looks at the clock at least every LONGEST_SLEEP_SECONDS, so
that a clock that jumps is noticed. A timer is marked as ringing on the disk before it is heard; it is forgotten once
somebody stopped it, or it rang for as long as it may. It knows nothing of sound.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earwitness.domain.errors import StorageError
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.skills.timer_choice import label
from earwitness.skills.wording import amount, duration
from earwitness.telemetry import log

LONGEST_SLEEP_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 5.0
LONGEST_RING_SECONDS: Final = 900.0
LATE_SECONDS: Final = 15.0
"""From here on the sentence says how long ago the timer ended."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that rings now. `text` is the sentence to say; `area` and `device_id` are where it was set, if known."""

    alert_id: str
    text: str
    late_seconds: float
    area: str | None = None
    device_id: str | None = None


class FireAlerts:
    """The job. `ring` begins to ring and returns at once; `hush` ends it (it may be called for what no longer rings); `foretell`
    learns of every change of what will ring: id, sentence and seconds until then."""

    def __init__(
        self,
        *,
        timers: Timers,
        clock: Callable[[], datetime],
        ring: Callable[[Alert], None],
        hush: Callable[[str], None],
        foretell: Callable[[Sequence[tuple[str, str, float]]], None] = lambda alarms: None,
        longest_ring_seconds: float = LONGEST_RING_SECONDS,
    ) -> None:
        self._timers = timers
        self._clock = clock
        self._ring = ring
        self._hush = hush
        self._foretell = foretell
        self._foretold: tuple[tuple[str, datetime], ...] = ()
        self._longest_ring_seconds = longest_ring_seconds
        self._ringing: dict[str, float] = {}
        """What rings, and until when on the loop's clock."""
        self._stopped: set[str] = set()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Ring timers until cancelled. A database that fails is tried again; nothing is rung that was not marked first."""
        loop = asyncio.get_running_loop()

        def changed() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._wake.set)

        unsubscribe = self._timers.subscribe(changed)
        is_first = True
        try:
            while True:
                self._wake.clear()
                try:
                    seconds = await self._look(loop, is_first=is_first)
                    is_first = False
                except StorageError as error:
                    log(_logger, "timers unreadable", level=logging.WARNING, code=error.code)
                    seconds = RETRY_SECONDS
                await self._sleep(seconds)
        finally:
            unsubscribe()

    def acknowledge(self, alert_id: str) -> None:
        """Somebody stopped it: it rings no more and is forgotten. Called on the event loop."""
        if self._ringing.pop(alert_id, None) is not None:
            self._stopped.add(alert_id)
            self._wake.set()

    async def _look(self, loop: asyncio.AbstractEventLoop, *, is_first: bool) -> float:
        """Ring and end what is to be; gives the seconds until it must look again. Raises StorageError."""
        await self._forget(loop.time())
        timers = await asyncio.to_thread(self._timers.all)
        now = self._clock()
        if is_first:
            self._begin([timer for timer in timers if timer.state is TimerState.RINGING], now=now, until=loop.time())
        self._end({timer.timer_id for timer in timers if timer.state is TimerState.RINGING})
        self._tell_ahead(timers, now=now)
        dues = [timer.due_at for timer in timers if timer.state is TimerState.RUNNING and timer.due_at is not None]
        if any(due <= now for due in dues):
            self._begin(await asyncio.to_thread(self._timers.claim_due, now), now=now, until=loop.time())
        waits = [(due - now).total_seconds() for due in dues if due > now]
        waits += [until - loop.time() for until in self._ringing.values()]
        return max(0.0, min([LONGEST_SLEEP_SECONDS, *waits]))

    def _tell_ahead(self, timers: Sequence[Timer], *, now: datetime) -> None:
        running = [(timer, timer.due_at) for timer in timers if timer.state is TimerState.RUNNING and timer.due_at is not None]
        foretold = tuple((timer.timer_id, due_at) for timer, due_at in running)
        if foretold != self._foretold:
            self._foretold = foretold
            alarms = [(timer, (due_at - now).total_seconds()) for timer, due_at in running]
            self._foretell([(timer.timer_id, f"Your {label(timer)} is done.", seconds) for timer, seconds in alarms])

    def _begin(self, timers: tuple[Timer, ...] | list[Timer], *, now: datetime, until: float) -> None:
        for timer in timers:
            self._ringing[timer.timer_id] = until + self._longest_ring_seconds
            self._ring(_alert(timer, now=now))

    def _end(self, still: set[str]) -> None:
        """End what was cancelled elsewhere while it rang."""
        for alert_id in [each for each in self._ringing if each not in still]:
            del self._ringing[alert_id]
            self._hush(alert_id)

    async def _forget(self, now: float) -> None:
        """Forget what somebody stopped, and what has rung for long enough."""
        over = [alert_id for alert_id, until in self._ringing.items() if until <= now]
        for alert_id in over:
            del self._ringing[alert_id]
            self._stopped.add(alert_id)
            self._hush(alert_id)
        if self._stopped:
            gone = tuple(self._stopped)
            await asyncio.to_thread(self._timers.remove, gone)
            self._stopped.difference_update(gone)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return


def _alert(timer: Timer, *, now: datetime) -> Alert:
    late = 0.0 if timer.due_at is None else max(0.0, (now - timer.due_at).total_seconds())
    text = f"Your {label(timer)} is done." if late < LATE_SECONDS else f"Your {label(timer)} ended {_ago(late)} ago."
    return Alert(alert_id=timer.timer_id, text=text, late_seconds=late, area=timer.area, device_id=timer.device_id)


def _ago(seconds: float) -> str:
    """Roughly, as people say it: "40 seconds", "5 minutes", "3 hours", "2 days"."""
    if seconds >= 2 * 86400:
        return amount(int(seconds // 86400), "day")
    step = 3600 if seconds >= 2 * 3600 else 60 if seconds >= 60 else 1
    return duration(seconds // step * step)
