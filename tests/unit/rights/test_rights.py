"""What a person can do about what they said, and what nobody else can: each right one call, without any server."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.account import AccountRole
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps, Purpose, Way
from earwitness.domain.errors import LedgerError
from earwitness.domain.recording import Actor, ReadPurpose, Role, Selection, Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.rights.rights import EVERYTHING, themself
from earwitness.storage import database
from tests.houses_kept import NOON, PASSPHRASE, REVIEWER, KeptHouse, error_of, in_review, kept_house, sound, whose

TRAINER = Actor(actor_id="trainer-1", alias="brisk-wren-3333", role=Role.TRAINER)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


def spoken(person_id: str, turn_id: str = "a" * 32) -> Spoken:
    turn = Turn(turn_id=turn_id, transcript="where is the zanzibar marmalade", outcome=Outcome.ANSWERED, reply="In the kitchen.")
    return Spoken(turn=turn, person_id=person_id, began_at=NOON)


# Keeping


@pytest.mark.parametrize(
    ("keeps", "sound_bytes", "kept"),
    [
        (None, 32_000, None),
        (Keeps.AUDIO, 32_000, Keeps.AUDIO),
        (Keeps.AUDIO, 0, Keeps.TEXT),
        (Keeps.TEXT, 32_000, Keeps.TEXT),
        (Keeps.TEXT, 0, Keeps.TEXT),
    ],
)
def test_a_turn_is_kept_as_far_as_its_person_said(
    house: KeptHouse, keeps: Keeps | None, sound_bytes: int, kept: Keeps | None
) -> None:
    anna = house.enrolled(keeps=keeps)
    pcm = Pcm(data=sound(1.0)[:sound_bytes]) if sound_bytes else None
    assert house.rights.keep(spoken(anna.person_id), pcm) is kept
    found = house.rights.kept(anna.person_id, EVERYTHING)
    assert (found.recordings, found.seconds) == (int(kept is not None), 1.0 if kept is Keeps.AUDIO else 0.0)
    assert len(house.entries("kept")) == int(kept is not None)


@pytest.mark.parametrize("purpose", [Purpose.REVIEW, Purpose.TRAIN, Purpose.IDENTIFY])
def test_no_other_consent_keeps_anything(house: KeptHouse, purpose: Purpose) -> None:
    anna = house.enrolled(keeps=None, also=[purpose])
    assert house.rights.keep(spoken(anna.person_id), Pcm(data=sound(1.0))) is None


def test_nothing_is_kept_of_a_guest_or_of_somebody_who_left(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.rights.erase_person(anna.person_id)
    for person_id in (anna.person_id, "", "guest"):
        assert house.rights.keep(spoken(person_id), Pcm(data=sound(1.0))) is None
    assert house.entries("kept") == []


def test_nothing_is_kept_off_the_record(house: KeptHouse) -> None:
    anna = house.enrolled()
    assert house.rights.keep(replace(spoken(anna.person_id), is_off_record=True), Pcm(data=sound(1.0))) is None


def test_without_the_ledger_nothing_is_kept_and_nothing_is_left(house: KeptHouse) -> None:
    anna = house.enrolled()
    with house.without_ledger(), pytest.raises(LedgerError):
        house.rights.keep(spoken(anna.person_id), Pcm(data=sound(1.0)))
    assert house.rights.kept(anna.person_id, EVERYTHING).recordings == 0
    assert list(house.vault.blobs.names()) == []
    assert house.rights.last_turn_id(anna.person_id) is None


# What "I just said" means


def test_the_last_turn_is_the_last_one_said_if_it_is_kept(house: KeptHouse) -> None:
    anna = house.enrolled()
    first = house.keep(anna)
    assert house.rights.last_turn_id(anna.person_id) == first
    house.rights.keep(replace(spoken(anna.person_id), is_off_record=True), None)
    assert house.rights.last_turn_id(anna.person_id) is None, "what was not kept does not make an older one the last"
    second = house.keep(anna, "turn off the fan")
    assert house.rights.last_heard(anna.person_id) == "turn off the fan"
    house.rights.erase_said(anna.person_id, Selection(turn_ids=(second,)))
    assert house.rights.last_turn_id(anna.person_id) is None
    assert house.rights.last_heard(anna.person_id) is None


def test_after_a_start_the_last_turn_is_one_of_the_last_few_minutes(tmp_path: Path) -> None:
    with kept_house(tmp_path) as house:
        anna = house.enrolled()
        last = house.keep(anna)
    with kept_house(tmp_path, clock=house.clock) as again:
        again.clock.advance(minutes=4)
        assert again.rights.last_turn_id(anna.person_id) == last
        again.clock.advance(minutes=2)
        assert again.rights.last_turn_id(anna.person_id) is None


# Deciding


def test_where_a_person_stands(house: KeptHouse) -> None:
    anna = house.enrolled(retention_seconds=3600.0, also=[Purpose.REVIEW])
    house.keep(anna, sound=sound(1.0))
    house.keep(anna, at=NOON + timedelta(minutes=1))
    standing = house.rights.standing(anna.person_id)
    assert set(standing.decisions) == {Purpose.KEEP, Purpose.REVIEW}
    assert standing.keeping is not None
    assert (standing.keeping.keeps, standing.keeping.retention_seconds) == (Keeps.AUDIO, 3600.0)
    assert (standing.kept.recordings, standing.kept.seconds) == (2, 1.0)
    assert (standing.kept.oldest, standing.kept.next_expiry) == (NOON, NOON + timedelta(hours=1))
    assert standing.new_listens == 0
    assert error_of(lambda: house.rights.standing("nobody")) == "person.unknown"


def test_a_retention_of_nothing_withdraws_the_consent_to_keep_and_no_other(house: KeptHouse) -> None:
    anna = house.enrolled()
    decision = house.rights.decide(anna.person_id, Purpose.KEEP, is_given=True, way=Way.VOICE, retention_seconds=0.0)
    assert (decision.is_given, decision.retention_seconds, decision.way) == (False, None, Way.VOICE)
    decision = house.rights.decide(anna.person_id, Purpose.REVIEW, is_given=True, way=Way.VOICE, retention_seconds=0.0)
    assert decision.is_given
    assert house.rights.keeping(anna.person_id) is None


@given(decisions=st.lists(st.sampled_from([0.0, 60.0, 3600.0, 86_400.0, 604_800.0, None]), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_turn_never_stays_longer_than_any_decision_since_allowed(house: KeptHouse, decisions: list[float | None]) -> None:
    """None stands for a withdrawal, which leaves what is kept to expire as it would have."""
    anna = house.people.add(f"Anna {len(house.people.all())}", passphrase=PASSPHRASE)
    house.rights.decide(anna.person_id, Purpose.KEEP, is_given=True, way=Way.API, retention_seconds=604_800.0)
    turn_id = house.keep(anna)
    allowed = 604_800.0
    for retention in decisions:
        house.rights.decide(
            anna.person_id, Purpose.KEEP, is_given=retention is not None, way=Way.API, retention_seconds=retention
        )
        if retention:
            allowed = min(allowed, retention)
        assert house.rights.recording(anna.person_id, turn_id).expires_at == NOON + timedelta(seconds=allowed)


# Others


@pytest.mark.parametrize(
    ("actor", "purpose", "needed"),
    [(REVIEWER, ReadPurpose.REVIEW, Purpose.REVIEW), (TRAINER, ReadPurpose.TRAINING, Purpose.TRAIN)],
)
def test_others_need_a_consent_for_what_they_do_and_lose_it_at_once(
    house: KeptHouse, actor: Actor, purpose: ReadPurpose, needed: Purpose
) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=sound(0.5))

    def open_it() -> str:
        if actor == REVIEWER:
            return error_of(lambda: in_review(house.vault, turn_id, sound(0.5)).close())
        return error_of(lambda: house.vault.door.audio(actor, turn_id, purpose=purpose).close())

    given = [one for one in Purpose if one is not Purpose.KEEP]
    for one in given:
        house.consent(anna, one)
    house.consent(anna, needed, is_given=False)
    assert open_it() == "access.refused"
    for one in (needed, Purpose.HEAR) if needed is Purpose.REVIEW else (needed,):
        house.consent(anna, one)
    assert open_it() == ""
    house.rights.restrict(anna.person_id, turn_id=turn_id)
    assert open_it() == "access.refused"
    house.rights.restrict(anna.person_id, turn_id=turn_id, is_restricted=False)
    assert open_it() == ""
    house.consent(anna, Purpose.KEEP, is_given=False)
    assert open_it() == "access.refused"
    house.consent(anna, Purpose.KEEP)
    house.rights.object(anna.person_id, needed, way=Way.API)
    assert open_it() == "access.refused"
    assert len(house.rights.listens(anna.person_id)) == 6


def test_restricting_everything_holds_for_what_is_said_later(house: KeptHouse) -> None:
    anna = house.enrolled(also=[Purpose.REVIEW, Purpose.HEAR])
    house.keep(anna, sound=sound(0.5))
    assert house.rights.restrict(anna.person_id) == 1
    later = house.keep(anna, sound=sound(0.5))
    assert error_of(lambda: in_review(house.vault, later, sound(0.5))) == "access.refused"
    with house.rights.play(anna.person_id, later) as audio:
        assert b"".join(audio) == sound(0.5), "the person still hears it"
    house.rights.restrict(anna.person_id, is_restricted=False)
    assert error_of(lambda: in_review(house.vault, later, sound(0.5)).close()) == ""


def test_what_another_person_keeps_is_not_there_and_the_attempt_is_on_record_as_theirs(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna"), house.enrolled("Ben")
    turn_id = house.keep(anna, sound=sound(0.5))
    for attempt in (
        lambda: house.rights.recording(ben.person_id, turn_id),
        lambda: house.rights.play(ben.person_id, turn_id),
        lambda: house.rights.sound_bytes(ben.person_id, turn_id),
        lambda: house.rights.correct(ben.person_id, turn_id, transcript="mine"),
    ):
        assert error_of(attempt) == "vault.not_found"
    assert error_of(lambda: house.rights.restrict(ben.person_id, turn_id=turn_id)) == "vault.not_found"
    assert error_of(lambda: house.rights.erase_said(ben.person_id, Selection(turn_ids=(turn_id,)))) == "vault.nothing"
    seen = house.rights.listens(anna.person_id)
    assert [(read.actor.alias, read.actor.role, read.result) for read in seen] == [(ben.alias, Role.MEMBER, "refused")] * 4
    assert house.rights.reads(ben.person_id) == ()
    assert house.rights.recording(anna.person_id, turn_id).listens == 0


def test_news_is_what_others_opened_and_who_was_refused(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna", also=[Purpose.REVIEW, Purpose.HEAR]), house.enrolled("Ben")
    turn_id = house.keep(anna, sound=sound(0.5))
    house.clock.advance(seconds=1)
    house.rights.recording(anna.person_id, turn_id)
    in_review(house.vault, turn_id, sound(0.5)).close()
    error_of(lambda: house.rights.recording(ben.person_id, turn_id))
    assert [read.actor.role for read in house.rights.news(since=NOON)] == [Role.REVIEWER, Role.MEMBER]
    assert house.rights.standing(anna.person_id).new_listens == 2
    house.rights.see_listens(anna.person_id)
    assert house.rights.standing(anna.person_id).new_listens == 0
    assert house.rights.news(since=house.clock()) == ()


# Correcting


@pytest.mark.parametrize("transcript", ["", " \n\t ", "a" * 1001, "\u2003"])
def test_words_that_are_none_correct_nothing(house: KeptHouse, transcript: str) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna)
    assert error_of(lambda: house.rights.correct(anna.person_id, turn_id, transcript=transcript)) == "history.invalid"
    assert house.rights.recording(anna.person_id, turn_id).corrected_at is None


def test_a_correction_may_be_corrected_and_what_was_heard_stays(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, "turn on the lump", sound=sound(0.5))
    for words in ("turn on the lamp", "turn on the lamps"):
        house.rights.correct(anna.person_id, turn_id, transcript=words)
    found = house.rights.recording(anna.person_id, turn_id)
    assert (found.turn.transcript, found.heard) == ("turn on the lamps", "turn on the lump")
    with house.rights.play(anna.person_id, turn_id) as audio:
        assert b"".join(audio) == sound(0.5)


# Erasing


def test_what_is_deleted_cannot_be_opened_even_with_its_files_still_there(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id, stays = house.keep(anna, sound=sound(0.5)), house.keep(anna)
    erasure = house.rights.erase_said(anna.person_id, Selection(turn_ids=(turn_id,)))
    assert turn_id in set(house.vault.blobs.names()), "the sweep comes later"
    for look in (lambda: house.rights.recording(anna.person_id, turn_id), lambda: house.rights.play(anna.person_id, turn_id)):
        assert error_of(look) == "vault.not_found"
    house.rights.upkeep()
    assert turn_id not in set(house.vault.blobs.names())
    assert house.rights.receipt(anna.person_id, erasure.erasure_id).is_swept
    assert house.rights.recording(anna.person_id, stays).turn.turn_id == stays


def test_a_guardian_decides_for_a_child_who_may_say_no(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna"), house.enrolled("Ben")
    cleo = house.people.add("Cleo", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=ben.person_id)

    def decide(by: str | None, *, is_given: bool) -> str:
        rights, mine = house.rights, cleo.person_id
        return error_of(lambda: rights.decide(mine, Purpose.KEEP, is_given=is_given, way=Way.PAGE, by=by))

    assert decide(None, is_given=True) == decide(anna.person_id, is_given=True) == "consent.refused"
    assert decide(ben.person_id, is_given=True) == ""
    assert house.rights.keeping(cleo.person_id) is not None
    assert decide(anna.person_id, is_given=False) == "consent.refused"
    assert decide(None, is_given=False) == ""
    assert house.rights.keeping(cleo.person_id) is None


@pytest.mark.parametrize("role", sorted(set(AccountRole) - {AccountRole.OWNER, AccountRole.ADULT, AccountRole.CHILD}))
def test_of_guests_and_staff_nothing_is_ever_kept(house: KeptHouse, role: AccountRole) -> None:
    house.enrolled("Anna")
    ben = house.enrolled("Ben")
    house.people.change_role(ben.person_id, role)
    assert house.rights.keeping(ben.person_id) is None, "whatever was decided before"
    give = lambda: house.rights.decide(ben.person_id, Purpose.KEEP, is_given=True, way=Way.PAGE)  # noqa: E731
    assert error_of(give) == "consent.refused"


def test_the_only_owner_stays_while_others_do(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna"), house.enrolled("Ben")
    turn_id = house.keep(anna)
    assert error_of(lambda: house.rights.erase_person(anna.person_id)) == "person.last_owner"
    assert house.rights.recording(anna.person_id, turn_id), "refused before anything is erased"
    house.rights.erase_person(ben.person_id)
    house.rights.erase_person(anna.person_id)
    assert house.people.all() == ()


def test_whoever_leaves_leaves_nothing_but_a_receipt(house: KeptHouse) -> None:
    house.enrolled("The owner")
    anna, ben = house.enrolled("Annabella", also=[Purpose.REVIEW, Purpose.HEAR]), house.enrolled("Ben")
    turn_id = house.keep(anna, sound=sound(0.5))
    his = house.keep(ben)
    in_review(house.vault, turn_id, sound(0.5)).close()
    token = house.people.accounts.let_in(anna).token
    erasure = house.rights.erase_person(anna.person_id)
    assert (erasure.kind, erasure.recordings) == ("person", 1)
    house.rights.upkeep()
    assert whose(house.people, token) is None
    assert error_of(lambda: house.people.find(anna.person_id)) == "person.unknown"
    assert house.consents.decisions(anna.person_id) == ()
    assert house.rights.reads(anna.person_id) == ()
    assert list(house.vault.blobs.names()) == []
    assert house.rights.recording(ben.person_id, his).turn.turn_id == his
    for path in (path for path in house.folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert b"annabella" not in data.lower(), path
        assert anna.alias.encode() not in data or path.parent.name == "keys", "the record of the erasure says by whom"


def test_the_receipt_of_another_is_not_there(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna"), house.enrolled("Ben")
    house.keep(anna)
    erasure = house.rights.erase_said(anna.person_id, EVERYTHING)
    assert house.rights.receipt(anna.person_id, erasure.erasure_id).erasure_id == erasure.erasure_id
    assert error_of(lambda: house.rights.receipt(ben.person_id, erasure.erasure_id)) == "vault.not_found"
    assert error_of(lambda: house.rights.read(ben.person_id, "0" * 32)) == "vault.not_found"


def test_a_person_is_the_only_one_who_is_themself(house: KeptHouse) -> None:
    anna = house.enrolled()
    assert themself(anna) == Actor(actor_id=anna.person_id, alias=anna.alias, role=Role.SELF)
    assert error_of(lambda: house.rights.history("nobody", limit=5)) == "person.unknown"


# Upkeep


def test_upkeep_commits_what_could_not_wait_for_the_ledger_and_never_fails(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.keep(anna, sound=sound(0.5))
    with house.without_ledger():
        house.consent(anna, Purpose.KEEP, is_given=False)
        house.rights.erase_said(anna.person_id, EVERYTHING)
        house.rights.upkeep()
    assert len(house.entries("consent")) == 1
    house.rights.upkeep()
    assert [(entry["purpose"], entry["given"]) for entry in house.entries("consent")] == [("keep", True), ("keep", False)]
    assert [entry["scope"] for entry in house.entries("erased")] == ["history"]
    size = house.ledger.size()
    house.rights.upkeep()
    assert house.ledger.size() == size


def test_to_be_heard_in_review_needs_review_and_ends_with_it(house: KeptHouse) -> None:
    anna = house.enrolled()
    assert error_of(lambda: house.consent(anna, Purpose.HEAR)) == "consent.needs_review"
    for end in (
        lambda: house.consent(anna, Purpose.REVIEW, is_given=False),
        lambda: house.rights.object(anna.person_id, Purpose.REVIEW, way=Way.API),
    ):
        house.consent(anna, Purpose.REVIEW)
        house.consent(anna, Purpose.HEAR)
        end()
        assert not house.consents.has_consent(anna.person_id, Purpose.HEAR)
    house.rights.decide(anna.person_id, Purpose.REVIEW, is_given=True, way=Way.PAGE, lifts_objection=True)
    assert not house.consents.has_consent(anna.person_id, Purpose.HEAR), "nor does it come back by itself"
