"""Everybody's messages in the database: which state follows which, what is erased when, what came before, what is bounded."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import LinkError
from earwitness.domain.message import LONGEST_TEXT, Aloud, Arrival, Message, MessageState, cut
from earwitness.links import message_box
from earwitness.links.message_box import MessageBox
from earwitness.storage.database import Database
from earwitness.storage.messages import messages as rows
from earwitness.storage.messages import seen_messages
from tests.unit.skills.post import ANNA, BEN, NOW, XMPP, PlainSafe, message, put_people

S = MessageState


class Kept:
    """What people keep, and the time; changed by tests."""

    def __init__(self) -> None:
        self.keeps: timedelta | None = None
        self.at = NOW


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def box(household_place: Path | str, kept: Kept) -> Iterator[MessageBox]:
    database = Database(household_place, chain="household")
    put_people(database)
    yield MessageBox(database, safe=PlainSafe(), keeps_for=lambda person_id: kept.keeps, clock=lambda: kept.at)
    database.close()


def arrive(
    box: MessageBox,
    number: int = 1,
    *,
    outside_id: str = "",
    text: str = "Hello.",
    address: str = "tom@example.org",
    is_known: bool = True,
) -> Message | None:
    arrival = Arrival(address=address, text=text, outside_id=outside_id or f"id {number}", sent_at=NOW)
    return box.receive(
        arrival, message_id=f"{number + 1000:032x}", link_id=XMPP, person_id=ANNA.person_id, name="Tom", is_known=is_known
    )


def test_the_oldest_goes_first_and_each_is_claimed_once(box: MessageBox) -> None:
    for number in (2, 1, 3):
        box.add(message(number))
    assert box.waiting_links() == {XMPP}
    claimed = [box.claim(XMPP) for _ in range(4)]
    assert [one.message_id[-1] if one else None for one in claimed] == ["1", "2", "3", None]
    assert {one.state for one in box.being_sent()} == {S.SENDING}
    assert box.claim("bb" * 16) is None


def test_only_what_may_follow_follows(box: MessageBox) -> None:
    for number, (first, then) in enumerate(itertools.product(S, S)):
        box.add(message(number, state=first, is_incoming=first in (S.NEW, S.READ)))
        message_id = message(number).message_id
        allowed = then in message_box._AFTER.get(first, frozenset())
        assert box.mark(message_id, then, link_id="bb" * 16) is None
        assert (box.mark(message_id, then) is not None) == allowed, (first, then)
        found = box.find(message_id)
        assert found is not None
        assert found.state is (then if allowed else first)


def test_a_text_goes_once_it_is_delivered_and_the_fact_a_day_later(box: MessageBox, kept: Kept) -> None:
    box.add(message())
    box.claim(XMPP)
    sent = box.mark(message().message_id, S.SENT)
    assert sent is not None
    assert sent.text == "I am late."
    box.mark(message().message_id, S.DELIVERED)
    found = box.find(message().message_id)
    assert found is not None
    assert (found.text, found.name) == (None, "Tom")
    kept.at += message_box.REMEMBERED
    box.expire()
    assert box.find(message().message_id) is None


def test_with_consent_it_stays_as_long_as_the_history_and_goes_with_it(box: MessageBox, kept: Kept) -> None:
    kept.keeps = timedelta(days=7)
    box.add(message())
    box.claim(XMPP)
    box.mark(message().message_id, S.DELIVERED)
    kept.at += timedelta(days=6)
    box.expire()
    found = box.find(message().message_id)
    assert found is not None
    assert found.text == "I am late."
    kept.keeps = None
    box.follow_consent(ANNA.person_id)
    found = box.find(message().message_id)
    assert found is not None
    assert found.text is None
    kept.at += timedelta(days=3)
    box.expire()
    assert box.find(message().message_id) is None


def test_what_was_sent_by_a_way_that_tells_nothing_more_follows_the_consent_too(box: MessageBox, kept: Kept) -> None:
    kept.keeps = timedelta(days=365)
    for number, is_last in ((1, True), (2, False)):
        box.add(message(number))
        box.claim(XMPP)
        box.mark(message(number).message_id, S.SENT, is_last=is_last)
    kept.keeps = None
    box.follow_consent(ANNA.person_id)
    texts = {one.message_id: one.text for one in box.of(ANNA.person_id)}
    assert texts == {message(1).message_id: None, message(2).message_id: "I am late."}, "of the other more may be told"
    kept.at += timedelta(days=7, hours=1)
    box.expire()
    assert box.of(ANNA.person_id) == ()


def test_what_was_read_can_be_heard_again_for_a_moment(box: MessageBox, kept: Kept) -> None:
    assert arrive(box) is not None
    (new,) = box.unread(ANNA.person_id)
    box.read([new.message_id])
    assert box.unread(ANNA.person_id) == ()
    kept.at += message_box.HEARD_AGAIN
    box.expire()
    assert [one.text for one in box.of(ANNA.person_id)] == ["Hello."]
    kept.at += timedelta(seconds=1)
    box.expire()
    assert [one.text for one in box.of(ANNA.person_id)] == [None]


def test_what_comes_again_is_known_even_when_it_was_erased(box: MessageBox, kept: Kept) -> None:
    assert arrive(box) is not None
    assert arrive(box, 2, outside_id="id 1") is None
    box.remove([one.message_id for one in box.of(ANNA.person_id)])
    assert arrive(box, 3, outside_id="id 1") is None
    kept.at += message_box.SEEN_FOR + timedelta(days=1)
    box.expire()
    assert arrive(box, 4, outside_id="id 1") is not None


def test_hostile_words_are_cut_and_boxes_bounded(box: MessageBox, monkeypatch: pytest.MonkeyPatch) -> None:
    found = arrive(box, text="a\x00b\u202ec\ud800" + "x" * 100_000)
    assert found is not None
    assert found.text is not None
    assert len(found.text) == LONGEST_TEXT
    assert not {"\x00", "\u202e", "\ud800"} & set(found.text)
    assert cut("\u200f") == ""
    monkeypatch.setattr(message_box, "MOST_IN_BOX", 5)
    box.read([found.message_id])
    for number in range(10, 15):
        assert arrive(box, number) is not None
    kept = {one.message_id for one in box.unread(ANNA.person_id)}
    assert len(box.of(ANNA.person_id)) == len(kept) == 5, "what was read went for what is new"
    for number in range(15, 20):
        assert arrive(box, number, is_known=False) is None
        with pytest.raises(LinkError):
            arrive(box, number)
    assert {one.message_id for one in box.of(ANNA.person_id)} == kept
    box.remove(kept)
    assert arrive(box, 15) is not None, "what was not taken in comes again"
    box.erase(ANNA.person_id)
    monkeypatch.setattr(message_box, "MOST_WAITING", 3)
    for number in range(3):
        box.add(message(number))
    with pytest.raises(LinkError):
        box.add(message(4))


def test_strangers_have_few_new_messages_and_delete_none(box: MessageBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_box, "MOST_NEW_OF_STRANGER", 3)
    monkeypatch.setattr(message_box, "MOST_NEW_OF_STRANGERS", 6)
    assert arrive(box, 1) is not None
    came = [arrive(box, number, address="a@far", is_known=False) is not None for number in range(2, 10)]
    assert came.count(True) == 3
    came = [arrive(box, number, address=f"{number}@far", is_known=False) is not None for number in range(10, 20)]
    assert came.count(True) == 2
    assert arrive(box, 20) is not None
    monkeypatch.setattr(message_box, "MOST_IN_BOX", len(box.of(ANNA.person_id)))
    box.read([one.message_id for one in box.unread(ANNA.person_id)])
    before = box.of(ANNA.person_id)
    assert arrive(box, 21, address="a@far", is_known=False) is None
    assert box.of(ANNA.person_id) == before


def test_what_was_seen_of_a_link_is_bounded(box: MessageBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_box, "MOST_SEEN", 5)
    for number in range(20):
        arrive(box, number)
    with box.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(seen_messages)) == 5


def test_what_waits_a_day_is_not_sent_any_more(box: MessageBox, kept: Kept) -> None:
    box.add(message())
    kept.at += message_box.WAITS_AT_MOST + timedelta(seconds=2)
    (late,) = box.expire()
    assert late.state is S.FAILED
    assert box.claim(XMPP) is None


def test_a_person_and_all_of_theirs_go(box: MessageBox) -> None:
    box.add_inside(message(link_id=None), to=BEN.person_id, to_id="ee" * 16, sender="Anna")
    box.choose_aloud(ANNA.person_id, "", Aloud.READS)
    box.choose_aloud(ANNA.person_id, "", Aloud.NOTHING)
    assert box.aloud(ANNA.person_id) == {"": Aloud.NOTHING}
    assert box.erase(ANNA.person_id) == 1
    assert box.of(ANNA.person_id) == ()
    assert box.aloud(ANNA.person_id) == {}
    assert [one.text for one in box.of(BEN.person_id)] == ["I am late."]


def test_no_words_names_or_addresses_are_in_plain_columns(box: MessageBox) -> None:
    box.add(message())
    arrive(box)
    with box.database.reading() as connection:
        for row in connection.execute(sa.select(rows)).mappings():
            plain = {key: value for key, value in row.items() if key != "sealed"}
            assert not any(word in str(plain) for word in ("late", "Tom", "example.org", "Hello"))
