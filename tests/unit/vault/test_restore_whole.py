"""A restore is done or has not happened: with hostile backups, wrong keys, a full disk, and killed at any moment."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import BackupError, EarwitnessError, StorageError
from earwitness.ledger.signing_key import signing_key
from earwitness.storage.lock import StateLock
from earwitness.vault.backup import KeysBackup, check_backup
from earwitness.vault.backup_age import make_identity, write_sealed
from earwitness.vault.backup_format import About, Kind, Member, pack
from earwitness.vault.restore_unpack import MemorySink, unpack
from tests.unit.vault.backed_up import NOON, Household
from tests.unit.vault.killing import calls_of, killed
from tests.unit.vault.test_backup import files_up_to
from tests.unit.vault.test_restore import CANARY, Traces

KILLS = 36


class Home:
    """A household with a backup of its data, one of its keys, and more said and deleted since."""

    def __init__(self, folder: Path) -> None:
        self.house = Household(folder)
        with self.house.open() as home:
            self.ada = home.enrol("Ada")
            self.gone = home.say(self.ada, CANARY)
            home.say(self.ada, "this stays")
            self.traces = Traces(home, self.gone)
        self.house.backup_data()
        self.keys = self.house.backup_keys()
        self.house.clock.advance(days=1)
        with self.house.open() as home:
            home.delete(self.ada, self.gone)
            home.say(self.ada, "said since")

    def words(self) -> list[str]:
        with self.house.open() as home:
            return home.words(self.ada)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("household"))


@pytest.fixture
def home(original: Home) -> Iterator[Home]:
    """The household; whatever a test does to it is undone."""
    house, kept = original.house, original.house.folder / "kept"
    now, data, keys = house.clock.now, house.data.read_bytes(), original.keys.path.read_bytes()
    shutil.copytree(house.state, kept)
    yield original
    shutil.rmtree(house.state)
    kept.rename(house.state)
    house.clock.now = now
    house.data.write_bytes(data)
    original.keys.path.write_bytes(keys)


def refused(home: Home, keys: KeysBackup | None = None, **how: object) -> EarwitnessError:
    """The error of a restore that may not change anything."""
    before = home.house.files()
    with pytest.raises(EarwitnessError) as caught:
        home.house.restore(keys or home.keys, replaces=True, **how)
    assert home.house.files() == before
    assert not (home.house.state / ".incoming").exists()
    return caught.value


# Wrong and hostile backups


def test_the_wrong_identity(home: Home) -> None:
    other = home.house.folder / "other.txt"
    if not other.exists():
        make_identity(other, now=NOON)
    assert refused(home, identities=(other,)).code == "backup.wrong_identity"
    assert refused(home, identities=(home.house.folder / "none.txt",)).code == "vault.key_missing"
    home.house.restore(home.keys, replaces=True, identities=(other, home.house.identity))


def test_one_for_the_other(home: Home) -> None:
    assert refused(home, data=home.keys.path).code == "backup.wrong_kind"
    data_for_keys = KeysBackup(path=home.house.data, file_bytes=0, removed=(), left_out=())
    assert refused(home, data_for_keys).code == "backup.wrong_kind"


def test_what_was_cut_or_changed(home: Home) -> None:
    whole = home.house.data.read_bytes()
    chance = random.Random(3)
    for _ in range(8):
        place = chance.randrange(len(whole))
        home.house.data.write_bytes(whole[:place])
        assert isinstance(refused(home), BackupError)
        home.house.data.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert isinstance(refused(home), BackupError)
    home.house.data.unlink()
    assert isinstance(refused(home), BackupError)


def test_data_and_keys_of_two_households(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path)
    shutil.copy(home.house.identity, other.house.identity)
    other.house.recipient = home.house.recipient
    theirs = other.house.backup_keys()
    assert refused(home, theirs).code == "backup.other_household"
    empty = home.house.folder / "empty"
    home.house.state, state = empty, home.house.state
    try:
        with pytest.raises(BackupError, match="not made by this household"):
            home.house.restore(theirs)
        assert home.house.files() == {}
    finally:
        home.house.state = state
    assert refused(home, lists=(other.house.write_erasures(),)).code == "backup.other_household"


def forge(
    home: Home, kind: Kind, change: Callable[[dict[str, bytes]], None], *, about: About | None = None, by: Path | None = None
) -> None:
    """Put a backup in the place of the right one, packed, signed and encrypted as it should be, but with other members."""
    path, sink = home.house.data if kind == "data" else home.keys.path, MemorySink()
    found = unpack(path, kind, sink, identities=[home.house.identity])
    change(sink.members)
    members = [Member(name=name, size=len(data), chunks=[data]) for name, data in sorted(sink.members.items())]
    key = signing_key(by or home.house.parts.ledger_key)
    blocks = pack(about or found, members, key=key, folder=home.house.folder)
    write_sealed(path, blocks, recipients=[home.house.recipient])


def test_a_forgery_that_only_knows_the_recipient(home: Home, tmp_path: Path) -> None:
    forge(home, "data", lambda members: None, by=tmp_path / "forger.key")
    assert refused(home).code == "backup.other_household"


def database(*statements: str) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        for statement in statements:
            connection.execute(statement)
        return connection.serialize()


WRONG = {
    "no household": ("data", "household.db", None),
    "no ledger": ("data", "ledger.db", None),
    "household is no database": ("data", "household.db", b"no database" * 100),
    "household is empty": ("data", "household.db", b""),
    "household of a newer version": (
        "data",
        "household.db",
        database("CREATE TABLE revision_of_household (version_num TEXT)", "INSERT INTO revision_of_household VALUES ('9999')"),
    ),
    "ledger is no database": ("data", "ledger.db", b"no database" * 100),
    "ledger without tables": ("data", "ledger.db", database("CREATE TABLE other (x)")),
    "ledger without a head": (
        "data",
        "ledger.db",
        database("CREATE TABLE head (size, note)", "CREATE TABLE entries (position, leaf)"),
    ),
    "no keys": ("keys", "keys.db", None),
    "keys are no database": ("keys", "keys.db", b"no database" * 100),
    "keys without tables": ("keys", "keys.db", database("CREATE TABLE other (x)")),
    "no ledger key": ("keys", "ledger.key", None),
    "ledger key is none": ("keys", "ledger.key", b"secret"),
    "no household key": ("keys", "household.key", None),
    "household key is none": ("keys", "household.key", b"secret"),
    "another household key": ("keys", "household.key", b"earwitness household key v1\n" + bytes(32)),
    "no decisions": ("keys", "decisions.jsonl", None),
    "decisions are none": ("keys", "decisions.jsonl", b"{}\n"),
}


@pytest.mark.parametrize("name", WRONG)
def test_hostile_contents(home: Home, name: str) -> None:
    kind, member, data = WRONG[name]

    def change(members: dict[str, bytes]) -> None:
        if data is None:
            del members[member]
        else:
            members[member] = data

    forge(home, "data" if kind == "data" else "keys", change)
    assert refused(home).sentence.endswith(".")


def test_a_ledger_in_the_backup_that_was_edited(home: Home) -> None:
    def change(members: dict[str, bytes]) -> None:
        with sqlite3.connect(":memory:") as connection:
            connection.deserialize(members["ledger.db"])
            connection.execute("UPDATE entries SET leaf = CAST(replace(leaf, 'kept', 'left') AS BLOB) WHERE position = 1")
            connection.commit()
            members["ledger.db"] = connection.serialize()

    forge(home, "data", change)
    assert refused(home).code == "backup.other_ledger"


def test_one_that_says_to_be_longer_than_the_disk(home: Home) -> None:
    about, _ = check_backup(home.house.data, identities=[home.house.identity], kind="data")
    huge = About(kind="data", made_at=about.made_at, total_bytes=1 << 60, checkpoint=about.checkpoint)
    forge(home, "data", lambda members: None, about=huge)
    error = refused(home)
    assert error.code == "storage.full"


# A full disk


@pytest.mark.parametrize("size", [1, 20_000, 100_000])
def test_a_full_disk(home: Home, size: int) -> None:
    with files_up_to(size):
        error = refused(home)
    assert isinstance(error, StorageError)
    home.house.restore(home.keys, replaces=True)
    assert home.words() == ["this stays"]


# Killed


def restore_here(house: Household) -> None:
    (keys,) = house.keys.glob("*.age")
    house.restore(KeysBackup(path=keys, file_bytes=0, removed=(), left_out=()), replaces=True, removes_old=True)


def test_killed_at_any_moment_it_is_as_it_was_or_done(home: Home) -> None:
    house = home.house
    before = house.files()
    untouched = house.folder / "untouched"
    shutil.copytree(house.state, untouched)
    total = calls_of(restore_here, house)
    chance, outcomes = random.Random(4), set()
    for trial in range(KILLS):
        shutil.rmtree(house.state)
        shutil.copytree(untouched, house.state)
        # Half of the moments are of the last tenth, in which it is decided and done.
        at = chance.randrange(total) if trial % 2 else chance.randrange(total * 9 // 10, total)
        assert killed(restore_here, house, at=at)
        assert "key" not in home.traces.found_in(house.state), "not even a killed restore brings a destroyed key to the disk"
        with StateLock(house.state):
            is_old = house.files() == before
        outcomes.add(is_old)
        assert home.words() == (["this stays", "said since"] if is_old else ["this stays"]), at
        with house.open() as opened:
            assert not opened.opens(home.ada, home.gone)
        assert {path.name for path in house.state.iterdir()} <= {
            ".backups.json",
            ".lock",
            ".work.lock",
            "household.db",
            "keys",
            "ledger.db",
            "recordings",
        }
    assert outcomes == {True, False}
    shutil.rmtree(untouched)
