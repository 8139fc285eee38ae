"""The API of satellites: pairing by the typed code, changes, the wish to mute and no wish to unmute, revoking, announcements."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from earwitness.domain.account import Permission
from earwitness.domain.device import Device, DeviceEvent, DeviceKind
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.person import Person
from earwitness.domain.quiet import Quiet
from earwitness.domain.satellite import Announcement, Station
from earwitness.domain.visitor import VISITOR, Visitor
from earwitness.foreign.attendance import Presence, Status
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices
from earwitness.server.pairing_desk import PairingDesk
from earwitness.server.rules import rule_of
from earwitness.storage.database import Database
from earwitness.trust.authority import Authority
from earwitness.web.devices_api import devices_router

NOBODY = "f" * 32
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ANNA = Person(
    person_id="a" * 32, name="Anna", alias="x", created_at=NOW, restricted_at=None, saw_listens_at=NOW, is_told_aloud=False
)


class Connected:
    """Satellites that are connected, and what they were asked."""

    def __init__(self) -> None:
        self.muted: dict[str, bool] = {}
        self.wished: list[str] = []
        self.said: list[tuple[str, str | None]] = []

    def is_muted(self, device_id: str) -> bool | None:
        return self.muted.get(device_id)

    def wish_mute(self, device_id: str) -> bool:
        self.wished.append(device_id)
        return device_id in self.muted

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        self.said.append((text, area))
        heard, spared = Station(device_id="k", name="Kitchen lamp"), Station(device_id="d", name="Den lamp")
        return Announcement(confirmed=(heard,), quiet=(spared,))


@dataclass
class OtherMakes:
    """Every satellite of another make refuses our key."""

    devices: Devices

    def status(self, device_id: str) -> Status | None:
        if self.devices.find(device_id).kind is DeviceKind.SATELLITE:
            return None
        return Status(presence=Presence.FAILED, is_encrypted=False, code="foreign.wrong_key", sentence="Its key is another.")


class AsAnna:
    """Lets Anna in, as the gate would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, VISITOR: Visitor(person=ANNA)}, receive, send)


@dataclass
class Home:
    client: TestClient
    app: FastAPI
    devices: Devices
    device_log: DeviceLog
    connected: Connected

    def add(self, name: str = "Lamp") -> Device:
        return self.devices.add(name, kind=DeviceKind.SATELLITE, area="Den", key_digest=name.encode().ljust(32))


def utc_now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    database = Database(tmp_path / "household.db", chain="household")
    devices, device_log = Devices(database, clock=utc_now), DeviceLog(database, clock=utc_now)
    authority, connected = Authority(tmp_path / "keys", clock=utc_now), Connected()
    desk = PairingDesk(devices=devices, device_log=device_log, authority=authority, certificate=lambda: b"", clock=time.monotonic)
    app = FastAPI()
    app.include_router(
        devices_router(
            devices,
            device_log=device_log,
            desk=desk,
            satellites=connected,
            rooms=lambda: ["Den", "Kitchen"],
            foreign=OtherMakes(devices),
            trusted_interface="eth1",
            warnings=["Sound travels unencrypted."],
            quiet=lambda: (Quiet(area="den"),),
        )
    )

    @app.exception_handler(EarwitnessError)
    async def say(_: Request, error: EarwitnessError) -> JSONResponse:
        return JSONResponse({"code": error.code}, status_code=400)

    with TestClient(AsAnna(app)) as client:
        yield Home(client, app, devices, device_log, connected)
    database.close()


def test_every_route_needs_the_permission_for_devices(home: Home) -> None:
    routes = [(method, route.path) for route in _routes(home.app) for method in route.methods or ()]
    assert len(routes) >= 11
    for method, path in routes:
        found = rule_of(method, path.format(device_id=NOBODY, waiting_id=NOBODY))
        assert found is not None, path
        expected = Permission.TALK if path == "/api/v1/announce" else Permission.DEVICES
        assert found.rule.permissions == {expected}, path


def _routes(app: FastAPI) -> list[APIRoute]:
    found = []
    for included in app.routes:
        found += [route for route in getattr(included, "original_router", app.router).routes if isinstance(route, APIRoute)]
    return [route for route in {id(route): route for route in found}.values() if route.path.startswith("/api/v1")]


def test_a_satellite_is_listed_with_its_state_and_when_it_went_away_in_mid_word(home: Home) -> None:
    device = home.add()
    home.connected.muted[device.device_id] = True
    home.device_log.note(DeviceEvent.WENT_AWAY_IN_MID_WORD, device_id=device.device_id)
    shown = home.client.get("/api/v1/devices").json()
    (one,) = shown["devices"]
    assert (one["name"], one["is_connected"], one["is_muted"], one["is_quiet"]) == ("Lamp", True, True, True)
    assert one["went_away_in_mid_word_at"] is not None
    assert shown["rooms"] == ["Den", "Kitchen"]
    assert "secret" not in one
    assert home.client.get("/api/v1/devices/log").json()["entries"][0]["what"] == "went_away_in_mid_word"


def test_what_is_left_out_of_a_change_stays(home: Home) -> None:
    device = home.add()
    path = f"/api/v1/devices/{device.device_id}"
    assert home.client.patch(path, json={"name": "Tall lamp"}).json()["area"] == "Den"
    assert home.client.patch(path, json={"area": None, "voice": "heart"}).json()["area"] is None
    found = home.devices.find(device.device_id)
    assert (found.name, found.area, found.voice) == ("Tall lamp", None, "heart")
    assert home.client.patch(path, json={"is_muted": False}).status_code == 422


def test_the_page_can_wish_a_mute_and_nothing_can_undo_one(home: Home) -> None:
    device = home.add()
    shown = home.client.post(f"/api/v1/devices/{device.device_id}/mute").json()
    assert shown["is_mute_wished"]
    assert home.connected.wished == [device.device_id]
    home.devices.note_mute(device.device_id, is_muted=True)
    for method in ("DELETE", "PUT", "PATCH"):
        assert home.client.request(method, f"/api/v1/devices/{device.device_id}/mute").status_code == 405
    assert home.devices.find(device.device_id).is_muted


def test_one_that_is_revoked_stays_listed_and_is_logged(home: Home) -> None:
    device = home.add()
    assert home.client.delete(f"/api/v1/devices/{device.device_id}").json()["revoked_at"] is not None
    assert home.devices.find(device.device_id).is_revoked
    assert home.device_log.latest()[0].what is DeviceEvent.REVOKED
    assert home.client.patch(f"/api/v1/devices/{device.device_id}", json={"name": "x"}).json()["code"] == "device.revoked"
    assert home.client.delete(f"/api/v1/devices/{NOBODY}").json()["code"] == "device.unknown"


def test_the_pairing_opens_closes_and_takes_no_code_while_closed(home: Home) -> None:
    wanted = {"code": "123456", "name": "Den"}
    assert home.client.post("/api/v1/devices/pairing/confirmation", json=wanted).json()["code"] == "pairing.closed"
    assert home.client.post("/api/v1/devices/pairing").json()["is_open"]
    shown = home.client.get("/api/v1/devices/pairing").json()
    assert 290 < shown["closes_in_seconds"] <= 300
    assert home.client.post("/api/v1/devices/pairing/confirmation", json=wanted).json()["code"] == "pairing.wrong_code"
    assert home.client.delete(f"/api/v1/devices/pairing/waiting/{NOBODY}").json()["code"] == "device.unknown"
    assert not home.client.delete("/api/v1/devices/pairing").json()["is_open"]


def test_a_satellite_of_another_make_is_added_and_its_key_never_shown(home: Home) -> None:
    given = {"kind": "esphome", "name": "Voice", "place": "voice.local:6053", "secret": "top secret"}
    made = home.client.post("/api/v1/devices/foreign", json=given)
    assert made.status_code == 201
    assert "top secret" not in made.text + home.client.get("/api/v1/devices").text
    assert home.devices.find(made.json()["device_id"]).secret == "top secret"
    for place in ("voice.local", "http://voice.local:1", "a b:1", ":1"):
        assert home.client.post("/api/v1/devices/foreign", json=given | {"place": place}).status_code == 422


@pytest.mark.parametrize("kind", ["wyoming", "esphome"])
def test_a_satellite_of_another_make_is_moved_and_muted_and_nothing_unmutes_it(home: Home, kind: str) -> None:
    made = home.client.post("/api/v1/devices/foreign", json={"kind": kind, "name": "Box", "place": "127.0.0.1:1", "area": "Den"})
    route = f"/api/v1/devices/{made.json()['device_id']}"
    assert home.client.patch(route, json={"area": "Kitchen"}).json()["area"] == "Kitchen"
    assert home.client.post(f"{route}/mute").json()["is_mute_wished"]
    for method, path in (("DELETE", f"{route}/mute"), ("POST", f"{route}/unmute")):
        assert home.client.request(method, path).status_code in {404, 405}
    (found,) = home.devices.all()
    assert (found.area, found.is_mute_wished) == ("Kitchen", True)


def test_where_sound_travels_unencrypted_is_said_with_the_satellites(home: Home) -> None:
    shown = home.client.get("/api/v1/devices").json()
    assert (shown["trusted_interface"], shown["warnings"]) == ("eth1", ["Sound travels unencrypted."])


def test_an_announcement_answers_with_who_confirmed_it(home: Home) -> None:
    told = home.client.post("/api/v1/announce", json={"text": "Dinner is ready.", "area": "Kitchen"}).json()
    assert told == {"confirmed": ["Kitchen lamp"], "unconfirmed": [], "quiet": ["Den lamp"]}
    assert home.connected.said == [("Dinner is ready.", "Kitchen")]


def test_why_a_satellite_of_another_make_is_not_here_is_said(home: Home) -> None:
    home.add("Lamp")
    home.client.post(
        "/api/v1/devices/foreign", json={"kind": "wyoming", "name": "Box", "place": "127.0.0.1:10700", "area": "Den"}
    )
    listed = {one["name"]: one for one in home.client.get("/api/v1/devices").json()["devices"]}
    assert (listed["Box"]["is_connected"], listed["Box"]["is_encrypted"], listed["Box"]["problem"]) == (
        False,
        False,
        "Its key is another.",
    )
    assert (listed["Lamp"]["is_encrypted"], listed["Lamp"]["problem"]) == (True, "")
