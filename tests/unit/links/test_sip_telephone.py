"""Calls of the process that telephones, against a stack that is slow to give a call its name."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from earwitness.domain.call import CallEnd
from earwitness.links import sip_wire as wire
from earwitness.links.sip_telephone import Telephone

pytest.importorskip("baresip", reason="no baresip here: install the extra calls")

HANDLE = 2


class Call:
    """A call that notes whether it was hung up."""

    handle = HANDLE

    def __init__(self) -> None:
        self.is_hung_up = False

    def on(self, listener: Callable[[Any], None]) -> None: ...

    async def hangup(self) -> None:
        self.is_hung_up = True


class Stack:
    """Both the runtime and the agent: begins a call, and names it once it is let."""

    def __init__(self) -> None:
        self.call = Call()
        self.may_name = asyncio.Event()
        self.listeners: list[Callable[[Any], None]] = []

    def subscribe(self, listener: Callable[[Any], None]) -> None:
        self.listeners.append(listener)

    def unsubscribe(self, listener: Callable[[Any], None]) -> None:
        self.listeners.remove(listener)

    async def dial(self, address: str) -> Call:
        await self.may_name.wait()
        return self.call

    def happens(self, name: str, *, call: int = HANDLE, text: str = "") -> None:
        for listener in tuple(self.listeners):
            listener(SimpleNamespace(event=SimpleNamespace(name=name), call=call, text=text))


class House:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []

    def tell(self, what: dict[str, object]) -> None:
        self.told.append(what)

    def hear(self, call: int, pcm: bytes) -> None: ...


async def _begun() -> tuple[Telephone, Stack, House]:
    """A telephone that has asked the stack for call 1."""
    stack, house = Stack(), House()
    account = wire.SipAccount(server="sip.example:5061", user="house", password="secret words")
    telephone = Telephone(account, house=house)
    telephone._runtime = telephone._agent = stack
    telephone.place(1, "sip:100@sip.example")
    await _settled()
    assert len(stack.listeners) == 1
    return telephone, stack, house


async def _settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_became_of_a_call_before_it_had_a_name_is_told() -> None:
    _, stack, house = await _begun()
    stack.happens("CALL_RINGING")
    stack.happens("CALL_CLOSED", call=HANDLE + 1, text="404 Not Found")
    stack.happens("CALL_CLOSED", text="486 Busy Here")
    assert house.told == [], "nobody knows yet which call that is"
    stack.may_name.set()
    await _settled()
    assert house.told == [{"is": "ringing", "call": 1}, {"is": "ended", "call": 1, "how": CallEnd.BUSY}]
    assert stack.listeners == []


async def test_a_call_that_is_hung_up_before_it_has_a_name_does_not_ring_on() -> None:
    telephone, stack, _ = await _begun()
    telephone.hang_up(1)
    stack.may_name.set()
    await _settled()
    assert stack.call.is_hung_up
