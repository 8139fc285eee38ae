"""Nothing of a deleted row is left in the file, also not where SQLite builds pages anew and leaves what lay there before."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.keys import keys
from earwitness.storage.remnants import holds_any, page_bytes, unallocated

MANY = 4000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database(path, chain="keys")
    yield database
    database.close()


def filled(database: Database, *, seed: int) -> dict[str, bytes]:
    """Keys in random order, a few in each transaction, as they come to be over months."""
    chance = random.Random(seed)
    made = {chance.randbytes(16).hex(): chance.randbytes(61) for _ in range(MANY)}
    rows = [{"key_id": key_id, "parent_id": "p" * 32, "wrapped": wrapped, "created_at": 1.0} for key_id, wrapped in made.items()]
    for start in range(0, MANY, 40):
        with database.writing() as connection:
            connection.execute(sa.insert(keys), rows[start : start + 40])
    return made


def in_file(path: Path, wanted: dict[str, bytes]) -> int:
    """How many are found in the file and its log."""
    data = path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
    return sum(one in data for one in wanted.values())


def test_what_is_deleted_is_in_no_file(path: Path, database: Database) -> None:
    made = filled(database, seed=1)
    gone = dict(random.Random(2).sample(sorted(made.items()), MANY // 3))
    assert in_file(path, gone) == len(gone), "what is there must be found, or the search shows nothing"
    for start in range(0, len(gone), 25):
        some = list(gone)[start : start + 25]
        with database.writing() as connection:
            connection.execute(sa.delete(keys).where(keys.c.key_id.in_(some)))
    database.scrub(list(gone.values()))
    assert in_file(path, gone) == 0
    with database.reading() as connection:
        left = {row.key_id: row.wrapped for row in connection.execute(sa.select(keys))}
    assert left == {key_id: wrapped for key_id, wrapped in made.items() if key_id not in gone}


def plant(path: Path, remnant: bytes) -> int:
    """Put bytes into the unallocated part of a page, as SQLite leaves them; gives the page's number."""
    data = bytearray(path.read_bytes())
    size = page_bytes(bytes(data[:100]))
    for number in range(1, len(data) // size):
        page = data[number * size : (number + 1) * size]
        cells, content = int.from_bytes(page[3:5], "big"), int.from_bytes(page[5:7], "big")
        end = 8 + 2 * cells
        if page[0] == 0x0A and content - end > len(remnant) + 8:
            data[number * size + end + 4 : number * size + end + 4 + len(remnant)] = remnant
            path.write_bytes(data)
            return number
    raise AssertionError("no page has room")


@pytest.mark.parametrize("others", [0, 1000], ids=["few", "many"])
def test_what_sqlite_left_is_found_and_the_file_built_anew(path: Path, others: int) -> None:
    first = Database(path, chain="keys")
    made = filled(first, seed=3)
    first.scrub()
    first.close()
    remnant = b"a nonce of a key that is deleted"
    plant(path, remnant)
    database = Database(path, chain="keys")
    more = [random.Random(number).randbytes(12) for number in range(others)]
    database.scrub(more)
    assert remnant in path.read_bytes(), "what nobody asked for costs no rebuilding"
    database.scrub([*more, remnant])
    assert remnant not in path.read_bytes()
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(keys)).scalar_one() == len(made)
    database.close()


def test_a_thorough_scrub_builds_anew_without_looking(path: Path, database: Database) -> None:
    filled(database, seed=4)
    with database.writing() as connection:
        connection.execute(sa.delete(keys))
    before = path.stat().st_size
    database.scrub(is_thorough=True)
    assert path.stat().st_size < before / 10


def test_a_scrubbed_database_goes_on(database: Database) -> None:
    filled(database, seed=5)
    database.scrub([b"\x01" * 12], is_thorough=True)
    with database.writing() as connection:
        assert connection.execute(sa.delete(keys)).rowcount == MANY
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    database.scrub([b"\x01" * 12])


def test_pages_are_read_as_sqlite_writes_them(tmp_path: Path) -> None:
    """On a file with other pages than usual, against what SQLite says of itself."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size = 1024")
    connection.execute("CREATE TABLE t (a TEXT PRIMARY KEY, b BLOB)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(f"{n:032d}", b"x" * (n % 3000)) for n in range(300)])
    connection.commit()
    connection.close()
    data = path.read_bytes()
    assert page_bytes(data[:100]) == 1024
    for start in range(0, len(data), 1024):
        left = unallocated(data[start : start + 1024], is_first=start == 0)
        assert b"CREATE TABLE" not in left
        assert len(left) < 1024
    assert unallocated(b"\x00" * 1024, is_first=False) == b""


def test_holds_any_looks_at_every_place() -> None:
    left = random.Random(6).randbytes(3000)
    others = [random.Random(f"other {number}").randbytes(12) for number in range(400)]
    for at in (0, 1, 1499, 2988):
        for many in ([], others):
            assert holds_any(left, [*many, left[at : at + 12]])
    assert not holds_any(left, others)
    assert not holds_any(left, others[:3])
    assert not holds_any(left, [])
