"""The commands about satellites, on the registry of this machine and against a server that answers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner

from earwitness.build import utc_now
from earwitness.cli import main
from earwitness.domain.device import DeviceEvent, DeviceKind
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices
from earwitness.storage.database import Database

PASSPHRASE = "four plain words, no more"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Devices]:
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path))
    monkeypatch.setenv("EARWITNESS_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("EARWITNESS_TOKEN", raising=False)
    assert CliRunner().invoke(main, ["people", "add", "Otto"]).exit_code == 0
    database = Database(tmp_path / "household.db", chain="household")
    devices = Devices(database, clock=utc_now)
    devices.add("Hall lamp", kind=DeviceKind.SATELLITE, area="Hall", key_digest=bytes(32))
    yield devices
    database.close()


def ran(*words: str) -> str:
    done = CliRunner().invoke(main, ["devices", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_without_a_server_satellites_are_listed_renamed_muted_and_revoked(registry: Devices, tmp_path: Path) -> None:
    (one,) = json.loads(ran("list", "--json"))
    assert (one["name"], one["area"]) == ("Hall lamp", "Hall")
    ran("rename", "hall LAMP", "Tall lamp")
    ran("mute", "Tall lamp")
    assert registry.find(one["device_id"]).is_mute_wished
    ran("revoke", one["device_id"], "--yes")
    assert registry.find(one["device_id"]).is_revoked
    log = DeviceLog(Database(tmp_path / "household.db", chain="household"), clock=utc_now)
    assert [entry.what for entry in log.latest()] == [DeviceEvent.REVOKED, DeviceEvent.MUTE_WISHED]
    assert CliRunner().invoke(main, ["devices", "mute", "Tall lamp"]).exit_code == 2


def test_the_authority_is_shown_in_digits_and_gets_a_successor(registry: Devices) -> None:
    before = json.loads(ran("authority", "--json"))
    assert [len(group) for group in before["digits"].split()] == [5] * 6
    assert before["successor_digits"] is None
    after = json.loads(ran("renew-authority", "--json"))
    assert after["digits"] == before["digits"], "until every satellite has renewed"
    assert after["successor_digits"] not in (None, before["digits"])
    assert json.loads(ran("renew-authority", "--json")) == after, "one at a time"
    shown = ran("authority")
    assert before["digits"] in shown
    assert "60 days" in shown


def test_nothing_is_revoked_without_a_yes(registry: Devices) -> None:
    assert CliRunner().invoke(main, ["devices", "revoke", "Hall lamp"], input="n\n").exit_code == 1
    assert not registry.all()[0].is_revoked


def test_who_may_not_decide_about_devices_is_refused(registry: Devices, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(main, ["people", "add", "Ada"]).exit_code == 0
    refused = CliRunner().invoke(main, ["devices", "list", "--person", "Ada"])
    assert (refused.exit_code, "access.refused" in refused.output) == (2, True)


def test_pairing_needs_the_running_server(registry: Devices) -> None:
    refused = CliRunner().invoke(main, ["devices", "open-pairing"])
    assert (refused.exit_code, "EARWITNESS_TOKEN" in refused.output) == (2, True)


class Answers(BaseHTTPRequestHandler):
    """A server that notes what it was asked and refuses one code."""

    asked: ClassVar[list[tuple[str, str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0) or 0)).decode()
        self.asked.append((self.path, self.headers["authorization"], body))
        is_wrong = '"000000"' in body
        told = {"code": "pairing.wrong_code", "message": "Look again."} if is_wrong else {"name": "Den", "device_id": "d"}
        self.send_response(422 if is_wrong else 200)
        self.end_headers()
        self.wfile.write(json.dumps(told | {"closes_in_seconds": 300}).encode())

    def log_message(self, *_: object) -> None: ...


def test_with_a_token_the_server_is_asked_and_its_refusal_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_TOKEN", "secret")
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        assert "5 minutes" in ran("open-pairing", "--server", address)
        assert "Den is paired" in ran("confirm", "123456", "--name", "Den", "--room", "Den", "--server", address)
        refused = CliRunner().invoke(main, ["devices", "confirm", "000000", "--name", "Den", "--server", address])
        assert "pairing.wrong_code: Look again." in refused.output
        path, authorization, body = Answers.asked[1]
        assert (path, authorization) == ("/api/v1/devices/pairing/confirmation", "Bearer secret")
        assert json.loads(body) == {"code": "123456", "name": "Den", "area": "Den", "voice": None}
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_TOKEN", "secret")
    refused = CliRunner().invoke(main, ["devices", "open-pairing", "--server", "http://127.0.0.1:1"])
    assert (refused.exit_code, "network.no_answer" in refused.output) == (2, True)
