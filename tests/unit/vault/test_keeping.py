"""Keeping: durable and in the ledger when it is said to be; else nothing of it stays, wherever it failed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeping, Keeps, Purpose
from earwitness.domain.errors import EarwitnessError, LedgerError, StorageError, VaultError
from earwitness.domain.recording import Actor, Role, Selection
from earwitness.domain.turn import Outcome, Turn
from earwitness.vault import envelope
from tests.houses_kept import sound
from tests.unit.vault.setting import NOTHING, WEEK, Setting, error_of, said

SOUND = sound(2.5)
GUEST = Actor(actor_id="99" * 16, alias="nobody", role=Role.SELF)
WEEKLY = Keeping(keeps=Keeps.AUDIO, retention_seconds=WEEK)


def test_what_is_kept_comes_back_word_by_word_and_byte_by_byte(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, "turn on the “lamp” é", sound=SOUND)
    found = setting.rights.recording(anna.actor_id, turn_id)
    assert setting.sound(anna, turn_id) == SOUND
    wanted = said("turn on the “lamp” é", person_id=anna.actor_id, at=setting.clock(), turn_id=turn_id)
    assert found.turn == wanted.turn
    assert (found.person_id, found.began_at, found.audio_seconds) == (anna.actor_id, setting.clock(), 2.5)
    assert found.expires_at == setting.clock() + timedelta(days=7)
    assert (found.heard, found.area, found.engine) == (wanted.turn.transcript, "Den", "scripted")
    assert (found.corrected_at, found.is_restricted, found.listens) == (None, False, 0)


def test_the_ledger_has_the_entry_and_no_word_of_it(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, "xylophone", sound=SOUND)
    (entry,) = setting.ledger.of_kind("kept")
    assert entry == {"v": 1, "kind": "kept", "recording": turn_id, "audio": True, "day": "2026-03-02"}
    for said_or_known in ("xylophone", anna.actor_id, "Anna", anna.alias, "Den"):
        assert said_or_known not in str(setting.ledger.taken)


@pytest.mark.parametrize(
    ("keeps", "data", "wanted"),
    [("audio", SOUND, "audio"), ("audio", b"", "text"), ("text", SOUND, "text"), ("text", b"", "text")],
)
def test_text_alone_leaves_no_sound(setting: Setting, keeps: str, data: bytes, wanted: str) -> None:
    anna = setting.person(keeps=Keeps(keeps))
    spoken = said("turn on the lamp", person_id=anna.actor_id, at=setting.clock())
    assert setting.rights.keep(spoken, Pcm(data=data) if data else None) == Keeps(wanted)
    assert set(setting.vault.blobs.names()) == ({spoken.turn.turn_id} if wanted == "audio" else set())
    if wanted == "text":
        with pytest.raises(VaultError) as caught:
            setting.sound(anna, spoken.turn.turn_id)
        assert caught.value.code == "vault.no_sound"


def test_whoever_did_not_consent_is_not_kept(setting: Setting) -> None:
    silent, withdrawn = setting.person("Ben", retention_seconds=None), setting.person("Cleo")
    setting.consent(withdrawn.actor_id, Purpose.KEEP, is_given=False)
    for purpose in (Purpose.REVIEW, Purpose.TRAIN, Purpose.IDENTIFY):
        setting.consent(silent.actor_id, purpose)
    for person in (silent, withdrawn, GUEST):
        spoken = said("turn on the lamp", person_id=person.actor_id, at=setting.clock())
        assert setting.rights.keep(spoken, Pcm(data=SOUND)) is None
    assert setting.left() == NOTHING
    assert setting.ledger.of_kind("kept") == []


def test_what_is_off_the_record_is_not_kept(setting: Setting) -> None:
    anna = setting.person()
    spoken = replace(said("delete that", person_id=anna.actor_id, at=setting.clock()), is_off_record=True)
    assert setting.rights.keep(spoken, Pcm(data=SOUND)) is None
    assert setting.left() == NOTHING


def test_without_the_ledger_nothing_is_kept(setting: Setting) -> None:
    anna = setting.person()
    setting.ledger.is_away = True
    with pytest.raises(LedgerError):
        setting.keep(anna, sound=SOUND)
    setting.ledger.is_away = False
    assert setting.left() == NOTHING
    assert setting.words(anna) == []


FAULTS: dict[str, Callable[[Setting], tuple[object, str]]] = {
    "sound": lambda setting: (setting.vault.blobs, "put"),
    "key": lambda setting: (setting.vault.keeper._ring, "add"),
    "confirm": lambda setting: (setting.vault.rows, "confirm"),
    "row": lambda setting: (setting.vault.rows, "begin"),
}


@pytest.mark.parametrize("where", FAULTS)
@pytest.mark.parametrize("is_done", [False, True], ids=["before it was done", "after it was done"])
def test_wherever_it_fails_nothing_stays(setting: Setting, where: str, is_done: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it was done and only the answer was lost."""
    anna = setting.person()
    place, name = FAULTS[where](setting)
    real = getattr(place, name)

    def failing(*given: object, **more: object) -> object:
        if is_done:
            real(*given, **more)
        raise StorageError("The disk is full.", code="storage.full")

    with monkeypatch.context() as patch:
        patch.setattr(place, name, failing)
        with pytest.raises(StorageError):
            setting.keep(anna, sound=SOUND)
    assert setting.words(anna) == []
    setting.clock.advance(minutes=11)
    setting.rights.upkeep()
    assert setting.left() == NOTHING


def test_a_turn_is_kept_once_and_the_first_stays(setting: Setting) -> None:
    """A second one of the same id is refused, and takes nothing of the first along."""
    anna, ben = setting.person(), setting.person("Ben")
    turn_id = setting.keep(anna, "the first", sound=SOUND)
    for person in (anna, ben):
        again = said("the second", person_id=person.actor_id, at=setting.clock(), turn_id=turn_id)
        with pytest.raises(EarwitnessError):
            setting.vault.keeper.keep(again, Pcm(data=sound(1.0, seed=2)), keeping=WEEKLY)
    assert setting.words(anna) == ["the first"]
    assert setting.sound(anna, turn_id) == SOUND
    assert setting.words(ben) == []


@pytest.mark.parametrize("turn_id", ["", "../" * 8 + "passwd00", "A" * 32, "a" * 33])
def test_what_is_no_id_is_refused_before_anything_is_written(setting: Setting, turn_id: str) -> None:
    """Also of words alone: upkeep must never meet an id that no blob can have."""
    anna = setting.person()
    spoken = said("turn on the lamp", person_id=anna.actor_id, at=setting.clock())
    strange = replace(spoken, turn=replace(spoken.turn, turn_id=turn_id))
    with pytest.raises(VaultError):
        setting.vault.keeper.keep(strange, None, keeping=WEEKLY)
    assert setting.left() == NOTHING


def test_text_that_is_none_is_kept_as_well_as_it_can_be(setting: Setting) -> None:
    """Half a character, as typed text can hold it."""
    anna = setting.person()
    setting.keep(anna, "turn on \ud800 the lamp \x00")
    assert setting.words(anna) == ["turn on ? the lamp \x00"]
    assert setting.words(anna, search="lamp") == ["turn on ? the lamp \x00"]


def test_a_turn_of_nothing_is_kept(setting: Setting) -> None:
    anna = setting.person()
    turn = Turn(turn_id="ab" * 16, transcript="", outcome=Outcome.NOT_HEARD, reply="", error_code="audio.empty", reason="silence")
    spoken = replace(said("", person_id=anna.actor_id, at=setting.clock()), turn=turn, area=None)
    setting.rights.keep(spoken, Pcm(data=b""))
    assert setting.rights.recording(anna.actor_id, turn.turn_id).turn == turn


# Deletion and decisions while it is being kept


@pytest.mark.parametrize("what", ["this turn", "everything", "the person"])
@pytest.mark.parametrize("when", ["put", "add", "append"])
@pytest.mark.parametrize("is_swept", [False, True])
def test_what_is_deleted_while_it_is_being_kept_is_not_kept(
    setting: Setting, what: str, when: str, is_swept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = setting.person()
    setting.keep(anna, "an earlier turn")
    spoken = said("turn on the lamp", person_id=anna.actor_id, at=setting.clock())
    place = {"put": setting.vault.blobs, "add": setting.vault.keeper._ring, "append": setting.ledger}[when]
    real = getattr(place, when)

    def delete_first(*given: object, **more: object) -> object:
        monkeypatch.setattr(place, when, real)
        match what:
            case "this turn":
                setting.rights.erase_said(anna.actor_id, Selection(turn_ids=(spoken.turn.turn_id,)))
            case "everything":
                setting.rights.erase_said(anna.actor_id, Selection(is_all=True))
            case _:
                setting.rights.erase_person(anna.actor_id)
        if is_swept:
            setting.vault.eraser.sweep()
        return real(*given, **more)

    monkeypatch.setattr(place, when, delete_first)
    code = error_of(lambda: setting.rights.keep(spoken, Pcm(data=SOUND)))
    assert code in ("", "vault.not_kept")
    assert not setting.opens(anna, spoken.turn.turn_id)
    setting.clock.advance(minutes=11)
    setting.rights.upkeep()
    rows, _, keys, blobs = setting.left()
    assert spoken.turn.turn_id not in rows | keys | blobs
    if what != "this turn":
        assert (rows, keys, blobs) == (set(), set(), set())


def test_who_leaves_just_before_it_is_kept_leaves_nothing_behind(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The consent was read, then the person left, and only then was the turn written, under a key made anew."""
    anna = setting.person()
    real = setting.vault.keeper.keep

    def leave_first(*given: object, **more: object) -> Keeps:
        setting.rights.erase_person(anna.actor_id)
        setting.vault.eraser.sweep()
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(setting.vault.keeper, "keep", leave_first)
    spoken = said("turn on the lamp", person_id=anna.actor_id, at=setting.clock())
    assert setting.rights.keep(spoken, Pcm(data=SOUND)) is None
    setting.rights.upkeep()
    assert setting.left() == NOTHING
    assert setting.vault.eraser.heard() == set()


@pytest.mark.parametrize("retention_seconds", [None, 3600.0, 30 * 86_400.0])
def test_a_decision_while_it_is_being_kept_counts_for_it(
    setting: Setting, retention_seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = setting.person()
    real = setting.ledger.append

    def decide_first(entries: object) -> tuple[int, ...]:
        monkeypatch.setattr(setting.ledger, "append", real)
        is_given = retention_seconds is not None
        setting.consent(anna.actor_id, Purpose.KEEP, is_given=is_given, retention_seconds=retention_seconds)
        return real(entries)  # type: ignore[arg-type]

    monkeypatch.setattr(setting.ledger, "append", decide_first)
    spoken = said("turn on the lamp", person_id=anna.actor_id, at=setting.clock())
    kept = setting.rights.keep(spoken, Pcm(data=SOUND))
    if retention_seconds is None:
        assert kept is None
        assert not setting.opens(anna, spoken.turn.turn_id)
        return
    assert kept is Keeps.AUDIO
    lasts = min(WEEK, retention_seconds)
    assert setting.rights.recording(anna.actor_id, spoken.turn.turn_id).expires_at == setting.clock() + timedelta(seconds=lasts)


# What was broken off


def test_what_was_broken_off_is_removed_after_ten_minutes_and_not_before(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = setting.person()
    kept = setting.keep(anna, "stays", sound=SOUND)
    with monkeypatch.context() as patch:
        patch.setattr(setting.vault.rows, "confirm", lambda *given, **more: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            setting.keep(anna, "broken off", sound=SOUND)
    assert setting.words(anna) == ["stays"]
    assert len(setting.row_ids()) == 2
    setting.clock.advance(minutes=10)
    setting.rights.upkeep()
    assert len(setting.row_ids()) == 2, "it may still be going on"
    setting.clock.advance(seconds=1)
    setting.rights.upkeep()
    rows, _, keys, blobs = setting.left()
    assert rows == keys == blobs == {kept}
    assert setting.sound(anna, kept) == SOUND


def test_what_lies_on_the_disk_is_sealed(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, "xylophone in the kitchen", sound=SOUND)
    blob = setting.vault.blobs.read(turn_id, 0, 10**9)
    assert len(blob) == envelope.sealed_length(len(SOUND))
    assert SOUND[1000:1016] not in blob
    (row,) = setting.vault.rows.find([turn_id], now=setting.clock())
    assert b"xylophone" not in row.sealed
