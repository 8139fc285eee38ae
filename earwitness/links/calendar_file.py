"""A calendar in a file on this machine (iCalendar, RFC 5545): the default without a server. Nothing leaves the machine.

Owns the file while it writes: each change is read from the disk, made, and written whole or not at all; every other line stays
as it is. Other programs may read it, and change it too as long as they replace it whole. Satisfies the skills' Calendar.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import icalendar

from earwitness.domain.calendar import Event, EventChange, Task, When
from earwitness.domain.errors import LinkError
from earwitness.links.ical_change import changed_event, holds, without_occurrence
from earwitness.links.ical_read import event_with_id, events_between, in_order, parsed, tasks_in, tasks_in_order
from earwitness.links.ical_write import check_frame, completed, event_block, task_block, with_block, with_id, without
from earwitness.storage.durable import write_whole

ANSWER_SECONDS: Final = 2.0
MOST_BYTES: Final = 8 * 1024 * 1024
_MOST_TRIES: Final = 5
"""Another program may replace the file between our reading and writing."""

_Result = TypeVar("_Result")
_Sign = tuple[int, int, int] | None


class CalendarFile:
    """The calendar in the file at `path`, which need not exist yet. `clock` gives the time, in the household's zone."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._clock = clock
        # One thread: what was given up on ends before the next begins, and waiting calls do not pile up as threads.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="calendar-file")
        self._last: tuple[_Sign, icalendar.Calendar] | None = None

    @property
    def outgoing(self) -> tuple[str, ...]:
        return ()

    @property
    def name(self) -> str:
        return self.path.stem

    async def calendars(self) -> tuple[str, ...]:
        return (self.name,)

    async def events(self, start: datetime, end: datetime) -> tuple[Event, ...]:
        def read() -> tuple[Event, ...]:
            found = events_between(self._calendar(), start, end, zone=self._zone, calendar=self.name)
            return in_order(found, zone=self._zone)

        return await self._within(read)

    async def add_event(self, event: Event) -> Event:
        def add() -> Event:
            def put(data: bytes) -> bytes:
                is_there = bool(with_id(data, "VEVENT", uid=event.event_id))
                return data if is_there else with_block(data, event_block(event, now=now, beside=data))

            self._change(put)
            return self._event(event.event_id) or self._lost()

        now = self._clock()
        return await self._within(add)

    async def change_event(
        self, event_id: str, change: EventChange, *, occurrence: When | None = None, is_series: bool = False
    ) -> None:
        now, zone = self._clock(), self._zone

        def write() -> None:
            self._change(
                lambda data: changed_event(
                    data, change, uid=event_id, occurrence=occurrence, is_series=is_series, zone=zone, now=now
                )
            )
            if not holds(self._read()[1], change, uid=event_id, occurrence=occurrence, is_series=is_series, zone=zone):
                self._lost()

        await self._within(write)

    async def remove_event(self, event_id: str, *, occurrence: When | None = None) -> None:
        now, zone = self._clock(), self._zone

        def change(data: bytes) -> bytes:
            if occurrence is None:
                return _less(data, without(data, "VEVENT", uid=event_id))
            return without_occurrence(data, uid=event_id, occurrence=occurrence, zone=zone, now=now)

        await self._within(lambda: self._change(change))

    async def tasks(self, *, with_complete: bool = False) -> tuple[Task, ...]:
        def read() -> tuple[Task, ...]:
            found = tasks_in(self._calendar(), zone=self._zone, calendar=self.name)
            return tasks_in_order(found, zone=self._zone, with_complete=with_complete)

        return await self._within(read)

    async def add_task(self, task: Task) -> Task:
        def add() -> Task:
            self._change(lambda data: data if with_id(data, "VTODO", uid=task.task_id) else with_block(data, block))
            return self._task(task.task_id) or self._lost()

        block = task_block(task, now=self._clock())
        return await self._within(add)

    async def complete_task(self, task_id: str) -> Task:
        def complete() -> Task:
            now = self._clock()
            self._change(lambda data: completed(data, uid=task_id, now=now))
            return self._task(task_id) or self._lost()

        return await self._within(complete)

    async def remove_task(self, task_id: str) -> None:
        await self._within(lambda: self._change(lambda data: _less(data, without(data, "VTODO", uid=task_id))))

    async def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def _zone(self) -> tzinfo:
        """The household's, which may be changed while it runs."""
        return self._clock().tzinfo or UTC

    async def _within(self, work: Callable[[], _Result]) -> _Result:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TimeoutError as error:
            raise LinkError(
                f"{self.path} could not be read or written within {ANSWER_SECONDS:g} seconds; try again.", code="link.slow"
            ) from error

    def _calendar(self) -> icalendar.Calendar:
        """The file as it is now; it is read again only when it was changed."""
        sign = self._sign()
        if self._last is None or self._last[0] != sign:
            sign, data = self._read()
            self._last = (sign, parsed(data) if data.strip() else icalendar.Calendar())
        return self._last[1]

    def _event(self, event_id: str) -> Event | None:
        """The event as it is in the file now."""
        found = with_id(self._read()[1], "VEVENT", uid=event_id)
        return event_with_id(parsed(found), event_id, zone=self._zone, calendar=self.name) if found else None

    def _task(self, task_id: str) -> Task | None:
        """The task as it is in the file now."""
        found = with_id(self._read()[1], "VTODO", uid=task_id)
        return next(iter(tasks_in(parsed(found), zone=self._zone, calendar=self.name)), None) if found else None

    def _change(self, change: Callable[[bytes], bytes]) -> None:
        """Replace the file by what `change` makes of it; it is on the disk when this returns. Raises LinkError, StorageError."""
        with self._locked():
            for _ in range(_MOST_TRIES):
                sign, data = self._read()
                check_frame(data)
                changed = change(data)
                if changed == data:
                    return
                if self._sign() == sign:
                    write_whole(self.path, [changed], mode=0o600 if sign is None else self.path.stat().st_mode & 0o777)
                    return
        raise LinkError(f"{self.path} is changed by another program all the time; try again.")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """No other process of ours writes meanwhile."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            place = self.path.with_name(f".{self.path.name}.lock")
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LinkError(
                f"{self.path} cannot be written: check that the folder exists and that you may write there."
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _sign(self) -> _Sign:
        """What changes whenever the file is replaced."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable() from error
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _read(self) -> tuple[_Sign, bytes]:
        sign = self._sign()
        if sign is None:
            return None, b""
        if not self.path.is_file():
            raise self._unreadable()
        try:
            with self.path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise self._unreadable() from error
        if len(data) > MOST_BYTES:
            raise LinkError(f"{self.path} is larger than {MOST_BYTES} bytes; move old entries elsewhere.", code="link.too_large")
        return sign, data

    def _unreadable(self) -> LinkError:
        return LinkError(f"{self.path} cannot be read: check that it is a file and that you may read it.")

    def _lost(self) -> NoReturn:
        raise LinkError(f"{self.path} was changed by another program at the same moment; look whether it is there.")


def _less(before: bytes, after: bytes) -> bytes:
    if before == after:
        raise LinkError("That is not in the calendar any more.", code="link.not_found")
    return after
