"""The API of phones that are away; who may call it is tried where the gate is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from earwitness.config import RemoteSettings
from earwitness.domain.account import AccountEvent
from earwitness.domain.errors import RemoteError
from earwitness.domain.visitor import VISITOR, Visitor
from earwitness.people.people import People
from earwitness.people.remotes import Remotes
from earwitness.remote.remote import Remote
from earwitness.storage.database import Database
from earwitness.web.remote_api import remote_router
from tests.houses_kept import PASSPHRASE, Clock

SETTINGS = RemoteSettings(endpoint="home.example.org", interface="ewnosuch")


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    database = Database(tmp_path / "household.db", chain="household")
    found = People(database, clock=Clock())
    found.add("Olga", passphrase=PASSPHRASE)
    yield found
    database.close()


@pytest.fixture
def client(people: People, tmp_path: Path) -> TestClient:
    """A browser in which the owner is signed in."""
    remotes = Remotes(people._database, clock=Clock())
    remote = Remote(remotes, keys_folder=tmp_path / "keys", settings=SETTINGS, log=people.accounts.log)
    app = FastAPI()
    app.include_router(remote_router(remote, settings=SETTINGS, page_port=8765))

    async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, VISITOR: Visitor(person=people.named("Olga"))}, receive, send)

    return TestClient(let_in)


def test_a_phone_is_given_its_profile_once_and_then_revoked(client: TestClient, people: People) -> None:
    answer = client.post("/api/v1/remotes", json={"name": "Ann's phone"})
    assert answer.status_code == 201
    handed = answer.json()
    private = next(line for line in handed["profile"].splitlines() if line.startswith("PrivateKey")).split(" = ")[1]
    assert "Endpoint = home.example.org:51820" in handed["profile"]
    assert handed["qr_svg"].startswith("<svg")
    assert handed["page"].startswith("https://10.")
    assert handed["restart_needed"] is True, "the server began without an address in the tunnel"
    listed = client.get("/api/v1/remotes")
    assert [one["name"] for one in listed.json()["remotes"]] == ["Ann's phone"]
    assert private not in listed.text
    assert listed.json()["is_up"] is False
    assert client.delete(f"/api/v1/remotes/{handed['remote']['remote_id']}").status_code == 204
    assert client.get("/api/v1/remotes").json()["remotes"] == []
    log = [(one.what, one.detail) for one in people.accounts.entries(people.named("Olga").person_id)]
    assert log[:2] == [(AccountEvent.PHONE_REVOKED, "Ann's phone"), (AccountEvent.PHONE_ADDED, "Ann's phone")]


def test_what_is_no_phone_is_refused(client: TestClient) -> None:
    assert client.post("/api/v1/remotes", json={"name": ""}).status_code == 422
    assert client.post("/api/v1/remotes", json={"name": "a", "role": "owner"}).status_code == 422
    assert client.put("/api/v1/remotes/tunnel", json={"up": "sideways"}).status_code == 422
    assert client.delete("/api/v1/remotes/../x").status_code == 404
    with pytest.raises(RemoteError, match="endpoint"):
        client.post("/api/v1/remotes", json={"name": "a", "endpoint": "a\nPostUp = true"})
    with pytest.raises(RemoteError):
        client.delete("/api/v1/remotes/" + "0" * 32)
    assert client.get("/api/v1/remotes").json()["remotes"] == []
