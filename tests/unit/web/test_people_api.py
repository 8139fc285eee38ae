"""The API of people: sign in, decide, object, restrict, take away, leave, and how each bad request ends."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from earwitness.domain.consent import Purpose
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.proof import read_receipt
from earwitness.people.consent_texts import current_text
from earwitness.storage import database
from tests.houses_kept import NOON, PASSPHRASE, PERSON_COOKIES, KeptHouse, error_of, in_review, kept_house, sound

ME = "/api/v1/me"
KEEP = f"{ME}/consents/keep"
SIGN_IN = "/api/v1/sign-in"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


def said(answer: Any, status: int, code: str) -> None:
    """The answer is that error, with a sentence and nothing else."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert set(answer.json()) == {"code", "message"}
    assert answer.json()["message"].endswith(".")


# Enrolling and signing in


def test_who_is_added_can_sign_in_and_nothing_is_kept_of_them(house: KeptHouse) -> None:
    owner = house.client(house.enrolled("Ben"))
    answer = owner.post("/api/v1/people", json={"name": "  Anna  Maria ", "passphrase": PASSPHRASE})
    assert answer.status_code == 201
    assert (answer.json()["name"], answer.json()["created_at"]) == ("Anna Maria", NOON.isoformat())
    assert answer.json()["alias"] == house.people.named("anna maria").alias
    client = house.client()
    assert house.sign_in(client, "Anna Maria").json() == {"name": "Anna Maria", "role": "adult"}
    me = client.get(ME).json()
    assert (me["person"]["role"], "wards" in me["permissions"], "people" in me["permissions"]) == ("adult", True, False)
    assert me["consents"] == {"keep": None, "review": None, "hear": None, "train": None, "identify": None}
    assert me["keeping"] is None
    assert (me["kept"], me["new_listens"]) == ({"recordings": 0, "seconds": 0.0, "oldest": None, "next_expiry": None}, 0)
    assert [text["purpose"] for text in me["texts"]] == ["keep", "review", "hear", "train", "identify"]


def test_signing_in_takes_the_name_and_its_passphrase(house: KeptHouse) -> None:
    house.enrolled("Anna")
    client = house.client()
    assert house.sign_in(client, "ANNA").json()["name"] == "Anna"
    assert client.get(ME).json()["person"]["name"] == "Anna"


@pytest.mark.parametrize("is_secure", [False, True])
def test_the_cookie_is_for_this_site_alone_and_out_of_reach_of_scripts(house: KeptHouse, is_secure: bool) -> None:
    house.enrolled()
    answer = house.sign_in(house.client(is_secure=is_secure), "Anna")
    name, *attributes = (part.strip() for part in answer.headers["set-cookie"].split(";"))
    assert name.startswith(f"{PERSON_COOKIES[is_secure]}=")
    assert {part.lower() for part in attributes} == {"httponly", "samesite=strict", "path=/", "max-age=7776000"} | (
        {"secure"} if is_secure else set()
    )


def test_signing_out_kills_the_token_and_no_other(house: KeptHouse) -> None:
    anna = house.enrolled()
    client, other = house.client(anna), house.client(anna)
    token = client.cookies[PERSON_COOKIES[False]]
    answer = client.post("/api/v1/sign-out")
    assert answer.status_code == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    said(client.post("/api/v1/sign-out"), 401, "access.not_signed_in")
    client.cookies.set(PERSON_COOKIES[False], token)
    said(client.get(ME), 401, "access.not_signed_in")
    assert other.get(ME).status_code == 200


def test_a_name_that_is_taken_is_said(house: KeptHouse) -> None:
    client = house.client(house.enrolled("Anna"))
    said(client.post("/api/v1/people", json={"name": "aNNa", "passphrase": PASSPHRASE}), 409, "person.exists")


HOSTILE = [
    ({"name": "", "passphrase": PASSPHRASE}, "request.invalid"),
    ({"name": "   ", "passphrase": PASSPHRASE}, "person.invalid"),
    ({"name": "a" * 65, "passphrase": PASSPHRASE}, "person.invalid"),
    ({"name": "a" * 201, "passphrase": PASSPHRASE}, "request.invalid"),
    ({"name": "An\x00na", "passphrase": PASSPHRASE}, "person.invalid"),
    ({"name": "Anna\x1b[2J", "passphrase": PASSPHRASE}, "person.invalid"),
    ({"name": "An\u202ena", "passphrase": PASSPHRASE}, "person.invalid"),
    ({"name": "An\u200bna", "passphrase": PASSPHRASE}, "person.invalid"),
    ({"name": "An\ud800na", "passphrase": PASSPHRASE}, "request.invalid"),
    ({"name": 7, "passphrase": PASSPHRASE}, "request.invalid"),
    ({"name": ["Anna"], "passphrase": PASSPHRASE}, "request.invalid"),
    ({"name": "Anna"}, "request.invalid"),
    ({"passphrase": PASSPHRASE}, "request.invalid"),
    ({"name": "Anna", "passphrase": PASSPHRASE, "role": "king"}, "request.invalid"),
    ({"name": "Anna", "passphrase": "a" * 10_000}, "request.invalid"),
    ({"name": "Anna", "passphrase": "abcdefghijklmnop\ud800"}, "request.invalid"),
    ({"name": "Anna", "passphrase": None}, "request.invalid"),
    ([], "request.invalid"),
    ("Anna", "request.invalid"),
    (None, "request.invalid"),
]


@pytest.mark.parametrize(("body", "code"), HOSTILE, ids=lambda value: ascii(value)[:40])
@pytest.mark.parametrize("address", ["/api/v1/people", SIGN_IN])
def test_credentials_that_are_none_are_said(shared: TestClient, address: str, body: Any, code: str) -> None:
    said(shared.post(address, content=json.dumps(body), headers={"content-type": "application/json"}), 422, code)


@pytest.mark.parametrize("passphrase", ["fourteen chars", "a" * 257], ids=len)
def test_a_passphrase_that_is_too_short_or_too_long_is_said(house: KeptHouse, passphrase: str) -> None:
    client = house.client(house.enrolled("Ben"))
    said(client.post("/api/v1/people", json={"name": "Anna", "passphrase": passphrase}), 422, "person.invalid")
    assert len(house.people.all()) == 1


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A browser in which somebody is signed in, for requests that change nothing."""
    with kept_house(tmp_path_factory.mktemp("shared")) as made:
        yield made.client(made.enrolled("Somebody", keeps=None))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"name": "Anna", "passphrase": "four plain words, no more"}', "text/plain"),
        (b"name=Anna&passphrase=four+plain+words%2C+no+more", "application/x-www-form-urlencoded"),
        (b"<name>Anna</name>", "application/xml"),
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe{}", "application/json"),
        (b'{"name": "\xff"}', "application/json"),
        (b"[" * 30_000, "application/json"),
        (b'{"name": "Anna", "passphrase": NaN}', "application/json"),
        (b"\x00" * 100, "application/octet-stream"),
    ],
    ids=lambda part: part[:20],
)
def test_what_is_no_json_is_said(shared: TestClient, content: bytes, kind: str) -> None:
    for method, address in (("POST", SIGN_IN), ("POST", "/api/v1/people"), ("PUT", KEEP)):
        answer = shared.request(method, address, content=content, headers={"content-type": kind})
        assert answer.status_code in (400, 422), answer.text
        assert set(answer.json()) == {"code", "message"}


def test_a_body_that_is_too_large_is_said(shared: TestClient) -> None:
    said(shared.post(SIGN_IN, content=b" " * 65_537), 413, "body.too_large")


# Throttling


@pytest.mark.parametrize("name", ["Anna", "Nobody"], ids=["known", "unknown"])
def test_wrong_passphrases_are_followed_by_a_wait(house: KeptHouse, name: str) -> None:
    house.enrolled("Anna")
    house.enrolled("Ben")
    client = house.client()
    for _ in range(5):
        said(house.sign_in(client, name, passphrase="not the right one"), 401, "access.wrong")
    said(house.sign_in(client, name.upper(), passphrase="not the right one"), 429, "access.wait")
    said(house.sign_in(client, name), 429, "access.wait")
    assert house.sign_in(client, "Ben").status_code == 200, "others need not wait"
    house.clock.advance(seconds=31)
    assert house.sign_in(client, name).status_code == (200 if name == "Anna" else 401)


def test_a_known_and_an_unknown_name_are_refused_alike(house: KeptHouse) -> None:
    house.enrolled("Anna")
    client = house.client()
    known, unknown = (house.sign_in(client, name, passphrase="not the right one") for name in ("Anna", "Nobody"))
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


def test_right_passphrases_are_not_counted(house: KeptHouse) -> None:
    house.enrolled("Anna")
    client = house.client()
    assert {house.sign_in(client, "Anna").status_code for _ in range(8)} == {200}


def test_neither_passphrase_nor_token_is_in_plain_in_any_file(house: KeptHouse) -> None:
    house.enrolled("Anna")
    client = house.client()
    house.sign_in(client, "Anna")
    house.sign_in(client, "Anna", passphrase="a wrong one with words")
    token = client.cookies[PERSON_COOKIES[False]]
    house.people.check("Anna", passphrase=PASSPHRASE)
    files = [path for path in house.folder.rglob("*") if path.is_file()]
    assert any(b"Anna" in path.read_bytes() for path in files), "else the search shows nothing"
    for path in files:
        data = path.read_bytes()
        for secret in (token, PASSPHRASE, "a wrong one with words"):
            assert secret.encode() not in data, path
            assert secret.encode("utf-16-le") not in data, path


# Consents


def test_what_people_are_asked_is_told_in_plain_words(house: KeptHouse) -> None:
    texts = house.client(house.enrolled()).get("/api/v1/consent-texts").json()
    assert [text["purpose"] for text in texts] == [purpose.value for purpose in Purpose]
    assert all(text["text"] and text["spoken"] and len(text["digest"]) == 64 for text in texts)


@pytest.mark.parametrize(
    ("retention", "seconds", "words"),
    [
        (None, 604_800.0, "a week"),
        ("day", 86_400.0, "a day"),
        ("a week", 604_800.0, "a week"),
        ("month", 2_592_000.0, "a month"),
        ("three months", 7_862_400.0, "three months"),
        ("10 days", 864_000.0, "10 days"),
        (90, 90.0, "90 seconds"),
        (60.0, 60.0, "1 minute"),
    ],
)
def test_keeping_is_for_as_long_as_one_says(house: KeptHouse, retention: Any, seconds: float, words: str) -> None:
    client = house.client(house.enrolled(keeps=None))
    me = client.put(KEEP, json={"given": True, "retention": retention}).json()
    assert me["keeping"] == {"keeps": "audio", "retention_seconds": seconds, "said": words}
    decision = me["consents"]["keep"]
    assert (decision["given"], decision["way"], decision["decided_at"]) == (True, "api", NOON.isoformat())
    assert (decision["text_version"], decision["text_sha256"]) == (1, current_text(Purpose.KEEP).digest)
    (entry,) = house.entries("consent")
    assert (entry["decision"], decision["position"]) == (decision["decision_id"], house.ledger.size() - 1)


@pytest.mark.parametrize(
    "retention",
    [
        "soon",
        "",
        "week week",
        "-1 days",
        "1e9 days",
        "59 seconds",
        "11 years",
        "9" * 60 + " days",
        "a" * 65,
        0,
        -1,
        59,
        1e12,
        True,
        [],
        {},
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_period_that_is_none_is_said(shared: TestClient, retention: Any) -> None:
    answer = shared.put(KEEP, json={"given": True, "retention": retention})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("consent.invalid", "request.invalid")
    assert shared.get(f"{ME}/consents").json() == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_no_period(shared: TestClient, number: str) -> None:
    body = f'{{"given": true, "retention": {number}}}'
    answer = shared.put(KEEP, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("purpose", ["listen", "KEEP", "keep%00", "..", "k" * 5000])
def test_a_purpose_that_is_none_is_said(shared: TestClient, purpose: str) -> None:
    for answer in (
        shared.put(f"{ME}/consents/{purpose}", json={"given": True}),
        shared.post(f"{ME}/objections/{purpose}"),
    ):
        assert answer.status_code in (404, 405, 422)
        assert set(answer.json()) == {"code", "message"}


def test_words_alone_are_a_choice_that_stays(house: KeptHouse) -> None:
    client = house.client(house.enrolled(keeps=None))
    client.put(KEEP, json={"given": True, "keeps": "text", "retention": "day"})
    assert client.put(KEEP, json={"given": True, "retention": "month"}).json()["keeping"]["keeps"] == "text"
    assert client.put(KEEP, json={"given": True, "keeps": "audio"}).json()["keeping"]["retention_seconds"] == 2_592_000.0


def test_a_shorter_period_holds_for_what_is_kept_too_and_a_longer_one_does_not(house: KeptHouse) -> None:
    anna = house.enrolled(retention_seconds=86_400.0)
    turn_id = house.keep(anna)
    client = house.client(anna)
    client.put(KEEP, json={"given": True, "retention": "month"})
    assert house.rights.recording(anna.person_id, turn_id).expires_at == NOON + timedelta(days=1)
    client.put(KEEP, json={"given": True, "retention": "1 hour"})
    assert house.rights.recording(anna.person_id, turn_id).expires_at == NOON + timedelta(hours=1)


def test_a_withdrawal_leaves_what_is_kept_unless_that_is_to_be_deleted(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.keep(anna)
    client = house.client(anna)
    assert client.put(KEEP, json={"given": False}).json()["kept"]["recordings"] == 1
    assert client.put(KEEP, json={"given": False, "deletes_kept": True}).json()["kept"]["recordings"] == 0
    assert client.put(KEEP, json={"given": False, "deletes_kept": True}).status_code == 200, "nothing to delete is fine"


def test_keeping_for_no_time_is_a_withdrawal(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.keep(anna)
    me = house.client(anna).put(KEEP, json={"given": True, "retention": "none", "deletes_kept": True}).json()
    assert (me["keeping"], me["consents"]["keep"]["given"], me["kept"]["recordings"]) == (None, False, 0)


def test_a_consent_that_is_given_deletes_nothing(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.keep(anna)
    me = house.client(anna).put(KEEP, json={"given": True, "deletes_kept": True}).json()
    assert me["kept"]["recordings"] == 1
    me = house.client(anna).put(f"{ME}/consents/train", json={"given": False, "deletes_kept": True}).json()
    assert me["kept"]["recordings"] == 1


def test_every_decision_is_dated_versioned_and_shown_with_its_text(house: KeptHouse) -> None:
    client = house.client(house.enrolled(keeps=None))
    client.put(KEEP, json={"given": True, "retention": "day"}, headers={"x-earwitness-page": "privacy"})
    house.clock.advance(hours=1)
    client.put(f"{ME}/consents/review", json={"given": True})
    house.clock.advance(hours=1)
    client.put(KEEP, json={"given": False})
    answer = client.get(f"{ME}/consents")
    assert "attachment" in answer.headers["content-disposition"]
    decisions = answer.json()
    assert [(one["purpose"], one["given"], one["way"]) for one in decisions] == [
        ("keep", False, "api"),
        ("review", True, "api"),
        ("keep", True, "page"),
    ]
    assert [one["decided_at"] for one in decisions] == [(NOON + timedelta(hours=hours)).isoformat() for hours in (2, 1, 0)]
    for one in decisions:
        text = current_text(Purpose(one["purpose"]))
        assert (one["text"]["text"], one["text_sha256"]) == (text.text, text.digest)
        assert house.entries("consent")[decisions[::-1].index(one)]["decision"] == one["decision_id"]


def test_a_withdrawal_takes_effect_on_the_next_turn(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    for given, kept in ((True, 1), (False, 1), (True, 2)):
        client.put(KEEP, json={"given": given})
        assert client.post("/api/v1/ask", json={"text": "turn on the lamp"}).json()["outcome"] == "done"
        assert client.get(ME).json()["kept"]["recordings"] == kept


def test_of_whoever_never_consented_nothing_is_kept(house: KeptHouse) -> None:
    house.enrolled()
    client = house.client(house.enrolled("Ben", keeps=None))
    assert client.post("/api/v1/ask", json={"text": "turn on the lamp"}).json()["outcome"] == "done"
    assert house.entries("kept") == []


@pytest.mark.parametrize("purpose", ["keep", "review"])
@pytest.mark.parametrize("way", ["withdraw", "object", "restrict"])
def test_a_reviewer_is_shut_out_by_the_next_byte(house: KeptHouse, purpose: str, way: str) -> None:
    anna = house.enrolled(also=[Purpose.REVIEW, Purpose.HEAR])
    turn_id = house.keep(anna, sound=sound(1.0))
    client = house.client(anna)

    def listen() -> str:
        return error_of(lambda: b"".join(in_review(house.vault, turn_id, sound(1.0))))

    assert listen() == ""
    match way:
        case "withdraw":
            client.put(f"{ME}/consents/{purpose}", json={"given": False})
        case "object":
            client.post(f"{ME}/objections/{purpose}")
        case _:
            client.put(f"{ME}/restriction", json={"restricted": True})
    assert listen() == "access.refused"
    assert client.get(ME).json()["new_listens"] == 2
    if way == "restrict":
        client.put(f"{ME}/restriction", json={"restricted": False})
        assert listen() == ""


def test_an_objection_stands_until_it_is_lifted(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    me = client.post(f"{ME}/objections/keep").json()
    assert (me["keeping"], me["consents"]["keep"]["objection"]) == (None, True)
    said(client.put(KEEP, json={"given": True}), 409, "consent.objected")
    assert client.put(KEEP, json={"given": False}).json()["consents"]["keep"]["objection"] is True
    said(client.put(KEEP, json={"given": True}), 409, "consent.objected")
    assert client.put(f"{ME}/consents/train", json={"given": True}).status_code == 200, "it is about one use"
    me = client.put(KEEP, json={"given": True, "lifts_objection": True}).json()
    assert (me["consents"]["keep"]["objection"], me["keeping"]["said"]) == (False, "a week")


def test_an_objection_can_be_lifted_without_consenting(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    client.post(f"{ME}/objections/keep")
    me = client.put(KEEP, json={"given": False, "lifts_objection": True}).json()
    assert (me["consents"]["keep"]["objection"], me["keeping"]) == (False, None)
    assert client.put(KEEP, json={"given": True}).status_code == 200


def test_restriction_and_notices_are_one_call_each(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    assert client.put(f"{ME}/restriction", json={"restricted": True}).json()["person"]["restricted_at"] == NOON.isoformat()
    assert client.put(f"{ME}/restriction", json={"restricted": False}).json()["person"]["restricted_at"] is None
    for wish in (True, False):
        assert client.put(f"{ME}/notices", json={"aloud": wish}).json()["person"]["told_aloud"] is wish


def test_while_the_ledger_cannot_write_no_consent_is_given_but_each_is_withdrawn(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    with house.without_ledger():
        said(client.put(f"{ME}/consents/review", json={"given": True}), 503, "ledger.unavailable")
        me = client.put(KEEP, json={"given": False}).json()
        assert (me["keeping"], me["consents"]["keep"]["position"], me["consents"]["review"]) == (None, None, None)
    house.rights.upkeep()
    assert client.get(ME).json()["consents"]["keep"]["position"] == house.ledger.size() - 1


# Taking away and leaving


def test_everything_is_taken_away_as_a_zip(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=sound(1.0))
    answer = house.client(anna).get(f"{ME}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="earwitness-export.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.testzip() is None
        assert f"audio/{turn_id}.wav" in file.namelist()
        assert json.loads(file.read("index.json"))["person"]["alias"] == anna.alias


def test_while_the_ledger_cannot_write_nothing_is_taken_away(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.keep(anna, "a canary in the mine", sound=sound(1.0))
    client = house.client(anna)
    with house.without_ledger():
        said(client.get(f"{ME}/export"), 503, "ledger.unavailable")


def test_leaving_needs_the_passphrase_again_and_makes_the_cookie_worthless(house: KeptHouse) -> None:
    ben, anna = house.enrolled("Ben"), house.enrolled("Anna")
    turn_id, his = house.keep(anna, sound=sound(1.0)), house.keep(ben)
    client, elsewhere = house.client(anna), house.client(anna)
    house.clock.advance(minutes=11)
    said(client.request("DELETE", ME), 403, "access.confirm")
    said(client.post(f"{ME}/confirmation", json={"passphrase": "not the right one"}), 401, "access.wrong")
    said(client.request("DELETE", ME), 403, "access.confirm")
    assert client.get(f"/api/v1/history/{turn_id}").status_code == 200
    assert client.post(f"{ME}/confirmation", json={"passphrase": PASSPHRASE}).status_code == 204
    token = client.cookies[PERSON_COOKIES[False]]
    answer = client.request("DELETE", ME)
    assert (answer.status_code, answer.json()["kind"], answer.json()["recordings"]) == (200, "person", 1)
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    client.cookies.set(PERSON_COOKIES[False], token, domain="127.0.0.1")
    for browser in (client, elsewhere):
        said(browser.get(ME), 401, "access.not_signed_in")
    said(house.sign_in(client, "Anna"), 401, "access.wrong")
    assert [person.name for person in house.people.all()] == ["Ben"]
    assert house.rights.recording(ben.person_id, his).turn.turn_id == his
    receipt = read_receipt(json.dumps(answer.json()["receipt"]).encode())
    receipt.check(parse_verifier(house.ledger.verifier))
    assert receipt.statement["erasure"] == answer.json()["erasure_id"]


def test_leaving_does_not_wait_for_the_ledger(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    with house.without_ledger():
        answer = client.request("DELETE", ME)
    assert (answer.status_code, answer.json()["position"], answer.json()["receipt"]) == (200, None, None)
    assert house.people.all() == ()
    house.rights.upkeep()
    assert house.entries("erased")[0]["erasure"] == answer.json()["erasure_id"]


def test_guessing_the_passphrase_of_a_browser_left_open_is_throttled(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    for _ in range(5):
        said(client.post(f"{ME}/confirmation", json={"passphrase": "not the right one"}), 401, "access.wrong")
    said(client.post(f"{ME}/confirmation", json={"passphrase": PASSPHRASE}), 429, "access.wait")
    assert len(house.people.all()) == 1


def test_who_leaves_and_comes_back_is_somebody_new(house: KeptHouse) -> None:
    owner = house.client(house.enrolled("Ben"))
    anna = house.enrolled()
    house.keep(anna)
    client = house.client(anna)
    client.request("DELETE", ME)
    owner.post("/api/v1/people", json={"name": "Anna", "passphrase": PASSPHRASE})
    house.sign_in(client, "Anna")
    me = client.get(ME).json()
    assert (me["kept"]["recordings"], me["keeping"]) == (0, None)
    assert me["person"]["alias"] != anna.alias
    for address in ("/api/v1/history", "/api/v1/listens?others=false", "/api/v1/receipts", f"{ME}/consents"):
        assert client.get(address).json() in ({"turns": [], "next_before": None}, {"listens": []}, {"receipts": []}, [])
