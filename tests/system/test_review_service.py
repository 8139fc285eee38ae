"""The review service and its household as two real processes, over a real socket: a task, a crash of either in the middle of it,
and what keeps them apart."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from earwitness.domain.account import AccountRole, SignInWay
from tests.desk_kept import answers
from tests.houses_kept import PASSPHRASE, Clock, kept_house
from tests.reviewed_kept import reviewed
from tests.system import browsing

SAID = "call Marguerite and turn on the lamp"
JUDGED = {"transcript": "turn on the lamp", "intent": "HassTurnOn", "slots": {"name": "lamp"}, "labels": ["background"]}
DESK = "/api/v1/review"
FENCE = shutil.which("bwrap")
pytestmark = pytest.mark.skipif(FENCE is None, reason="bubblewrap is not installed: it keeps the service from the household here")


@dataclass
class Prepared:
    """A household's folder in which a recording was drawn and may be reviewed now."""

    state: Path
    person_id: str
    turn_id: str
    token: str
    """Of the reviewer, signed in with a passkey."""


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    clock = Clock(now=datetime.now(UTC) - timedelta(days=3))
    with kept_house(state, clock=clock) as house:
        made = reviewed(house)
        anna = made.reviewable()
        rita = house.people.add("Rita", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
        turn_id = made.drawn(anna, SAID)
        clock.now = datetime.now(UTC)
        token = house.people.accounts.let_in(rita, way=SignInWay.PASSKEY).token
    settings = state / "settings.toml"
    settings.write_text(f'[review]\nservice_url = "http://localhost:1"\nchannel = "{tmp_path}/review.sock"\n')
    return Prepared(state=state, person_id=anna.person_id, turn_id=turn_id, token=token)


@contextmanager
def household(prepared: Prepared) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """The household's server; killed afterwards."""
    environment = {"EARWITNESS_STATE": str(prepared.state), "EARWITNESS_SETTINGS": str(prepared.state / "settings.toml")}
    cookies = {"earwitness-person": prepared.token}
    with (
        _process(["run", "--port", "0"], environment, shown=r"Open http://localhost:(\d+)") as (port, process),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=60) as client,
    ):
        yield client, process


@contextmanager
def service(
    prepared: Prepared, folder: Path, *, cookies: httpx.Cookies | None = None
) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """The review service, to which the household's folder is not there; killed afterwards."""
    assert FENCE is not None
    fence = (FENCE, "--die-with-parent", "--dev-bind", "/", "/", "--tmpfs", str(prepared.state))
    shown = r"served at http://localhost:(\d+)"
    command = ["review", "serve", str(written(prepared, folder))]
    with (
        _process(command, {}, shown=shown, fence=fence) as (port, process),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=60) as client,
    ):
        yield client, process


def written(prepared: Prepared, folder: Path) -> Path:
    settings = folder.parent / "service.toml"
    channel = prepared.state.parent / "review.sock"
    settings.write_text(f'household = "{channel}"\nsign_in_url = "http://127.0.0.1:1/review"\nfolder = "{folder}"\nport = 0\n')
    return settings


@contextmanager
def _process(
    arguments: list[str], more: dict[str, str], *, shown: str, fence: tuple[str, ...] = ()
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    environment = os.environ | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"} | more
    command = [*fence, sys.executable, "-m", "earwitness", *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            if (found := re.search(shown, line)) is not None:
                yield int(found[1]), process
                return
        raise AssertionError(f"it did not start: {printed}")
    finally:
        process.kill()
        process.wait(browsing.PATIENCE_SECONDS)


def test_two_processes_do_a_task_and_a_crash_of_either_loses_and_doubles_nothing(prepared: Prepared, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    with household(prepared) as (house, house_process):
        answer = house.post(f"{DESK}/ticket")
        assert answer.status_code == 200, answer.text
        given = answer.json()
        assert given["url"] == "http://localhost:1/sign-in"
        assert house.get(DESK).status_code == 404, "here is no desk any more"
        with service(prepared, folder) as (at_desk, service_process):
            assert at_desk.post("/api/v1/sign-in", json={"ticket": given["ticket"]}).status_code == 200
            assert at_desk.put(f"{DESK}/test", json=answers(at_desk)).status_code == 204
            lease = at_desk.post(f"{DESK}/leases").json()
            words = at_desk.post(f"{DESK}/leases/{lease['lease_id']}/words").json()
            assert words["transcript"] == "call ▇▇▇ and turn on the lamp"
            service_process.kill()
            cookies = at_desk.cookies
        with service(prepared, folder, cookies=cookies) as (at_desk, _):
            assert at_desk.get(f"{DESK}/leases/{lease['lease_id']}").json() is True, "the lease stands, and so does the visit"
            house_process.kill()
            house_process.wait(browsing.PATIENCE_SECONDS)
            refused = at_desk.put(f"{DESK}/leases/{lease['lease_id']}/judgement", json=JUDGED)
            assert (refused.status_code, refused.json()["code"]) == (503, "network.no_answer")
            with household(prepared):
                for expected in (204, 409):
                    answer = at_desk.put(f"{DESK}/leases/{lease['lease_id']}/judgement", json=JUDGED)
                    assert answer.status_code == expected, answer.text
                assert at_desk.get(DESK).json()["judged"] == 1
    with kept_house(prepared.state, clock=Clock(now=datetime.now(UTC))) as reopened:
        (judged,) = reopened.rights.recording(prepared.person_id, prepared.turn_id).annotations
        assert judged.transcript == "turn on the lamp"
        assert len(reopened.entries("annotated")) == 1
        assert len(reopened.rights.listens(prepared.person_id)) == 1


def test_a_service_that_could_read_the_households_key_does_not_start(prepared: Prepared, tmp_path: Path) -> None:
    settings = written(prepared, tmp_path / "service")
    environment = os.environ | {"EARWITNESS_STATE": str(prepared.state), "COLUMNS": "200"}
    command = [sys.executable, "-m", "earwitness", "review", "serve", str(settings)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=browsing.PATIENCE_SECONDS)
    assert ended.returncode == 2
    assert "could read the household's key" in ended.stderr
