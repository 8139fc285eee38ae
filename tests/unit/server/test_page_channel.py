"""Sessions that go on over another WebSocket: over real sockets, with a page that counts as the protocol says."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.datastructures import Headers
from websockets.asyncio.client import ClientConnection

from earwitness.domain.visitor import Visitor
from earwitness.server import page_channel
from tests.unit.server.serving import HELLO, LOUD_CHUNK, QUIET_CHUNK, Served, person, serving, utc_now

LAMP = {"type": "ask", "text": "turn on the lamp"}


@dataclass
class Page:
    """A page that takes a connection by hand, loses it by hand, and keeps what was not confirmed."""

    served: Served
    token: str | None = None
    received: int = 0
    acked: int = 0
    kept: list[str | bytes] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    sounds: list[bytes] = field(default_factory=list)
    live: ClientConnection | None = None

    async def connect(self, **options: Any) -> bool:
        """Go on over a new connection, beside the one that is there; whether the link goes on."""
        socket = await self.served.session(**options)
        await socket.send(json.dumps({"type": "link", "token": self.token, "received": self.received}))
        answer = json.loads(await socket.recv())
        assert answer["type"] == "link"
        is_resumed = bool(answer["resumed"])
        if not is_resumed:
            self.kept, self.received, self.acked = [], 0, 0
        self.token, self.live = answer["token"], socket
        self.confirm(answer["received"])
        for frame in self.kept:
            await socket.send(frame)
        return is_resumed

    def confirm(self, count: int) -> None:
        del self.kept[: count - self.acked]
        self.acked = count

    async def say(self, message: dict[str, Any] | bytes) -> None:
        frame = message if isinstance(message, bytes) else json.dumps(message)
        self.kept.append(frame)
        if self.live is not None:
            await self.live.send(frame)

    async def ping(self) -> None:
        assert self.live is not None
        await self.live.send(json.dumps({"type": "ping", "received": self.received}))

    def lose(self) -> None:
        """The connection is gone without a word."""
        assert self.live is not None
        self.live.transport.abort()
        self.live = None

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        assert self.live is not None
        async with asyncio.timeout(30):
            while True:
                frame = await self.live.recv()
                message: dict[str, Any] = json.loads(frame) if isinstance(frame, str) else {}
                if message.get("type") == "ack":
                    self.confirm(message["received"])
                else:
                    self.received += 1
                    (self.messages if message else self.sounds).append(message or frame)  # type: ignore[arg-type]
                if message.get("type") == kind and fields.items() <= message.items():
                    return message

    async def greet(self) -> None:
        assert not await self.connect()
        await self.say(HELLO)
        await self.until("welcome")


async def test_a_turn_goes_on_over_another_connection_and_is_done_once() -> None:
    async with serving() as served:
        page = Page(served)
        await page.greet()
        await page.say(LAMP)
        page.lose()
        await page.say({"type": "playback", "id": 1, "state": "started"})
        assert await page.connect()
        await page.until("turn", outcome="done")
        kinds = [message["type"] for message in page.messages]
        assert kinds.count("welcome") == kinds.count("turn") == 1
        assert served.house.lamp.performed == ["HassTurnOn"]
        await page.say(LAMP | {"text": "stop"})
        await page.until("turn")


async def test_sound_goes_on_where_it_was_cut() -> None:
    async with serving() as served:
        page = Page(served)
        await page.greet()
        await page.say({"type": "press"})
        await page.until("cue", cue="start")
        await page.say({"type": "cue_done", "cue": "start"})
        await page.until("capture", open=True)
        for number in range(20):
            if number == 9:
                page.lose()
            await page.say(LOUD_CHUNK)
        assert await page.connect()
        for _ in range(30):
            await page.say(QUIET_CHUNK)
        turn = await page.until("turn")
        assert (turn["transcript"], turn["outcome"]) == ("turn on the lamp", "done")
        assert sum(len(sound) - 5 for sound in page.sounds) == 2 * 16_000, "the whole reply, once"


async def test_a_connection_that_takes_over_ends_the_one_before() -> None:
    async with serving() as served:
        page = Page(served)
        await page.greet()
        old = page.live
        assert old is not None
        assert await page.connect()
        await asyncio.wait_for(old.wait_closed(), 30)
        assert old.close_code == page_channel.REPLACED_CODE
        await page.say(LAMP)
        await page.until("turn", outcome="done")


async def test_what_was_sent_and_not_confirmed_is_sent_again() -> None:
    async with serving() as served:
        page = Page(served)
        await page.greet()
        await page.until("state", state="asleep")
        page.received -= 1  # as if that one had been lost
        page.lose()
        assert await page.connect()
        assert (await page.until("state"))["state"] == "asleep"


async def test_a_page_that_leaves_is_gone_at_once_and_one_that_vanishes_is_kept() -> None:
    async with serving() as served:
        page = Page(served)
        await page.greet()
        assert page.live is not None
        await page.live.close(1000)
        await asyncio.wait_for(served.house.is_left.wait(), 20)
        assert not await page.connect(), "its link is over"
        await page.say(HELLO)
        await page.until("welcome")
        page.lose()
        assert await page.connect(), "this one was kept"


async def test_a_page_that_does_not_come_back_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.server.page_links.PageChannel", lambda: page_channel.PageChannel(kept_seconds=0.1))
    async with serving() as served:
        page = Page(served)
        await page.greet()
        page.lose()
        await asyncio.wait_for(served.house.is_left.wait(), 20)
        assert not await page.connect()


async def test_a_link_goes_on_only_for_whoever_began_it() -> None:
    sign_ins = iter(["1" * 32, "2" * 32, "1" * 32])

    async def somebody(headers: Headers, peer: str) -> Visitor:
        return Visitor(person=person(), sign_in_id=next(sign_ins), confirmed_at=utc_now())

    async with serving(who=somebody) as served:
        page = Page(served)
        await page.greet()
        thief = Page(served, token=page.token, received=page.received)
        assert not await thief.connect()
        assert thief.token != page.token
        assert await page.connect()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "ping", "received": 999}, "wire.malformed"),
        ({"type": "ping", "received": -1}, "wire.malformed"),
        ({"type": "link", "token": None, "received": 0}, "wire.malformed"),
        (b"\x00" * 7, "wire.malformed"),
        (HELLO, "wire.unexpected"),
    ],
)
async def test_a_page_that_breaks_the_protocol_is_told_and_let_go(frame: dict[str, Any] | bytes, code: str) -> None:
    async with serving() as served:
        page = Page(served)
        await page.greet()
        await page.say(frame)
        assert (await page.until("error"))["code"] == code
        assert page.live is not None
        await asyncio.wait_for(page.live.wait_closed(), 30)
        assert page.live.close_code == 1008
        assert not await page.connect()


async def test_a_malformed_opening_begins_nothing() -> None:
    async with serving() as served, served.session() as socket:
        await socket.send(json.dumps({"type": "link", "token": "x", "received": 0}))
        assert json.loads(await socket.recv())["code"] == "wire.malformed"


async def test_the_server_tells_how_much_came() -> None:
    async with serving() as served:
        page = Page(served)
        await page.greet()
        for _ in range(20):
            await page.ping()
            await page.say(LAMP)
            await page.until("turn", outcome="done")
        await page.ping()
        assert (await page.until("ack"))["received"] == 21
        assert page.kept == []
