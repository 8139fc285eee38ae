"""Routines by the API: made as they are said, switched off, forgotten, each by who may."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from earwitness.domain.account import AccountRole
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

PATH = "/api/v1/routines"
SAID = {"said": "When I say movie time, turn off the ceiling light and close the garage door."}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture
def owner(house: KeptHouse) -> TestClient:
    return house.client(house.people.add("Olga", passphrase=PASSPHRASE))


def test_a_routine_is_made_told_switched_off_and_forgotten(house: KeptHouse, owner: TestClient) -> None:
    made = owner.post(PATH, json=SAID)
    assert made.status_code == 201, made.text
    (one,) = made.json()["routines"]
    assert (one["when"], one["made_by"], one["is_on"]) == ('When you say "movie time"', "Olga", True)
    assert one["steps"] == ["turn off the ceiling light", "close the garage door"]
    changed = owner.patch(f"{PATH}/{one['id']}", json={"is_on": False}).json()["routines"]
    assert changed[0]["is_on"] is False
    assert owner.delete(f"{PATH}/{one['id']}").status_code == 204
    assert house.relearned
    assert owner.get(PATH).json() == {"routines": []}
    assert owner.delete(f"{PATH}/{one['id']}").json()["code"] == "skill.unknown"


@pytest.mark.parametrize("said", ["turn off the ceiling light", "when I say movie time brew beer", "brew beer"])
def test_what_is_none_is_refused_in_a_sentence(owner: TestClient, said: str) -> None:
    answer = owner.post(PATH, json={"said": said})
    assert (answer.status_code, answer.json()["code"]) == (409, "skill.refused")
    assert owner.get(PATH).json() == {"routines": []}


def test_who_may_change_whose(house: KeptHouse, owner: TestClient) -> None:
    olga = house.people.named("Olga")
    kim = house.client(house.people.add("Kim", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=olga.person_id))
    guest = house.client(house.people.add("Gus", passphrase=PASSPHRASE, role=AccountRole.GUEST))
    (one,) = owner.post(PATH, json=SAID).json()["routines"]
    path = f"{PATH}/{one['id']}"
    assert guest.get(PATH).status_code == 200
    assert guest.post(PATH, json=SAID).status_code == 403
    assert kim.delete(path).status_code == guest.patch(path, json={"is_on": False}).status_code == 403
    answer = kim.post(PATH, json={"said": "when I say hobby hour, turn on the ceiling light"})
    assert answer.status_code == 201, answer.text
    own = next(one for one in answer.json()["routines"] if one["made_by"] == "Kim")
    assert kim.delete(f"{PATH}/{own['id']}").status_code == 204


def test_the_list_says_why_one_does_not_run(house: KeptHouse, owner: TestClient) -> None:
    ben = house.people.add("Ben", passphrase=PASSPHRASE, role=AccountRole.ADULT)
    made = house.client(ben).post(PATH, json=SAID).json()["routines"]
    assert [one["why_idle"] for one in made] == [""]
    house.people.change_role(ben.person_id, AccountRole.GUEST)
    (one,) = owner.get(PATH).json()["routines"]
    assert (one["made_by"], one["is_on"]) == ("Ben", True)
    assert one["why_idle"] == "Ben made it and may have no routines any more, so it does not run."
    house.people.change_role(ben.person_id, AccountRole.ADULT)
    house.people.suspend(ben.person_id)
    (one,) = owner.get(PATH).json()["routines"]
    assert one["why_idle"] == "Ben made it and is suspended, so it does not run."
    house.people.restore(ben.person_id)
    (one,) = owner.get(PATH).json()["routines"]
    assert one["why_idle"] == ""


def test_a_form_makes_and_changes_one_and_asks_what_is_unclear(house: KeptHouse, owner: TestClient) -> None:
    given = {"when": "when I say movie time", "steps": ["turning off the ceiling light"], "name": "Cinema"}
    made = owner.post(PATH, json=given)
    assert made.status_code == 201, made.text
    (one,) = made.json()["routines"]
    assert (one["name"], one["steps"], one["when_words"]) == ("cinema", ["turn off the ceiling light"], "when I say movie time")
    path = f"{PATH}/{one['id']}"
    steps = ["close the garage door", "turn off the ceiling light"]
    (one,) = owner.patch(path, json={"steps": steps, "when": one["when_words"], "name": ""}).json()["routines"]
    assert (one["steps"], one["name"], one["when"]) == (steps, "", 'When you say "movie time"')
    asked = owner.patch(path, json={"when": "at seven"}).json()
    assert asked["question"]["text"] == "Seven in the morning or in the evening?"
    asked = owner.patch(path, json={"when": "at 7 am"}).json()
    assert (asked["question"]["text"], asked["routines"][0]["when_words"]) == ("On which days?", "when I say movie time")
    (one,) = owner.patch(path, json={"when": asked["question"]["choices"][1]}).json()["routines"]
    assert one["when"] == "Every weekday at 7 AM"
    (one,) = owner.patch(path, json={"when": "8 am"}).json()["routines"]
    assert one["when"] == "Every weekday at 8 AM", "a mere hour keeps the days"
    (one,) = owner.patch(path, json={"when": "when the garage door opens"}).json()["routines"]
    assert one["when_words"] == "when the garage door is open"
    for wrong in ({"steps": ["brew beer"]}, {"when": "when I say stop"}, {"steps": ["movie time", "read my messages"]}):
        answer = owner.patch(path, json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (409, "skill.refused")
    assert owner.post(PATH, json={"when": "at 7 am", "steps": ["close the garage door"]}).json()["question"]
    assert owner.post(PATH, json={"when": "at 7 am"}).status_code == 422


def test_each_sentence_of_a_form_is_checked_and_nothing_kept(owner: TestClient) -> None:
    def checked(**given: str) -> tuple[bool, str]:
        answer = owner.post(f"{PATH}/check", json=given).json()
        return answer["is_fine"], answer["told"]

    assert checked(when="every weekday at seven am") == (True, "Every weekday at 7 AM.")
    assert checked(when="when I say movie time") == (True, 'When you say "movie time".')
    assert checked(when="when I say stop") == (False, '"stop" means something already.')
    assert checked(when="at seven") == (False, "Seven in the morning or in the evening?")
    assert checked(step="closing the garage door") == (True, "close the garage door")
    assert checked(step="brew beer") == (False, 'I did not understand what is to be done: "brew beer".')
    assert checked(step="when I say yes turn off the ceiling light") == (
        False,
        '"when I say yes turn off the ceiling light" cannot be a step of a routine.',
    )
    assert owner.get(PATH).json() == {"routines": []}


def test_who_lets_somebody_elses_do_more_is_who_it_acts_as(house: KeptHouse, owner: TestClient) -> None:
    (one,) = owner.post(PATH, json=SAID).json()["routines"]
    path = f"{PATH}/{one['id']}"
    ben = house.client(house.people.add("Ben", passphrase=PASSPHRASE, role=AccountRole.ADULT))
    (same,) = ben.patch(path, json={"name": "cinema", "steps": one["steps"][:1]}).json()["routines"]
    assert same["made_by"] == "Olga"
    (more,) = ben.patch(path, json={"steps": [*same["steps"], "turn on the counter light"]}).json()["routines"]
    assert more["made_by"] == "Ben"
