"""Restoring: everything comes back but what was deleted; and what people decided since is not undone."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.config import VaultSettings
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.contact import Contact
from earwitness.domain.errors import BackupError, StorageError
from earwitness.domain.recording import Selection
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.signing_key import signing_key
from earwitness.links.alerts import Alerts
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.routines import Routines
from earwitness.people.contacts import Contacts
from earwitness.storage.household import turns
from earwitness.storage.keys import keys as key_rows
from earwitness.storage.lock import StateLock
from earwitness.vault.backup import backup_data
from earwitness.vault.backup_age import make_identity
from earwitness.vault.restore import replay_lists
from tests.houses_kept import remind, whose
from tests.unit.links.strange_links import OtherSide, strange_kind
from tests.unit.vault.backed_up import NOON, PASSPHRASE, Household, Opened, sound_of
from tests.unit.vault.restored_from import SOURCES, Source

CANARY = "zanzibar marmalade"


@pytest.fixture
def house(tmp_path: Path) -> Household:
    return Household(tmp_path)


def entries(home: Opened, kind: str) -> list[dict[str, object]]:
    ledger = home.stores.ledger
    found = [json.loads(ledger.leaf(position)) for position in range(ledger.size())]
    return [entry for entry in found if entry["kind"] == kind]


def test_words_and_sound_are_there_again_to_the_byte(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        kept = {home.say(ada, f"sentence {number}"): f"sentence {number}" for number in range(5)}
        kept[home.say(ada, "words alone", seconds=0)] = "words alone"
        kept[home.say(ada, "a long one", seconds=5)] = "a long one"
    made = house.backup_data()
    keys = house.backup_keys()
    assert made.recordings == 7
    house.lose()
    restored = house.restore(keys)
    assert restored.replayed.recordings == 7
    assert (restored.replayed.removed, restored.replayed.expired, restored.replayed.lost) == (0, 0, 0)
    with house.open() as home:
        assert home.words(ada) == list(kept.values())
        for turn_id, words in kept.items():
            if words != "words alone":
                assert home.sound(ada, turn_id) == sound_of(words, seconds=5 if words == "a long one" else 0.5)
        assert home.consents.has_consent(ada, Purpose.KEEP)
        assert home.people.check("Ada", passphrase=PASSPHRASE).person_id == ada
        home.say(ada, "after the restore")
        assert home.words(ada)[-1] == "after the restore"
        (entry,) = entries(home, "restored")
    assert entry["recordings"] == 7
    assert not {"Ada", ada} & set(map(str, entry.values()))


def test_an_empty_household_comes_back(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
    house.backup_data()
    keys = house.backup_keys()
    house.lose()
    assert house.restore(keys).replayed.recordings == 0
    with house.open() as home:
        assert home.people.find(ada).name == "Ada"


def test_everybody_signs_in_anew(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
        token = home.people.accounts.sign_in("Ada", passphrase=PASSPHRASE).token
    house.backup_data()
    keys = house.backup_keys()
    house.lose()
    house.restore(keys)
    with house.open() as home:
        assert whose(home.people, token) is None


# Deleted means gone


class Traces:
    """All that could give a turn away: its ids, its sealed words and sound, its wrapped key."""

    def __init__(self, home: Opened, turn_id: str) -> None:
        with home.stores.household.reading() as connection:
            sealed = bytes(connection.execute(sa.select(turns.c.sealed).where(turns.c.turn_id == turn_id)).scalar_one())
        with home.stores.keys.reading() as connection:
            wrapped = bytes(connection.execute(sa.select(key_rows.c.wrapped).where(key_rows.c.key_id == turn_id)).scalar_one())
        blob = home.vault.blobs.read(turn_id, 0, 1 << 20)
        self.pieces = {
            "words": CANARY.encode(),
            "sound": sound_of(CANARY)[:64],
            "sealed": sealed,
            "key": wrapped,
            "blob": blob[:64],
        }

    def found_in(self, folder: Path) -> list[str]:
        files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        return [name for name, piece in self.pieces.items() if any(piece in data for data in files)]


@SOURCES
def test_what_was_deleted_after_the_backup_stays_deleted(house: Household, source: Source) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone, stays = home.say(ada, CANARY), home.say(ada, "this stays")
        traces = Traces(home, gone)
    assert {"sealed", "key", "blob"} <= set(traces.found_in(house.state)), "the canary must be there to prove anything"
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        receipt = home.delete(ada, gone)
    house.clock.advance(minutes=1)
    restored = source(house, older)
    assert restored.replayed.recordings == 1
    assert traces.found_in(house.state) == []
    with house.open() as home:
        assert home.words(ada) == ["this stays"]
        assert home.sound(ada, stays) == sound_of("this stays")
        assert not home.opens(ada, gone)
        again = home.vault.eraser.receipt(receipt.erasure_id)
        assert (again.body, again.is_swept) == (receipt.body, True)
        assert again.position is not None
        leaf = json.loads(home.stores.ledger.leaf(again.position))
        assert (leaf["kind"], leaf["erasure"]) == ("erased", receipt.erasure_id)
        assert list(home.vault.blobs.names()) == [stays]


@SOURCES
def test_who_deleted_everything_has_nothing(house: Household, source: Source) -> None:
    with house.open() as home:
        ada, bob = home.enrol("Ada"), home.enrol("Bob")
        gone = [home.say(ada, f"{CANARY} {number}") for number in range(3)]
        home.say(bob, "this stays")
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        home.delete(ada, is_all=True)
        home.say(ada, "said later, lost with the disk")
    restored = source(house, older)
    assert restored.replayed.recordings == 1
    with house.open() as home:
        assert home.words(ada) == []
        assert home.words(bob) == ["this stays"]
        assert not any(home.opens(ada, turn_id) for turn_id in gone)
        home.say(ada, "a new key is made")
        assert home.words(ada) == ["a new key is made"]


@SOURCES
def test_who_left_has_left(house: Household, source: Source) -> None:
    with house.open() as home:
        ada, zenobia = home.enrol("Ada"), home.enrol("Zenobia")
        home.say(ada, "this stays")
        gone = home.say(zenobia, CANARY)
        home.words(zenobia)
        for person_id, text in ((ada, "water the ferns"), (zenobia, "feed the quokka")):
            remind(home.stores.household, text, clock=house.clock, person_id=person_id)
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        home.leave(zenobia)
    source(house, older)
    with house.open() as home:
        assert [person.name for person in home.people.all()] == ["Ada"]
        assert home.words(ada) == ["this stays"]
        assert home.vault.listens.of_person(zenobia, limit=10) == ()
        assert not home.opens(zenobia, gone)
        alerts = Alerts(home.stores.household, clock=house.clock)
        assert [(one.text, one.person_id) for one in alerts.all()] == [("water the ferns", ada)]
        assert [one.steps for one in Routines(alerts).all()] == [("turn on water the ferns",)]
    for trace in (b"zenobia", b"quokka"):
        assert not [name for name, data in house.files().items() if trace in data.lower()]


@SOURCES
def test_contacts_and_secrets_of_links_come_back_and_those_of_who_left_do_not(house: Household, source: Source) -> None:
    def contacts(home: Opened) -> Contacts:
        return Contacts(home.stores.household, safe=home.vault.safe, clock=house.clock)

    def links(home: Opened) -> ConfiguredLinks:
        return ConfiguredLinks(
            home.stores.household, safe=lambda: home.vault.safe, kinds=[strange_kind(OtherSide())], clock=house.clock
        )

    with house.open() as home:
        ada, zenobia = home.enrol("Ada"), home.enrol("Zenobia")
        for owner_id, name in ((ada, "Quentin Quill"), (zenobia, "Xanthippe Quokka"), (None, "Plumber Pete")):
            contacts(home).add(Contact(contact_id="", owner_id=owner_id, name=name, changed_at=house.clock()))
        links(home).add("strange", name="Player", options={"host": "player.example"}, secrets={"password": "hunter2hunter2"})
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        home.leave(zenobia)
    source(house, older)
    with house.open() as home:
        assert [one.name for one in contacts(home).of(ada)] == ["Plumber Pete", "Quentin Quill"]
        assert [one.name for one in contacts(home).owned_by(zenobia)] == []
        assert contacts(home).unreadable(zenobia) == 0
        (link,) = links(home).all()
        assert links(home).seat(link).secret("password") == "hunter2hunter2"
    for trace in (b"hunter2", b"quill", b"quokka", b"plumber"):
        assert not [name for name, data in house.files().items() if trace in data.lower()]


def test_what_expired_meanwhile_is_gone(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone = home.say(ada, CANARY, retention=timedelta(days=1))
        home.say(ada, "this stays")
        traces = Traces(home, gone)
    house.backup_data()
    keys = house.backup_keys()
    house.lose()
    house.clock.advance(days=1)
    assert house.restore(keys).replayed.expired == 1
    assert traces.found_in(house.state) == []
    with house.open() as home:
        assert home.words(ada) == ["this stays"]
        assert len(entries(home, "erased")) == 1


def test_a_deletion_that_only_the_ledger_remembers_stops_the_restore(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone = home.say(ada, CANARY)
    house.backup_data()
    older = house.backup_keys()
    with house.open() as home:
        home.delete(ada, gone)
    known = house.write_erasures()
    for path in (house.state / "keys").glob("keys.db*"):
        path.write_bytes(b"damaged" * 1000)
    before = house.files()
    with pytest.raises(BackupError, match="1 deletions") as caught:
        house.restore(older, replaces=True)
    assert caught.value.code == "backup.unknown_erasures"
    assert house.files() == before
    restored = house.restore(older, replaces=True, lists=(known,))
    assert restored.unreadable == ("keys.db",)
    with house.open() as home:
        assert not home.opens(ada, gone)


def test_what_was_deleted_while_the_backup_was_made_is_not_in_it(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        first, second = sorted(home.say(ada, f"sentence {number}") for number in range(2))
        keys = house.backup_keys()
        deleted: list[str] = []
        totals: set[int] = set()

        def tell(done: int, total: int) -> None:
            """Once the sound is being written, delete the turn whose sound comes last."""
            totals.add(total)  # of the two databases, then of all
            if len(totals) == 3 and done > total - 20_000 and not deleted:
                deleted.append(second)
                home.delete(ada, second)

        backup_data(house.parts, house.data, recipients=[house.recipient], clock=house.clock, tell=tell)
    assert deleted
    house.lose()
    assert house.restore(keys, accepts_older_ledger=True).replayed.recordings == 1
    with house.open() as home:
        assert home.opens(ada, first)
        assert not home.opens(ada, second)


# Decisions are not undone


@SOURCES
def test_a_withdrawal_after_the_backup_holds(house: Household, source: Source) -> None:
    with house.open() as home:
        ada, bob = home.enrol("Ada"), home.enrol("Bob")
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        home.consents.decide(ada, Purpose.KEEP, is_given=False, way=Way.VOICE)
    source(house, older)
    with house.open() as home:
        assert home.consents.keeping(ada) is None
        assert home.consents.keeping(bob) is not None


@SOURCES
def test_a_shorter_retention_after_the_backup_holds_for_what_was_kept(house: Household, source: Source) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, CANARY)
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(hours=1)
    with house.open() as home:
        decision = home.consents.decide(ada, Purpose.KEEP, is_given=True, way=Way.PAGE, retention_seconds=7200)
        assert decision.retention_seconds is not None
        home.vault.rows.shorten(ada, retention_seconds=decision.retention_seconds)
    source(house, older)
    with house.open() as home:
        assert home.vault.eraser.next_expiry() == NOON + timedelta(hours=2)


@SOURCES
def test_restrictions_after_the_backup_hold(house: Household, source: Source) -> None:
    with house.open() as home:
        ada, bob = home.enrol("Ada"), home.enrol("Bob")
        turn_id = home.say(bob, "between us")
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        home.people.change(ada, restricted_at=house.clock())
        home.vault.rows.restrict(bob, Selection(turn_ids=(turn_id,)), is_restricted=True)
    source(house, older)
    with house.open() as home:
        assert home.consents.is_restricted(ada)
        assert not home.consents.is_restricted(bob)
        assert home.vault.door.recording(home.actor(bob), turn_id).is_restricted


def test_a_decision_that_only_the_ledger_remembers_counts_as_a_withdrawal(house: Household) -> None:
    with house.open() as home:
        ada, bob = home.enrol("Ada"), home.enrol("Bob")
        home.consents.decide(ada, Purpose.TRAIN, is_given=True, way=Way.PAGE)
    house.backup_data()
    older = house.backup_keys()
    with house.open() as home:
        home.consents.decide(ada, Purpose.KEEP, is_given=False, way=Way.VOICE)
    for path in house.state.glob("household.db*"):
        path.unlink()
    restored = house.restore(older, replaces=True)
    assert restored.replayed.withdrawn == 2
    with house.open() as home:
        assert not home.consents.has_consent(ada, Purpose.KEEP)
        assert not home.consents.has_consent(bob, Purpose.KEEP)
        assert home.consents.has_consent(ada, Purpose.TRAIN)
        assert home.consents.commit_waiting() == 2


# The ledger


def test_the_longer_ledger_is_kept(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, "hello")
    house.backup_data()
    keys = house.backup_keys()
    with house.open() as home:
        home.words(ada)
        size = home.stores.ledger.size()
    restored = house.restore(keys, replaces=True)
    assert restored.ledger.is_present
    with house.open() as home:
        assert home.stores.ledger.size() == size + 1
        assert len(entries(home, "read.opened")) == 1


def test_an_older_ledger_is_taken_only_if_so_said(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, "hello")
    house.backup_data()
    with house.open() as home:
        home.words(ada)
    keys = house.backup_keys()
    house.lose()
    with pytest.raises(BackupError, match="1 entries that came after it are lost, and whoever witnessed them") as caught:
        house.restore(keys)
    assert caught.value.code == "backup.older_ledger"
    assert house.files() == {}
    assert house.restore(keys, accepts_older_ledger=True).ledger.missing == 1


def test_a_ledger_that_went_on_twice_is_refused(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
    shutil.copytree(house.state, house.folder / "twin")
    with house.open() as home:
        home.say(ada, "hello")
    house.backup_data()
    keys = house.backup_keys()
    house.lose()
    (house.folder / "twin").rename(house.state)
    with house.open() as home:
        home.say(ada, "another hello")
        home.words(ada)
    before = house.files()
    with pytest.raises(BackupError, match="neither continues the other") as caught:
        house.restore(keys, replaces=True, accepts_older_ledger=True)
    assert caught.value.code == "backup.other_ledger"
    assert house.files() == before


def test_an_edited_ledger_is_not_taken_for_the_newer_one(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, "hello")
    house.backup_data()
    keys = house.backup_keys()
    with house.open() as home:
        home.words(ada)
        with home.stores.ledger.database.writing() as connection:
            connection.exec_driver_sql("UPDATE entries SET leaf = CAST(replace(leaf, 'kept', 'left') AS BLOB) WHERE position = 1")
    with pytest.raises(BackupError, match="the one here is damaged"):
        house.restore(keys, replaces=True)
    restored = house.restore(keys, replaces=True, accepts_older_ledger=True)
    assert not restored.ledger.is_present


def test_a_restored_ledger_proves_every_entry(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        for number in range(300):
            home.say(ada, f"sentence {number}", seconds=0)
    house.backup_data()
    keys = house.backup_keys()
    house.lose()
    house.restore(keys)
    with house.open() as home:
        ledger = home.stores.ledger
        log = parse_verifier(ledger.verifier)
        assert log == signing_key(house.state / "keys" / "ledger.key").verifier()
        for position in (0, 1, 255, 256, ledger.size() - 1):
            ledger.proof(position).check(log)
        assert (house.state / "keys" / "ledger.vkey").read_text().strip() == ledger.verifier


# What is there already


def test_a_household_is_not_written_over(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.backup_data()
    keys = house.backup_keys()
    before = house.files()
    with pytest.raises(BackupError, match="--replace") as caught:
        house.restore(keys)
    assert caught.value.code == "backup.occupied"
    assert house.files() == before


def test_the_old_state_stays_beside_it_for_as_long_as_keys_do(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, "hello")
    house.backup_data()
    keys = house.backup_keys()
    with house.open() as home:
        home.say(ada, "not in the backup")
    restored = house.restore(keys, replaces=True)
    assert restored.aside is not None
    assert (restored.aside / "keys" / "keys.db").exists()
    with house.open() as home:
        assert home.words(ada) == ["hello"]
    house.clock.advance(days=6)
    house.backup_keys()
    assert restored.aside.exists()
    house.clock.advance(days=1, minutes=1)
    house.backup_keys()
    assert not restored.aside.exists()


def test_another_household_is_not_replaced(house: Household, tmp_path: Path) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.backup_data()
    keys = house.backup_keys()
    house.lose()
    with house.open() as home:
        home.enrol("Somebody else")
    before = house.files()
    with pytest.raises(BackupError, match="another household") as caught:
        house.restore(keys, replaces=True)
    assert caught.value.code == "backup.other_household"
    assert house.files() == before


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_while_a_server_runs_nothing_is_restored(house: Household, is_exclusive: bool) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.backup_data()
    keys = house.backup_keys()
    with StateLock(house.state, is_exclusive=is_exclusive):
        before = house.files()
        with pytest.raises(StorageError, match="stop the server") as caught:
            house.restore(keys, replaces=True)
        assert house.files() == before
    assert caught.value.code == "storage.in_use"
    house.restore(keys, replaces=True)


# Keys


def test_keys_that_are_older_than_the_data_open_what_they_can(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, "hello")
        keys = house.backup_keys()
        house.clock.advance(hours=1)
        home.say(ada, "younger than the keys")
    house.backup_data()
    house.lose()
    restored = house.restore(keys)
    assert (restored.replayed.recordings, restored.replayed.lost) == (1, 1)
    with house.open() as home:
        assert home.words(ada) == ["hello"]


def test_keys_of_what_was_deleted_before_the_backup_do_not_come_back(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone = home.say(ada, CANARY)
        home.say(ada, "this stays")
        traces = Traces(home, gone)
    older = house.backup_keys()
    house.clock.advance(hours=1)
    with house.open() as home:
        home.delete(ada, gone)
    house.backup_data()
    house.lose()
    assert house.restore(older).replayed.recordings == 1
    assert traces.found_in(house.state) == []


def test_an_age_identity_in_place_of_a_key_file(tmp_path: Path) -> None:
    stick = tmp_path / "stick.txt"
    make_identity(stick, now=NOON)
    house = Household(tmp_path, settings=VaultSettings(key_service="age", age_identity=stick))
    with house.open() as home:
        ada = home.enrol("Ada")
        home.say(ada, "hello")
    house.backup_data()
    keys = house.backup_keys()
    assert "keep a copy of it" in keys.left_out[0]
    house.lose()
    house.settings = VaultSettings()
    with pytest.raises(BackupError, match=r'vault\.key_service = "age"'):
        house.restore(keys)
    other = tmp_path / "other.txt"
    make_identity(other, now=NOON)
    house.settings = VaultSettings(key_service="age", age_identity=other)
    with pytest.raises(BackupError, match="wrapped by another household key"):
        house.restore(keys)
    assert house.files() == {}
    house.settings = VaultSettings(key_service="age", age_identity=stick)
    house.restore(keys)
    with house.open() as home:
        assert home.words(ada) == ["hello"]


# Elsewhere


def test_what_is_in_postgresql_is_left_to_its_tools(house: Household) -> None:
    with house.open() as home:
        home.enrol("Ada")
    house.backup_data()
    keys = house.backup_keys()
    house.settings = VaultSettings(database="postgresql+pg8000://somebody:secret@127.0.0.1/home")
    with pytest.raises(BackupError, match="earwitness backup replay") as caught:
        house.restore(keys)
    assert caught.value.code == "backup.elsewhere"


def test_what_other_tools_restored_forgets_again_by_a_list(house: Household) -> None:
    with house.open() as home:
        ada = home.enrol("Ada")
        gone, stays = home.say(ada, CANARY), home.say(ada, "this stays")
        traces = Traces(home, gone)
    shutil.copytree(house.state, house.folder / "copy")
    with house.open() as home:
        home.delete(ada, gone)
    known = house.write_erasures()
    house.lose()
    (house.folder / "copy").rename(house.state)
    with house.open() as home:
        assert home.opens(ada, gone), "a plain copy brings it back"
    replayed = replay_lists(house.parts, [known], clock=house.clock)
    assert replayed.recordings == 1
    assert traces.found_in(house.state) == []
    with house.open() as home:
        assert not home.opens(ada, gone)
        assert home.opens(ada, stays)
        assert len(entries(home, "restored")) == 1
    assert replay_lists(house.parts, [known], clock=house.clock).recordings == 1
