"""News waits where nobody wants to be disturbed, and is said when that is over, not before and not twice."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError
from earwitness.domain.quiet import Quiet
from earwitness.jobs.tell_news import LOOK_EVERY_SECONDS, MOST_WAITING, TellNews
from earwitness.links.waiting_news import MOST_SENTENCES, WaitingNews
from earwitness.storage.database import Database
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.safe import Safe
from tests.unit.jobs.virtual_time import WallClock, run

NEWS = "A routine did not do everything."


@pytest.fixture
def safe(tmp_path: Path) -> Iterator[Safe]:
    keys = Database(tmp_path / "keys.db", chain="keys")
    yield Safe(KeyRing(keys, KeyFile(tmp_path / "household.key")), clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    keys.close()


@pytest.fixture
def kept(tmp_path: Path, safe: Safe) -> WaitingNews:
    return WaitingNews(tmp_path / "news.json", safe=lambda: safe)


@dataclass
class Rooms:
    """Rooms with a satellite each, those where nobody wants to be disturbed, and what was heard."""

    rooms: set[str]
    quiet: set[str] = field(default_factory=set)
    heard: list[tuple[str, str]] = field(default_factory=list)
    is_broken: bool = False

    async def say(self, sentence: str) -> bool:
        there = sorted(self.rooms - self.quiet)
        self.heard += [(room, sentence) for room in there]
        return bool(there)

    def in_force(self) -> tuple[Quiet, ...]:
        if self.is_broken:
            raise StorageError("The database is gone.")
        return tuple(Quiet(area=room) for room in sorted(self.quiet))


def test_it_waits_until_somebody_may_be_disturbed() -> None:
    rooms = Rooms(rooms={"kitchen", "den"}, quiet={"kitchen", "den"})

    async def work(_: WallClock) -> None:
        job = TellNews(rooms.say, in_force=rooms.in_force)
        running = asyncio.create_task(job.run())
        await job.tell(NEWS)
        await asyncio.sleep(100 * LOOK_EVERY_SECONDS)
        assert rooms.heard == []
        rooms.quiet = {"den"}
        await asyncio.sleep(10 * LOOK_EVERY_SECONDS)
        running.cancel()

    run(work)
    assert rooms.heard == [("kitchen", NEWS)]


def test_what_somebody_hears_at_once_does_not_wait_and_nobody_there_hears_nothing_later() -> None:
    rooms = Rooms(rooms={"kitchen", "den"}, quiet={"den"})

    async def work(_: WallClock) -> None:
        job = TellNews(rooms.say, in_force=rooms.in_force)
        running = asyncio.create_task(job.run())
        await job.tell(NEWS)
        rooms.rooms, rooms.quiet = set(), set()
        await job.tell("Nobody is here.")
        rooms.rooms = {"kitchen", "den"}
        await asyncio.sleep(10 * LOOK_EVERY_SECONDS)
        running.cancel()

    run(work)
    assert rooms.heard == [("kitchen", NEWS)]


def test_what_waits_is_bounded_and_outlives_a_database_that_does_not_answer() -> None:
    rooms = Rooms(rooms={"den"}, quiet={"den"})

    async def work(_: WallClock) -> None:
        job = TellNews(rooms.say, in_force=rooms.in_force)
        running = asyncio.create_task(job.run())
        for number in range(MOST_WAITING + 5):
            await job.tell(str(number))
        rooms.is_broken = True
        await job.tell("last")
        await asyncio.sleep(10 * LOOK_EVERY_SECONDS)
        assert rooms.heard == []
        rooms.is_broken, rooms.quiet = False, {"attic"}
        await asyncio.sleep(10 * LOOK_EVERY_SECONDS)
        running.cancel()

    run(work)
    assert [sentence for _, sentence in rooms.heard] == [*(str(number) for number in range(6, MOST_WAITING + 5)), "last"]


def test_what_waits_outlives_a_restart_and_is_said_when_somebody_is_there_again(kept: WaitingNews) -> None:
    rooms = Rooms(rooms={"den"}, quiet={"den"})

    async def before(_: WallClock) -> None:
        job = TellNews(rooms.say, in_force=rooms.in_force, kept=kept)
        await job.tell("One.")
        await job.tell("Two.")

    async def after(_: WallClock) -> None:
        rooms.rooms, rooms.quiet = set(), set()
        running = asyncio.create_task(TellNews(rooms.say, in_force=rooms.in_force, kept=kept).run())
        await asyncio.sleep(10 * LOOK_EVERY_SECONDS)
        assert rooms.heard == [], "no satellite has come back yet, and nothing is lost meanwhile"
        assert kept.read() == ("One.", "Two.")
        rooms.rooms = {"den"}
        await asyncio.sleep(10 * LOOK_EVERY_SECONDS)
        running.cancel()

    run(before)
    assert kept.read() == ("One.", "Two.")
    run(after)
    assert [sentence for _, sentence in rooms.heard] == ["One.", "Two."]
    assert kept.read() == ()


def test_what_is_told_before_the_kept_was_read_loses_none_of_it(kept: WaitingNews) -> None:
    rooms = Rooms(rooms={"den"}, quiet={"den"})
    kept.write(("One.",))

    async def work(_: WallClock) -> None:
        job = TellNews(rooms.say, in_force=rooms.in_force, kept=kept)
        await job.tell("Two.")
        assert kept.read() == ("One.", "Two.")
        running = asyncio.create_task(job.run())
        rooms.quiet = set()
        await asyncio.sleep(10 * LOOK_EVERY_SECONDS)
        running.cancel()

    run(work)
    assert [sentence for _, sentence in rooms.heard] == ["One.", "Two."]


class SlowDisk:
    """Its first write takes until it is `freed`, in its thread."""

    def __init__(self) -> None:
        self.first, self.second, self.freed = threading.Event(), threading.Event(), threading.Event()
        self.kept: tuple[str, ...] = ()

    def read(self) -> tuple[str, ...]:
        return self.kept

    def write(self, sentences: tuple[str, ...]) -> None:
        if self.first.is_set():
            self.second.set()
        else:
            self.first.set()
            assert self.freed.wait(20.0)
        self.kept = sentences


async def test_a_write_that_takes_long_does_not_undo_the_one_after_it() -> None:
    rooms, disk = Rooms(rooms={"den"}, quiet={"den"}), SlowDisk()
    job = TellNews(rooms.say, in_force=rooms.in_force, kept=disk)
    one = asyncio.create_task(job.tell("One."))
    assert await asyncio.to_thread(disk.first.wait, 20.0)
    two = asyncio.create_task(job.tell("Two."))
    await asyncio.to_thread(disk.second.wait, 0.2)
    disk.freed.set()
    await asyncio.gather(one, two)
    assert disk.kept == ("One.", "Two.")


def test_a_process_that_dies_between_two_sentences_says_none_twice_that_it_has_noted(kept: WaitingNews) -> None:
    rooms = Rooms(rooms={"den"})
    kept.write(("One.", "Two."))

    async def say(sentence: str) -> bool:
        if sentence == "Two.":
            raise asyncio.CancelledError
        return await rooms.say(sentence)

    async def dies(_: WallClock) -> None:
        running = asyncio.create_task(TellNews(say, in_force=rooms.in_force, kept=kept).run())
        await asyncio.wait({running})

    run(dies)
    assert kept.read() == ("Two.",)


@pytest.mark.parametrize("written", [b"", b"{", b'{"a": 1}', b"[1, 2]", b"[" * 100_000, b"\xff", b'["Mum called."]'])
def test_a_file_that_is_none_is_no_news(tmp_path: Path, kept: WaitingNews, written: bytes) -> None:
    (tmp_path / "news.json").write_bytes(written)
    assert kept.read() == ()


def test_the_file_is_sealed_bounded_and_for_its_owner_alone(tmp_path: Path, kept: WaitingNews) -> None:
    kept.write(tuple(f"{number}{'x' * 5000}" for number in range(50)))
    assert len(kept.read()) == MOST_SENTENCES
    assert kept.read()[-1].startswith("49x")
    assert b"xxx" not in (tmp_path / "news.json").read_bytes()
    assert (tmp_path / "news.json").stat().st_size < 25_000
    assert (tmp_path / "news.json").stat().st_mode & 0o777 == 0o600
