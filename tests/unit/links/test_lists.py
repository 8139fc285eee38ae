"""Things on lists, on SQLite and PostgreSQL: added all or none, checked off once, gone when removed."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import StorageError
from earwitness.links.lists import Lists
from earwitness.storage.database import Database
from earwitness.storage.household import lists as lists_table

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


@pytest.fixture
def lists(household_place: Path | str) -> Iterator[Lists]:
    database = Database(household_place, chain="household")
    yield Lists(database)
    database.close()


def test_things_stay_in_order_and_lists_apart(lists: Lists) -> None:
    lists.add("shopping list", texts=["apples", "milk"], now=NOW)
    lists.add("to-do", texts=["call home"], now=NOW)
    lists.add("Shopping List", texts=["bread"], now=NOW)
    assert [item.text for item in lists.items("shopping list")] == ["apples", "milk", "bread"]
    assert lists.items("SHOPPING LIST") == lists.items("shopping list")
    assert [item.text for item in lists.items("to-do")] == ["call home"]


def test_adding_is_all_or_nothing(lists: Lists) -> None:
    with pytest.raises(StorageError):
        lists.add("shopping list", texts=["apples", ""], now=NOW)
    assert lists.items("shopping list") == ()


def test_adding_nothing_is_no_error(lists: Lists) -> None:
    lists.add("shopping list", texts=[], now=NOW)
    assert lists.items("shopping list") == ()


def test_writers_that_first_use_a_list_at_once_make_one(lists: Lists) -> None:
    names = ["Shopping list", "shopping list", "SHOPPING LIST", "shopping List"]
    threads = [threading.Thread(target=lambda name=name: lists.add(name, texts=[name], now=NOW)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.text for item in lists.items("shopping list")) == sorted(names)
    with lists.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(lists_table)) == 1


def test_checking_off_counts_once_and_removing_forgets(lists: Lists) -> None:
    lists.add("shopping list", texts=["apples", "milk"], now=NOW)
    apples, milk = lists.items("shopping list")
    assert lists.complete([apples.item_id]) == 1
    assert lists.complete([apples.item_id]) == 0
    assert [item.is_complete for item in lists.items("shopping list")] == [True, False]
    assert lists.remove([milk.item_id, 999]) == 1
    assert [item.text for item in lists.items("shopping list")] == ["apples"]


def test_naming_nothing_changes_nothing(lists: Lists) -> None:
    lists.add("shopping list", texts=["apples"], now=NOW)
    assert (lists.complete([]), lists.remove([])) == (0, 0)
    assert [item.is_complete for item in lists.items("shopping list")] == [False]


def test_subscribers_hear_of_lists_only_when_they_change(lists: Lists) -> None:
    heard: list[str] = []
    unsubscribe = lists.subscribe(lambda: heard.append("changed"))
    lists.remove([1, 2])
    assert heard == []
    lists.add("shopping list", texts=["apples"], now=NOW)
    assert heard == ["changed"]
    unsubscribe()
    lists.add("shopping list", texts=["pears"], now=NOW)
    assert heard == ["changed"]


def test_a_removed_thing_is_not_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "household.db"
    lists = Lists(Database(path, chain="household"))
    lists.add("shopping list", texts=["zanzibar cloves"], now=NOW)
    lists.database.scrub()
    assert b"zanzibar" in path.read_bytes()
    lists.remove([item.item_id for item in lists.items("shopping list")])
    lists.database.close()
    assert b"zanzibar" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_lists_are_made_renamed_and_forgotten(lists: Lists) -> None:
    assert lists.make("camping")
    assert not lists.make("Camping")
    lists.add("camping", texts=["tent", "rope"], now=NOW)
    assert lists.names(["shopping list"]) == ("shopping list", "camping")
    assert lists.rename("CAMPING", to="holiday")
    assert not lists.rename("camping", to="other")
    assert [item.text for item in lists.items("holiday")] == ["tent", "rope"]
    tent, rope = lists.items("holiday")
    assert lists.complete([tent.item_id]) == lists.reopen([tent.item_id, rope.item_id]) == 1
    assert lists.reword(rope.item_id, text="long rope")
    assert [item.text for item in lists.items("holiday")] == ["tent", "long rope"]
    assert lists.forget("holiday")
    assert not lists.forget("holiday")
    assert (lists.names(), lists.items("holiday")) == ((), ())
