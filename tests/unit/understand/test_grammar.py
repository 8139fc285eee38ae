"""Requests and what they mean in a small home."""

import time
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import TextError
from earwitness.domain.home import Home
from earwitness.domain.intent import Completeness, Context, Intent, SlotValue, Understanding
from earwitness.understand.grammar import Grammar
from tests.unit.understand.homes import SMALL, device

GARDEN: dict[str, SlotValue] = {"name": "Garden", "domain": "sensor", "device_class": "humidity"}
KITCHEN = Context(area="Kitchen")


@cache
def grammar() -> Grammar:
    return Grammar(SMALL)


def hear(text: str, context: Context = KITCHEN) -> Understanding:
    return grammar().understand(text, context=context)


@pytest.mark.parametrize(
    ("said", "intent", "slots"),
    [
        ("turn on the kitchen light", "HassTurnOn", {"name": "Kitchen Light"}),
        ("kitchen light off", "HassTurnOff", {"name": "Kitchen Light"}),
        ("turn off the kitchen lights", "HassTurnOff", {"area": "Kitchen", "domain": "light"}),
        ("turn on the lights", "HassTurnOn", {"area": "Kitchen", "domain": "light"}),
        ("turn on the counter light", "HassTurnOn", {"name": "Kitchen Counter Light"}),
        ("turn off all the lights", "HassTurnOff", {"domain": "light"}),
        ("turn on the lights in the lounge", "HassTurnOn", {"area": "Living Room", "domain": "light"}),
        ("turn off the lights on the first floor", "HassTurnOff", {"floor": "First Floor", "domain": "light"}),
        ("turn on plug two", "HassTurnOn", {"name": "Plug 2"}),
        ("switch the television off", "HassTurnOff", {"name": "TV"}),
        ("toggle the bedside lamp", "HassToggle", {"name": "Bed Light"}),
        ("set bed light to 50%", "HassLightSet", {"name": "Bed Light", "brightness": 50}),
        ("set the bed light to fifty percent", "HassLightSet", {"name": "Bed Light", "brightness": 50}),
        ("make the lights red", "HassLightSet", {"area": "Kitchen", "color": "red"}),
        ("make the bed light warm white", "HassLightSet", {"name": "Bed Light", "temperature": 2700}),
        ("lock the front door", "HassTurnOn", {"name": "Front Door"}),
        ("unlock the front door", "HassTurnOff", {"name": "Front Door"}),
        ("is the front door locked?", "HassGetState", {"name": "Front Door", "state": "locked", "domain": "lock"}),
        ("open the blinds in the bedroom", "HassTurnOn", {"name": "Blinds", "area": "Bedroom"}),
        ("set the blinds to 30 percent", "HassSetPosition", {"name": "Blinds", "position": 30, "domain": "cover"}),
        ("what is the temperature in the bedroom", "HassClimateGetTemperature", {"area": "Bedroom"}),
        ("set the thermostat to 20.5 degrees", "HassClimateSetTemperature", {"name": "Thermostat", "temperature": 20.5}),
        ("set a timer for 5 minutes", "HassStartTimer", {"minutes": 5}),
        ("set a timer for one hour and thirty seconds", "HassStartTimer", {"hours": 1, "seconds": 30}),
        ("set a 120 minute timer", "HassStartTimer", {"minutes": 120}),
        ("start a 10 minute timer called pasta", "HassStartTimer", {"minutes": 10, "name": "pasta"}),
        ("set a ten minute timer in the bedroom", "HassStartTimer", {"minutes": 10, "area": "Bedroom"}),
        ("set a timer in the lounge for ten minutes", "HassStartTimer", {"minutes": 10, "area": "Living Room"}),
        ("set a timer for ten minutes in the bedroom", "HassStartTimer", {"minutes": 10, "area": "Bedroom"}),
        ("set a 5 minute pasta timer in the bedroom", "HassStartTimer", {"minutes": 5, "name": "pasta", "area": "Bedroom"}),
        ("set a pasta timer for 5 minutes in the bedroom", "HassStartTimer", {"minutes": 5, "name": "pasta", "area": "Bedroom"}),
        ("start a 5 minute timer called tea everywhere", "HassStartTimer", {"minutes": 5, "name": "tea", "everywhere": "house"}),
        ("set a timer for ten minutes in the whole house", "HassStartTimer", {"minutes": 10, "everywhere": "house"}),
        ("cancel the timer", "HassCancelTimer", {}),
        ("cancel all timers", "HassCancelAllTimers", {}),
        ("resume the timer", "HassUnpauseTimer", {}),
        ("add two minutes to the timer", "HassIncreaseTimer", {"minutes": 2}),
        ("how much time is left", "HassTimerStatus", {}),
        ("what time is it", "HassGetCurrentTime", {}),
        ("what's the date today", "HassGetCurrentDate", {}),
        ("add eggs and milk to the shopping list", "HassShoppingListAddItem", {"item": "eggs and milk"}),
        ("put call mum on my to do list", "HassListAddItem", {"item": "call mum", "name": "to-do"}),
        ("next song", "HassMediaNext", {"area": "Kitchen"}),
        ("set the volume on the tv to 20", "HassSetVolume", {"name": "TV", "volume_level": 20}),
        ("turn it up", "HassSetVolumeRelative", {"volume_step": "up", "area": "Kitchen"}),
        ("dim the bed light", "HassLightSet", {"name": "Bed Light", "brightness": 30}),
        ("what's on the shopping list", "HassShoppingListLastItems", {}),
        ("clear my to-do list", "HassListClear", {"name": "to-do"}),
        ("mute the tv", "HassMediaPlayerMute", {"name": "TV"}),
        ("movie night", "HassTurnOn", {"name": "Movie Night", "domain": "scene"}),
        ("never mind", "HassNevermind", {}),
        ("stop", "Stop", {}),
        ("turn everything off", "HassTurnOff", {"name": "all"}),
        (
            "is the hallway motion triggered",
            "HassGetState",
            {"name": "Hallway Motion", "state": "on", "domain": "binary_sensor", "device_class": "motion"},
        ),
        (
            "what is the humidity in the garden",
            "HassGetState",
            {"name": "Garden", "domain": "sensor", "device_class": "humidity"},
        ),
    ],
)
def test_understands(said: str, intent: str, slots: dict[str, SlotValue]) -> None:
    heard = hear(said)
    assert heard.intent is not None, heard.reason
    assert (heard.intent.name, dict(heard.intent.slots)) == (intent, slots)


def test_courtesy_and_the_wake_word_change_nothing() -> None:
    plain = hear("turn off the kitchen light").intent
    assert hear("Okay Nabu, could you please turn off the kitchen light? Thanks!").intent == plain


def test_a_name_in_two_rooms_means_the_one_in_this_room() -> None:
    assert hear("turn on the lamp", Context(area="Bedroom")).intent == Intent(
        name="HassTurnOn", slots={"name": "Lamp", "area": "Bedroom"}
    )
    elsewhere = hear("turn on the lamp", KITCHEN).intent
    assert elsewhere is not None
    assert "area" not in elsewhere.slots


def test_without_a_room_a_request_has_no_area() -> None:
    assert hear("turn on the lights", Context()).intent == Intent(name="HassTurnOn", slots={"domain": "light"})


@pytest.mark.parametrize(
    ("said", "response"),
    [
        ("are any lights on", "any"),
        ("which lights are on", "which"),
        ("how many lights are on", "how_many"),
        ("is the tv on", ""),
    ],
)
def test_a_question_says_which_answer_it_wants(said: str, response: str) -> None:
    heard = hear(said)
    assert (heard.intent.response if heard.intent else "") == response


@pytest.mark.parametrize("said", ["", "  ", "Hey Jarvis.", "Okay, Nabu", "Alexa", "um", "hey, um ..."])
def test_a_wake_word_alone_waits_for_the_request(said: str) -> None:
    heard = hear(said)
    assert (heard.intent, heard.completeness, heard.reason) == (None, Completeness.ABSENT, "There were no words.")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("turn on the ferret cage", "I know no device called ferret cage."),
        ("turn on the light in the attic", "I know no room called attic."),
        ("sing about ferrets and weasels", "I know no sentence like this."),
        ("lock the kitchen light", "I cannot do that with kitchen light."),
        ("turn on the bed light and lock the front door", "I can do only one thing at a time."),
    ],
)
def test_says_why_it_does_not_understand(said: str, reason: str) -> None:
    heard = hear(said)
    assert heard.intent is None
    assert heard.completeness is Completeness.UNKNOWN
    assert heard.reason == reason


def test_what_is_done_later_must_be_a_request() -> None:
    later = hear("turn off the lights in 5 minutes").intent
    assert later is not None
    assert later.slots == {"conversation_command": "turn off the lights", "minutes": 5}
    weather = hear("what will the weather be in 5 minutes").intent
    assert weather is not None
    assert weather.name == "AskQuestion"


@pytest.mark.quiet
def test_text_that_is_too_long_is_refused_at_once() -> None:
    hear("stop")  # the grammar is built now
    started = time.perf_counter()
    with pytest.raises(TextError):
        hear("turn on the light " * 6_000)
    assert time.perf_counter() - started < 0.5


@pytest.mark.quiet
@pytest.mark.parametrize(
    "said",
    [
        "play " * 79,
        "add a to my list " * 15,
        "in 5 minutes " * 26,
        "set a timer called " + "for 5 minutes " * 25,
        "on the tv " * 26,
        "{name} <the> [a|b] ((" * 15,
        "five " * 79,
        "x" * 1000,
        "turn " + "on off " * 39,
    ],
)
def test_hostile_text_takes_bounded_time(said: str) -> None:
    grammar()
    started = time.process_time()
    hear(said)
    assert time.process_time() - started < 1.0


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_understood_or_refused(text: str) -> None:
    heard = hear(text)
    assert heard.reason
    assert heard.intent is not None or heard.completeness is not Completeness.COMPLETE


@pytest.mark.parametrize(
    ("said", "is_known", "is_closed"),
    [
        ("turn on the kitchen light", True, True),
        ("add plums to my shopping list", True, False),
        ("set a pasta timer for five minutes", True, False),
        ("sing about ferrets", False, False),
    ],
)
def test_free_words_are_no_evidence(said: str, is_known: bool, is_closed: bool) -> None:
    home_grammar = grammar()
    assert (home_grammar.knows(said), home_grammar.is_closed(said)) == (is_known, is_closed)


def test_the_same_text_means_the_same() -> None:
    assert hear("turn on the kitchen light") == Grammar(SMALL).understand("turn on the kitchen light", context=KITCHEN)


def test_names_with_template_syntax_are_only_names() -> None:
    home = Home(name="odd", is_simulated=True, devices=(device("Lamp [big] (new)", "light"),))
    heard = Grammar(home).understand("turn on lamp [big] (new)", context=Context())
    assert heard.intent == Intent(name="HassTurnOn", slots={"name": "Lamp [big] (new)"})


def test_an_empty_home_still_tells_the_time() -> None:
    heard = Grammar(Home(name="empty", is_simulated=True)).understand("what time is it", context=Context())
    assert heard.intent == Intent(name="HassGetCurrentTime")


def test_hints_are_the_names_of_the_home() -> None:
    assert {"Kitchen Light", "bedside lamp", "lounge", "to-do"} <= set(grammar().hints())
