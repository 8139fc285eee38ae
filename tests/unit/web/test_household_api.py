"""The household by the API: what the owner chooses anew, what the house is furnished with, and what is noted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from earwitness.domain.account import AccountEvent, AccountRole
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

PATH = "/api/v1/household"
WISH: dict[str, Any] = {"home": "Cabin", "areas": ["den"], "wake_words": ["hey jarvis"], "voice": "heart"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den", "Attic"), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture
def owner(house: KeptHouse) -> TestClient:
    return house.client(house.people.add("Olga", passphrase=PASSPHRASE))


def test_the_owner_chooses_anew(house: KeptHouse, owner: TestClient) -> None:
    assert owner.get(PATH).json()["fixed"] == ["den"], "a room with devices stays"
    answer = owner.put(PATH, json=WISH | {"zone": "Europe/Berlin"})
    assert (answer.json()["home"], answer.json()["wake_words"], answer.json()["chosen_zone"]) == (
        "Cabin",
        ["hey jarvis"],
        "Europe/Berlin",
    )
    assert any("loaded again" in sentence for sentence in answer.json()["told"])
    assert (house.settled[-1].name, house.settled[-1].zone) == ("Cabin", "Europe/Berlin")
    log = house.people.accounts.entries(house.people.named("Olga").person_id)
    changed = [one.detail for one in log if one.what is AccountEvent.HOUSEHOLD_CHANGED]
    assert changed == ["name, wake word, time zone"]
    assert owner.put(PATH, json=WISH).json()["chosen_zone"] == "Europe/Berlin", "what is left out stays"


def test_the_usual_sound_of_alarms_and_the_kind_of_jokes_are_chosen(house: KeptHouse, owner: TestClient) -> None:
    before = owner.get(PATH).json()
    assert (before["alarm_sound"], before["has_family_jokes"]) == ("tone", True)
    after = owner.put(PATH, json=WISH | {"alarm_sound": "birds", "has_family_jokes": False}).json()
    assert (after["alarm_sound"], after["has_family_jokes"]) == ("birds", False)
    assert owner.get("/api/v1/sounds").json()["usual"] == "birds"
    made = owner.post("/api/v1/alerts", json={"kind": "alarm", "when": "tomorrow at 7 am"}).json()
    assert made["alert"]["sound"] == "birds"
    log = house.people.accounts.entries(house.people.named("Olga").person_id)
    assert next(one.detail for one in log if one.what is AccountEvent.HOUSEHOLD_CHANGED).endswith("sound of alarms, jokes")
    assert owner.put(PATH, json=WISH | {"alarm_sound": "music:gone.mp3"}).json()["code"] == "alert.no_sound"
    assert owner.put(PATH, json=WISH).json()["alarm_sound"] == "birds", "what is left out stays"


def test_a_room_is_called_otherwise(house: KeptHouse, owner: TestClient) -> None:
    owner.put(PATH, json=WISH | {"areas": ["Study"], "renamed": {"den": "Study"}})
    assert house.settled[-1].renamed == (("den", "Study"),)
    assert house.settled[-1].rooms == ("Study",)


@pytest.mark.parametrize(
    "change",
    [
        {"voice": "away"},
        {"wake_words": ["open sesame"]},
        {"zone": "Nowhere/Land"},
        {"zone": "../../etc/passwd"},
        {"renamed": {"den": "Study"}},
        {"renamed": {"cellar": "den"}},
        {"areas": ["den", "DEN"]},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_and_changes_nothing(house: KeptHouse, owner: TestClient, change: dict[str, Any]) -> None:
    answer = owner.put(PATH, json=WISH | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "household.invalid")
    assert house.settled == []
    assert owner.get(PATH).json()["home"] == "Villa"


def test_who_runs_the_machine_sees_it_and_a_child_changes_nothing(house: KeptHouse, owner: TestClient) -> None:
    runs_it = house.people.add("Ada", passphrase=PASSPHRASE, role=AccountRole.ADMINISTRATOR)
    assert house.client(runs_it).get(PATH).status_code == 200
    olga = house.people.named("Olga")
    child = house.people.add("Kim", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=olga.person_id)
    assert house.client(child).put(PATH, json=WISH).status_code == 403
