"""Who enrolled and who is signed in; what depends on the database is tried on SQLite and on PostgreSQL."""

import hashlib
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.people import people as module
from earwitness.people.aliases import new_alias
from earwitness.people.people import People
from earwitness.people.sign_ins import IDLE_LIMIT
from earwitness.storage.database import Database
from earwitness.storage.household import people as people_table
from earwitness.storage.household import sign_ins
from tests.houses_kept import NOON, PASSPHRASE, Clock, error_of, whose


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(tmp_path: Path, clock: Clock) -> Iterator[People]:
    """Of a household on SQLite."""
    database = Database(tmp_path / "household.db", chain="household")
    yield People(database, clock=clock)
    database.close()


@pytest.fixture
def anywhere(either: Database, clock: Clock) -> People:
    """Of a household on either."""
    return People(either, clock=clock)


def test_somebody_enrols_and_is_found(anywhere: People) -> None:
    anna = anywhere.add(" Anna \t Maria ", passphrase=PASSPHRASE)
    assert (anna.name, anna.created_at, anna.restricted_at, anna.is_told_aloud) == ("Anna Maria", NOON, None, False)
    assert anywhere.find(anna.person_id) == anywhere.named("ANNA  maria") == anna
    assert anywhere.all() == (anna,)


def test_people_are_listed_by_name_whatever_its_capitals(anywhere: People) -> None:
    for name in ("ben", "Anna", "Zoë", "Émile"):
        anywhere.add(name, passphrase=PASSPHRASE)
    assert [one.name for one in anywhere.all()][:2] == ["Anna", "ben"]
    assert {one.name for one in anywhere.all()} == {"Anna", "ben", "Zoë", "Émile"}


@pytest.mark.parametrize(
    "other",
    ["anna", "ANNA", " Anna ", "\N{FULLWIDTH LATIN CAPITAL LETTER A}nna", unicodedata.normalize("NFD", "Anna")],
    ids=ascii,
)
def test_a_name_that_looks_the_same_is_taken(people: People, other: str) -> None:
    people.add("Anna", passphrase=PASSPHRASE)
    assert error_of(lambda: people.add(other, passphrase=PASSPHRASE)) == "person.exists"
    assert people.named(other).name == "Anna"


@pytest.mark.parametrize(
    "name",
    ["", "  ", "a" * 65, "An\x00na", "An\nna\x07", "\u202eannA", "An\u200bna", "\ud800", "\x7f", "a\u0085\u0000"],
    ids=ascii,
)
def test_what_is_no_name_is_refused(people: People, name: str) -> None:
    assert error_of(lambda: people.add(name, passphrase=PASSPHRASE)) == "person.invalid"
    assert error_of(lambda: people.check(name, passphrase=PASSPHRASE)) == "person.invalid"
    assert people.all() == ()


@pytest.mark.parametrize(
    "name", ["a", "a" * 64, "Ren\N{LATIN SMALL LETTER E WITH ACUTE}e", "李雷", "👩‍🚀"[:1], "O'Hara; DROP TABLE people"]
)
def test_what_is_a_name_is_taken_as_it_is(people: People, name: str) -> None:
    assert people.add(name, passphrase=PASSPHRASE).name == name
    assert people.named(name).name == name


def test_a_household_is_not_a_town(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PEOPLE", 2)
    for name in ("Anna", "Ben"):
        people.add(name, passphrase=PASSPHRASE)
    assert error_of(lambda: people.add("Cleo", passphrase=PASSPHRASE)) == "person.too_many"


def test_of_many_who_enrol_under_one_name_at_once_one_does(anywhere: People) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: error_of(lambda: anywhere.add("Anna", passphrase=PASSPHRASE)), range(8)))
    assert sorted(set(codes)) == ["", "person.exists"]
    assert codes.count("") == len(anywhere.all()) == 1


def test_who_is_not_here_is_unknown(anywhere: People) -> None:
    for call in (
        lambda: anywhere.find("nobody"),
        lambda: anywhere.named("Nobody"),
        lambda: anywhere.change("nobody", is_told_aloud=True),
    ):
        assert error_of(call) == "person.unknown"
    anywhere.remove("nobody")


def test_what_changes_stays_changed(anywhere: People, clock: Clock) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    clock.advance(hours=1)
    assert anywhere.change(anna.person_id, restricted_at=clock()).restricted_at == clock()
    assert anywhere.change(anna.person_id, restricted_at=None).restricted_at is None
    assert anywhere.change(anna.person_id, is_told_aloud=True, saw_listens_at=clock()).saw_listens_at == clock()
    assert anywhere.find(anna.person_id).is_told_aloud


def test_an_alias_stands_for_a_person_and_says_nothing_of_them(people: People) -> None:
    anna = people.add("Anna", passphrase=PASSPHRASE)
    assert people.find(anna.person_id).alias == anna.alias
    how, who, number = anna.alias.split("-")
    assert how.isalpha()
    assert who.isalpha()
    assert 1000 <= int(number) <= 9999
    assert len({new_alias() for _ in range(500)}) > 490


# Signing in


def test_a_token_stands_for_who_signed_in_until_its_time_is_over(anywhere: People, clock: Clock) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    found = anywhere.accounts.sign_in("anna", passphrase=PASSPHRASE)
    person, token = found.person, found.token
    assert person == anna == whose(anywhere, token)
    clock.now = NOON + IDLE_LIMIT - timedelta(seconds=1)
    assert whose(anywhere, token) == anna
    clock.now += IDLE_LIMIT
    assert whose(anywhere, token) is None


@pytest.mark.parametrize("token", [None, "", "x", "x" * 10_000, "\x00", "\ud800", "' OR 1=1 --"], ids=ascii)
def test_any_other_token_stands_for_nobody(people: People, token: str | None) -> None:
    people.accounts.sign_in(people.add("Anna", passphrase=PASSPHRASE).name, passphrase=PASSPHRASE)
    assert whose(people, token) is None


def test_signing_out_ends_one_sign_in_and_leaving_all_of_them(anywhere: People) -> None:
    anna, ben = (anywhere.add(name, passphrase=PASSPHRASE) for name in ("Anna", "Ben"))
    first, second, his = (anywhere.accounts.let_in(person).token for person in (anna, anna, ben))
    anywhere.accounts.sign_out(first)
    assert (whose(anywhere, first), whose(anywhere, second)) == (None, anna)
    anywhere.remove(anna.person_id)
    assert (whose(anywhere, second), whose(anywhere, his)) == (None, ben)


def test_only_digests_of_tokens_and_hashes_of_passphrases_are_kept(anywhere: People, either: Database) -> None:
    token = anywhere.accounts.let_in(anywhere.add("Anna", passphrase=PASSPHRASE)).token
    with either.reading() as connection:
        (row,) = connection.execute(sa.select(sign_ins)).all()
        hashed = connection.execute(sa.select(people_table.c.passphrase_hash)).scalar_one()
    assert bytes(row.token_digest) == hashlib.sha256(token.encode()).digest()
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSPHRASE not in hashed


def test_sign_ins_that_ended_are_removed_when_somebody_signs_in(anywhere: People, either: Database, clock: Clock) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    anywhere.accounts.let_in(anna)
    clock.advance(days=31)
    anywhere.accounts.let_in(anna)
    with either.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(sign_ins)).scalar_one() == 1


# Guessing


def wrong(people: People, name: str = "Anna") -> str:
    return error_of(lambda: people.check(name, passphrase="not the right one"))


def test_after_five_wrong_ones_one_waits_longer_each_time(people: People, clock: Clock) -> None:
    people.add("Anna", passphrase=PASSPHRASE)
    for _ in range(5):
        assert wrong(people) == "access.wrong"
    for seconds in (30, 60, 120):
        clock.advance(seconds=seconds - 1)
        assert wrong(people, "ANNA") == "access.wait"
        assert error_of(lambda: people.check("Anna", passphrase=PASSPHRASE)) == "access.wait", "else waiting would tell"
        clock.advance(seconds=1)
        assert wrong(people) == "access.wrong"
    clock.advance(seconds=240)
    assert error_of(lambda: people.check("Anna", passphrase=PASSPHRASE)) == ""
    assert wrong(people) == "access.wrong", "the right one begins afresh"


def test_the_right_passphrase_is_not_counted(people: People) -> None:
    people.add("Anna", passphrase=PASSPHRASE)
    for _ in range(7):
        assert people.check("Anna", passphrase=PASSPHRASE).name == "Anna"
    assert wrong(people) == "access.wrong"
