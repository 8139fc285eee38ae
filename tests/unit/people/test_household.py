"""What the owner chooses at the first start, and the setup code."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from earwitness.people.household import Household
from earwitness.storage.database import Database
from tests.houses_kept import Clock, error_of


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    database = Database(tmp_path / "household.db", chain="household")
    yield Household(database, clock=Clock())
    database.close()


@pytest.fixture
def anywhere(either: Database) -> Household:
    return Household(either, clock=Clock())


def test_a_home_is_set_up_once_and_changed_later(anywhere: Household) -> None:
    household = anywhere
    assert (household.is_set_up, household.choices()) == (False, None)
    chosen = household.set_up(name=" Our  home ", rooms=("Kitchen", "Hall"), wake_words=("alexa",), acknowledged_version=2)
    assert (household.is_set_up, chosen.name, chosen.rooms, chosen.acknowledged_version) == (
        True,
        "Our home",
        ("Kitchen", "Hall"),
        2,
    )
    assert error_of(lambda: household.set_up(name="Mine", acknowledged_version=2)) == "access.refused"
    changed = household.change(rooms=("Attic",), voice="amy", voices_known={"amy"})
    assert (changed.name, changed.rooms, changed.voice, changed.acknowledged_version) == ("Our home", ("Attic",), "amy", 2)


def test_rooms_are_called_otherwise_and_back(household: Household) -> None:
    household.set_up(name="Home", rooms=("Den", "Attic"), acknowledged_version=1)
    assert household.change(rooms=("Study", "Attic"), renames={"Den": "Study"}).renamed == (("Den", "Study"),)
    assert household.change(rooms=("Library", "Attic"), renames={"study": "Library"}).renamed == (("Den", "Library"),)
    swapped = household.change(rooms=("Attic", "Library"), renames={"Library": "Attic", "Attic": "Library"})
    assert dict(swapped.renamed) == {"Den": "Attic", "Attic": "Library"}
    back = household.change(rooms=("Den", "Attic"), renames={"Attic": "Den", "Library": "Attic"}, zone="Europe/Berlin")
    assert (back.renamed, back.zone) == ((), "Europe/Berlin")
    assert error_of(lambda: household.change(renames={"Den": "Elsewhere"})) == "household.invalid"
    assert error_of(lambda: household.change(zone="Nowhere")) == "household.invalid"


@pytest.mark.parametrize(
    "choice",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"rooms": ("Kitchen", "kitchen ")},
        {"rooms": tuple(map(str, range(51)))},
        {"rooms": ("\x00",)},
        {"wake_words": ("nobody",), "wake_words_known": ("alexa",)},
        {"voice": "nobody", "voices_known": ("amy",)},
        {"acknowledged_version": 0},
    ],
)
def test_what_cannot_be_is_refused(household: Household, choice: dict[str, object]) -> None:
    good: dict[str, object] = {"name": "Home", "acknowledged_version": 1}
    assert error_of(lambda: household.set_up(**{**good, **choice})) == "household.invalid"  # type: ignore[arg-type]
    assert not household.is_set_up


def test_a_setup_code_works_once(household: Household) -> None:
    assert error_of(lambda: household.use_code("")) == "access.wrong", "without a code none is right"
    old, code = household.new_code(), household.new_code()
    assert error_of(lambda: household.use_code(old)) == "access.wrong"
    household.use_code(code.lower().replace("-", " "))
    assert error_of(lambda: household.use_code(code)) == "access.wrong"


def test_a_setup_code_is_gone_after_the_set_up_and_cannot_be_guessed(household: Household) -> None:
    code = household.new_code()
    codes = [error_of(partial(household.use_code, f"WRONG {one}", address="10.0.0.9")) for one in range(20)]
    assert codes == ["access.wrong"] * 5 + ["access.wait"] * 15
    household.set_up(name="Home", acknowledged_version=1)
    assert error_of(lambda: household.use_code(code, address="10.0.0.1")) == "access.wrong"
    assert error_of(household.new_code) == "access.refused"
