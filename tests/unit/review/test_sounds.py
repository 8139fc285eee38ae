"""Sound at the desk, on a real house: by its own consent alone, personal words silent, parts on record, marked for the lease."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from earwitness.domain.account import AccountRole
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.errors import AccessError, EarwitnessError, LedgerError, ReviewError
from earwitness.domain.person import Person
from earwitness.domain.recording import Medium, Read, ReadPurpose, Role
from earwitness.domain.review import ItemState
from earwitness.review import sounds
from earwitness.review.conduct import MOST_PLAYED, Rule
from earwitness.review.disguise import Samples
from earwitness.review.playback import PART_BYTES, TOKEN_LASTS, Playback
from earwitness.review.watermark import trace
from earwitness.storage import database
from earwitness.storage.household import people
from earwitness.storage.review import review_marks
from tests.desk_kept import MUMBLED
from tests.houses_kept import KeptHouse, error_of, kept_house
from tests.reviewed_kept import ReviewedHouse, reviewed
from tests.unit.review.test_desk import ELSEWHERE, HERE, RITA, ROB, SAID, leased, offer
from tests.unit.review.test_watermark import babble

SPOKEN = babble(7.0)
PCM = SPOKEN.astype("<i2").tobytes()
SECOND = 32_000


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


@pytest.fixture
def review(house: KeptHouse) -> ReviewedHouse:
    made = reviewed(house)
    for reviewer in (RITA, ROB):
        house.review.desk.passed(reviewer.alias)
    return made


@pytest.fixture
def anna(review: ReviewedHouse) -> Person:
    anna = review.reviewable()
    review.house.consent(anna, Purpose.HEAR)
    return anna


@pytest.fixture
def playback(house: KeptHouse) -> Playback:
    return house.review.playback


def spoken(review: ReviewedHouse, person: Person, text: str = SAID) -> str:
    """The lease of a task whose sound is babble of seven seconds, in which each word takes as long as any other."""
    review.epochs.open()
    review.say(person, text, sound=PCM)
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.house.review.settle()
    return leased(review.house.review.desk).lease_id


def heard(playback: Playback, lease_id: str) -> Samples:
    """All of it, part by part."""
    length = playback.length(RITA, lease_id, sign_in_id=HERE)
    assert length is not None
    parts = [part(playback, lease_id, start, min(start + PART_BYTES, length)) for start in range(0, length, PART_BYTES)]
    return np.frombuffer(b"".join(parts), dtype="<i2")


def part(playback: Playback, lease_id: str, start: int, end: int) -> bytes:
    token = playback.token(RITA, lease_id, sign_in_id=HERE, start=start, end=end)
    return playback.part(RITA, token, sign_in_id=HERE)


def played(review: ReviewedHouse, person: Person) -> list[Read]:
    """What reviewers heard, oldest first."""
    found = review.house.rights.listens(person.person_id)
    return [one for one in reversed(found) if (one.medium, one.purpose) == (Medium.AUDIO, ReadPurpose.REVIEW)]


def test_personal_words_are_silent_the_voice_is_another_and_the_mark_names_the_lease(
    house: KeptHouse, review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    found = heard(playback, lease_id)
    assert len(found) == len(SPOKEN)
    assert not found[16_000:32_000].any(), "the second of seven words is a name"
    loud = slice(3 * 16_000, 6 * 16_000)
    assert np.abs(np.corrcoef(found[loud], SPOKEN[loud])[0, 1]) < 0.9
    marks = house.review.sounds.marks
    (marked,) = marks.newest().values()
    assert (marked.lease_id, marked.reviewer) == (lease_id, RITA.alias)
    named = trace(found, key=marks.key(), leases=[marked.mark, *range(1, 100)])
    assert named is not None
    assert named.lease == marked.mark
    assert lease_id[:16] != f"{marked.mark:016x}"


def test_every_part_is_on_record_before_it_is_given_and_the_person_sees_each(
    review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    length = playback.length(RITA, lease_id, sign_in_id=HERE)
    assert length == len(PCM)
    assert played(review, anna) == [], "nobody has heard anything yet"
    asked = [(0, PART_BYTES), (PART_BYTES, length), (2 * SECOND, 3 * SECOND)]
    for start, end in asked:
        assert len(part(playback, lease_id, start, end)) == end - start
    assert [one.ranges for one in played(review, anna)] == [(one,) for one in asked]
    assert {one.actor.alias for one in played(review, anna)} == {RITA.alias}
    entries = [one for one in review.house.entries("read.opened") if one["purpose"] == "review" and one["medium"] == "audio"]
    assert [one["asked"] for one in entries] == [[list(one)] for one in asked], "all that was given, and nothing else"
    house_itself = [one for one in review.house.entries("read.opened") if one["purpose"] == "disguise"]
    assert {one["role"] for one in house_itself} == {Role.SYSTEM.value}
    assert review.house.rights.standing(anna.person_id).new_listens == len(asked)


def test_without_the_ledger_no_part_is_given(review: ReviewedHouse, anna: Person, playback: Playback) -> None:
    lease_id = spoken(review, anna)
    playback.length(RITA, lease_id, sign_in_id=HERE)
    with review.house.without_ledger(), pytest.raises(LedgerError):
        part(playback, lease_id, 0, SECOND)
    assert played(review, anna) == []


def test_a_token_is_good_once_for_a_while_in_one_sign_in_of_one_reviewer(
    review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    playback.length(RITA, lease_id, sign_in_id=HERE)
    ask = partial(playback.token, RITA, lease_id, sign_in_id=HERE, start=0, end=SECOND)
    spent = ask()
    playback.part(RITA, spent, sign_in_id=HERE)
    late = ask()
    tries: list[Callable[[], object]] = [
        partial(playback.part, RITA, spent, sign_in_id=HERE),
        partial(playback.part, RITA, ask()[:-1] + "!", sign_in_id=HERE),
        partial(playback.part, RITA, ask(), sign_in_id=ELSEWHERE),
        partial(playback.part, ROB, ask(), sign_in_id=HERE),
    ]
    assert [error_of(one) for one in tries] == ["review.token"] * 4
    assert error_of(partial(playback.token, ROB, lease_id, sign_in_id=HERE, start=0, end=2)) == "review.over"
    review.house.clock.advance(seconds=TOKEN_LASTS.total_seconds())
    assert error_of(partial(playback.part, RITA, late, sign_in_id=HERE)) == "review.token"
    assert len(played(review, anna)) == 1


@pytest.mark.parametrize(("start", "end"), [(0, 0), (4, 2), (0, PART_BYTES + 2), (1, 3), (0, 3), (len(PCM) - 2, len(PCM) + 2)])
def test_a_part_outside_of_the_sound_or_too_long_is_refused(
    start: int, end: int, review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    playback.length(RITA, lease_id, sign_in_id=HERE)
    assert error_of(partial(playback.token, RITA, lease_id, sign_in_id=HERE, start=start, end=end)) == "review.no_such_part"


def test_an_ended_lease_plays_nothing_not_even_by_a_token_that_was_got_before(
    review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    playback.length(RITA, lease_id, sign_in_id=HERE)
    token = playback.token(RITA, lease_id, sign_in_id=HERE, start=0, end=SECOND)
    review.house.review.desk.hand_back(RITA, lease_id, sign_in_id=HERE)
    assert error_of(partial(playback.part, RITA, token, sign_in_id=HERE)) == "review.over"
    assert error_of(partial(playback.length, RITA, lease_id, sign_in_id=HERE)) == "review.over"


def test_whoever_takes_it_back_is_heard_no_more_at_once_and_the_lease_ends(
    review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    heard(playback, lease_id)
    token = playback.token(RITA, lease_id, sign_in_id=HERE, start=0, end=SECOND)
    review.house.consent(anna, Purpose.HEAR, is_given=False)
    with pytest.raises(EarwitnessError):
        playback.part(RITA, token, sign_in_id=HERE)
    desk = review.house.review.desk
    assert desk.is_running(RITA, lease_id, sign_in_id=HERE)
    review.house.review.settle()
    assert not desk.is_running(RITA, lease_id, sign_in_id=HERE), "so that the page lets go of what it has"
    review.house.review.settle()
    assert len(desk.open_tasks()) == 1, "the words may still be read"
    again = desk.begin(ROB, sign_in_id=HERE)
    assert again is not None
    assert playback.length(ROB, again.lease_id, sign_in_id=HERE) is None


def consent_anew(review: ReviewedHouse, person: Person) -> None:
    for is_given in (False, True):
        review.house.consent(person, Purpose.HEAR, is_given=is_given)


NOT_HEARD: dict[str, Callable[[ReviewedHouse, Person], object]] = {
    "no consent": lambda review, person: review.house.rights.decide(person.person_id, Purpose.HEAR, is_given=False, way=Way.PAGE),
    "a consent after the draw": consent_anew,
}


@pytest.mark.parametrize("how", sorted(NOT_HEARD))
def test_without_the_consent_to_sound_there_is_text_alone(
    how: str, review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    NOT_HEARD[how](review, anna)
    assert playback.length(RITA, lease_id, sign_in_id=HERE) is None
    assert error_of(partial(playback.token, RITA, lease_id, sign_in_id=HERE, start=0, end=2)) == "review.text_only"
    assert review.house.review.desk.open(RITA, lease_id, sign_in_id=HERE)[1].transcript
    assert [one["purpose"] for one in review.house.entries("read.opened")] == ["review"], "the sound was not even opened"


@pytest.mark.parametrize("role", [AccountRole.CHILD, AccountRole.GUEST])
def test_nobody_hears_whoever_became_a_child_of_the_house_or_a_guest(
    role: AccountRole, review: ReviewedHouse, anna: Person, playback: Playback
) -> None:
    lease_id = spoken(review, anna)
    with review.house.database.writing() as connection:
        connection.execute(sa.update(people).where(people.c.person_id == anna.person_id).values(role=role.value))
    for ask in (partial(playback.length, RITA, lease_id, sign_in_id=HERE), partial(part, playback, lease_id, 0, 2)):
        with pytest.raises((ReviewError, AccessError)):
            ask()
    assert played(review, anna) == []
    assert review.items.of(anna.person_id)[0].state is ItemState.WITHDRAWN


def test_where_words_have_no_times_there_is_text_alone(review: ReviewedHouse, anna: Person, playback: Playback) -> None:
    lease_id = spoken(review, anna, f"turn on the {MUMBLED}")
    assert playback.length(RITA, lease_id, sign_in_id=HERE) is None


def test_where_only_words_were_kept_there_is_text_alone(review: ReviewedHouse, anna: Person, playback: Playback) -> None:
    offer(review, anna)
    assert playback.length(RITA, leased(review.house.review.desk).lease_id, sign_in_id=HERE) is None


def test_a_name_that_only_the_person_wrote_is_silent_too(review: ReviewedHouse, anna: Person, playback: Playback) -> None:
    review.epochs.open()
    turn_id = review.say(anna, "call market and turn on the lamp", sound=PCM)
    review.house.rights.correct(anna.person_id, turn_id, transcript=SAID)
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.house.review.settle()
    found = heard(playback, leased(review.house.review.desk).lease_id)
    assert not found[16_000:32_000].any()


def test_playing_one_thing_again_and_again_suspends(review: ReviewedHouse, anna: Person, playback: Playback) -> None:
    lease_id = spoken(review, anna)
    playback.length(RITA, lease_id, sign_in_id=HERE)
    for _ in range(MOST_PLAYED):
        part(playback, lease_id, 0, SECOND)
    with pytest.raises(AccessError, match="again and again"):
        part(playback, lease_id, 0, SECOND)
    assert len(played(review, anna)) == MOST_PLAYED, "what broke the rule was not given any more"
    ((alias, reason, _),) = review.house.review.desk.suspended()
    assert (alias, reason) == (RITA.alias, Rule.REPLAYING.value)


def test_a_mark_stays_the_leases_and_outlives_what_was_marked(
    review: ReviewedHouse, anna: Person, playback: Playback, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease_id = spoken(review, anna)
    first = heard(playback, lease_id)
    review.house.clock.advance(minutes=sounds.IN_MEMORY.total_seconds() / 60 + 1)
    review.house.review.settle()
    assert np.array_equal(heard(playback, lease_id), first), "made anew, it is the same"
    review.house.rights.erase_person(anna.person_id)
    with review.house.database.reading() as connection:
        (row,) = connection.execute(sa.select(review_marks)).all()
    assert (row.lease_id, row.reviewer, row.item_id) == (lease_id, RITA.alias, None)
