"""The commands about people: roles, guardians, sign-ins, passphrases and codes, each by who may and by nobody else."""

import contextlib
import shutil
import sqlite3

import pyotp
import pytest

from earwitness.build import utc_now
from earwitness.domain.account import AccountEvent, Origin, Scope
from earwitness.people.people import People
from tests.houses_kept import whose
from tests.unit.cli.terminal import PASSPHRASES, Terminal, typed_in_a_terminal

PHONE = Origin(address="192.168.1.7", program="Firefox on [Android]")
OTHER = "six more words that nobody says"


def let_in(run: Terminal, name: str) -> str:
    """A sign-in of somebody's phone; gives its token."""
    with run.people() as people:
        return people.accounts.let_in(people.named(name), origin=PHONE).token


def is_in(run: Terminal, token: str) -> bool:
    with run.people() as people:
        return whose(people, token) is not None


def turn_code_on(run: Terminal, name: str) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """Let somebody's sign-ins need a code from now on; gives the phone's side and the recovery codes."""
    with run.people() as people:
        person_id = people.named(name).person_id
        totp = pyotp.TOTP(people.accounts.totp.begin(person_id).secret)
        now = utc_now().timestamp()
        return totp, people.accounts.turn_code_on(person_id, totp.at(int(now) - 30))


# Roles and guardians


def test_the_first_is_the_owner_and_with_a_role_an_owner_adds(run: Terminal) -> None:
    added = run.found("people", "add", "Cleo", "--role", "guest", who="Anna", new=PASSPHRASES["Cleo"])
    assert (added["name"], added["role"]) == ("Cleo", "guest")
    assert run.roles() == {"Anna": "owner", "Ben": "adult", "Cleo": "guest"}
    run.done("people", "log", who="Cleo")
    for words in (
        ("people", "add", "Dora", "--role", "owner"),
        ("people", "add", "Dora", "--role", "child", "--guardian", "Ben"),
    ):
        assert run.refused(*words, who="Ben", new=PASSPHRASES["Dora"]) == "access.refused"
    assert "Dora" not in run.roles()


def test_a_role_is_given_by_an_owner_and_ends_the_sign_ins(run: Terminal) -> None:
    token = let_in(run, "Ben")
    assert run.refused("people", "role", "Ben", "owner", who="Ben") == "access.refused"
    assert run.refused("people", "role", "Anna", "guest", who="Ben") == "access.refused"
    assert run.refused("people", "role", "Anna", "adult", who="Anna") == "person.last_owner"
    assert run.refused("people", "role", "Nobody", "adult", who="Anna") == "person.unknown"
    assert run("people", "role", "Ben", "king", who="Anna").exit_code == 2
    assert run.roles() == {"Anna": "owner", "Ben": "adult"}
    assert is_in(run, token)
    assert run.done("people", "role", "ben", "guest", who="Anna") == "Ben: guest.\n"
    assert run.found("people", "role", "Ben", "owner", who="Anna")["role"] == "owner"
    assert not is_in(run, token)
    assert run.events("Ben")[:2] == [AccountEvent.ROLE_CHANGED] * 2
    assert run.found("people", "role", "Anna", "adult", who="Ben")["role"] == "adult", "an owner who is made one may"


def test_a_child_has_a_guardian_whom_the_list_names(run: Terminal) -> None:
    run.enrol("Cleo", "Dora")
    for guardian in ((), ("--guardian", "Cleo"), ("--guardian", "Nobody")):
        code = run.refused("people", "role", "Cleo", "child", *guardian, who="Anna")
        assert code == ("person.unknown" if "Nobody" in guardian else "person.guardian")
    run.done("people", "role", "Cleo", "child", "--guardian", "Ben", who="Anna")
    assert guardians(run) == {"Cleo": "Ben"}
    assert run.refused("people", "guardian", "Cleo", "Dora", who="Ben") == "access.refused"
    assert run.refused("people", "guardian", "Cleo", "Dora", who="Cleo") == "access.refused"
    assert run.refused("people", "guardian", "Dora", "Ben", who="Anna") == "person.guardian", "who is no child has none"
    assert run.done("people", "guardian", "Cleo", "Dora", who="Anna") == "Dora decides for Cleo.\n"
    assert guardians(run) == {"Cleo": "Dora"}
    assert "Dora decides" in run.done("people", "list")
    assert run.events("Cleo")[0] is AccountEvent.GUARDIAN_CHANGED
    run.done("people", "role", "Dora", "guest", who="Anna")
    assert guardians(run) == {}, "a guest decides for nobody"


def guardians(run: Terminal) -> dict[str, str]:
    return {one["name"]: one["guardian"] for one in run.found("people", "list") if one["guardian"] is not None}


def test_who_is_suspended_is_out_until_it_is_lifted(run: Terminal) -> None:
    token = let_in(run, "Ben")
    assert run.refused("people", "suspend", "Anna", who="Ben") == "access.refused"
    assert run.refused("people", "suspend", "Anna", who="Anna") == "person.last_owner"
    assert run.found("people", "suspend", "Ben", who="Anna")["is_suspended"] is True
    assert not is_in(run, token)
    assert run.refused("people", "log", who="Ben") == "access.wrong"
    assert "suspended" in run.done("people", "list")
    assert run.done("people", "suspend", "Ben", "--lift", who="Anna") == "Ben may sign in again.\n"
    run.done("people", "log", who="Ben")


# Sign-ins


def test_sign_ins_are_listed_and_ended_one_or_all(run: Terminal) -> None:
    first, second, annas = let_in(run, "Ben"), let_in(run, "Ben"), let_in(run, "Anna")
    listed = run.found("people", "sign-ins", who="Ben")
    assert {one["program"] for one in listed} == {PHONE.program}
    shown = run.done("people", "sign-ins", "Ben", who="Anna")
    assert all(one["id"] in shown for one in listed)
    assert PHONE.program in shown
    assert run.refused("people", "sign-ins", "Anna", who="Ben") == "access.refused"
    (hers,) = run.found("people", "sign-ins", who="Anna")
    assert run.refused("people", "sign-out", "--id", hers["id"], who="Ben") == "person.unknown"
    assert run.refused("people", "sign-out", "Anna", who="Ben") == "access.refused"
    assert is_in(run, annas)
    assert run.found("people", "sign-out", "--id", listed[0]["id"], who="Ben") == {"ended": 1}
    assert sorted([is_in(run, first), is_in(run, second)]) == [False, True]
    assert run.done("people", "sign-out", "Ben", who="Anna") == "Ended: 1.\n"
    assert not is_in(run, first)
    assert not is_in(run, second)
    assert is_in(run, annas)
    assert run.events("Ben")[:2] == [AccountEvent.SIGNED_OUT_EVERYWHERE, AccountEvent.SIGNED_OUT_ONE]


def test_everybody_reads_their_own_log(run: Terminal) -> None:
    assert run.refused("people", "log", who="Ben", secret=OTHER) == "access.wrong"
    found = run.found("people", "log", who="Ben")
    assert [one["what"] for one in found] == ["sign_in_failed", "created"]
    assert [one["what"] for one in run.found("people", "log", "--limit", "1", who="Ben")] == ["sign_in_failed"]
    assert [one["what"] for one in run.found("people", "log", who="Anna")] == ["created"]
    assert "sign in failed" in run.done("people", "log", who="Ben")


# Passphrases


def test_a_passphrase_is_changed_by_its_owner_and_ends_the_sign_ins(run: Terminal) -> None:
    token = let_in(run, "Ben")
    for weak in ("short", "aaaaaaaaaaaaaaaaaaaa", "ben ben ben ben ben"):
        code = run.refused("people", "passphrase", who="Ben", new=weak)
        assert code in ("person.weak", "person.invalid"), weak
    assert run.refused("people", "passphrase", who="Ben", secret=OTHER, new=OTHER) == "access.wrong"
    assert is_in(run, token)
    assert "signed out everywhere" in run.done("people", "passphrase", who="Ben", new=OTHER)
    assert not is_in(run, token)
    assert run.refused("people", "log", who="Ben") == "access.wrong"
    run.done("people", "log", who="Ben", secret=OTHER)
    run.done("people", "log", who="Anna")


def test_without_a_terminal_or_the_variable_it_asks_nothing_and_changes_nothing(run: Terminal) -> None:
    assert run.refused("people", "passphrase", who="Ben") == "access.not_signed_in"
    assert run.refused("people", "log", "--person", "Ben", typed=PASSPHRASES["Ben"] + "\n") == "access.not_signed_in"
    assert run.refused("people", "log") == "person.unknown", "of two people one must be named"
    run.done("people", "log", who="Ben")


@pytest.mark.parametrize("is_suspended", [True, False])
def test_a_reset_lets_in_who_lost_everything(run: Terminal, is_suspended: bool) -> None:
    token = let_in(run, "Ben")
    turn_code_on(run, "Ben")
    with run.people() as people:
        _, secret = people.accounts.make_token(people.named("Ben"), "Script", scopes=frozenset({Scope.HOME}))
        if is_suspended:
            people.suspend(people.named("Ben").person_id)
    declined = run("people", "reset", "Ben", typed="n\n", new=OTHER)
    assert declined.exit_code == 1
    assert run.refused("people", "reset", "Ben", "--yes", new="short") in ("person.weak", "person.invalid")
    assert run.refused("people", "reset", "Nobody", "--yes", new=OTHER) == "person.unknown"
    with run.people() as people:
        assert people.accounts.tokens.of(people.named("Ben").person_id)
        assert (people.named("Ben").suspended_at is not None) is is_suspended
    told = run.found("people", "reset", "Ben", "--yes", new=OTHER)
    assert (told["is_suspended"], told["needs_code"]) == (False, False)
    run.done("people", "log", who="Ben", secret=OTHER)
    with run.people() as people:
        assert people.accounts.tokens.find(secret) is None
        assert not is_in(run, token)
        assert AccountEvent.RESET in run.events("Ben")
        assert people.accounts.recovery.left(people.named("Ben").person_id) == 0


# Codes


def test_a_code_is_asked_for_and_works_once(run: Terminal) -> None:
    totp, recovery = turn_code_on(run, "Ben")
    assert run.refused("people", "log", who="Ben") == "access.not_signed_in"
    assert run.refused("people", "log", who="Ben", code="000000") == "access.wrong_code"
    assert run.refused("people", "log", who="Ben", secret=OTHER, code=recovery[0]) == "access.wrong"
    code = totp.now()
    run.done("people", "log", who="Ben", code=code)
    assert run.refused("people", "log", who="Ben", code=code) == "access.wrong_code"
    run.done("people", "log", who="Ben", code=recovery[0])
    assert run.refused("people", "log", who="Ben", code=recovery[0]) == "access.wrong_code"
    assert {one["name"]: one["needs_code"] for one in run.found("people", "list")} == {"Anna": False, "Ben": True}


def test_in_a_terminal_passphrase_and_code_are_asked_for_and_never_shown(run: Terminal) -> None:
    totp, _ = turn_code_on(run, "Ben")
    code = totp.now()
    answers = {"Passphrase of Ben": PASSPHRASES["Ben"], "Code from the phone": code, "The new passphrase": OTHER, "Repeat": OTHER}
    shown = typed_in_a_terminal(["people", "passphrase", "--person", "Ben"], answers, state=run.state)
    assert "Changed. You are signed out everywhere." in shown
    assert not [secret for secret in answers.values() if secret in shown]
    with run.people() as people:
        assert is_right(people, "Ben", OTHER)
        assert not is_right(people, "Ben", PASSPHRASES["Ben"])


def test_without_the_keys_a_code_is_refused_with_a_sentence(run: Terminal) -> None:
    totp, recovery = turn_code_on(run, "Ben")
    assert totp.secret.encode() not in b"".join(path.read_bytes() for path in run.state.glob("household.db*"))
    key = run.state / "keys" / "household.key"
    key.rename(run.state / "stick")
    result = run("people", "log", who="Ben", code=totp.now())
    assert result.stderr.startswith("earwitness: access.no_key: Codes from a phone cannot be used"), result.output
    assert run.refused("people", "log", who="Ben") == "access.not_signed_in"
    run.done("people", "log", who="Ben", code=recovery[0])
    shutil.rmtree(key.parent)
    assert run.refused("people", "log", who="Ben", code=totp.now()) == "ledger.key", "the whole folder is gone"


def test_a_secret_that_an_earlier_version_left_in_plain_is_sealed_by_any_command(run: Terminal) -> None:
    totp, _ = turn_code_on(run, "Ben")
    with contextlib.closing(sqlite3.connect(run.state / "household.db")) as plain, plain:
        plain.execute("UPDATE people SET totp_secret = ? WHERE totp_secret IS NOT NULL", (totp.secret,))
    key = run.state / "keys" / "household.key"
    key.rename(run.state / "stick")
    assert {one["needs_code"] for one in run.found("people", "list")} == {True, False}, "nobody is kept from what needs no key"
    (run.state / "stick").rename(key)
    run.done("people", "list")
    assert totp.secret.encode() not in b"".join(path.read_bytes() for path in run.state.glob("household.db*"))
    run.done("people", "log", who="Ben", code=totp.now())


def is_right(people: People, name: str, passphrase: str) -> bool:
    """Whether that is somebody's passphrase: then a code is asked for."""
    try:
        people.accounts.check(name, passphrase=passphrase)
    except Exception as error:
        return getattr(error, "code", "") == "access.code_needed"
    return True


# Errors


def test_an_error_is_json_where_json_was_asked_for(run: Terminal) -> None:
    result = run("people", "role", "Ben", "owner", "--json", who="Ben")
    assert result.exit_code == 2
    assert '{"error": {"code": "access.refused"' in result.stdout
