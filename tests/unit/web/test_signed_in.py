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
from starlette.datastructures import Headers

from earwitness.domain.account import Permission, Scope
from earwitness.domain.consent import Way
from earwitness.domain.errors import AccessError
from earwitness.domain.person import Person
from earwitness.domain.visitor import Visitor
from earwitness.people.people import People
from earwitness.people.sign_ins import SignIn, SignIns
from earwitness.storage.database import Database
from earwitness.web.signed_in import SignedIn, person_of, program_of, way_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSPHRASE = "correct horse battery"
PLAIN, LOCKED = "earwitness-person", "__Host-earwitness-person"


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


class NotingSignIns(SignIns):
    """Sign-ins that note on which threads they were asked who is signed in."""

    threads: list[int]

    def find(self, token: str | None) -> tuple[Person, SignIn] | None:
        self.threads.append(threading.get_ident())
        return super().find(token)


@dataclass
class Household:
    """Anna, signed in with `token`."""

    file: Path
    clock: Clock
    people: People
    sign_ins: NotingSignIns
    anna: Person
    token: str

    def on(self, *, is_secure: bool = False) -> SignedIn:
        return SignedIn(self.people, is_secure=is_secure)

    def who(self, cookies: str, *, is_secure: bool = False) -> Person | None:
        found = asyncio.run(
            self.on(is_secure=is_secure).visitor(
                Headers(raw=[(b"cookie", cookies.encode("latin-1", "surrogateescape"))]), "127.0.0.1"
            )
        )
        return None if found is None else found.person


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    """Shared: hashing a passphrase is slow on purpose. Tests that change who is signed in use a token of their own."""
    file, clock = tmp_path_factory.mktemp("people") / "household.db", Clock()
    database = Database(file, chain="household")
    people = People(database, clock=clock)
    people.accounts.sign_ins = sign_ins = NotingSignIns(database, clock=clock)
    sign_ins.threads = []
    people.add("Anna", passphrase=PASSPHRASE)
    found = people.accounts.sign_in("Anna", passphrase=PASSPHRASE)
    anna, token = found.person, found.token
    yield Household(file, clock, people, sign_ins, anna, token)
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
    expected = {"httponly", "samesite=strict", "path=/", f"max-age={90 * 24 * 3600}"} | ({"secure"} if is_secure else set())
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
    household.sign_ins.threads = []
    assert household.who(f"{PLAIN}={household.token}") == household.anna
    assert household.sign_ins.threads
    assert threading.get_ident() not in household.sign_ins.threads


def test_without_a_token_the_database_is_not_asked_at_all(household: Household) -> None:
    household.sign_ins.threads = []
    for cookies in ("", "other=1", f"{PLAIN}=", f'{PLAIN}=""'):
        assert household.who(cookies) is None
    assert household.sign_ins.threads == []


# Until when


def test_a_sign_in_ends_after_thirty_days_without_use(household: Household) -> None:
    token = household.people.accounts.let_in(household.anna).token
    try:
        household.clock.now = NOW + timedelta(days=30, seconds=-1)
        assert household.who(f"{PLAIN}={token}") == household.anna
        household.clock.now += timedelta(days=30)
        assert household.who(f"{PLAIN}={token}") is None
    finally:
        household.clock.now = NOW


def test_signing_out_ends_this_browser_and_no_other(household: Household) -> None:
    other = household.people.accounts.sign_in("anna", passphrase=PASSPHRASE).token
    household.people.accounts.sign_out(other)
    assert household.who(f"{PLAIN}={other}") is None
    assert household.who(f"{PLAIN}={household.token}") == household.anna


def test_who_left_is_nobody_on_every_browser(household: Household) -> None:
    ben = household.people.add("Ben", passphrase=PASSPHRASE)
    tokens = [household.people.accounts.sign_in("Ben", passphrase=PASSPHRASE).token for _ in range(2)]
    assert [household.who(f"{PLAIN}={token}") for token in tokens] == [ben, ben]
    household.people.remove(ben.person_id)
    assert [household.who(f"{PLAIN}={token}") for token in tokens] == [None, None]


def test_no_file_of_the_household_holds_a_token(household: Household) -> None:
    files = list(household.file.parent.iterdir())
    assert any(b"Anna" in file.read_bytes() for file in files), "the person must be there for this to mean anything"
    assert not any(household.token.encode() in file.read_bytes() for file in files)


# Programs, and who is still there


def visitor(household: Household, **headers: str) -> Visitor | None:
    return asyncio.run(household.on().visitor(Headers(headers), "192.0.2.7"))


def test_a_token_stands_for_its_owner_with_its_scopes_and_no_cookie_helps_it(household: Household) -> None:
    made, secret = household.people.accounts.make_token(household.anna, "Display", scopes=frozenset({Scope.HOME}))
    cookie = f"{PLAIN}={household.token}"
    found = visitor(household, authorization=f"Bearer {secret}", cookie=cookie)
    assert found is not None
    assert (found.person, found.scopes, found.token_id, found.confirmed_at) == (
        household.anna,
        frozenset({Scope.HOME}),
        made.token_id,
        None,
    )
    assert found.may(Permission.TALK, scope=Scope.HOME)
    assert not found.may(Permission.TALK, scope=Scope.TALK)
    assert not found.may(Permission.ACCOUNT, scope=None)
    assert not found.is_fresh(NOW)
    for wrong in ("Bearer", "Bearer ", f"Bearer {secret}x", f"Bearer {household.token}", f"Basic {secret}", secret):
        assert visitor(household, authorization=wrong, cookie=cookie) is None, wrong
    household.people.accounts.revoke_token(household.anna.person_id, made.token_id)
    assert visitor(household, authorization=f"Bearer {secret}") is None
    assert asyncio.run(household.on().is_still_in(found)) is False


def test_who_is_signed_out_is_not_in_any_more(household: Household) -> None:
    token = household.people.accounts.let_in(household.anna).token
    found = visitor(household, cookie=f"{PLAIN}={token}")
    assert found is not None
    signed_in = household.on()
    assert asyncio.run(signed_in.is_still_in(found)) is True
    fresh = household.people.accounts.confirm(token, passphrase=PASSPHRASE).token
    assert asyncio.run(signed_in.is_still_in(found)) is True, "the same sign-in, with a new token"
    household.people.accounts.sign_out(fresh)
    assert asyncio.run(signed_in.is_still_in(found)) is False


@pytest.mark.parametrize(
    ("agent", "program"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("curl/8.5.0", "curl"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_a_program_is_called_by_its_name(agent: str, program: str) -> None:
    assert program_of(agent) == program


def test_a_request_that_the_gate_let_in_as_nobody_is_no_persons() -> None:
    with pytest.raises(AccessError, match="Sign in first") as caught:
        person_of(request())
    assert caught.value.code == "access.not_signed_in"


@pytest.mark.parametrize(("headers", "way"), [({}, Way.API), ({"x_earwitness_page": "1"}, Way.PAGE)], ids=["program", "page"])
def test_the_page_says_that_it_asks(headers: dict[str, str], way: Way) -> None:
    assert way_of(request(**headers)) is way
