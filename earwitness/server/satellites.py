"""All satellites that are connected: which of them answers a wake word, announcements, calls, and what the page asks of them.

It reaches satellites through their sessions and owns what concerns several of them at once. It knows no connections, keys or
databases; who may be here is decided before (`device_listener.py`).
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from earwitness.domain.errors import VoiceError
from earwitness.domain.satellite import Announcement, CallAnswer, Station
from earwitness.protocol.session_messages import Wake
from earwitness.server.channel import Ending
from earwitness.server.ports import Reached
from earwitness.telemetry import log
from earwitness.turn.arbitration import SAME_WAKE_SECONDS, WINDOW_SECONDS, Candidate, is_same_wake, winner
from earwitness.turn.intercom import RING_SECONDS, Calls

MOST_ALARMS: Final = 64
"""Alarms that a satellite keeps, the soonest: they must fit into one frame."""
LONGEST_ALARM: Final = 120
CONFIRM_SECONDS: Final = 5.0
"""How long an announcement waits for a satellite to begin to play it."""
_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Round:
    """One wake word that several satellites may have heard; `answering` is decided when its window closes."""

    candidates: list[Candidate]
    answering: asyncio.Future[str]

    def decide(self) -> None:
        self.answering.set_result(winner(self.candidates))
        if len(self.candidates) > 1:
            log(_logger, "wake arbitrated", candidates=len(self.candidates))


@dataclass(slots=True)
class _Here:
    """A satellite whose session has begun."""

    station: Station
    session: Reached
    is_muted: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """One satellite's place among the others (server.ports.Presence). `on_muted` learns what the device says of its mute,
    `on_joined` that its session has begun."""

    satellites: "Satellites"
    station: Station
    on_joined: Callable[[Station, Reached], None] = lambda station, session: None
    on_muted: Callable[[str, bool], None] = lambda device_id, is_on: None

    @property
    def device_id(self) -> str:
        return self.station.device_id

    @property
    def is_in_call(self) -> bool:
        return self.satellites.open_peer(self.device_id) is not None

    def joined(self, session: Reached) -> None:
        self.satellites.join(self.station, session)
        self.on_joined(self.station, session)

    def left(self, session: Reached) -> None:
        self.satellites.leave(self.device_id, session)

    def muted(self, is_on: bool) -> None:
        self.satellites.note_mute(self.device_id, is_on)
        if self.satellites.is_muted(self.device_id) is not None:
            self.on_muted(self.device_id, is_on)

    async def answers(self, wake: Wake) -> bool:
        return await self.satellites.answers(self.device_id, wake)

    def relay(self, chunk: bytes) -> None:
        self.satellites.relay(self.device_id, chunk)


@dataclass(slots=True)
class Satellites:
    """The satellites of one household. Used on one event loop."""

    wake_words: Callable[[], Sequence[str]] = lambda: ()
    voice: Callable[[], str | None] = lambda: None
    """The home's voice, for satellites that have none of their own."""
    speed: float = 1.0
    clock: Callable[[], float] = time.monotonic
    window_seconds: float = WINDOW_SECONDS
    confirm_seconds: float = CONFIRM_SECONDS
    ring_seconds: float = RING_SECONDS
    _here: dict[str, _Here] = field(default_factory=dict)
    _rounds: list[_Round] = field(default_factory=list)
    _calls: Calls = field(default_factory=Calls)
    _clocks: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _alarms: list[tuple[str, str, float]] = field(default_factory=list)
    _tellings: set[asyncio.Task[None]] = field(default_factory=set)

    # Who is here

    def stations(self) -> tuple[Station, ...]:
        """The satellites that are connected."""
        return tuple(here.station for here in self._here.values())

    def is_muted(self, device_id: str) -> bool | None:
        """Whether a satellite says that it is muted; None if it is not connected."""
        here = self._here.get(device_id)
        return None if here is None else here.is_muted

    def join(self, station: Station, session: Reached) -> None:
        """A session has begun; a satellite has one."""
        self._here[station.device_id] = _Here(station, session, session.is_muted)
        conversation = session.conversation
        if conversation is not None:
            conversation.accept_call = lambda call_id: self._accept(call_id, station.device_id)
            conversation.leave_call = lambda call_id: self._leave_call(call_id, station.device_id)
        self._settle(station)
        self._tell_alarms(station.device_id)

    def leave(self, device_id: str, session: Reached) -> None:
        """A session is over: its call too."""
        here = self._here.get(device_id)
        if here is None or here.session is not session:
            return
        del self._here[device_id]
        if (call := self._calls.of(device_id)) is not None:
            self._leave_call(call.call_id, device_id)

    def note_mute(self, device_id: str, is_on: bool) -> None:
        """The device says that it was muted or unmuted."""
        if (here := self._here.get(device_id)) is not None:
            here.is_muted = is_on

    def restation(self, station: Station) -> None:
        """A satellite was renamed or moved: known from now on, and told."""
        if (here := self._here.get(station.device_id)) is not None and here.station != station:
            here.station = station
            if here.session.conversation is not None:
                here.session.conversation.move(station.area)
            self._settle(station)

    def resettle(self) -> None:
        """The home's wake words or voice changed: every satellite learns it."""
        for here in tuple(self._here.values()):
            self._settle(here.station)

    def _settle(self, station: Station) -> None:
        """Tell a satellite how it is set up, and speak with its voice."""
        here = self._here[station.device_id]
        voice = station.voice or self.voice()
        if voice is not None and here.session.conversation is not None:
            with contextlib.suppress(VoiceError):
                here.session.conversation.choose_voice(voice, speed=self.speed)
        settings: dict[str, object] = {"type": "settings", "name": station.name, "area": station.area}
        words = list(self.wake_words())
        self.tell(station.device_id, settings | {"wake_words": words, "voice": station.voice, "speed": self.speed})

    def tell(self, device_id: str, message: dict[str, object]) -> bool:
        """Send a satellite one session message; False if it is not connected."""
        here = self._here.get(device_id)
        if here is not None:
            self._spawn(here.session, message)
        return here is not None

    def wish_mute(self, device_id: str) -> bool:
        """Ask a satellite to mute itself; False if it is not connected. There is no wish to unmute."""
        return self.tell(device_id, {"type": "mute_wish"})

    def end(self, device_id: str, ending: Ending) -> bool:
        """End a satellite's session now; False if it has none."""
        here = self._here.get(device_id)
        if here is not None:
            here.session.end(ending)
        return here is not None

    # One answers

    async def answers(self, device_id: str, wake: Wake) -> bool:
        """Whether this satellite answers its wake word; waits for others only if another unmuted one is connected."""
        now = self.clock()
        here = self._here.get(device_id)
        candidate = Candidate(
            device_id=device_id,
            arrived_at=now,
            age_ms=wake.age_ms,
            loudness_dbfs=wake.loudness_dbfs,
            score=wake.score,
            area=None if here is None else here.station.area,
        )
        self._rounds = [kept for kept in self._rounds if now - kept.candidates[0].arrived_at < 2 * SAME_WAKE_SECONDS + 1.0]
        joined = next((one for one in self._rounds if any(is_same_wake(candidate, each) for each in one.candidates)), None)
        if joined is not None:
            joined.candidates.append(candidate)  # after the decision it can only lose
            return await asyncio.shield(joined.answering) == device_id
        loop = asyncio.get_running_loop()
        begun = _Round(candidates=[candidate], answering=loop.create_future())
        self._rounds.append(begun)
        if self._has_another(device_id):
            loop.call_later(self.window_seconds, begun.decide)
        else:
            begun.decide()
        return await asyncio.shield(begun.answering) == device_id

    def _has_another(self, device_id: str) -> bool:
        return any(other != device_id and not here.is_muted for other, here in self._here.items())

    # Announcements

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        """Say something at every satellite, or at those of one room, `but` at one; says where it was confirmed within
        `confirm_seconds`. A muted satellite speaks too: mute is of the microphone."""
        chosen = [here for device_id, here in self._here.items() if device_id != but and _is_in(here.station, area)]
        heard = await asyncio.gather(*(self._say(here, text) for here in chosen))
        confirmed = tuple(here.station for here, is_heard in zip(chosen, heard, strict=True) if is_heard)
        unconfirmed = tuple(here.station for here, is_heard in zip(chosen, heard, strict=True) if not is_heard)
        return Announcement(confirmed=confirmed, unconfirmed=unconfirmed)

    async def _say(self, here: _Here, text: str) -> bool:
        conversation = here.session.conversation
        if conversation is None:
            return False
        try:
            async with asyncio.timeout(self.confirm_seconds):
                return await conversation.announce(text)
        except TimeoutError:
            return False

    # Alarms that a satellite rings itself if the server is away

    def set_alarms(self, alarms: Sequence[tuple[str, str, float]]) -> None:
        """Every satellite keeps these (id, text, seconds until due); called on each change."""
        now = self.clock()
        self._alarms = [(alarm_id, text, now + due) for alarm_id, text, due in alarms]
        for device_id in self._here:
            self._tell_alarms(device_id)

    def _tell_alarms(self, device_id: str) -> None:
        now = self.clock()
        soonest = sorted(self._alarms, key=lambda alarm: alarm[2])[:MOST_ALARMS]
        alarms = [
            {"id": alarm_id, "text": text[:LONGEST_ALARM], "due_in_seconds": round(max(0.0, due_at - now), 1)}
            for alarm_id, text, due_at in soonest
        ]
        self.tell(device_id, {"type": "alarms", "alarms": alarms})

    # Calls

    def open_peer(self, device_id: str) -> str | None:
        """The satellite at the other end of an open call."""
        return self._calls.open_peer(device_id)

    def relay(self, device_id: str, chunk: bytes) -> None:
        """Pass one chunk of sound to the other end of the open call; what cannot be passed at once is dropped."""
        peer = self._here.get(self.open_peer(device_id) or "")
        if peer is not None:
            peer.session.relay(chunk)

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        """Ring at every satellite of a room but this one."""
        caller = self._here.get(device_id)
        rings = [other for other, here in self._here.items() if other != device_id and _is_in(here.station, area)]
        if caller is None or not rings:
            return CallAnswer.NO_SATELLITE
        if caller.is_muted:
            return CallAnswer.MUTED
        call = self._calls.begin(uuid.uuid4().hex, caller=device_id, rings=rings)
        if call is None:
            return CallAnswer.BUSY
        log(_logger, "call began", session=call.call_id[:8])
        who = _place(caller.station)
        for other in call.ringing:
            self._tell_call(other, "ringing", peer=caller.station)
            if (conversation := self._here[other].session.conversation) is not None:
                muted = " This satellite is muted: unmute it first." if self._here[other].is_muted else ""
                conversation.call(call.call_id, f"A call from {who}.{muted}")
        self._tell_call(device_id, "ringing", peer=self._here[min(call.ringing)].station)
        loop = asyncio.get_running_loop()
        self._clocks[call.call_id] = loop.call_later(self.ring_seconds, self._give_up, call.call_id)
        return CallAnswer.RINGING

    def answer(self, device_id: str) -> CallAnswer:
        """Take the call that rings here."""
        call = self._calls.of(device_id)
        if call is None or device_id not in call.ringing:
            return CallAnswer.NO_CALL
        return self._accept(call.call_id, device_id)

    def hang_up(self, device_id: str) -> CallAnswer:
        """Leave the call that this satellite is in."""
        call = self._calls.of(device_id)
        if call is None:
            return CallAnswer.NO_CALL
        self._leave_call(call.call_id, device_id)
        return CallAnswer.ENDED

    def _accept(self, call_id: str, device_id: str) -> CallAnswer:
        here = self._here.get(device_id)
        if here is None or here.is_muted:
            return CallAnswer.MUTED
        accepted = self._calls.accept(call_id, device_id=device_id)
        if accepted is None:
            return CallAnswer.NO_CALL
        call, quiet = accepted
        self._stop_clock(call_id)
        for other in quiet:
            self._over(call_id, other)
        caller = self._here.get(call.caller)
        if caller is None or caller.is_muted:
            self._leave_call(call_id, device_id)
            return CallAnswer.ENDED
        for one, peer in ((here, caller), (caller, here)):
            self._tell_call(one.station.device_id, "open", peer=peer.station)
            if one.session.conversation is not None:
                one.session.conversation.open_call(call_id)
        return CallAnswer.OPEN

    def _leave_call(self, call_id: str, device_id: str) -> None:
        for other in self._calls.leave(call_id, device_id=device_id):
            self._over(call_id, other)
        if all(call.call_id != call_id for call in self._calls.all()):
            self._stop_clock(call_id)

    def _give_up(self, call_id: str) -> None:
        members = self._calls.give_up(call_id)
        self._stop_clock(call_id)
        for device_id in members:
            self._over(call_id, device_id)

    def _over(self, call_id: str, device_id: str) -> None:
        here = self._here.get(device_id)
        if here is None:
            return
        self._tell_call(device_id, "ended", peer=None)
        if here.session.conversation is not None:
            here.session.conversation.end_call(call_id)

    def _tell_call(self, device_id: str, state: str, *, peer: Station | None) -> None:
        self.tell(device_id, {"type": "intercom", "state": state, "peer": peer.name if peer else ""})

    def _stop_clock(self, call_id: str) -> None:
        if (clock := self._clocks.pop(call_id, None)) is not None:
            clock.cancel()

    def _spawn(self, session: Reached, message: dict[str, object]) -> None:
        async def told() -> None:
            with contextlib.suppress(ConnectionError):
                await session.tell(message)

        task = asyncio.get_running_loop().create_task(told())
        self._tellings.add(task)
        task.add_done_callback(self._tellings.discard)


def _is_in(station: Station, area: str | None) -> bool:
    return area is None or (station.area is not None and station.area.casefold() == area.casefold())


def _place(station: Station) -> str:
    return f"the {station.area.lower()}" if station.area else station.name
