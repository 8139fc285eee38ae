"""Random edits on both sides, lost answers and cut-off rounds: both sides converge, nothing is lost, nothing is doubled."""

import asyncio
import contextlib
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from earwitness.domain.errors import LinkError
from earwitness.links.lists import Lists
from earwitness.links.sync.bonds import Bonds, SyncedCalendar
from earwitness.links.sync.item_text import item_fields, read_item, rewritten_item, written_item
from earwitness.links.sync.merge import DONE, Theirs
from earwitness.links.sync.round import A_FEW, Rounds
from earwitness.links.sync.server import Found
from earwitness.links.sync.things import ListThings
from earwitness.storage.database import Database

LIST = "shopping"
PLACE = "/kim/shopping/"
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")


class LostError(LinkError):
    """The connection was lost, before the server had the question or after it."""


class MemoryServer:
    """One calendar that keeps objects by place and etag, as RFC 4791 says; `trouble` is what befalls the next requests."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, bytes]] = {}
        self.trouble: list[str] = []
        self._tags = count(1)

    def keep(self, href: str, data: bytes) -> str:
        etag = f'"{next(self._tags)}"'
        self.objects[href] = (etag, data)
        return etag

    async def listing(self, path: str, component: str) -> list[Found]:
        return [Found(href=href, etag=etag, data=data) for href, (etag, data) in self.objects.items()]

    async def put(self, href: str, data: bytes, *, etag: str | None) -> str:
        self._befall("before")
        if (self.objects.get(href, ("", b""))[0] or None) != etag:
            raise LinkError("It was changed elsewhere.", code="link.changed")
        new = self.keep(href, data)
        return "" if self._befall("after") == "untold" else new

    async def delete(self, href: str, *, etag: str) -> None:
        self._befall("before")
        if self.objects.get(href, ("", b""))[0] != etag:
            raise LinkError("It was changed elsewhere.", code="link.changed")
        del self.objects[href]
        self._befall("after")

    async def is_gone(self, href: str) -> bool:
        self._befall("before")
        is_gone = href not in self.objects
        self._befall("after")
        return is_gone

    def _befall(self, when: str) -> str:
        """Before the server does it the next trouble begins, and it ends after it."""
        next_one = self.trouble[0] if self.trouble else ""
        if self.trouble and when == "after":
            self.trouble.pop(0)
        if next_one == when:
            raise LostError("The connection was lost.", code="link.unreachable")
        return next_one


class BothSides(RuleBasedStateMachine):
    """Each thing carries a number for its whole life: `7 v2`. Each side edits, ticks off, removes; rounds run and are cut off."""

    things = Bundle("things")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="earwitness-sync-"))
        self.database = Database(self.folder / "household.db", chain="household")
        self.lists, self.server = Lists(self.database), MemoryServer()
        self.now, self.numbers, self.versions = datetime(2026, 3, 20, 12, tzinfo=UTC), count(1), count(1)
        self.bonds = Bonds(self.database, account="kim")
        self.calendar = SyncedCalendar(path=PLACE, kind="list", name=LIST)
        self.bonds.know(self.calendar)
        self.lists.make(LIST)
        self.rounds = Rounds(self.server, self.bonds, clock=lambda: self.now)  # type: ignore[arg-type]
        self.local = ListThings(self.lists, usual=lambda: LIST)
        self.removed: set[int] = set()
        self.edited_by: dict[int, set[str]] = {}
        self.last: dict[int, str] = {}

    def teardown(self) -> None:
        try:
            self.settled()
        finally:
            self.database.close()
            shutil.rmtree(self.folder)

    # What people do

    @initialize(target=things)
    def begin_here(self) -> int:
        return self._put_here()

    @initialize(target=things)
    def begin_there(self) -> int:
        return self._put_there()

    @rule(target=things)
    def add_here(self) -> int:
        return self._put_here()

    @rule(target=things)
    def add_there(self) -> int:
        return self._put_there()

    def _put_here(self) -> int:
        number = next(self.numbers)
        self.lists.add(LIST, texts=[f"{number} v0"], now=self.now)
        return number

    def _put_there(self) -> int:
        number = next(self.numbers)
        uid = f"phone-{number}"
        self.server.keep(f"{PLACE}{uid}.ics", written_item(self._fields(f"{number} v0"), uid=uid, now=self.now))
        return number

    @rule(number=things)
    def edit_here(self, number: int) -> None:
        found = self._here().get(number)
        if found is not None:
            self.lists.reword(found[0], text=self._edited(number, "here"))

    @rule(number=things, is_dated=st.booleans())
    def edit_there(self, number: int, *, is_dated: bool) -> None:
        found = self._there().get(number)
        if found is not None:
            assert found.fields is not None
            fields = {**found.fields, "text": self._edited(number, "there")}
            data = rewritten_item(found, fields, now=self.now)
            if not is_dated:
                data = b"\r\n".join(one for one in data.split(b"\r\n") if not one.startswith((b"DTSTAMP", b"LAST-MOD")))
            self.server.keep(found.href, data)

    @rule(number=things, is_done=st.booleans())
    def tick_here(self, number: int, *, is_done: bool) -> None:
        found = self._here().get(number)
        if found is not None:
            (self.lists.complete if is_done else self.lists.reopen)([found[0]])

    @rule(number=things, is_done=st.booleans())
    def tick_there(self, number: int, *, is_done: bool) -> None:
        found = self._there().get(number)
        if found is not None:
            assert found.fields is not None
            fields = {**found.fields, DONE: "1" if is_done else ""}
            self.server.keep(found.href, rewritten_item(found, fields, now=self.now))

    @rule(number=consumes(things))
    def remove_here(self, number: int) -> None:
        found = self._here().get(number)
        if found is not None:
            self.lists.remove([found[0]])
            self.removed.add(number)

    @rule(number=consumes(things))
    def remove_there(self, number: int) -> None:
        found = self._there().get(number)
        is_last = len(self.server.objects) == 1 and len(self._here()) > A_FEW  # then all would be sent again
        if found is not None and not is_last:
            del self.server.objects[found.href]
            self.removed.add(number)

    # What happens

    @rule(trouble=st.lists(st.sampled_from(["", "before", "after", "untold"]), max_size=4))
    def a_round(self, trouble: list[str]) -> None:
        self.now += timedelta(minutes=1)
        self.server.trouble = list(trouble)
        with contextlib.suppress(LostError):
            asyncio.run(self.rounds.run(self.calendar, self.local, components=("VTODO",)))
        self.server.trouble = []

    @rule()
    def settled(self) -> None:
        """Quiet rounds bring both sides together, in three at most."""
        self.now += timedelta(minutes=1)
        for _ in range(3):
            result = asyncio.run(self.rounds.run(self.calendar, self.local, components=("VTODO",)))
        assert result.is_settled
        assert self.rounds.behind(self.calendar, self.local) == 0
        here = {number: (text, done) for number, (_, text, done) in self._here().items()}
        there = {number: (one.fields["text"], bool(one.fields[DONE])) for number, one in self._there().items() if one.fields}
        unsent = {number for number, (_, done) in here.items() if done} - set(there)
        untaken = {number for number, (_, done) in there.items() if done} - set(here)
        for number in unsent | untaken:  # what was done before anybody else saw it stays where it is
            (here.pop if number in unsent else there.pop)(number)
        assert here == there
        for number, sides in self.edited_by.items():
            if len(sides) == 1 and number in here and number not in self.removed:
                assert here[number][0] == self.last[number], "an edit was lost"
        self.edited_by.clear()

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        here = [int(one.text.split()[0]) for one in self.lists.items(LIST)]
        there = [number for number, _ in self._listed()]
        assert len(here) == len(set(here)), "doubled here"
        assert len(there) == len(set(there)), "doubled there"
        known = set(range(1, self._count() + 1))
        assert known - self.removed <= set(here) | set(there), "lost"

    def _count(self) -> int:
        top = next(self.numbers)
        self.numbers = count(top)
        return top - 1

    def _edited(self, number: int, side: str) -> str:
        self.edited_by.setdefault(number, set()).add(side)
        self.last[number] = f"{number} v{next(self.versions)}"
        return self.last[number]

    def _fields(self, text: str) -> dict[str, str]:
        return dict(item_fields(text, is_done=False, list_name=None))

    def _here(self) -> dict[int, tuple[int, str, bool]]:
        return {int(one.text.split()[0]): (one.item_id, one.text, one.is_complete) for one in self.lists.items(LIST)}

    def _there(self) -> dict[int, Theirs]:
        return dict(self._listed())

    def _listed(self) -> list[tuple[int, Theirs]]:
        found = [read_item(data, href=href, etag=etag, has_lists=False) for href, (etag, data) in self.server.objects.items()]
        return [(int(one.fields["text"].split()[0]), one) for one in found if one.fields]


TestBothSides = BothSides.TestCase
TestBothSides.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
