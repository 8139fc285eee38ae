"""One round over one calendar: look at both sides, do what `merge` says, and note each step with its bond.

Owns the order that makes a crash or a lost answer harmless: what changes here and its bond are one transaction; what is new is
bound before it is sent; what was written there counts as agreed only once the server said so. A round that could not finish
everything says so, and the next one goes on from what is there then.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, assert_never
from uuid import uuid4

from earwitness.domain.errors import AlertError, LinkError
from earwitness.links.sync.bonds import LOCK, Bonds, SyncedCalendar
from earwitness.links.sync.merge import (
    DONE,
    Bond,
    Deed,
    Drop,
    Fields,
    Forget,
    Meet,
    Send,
    Take,
    Theirs,
    Withdraw,
    behind,
    deeds,
    noticed,
)
from earwitness.links.sync.server import SyncServer
from earwitness.links.sync.things import Things

MOST_NOTES: Final = 20
MOST_DROPS: Final = 200
"""So many deletions are asked after in one round."""
A_FEW: Final = 5
"""Of a calendar that is empty all at once so many things go here too; if there were more, the server was reset or restored."""
_UNTOLD: Final = "?"
"""The etag of what the server took without telling one."""


@dataclass(slots=True, kw_only=True)
class Round:
    """What came of a round. `is_settled`: both sides are the same, as far as they can be."""

    is_settled: bool = True
    notes: list[str] = field(default_factory=list)
    """What is on the server and was not taken over, and why."""
    has_acted: bool = False
    """Whether anything was to be done."""
    drops: int = 0

    def note(self, text: str) -> None:
        if text and len(self.notes) < MOST_NOTES:
            self.notes.append(text)


class Rounds:
    """Runs rounds. `clock` gives aware datetimes in the household's zone."""

    def __init__(self, server: SyncServer, bonds: Bonds, *, clock: Callable[[], datetime]) -> None:
        self._server = server
        self._bonds = bonds
        self._clock = clock

    async def run(self, calendar: SyncedCalendar, things: Things, *, components: Sequence[str]) -> Round:
        """One round; `components` are those of the things that this calendar takes. Raises LinkError, StorageError."""
        result, now = Round(), self._clock()

        def look() -> tuple[list[Deed], bool]:
            elsewhere = self._bonds.elsewhere(calendar.path, things.kind)
            every = things.ours(calendar, now=now)
            ours = [one for one in every if one.thing_id not in elsewhere]
            self._bonds.note(noticed(ours, self._bonds.of(calendar.path), now=now))
            theirs = {one.href: things.read(one.data, href=one.href, etag=one.etag, calendar=calendar, now=now) for one in found}
            for one in theirs.values():
                result.note(one.note)
            return deeds(ours, list(theirs.values()), self._bonds.of(calendar.path)), len(ours) == len(every)

        # Looked at here after there: what is then here and not there has not been sent, or was taken away before that.
        found = [one for component in components for one in await self._server.listing(calendar.path, component)]
        todo, is_whole = await asyncio.to_thread(look)
        if not found:
            todo = await asyncio.to_thread(self._doubted, todo, calendar, result)
        result.is_settled, result.has_acted = is_whole, bool(todo)
        for deed in todo:
            try:
                await self._do(deed, calendar, things, result, now=now)
            except LinkError as error:
                if error.code not in ("link.changed", "link.not_found", "link.nonsense"):
                    raise
                result.is_settled = False
        return result

    def _doubted(self, todo: list[Deed], calendar: SyncedCalendar, result: Round) -> list[Deed]:
        """What to do with a calendar that is empty there: more than a few things are sent again, not dropped. Their bonds say so
        before that, or whatever a round that is cut off did not send would go in the next."""
        drops = [deed for deed in todo if isinstance(deed, Drop)]
        if len(drops) <= A_FEW:
            return todo
        result.note(f'"{calendar.name or calendar.kind}" was empty on the server all at once, so all that is here was sent again')
        again = [Send(ours=one.ours, bond=replace(one.bond, etag="")) for one in drops]
        with self._bonds.database.writing(lock=LOCK) as connection:
            for one, deed in zip(drops, again, strict=True):
                self._bonds.replace(connection, one.bond, deed.bond or one.bond)
        return [*(deed for deed in todo if not isinstance(deed, Drop)), *again]

    def behind(self, calendar: SyncedCalendar, things: Things) -> int:
        """How many things the server does not have as they are here, without asking it. Blocks. Raises StorageError."""
        return behind(things.ours(calendar, now=self._clock()), self._bonds.of(calendar.path))

    async def _do(self, deed: Deed, calendar: SyncedCalendar, things: Things, result: Round, *, now: datetime) -> None:
        match deed:
            case Send():
                await self._send(deed, calendar, things, now=now)
            case Meet():
                await self._meet(deed, calendar, things, result, now=now)
            case Take():
                await asyncio.to_thread(self._take, deed, calendar, things, result, now)
            case Drop():
                await self._drop(deed, things, result)
            case Withdraw():
                await self._withdraw(deed, things, now=now)
            case Forget(bond=bond):
                await asyncio.to_thread(self._forget, bond)
            case _:
                assert_never(deed)

    async def _send(self, deed: Send, calendar: SyncedCalendar, things: Things, *, now: datetime) -> None:
        bond = deed.bond
        if bond is None:
            uid = uuid4().hex
            blank = Bond(href=f"{calendar.path}{uid}.ics", uid=uid, thing_id=deed.ours.thing_id, salt=secrets.token_bytes(16))
            bond = blank.agreed(deed.ours.fields, etag="")
            await asyncio.to_thread(self._bind, bond, calendar, things)
        else:
            await asyncio.to_thread(self._rebind, bond, bond := bond.trying(deed.ours.fields))
        data = things.written(deed.ours.fields, uid=bond.uid, now=now)
        etag = await self._server.put(bond.href, data, etag=None)
        await asyncio.to_thread(self._rebind, bond, bond.settled().agreed(deed.ours.fields, etag=etag or _UNTOLD))

    async def _meet(self, deed: Meet, calendar: SyncedCalendar, things: Things, result: Round, *, now: datetime) -> None:
        ours, theirs, fields = deed.ours, deed.theirs, deed.fields
        assert theirs.fields is not None
        is_over = things.ends_when_done and bool(fields[DONE])
        base = deed.bond or Bond(href=theirs.href, uid=theirs.uid, thing_id=ours.thing_id, salt=secrets.token_bytes(16))
        is_same = fields == theirs.fields
        bond = replace(base.agreed(theirs.fields, etag=theirs.etag), href=theirs.href, uid=theirs.uid)
        bond = bond.settled() if is_same else bond.trying(fields)

        def agree() -> bool:
            with self._bonds.database.writing(lock=LOCK) as connection:
                if fields != ours.fields and not things.alter(connection, ours, fields, now=now):
                    return False
                if deed.bond is None:
                    self._bonds.put(connection, bond, path=calendar.path, kind=things.kind)
                elif is_over:
                    self._bonds.forget(connection, deed.bond)
                else:
                    self._bonds.replace(connection, deed.bond, bond)
            return True

        try:
            if not await asyncio.to_thread(agree):
                result.is_settled = False
                return
        except AlertError:
            result.note(f'"{theirs.fields.get("text", "")[:60]}" would never be due as it is there')
            return
        if not is_same and not is_over:
            await self._write(bond, theirs, fields, things, result, now=now)

    async def _write(self, bond: Bond, theirs: Theirs, fields: Fields, things: Things, result: Round, *, now: datetime) -> None:
        data = things.rewritten(theirs, fields, now=now)
        if data is None:
            await self._server.delete(theirs.href, etag=theirs.etag)
            await asyncio.to_thread(self._forget, bond)
            result.is_settled = False
            return
        etag = await self._server.put(theirs.href, data, etag=theirs.etag)
        await asyncio.to_thread(self._rebind, bond, bond.settled().agreed(fields, etag=etag or _UNTOLD))

    def _take(self, deed: Take, calendar: SyncedCalendar, things: Things, result: Round, now: datetime) -> None:
        theirs = deed.theirs
        assert theirs.fields is not None
        told = f'"{theirs.fields.get("text", "")[:60]}"'
        try:
            with self._bonds.database.writing(lock=LOCK) as connection:
                thing_id = things.take(connection, theirs, calendar=calendar, now=now)
                if thing_id is None:
                    result.note(f"{told} finds no room here")
                    return
                salt = secrets.token_bytes(16)
                bond = Bond(href=theirs.href, uid=theirs.uid, thing_id=thing_id, salt=salt)
                bond = bond.agreed(theirs.fields, etag=theirs.etag)
                if deed.bond is not None:
                    self._bonds.forget(connection, deed.bond)
                self._bonds.put(connection, bond, path=calendar.path, kind=things.kind)
        except AlertError:
            result.note(f"{told} would never be due")

    async def _drop(self, deed: Drop, things: Things, result: Round) -> None:
        result.drops += 1
        if result.drops > MOST_DROPS or not await self._server.is_gone(deed.bond.href):
            result.is_settled = False
            return

        def drop() -> bool:
            with self._bonds.database.writing(lock=LOCK) as connection:
                if not things.drop(connection, deed.ours):
                    return False
                self._bonds.forget(connection, deed.bond)
            return True

        result.is_settled &= await asyncio.to_thread(drop)

    async def _withdraw(self, deed: Withdraw, things: Things, *, now: datetime) -> None:
        theirs = deed.theirs
        assert theirs.fields is not None
        if not (things.ends_when_done and theirs.fields[DONE]):
            left = things.farewell(theirs, now=now)
            data = None if left is None else things.rewritten(theirs, left, now=now)
            if data is None:
                await self._server.delete(theirs.href, etag=theirs.etag)
            else:
                await self._server.put(theirs.href, data, etag=theirs.etag)
        await asyncio.to_thread(self._forget, deed.bond)

    def _bind(self, bond: Bond, calendar: SyncedCalendar, things: Things) -> None:
        with self._bonds.database.writing(lock=LOCK) as connection:
            self._bonds.put(connection, bond, path=calendar.path, kind=things.kind)

    def _rebind(self, before: Bond, after: Bond) -> None:
        with self._bonds.database.writing(lock=LOCK) as connection:
            self._bonds.replace(connection, before, after)

    def _forget(self, bond: Bond) -> None:
        with self._bonds.database.writing(lock=LOCK) as connection:
            self._bonds.forget(connection, bond)
