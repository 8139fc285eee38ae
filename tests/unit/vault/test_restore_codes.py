"""Codes from phones after a restore, and when the sealing of old secrets is killed: who had a second factor has it still."""

import random
import shutil
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa

from earwitness.storage.household import people
from tests.houses_kept import error_of
from tests.unit.vault.backed_up import PASSPHRASE, Household, Opened
from tests.unit.vault.killing import calls_of, killed

KILLS = 10
FIRST = 86
"""Percent of the calls of a start before which nothing of the sealing happens."""


class Home:
    """A household of Ada, whose sign-in needs a code, as an earlier version left it (`is_plain`) or sealed."""

    def __init__(self, house: Household, *, is_plain: bool) -> None:
        self.house = house
        with self.house.open() as home:
            self.ada = home.people.add("Ada", passphrase=PASSPHRASE).person_id
            self.totp, self.recovery = self.turn_on(home)
            if is_plain:
                with home.stores.household.writing() as connection:
                    connection.execute(sa.update(people).values(totp_secret=self.totp.secret))

    def turn_on(self, home: Opened) -> tuple[pyotp.TOTP, tuple[str, ...]]:
        totp = pyotp.TOTP(home.people.accounts.totp.begin(self.ada).secret)
        return totp, home.people.accounts.turn_code_on(self.ada, totp.at(self.house.clock()))

    def signs_in(self, home: Opened, totp: pyotp.TOTP) -> str:
        """The code of the error with which Ada's sign-in ends; empty if it does not."""
        self.house.clock.advance(minutes=2)
        code = totp.at(self.house.clock())
        return error_of(lambda: home.people.check("Ada", passphrase=PASSPHRASE, code=code))

    def has_secret(self) -> bool:
        files = [path for path in self.house.state.rglob("*") if path.is_file()]
        return any(self.totp.secret.encode() in path.read_bytes() for path in files)


def seal(house: Household) -> None:
    """What a house does when it starts."""
    with house.open() as home:
        home.people.accounts.totp.seal_plain()


@pytest.fixture
def old(tmp_path: Path) -> Home:
    return Home(Household(tmp_path), is_plain=True)


def test_killed_at_any_moment_of_the_sealing_nobody_is_locked_out(old: Home) -> None:
    house = old.house
    untouched = house.folder / "untouched"
    shutil.copytree(house.state, untouched)
    total = calls_of(seal, house)
    chance, outcomes = random.Random(7), set()
    for trial in range(KILLS):
        shutil.rmtree(house.state)
        shutil.copytree(untouched, house.state)
        at = (total * FIRST + total * (100 - FIRST) * trial // KILLS) // 100 + chance.randrange(total // 400)
        assert killed(seal, house, at=at)
        with house.open() as home:
            with home.stores.household.reading() as connection:
                stored = str(connection.execute(sa.select(people.c.totp_secret)).scalar_one())
            outcomes.add(stored.partition(":")[0] if ":" in stored else "plain")
            assert old.signs_in(home, old.totp) == "", at
        seal(house)
        assert not old.has_secret(), at
        with house.open() as home:
            assert old.signs_in(home, old.totp) == "", at
    shutil.rmtree(untouched)
    assert outcomes == {"plain", "sealing", "sealed"}


def test_a_backup_from_before_secrets_were_sealed_restores_and_is_sealed_then(old: Home) -> None:
    house = old.house
    house.backup_data()
    keys = house.backup_keys()
    seal(house)
    house.restore(keys, replaces=True, removes_old=True)
    seal(house)
    assert not old.has_secret()
    with house.open() as home:
        assert old.signs_in(home, old.totp) == ""


def test_an_older_backup_opens_with_newer_keys_though_codes_were_turned_off_and_on_since(tmp_path: Path) -> None:
    home = Home(Household(tmp_path), is_plain=False)
    home.house.backup_data()
    with home.house.open() as opened:
        opened.people.accounts.turn_code_off(home.ada)
        other, _ = home.turn_on(opened)
    keys = home.house.backup_keys()
    home.house.restore(keys, replaces=True, removes_old=True)
    assert not home.has_secret()
    with home.house.open() as opened:
        assert home.signs_in(opened, other) == "access.wrong_code"
        assert home.signs_in(opened, home.totp) == ""


def test_with_keys_from_before_the_codes_a_recovery_code_lets_in_and_codes_are_turned_on_anew(tmp_path: Path) -> None:
    house = Household(tmp_path)
    with house.open():
        keys = house.backup_keys()
    home = Home(house, is_plain=False)
    house.backup_data()
    house.restore(keys, replaces=True, removes_old=True)
    with house.open() as opened:
        assert home.signs_in(opened, home.totp) == "access.no_key"
        assert error_of(lambda: opened.people.check("Ada", passphrase=PASSPHRASE)) == "access.code_needed"
        assert opened.people.check("Ada", passphrase=PASSPHRASE, code=home.recovery[0]).person_id == home.ada
        opened.people.accounts.turn_code_off(home.ada)
        again, _ = home.turn_on(opened)
        assert home.signs_in(opened, again) == ""
