"""Has the alarms kept on the disk and says when one is due. What rings, and whether, is the agent's to decide."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from earwitness.domain.alert import RungAway
from earwitness.domain.errors import StorageError
from earwitness.satellite.alarms import Alarms
from earwitness.satellite.disk import Disk

LONGEST_SLEEP_SECONDS: Final = 3600.0


class AlarmBell:
    """Alarms that are followed: `ring` is called with the id of each that is due, `say` with what is wrong."""

    def __init__(self, alarms: Alarms, *, disk: Disk, ring: Callable[[str], None], say: Callable[[str], None]) -> None:
        self._alarms = alarms
        self._disk = disk
        self._ring = ring
        self._say = say
        self._news = asyncio.Event()

    def hold(self, listed: Sequence[Mapping[str, object]]) -> None:
        """Hold these, as the server sent them, instead of those before."""
        self._alarms.hold(listed)
        self._keep()

    def drop(self, alarm_id: str) -> None:
        """It rang, or is no more."""
        self._alarms.drop(alarm_id)
        self._keep()

    def note(self, alarm_id: str, what: RungAway) -> None:
        """It rings, or was stopped, while the server is away: to be told when it is back."""
        self._alarms.note(alarm_id, what)
        self._keep()

    def snooze(self, alarm_id: str, *, seconds: float) -> None:
        """Ring it again later, and tell the server so when it is back."""
        self._alarms.snooze(alarm_id, seconds=seconds)
        self._keep()

    def forget_rung(self, alarm_ids: Collection[str]) -> None:
        """The server knows what was done with these."""
        self._alarms.forget_rung(alarm_ids)
        self._keep()

    async def run(self) -> None:
        """Ring what is due until cancelled; it stays in the list until it was stopped, so that a restart rings it too."""
        told: set[str] = set()
        while True:
            due = self._alarms.due()
            for alarm in due:
                self._ring(alarm.alarm_id)
            told = {alarm.alarm_id for alarm in due}
            later = [alarm for alarm in self._alarms.all if alarm.alarm_id not in told]
            seconds = 1.0 if told else (self._alarms.due_in_seconds() if later else None)
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds if seconds is None else min(seconds, LONGEST_SLEEP_SECONDS)):
                    await self._news.wait()

    def _keep(self) -> None:
        """A full disk takes no alarm away that is held in memory."""
        self._disk.write(self._alarms.keeping(), then=self._kept)
        self._news.set()

    def _kept(self, error: StorageError | None) -> None:
        if error is not None:
            self._say("The alarms could not be written to the disk; they ring as long as this device is not restarted.")
