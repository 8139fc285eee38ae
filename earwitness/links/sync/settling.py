"""Which calendars of the account are which here: finds them, makes what is missing, follows new names on either side.

A list is a calendar of tasks alone, under its own name; where the server lets us make none, all lists are in one calendar and
each task has the name of its list as a category. Alarms and reminders have one calendar each. What people keep there besides is
left alone: a calendar that takes events too is no list, unless it has the name of one.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from earwitness.domain.errors import LinkError
from earwitness.links.caldav_account import Collection
from earwitness.links.lists import Lists
from earwitness.links.sync.bonds import Bonds, SyncedCalendar
from earwitness.links.sync.server import SyncServer

NAMES: Final = {"alarm": "Alarms", "reminder": "Reminders"}
TAKES: Final = {"alarm": ("VEVENT",), "reminder": ("VEVENT", "VTODO")}
MOST_LISTS: Final = 50
_LONGEST_NAME: Final = 40


@dataclass(slots=True, kw_only=True)
class Settled:
    """The calendars as they are now, what stands in the way of others, and lists that went here."""

    calendars: list[SyncedCalendar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    forsaken: list[SyncedCalendar] = field(default_factory=list)
    """Calendars whose list is not here any more."""


class Settling:
    """`fixed` gives the names of the lists that the home has anyway; `called` which of some names is meant by another."""

    def __init__(
        self,
        server: SyncServer,
        bonds: Bonds,
        lists: Lists,
        *,
        fixed: Callable[[], Sequence[str]],
        called: Callable[[str, Iterable[str]], str | None],
    ) -> None:
        self._server = server
        self._bonds = bonds
        self._lists = lists
        self._fixed = fixed
        self._called = called

    async def settle(self, kinds: Sequence[str], remote: dict[str, Collection]) -> Settled:
        """For those kinds (list, reminder, alarm) and the calendars that the account has. Raises LinkError, StorageError."""
        result = Settled()
        for one in await asyncio.to_thread(self._bonds.calendars):
            if one.path not in remote:
                await asyncio.to_thread(self._bonds.forget_calendar, one.path)
        for kind in kinds:
            if kind in NAMES:
                await self._settle_one(kind, remote, result)
        if "list" in kinds:
            await self._settle_lists(remote, result)
        return result

    def uncovered(self) -> list[str]:
        """The lists that no calendar holds yet. Blocks. Raises StorageError."""
        known = {one.name.casefold() for one in self._bonds.calendars() if one.kind == "list"}
        return [name for name in self._lists.names(self._fixed()) if name.casefold() not in known]

    async def _settle_one(self, kind: str, remote: dict[str, Collection], result: Settled) -> None:
        known = await asyncio.to_thread(self._bonds.calendars)
        found = next((one for one in known if one.kind == kind), None)
        if found is None:
            taken = {one.path for one in known}
            named = [path for path, one in remote.items() if one.name.casefold() == NAMES[kind].casefold() and path not in taken]
            path = next((path for path in named if any(map(remote[path].takes, TAKES[kind]))), None)
            try:
                place = path or await self._server.make(self._slug(kind), NAMES[kind], components=TAKES[kind])
            except LinkError as error:
                if error.code != "link.no_making":
                    raise
                result.notes.append(f'The server lets us make no calendar: make one there that is called "{NAMES[kind]}".')
                return
            found = SyncedCalendar(path=place, kind=kind, is_ours=path is None)
            await asyncio.to_thread(self._bonds.know, found)
        result.calendars.append(found)

    async def _settle_lists(self, remote: dict[str, Collection], result: Settled) -> None:
        known = [one for one in await asyncio.to_thread(self._bonds.calendars) if one.kind in ("list", "lists")]
        shared = next((one for one in known if one.kind == "lists"), None)
        if shared is not None:
            result.calendars.append(shared)
            return
        names = {name.casefold(): name for name in await asyncio.to_thread(self._lists.names, self._fixed())}
        for one in known:
            await self._follow(one, remote[one.path].name, names, result)
        await self._adopt(remote, names, result)
        for name in names.values():
            try:
                place = await self._make(name)
            except LinkError as error:
                if error.code != "link.no_making":
                    raise
                await self._share(remote, result)
                return
            new = SyncedCalendar(path=place, kind="list", name=name, is_ours=True)
            await asyncio.to_thread(self._bonds.know, new)
            result.calendars.append(new)

    async def _follow(self, one: SyncedCalendar, shown: str, names: dict[str, str], result: Settled) -> None:
        """A calendar that was that of a list: still is, is called otherwise here or there, or its list is gone."""
        if not one.name:
            return
        here = names.pop(one.name.casefold(), None)
        if here is None:
            here = await asyncio.to_thread(self._renamed_to, one, list(names.values()))
            if here is None:
                result.forsaken.append(one)
                return
            names.pop(here.casefold())
            await self._server.rename(one.path, here)
        elif shown.casefold() != one.name.casefold():
            taken = [name for name in await asyncio.to_thread(self._lists.names, self._fixed()) if name != here]
            is_fixed = any(name.casefold() == here.casefold() for name in self._fixed())
            if is_fixed or not self._is_free(shown, taken) or not await asyncio.to_thread(self._lists.rename, here, to=shown):
                await self._server.rename(one.path, here)
            else:
                here = shown
        now = replace(one, name=here)
        if now != one:
            await asyncio.to_thread(self._bonds.know, now)
        result.calendars.append(now)

    def _renamed_to(self, one: SyncedCalendar, names: Sequence[str]) -> str | None:
        """The list on which the things of a calendar are now."""
        bound = {bond.thing_id for bond in self._bonds.of(one.path)}
        return next((name for name in names if any(str(item.item_id) in bound for item in self._lists.items(name))), None)

    async def _adopt(self, remote: dict[str, Collection], names: dict[str, str], result: Settled) -> None:
        """Calendars of tasks that nobody has brought together with a list yet. `names` are the lists without a calendar."""
        known = {one.path for one in await asyncio.to_thread(self._bonds.calendars)}
        for path, one in sorted(remote.items(), key=lambda item: item[1].name.casefold()):
            if path in known or not one.takes("VTODO") or one.name.casefold() in map(str.casefold, NAMES.values()):
                continue
            same = names.get(one.name.casefold()) or self._called(one.name, names.values())
            if same is None and (one.takes("VEVENT") or not await asyncio.to_thread(self._made, one.name, result)):
                continue
            name = same or one.name
            names.pop(name.casefold(), None)
            calendar = SyncedCalendar(path=path, kind="list", name=name)
            await asyncio.to_thread(self._bonds.know, calendar)
            result.calendars.append(calendar)

    def _made(self, name: str, result: Settled) -> bool:
        """Make the list that the server has and we do not."""
        names = self._lists.names(self._fixed())
        if len(names) >= MOST_LISTS or not self._is_free(name, names):
            result.notes.append(f'The list "{name[:60]}" there cannot be called so here, or is one too many.')
            return False
        return self._lists.make(name)

    def _is_free(self, name: str, taken: Iterable[str]) -> bool:
        is_name = (
            0 < len(name.strip()) <= _LONGEST_NAME and "/" not in name and name.isprintable() and any(map(str.isalnum, name))
        )
        return is_name and self._called(name, taken) is None

    async def _make(self, name: str) -> str:
        """Make the calendar of a list. The answer may be lost: the next try finds it under the same place."""
        known = {one.path for one in await asyncio.to_thread(self._bonds.calendars)}
        for number in range(MOST_LISTS + 2):
            place = await self._server.make(self._slug(f"list {name.casefold()} {number}"), name, components=("VTODO",))
            if place not in known:
                return place
        raise LinkError("No place is left for a list on the server.", code="link.no_making")

    async def _share(self, remote: dict[str, Collection], result: Settled) -> None:
        """Put all lists into one calendar: none can be made."""
        taken = {one.path for one in await asyncio.to_thread(self._bonds.calendars) if one.kind in NAMES}
        found = sorted(path for path, one in remote.items() if one.takes("VTODO") and path not in taken)
        result.calendars = [one for one in result.calendars if one.kind != "list"]
        for one in await asyncio.to_thread(self._bonds.calendars):
            if one.kind == "list":
                await asyncio.to_thread(self._bonds.forget_calendar, one.path)
        if not found:
            result.notes.append("The server lets us make no calendar: make one there that takes tasks.")
            return
        shared = SyncedCalendar(path=found[0], kind="lists")
        await asyncio.to_thread(self._bonds.know, shared)
        result.calendars.append(shared)

    def _slug(self, what: str) -> str:
        return f"earwitness-{uuid5(NAMESPACE_OID, f'{self._server.name} {what}').hex}"
