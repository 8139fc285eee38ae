"""What is confirmed before it is done, by the API: seen and chosen by whoever runs the household, on record."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.account import AccountEvent
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

PATH = "/api/v1/confirmations"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


def rule(found: dict[str, Any], act: str, speaker: str) -> dict[str, Any]:
    return next(one for one in found["rules"] if (one["act"], one["speaker"]) == (act, speaker))


def test_rules_are_chosen_and_taken_back_and_noted(house: KeptHouse) -> None:
    olga = house.people.add("Olga", passphrase=PASSPHRASE)
    owner = house.client(olga)
    found = owner.get(PATH).json()
    assert rule(found, "call", "adult") | {"act": 0, "speaker": 0} == {
        "act": 0,
        "speaker": 0,
        "is_fixed": False,
        "confirmation": "read_back",
        "default": "read_back",
    }
    assert [one["name"] for one in found["devices"]] == ["Front Door"]
    chosen = owner.put(PATH, json={"act": "call", "speaker": "adult", "confirmation": "none"}).json()
    assert rule(chosen, "call", "adult")["confirmation"] == "none"
    chosen = owner.put(PATH, json={"act": "delete_everything", "speaker": "owner", "confirmation": "none"}).json()
    assert rule(chosen, "delete_everything", "owner")["confirmation"] == "ask"
    assert rule(chosen, "delete_everything", "owner")["is_fixed"]
    chosen = owner.put(PATH, json={"device_id": "lock.front_door", "confirmation": "refuse"}).json()
    assert chosen["devices"][0]["confirmation"] == "refuse"
    back = owner.put(PATH, json={"act": "call", "speaker": "adult", "confirmation": None}).json()
    assert rule(back, "call", "adult")["confirmation"] == "read_back"
    assert owner.put(PATH, json={"act": "fly", "speaker": "owner", "confirmation": "none"}).status_code == 422
    log = house.people.accounts.entries(olga.person_id)
    assert sum(one.what is AccountEvent.CONFIRMATIONS_CHANGED for one in log) == 4


def test_rules_of_single_people_are_seen_and_taken_back(house: KeptHouse) -> None:
    olga = house.people.add("Olga", passphrase=PASSPHRASE)
    tim = house.people.add("Tim", passphrase=PASSPHRASE)
    owner = house.client(olga)
    found = owner.get(PATH).json()
    assert [one["name"] for one in found["people"]] == ["Olga", "Tim"]
    assert [one["name"] for one in found["things"]] == ["Front Door, Hall", "Lamp, Hall"]
    assert found["own"] == []
    door = {"device_id": "lock.front_door", "act": "unlock", "person_id": tim.person_id}
    owner.put(PATH, json={"device_id": "lock.front_door", "speaker": "child", "confirmation": "ask"})
    chosen = owner.put(PATH, json=door | {"confirmation": "refuse"}).json()
    assert [(one["person_id"], one["act"], one["device"], one["speaker"], one["confirmation"]) for one in chosen["own"]] == [
        (tim.person_id, "unlock", "Front Door", None, "refuse"),
        (None, None, "Front Door", "child", "ask"),
    ]
    assert [one["name"] for one in chosen["devices"]] == ["Front Door"]
    chosen = owner.put(PATH, json={"device_id": "light.lamp", "confirmation": "none"}).json()
    assert {one["name"]: one["confirmation"] for one in chosen["devices"]} == {"Front Door": None, "Lamp": "none"}
    assert len(owner.put(PATH, json=door | {"confirmation": None}).json()["own"]) == 1
    for nonsense in ({"act": "call"}, {}, {"act": "call", "person_id": "f" * 32}, door | {"speaker": "child"}):
        assert owner.put(PATH, json={**nonsense, "confirmation": "ask"}).status_code == 422, nonsense
    assert house.client(tim).put(PATH, json=door | {"confirmation": "none"}).status_code == 403
