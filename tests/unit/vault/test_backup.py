"""Backups: consistent while others write, whole or not there, data here and keys there, and keys on a clock of their own."""

import os
import random
import resource
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from earwitness.config import VaultSettings
from earwitness.domain.errors import BackupError, StorageError
from earwitness.domain.recording import Selection
from earwitness.storage.lock import StateLock
from earwitness.vault.backup import backup_data, backup_keys, check_backup
from earwitness.vault.restore_unpack import MemorySink, unpack
from tests.unit.vault.backed_up import NOON, Household, Opened, sound_of
from tests.unit.vault.killing import calls_of, killed

CANARY = "zanzibar marmalade"
KILLS = 36


@pytest.fixture
def house(tmp_path: Path) -> Household:
    return Household(tmp_path)


def members(house: Household, path: Path, kind: str) -> dict[str, bytes]:
    sink = MemorySink()
    unpack(path, kind, sink, identities=[house.identity])  # type: ignore[arg-type]
    return sink.members


# Data here, keys there


def test_data_has_no_keys_and_keys_have_no_data(house: Household) -> None:
    with house.open() as home:
        turn_id = home.say(home.enrol("Ada"), CANARY)
    house.backup_data()
    data = members(house, house.data, "data")
    assert set(data) == {"household.db", "ledger.db", f"recordings/{turn_id[:2]}/{turn_id[2:]}"}
    keys = members(house, house.backup_keys().path, "keys")
    assert set(keys) == {"decisions.jsonl", "household.key", "keys.db", "ledger.key"}
    household_key = (house.state / "keys" / "household.key").read_bytes()
    assert keys["household.key"] == household_key
    everything = b"".join(data.values())
    assert household_key[-32:] not in everything
    assert CANARY.encode() not in everything
    assert sound_of(CANARY)[:64] not in everything


def test_nothing_in_a_backup_can_be_read_without_the_identity(house: Household) -> None:
    with house.open() as home:
        home.say(home.enrol("Zenobia"), CANARY)
    house.backup_data()
    house.backup_keys()
    for path in (*house.data.parent.iterdir(), *house.keys.iterdir()):
        assert path.stat().st_mode & 0o077 == 0
        assert b"zenobia" not in path.read_bytes().lower()


def test_a_backup_says_what_it_is(house: Household) -> None:
    with house.open() as home:
        home.say(home.enrol("Ada"), "hello")
        checkpoint = home.stores.ledger.checkpoint()
    made = house.backup_data()
    about, count = check_backup(house.data, identities=[house.identity], kind="data")
    assert (about.kind, about.made_at, about.checkpoint, count) == ("data", NOON, checkpoint, 3)
    assert made.file_bytes == house.data.stat().st_size
    about, count = check_backup(house.backup_keys().path, identities=[house.identity], kind="keys")
    assert (about.kind, count) == ("keys", 4)


def test_progress_reaches_the_end(house: Household) -> None:
    with house.open() as home:
        home.say(home.enrol("Ada"), "hello", seconds=3)
    told: list[tuple[int, int]] = []
    backup_data(house.parts, house.data, recipients=[house.recipient], clock=house.clock, tell=lambda *how: told.append(how))
    assert told
    assert all(0 <= done <= total for done, total in told)
    assert told[-1][0] == told[-1][1]


def test_data_and_keys_do_not_go_to_one_place(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.backup_data()
    with pytest.raises(BackupError, match="keep data and keys apart") as caught:
        backup_keys(house.parts, house.data.parent, recipients=[house.recipient], keys_days=7, clock=house.clock)
    assert caught.value.code == "backup.same_place"
    house.backup_keys()
    (house.folder / "link").symlink_to(house.keys)
    for target in (house.keys / "data.age", house.folder / "link" / "data.age"):
        with pytest.raises(BackupError, match="keep data and keys apart"):
            house.backup_data(target)
    (house.state / ".backups.json").write_text("damaged")
    with pytest.raises(BackupError, match="keep data and keys apart"):
        house.backup_data(house.keys / "data.age")
    with pytest.raises(BackupError, match="inside the state folder"):
        house.backup_data(house.state / "data.age")


def test_where_nothing_was_ever_kept_there_is_nothing_to_back_up(house: Household) -> None:
    for make in (house.backup_data, house.backup_keys, house.write_erasures):
        with pytest.raises(BackupError, match="nothing to back up"):
            make()
    assert not house.data.exists()


def test_what_is_elsewhere_is_said_plainly_and_without_a_password(house: Household) -> None:
    house.settings = VaultSettings(
        database="postgresql+pg8000://somebody:secret@127.0.0.1/home",
        keys_database="postgresql+pg8000://somebody:secret@127.0.0.1/keys",
        recordings="s3://bucket/home",
    )
    said = " ".join((*house.parts.elsewhere(), *house.parts.keys_elsewhere()))
    assert (
        "People and the history are in postgresql+pg8000://somebody:***@127.0.0.1/home: back that up with its own tools." in said
    )
    assert "s3://bucket/home" in said
    assert "secret" not in said


# The shorter clock


def test_keys_are_kept_for_some_days_and_no_longer(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    made = []
    for _ in range(10):
        made.append(house.backup_keys(keys_days=7).path)
        house.clock.advance(days=1)
    assert sorted(house.keys.iterdir()) == made[2:], "the newest is of day 9; those of days 2 to 8 are 7 days old at most"
    assert made[0].name == "earwitness-keys-20250601T120000Z.age"


def test_other_files_beside_the_keys_stay(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.backup_keys()
    others = ["notes.txt", "earwitness-keys-2020.age", "earwitness-keys-20200101T000000Z.age.bak"]
    for name in others:
        (house.keys / name).write_text("mine")
    (house.keys / ".earwitness-keys-20200101T000000Z.age.part").write_text("half of a killed backup")
    house.clock.advance(days=30)
    newest = house.backup_keys()
    assert sorted(path.name for path in house.keys.iterdir()) == sorted([*others, newest.path.name])
    assert len(newest.removed) == 1


def test_if_the_new_one_cannot_be_made_the_old_ones_stay(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    old = house.backup_keys().path
    house.clock.advance(days=30)
    with pytest.raises(BackupError):
        backup_keys(house.parts, house.keys, recipients=["age1wrong"], keys_days=7, clock=house.clock)
    household_key = house.state / "keys" / "household.key"
    household_key.rename(house.folder / "lost.key")
    with pytest.raises(BackupError, match=r"household\.key cannot be read"):
        house.backup_keys()
    assert list(house.keys.iterdir()) == [old]


def test_after_the_clock_no_backup_opens_what_was_deleted(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone = home.say(ada, CANARY)
    house.backup_data()
    house.backup_keys()
    with house.open() as home:
        home.delete(ada, gone)
    for _ in range(9):
        house.clock.advance(days=1)
        house.backup_keys()
    assert [is_only_remembered(members(house, path, "keys")["keys.db"], gone) for path in house.keys.iterdir()] == [True] * 8


def is_only_remembered(database: bytes, turn_id: str) -> bool:
    """Whether a keys' database names a turn only as one whose key was destroyed."""
    with sqlite3.connect(":memory:") as connection:
        connection.deserialize(database)
        (living,) = connection.execute("SELECT count(*) FROM keys WHERE key_id = ?", (turn_id,)).fetchone()
        (dead,) = connection.execute("SELECT count(*) FROM destroyed WHERE key_id = ?", (turn_id,)).fetchone()
    return (living, dead) == (0, 1)


# While others write


def test_a_backup_is_of_one_moment_while_the_house_goes_on(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        writer = Writer(home, ada)
        for number in range(3):
            before = writer.wait_for(5)
            made = house.backup_data(house.folder / "here" / f"{number}.age")
            assert made.recordings > 0
            keys = house.backup_keys()
        writer.stop()
    known = house.write_erasures()
    shutil.copy(house.folder / "here" / "2.age", house.data)
    house.lose()
    house.restore(keys, lists=(known,), accepts_older_ledger=True)
    with house.open() as home:
        page = home.vault.door.history(home.actor(ada), ada, limit=10_000)
        found = {one.turn.turn_id: one.turn.transcript for one in page.recordings}
        assert found
        assert {turn_id: writer.said[turn_id] for turn_id in found} == found
        for turn_id, words in found.items():
            assert home.sound(ada, turn_id) == sound_of(words)
        assert not found.keys() & writer.deleted
        assert found.keys() >= before - writer.deleted, "what was acknowledged before the backup began is in it"


class Writer:
    """A thread that keeps turns, and deletes every fourth."""

    def __init__(self, home: Opened, person_id: str) -> None:
        self.said: dict[str, str] = {}
        self.deleted: set[str] = set()
        self._home = home
        self._person_id = person_id
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def wait_for(self, more: int) -> set[str]:
        """Wait until so many more turns are kept; gives the ids of all that were acknowledged by now."""
        with self._changed:
            enough = len(self.said) + more
            assert self._changed.wait_for(lambda: len(self.said) >= enough, timeout=60)
            return set(self.said)

    def stop(self) -> None:
        self._is_over = True
        self._thread.join()

    def _write(self) -> None:
        for number in range(100_000):
            if self._is_over:
                return
            words = f"sentence {number}"
            turn_id = self._home.say(self._person_id, words)
            with self._changed:
                self.said[turn_id] = words
                self._changed.notify_all()
            if number % 4 == 3:
                eraser = self._home.vault.eraser
                eraser.erase(self._home.actor(self._person_id), self._person_id, Selection(turn_ids=(turn_id,)))
                self.deleted.add(turn_id)


def test_two_backups_at_once_are_refused(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    refused: list[StorageError] = []

    def tell(done: int, total: int) -> None:
        with pytest.raises(StorageError, match="Another backup") as caught:
            house.backup_keys()
        refused.append(caught.value)

    backup_data(house.parts, house.data, recipients=[house.recipient], clock=house.clock, tell=tell)
    assert {error.code for error in refused} == {"storage.in_use"}


def test_no_backup_during_a_restore(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    with StateLock(house.state, is_exclusive=True), pytest.raises(StorageError, match="being restored"):
        house.backup_data()


# Whole or not at all


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond that: the system answers as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [4096, 100_000, 300_000])
def test_a_full_disk_leaves_the_old_backup_and_nothing_else(house: Household, size: int) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, "hello", seconds=10)
        house.backup_data()
        before = house.data.read_bytes()
        home.say(ada, "hello again")
        with files_up_to(size), pytest.raises(StorageError):
            house.backup_data()
    assert house.data.read_bytes() == before
    assert [path.name for path in house.data.parent.iterdir()] == [house.data.name]
    assert not (house.state / ".work").exists()
    house.backup_data()
    assert house.data.read_bytes() != before


def test_a_backup_never_takes_the_place_of_a_device(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.data.parent.mkdir()
    os.mkfifo(house.data)
    with pytest.raises(StorageError, match="cannot be written"):
        house.backup_data()
    assert house.data.is_fifo()


def back_up_data(house: Household) -> None:
    house.backup_data()


def back_up_keys(house: Household) -> None:
    house.backup_keys(keys_days=0)


def test_killed_at_any_moment_a_backup_is_the_old_or_the_new(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        for number in range(8):
            home.say(ada, f"{CANARY} {number}")
    house.backup_data()
    house.clock.advance(days=1)
    with house.open() as home:
        home.say(ada, "one more")
    old = house.data.read_bytes()
    total = calls_of(back_up_data, house)
    chance, outcomes = random.Random(1), set()
    for _ in range(KILLS):
        house.data.write_bytes(old)
        at = chance.randrange(total)
        assert killed(back_up_data, house, at=at)
        is_new = house.data.read_bytes() != old
        outcomes.add(is_new)
        about, _ = check_backup(house.data, identities=[house.identity], kind="data")
        assert about.made_at == (house.clock() if is_new else NOON), at
        assert {path.name for path in house.data.parent.iterdir()} <= {house.data.name, f".{house.data.name}.part"}
        with StateLock(house.state):
            assert not (house.state / ".work").exists()
        with house.open() as home:
            assert len(home.words(ada)) == 9
    assert False in outcomes
    house.backup_data()
    assert [path.name for path in house.data.parent.iterdir()] == [house.data.name]


def test_killed_at_any_moment_there_are_keys(house: Household) -> None:
    with house.open() as home:
        home.say(home.enrol("Ada"), CANARY)
    house.backup_keys()
    total = calls_of(back_up_keys, house)
    chance = random.Random(2)
    for _ in range(KILLS):
        house.clock.advance(days=1)
        killed(back_up_keys, house, at=chance.randrange(total))
        whole = [path for path in house.keys.iterdir() if path.suffix == ".age"]
        assert whole
        for path in whole:
            check_backup(path, identities=[house.identity], kind="keys")
    house.clock.advance(days=1)
    newest = house.backup_keys(keys_days=0).path
    assert list(house.keys.iterdir()) == [newest]
