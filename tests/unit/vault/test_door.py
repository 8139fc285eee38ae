"""The one door: policy, then the ledger, then the bytes; what went out is on record to the byte; without the ledger, nothing."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from earwitness.domain.consent import Purpose
from earwitness.domain.errors import AccessError, LedgerError, VaultError
from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Role, Selection
from earwitness.storage.household import turns
from earwitness.vault.envelope import CHUNK_BYTES
from tests.houses_kept import sound
from tests.unit.vault.setting import REVIEWER, Setting, error_of
from tests.unit.vault.spying import Spy

SOUND = sound(5.0)
TRAINER = Actor(actor_id="trainer-1", alias="slow-vole-1111", role=Role.TRAINER)
SYSTEM = Actor(actor_id="earwitness", alias="earwitness", role=Role.SYSTEM)


@pytest.fixture
def spy(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> Spy:
    return Spy(setting, monkeypatch)


def reads(setting: Setting, person: Actor) -> list[Read]:
    """Every read of a person's recordings, oldest first."""
    return list(setting.rights.reads(person.actor_id))[::-1]


Opening = Callable[[Setting, Actor, str], object]
OPENINGS: dict[str, Opening] = {
    "history": lambda setting, who, turn: setting.vault.door.history(who, who.actor_id, limit=9),
    "search": lambda setting, who, turn: setting.vault.door.history(who, who.actor_id, limit=9, search="lamp"),
    "recording": lambda setting, who, turn: setting.vault.door.recording(who, turn),
    "correct": lambda setting, who, turn: setting.vault.door.correct(who, turn, transcript="off"),
    "play": lambda setting, who, turn: setting.sound(who, turn),
    "export": lambda setting, who, turn: list(setting.vault.door.sounds(who, who.actor_id, [turn], purpose=ReadPurpose.EXPORT)),
}


@pytest.mark.parametrize("opening", OPENINGS)
def test_the_entry_is_in_the_ledger_before_anything_is_decrypted(setting: Setting, spy: Spy, opening: str) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    spy.seen.clear()
    OPENINGS[opening](setting, anna, turn_id)
    assert spy.seen[0] == "read.opened"
    assert spy.seen.count("read.opened") == 1
    assert {"text", "audio"} & set(spy.opened())
    assert reads(setting, anna)[0].opened_position == len(setting.ledger.taken) - 1 - spy.seen.count("read.closed")


@pytest.mark.parametrize("opening", OPENINGS)
def test_without_the_ledger_nothing_is_decrypted_and_nothing_given(setting: Setting, spy: Spy, opening: str) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    spy.seen.clear()
    setting.ledger.is_away = True
    with pytest.raises(LedgerError):
        OPENINGS[opening](setting, anna, turn_id)
    assert spy.seen == []
    assert reads(setting, anna) == []
    setting.ledger.is_away = False
    assert setting.words(anna) == ["turn on the lamp"], "and a correction changed nothing"


@pytest.mark.parametrize("opening", OPENINGS)
def test_another_person_is_refused_and_on_record(setting: Setting, spy: Spy, opening: str) -> None:
    anna, ben = setting.person(), setting.person("Ben")
    turn_id = setting.keep(anna, sound=SOUND)
    spy.seen.clear()
    as_anna = Actor(actor_id=ben.actor_id, alias=ben.alias, role=Role.SELF)
    if opening in ("history", "search"):
        code = error_of(setting.vault.door.history, as_anna, anna.actor_id, limit=9, search="lamp")
    elif opening == "export":
        code = error_of(lambda: list(setting.vault.door.sounds(as_anna, anna.actor_id, [turn_id], purpose=ReadPurpose.EXPORT)))
    else:
        code = error_of(OPENINGS[opening], setting, as_anna, turn_id)
    assert code == "access.refused"
    assert spy.seen == ["read.refused"]
    (read,) = reads(setting, anna)
    assert (read.actor.alias, read.actor.role, read.result) == (ben.alias, Role.MEMBER, ReadResult.REFUSED)
    assert setting.rights.standing(anna.actor_id).new_listens == 1
    entry = setting.ledger.taken[-1]
    assert entry["by"] == ben.alias
    assert anna.actor_id not in str(entry)


def test_others_find_none_of_ones_turns_among_their_own(setting: Setting) -> None:
    anna, ben = setting.person(), setting.person("Ben")
    turn_id = setting.keep(anna, sound=SOUND)
    assert setting.words(ben) == setting.words(ben, search="lamp") == []
    assert list(setting.vault.door.sounds(ben, ben.actor_id, [turn_id], purpose=ReadPurpose.EXPORT)) == []


def test_who_may_review_reads_the_words_and_hears_nothing_without_the_consent_to_that(setting: Setting, spy: Spy) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    setting.consent(anna.actor_id, Purpose.REVIEW)
    spy.seen.clear()
    for purpose, actor in ((ReadPurpose.REVIEW, REVIEWER), (ReadPurpose.DISGUISE, SYSTEM)):
        with pytest.raises(AccessError):
            setting.vault.door.audio(actor, turn_id, purpose=purpose)
    with pytest.raises(AccessError):
        setting.vault.door.hand_out(REVIEWER, turn_id, SOUND, purpose=ReadPurpose.REVIEW, start=0, end=2)
    assert spy.opened() == []
    assert setting.vault.door.recording(REVIEWER, turn_id, purpose=ReadPurpose.REVIEW).turn.turn_id == turn_id


def test_a_reviewer_never_hears_the_recording_itself_whatever_was_consented_to(setting: Setting, spy: Spy) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    for purpose in (Purpose.REVIEW, Purpose.HEAR):
        setting.consent(anna.actor_id, purpose)
    spy.seen.clear()
    with pytest.raises(AccessError, match="never the recording"):
        setting.vault.door.audio(REVIEWER, turn_id, purpose=ReadPurpose.REVIEW)
    with pytest.raises(AccessError, match="never the recording"):
        next(setting.vault.door.sounds(REVIEWER, anna.actor_id, [turn_id], purpose=ReadPurpose.REVIEW))
    assert spy.opened() == []
    assert [one.result for one in reads(setting, anna)] == [ReadResult.REFUSED] * 2


def test_what_was_made_of_a_sound_is_handed_out_on_record_like_the_sound_itself(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    for purpose in (Purpose.REVIEW, Purpose.HEAR):
        setting.consent(anna.actor_id, purpose)
    made, hand_out = SOUND[::-1], partial(setting.vault.door.hand_out, REVIEWER, turn_id, purpose=ReadPurpose.REVIEW)
    with hand_out(made, start=2, end=len(made)) as read:
        assert b"".join(read) == made[2:]
    last = reads(setting, anna)[-1]
    assert (last.actor, last.medium, last.result, last.ranges) == (REVIEWER, Medium.AUDIO, ReadResult.SERVED, ((2, len(made)),))
    for start, end in ((0, 0), (-2, 2), (0, len(made) + 2), (4, 2)):
        with pytest.raises(VaultError):
            hand_out(made, start=start, end=end)
    with pytest.raises(VaultError):
        hand_out(made + b"..", start=0, end=2)


@pytest.mark.parametrize(
    ("who", "purpose", "needed"),
    [(REVIEWER, ReadPurpose.REVIEW, Purpose.REVIEW), (TRAINER, ReadPurpose.TRAINING, Purpose.TRAIN)],
    ids=["reviewer", "trainer"],
)
def test_others_hear_only_with_consent_and_only_while_it_lasts(
    setting: Setting, spy: Spy, who: Actor, purpose: ReadPurpose, needed: Purpose
) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    hear = partial(setting.vault.door.audio, who, turn_id, purpose=purpose)
    if who == REVIEWER:
        hear = partial(setting.vault.door.hand_out, who, turn_id, SOUND, purpose=purpose, start=0, end=len(SOUND))

    def heard() -> bool:
        spy.seen.clear()
        try:
            with hear() as audio:
                return b"".join(audio) == SOUND
        except AccessError:
            assert spy.opened() == []
            return False

    assert not heard()
    for one in (needed, Purpose.HEAR) if needed is Purpose.REVIEW else (needed,):
        setting.consent(anna.actor_id, one)
    assert heard()
    setting.rights.restrict(anna.actor_id, turn_id=turn_id)
    assert not heard()
    setting.rights.restrict(anna.actor_id, turn_id=turn_id, is_restricted=False)
    assert heard()
    setting.rights.restrict(anna.actor_id)
    assert not heard()
    setting.rights.restrict(anna.actor_id, is_restricted=False)
    setting.consent(anna.actor_id, Purpose.KEEP, is_given=False)
    assert not heard()
    setting.consent(anna.actor_id, Purpose.KEEP)
    assert heard()
    setting.consent(anna.actor_id, needed, is_given=False)
    assert not heard()
    assert setting.sound(anna, turn_id) == SOUND, "the person always can"
    results = [read.result for read in reads(setting, anna) if read.actor == who]
    assert results == [ReadResult.REFUSED, ReadResult.SERVED, ReadResult.REFUSED, ReadResult.SERVED, ReadResult.REFUSED,
                       ReadResult.REFUSED, ReadResult.SERVED, ReadResult.REFUSED]  # fmt: skip
    assert setting.rights.recording(anna.actor_id, turn_id).listens == 3


def test_a_refusal_that_the_ledger_cannot_take_is_a_refusal_still(setting: Setting, spy: Spy) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    spy.seen.clear()
    setting.ledger.is_away = True
    assert error_of(setting.vault.door.audio, SYSTEM, turn_id, purpose=ReadPurpose.PLAYBACK) != ""
    assert spy.seen == []


# What went out


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, None), (0, 10**9), (70_000, 140_000), (0, 1), (CHUNK_BYTES - 1, CHUNK_BYTES + 1), (len(SOUND) - 1, None), (5, 6)],
)
def test_the_served_range_is_on_record_exactly(setting: Setting, start: int, end: int | None) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    stop = min(len(SOUND), end or len(SOUND))
    with setting.vault.door.audio(anna, turn_id, purpose=ReadPurpose.PLAYBACK, start=start, end=end) as audio:
        assert (audio.data_bytes, audio.start, audio.end) == (len(SOUND), start, stop)
        assert b"".join(audio) == SOUND[start:stop]
    assert setting.ledger.taken[-2]["asked"] == setting.ledger.taken[-1]["ranges"] == [[start, stop]]
    assert setting.ledger.taken[-1]["milliseconds"] == round((stop - start) / 32)
    assert "at_most" not in setting.ledger.taken[-1]
    (read,) = reads(setting, anna)
    assert (read.result, read.ranges) == (ReadResult.SERVED, ((start, stop),))
    assert read.seconds == (stop - start) / 32_000
    assert (read.opened_position, read.closed_position) == (len(setting.ledger.taken) - 2, len(setting.ledger.taken) - 1)


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_read_that_is_broken_off_is_on_record_as_far_as_it_went(setting: Setting, taken: int) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    start = 1000
    audio = setting.vault.door.audio(anna, turn_id, purpose=ReadPurpose.PLAYBACK, start=start)
    chunks = iter(audio)
    got = b"".join(next(chunks) for _ in range(taken))
    audio.close()
    assert list(chunks) == [], "nothing is given after the closing"
    audio.close()
    assert len(setting.ledger.of_kind("read.closed")) == 1
    (read,) = reads(setting, anna)
    assert read.ranges == (((start, start + len(got)),) if taken else ())
    assert read.result is (ReadResult.BROKEN_OFF if taken else ReadResult.FAILED)
    assert got == SOUND[start : start + len(got)]


def test_an_error_in_the_midst_closes_the_read(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)

    def send() -> None:
        with setting.vault.door.audio(anna, turn_id, purpose=ReadPurpose.PLAYBACK) as audio:
            for _ in audio:
                raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        send()
    assert reads(setting, anna)[0].result is ReadResult.BROKEN_OFF


def test_a_part_of_nothing_is_served(setting: Setting, spy: Spy) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    spy.seen.clear()
    with setting.vault.door.audio(anna, turn_id, purpose=ReadPurpose.PLAYBACK, start=10, end=10) as audio:
        assert list(audio) == []
    assert "audio" not in spy.seen
    assert (reads(setting, anna)[0].result, reads(setting, anna)[0].ranges) == (ReadResult.SERVED, ())


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (9, 3), (len(SOUND) + 1, None)])
def test_a_part_that_does_not_exist_is_refused_before_it_is_opened(
    setting: Setting, spy: Spy, start: int, end: int | None
) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    spy.seen.clear()
    with pytest.raises(VaultError) as caught:
        setting.vault.door.audio(anna, turn_id, purpose=ReadPurpose.PLAYBACK, start=start, end=end)
    assert caught.value.code == "vault.no_such_part"
    assert spy.seen == []


def test_a_closing_that_the_ledger_could_not_take_follows_exactly(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    audio = setting.vault.door.audio(anna, turn_id, purpose=ReadPurpose.PLAYBACK)
    next(iter(audio))
    setting.ledger.is_away = True
    with pytest.raises(LedgerError):
        audio.close()
    (read,) = reads(setting, anna)
    assert (read.result, read.ranges, read.closed_position) == (ReadResult.BROKEN_OFF, ((0, CHUNK_BYTES),), None)
    setting.rights.upkeep()
    setting.ledger.is_away = False
    setting.rights.upkeep()
    setting.rights.upkeep()
    (entry,) = setting.ledger.of_kind("read.closed")
    assert (entry["ranges"], entry["result"], "at_most" in entry) == ([[0, CHUNK_BYTES]], "broken_off", False)
    assert reads(setting, anna)[0].closed_position == setting.ledger.taken.index(entry)


def test_of_a_read_that_a_power_cut_ended_the_most_is_on_record(setting: Setting) -> None:
    """What went out is not known, but no more than was asked for."""
    anna = setting.person()
    turn_id = setting.keep(anna, sound=SOUND)
    audio = setting.vault.door.audio(anna, turn_id, purpose=ReadPurpose.PLAYBACK, start=500, end=90_500)
    next(iter(audio))
    del audio
    (read,) = reads(setting, anna)
    assert (read.result, read.seconds) == (ReadResult.OPEN, 90_000 / 32_000)
    setting.clock.advance(minutes=60)
    setting.rights.upkeep()
    assert setting.ledger.of_kind("read.closed") == []
    setting.clock.advance(seconds=1)
    setting.rights.upkeep()
    setting.rights.upkeep()
    (entry,) = setting.ledger.of_kind("read.closed")
    assert (entry["at_most"], entry["ranges"], entry["result"]) == (True, [[500, 90_500]], "broken_off")
    assert reads(setting, anna)[0].result is ReadResult.BROKEN_OFF


# Several at once


def test_each_of_several_sounds_has_its_entries_all_before_the_first_is_opened(setting: Setting, spy: Spy) -> None:
    anna = setting.person()
    kept = {setting.keep(anna, sound=sound(seconds, seed=3)): sound(seconds, seed=3) for seconds in (1.0, 3.0, 0.5)}
    words_only = setting.keep(anna, "only words")
    spy.seen.clear()
    given = dict(setting.vault.door.sounds(anna, anna.actor_id, [*kept, words_only, "00" * 16], purpose=ReadPurpose.EXPORT))
    assert given == kept
    assert spy.seen[:3] == ["read.opened"] * 3
    assert spy.seen[-3:] == ["read.closed"] * 3
    assert {read.turn_id: read.ranges for read in reads(setting, anna)} == {
        turn_id: ((0, len(data)),) for turn_id, data in kept.items()
    }


def test_of_several_sounds_those_that_were_not_taken_are_on_record_as_such(setting: Setting) -> None:
    anna = setting.person()
    kept = [setting.keep(anna, sound=SOUND) for _ in range(3)]
    sounds = setting.vault.door.sounds(anna, anna.actor_id, kept, purpose=ReadPurpose.EXPORT)
    taken, _ = next(sounds)
    sounds.close()
    assert {read.turn_id: read.result for read in reads(setting, anna)} == {
        turn_id: ReadResult.SERVED if turn_id == taken else ReadResult.FAILED for turn_id in kept
    }


def test_one_damaged_or_deleted_sound_does_not_keep_the_others(setting: Setting) -> None:
    anna = setting.person()
    good, cut, lost, deleted = (setting.keep(anna, sound=SOUND) for _ in range(4))
    setting.vault.blobs.put(cut, setting.vault.blobs.read(cut, 0, 10**9)[:-1])
    setting.vault.blobs.remove(lost)
    sounds = setting.vault.door.sounds(anna, anna.actor_id, [good, cut, lost, deleted], purpose=ReadPurpose.EXPORT)
    setting.ledger.on_append = lambda entry: setting.vault.keeper._ring.forget([deleted])
    assert [turn_id for turn_id, _ in sounds] == [good]
    results = {read.turn_id: read.result for read in reads(setting, anna)}
    assert results == {good: ReadResult.SERVED} | dict.fromkeys((cut, lost, deleted), ReadResult.FAILED)


# What is not there


@pytest.mark.parametrize("why", ["never was", "deleted", "all deleted", "expired", "being kept"])
def test_what_is_not_there_leaves_no_entry(setting: Setting, spy: Spy, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = setting.person()
    turn_id = "00" * 16
    if why == "being kept":
        monkeypatch.setattr(setting.vault.rows, "confirm", lambda *given, **more: True)
    if why != "never was":
        turn_id = setting.keep(anna, sound=SOUND)
    if why == "deleted":
        setting.rights.erase_said(anna.actor_id, Selection(turn_ids=(turn_id,)))
    elif why == "all deleted":
        setting.rights.erase_said(anna.actor_id, Selection(is_all=True))
    elif why == "expired":
        setting.clock.advance(days=7)
    spy.seen.clear()
    for opening in ("recording", "correct", "play"):
        assert error_of(OPENINGS[opening], setting, anna, turn_id) == "vault.not_found"
    assert OPENINGS["export"](setting, anna, turn_id) == []
    assert setting.words(anna) == []
    assert spy.seen == []
    assert reads(setting, anna) == []


def test_a_changed_sound_is_an_error_and_never_silence(setting: Setting) -> None:
    anna = setting.person()
    turn_id, other = setting.keep(anna, sound=SOUND), setting.keep(anna, sound=sound(5.0, seed=4))
    setting.vault.blobs.put(turn_id, setting.vault.blobs.read(other, 0, 10**9))
    with pytest.raises(VaultError) as caught:
        setting.sound(anna, turn_id)
    assert caught.value.code == "vault.sealed_wrong"
    assert reads(setting, anna)[0].result is ReadResult.FAILED


def test_words_that_were_changed_or_swapped_in_the_database_do_not_open(setting: Setting) -> None:
    """Whoever can write the database cannot put words into anybody's mouth."""
    anna = setting.person()
    first, second = setting.keep(anna, "the first"), setting.keep(anna, "the second")
    with setting.database.writing() as connection:
        sealed = dict(connection.execute(sa.select(turns.c.turn_id, turns.c.sealed)).all())
        connection.execute(sa.update(turns).where(turns.c.turn_id == first).values(sealed=sealed[second]))
    assert error_of(setting.vault.door.recording, anna, first) == "vault.sealed_wrong"
    assert setting.vault.door.recording(anna, second).turn.transcript == "the second"


# Words


def test_one_entry_opens_a_page_and_names_no_turn(setting: Setting) -> None:
    anna = setting.person()
    for number in range(5):
        setting.keep(anna, f"number {number}")
    page = setting.rights.history(anna.actor_id, limit=3)
    assert [one.turn.transcript for one in page.recordings] == ["number 4", "number 3", "number 2"]
    assert page.next_before is not None
    rest = setting.rights.history(anna.actor_id, limit=3, before=page.next_before)
    assert [one.turn.transcript for one in rest.recordings] == ["number 1", "number 0"]
    assert rest.next_before is None
    opened = setting.ledger.of_kind("read.opened")
    assert [entry["recordings"] for entry in opened] == [3, 2]
    assert not any("recording" in entry or "by" in entry for entry in opened)


def test_a_page_for_others_is_without_what_was_restricted(setting: Setting) -> None:
    anna = setting.person()
    setting.consent(anna.actor_id, Purpose.TRAIN)
    free, kept_back = setting.keep(anna, "learn from me"), setting.keep(anna, "not from me")
    setting.rights.restrict(anna.actor_id, turn_id=kept_back)
    page = setting.vault.door.history(TRAINER, anna.actor_id, limit=9, purpose=ReadPurpose.TRAINING)
    assert [one.turn.turn_id for one in page.recordings] == [free]
    assert setting.ledger.of_kind("read.opened")[-1]["recordings"] == 1
    assert setting.words(anna) == ["not from me", "learn from me"], "the person has both"


def test_a_search_finds_words_that_were_heard_corrected_and_answered(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, "turn on the celler lights")
    setting.keep(anna, "what time is it")
    corrected = setting.vault.door.correct(anna, turn_id, transcript="turn on the cellar lights")
    assert (corrected.turn.transcript, corrected.heard) == ("turn on the cellar lights", "turn on the celler lights")
    assert corrected.corrected_at == setting.clock()
    for search in ("celler", "CELLAR light", "turned lamp", "light"):
        assert "turn on the cellar lights" in setting.words(anna, search=search), search
    assert setting.words(anna, search="cellar time") == []
    assert setting.words(anna, search="?!") == []
    assert len(setting.words(anna, search="   ")) == 2
    assert setting.vault.door.recording(anna, turn_id) == corrected


def test_a_correction_may_be_corrected_and_what_was_heard_stays(setting: Setting) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, "one", sound=SOUND)
    for words in ("two", "three"):
        setting.clock.advance(minutes=1)
        setting.vault.door.correct(anna, turn_id, transcript=words)
    found = setting.vault.door.recording(anna, turn_id)
    assert (found.turn.transcript, found.heard, found.corrected_at) == ("three", "one", setting.clock())
    assert setting.words(anna, search="two") == []
    assert setting.sound(anna, turn_id) == SOUND
    assert found.expires_at - found.began_at == timedelta(days=7), "a correction lengthens nothing"


def test_two_corrections_at_once_do_not_mix(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = setting.person()
    turn_id = setting.keep(anna, "one")
    real: Any = setting.vault.rows.reseal

    def late(*given: object, **more: object) -> object:
        monkeypatch.setattr(setting.vault.rows, "reseal", real)
        setting.vault.door.correct(anna, turn_id, transcript="the other")
        return real(*given, **more)

    monkeypatch.setattr(setting.vault.rows, "reseal", late)
    with pytest.raises(VaultError) as caught:
        setting.vault.door.correct(anna, turn_id, transcript="mine")
    assert caught.value.code == "vault.changed"
    assert setting.words(anna) == ["the other"]
    assert setting.words(anna, search="mine") == []


def test_what_was_erased_while_a_page_was_opened_is_not_on_it(setting: Setting) -> None:
    anna = setting.person()
    stays, gone = setting.keep(anna, "stays"), setting.keep(anna, "gone")
    setting.ledger.on_append = lambda entry: (
        entry["kind"] == "read.opened" and setting.rights.erase_said(anna.actor_id, Selection(turn_ids=(gone,)))
    )
    assert setting.words(anna) == ["stays"]
    setting.ledger.on_append = lambda entry: None
    assert setting.opens(anna, stays)
