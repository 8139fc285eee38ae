"""A real server on a real socket around the real conversation, with the simple engines of tests.fakes.

Whoever asks is taken for its owner unless a test says otherwise: sign-ins are tried where people are.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import Headers
from websockets.asyncio.client import ClientConnection, connect

from earwitness.domain.account import AccountRole
from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.domain.home import Area, Device, Home
from earwitness.domain.person import Person
from earwitness.domain.visitor import Visitor
from earwitness.domain.voice import Voice
from earwitness.server.app import StillIn, make_app
from earwitness.server.gate import Setup, Who
from earwitness.server.listen import Address, bind, http_server
from earwitness.turn.assistant import Assistant, Makers
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.ports import Keeper
from earwitness.turn.runner import Manner
from earwitness.turn.workers import Workers
from earwitness.web.api import api_router
from earwitness.web.pages import page_router, static_files
from tests.fakes import Beeper, LoudnessVad, OneLamp, engines, tone

LOUD_CHUNK = tone(0.032)
QUIET_CHUNK = bytes(1024)


@dataclass
class LampHouse:
    """Shows the lamp that the skills switch; tells its watchers when asked to."""

    lamp: OneLamp
    watchers: list[Callable[[], None]] = field(default_factory=list)
    is_watched: asyncio.Event = field(default_factory=asyncio.Event)
    is_left: asyncio.Event = field(default_factory=asyncio.Event)

    def board(self) -> Board:
        lamp = Device(device_id="light.lamp", name="Lamp", domain="light", area="den", state="on" if self.lamp.is_on else "off")
        return Board(home=Home(name="Test home", is_simulated=True, areas=(Area(name="den"),), devices=(lamp,)))

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(on_change)
        self.is_watched.set()

        def unsubscribe() -> None:
            self.watchers.remove(on_change)
            self.is_left.set()

        return unsubscribe


class TwoVoices(Beeper):
    """One voice that speaks and one that is not installed."""

    def voices(self) -> tuple[Voice, ...]:
        words: dict[str, Any] = {"engine": "beeps", "language": "en-US", "gender": "none", "description": "A tone."}
        return (Voice(name="heart", **words), Voice(name="away", is_installed=False, **words))

    def stream(self, text: str, *, voice: str, speed: float = 1.0) -> Iterator[Pcm]:
        yield from super().stream(text, voice=voice, speed=speed)


@dataclass
class WakesWhenLoud:
    """An ear whose wake word is the first loud chunk."""

    is_open: bool = False

    def hear(self, chunk: bytes) -> tuple[str | None, bytes]:
        if self.is_open:
            return None, chunk
        return ("okay nabu" if chunk == LOUD_CHUNK else None), b""

    def open(self) -> bytes:
        self.is_open = True
        return b""

    def close(self) -> None:
        self.is_open = False


@dataclass
class Served:
    """A running server and what stands behind it."""

    assistant: Assistant
    house: LampHouse
    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def session(self, **options: Any) -> connect:
        """A WebSocket to the session route."""
        options.setdefault("origin", self.url)
        return connect(f"ws://{self.host}/api/v1/session", **options)


def make_assistant(workers: Workers, *, keeper: Keeper | None = None) -> tuple[Assistant, LampHouse]:
    lamp = OneLamp()
    house = LampHouse(lamp)
    voices = TwoVoices()
    parts = engines(workers, skills=lamp, synthesiser=voices)
    assistant = Assistant(
        makers=Makers(engines=lambda: parts, vad=LoudnessVad, ear=WakesWhenLoud, cue=lambda name: Pcm(data=LOUD_CHUNK)),
        voices=voices,
        house=house,
        acknowledge=lambda alert_id: None,
        manner=Manner(limits=EndpointLimits(), voice="heart"),
        area=None,
        keeper=keeper,
    )
    return assistant, house


def utc_now() -> datetime:
    return datetime.now(UTC)


def person(role: AccountRole = AccountRole.OWNER) -> Person:
    """Somebody in that role."""
    return Person(
        person_id="0123456789abcdef" * 2,
        name="Anna",
        alias="quiet-urchin-1040",
        created_at=utc_now(),
        restricted_at=None,
        saw_listens_at=utc_now(),
        is_told_aloud=False,
        role=role,
    )


async def owner(headers: Headers, peer: str) -> Visitor | None:
    """Whoever asks is the owner, who has just shown so."""
    return Visitor(person=person(), sign_in_id="1" * 32, confirmed_at=utc_now())


async def yes(*_: object) -> bool:
    return True


async def no(*_: object) -> bool:
    return False


SET_UP = Setup(is_done=yes, is_pass=lambda given: False)


@asynccontextmanager
async def serving(
    *, who: Who = owner, is_still_in: StillIn = yes, setup: Setup = SET_UP, **address: Any
) -> AsyncIterator[Served]:
    """Serve on a free loopback port until the block ends."""
    with Workers() as workers:
        assistant, house = make_assistant(workers)
        where = Address(port=0, **address)
        app = make_app(
            assistant,
            address=where,
            area=None,
            routers=[page_router(wake_words=lambda: ("okay nabu",)), api_router(assistant)],
            static=static_files(),
            who=who,
            is_still_in=is_still_in,
            setup=setup,
            clock=utc_now,
        )
        listener = bind(where)
        server = http_server(app, where)
        server.capture_signals = nullcontext  # type: ignore[assignment,method-assign]
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield Served(assistant=assistant, house=house, port=listener.getsockname()[1])
        finally:
            server.should_exit = True
            await task


HELLO = {"type": "hello", "version": 1, "hands_free": False}


async def say(socket: ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(json.dumps(message))


async def wait_for(socket: ClientConnection, kind: str, **fields: Any) -> dict[str, Any]:
    """The next message of that type with those fields; others before it are passed over. Fails after half a minute."""
    async with asyncio.timeout(30):
        while True:
            frame = await socket.recv()
            if isinstance(frame, bytes):
                continue
            message: dict[str, Any] = json.loads(frame)
            if message["type"] == kind and all(message[name] == value for name, value in fields.items()):
                return message


async def greet(socket: ClientConnection, **fields: Any) -> dict[str, Any]:
    """Say hello; returns the welcome."""
    await say(socket, HELLO | fields)
    return await wait_for(socket, "welcome")


async def open_capture(socket: ClientConnection) -> None:
    """Press and confirm the cue, as a page does."""
    await say(socket, {"type": "press"})
    await wait_for(socket, "cue", cue="start")
    await say(socket, {"type": "cue_done", "cue": "start"})
    await wait_for(socket, "capture", open=True)


async def send_chunks(socket: ClientConnection, chunks: Sequence[bytes]) -> None:
    for chunk in chunks:
        await socket.send(chunk)
