"""Calls to outside and from there: a telephone line's calls as ends of the house's own (calls.py), and what is told of them.

It says only what the line confirmed, remembers the last calls in memory alone, and knows no telephone server. Whose number it is
that calls, and what is said of a missed call, is handed in.
"""

import asyncio
import contextlib
import logging
import re
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from earwitness.domain.call import CallEnd, OutsideCall, Placed
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.satellite import CallAnswer
from earwitness.server.calls import End, Exchange
from earwitness.skills.wording import listed
from earwitness.telemetry import log

ASKED_SECONDS: Final = 3.0
"""How long whoever called waits to hear whether it rings there; what comes later is said when it comes."""
TAKEN_SECONDS: Final = 45.0
"""How long a call from outside rings here."""
PLACED_SECONDS: Final = 120.0
"""More than any line lets a call of ours go unanswered: the line says when it gives up."""
MOST_REMEMBERED: Final = 20
MOST_UNTOLD: Final = 5
"""Of more that were missed during one call the latest are said; all that are remembered can be asked for."""
TOLD_AGAIN: Final = timedelta(minutes=10)
"""For so long it is not said again that the same number was missed."""
UNKNOWN: Final = "an unknown number"
_logger = logging.getLogger(__name__)
_SENTENCES: Final = {
    CallEnd.BUSY: "{who} is busy.",
    CallEnd.DECLINED: "{who} did not take the call.",
    CallEnd.NO_ANSWER: "{who} did not answer.",
    CallEnd.UNKNOWN_NUMBER: "The number of {whose} does not exist, says the telephone server.",
    CallEnd.REFUSED: "The telephone server does not let this house call {whom}.",
    CallEnd.PASSWORD: "The telephone server refused the password of this house, so {whom} was not called.",
    CallEnd.UNREACHABLE: "{who} cannot be reached: the telephone server does not answer.",
    CallEnd.LOST: "The connection to {whom} was lost.",
    CallEnd.THERE: "{who} has hung up.",
    CallEnd.FAILED: "The call to {whom} failed.",
    CallEnd.HERE: "",
}


def told(how: CallEnd, *, who: str) -> str:
    """What became of a call, in a sentence; "" for what whoever hung up knows."""
    return _SENTENCES[how].format(who=who[:1].upper() + who[1:], whom=who, whose=who)


class Line(Protocol):
    """A telephone line (links.sip.SipLine)."""

    @property
    def link_id(self) -> str: ...

    def place(self, number: str) -> int:
        """Begin to call. Raises LinkError."""
        ...

    def answer(self, call: int) -> None: ...

    def hang_up(self, call: int) -> None: ...

    def refuse(self, call: int) -> None: ...

    def speak(self, call: int, chunk: bytes) -> None: ...


Fate = CallEnd | bool
"""What whoever called hears: how it ended, or that it rings (False) or is open (True)."""


@dataclass(slots=True, kw_only=True)
class Outside:
    """A telephone outside, for as long as one call (server.calls.End)."""

    line: Line
    number: int
    place: str
    address: str
    is_incoming: bool
    began_at: datetime
    fate: asyncio.Future[Fate]
    caller: str = ""
    """The end in the house that placed it."""
    person_id: str | None = None
    """Who asked for it there."""
    rings_until: float = float("inf")
    """When it has rung for long enough, by the loop's clock."""
    is_muted: bool = False
    is_open: bool = False
    is_over: bool = False
    is_declined: bool = False

    @property
    def end_id(self) -> str:
        return f"outside {self.line.link_id} {self.number}"

    @property
    def name(self) -> str:
        return self.place[:1].upper() + self.place[1:]

    def called(self, call_id: str, *, peer: End) -> None: ...

    def calling(self, call_id: str, *, peer: End) -> None: ...

    def opened(self, call_id: str, *, peer: End) -> None:
        self.is_open = True
        if self.is_incoming:
            self.line.answer(self.number)

    def over(self, call_id: str) -> None:
        """Nobody in the house is in it any more."""
        if self.is_over:
            return
        if self.is_incoming and not self.is_open:
            self.is_declined = asyncio.get_running_loop().time() < self.rings_until
            self.line.refuse(self.number)
        else:
            self.line.hang_up(self.number)

    def relay(self, chunk: bytes) -> None:
        self.line.speak(self.number, chunk)

    def tell(self, sentence: str) -> None:
        """Nothing is said to those outside."""


async def _silent(sentence: str) -> None:
    return None


async def _nobody(address: str) -> str:
    return ""


@dataclass(slots=True)
class Telephones:
    """All calls with outside (links.sip.Listener). Used on one event loop."""

    exchange: Exchange
    rings: Callable[[Line], Collection[str]]
    """Where a call from outside rings: ends that nobody asked not to disturb. Raises EarwitnessError."""
    clock: Callable[[], datetime]
    name_of: Callable[[str], Awaitable[str]] = _nobody
    """Whose number it is, as the household knows it; "" for nobody's. Raises EarwitnessError."""
    tell: Callable[[str], Coroutine[None, None, None]] = _silent
    """Says news in the house: a call that was missed."""
    asked_seconds: float = ASKED_SECONDS
    ring_seconds: float = TAKEN_SECONDS
    _outside: dict[tuple[int, int], Outside] = field(default_factory=dict)
    _recent: deque[OutsideCall] = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))
    _untold: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_UNTOLD))
    """Who was missed during another call."""
    _told_at: dict[str, datetime] = field(default_factory=dict)
    """When it was last said of an address that it was missed, the latest last."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def answer(self, end_id: str) -> CallAnswer:
        """Take the call that rings at a satellite or page."""
        return self.exchange.answer(end_id)

    def hang_up(self, end_id: str) -> CallAnswer:
        """Leave the call that a satellite or page is in."""
        return self.exchange.hang_up(end_id)

    def recent(self) -> Sequence[OutsideCall]:
        """The last calls, the newest first. In memory only: they are forgotten when the house stops."""
        return tuple(reversed(self._recent))

    def forget(self, person_id: str) -> None:
        """Forget the last calls that this person can see."""
        kept = [one for one in self._recent if not one.is_seen_by(person_id)]
        self._recent.clear()
        self._recent.extend(kept)

    async def call(self, caller: str, *, line: Line, number: str, who: str, person_id: str | None = None) -> tuple[Placed, str]:
        """Call a number for an end of the house; gives what is known within `asked_seconds`, and the sentence for a failure.

        Raises LinkError when the line is not ready, or that is no number.
        """
        here = self.exchange.end(caller)
        if here is None:
            return Placed.NO_CALLS_HERE, ""
        if here.is_muted:
            return Placed.MUTED_HERE, ""
        if self.exchange.of(caller) is not None:
            return Placed.BUSY_HERE, ""
        if any(not one.is_over for one in self._outside.values() if one.line is line):
            return Placed.LINE_BUSY, ""
        outside = self._outside_of(line, line.place(number), place=who, address=number, is_incoming=False)
        outside.caller, outside.person_id = caller, person_id
        self.exchange.attach(outside)
        if self.exchange.begin(caller, rings=[outside.end_id], place=who, ring_seconds=PLACED_SECONDS) is None:
            self._forget(outside)
            line.hang_up(outside.number)
            return Placed.BUSY_HERE, ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.asked_seconds):
                fate = await asyncio.shield(outside.fate)
                if isinstance(fate, CallEnd):
                    return Placed.ENDED, told(fate, who=who)
                return (Placed.OPEN if fate else Placed.RINGING), ""
        return self._waited_for(outside)

    def _waited_for(self, outside: Outside) -> tuple[Placed, str]:
        """Nothing is known yet: what comes is told when it comes."""
        if not outside.fate.done():
            outside.fate.set_result(False)
        return Placed.TRYING, ""

    # From the line

    def on_incoming(self, line: Line, number: int, *, address: str) -> None:
        """Somebody outside calls: it rings here, unless we are in another call with outside or nobody is to be disturbed."""
        self._spawn(self._come_in(line, number, address=address))

    async def _come_in(self, line: Line, number: int, *, address: str) -> None:
        is_busy = bool(self._outside)
        outside = self._outside_of(line, number, place=spoken_number(address), address=address, is_incoming=True)
        with contextlib.suppress(EarwitnessError):
            outside.place = await self.name_of(address) or outside.place
        if outside.is_over:
            return
        rings = () if is_busy else self._where(line)
        began = None
        if rings:
            outside.rings_until = asyncio.get_running_loop().time() + self.ring_seconds - 0.1
            self.exchange.attach(outside)
            began = self.exchange.begin(outside.end_id, rings=rings, place="the house", ring_seconds=self.ring_seconds)
        log(_logger, "telephone.rings" if began is not None else "telephone.busy")
        if began is None:
            line.refuse(number)

    def _where(self, line: Line) -> tuple[str, ...]:
        """Where it rings; nowhere if it cannot be read where nobody wants to be disturbed."""
        try:
            return tuple(self.rings(line))
        except EarwitnessError as error:
            log(_logger, "telephone.unread", level=logging.WARNING, code=error.code)
            return ()

    def on_ringing(self, line: Line, number: int) -> None:
        """It rings there."""
        if (outside := self._outside.get((id(line), number))) is not None and not outside.fate.done():
            outside.fate.set_result(False)

    def on_open(self, line: Line, number: int) -> None:
        """Somebody there answered; or the other side knows that somebody here did."""
        outside = self._outside.get((id(line), number))
        if outside is None or outside.is_incoming:
            return
        if not outside.fate.done():
            outside.fate.set_result(True)
        call = self.exchange.of(outside.end_id)
        if call is None or self.exchange.accept(call.call_id, end_id=outside.end_id) is not CallAnswer.OPEN:
            line.hang_up(number)

    def on_ended(self, line: Line, number: int, *, how: CallEnd) -> None:
        """A call is over, whoever ended it: told where somebody talked or waits, or as missed."""
        outside = self._outside.get((id(line), number))
        if outside is None:
            return
        outside.is_over = True
        is_awaited = not outside.is_incoming and not outside.fate.done()
        if not outside.fate.done():
            outside.fate.set_result(how)
        self._forget(outside, why="" if is_awaited else told(how, who=outside.place))
        self._remember(outside)

    def on_sound(self, line: Line, number: int, chunk: bytes) -> None:
        """What somebody says there."""
        if (outside := self._outside.get((id(line), number))) is not None and outside.is_open:
            self.exchange.relay(outside.end_id, chunk)

    def _outside_of(self, line: Line, number: int, *, place: str, address: str, is_incoming: bool) -> Outside:
        fate: asyncio.Future[Fate] = asyncio.get_running_loop().create_future()
        outside = Outside(
            line=line,
            number=number,
            place=place,
            address=address,
            is_incoming=is_incoming,
            began_at=self.clock(),
            fate=fate,
        )
        self._outside[id(line), number] = outside
        return outside

    def _forget(self, outside: Outside, *, why: str = "") -> None:
        self._outside.pop((id(outside.line), outside.number), None)
        self.exchange.detach(outside.end_id, why=why)

    def _remember(self, outside: Outside) -> None:
        was_missed = outside.is_incoming and not outside.is_open and not outside.is_declined
        call = OutsideCall(
            who=outside.place,
            address=outside.address,
            is_incoming=outside.is_incoming,
            was_answered=outside.is_open,
            was_missed=was_missed,
            at=outside.began_at,
            caller=outside.caller,
            person_id=outside.person_id,
            call_id=secrets.token_hex(8),
        )
        self._recent.append(call)
        if was_missed:
            self._note_missed(outside)
        if self._untold and not self._outside:
            who = list(dict.fromkeys(self._untold))
            self._untold.clear()
            self._spawn(self.tell(f"You missed {'a call' if len(who) == 1 else 'calls'} from {listed(who)}."))

    def _note_missed(self, outside: Outside) -> None:
        """It will be said, unless it just was: whoever calls again and again is not to be heard here by that."""
        before = self._told_at.get(outside.address)
        if before is not None and outside.began_at - before < TOLD_AGAIN:
            return
        self._told_at.pop(outside.address, None)
        self._told_at[outside.address] = outside.began_at
        if len(self._told_at) > MOST_REMEMBERED:
            del self._told_at[next(iter(self._told_at))]
        self._untold.append(outside.place)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def spoken_number(address: str) -> str:
    """A number for saying, digit by digit: "the number plus 4 9 3 0"; "an unknown number" for none."""
    digits = "" if "@" in address else re.sub(r"[^0-9+]", "", address)
    return f"the number {' '.join(digits).replace('+', 'plus')}" if digits else UNKNOWN
