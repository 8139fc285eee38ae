"""The API of review: what a person sees and decides of what was drawn, and all that a reviewer is ever given."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from earwitness.build.reviewed import entry_rules
from earwitness.config import ReviewSettings
from earwitness.domain.account import AccountRole, SignInWay
from earwitness.domain.consent import Purpose
from earwitness.domain.errors import SettingsError
from earwitness.domain.person import Person
from earwitness.storage import database
from tests.desk_kept import MUMBLED, answers
from tests.houses_kept import PASSPHRASE, KeptHouse, error_of, kept_house
from tests.reviewed_kept import EVERYTHING, ReviewedHouse, reviewed
from tests.unit.review.test_watermark import babble

DRAWN, DESK, LEAD = "/api/v1/me/drawn", "/api/v1/review", "/api/v1/review/lead"
SAID = "call Marguerite and turn on the lamp"
SHOWN = "call ▇▇▇ and turn on the lamp"
JUDGED = {"transcript": "turn on the lamp", "intent": "HassTurnOff", "slots": {"name": "lamp"}, "labels": ["background"]}
TASK_FIELDS = {"lease_id", "pseudonym", "week", "ends_at"}
WORD_FIELDS = {"transcript", "intent", "slots", "outcome"}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture
def review(house: KeptHouse) -> ReviewedHouse:
    return reviewed(house)


@pytest.fixture
def anna(review: ReviewedHouse) -> Person:
    return review.reviewable()


@pytest.fixture
def rita(house: KeptHouse, anna: Person) -> Person:
    return house.people.add("Rita", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)


def at_desk(house: KeptHouse, reviewer: Person, *, way: SignInWay = SignInWay.PASSKEY, address: str = "127.0.0.1") -> TestClient:
    client = house.client(address=address)
    token = house.people.accounts.let_in(reviewer, way=way).token
    client.cookies.set("earwitness-person", token, domain="127.0.0.1")
    return client


def begun(client: TestClient) -> dict[str, Any]:
    """The test passed, a task taken."""
    assert client.put(f"{DESK}/test", json=answers(client)).status_code == 204
    answer = client.post(f"{DESK}/leases")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_reviewer_gets_the_allowed_fields_alone_and_hands_in(
    house: KeptHouse, review: ReviewedHouse, anna: Person, rita: Person
) -> None:
    review.drawn(anna, SAID)
    house.review.settle()
    client = at_desk(house, rita)
    lease = begun(client)
    answer = client.post(f"{DESK}/leases/{lease['lease_id']}/words")
    assert (set(lease), set(answer.json())) == (TASK_FIELDS, WORD_FIELDS)
    assert answer.json()["transcript"] == SHOWN
    assert answer.headers["cache-control"] == "no-store"
    assert client.put(f"{DESK}/leases/{lease['lease_id']}/judgement", json=JUDGED).status_code == 204
    assert client.post(f"{DESK}/leases").json() is None
    (item,) = house.client(anna).get(DRAWN).json()["items"]
    assert item["state"] == "reviewed"
    assert item["thanks"]


def test_a_reviewer_who_looks_learns_that_a_task_is_over_and_looking_is_no_misuse(
    house: KeptHouse, review: ReviewedHouse, anna: Person, rita: Person
) -> None:
    review.drawn(anna, SAID)
    house.review.settle()
    client = at_desk(house, rita)
    path = f"{DESK}/leases/{begun(client)['lease_id']}"
    assert client.get(path).json() is True
    assert at_desk(house, rita).get(path).json() is False, "of another sign-in it is not"
    assert house.rights.listens(anna.person_id) == (), "nothing was opened"
    review.items.veto(anna.person_id, review.items.of(anna.person_id)[0].item_id)
    house.review.settle()
    assert [client.get(path).json() for _ in range(12)] == [False] * 12
    assert house.review.desk.suspended() == ()


def test_the_person_sees_exactly_what_a_reviewer_sees_and_what_came_of_it(
    house: KeptHouse, review: ReviewedHouse, anna: Person, rita: Person
) -> None:
    review.drawn(anna, SAID)
    house.review.settle()
    mine, desk = house.client(anna), at_desk(house, rita)
    (item,) = mine.get(DRAWN).json()["items"]
    before = mine.get(f"{DRAWN}/{item['item_id']}").json()
    lease = begun(desk)
    assert before["shown"] == desk.post(f"{DESK}/leases/{lease['lease_id']}/words").json()
    assert before["judgements"] == []
    desk.put(f"{DESK}/leases/{lease['lease_id']}/judgement", json=JUDGED)
    (judged,) = mine.get(f"{DRAWN}/{item['item_id']}").json()["judgements"]
    assert (judged["by"], judged["intent"], judged["labels"]) == (rita.alias, "HassTurnOff", ["background"])
    (read,) = mine.get("/api/v1/listens").json()["listens"]
    assert (read["who"], read["why"], read["turn_id"]) == (rita.alias, "review", item["turn_id"])
    assert mine.get(f"/api/v1/listens/{read['read_id']}/proof").status_code == 200


def test_a_reviewer_hears_what_the_person_heard_first_but_for_the_mark(
    house: KeptHouse, review: ReviewedHouse, anna: Person, rita: Person
) -> None:
    house.consent(anna, Purpose.HEAR)
    review.drawn(anna, SAID, sound=babble(5.0).astype("<i2").tobytes())
    house.review.settle()
    mine, desk = house.client(anna), at_desk(house, rita)
    (item,) = mine.get(DRAWN).json()["items"]
    assert mine.get(f"{DRAWN}/{item['item_id']}").json()["may_be_heard"] is True
    first = mine.get(f"{DRAWN}/{item['item_id']}/sound")
    assert (first.headers["content-type"], first.headers["cache-control"]) == ("audio/wav", "no-store")
    assert desk.post(f"{DRAWN}/{item['item_id']}/sound").status_code in (403, 404, 405)
    lease = f"{DESK}/leases/{begun(desk)['lease_id']}"
    told = desk.post(f"{lease}/sound").json()
    assert told == {"bytes": len(first.content) - 44, "part_bytes": 128_000, "rate_hz": 16_000}
    token = desk.post(f"{lease}/sound/tokens", json={"start": 0, "end": 64_000})
    part = desk.post(f"{DESK}/sound", json=token.json())
    assert (set(token.json()), len(part.content), part.headers["cache-control"]) == ({"token"}, 64_000, "no-store")
    assert desk.post(f"{DESK}/sound", json=token.json()).json()["code"] == "review.token"
    plain, marked = (np.frombuffer(one, dtype="<i2").astype(float) for one in (first.content[44:64_044], part.content))
    assert np.corrcoef(plain, marked)[0, 1] > 0.95
    assert not np.array_equal(plain, marked), "the reviewer's carries a mark"


def test_what_cannot_be_heard_is_said_to_both(house: KeptHouse, review: ReviewedHouse, anna: Person, rita: Person) -> None:
    review.drawn(anna, f"turn on the {MUMBLED}", sound=babble(2.0).astype("<i2").tobytes())
    house.review.settle()
    mine, desk = house.client(anna), at_desk(house, rita)
    (item,) = mine.get(DRAWN).json()["items"]
    assert mine.get(f"{DRAWN}/{item['item_id']}").json()["may_be_heard"] is False
    assert mine.get(f"{DRAWN}/{item['item_id']}/sound").json()["code"] == "review.text_only"
    assert desk.post(f"{DESK}/leases/{begun(desk)['lease_id']}/sound").json() is None


def test_a_veto_a_delay_and_a_release_are_the_persons(house: KeptHouse, review: ReviewedHouse, anna: Person) -> None:
    review.drawn(anna, SAID)
    mine, ben = house.client(anna), house.client(review.reviewable("Ben"))
    (item,) = mine.get(DRAWN).json()["items"]
    path = f"{DRAWN}/{item['item_id']}"
    assert item["state"] == "offered"
    for act in ("veto", "release"):
        assert ben.post(f"{path}/{act}").status_code == 404
    assert mine.post(f"{path}/delay", json={"days": 31}).status_code == 422
    assert mine.post(f"{path}/delay", json={"days": 2}).status_code == 204
    (waits,) = mine.get(DRAWN).json()["items"]
    assert waits["state"] == "waiting"
    assert mine.post(f"{path}/release").status_code == 204
    assert mine.post(f"{path}/veto").status_code == 204
    assert mine.post(f"{path}/release").status_code == 409
    assert mine.get(DRAWN).json()["items"][0]["state"] == "vetoed"
    assert mine.put(f"{DRAWN}/wish", json={"hears_first": True}).status_code == 204
    assert mine.get(DRAWN).json()["hears_first"] is True


def test_who_hears_first_is_told_of_no_moment_at_which_it_goes_by_itself(
    house: KeptHouse, review: ReviewedHouse, anna: Person
) -> None:
    review.drawn(anna, SAID)
    mine = house.client(anna)
    (item,) = mine.get(DRAWN).json()["items"]
    assert mine.put(f"{DRAWN}/wish", json={"hears_first": True}).status_code == 204
    assert mine.post(f"{DRAWN}/{item['item_id']}/delay", json={"days": 2}).status_code == 204
    (waits,) = mine.get(DRAWN).json()["items"]
    assert (waits["state"], waits["ready_at"]) == ("waiting", None)


def test_before_consenting_there_is_an_example_that_nobody_said(house: KeptHouse, anna: Person) -> None:
    told = house.client(house.enrolled("Ben", keeps=None)).get(DRAWN).json()
    terms = (EVERYTHING.rate_millionths / 10_000, EVERYTHING.most_per_month)
    assert (told["items"], told["rate_percent"], told["most_per_month"]) == ([], *terms), "as this house draws today"
    assert "Marguerite" in told["example_said"]
    assert "Marguerite" not in told["example_shown"]["transcript"]
    assert not re.search(r"\d", told["example_shown"]["transcript"])


@pytest.mark.parametrize("way", [SignInWay.PASSPHRASE, SignInWay.INVITATION, SignInWay.SETUP])
def test_without_a_second_factor_there_is_no_desk(house: KeptHouse, rita: Person, way: SignInWay) -> None:
    client = at_desk(house, rita, way=way)
    for answer in (client.get(DESK), client.post(f"{DESK}/leases"), client.post(f"{DESK}/test")):
        assert (answer.status_code, answer.json()["code"]) == (403, "review.second_factor")


def test_the_test_opens_the_desk_and_shows_no_answers(house: KeptHouse, rita: Person) -> None:
    client = at_desk(house, rita)
    assert not client.get(DESK).json()["has_passed"]
    assert client.post(f"{DESK}/leases").json()["code"] == "review.untested"
    paper = client.post(f"{DESK}/test").json()
    assert all(set(question) == {"words", "asks", "choices"} for question in paper["questions"])
    assert client.post(f"{DESK}/test").json() == paper, "the same until it is handed in"
    right = answers(client)
    wrong = client.put(f"{DESK}/test", json={**right, "answers": [(one + 1) % 3 for one in right["answers"]]})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "review.not_passed")
    assert client.put(f"{DESK}/test", json=right).json()["code"] == "review.over", "one paper is one try"
    assert client.put(f"{DESK}/test", json=answers(client)).status_code == 204
    assert client.get(DESK).json()["has_passed"]


def test_hours_and_networks_are_the_operators(house: KeptHouse) -> None:
    rules = entry_rules(ReviewSettings(from_hour=8, until_hour=18, networks=("10.20.0.0/16", "fd00::/8")))
    rules.check("10.20.3.4", hour=8)
    rules.check("fd00::1", hour=17)
    for address, hour, code in (
        ("10.20.3.4", 18, "review.not_now"),
        ("10.20.3.4", 7, "review.not_now"),
        ("10.21.0.1", 9, "review.not_here"),
        ("", 9, "review.not_here"),
        ("not an address", 9, "review.not_here"),
    ):
        assert error_of(partial(rules.check, address, hour=hour)) == code
    at_night = entry_rules(ReviewSettings(from_hour=22, until_hour=6))
    for hour in (22, 23, 0, 5):
        at_night.check("", hour=hour)
    for hour in (6, 12, 21):
        assert error_of(partial(at_night.check, "", hour=hour)) == "review.not_now"
    with pytest.raises(SettingsError):
        entry_rules(ReviewSettings(networks=("everywhere",)))


def test_there_is_no_way_to_get_more_than_one_task_or_a_file(house: KeptHouse) -> None:
    paths = house.client(house.enrolled()).get("/api/v1/openapi.json").json()["paths"]
    desk = {path: set(ways) for path, ways in paths.items() if path.startswith(DESK) and not path.startswith(LEAD)}
    assert desk == {
        DESK: {"get"},
        f"{DESK}/test": {"post", "put"},
        f"{DESK}/guidelines/{{version}}": {"put"},
        f"{DESK}/shelter": {"put"},
        f"{DESK}/ticket": {"post"},
        f"{DESK}/leases": {"post"},
        f"{DESK}/leases/{{lease_id}}": {"get", "delete"},
        f"{DESK}/leases/{{lease_id}}/words": {"post"},
        f"{DESK}/leases/{{lease_id}}/judgement": {"put"},
        f"{DESK}/leases/{{lease_id}}/sound": {"post"},
        f"{DESK}/leases/{{lease_id}}/sound/tokens": {"post"},
        f"{DESK}/sound": {"post"},
        f"{DESK}/leases/{{lease_id}}/copied": {"post"},
    }


ALLOWED: dict[str, set[str]] = {
    "": {
        *("judged", "left", "has_more", "has_passed", "has_read", "is_sheltered", "rests_until", "compared", "agreed"),
        *("guidelines", "intents", "sections", "sections.title", "sections.text"),
        *("sections.examples", "sections.examples.words", "sections.examples.does"),
    },
    "/test": {"paper_id", "questions", "questions.words", "questions.asks", "questions.choices"},
    "/leases": TASK_FIELDS,
    "/leases/{}": set(),
    "/leases/{}/words": WORD_FIELDS,
    "/leases/{}/judgement": set(),
    "/leases/{}/copied": set(),
    "/leases/{}/sound": {"bytes", "part_bytes", "rate_hz"},
    "/leases/{}/sound/tokens": {"token"},
    "/leases/{}/audio": set(),
    "/shelter": set(),
    "/guidelines/{}": set(),
    "/lead/quality": set(),
    "/lead/disputes": set(),
    "/lead/disputes/{}/opening": set(),
    "/lead/golds": set(),
    "/lead/guidelines": set(),
    "/lead/conduct": set(),
    "/{}": set(),
}
"""By path, every field that an answer to a reviewer may have, written out apart from the shapes: what is added has to be meant.
What is the lead's gives a reviewer nothing."""
TOLD_OF_ERRORS = {"code", "message", "is_retryable", "fields", "details"}


def fields_of(found: object, *, within: str = "") -> set[str]:
    """The names of all fields in some JSON, those inside of others with theirs before; slots may be called anything."""
    if isinstance(found, list):
        return {name for one in found for name in fields_of(one, within=within)}
    if not isinstance(found, dict):
        return set()
    names = {f"{within}{name}" for name in found}
    inner = (fields_of(value, within=f"{within}{name}.") for name, value in found.items() if name != "slots")
    return names.union(*inner)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_reviewer_asks_nothing_but_allowed_fields_ever_comes_back(
    house: KeptHouse, review: ReviewedHouse, rita: Person, anna: Person, data: st.DataObject
) -> None:
    known = house.folder / "known"
    if not known.exists():
        turn_id = review.drawn(anna, SAID)
        house.review.settle()
        client = house.fuzzing = at_desk(house, rita)  # type: ignore[attr-defined]
        known.write_text(f"{turn_id} {begun(client)['lease_id']}")
    turn_id, lease_id = known.read_text().split()
    client = house.fuzzing  # type: ignore[attr-defined]
    house.review.desk.reviewers.restore(rita.alias, by="test", why="what is tried here would end it")
    ids = st.sampled_from([lease_id, turn_id, anna.person_id, "0" * 32, review.items.of(anna.person_id)[0].item_id])
    path, method = data.draw(st.sampled_from(sorted(ALLOWED))), data.draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
    body = data.draw(
        st.none()
        | st.just({"transcript": "", "intent": "Anna", "slots": {}, "labels": []})
        | st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3)
    )
    answer = client.request(method, DESK + path.format(data.draw(ids)), json=body)
    assert answer.status_code < 500
    is_json = answer.content and "json" in answer.headers["content-type"]
    told = fields_of(answer.json()) if is_json else set()
    assert told <= (ALLOWED[path] if answer.is_success else TOLD_OF_ERRORS), (method, path)
    for secret in ("Marguerite", "Anna", anna.alias, anna.person_id, turn_id, "Turned on the lamp"):
        assert secret not in answer.text


def test_the_fields_that_are_allowed_are_those_of_the_routes(house: KeptHouse) -> None:
    """What the fuzzer takes for allowed is all that the API says of itself, so that it looks at every route."""
    paths = house.client(house.enrolled()).get("/api/v1/openapi.json").json()["paths"]
    desk = {
        re.sub(r"\{\w+\}", "{}", path.removeprefix(DESK)) for path in paths if path.startswith(DESK) and not path.startswith(LEAD)
    }
    assert desk - ALLOWED.keys() <= {"/ticket", "/sound"}, "a ticket is for elsewhere, a part of a sound is no JSON"


def test_what_was_drawn_is_delayed_by_whole_days(house: KeptHouse, review: ReviewedHouse, anna: Person) -> None:
    review.drawn(anna, SAID)
    mine = house.client(anna)
    (item,) = mine.get(DRAWN).json()["items"]
    mine.post(f"{DRAWN}/{item['item_id']}/delay", json={"days": 3})
    (waits,) = review.items.of(anna.person_id)
    assert waits.ready_at == house.clock() + timedelta(days=3)
