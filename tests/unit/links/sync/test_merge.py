"""The rules by which both sides converge, one by one; no I/O."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from earwitness.links.sync.merge import (
    Bond,
    Deed,
    Drop,
    Forget,
    Meet,
    Ours,
    Send,
    Take,
    Theirs,
    Withdraw,
    behind,
    deeds,
    noticed,
)

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
MILK = {"text": "milk", "done": ""}
OATS = {"text": "oat milk", "done": ""}
DONE = {"text": "milk", "done": "1"}
BOND = Bond(href="/a", uid="u", thing_id="1", salt=b"salt").agreed(MILK, etag="1")


def ours(fields: dict[str, str] = MILK, *, is_wanted: bool = True) -> Ours:
    return Ours(thing_id="1", fields=fields, is_wanted=is_wanted)


def theirs(
    fields: dict[str, str] | None = MILK, *, etag: str = "2", at: datetime | None = None, is_wanted: bool = True
) -> Theirs:
    return Theirs(href="/a", etag=etag, uid="u", fields=fields, written_at=at, is_wanted=is_wanted)


def deed(here: Ours | None, there: Theirs | None, bond: Bond | None = BOND) -> Deed | None:
    found = deeds([here] if here else [], [there] if there else [], [bond] if bond else [])
    assert len(found) <= 1
    return found[0] if found else None


def met(here: dict[str, str], there: dict[str, str], bond: Bond = BOND, *, at: datetime | None = None) -> dict[str, str]:
    found = deed(ours(here), theirs(there, at=at), bond)
    assert isinstance(found, Meet)
    return dict(found.fields)


def test_what_is_agreed_is_left_alone_and_a_new_version_of_it_is_noted() -> None:
    assert deed(ours(), theirs(etag="1")) is None
    assert isinstance(deed(ours(), theirs(etag="2")), Meet)


def test_each_side_counts_for_what_it_changed() -> None:
    assert met(OATS, MILK) == OATS
    assert met(MILK, OATS) == OATS
    assert met(OATS, DONE) == {"text": "oat milk", "done": "1"}


def test_of_two_changes_of_one_field_the_later_counts_and_the_servers_where_it_does_not_say() -> None:
    soy = {"text": "soy milk", "done": ""}
    noted = replace(BOND, noted_at=NOW)
    assert met(OATS, soy, noted, at=NOW - timedelta(hours=1)) == OATS
    assert met(OATS, soy, noted, at=NOW + timedelta(hours=1)) == soy
    assert met(OATS, soy, noted) == soy


def test_ones_own_words_are_no_change_of_the_servers() -> None:
    soy = {"text": "soy milk", "done": ""}
    assert met(soy, OATS, BOND.trying(OATS), at=NOW) == soy


def test_what_is_away_on_one_side_goes_on_the_other_unless_it_was_changed() -> None:
    assert deed(ours(), None) == Drop(ours=ours(), bond=BOND)
    assert deed(ours(DONE), None) == Drop(ours=ours(DONE), bond=BOND)
    assert deed(ours(OATS), None) == Send(ours=ours(OATS), bond=BOND)
    assert deed(None, theirs(etag="1")) == Withdraw(theirs=theirs(etag="1"), bond=BOND)
    assert deed(None, theirs(DONE)) == Withdraw(theirs=theirs(DONE), bond=BOND)
    assert deed(None, theirs(OATS)) == Take(theirs=theirs(OATS), bond=BOND)
    assert deed(None, None) == Forget(bond=BOND)


def test_what_was_never_seen_there_is_sent_again_and_not_dropped() -> None:
    sent = replace(BOND, etag="")
    assert deed(ours(), None, sent) == Send(ours=ours(), bond=sent)
    assert isinstance(deed(None, theirs(), sent), Withdraw)
    assert met(OATS, MILK, sent) == OATS


def test_what_cannot_be_read_is_left_alone() -> None:
    assert deed(ours(OATS), theirs(None)) is None
    assert deed(None, theirs(None)) == Forget(bond=BOND)
    assert deed(None, theirs(None), None) is None


def test_what_nobody_brought_together_is_one_if_it_says_the_same_and_else_new_on_both_sides() -> None:
    alike = theirs({"text": "Milk", "done": ""})
    assert deeds([ours()], [alike], []) == [Meet(ours=ours(), theirs=alike, fields=MILK)]
    assert deeds([ours()], [theirs(OATS)], []) == [Take(theirs=theirs(OATS)), Send(ours=ours())]
    assert deeds([ours(is_wanted=False)], [theirs(OATS, is_wanted=False)], []) == []


def test_a_thing_that_moved_on_the_server_is_the_same() -> None:
    moved = replace(theirs(), href="/b")
    found = deed(ours(), moved)
    assert isinstance(found, Meet)
    assert found.theirs.href == "/b"


def test_how_far_the_server_is_behind_and_what_is_new_about_it() -> None:
    assert behind([ours()], [BOND]) == 0
    assert behind([ours(OATS)], [BOND]) == 1
    assert behind([ours()], [replace(BOND, etag="")]) == 1
    assert behind([], [BOND]) == 1
    assert behind([ours(), Ours(thing_id="2", fields=OATS), Ours(thing_id="3", fields=DONE, is_wanted=False)], [BOND]) == 1
    (bond,) = noticed([ours(OATS)], [BOND], now=NOW)
    assert bond.noted_at == NOW
    assert noticed([ours(OATS)], [bond], now=NOW + timedelta(hours=1)) == []
    (again,) = noticed([ours(DONE)], [bond], now=NOW + timedelta(hours=1))
    assert again.noted_at == NOW + timedelta(hours=1)
    assert noticed([ours()], [bond], now=NOW) == []


def test_a_bond_holds_nobodys_words() -> None:
    assert "milk" not in repr(replace(BOND.trying(MILK), noted="x"))
    with pytest.raises(AttributeError):
        BOND.href = "/b"  # type: ignore[misc]
