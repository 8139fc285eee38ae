"""A review service of its own: its whole table of routes, how one comes and goes, and what a thief of it has in hand."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from earwitness.config import ReviewSettings
from earwitness.domain.account import AccountRole, SignInWay
from earwitness.domain.consent import Purpose
from earwitness.domain.person import Person
from earwitness.review.calls import Entered, Stands
from earwitness.review.desk import DeskTerms
from earwitness.server.gate import Gate
from earwitness.server.service_rules import SERVICE
from earwitness.storage import database
from earwitness.web.service_api import AtService
from tests.channel_kept import socket_path
from tests.desk_kept import answers
from tests.houses_kept import PASSPHRASE, KeptHouse, error_of, kept_house, sound
from tests.reviewed_kept import ReviewedHouse, reviewed
from tests.service_kept import KeptService, kept_service
from tests.unit.web.test_who_may_what import filled, served

DESK = "/api/v1/review"
SAID = "call Marguerite Vandermolen and turn on the lamp"
JUDGED = {"transcript": "turn on the lamp", "intent": "HassTurnOff", "slots": {"name": "lamp"}, "labels": ["background"]}
OPEN = {"GET /sign-in", "POST /api/v1/sign-in", "GET /api/v1/health", "GET /static/{path:path}"}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path / "house") as made:
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


@pytest.fixture
def service(house: KeptHouse, rita: Person, tmp_path: Path) -> Iterator[KeptService]:
    with kept_service(house, tmp_path / "service", terms=DeskTerms(double_share=1.0)) as made:
        yield made


def begun(client: TestClient) -> dict[str, Any]:
    assert client.put(f"{DESK}/test", json=answers(client)).status_code == 204
    found: dict[str, Any] = client.post(f"{DESK}/leases").json()
    return found


def routes_of(service: KeptService) -> set[str]:
    gate = service.app._app
    assert isinstance(gate, Gate)
    assert isinstance(gate._app, FastAPI)
    return served(gate._app) - {"GET /api/v1/openapi.json"}


def test_a_reviewer_comes_by_a_ticket_and_does_a_task(
    review: ReviewedHouse, anna: Person, rita: Person, service: KeptService
) -> None:
    turn_id = review.drawn(anna, SAID)
    service.follow()
    client = service.client(rita)
    assert client.get("/api/v1/me").json()["person"] == {"name": rita.alias}
    assert client.get("/review", headers={"accept": "text/html"}).status_code == 200
    lease = begun(client)
    words = client.post(f"{DESK}/leases/{lease['lease_id']}/words")
    assert words.json()["transcript"] == "call ▇▇▇ and turn on the lamp"
    assert client.put(f"{DESK}/leases/{lease['lease_id']}/judgement", json=JUDGED).status_code == 204
    (judged,) = review.house.rights.recording(anna.person_id, turn_id).annotations
    assert (judged.by, judged.intent) == (rita.alias, "HassTurnOff")
    assert client.post("/api/v1/sign-out").status_code == 204
    assert client.get(DESK).json()["code"] == "access.not_signed_in"


def test_no_route_is_without_a_rule_and_no_rule_without_a_route(service: KeptService) -> None:
    assert routes_of(service) == {f"{method} {path}" for method, path in SERVICE.rules}


def test_nobody_gets_in_without_a_visit_and_nothing_is_kept_by_a_browser(service: KeptService) -> None:
    client = service.client()
    for route in sorted(routes_of(service)):
        method, _, path = route.partition(" ")
        answer = client.request(method, filled(path), headers={"cookie": "earwitness-person=" + "x" * 43})
        assert answer.headers["cache-control"] == "no-store", route
        if route not in OPEN:
            assert (answer.status_code, answer.json()["code"]) == (401, "access.not_signed_in"), route
    for path in ("/history", "/api/v1/history", "/api/v1/people", "/api/v1/openapi.json", "/ledger/key", f"{DESK}/ticket"):
        assert client.get(path).status_code == 401, path


def test_nothing_of_the_household_is_there_for_who_came_in(service: KeptService, rita: Person) -> None:
    client = service.client(rita)
    for path in (
        "/history",
        "/api/v1/history",
        "/api/v1/people",
        "/api/v1/openapi.json",
        "/ledger/key",
        "/docs",
        "/api/v1/setup",
    ):
        assert client.get(path).status_code == 404, path
    assert client.post(f"{DESK}/ticket").status_code == 404


def test_there_is_no_download_and_no_way_to_more_than_one_task(service: KeptService) -> None:
    for route in routes_of(service):
        assert not re.search("download|export|file|audio|search|tasks", route), route


@pytest.mark.parametrize("way", [SignInWay.PASSPHRASE, SignInWay.INVITATION])
def test_without_a_second_factor_nobody_comes_in(service: KeptService, rita: Person, way: SignInWay) -> None:
    answer = service.client().post("/api/v1/sign-in", json={"ticket": service.ticket(rita, way=way)})
    assert (answer.status_code, answer.json()["code"]) == (403, "review.second_factor")
    assert "set-cookie" not in answer.headers


def test_the_page_of_the_household_gives_the_ticket_to_a_reviewer_with_a_second_factor_alone(
    house: KeptHouse, rita: Person
) -> None:
    client = house.client()
    token = house.people.accounts.let_in(rita, way=SignInWay.PASSKEY).token
    client.cookies.set("earwitness-person", token, domain="127.0.0.1")
    assert client.post(f"{DESK}/ticket").json()["code"] == "review.unknown", "here the desk is in the house"


def test_a_ticket_is_given_for_a_service_with_a_host_name_of_its_own_alone(house: KeptHouse, rita: Person) -> None:
    for service_url, code in (("http://127.0.0.1:8770", "review.same_host"), ("http://review.localhost:8770/", "")):
        house.review_settings = ReviewSettings(service_url=service_url)
        client = house.client()
        token = house.people.accounts.let_in(rita, way=SignInWay.PASSKEY).token
        client.cookies.set("earwitness-person", token, domain="127.0.0.1")
        answer = client.post(f"{DESK}/ticket").json()
        assert answer.get("code", "") == code
    assert answer["url"] == "http://review.localhost:8770/sign-in"
    plain = house.client(rita)
    assert plain.post(f"{DESK}/ticket").json()["code"] == "review.second_factor"


def test_while_the_household_is_away_everything_says_so(
    review: ReviewedHouse, anna: Person, rita: Person, service: KeptService
) -> None:
    review.drawn(anna, SAID)
    service.follow()
    client = service.client(rita)
    lease = begun(client)
    socket_path(review.house.folder).rename(review.house.folder / "away")
    service.household._line.close()
    for method, path in (("GET", DESK), ("POST", f"{DESK}/leases"), ("POST", f"{DESK}/leases/{lease['lease_id']}/words")):
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (503, "network.no_answer"), path
        assert "come back later" in answer.json()["message"]
    visit = client.get("/review", headers={"accept": "text/html"}, follow_redirects=False)
    assert (visit.status_code, visit.headers["location"]) == (303, "/sign-in")
    assert client.get("/sign-in").status_code == 200
    (review.house.folder / "away").rename(socket_path(review.house.folder))
    assert client.get(DESK).status_code == 200


async def test_what_the_household_says_of_one_address_counts_for_no_other() -> None:
    """Two requests of one visit at the same time, one from where nobody may work: neither has the other's answer."""
    here, elsewhere = "192.0.2.9", "198.51.100.7"
    at_service = AtService(Networked(here), is_secure=False, clock=lambda: datetime.now(UTC))
    cookie = Headers({"cookie": "earwitness-review=" + "x" * 43})
    away = await at_service.visitor(cookie, elsewhere)
    there = await at_service.visitor(cookie, here)
    assert away is not None
    assert there is not None
    assert at_service.way(there) is SignInWay.PASSKEY
    assert error_of(lambda: at_service.way(away)) == "review.not_here"


class Networked:
    """A household that lets one visit work from one address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def visit(self, secret: str, *, address: str) -> Stands:
        code = "" if address == self._address else "review.not_here"
        stands = Stands(visit_id="1" * 32, alias="calm-otter-2222", role=AccountRole.REVIEWER, way=SignInWay.PASSKEY)
        return replace(stands, code=code, sentence=code)

    def enter(self, ticket: str, *, address: str) -> Entered:
        return Entered(secret="x" * 43, visit=self.visit("", address=address))

    def leave(self, secret: str) -> None:
        pass


def test_what_was_withdrawn_is_refused_at_once_and_over_at_the_next_look(
    review: ReviewedHouse, anna: Person, rita: Person, service: KeptService
) -> None:
    review.drawn(anna, SAID)
    service.follow()
    client = service.client(rita)
    path = f"{DESK}/leases/{begun(client)['lease_id']}"
    assert client.post(f"{path}/words").status_code == 200
    review.house.consent(anna, Purpose.REVIEW, is_given=False)
    assert client.post(f"{path}/words").json()["code"] == "review.over"
    review.house.review.items.settle()
    service.follow()
    assert client.get(path).json() is False


def test_a_stolen_service_says_nothing_of_anybody(
    review: ReviewedHouse, anna: Person, rita: Person, service: KeptService
) -> None:
    """Everything that is on its disk, write-ahead log and free pages too, after tasks that were judged, handed back and are open:
    no name, no id, no word that was said or typed, no sound, no secret of a reviewer and no key. Of a judgement there are its
    labels and, out of the list of all that can be meant here, which intent it says."""
    review.epochs.open()
    recorded = sound(1.0)
    turn_ids = [review.say(anna, SAID, sound=recorded) for _ in range(4)]
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.items.settle()
    service.follow()
    client = service.client(rita)
    lease = begun(client)
    assert client.post(f"{DESK}/leases/{lease['lease_id']}/words").status_code == 200
    assert client.put(f"{DESK}/leases/{lease['lease_id']}/judgement", json=JUDGED).status_code == 204
    back = client.post(f"{DESK}/leases").json()
    assert client.delete(f"{DESK}/leases/{back['lease_id']}").status_code == 204
    held = client.post(f"{DESK}/leases").json()
    assert client.post(f"{DESK}/leases/{held['lease_id']}/words").status_code == 200
    stolen = b"".join(path.read_bytes() for path in service.folder.rglob("*") if path.is_file())
    assert rita.alias.encode() in stolen, "the alias is there: it is a thief's whole yield"
    secret = client.cookies["earwitness-review"]
    items = review.items.of(anna.person_id)
    ids = [*turn_ids, anna.person_id, rita.person_id, *(item.item_id for item in items)]
    words = ["Anna", "Rita", anna.alias, "Marguerite", "Vandermolen", "turn on the lamp", "lamp", "Turned on", secret]
    for one in (*ids, *words):
        for encoded in (one.encode(), one.encode("utf-16-le"), one.encode("utf-16-be")):
            assert encoded not in stolen, one
    for one in ids:
        assert bytes.fromhex(one) not in stolen
    keys = [path.read_bytes() for path in (review.house.folder / "keys").iterdir() if path.suffix == ".key"]
    for hidden in (*keys, recorded[:64], recorded[-64:]):
        assert hidden[:32] not in stolen
    assert oct(service.folder.joinpath("desk", "desk.db").stat().st_mode)[-3:] == "600"


def test_with_both_databases_stolen_and_no_keys_no_task_is_anybodys(
    review: ReviewedHouse, anna: Person, rita: Person, service: KeptService
) -> None:
    review.drawn(anna, SAID)
    service.follow()
    client = service.client(rita)
    lease = begun(client)
    client.post(f"{DESK}/leases/{lease['lease_id']}/words")
    with sqlite3.connect(service.folder / "desk" / "desk.db") as found:
        ids = {one for row in found.execute("SELECT task_id, lease_id FROM leases").fetchall() for one in row}
    found.close()
    household = b"".join(path.read_bytes() for path in review.house.folder.glob("household.db*"))
    assert lease["lease_id"] in ids
    for one in ids:
        assert one.encode() not in household
        assert bytes.fromhex(one) not in household
