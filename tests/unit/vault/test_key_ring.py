"""Keys of people and recordings: made once, opened only while all above them are there, destroyed together or not at all."""

import random
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import StorageError, VaultError
from earwitness.domain.recording import Erasure
from earwitness.storage.database import Database
from earwitness.storage.keys import destroyed, erasures, keys, person_keys
from earwitness.vault import key_ring
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing, has_keys
from tests.unit.vault.conftest import Place

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNA, BEN = "a0" * 16, "be" * 16


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    database = Database(place("keys"), chain="keys")
    yield database
    database.close()


@pytest.fixture
def ring(database: Database, tmp_path: Path) -> KeyRing:
    return KeyRing(database, KeyFile(tmp_path / "household.key"))


def another(ring: KeyRing, tmp_path: Path) -> KeyRing:
    """The same keys after a start."""
    return KeyRing(ring.database, KeyFile(tmp_path / "household.key"))


def erasure(kind: str = "turns") -> Erasure:
    return Erasure(
        erasure_id=secrets.token_hex(16),
        kind=kind,
        erased_at=NOW,
        recordings=1,
        seconds=2.5,
        is_swept=False,
        position=None,
        body="{}",
    )


def destroy(ring: KeyRing, key_ids: Sequence[str], *, kind: str = "turns", person_id: str = ANNA) -> Erasure:
    made = erasure(kind)
    ring.destroy(made, actor_alias="calm-otter-2222", person_id=person_id, key_ids=key_ids)
    return made


def add(ring: KeyRing, person_id: str = ANNA, *, turn_id: str | None = None) -> tuple[str, bytes]:
    """A new data key of a person: its turn's id and itself."""
    found, key = turn_id or secrets.token_hex(16), secrets.token_bytes(32)
    ring.add(key, turn_id=found, parent=ring.person_key(person_id, now=NOW), now=NOW)
    return found, key


def count(database: Database, table: sa.Table) -> int:
    with database.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_keys_come_back_also_after_a_start(ring: KeyRing, tmp_path: Path) -> None:
    assert not has_keys(ring.database)
    made = dict(add(ring, person) for person in (ANNA, BEN, ANNA))
    assert has_keys(ring.database)
    for one in (ring, another(ring, tmp_path)):
        assert one.data_keys(list(made)) == made
        assert one.data_keys(["00" * 16]) == {}
        assert one.data_keys([]) == {}
        assert one.alive([*made, "00" * 16]) == set(made)


def test_a_person_has_one_key_and_others_another(ring: KeyRing, tmp_path: Path) -> None:
    anna, ben = ring.person_key(ANNA, now=NOW), ring.person_key(BEN, now=NOW)
    assert anna == ring.person_key(ANNA, now=NOW) == another(ring, tmp_path).find_person_key(ANNA)
    assert anna.key != ben.key
    assert anna.search_key() not in (anna.key, ben.search_key())
    assert ring.person_key_id(ANNA) == anna.key_id
    assert ring.people() == {ANNA, BEN}
    assert ring.find_person_key("cc" * 16) is None
    assert ring.person_key_id("cc" * 16) is None


def test_two_that_make_a_persons_key_at_once_agree(ring: KeyRing, tmp_path: Path) -> None:
    gate, found = Barrier(6), list[bytes]()

    def make() -> None:
        mine = another(ring, tmp_path)
        gate.wait()
        found.append(mine.person_key(ANNA, now=NOW).key)

    threads = [Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert count(ring.database, keys) == count(ring.database, person_keys) == 1


def test_no_key_lies_open_in_the_database(ring: KeyRing) -> None:
    turn_id, key = add(ring)
    person_key = ring.person_key(ANNA, now=NOW)
    with ring.database.reading() as connection:
        stored = b"".join(bytes(row.wrapped) for row in connection.execute(sa.select(keys)))
    assert ring.data_keys([turn_id]) == {turn_id: key}
    for secret in (key, person_key.key, person_key.search_key()):
        assert secret not in stored


def test_what_is_destroyed_opens_nowhere_and_is_remembered(ring: KeyRing, tmp_path: Path) -> None:
    gone, _ = add(ring)
    stays, key = add(ring)
    made = destroy(ring, [gone])
    for one in (ring, another(ring, tmp_path)):
        assert one.data_keys([gone, stays]) == {stays: key}
        assert one.alive([gone, stays]) == {stays}
        assert one.destroyed_of([gone, stays]) == {gone}
        assert one.destroyed_by(made.erasure_id) == [gone]
        assert one.erasure(made.erasure_id) == made


def test_destroying_a_persons_key_takes_all_of_theirs_in_one(ring: KeyRing, tmp_path: Path) -> None:
    gone = dict(add(ring) for _ in range(5))
    other, key = add(ring, BEN)
    old = ring.person_key(ANNA, now=NOW)
    destroy(ring, [old.key_id], kind="history")
    for one in (ring, another(ring, tmp_path)):
        assert one.data_keys([*gone, other]) == {other: key}
        assert one.alive(list(gone)) == set()
        assert one.find_person_key(ANNA) is None
    assert count(ring.database, keys) == 5 + 2, "data keys, which nothing unwraps, are left to the sweep"
    assert ring.people() == {BEN}
    new = ring.person_key(ANNA, now=NOW)
    assert new.key != old.key
    assert ring.data_keys(list(gone)) == {}


def test_nothing_is_kept_under_a_key_that_was_destroyed_meanwhile(ring: KeyRing) -> None:
    parent = ring.person_key(ANNA, now=NOW)
    destroy(ring, [parent.key_id], kind="history")
    with pytest.raises(VaultError) as caught:
        ring.add(bytes(32), turn_id="11" * 16, parent=parent, now=NOW)
    assert caught.value.code == "vault.not_kept"
    assert count(ring.database, keys) == 0


def test_nothing_is_kept_of_a_turn_that_was_deleted_meanwhile(ring: KeyRing) -> None:
    """Its key was destroyed before it was there."""
    ring.person_key(ANNA, now=NOW)
    destroy(ring, ["11" * 16])
    with pytest.raises(VaultError) as caught:
        add(ring, turn_id="11" * 16)
    assert caught.value.code == "vault.not_kept"


def test_destroying_is_all_or_nothing(ring: KeyRing) -> None:
    turn_id, key = add(ring)
    first = destroy(ring, ["22" * 16])
    with pytest.raises(StorageError):
        ring.destroy(first, actor_alias="x", person_id=ANNA, key_ids=[turn_id])  # that erasure is there already
    assert ring.data_keys([turn_id]) == {turn_id: key}
    assert ring.destroyed_of([turn_id]) == set()


def test_what_is_destroyed_twice_belongs_to_the_first_erasure(ring: KeyRing) -> None:
    turn_id, _ = add(ring)
    first, second = destroy(ring, [turn_id]), destroy(ring, [turn_id, "33" * 16])
    assert ring.destroyed_by(first.erasure_id) == [turn_id]
    assert ring.destroyed_by(second.erasure_id) == ["33" * 16]


def test_many_are_destroyed_at_once(ring: KeyRing) -> None:
    some = [secrets.token_hex(16) for _ in range(2 * key_ring.BATCH + 3)]
    parent = ring.person_key(ANNA, now=NOW)
    for turn_id in some[:20]:
        ring.add(bytes(32), turn_id=turn_id, parent=parent, now=NOW)
    made = destroy(ring, some)
    assert set(ring.destroyed_by(made.erasure_id)) == ring.destroyed_of(some) == set(some)
    assert ring.alive(some) == set()


def test_a_row_that_was_moved_to_another_id_does_not_open(ring: KeyRing) -> None:
    """Whoever can write the database cannot make one recording's key open another."""
    turn_id, _ = add(ring)
    with ring.database.writing() as connection:
        connection.execute(sa.update(keys).where(keys.c.key_id == turn_id).values(key_id="44" * 16))
    with pytest.raises(VaultError, match="not what was sealed"):
        ring.data_keys(["44" * 16])


def test_another_household_key_opens_nothing(ring: KeyRing, tmp_path: Path) -> None:
    turn_id, _ = add(ring)
    thief = KeyRing(ring.database, KeyFile(tmp_path / "other.key"))
    with pytest.raises(VaultError, match="not what was sealed"):
        thief.data_keys([turn_id])
    with pytest.raises(VaultError):
        thief.find_person_key(ANNA)


def test_a_key_destroyed_by_another_process_is_not_used_any_more(ring: KeyRing, tmp_path: Path) -> None:
    turn_id, _ = add(ring)
    assert ring.data_keys([turn_id])
    destroy(another(ring, tmp_path), [ring.person_key(ANNA, now=NOW).key_id], kind="person")
    assert ring.data_keys([turn_id]) == {}
    assert ring.find_person_key(ANNA) is None


def test_forgetting_takes_data_keys_only(ring: KeyRing) -> None:
    turn_id, _ = add(ring)
    person_key_id = ring.person_key(ANNA, now=NOW).key_id
    ring.forget([turn_id, person_key_id, "55" * 16])
    assert ring.alive([turn_id]) == set()
    assert ring.person_key_id(ANNA) == person_key_id
    assert ring.destroyed_of([turn_id]) == set()


# Erasures


def test_erasures_are_finished_when_they_are_in_the_ledger_and_swept(ring: KeyRing) -> None:
    first, second = destroy(ring, ["66" * 16]), destroy(ring, ["77" * 16])
    assert {one.erasure_id for one in ring.unfinished()} == {first.erasure_id, second.erasure_id}
    ring.note(first.erasure_id, position=9)
    ring.note(second.erasure_id, is_swept=True)
    assert len(ring.unfinished()) == 2
    ring.note(first.erasure_id, is_swept=True)
    assert [one.erasure_id for one in ring.unfinished()] == [second.erasure_id]
    assert ring.erasure(first.erasure_id).position == 9
    assert ring.erasure(first.erasure_id).is_swept


def test_receipts_are_of_one_person_newest_first(ring: KeyRing) -> None:
    made = [erasure() for _ in range(3)]
    for at, one in enumerate(made):
        later = Erasure(**{field: getattr(one, field) for field in one.__dataclass_fields__} | {"erased_at": NOW + timedelta(at)})
        ring.destroy(later, actor_alias="x", person_id=ANNA if at else BEN, key_ids=())
    assert [one.erasure_id for one in ring.erasures_of(ANNA)] == [made[2].erasure_id, made[1].erasure_id]
    with pytest.raises(VaultError, match="no such receipt"):
        ring.erasure("88" * 16)


def test_who_left_is_known(ring: KeyRing) -> None:
    destroy(ring, [], kind="history", person_id=BEN)
    destroy(ring, [], kind="person")
    assert ring.people_who_left() == {ANNA}


# What stays in the files


@pytest.fixture
def sqlite_ring(tmp_path: Path) -> Iterator[KeyRing]:
    database = Database(tmp_path / "keys.db", chain="keys")
    yield KeyRing(database, KeyFile(tmp_path / "household.key"))
    database.close()


def wrapped(ring: KeyRing) -> dict[str, bytes]:
    with ring.database.reading() as connection:
        return {row.key_id: bytes(row.wrapped) for row in connection.execute(sa.select(keys))}


def in_files(tmp_path: Path) -> bytes:
    return b"".join(path.read_bytes() for path in tmp_path.glob("keys.db*"))


def test_a_destroyed_key_is_in_no_file_when_destroy_returns(sqlite_ring: KeyRing, tmp_path: Path) -> None:
    """Nor any other of many that go one by one, while SQLite rebuilds its pages."""
    chance, parent = random.Random(7), sqlite_ring.person_key(ANNA, now=NOW)
    ids = [chance.randbytes(16).hex() for _ in range(1500)]
    rows = [{"key_id": one, "parent_id": parent.key_id, "wrapped": chance.randbytes(61), "created_at": 0.0} for one in ids]
    for start in range(0, len(rows), 30):
        with sqlite_ring.database.writing() as connection:
            connection.execute(sa.insert(keys), rows[start : start + 30])
    before = wrapped(sqlite_ring)
    chance.shuffle(ids)
    for start in range(0, 600, 12):
        gone = ids[start : start + 12]
        assert all(before[one] in in_files(tmp_path) for one in gone)
        destroy(sqlite_ring, gone)
        assert not [one for one in gone if before[one][1:13] in in_files(tmp_path)]
    assert set(wrapped(sqlite_ring)) == set(ids[600:]) | {parent.key_id}
    assert erasures_count(sqlite_ring) == 50


def erasures_count(ring: KeyRing) -> int:
    return count(ring.database, erasures)


def test_what_another_process_destroyed_is_finished_only_when_the_file_was_built_anew(
    sqlite_ring: KeyRing, tmp_path: Path
) -> None:
    """It is not known here what to look for."""
    for _ in range(300):
        add(sqlite_ring)
    ids = [one for one in wrapped(sqlite_ring) if one != sqlite_ring.person_key_id(ANNA)]
    made = destroy(sqlite_ring, ids)
    path = tmp_path / "keys.db"
    before = path.stat().st_size
    sqlite_ring.scrub([made])
    assert path.stat().st_size == before
    restarted = another(sqlite_ring, tmp_path)
    restarted.scrub([made])
    assert path.stat().st_size < before
    assert count(restarted.database, destroyed) == 300
