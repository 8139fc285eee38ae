"""Calls between satellites, as rules: who rings, who talks with whom, and when it is over. Pure; sound is relayed elsewhere.

A call rings at every satellite of a room until one accepts; the others stop ringing. A satellite is in at most one call. Nothing
of a call is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

RING_SECONDS: Final = 30.0
"""How long a call rings before it ends unanswered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call. `ringing` are the satellites at which it rings; `callee` is the one that accepted, None before; `place` is what was
    called, in words."""

    call_id: str
    caller: str
    ringing: frozenset[str]
    callee: str | None = None
    place: str = ""

    @property
    def is_open(self) -> bool:
        return self.callee is not None

    @property
    def members(self) -> frozenset[str]:
        """Everybody whom it concerns now."""
        return self.ringing | {self.caller} | ({self.callee} if self.callee is not None else frozenset())

    def peer_of(self, device_id: str) -> str | None:
        """The other end of an open call; None if it is not open, or not at this satellite."""
        if self.callee is None:
            return None
        return {self.caller: self.callee, self.callee: self.caller}.get(device_id)


class Calls:
    """All calls that go on."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}

    def all(self) -> tuple[Call, ...]:
        """Every call that rings or is open."""
        return tuple(self._calls.values())

    def of(self, device_id: str) -> Call | None:
        """The call that a satellite is in, ringing or open."""
        return next((call for call in self._calls.values() if device_id in call.members), None)

    def open_peer(self, device_id: str) -> str | None:
        """Whom this satellite talks with now."""
        call = self.of(device_id)
        return None if call is None else call.peer_of(device_id)

    def begin(self, call_id: str, *, caller: str, rings: Iterable[str], place: str = "") -> Call | None:
        """Begin to ring at those that are free; None if the caller is in a call, or nobody is free."""
        free = frozenset(device_id for device_id in rings if device_id != caller and self.of(device_id) is None)
        if not free or self.of(caller) is not None:
            return None
        call = self._calls[call_id] = Call(call_id=call_id, caller=caller, ringing=free, place=place)
        return call

    def find(self, call_id: str) -> Call | None:
        """The call of that id, if it goes on."""
        return self._calls.get(call_id)

    def accept(self, call_id: str, *, device_id: str) -> tuple[Call, frozenset[str]] | None:
        """Somebody takes a call that rings there: the open call, and where it stops ringing. None if it does not ring there."""
        call = self._calls.get(call_id)
        if call is None or call.is_open or device_id not in call.ringing:
            return None
        opened = replace(call, ringing=frozenset(), callee=device_id)
        self._calls[call_id] = opened
        return opened, call.ringing - {device_id}

    def leave(self, call_id: str, *, device_id: str) -> frozenset[str]:
        """Somebody hangs up, declines or is gone: for whom the call is over now. One that rings elsewhere too goes on there."""
        call = self._calls.get(call_id)
        if call is None or device_id not in call.members:
            return frozenset()
        if not call.is_open and device_id != call.caller and len(call.ringing) > 1:
            self._calls[call_id] = replace(call, ringing=call.ringing - {device_id})
            return frozenset({device_id})
        del self._calls[call_id]
        return call.members

    def give_up(self, call_id: str) -> frozenset[str]:
        """It rang for long enough: for whom the call is over now; nobody if it was accepted or is over."""
        call = self._calls.get(call_id)
        if call is None or call.is_open:
            return frozenset()
        del self._calls[call_id]
        return call.members
