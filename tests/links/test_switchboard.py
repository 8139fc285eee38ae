"""The switchboard with a real broker: works, refuses a wrong password, comes back after it died; changes count at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.domain.link import ConfiguredLink, LinkState
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.home_links import mqtt_kind
from earwitness.links.switchboard import Switchboard
from earwitness.storage.database import Database
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.safe import Safe
from tests.links.brokers import PASSWORD, USER, Broker, broker
from tests.links.servers import until


def now() -> datetime:
    return datetime.now(UTC)


class Board:
    """A switchboard with one link to the broker."""

    def __init__(self, folder: Path, running: Broker) -> None:
        self.broker = running
        household, keys = Database(folder / "household.db", chain="household"), Database(folder / "keys.db", chain="keys")
        safe = Safe(KeyRing(keys, KeyFile(folder / "household.key")), clock=now)
        self.links = ConfiguredLinks(household, safe=lambda: safe, kinds=[mqtt_kind()], clock=now)
        self.board = Switchboard(self.links, clock=now, first_pause_seconds=0.1)

    async def add(self, password: str) -> ConfiguredLink:
        options = {"host": "127.0.0.1", "port": self.broker.port, "user": USER, "ca_file": str(self.broker.ca_file)}
        made = await asyncio.to_thread(
            lambda: self.links.add("mqtt", name="Broker", options=options, secrets={"password": password})
        )
        self.board.changed()
        return made

    async def until(self, link: ConfiguredLink, state: LinkState) -> None:
        await until(lambda: self.board.status(link.link_id).state is state, what=f"the state {state}")


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Board]:
    with broker(tmp_path) as running:
        made = Board(tmp_path, running)
        task = asyncio.create_task(made.board.run())
        yield made
        task.cancel()
        await asyncio.wait([task])


async def test_a_link_works_dies_with_its_broker_and_comes_back(it: Board) -> None:
    link = await it.add(PASSWORD)
    await it.until(link, LinkState.WORKS)
    assert (await it.board.test(link.link_id)).state is LinkState.WORKS
    it.broker.server.kill()
    await it.until(link, LinkState.UNREACHABLE)
    it.broker.server.start()
    await it.until(link, LinkState.WORKS)
    it.broker.server.freeze()
    hung = await it.board.test(link.link_id, seconds=1.0)
    assert hung.state is LinkState.UNREACHABLE
    it.broker.server.thaw()
    await it.until(link, LinkState.WORKS)


async def test_a_wrong_password_is_named_and_the_right_one_taken_at_once(it: Board) -> None:
    link = await it.add("not that one")
    await it.until(link, LinkState.WRONG_SECRET)
    assert "not that one" not in it.board.status(link.link_id).sentence
    await asyncio.to_thread(lambda: it.links.change(link.link_id, secrets={"password": PASSWORD}))
    it.board.changed()
    await it.until(link, LinkState.WORKS)
    await asyncio.to_thread(it.links.remove, link.link_id)
    it.board.changed()
    await it.until(link, LinkState.OFF)
    assert it.broker.server.is_running
