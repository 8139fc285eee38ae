"""Secrets of codes from phones: sealed, also those that an earlier version left in plain; without their key nobody gets in."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa

from earwitness.domain.account import AccountEvent
from earwitness.domain.errors import SettingsError, StorageError, VaultError
from earwitness.people.people import People
from earwitness.storage.database import Database
from earwitness.storage.household import people as table
from earwitness.vault.safe import Safe, drawers_of
from tests.houses_kept import PASSPHRASE, Clock, error_of


class Home:
    """A household of Anna and Ben, and what is stored of it."""

    def __init__(self, database: Database, folder: Path, clock: Clock, safe: Safe) -> None:
        self.database, self.folder, self.clock, self.safe = database, folder, clock, safe
        self.people = self.again()
        self.anna, self.ben = (self.people.add(name, passphrase=PASSPHRASE).person_id for name in ("Anna", "Ben"))

    def again(self, *, safe: Callable[[], Safe] | None = None) -> People:
        """Its people, as after a start."""
        return People(self.database, clock=self.clock, safe=safe or (lambda: self.safe))

    def turn_on(self, person_id: str) -> tuple[pyotp.TOTP, tuple[str, ...]]:
        """The phone's side, and the recovery codes."""
        totp = pyotp.TOTP(self.people.accounts.totp.begin(person_id).secret)
        return totp, self.people.accounts.turn_code_on(person_id, totp.at(self.clock()))

    def fresh_code(self, totp: pyotp.TOTP) -> str:
        self.clock.advance(minutes=1)
        return totp.at(self.clock())

    def leave_plain(self, person_id: str) -> pyotp.TOTP:
        """As versions did that did not seal: a secret that lies there as it is."""
        totp, _ = self.turn_on(person_id)
        with self.database.writing() as connection:
            connection.execute(sa.update(table).where(table.c.person_id == person_id).values(totp_secret=totp.secret))
        return totp

    def stored(self, person_id: str) -> str | None:
        with self.database.reading() as connection:
            query = sa.select(table.c.totp_secret).where(table.c.person_id == person_id)
            found: str | None = connection.execute(query).scalar()
        return found

    def has(self, secret: str) -> bool:
        """Whether the secret is in what is stored: on SQLite in any byte of the database's files, its log among them."""
        if not self.database.is_sqlite:
            with self.database.reading() as connection:
                return secret in str(connection.execute(sa.select(table)).all())
        return any(secret.encode() in path.read_bytes() for path in self.folder.glob("household.db*"))


@pytest.fixture
def home(either: Database, tmp_path: Path, safe: Safe) -> Home:
    return Home(either, tmp_path, Clock(), safe)


def refused_key() -> Safe:
    raise VaultError("There is no age identity at /media/stick; connect what it is kept on.", code="vault.key_missing")


def bad_settings() -> Safe:
    raise SettingsError("There is no such key service.")


def test_the_database_alone_gives_no_secret_and_codes_work(home: Home) -> None:
    totp, _ = home.turn_on(home.anna)
    assert not home.has(totp.secret)
    people = home.again()
    code = home.fresh_code(totp)
    assert people.check("Anna", passphrase=PASSPHRASE, code=code).person_id == home.anna
    assert error_of(lambda: people.check("Anna", passphrase=PASSPHRASE, code=code)) == "access.wrong_code"
    assert people.check("Anna", passphrase=PASSPHRASE, code=" ".join(home.fresh_code(totp)))
    assert not home.has(totp.secret)


def test_what_lay_in_plain_is_sealed_and_nothing_of_it_is_left(home: Home) -> None:
    anna, ben = home.leave_plain(home.anna), home.leave_plain(home.ben)
    assert home.has(anna.secret)
    assert home.people.check("Anna", passphrase=PASSPHRASE, code=home.fresh_code(anna)), "until then it works too"
    for _ in range(2):
        home.people.accounts.totp.seal_plain()
    assert not home.has(anna.secret)
    assert not home.has(ben.secret)
    assert {str(home.stored(one))[:7] for one in (home.anna, home.ben)} == {"sealed:"}
    assert home.people.check("Anna", passphrase=PASSPHRASE, code=home.fresh_code(anna))
    assert home.people.check("Ben", passphrase=PASSPHRASE, code=home.fresh_code(ben))


def test_what_could_not_be_wiped_from_the_files_is_at_the_next_start(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = home.leave_plain(home.anna)

    def busy(*_: object, **__: object) -> None:
        raise StorageError("The database is being read; deleted data is still in its log.")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "scrub", busy)
        assert error_of(home.people.accounts.totp.seal_plain) == "storage.failed"
    assert home.people.check("Anna", passphrase=PASSPHRASE, code=home.fresh_code(anna))
    home.again().accounts.totp.seal_plain()
    assert not home.has(anna.secret)
    assert str(home.stored(home.anna)).startswith("sealed:")
    assert home.people.check("Anna", passphrase=PASSPHRASE, code=home.fresh_code(anna))


@pytest.mark.parametrize("safe_gone", [refused_key, bad_settings])
def test_without_the_key_no_code_is_right_and_a_recovery_code_is(home: Home, safe_gone: Callable[[], Safe]) -> None:
    totp, recovery = home.turn_on(home.anna)
    plain = home.leave_plain(home.ben)
    people = home.again(safe=safe_gone)
    for code in (home.fresh_code(totp), "000000", *["123456"] * 8):
        assert error_of(partial(people.accounts.sign_in, "Anna", passphrase=PASSPHRASE, code=code)) == "access.no_key"
    assert error_of(lambda: people.accounts.sign_in("Anna", passphrase=PASSPHRASE)) == "access.code_needed"
    assert error_of(lambda: people.accounts.sign_in("Anna", passphrase=PASSPHRASE, code="nonsense")) == "access.wrong_code"
    assert error_of(lambda: people.accounts.sign_in("Anna", passphrase="x" * 20, code="123456")) == "access.wrong"
    assert not people.accounts.sign_ins.of(home.anna)
    assert "no key for codes" in [one.detail for one in people.accounts.entries(home.anna)]
    assert people.accounts.sign_in("Anna", passphrase=PASSPHRASE, code=recovery[0]).person.person_id == home.anna
    assert error_of(people.accounts.totp.seal_plain) == "access.no_key"
    assert home.stored(home.ben) == plain.secret
    home.again().accounts.totp.seal_plain()
    assert home.again().check("Ben", passphrase=PASSPHRASE, code=home.fresh_code(plain)), "nothing was lost"


def test_without_the_key_none_is_turned_on_and_nothing_is_kept_in_plain(home: Home) -> None:
    people = home.again(safe=refused_key)
    with pytest.raises(Exception, match="not at hand") as refused:
        people.accounts.totp.begin(home.anna)
    assert "stick" not in str(refused.value), "whoever wants in learns no place"
    assert home.stored(home.anna) is None
    assert error_of(lambda: People(home.database, clock=home.clock).accounts.totp.begin(home.anna)) == "access.no_key"
    assert people.check("Anna", passphrase=PASSPHRASE).person_id == home.anna


def test_a_secret_opens_in_no_other_account_and_not_after_its_person_left(home: Home) -> None:
    totp, _ = home.turn_on(home.anna)
    home.turn_on(home.ben)
    with home.database.writing() as connection:
        theirs = home.stored(home.anna)
        connection.execute(sa.update(table).where(table.c.person_id == home.ben).values(totp_secret=theirs))
    assert error_of(lambda: home.people.check("Ben", passphrase=PASSPHRASE, code=home.fresh_code(totp))) == "access.no_key"
    for drawer in drawers_of(home.anna):
        home.safe.discard(drawer)
    assert error_of(lambda: home.people.check("Anna", passphrase=PASSPHRASE, code=home.fresh_code(totp))) == "access.no_key"
    home.people.accounts.turn_code_off(home.anna)
    again, _ = home.turn_on(home.anna)
    assert home.people.check("Anna", passphrase=PASSPHRASE, code=home.fresh_code(again)), "turned off and on it works anew"
    assert AccountEvent.CODE_TURNED_OFF in [one.what for one in home.people.accounts.entries(home.anna)]
