"""Who listened: every read as a row, on the person's list and in the ledger's words, which name nobody."""

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Role
from earwitness.vault.listens import entry_of_closing, entry_of_opening
from tests.houses_kept import NOON
from tests.unit.vault.setting import REVIEWER, Setting

ANNA, BEN, TURN = "a0" * 16, "be" * 16, "11" * 16
SELF = Actor(actor_id=ANNA, alias="quiet-heron-1234", role=Role.SELF)


def read(*, minute: int = 0, actor: Actor = REVIEWER, person_id: str = ANNA, **more: object) -> Read:
    fields: dict[str, object] = {
        "read_id": secrets.token_hex(16),
        "person_id": person_id,
        "turn_id": TURN,
        "actor": actor,
        "purpose": ReadPurpose.REVIEW,
        "medium": Medium.AUDIO,
        "recordings": 1,
        "opened_at": NOON + timedelta(minutes=minute),
        "opened_position": 7,
        "result": ReadResult.OPEN,
        "ranges": ((0, 64_000),),
        "seconds": 2.0,
    }
    return Read(**fields | more)  # type: ignore[arg-type]


def closed(one: Read, *, position: int | None = 8) -> Read:
    at = one.opened_at + timedelta(seconds=9)
    return replace(one, result=ReadResult.SERVED, closed_at=at, closed_position=position, ranges=((0, 5), (9, 12)), seconds=0.25)


def test_a_read_comes_back_as_it_was_open_and_closed(setting: Setting) -> None:
    listens, one = setting.vault.listens, read()
    listens.add(one)
    assert listens.find(ANNA, one.read_id) == one
    listens.close(closed(one))
    assert listens.find(ANNA, one.read_id) == closed(one)
    assert listens.find(BEN, one.read_id) is None
    assert listens.find(ANNA, "00" * 16) is None


def test_lists_are_of_one_person_newest_first_and_as_asked(setting: Setting) -> None:
    listens = setting.vault.listens
    others = [read(minute=minute) for minute in range(3)]
    own, bens = read(minute=5, actor=SELF, turn_id="22" * 16), read(minute=6, person_id=BEN)
    listens.add(*others, own, bens)
    assert listens.of_person(ANNA, limit=9) == (own, *others[::-1])
    assert listens.of_person(ANNA, limit=9, only_others=True) == tuple(others[::-1])
    assert listens.of_person(ANNA, limit=2) == (own, others[2])
    assert listens.of_person(ANNA, limit=9, turn_id="22" * 16) == (own,)
    assert listens.of_person(ANNA, limit=9, since=NOON + timedelta(minutes=1)) == (own, others[2])
    assert listens.count_by_others(ANNA, since=NOON) == 2
    assert listens.count_by_others(ANNA, since=NOON - timedelta(seconds=1)) == 3
    assert listens.by_others(since=NOON) == (*others[1:], bens)
    listens.remove(ANNA)
    assert listens.of_person(ANNA, limit=9) == ()
    assert listens.of_person(BEN, limit=9) == (bens,)


def test_what_has_no_closing_in_the_ledger_is_found(setting: Setting) -> None:
    listens = setting.vault.listens
    old, new, text = read(), read(minute=50), read(medium=Medium.TEXT, result=ReadResult.SERVED, ranges=(), seconds=0.0)
    ended, done, refused = read(minute=50), read(), read(result=ReadResult.REFUSED)
    listens.add(old, new, text, ended, done, refused)
    listens.close(closed(ended, position=None), closed(done))
    found = listens.unclosed(before=NOON + timedelta(minutes=1))
    assert {one.read_id for one in found} == {old.read_id, ended.read_id}


@pytest.mark.parametrize("actor", [SELF, REVIEWER], ids=["self", "reviewer"])
def test_the_ledger_names_nobody(actor: Actor) -> None:
    one = closed(read(actor=actor))
    opening, closing = entry_of_opening(one), entry_of_closing(one)
    assert ANNA not in str(opening) + str(closing)
    assert actor.actor_id not in str(opening) + str(closing)
    assert SELF.alias not in str(opening) + str(closing)
    assert opening.get("by") == (None if actor is SELF else REVIEWER.alias)
    assert opening["read"] == closing["read"] == one.read_id
    assert closing["ranges"] == [[0, 5], [9, 12]]
    assert closing["milliseconds"] == 250
    assert entry_of_closing(one, is_exact=False) == closing | {"at_most": True}
    assert entry_of_opening(replace(one, result=ReadResult.REFUSED))["kind"] == "read.refused"
    assert "recording" not in entry_of_opening(replace(one, turn_id=None))
