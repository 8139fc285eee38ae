"""Signing in by passphrase, code and passkey, and what an account's log says of it.

What races, or has SQL of its own, is tried on SQLite and on PostgreSQL.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier

import pyotp
import pytest
import sqlalchemy as sa

from earwitness.domain.account import AccountEvent, AccountRole, Origin, Scope
from earwitness.domain.person import Person
from earwitness.domain.visitor import Visitor
from earwitness.people.account_log import MOST_ENTRIES
from earwitness.people.accounts import Accounts
from earwitness.people.passkeys import CHALLENGE_LASTS
from earwitness.people.people import People
from earwitness.people.sign_ins import IDLE_LIMIT, SIGN_IN_LASTS
from earwitness.people.tokens import MOST_TOKENS
from earwitness.storage.database import Database
from earwitness.storage.household import account_log
from earwitness.storage.household import people as people_table
from earwitness.vault.safe import Safe
from tests.houses_kept import PASSPHRASE, Clock, error_of, whose
from tests.unit.people.authenticator import Authenticator

HOST, PAGE = "home.test", "https://home.test"
PHONE = Origin(address="192.168.1.7", program="Firefox on Android")
ELSEWHERE = Origin(address="203.0.113.9", program="curl")
FOUR = ("",) * 4
OTHER = "six more words that nobody says"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "household.db", chain="household")
    yield made
    made.close()


@pytest.fixture
def people(database: Database, clock: Clock, safe: Safe) -> People:
    """On SQLite."""
    return People(database, clock=clock, safe=lambda: safe)


@pytest.fixture
def anywhere(either: Database, clock: Clock, safe: Safe) -> People:
    """On SQLite and on PostgreSQL."""
    return People(either, clock=clock, safe=lambda: safe)


def at_once(call: Callable[[str], object], each: Sequence[str]) -> list[str]:
    """The codes of the errors, sorted, with which calls end that are made at the same time, one for each text."""
    ready = Barrier(len(each))

    def do(one: str) -> str:
        ready.wait(10)
        return error_of(lambda: call(one))

    with ThreadPoolExecutor(len(each)) as pool:
        return sorted(pool.map(do, each))


def events(people: People, person_id: str) -> list[AccountEvent]:
    return [one.what for one in people.accounts.entries(person_id)]


# Sign-ins


def test_a_sign_in_ends_when_idle_and_after_ninety_days_in_any_case(anywhere: People, clock: Clock) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    token = anywhere.accounts.let_in(anna).token
    for _ in range(3):
        clock.advance(days=29, hours=23)
        assert whose(anywhere, token) is not None
    clock.now = anna.created_at + SIGN_IN_LASTS - timedelta(seconds=1)
    assert whose(anywhere, token) is not None
    clock.advance(seconds=1)
    assert whose(anywhere, token) is None
    idle = anywhere.accounts.let_in(anna).token
    clock.advance(seconds=IDLE_LIMIT.total_seconds())
    assert whose(anywhere, idle) is None


def visitor_with(accounts: Accounts, token: str) -> Visitor:
    """Who comes in with a token."""
    found = accounts.sign_ins.find(token)
    assert found is not None
    return Visitor(person=found[0], sign_in_id=found[1].sign_in_id, confirmed_at=found[1].confirmed_at)


def test_showing_again_who_one_is_makes_it_fresh_and_ends_the_old_token(anywhere: People, clock: Clock) -> None:
    anywhere.add("Anna", passphrase=PASSPHRASE)
    accounts = anywhere.accounts
    old = accounts.sign_in("Anna", passphrase=PASSPHRASE, origin=PHONE).token
    clock.advance(minutes=10)
    assert visitor_with(accounts, old).is_fresh(clock())
    clock.advance(seconds=1)
    assert not visitor_with(accounts, old).is_fresh(clock())
    assert error_of(lambda: accounts.confirm(old, passphrase="not the right one")) == "access.wrong"
    made: list[str] = []
    codes = at_once(lambda _: made.append(accounts.confirm(old, passphrase=PASSPHRASE).token), FOUR)
    assert codes == ["", *["access.not_signed_in"] * 3], "one token comes of one"
    (fresh,) = made
    assert visitor_with(accounts, fresh).is_fresh(clock())
    assert accounts.sign_ins.find(old) is None
    assert error_of(lambda: accounts.confirm(old, passphrase=PASSPHRASE)) == "access.not_signed_in"


def test_changes_and_signing_out_end_the_other_sign_ins(anywhere: People) -> None:
    anna, ben = anywhere.add("Anna", passphrase=PASSPHRASE), anywhere.add("Ben", passphrase=PASSPHRASE)
    accounts = anywhere.accounts
    here, there = (accounts.sign_in("Ben", passphrase=PASSPHRASE, origin=one).token for one in (PHONE, ELSEWHERE))
    mine = accounts.sign_ins.find(here)[1].sign_in_id  # type: ignore[index]
    assert {one.address for one in accounts.sign_ins.of(ben.person_id)} == {PHONE.address, ELSEWHERE.address}
    accounts.change_passphrase(ben.person_id, OTHER, but=mine)
    assert (whose(anywhere, here), whose(anywhere, there)) == (ben, None)
    assert error_of(lambda: anywhere.check("Ben", passphrase=PASSPHRASE)) == "access.wrong"
    assert error_of(lambda: accounts.sign_out_one(anna.person_id, mine)) == "person.unknown"
    anywhere.change_role(ben.person_id, AccountRole.GUEST)
    assert whose(anywhere, here) is None
    again = anywhere.accounts.let_in(ben).token
    anywhere.suspend(ben.person_id)
    assert whose(anywhere, again) is None
    assert error_of(lambda: anywhere.check("Ben", passphrase=OTHER)) == "access.wrong"
    anywhere.restore(ben.person_id)
    assert whose(anywhere, again) is None
    assert anywhere.check("Ben", passphrase=OTHER).role is AccountRole.GUEST


def test_a_hash_of_old_parameters_is_made_anew_at_a_sign_in(people: People, database: Database) -> None:
    people.add("Anna", passphrase="an old passphrase of mine")
    old = "$argon2id$v=19$m=8,t=1,p=1$"
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    weak = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=8).derive_phc_encoded(PASSPHRASE.encode())
    assert weak.startswith(old)
    with database.writing() as connection:
        connection.execute(sa.update(people_table).values(passphrase_hash=weak))
    for _ in range(2):
        people.check("Anna", passphrase=PASSPHRASE)
        with database.reading() as connection:
            assert "m=19456,t=2,p=1" in connection.execute(sa.select(people_table.c.passphrase_hash)).scalar_one()


# Guessing


def test_a_flood_from_one_address_does_not_keep_the_owner_out_elsewhere(people: People) -> None:
    people.add("Anna", passphrase=PASSPHRASE)
    with ThreadPoolExecutor(8) as pool:
        guess = lambda _: error_of(lambda: people.check("Anna", passphrase="not the right one", origin=ELSEWHERE))  # noqa: E731
        codes = list(pool.map(guess, range(40)))
    assert (codes.count("access.wrong"), codes.count("access.wait")) == (5, 35)
    assert error_of(lambda: people.check("Anna", passphrase=PASSPHRASE, origin=ELSEWHERE)) == "access.wait"
    assert people.check("Anna", passphrase=PASSPHRASE, origin=PHONE).name == "Anna"


def test_tries_are_in_the_log_of_the_account_and_say_no_secret(people: People) -> None:
    anna = people.add("Anna", passphrase=PASSPHRASE)
    for name in ("Anna", "Nobody"):
        assert error_of(partial(people.check, name, passphrase="not the right one", origin=ELSEWHERE)) == "access.wrong"
    people.accounts.sign_in("Anna", passphrase=PASSPHRASE, origin=PHONE)
    entries = people.accounts.entries(anna.person_id)
    assert [one.what for one in entries] == [AccountEvent.SIGNED_IN, AccountEvent.SIGN_IN_FAILED, AccountEvent.CREATED]
    assert [(one.address, one.program) for one in entries[:2]] == [
        (PHONE.address, PHONE.program),
        (ELSEWHERE.address, ELSEWHERE.program),
    ]


def test_the_log_keeps_a_year_and_a_thousand_entries(anywhere: People, either: Database, clock: Clock) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    log = anywhere.accounts.log
    old = {"person_id": anna.person_id, "at": clock().timestamp(), "what": AccountEvent.SIGNED_OUT.value}
    with either.writing() as connection:
        connection.execute(sa.insert(account_log), [old | {"detail": str(number)} for number in range(MOST_ENTRIES)])
    for number in range(MOST_ENTRIES, MOST_ENTRIES + 5):
        log.note(anna.person_id, AccountEvent.SIGNED_OUT, detail=str(number))
    found = log.of(anna.person_id)
    assert (len(found), found[0].detail, found[-1].detail) == (MOST_ENTRIES, str(MOST_ENTRIES + 4), "5")
    assert at_once(lambda _: log.note(anna.person_id, AccountEvent.SIGNED_OUT), FOUR) == [""] * 4
    log.note(anna.person_id, AccountEvent.SIGNED_OUT)
    with either.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(account_log)).scalar_one() == MOST_ENTRIES
    clock.advance(days=365)
    assert log.of(anna.person_id) == ()


# Codes


def test_a_code_is_needed_once_they_are_on_and_works_once(anywhere: People, clock: Clock) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    accounts = anywhere.accounts
    enrolment = accounts.totp.begin(anna.person_id)
    assert enrolment.uri.startswith("otpauth://totp/Earwitness:Anna?secret=")
    assert anywhere.check("Anna", passphrase=PASSPHRASE), "not on before it is confirmed"
    totp = pyotp.TOTP(enrolment.secret)
    assert error_of(lambda: accounts.turn_code_on(anna.person_id, "000000")) == "access.wrong_code"
    first = totp.at(clock())
    assert len(accounts.turn_code_on(anna.person_id, first)) == 10
    assert error_of(lambda: accounts.sign_in("Anna", passphrase=PASSPHRASE)) == "access.code_needed"
    assert error_of(lambda: accounts.sign_in("Anna", passphrase=PASSPHRASE, code=first)) == "access.wrong_code", "a replay"
    code = totp.at(clock() + timedelta(seconds=30))
    codes = at_once(lambda _: accounts.sign_in("Anna", passphrase=PASSPHRASE, code=code), FOUR)
    assert codes == ["", *["access.wrong_code"] * 3]


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_counts_one_step_early_and_late(people: People, clock: Clock, steps: int, is_right: bool) -> None:
    anna = people.add("Anna", passphrase=PASSPHRASE)
    enrolment = people.accounts.totp.begin(anna.person_id)
    people.accounts.turn_code_on(anna.person_id, pyotp.TOTP(enrolment.secret).at(clock()))
    clock.advance(minutes=5)
    assert (
        people.accounts.totp.use(anna.person_id, pyotp.TOTP(enrolment.secret).at(clock() + timedelta(seconds=30 * steps)))
        is is_right
    )


def test_a_recovery_code_stands_in_once_and_a_new_set_replaces_the_old(anywhere: People, clock: Clock) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    accounts = anywhere.accounts
    enrolment = accounts.totp.begin(anna.person_id)
    old = accounts.turn_code_on(anna.person_id, pyotp.TOTP(enrolment.secret).at(clock()))
    accounts.sign_in("Anna", passphrase=PASSPHRASE, code=old[0].upper())
    assert error_of(lambda: accounts.sign_in("Anna", passphrase=PASSPHRASE, code=old[0])) == "access.wrong_code"
    assert accounts.recovery.left(anna.person_id) == 9
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lambda _: accounts.recovery.use(anna.person_id, old[2]), range(4))) == [False] * 3 + [True]
    at_once(lambda _: accounts.recovery.renew(anna.person_id), FOUR)
    assert accounts.recovery.left(anna.person_id) == 10, "one set, not several"
    new = accounts.renew_recovery(anna.person_id)
    assert error_of(lambda: accounts.sign_in("Anna", passphrase=PASSPHRASE, code=old[1])) == "access.wrong_code"
    accounts.sign_in("Anna", passphrase=PASSPHRASE, code=new[1].replace("-", " "))
    assert events(anywhere, anna.person_id).count(AccountEvent.RECOVERY_USED) == 2
    accounts.turn_code_off(anna.person_id)
    assert accounts.recovery.left(anna.person_id) == 0
    accounts.sign_in("Anna", passphrase=PASSPHRASE)


# Passkeys


def with_passkey(people: People, device: Authenticator) -> str:
    anna = people.add("Anna", passphrase=PASSPHRASE)
    asked = people.accounts.passkeys.begin_adding(anna, host=HOST)
    answer = device.make(asked.options)
    people.accounts.add_passkey(anna, asked.ceremony_id, answer=answer, host=HOST, page=PAGE, name="My phone")
    return anna.person_id


def sign_in(people: People, device: Authenticator, host: str = HOST) -> str:
    asked = people.accounts.passkeys.begin_sign_in(host=host)
    answer = device.sign(asked.options)
    return error_of(
        lambda: people.accounts.sign_in_with_passkey(asked.ceremony_id, answer=answer, host=host, page=PAGE, origin=PHONE)
    )


@pytest.mark.parametrize("counts", [True, False])
def test_a_passkey_signs_in_until_it_is_removed(anywhere: People, counts: bool) -> None:
    device = Authenticator(counts=counts)
    anna = with_passkey(anywhere, device)
    assert [sign_in(anywhere, device) for _ in range(2)] == ["", ""]
    (key,) = anywhere.accounts.passkeys.of(anna)
    assert (key.name, key.used_at is not None) == ("My phone", True)
    codes = at_once(lambda _: anywhere.accounts.remove_passkey(anna, key.passkey_id), FOUR)
    assert codes == ["", *["person.unknown"] * 3]
    assert sign_in(anywhere, device) == "access.wrong"


def test_a_copy_of_a_passkey_is_refused_and_logged(anywhere: People) -> None:
    device = Authenticator()
    anna = with_passkey(anywhere, device)
    assert [sign_in(anywhere, device) for _ in range(3)] == [""] * 3
    device.uses = 1
    assert sign_in(anywhere, device) == "access.wrong"
    assert events(anywhere, anna)[0] is AccountEvent.PASSKEY_COPIED


def test_what_is_not_quite_that_passkey_is_refused(people: People) -> None:
    device = Authenticator()
    with_passkey(people, device)
    for change in (
        {"is_verifying": False},
        {"page": "https://evil.test"},
        {"key": Authenticator().key},
        {"credential_id": b"another"},
        {"handle": "AAAA"},
    ):
        other = Authenticator(**{**vars(device), "uses": 50, **change})
        assert sign_in(people, other) == "access.wrong", change
        people.accounts.throttle.__init__()  # type: ignore[misc]
    assert sign_in(people, device, host="evil.test") == "access.wrong"


def test_a_challenge_works_once_for_its_person_and_for_five_minutes(people: People, clock: Clock) -> None:
    device = Authenticator()
    anna = with_passkey(people, device)
    accounts, passkeys = people.accounts, people.accounts.passkeys
    asked = passkeys.begin_sign_in(host=HOST)
    answer = device.sign(asked.options)
    passkeys.use(asked.ceremony_id, answer=answer, host=HOST, origin=PAGE)
    assert error_of(lambda: passkeys.use(asked.ceremony_id, answer=answer, host=HOST, origin=PAGE)) == "access.wrong"
    late = passkeys.begin_sign_in(host=HOST)
    clock.advance(seconds=CHALLENGE_LASTS.total_seconds())
    assert error_of(lambda: passkeys.use(late.ceremony_id, answer=device.sign(late.options), host=HOST, origin=PAGE)) != ""
    ben = people.add("Ben", passphrase=PASSPHRASE)
    his = passkeys.begin_adding(ben, host=HOST)
    made = Authenticator().make(his.options)
    call = lambda: passkeys.add(anna, his.ceremony_id, answer=made, host=HOST, origin=PAGE)  # noqa: E731
    assert error_of(call) == "access.wrong"
    assert accounts.passkeys.of(ben.person_id) == ()


@pytest.mark.parametrize("answer", [{}, {"rawId": 7}, {"rawId": "AA", "response": {}}, {"rawId": "\x00", "response": []}])
def test_nonsense_is_refused(people: People, answer: dict[str, object]) -> None:
    asked = people.accounts.passkeys.begin_sign_in(host=HOST)
    passkeys = people.accounts.passkeys
    assert error_of(lambda: passkeys.use(asked.ceremony_id, answer=answer, host=HOST, origin=PAGE)) == "access.wrong"


# Tokens


def test_a_token_may_no_more_than_its_owner_may_now(anywhere: People, clock: Clock) -> None:
    anywhere.add("Anna", passphrase=PASSPHRASE)
    ben = anywhere.add("Ben", passphrase=PASSPHRASE, role=AccountRole.OWNER)
    accounts = anywhere.accounts
    made, secret = accounts.make_token(ben, "Kitchen script", scopes=frozenset({Scope.DEVICES, Scope.TALK}))
    assert accounts.tokens.find(secret)[1].scopes == {Scope.DEVICES, Scope.TALK}  # type: ignore[index]
    ben = anywhere.change_role(ben.person_id, AccountRole.ADULT)
    assert accounts.tokens.find(secret)[1].scopes == {Scope.TALK}  # type: ignore[index]
    assert error_of(lambda: accounts.make_token(ben, "x", scopes=frozenset({Scope.DEVICES}))) == "access.refused"
    anywhere.suspend(ben.person_id)
    assert accounts.tokens.find(secret) is None
    anywhere.restore(ben.person_id)
    clock.now = made.expires_at - timedelta(seconds=1)
    assert accounts.tokens.find(secret) is not None
    clock.advance(seconds=1)
    assert accounts.tokens.find(secret) is None


def test_of_many_tokens_that_are_made_at_once_no_more_are_made_than_allowed(anywhere: People) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    make = partial(anywhere.accounts.tokens.make, anna, "Script", scopes=frozenset({Scope.HOME}))
    for _ in range(MOST_TOKENS - 2):
        make()
    assert at_once(lambda _: make(), FOUR) == [*[""] * 2, *["person.too_many"] * 2]


def test_a_revoked_token_is_worth_nothing(anywhere: People) -> None:
    anna = anywhere.add("Anna", passphrase=PASSPHRASE)
    made, secret = anywhere.accounts.make_token(anna, "Script", scopes=frozenset({Scope.HOME}), days=366)
    for days in (0, 367):
        call = partial(anywhere.accounts.make_token, anna, "x", scopes=frozenset({Scope.HOME}), days=days)
        assert error_of(call) == "person.invalid"
    codes = at_once(lambda _: anywhere.accounts.revoke_token(anna.person_id, made.token_id), FOUR)
    assert codes == ["", *["person.unknown"] * 3]
    assert anywhere.accounts.tokens.find(secret) is None
    assert error_of(lambda: anywhere.accounts.revoke_token(anna.person_id, made.token_id)) == "person.unknown"


# Roles and leaving


def test_there_is_always_an_owner(anywhere: People) -> None:
    assert error_of(lambda: anywhere.add("Anna", passphrase=PASSPHRASE, role=AccountRole.ADULT)) == "person.last_owner"
    anna, ben = anywhere.add("Anna", passphrase=PASSPHRASE), anywhere.add("Ben", passphrase=PASSPHRASE)
    assert (anna.role, ben.role) == (AccountRole.OWNER, AccountRole.ADULT)
    anywhere.change_role(ben.person_id, AccountRole.OWNER)
    anywhere.suspend(ben.person_id)
    for call in (
        lambda: anywhere.change_role(anna.person_id, AccountRole.ADULT),
        lambda: anywhere.suspend(anna.person_id),
        lambda: anywhere.check_may_leave(anna.person_id),
    ):
        assert error_of(call) == "person.last_owner"
    anywhere.restore(ben.person_id)
    assert anywhere.change_role(anna.person_id, AccountRole.ADULT).role is AccountRole.ADULT


def test_of_two_owners_who_step_down_at_once_one_stays(anywhere: People) -> None:
    both = [anywhere.add(name, passphrase=PASSPHRASE, role=AccountRole.OWNER).person_id for name in ("Anna", "Ben")]
    for step_down in (partial(anywhere.change_role, role=AccountRole.ADULT), anywhere.suspend):
        assert at_once(step_down, both) == ["", "person.last_owner"]
        for one in both:
            anywhere.restore(one)
            anywhere.change_role(one, AccountRole.OWNER)


def test_a_child_has_a_guardian_who_is_grown_up(anywhere: People) -> None:
    anna, ben = anywhere.add("Anna", passphrase=PASSPHRASE), anywhere.add("Ben", passphrase=PASSPHRASE)

    def add(guardian: str | None) -> Person:
        return anywhere.add("Cleo", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=guardian)

    assert error_of(lambda: add(None)) == error_of(lambda: add("nobody")) == "person.guardian"
    cleo = add(ben.person_id)
    assert anywhere.wards_of(ben.person_id) == (cleo,)
    assert error_of(lambda: anywhere.change_guardian(cleo.person_id, cleo.person_id)) == "person.guardian"
    anywhere.change_role(ben.person_id, AccountRole.GUEST)
    assert anywhere.find(cleo.person_id).guardian_id is None
    assert anywhere.change_guardian(cleo.person_id, anna.person_id).guardian_id == anna.person_id


def test_who_leaves_leaves_nothing_behind(people: People, database: Database, clock: Clock, tmp_path: Path) -> None:
    device = Authenticator()
    anna = with_passkey(people, device)
    enrolment = people.accounts.totp.begin(anna)
    people.accounts.turn_code_on(anna, pyotp.TOTP(enrolment.secret).at(clock()))
    people.accounts.make_token(people.find(anna), "Script of mine", scopes=frozenset({Scope.HOME}))
    people.accounts.let_in(people.find(anna), origin=PHONE)
    people.remove(anna)
    with database.reading() as connection:
        for table in ("people", "sign_ins", "passkeys", "recovery_codes", "account_log", "tokens"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for trace in (anna.encode(), enrolment.secret.encode(), device.credential_id, PHONE.address.encode(), b"Script of mine"):
        assert trace not in left


def test_a_reset_lets_in_who_lost_everything_and_says_so(anywhere: People, clock: Clock) -> None:
    device = Authenticator()
    anna = with_passkey(anywhere, device)
    enrolment = anywhere.accounts.totp.begin(anna)
    anywhere.accounts.turn_code_on(anna, pyotp.TOTP(enrolment.secret).at(clock()))
    anywhere.accounts.reset(anna, OTHER)
    assert anywhere.check("Anna", passphrase=OTHER).person_id == anna
    assert sign_in(anywhere, device) == "access.wrong"
    assert AccountEvent.RESET in events(anywhere, anna)
