"""The ways of restoring a house after something was done since its backup: what makes that be done again."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from earwitness.vault.backup import KeysBackup
from earwitness.vault.restore import Restored
from tests.unit.vault.backed_up import Household

Source = Callable[[Household, KeysBackup], Restored]


def newer_keys(house: Household, _: KeysBackup) -> Restored:
    keys = house.backup_keys()
    house.lose()
    return house.restore(keys, accepts_older_ledger=True)


def what_is_here(house: Household, older: KeysBackup) -> Restored:
    return house.restore(older, replaces=True, removes_old=True)


def a_list(house: Household, older: KeysBackup) -> Restored:
    found = house.write_erasures()
    house.lose()
    return house.restore(older, lists=(found,), accepts_older_ledger=True)


def a_list_of_today(house: Household, older: KeysBackup) -> Restored:
    found = house.write_erasures(since=house.clock() - timedelta(hours=1))
    house.lose()
    return house.restore(older, lists=(found,), accepts_older_ledger=True)


SOURCES = pytest.mark.parametrize("source", [newer_keys, what_is_here, a_list, a_list_of_today])
RECENT = pytest.mark.parametrize("source", [newer_keys, what_is_here, a_list_of_today])
