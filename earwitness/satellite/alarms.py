"""The alarms that the device rings itself when the server is away, kept on the disk.

An alarm is due by the clock that runs since the machine started (asleep or not), which nobody sets; only after a restart of the
machine by the wall clock. A wall clock that went back meanwhile, as on a machine without one of its own, is not believed: then
what was left when the list was written counts from the start.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from earwitness.domain.alert import RungAway
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
    sound: str | None = None
    """The digest of the sound it rings with; None: the device's own tone."""
    is_rising: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What was done with an alarm that the server does not know yet. A snoozed one rings again `at`, in seconds of `uptime`."""

    alarm_id: str
    what: RungAway
    at: float = 0.0


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
        self._alarms: tuple[Alarm, ...] = ()
        self._rung: tuple[Rung, ...] = ()
        self._read()

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
        """Hold these, as the server sent them, instead of those before; `keeping` writes them."""
        now = self._uptime()
        found = [
            Alarm(
                alarm_id=str(one["id"]),
                text=str(one["text"])[:LONGEST_TEXT],
                due_at=now + float(str(one["due_in_seconds"])),
                sound=_sound(one),
                is_rising=one.get("rising") is True,
            )
            for one in listed[:MOST_ALARMS]
        ]
        listed_ids = {alarm.alarm_id for alarm in found}
        unknown = {one.alarm_id for one in self._rung if one.what is not RungAway.STOPPED} - listed_ids
        found += [alarm for alarm in self._alarms if alarm.alarm_id in unknown]
        over = {one.alarm_id for one in self._rung if one.what is RungAway.STOPPED}
        self._alarms = _in_turn(alarm for alarm in found if alarm.alarm_id not in over)

    def note(self, alarm_id: str, what: RungAway) -> None:
        """It rings, or was stopped, while the server is away."""
        rest = [one for one in self._rung if one.alarm_id != alarm_id]
        self._rung = (*rest[1 - MOST_ALARMS :], Rung(alarm_id=alarm_id, what=what))

    def snooze(self, alarm_id: str, *, seconds: float) -> None:
        """Ring it again later."""
        later = self._uptime() + seconds
        self.note(alarm_id, RungAway.SNOOZED)
        self._rung = (*self._rung[:-1], replace(self._rung[-1], at=later))
        self._alarms = _in_turn(replace(one, due_at=later) if one.alarm_id == alarm_id else one for one in self._alarms)

    def reports(self) -> list[dict[str, object]]:
        """What the server is to be told, as the message `rung` has it."""
        now = self._uptime()
        left = ((one, round(max(0.0, one.at - now), 1)) for one in self._rung)
        return [{"id": one.alarm_id, "what": one.what.value, "in_seconds": seconds} for one, seconds in left]

    def forget_rung(self, alarm_ids: Collection[str]) -> None:
        """The server knows of these."""
        self._rung = tuple(one for one in self._rung if one.alarm_id not in alarm_ids)

    def drop(self, alarm_id: str) -> None:
        """It rang, or is no more."""
        self._alarms = tuple(alarm for alarm in self._alarms if alarm.alarm_id != alarm_id)

    def keeping(self) -> Callable[[], None]:
        """What writes the list as it is now: call it in a thread, as it blocks until that is on the disk. Raises StorageError."""
        now = self._uptime()
        listed = [
            {"id": one.alarm_id, "text": one.text, "left_seconds": one.due_at - now, "sound": one.sound, "rising": one.is_rising}
            for one in self._alarms
        ]
        rung = [{"id": one.alarm_id, "what": one.what.value, "left_seconds": one.at - now} for one in self._rung]
        found = {"boot": self._boot(), "uptime": now, "wall": self._wall(), "alarms": listed, "rung": rung}
        written = json.dumps(found).encode()
        return lambda: write_whole(self._file, [written], mode=0o600)

    def _read(self) -> None:
        """Take what was held; nothing if the file is not there or not whole."""
        try:
            written = json.loads(self._file.read_text(encoding="utf-8"))
            now, gone = self._uptime(), self._gone_seconds(written)
            found = [
                Alarm(
                    alarm_id=str(one["id"]),
                    text=str(one["text"]),
                    due_at=now + float(one["left_seconds"]) - gone,
                    sound=_sound(one),
                    is_rising=one.get("rising") is True,
                )
                for one in written["alarms"]
            ]
            rung = [
                Rung(alarm_id=str(one["id"]), what=RungAway(one["what"]), at=now + float(one["left_seconds"]) - gone)
                for one in written.get("rung", ())
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return
        self._alarms = _in_turn(one for one in found if one.due_at > now - LATE_SECONDS)
        self._rung = tuple(rung[:MOST_ALARMS])

    def _gone_seconds(self, written: Mapping[str, object]) -> float:
        """How long ago the list was written."""
        if written["boot"] and written["boot"] == self._boot():
            return max(0.0, self._uptime() - float(str(written["uptime"])))
        return max(0.0, self._wall() - float(str(written["wall"])))


def _sound(one: Mapping[str, object]) -> str | None:
    sound = one.get("sound")
    return sound if isinstance(sound, str) else None


def _in_turn(alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
    return tuple(sorted(alarms, key=lambda alarm: alarm.due_at))
