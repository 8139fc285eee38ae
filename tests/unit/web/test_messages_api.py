"""The API of messages: one's own and everybody's, written as by voice, read, deleted; nobody sees another's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.people.add("Anna", passphrase=PASSPHRASE)
        made.people.add("Ben", passphrase=PASSPHRASE)
        yield made


def signed_in(house: KeptHouse, name: str) -> TestClient:
    return house.client(next(one for one in house.people.all() if one.name == name))


def write(browser: TestClient, to: str, text: str, *, stays: bool = True) -> tuple[int, str]:
    answer = browser.post("/api/v1/messages", json={"to": to, "text": text, "stays_here": stays})
    told = answer.json()
    return answer.status_code, told.get("reply") or told.get("message")


def test_a_message_is_left_read_and_deleted_by_whom_it_is_for(house: KeptHouse) -> None:
    anna, ben = signed_in(house, "Anna"), signed_in(house, "Ben")
    assert write(anna, "Ben", "the plumber comes") == (201, "I left it for Ben.")
    found = ben.get("/api/v1/messages").json()
    assert [(one["name"], one["text"], one["state"]) for one in found["inbox"]] == [("Anna", "The plumber comes.", "new")]
    assert found["keeps"] is False
    message_id = found["inbox"][0]["id"]
    mine = anna.get("/api/v1/messages").json()
    assert mine["inbox"] == []
    assert [(one["name"], one["text"], one["state"]) for one in mine["sent"]] == [("Ben", None, "delivered")]
    for method, path in (("POST", f"{message_id}/read"), ("DELETE", message_id)):
        assert anna.request(method, f"/api/v1/messages/{path}").status_code == 404
        assert ben.request(method, f"/api/v1/messages/{path}").status_code == 204
    assert ben.get("/api/v1/messages").json()["inbox"] == []


def test_what_cannot_be_sent_so_is_a_sentence(house: KeptHouse) -> None:
    anna = signed_in(house, "Anna")
    assert write(anna, "Zacharias", "hello", stays=False)[0] == 409
    assert "Nobody called Zacharias" in write(anna, "Zacharias", "hello")[1]
    assert anna.post("/api/v1/messages", json={"to": "Ben", "text": "x" * 2001}).status_code == 422


def test_what_satellites_say_is_chosen(house: KeptHouse) -> None:
    anna = signed_in(house, "Anna")
    assert anna.put("/api/v1/messages/aloud", json={"device_id": "", "aloud": "nothing"}).status_code == 204
    (usual,) = anna.get("/api/v1/messages").json()["aloud"]
    assert (usual["device_id"], usual["aloud"]) == ("", "nothing")
    assert anna.put("/api/v1/messages/aloud", json={"aloud": "loudly"}).status_code == 422


def test_a_note_in_a_room_is_for_everybody_and_says_where(house: KeptHouse) -> None:
    anna, ben = signed_in(house, "Anna"), signed_in(house, "Ben")
    assert anna.get("/api/v1/messages").json()["rooms"] == ["Kitchen"]
    assert write(anna, "the kitchen", "dinner is in the oven") == (201, "I left it in the kitchen.")
    (note,) = ben.get("/api/v1/messages").json()["inbox"]
    assert (note["room"], note["is_for_everybody"], note["text"]) == ("Kitchen", True, "Dinner is in the oven.")
    assert anna.get("/api/v1/messages").json()["sent"][0]["name"] == "the kitchen"
    assert write(anna, "the attic", "hello")[0] == 409, "there is no such room"
