"""Real restarts: a process that is killed (kill -9) while it answers a demand, and a house that was away when a gag ended."""

import io
import json
import signal
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from earwitness.demands.report import make_report, parse_period
from earwitness.demands.statement import read_answer
from earwitness.domain.demand import Gag, State
from earwitness.ledger.note import parse_verifier
from tests.demands_kept import demanded, demanded_house
from tests.houses_kept import Clock, error_of, kept_house, sound
from tests.unit.demands.killing import POINTS, TOLD

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("point", "gag_days"), [*((one, None) for one in POINTS), ("before its entry", 30)])
def test_a_killed_answer_goes_on_with_nothing_lost_and_nothing_twice(tmp_path: Path, point: str, gag_days: int | None) -> None:
    clock, authority = Clock(), pyrage.x25519.Identity.generate()
    to = str(authority.to_public())
    with kept_house(tmp_path, clock=clock) as house:
        desk = demanded_house(house)
        inside = desk.sunday("call the plumber", sound=sound(0.2))
        case = desk.notified(gag=Gag(until=clock() + timedelta(days=gag_days)) if gag_days else None)
        clock.advance(days=14)
        told = {"demand": case.demand_id, "shares": desk.shares[:2], "now": clock().isoformat(), "recipient": to}
        (tmp_path / TOLD).write_text(json.dumps(told))
    words = (sys.executable, "-m", "tests.unit.demands.killing", str(tmp_path), point)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with kept_house(tmp_path, clock=clock) as house:
        demands, counsel = demanded(house), house.people.named("Cora")
        demands.settle()
        was_answered = demands.find(counsel, case.demand_id).state is State.DISCLOSED
        assert was_answered == (point in ("before its entry", "before the answer is written"))

        def go_on() -> object:
            return demands.disclose(counsel, case.demand_id, shares=(), recipient=to, reason="goes on")

        if not was_answered:
            go_on()
        assert error_of(go_on) == "demand.illegal"
        clock.advance(days=30)
        demands.settle()
        log = parse_verifier(house.ledger.verifier)
        (package,) = (tmp_path / "demands").glob("*.age")
        answer = read_answer(json.dumps(demands.answer(counsel, case.demand_id)).encode())
        answer.check(log, package_sha256=str(answer.statement["package_sha256"]))
        with zipfile.ZipFile(io.BytesIO(pyrage.decrypt(package.read_bytes(), [authority]))) as file:
            assert set(file.namelist()) == {"manifest.json", f"words/{inside}.json", f"sound/{inside}.wav"}
        report = make_report(house.entries(), parse_period("2026"))
        assert {one.name: str(one.band) for one in report.figures}["disclosed in whole"] == "1 to 4"
        steps = [one["entry"]["kind"] for each in house.entries("demand.opened") for one in each["entries"]]
        steps += [one["kind"] for one in house.entries() if one.get("demand") == case.demand_id]
        assert steps.count("demand.disclosed") == 1


def test_a_gag_that_ended_while_nothing_ran_is_caught_up_with_at_the_start(tmp_path: Path) -> None:
    clock = Clock()
    with kept_house(tmp_path, clock=clock) as house:
        desk = demanded_house(house)
        desk.sunday()
        case = desk.notified(gag=Gag(until=clock() + timedelta(days=10)))
        desk.disclose(case)
        anna, sealed = desk.anna.person_id, len(house.entries("demand.sealed"))
    for days, is_told in ((9, False), (1, True), (1, True)):
        clock.advance(days=days)
        with kept_house(tmp_path, clock=clock) as house:
            demanded(house).settle()
            assert bool(demanded(house).notices(anna)) == is_told
            assert bool(house.rights.listens(anna)) == is_told
            opened = [one for each in house.entries("demand.opened") for one in each["entries"]]
            assert len(opened) == (sealed if is_told else 0)
            told = {one["kind"] for one in house.entries() if one.get("demand") == case.demand_id}
            assert told == ({"demand.sealed", "demand.opened", "demand.told"} if is_told else {"demand.sealed"})
