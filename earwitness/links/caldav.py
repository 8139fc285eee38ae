"""Calendars on a server (CalDAV, RFC 4791): events, tasks and their alarms. Satisfies the skills' Calendar.

Owns the way to the server and which of its calendars are used. A change counts only once it was read back. The server is not
trusted: answers are bounded, addresses elsewhere are not followed, and what is no calendar is an error.

The library `caldav` is not used: it reads answers without bound, and its HTTP library replaces urllib3 for the whole process.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Final, NoReturn, TypeVar
from urllib.parse import quote

import httpx

from earwitness.domain.calendar import Event, EventChange, Task, When
from earwitness.domain.errors import LinkError
from earwitness.links.bounded_http import Reply
from earwitness.links.caldav_account import MOST_CALENDARS, WHAT, CalDavAccount, Collection, check
from earwitness.links.caldav_xml import NOT_COMPLETED, query, resources, with_id, within
from earwitness.links.ical_change import changed_event, holds, is_left_out, without_occurrence
from earwitness.links.ical_read import event_with_id, events_between, in_order, parsed, tasks_in, tasks_in_order
from earwitness.links.ical_write import completed, event_block, framed, task_block
from earwitness.links.secret_file import Unseal
from earwitness.links.together import together

_DAY: Final = timedelta(days=1)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    """One object in a calendar: where it is, which version, its text."""

    collection: Collection
    url: httpx.URL
    etag: str
    data: bytes


class CalDav:
    """The calendars of one account. `url` may be the server, the account or one calendar; nothing is asked before it is needed.

    `clock` gives the time, in the household's zone; `wanted` is the name of the calendar that takes what is added (else the
    first that can). Raises SettingsError for an address that may not be asked.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str,
        password_file: Path | None,
        clock: Callable[[], datetime],
        wanted: str | None = None,
        timeout_seconds: float = 2.0,
        ca_file: Path | None = None,
        allows_plain: bool = False,
        unseal: Unseal | None = None,
    ) -> None:
        self._account = CalDavAccount(
            url,
            user=user,
            password_file=password_file,
            timeout_seconds=timeout_seconds,
            ca_file=ca_file,
            allows_plain=allows_plain,
            unseal=unseal,
        )
        self._clock = clock
        self._wanted = wanted
        self._timeout_seconds = timeout_seconds
        self._found: tuple[Collection, ...] | None = None
        # One thread reads what came: a text that takes long keeps neither the event loop nor one thread per question.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="caldav")

    @property
    def outgoing(self) -> tuple[str, ...]:
        return self._account.outgoing

    async def calendars(self) -> tuple[str, ...]:
        async with self._in_time():
            return tuple(collection.name for collection in await self._collections())

    async def events(self, start: datetime, end: datetime) -> tuple[Event, ...]:
        async with self._in_time():
            objects = await self._objects("VEVENT", within(start - _DAY, end + _DAY))

            def read(one: _Object) -> list[Event]:
                return events_between(parsed(one.data), start, end, zone=self._zone, calendar=one.collection.name)

            return in_order(await self._read(lambda: _readable(objects, read)), zone=self._zone)

    async def add_event(self, event: Event) -> Event:
        async with self._in_time():
            place = await self._new_place("VEVENT", event.event_id)
            await self._create(place, event_block(event, now=self._clock()))
            found = await self._with_id("VEVENT", event.event_id)

            def read() -> Event | None:
                texts = [(one.collection.name, parsed(one.data)) for one in found]
                kept = (event_with_id(text, event.event_id, zone=self._zone, calendar=name) for name, text in texts)
                return next((one for one in kept if one is not None), None)

            return await self._read(read) or _raise(_unconfirmed())

    async def change_event(
        self, event_id: str, change: EventChange, *, occurrence: When | None = None, is_series: bool = False
    ) -> None:
        now, zone = self._clock(), self._zone
        how = partial(changed_event, uid=event_id, occurrence=occurrence, is_series=is_series, zone=zone, now=now)
        async with self._in_time():
            await self._rewrite("VEVENT", event_id, lambda data: how(data, change))
            found = await self._with_id("VEVENT", event_id)
            is_so = partial(holds, uid=event_id, occurrence=occurrence, is_series=is_series, zone=zone)
            if not await self._read(lambda: any(is_so(one.data, change) for one in found)):
                raise _unconfirmed()

    async def remove_event(self, event_id: str, *, occurrence: When | None = None) -> None:
        async with self._in_time():
            if occurrence is None:
                await self._remove("VEVENT", event_id)
                return
            is_out = partial(is_left_out, uid=event_id, occurrence=occurrence, zone=self._zone)
            how = partial(without_occurrence, uid=event_id, occurrence=occurrence, zone=self._zone, now=self._clock())
            await self._rewrite("VEVENT", event_id, how)
            found = await self._with_id("VEVENT", event_id)
            if not await self._read(lambda: all(is_out(one.data) for one in found)):
                raise _unconfirmed()

    async def tasks(self, *, with_complete: bool = False) -> tuple[Task, ...]:
        async with self._in_time():
            objects = await self._objects("VTODO", "" if with_complete else NOT_COMPLETED)

            found = await self._read(lambda: _readable(objects, self._tasks_of))
            return tasks_in_order(found, zone=self._zone, with_complete=with_complete)

    async def add_task(self, task: Task) -> Task:
        async with self._in_time():
            place = await self._new_place("VTODO", task.task_id)
            await self._create(place, task_block(task, now=self._clock()))
            return await self._task(task.task_id) or _raise(_unconfirmed())

    async def complete_task(self, task_id: str) -> Task:
        async with self._in_time():
            await self._rewrite("VTODO", task_id, partial(completed, uid=task_id, now=self._clock()))
            kept = await self._task(task_id)
            return kept if kept and kept.is_complete else _raise(_unconfirmed())

    async def remove_task(self, task_id: str) -> None:
        async with self._in_time():
            await self._remove("VTODO", task_id)

    async def close(self) -> None:
        """Let go of the connection and the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await self._account.close()

    @property
    def _zone(self) -> tzinfo:
        """The household's, which may be changed while it runs."""
        return self._clock().tzinfo or UTC

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """One call may be several questions, and all of them end in time. After a failure the calendars are looked for again."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError as error:
            raise LinkError(
                f"{WHAT} did not answer within {self._timeout_seconds:g} seconds; try again later.", code="link.slow"
            ) from error
        except LinkError as error:
            if error.code not in ("link.not_found", "link.repeats", "link.changed"):
                self._found = None
                self._account.forget()
            raise

    async def _collections(self) -> tuple[Collection, ...]:
        if self._found is None:
            found = await self._account.search()
            if not found:
                raise LinkError(
                    "The account holds no calendar yet; make one in the calendar's own program.", code="link.no_calendar"
                )
            wanted = (self._wanted or "").casefold()
            self._found = tuple(sorted(found[:MOST_CALENDARS], key=lambda one: one.name.casefold() != wanted))
        return self._found

    async def _objects(self, component: str, inner: str) -> list[_Object]:
        """What all calendars hold of that."""
        chosen = [one for one in await self._collections() if one.takes(component)]
        async with together() as tasks:
            asked = [tasks.create_task(self._reported(one, query(component, inner))) for one in chosen]
        return [one for done in asked for one in done.result()]

    async def _reported(self, collection: Collection, body: bytes) -> list[_Object]:
        reply = await self._account.ask("REPORT", collection.url, body, Depth="1")
        check(reply, accepted=(207,))
        return [
            _Object(collection=collection, url=self._account.inside(collection.url, one.href), etag=one.etag, data=one.data)
            for one in await self._read(lambda: resources(reply.body))
            if one.data
        ]

    async def _with_id(self, component: str, uid: str) -> list[_Object]:
        objects = await self._objects(component, with_id(uid))

        def read(one: _Object) -> list[_Object]:
            return [one] if any(str(part.get("UID", "")) == uid for part in parsed(one.data).subcomponents) else []

        return await self._read(lambda: _readable(objects, read))

    async def _task(self, task_id: str) -> Task | None:
        objects = await self._with_id("VTODO", task_id)
        found = await self._read(lambda: _readable(objects, self._tasks_of))
        return next((task for task in found if task.task_id == task_id), None)

    def _tasks_of(self, one: _Object) -> list[Task]:
        return tasks_in(parsed(one.data), zone=self._zone, calendar=one.collection.name)

    async def _new_place(self, component: str, uid: str) -> httpx.URL:
        for one in await self._collections():
            if one.takes(component) and one.is_writable:
                # An id that was given again names the same place, so that nothing is kept twice.
                name = uid if uid.isascii() and len(uid) <= 200 and "/" not in uid else str(uuid.uuid5(uuid.NAMESPACE_OID, uid))
                return one.url.join(f"{quote(name, safe='-_.@')}.ics")
        kind = "events" if component == "VEVENT" else "tasks"
        raise LinkError(
            f"No calendar of the account takes {kind}; make one in the calendar's own program.", code="link.no_calendar"
        )

    async def _create(self, place: httpx.URL, block: bytes) -> None:
        """Write a new object. One that is there already was written by an earlier try, whose answer was lost."""
        reply = await self._write("PUT", place, framed(block), **{"If-None-Match": "*"})
        if reply.status != 412:
            check(reply, accepted=(200, 201, 204))

    async def _rewrite(self, component: str, uid: str, change: Callable[[bytes], bytes]) -> None:
        """Write an event or task otherwise, where it is still as it was read."""
        found = await self._with_id(component, uid)
        if not found:
            raise _gone()
        one = found[0]
        changed = await self._read(lambda: change(one.data))
        reply = await self._write("PUT", one.url, changed, **{"If-Match": one.etag or "*"})
        _check_version(reply)
        check(reply, accepted=(200, 201, 204))

    async def _remove(self, component: str, uid: str) -> None:
        found = await self._with_id(component, uid)
        if not found:
            raise _gone()
        for one in found:
            reply = await self._write("DELETE", one.url, b"", **{"If-Match": one.etag or "*"})
            _check_version(reply)
            check(reply, accepted=(200, 204, 404))
        if await self._with_id(component, uid):
            raise _unconfirmed()

    async def _write(self, method: str, url: httpx.URL, body: bytes, **headers: str) -> Reply:
        return await self._account.ask(method, url, body, **{"Content-Type": "text/calendar; charset=utf-8", **headers})

    async def _read(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _readable(objects: Sequence[_Object], read: Callable[[_Object], list[_Result]]) -> list[_Result]:
    """What is read of the objects. One that cannot be read does not hide the others; if none can, that is an error."""
    found: list[_Result] = []
    trouble: list[LinkError] = []
    for one in objects:
        try:
            found += read(one)
        except LinkError as error:
            trouble.append(error)
    if trouble and (len(trouble) == len(objects) or trouble[0].code == "link.too_large"):
        raise trouble[0]
    return found


def _check_version(reply: Reply) -> None:
    if reply.status == 412:
        raise LinkError("It was changed elsewhere at the same moment; try again.", code="link.changed")


def _gone() -> LinkError:
    return LinkError("That is not in the calendar any more.", code="link.not_found")


def _unconfirmed() -> LinkError:
    return LinkError(f"{WHAT} took the change but does not show it; look into the calendar.", code="link.unconfirmed")


def _raise(error: LinkError) -> NoReturn:
    raise error
