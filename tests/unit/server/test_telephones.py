"""Calls with outside as calls of the house: what is said of them, who hears whom, what is missed, and who is not disturbed."""

import asyncio
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from earwitness.domain.call import CallEnd, Placed
from earwitness.domain.errors import LinkError
from earwitness.domain.satellite import CallAnswer
from earwitness.server.calls import End, Exchange
from earwitness.server.telephones import MOST_REMEMBERED, MOST_UNTOLD, TOLD_AGAIN, Telephones, spoken_number
from tests.unit.jobs.virtual_time import run

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)


@dataclass
class Room:
    """An end in the house that writes down what happens there."""

    end_id: str
    is_muted: bool = False
    happened: list[str] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"the {self.end_id}"

    @property
    def name(self) -> str:
        return self.end_id

    def called(self, call_id: str, *, peer: End) -> None:
        self.happened.append(f"called by {peer.place}")

    def calling(self, call_id: str, *, peer: End) -> None:
        self.happened.append(f"calling {peer.place}")

    def opened(self, call_id: str, *, peer: End) -> None:
        self.happened.append(f"open with {peer.place}")

    def over(self, call_id: str) -> None:
        self.happened.append("over")

    def relay(self, chunk: bytes) -> None:
        self.heard.append(chunk)

    def tell(self, sentence: str) -> None:
        self.happened.append(f"told: {sentence}")


@dataclass
class Wire:
    """A line that does nothing by itself; as a real one it tells the end of a call that is hung up or refused."""

    telephones: Telephones | None = None
    link_id: str = "line"
    is_down: bool = False
    did: list[str] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    last: int = -1
    over: set[int] = field(default_factory=set)

    def place(self, number: str) -> int:
        if self.is_down:
            raise LinkError("The telephone server cannot be reached.", code="link.unreachable")
        self.did.append(f"place {number}")
        self.last += 2
        return self.last

    def answer(self, call: int) -> None:
        self.did.append("answer")

    def hang_up(self, call: int) -> None:
        self._end(call, "hang up")

    def refuse(self, call: int) -> None:
        self._end(call, "busy")

    def speak(self, call: int, chunk: bytes) -> None:
        self.said.append(chunk)

    def _end(self, call: int, what: str) -> None:
        if call not in self.over:
            self.over.add(call)
            self.did.append(what)
            assert self.telephones is not None
            self.telephones.on_ended(self, call, how=CallEnd.HERE)


@dataclass
class House:
    kitchen: Room
    den: Room
    line: Wire
    telephones: Telephones
    told: list[str]
    quiet: set[str]

    def fate(self, call: int, how: CallEnd) -> None:
        self.line.over.add(call)
        self.telephones.on_ended(self.line, call, how=how)


async def _anna(address: str) -> str:
    return "Anna" if address == "+4930111" else ""


def house() -> House:
    exchange, line, told, quiet = Exchange(), Wire(), list[str](), set[str]()
    rooms = [Room("kitchen"), Room("den")]

    def rings(_: object) -> Collection[str]:
        return [room.end_id for room in rooms if room.end_id not in quiet and exchange.of(room.end_id) is None]

    for room in rooms:
        exchange.attach(room)

    async def tell(sentence: str) -> None:
        told.append(sentence)

    line.telephones = telephones = Telephones(exchange, rings=rings, clock=lambda: NOW, name_of=_anna, tell=tell)
    return House(rooms[0], rooms[1], line, telephones, told, quiet)


def virtually(scenario: Coroutine[None, None, None]) -> None:
    run(lambda clock: scenario)


async def calling(one: House, *, who: str = "Mum") -> asyncio.Task[tuple[Placed, str]]:
    task = asyncio.create_task(one.telephones.call("kitchen", line=one.line, number="+49301", who=who))
    await asyncio.sleep(0)
    return task


def test_calling_is_said_once_it_rings_and_both_hear_each_other_once_it_is_open() -> None:
    async def scenario() -> None:
        one = house()
        call = await calling(one)
        await asyncio.sleep(1.0)
        assert not call.done(), "nothing is said before it rings there"
        one.telephones.on_ringing(one.line, 1)
        assert await call == (Placed.RINGING, "")
        one.telephones.exchange.relay("kitchen", b"too early")
        one.telephones.on_sound(one.line, 1, b"too early")
        one.telephones.on_open(one.line, 1)
        one.telephones.exchange.relay("kitchen", b"out")
        one.telephones.on_sound(one.line, 1, b"in")
        assert (one.line.said, one.kitchen.heard) == ([b"out"], [b"in"])
        assert one.telephones.exchange.hang_up("kitchen") is CallAnswer.ENDED
        one.telephones.on_sound(one.line, 1, b"too late")
        assert one.line.did == ["place +49301", "hang up"]
        assert one.kitchen.happened == ["calling Mum", "open with Mum", "over"], "who hangs up is told nothing"
        assert one.kitchen.heard == [b"in"]
        assert [(call.who, call.was_answered, call.was_missed) for call in one.telephones.recent()] == [("Mum", True, False)]

    virtually(scenario())


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (CallEnd.BUSY, "Mum is busy."),
        (CallEnd.DECLINED, "Mum did not take the call."),
        (CallEnd.UNKNOWN_NUMBER, "The number of Mum does not exist, says the telephone server."),
        (CallEnd.UNREACHABLE, "Mum cannot be reached: the telephone server does not answer."),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
def test_what_becomes_of_a_call_is_said_once_at_once(how: CallEnd, sentence: str, is_late: bool) -> None:
    async def scenario() -> None:
        one = house()
        call = await calling(one)
        if is_late:
            one.telephones.on_ringing(one.line, 1)
            assert await call == (Placed.RINGING, "")
        one.fate(1, how)
        if is_late:
            assert one.kitchen.happened == ["calling Mum", "over", f"told: {sentence}"]
        else:
            assert await call == (Placed.ENDED, sentence)
            assert one.kitchen.happened == ["calling Mum", "over"]
        assert one.telephones.exchange.all() == ()

    virtually(scenario())


def test_what_takes_long_is_said_to_be_tried_and_told_when_it_is_known() -> None:
    async def scenario() -> None:
        one = house()
        assert await (await calling(one)) == (Placed.TRYING, "")
        one.fate(1, CallEnd.NO_ANSWER)
        assert one.kitchen.happened[-1] == "told: Mum did not answer."

    virtually(scenario())


def test_the_other_side_hangs_up_or_is_lost() -> None:
    async def scenario() -> None:
        for how, sentence in ((CallEnd.THERE, "Mum has hung up."), (CallEnd.LOST, "The connection to Mum was lost.")):
            one = house()
            call = await calling(one)
            one.telephones.on_open(one.line, 1)
            assert await call == (Placed.OPEN, "")
            one.fate(1, how)
            assert one.kitchen.happened == ["calling Mum", "open with Mum", "over", f"told: {sentence}"]

    virtually(scenario())


def test_a_line_that_is_down_or_busy_calls_nobody() -> None:
    async def scenario() -> None:
        one = house()
        one.line.is_down = True
        with pytest.raises(LinkError):
            await one.telephones.call("kitchen", line=one.line, number="+49301", who="Mum")
        one.line.is_down = False
        await calling(one)
        assert await one.telephones.call("kitchen", line=one.line, number="2", who="Dad") == (Placed.BUSY_HERE, "")
        assert await one.telephones.call("den", line=one.line, number="2", who="Dad") == (Placed.LINE_BUSY, "")
        assert one.line.did == ["place +49301"]
        one.telephones.exchange.hang_up("kitchen")

    virtually(scenario())


def test_a_call_from_outside_rings_where_somebody_may_be_disturbed_and_one_takes_it() -> None:
    async def scenario() -> None:
        one = house()
        one.telephones.on_incoming(one.line, 2, address="+4930111")
        await asyncio.sleep(0)
        assert (one.kitchen.happened, one.den.happened) == (["called by Anna"], ["called by Anna"])
        assert one.telephones.exchange.answer("den") is CallAnswer.OPEN
        assert (one.kitchen.happened[-1], one.den.happened[-1]) == ("over", "open with Anna")
        assert one.line.did == ["answer"]
        one.telephones.on_sound(one.line, 2, b"hello")
        one.telephones.exchange.relay("kitchen", b"not in it")
        assert (one.den.heard, one.line.said) == ([b"hello"], [])
        one.fate(2, CallEnd.THERE)
        assert one.den.happened[-1] == "told: Anna has hung up."
        await asyncio.sleep(0)
        assert one.told == []

    virtually(scenario())


def test_a_call_that_nobody_takes_is_told_as_missed_and_one_that_was_declined_is_not() -> None:
    async def scenario() -> None:
        one = house()
        one.telephones.on_incoming(one.line, 2, address="+4930111")
        await asyncio.sleep(1)
        one.fate(2, CallEnd.THERE)
        await asyncio.sleep(0)
        assert one.told == ["You missed a call from Anna."]
        assert one.kitchen.happened == ["called by Anna", "over"]

        one.telephones.on_incoming(one.line, 4, address="0301234567")
        await asyncio.sleep(one.telephones.ring_seconds + 1)
        assert one.line.did == ["busy"]
        await asyncio.sleep(0)
        assert one.told[1:] == ["You missed a call from the number 0 3 0 1 2 3 4 5 6 7."]

        one.telephones.on_incoming(one.line, 6, address="")
        await asyncio.sleep(1)
        one.telephones.exchange.hang_up("kitchen")
        assert one.line.did == ["busy"], "it rings in the den"
        one.telephones.exchange.hang_up("den")
        assert one.line.did == ["busy", "busy"]
        assert len(one.told) == 2
        assert [call.was_missed for call in one.telephones.recent()] == [False, True, True]
        assert len({call.call_id for call in one.telephones.recent()}) == 3
        one.telephones.forget("anybody")
        assert list(one.telephones.recent()) == []

    virtually(scenario())


def test_nobody_is_disturbed_and_the_call_is_told_as_missed() -> None:
    async def scenario() -> None:
        one = house()
        one.quiet |= {"kitchen", "den"}
        one.telephones.on_incoming(one.line, 2, address="+4930111")
        await asyncio.sleep(0)
        assert (one.kitchen.happened, one.den.happened, one.line.did) == ([], [], ["busy"])
        await asyncio.sleep(0)
        assert one.told == ["You missed a call from Anna."]

    virtually(scenario())


def test_a_second_call_finds_us_busy_and_is_told_when_the_first_is_over() -> None:
    async def scenario() -> None:
        one = house()
        await calling(one)
        one.telephones.on_open(one.line, 1)
        one.telephones.on_incoming(one.line, 2, address="+4930111")
        await asyncio.sleep(0)
        assert one.line.did == ["place +49301", "busy"]
        assert one.den.happened == []
        await asyncio.sleep(0)
        assert one.told == [], "not while somebody talks"
        one.telephones.exchange.hang_up("kitchen")
        await asyncio.sleep(0)
        assert one.told == ["You missed a call from Anna."]

    virtually(scenario())


def test_whoever_calls_again_and_again_is_told_once_and_many_in_one_sentence() -> None:
    async def scenario() -> None:
        one = house()
        await calling(one)
        one.telephones.on_open(one.line, 1)
        for number in range(60):
            one.telephones.on_incoming(one.line, 2 * number + 2, address=f"+49{number % 30:02}")
            await asyncio.sleep(0)
        one.telephones.exchange.hang_up("kitchen")
        await asyncio.sleep(0)
        (told,) = one.told
        assert told.startswith("You missed calls from the number plus 4 9 2 5, ")
        assert told.endswith(" and the number plus 4 9 2 9.")
        assert told.count("the number") == MOST_UNTOLD
        one.quiet |= {"kitchen", "den"}
        for number in (200, 202):
            one.telephones.on_incoming(one.line, number, address="+4930111")
            await asyncio.sleep(1)
        assert one.told[1:] == ["You missed a call from Anna."]
        one.telephones.clock = lambda: NOW + TOLD_AGAIN
        one.telephones.on_incoming(one.line, 204, address="+4930111")
        await asyncio.sleep(1)
        assert one.told[2:] == ["You missed a call from Anna."]
        assert len(one.telephones.recent()) == MOST_REMEMBERED

    virtually(scenario())


def test_a_caller_who_gives_up_before_it_is_known_who_it_is_rings_nowhere() -> None:
    async def scenario() -> None:
        one = house()
        known: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        one.telephones.name_of = lambda address: asyncio.shield(known)
        one.telephones.on_incoming(one.line, 2, address="+4930111")
        await asyncio.sleep(0)
        one.fate(2, CallEnd.THERE)
        known.set_result("Anna")
        await asyncio.sleep(1)
        assert one.kitchen.happened == []
        await asyncio.sleep(0)
        assert one.told == ["You missed a call from the number plus 4 9 3 0 1 1 1."]

    virtually(scenario())


@pytest.mark.parametrize(
    ("address", "spoken"),
    [
        ("+4930111", "the number plus 4 9 3 0 1 1 1"),
        ("030 11", "the number 0 3 0 1 1"),
        ("anonymous@anonymous.invalid", "an unknown number"),
        ("", "an unknown number"),
    ],
)
def test_a_number_is_said_digit_by_digit(address: str, spoken: str) -> None:
    assert spoken_number(address) == spoken
