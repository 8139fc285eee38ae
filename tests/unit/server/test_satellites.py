"""Several satellites together: one answers, announcements say where they were heard, calls connect two."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest

from earwitness.domain.alert import Foretold
from earwitness.domain.audio import Pcm
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

    def volume_is(self, percent: int) -> None:
        self.said.append(f"volume {percent}")


@dataclass
class Seated:
    """A session with nobody at the far end; what it was told is kept, and must be of the protocol."""

    is_muted: bool = False
    has_sounds: bool = False
    has_second_look: bool = False
    conversation: Talk = field(default_factory=Talk)
    sounds: dict[int, bytearray] = field(default_factory=dict)
    told: list[dict[str, object]] = field(default_factory=list)
    relayed: list[bytes] = field(default_factory=list)
    ended: list[Ending] = field(default_factory=list)

    async def tell(self, message: dict[str, object]) -> None:
        encode(message)
        self.told.append(message)

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        self.sounds.setdefault(speech_id, bytearray()).extend(pcm.data)

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

    def place(
        self, name: str, area: str | None, *, is_muted: bool = False, is_deaf: bool = False, looks_twice: bool = False
    ) -> Seated:
        station = Station(device_id=name, name=name.title(), area=area)
        session = Seated(is_muted=is_muted, has_second_look=looks_twice, conversation=Talk(is_deaf=is_deaf))
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


async def loudness(dbfs: float, *, after: float) -> float:
    await asyncio.sleep(after)
    return dbfs


def test_a_box_of_another_make_is_waited_for_until_it_is_measured() -> None:
    async def scenario() -> None:
        one = home()
        one.satellites.others = lambda: ["box"]
        one.place("den", "Den")
        began = asyncio.get_running_loop().time()
        ours = asyncio.create_task(one.seats["den"].answers(wake(-50.0)))
        await asyncio.sleep(one.satellites.window_seconds * 0.9)
        box = asyncio.create_task(one.satellites.answers_once_measured("box", area="Hall", loudness=loudness(-20.0, after=0.2)))
        assert sum((await ours, await box)) == 1
        assert asyncio.get_running_loop().time() - began == pytest.approx(one.satellites.window_seconds * 0.9 + 0.2)

    run_virtually(scenario())


def test_a_box_that_goes_away_while_it_is_measured_leaves_nobody_waiting() -> None:
    async def scenario() -> None:
        one = home()
        one.satellites.others = lambda: ["box"]
        one.place("den", "Den")
        box = asyncio.create_task(one.satellites.answers_once_measured("box", area=None, loudness=loudness(-10.0, after=60.0)))
        await asyncio.sleep(0)
        ours = asyncio.create_task(one.seats["den"].answers(wake(-50.0)))
        await asyncio.sleep(0.01)
        box.cancel()
        assert await ours

    run_virtually(scenario())


def test_a_box_alone_or_too_late_is_not_measured() -> None:
    async def scenario() -> None:
        one = home()
        assert await one.satellites.answers_once_measured("box", area=None, loudness=_never())
        one.place("den", "Den")
        one.satellites.others = lambda: ["box"]
        await asyncio.sleep(5.0)
        assert await one.seats["den"].answers(wake(-50.0))
        await asyncio.sleep(0.6)  # it does not say when the word ended
        assert not await one.satellites.answers_once_measured("box", area="Hall", loudness=_never())

    run_virtually(scenario())


def _never() -> "asyncio.Future[float]":
    return asyncio.get_running_loop().create_future()


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
        kitchen.conversation.leave_call(one.satellites.exchange.all()[0].call_id)
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
        await asyncio.sleep(one.satellites.exchange.ring_seconds + 0.1)
        assert one.satellites.answer("kitchen") is CallAnswer.NO_CALL
        assert den.states() == kitchen.states() == ["ringing", "ended"]
        one.satellites.call("den", area="Kitchen")
        one.satellites.answer("kitchen")
        one.seats["kitchen"].left(kitchen)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert den.states()[-1] == "ended"
        assert one.satellites.call("den", area="Kitchen") is CallAnswer.NO_SATELLITE

    run_virtually(scenario())


def test_whoever_calls_is_told_when_nobody_answers_or_takes_the_call() -> None:
    async def scenario() -> None:
        one = home()
        den, kitchen, counter = one.place("den", "Den"), one.place("kitchen", "Kitchen"), one.place("counter", "Kitchen")
        one.satellites.call("den", area="Kitchen")
        await asyncio.sleep(one.satellites.exchange.ring_seconds - 0.1)
        assert den.conversation.said == []
        await asyncio.sleep(0.2)
        assert den.conversation.said == ["over", "Nobody answered in the kitchen."]
        assert kitchen.conversation.said[-1] == counter.conversation.said[-1] == "over"

        one.satellites.call("den", area="Kitchen")
        one.satellites.hang_up("kitchen")
        await asyncio.sleep(0)
        assert len(den.conversation.said) == 2, "it rings at the other one"
        one.satellites.hang_up("counter")
        await asyncio.sleep(0)
        assert den.conversation.said[2:] == ["over", "The call was not taken in the kitchen."]

        one.satellites.call("den", area="Kitchen")
        one.satellites.hang_up("den")
        one.satellites.call("den", area="Kitchen")
        one.satellites.answer("kitchen")
        one.satellites.hang_up("kitchen")
        await asyncio.sleep(one.satellites.exchange.ring_seconds + 1)
        assert den.conversation.said[4:] == ["over", "open", "over"], "who hung up knows, and so does who was hung up on"

    run_virtually(scenario())


def test_a_room_that_cannot_answer_is_said_at_once() -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den")
        one.satellites.expect(
            [Station(device_id="attic", name="Lamp", area="Attic"), Station(device_id="den", name="Box", area="Den")]
        )
        assert one.satellites.call("den", area="attic") is CallAnswer.OFFLINE
        assert one.satellites.call("den", area="Den") is CallAnswer.NO_SATELLITE, "it does not call itself"
        assert one.satellites.call("den", area="Cellar") is CallAnswer.NO_SATELLITE
        one.place("attic", "Attic", is_muted=True)
        assert one.satellites.call("den", area="attic") is CallAnswer.RINGING_MUTED
        assert one.satellites.call("den", area="attic") is CallAnswer.BUSY
        one.satellites.hang_up("den")
        one.place("stairs", "Attic")
        assert one.satellites.call("den", area="attic") is CallAnswer.RINGING, "one of them can answer"
        one.place("hall", "Hall")
        assert one.satellites.call("hall", area="attic") is CallAnswer.ENGAGED

    run_virtually(scenario())


def test_where_nobody_wants_to_be_disturbed_nothing_is_announced_and_nothing_rings_but_alarms() -> None:
    async def scenario() -> None:
        one = home()
        one.satellites.is_quiet = lambda station: station.area == "Kitchen"
        kitchen, den = one.place("kitchen", "Kitchen"), one.place("den", "Den")
        told = await one.satellites.announce("Dinner is ready.")
        assert ([each.area for each in told.confirmed], [each.area for each in told.quiet]) == (["Den"], ["Kitchen"])
        assert one.satellites.call("den", area="Kitchen") is CallAnswer.QUIET
        assert one.satellites.hang_up("den") is CallAnswer.NO_CALL
        assert (kitchen.conversation.said, den.conversation.said) == ([], ["Dinner is ready."])
        one.satellites.set_alarms([Foretold(ring_id="a", text="It is 7:00 AM.", in_seconds=60.0, area="Kitchen", device_id=None)])
        await asyncio.sleep(0)
        alarms = [message for message in kitchen.told if message["type"] == "alarms"][-1]["alarms"]
        assert alarms == [{"id": "a", "text": "It is 7:00 AM.", "due_in_seconds": 60.0}]
        assert one.satellites.call("kitchen", area="Den") is CallAnswer.RINGING, "whoever is not to be disturbed may call"

    run_virtually(scenario())


def test_a_call_stops_ringing_where_do_not_disturb_is_switched_on_and_the_caller_is_told() -> None:
    async def scenario() -> None:
        one = home()
        quiet: set[str] = set()
        one.satellites.is_quiet = lambda station: station.name in quiet
        den, kitchen, lamp = one.place("den", "Den"), one.place("kitchen", "Kitchen"), one.place("lamp", "Kitchen")
        assert one.satellites.call("den", area="Kitchen") is CallAnswer.RINGING
        one.satellites.spare()
        await asyncio.sleep(0)
        assert (kitchen.states(), lamp.states()) == (["ringing"], ["ringing"])
        quiet.add("Lamp")
        one.satellites.spare()
        await asyncio.sleep(0)
        assert (kitchen.states(), lamp.states(), den.states()) == (["ringing"], ["ringing", "ended"], ["ringing"])
        quiet.add("Kitchen")
        one.satellites.spare()
        await asyncio.sleep(0.1)
        assert (kitchen.states()[-1], den.states()[-1]) == ("ended", "ended")
        assert den.conversation.said[-1] == "Do not disturb was switched on, so it rings no more in the kitchen."
        assert one.satellites.answer("kitchen") is CallAnswer.NO_CALL

    run_virtually(scenario())


def test_an_open_call_goes_on_when_do_not_disturb_is_switched_on() -> None:
    async def scenario() -> None:
        one = home()
        one.place("den", "Den")
        one.place("kitchen", "Kitchen")
        one.satellites.call("den", area="Kitchen")
        one.satellites.answer("kitchen")
        one.satellites.is_quiet = lambda station: True
        one.satellites.spare()
        assert one.satellites.open_peer("den") == "kitchen"

    run_virtually(scenario())


@pytest.mark.parametrize(("who", "expected"), [("caller", CallAnswer.MUTED), ("callee", CallAnswer.RINGING_MUTED)])
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


def foretold(ring_id: str, text: str, in_seconds: float, *, area: str | None = None) -> Foretold:
    return Foretold(ring_id=ring_id, text=text, in_seconds=in_seconds, area=area)


def test_a_satellite_keeps_what_rings_in_its_room_and_what_no_room_of_here_would_ring() -> None:
    async def scenario() -> None:
        one = home()
        den = one.place("den", "Den")
        one.satellites.set_alarms([foretold(area or "all", "", 9.0, area=area) for area in (None, "den", "Kitchen", "Attic")])
        await asyncio.sleep(0)
        assert ids_of(den.told[-1]) == ["all", "den", "Kitchen", "Attic"], "nobody else would ring them"
        kitchen = one.place("kitchen", "Kitchen")
        await asyncio.sleep(0)
        assert ids_of(den.told[-1]) == ["all", "den", "Attic"]
        assert ids_of(kitchen.told[-1]) == ["all", "Kitchen", "Attic"]

    run_virtually(scenario())


def ids_of(message: dict[str, object]) -> list[str]:
    alarms = message["alarms"]
    assert isinstance(alarms, list)
    return [alarm["id"] for alarm in alarms]


def test_a_satellite_keeps_the_soonest_alarms_that_fit_into_a_frame() -> None:
    async def scenario() -> None:
        one = home()
        den = one.place("den", "Den")
        one.satellites.set_alarms([foretold(f"{number:032}", "x" * 1000, 1000.0 - number) for number in range(200)])
        await asyncio.sleep(0)
        alarms = den.told[-1]["alarms"]
        assert isinstance(alarms, list)
        assert [alarm["due_in_seconds"] for alarm in alarms[:2]] == [801.0, 802.0]
        assert len(encode(den.told[-1])) < 16 * 1024

    run_virtually(scenario())


def test_satellites_that_can_take_a_second_look_learn_it_when_they_come_and_when_it_changes() -> None:
    async def scenario() -> None:
        one = home()
        early, older = one.place("den", "Den", looks_twice=True), one.place("attic", "Attic")
        one.satellites.set_second_look("first")
        one.satellites.set_second_look("first")
        late = one.place("hall", "Hall", looks_twice=True)
        await asyncio.sleep(0.1)
        one.satellites.set_second_look(None)
        again = one.place("bath", "Bath", looks_twice=True)
        await asyncio.sleep(0.1)
        looks = [[message["verifier"] for message in each.told if message["type"] == "second_look"] for each in (early, late)]
        assert looks == [["first", None], ["first", None]]
        kinds = [[message["type"] for message in each.told] for each in (older, again, late)]
        assert kinds == [["settings", "alarms"], ["settings", "alarms"], ["settings", "second_look", "alarms", "second_look"]]

    run_virtually(scenario())


def test_a_satellite_learns_its_settings_and_alarms_when_it_comes_and_when_they_change() -> None:
    async def scenario() -> None:
        one = home()
        one.satellites.set_alarms([foretold("t", "Your timer is done.", 61.234)])
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
