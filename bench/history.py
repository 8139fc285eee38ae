"""`make bench-history`: a million kept turns: a page of history, a search, erasing a person, and what the one door costs."""

import argparse
import random
import secrets
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.progress import Progress

from bench.page import machine, publish, table
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.intent import Intent
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection, Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.ledger.log import Ledger
from earwitness.people.consents import Consents
from earwitness.people.people import People
from earwitness.rights.rights import Rights
from earwitness.storage.database import Database
from earwitness.vault import sealing
from earwitness.vault.envelope import new_key, seal_text, wrap_key
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing, PersonKey
from earwitness.vault.search import terms
from earwitness.vault.vault import Places, Vault

TURNS = 1_000_000
PEOPLE = 5
ERASED = 100_000
LEAVING = "Leaving"
BATCH = 10_000
SENTENCES = 20_000
TRIES = 200
PAGE = 50
SEED = 7
SECONDS = 3.0
COMMON = """turn on the kitchen light off living room lamp set timer for five minutes play music what is time add milk to"""
VOCABULARY = (*COMMON.split(" "), *(f"word{number}" for number in range(5000)))
"""Common words first: their frequencies fall as 1/rank (Zipf), as those of language do."""
SEARCHES = {"a common word": "turn", "two common words": "turn light", "three words": "turn on light", "a rare word": "word4000"}


@dataclass(frozen=True, kw_only=True)
class House:
    """What is measured: a household of its own in a folder that is thrown away."""

    folder: Path
    rights: Rights
    vault: Vault
    people: list[Person]


def main() -> None:
    """Measure, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=TURNS, help="how many; other than a million publishes nothing")
    parser.add_argument("--folder", type=Path, help="where to build it; without it, the folder for temporary files")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        header, house = machine(), _house(Path(folder))
        erased = min(ERASED, chosen.turns // 2)
        _fill(house, chosen.turns, leaving=erased)
        rows = [*_reading(house), *_searching(house), *_opening(house), *_erasing(house, erased)]
        house.vault.close()
    words = f"{chosen.turns:,} turns of {PEOPLE} people, each sealed under a key of its own, in SQLite on disk; one has sound."
    text = "\n".join([header, words, "", table(["what", "median", "95th percentile", "goal"], rows)])
    if chosen.turns == TURNS:
        publish("history", text)
    else:
        print(text)


def _now() -> datetime:
    return datetime.now(UTC)


def _house(folder: Path) -> House:
    database = Database(folder / "household.db", chain="household")
    ledger = Ledger(Database(folder / "ledger.db", chain="ledger"), key_file=folder / "keys" / "ledger.key")
    people = People(database, clock=_now)
    consents = Consents(database, ledger=ledger, clock=_now)
    places = Places(keys_folder=folder / "keys", keys=folder / "keys" / "keys.db", recordings=folder / "recordings")
    vault = Vault(database, places=places, ledger=ledger, consents=consents, clock=_now)
    rights = Rights(people=people, consents=consents, vault=vault, clock=_now)
    names = [*(f"Person {number}" for number in range(PEOPLE - 1)), LEAVING]
    made = [people.add(name, passphrase="only for this benchmark") for name in names]
    for person in made:
        rights.decide(person.person_id, Purpose.KEEP, is_given=True, way=Way.TERMINAL, retention_seconds=91 * 86_400.0)
    return House(folder=folder, rights=rights, vault=vault, people=made)


# Filling


def _fill(house: House, count: int, *, leaving: int) -> None:
    """Write turns in bulk, as the vault's own code seals them; `leaving` of them of the person who leaves."""
    chance = random.Random(SEED)
    keys = _keys(house)
    weights = [1 / rank for rank in range(1, len(VOCABULARY) + 1)]
    sentences = [" ".join(chance.choices(VOCABULARY, weights, k=7)) for _ in range(SENTENCES)]
    owners = [PEOPLE - 1] * leaving + [number % (PEOPLE - 1) for number in range(count - leaving)]
    chance.shuffle(owners)
    found_by: dict[tuple[int, str], list[bytes]] = {}
    with (
        sqlite3.connect(house.folder / "household.db") as household,
        sqlite3.connect(house.folder / "keys" / "keys.db") as key_file,
        Progress(transient=True) as bar,
    ):
        task = bar.add_task("Filling", total=count)
        for start in range(0, count, BATCH):
            some = list(enumerate(owners[start : start + BATCH], start=start + 1))
            _write(household, key_file, _rows(some, house, keys, sentences=sentences, found_by=found_by, chance=chance))
            bar.advance(task, len(some))
    household.close()
    key_file.close()


def _keys(house: House) -> list[PersonKey]:
    """Each person's key, made by the vault's own key ring."""
    folder = house.folder / "keys"
    database = Database(folder / "keys.db", chain="keys")
    ring = KeyRing(database, KeyFile(folder / "household.key"))
    keys = [ring.person_key(person.person_id, now=_now()) for person in house.people]
    database.close()
    return keys


Row = tuple[tuple[object, ...], tuple[object, ...], list[tuple[bytes, int]]]


def _rows(
    some: list[tuple[int, int]],
    house: House,
    keys: list[PersonKey],
    *,
    sentences: list[str],
    found_by: dict[tuple[int, str], list[bytes]],
    chance: random.Random,
) -> Iterator[Row]:
    for number, owner in some:
        said, key, turn_id = chance.choice(sentences), new_key(), secrets.token_hex(16)
        parent, began = keys[owner], _now() - timedelta(days=30) + timedelta(seconds=number)
        spoken = Spoken(turn=_turn(turn_id, said), person_id=house.people[owner].person_id, began_at=began, engine="whisper")
        facts = sealing.packed(spoken)
        if (owner, said) not in found_by:
            found_by[owner, said] = terms(sealing.searchable(facts), key=parent.search_key())
        sealed = seal_text(sealing.to_bytes(facts), key=key, row_id=turn_id, revision=1)
        stamp, expires = began.timestamp(), (began + timedelta(days=91)).timestamp()
        row = (number, turn_id, spoken.person_id, parent.key_id, stamp, expires, 0.0, 0, 0, 1, sealed, number)
        wrapped = wrap_key(key, by=parent.key, key_id=turn_id, parent_id=parent.key_id)
        yield row, (turn_id, parent.key_id, wrapped, stamp), [(term, number) for term in found_by[owner, said]]


def _write(household: sqlite3.Connection, key_file: sqlite3.Connection, rows: Iterator[Row]) -> None:
    turns, wrapped, found = zip(*rows, strict=True)
    names = "number, turn_id, person_id, person_key_id, began_at, expires_at, audio_seconds, audio_bytes, is_restricted, revision"
    marks = ",".join("?" * 12)
    household.executemany(f"INSERT INTO turns ({names}, sealed, kept_position) VALUES ({marks})", turns)
    household.executemany("INSERT INTO terms (term, turn_number) VALUES (?, ?)", sorted(term for some in found for term in some))
    key_file.executemany("INSERT INTO keys (key_id, parent_id, wrapped, created_at) VALUES (?, ?, ?, ?)", wrapped)
    household.commit()
    key_file.commit()


def _turn(turn_id: str, said: str) -> Turn:
    intent = Intent(name="HassTurnOn", slots={"name": "lamp"})
    timings = {"endpoint": 320.0, "recognise": 276.0, "understand": 2.1, "act": 1.0, "first_sound": 358.0}
    return Turn(
        turn_id=turn_id, transcript=said, outcome=Outcome.DONE, reply="Turned on the lamp.", intent=intent, timings_ms=timings
    )


# Measuring


def _timed(work: Callable[[], object], *, tries: int = TRIES) -> tuple[str, str]:
    """Median and 95th percentile in milliseconds."""
    taken = []
    for _ in range(tries):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1e3)
    return f"{statistics.median(taken):.1f} ms", f"{statistics.quantiles(taken, n=20)[-1]:.1f} ms"


def _reading(house: House) -> list[list[str]]:
    person_id, chance = house.people[0].person_id, random.Random(SEED)
    newest = house.rights.history(person_id, limit=1).next_before or 1
    seconds = timedelta(days=1)

    def day() -> object:
        since = _now() - timedelta(days=chance.uniform(20, 29))
        return house.rights.history(person_id, limit=PAGE, selection=Selection(since=since, until=since + seconds))

    def deep() -> object:
        return house.rights.history(person_id, limit=PAGE, before=chance.randrange(newest // 10, newest))

    return [
        [f"a page of {PAGE} turns, the newest", *_timed(lambda: house.rights.history(person_id, limit=PAGE)), "50 ms"],
        [f"a page of {PAGE} turns, anywhere", *_timed(deep), "50 ms"],
        [f"a page of {PAGE} turns of one day", *_timed(day), "50 ms"],
    ]


def _searching(house: House) -> list[list[str]]:
    person_id = house.people[0].person_id
    return [
        [f"search: {what}", *_timed(lambda words=words: house.rights.history(person_id, limit=PAGE, search=words)), "300 ms"]  # type: ignore[misc]
        for what, words in SEARCHES.items()
    ]


def _opening(house: House) -> list[list[str]]:
    """What policy, ledger and list of listens add to decrypting one recording's sound."""
    person_id, turn = house.people[0].person_id, _turn(secrets.token_hex(16), "what is opened")
    sound = Pcm(data=secrets.token_bytes(int(SECONDS * 32_000)))
    house.rights.keep(Spoken(turn=turn, person_id=person_id, began_at=_now()), sound)

    whole: list[float] = []
    bare: list[float] = []
    opening: list[float] = []
    for _ in range(TRIES):
        began = time.perf_counter()
        with house.rights.play(person_id, turn.turn_id) as audio:
            opened = time.perf_counter()
            assert sum(map(len, audio)) == len(sound.data)
            served = time.perf_counter()
        whole.append((time.perf_counter() - began) * 1e3)
        bare.append((served - opened) * 1e3)
        opening.append((opened - began) * 1e3)

    def row(what: str, taken: list[float], goal: str) -> list[str]:
        return [what, f"{statistics.median(taken):.1f} ms", f"{statistics.quantiles(taken, n=20)[-1]:.1f} ms", goal]

    return [
        row(f"decrypting {SECONDS:g} s of sound", bare, ""),
        row("what the door adds before the first byte", opening, "10 ms"),
        row("the whole listen, until its end is on record", whole, ""),
    ]


def _erasing(house: House, count: int) -> list[list[str]]:
    leaving = next(person for person in house.people if person.name == LEAVING)
    began = time.perf_counter()
    erasure = house.rights.erase_person(leaving.person_id)
    gone = time.perf_counter() - began
    if erasure.recordings != count:
        raise SystemExit(f"{erasure.recordings} turns were erased instead of {count}.")
    began = time.perf_counter()
    with Progress(transient=True) as bar:
        task = bar.add_task("Sweeping", total=count)
        house.vault.eraser.sweep(lambda done, total: bar.update(task, completed=done, total=total))
    swept = time.perf_counter() - began
    return [
        [f"erase a person with {count:,} turns: keys gone", f"{gone:.2f} s", "", "1 s"],
        ["the sweep after it, in the background", f"{swept:.0f} s", "", ""],
    ]


if __name__ == "__main__":
    main()
