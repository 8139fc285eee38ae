"""What holds for every route of the API, also for such as are added later: who may ask, what it is called, how it fails."""

import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from earwitness.server.gate import Gate
from earwitness.storage import database
from tests.houses_kept import PERSON_COOKIES, KeptHouse, kept_house, sound

PUBLIC = {
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/setup"),
    ("POST", "/api/v1/setup/code"),
    ("GET", "/api/v1/sign-in"),
    ("POST", "/api/v1/sign-in"),
    ("POST", "/api/v1/sign-in/passkey"),
    ("PUT", "/api/v1/sign-in/passkey"),
    ("POST", "/api/v1/invitation"),
    ("PUT", "/api/v1/invitation"),
    ("POST", "/api/v1/invitation/passphrase"),
    ("POST", "/api/v1/invitation/passkey"),
}
"""Routes of the API that say nothing, or how one becomes somebody. Every other one needs a sign-in."""
BODIES: dict[tuple[str, str], Any] = {
    ("PUT", "/api/v1/me/consents/{purpose}"): {"given": True},
    ("PUT", "/api/v1/me/restriction"): {"restricted": True},
    ("PUT", "/api/v1/me/notices"): {"aloud": True},
    ("PATCH", "/api/v1/history/{turn_id}"): {"transcript": "other words"},
    ("PUT", "/api/v1/history/{turn_id}/restriction"): {"restricted": True},
}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route under /api/v1, those that OpenAPI does not show too."""
    found: list[tuple[str, str]] = []
    for included in app.routes:
        for route in getattr(included, "original_router", app.router).routes:
            if isinstance(route, APIRoute) and route.path.startswith("/api/v1"):
                found += [(method, route.path) for method in route.methods or ()]
    assert ("GET", "/api/v1/history/{turn_id}/audio") in found, "the routes are not where this looks for them"
    return sorted(set(found))


def filled(path: str, *, id_of_all: str = "0" * 32) -> str:
    """A path with something well-formed in each place."""
    for place, value in {
        "purpose": "keep",
        "name": "start",
        "letter": "objection",
        "epoch": "2026-03-02",
        "version": "1",
        "reviewer": "calm-otter-2222",
    }.items():
        path = path.replace(f"{{{place}}}", value)
    path = re.sub(r"\{[a-z_]+_id(?::path)?\}", id_of_all, path)
    assert "{" not in path, f"say above what fills {path}"
    return path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptHouse]:
    patch = pytest.MonkeyPatch()
    patch.setattr(database, "BUSY_SECONDS", 0.2)
    with patch.context(), kept_house(tmp_path_factory.mktemp("house")) as made:
        made.enrolled("Anna")
        yield made


@pytest.fixture(scope="module")
def stranger(house: KeptHouse) -> TestClient:
    return house.client()


def app_of(house: KeptHouse) -> FastAPI:
    gate = house.app()._app
    assert isinstance(gate, Gate)
    app = gate._app
    assert isinstance(app, FastAPI)
    return app


def test_every_route_about_a_person_needs_a_sign_in(house: KeptHouse, stranger: TestClient) -> None:
    size = house.ledger.size()
    every = routes(app_of(house))
    assert set(every) >= PUBLIC, "a public route is listed that is not there"
    private = [route for route in every if route not in PUBLIC and not route[1].startswith("/api/v1/setup")]
    assert len(private) >= 20
    for cookies in (
        {},
        {PERSON_COOKIES[False]: "x" * 43},
        {PERSON_COOKIES[True]: house.people.accounts.let_in(house.people.named("Anna")).token},
    ):
        stranger.cookies.clear()
        for name, value in cookies.items():
            stranger.cookies.set(name, value)
        for method, path in private:
            answer = stranger.request(method, filled(path), json=BODIES.get((method, path)))
            assert answer.status_code == 401, (method, path, answer.text)
            if method != "HEAD":
                assert answer.json()["code"] == "access.not_signed_in", (method, path)
    stranger.cookies.clear()
    assert house.ledger.size() == size
    assert [person.name for person in house.people.all()] == ["Anna"]


def test_who_is_not_signed_in_is_told_so_whatever_else_is_wrong(stranger: TestClient) -> None:
    for method, address in (
        ("GET", "/api/v1/history/no-id"),
        ("GET", "/api/v1/history?limit=many"),
        ("GET", "/api/v1/history?day=2026-03-02&since=2026-03-02T00:00:00Z"),
        ("DELETE", "/api/v1/history"),
        ("PUT", "/api/v1/me/consents/no-purpose"),
        ("PATCH", f"/api/v1/history/{'0' * 32}"),
    ):
        answer = stranger.request(method, address)
        assert (answer.status_code, answer.json()["code"]) == (401, "access.not_signed_in"), (method, address)


def test_every_public_route_answers_a_stranger(house: KeptHouse, stranger: TestClient) -> None:
    for method, path in sorted(PUBLIC):
        answer = stranger.request(method, filled(path))
        assert answer.status_code not in (401, 403, 404, 405, 500), (method, path, answer.text)


def test_what_sets_a_home_up_is_over_once_it_is(house: KeptHouse, stranger: TestClient) -> None:
    setting_up = [route for route in routes(app_of(house)) if route[1].startswith("/api/v1/setup") and route not in PUBLIC]
    assert len(setting_up) >= 5
    for client in (stranger, house.client(house.people.named("Anna"))):
        for method, path in setting_up:
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (409, "setup.done"), (method, path)


def test_openapi_names_every_route_with_its_errors(house: KeptHouse) -> None:
    document = house.client(house.people.named("Anna")).get("/api/v1/openapi.json").json()
    shown = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = {(method, path.replace(":path}", "}")) for method, path in routes(app_of(house))}
    assert {route for route in shown if route[1].startswith("/api/v1")} == served
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    for (method, path), operation in ((key, document["paths"][key[1]][key[0].lower()]) for key in shown):
        assert operation.get("description"), f"{method} {path} says nothing"
        assert set(operation["responses"]) >= {"422"} or "{" not in path, (method, path)
    references = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}
    assert references <= set(document["components"]["schemas"])


def test_a_wrong_method_is_said(house: KeptHouse) -> None:
    client = house.client(house.people.named("Anna"))
    for method, path in (
        ("POST", "/api/v1/me"),
        ("PUT", "/api/v1/history"),
        ("DELETE", "/api/v1/listens"),
        ("PUT", "/api/v1/people"),
    ):
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "http.wrong_method")
        assert answer.headers["allow"]


# Anything at all


def test_another_sites_page_may_do_nothing(house: KeptHouse) -> None:
    client = house.client(house.people.named("Anna"))
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        for method, path in (("PUT", "/api/v1/me/consents/keep"), ("DELETE", "/api/v1/history?all=true&confirm=everything")):
            answer = client.request(method, path, headers=headers, json={"given": True})
            assert (answer.status_code, answer.json()["code"]) == (403, "network.cross_site")
    assert client.get("/api/v1/me", headers={"host": "evil.example"}).status_code == 421


TEXT = st.text(max_size=40) | st.sampled_from(
    ["", "0", "-1", "true", "null", "2026-03-29", "9999-12-31", "Europe/Berlin", "everything"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "given",
    "retention",
    "keeps",
    "lifts_objection",
    "deletes_kept",
    "restricted",
    "aloud",
    "transcript",
    "passphrase",
    "name",
]
LIKELY = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.booleans() | st.sampled_from(["audio", "text", "week", "10 days"]), max_size=4
)
NAMES = st.sampled_from(
    [
        "limit",
        "before",
        "search",
        "day",
        "since",
        "until",
        "zone",
        "all",
        "confirm",
        "turn",
        "others",
        "text",
        "voice",
        "speed",
        "x",
    ]
)
TURN_ID = "f" * 32
PARTS = st.sampled_from(["keep", "review", TURN_ID, TURN_ID, "0" * 32, "start"]) | st.text(
    string.printable, min_size=1, max_size=34
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request to one of the routes, with anything in its path, query, headers and body."""
    method, path = draw(st.sampled_from(CHOICES))
    content = None
    if draw(st.booleans()):
        content = json.dumps(BODIES[method, path]).encode() if (method, path) in BODIES else None
        path = filled(path, id_of_all=TURN_ID)
    else:
        content = draw(st.builds(lambda value: json.dumps(value).encode(), LIKELY | JSON) | st.binary(max_size=60) | st.none())
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + draw(PARTS).replace("{", "") + rest.partition("}")[2]
    return {
        "method": method,
        "path": path,
        "params": draw(st.dictionaries(NAMES, TEXT | st.integers().map(str), max_size=4)),
        "content": content,
        "headers": {
            "content-type": draw(
                st.sampled_from(["application/json", "application/json", "text/plain", "multipart/form-data; boundary=x"])
            ),
            "range": draw(st.sampled_from(["", "bytes=0-9", "bytes=-1"]) | st.text("bytes=0123456789-, ", max_size=20)),
        },
    }


CHOICES: list[tuple[str, str]] = []


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A browser in which somebody is signed in who keeps a few turns."""
    with kept_house(tmp_path_factory.mktemp("busy")) as made:
        person = made.enrolled()
        made.keep(person, sound=sound(0.1))
        made.keep(person, sound=sound(0.1), turn_id=TURN_ID)
        CHOICES[:] = [route for route in routes(app_of(made)) if route[0] != "POST" and route != ("DELETE", "/api/v1/me")]
        yield made.client(person)


@given(data=st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_request_makes_it_fail(busy: TestClient, data: st.DataObject) -> None:
    for _ in range(6):
        request = data.draw(requests())
        path = "/".join(quote(part, safe="") for part in request["path"].split("/"))
        answer = busy.request(
            request["method"], path, params=request["params"], content=request["content"], headers=request["headers"]
        )
        assert 200 <= answer.status_code < 500, (request, answer.text)
        if answer.status_code >= 400 and request["method"] != "HEAD":
            assert set(answer.json()) == {"code", "message"}, (request, answer.text)


def test_files_hold_nothing_of_what_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    canary = "zanzibar marmalade"
    with kept_house(tmp_path) as house, caplog.at_level("DEBUG"):
        anna = house.enrolled()
        turn_id = house.keep(anna, canary, sound=sound(1.0))
        client = house.client(anna)
        assert client.get("/api/v1/history", params={"search": canary}).json()["turns"]
        client.patch(f"/api/v1/history/{turn_id}", json={"transcript": f"where is the {canary}"})
        client.get(f"/api/v1/history/{turn_id}/audio")
        client.get("/api/v1/me/export")
        with house.without_ledger():
            client.get(f"/api/v1/history/{turn_id}")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        data = path.read_bytes()
        assert b"marmalade" not in data, path
        assert sound(1.0)[1000:1032] not in data, path
    logged = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    assert "marmalade" not in logged
    assert "Anna" not in logged
