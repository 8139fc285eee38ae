"""Parts of a household that are elsewhere: recordings by a URL, databases in PostgreSQL, which their own tools restore."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.config import VaultSettings
from earwitness.domain.account import Scope
from earwitness.domain.device import DeviceKind
from earwitness.domain.errors import BackupError
from earwitness.people.devices import Devices
from earwitness.people.remotes import Remotes
from earwitness.storage.database import Database
from earwitness.storage.household import devices, remotes, revocations, terms, tokens, turns
from earwitness.storage.keys import destroyed, erasures, person_keys
from earwitness.storage.keys import keys as key_rows
from earwitness.vault.replay import Stores
from earwitness.vault.restore import replay_lists
from earwitness.vault.restore_unpack import MemorySink, unpack
from tests.postgres import Postgres
from tests.unit.vault.backed_up import PASSPHRASE, Household, sound_of


def test_sound_by_a_url_is_left_where_it_is(tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    house = Household(tmp_path, settings=VaultSettings(recordings=f"file://{bucket}"))
    with house.open() as home:
        ada = home.enrol("Ada")
        gone, stays = home.say(ada, "zanzibar marmalade"), home.say(ada, "this stays")
    made = house.backup_data()
    assert made.left_out == (f"The sound of recordings is in file://{bucket}: back that up with its own tools.",)
    keys = house.backup_keys()
    with house.open() as home:
        later = home.say(ada, "not in the backup")
        shutil.copytree(bucket, tmp_path / "versions")
        home.delete(ada, gone)
    shutil.rmtree(bucket)
    (tmp_path / "versions").rename(bucket)
    house.restore(keys, replaces=True)
    with house.open() as home:
        assert home.words(ada) == ["this stays"]
        assert home.sound(ada, stays) == sound_of("this stays")
        assert set(home.vault.blobs.names()) == {stays}, f"neither {gone} nor {later} belongs to anything any more"


@pytest.fixture
def house(tmp_path: Path, postgres: Postgres) -> Iterator[Household]:
    """A household whose databases are all in PostgreSQL."""
    with postgres.database() as data, postgres.database() as keys, postgres.database() as ledger:
        yield Household(tmp_path, settings=VaultSettings(database=data, keys_database=keys, ledger_database=ledger))


def test_what_is_local_is_backed_up_and_the_rest_is_said(house: Household) -> None:
    with house.open() as home:
        turn_id = home.say(home.enrol("Ada"), "hello")
    made = house.backup_data()
    assert [sentence.split(" in ")[0] for sentence in made.left_out] == ["People and the history are", "The ledger is"]
    sink = MemorySink()
    unpack(house.data, "data", sink, identities=[house.identity])
    assert list(sink.members) == [f"recordings/{turn_id[:2]}/{turn_id[2:]}"]
    keys = house.backup_keys()
    assert "The wrapped keys are in postgresql" in keys.left_out[0]
    sink = MemorySink()
    unpack(keys.path, "keys", sink, identities=[house.identity])
    assert list(sink.members) == ["decisions.jsonl", "household.key", "ledger.key"]
    with pytest.raises(BackupError, match="backup replay"):
        house.restore(keys, replaces=True)


def test_where_everything_is_elsewhere_there_is_no_backup_of_data(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.settings = house.settings.model_copy(update={"recordings": "s3://bucket/home"})
    with pytest.raises(BackupError, match="nothing here to back up") as caught:
        house.backup_data()
    assert caught.value.code == "backup.nothing"
    assert not house.data.exists()


def test_what_its_tools_restored_is_deleted_again(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone, stays = home.say(ada, "zanzibar marmalade"), home.say(ada, "this stays")
        earlier = Dump(home.stores)
        home.delete(ada, gone)
        known = house.write_erasures()
        earlier.restore(home.stores)
        assert home.words(ada) == ["zanzibar marmalade", "this stays"], "its own tools bring it back"
    assert replay_lists(house.parts, [known], clock=house.clock).recordings == 1
    with house.open() as home:
        assert home.words(ada) == ["this stays"]
        assert not home.opens(ada, gone)
        assert home.opens(ada, stays)


def test_what_its_tools_restored_is_revoked_again(house: Household) -> None:
    with house.open() as home:
        ada = home.people.add("Ada", passphrase=PASSPHRASE)
        satellites, phones = Devices(home.stores.household, clock=house.clock), Remotes(home.stores.household, clock=house.clock)
        lamp = satellites.add("Lamp", kind=DeviceKind.SATELLITE, key_digest=bytes(32)).device_id
        phone = phones.add("Phone", public_key="k", addresses=["10.0.0.2"]).remote_id
        token, secret = home.people.accounts.make_token(ada, "Script", scopes=frozenset({Scope.HOME}))
        earlier = Dump(home.stores)
        satellites.revoke(lamp)
        phones.remove(phone)
        home.people.accounts.revoke_token(ada.person_id, token.token_id)
        known = house.write_erasures()
        earlier.restore(home.stores)
        assert satellites.by_key(bytes(32)).device_id == lamp, "its own tools bring it back"
    assert [replay_lists(house.parts, [known], clock=house.clock).revoked for _ in range(2)] == [3, 0]
    with house.open() as home:
        assert Devices(home.stores.household, clock=house.clock).find(lamp).is_revoked
        assert Remotes(home.stores.household, clock=house.clock).all() == ()
        assert home.people.accounts.tokens.find(secret) is None


def test_a_deletion_that_only_the_ledger_remembers_stops_the_replay(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone = home.say(ada, "zanzibar marmalade")
        earlier = Dump(home.stores)
        home.delete(ada, gone)
        earlier.restore(home.stores)
    with pytest.raises(BackupError, match="1 deletions") as caught:
        replay_lists(house.parts, [], clock=house.clock)
    assert caught.value.code == "backup.unknown_erasures"


class Dump:
    """The rows of turns, keys and what lets somebody in, as they were."""

    def __init__(self, stores: Stores) -> None:
        self._rows: list[tuple[sa.Table, list[dict[str, object]]]] = []
        for database, tables in _tables(stores):
            with database.reading() as connection:
                for table in tables:
                    rows = connection.execute(sa.select(table)).mappings()
                    self._rows.append((table, [dict(row) for row in rows]))

    def restore(self, stores: Stores) -> None:
        found = dict(self._rows)
        for database, tables in _tables(stores):
            with database.writing() as connection:
                for table in reversed(tables):
                    connection.execute(sa.delete(table))
                for table in tables:
                    if found[table]:
                        connection.execute(sa.insert(table), found[table])


def _tables(stores: Stores) -> list[tuple[Database, list[sa.Table]]]:
    return [
        (stores.household, [turns, terms, devices, remotes, tokens, revocations]),
        (stores.keys, [key_rows, person_keys, erasures, destroyed]),
    ]
