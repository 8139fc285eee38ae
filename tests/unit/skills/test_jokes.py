"""Jokes: fresh ones, another one, and none twice within a month."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from earwitness.domain.account import AccountRole
from earwitness.domain.intent import Before, Context, Intent
from earwitness.domain.person import Person
from earwitness.domain.turn import Outcome
from earwitness.people.household import Household
from earwitness.skills.interface import UnfulfillableError
from earwitness.skills.jokes import JokeSkill, family, grown_up, programmers
from earwitness.storage.database import Database
from tests.unit.skills.houses import NOW, Kept

ONE = Intent(name="TellJoke")


async def test_none_is_told_twice_within_a_month_and_all_again_after_it() -> None:
    at, kept = [NOW], Kept()
    skill = JokeSkill(kept, clock=lambda: at[0], choose=lambda jokes: jokes[-1])
    told: dict[str, datetime] = {}
    for _ in family():
        joke = (await skill.perform(ONE, context=Context())).reply
        assert joke not in told
        told[joke] = at[0]
        at[0] += timedelta(hours=6)
    with pytest.raises(UnfulfillableError) as stopped:
        await skill.perform(ONE, context=Context())
    assert "I have one again in" in stopped.value.result.reply
    at[0] = min(told.values()) + timedelta(days=31)
    assert (await skill.perform(ONE, context=Context())).reply == next(iter(told))


async def test_another_one_is_of_the_same_kind_and_only_after_a_joke() -> None:
    skill = JokeSkill(Kept(), clock=lambda: NOW, choose=lambda jokes: jokes[0])
    geek = Intent(name="TellJoke", slots={"kind": "programmer"})
    first = (await skill.perform(geek, context=Context())).reply
    before = Before(transcript="", reply=first, outcome="answered", reason="", intent=geek)
    second = (await skill.perform(Intent(name="AnotherOne"), context=Context(before=before))).reply
    assert first != second
    assert {first, second} <= set(programmers())
    with pytest.raises(UnfulfillableError, match="refused"):
        await skill.perform(Intent(name="AnotherOne"), context=Context())


def test_there_are_enough_for_two_a_day_and_children_may_hear_them() -> None:
    assert len(set(family())) == len(family()) >= 62
    assert all(len(joke) < 120 for joke in family())
    assert len(programmers()) > 50
    assert not any(word in joke.casefold() for joke in (*family(), *programmers()) for word in ("damn", "beer", "sex"))
    assert not set(grown_up()) & set(programmers())


async def test_other_jokes_are_told_where_the_household_wants_them_and_never_to_children(tmp_path: Path) -> None:
    grown = Intent(name="TellJoke", slots={"kind": "grown_up"})
    with closing(Database(tmp_path / "household.db", chain="household")) as database:
        customs = Household(database, clock=lambda: NOW)
        tim = Person(
            person_id="t",
            name="Tim",
            alias="a",
            created_at=NOW,
            restricted_at=None,
            saw_listens_at=NOW,
            is_told_aloud=False,
            role=AccountRole.CHILD,
        )
        skill = JokeSkill(Kept(), clock=lambda: NOW, choose=lambda jokes: jokes[-1], customs=customs, people=lambda: [tim])
        with pytest.raises(UnfulfillableError) as stopped:
            await skill.perform(grown, context=Context())
        assert "on the page Household" in stopped.value.result.reply
        assert (await skill.perform(ONE, context=Context())).reply in family()
        customs.change(name="Villa", has_family_jokes=False)
        assert (await skill.perform(grown, context=Context())).reply in grown_up()
        assert (await skill.perform(ONE, context=Context())).reply in grown_up(), "they are among all others"
        assert (await skill.perform(ONE, context=Context(person_id="t"))).reply in family()
        with pytest.raises(UnfulfillableError, match="refused"):
            await skill.perform(grown, context=Context(person_id="t"))


async def test_an_owner_sets_the_family_filter_by_voice_and_nobody_else(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "household.db", chain="household")) as database:
        customs = Household(database, clock=lambda: NOW)
        ann, ben = (
            Person(
                person_id=name,
                name=name,
                alias=name,
                created_at=NOW,
                restricted_at=None,
                saw_listens_at=NOW,
                is_told_aloud=False,
                role=role,
            )
            for name, role in (("Ann", AccountRole.OWNER), ("Ben", AccountRole.ADULT))
        )
        people = [ann, ben]
        skill = JokeSkill(Kept(), clock=lambda: NOW, choose=lambda jokes: jokes[-1], customs=customs, people=lambda: people)
        any_joke = Intent(name="ChooseJokes", slots={"jokes": "any"})
        for person_id in (None, "Ben"):
            with pytest.raises(UnfulfillableError, match="refused"):
                await skill.perform(any_joke, context=Context(person_id=person_id))
        assert customs.has_family_jokes
        assert (await skill.perform(any_joke, context=Context(person_id="Ann"))).outcome is Outcome.DONE
        assert not customs.has_family_jokes
        family_alone = Intent(name="ChooseJokes", slots={"jokes": "family"})
        assert (await skill.perform(family_alone, context=Context(person_id="Ann"))).outcome is Outcome.DONE
        assert customs.has_family_jokes
