"""Small things in drawers: sealed each for its place, gone with the drawer's key, and with the person whose it was."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import VaultError
from earwitness.storage.database import Database
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.safe import MOST_BYTES, Safe, drawers_of, key_id_of
from tests.unit.vault.conftest import Place
from tests.unit.vault.setting import Setting

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    database = Database(place("keys"), chain="keys")
    yield database
    database.close()


def safe_of(database: Database, tmp_path: Path) -> Safe:
    return Safe(KeyRing(database, KeyFile(tmp_path / "household.key")), clock=lambda: NOW)


def test_what_was_sealed_opens_again_also_after_a_start(database: Database, tmp_path: Path) -> None:
    safe = safe_of(database, tmp_path)
    sealed = [safe.seal(b"hunter2", drawer="link/a", row_id="password") for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert all(b"hunter2" not in one for one in sealed)
    again = safe_of(database, tmp_path)
    assert [again.open(one, drawer="link/a", row_id="password") for one in sealed] == [b"hunter2"] * 2


@pytest.mark.parametrize(
    "place", [("link/b", "password", 0), ("link/a", "token", 0), ("link/a", "password", 1)], ids=["drawer", "row", "revision"]
)
def test_it_opens_nowhere_else(tmp_path: Path, empty_databases: Path, place: tuple[str, str, int]) -> None:
    database = Database(tmp_path / "keys.db", chain="keys")
    safe = safe_of(database, tmp_path)
    safe.seal(b"other", drawer="link/b", row_id="password")
    sealed = safe.seal(b"hunter2", drawer="link/a", row_id="password")
    drawer, row_id, revision = place
    with pytest.raises(VaultError) as refused:
        safe.open(sealed, drawer=drawer, row_id=row_id, revision=revision)
    assert refused.value.code == "vault.sealed_wrong"
    database.close()


def test_a_discarded_drawer_never_opens_again_though_it_is_used_anew(database: Database, tmp_path: Path) -> None:
    safe = safe_of(database, tmp_path)
    sealed = safe.seal(b"hunter2", drawer="link/a", row_id="password")
    kept = safe.seal(b"mine", drawer="link/b", row_id="password")
    safe.discard("link/a")
    with pytest.raises(VaultError) as gone:
        safe.open(sealed, drawer="link/a", row_id="password")
    assert gone.value.code == "vault.key_missing"
    fresh = safe.seal(b"new", drawer="link/a", row_id="password")
    with pytest.raises(VaultError) as wrong:
        safe.open(sealed, drawer="link/a", row_id="password")
    assert wrong.value.code == "vault.sealed_wrong"
    assert safe.open(fresh, drawer="link/a", row_id="password") == b"new"
    assert safe.open(kept, drawer="link/b", row_id="password") == b"mine"
    safe.discard("never/used")


def test_a_discarded_key_is_in_no_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "keys.db", chain="keys")
    safe = safe_of(database, tmp_path)
    safe.seal(b"hunter2", drawer="link/a", row_id="password")
    with database.reading() as connection:
        (wrapped,) = connection.execute(sa.text("SELECT wrapped FROM keys")).scalars()
    safe.discard("link/a")
    database.close()
    assert not [path for path in tmp_path.glob("keys.db*") if wrapped[1:13] in path.read_bytes()]


def test_what_is_too_much_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(VaultError):
        safe_of(database, tmp_path).seal(bytes(MOST_BYTES + 1), drawer="link/a", row_id="x")


def test_drawers_go_with_their_person_and_nobody_elses(setting: Setting) -> None:
    anna, ben = (setting.person(name).actor_id for name in ("Anna", "Ben"))
    safe = setting.vault.safe
    sealed = {drawer: safe.seal(b"Mum", drawer=drawer, row_id="1") for who in (anna, ben) for drawer in drawers_of(who)}
    erasure = setting.rights.erase_person(anna)
    assert '"keys_destroyed":4' in erasure.body
    for drawer in drawers_of(anna):
        with pytest.raises(VaultError) as gone:
            safe.open(sealed[drawer], drawer=drawer, row_id="1")
        assert gone.value.code == "vault.key_missing"
    assert [safe.open(sealed[drawer], drawer=drawer, row_id="1") for drawer in drawers_of(ben)] == [b"Mum"] * 4
    assert key_id_of("a") != key_id_of("b")
