"""A bad network and bad visitors: a real server in one namespace, tried from another. `make bench-network` has long trials."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from earwitness.server.gate import SETUP_PASS_HEADER
from tests import far_satellites as satellites
from tests import far_trials as trials
from tests.far import OWNER, Answer, FarHouse, Talk, Usage, Visitor
from tests.far_trials import RECOVERS_IN_SECONDS, Trial
from tests.houses_kept import PASSPHRASE
from tests.namespaces import Wire, why_not
from tests.system.test_remote import missing

pytestmark = [pytest.mark.models, pytest.mark.quiet]
CODE = "/api/v1/setup/code"
WORDS = (PASSPHRASE.encode(), b"bedroom light", b"timer", b"what time")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with trials.trial(tmp_path_factory.mktemp("far"), has_tunnel=missing() is None) as made:
        yield made


@dataclass(frozen=True)
class Vanished:
    """A page that is gone without a word since then; what the server held before it came."""

    talk: Talk
    at: float
    before: Usage


@pytest.fixture(scope="module")
def vanished(one: Trial) -> Vanished:
    before, talk = one.house.usage(), one.there(lambda: one.visitor.talk(pings=False))
    talk.socket.vanish()
    return Vanished(talk, time.monotonic(), before)


@pytest.mark.usefixtures("vanished")
def test_requests_are_answered_where_a_third_of_the_packets_is_lost(one: Trial) -> None:
    with one.wire.being(loss=0.3):
        assert max(trials.typed(one, count=2)) < 30


def test_an_utterance_survives_a_short_cut(one: Trial) -> None:
    assert trials.cut_short(one, seconds=1.0) < RECOVERS_IN_SECONDS


def test_after_a_long_cut_a_new_session_answers_at_once(one: Trial) -> None:
    noticed, took = trials.cut_long(one, seconds=3)
    assert noticed < 6
    assert took < RECOVERS_IN_SECONDS


def test_nothing_is_left_of_who_vanished(one: Trial, vanished: Vanished) -> None:
    trials.usage_settles(one, vanished.before, seconds=max(5.0, 20 - (time.monotonic() - vanished.at)))


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


def test_a_satellite_is_heard_over_a_bad_network_and_let_in_only_while_it_is_paired(
    one: Trial, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reason = satellites.missing_sound()
    if reason:
        pytest.skip(reason)
    folder, stranger = tmp_path_factory.mktemp("satellite"), one.wire.place("stranger")
    with satellites.satellite(one, folder) as it:
        before = it.usage()
        with one.wire.being(loss=0.3):
            assert max(satellites.commanded(it, count=1)) < satellites.ANSWER_SECONDS
        assert satellites.cut_short(it, seconds=2.5) < RECOVERS_IN_SECONDS
        assert satellites.cut_long(it, seconds=6) < RECOVERS_IN_SECONDS
        satellites.leaves_nothing(it, before)
        satellites.revoked(it, stranger)
    satellites.replayed(one, stranger, folder=folder / "stranger")
    assert trials.plaintext(one, words=satellites.WORDS) == []


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


def test_the_same_goes_through_the_tunnel(one: Trial) -> None:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with trials.through_tunnel(one) as away:
        before = len(one.wire.packets)
        assert max(trials.typed(away, count=1)) < 5
        with one.wire.being(loss=0.3):
            assert max(trials.typed(away, count=1)) < 30
        assert trials.cut_short(away, seconds=1.0) < RECOVERS_IN_SECONDS
        assert trials.plaintext(away, words=WORDS) == []
        there = socket.inet_aton(away.elsewhere.address)
        sent = [packet.data for packet in one.wire.packets[before:] if there in packet.data[12:20]]
        assert {data[9] for data in sent} == {socket.IPPROTO_UDP}, "only WireGuard's packets"
        away.house.command("remote", "revoke", "phone")
        with pytest.raises(OSError, match="timed out"):
            away.there(lambda: away.visitor.ask("GET", "/api/v1/health", seconds=1))


def test_a_new_house_is_set_up_by_nobody_from_elsewhere(tmp_path: Path) -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with Wire() as wire:
        house = FarHouse(wire.place("house"), folder=tmp_path)
        elsewhere = wire.place("page")
        house.start()
        eve, guesses = Visitor(house, house.place.address), [f"AAAA-BBBB-CC{number}" for number in range(20, 27)]
        answers = [elsewhere.call(partial(eve.ask, "POST", CODE, {"code": guess})) for guess in guesses]
        assert [answer.json()["code"] for answer in answers] == ["access.wrong"] * 5 + ["access.wait"] * 2
        assert [answer.status for answer in answers] == [401] * 5 + [429] * 2
        for shown in (None, "", *guesses):
            answer = elsewhere.call(partial(_set_up, eve, shown))
            assert (answer.status, answer.json()["code"]) == (403, "setup.code_needed")
        assert OWNER not in house.command("people", "list")
        code = house.log.read_text().partition("asks for this setup code: ")[2].split()[0]
        assert elsewhere.call(partial(eve.ask, "POST", CODE, {"code": code})).status == 429, "who guessed waits"
        owner, here = Visitor(house, house.place.address), wire.place("owner")
        given = here.call(partial(owner.ask, "POST", CODE, {"code": code}))
        assert given.status == 200, "others need not wait"
        assert here.call(partial(_set_up, owner, given.json()["setup_pass"])).status == 201
        assert OWNER in house.command("people", "list")
        assert elsewhere.call(partial(_set_up, eve, given.json()["setup_pass"])).status in {401, 403, 409}, "the pass is over"


def _set_up(visitor: Visitor, shown: str | None) -> Answer:
    """Try to become the owner of a new house with that pass."""
    choice = {"name": OWNER, "passphrase": PASSPHRASE, "home": "Villa", "areas": ["Den"], "wake_words": ["okay nabu"]}
    headers = {} if shown is None else {SETUP_PASS_HEADER: shown}
    return visitor.ask("POST", "/api/v1/setup", choice | {"voice": "heart", "acknowledged": True}, headers=headers)
