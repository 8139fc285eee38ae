"""A bad network and bad visitors: a real server in one namespace, tried from another. `make bench-network` has long trials."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests import far_trials as trials
from tests.far import OWNER, FarHouse, Visitor
from tests.far_trials import RECOVERS_IN_SECONDS, Trial
from tests.houses_kept import PASSPHRASE
from tests.namespaces import Wire, why_not
from tests.system.test_remote import missing

pytestmark = pytest.mark.models
WORDS = (PASSPHRASE.encode(), b"bedroom light", b"timer", b"what time")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with trials.trial(tmp_path_factory.mktemp("far")) as made:
        yield made


@pytest.fixture(scope="module")
def tunnelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with trials.trial_through_tunnel(tmp_path_factory.mktemp("tunnel")) as made:
        yield made


def test_nothing_is_left_of_those_who_went(one: Trial) -> None:
    before = one.house.usage()
    with one.there(one.visitor.talk):
        assert one.house.connections() >= 1
    for _ in range(3):
        one.there(lambda: one.visitor.talk(pings=False).socket.vanish())
    trials.usage_settles(one, before, seconds=120)  # who vanishes is missed after 40 s, then TLS waits half a minute


def test_requests_are_answered_where_a_third_of_the_packets_is_lost(one: Trial) -> None:
    with one.wire.being(loss=0.3):
        assert max(trials.typed(one, count=2)) < 30


def test_requests_are_answered_half_a_second_away(one: Trial) -> None:
    with one.wire.being(delay_seconds=0.5):
        assert max(trials.typed(one, count=1)) < 10


def test_an_utterance_survives_a_short_cut(one: Trial) -> None:
    assert trials.cut_short(one, seconds=1.0) < RECOVERS_IN_SECONDS


def test_after_a_long_cut_a_new_session_answers_at_once(one: Trial) -> None:
    noticed, took = trials.cut_long(one, seconds=3)
    assert noticed < 6
    assert took < RECOVERS_IN_SECONDS


def test_who_reads_nothing_holds_up_nobody(one: Trial) -> None:
    wait, grown = trials.read_slowly(one, seconds=3)
    assert wait < 5
    assert grown < 60


def test_a_sign_in_that_was_stolen_ends_with_it(one: Trial) -> None:
    visitor = Visitor(one.house, one.visitor.address)
    assert one.there(visitor.sign_in).status == 200
    thief = Visitor(one.house, visitor.address, cookie=visitor.cookie)
    talk = one.there(thief.talk)
    assert one.there(lambda: thief.ask("GET", "/api/v1/me/sign-ins")).status == 200
    assert one.there(lambda: visitor.ask("POST", "/api/v1/sign-out")).status == 204
    assert one.there(lambda: thief.ask("GET", "/api/v1/me/sign-ins")).status == 401
    assert trials.refused(one, thief)
    with talk:
        _, error = talk.ending(seconds=5)
    assert error is not None
    assert error["code"] == "access.not_signed_in"


def test_nobody_gets_in_without_signing_in(one: Trial) -> None:
    stranger = Visitor(one.house, one.visitor.address, cookie="A" * 43)
    assert trials.refused(one, stranger)
    for method, path in (("GET", "home"), ("POST", "ask"), ("GET", "remotes"), ("GET", "say?text=a")):
        assert one.there(partial(stranger.ask, method, f"/api/v1/{path}")).status in {401, 403}
    again = one.there(lambda: stranger.ask("POST", "/api/v1/setup/passphrase", {"name": "Eve", "passphrase": PASSPHRASE}))
    assert 400 <= again.status < 500


def test_the_page_of_another_site_cannot_use_a_sign_in(one: Trial) -> None:
    answer = one.there(lambda: one.visitor.ask("POST", "/api/v1/sign-out", headers={"Origin": "https://elsewhere.example"}))
    assert answer.status == 403
    assert one.there(lambda: one.visitor.ask("GET", "/api/v1/me/sign-ins")).status == 200


def test_passphrases_cannot_be_guessed_in_a_row(one: Trial) -> None:
    """Of a name that nobody has, so that the owner is not kept out; the answers are the same."""
    visitor = Visitor(one.house, one.visitor.address)
    found = [one.there(lambda: visitor.sign_in(name="Nobody", passphrase="a wrong passphrase, long enough")) for _ in range(12)]
    assert {answer.status for answer in found} == {401, 429}
    assert [answer.status for answer in found].index(429) <= 10
    assert found[-1].status == 429


def test_a_server_that_restarts_in_a_reply_says_so_and_is_back(one: Trial) -> None:
    code, noticed, took = trials.restart_in_reply(one)
    assert code == 1012
    assert noticed < 5
    assert took < RECOVERS_IN_SECONDS


def test_nothing_on_the_wire_can_be_read(one: Trial) -> None:
    assert len(one.wire.packets) > 500
    assert trials.plaintext(one, words=WORDS) == []


def test_the_same_goes_through_the_tunnel(tunnelled: Trial) -> None:
    one = tunnelled
    assert max(trials.typed(one, count=2)) < 5
    with one.wire.being(loss=0.3):
        assert max(trials.typed(one, count=1)) < 30
    assert trials.cut_short(one, seconds=1.0) < RECOVERS_IN_SECONDS
    assert trials.plaintext(one, words=WORDS) == []
    assert not [packet for packet in one.wire.packets if packet.data[9] != 17], "only WireGuard's packets"
    one.house.command("remote", "revoke", "phone")
    with pytest.raises(OSError, match="timed out"):
        one.there(lambda: one.visitor.ask("GET", "/api/v1/health", seconds=2))


def test_a_new_house_is_set_up_by_nobody_from_elsewhere(tmp_path: Path) -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with Wire() as wire:
        house = FarHouse(wire.place("house"), folder=tmp_path)
        elsewhere = wire.place("page")
        house.start()
        eve = Visitor(house, house.place.address)
        for code in (None, "", "123456", "0" * 12):
            headers = {} if code is None else {"x-earwitness-setup-code": code}
            body = {"name": OWNER, "passphrase": PASSPHRASE}
            answer = elsewhere.call(partial(eve.ask, "POST", "/api/v1/setup/passphrase", body, headers=headers))
            assert answer.status in {401, 403, 429}, answer.body
        assert "Annabelle" not in house.command("people", "list")
