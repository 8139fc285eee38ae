"""What is preserved for a legal demand stays so over a restore of a backup that is older than the hold."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.vault.backed_up import Household

DEMAND = "d" * 32


@pytest.mark.parametrize("known_from", ["the state folder", "a list", "a newer backup of the keys", "nothing"])
def test_a_hold_that_is_newer_than_the_backup_is_held_again(tmp_path: Path, known_from: str) -> None:
    house = Household(tmp_path)
    with house.open() as opened:
        anna = opened.enrol("Anna")
        inside, outside = opened.say(anna, "hold me"), opened.say(anna, "do not")
    house.backup_data()
    keys = house.backup_keys()
    with house.open() as opened:
        until = house.clock() + timedelta(days=90)
        opened.vault.holds.add(DEMAND, {inside: anna}, until=until, is_told=False)
        opened.stores.ledger.append([{"v": 1, "kind": "demand.sealed", "demand": DEMAND, "commitment": "00"}])
    lists: tuple[Path, ...] = ()
    if known_from == "a list":
        lists = (house.write_erasures(),)
    elif known_from == "a newer backup of the keys":
        keys = house.backup_keys()
    if known_from != "the state folder":
        house.lose()
    house.clock.advance(days=8)  # past what Anna lets it be kept for
    restored = house.restore(keys, lists=lists, replaces=True, accepts_older_ledger=True)
    is_known = known_from != "nothing"
    assert restored.replayed.held == (1 if is_known else 0)
    assert restored.replayed.lost_demands == (1 if known_from == "the state folder" else 0)  # else the ledger is lost too
    with house.open() as opened:
        there = opened.vault.rows.find([inside, outside], now=house.clock(), with_held=True)
        assert [one.turn_id for one in there] == ([inside] if is_known else [])
        assert opened.words(anna) == []
        if is_known:
            assert opened.vault.holds.of([inside])[inside].until == until
