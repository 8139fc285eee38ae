"""`python -m bench.improve_loop`: how long the loop itself takes for many judged turns, and that SIGKILL costs nothing.

A simulated household of ten people who corrected what was misheard; their words are made up, and a rule of thumb stands in the
place of what learns and of what recognises: `make bench-improve` measures those. Each step runs in a process of its own, which is
killed at random moments until it ends by itself.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.page import table
from earwitness.build import utc_now
from earwitness.domain.consent import Purpose
from earwitness.improve.models import State
from tests.houses_kept import Clock, KeptHouse, kept_house, sound
from tests.improving import improver

PEOPLE = 10
STEPS = ("dataset", "train", "evaluate")
FIRST_KILL_SECONDS = 0.6
"""After a start of Python; every further kill comes later, so that a step ends at last."""
MOST_KILLS = 6


def prepare(folder: Path, turns: int) -> float:
    """A household with so many judged turns; gives the seconds that it took."""
    began = time.monotonic()
    with kept_house(folder, clock=Clock(now=utc_now())) as house:
        people = [house.enrolled(f"Somebody {at}", also=[Purpose.TRAIN]) for at in range(PEOPLE)]
        pcm = sound(1.0)
        for at in range(turns):
            person = people[at % PEOPLE]
            turn_id = house.keep(person, f"turn on the lamb {at // PEOPLE}", sound=pcm if at % 10 == 0 else b"")
            house.rights.judge(
                person.person_id, turn_id, transcript="turn on the lamp", intent="HassTurnOn", slots={"name": "lamp"}
            )
    return time.monotonic() - began


def step(folder: Path, name: str) -> None:
    """One step, as the command of that name does it."""
    with kept_house(folder, clock=Clock(now=utc_now())) as house:
        loop = improver(house)
        match name:
            case "dataset":
                loop.sets.make()
            case "train":
                model = loop.register()
                if model.state is State.REGISTERED:
                    loop.learn(model)
            case "evaluate":
                for model in loop.models.in_state(State.LEARNED):
                    loop.measure(model)


def killed_until_done(folder: Path, name: str, dice: random.Random) -> tuple[int, float]:
    """How often a step was killed, and how long it took in all until it ended by itself."""
    began, kills, patience = time.monotonic(), 0, FIRST_KILL_SECONDS
    while True:
        process = subprocess.Popen([sys.executable, "-m", "bench.improve_loop", "--step", name, "--folder", str(folder)])
        try:
            code = process.wait(dice.uniform(0.2, 1.0) * patience if kills < MOST_KILLS else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills, patience = kills + 1, patience * 1.5
            continue
        if code != 0:
            raise SystemExit(f"{name} ended with {code}")
        return kills, time.monotonic() - began


def faults(house: KeptHouse) -> list[str]:
    """What is not as it would be without a kill."""
    loop, found = improver(house), []
    kinds = [entry["kind"] for entry in house.entries() if str(entry["kind"]).startswith("improve.")]
    models = loop.models.all()
    if [one.number for one in models] != [1]:
        found.append(f"{len(models)} versions instead of 1")
    if models and models[0].state is not State.MEASURED:
        found.append(f"the version is {models[0].state.value}")
    if kinds.count("improve.registered") != 1:
        found.append(f"registered {kinds.count('improve.registered')} times")
    if sorted(set(kinds), key=kinds.index) != ["improve.set", "improve.registered", "improve.learned", "improve.measured"]:
        found.append(f"another order in the ledger: {kinds}")
    if models:
        made = loop.sets.find(models[0].set_id)
        measured = loop.models.measured(models[0])
        if len({len(items) for items in measured.values()}) != 1:
            found.append("the arms measured different recordings")
        if loop.sets.lost(made):
            found.append("something of the set is lost")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="The loop of learning, timed and killed.")
    parser.add_argument("--turns", type=int, default=1_000, help="judged turns")
    parser.add_argument("--step", choices=STEPS, help="run one step on a prepared household")
    parser.add_argument("--folder", type=Path, help="the prepared household")
    chosen = parser.parse_args()
    if chosen.step:
        step(chosen.folder, chosen.step)
        return
    rows, dice = [], random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        quiet, killed = Path(folder, "quiet"), Path(folder, "killed")
        print(f"{chosen.turns} turns judged in {prepare(quiet, chosen.turns):.0f} s", file=sys.stderr)
        subprocess.run(["cp", "-r", str(quiet), str(killed)], check=True)
        total = 0.0
        for name in STEPS:
            began = time.monotonic()
            step(quiet, name)
            seconds = time.monotonic() - began
            total += seconds
            kills, until = killed_until_done(killed, name, dice)
            rows.append([name, f"{seconds:.1f} s", str(kills), f"{until:.1f} s"])
            print(f"{name}: {seconds:.1f} s; killed {kills} times", file=sys.stderr)
        with kept_house(killed, clock=Clock(now=utc_now())) as house:
            wrong = faults(house)
    print(table(["step", "undisturbed", "killed", "until it ended"], rows))
    print(f"{chosen.turns} judged turns of {PEOPLE} people: {total:.1f} s in all, without recognising and learning themselves.")
    print(json.dumps({"faults": wrong}))
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
