"""The commands about tokens: made once and shown once, never more than their owner may, ended at once."""

import pytest

from earwitness.domain.account import AccountEvent, Scope
from tests.unit.cli.terminal import Terminal


def scopes_of(run: Terminal, secret: str) -> set[Scope]:
    """What a token may do now; nothing if it is none."""
    with run.people() as people:
        found = people.accounts.tokens.find(secret)
        return set() if found is None else set(found[1].scopes)


def test_a_token_is_shown_once_and_may_what_was_said(run: Terminal) -> None:
    result = run("tokens", "make", "Kitchen [b]script[/b]", "--scope", "talk", "--scope", "home", "--days", "7", who="Ben")
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1), "the secret alone, so that a script can take it"
    assert "not shown again" in result.stderr
    secret = result.stdout.strip()
    assert scopes_of(run, secret) == {Scope.TALK, Scope.HOME}
    listed, (told,) = run.done("tokens", "list", who="Ben"), run.found("tokens", "list", who="Ben")
    assert "Kitchen [b]script[/b]" in listed
    assert (told["name"], told["scopes"], told["used_at"] is not None) == ("Kitchen [b]script[/b]", ["home", "talk"], True)
    assert secret not in listed + str(told)
    assert run.found("tokens", "list", who="Anna") == []
    assert run.events("Ben")[0] is AccountEvent.TOKEN_MADE
    files = b"".join(path.read_bytes() for path in run.state.rglob("*") if path.is_file())
    assert secret.encode() not in files


def test_a_token_may_no_more_than_who_makes_it(run: Terminal) -> None:
    assert run.refused("tokens", "make", "x", "--scope", "devices", who="Ben") == "access.refused"
    assert run.refused("tokens", "make", "x", "--scope", "talk", "--scope", "devices", who="Ben") == "access.refused"
    made = run.found("tokens", "make", "x", "--scope", "devices", who="Anna")
    assert scopes_of(run, made["token"]) == {Scope.DEVICES}
    run.done("people", "role", "Ben", "guest", who="Anna")
    assert run.refused("tokens", "make", "x", "--scope", "talk", who="Ben") == "access.refused"
    assert run.found("tokens", "list", who="Ben") == []


@pytest.mark.parametrize(
    "words", [(), ("--scope", "everything"), ("--scope", "talk", "--days", "0"), ("--scope", "talk", "--days", "367")]
)
def test_what_is_no_token_is_refused(run: Terminal, words: tuple[str, ...]) -> None:
    result = run("tokens", "make", "x", *words, who="Anna")
    assert (result.exit_code, result.stdout) == (2, "")
    assert run.found("tokens", "list", who="Anna") == []


def test_a_name_that_steers_a_terminal_is_refused(run: Terminal) -> None:
    for name in ("", "x\x1b[2J", "x" * 65):
        assert run.refused("tokens", "make", name, "--scope", "talk", who="Anna") == "person.invalid"


def test_a_token_is_ended_by_its_owner_at_once(run: Terminal) -> None:
    made = run.found("tokens", "make", "Script", "--scope", "home", who="Ben")
    other = run.found("tokens", "make", "Other", "--scope", "home", who="Ben")
    assert run.refused("tokens", "revoke", made["id"], who="Anna") == "person.unknown"
    assert run.refused("tokens", "revoke", made["id"], who="Ben", secret="not the right one at all") == "access.wrong"
    assert scopes_of(run, made["token"]) == {Scope.HOME}
    assert run.done("tokens", "revoke", made["id"], who="Ben") == "Revoked.\n"
    assert scopes_of(run, made["token"]) == set()
    assert scopes_of(run, other["token"]) == {Scope.HOME}
    assert run.refused("tokens", "revoke", made["id"], who="Ben") == "person.unknown"
    assert [one["name"] for one in run.found("tokens", "list", who="Ben")] == ["Other"]
    assert run.events("Ben")[0] is AccountEvent.TOKEN_REVOKED
