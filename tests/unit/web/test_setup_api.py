"""The first start by the API: once, from this machine or with the code that the terminal printed, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from earwitness.domain.account import AccountRole
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

SETUP = "/api/v1/setup"
CHOICE: dict[str, Any] = {
    "name": "Olga",
    "passphrase": PASSPHRASE,
    "home": "Villa",
    "areas": ["den", "Attic"],
    "wake_words": ["okay nabu"],
    "voice": "heart",
    "acknowledged": True,
}
FAR = "192.0.2.7"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        yield made


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_home_is_set_up_once_and_its_owner_is_signed_in(house: KeptHouse) -> None:
    client = house.client()
    assert client.get(SETUP).json() == {"done": False, "code_needed": False}
    choices = client.get(f"{SETUP}/choices").json()
    assert choices["home"] == "Test home"
    assert choices["areas"] == [{"name": "den", "has_devices": True}]
    assert [part["title"] for part in choices["promise"]][:2] == ["What is kept: nothing", "Who may listen: nobody"]
    answer = client.post(SETUP, json=CHOICE)
    assert (answer.status_code, answer.json()) == (201, {"name": "Olga", "role": "owner"})
    assert client.get("/api/v1/me").json()["person"]["role"] == "owner"
    chosen = house.household.choices()
    assert chosen is not None
    assert (chosen.name, chosen.rooms, chosen.wake_words, chosen.voice) == ("Villa", ("den", "Attic"), ("okay nabu",), "heart")
    assert chosen.acknowledged_at == house.clock()
    assert house.settled == [chosen]
    assert client.get(SETUP).json() == {"done": True, "code_needed": False}
    assert code_of(house.client().post(SETUP, json=CHOICE | {"name": "Mallory"})) == (409, "setup.done")
    assert [person.role for person in house.people.all()] == [AccountRole.OWNER]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"acknowledged": False}, "request.invalid"),
        ({"passphrase": "too short"}, "person.invalid"),
        ({"passphrase": "aaaaaaaaaaaaaaaaaaaa"}, "person.weak"),
        ({"passphrase": None}, "person.invalid"),
        ({"name": "  "}, "person.invalid"),
        ({"wake_words": ["open sesame"]}, "household.invalid"),
        ({"voice": "away"}, "household.invalid"),
        ({"areas": ["den", "DEN"]}, "household.invalid"),
        ({"home": "\x00"}, "household.invalid"),
        ({"passphrase": None, "passkey": {"ceremony": "x", "credential": {}}}, "access.wrong"),
    ],
    ids=str,
)
def test_what_cannot_be_taken_leaves_nothing_behind(house: KeptHouse, change: dict[str, Any], code: str) -> None:
    client = house.client()
    answer = client.post(SETUP, json=CHOICE | change)
    assert answer.json()["code"] == code
    assert (house.people.all(), house.household.choices(), house.settled) == ((), None, [])
    assert client.post(SETUP, json=CHOICE).status_code == 201


def test_a_false_passkey_makes_no_owner(house: KeptHouse) -> None:
    client = house.client()
    begun = client.post(f"{SETUP}/passkey", json={"name": "Olga"}).json()
    assert begun["options"]["user"]["name"] == "Olga"
    given = CHOICE | {"passphrase": None, "passkey": {"ceremony": begun["ceremony"], "credential": {"id": "x"}}}
    assert code_of(client.post(SETUP, json=given)) == (401, "access.wrong")
    assert house.people.all() == ()


def with_pass(house: KeptHouse, client: TestClient, code: str) -> dict[str, str]:
    return {"x-earwitness-setup-pass": client.post(f"{SETUP}/code", json={"code": code}).json().get("setup_pass", "")}


def test_from_another_machine_it_needs_the_code_of_the_terminal(house: KeptHouse) -> None:
    client = house.client(address=FAR)
    assert client.get(SETUP).json() == {"done": False, "code_needed": True}
    assert code_of(client.post(SETUP, json=CHOICE)) == (403, "setup.code_needed")
    code = house.household.new_code()
    assert code_of(client.post(f"{SETUP}/code", json={"code": "AAAA-BBBB-CCCC"})) == (401, "access.wrong")
    headers = with_pass(house, client, code.lower())
    assert FAR in house.printed[0], "the terminal says who used it"
    assert code_of(client.post(f"{SETUP}/code", json={"code": code})) == (401, "access.wrong"), "it works once"
    assert client.get(SETUP, headers=headers).json()["code_needed"] is False
    assert client.get(f"{SETUP}/choices", headers=headers).status_code == 200
    assert client.post(SETUP, json=CHOICE, headers=headers).status_code == 201
    assert code_of(client.get("/api/v1/people", headers=headers | {"cookie": ""})) == (401, "access.not_signed_in")


def test_a_pass_lasts_half_an_hour_and_ends_with_the_next(house: KeptHouse) -> None:
    client = house.client(address=FAR)
    first = with_pass(house, client, house.household.new_code())
    second = with_pass(house, client, house.printed[-1].split()[-1].rstrip("."))
    assert code_of(client.get(f"{SETUP}/choices", headers=first)) == (403, "setup.code_needed")
    assert client.get(f"{SETUP}/choices", headers=second).status_code == 200
    house.clock.advance(minutes=30)
    assert code_of(client.get(f"{SETUP}/choices", headers=second)) == (403, "setup.code_needed")


def test_codes_cannot_be_guessed_at_leisure(house: KeptHouse) -> None:
    client = house.client(address=FAR)
    house.household.new_code()
    codes = [code_of(client.post(f"{SETUP}/code", json={"code": "X" * 12}))[1] for _ in range(6)]
    assert codes == ["access.wrong"] * 5 + ["access.wait"]


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via"])
def test_what_came_through_a_proxy_did_not_come_from_here(house: KeptHouse, header: str) -> None:
    answer = house.client().post(SETUP, json=CHOICE, headers={header: "127.0.0.1"})
    assert code_of(answer) == (403, "setup.code_needed")


def test_the_promise_and_each_voice_can_be_heard(house: KeptHouse) -> None:
    client = house.client()
    for part in range(4):
        assert client.get(f"{SETUP}/promise", params={"voice": "heart", "part": part}).content.startswith(b"RIFF")
    assert client.get(f"{SETUP}/promise", params={"voice": "heart", "part": 4}).status_code == 422
    assert client.get(f"{SETUP}/sample", params={"voice": "heart"}).content.startswith(b"RIFF")
    assert client.get(f"{SETUP}/sample", params={"voice": "away"}).status_code == 404


ANSWER = f"{SETUP}/answer"
WORDS = b"RIFF, or what a browser records"


def say(house: KeptHouse, client: TestClient, words: str, question: str, **query: Any) -> Any:
    house.answers = [words]
    return client.post(ANSWER, params={"question": question, **query}, content=WORDS)


def test_what_is_said_is_understood_and_read_back(house: KeptHouse) -> None:
    client = house.client()
    choices = client.get(f"{SETUP}/choices").json()
    assert set(choices["questions"]) == {"home", "rooms", "wake_word", "voice", "promise"}
    assert "never spoken" in choices["typed"]
    home = say(house, client, "Call it Villa Test.", "home").json()
    assert (home["act"], home["name"], home["heard"]) == ("said", "Villa Test", "Call it Villa Test.")
    assert home["says"] == "Your home is called Villa Test. Is that right?"
    rooms = say(house, client, "kitchen, living room and bedroom", "rooms").json()
    assert rooms["rooms"] == ["kitchen", "living room", "bedroom"]
    assert "kitchen, living room and bedroom" in rooms["says"]
    assert say(house, client, "the second one", "wake_word").json()["name"] == "okay nabu"
    assert say(house, client, "heart", "voice").json()["name"] == "heart"
    assert say(house, client, "next", "voice").json()["act"] == "next"
    assert say(house, client, "away", "voice").json()["act"] == "nothing", "a voice that is not installed is no choice"
    assert say(house, client, "yes, I understand", "promise").json()["act"] == "yes"
    assert say(house, client, "yes", "home", confirming=True).json()["act"] == "yes"
    assert "I heard nothing" in say(house, client, "", "home").json()["says"]
    assert "okay nabu" in house.hinted[2]


def test_an_answer_is_sound_of_some_seconds_and_no_more(house: KeptHouse) -> None:
    client = house.client()
    assert code_of(client.post(ANSWER, params={"question": "home"})) == (422, "audio.empty")
    assert code_of(client.post(ANSWER, params={"question": "passphrase"}, content=WORDS)) == (422, "request.invalid")
    assert client.post(ANSWER, params={"question": "home"}, content=bytes(512 * 1024)).status_code == 200
    assert code_of(client.post(ANSWER, params={"question": "home"}, content=bytes(512 * 1024 + 1))) == (413, "body.too_large")
    assert code_of(client.post(f"{SETUP}/passphrase", content=bytes(65 * 1024))) == (413, "body.too_large"), (
        "sound alone may be long"
    )


def test_what_is_asked_is_said_by_a_voice_of_this_home(house: KeptHouse) -> None:
    client = house.client()
    answer = client.post(f"{SETUP}/spoken", json={"voice": "heart", "text": "What is your home called?"})
    assert answer.content.startswith(b"RIFF")
    assert client.post(f"{SETUP}/spoken", json={"voice": "away", "text": "Hello"}).status_code == 404
    assert code_of(client.post(f"{SETUP}/spoken", json={"voice": "heart", "text": "a" * 801})) == (422, "request.invalid")


def test_nobody_answers_from_elsewhere_without_the_code_nor_once_it_is_done(house: KeptHouse) -> None:
    far, here = house.client(address=FAR), house.client()
    question = {"question": "home"}
    spoken = {"voice": "heart", "text": "Hello"}
    assert code_of(far.post(ANSWER, params=question, content=WORDS)) == (403, "setup.code_needed")
    assert code_of(far.post(f"{SETUP}/spoken", json=spoken)) == (403, "setup.code_needed")
    headers = with_pass(house, far, house.household.new_code())
    assert far.post(ANSWER, params=question, content=WORDS, headers=headers).status_code == 200
    assert code_of(here.post(ANSWER, params=question, content=WORDS, headers={"x-forwarded-for": "127.0.0.1"})) == (
        403,
        "setup.code_needed",
    )
    assert here.post(SETUP, json=CHOICE).status_code == 201
    for client in (here, far, house.client()):
        for answer in (
            client.post(ANSWER, params=question, content=WORDS, headers=headers),
            client.post(f"{SETUP}/spoken", json=spoken, headers=headers),
        ):
            assert code_of(answer) == (409, "setup.done")
    assert house.hinted == [house.hinted[0]], "nothing was listened to but the one answer that was let in"


def test_nothing_of_an_answer_is_kept(house: KeptHouse, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        assert say(house, house.client(), "zanzibar marmalade", "home").json()["name"] == "Zanzibar marmalade"
    files = [path.read_bytes() for path in house.folder.rglob("*") if path.is_file()]
    assert files
    assert not any(b"marmalade" in file or WORDS in file for file in files)
    assert "marmalade" not in caplog.text
    assert house.ledger.size() == 0
