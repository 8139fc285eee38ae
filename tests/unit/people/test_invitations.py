"""Invitations: good once, for a while, and only as long as whoever made them may add such an account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.account import AccountEvent, AccountRole, Origin
from earwitness.domain.person import Person
from earwitness.people.invitations import MOST_OPEN, Invitations
from earwitness.people.people import People
from earwitness.storage.database import Database
from earwitness.storage.household import invitations
from tests.houses_kept import PASSPHRASE, Clock, error_of
from tests.unit.people.authenticator import Authenticator

FAR = Origin(address="192.0.2.7", program="Firefox on Linux")
HOST, PAGE = "home.test", "https://home.test"


class Home:
    """People with an owner, and invitations to them."""

    def __init__(self, database: Database) -> None:
        self.clock = Clock()
        self.database = database
        self.people = People(database, clock=self.clock)
        self.open = Invitations(database, people=self.people, clock=self.clock)
        self.owner = self.people.add("Olga", passphrase=PASSPHRASE)

    def events(self, person: Person) -> list[tuple[AccountEvent, str]]:
        return [(one.what, one.detail) for one in self.people.accounts.entries(person.person_id)]


@pytest.fixture
def home(household_place: Path | str) -> Iterator[Home]:
    database = Database(household_place, chain="household")
    yield Home(database)
    database.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Home]:
    database = Database(tmp_path / "household.db", chain="household")
    yield Home(database)
    database.close()


def test_one_is_made_used_once_and_told_to_whoever_made_it(home: Home) -> None:
    made, code = home.open.make(home.owner, role=AccountRole.GUEST, note="for Grandma", hours=1)
    assert home.open.all() == (made,)
    assert (made.role, made.note, made.made_by) == (AccountRole.GUEST, "for Grandma", home.owner.person_id)
    assert home.open.look(code.lower().replace("-", " "), address=FAR.address) == made
    person = home.open.accept(code, "Greta", passphrase=PASSPHRASE, origin=FAR)
    assert (person.name, person.role) == ("Greta", AccountRole.GUEST)
    assert home.people.check("greta", passphrase=PASSPHRASE) == person
    assert home.open.all() == ()
    assert error_of(lambda: home.open.accept(code, "Mallory", passphrase=PASSPHRASE)) == "access.wrong"
    assert [one.name for one in home.people.all()] == ["Greta", "Olga"]
    assert home.events(home.owner)[:2] == [
        (AccountEvent.INVITATION_USED, "Greta"),
        (AccountEvent.INVITATION_MADE, "guest, for Grandma"),
    ]
    assert home.events(person) == [(AccountEvent.CREATED, "guest")]
    home.people.remove(person.person_id)
    assert home.events(home.owner)[0] == (AccountEvent.INVITATION_USED, ""), "who leaves leaves this log too"


def test_only_the_digest_of_a_code_is_kept(small: Home) -> None:
    _, code = small.open.make(small.owner, role=AccountRole.ADULT)
    with small.database.reading() as connection:
        row = connection.execute(sa.select(invitations)).one()
    assert len(row.code_digest) == 32
    plain = code.replace("-", "")
    files = [path.read_bytes() for path in small.database.path.parent.iterdir()] if small.database.path else []
    assert files
    assert not any(plain.encode() in file or code.encode() in file for file in files)


def test_two_who_use_it_at_once_are_one(small: Home) -> None:
    _, code = small.open.make(small.owner, role=AccountRole.ADULT)

    def accept(name: str) -> str:
        return error_of(lambda: small.open.accept(code, name, passphrase=PASSPHRASE))

    with ThreadPoolExecutor(4) as pool:
        ended = sorted(pool.map(accept, ["Ada", "Ben", "Cid", "Dan"]))
    assert ended == ["", "access.wrong", "access.wrong", "access.wrong"]
    assert len(small.people.all()) == 2


def test_what_cannot_be_taken_leaves_it_open(small: Home) -> None:
    made, code = small.open.make(small.owner, role=AccountRole.ADULT)
    for name, passphrase, error in (
        ("olga", PASSPHRASE, "person.exists"),
        ("Ada", "aaaaaaaaaaaaaaaaaaaa", "person.weak"),
        ("  ", PASSPHRASE, "person.invalid"),
    ):
        assert error_of(lambda: small.open.accept(code, name, passphrase=passphrase)) == error  # noqa: B023
    assert small.open.all() == (made,)
    assert [one.name for one in small.people.all()] == ["Olga"]


def test_it_ends_by_itself_and_when_it_is_taken_back(small: Home) -> None:
    made, code = small.open.make(small.owner, role=AccountRole.ADULT, hours=2)
    other, taken = small.open.make(small.owner, role=AccountRole.ADULT)
    small.open.revoke(other.invitation_id, by=small.owner)
    assert error_of(lambda: small.open.look(taken)) == "access.wrong"
    assert error_of(lambda: small.open.revoke(other.invitation_id, by=small.owner)) == "person.unknown"
    assert (AccountEvent.INVITATION_REVOKED, "adult") in small.events(small.owner)
    small.clock.advance(hours=2)
    assert error_of(lambda: small.open.look(code)) == "access.wrong"
    assert small.open.all() == ()
    assert made.expires_at == small.clock()


def test_it_is_worth_no_more_than_whoever_made_it(small: Home) -> None:
    second = small.people.add("Otto", passphrase=PASSPHRASE, role=AccountRole.OWNER)
    runs_it = small.people.add("Ada", passphrase=PASSPHRASE, role=AccountRole.ADMINISTRATOR)
    assert error_of(lambda: small.open.make(runs_it, role=AccountRole.OWNER)) == "access.refused"
    _, code = small.open.make(second, role=AccountRole.OWNER)
    small.people.suspend(second.person_id)
    assert error_of(lambda: small.open.look(code)) == "access.wrong"
    small.people.restore(second.person_id)
    assert small.open.look(code).role is AccountRole.OWNER
    small.people.change_role(second.person_id, AccountRole.ADMINISTRATOR)
    assert error_of(lambda: small.open.look(code)) == "access.wrong"
    _, gone = small.open.make(small.people.find(second.person_id), role=AccountRole.ADULT)
    small.people.remove(second.person_id)
    assert error_of(lambda: small.open.look(gone)) == "access.wrong"


def test_a_child_is_invited_with_a_guardian(small: Home) -> None:
    assert error_of(lambda: small.open.make(small.owner, role=AccountRole.CHILD)) == "person.guardian"
    guardian = small.owner.person_id
    assert error_of(lambda: small.open.make(small.owner, role=AccountRole.ADULT, guardian_id=guardian)) == "person.guardian"
    _, code = small.open.make(small.owner, role=AccountRole.CHILD, guardian_id=guardian)
    assert small.open.accept(code, "Kim", passphrase=PASSPHRASE).guardian_id == guardian


def test_there_is_an_end_to_guessing_and_to_inviting(small: Home) -> None:
    guesses = [error_of(lambda: small.open.look("A" * 20, address=FAR.address)) for _ in range(6)]
    assert guesses == ["access.wrong"] * 5 + ["access.wait"]
    for hours in (0, 14 * 24 + 1):
        assert error_of(lambda: small.open.make(small.owner, role=AccountRole.ADULT, hours=hours)) == "person.invalid"  # noqa: B023
    for _ in range(MOST_OPEN):
        small.open.make(small.owner, role=AccountRole.GUEST)
    assert error_of(lambda: small.open.make(small.owner, role=AccountRole.GUEST)) == "person.too_many"


def test_a_passkey_is_taken_and_a_false_one_uses_nothing_up(small: Home) -> None:
    made, code = small.open.make(small.owner, role=AccountRole.ADULT)
    to_be = small.people.to_be("Pia")
    for is_right in (False, True):
        begun = small.people.accounts.passkeys.begin_adding(to_be, host=HOST)
        answer = Authenticator(page=PAGE if is_right else "https://evil.test").make(begun.options)

        def accept(ceremony_id: str = begun.ceremony_id, given: dict[str, object] = answer) -> Person:
            return small.open.accept_with_passkey(
                code, to_be, ceremony_id=ceremony_id, answer=given, host=HOST, page=PAGE, origin=FAR
            )

        if not is_right:
            assert error_of(accept) == "access.wrong"
            assert (small.open.all(), len(small.people.all())) == ((made,), 1)
        else:
            assert accept().person_id == to_be.person_id
    assert len(small.people.accounts.passkeys.of(to_be.person_id)) == 1
    assert small.open.all() == ()
