"""The access code: right and wrong codes, throttling in virtual time, tokens that end."""

from dataclasses import dataclass

from earwitness.server.access import ATTEMPT_SECONDS, MOST_ATTEMPTS, MOST_ATTEMPTS_OF_ALL, MOST_TOKENS, TOKEN_SECONDS, Access

CODE = "correct horse battery"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def make(clock: Clock | None = None, *, is_secure: bool = True) -> Access:
    return Access(CODE, is_secure=is_secure, clock=clock or Clock())


def cookie(access: Access, token: str) -> dict[str, str]:
    return {"cookie": f"other=1; {access.cookie_name}={token}"}


def test_without_a_code_everybody_is_let_in() -> None:
    assert Access(None, is_secure=False, clock=Clock()).admits({}, peer="192.0.2.1")


def test_the_right_code_gives_a_token_that_lets_in() -> None:
    access = make()
    assert not access.admits({}, peer="192.0.2.1")
    token = access.sign_in(CODE, peer="192.0.2.1")
    assert token is not None
    assert access.admits(cookie(access, token), peer="198.51.100.9")
    assert not access.admits(cookie(access, token[:-1] + "!"), peer="198.51.100.9")
    assert not access.admits({"cookie": "\x00;;=;" * 50}, peer="198.51.100.9")


def test_a_token_is_known_beside_badly_formed_cookies_of_other_programs() -> None:
    access = make()
    token = access.sign_in(CODE, peer="192.0.2.1")
    for others in ('theme={"dark":true}', "list[]=a", "two words", "=;;"):
        assert access.admits({"cookie": f"{others}; {access.cookie_name}={token}"}, peer="192.0.2.1")
        assert not access.admits({"cookie": f"{others}; {access.cookie_name}=wrong"}, peer="192.0.2.1")


def test_the_cookie_is_locked_to_this_site_and_to_tls() -> None:
    access = make()
    words = {part.strip() for part in access.set_cookie("t").split(";")}
    assert {"__Host-earwitness=t", "Path=/", "HttpOnly", "SameSite=Strict", "Secure"} <= words
    assert "Secure" not in make(is_secure=False).set_cookie("t")


def test_a_program_may_send_the_code_itself() -> None:
    access = make()
    assert access.admits({"authorization": f"Bearer {CODE}"}, peer="192.0.2.1")
    for wrong in ("Bearer ", "Bearer wrong", f"Basic {CODE}", CODE):
        assert not access.admits({"authorization": wrong}, peer="192.0.2.1")


def test_wrong_codes_are_slowed_down_for_that_peer_only() -> None:
    clock = Clock()
    access = make(clock)
    for _ in range(MOST_ATTEMPTS):
        assert access.sign_in("wrong", peer="192.0.2.1") is None
    assert access.must_wait("192.0.2.1")
    assert access.sign_in(CODE, peer="192.0.2.1") is None
    assert not access.admits({"authorization": f"Bearer {CODE}"}, peer="192.0.2.1")
    assert access.sign_in(CODE, peer="192.0.2.2") is not None
    clock.now += ATTEMPT_SECONDS
    assert access.sign_in(CODE, peer="192.0.2.1") is not None


def test_many_peers_together_are_slowed_down_too() -> None:
    access = make()
    for number in range(MOST_ATTEMPTS_OF_ALL):
        access.sign_in("wrong", peer=f"2001:db8::{number:x}")
    assert access.must_wait("2001:db8::ffff")


def test_tokens_end_and_are_bounded() -> None:
    clock = Clock()
    access = make(clock)
    tokens = [access.sign_in(CODE, peer="192.0.2.1") or "" for _ in range(MOST_TOKENS + 1)]
    assert not access.admits(cookie(access, tokens[0]), peer="192.0.2.1")
    assert access.admits(cookie(access, tokens[1]), peer="192.0.2.1")
    clock.now += TOKEN_SECONDS
    assert not access.admits(cookie(access, tokens[1]), peer="192.0.2.1")
