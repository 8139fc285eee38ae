"""Links at work: connected, tried again, restarted when they are changed; each says how it stands, and none holds up another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.link import ConfiguredLink, LinkRole, LinkState, LinkStatus
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.switchboard import LONGEST_PAUSE_SECONDS, Switchboard
from earwitness.storage.database import Database
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.safe import Safe
from tests.links.servers import until
from tests.unit.links.strange_links import OtherSide, strange_kind

WAIT_SECONDS = 30.0
OPTIONS, SECRET = {"host": "player.example"}, {"password": "secret word"}


def now() -> datetime:
    return datetime.now(UTC)


class Board:
    """A switchboard that runs, with what its links connect to."""

    def __init__(self, configured: ConfiguredLinks, music: OtherSide, home: OtherSide) -> None:
        self.music = music
        self.home = home
        self.configured = configured
        self.board = Switchboard(configured, clock=now, jitter=lambda: 1.0, first_pause_seconds=0.01, ending_seconds=1.0)
        self.told: list[tuple[str, LinkState]] = []
        self._news = asyncio.Event()
        self.board.subscribe(self._hear)

    def _hear(self, configured: ConfiguredLink, status: LinkStatus) -> None:
        self.told.append((configured.name, status.state))
        self._news.set()

    async def add(self, name: str = "Player", *, kind: str = "strange", password: str = "secret word") -> ConfiguredLink:
        made = await asyncio.to_thread(
            lambda: self.configured.add(kind, name=name, options=OPTIONS, secrets={"password": password})
        )
        self.board.changed()
        return made

    async def change(self, link: ConfiguredLink, **values: object) -> ConfiguredLink:
        changed = await asyncio.to_thread(lambda: self.configured.change(link.link_id, **values))  # type: ignore[arg-type]
        self.board.changed()
        return changed

    async def until(self, name: str, state: LinkState) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while (name, state) not in self.told:
                self._news.clear()
                await self._news.wait()
        self.told.clear()

    async def until_true(self, what: str, holds: Callable[[], object]) -> None:
        await until(lambda: bool(holds()), what=what)


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Board]:
    household, keys = Database(tmp_path / "household.db", chain="household"), Database(tmp_path / "keys.db", chain="keys")
    safe = Safe(KeyRing(keys, KeyFile(tmp_path / "household.key")), clock=now)
    music, home = OtherSide(), OtherSide()
    kinds = [strange_kind(music), strange_kind(home, name="home", role=LinkRole.HOME)]
    board = Board(ConfiguredLinks(household, safe=lambda: safe, kinds=kinds, clock=now), music, home)
    running = asyncio.create_task(board.board.run())
    yield board
    running.cancel()
    await asyncio.wait([running], timeout=WAIT_SECONDS)
    assert not music.connected
    assert not home.connected
    household.close()
    keys.close()


async def test_a_link_that_is_added_works_at_once_and_is_found_by_its_role(it: Board) -> None:
    assert it.board.serving(LinkRole.MUSIC) == ()
    made = await it.add()
    await it.until("Player", LinkState.WORKS)
    (serving,) = it.board.serving(LinkRole.MUSIC)
    assert serving.configured == made
    assert serving.link is it.music.connected[0]
    assert serving.status.sentence == "Connected to port 4711."
    assert serving.status.used_at is not None
    assert it.board.serving(LinkRole.HOME) == ()


async def test_it_is_tried_again_until_it_works_and_after_it_was_lost(it: Board) -> None:
    it.music.answer = LinkError("Nobody is there.", code="link.unreachable")
    made = await it.add()
    await it.until("Player", LinkState.UNREACHABLE)
    assert it.board.status(made.link_id).sentence == "Nobody is there."
    await it.until_true("several tries", lambda: it.music.tries > 2)
    it.music.answer = None
    await it.until("Player", LinkState.WORKS)
    it.music.cut_off()
    await it.until("Player", LinkState.UNREACHABLE)
    await it.until("Player", LinkState.WORKS)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (LinkError("x", code="link.refused"), LinkState.WRONG_SECRET),
        (LinkError("x", code="link.slow"), LinkState.UNREACHABLE),
        (LinkError("x", code="link.nonsense"), LinkState.UNSUPPORTED),
        (LinkError("x", code="link.not_safe"), LinkState.UNSUPPORTED),
        (LinkError("x", code="link.not_installed"), LinkState.FAILED),
        (ConnectionResetError("a secret of the other side"), LinkState.UNREACHABLE),
        (KeyError("a secret of the other side"), LinkState.FAILED),
    ],
    ids=lambda value: str(value),
)
async def test_what_a_link_ends_with_is_a_state_and_a_sentence(it: Board, error: Exception, state: LinkState) -> None:
    it.music.answer = error
    made = await it.add()
    await it.until("Player", state)
    assert "secret" not in it.board.status(made.link_id).sentence


async def test_a_wrong_password_is_not_tried_again_and_again_and_a_new_one_is_taken_at_once(it: Board) -> None:
    it.music.password = "right"
    made = await it.add(password="wrong")
    await it.until("Player", LinkState.WRONG_SECRET)
    assert it.board.pause_after(1, LinkState.WRONG_SECRET) == LONGEST_PAUSE_SECONDS
    assert it.music.tries == 1
    await it.change(made, secrets={"password": "right"})
    await it.until("Player", LinkState.WORKS)


async def test_changing_and_switching_off_take_effect_at_once_and_concern_nobody_else(it: Board) -> None:
    made = await it.add()
    await it.add("Home", kind="home")
    await it.until_true("both", lambda: it.music.connected and it.home.connected)
    home = it.home.connected[0]
    await it.change(made, options={"host": "player.example", "port": 9}, secrets={"password": "secret word"})
    await it.until_true("the new port", lambda: [one.seat.options.port for one in it.music.connected] == [9])
    await it.change(made, is_on=False)
    await it.until_true("its end", lambda: not it.music.connected)
    assert it.board.status(made.link_id).state is LinkState.OFF
    await it.change(made, is_on=True)
    await it.until_true("its return", lambda: it.music.connected)
    await asyncio.to_thread(it.configured.remove, made.link_id)
    it.board.changed()
    await it.until_true("its removal", lambda: not it.music.connected)
    assert it.board.serving(LinkRole.MUSIC) == ()
    assert it.home.connected == [home]


async def test_a_link_that_hangs_holds_up_no_other_and_no_test(it: Board) -> None:
    it.music.hangs = True
    made = await it.add()
    await it.add("Home", kind="home")
    await it.until("Home", LinkState.WORKS)
    assert it.board.status(made.link_id).state is LinkState.CONNECTING
    status = await it.board.test(made.link_id, seconds=0.05)
    assert status.state is LinkState.UNREACHABLE
    assert "did not answer within" in status.sentence


async def test_the_test_asks_what_works_and_connects_anew_what_does_not(it: Board) -> None:
    made = await it.add()
    await it.until("Player", LinkState.WORKS)
    assert (await it.board.test(made.link_id)).state is LinkState.WORKS
    it.music.check_answer = LinkError("It answers no more.", code="link.slow")
    status = await it.board.test(made.link_id)
    assert (status.state, status.sentence) == (LinkState.UNREACHABLE, "It answers no more.")
    it.music.check_answer = None
    await it.until("Player", LinkState.WORKS)
    await it.until_true("one connection", lambda: len(it.music.connected) == 1)
    it.music.password = "right"
    it.music.cut_off()
    await it.until("Player", LinkState.WRONG_SECRET)
    tries = it.music.tries
    assert (await it.board.test(made.link_id)).state is LinkState.WRONG_SECRET
    assert it.music.tries == tries + 1
    it.music.password = ""
    assert (await it.board.test(made.link_id)).state is LinkState.WORKS
    assert (await it.board.test("00" * 16)).state is LinkState.OFF


async def test_pauses_grow_to_a_minute(it: Board) -> None:
    plain = Switchboard(it.configured, clock=now, jitter=lambda: 1.0)
    assert [plain.pause_after(tries, LinkState.UNREACHABLE) for tries in (1, 2, 3, 6, 7, 1000)] == [1, 2, 4, 32, 60, 60]
    shaken = Switchboard(it.configured, clock=now)
    assert {30 <= shaken.pause_after(50, LinkState.UNREACHABLE) <= 60 for _ in range(100)} == {True}


async def test_a_fault_of_who_is_told_stops_nothing(it: Board) -> None:
    def fails(configured: ConfiguredLink, status: LinkStatus) -> None:
        raise RuntimeError

    end = it.board.subscribe(fails)
    await it.add()
    await it.until("Player", LinkState.WORKS)
    end()
