"""Breaking the glass: two others approve, on record before the first byte, seen by the person, over by itself."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from earwitness.domain.account import AccountRole
from earwitness.domain.errors import AccessError, EarwitnessError, LedgerError, OversightError
from earwitness.domain.oversight import BreakGlass, GlassOutcome, GlassState
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, ReadPurpose, ReadResult, Role, Selection
from tests.houses_kept import PASSPHRASE
from tests.overseen_kept import SAID, WHY, OverseenHouse

HOUR = timedelta(hours=1)
SOUND = bytes(range(256)) * 250


def asked(made: OverseenHouse, turn_id: str | None = None, *, lasts: timedelta = HOUR) -> BreakGlass:
    name = None if turn_id else "Anna"
    return made.oversight.ask(made.officer, reason=WHY, turn_id=turn_id, name=name, lasts=lasts)


def granted(made: OverseenHouse, turn_id: str | None = None) -> BreakGlass:
    glass = asked(made, turn_id)
    made.oversight.answer(made.owner, glass.glass_id, is_approved=True)
    return made.oversight.answer(made.runner, glass.glass_id, is_approved=True)


def refused(call: Callable[[], object]) -> str:
    try:
        call()
    except EarwitnessError as error:
        return error.code
    return ""


def test_two_others_let_one_recording_be_opened_for_an_hour_and_its_person_sees_all_of_it(made: OverseenHouse) -> None:
    turn_id = made.house.keep(made.anna, SAID, sound=SOUND)
    other = made.house.keep(made.anna, "something else")
    glass = granted(made, turn_id)
    words = made.oversight.glasses.words(made.officer, glass.glass_id, turn_id)
    assert words.turn.transcript == SAID
    with made.oversight.glasses.sound(made.officer, glass.glass_id, turn_id) as sound:
        kinds = [one["kind"] for one in made.house.entries()]
        assert kinds[-1] == "read.opened", "in the ledger before the first byte"
        assert b"".join(sound) == SOUND
    assert [one["kind"] for one in made.entries("glass.", "read.")] == [
        *("glass.asked", "glass.approved", "glass.granted"),
        *("read.opened", "read.opened", "read.closed"),
    ]
    assert {one["purpose"] for one in made.entries("read.opened")} == {"break_glass"}
    assert refused(lambda: made.oversight.glasses.words(made.officer, glass.glass_id, other)) == "oversight.unknown"
    reads = made.house.rights.listens(made.anna.person_id)
    assert {(one.actor.alias, one.actor.role, one.turn_id) for one in reads} == {(made.officer.alias, Role.OVERSEER, turn_id)}
    (news,) = [one for one in made.oversight.look() if one.person_id]
    assert news.person_id == made.anna.person_id
    assert made.oversight.look() == (), "it is told once"
    made.oversight.glasses.end(made.officer, glass.glass_id, outcome=GlassOutcome.HELPED, note="We called her.")
    (told,) = made.oversight.glasses.of(made.anna.person_id)
    assert (told.state, told.reason, told.outcome, told.note) == (GlassState.ENDED, WHY, GlassOutcome.HELPED, "We called her.")
    assert told.approved_by == (made.owner.alias, made.runner.alias)
    assert refused(lambda: made.oversight.glasses.words(made.officer, glass.glass_id, turn_id)) == "oversight.over"
    assert "Marguerite" not in json.dumps(made.house.entries())
    made.house.rights.erase_person(made.anna.person_id)
    assert made.oversight.glasses.all() == (), "it goes with the person"


def test_it_opens_only_for_whom_it_was_asked_and_only_with_two_approvals(made: OverseenHouse) -> None:
    turn_id = made.house.keep(made.anna, SAID)
    glass, glasses = asked(made), made.oversight.glasses
    assert refused(lambda: glasses.words(made.officer, glass.glass_id, turn_id)) == "oversight.over"
    for one, code in (
        (made.officer, "oversight.second_person"),
        (made.anna, "access.refused"),
        (made.lead, "access.refused"),
        (made.rita, "access.refused"),
    ):
        assert refused(partial(made.oversight.answer, one, glass.glass_id, is_approved=True)) == code
    made.oversight.answer(made.owner, glass.glass_id, is_approved=True)
    assert refused(lambda: made.oversight.answer(made.owner, glass.glass_id, is_approved=True)) == "oversight.second_person"
    assert refused(lambda: glasses.words(made.officer, glass.glass_id, turn_id)) == "oversight.over"
    made.oversight.answer(made.runner, glass.glass_id, is_approved=True)
    assert glasses.words(made.officer, glass.glass_id, turn_id).turn.transcript == SAID
    assert refused(lambda: glasses.words(made.runner, glass.glass_id, turn_id)) == "oversight.unknown"
    for one in (made.owner, made.runner, made.lead):
        assert refused(partial(made.oversight.ask, one, reason=WHY, turn_id=turn_id, name=None, lasts=HOUR)) != ""


def test_the_person_whose_recordings_they_are_is_neither_of_the_two(made: OverseenHouse) -> None:
    made.house.people.add("Olga", passphrase=PASSPHRASE, role=AccountRole.OWNER)
    olga = made.house.people.named("Olga")
    glass = made.oversight.ask(made.officer, reason=WHY, turn_id=None, name="olga", lasts=HOUR)
    with pytest.raises(OversightError, match="nor whose recordings"):
        made.oversight.answer(olga, glass.glass_id, is_approved=True)


@pytest.mark.parametrize("who", ["the officer without a grant", "somebody else with one", "a reviewer"])
def test_the_door_itself_refuses_and_notes_that(made: OverseenHouse, who: str) -> None:
    turn_id = made.house.keep(made.anna, SAID)
    if who == "somebody else with one":
        granted(made, turn_id)
    by: Person = made.lead if who == "somebody else with one" else made.officer
    role = Role.REVIEWER if who == "a reviewer" else Role.OVERSEER
    actor = Actor(actor_id=by.person_id, alias=by.alias, role=role)
    with pytest.raises(AccessError):
        made.house.vault.door.recording(actor, turn_id, purpose=ReadPurpose.BREAK_GLASS)
    (read,) = made.house.rights.listens(made.anna.person_id)
    assert (read.result, read.purpose) == (ReadResult.REFUSED, ReadPurpose.BREAK_GLASS)


def test_it_is_over_by_itself_at_the_door_too_and_after_a_restart(made: OverseenHouse) -> None:
    turn_id = made.house.keep(made.anna, SAID)
    glass = granted(made)
    assert [one.turn_id for one in made.oversight.glasses.covered(made.officer, glass.glass_id)] == [turn_id]
    made.house.clock.advance(hours=1)
    actor = Actor(actor_id=made.officer.person_id, alias=made.officer.alias, role=Role.OVERSEER)
    with pytest.raises(AccessError):
        made.house.vault.door.recording(actor, turn_id, purpose=ReadPurpose.BREAK_GLASS)
    assert made.oversight.glasses.find(glass.glass_id).state is GlassState.EXPIRED
    assert refused(lambda: made.oversight.glasses.covered(made.officer, glass.glass_id)) == "oversight.over"
    del made.house.__dict__["oversight"]  # as after a restart: nothing of it is in memory
    made.oversight.look()
    made.oversight.look()
    assert len(made.entries("glass.expired")) == 1
    done = made.oversight.glasses.end(made.officer, glass.glass_id, outcome=GlassOutcome.NOTHING, note="Nobody was there.")
    assert (done.state, done.outcome) == (GlassState.EXPIRED, GlassOutcome.NOTHING)
    assert refused(lambda: made.oversight.glasses.end(made.officer, glass.glass_id, outcome=GlassOutcome.NOTHING, note="x")) != ""


def test_children_deleted_and_restricted_recordings_are_not_opened(made: OverseenHouse) -> None:
    child = made.house.people.add("Kim", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=made.owner.person_id)
    assert refused(lambda: made.oversight.ask(made.officer, reason=WHY, turn_id=None, name="Kim", lasts=HOUR)) != ""
    assert child.role is AccountRole.CHILD
    gone, kept = made.house.keep(made.anna, SAID), made.house.keep(made.anna, SAID)
    glass = granted(made)
    made.house.rights.erase_said(made.anna.person_id, Selection(turn_ids=(gone,)))
    made.house.rights.restrict(made.anna.person_id, turn_id=kept, is_restricted=True)
    assert made.oversight.glasses.covered(made.officer, glass.glass_id) == ()
    assert refused(lambda: made.oversight.glasses.words(made.officer, glass.glass_id, gone)) == "oversight.unknown"
    assert refused(lambda: made.oversight.glasses.words(made.officer, glass.glass_id, kept)) == "access.refused"


def test_nothing_is_granted_or_opened_without_the_ledger(made: OverseenHouse) -> None:
    turn_id = made.house.keep(made.anna, SAID)
    glass = asked(made, turn_id)
    made.oversight.answer(made.owner, glass.glass_id, is_approved=True)
    with made.house.without_ledger(), pytest.raises(LedgerError):
        made.oversight.answer(made.runner, glass.glass_id, is_approved=True)
    assert made.oversight.glasses.find(glass.glass_id).state is GlassState.ASKED
    made.oversight.answer(made.runner, glass.glass_id, is_approved=True)
    with made.house.without_ledger(), pytest.raises(LedgerError):
        made.oversight.glasses.words(made.officer, glass.glass_id, turn_id)


def test_what_was_refused_opens_nothing_and_no_emergency_lasts_for_long(made: OverseenHouse) -> None:
    turn_id = made.house.keep(made.anna, SAID)
    glass = asked(made, turn_id)
    made.oversight.answer(made.runner, glass.glass_id, is_approved=False)
    assert refused(lambda: made.oversight.answer(made.owner, glass.glass_id, is_approved=True)) == "oversight.over"
    assert made.oversight.glasses.of(made.anna.person_id) == ()
    for lasts in (timedelta(seconds=1), timedelta(hours=25)):
        assert refused(partial(asked, made, turn_id, lasts=lasts)) == "oversight.invalid"
    assert refused(lambda: made.oversight.ask(made.officer, reason=" ", turn_id=turn_id, name=None, lasts=HOUR)) != ""
    assert refused(lambda: made.oversight.ask(made.officer, reason=WHY, turn_id=turn_id, name="Anna", lasts=HOUR)) != ""
