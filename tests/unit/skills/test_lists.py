"""Lists: several things at once, without doubles; only what is there is checked off."""

from collections.abc import Mapping
from typing import Any

import pytest

from earwitness.domain.turn import Outcome
from earwitness.skills.lists import split_items
from tests.unit.skills.houses import House


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ("apples", ("apples",)),
        ("apples and milk", ("apples", "milk")),
        ("apples, milk and bread", ("apples", "milk", "bread")),
        ("apples, milk, and bread", ("apples", "milk", "bread")),
        ("salt and pepper", ("salt and pepper",)),
        ("milk and mac and cheese and bread", ("milk", "mac and cheese", "bread")),
        ("sand and a candle", ("sand", "a candle")),
        ("apples and Apples", ("apples",)),
        ("", ()),
        (" , and ", ()),
    ],
)
def test_splitting(said: str, items: tuple[str, ...]) -> None:
    assert split_items(said) == items


def test_a_list_from_empty_to_empty(home: House) -> None:
    assert home.foresee("HassShoppingListAddItem", item="apples") == "Added apples to the shopping list."
    assert home.say("HassShoppingListLastItems") == "There is nothing on the shopping list."
    assert home.say("HassShoppingListAddItem", item="apples") == "Added apples to the shopping list."
    assert home.say("HassShoppingListAddItem", item="Apples") == "Apples is already on the shopping list."
    assert home.say("HassShoppingListAddItem", item="apples and milk") == "Added milk to the shopping list."
    assert home.say("HassShoppingListLastItems") == "On the shopping list: apples and milk."
    assert home.say("HassShoppingListCompleteItem", item="apple") == "Checked off apples on the shopping list."
    assert home.say("HassShoppingListCompleteItem", item="apples") == "I did not find apples on the shopping list."
    assert home.say("HassListRemoveItem", item="milk", name="shopping") == "Took milk off the shopping list."
    assert home.say("HassShoppingListLastItems") == "There is nothing on the shopping list."
    assert home.say("HassListClear", name="shopping list") == "Cleared 1 item from the shopping list."


@pytest.mark.parametrize("name", ["to-do", "to do list", "todo", "To-Dos", "my to do list"])
def test_lists_are_found_however_they_are_said(home: House, name: str) -> None:
    assert home.say("HassListAddItem", item="call home", name=name) == "Added call home to the to-do list."
    assert home.say("HassListRead", name="to-do") == "On the to-do list: call home."


@pytest.mark.parametrize(
    ("intent", "slots", "outcome", "reply"),
    [
        (
            "HassListAddItem",
            {"item": "x", "name": "party"},
            Outcome.REFUSED,
            "There is no list called party; there is the shopping list and the to-do list.",
        ),
        ("HassShoppingListAddItem", {}, Outcome.ASKED, "What should I put there?"),
        ("HassShoppingListCompleteItem", {}, Outcome.ASKED, "Which item?"),
        ("HassListRemoveItem", {"item": "x", "name": "to-do"}, Outcome.REFUSED, "I did not find x on the to-do list."),
    ],
)
def test_what_cannot_be_done(home: House, intent: str, slots: Mapping[str, Any], outcome: Outcome, reply: str) -> None:
    result = home.do(intent, **slots)
    assert (result.outcome, result.reply) == (outcome, reply)


def test_nothing_is_checked_off_when_one_of_several_is_missing(home: House) -> None:
    home.do("HassShoppingListAddItem", item="apples and milk")
    assert home.say("HassShoppingListCompleteItem", item="apples and pears") == "I did not find pears on the shopping list."
    assert home.say("HassShoppingListLastItems") == "On the shopping list: apples and milk."


def test_a_thing_with_and_in_its_name_is_found(home: House) -> None:
    home.lists.add("shopping list", texts=["bangers and mash"], now=home.at[0])
    assert (
        home.say("HassShoppingListCompleteItem", item="bangers and mash") == "Checked off bangers and mash on the shopping list."
    )


def test_a_long_list_is_cut_short(home: House) -> None:
    home.do("HassShoppingListAddItem", item=", ".join(f"thing {number}" for number in range(15)))
    assert home.say("HassShoppingListLastItems").endswith("thing 11 and 3 more.")
