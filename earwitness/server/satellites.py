"""All satellites that are connected: which of them answers a wake word, announcements, calls, and what the page asks of them.

It reaches satellites through their sessions and owns what concerns several of them at once. It knows no connections, keys or
databases; who may be here is decided before (`device_listener.py`).
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from earwitness.domain.alert import AwayReport, Foretold
from earwitness.domain.audio import Pcm
from earwitness.domain.errors import VoiceError
from earwitness.domain.satellite import Announcement, CallAnswer, Station
from earwitness.protocol.session_messages import MusicReport, Wake
from earwitness.server.call_ends import SessionEnd
from earwitness.server.calls import Exchange
from earwitness.server.channel import Ending
from earwitness.server.held_alarms import HeldAlarms
from earwitness.server.ports import Reached
from earwitness.server.wake_rounds import WakeRounds
from earwitness.turn.arbitration import WINDOW_SECONDS

CONFIRM_SECONDS: Final = 5.0
"""How long an announcement waits for a satellite to begin to play it."""


async def _all_over(reports: Sequence[AwayReport]) -> Collection[str]:
    return [report.ring_id for report in reports]


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

    async def rung(self, reports: Sequence[AwayReport]) -> Collection[str]:
        return await self.satellites.on_rung(reports)

    def keeps_sounds(self, digests: Sequence[str]) -> None:
        self.satellites.note_sounds(self.device_id, digests)

    def sound_digest(self, reference: str) -> str | None:
        return self.satellites.sound_digest(reference)

    def relay(self, chunk: bytes) -> None:
        self.satellites.relay(self.device_id, chunk)

    def music(self, report: MusicReport) -> None:
        if (music := self.satellites.music) is not None:
            music.reported(self.device_id, report)


class MusicDesk(Protocol):
    """Who plays music at satellites. Called on the event loop; nothing of it waits."""

    def joined(self, station: Station, session: Reached) -> None: ...

    def left(self, device_id: str) -> None: ...

    def moved(self, station: Station) -> None: ...

    def reported(self, device_id: str, report: MusicReport) -> None: ...


@dataclass(slots=True)
class Satellites:
    """The satellites of one household. Used on one event loop."""

    wake_words: Callable[[], Sequence[str]] = lambda: ()
    voice: Callable[[], str | None] = lambda: None
    """The home's voice, for satellites that have none of their own."""
    others: Callable[[], Collection[str]] = lambda: ()
    """Satellites of other makes that are connected and listen: they may have heard a wake word too."""
    on_rung: Callable[[Sequence[AwayReport]], Awaitable[Collection[str]]] = _all_over
    """Learns what satellites did with their alarms while they were on their own; gives those that must not ring there."""
    is_quiet: Callable[[Station], bool] = lambda station: False
    """Whether nobody at a satellite wants to be disturbed."""
    sound_of: Callable[[str], Pcm] | None = None
    """The samples of a sound of alarms by its reference; blocks, raises EarwitnessError. None: there is the tone alone."""
    music: MusicDesk | None = None
    """Who plays music there; None: nobody does."""
    speed: float = 1.0
    clock: Callable[[], float] = time.monotonic
    window_seconds: float = WINDOW_SECONDS
    confirm_seconds: float = CONFIRM_SECONDS
    exchange: Exchange = field(default_factory=Exchange)
    """Connects calls."""
    _here: dict[str, _Here] = field(default_factory=dict)
    _paired: tuple[Station, ...] = ()
    _second_look: str | None = None
    _tellings: set[asyncio.Task[object]] = field(default_factory=set)
    _rounds: WakeRounds = field(init=False)
    _held: HeldAlarms = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = WakeRounds(clock=self.clock, window_seconds=self.window_seconds)
        self._held = HeldAlarms(
            lambda: {device_id: (here.station, here.session) for device_id, here in self._here.items()},
            sound_of=self.sound_of,
            clock=self.clock,
        )

    # Who is here

    def stations(self) -> tuple[Station, ...]:
        """The satellites that are connected."""
        return tuple(here.station for here in tuple(self._here.values()))

    def expect(self, stations: Iterable[Station]) -> None:
        """These are paired: one of them that is not connected is away, and not unknown."""
        self._paired = tuple(stations)

    def is_muted(self, device_id: str) -> bool | None:
        """Whether a satellite says that it is muted; None if it is not connected."""
        here = self._here.get(device_id)
        return None if here is None else here.is_muted

    def join(self, station: Station, session: Reached) -> None:
        """A session has begun; a satellite has one."""
        here = self._here[station.device_id] = _Here(station, session, session.is_muted)
        self.exchange.attach(self._end(here))
        conversation = session.conversation
        if conversation is not None:
            conversation.accept_call = lambda call_id: self.exchange.accept(call_id, end_id=station.device_id)
            conversation.leave_call = lambda call_id: self.exchange.leave(call_id, end_id=station.device_id)
        self._settle(station)
        if self._second_look is not None:
            self._have_look(here)
        self._held.joined(station.device_id)
        if self.music is not None:
            self.music.joined(station, session)

    def leave(self, device_id: str, session: Reached) -> None:
        """A session is over: its call too."""
        here = self._here.get(device_id)
        if here is None or here.session is not session:
            return
        del self._here[device_id]
        self._held.left(device_id)
        if self.music is not None:
            self.music.left(device_id)
        self.exchange.detach(device_id)

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
            if self.music is not None:
                self.music.moved(station)

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

    def set_second_look(self, verifier: str | None) -> None:
        """Satellites look a second time at the wake words that they find, by this verifier (its file, as text), or no more;
        called on each change. One that comes later is told when its session begins: until then it has none."""
        if verifier != self._second_look:
            self._second_look = verifier
            for here in tuple(self._here.values()):
                self._have_look(here)

    def _have_look(self, here: _Here) -> None:
        if here.session.has_second_look:
            self.tell(here.station.device_id, {"type": "second_look", "verifier": self._second_look})

    def tell(self, device_id: str, message: dict[str, object]) -> bool:
        """Send a satellite one session message; False if it is not connected."""
        here = self._here.get(device_id)
        if here is not None:
            self._spawn(_told(here.session, message))
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

    async def answers(self, device_id: str, wake: Wake, *, area: str | None = None) -> bool:
        """Whether this satellite answers its wake word; waits for others only if another unmuted one is connected.

        `area` is where a satellite stands that is not one of ours."""
        here = self._here.get(device_id)
        where = area if here is None else here.station.area
        return await self._rounds.answers(device_id, wake, area=where, is_alone=self._is_alone(device_id))

    async def answers_once_measured(self, device_id: str, *, area: str | None, loudness: Awaitable[float]) -> bool:
        """The same for a satellite of another make, whose `loudness` [dBFS] is known only when it has sent some sound."""
        is_alone = self._is_alone(device_id)
        return await self._rounds.answers_once_measured(device_id, area=area, loudness=loudness, is_alone=is_alone)

    def _is_alone(self, device_id: str) -> bool:
        ours = any(other != device_id and not here.is_muted for other, here in self._here.items())
        return not ours and all(other == device_id for other in self.others())

    # Announcements

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        """Say something at every satellite, or at those of one room, `but` at one; says where it was confirmed within
        `confirm_seconds`. A muted satellite speaks too: mute is of the microphone. Where nobody wants to be disturbed it is not
        said."""
        meant = [here for device_id, here in self._here.items() if device_id != but and _is_in(here.station, area)]
        quiet = tuple(here.station for here in meant if self.is_quiet(here.station))
        chosen = [here for here in meant if here.station not in quiet]
        heard = await asyncio.gather(*(self._say(here, text) for here in chosen))
        confirmed = tuple(here.station for here, is_heard in zip(chosen, heard, strict=True) if is_heard)
        unconfirmed = tuple(here.station for here, is_heard in zip(chosen, heard, strict=True) if not is_heard)
        return Announcement(confirmed=confirmed, unconfirmed=unconfirmed, quiet=quiet)

    def say_at(self, device_id: str, text: str) -> None:
        """Say something at one satellite, once nothing else goes on there, unless nobody there wants to be disturbed."""
        here = self._here.get(device_id)
        if here is not None and not self.is_quiet(here.station):
            self._spawn(self._say(here, text))

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

    def set_alarms(self, alarms: Sequence[Foretold]) -> None:
        """Satellites keep what rings at them or in their room, and what rings in the whole house; called on each change."""
        self._held.set(alarms)

    def note_sounds(self, device_id: str, digests: Sequence[str]) -> None:
        """A satellite says which sounds of alarms it keeps."""
        self._held.keeps(device_id, digests)

    def keeps_sound(self, device_id: str, reference: str) -> bool:
        """Whether a satellite can ring with that sound although the server is away."""
        return self._held.is_kept(device_id, reference)

    def sound_digest(self, reference: str) -> str | None:
        """What satellites know that sound by; None: they ring with their own tone."""
        return self._held.digest_of(reference)

    def plain_ringers(self) -> tuple[Station, ...]:
        """The satellites that can ring with their own tone alone, at once as loud as ever: their program is older."""
        return tuple(here.station for here in tuple(self._here.values()) if not here.session.has_sounds)

    # Calls

    def open_peer(self, device_id: str) -> str | None:
        """The other end of an open call."""
        return self.exchange.open_peer(device_id)

    def relay(self, device_id: str, chunk: bytes) -> None:
        """Pass one chunk of sound to the other end of the open call; what cannot be passed at once is dropped."""
        self.exchange.relay(device_id, chunk)

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        """Ring at every satellite of a room but this one."""
        caller = self._here.get(device_id)
        rings = [other for other, here in self._here.items() if other != device_id and _is_in(here.station, area)]
        if caller is None or not rings:
            is_paired = any(station.device_id != device_id and _is_in(station, area) for station in self._paired)
            return CallAnswer.OFFLINE if is_paired else CallAnswer.NO_SATELLITE
        if caller.is_muted:
            return CallAnswer.MUTED
        if self.exchange.of(device_id) is not None:
            return CallAnswer.BUSY
        rings = [other for other in rings if not self.is_quiet(self._here[other].station)]
        if not rings:
            return CallAnswer.QUIET
        call = self.exchange.begin(device_id, rings=rings, place=f"the {area.lower()}")
        if call is None:
            return CallAnswer.ENGAGED
        return CallAnswer.RINGING_MUTED if all(self._here[other].is_muted for other in call.ringing) else CallAnswer.RINGING

    def free_ends(self) -> tuple[Station, ...]:
        """Where a call from outside may ring: those that are in no call and where somebody may be disturbed."""
        here = (one.station for one in self._here.values())
        return tuple(one for one in here if self.exchange.of(one.device_id) is None and not self.is_quiet(one))

    def spare(self) -> None:
        """Somebody began or ended not to be disturbed: a call that rings where nobody wants to be is rung there no more, and
        whoever called is told once it rings nowhere."""
        self.exchange.spare(lambda device_id: device_id in self._here and self.is_quiet(self._here[device_id].station))

    def answer(self, device_id: str) -> CallAnswer:
        """Take the call that rings here."""
        return self.exchange.answer(device_id)

    def hang_up(self, device_id: str) -> CallAnswer:
        """Leave the call that this satellite is in."""
        return self.exchange.hang_up(device_id)

    def _end(self, here: _Here) -> SessionEnd:
        """A satellite as an end of calls."""
        return SessionEnd(
            end_id=here.station.device_id,
            session=here.session,
            named=lambda: here.station.name,
            placed=lambda: _place(here.station),
            muted=lambda: here.is_muted,
            say=lambda sentence: self._say(here, sentence),
            spawn=self._spawn,
        )

    def _spawn(self, telling: Coroutine[None, None, object]) -> None:
        task = asyncio.get_running_loop().create_task(telling)
        self._tellings.add(task)
        task.add_done_callback(self._tellings.discard)


async def _told(session: Reached, message: dict[str, object]) -> None:
    with contextlib.suppress(ConnectionError):
        await session.tell(message)


def _is_in(station: Station, area: str | None) -> bool:
    return area is None or (station.area is not None and station.area.casefold() == area.casefold())


def _place(station: Station) -> str:
    return f"the {station.area.lower()}" if station.area else station.name
