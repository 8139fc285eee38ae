"""The alarms that the device rings itself when the server is away, kept on the disk.

An alarm is due by the clock that runs since the machine started (asleep or not), which nobody sets; only after a restart of the
machine by the wall clock. A wall clock that went back meanwhile, as on a machine without one of its own, is not believed: then
what was left when the list was written counts from the start.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earwitness.domain.errors import StorageError
from earwitness.storage.durable import write_whole

MOST_ALARMS: Final = 64
LONGEST_TEXT: Final = 500
LATE_SECONDS: Final = 3600.0
"""After a restart an alarm that was due longer ago than this rings no more."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def uptime_seconds() -> float:
    """Seconds since the machine started, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def boot_id() -> str:
    """A text that is another one after each start of the machine; empty if it has none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """`due_at` is in seconds of `uptime`."""

    alarm_id: str
    text: str
    due_at: float


class Alarms:
    """The list, in `file`. `wall` gives seconds since 1970, `uptime` seconds since the machine started, `boot` its start's id."""

    def __init__(
        self,
        file: Path,
        *,
        wall: Callable[[], float] = time.time,
        uptime: Callable[[], float] = uptime_seconds,
        boot: Callable[[], str] = boot_id,
    ) -> None:
        self._file = file
        self._wall = wall
        self._uptime = uptime
        self._boot = boot
        self._alarms: tuple[Alarm, ...] = self._read()

    @property
    def all(self) -> tuple[Alarm, ...]:
        """What is held, the next first."""
        return self._alarms

    def due_in_seconds(self) -> float | None:
        """How long until the next one; 0 if it is due, None if there is none."""
        return max(0.0, self._alarms[0].due_at - self._uptime()) if self._alarms else None

    def due(self) -> tuple[Alarm, ...]:
        """Those that are due."""
        now = self._uptime()
        return tuple(alarm for alarm in self._alarms if alarm.due_at <= now)

    def hold(self, listed: Sequence[Mapping[str, object]]) -> None:
        """Hold these, as the server sent them, instead of those before. Raises StorageError; memory holds them all the same."""
        now = self._uptime()
        found = [
            Alarm(alarm_id=str(one["id"]), text=str(one["text"])[:LONGEST_TEXT], due_at=now + float(str(one["due_in_seconds"])))
            for one in listed[:MOST_ALARMS]
        ]
        self._set(tuple(sorted(found, key=lambda alarm: alarm.due_at)))

    def drop(self, alarm_id: str) -> None:
        """It rang, or is no more. Raises StorageError, as `hold`."""
        kept = tuple(alarm for alarm in self._alarms if alarm.alarm_id != alarm_id)
        if kept != self._alarms:
            self._set(kept)

    def _set(self, alarms: tuple[Alarm, ...]) -> None:
        self._alarms = alarms
        now = self._uptime()
        listed = [{"id": one.alarm_id, "text": one.text, "left_seconds": one.due_at - now} for one in alarms]
        written = {"boot": self._boot(), "uptime": now, "wall": self._wall(), "alarms": listed}
        write_whole(self._file, [json.dumps(written).encode()], mode=0o600)

    def _read(self) -> tuple[Alarm, ...]:
        """What was held; nothing if the file is not there or not whole."""
        try:
            written = json.loads(self._file.read_text(encoding="utf-8"))
            now, gone = self._uptime(), self._gone_seconds(written)
            found = [
                Alarm(alarm_id=str(one["id"]), text=str(one["text"]), due_at=now + float(one["left_seconds"]) - gone)
                for one in written["alarms"]
            ]
        except (OSError, ValueError, KeyError, TypeError):
            return ()
        return tuple(sorted((one for one in found if one.due_at > now - LATE_SECONDS), key=lambda alarm: alarm.due_at))

    def _gone_seconds(self, written: Mapping[str, object]) -> float:
        """How long ago the list was written."""
        if written["boot"] and written["boot"] == self._boot():
            return max(0.0, self._uptime() - float(str(written["uptime"])))
        return max(0.0, self._wall() - float(str(written["wall"])))


def hold_quietly(change: Callable[[], None]) -> bool:
    """Whether a change of the list is on the disk; a full disk takes no alarm away that is held in memory."""
    try:
        change()
    except StorageError:
        return False
    return True
