"""Deleting: keys first; a receipt that says what was; nothing left after the sweep; and nothing deleted twice."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import rfc8785

from earwitness.domain.errors import StorageError, VaultError
from earwitness.domain.recording import Actor, Erasure, ReadPurpose, Selection
from earwitness.vault import erasing
from earwitness.vault.erasing import SYSTEM
from tests.houses_kept import sound
from tests.unit.vault.setting import NOTHING, REVIEWER, Setting, error_of
from tests.unit.vault.spying import Spy

SOUND = sound(2.0)
ALL = Selection(is_all=True)


def is_gone(setting: Setting, person: Actor, turn_id: str) -> bool:
    """Whether neither the words nor the sound of a turn can be had."""
    door = setting.vault.door
    return (
        error_of(door.recording, person, turn_id) == "vault.not_found"
        and error_of(setting.sound, person, turn_id) == "vault.not_found"
        and list(door.sounds(person, person.actor_id, [turn_id], purpose=ReadPurpose.EXPORT)) == []
    )


def check_receipt(setting: Setting, erasure: Erasure, **wanted: object) -> None:
    """The receipt says that, and the ledger holds its digest at its position, and no id of a person or a recording."""
    statement = json.loads(erasure.body)
    assert {key: statement[key] for key in wanted} == wanted
    assert rfc8785.dumps(statement) == erasure.body.encode()
    assert erasure.position is not None
    entry = setting.ledger.taken[erasure.position]
    assert entry["receipt"] == hashlib.sha256(erasure.body.encode()).hexdigest()
    assert (entry["kind"], entry["erasure"], entry["scope"]) == ("erased", erasure.erasure_id, erasure.kind)
    assert (entry["recordings"], statement["recordings"], erasure.recordings) == (erasure.recordings,) * 3
    assert statement["milliseconds"] == round(erasure.seconds * 1000)


def test_one_turn_is_deleted_and_the_others_stay(setting: Setting) -> None:
    anna, ben = setting.person(), setting.person("Ben")
    gone, stays = setting.keep(anna, "xylophone", sound=SOUND), setting.keep(anna, "lamp", sound=SOUND)
    bens = setting.keep(ben, "xylophone", sound=SOUND)
    erasure = setting.rights.erase_said(anna.actor_id, Selection(turn_ids=(gone, bens, "00" * 16)))
    check_receipt(setting, erasure, recordings=1, recording_ids=[gone], by="you", kind="turns", keys_destroyed=1)
    assert is_gone(setting, anna, gone)
    assert setting.words(anna) == ["lamp"]
    assert setting.words(anna, search="xylophone") == []
    assert setting.rights.kept(anna.actor_id, ALL).recordings == 1
    assert not erasure.is_swept
    assert setting.vault.eraser.sweep() == 1
    assert setting.vault.eraser.receipt(erasure.erasure_id).is_swept
    rows, _, keys, blobs = setting.left()
    assert rows == keys == blobs == {stays, bens}
    assert setting.sound(anna, stays) == setting.sound(ben, bens) == SOUND


@pytest.mark.parametrize(("first", "last", "wanted"), [(1, 3, [0, 3, 4]), (0, 5, []), (4, 9, [0, 1, 2, 3])])
def test_a_range_of_time_is_deleted(setting: Setting, first: int, last: int, wanted: list[int]) -> None:
    anna = setting.person()
    start = setting.clock()
    for hour in range(5):
        setting.keep(anna, f"at {hour}", at=start + timedelta(hours=hour))
    selection = Selection(since=start + timedelta(hours=first), until=start + timedelta(hours=last))
    erasure = setting.rights.erase_said(anna.actor_id, selection)
    assert erasure.recordings == 5 - len(wanted)
    assert setting.words(anna) == [f"at {hour}" for hour in reversed(wanted)]
    setting.vault.eraser.sweep()
    assert len(setting.row_ids()) == len(wanted)


def test_everything_is_deleted_in_one_and_what_comes_later_is_kept_anew(setting: Setting) -> None:
    anna, ben = setting.person(), setting.person("Ben")
    kept = [setting.keep(anna, f"number {number}", sound=SOUND if number % 2 else b"") for number in range(6)]
    bens = setting.keep(ben, sound=SOUND)
    erasure = setting.rights.erase_said(anna.actor_id, ALL)
    check_receipt(setting, erasure, recordings=6, keys_destroyed=1, milliseconds=6000, kind="history")
    assert "recording_ids" not in json.loads(erasure.body)
    assert all(is_gone(setting, anna, turn_id) for turn_id in kept)
    later = setting.keep(anna, "number 7", sound=SOUND)
    assert setting.words(anna) == setting.words(anna, search="number") == ["number 7"]
    assert setting.rights.kept(anna.actor_id, ALL).recordings == 1
    told: list[tuple[int, int]] = []
    assert setting.vault.eraser.sweep(lambda done, total: told.append((done, total))) == 6
    assert told == [(6, 6)]
    rows, _, keys, blobs = setting.left()
    assert rows == keys == blobs == {later, bens}
    assert setting.words(anna) == ["number 7"]


def test_a_person_leaves_nothing(setting: Setting) -> None:
    anna, ben = setting.person(), setting.person("Ben")
    for number in range(3):
        setting.keep(anna, f"number {number}", sound=SOUND)
    setting.words(anna)
    erasure = setting.rights.erase_person(anna.actor_id)
    check_receipt(setting, erasure, recordings=3, kind="person", by="you")
    setting.rights.upkeep()
    assert setting.left() == NOTHING
    assert [person.person_id for person in setting.people.all()] == [ben.actor_id]
    assert setting.rights.reads(anna.actor_id) == ()
    assert setting.consents.decisions(anna.actor_id) == ()
    assert error_of(setting.rights.erase_person, anna.actor_id) == "person.unknown"


def test_who_kept_nothing_can_leave_too(setting: Setting) -> None:
    anna = setting.person(retention_seconds=None)
    check_receipt(setting, setting.rights.erase_person(anna.actor_id), recordings=0, keys_destroyed=0)
    assert setting.vault.eraser.sweep() == 0


@pytest.mark.parametrize("selection", [ALL, Selection(), Selection(turn_ids=("00" * 16,)), Selection(turn_ids=("x",))])
def test_where_there_is_nothing_nothing_is_deleted(setting: Setting, selection: Selection) -> None:
    anna, ben = setting.person(), setting.person("Ben")
    bens = setting.keep(ben)
    for person in (anna, ben):
        if person is ben and selection is ALL:
            continue
        with pytest.raises(VaultError) as caught:
            setting.rights.erase_said(person.actor_id, selection)
        assert caught.value.code == "vault.nothing"
    assert setting.opens(ben, bens)
    assert setting.ledger.of_kind("erased") == []


@pytest.mark.parametrize("is_swept", [False, True])
@pytest.mark.parametrize("again", ["the same", "everything"])
def test_what_was_deleted_is_not_deleted_again(setting: Setting, is_swept: bool, again: str) -> None:
    """A second receipt would say what is not true."""
    anna = setting.person()
    gone = setting.keep(anna, sound=SOUND)
    chosen = Selection(turn_ids=(gone,)) if again == "the same" else ALL
    setting.rights.erase_said(anna.actor_id, chosen)
    if is_swept:
        setting.vault.eraser.sweep()
    assert error_of(setting.rights.erase_said, anna.actor_id, chosen) == "vault.nothing"
    assert setting.rights.last_turn_id(anna.actor_id) is None
    setting.clock.advance(days=8)
    setting.vault.eraser.expire()
    assert setting.vault.eraser.expire() == 0
    assert len(setting.rights.receipts(anna.actor_id)) == 1


def test_one_deleted_before_everything_is_not_counted_again(setting: Setting) -> None:
    anna = setting.person()
    gone, _ = setting.keep(anna), setting.keep(anna)
    setting.rights.erase_said(anna.actor_id, Selection(turn_ids=(gone,)))
    assert setting.rights.erase_said(anna.actor_id, ALL).recordings == 1
    assert setting.vault.eraser.sweep() == 2
    assert setting.left() == NOTHING


# Expiry


def test_a_turn_expires_at_its_second_and_not_before(setting: Setting) -> None:
    anna = setting.person(retention_seconds=3600.0)
    turn_id = setting.keep(anna, sound=SOUND)
    setting.clock.advance(seconds=3599)
    assert setting.vault.eraser.expire() == 0
    assert setting.opens(anna, turn_id)
    assert setting.sound(anna, turn_id) == SOUND
    assert setting.vault.eraser.next_expiry() == setting.clock() + timedelta(seconds=1)
    setting.clock.advance(seconds=1)
    assert is_gone(setting, anna, turn_id), "also before any job has run"
    assert setting.words(anna) == setting.words(anna, search="lamp") == []
    assert setting.vault.eraser.expire() == 1
    assert setting.vault.eraser.expire() == 0
    assert setting.vault.eraser.next_expiry() is None
    (receipt,) = setting.rights.receipts(anna.actor_id)
    check_receipt(setting, receipt, kind="expired", by="earwitness", recordings=1, milliseconds=2000, recording_ids=[turn_id])
    assert setting.data_key_ids() == set()
    setting.vault.eraser.sweep()
    assert setting.left() == NOTHING


def test_each_person_gets_a_receipt_of_what_expired(setting: Setting) -> None:
    people = [setting.person(name, retention_seconds=60.0) for name in ("Anna", "Ben")]
    for person in people:
        for _ in range(3):
            setting.keep(person)
    stays = setting.keep_anyway(people[0], seconds=61.0)
    setting.clock.advance(seconds=60)
    assert setting.vault.eraser.expire(most=4) == 4
    assert setting.vault.eraser.expire(most=4) == 2
    assert setting.vault.eraser.expire(most=4) == 0
    for person in people:
        assert sum(one.recordings for one in setting.rights.receipts(person.actor_id)) == 3
    assert setting.opens(people[0], stays)


def test_what_lost_its_key_otherwise_goes_when_it_expires_without_a_receipt(setting: Setting) -> None:
    """Of a restored backup, say: there is nothing left to destroy, and the job must not try forever."""
    anna = setting.person(retention_seconds=60.0)
    turn_id = setting.keep(anna, sound=SOUND)
    setting.vault.keeper._ring.forget([turn_id])
    setting.clock.advance(seconds=60)
    assert setting.vault.eraser.expire() == 1
    assert setting.vault.eraser.expire() == 0
    assert setting.left() == NOTHING
    assert setting.rights.receipts(anna.actor_id) == ()


def test_what_is_being_kept_when_it_expires_makes_no_job_run_hot(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = setting.person(retention_seconds=60.0)
    monkeypatch.setattr(setting.vault.rows, "confirm", lambda *given, **more: True)
    setting.keep(anna, sound=SOUND)
    setting.clock.advance(seconds=61)
    assert setting.vault.eraser.expire() == 0
    assert setting.vault.eraser.next_expiry() is None
    setting.clock.advance(minutes=10)
    setting.rights.upkeep()
    assert setting.left() == NOTHING


# Without the ledger


def test_deleting_never_waits_for_the_ledger_and_its_receipt_follows(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = setting.person(retention_seconds=3600.0)
    turns = [setting.keep(anna, f"number {number}", sound=SOUND) for number in range(3)]
    spy = Spy(setting, monkeypatch)
    setting.ledger.is_away = True
    erasure = setting.rights.erase_said(anna.actor_id, Selection(turn_ids=(turns[0],)))
    assert erasure.position is None
    assert is_gone(setting, anna, turns[0])
    setting.clock.advance(hours=1)
    assert setting.vault.eraser.expire() == 2
    setting.rights.upkeep()
    assert setting.left() == NOTHING
    assert spy.opened() == []
    assert [one.position for one in setting.rights.receipts(anna.actor_id)] == [None, None]
    setting.ledger.is_away = False
    setting.rights.upkeep()
    assert spy.seen == ["erased", "erased"]
    for one in setting.rights.receipts(anna.actor_id):
        check_receipt(setting, one)
    setting.rights.upkeep()
    assert spy.seen == ["erased", "erased"]


# What is broken off


STEPS: dict[str, Callable[[Setting], tuple[object, str]]] = {
    "the receipt": lambda setting: (setting.ledger, "append"),
    "the note of it": lambda setting: (setting.vault.keeper._ring, "note"),
    "hiding": lambda setting: (setting.vault.rows, "hide"),
    "the keys": lambda setting: (setting.vault.keeper._ring, "forget"),
    "the sound": lambda setting: (setting.vault.blobs, "remove_all"),
    "the rows": lambda setting: (setting.vault.rows, "remove"),
    "the scrubbing": lambda setting: (setting.database, "scrub"),
}


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("what", "step"),
    [
        (what, step)
        for what in ("turns", "everything", "expired", "person")
        for step in STEPS
        if step != "hiding" or what in ("turns", "expired")  # all others are hidden with the person's key
    ],
)
def test_wherever_deleting_is_broken_off_the_next_upkeep_finishes(
    setting: Setting, step: str, is_done: bool, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = setting.person(retention_seconds=3600.0)
    turns = [setting.keep(anna, sound=SOUND) for _ in range(3)]
    setting.clock.advance(hours=1 if what == "expired" else 0)
    place, name = STEPS[step](setting)
    real = getattr(place, name)

    def broken_off(*given: object, **more: object) -> object:
        if is_done:
            real(*given, **more)
        raise KeyboardInterrupt

    def delete() -> None:
        match what:
            case "turns":
                setting.rights.erase_said(anna.actor_id, Selection(turn_ids=tuple(turns)))
            case "everything":
                setting.rights.erase_said(anna.actor_id, ALL)
            case "expired":
                setting.vault.eraser.expire()
            case _:
                setting.rights.erase_person(anna.actor_id)
        setting.vault.eraser.sweep()

    with monkeypatch.context() as patch:
        patch.setattr(place, name, broken_off)
        with pytest.raises(KeyboardInterrupt):
            delete()
    assert all(is_gone(setting, anna, turn_id) for turn_id in turns)
    if what != "person":
        assert setting.words(anna) == []
    assert setting.vault.eraser.expire() in (0, 3)
    setting.rights.upkeep()
    assert setting.left() == NOTHING
    (receipt,) = setting.rights.receipts(anna.actor_id)
    assert receipt.is_swept
    check_receipt(setting, receipt, recordings=3)
    if what == "person":
        assert setting.people.all() == ()


def test_a_disk_that_fails_while_sweeping_is_said_and_tried_again(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = setting.person()
    erasure = _erased(setting, anna)
    with monkeypatch.context() as patch:
        patch.setattr(setting.vault.blobs, "remove_all", _fails)
        with pytest.raises(StorageError):
            setting.vault.eraser.sweep()
        setting.rights.upkeep()
    assert not setting.vault.eraser.receipt(erasure.erasure_id).is_swept
    setting.rights.upkeep()
    assert setting.vault.eraser.receipt(erasure.erasure_id).is_swept
    assert setting.left() == NOTHING


def _fails(*given: object) -> None:
    raise StorageError("The disk is away.")


def _erased(setting: Setting, person: Actor) -> Erasure:
    setting.keep(person, sound=SOUND)
    return setting.rights.erase_said(person.actor_id, ALL)


# Many


def test_many_are_swept_some_at_a_time_with_progress(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "SWEPT_AT_ONCE", 4)
    monkeypatch.setattr(erasing, "MOST_NAMED", 5)
    anna = setting.person()
    turns = sorted(setting.keep(anna, f"number {number}") for number in range(10))
    told: list[tuple[int, int]] = []
    erasure = setting.rights.erase_said(anna.actor_id, Selection(turn_ids=tuple(turns)))
    digest = hashlib.sha256("\n".join(turns).encode()).hexdigest()
    check_receipt(setting, erasure, recordings=10, recording_ids_sha256=digest)
    setting.vault.eraser.sweep(lambda done, total: told.append((done, total)))
    assert told == [(4, 10), (8, 10), (10, 10)]
    for number in range(9):
        setting.keep(anna, f"number {number}")
    setting.rights.erase_said(anna.actor_id, ALL)
    told.clear()
    setting.vault.eraser.sweep(lambda done, total: told.append((done, total)))
    assert told == [(4, 9), (8, 9), (9, 9)]
    assert setting.left() == NOTHING


def test_receipts_are_the_persons_own(setting: Setting) -> None:
    anna, ben = setting.person(), setting.person("Ben")
    erasure = _erased(setting, anna)
    assert setting.rights.receipt(anna.actor_id, erasure.erasure_id) == erasure
    assert error_of(setting.rights.receipt, ben.actor_id, erasure.erasure_id) == "vault.not_found"
    assert setting.rights.receipts(ben.actor_id) == ()


def test_somebody_elses_deletion_is_named_by_alias(setting: Setting) -> None:
    anna = setting.person()
    for actor, wanted in ((REVIEWER, REVIEWER.alias), (SYSTEM, "earwitness")):
        turn_id = setting.keep(anna)
        erasure = setting.vault.eraser.erase(actor, anna.actor_id, Selection(turn_ids=(turn_id,)))
        check_receipt(setting, erasure, by=wanted)
