"""Drawn items from the person's side: a day to veto, hearing first, delays, and what ends them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from earwitness.domain.account import AccountRole
from earwitness.domain.consent import Purpose
from earwitness.domain.errors import ReviewError
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection
from earwitness.domain.review import DrawnItem, ItemState
from tests.houses_kept import kept_house
from tests.reviewed_kept import ReviewedHouse, reviewed


@pytest.fixture
def review(tmp_path: Path) -> Iterator[ReviewedHouse]:
    with kept_house(tmp_path) as made:
        yield reviewed(made)


@pytest.fixture
def anna(review: ReviewedHouse) -> Person:
    return review.reviewable()


def draw(review: ReviewedHouse, person: Person) -> DrawnItem:
    """An item that was drawn just now."""
    review.epochs.open()
    review.say(person)
    review.epochs.draw(review.next_day())
    return review.items.of(person.person_id)[0]


def state(review: ReviewedHouse, item: DrawnItem) -> ItemState:
    review.items.settle()
    return review.items.one(item.person_id, item.item_id).state


def test_there_is_a_day_to_veto_and_then_it_is_offered(review: ReviewedHouse, anna: Person) -> None:
    item = draw(review, anna)
    assert state(review, item) is ItemState.WAITING
    review.house.clock.advance(hours=23, minutes=59)
    assert state(review, item) is ItemState.WAITING
    review.house.clock.advance(minutes=1)
    assert state(review, item) is ItemState.OFFERED


def test_who_wants_to_hear_first_lets_each_go(review: ReviewedHouse, anna: Person) -> None:
    item = draw(review, anna)
    review.items.wish(anna.person_id, hears_first=True)
    review.house.clock.advance(days=2)
    assert state(review, item) is ItemState.WAITING
    assert review.items.let_go(anna.person_id, item.item_id).state is ItemState.OFFERED
    review.items.wish(anna.person_id, hears_first=False)
    assert not review.items.hears_first(anna.person_id)


def test_who_hears_first_lets_go_also_what_they_delay(review: ReviewedHouse, anna: Person) -> None:
    item, now = draw(review, anna), review.house.clock()
    review.items.wish(anna.person_id, hears_first=True)
    review.items.delay(anna.person_id, item.item_id, until=now + timedelta(days=3))
    review.house.clock.advance(days=3)
    assert state(review, item) is ItemState.WAITING
    assert review.items.let_go(anna.person_id, item.item_id).state is ItemState.OFFERED


def test_to_hear_first_for_a_while_shortens_no_delay(review: ReviewedHouse, anna: Person) -> None:
    item, now = draw(review, anna), review.house.clock()
    review.items.delay(anna.person_id, item.item_id, until=now + timedelta(days=3))
    for hears_first in (True, False):
        review.items.wish(anna.person_id, hears_first=hears_first)
    review.house.clock.advance(days=2)
    assert state(review, item) is ItemState.WAITING
    review.house.clock.advance(days=1)
    assert state(review, item) is ItemState.OFFERED


def test_a_delay_lasts_until_its_moment_and_no_longer_than_thirty_days(review: ReviewedHouse, anna: Person) -> None:
    item, now = draw(review, anna), review.house.clock()
    for wrong in (now, now - timedelta(days=1), now + timedelta(days=31)):
        with pytest.raises(ReviewError):
            review.items.delay(anna.person_id, item.item_id, until=wrong)
    review.items.delay(anna.person_id, item.item_id, until=now + timedelta(days=3))
    review.house.clock.advance(days=2, hours=23)
    assert state(review, item) is ItemState.WAITING
    review.house.clock.advance(hours=1)
    assert state(review, item) is ItemState.OFFERED


@pytest.mark.parametrize("days", [0, 1])
def test_a_veto_ends_it_also_when_it_is_offered_already(review: ReviewedHouse, anna: Person, days: int) -> None:
    item = draw(review, anna)
    review.house.clock.advance(days=days)
    review.items.settle()
    assert review.items.veto(anna.person_id, item.item_id).state is ItemState.VETOED
    assert review.items.offered() == ()
    for again in (review.items.let_go, review.items.veto):
        with pytest.raises(ReviewError, match="settled"):
            again(anna.person_id, item.item_id)


def test_nobody_touches_what_was_drawn_of_somebody_else(review: ReviewedHouse, anna: Person) -> None:
    item, ben = draw(review, anna), review.reviewable("Ben")
    for act in (review.items.one, review.items.veto, review.items.let_go):
        with pytest.raises(ReviewError):
            act(ben.person_id, item.item_id)
    assert state(review, item) is ItemState.WAITING


@pytest.mark.parametrize("purpose", [Purpose.REVIEW, Purpose.KEEP])
def test_a_withdrawal_ends_what_waits_and_what_is_offered(review: ReviewedHouse, anna: Person, purpose: Purpose) -> None:
    first = draw(review, anna)
    review.house.clock.advance(days=1)
    second = draw(review, anna)
    assert state(review, first) is ItemState.OFFERED
    review.house.consent(anna, purpose, is_given=False)
    assert {state(review, first), state(review, second)} == {ItemState.WITHDRAWN}
    review.house.clock.advance(minutes=1)
    review.house.consent(anna, purpose)
    assert {state(review, first), state(review, second)} == {ItemState.WITHDRAWN}, "it does not come back"


@pytest.mark.parametrize("role", [AccountRole.CHILD, AccountRole.GUEST, AccountRole.REVIEWER])
def test_nobody_reviews_somebody_who_became_a_child_or_a_guest(review: ReviewedHouse, anna: Person, role: AccountRole) -> None:
    people, ben = review.house.people, review.reviewable("Ben")
    offered = draw(review, ben)
    review.house.clock.advance(days=1)
    waiting = draw(review, ben)
    assert state(review, offered) is ItemState.OFFERED
    people.change_role(ben.person_id, role, guardian_id=anna.person_id if role is AccountRole.CHILD else None)
    assert {state(review, offered), state(review, waiting)} == {ItemState.WITHDRAWN}


def test_what_is_restricted_is_withdrawn_and_what_is_deleted_is_gone(review: ReviewedHouse, anna: Person) -> None:
    restricted, deleted = draw(review, anna), draw(review, anna)
    review.house.rights.restrict(anna.person_id, turn_id=restricted.turn_id)
    review.house.rights.erase_said(anna.person_id, Selection(turn_ids=(deleted.turn_id,)))
    assert (state(review, restricted), state(review, deleted)) == (ItemState.WITHDRAWN, ItemState.GONE)


def test_what_expires_is_gone(review: ReviewedHouse, anna: Person) -> None:
    item = draw(review, anna)
    review.house.clock.advance(days=7)
    assert state(review, item) is ItemState.GONE


def test_a_review_that_is_over_thanks(review: ReviewedHouse, anna: Person) -> None:
    item = draw(review, anna)
    review.house.clock.advance(days=1)
    review.items.settle()
    review.items.reviewed(item.turn_id, thanks="It was understood wrongly, and now counts as corrected.")
    found = review.items.one(anna.person_id, item.item_id)
    assert (found.state, found.thanks) == (ItemState.REVIEWED, "It was understood wrongly, and now counts as corrected.")


def test_what_was_drawn_goes_with_the_person(review: ReviewedHouse, anna: Person) -> None:
    item = draw(review, anna)
    review.house.rights.erase_person(anna.person_id)
    assert review.items.of(item.person_id) == ()
