"""Calls between ends: satellites, pages and telephones outside. Who rings, who talks with whom, and what is said of it.

It carries sound from one end to the other and keeps none of it. How an end is reached is the end's own: it knows neither sessions
nor telephone servers.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from earwitness.domain.satellite import CallAnswer
from earwitness.telemetry import log
from earwitness.turn.intercom import RING_SECONDS, Call, Calls

_logger = logging.getLogger(__name__)
NO_ONE_TOOK_IT: Final = "The call was not taken in"


class End(Protocol):
    """One end of a call. Called on the event loop; nothing of it waits."""

    @property
    def end_id(self) -> str: ...

    @property
    def place(self) -> str:
        """Who or where it is, for the other side: "the kitchen", "Mum"."""
        ...

    @property
    def name(self) -> str:
        """The same for a display: "Tall lamp", "Mum"."""
        ...

    @property
    def is_muted(self) -> bool: ...

    def called(self, call_id: str, *, peer: "End") -> None:
        """It rings here."""
        ...

    def calling(self, call_id: str, *, peer: "End") -> None:
        """It rings there, for somebody here."""
        ...

    def opened(self, call_id: str, *, peer: "End") -> None:
        """The two talk from now on."""
        ...

    def over(self, call_id: str) -> None:
        """The call is over here, whatever it was."""
        ...

    def relay(self, chunk: bytes) -> None:
        """Sound of the other end: int16 [samples], 16 kHz mono. Never waits: what cannot be passed on at once is dropped."""
        ...

    def tell(self, sentence: str) -> None:
        """Say what became of a call."""
        ...


@dataclass(slots=True)
class Exchange:
    """All calls of one household. Used on one event loop."""

    ring_seconds: float = RING_SECONDS
    _ends: dict[str, End] = field(default_factory=dict)
    _calls: Calls = field(default_factory=Calls)
    _clocks: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    # Ends

    def attach(self, end: End) -> None:
        """From now on this end can call and be called."""
        self._ends[end.end_id] = end

    def detach(self, end_id: str, *, why: str | None = None) -> None:
        """An end is gone, and its call is over; `why` is said as by `leave`."""
        if self._ends.pop(end_id, None) is not None and (call := self._calls.of(end_id)) is not None:
            self.leave(call.call_id, end_id=end_id, why=why)

    def end(self, end_id: str) -> End | None:
        """The end of that id, if it is here."""
        return self._ends.get(end_id)

    def all(self) -> tuple[Call, ...]:
        """Every call that rings or is open."""
        return self._calls.all()

    def of(self, end_id: str) -> Call | None:
        """The call that an end is in."""
        return self._calls.of(end_id)

    def open_peer(self, end_id: str) -> str | None:
        """The other end of an open call."""
        return self._calls.open_peer(end_id)

    def relay(self, end_id: str, chunk: bytes) -> None:
        """Pass one chunk of sound to the other end of the open call."""
        peer = self._ends.get(self.open_peer(end_id) or "")
        if peer is not None:
            peer.relay(chunk)

    # Calls

    def begin(self, caller: str, *, rings: Iterable[str], place: str, ring_seconds: float | None = None) -> Call | None:
        """Ring at those ends that are in no call; None if there is none such, or the caller is in one."""
        here = self._ends[caller]
        call = self._calls.begin(uuid.uuid4().hex, caller=caller, rings=[one for one in rings if one in self._ends], place=place)
        if call is None:
            return None
        log(_logger, "call began", session=call.call_id[:8])
        seconds = self.ring_seconds if ring_seconds is None else ring_seconds
        self._clocks[call.call_id] = asyncio.get_running_loop().call_later(seconds, self._give_up, call.call_id)
        here.calling(call.call_id, peer=self._ends[min(call.ringing)])
        for other in sorted(call.ringing):
            self._ends[other].called(call.call_id, peer=here)
        return call

    def answer(self, end_id: str) -> CallAnswer:
        """Take the call that rings here."""
        call = self._calls.of(end_id)
        return CallAnswer.NO_CALL if call is None or end_id not in call.ringing else self.accept(call.call_id, end_id=end_id)

    def hang_up(self, end_id: str) -> CallAnswer:
        """Leave the call that this end is in."""
        call = self._calls.of(end_id)
        if call is None:
            return CallAnswer.NO_CALL
        self.leave(call.call_id, end_id=end_id)
        return CallAnswer.ENDED

    def accept(self, call_id: str, *, end_id: str) -> CallAnswer:
        """Somebody takes a call at that end."""
        here = self._ends.get(end_id)
        if here is None or here.is_muted:
            return CallAnswer.MUTED
        accepted = self._calls.accept(call_id, device_id=end_id)
        if accepted is None:
            return CallAnswer.NO_CALL
        call, quiet = accepted
        self._stop_clock(call_id)
        for other in quiet:
            self._over(call_id, other)
        caller = self._ends.get(call.caller)
        if caller is None or caller.is_muted:
            self.leave(call_id, end_id=end_id)
            return CallAnswer.ENDED
        here.opened(call_id, peer=caller)
        caller.opened(call_id, peer=here)
        return CallAnswer.OPEN

    def leave(self, call_id: str, *, end_id: str, why: str | None = None) -> None:
        """An end hangs up, declines or is gone. `why` is said to whom it leaves alone; None says that a call was not taken and
        nothing of one that was open, "" nothing."""
        before = self._calls.find(call_id)
        if before is None:
            return
        peer = before.peer_of(end_id)
        for other in self._calls.leave(call_id, device_id=end_id):
            self._over(call_id, other)
        if self._calls.find(call_id) is not None:
            return
        self._stop_clock(call_id)
        if not before.is_open and end_id != before.caller:
            self._tell(before.caller, f"{NO_ONE_TOOK_IT} {before.place}." if why is None else why)
        elif peer is not None:
            self._tell(peer, why or "")

    def spare(self, is_quiet: Callable[[str], bool]) -> None:
        """Ring no more at ends where nobody wants to be disturbed; whoever called is told once it rings nowhere."""
        for call in self._calls.all():
            quiet = [end_id for end_id in call.ringing if is_quiet(end_id)]
            for end_id in quiet:
                why = f"Do not disturb was switched on, so it rings no more in {call.place}."
                self.leave(call.call_id, end_id=end_id, why=why)

    def _give_up(self, call_id: str) -> None:
        before = self._calls.find(call_id)
        members = self._calls.give_up(call_id)
        self._stop_clock(call_id)
        for end_id in members:
            self._over(call_id, end_id)
        if before is not None and members:
            self._tell(before.caller, f"Nobody answered in {before.place}.")

    def _over(self, call_id: str, end_id: str) -> None:
        if (end := self._ends.get(end_id)) is not None:
            end.over(call_id)

    def _tell(self, end_id: str, sentence: str) -> None:
        if sentence and (end := self._ends.get(end_id)) is not None:
            end.tell(sentence)

    def _stop_clock(self, call_id: str) -> None:
        if (clock := self._clocks.pop(call_id, None)) is not None:
            clock.cancel()
