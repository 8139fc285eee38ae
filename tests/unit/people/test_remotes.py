"""The phones that may come in from elsewhere; tried on SQLite and on PostgreSQL."""

import pytest

from earwitness.domain.errors import RemoteError
from earwitness.people.remotes import Remotes
from earwitness.storage.database import Database
from tests.houses_kept import NOON, Clock

ADDRESSES = ("10.77.5.2", "10.77.5.3")


@pytest.fixture
def remotes(either: Database) -> Remotes:
    return Remotes(either, clock=Clock())


def test_a_phone_is_let_in_found_and_forgotten(remotes: Remotes) -> None:
    phone = remotes.add("  Ann's   phone ", public_key="A", addresses=ADDRESSES)
    assert (phone.name, phone.address, phone.created_at) == ("Ann's phone", ADDRESSES[0], NOON)
    assert remotes.named("ANN'S phone") == remotes.find(phone.remote_id) == phone
    assert remotes.all() == (phone,)
    remotes.remove(phone.remote_id)
    assert remotes.all() == ()
    with pytest.raises(RemoteError):
        remotes.named("Ann's phone")


def test_an_address_is_used_again_only_when_it_is_free(remotes: Remotes) -> None:
    first = remotes.add("one", public_key="A", addresses=ADDRESSES)
    assert remotes.add("two", public_key="B", addresses=ADDRESSES).address == ADDRESSES[1]
    with pytest.raises(RemoteError) as raised:
        remotes.add("three", public_key="C", addresses=ADDRESSES)
    assert raised.value.code == "remote.too_many"
    remotes.remove(first.remote_id)
    assert remotes.add("three", public_key="C", addresses=ADDRESSES).address == ADDRESSES[0]


def test_two_phones_have_two_names(remotes: Remotes) -> None:
    remotes.add("phone", public_key="A", addresses=ADDRESSES)
    with pytest.raises(RemoteError) as raised:
        remotes.add("PHONE", public_key="B", addresses=ADDRESSES)
    assert raised.value.code == "remote.exists"


@pytest.mark.parametrize("name", ["", "   ", "x" * 33, "a\x1b[31m", "a\u202eb"])
def test_what_is_no_name_is_refused(remotes: Remotes, name: str) -> None:
    with pytest.raises(RemoteError) as raised:
        remotes.add(name, public_key="A", addresses=ADDRESSES)
    assert raised.value.code == "remote.invalid"
