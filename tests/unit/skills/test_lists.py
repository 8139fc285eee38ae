"""Lists: several things at once, without doubles; only what is there is checked off."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.lists import split_items
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import House
from tests.unit.skills.talking import Talk
from tests.unit.understand.homes import SMALL


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
    home.say("HassShoppingListAddItem", item="bread and jam")
    assert home.say("HassListClear", name="shopping list") == "Cleared 3 items from the shopping list: bread and jam."


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


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(SMALL)


class Learning(Talk):
    """A talk whose grammar learns the names of lists, as the running house's does."""

    known: tuple[str, ...] = SMALL.lists

    async def result(self, text: str) -> SkillResult:
        names = self.house.lists.names(SMALL.lists)
        if names != self.known:
            self.grammar, self.known = Grammar(replace(SMALL, lists=names)), names
        return await super().result(text)


async def test_a_list_of_ones_own_lives_from_its_name_to_its_end(home: House, grammar: Grammar) -> None:
    talk = Learning(house=home, grammar=grammar)
    assert await talk.say("create a list called camping") == "There is a camping list now."
    assert await talk.say("add tent and stove to the camping list") == "Added tent and stove to the camping list."
    assert await talk.say("how many things are on the camping list") == "There are 2 things on the camping list."
    told = "There is the shopping list with no things, the to-do list with no things and the camping list with 2 things."
    assert await talk.say("what lists do I have") == told
    assert await talk.say("rename the camping list to holiday") == "The camping list is the holiday list now."
    assert await talk.say("take tent and stove off the holiday list") == "Took tent and stove off the holiday list."
    await talk.say("add rope to the holiday list")
    assert await talk.say("delete the holiday list") == "On the holiday list: rope. Delete it?"
    assert await talk.say("no") == "All right, it stays."
    await talk.say("delete the holiday list")
    assert await talk.say("yes") == "The holiday list is deleted."
    assert home.lists.names() == ()


async def test_a_list_that_nobody_knows_is_made_if_that_is_meant(home: House, grammar: Grammar) -> None:
    talk = Learning(house=home, grammar=grammar)
    assert await talk.say("add balloons to the party list") == "There is no party list. Shall I make one?"
    assert await talk.say("no") == "All right, nothing was added."
    await talk.say("add balloons to the party list")
    assert await talk.say("yes") == "Made the party list with balloons."
    assert await talk.say("what is on the party list") == "On the party list: balloons."


async def test_the_lists_of_the_home_stay(home: House, grammar: Grammar) -> None:
    talk = Learning(house=home, grammar=grammar)
    assert (await talk.result("delete the to-do list")).outcome is Outcome.REFUSED
    assert await talk.say("create a list called to do") == "There is the to-do list already."
    assert await talk.say("make a new list") == "What is it called?"
    assert await talk.say("books") == "There is a books list now."
