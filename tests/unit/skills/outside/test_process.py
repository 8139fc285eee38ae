"""A skill of others in its own process: it does what it may, and whatever else it does ends in a clear sentence."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from earwitness.links.simulated_home import SimulatedHome
from earwitness.skills.outside.fence import fence_program
from earwitness.skills.outside.process import OutsideSkill
from tests.unit.skills.houses import HOME, Kept
from tests.unit.skills.outside.tides import Fetched, outside, write_package

WRITE = """
import os
for number in range({first}, 40):
    try:
        os.write(number, {what})
    except OSError:
        pass
"""
NEXT = Intent(name="NextTide", slots={"kind": "high", "harbour": "Dover"})
HERE = Context(area="Kitchen", person_id="ada")
Ask = Callable[..., Awaitable[tuple[Outcome, str]]]

needs_fence = pytest.mark.skipif(fence_program() is None, reason="bubblewrap is not installed: apt install bubblewrap")


@pytest.fixture
def home() -> SimulatedHome:
    return SimulatedHome(HOME)


def state(home: SimulatedHome, name: str) -> str:
    return next(each.state for each in home.snapshot().devices if each.name == name)


@pytest.fixture
async def ask(tmp_path: Path, home: SimulatedHome) -> AsyncIterator[Ask]:
    made: list[OutsideSkill] = []

    async def run(body: str, *, permissions: str = "{}", top: str = "", **how: object) -> tuple[Outcome, str]:
        package = write_package(tmp_path, body, permissions=permissions, top=top)
        skill = outside(package, home=home, **how)  # type: ignore[arg-type]
        made.append(skill)
        result = await skill.perform(NEXT, context=HERE)
        return result.outcome, result.reply

    yield run
    for skill in made:
        await skill.close()


async def test_it_gets_its_slots_the_room_and_the_time(ask: Ask) -> None:
    body = "return answered(f\"{intent.slots['harbour']}, {context.area}, {parts.clock():%H:%M}, {context.person_id}\")"
    assert await ask(body) == (Outcome.ANSWERED, "Dover, Kitchen, 15:07, None")


async def test_it_asks_back_and_refuses(ask: Ask) -> None:
    assert await ask('raise refuse("there is no harbour")') == (Outcome.REFUSED, "There is no harbour.")
    body = 'raise ask("Which harbour?", slot="harbour", intent=intent, context=context)'
    assert await ask(body) == (Outcome.ASKED, "Which harbour?")


async def test_a_question_waits_for_its_answer_with_the_person_who_was_asked(tmp_path: Path, home: SimulatedHome) -> None:
    body = 'raise ask("Which harbour?", slot="harbour", intent=intent, context=context)'
    skill = outside(write_package(tmp_path, body), home=home)
    try:
        result = await skill.perform(NEXT, context=HERE)
    finally:
        await skill.close()
    assert result.asks is not None
    assert (result.asks.expects, result.asks.pending, result.asks.area) == ("harbour", NEXT, "Kitchen")


async def test_it_reads_and_changes_the_home_if_it_asked_for_that(ask: Ask, home: SimulatedHome) -> None:
    body = """
light = next(one for one in parts.home.snapshot().devices if one.name == "Plain Light")
after = await parts.home.apply(light.device_id, state="on")
return done(f"{after.name} is {after.state}")
"""
    assert await ask(body, permissions="{home: change}") == (Outcome.DONE, "Plain Light is on")
    assert state(home, "Plain Light") == "on"


READS = "return answered(str(len(parts.home.snapshot().devices)))"
CHANGES = """
light = "light.Plain Light.Bedroom"
try:
    await parts.home.apply(light, state="on")
except Exception as error:
    return failed(str(error))
return done("changed")
"""


async def test_it_does_not_without(ask: Ask, home: SimulatedHome) -> None:
    assert (await ask(READS))[0] is Outcome.FAILED
    assert (await ask(READS, permissions="{home: read}"))[0] is Outcome.ANSWERED
    outcome, reply = await ask(CHANGES, permissions="{home: read}")
    assert (outcome, "does not ask for that" in reply) == (Outcome.FAILED, True)
    assert state(home, "Plain Light") == "off"


async def test_no_file_lets_it_open_locks(ask: Ask, home: SimulatedHome) -> None:
    body = CHANGES.replace("light.Plain Light.Bedroom", "lock.Front Door.Living Room").replace('"on"', '"unlocked"')
    assert (await ask(body, permissions="{home: change}"))[1] == "Skills of others may not change locks and alarms."
    assert state(home, "Front Door") == "locked"


async def test_of_the_home_it_reaches_only_the_kinds_that_its_file_names(ask: Ask, home: SimulatedHome) -> None:
    kinds = "return answered(str(sorted({one.domain for one in parts.home.snapshot().devices})))"
    assert (await ask(kinds, permissions="{home: read, kinds: [light, fan]}"))[1] == "['fan', 'light']"
    assert (await ask(CHANGES, permissions="{home: change, kinds: [light]}"))[0] is Outcome.DONE
    before = state(home, "Plain Light")
    refused = await ask(CHANGES.replace('state="on"', 'state="off"'), permissions="{home: change, kinds: [fan]}")
    assert refused == (Outcome.FAILED, "The skill's file does not ask for that kind of device.")
    assert state(home, "Plain Light") == before == "on"


async def test_it_keeps_and_fetches_if_it_asked_for_that(ask: Ask) -> None:
    body = """
tide = await parts.fetch("https://tides.example.org/dover")
await parts.memory.keep("last", {"tide": tide})
return answered(str(await parts.memory.get("last")))
"""
    kept, fetched = Kept(), Fetched()
    allowed = "{memory: true, network: [tides.example.org]}"
    assert await ask(body, permissions=allowed, memory=kept, fetch=fetched) == (Outcome.ANSWERED, "{'tide': 'high at 6:40'}")
    assert (kept.values, fetched.asked) == ({"last": {"tide": "high at 6:40"}}, ["https://tides.example.org/dover"])
    assert (await ask(body, permissions="{memory: true}", memory=kept, fetch=fetched))[0] is Outcome.FAILED
    assert len(fetched.asked) == 1


@pytest.mark.parametrize(
    ("body", "top"),
    [
        ("import os; os._exit(3)", ""),
        ("raise SystemExit(1)", ""),
        ("import os; os.write(1, b'x'); return answered('printed')", ""),
        ("return None", ""),
        ("return answered('')", ""),
        ("return answered('x' * 5000)", ""),
        ("return answered(7)", ""),
        ("data = bytearray(2_000_000_000); return answered('big')", ""),
        ("return answered('never')", "import no_such_module\n"),
        ("return answered('never')", "raise SystemExit\n"),
        ("for number in range(1000): await parts.memory.get(str(number))\nreturn answered('asked')", ""),
    ],
)
async def test_one_that_fails_is_a_clear_sentence(ask: Ask, body: str, top: str) -> None:
    outcome, reply = await ask(body, top=top, permissions="{memory: true}")
    if "printed" in body:
        assert (outcome, reply) == (Outcome.ANSWERED, "printed"), "what it prints goes nowhere"
    else:
        assert outcome is Outcome.FAILED
        assert "Tides" in reply or reply == "That failed."


async def test_garbage_on_the_pipe_ends_it(ask: Ask) -> None:
    top = WRITE.format(what="b'garbage'", first=3)
    after = "\nreturn answered('ok')"
    assert (await ask(WRITE.format(what="b'garbage\\n'", first=3) + after, top=top))[0] in (Outcome.FAILED, Outcome.ANSWERED)
    assert (await ask(WRITE.format(what="b'x' * 3_000_000", first=3) + after))[0] is Outcome.FAILED


async def test_a_slow_one_is_cut_off_and_its_children_with_it(ask: Ask, home: SimulatedHome, tmp_path: Path) -> None:
    body = "import os, time\nif os.fork() == 0: time.sleep(600)\ntime.sleep(600)\nreturn answered('late')"
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    package = write_package(tmp_path, body)
    skill = outside(package, home=home, deadline_seconds=20.0)
    await skill.warm()
    hasty = outside(package, home=home, deadline_seconds=1.0)
    try:
        result = await hasty.perform(NEXT, context=HERE)
        assert (result.outcome, result.reply) == (Outcome.FAILED, "The skill Tides took longer than 1 seconds, so I stopped it.")
    finally:
        await skill.close()
        await hasty.close()
    if fence_program() is not None:
        left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
        _, alive = await asyncio.to_thread(psutil.wait_procs, left, timeout=10)
        assert not alive


async def test_after_it_was_cut_off_it_starts_anew(tmp_path: Path, home: SimulatedHome) -> None:
    body = "if intent.slots['kind'] == 'low': import os; os._exit(1)\nreturn answered('high')"
    skill = outside(write_package(tmp_path, body), home=home)
    try:
        assert (await skill.perform(NEXT, context=HERE)).outcome is Outcome.ANSWERED
        low = Intent(name="NextTide", slots={"kind": "low"})
        assert (await skill.perform(low, context=HERE)).outcome is Outcome.FAILED
        assert (await skill.perform(NEXT, context=HERE)).outcome is Outcome.ANSWERED
    finally:
        await skill.close()


@needs_fence
async def test_the_fence_keeps_it_from_files_network_environment_and_others(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_TOKEN", "secret")
    hidden = tmp_path.parent / "household.key"
    hidden.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = f"""
import os, pathlib, socket
found = []
try:
    found.append(pathlib.Path({str(hidden)!r}).read_text())
except OSError:
    pass
try:
    socket.create_connection(("127.0.0.1", {server.getsockname()[1]}), timeout=2)
    found.append("network")
except OSError:
    pass
if "EARWITNESS_TOKEN" in os.environ:
    found.append("environment")
try:
    os.kill({os.getpid()}, 0)
    found.append("process")
except OSError:
    pass
try:
    pathlib.Path(__file__).write_text("changed")
    found.append("own code")
except OSError:
    pass
return answered(", ".join(found) or "nothing")
"""
        assert await ask(body) == (Outcome.ANSWERED, "nothing")


async def test_without_a_fence_only_the_boundary_holds(ask: Ask) -> None:
    assert await ask("return answered('here')", is_fenced=False) == (Outcome.ANSWERED, "here")
    assert (await ask(CHANGES, is_fenced=False))[0] is Outcome.FAILED
