"""Every intent of the sentences is carried out or politely refused; what is foreseen is what is said."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import home_assistant_intents
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.turn import Outcome
from earwitness.skills.registry import WISHES
from tests.unit.skills.houses import HOME, NOW, House, TroubledHome, house


def known_intents() -> list[str]:
    folder = Path(home_assistant_intents.__file__).parent
    return sorted(json.loads((folder / "data" / "en.json").read_text(encoding="utf-8"))["intents"])


@pytest.mark.parametrize("name", known_intents())
def test_every_intent_of_home_assistant_is_done_or_refused_in_words(home: House, name: str) -> None:
    is_done = name in home.skills.intents
    assert is_done != (name in WISHES)
    if not is_done:
        result = home.do(name)
        assert (result.outcome, result.reply) == (
            Outcome.REFUSED,
            f"I understood that you want to {WISHES[name]}, but I cannot do that yet.",
        )
        assert home.foresee(name) == result.reply


def test_an_intent_that_nobody_knows_is_refused(home: House) -> None:
    assert home.say("HassBrewBeer") == 'I understood that you want to use "brew beer", but I cannot do that yet.'


@pytest.mark.parametrize(
    ("hour", "minute", "reply"),
    [(15, 7, "It is 3:07 PM."), (0, 0, "It is 12 AM."), (12, 30, "It is 12:30 PM."), (9, 0, "It is 9 AM.")],
)
def test_the_time(home: House, hour: int, minute: int, reply: str) -> None:
    home.at[0] = NOW.replace(hour=hour, minute=minute)
    assert home.foresee("HassGetCurrentTime") == home.say("HassGetCurrentTime") == reply


def test_the_date(home: House) -> None:
    assert home.foresee("HassGetCurrentDate") == home.say("HassGetCurrentDate") == "It is Tuesday, November 24, 2026."
    home.at[0] = NOW + timedelta(days=7)
    assert home.say("HassGetCurrentDate") == "It is Tuesday, December 1, 2026."


@pytest.mark.parametrize("name", ["HassNevermind", "Stop"])
def test_never_mind(home: House, name: str) -> None:
    result = home.do(name)
    assert (result.outcome, result.reply, home.foresee(name)) == (Outcome.CANCELLED, "Okay.", "Okay.")


def test_greeting_by_what_was_asked(home: House) -> None:
    assert home.say("HassRespond") == "Hello."
    assert home.say("HassRespond", response="listening").startswith("No.")
    assert home.foresee("HassRespond", response="data") == home.say("HassRespond", response="data")


names = st.sampled_from([*HOME.names(), "all", "Sauna", "pasta", ""])
slots = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "area": st.sampled_from([*(area.name for area in HOME.areas), "Attic"]),
        "floor": st.sampled_from(["First Floor", "Upstairs", "Roof"]),
        "domain": st.sampled_from(["light", "lock", "cover", "fan", "switch", "media_player", "sensor", "climate", "vacuum"]),
        "device_class": st.sampled_from(["blind", "garage", "motion"]),
        "state": st.sampled_from(["on", "off", "locked", "open"]),
        "brightness": st.integers(-5, 110),
        "position": st.integers(-5, 110),
        "percentage": st.integers(-5, 110),
        "volume_level": st.integers(-5, 110),
        "volume_step": st.sampled_from(["up", "down", 5, -5]),
        "temperature": st.sampled_from([19, 20.5, 72, 2700]),
        "color": st.sampled_from(["red", "blue"]),
        "hours": st.integers(0, 3),
        "minutes": st.integers(0, 90),
        "start_minutes": st.integers(1, 10),
        "item": st.sampled_from(["apples", "apples and milk", "x"]),
    },
)
contexts = st.builds(Context, area=st.none() | st.sampled_from([area.name for area in HOME.areas]))
ALL_INTENTS = sorted({*known_intents(), "HassToggle", "HassShoppingListLastItems", "HassListRead", "HassListClear"})
intents = st.builds(
    Intent,
    name=st.sampled_from(ALL_INTENTS),
    slots=slots,
    response=st.sampled_from(["", "any", "all", "which", "how_many", "one", "one_yesno"]),
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house(tmp_path_factory.mktemp("house"))


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(intent=intents, context=contexts)
def test_what_is_foreseen_is_what_is_said(lasting: House, intent: Intent, context: Context) -> None:
    before = (lasting.link.snapshot(), lasting.timers.all(), lasting.lists.items("shopping list"))
    foreseen = lasting.skills.foresee(intent, context=context)
    assert (lasting.link.snapshot(), lasting.timers.all(), lasting.lists.items("shopping list")) == before
    result = asyncio.run(lasting.skills.perform(intent, context=context))
    assert foreseen in (None, result.reply)
    assert result.outcome is not Outcome.FAILED
    assert result.reply[-1] in ".?"
    assert result.reply[0] == result.reply[0].upper()
    assert (result.asks is not None) == (result.outcome is Outcome.ASKED)
    if result.outcome is not Outcome.DONE:
        assert (lasting.link.snapshot(), lasting.timers.all(), lasting.lists.items("shopping list")) == before


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(intent=intents, context=contexts)
def test_nothing_is_claimed_of_a_home_that_does_nothing(
    tmp_path_factory: pytest.TempPathFactory, intent: Intent, context: Context
) -> None:
    everything = frozenset(device.name for device in HOME.devices)
    link = TroubledHome(HOME, broken=everything)
    place = house(tmp_path_factory.mktemp("broken"), link=link)
    result = asyncio.run(place.skills.perform(intent, context=context))
    place.timers.alerts.database.close()
    if link.asked:
        assert result.outcome is Outcome.FAILED
        assert "could not be changed" in result.reply


def test_slots_of_any_kind_never_raise(home: House) -> None:
    odd: list[SlotValue] = ["", " ", "x" * 5000, -1, 1e308, float("nan"), True, "\u2603"]
    for name in home.skills.intents:
        for slot in ("name", "area", "floor", "minutes", "item", "brightness", "temperature", "state"):
            for value in odd:
                given: dict[str, Any] = {slot: value}
                assert home.do(name, **given).reply
