"""Several satellites together: one answers, announcements say where they were heard, calls connect two."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest

from earwitness.domain.satellite import CallAnswer, Station
from earwitness.protocol.session_messages import Wake, encode
from earwitness.server.channel import Ending
from earwitness.server.satellites import Satellites, Seat
from tests.unit.jobs.virtual_time import run


@dataclass
class Talk:
    """A conversation that does what it is asked at once and writes it down."""

    is_deaf: bool = False
    said: list[str] = field(default_factory=list)
    accept_call: Callable[[str], object] = lambda call_id: None
    leave_call: Callable[[str], object] = lambda call_id: None

    async def announce(self, text: str) -> bool:
        if self.is_deaf:
            await asyncio.get_running_loop().create_future()
        self.said.append(text)
        return True

    def call(self, call_id: str, text: str) -> None:
        self.said.append(f"call: {text}")

    def open_call(self, call_id: str) -> None:
        self.said.append("open")

    def end_call(self, call_id: str) -> None:
        self.said.append("over")

    def move(self, area: str | None) -> None:
        self.said.append(f"in {area}")

    def choose_voice(self, name: str, *, speed: float) -> None:
        self.said.append(f"voice {name}")


@dataclass
class Seated:
    """A session with nobody at the far end; what it was told is kept, and must be of the protocol."""

    is_muted: bool = False
    conversation: Talk = field(default_factory=Talk)
    told: list[dict[str, object]] = field(default_factory=list)
    relayed: list[bytes] = field(default_factory=list)
    ended: list[Ending] = field(default_factory=list)

    async def tell(self, message: dict[str, object]) -> None:
        encode(message)
        self.told.append(message)

    async def speak(self, speech_id: int, pcm: object) -> None: ...

    def relay(self, chunk: bytes) -> None:
        self.relayed.append(chunk)

    def end(self, ending: Ending) -> None:
        self.ended.append(ending)

    def states(self) -> list[object]:
        return [message["state"] for message in self.told if message["type"] == "intercom"]


def run_virtually(work: Coroutine[None, None, None]) -> None:
    run(lambda clock: work)


@dataclass
class Home:
    satellites: Satellites
    seats: dict[str, Seat] = field(default_factory=dict)
    sessions: dict[str, Seated] = field(default_factory=dict)

    def place(self, name: str, area: str | None, *, is_muted: bool = False, is_deaf: bool = False) -> Seated:
        station = Station(device_id=name, name=name.title(), area=area)
        session = Seated(is_muted=is_muted, conversation=Talk(is_deaf=is_deaf))
        seat = Seat(self.satellites, station)
        seat.joined(session)  # type: ignore[arg-type]
        self.seats[name], self.sessions[name] = seat, session
        return session


def home() -> Home:
    return Home(Satellites(clock=asyncio.get_running_loop().time))


def wake(loudness_dbfs: float, *, age_ms: int = 50) -> Wake:
    return Wake(word="okay nabu", loudness_dbfs=loudness_dbfs, score=0.9, age_ms=age_ms)


def test_a_satellite_alone_answers_at_once() -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den")
        one.place("attic", "Attic", is_muted=True)
        began = asyncio.get_running_loop().time()
        assert await one.seats["den"].answers(wake(-40.0))
        assert asyncio.get_running_loop().time() == began

    run_virtually(scenario())


def test_of_two_that_heard_it_the_louder_one_answers_however_late_within_the_window() -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den")
        one.place("hall", "Hall")
        far = asyncio.create_task(one.seats["den"].answers(wake(-40.0)))
        await asyncio.sleep(one.satellites.window_seconds * 0.9)
        near = asyncio.create_task(one.seats["hall"].answers(wake(-20.0)))
        assert (await far, await near) == (False, True)

    run_virtually(scenario())


def test_one_that_reports_after_the_decision_loses_and_the_next_wake_is_another() -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den")
        one.place("hall", "Hall")
        assert await one.seats["den"].answers(wake(-40.0))
        await asyncio.sleep(0.2)
        assert not await one.seats["hall"].answers(wake(-10.0, age_ms=300))
        await asyncio.sleep(1.0)
        assert await one.seats["hall"].answers(wake(-10.0))

    run_virtually(scenario())


def test_two_people_in_two_rooms_are_both_answered() -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den")
        one.place("attic", "Attic")
        both = await asyncio.gather(one.seats["den"].answers(wake(-25.0)), one.seats["attic"].answers(wake(-26.0)))
        assert list(both) == [True, True]

    run_virtually(scenario())


def test_one_whose_session_ends_while_it_waits_leaves_nobody_waiting() -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den")
        one.place("hall", "Hall")
        first = asyncio.create_task(one.seats["den"].answers(wake(-50.0)))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(one.seats["hall"].answers(wake(-20.0)))
        await asyncio.sleep(0)
        first.cancel()
        assert await second

    run_virtually(scenario())


def test_an_announcement_says_where_it_was_confirmed_and_where_not() -> None:
    async def scenario() -> None:
        one = home()
        kitchen, den = one.place("kitchen", "Kitchen"), one.place("den", "Den", is_deaf=True)
        asking = one.place("hall", "Hall")
        told = await one.satellites.announce("Dinner is ready.", but="hall")
        assert [each.area for each in told.confirmed] == ["Kitchen"]
        assert [each.area for each in told.unconfirmed] == ["Den"]
        assert kitchen.conversation.said == ["Dinner is ready."]
        assert (den.conversation.said, asking.conversation.said) == ([], [])
        told = await one.satellites.announce("Come.", area="kitchen")
        assert [each.device_id for each in told.confirmed] == ["kitchen"]
        assert (await one.satellites.announce("Come.", area="Attic")).confirmed == ()

    run_virtually(scenario())


def test_a_call_rings_opens_relays_both_ways_and_ends() -> None:
    async def scenario() -> None:
        one = home()
        den, kitchen = one.place("den", "Den"), one.place("kitchen", "Kitchen")
        assert one.satellites.call("den", area="kitchen") is CallAnswer.RINGING
        assert kitchen.conversation.said == ["call: A call from the den."]
        one.seats["den"].relay(b"early")
        assert one.satellites.answer("kitchen") is CallAnswer.OPEN
        one.seats["den"].relay(b"to the kitchen")
        one.seats["kitchen"].relay(b"to the den")
        assert (den.relayed, kitchen.relayed) == ([b"to the den"], [b"to the kitchen"])
        kitchen.conversation.leave_call(one.satellites._calls.all()[0].call_id)
        one.seats["den"].relay(b"late")
        await asyncio.sleep(0)
        assert den.states() == kitchen.states() == ["ringing", "open", "ended"]
        assert kitchen.relayed == [b"to the kitchen"]
        assert not one.seats["den"].is_in_call

    run_virtually(scenario())


def test_a_call_that_nobody_takes_ends_and_one_end_that_goes_away_ends_it() -> None:
    async def scenario() -> None:
        one = home()
        den, kitchen = one.place("den", "Den"), one.place("kitchen", "Kitchen")
        one.satellites.call("den", area="Kitchen")
        await asyncio.sleep(one.satellites.ring_seconds + 0.1)
        assert one.satellites.answer("kitchen") is CallAnswer.NO_CALL
        assert den.states() == kitchen.states() == ["ringing", "ended"]
        one.satellites.call("den", area="Kitchen")
        one.satellites.answer("kitchen")
        one.seats["kitchen"].left(kitchen)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert den.states()[-1] == "ended"
        assert one.satellites.call("den", area="Kitchen") is CallAnswer.NO_SATELLITE

    run_virtually(scenario())


@pytest.mark.parametrize(("who", "expected"), [("caller", CallAnswer.MUTED), ("callee", CallAnswer.RINGING)])
def test_no_call_opens_at_a_muted_satellite(who: str, expected: CallAnswer) -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den", is_muted=who == "caller")
        kitchen = one.place("kitchen", "Kitchen", is_muted=who == "callee")
        assert one.satellites.call("den", area="Kitchen") is expected
        if who == "callee":
            assert "is muted" in kitchen.conversation.said[0]
            assert one.satellites.answer("kitchen") is CallAnswer.MUTED
            one.seats["kitchen"].muted(False)
            assert one.satellites.answer("kitchen") is CallAnswer.OPEN

    run_virtually(scenario())


def test_a_satellite_keeps_the_soonest_alarms_that_fit_into_a_frame() -> None:
    async def scenario() -> None:
        one = home()
        den = one.place("den", "Den")
        one.satellites.set_alarms([(f"{number:032}", "x" * 1000, 1000.0 - number) for number in range(200)])
        await asyncio.sleep(0)
        alarms = den.told[-1]["alarms"]
        assert isinstance(alarms, list)
        assert [alarm["due_in_seconds"] for alarm in alarms[:2]] == [801.0, 802.0]
        assert len(encode(den.told[-1])) < 16 * 1024

    run_virtually(scenario())


def test_a_satellite_learns_its_settings_and_alarms_when_it_comes_and_when_they_change() -> None:
    async def scenario() -> None:
        one = home()
        one.satellites.set_alarms([("t", "Your timer is done.", 61.234)])
        den = one.place("den", "Den")
        one.satellites.restation(Station(device_id="den", name="Tall lamp", area="Attic", voice="heart"))
        one.satellites.set_alarms([])
        await asyncio.sleep(0)
        kinds = [message["type"] for message in den.told]
        assert kinds == ["settings", "alarms", "settings", "alarms"]
        assert den.told[1]["alarms"] == [{"id": "t", "text": "Your timer is done.", "due_in_seconds": 61.2}]
        assert (den.told[2]["name"], den.told[2]["area"], den.told[2]["voice"]) == ("Tall lamp", "Attic", "heart")
        assert den.conversation.said == ["in Attic", "voice heart"]

    run_virtually(scenario())


def test_a_satellite_whose_own_voice_is_taken_away_speaks_with_the_homes() -> None:
    async def scenario() -> None:
        one = home()
        one.satellites.voice = lambda: "bella"
        den = one.place("den", "Den")
        for voice in ("heart", None):
            one.satellites.restation(Station(device_id="den", name="Lamp", area="Den", voice=voice))
        said = [words for words in den.conversation.said if words.startswith("voice")]
        assert said == ["voice bella", "voice heart", "voice bella"]

    run_virtually(scenario())
