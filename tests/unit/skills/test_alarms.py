"""Alarms by what people say: set, told, changed, skipped, cancelled, snoozed; what is not clear is asked."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from earwitness.domain.alert import AtMoment, AtWallTime, Place, Recurring, RingState
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import House, house
from tests.unit.skills.talking import Talk
from tests.unit.skills.test_satellites import KITCHEN, TwoSatellites
from tests.unit.understand.homes import SMALL

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 15, 7, tzinfo=BERLIN)


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(SMALL)


@pytest.fixture
def home(tmp_path: Path) -> House:
    for name in ("Bach/Air.flac", "Pop/Morning song.flac"):
        (tmp_path / "music" / name).parent.mkdir(parents=True)
        (tmp_path / "music" / name).write_bytes(b"its sound is not heard here")
    made = house(tmp_path)
    made.at[0] = TUESDAY
    return made


@pytest.fixture
def talk(home: House, grammar: Grammar) -> Talk:
    return Talk(house=home, grammar=grammar, here=Context(area="Kitchen", device_id="sat-1"))


async def test_an_alarm_for_weekdays_is_set_and_told(talk: Talk, home: House) -> None:
    assert await talk.say("set an alarm for 6:45 am every weekday") == "Alarm set for every weekday at 6:45 AM."
    (alarm,) = home.timers.alerts.all()
    assert isinstance(alarm.rule, Recurring)
    assert (alarm.area, alarm.place, alarm.device_id) == ("Kitchen", Place.ROOM, "sat-1")
    assert alarm.due_at == datetime(2026, 11, 25, 6, 45, tzinfo=BERLIN)
    assert await talk.say("when is my next alarm") == "There is one alarm, every weekday at 6:45 AM."


async def test_an_hour_that_may_be_two_is_asked_back(talk: Talk, home: House) -> None:
    assert await talk.say("wake me up at seven") == "Seven in the morning or in the evening?"
    assert await talk.say("in the morning") == "Alarm set for tomorrow at 7 AM."
    (alarm,) = home.timers.alerts.all()
    assert alarm.rule == AtWallTime(local=datetime(2026, 11, 25, 7, 0, tzinfo=BERLIN).replace(tzinfo=None))


async def test_what_was_left_out_is_asked_for(talk: Talk, home: House) -> None:
    assert await talk.say("set an alarm") == "For when?"
    assert await talk.say("tomorrow") == "At what time tomorrow?"
    assert await talk.say("half past six") == "Half past six in the morning or in the evening?"
    assert await talk.say("in the morning") == "Alarm set for tomorrow at 6:30 AM."
    assert len(home.timers.alerts.all()) == 1


async def test_a_length_is_a_moment_and_a_name_stays_a_name(talk: Talk, home: House) -> None:
    await talk.say("set an alarm in ten minutes called laundry")
    (alarm,) = home.timers.alerts.all()
    assert (alarm.name, alarm.rule) == ("laundry", AtMoment(at=TUESDAY + timedelta(minutes=10)))


@pytest.mark.parametrize(
    ("said", "reply", "sound", "is_rising"),
    [
        ("wake me gently tomorrow at 6:30 am", "Alarm set for tomorrow at 6:30 AM, softly at first.", "tone", True),
        ("wake me tomorrow at 6:30 am with birds", "Alarm set for tomorrow at 6:30 AM, with birds.", "birds", False),
        ("wake me up to birdsong at 6:30 am tomorrow", "Alarm set for tomorrow at 6:30 AM, with birds.", "birds", False),
        (
            "set an alarm with rising volume for 6:30 am tomorrow with the bright sound",
            "Alarm set for tomorrow at 6:30 AM, with bright, softly at first.",
            "bright",
            True,
        ),
        (
            "wake me softly with birds at 6:30 am",
            "Alarm set for tomorrow at 6:30 AM, with birds, softly at first.",
            "birds",
            True,
        ),
        ("set an alarm for 6:30 am with the usual tone", "Alarm set for tomorrow at 6:30 AM.", "tone", False),
        (
            "wake me at 6:30 am to morning song",
            "Alarm set for tomorrow at 6:30 AM, with Morning song.",
            "music:Pop/Morning song.flac",
            False,
        ),
        ("wake me at 6:30 am with music by Bach", "Alarm set for tomorrow at 6:30 AM, with Air.", "music:Bach/Air.flac", False),
        ("set an alarm for my call with Bob at 6:30 am", "My call with Bob alarm set for tomorrow at 6:30 AM.", "tone", False),
    ],
)
async def test_an_alarm_rings_as_is_said(talk: Talk, home: House, said: str, reply: str, sound: str, is_rising: bool) -> None:
    assert await talk.say(said) == reply
    (alarm,) = home.timers.alerts.all()
    assert (alarm.sound, alarm.is_rising) == (sound, is_rising)


async def test_music_that_may_be_several_is_asked_back(talk: Talk, home: House) -> None:
    assert await talk.say("wake me at 6:30 am with music") == "Which one: Air or Morning song?"
    assert await talk.say("air") == "Alarm set for tomorrow at 6:30 AM, with Air."
    assert home.timers.alerts.all()[0].sound == "music:Bach/Air.flac"


async def test_a_sound_that_there_is_not_is_refused_and_nothing_set(talk: Talk, home: House) -> None:
    reply = (
        'There is no sound "trumpets" that I can ring with; there are the usual tone, gentle, bright, birds, waves and marimba.'
    )
    assert await talk.say("wake me at 6:30 am with trumpets") == reply
    assert home.timers.alerts.all() == ()


async def test_a_satellite_that_cannot_ring_so_is_named(tmp_path: Path, grammar: Grammar) -> None:
    old = TwoSatellites(plain=(KITCHEN,))
    made = house(tmp_path, satellites=old)
    made.at[0] = TUESDAY
    talk = Talk(house=made, grammar=grammar, here=Context(area="Kitchen", device_id="sat-1"))
    plain = " In the kitchen it can only ring with the usual tone, at its usual volume."
    assert await talk.say("wake me at 6:30 am with birds") == "Alarm set for tomorrow at 6:30 AM, with birds." + plain
    assert await talk.say("wake me at 6:30 am softly") == "Alarm set for tomorrow at 6:30 AM, softly at first." + plain
    assert await talk.say("wake me at 6:30 am") == "Alarm set for tomorrow at 6:30 AM."
    assert old.asked_plain == [("Kitchen", None)] * 4, "each is foreseen, then done"


async def test_the_sound_of_alarms_is_changed(talk: Talk, home: House) -> None:
    def sounds() -> set[tuple[str, bool]]:
        return {(one.sound, one.is_rising) for one in home.timers.alerts.all()}

    assert await talk.say("change my alarm sound to birds") == "There is no alarm."
    await talk.say("set an alarm for 7 am every day called work")
    assert await talk.say("change my alarm sound to birds") == "The alarm for every day at 7 AM rings with birds now."
    assert sounds() == {("birds", False)}
    await talk.say("set an alarm for 9 am on saturday")
    assert await talk.say("change the sound of my work alarm to waves") == "The alarm for every day at 7 AM rings with waves now."
    assert await talk.say("let my work alarm begin softly") == "The alarm for every day at 7 AM rings softly at first now."
    assert sounds() == {("waves", True), ("tone", False)}
    assert await talk.say("set my alarm sound to the usual tone") == "All 2 alarms ring with the usual tone now."
    assert sounds() == {("tone", True), ("tone", False)}
    assert (await talk.result("change my alarm sound to trumpets")).outcome is Outcome.REFUSED


async def test_one_of_several_is_changed_by_name_or_time(talk: Talk, home: House) -> None:
    await talk.say("set an alarm for 7 am every day called work")
    await talk.say("set an alarm for 9 am on saturday")
    assert (await talk.result("cancel my alarm")).outcome is Outcome.ASKED
    assert await talk.say("work") == "The alarm for every day at 7 AM is cancelled."
    assert await talk.say("change my alarm to 9:30 am") == "The alarm rings on Saturday at 9:30 AM now."
    assert len(home.timers.alerts.all()) == 1


async def test_the_next_of_a_series_is_skipped_once(talk: Talk, home: House) -> None:
    await talk.say("set an alarm for 6:45 am every weekday")
    assert await talk.say("skip my next alarm") == "The alarm for every weekday at 6:45 AM does not ring on Wednesday."
    assert home.timers.alerts.all()[0].due_at == datetime(2026, 11, 26, 6, 45, tzinfo=BERLIN)


async def test_all_are_cancelled_and_none_is_invented(talk: Talk) -> None:
    await talk.say("set an alarm for 7 am")
    await talk.say("set an alarm for 8 am")
    assert await talk.say("cancel all my alarms") == "All 2 alarms are cancelled."
    assert await talk.say("what alarms are set") == "There is no alarm."
    assert await talk.say("cancel my alarm") == "There is no alarm."


async def test_what_is_over_is_refused(talk: Talk) -> None:
    assert (await talk.result("set an alarm for yesterday at noon")).outcome is Outcome.REFUSED


async def test_what_rings_is_snoozed(talk: Talk, home: House) -> None:
    alerts = home.timers.alerts
    assert await talk.say("snooze") == "Nothing rings."
    await talk.say("set an alarm in five minutes")
    home.at[0] += timedelta(minutes=5)
    alerts.claim(home.at[0])
    assert await talk.say("snooze for 5 minutes") == "I ring again in 5 minutes."
    (ring,) = alerts.open_rings()
    assert (ring.state, ring.rings_at) == (RingState.SNOOZED, home.at[0] + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("said", "reply", "area", "place", "name"),
    [
        (
            "set an alarm in the bedroom for 7 am",
            "Alarm set in the bedroom for tomorrow at 7 AM.",
            "Bedroom",
            Place.ROOM,
            "",
        ),
        ("set an alarm for 7 am in bedroom", "Alarm set in the bedroom for tomorrow at 7 AM.", "Bedroom", Place.ROOM, ""),
        ("alarm tomorrow at 7 am", "Alarm set for tomorrow at 7 AM.", "Kitchen", Place.ROOM, ""),
        ("alarm in the lounge at 7 am", "Alarm set in the living room for tomorrow at 7 AM.", "Living Room", Place.ROOM, ""),
        (
            "wake me softly in the bedroom at 7 am with birds",
            "Alarm set in the bedroom for tomorrow at 7 AM, with birds, softly at first.",
            "Bedroom",
            Place.ROOM,
            "",
        ),
        (
            "set an alarm for 7 am in the bedroom called work",
            "Work alarm set in the bedroom for tomorrow at 7 AM.",
            "Bedroom",
            Place.ROOM,
            "work",
        ),
        ("set an alarm everywhere for 7 am", "Alarm set in the whole house for tomorrow at 7 AM.", "Kitchen", Place.HOUSE, ""),
        (
            "set an alarm for 7 am in the whole house",
            "Alarm set in the whole house for tomorrow at 7 AM.",
            "Kitchen",
            Place.HOUSE,
            "",
        ),
        ("set an alarm in this room for 7 am", "Alarm set for tomorrow at 7 AM.", "Kitchen", Place.ROOM, ""),
        ("set an alarm at 7 in the morning", "Alarm set for tomorrow at 7 AM.", "Kitchen", Place.ROOM, ""),
        (
            "set an alarm for 7 am for the cake in the oven",
            "Cake in the oven alarm set for tomorrow at 7 AM.",
            "Kitchen",
            Place.ROOM,
            "cake in the oven",
        ),
    ],
)
async def test_it_rings_where_is_said(talk: Talk, home: House, said: str, reply: str, area: str, place: Place, name: str) -> None:
    assert await talk.say(said) == reply
    (alarm,) = home.timers.alerts.all()
    assert (alarm.area, alarm.place, alarm.device_id, alarm.name) == (area, place, "sat-1", name)


async def test_the_room_is_still_meant_once_the_hour_was_asked_for(talk: Talk, home: House) -> None:
    assert await talk.say("set an alarm in the bedroom") == "For when?"
    assert await talk.say("7 am tomorrow") == "Alarm set in the bedroom for tomorrow at 7 AM."
    assert home.timers.alerts.all()[0].area == "Bedroom"


@pytest.mark.parametrize("room", ["the attic", "my room"])
@pytest.mark.parametrize("said", ["set an alarm in {} for 7 am", "set an alarm for 7 am in {}", "alarm in {} at 7 am"])
async def test_a_room_that_there_is_not_is_refused_and_no_name(talk: Talk, home: House, said: str, room: str) -> None:
    result = await talk.result(said.format(room))
    assert (result.outcome, home.timers.alerts.all()) == (Outcome.REFUSED, ())
    called = room.split()[-1]
    known = "the kitchen, the living room, the bedroom and the cellar"
    assert result.reply == f"I know no room called {called}; there is {known}."


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ("turn off my alarm", "turn my alarm back on"),
        ("turn the alarm off", "turn on the alarm"),
        ("turn off the alarm", "switch my alarm on again"),
        ("disable my alarm for 6:45", "enable my alarm for 6:45"),
        ("switch off my 6:45 alarm", "turn the alarm for 6:45 back on"),
        ("turn off all my alarms", "turn all my alarms back on"),
    ],
)
async def test_an_alarm_is_switched_off_and_on_again(talk: Talk, home: House, off: str, on: str) -> None:
    await talk.say("set an alarm for 6:45 am every weekday")
    assert await talk.say(off) == "The alarm for every weekday at 6:45 AM is switched off."
    (alarm,) = home.timers.alerts.all()
    assert (alarm.is_on, alarm.due_at) == (False, None)
    assert await talk.say("what alarms are set") == "There is no alarm."
    home.at[0] += timedelta(days=2)
    assert home.timers.alerts.claim(home.at[0]) == ()
    assert await talk.say(on) == "The alarm for every weekday at 6:45 AM is on again."
    (alarm,) = home.timers.alerts.all()
    assert (alarm.is_on, alarm.due_at) == (True, datetime(2026, 11, 27, 6, 45, tzinfo=BERLIN)), "what it missed stays over"
    assert home.timers.alerts.claim(home.at[0]) == ()


async def test_one_that_has_begun_is_told_as_it_was_set(talk: Talk, home: House) -> None:
    await talk.say("set an alarm for 6:45 am every weekday")
    home.at[0] += timedelta(days=2)
    home.timers.alerts.claim(home.at[0])
    assert await talk.say("when is my next alarm") == "There is one alarm, every weekday at 6:45 AM."


async def test_one_that_was_for_an_hour_that_has_passed_is_for_the_next(talk: Talk, home: House) -> None:
    await talk.say("set an alarm for 7 am")
    await talk.say("turn my alarm off")
    home.at[0] += timedelta(days=3)
    assert await talk.say("turn my alarm back on") == "The alarm for tomorrow at 7 AM is on again."
    assert home.timers.alerts.all()[0].due_at == datetime(2026, 11, 28, 7, 0, tzinfo=BERLIN)


async def test_one_that_was_for_a_moment_that_is_over_stays_off(talk: Talk, home: House) -> None:
    await talk.say("set an alarm in ten minutes")
    await talk.say("turn my alarm off")
    home.at[0] += timedelta(hours=1)
    assert (await talk.result("turn my alarm back on")).outcome is Outcome.REFUSED
    assert not home.timers.alerts.all()[0].is_on


async def test_of_several_it_is_asked_which_to_switch(talk: Talk, home: House) -> None:
    await talk.say("set an alarm for 7 am every day called work")
    await talk.say("set an alarm for 9 am on saturday")
    assert (await talk.result("turn my alarm off")).outcome is Outcome.ASKED
    assert await talk.say("work") == "The alarm for every day at 7 AM is switched off."
    assert await talk.say("turn my alarm off") == "The alarm for Saturday at 9 AM is switched off."
    assert await talk.say("turn all my alarms back on") == "All 2 alarms are on again."
    assert await talk.say("turn my alarm back on") == "No alarm is switched off."


async def test_one_that_is_off_can_be_cancelled_and_counts(talk: Talk, home: House) -> None:
    await talk.say("set an alarm for 7 am every day")
    await talk.say("turn my alarm off")
    assert await talk.say("cancel my alarm for 7") == "The alarm for every day at 7 AM is cancelled."
    assert home.timers.alerts.all() == ()


@pytest.mark.parametrize("said", ["turn off the alarm", "turn the alarm off", "turn off my alarm", "stop the alarm"])
async def test_while_one_rings_that_ends_the_ring_alone(talk: Talk, home: House, said: str) -> None:
    alerts = home.timers.alerts
    await talk.say("set an alarm for 6:45 am every day")
    home.at[0] = datetime(2026, 11, 25, 6, 45, tzinfo=BERLIN)
    assert len(alerts.claim(home.at[0])) == 1
    assert await talk.say(said) == "Okay."
    assert [one.is_on for one in alerts.all()] == [True]
    # "Stop" is the turn's work, which does not run here.
    assert alerts.open_rings() == () or said == "stop the alarm"


async def test_what_is_snoozed_is_over_when_it_is_turned_off(talk: Talk, home: House) -> None:
    alerts = home.timers.alerts
    await talk.say("set an alarm for 6:45 am every day called work")
    home.at[0] = datetime(2026, 11, 25, 6, 45, tzinfo=BERLIN)
    alerts.claim(home.at[0])
    await talk.say("snooze")
    assert (await talk.say("turn off my work alarm")).endswith("is switched off.")
    assert (alerts.open_rings(), [one.is_on for one in alerts.all()]) == ((), [False])


async def test_a_reminder_that_comes_again_keeps_no_alarm_on(talk: Talk, home: House) -> None:
    alerts = home.timers.alerts
    await talk.say("remind me at 5 pm to feed the cat")
    await talk.say("set an alarm for 6:45 am every weekday")
    home.at[0] = datetime(2026, 11, 24, 17, 0, tzinfo=BERLIN)
    (claim,) = alerts.claim(home.at[0])
    alerts.snooze(claim.ring, until=home.at[0] + timedelta(minutes=10), is_repeat=True)
    assert await talk.say("turn my alarm off") == "The alarm for every weekday at 6:45 AM is switched off."
    assert len(alerts.open_rings()) == 1


@pytest.mark.parametrize(
    ("said", "reply", "place", "area"),
    [
        ("move my alarm to the bedroom", "The alarm for tomorrow at 7 AM rings in the bedroom now.", Place.ROOM, "Bedroom"),
        (
            "let my alarm ring in the living room",
            "The alarm for tomorrow at 7 AM rings in the living room now.",
            Place.ROOM,
            "Living Room",
        ),
        ("make my alarm ring everywhere", "The alarm for tomorrow at 7 AM rings in the whole house now.", Place.HOUSE, "Kitchen"),
    ],
)
async def test_where_an_alarm_rings_is_changed(talk: Talk, home: House, said: str, reply: str, place: Place, area: str) -> None:
    await talk.say("set an alarm for 7 am tomorrow")
    assert await talk.say(said) == reply
    (alarm,) = home.timers.alerts.all()
    assert (alarm.place, alarm.area) == (place, area)
    await talk.say("move my alarm to 8 am")
    (alarm,) = home.timers.alerts.all()
    assert (alarm.place, alarm.area) == (place, area)


async def test_a_usual_sound_is_that_of_new_alarms_and_of_no_other(talk: Talk, home: House) -> None:
    await talk.say("wake me at 6 am tomorrow")
    assert await talk.say("what is my usual alarm sound") == "New alarms ring with the usual tone."
    assert await talk.say("make birds my usual alarm sound") == (
        "New alarms ring with birds from now on; those that are set stay as they are."
    )
    assert await talk.say("wake me at 7 am tomorrow") == "Alarm set for tomorrow at 7 AM, with birds."
    assert await talk.say("wake me at 8 am tomorrow with waves") == "Alarm set for tomorrow at 8 AM, with waves."
    assert [one.sound for one in home.timers.alerts.all()] == ["tone", "birds", "waves"]
    assert await talk.say("set my usual alarm sound to the tone") == (
        "New alarms ring with the usual tone from now on; those that are set stay as they are."
    )
    assert (await talk.result("make trumpets my usual alarm sound")).outcome is Outcome.REFUSED
