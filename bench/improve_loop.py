"""`make bench-improve-loop`: the commands of learning over a thousand judged utterances, timed, and SIGKILL at random moments.

A simulated household of ten people keeps what real people said: all recordings under audio/ of the evaluation data, words that
sound like the wake word, said by made voices, typed requests (words alone), and, until there are enough, the coffee orders again
over faint noise, each for another person than before. What was heard is what this version hears; annotators who err
(improve_annotators.py) judge it.
Then `earwitness improve dataset`, `train` and `evaluate` run as anybody runs them, with every adapter and the real recognisers:
once undisturbed, and once more, on a copy of the household, killed until each ends by itself. Whether anything is gained is for
`make bench-improve`; the same voice is here on both sides.
"""

import argparse
import itertools
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.improve_annotators import judged
from bench.improve_requests import requests
from bench.improve_wake import MADE_FALSE, made_voices, said
from bench.page import ROOT, data_folder, machine, publish, table
from earwitness.build import House, utc_now
from earwitness.config import read_settings
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.consent import Keeps, Purpose, Way
from earwitness.domain.person import Person
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.improve.models import State
from earwitness.speech.audio_file import read_audio

PEOPLE = 10
STEPS = ("dataset", "train", "evaluate")
GOAL_SECONDS = 600.0
KILLS = 3
"""Of each step, each within the time that it takes undisturbed."""
ORDERS, WAKES, COMMANDS = "coffee_orders", "wake_alexa", "commands"
OTHERS = ("read_speech", "words")
NOISE = 60.0
"""Root mean square of the noise under a repeated order; full scale is 32,768."""
INTENT = "OrderCoffee"
SETTINGS = f"""
[home]
file = "{ROOT / "bench" / "homes" / "cafe.yaml"}"
[wake]
words = ["alexa"]
sensitivity = 1.0
"""
REQUESTS = 160
BEFORE = bytes(RATE_HZ)
"""Half a second of silence before wake words, as a long pre-roll has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One utterance as its person keeps it: its sound, or what was heard where words alone are kept."""

    pcm: Pcm | None = None
    heard: str = ""
    transcript: str | None = None
    """What was said, where the data says; else it is made out of what is heard."""
    intent: str | None = None
    slots: tuple[tuple[str, str], ...] = ()
    is_woken: bool = False
    is_false_wake: bool = False


def utterances(data: Path, house: House) -> Iterator[Said]:
    """All that there is once, then the orders again without end."""
    rows = {name: _rows(data, name) for name in (ORDERS, WAKES, COMMANDS, *OTHERS)}
    yield from (_order(row, pcm) for row, pcm in rows[ORDERS])
    for row, pcm in rows[WAKES]:
        yield Said(pcm=Pcm(data=BEFORE + pcm.data), transcript=row["keyword"], is_woken=True)
    for text, voice in itertools.product(MADE_FALSE, made_voices(house)):
        yield Said(pcm=Pcm(data=BEFORE + said(house, text, voice).data), transcript=text, is_woken=True, is_false_wake=True)
    for one in requests(data).teaching[:REQUESTS]:
        assert one.meaning is not None
        yield Said(heard=one.text, transcript=one.text, intent=min(one.meaning.ours))
    for row, pcm in rows[COMMANDS]:
        yield Said(pcm=pcm, transcript=row["text"], intent=row["intent"], slots=_slots(row))
    for row, pcm in itertools.chain.from_iterable(rows[name] for name in OTHERS):
        yield Said(pcm=pcm, transcript=row["text"].lower(), is_woken=True, is_false_wake=True)
    noise = np.random.default_rng(1)
    while True:
        yield from (_order(row, _noisy(pcm, noise)) for row, pcm in rows[ORDERS])


def _rows(data: Path, name: str) -> list[tuple[dict[str, Any], Pcm]]:
    lines = map(json.loads, (data / "audio" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    return [(line, read_audio(data / line["audio"], longest_seconds=60.0)) for line in lines]


def _order(row: dict[str, Any], pcm: Pcm) -> Said:
    return Said(pcm=pcm, intent=INTENT, slots=_slots(row))


def _slots(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in row["slots"].items()))


def _noisy(pcm: Pcm, noise: np.random.Generator) -> Pcm:
    sound = np.frombuffer(pcm.data, dtype="<i2").astype(np.float64)
    return Pcm(data=np.clip(sound + noise.normal(0.0, NOISE, len(sound)), -32768, 32767).astype("<i2").tobytes())


def prepare(folder: Path, turns: int) -> None:
    """A household with so many judged utterances, each heard as this version hears it."""
    luck = random.Random(1)
    with House(read_settings(folder / "settings.toml"), state=folder / "state") as house:
        chosen = list(itertools.islice(utterances(data_folder(), house), turns))
        vocabulary = sorted({word for one in chosen for _, value in one.slots for word in value.split()})
        people = [_person(house, at) for at in range(PEOPLE)]
        house.home_sentences.wait(120.0)
        recogniser, hints = house.plain_chain.recogniser, house.understander.hints()
        began = time.monotonic()
        for at, one in enumerate(chosen):
            heard = one.heard if one.pcm is None else recogniser.transcribe(one.pcm, hints=hints).text
            _keep(house, people[at % PEOPLE], one, heard, vocabulary=vocabulary, luck=luck)
            if at % 50 == 49:
                print(f"{at + 1} of {turns} heard and judged, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _person(house: House, at: int) -> Person:
    person = house.people.add(f"Somebody {at}", passphrase=secrets.token_urlsafe(24))
    house.rights.decide(person.person_id, Purpose.KEEP, is_given=True, way=Way.API, keeps=Keeps.AUDIO)
    house.rights.decide(person.person_id, Purpose.TRAIN, is_given=True, way=Way.API)
    return person


def _keep(house: House, person: Person, one: Said, heard: str, *, vocabulary: Sequence[str], luck: random.Random) -> None:
    turn = Turn(turn_id=secrets.token_hex(16), transcript=heard, outcome=Outcome.NOT_UNDERSTOOD, reply="")
    spoken = Spoken(turn=turn, person_id=person.person_id, began_at=utc_now(), engine="cascade", is_woken=one.is_woken)
    house.rights.keep(spoken, one.pcm)
    transcript, slots = one.transcript, one.slots
    if transcript is None:
        found = judged(heard, one.slots, vocabulary=vocabulary, luck=luck)
        transcript, slots = found.transcript, found.slots
    house.rights.judge(
        person.person_id,
        turn.turn_id,
        transcript=transcript,
        intent=one.intent,
        slots=dict(slots),
        is_false_wake=one.is_false_wake,
    )


def started(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """One step in a process of its own, as anybody runs it."""
    told = {**os.environ, "EARWITNESS_STATE": str(folder / "state"), "EARWITNESS_SETTINGS": str(folder / "settings.toml")}
    return subprocess.Popen([sys.executable, "-m", "earwitness", "improve", name], env=told)


def undisturbed(folder: Path, name: str) -> float:
    """The seconds that a step takes, with the start of its process."""
    began = time.monotonic()
    if code := started(folder, name).wait():
        raise SystemExit(f"{name} ended with {code}")
    return time.monotonic() - began


def killed_until_done(folder: Path, name: str, *, seconds: float, dice: random.Random) -> tuple[int, float]:
    """How often a step that takes so many seconds was killed, and how long it took in all until it ended by itself."""
    began, kills = time.monotonic(), 0
    while kills < KILLS:
        process = started(folder, name)
        try:
            code = process.wait(dice.uniform(0.1, 0.7) * seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            continue
        if code:
            raise SystemExit(f"{name} ended with {code}")
        return kills, time.monotonic() - began
    undisturbed(folder, name)
    return kills, time.monotonic() - began


def faults(folder: Path) -> list[str]:
    """What is not as it would be without a kill."""
    found = []
    with House(read_settings(folder / "settings.toml"), state=folder / "state") as house:
        loop, models = house.improver, house.improver.models.all()
        entries = map(json.loads, house.ledger.leaves())
        kinds = [entry["kind"] for entry in entries if entry["kind"].startswith("improve.")]
        if kinds != ["improve.set", "improve.registered", "improve.learned", "improve.measured"]:
            found.append(f"the ledger has {kinds}")
        if [one.number for one in models] != [1]:
            found.append(f"{len(models)} versions instead of 1")
        for model in models:
            if model.state not in (State.MEASURED, State.REFUSED) or model.report is None:
                found.append(f"the version is {model.state.value}")
            if len({len(items) for items in loop.models.measured(model).values()}) != 1:
                found.append("the arms measured different recordings")
            if loop.sets.lost(loop.sets.find(model.set_id)):
                found.append("something of the set is lost")
    return found


def told(folder: Path) -> str:
    """What was made of the recordings."""
    with House(read_settings(folder / "settings.toml"), state=folder / "state") as house:
        (made, *_), (model, *_) = house.improver.sets.all(), house.improver.models.all()
        facts, report, done = made.as_json(), model.report or {}, house.improver.models.done(model)
    learned = ", ".join(f"{name} {'learned' if one.sha256 else 'had too little'}" for name, one in done.items())
    left = ", ".join(f"{count} {why}" for why, count in made.manifest.left_out.items())
    return (
        f"In the set: {facts['teaches']} teach, {facts['measures']} measure (of which {report.get('items')} were heard by each "
        f"arm); left out: {left or 'nothing'}. {learned}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1_000, help="judged utterances")
    parser.add_argument("--publish", action="store_true", help="put the table into docs/benchmarks.md")
    chosen = parser.parse_args()
    rows, dice, intro = [], random.Random(1), machine()
    with tempfile.TemporaryDirectory() as place:
        quiet, killed = Path(place, "quiet"), Path(place, "killed")
        quiet.mkdir()
        (quiet / "settings.toml").write_text(SETTINGS, encoding="utf-8")
        prepare(quiet, chosen.turns)
        shutil.copytree(quiet, killed)
        seconds = {name: undisturbed(quiet, name) for name in STEPS}
        for name in STEPS:
            kills, until = killed_until_done(killed, name, seconds=seconds[name], dice=dice)
            rows.append([f"earwitness improve {name}", f"{seconds[name]:.0f}", str(kills), f"{until:.0f}"])
        wrong, summary = faults(killed), told(quiet)
    rows.append(["all", f"{sum(seconds.values()):.0f} (goal {GOAL_SECONDS:.0f})", "", ""])
    head = ["step", "undisturbed, s", "killed", "until it ended by itself, s"]
    verdict = f"After the kills: {'; '.join(wrong) if wrong else 'ledger, versions and measures as without them'}."
    text = f"{intro}\n\n{table(head, rows)}\n\n{chosen.turns} judged utterances of {PEOPLE} people. {summary} {verdict}"
    if chosen.publish:
        publish("improve loop", text)
    else:
        print(text)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
