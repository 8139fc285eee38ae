"""Who is signed in on a browser: the cookie's attributes, what it stands for and until when, and headers that mean nobody."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.consent import Way
from earwitness.domain.errors import AccessError
from earwitness.domain.person import Person
from earwitness.people.people import SIGN_IN_LASTS, People
from earwitness.storage.database import Database
from earwitness.web.signed_in import SignedIn, way_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSPHRASE = "correct horse battery"
PLAIN, LOCKED = "earwitness-person", "__Host-earwitness-person"


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


class NotingPeople(People):
    """People who note on which threads they were asked who is signed in."""

    def signed_in(self, token: str | None) -> Person | None:
        self.threads = [*getattr(self, "threads", []), threading.get_ident()]
        return super().signed_in(token)


@dataclass
class Household:
    """Anna, signed in with `token`."""

    file: Path
    clock: Clock
    people: NotingPeople
    anna: Person
    token: str

    def on(self, *, is_secure: bool = False) -> SignedIn:
        return SignedIn(self.people, is_secure=is_secure)

    def who(self, cookies: str, *, is_secure: bool = False) -> Person | None:
        return asyncio.run(self.on(is_secure=is_secure).person(cookies))


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    """Shared: hashing a passphrase is slow on purpose. Tests that change who is signed in use a token of their own."""
    file, clock = tmp_path_factory.mktemp("people") / "household.db", Clock()
    database = Database(file, chain="household")
    people = NotingPeople(database, clock=clock)
    people.add("Anna", passphrase=PASSPHRASE)
    anna, token = people.sign_in("Anna", passphrase=PASSPHRASE)
    yield Household(file, clock, people, anna, token)
    database.close()


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/api/v1/me", "query_string": b"", "headers": raw})


def cookie_set(response: Response) -> tuple[str, str, set[str]]:
    """Name, value and attributes, in lower case, of the one cookie that an answer sets."""
    (header,) = [value.decode() for name, value in response.raw_headers if name == b"set-cookie"]
    first, *others = header.split(";")
    name, _, value = first.partition("=")
    return name, value.strip('"'), {part.strip().lower() for part in others}


# What the browser is given


@pytest.mark.parametrize(("is_secure", "name"), [(False, PLAIN), (True, LOCKED)], ids=["plain", "tls"])
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(household: Household, is_secure: bool, name: str) -> None:
    response = Response()
    household.on(is_secure=is_secure).remember(response, household.token)
    expected = {"httponly", "samesite=strict", "path=/", f"max-age={30 * 24 * 3600}"} | ({"secure"} if is_secure else set())
    assert cookie_set(response) == (name, household.token, expected)


@pytest.mark.parametrize(("is_secure", "name"), [(False, PLAIN), (True, LOCKED)], ids=["plain", "tls"])
def test_forgetting_names_the_same_cookie_and_ends_it_at_once(household: Household, is_secure: bool, name: str) -> None:
    response = Response()
    household.on(is_secure=is_secure).forget(response)
    found, value, attributes = cookie_set(response)
    assert (found, value) == (name, "")
    assert {"max-age=0", "path=/"} <= attributes
    assert ("secure" in attributes) is is_secure, (
        "a browser ignores a __Host- cookie that is not secure, and would keep the old one"
    )


def test_what_is_set_is_what_is_understood(household: Household) -> None:
    for is_secure in (False, True):
        response = Response()
        household.on(is_secure=is_secure).remember(response, household.token)
        name, value, _ = cookie_set(response)
        assert household.who(f"{name}={value}", is_secure=is_secure) == household.anna


# Who it stands for


@pytest.mark.parametrize(
    "cookies",
    [
        "{name}={token}",
        "other=1; {name}={token}",
        "{name}={token}; other=1",
        "  {name}={token}  ;other=1",
        'theme={{"dark":true}}; {name}={token}',
        "list[]=a; {name}={token}",
        "two words; {name}={token}",
        "greeting=grüß dich; {name}={token}",
        "=; ;;=x; {name}={token}",
        "{name}x=wrong; x{name}=wrong; {name}={token}",
    ],
)
def test_a_person_is_known_whatever_else_is_in_the_jar(household: Household, cookies: str) -> None:
    """Cookies know no ports: on one machine other programs' cookies arrive too, and not all of them are well formed."""
    assert household.who(cookies.format(name=PLAIN, token=household.token)) == household.anna


@pytest.mark.parametrize(
    "cookies",
    [
        "",
        ";",
        "earwitness-person",
        "earwitness-person=",
        'earwitness-person=""',
        "earwitness-person=wrong",
        "earwitness-person={token}x",
        "earwitness-person={short}",
        "earwitness-person={swapped}",
        "Earwitness-Person={token}",
        "earwitness={token}",
        "__Host-earwitness-person={token}",
        "earwitness-person=\x00{token}",
        "earwitness-person={token}\udcff",
        "earwitness-person=%s",
        "earwitness-person=' OR 1=1 --",
        "earwitness-person=" + "a" * 60_000,
        "a=1;" * 10_000,
    ],
    ids=lambda value: value[:40].encode("unicode_escape").decode(),
)
def test_anything_else_is_nobody(household: Household, cookies: str) -> None:
    token = household.token
    assert (
        household.who(cookies.replace("{token}", token).replace("{short}", token[:-1]).replace("{swapped}", token.swapcase()))
        is None
    )


def test_over_tls_a_cookie_that_any_neighbour_can_set_is_not_believed(household: Household) -> None:
    """A page on another port, or one that was sent over plain HTTP, can set `earwitness-person`, but no __Host- cookie."""
    assert household.who(f"{PLAIN}={household.token}", is_secure=True) is None
    assert household.who(f"{PLAIN}=tossed; {LOCKED}={household.token}", is_secure=True) == household.anna


@given(cookies=st.text(st.characters(max_codepoint=0xFF), max_size=300))
def test_no_header_makes_it_fail_or_signs_in(household: Household, cookies: str) -> None:
    assert household.who(cookies) is None
    assert household.who(f"{PLAIN}={cookies}") is None


def test_the_database_is_not_asked_on_the_event_loop(household: Household) -> None:
    household.people.threads = []
    assert household.who(f"{PLAIN}={household.token}") == household.anna
    assert household.people.threads
    assert threading.get_ident() not in household.people.threads


def test_without_a_token_the_database_is_not_asked_at_all(household: Household) -> None:
    household.people.threads = []
    for cookies in ("", "other=1", f"{PLAIN}=", f'{PLAIN}=""'):
        assert household.who(cookies) is None
    assert household.people.threads == []


# Until when


def test_a_sign_in_ends_after_thirty_days_to_the_second(household: Household) -> None:
    try:
        household.clock.now = NOW + SIGN_IN_LASTS - timedelta(seconds=1)
        assert household.who(f"{PLAIN}={household.token}") == household.anna
        household.clock.now = NOW + SIGN_IN_LASTS
        assert household.who(f"{PLAIN}={household.token}") is None
    finally:
        household.clock.now = NOW


def test_signing_out_ends_this_browser_and_no_other(household: Household) -> None:
    _, other = household.people.sign_in("anna", passphrase=PASSPHRASE)
    household.people.sign_out(other)
    assert household.who(f"{PLAIN}={other}") is None
    assert household.who(f"{PLAIN}={household.token}") == household.anna


def test_who_left_is_nobody_on_every_browser(household: Household) -> None:
    ben = household.people.add("Ben", passphrase=PASSPHRASE)
    tokens = [household.people.sign_in("Ben", passphrase=PASSPHRASE)[1] for _ in range(2)]
    assert [household.who(f"{PLAIN}={token}") for token in tokens] == [ben, ben]
    household.people.remove(ben.person_id)
    assert [household.who(f"{PLAIN}={token}") for token in tokens] == [None, None]


def test_no_file_of_the_household_holds_a_token(household: Household) -> None:
    files = list(household.file.parent.iterdir())
    assert any(b"Anna" in file.read_bytes() for file in files), "the person must be there for this to mean anything"
    assert not any(household.token.encode() in file.read_bytes() for file in files)


# The door before the routes


def test_a_request_from_nobody_is_turned_away_with_what_to_do(household: Household) -> None:
    for headers in ({}, {"cookie": f"{PLAIN}=wrong"}, {"authorization": f"Bearer {household.token}"}):
        with pytest.raises(AccessError, match="Sign in first") as caught:
            asyncio.run(household.on().required(request(**headers)))
        assert caught.value.code == "access.not_signed_in"


def test_a_request_with_the_cookie_is_that_persons(household: Household) -> None:
    sent = request(cookie=f"{PLAIN}={household.token}")
    assert asyncio.run(household.on().required(sent)) == household.anna


@pytest.mark.parametrize(("headers", "way"), [({}, Way.API), ({"x_earwitness_page": "1"}, Way.PAGE)], ids=["program", "page"])
def test_the_page_says_that_it_asks(headers: dict[str, str], way: Way) -> None:
    assert way_of(request(**headers)) is way
