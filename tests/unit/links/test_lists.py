"""Things on lists: added all or none, checked off once, gone when removed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError
from earwitness.links.database import Database
from earwitness.links.lists import Lists

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(Database(tmp_path / "household.db"))


def test_things_stay_in_order_and_lists_apart(lists: Lists) -> None:
    lists.add("shopping list", texts=["apples", "milk"], now=NOW)
    lists.add("to-do", texts=["call home"], now=NOW)
    lists.add("Shopping List", texts=["bread"], now=NOW)
    assert [item.text for item in lists.items("shopping list")] == ["apples", "milk", "bread"]
    assert [item.text for item in lists.items("to-do")] == ["call home"]


def test_adding_is_all_or_nothing(lists: Lists) -> None:
    with pytest.raises(StorageError):
        lists.add("shopping list", texts=["apples", ""], now=NOW)
    assert lists.items("shopping list") == ()


def test_checking_off_counts_once_and_removing_forgets(lists: Lists) -> None:
    lists.add("shopping list", texts=["apples", "milk"], now=NOW)
    apples, milk = lists.items("shopping list")
    assert lists.complete([apples.item_id]) == 1
    assert lists.complete([apples.item_id]) == 0
    assert [item.is_complete for item in lists.items("shopping list")] == [True, False]
    assert lists.remove([milk.item_id, 999]) == 1
    assert [item.text for item in lists.items("shopping list")] == ["apples"]


def test_a_removed_thing_is_not_left_in_the_file(lists: Lists) -> None:
    lists.add("shopping list", texts=["zanzibar cloves"], now=NOW)
    lists.remove([item.item_id for item in lists.items("shopping list")])
    path = lists.database.path
    lists.database.close()
    assert b"zanzibar" not in path.read_bytes()
