"""What stands in the header of each account."""

import pytest

from earwitness.domain.account import PERMISSIONS, AccountRole, Permission
from earwitness.web.navigation import FEW, GROUPS, PLACES, Navigation, navigation

DAILY = ["Talk", "Plans", "History", "Privacy", "Who listened"]
CALLS = ["Messages", "Calls", "Contacts"]


def of(role: AccountRole) -> Navigation:
    return navigation(PERMISSIONS[role].__contains__)


def words(shown: Navigation) -> tuple[list[str], dict[str, list[str]]]:
    return [one.words for one in shown.places], {group.words: [one.words for one in group.places] for group in shown.groups}


def test_an_owner_finds_what_is_looked_for_daily_and_three_groups() -> None:
    house = ["Household", "People", "Devices", "Skills", "What leaves", "Away", "Demands", "Oversight"]
    groups = {"Call and write": CALLS, "House": house, "How it learns": ["Misheard", "Drawn", "Learning"]}
    assert words(of(AccountRole.OWNER)) == (DAILY, groups)


def test_an_adult_finds_the_same_without_what_runs_the_house() -> None:
    groups = {"Call and write": CALLS, "House": ["People", "Skills"], "How it learns": ["Misheard", "Drawn"]}
    assert words(of(AccountRole.ADULT)) == (DAILY, groups)


def test_a_group_of_one_page_is_that_page() -> None:
    groups = {"Call and write": CALLS, "How it learns": ["Misheard", "Drawn"]}
    assert words(of(AccountRole.CHILD)) == ([*DAILY, "Skills"], groups)


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (AccountRole.GUEST, ["Talk", "Plans", "Skills"]),
        (AccountRole.REVIEWER, ["Review"]),
        (AccountRole.LEAD, ["Review", "Lead", "Oversight"]),
        (AccountRole.PRIVACY_OFFICER, ["Demands", "Oversight"]),
        (AccountRole.COUNSEL, ["Demands"]),
        (
            AccountRole.ADMINISTRATOR,
            ["Household", "People", "Devices", "What leaves", "Away", "Oversight", "Learning"],
        ),
    ],
)
def test_whoever_has_few_pages_sees_each_of_them(role: AccountRole, shown: list[str]) -> None:
    assert words(of(role)) == (shown, {})


@pytest.mark.parametrize("role", AccountRole)
def test_nobody_loses_a_page_or_finds_it_twice(role: AccountRole) -> None:
    shown = of(role)
    found = [one.name for one in (*shown.places, *(one for group in shown.groups for one in group.places))]
    assert len(found) == len(set(found))
    assert set(found) == {one.name for one in PLACES if one.permissions & PERMISSIONS[role]}
    assert all(len(group.places) > 1 for group in shown.groups)
    assert len(shown.places) + len(shown.groups) <= FEW + 1


def test_each_page_is_listed_once_and_in_a_group_that_is_shown() -> None:
    assert len({one.path for one in PLACES}) == len({one.name for one in PLACES}) == len(PLACES)
    assert {one.group for one in PLACES} == {None, *GROUPS}


def test_a_service_shows_its_own_pages_alone() -> None:
    pages = [one for one in PLACES if one.permissions & {Permission.REVIEW, Permission.LEAD_REVIEW}]
    shown = navigation(PERMISSIONS[AccountRole.LEAD].__contains__, among=[one for one in pages if one.name != "oversight"])
    assert words(shown) == (["Review", "Lead"], {})
    assert not shown.has_own_row


def test_a_long_row_is_given_its_own() -> None:
    assert of(AccountRole.OWNER).has_own_row
    assert of(AccountRole.ADMINISTRATOR).has_own_row
    assert not of(AccountRole.GUEST).has_own_row
