"""Lives of a household that end with kill -9, run in processes of their own; `test_crashes.py` starts it.

    python -m tests.unit.vault.crashing every FOLDER          one scripted life, killed at every write
    python -m tests.unit.vault.crashing random FOLDER COUNT   random lives, killed at COUNT random moments

What is about to be done and what was acknowledged goes to a file line by line, so that the next life knows what it must find.
This process imports everything once and forks each life; it opens no database itself.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps
from earwitness.domain.errors import VaultError
from earwitness.domain.recording import Actor, Role, Selection
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import parse_verifier
from earwitness.people import passphrase
from earwitness.storage.database import Database
from earwitness.vault.blobs import Blobs
from tests.houses_kept import NOON, Clock, sound
from tests.unit.vault.setting import Setting, opened_setting, said

RETENTION_SECONDS = 3600.0
LATER = timedelta(minutes=11)
LONGEST_LIFE_SECONDS = 0.12
READY = b"r"


class Diary:
    """What was begun and what was acknowledged. A line is written at once, and survives its writer."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "diary"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.now = NOON
        self.turns: dict[str, dict[str, Any]] = {}
        for line in self._path.read_text(encoding="utf-8").splitlines():
            self._note(json.loads(line))

    def write(self, **line: Any) -> None:
        os.write(self._file, f"{json.dumps(line)}\n".encode())
        self._note(line)

    def _note(self, line: dict[str, Any]) -> None:
        """A turn `is` kept, gone, or either, as long as what was begun was not acknowledged."""
        if "now" in line:
            self.now = datetime.fromisoformat(line["now"])
        if "turn" in line:
            self.turns[line["turn"]] = line
        for turn_id in line.get("ids", ()):
            self.turns[turn_id] = self.turns[turn_id] | {"is": line["is"]}

    def kept(self) -> list[str]:
        """What is acknowledged as kept and did not expire."""
        now = self.now.isoformat()
        return [turn_id for turn_id, turn in self.turns.items() if turn["is"] == "kept" and turn["expires"] > now]


class Life:
    """An opened household and its diary."""

    def __init__(self, setting: Setting, ledger: Ledger, *, diary: Diary, person: Actor) -> None:
        self.setting = setting
        self.ledger = ledger
        self.diary = diary
        self.person = person

    def keep(self, *, has_sound: bool) -> str:
        seed = len(self.diary.turns) + 1
        spoken = said(f"number {seed}", person_id=self.person.actor_id, at=self.setting.clock())
        expires = (self.setting.clock() + timedelta(seconds=RETENTION_SECONDS)).isoformat()
        facts = {"turn": spoken.turn.turn_id, "seed": seed, "has_sound": has_sound, "expires": expires}
        self.diary.write(**facts, **{"is": "either"})
        kept = self.setting.rights.keep(spoken, Pcm(data=sound(0.05, seed=seed)) if has_sound else None)
        assert kept is (Keeps.AUDIO if has_sound else Keeps.TEXT)
        self.diary.write(**facts, **{"is": "kept"})
        return spoken.turn.turn_id

    def erase(self, *turn_ids: str) -> None:
        """Delete these turns; all of them if none is named."""
        ids = list(turn_ids) or self.diary.kept()
        if not ids:
            return
        self.diary.write(ids=ids, **{"is": "either"})
        selection = Selection(turn_ids=tuple(ids)) if turn_ids else Selection(is_all=True)
        self.setting.rights.erase_said(self.person.actor_id, selection)
        self.diary.write(ids=ids, **{"is": "gone"})

    def expire(self, *, minutes: float) -> None:
        self.setting.clock.advance(minutes=minutes)
        self.diary.write(now=self.setting.clock().isoformat())
        while self.setting.vault.eraser.expire():
            pass

    def check(self) -> None:
        """Finish what was broken off, and find everything as the diary says; raises AssertionError."""
        self.expire(minutes=0)
        self.setting.rights.upkeep()
        self.expire(minutes=LATER.total_seconds() / 60)
        self.setting.rights.upkeep()
        alive = {turn_id for turn_id, turn in self.diary.turns.items() if self._check_turn(turn_id, turn)}
        rows, term_count, keys, blobs = self.setting.left()
        assert rows == alive, "rows"
        assert keys == alive, "keys"
        assert blobs == {turn_id for turn_id in alive if self.diary.turns[turn_id]["has_sound"]}, "blobs"
        assert (term_count == 0) == (not alive), "search terms"
        assert not list((self.setting.folder / "recordings").rglob("*#*")), "half a blob"
        self._check_ledger()

    def _check_turn(self, turn_id: str, turn: dict[str, Any]) -> bool:
        """Whether a turn is there, which it must, may or must not be."""
        try:
            found = self.setting.vault.door.recording(self.person, turn_id)
        except VaultError:
            found = None
        is_over = datetime.fromisoformat(turn["expires"]) <= self.setting.clock()
        wanted = "gone" if is_over else turn["is"]
        assert wanted == "either" or (found is not None) == (wanted == "kept"), f"{turn_id} is not {wanted}"
        if found is None:
            if turn["is"] != "gone":
                self.diary.write(ids=[turn_id], **{"is": "gone"})
            return False
        assert found.turn.transcript == f"number {turn['seed']}", "words"
        if turn["has_sound"]:
            assert self.setting.sound(self.person, turn_id) == sound(0.05, seed=turn["seed"]), "sound"
        if turn["is"] != "kept":
            self.diary.write(ids=[turn_id], **{"is": "kept"})
        return True

    def _check_ledger(self) -> None:
        verifier, size = parse_verifier(self.ledger.verifier), self.ledger.size()
        for position in range(max(0, size - 12), size):
            self.ledger.proof(position).check(verifier)
        for receipt in self.setting.rights.receipts(self.person.actor_id):
            assert receipt.is_swept, "a receipt of what is not swept"
            assert receipt.position is not None, "a receipt without an entry"
            assert json.loads(self.ledger.leaf(receipt.position))["erasure"] == receipt.erasure_id


@contextlib.contextmanager
def opened_life(folder: Path) -> Iterator[Life]:
    passphrase.hashed = lambda passphrase: "none"  # nobody signs in here, and it takes its time
    diary = Diary(folder)
    ledger = Ledger(Database(folder / "ledger.db", chain="ledger"), key_file=folder / "keys" / "ledger.key")
    with opened_setting(folder, clock=Clock(diary.now), ledger=ledger) as setting:
        people = setting.people.all()
        if people:
            person = Actor(actor_id=people[0].person_id, alias=people[0].alias, role=Role.SELF)
        else:
            person = setting.person(retention_seconds=RETENTION_SECONDS)
        yield Life(setting, ledger, diary=diary, person=person)
    ledger.close()


# Lives


def scripted(folder: Path) -> None:
    """Every kind of thing that is written, once or twice."""
    with opened_life(folder) as life:
        first, _ = life.keep(has_sound=True), life.keep(has_sound=False)
        life.erase(first)
        life.keep(has_sound=True)
        life.setting.vault.eraser.sweep()
        life.expire(minutes=61)
        life.keep(has_sound=True)
        life.erase()
        life.keep(has_sound=True)
        life.setting.rights.upkeep()


def checked(folder: Path) -> None:
    with opened_life(folder) as life:
        life.check()


def random_life(folder: Path, seed: int, ready: int) -> None:
    """Check, say that it is ready, and go on at random until killed."""
    chance = random.Random(seed)
    with opened_life(folder) as life:
        life.check()
        os.write(ready, READY)
        while True:
            kept = life.diary.kept()
            match chance.choice(("keep", "keep", "keep", "words", "erase", "erase", "all", "expire", "sweep")):
                case "keep":
                    life.keep(has_sound=True)
                case "words":
                    life.keep(has_sound=False)
                case "erase" if kept:
                    life.erase(*chance.sample(kept, min(len(kept), chance.randint(1, 3))))
                case "all":
                    life.erase()
                case "expire":
                    life.expire(minutes=chance.choice((1, 20)))
                case "sweep":
                    life.setting.rights.upkeep()


def killing(number: int, counted: Path) -> None:
    """From now on this process dies just before its write of that number; how many it got to is in the file."""
    count = 0

    def write(*_: Any, **__: Any) -> None:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        counted.write_text(str(count), encoding="ascii")

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def hooked(*given: Any, **more: Any) -> Any:
            write()
            return call(*given, **more)

        return hooked

    event.listen(Engine, "commit", write)
    for place, name in ((os, "fsync"), (Blobs, "put"), (Blobs, "remove"), (Database, "scrub"), (Path, "unlink")):
        setattr(place, name, before(getattr(place, name)))


# Processes


def forked(life: Callable[[], None]) -> int:
    """The id of a process that leads this life and ends."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        life()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def ended(process: int) -> int:
    """How it ended: 0 well, -9 killed."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def every(folder: Path) -> dict[str, int]:
    """One scripted life, killed at each of its writes."""
    template = folder / "template"
    template.mkdir()
    assert ended(forked(lambda: checked(template))) == 0, "an empty household is not as it should be"
    number, killed = 0, 0
    while True:
        number += 1
        state, counted = folder / str(number), folder / "count"
        shutil.copytree(template, state)

        def life(number: int = number, state: Path = state, counted: Path = counted) -> None:
            killing(number, counted)
            scripted(state)

        status = ended(forked(life))
        assert status in (0, -signal.SIGKILL), f"the scripted life failed at write {number}"
        assert ended(forked(lambda state=state: checked(state))) == 0, f"after write {number}"  # type: ignore[misc]
        shutil.rmtree(state)
        if status == 0:
            return {"writes": int(counted.read_text(encoding="ascii")), "killed": killed}
        killed += 1


def at_random(folder: Path, count: int) -> dict[str, int]:
    """Random lives of one household after another, each killed at a random moment; the next one checks."""
    chance, began = random.Random(11), time.monotonic()
    state = folder / "state"
    for number in range(count):
        if number % 25 == 0:
            shutil.rmtree(state, ignore_errors=True)
            state.mkdir()
        reading, writing = os.pipe()
        process = forked(lambda number=number, writing=writing: random_life(state, number, writing))  # type: ignore[misc]
        os.close(writing)
        is_ready = os.read(reading, 1) == READY
        os.close(reading)
        assert is_ready or ended(process) is None, f"before life {number}"
        time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
        os.kill(process, signal.SIGKILL)
        assert ended(process) == -signal.SIGKILL, f"life {number} ended by itself"
        if number % 25 == 24 or number == count - 1:
            assert ended(forked(lambda: checked(state))) == 0, f"after life {number}"
    return {"killed": count, "milliseconds": round(1000 * (time.monotonic() - began))}


def main() -> None:
    kind, folder, *rest = sys.argv[1:]
    done = every(Path(folder)) if kind == "every" else at_random(Path(folder), int(rest[0]))
    print(json.dumps(done))


if __name__ == "__main__":
    main()
