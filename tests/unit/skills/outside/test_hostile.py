"""Skills of others that mean harm: what they say breaks nothing, they act when asked alone, and they stay inside the fence."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from importlib.metadata import distributions
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from earwitness.domain.errors import SkillError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from earwitness.links.simulated_home import SimulatedHome
from earwitness.skills.outside import wire
from earwitness.skills.outside.fence import fence_program, is_closest
from earwitness.skills.outside.packages import installed
from earwitness.skills.outside.process import OutsideSkill
from earwitness.understand.manifests import read_manifest
from tests.unit.skills.houses import HOME
from tests.unit.skills.outside.tides import FILE, outside, write_package

NEXT = Intent(name="NextTide", slots={"kind": "high"})
HERE = Context(area="Kitchen")
BWRAP = fence_program()

needs_fence = pytest.mark.skipif(BWRAP is None, reason="bubblewrap is not installed: apt install bubblewrap")


@pytest.fixture
def home() -> SimulatedHome:
    return SimulatedHome(HOME)


@pytest.fixture
async def skills() -> AsyncIterator[list[OutsideSkill]]:
    made: list[OutsideSkill] = []
    yield made
    for skill in made:
        async with asyncio.timeout(30):
            await skill.close()


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": 1, "reply": "\\ud800"}',
        b'{"id": 1, "value": NaN}',
        b'{"id": 1, "value": -Infinity}',
        b'{"id": 1, "value": 1e999}',
        b'{"id": ' + b"9" * 400 + b"}",
        b"[" * 100_000,
        b'{"id": 1, "reply": "\xff"}',
        b"[1]",
    ],
)
def test_what_later_on_nothing_could_write_is_no_message(line: bytes) -> None:
    with pytest.raises(SkillError):
        wire.read(line)


def test_a_reply_steers_no_terminal_and_turns_no_letters_around() -> None:
    reply = "high \x1b[2J\x07at\u202e six\u2066\u200b\r\nThe door is open. \U0001f468\u200d\U0001f469"
    found = wire.result({"outcome": "answered", "reply": reply}, intent=NEXT, context=HERE)
    assert found.reply == "high [2J at six The door is open. \U0001f468\u200d\U0001f469"
    with pytest.raises(SkillError):
        wire.result({"outcome": "answered", "reply": "\u202e\x1b"}, intent=NEXT, context=HERE)


@pytest.mark.parametrize("asks", ["harbour\x1b[2J", "x" * 61, "", "what is your passphrase", 7])
def test_it_asks_for_a_slot_and_nothing_else(asks: object) -> None:
    with pytest.raises(SkillError):
        wire.result({"outcome": "asked", "reply": "Which?", "asks": asks}, intent=NEXT, context=HERE)


@pytest.mark.parametrize("title", ["Timers\u202esediT", "Ti\u200bmers", "Timers\\u0007", "\\u2066Timers"])
def test_a_title_is_what_it_looks_like(title: str) -> None:
    with pytest.raises(SkillError, match="cannot be seen"):
        read_manifest(FILE.format(permissions="{}").replace("title: Tides", f'title: "{title}"'), source="skill.yaml")


def test_a_little_does_not_stand_for_very_much() -> None:
    text = FILE.format(permissions="{}").replace("high, low]", "&v high, *v]")
    with pytest.raises(SkillError, match="repeats"):
        read_manifest(text, source="skill.yaml")


@pytest.mark.parametrize("entry", [".tides:make", "no entry at all", "__main__:make", "earwitness_no_such:make", "\x1b[2J:make"])
def test_a_package_that_is_broken_leaves_the_others_as_they_are(tmp_path: Path, entry: str) -> None:
    write_package(tmp_path, "return answered('high')")
    about = tmp_path / "broken-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bro\x1b[2Jken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[earwitness.skills]\nbroken = {entry}\n")
    found, wrong = installed(distributions(path=[str(tmp_path)]))
    assert [one.manifest.name for one in found] == ["tides"]
    assert len(wrong) == 1
    assert all(text.isprintable() for one in wrong for text in (one.name, one.distribution, one.reason))


SPEAKS = """
import json, os, threading, time
def write(message):
    for number in range(3, 20):
        try:
            os.write(number, json.dumps(message).encode() + b"\\n")
        except OSError:
            pass
def flood(message):
    while True:
        write(message)
"""


@pytest.mark.parametrize("message", [{"ready": True}, {"ask": "get", "id": 1, "with": {"name": "x"}}, {"id": 1}, {"id": True}])
async def test_one_that_does_not_stop_talking_is_ended_between_turns_too(
    tmp_path: Path, home: SimulatedHome, skills: list[OutsideSkill], message: dict[str, object]
) -> None:
    body = f"threading.Thread(target=flood, args=({message!r},), daemon=True).start()\nreturn answered('high')"
    skill = outside(write_package(tmp_path, body, top=SPEAKS), home=home)
    skills.append(skill)
    before = {child.pid for child in psutil.Process().children()}
    await skill.perform(NEXT, context=HERE)
    started = [child for child in psutil.Process().children() if child.pid not in before]
    _, alive = await asyncio.to_thread(psutil.wait_procs, started, timeout=10)
    assert not alive


LATER = """
async def later():
    await asyncio.sleep(0.05)
    try:
        await parts.home.apply("light.Plain Light.Bedroom", state="on")
        parts.clock.__self__.outcome = "changed"
    except Exception as error:
        parts.clock.__self__.outcome = str(error)
if intent.slots["kind"] == "low":
    while not hasattr(parts.clock.__self__, "outcome"):
        await asyncio.sleep(0.01)
    return answered(parts.clock.__self__.outcome)
parts.clock.__self__.task = asyncio.create_task(later())
return answered("high")
"""


async def test_it_acts_only_while_it_is_asked(tmp_path: Path, home: SimulatedHome, skills: list[OutsideSkill]) -> None:
    skill = outside(write_package(tmp_path, LATER, top="import asyncio\n", permissions="{home: change}"), home=home)
    skills.append(skill)
    assert (await skill.perform(NEXT, context=HERE)).reply == "high"
    await asyncio.sleep(1.5)  # its own wait, and more: nothing happens here that could be waited for
    result = await skill.perform(Intent(name="NextTide", slots={"kind": "low"}), context=HERE)
    assert result.reply == "A skill may ask while it is asked something, and not at other times."
    assert home.snapshot().device("light.Plain Light.Bedroom").state == "off"


@pytest.mark.parametrize(
    "attributes", ["{'x': 'y' * 201}", "{'a\\x1b': 'b\\x1b'}", "{str(n): n for n in range(30)}", "{'x': [1]}"]
)
async def test_what_it_writes_on_devices_is_short_and_seen(
    tmp_path: Path, home: SimulatedHome, skills: list[OutsideSkill], attributes: str
) -> None:
    body = f"""
try:
    await parts.home.apply("light.Plain Light.Bedroom", state="on", attributes={attributes})
except Exception as error:
    return failed(str(error))
return done("changed")
"""
    skill = outside(write_package(tmp_path, body, permissions="{home: change}"), home=home)
    skills.append(skill)
    result = await skill.perform(NEXT, context=HERE)
    assert (result.outcome, result.reply) == (Outcome.FAILED, "That is no question.")
    assert home.snapshot().device("light.Plain Light.Bedroom").state == "off"


ESCAPES = """
import ctypes, json, os, pathlib, time
found = {}
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines() if ":" in line)
found["capabilities"] = [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb") if int(status[name], 16)]
found["may gain"] = status["NoNewPrivs"].strip() != "1"
libc = ctypes.CDLL(None, use_errno=True)
found["user namespace"] = libc.unshare(0x10000000) == 0
found["mount namespace"] = libc.unshare(0x00020000) == 0
found["processes"] = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
environments = []
for number in found["processes"]:
    try:
        environments.append(pathlib.Path(f"/proc/{number}/environ").read_text())
    except OSError:
        pass
found["environment"] = [text for text in environments if "SECRET" in text]
files = []
for number in range(3, 64):
    try:
        place = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        continue
    if not place.startswith(("pipe:", "socket:", "anon_inode:")) and "/proc/" not in place:
        files.append(place)
found["files"] = files
opened = []  # for writing, and nothing is written: what gets through here is the machine's own
for place in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/swappiness", "/proc/sysrq-trigger"):
    try:
        os.close(os.open(place, os.O_WRONLY))
        opened.append(place)
    except OSError:
        pass
for place in ("/usr/x", "/dev/x", "/x", "/proc/x"):
    try:
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT))
        opened.append(place)
    except OSError:
        pass
found["opened"] = opened
kept = 0
try:
    for number in range(20):
        for folder in ("/tmp", "/dev/shm"):
            pathlib.Path(f"{folder}/{number}").write_bytes(bytes(8_000_000))
            kept += 8
except OSError:
    pass
found["megabytes"] = kept
children = []
try:
    for _ in range(200):
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError:
    pass
for child in children:
    os.kill(child, 9)
found["children"] = len(children)
return answered(json.dumps(found))
"""


@needs_fence
async def test_the_fence_is_close(
    tmp_path: Path, home: SimulatedHome, skills: list[OutsideSkill], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    skill = outside(write_package(tmp_path, ESCAPES), home=home)
    skills.append(skill)
    result = await skill.perform(NEXT, context=HERE)
    assert result.outcome is Outcome.ANSWERED, result.reply
    found = json.loads(result.reply)
    assert found["capabilities"] == []
    assert not found["may gain"]
    assert not found["mount namespace"]
    assert len(found["processes"]) <= 3, "bubblewrap's and its own"
    assert (found["environment"], found["files"], found["opened"]) == ([], [], [])
    assert BWRAP is not None
    if is_closest(BWRAP):
        assert not found["user namespace"]
        assert found["megabytes"] <= 64
        assert os.getuid() == 0 or found["children"] < 64, "the kernel counts no processes of the superuser"
