"""Pairing: both sides see the same code, or somebody is in between; every message at its time, every code once."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import TrustError
from earwitness.trust.authority import Authority
from earwitness.trust.identity import Identity
from earwitness.trust.pairing import (
    MOST_AT_ONCE,
    MOST_ATTEMPTS,
    MOST_WRONG_CODES,
    OPEN_SECONDS,
    DevicePairing,
    Message,
    PairingWindow,
    ServerPairing,
    pairing_code,
)
from tests.unit.trust.houses import DEVICE_ID, Clock

TLS_OF_SERVER = b"the certificate that the server shows"
TLS_OF_MIDDLE = b"the certificate that somebody in the middle shows"


@dataclass(frozen=True, slots=True)
class House:
    authority: Authority
    identity: Identity

    def device(self, *, seen: bytes = TLS_OF_SERVER, nonce: bytes | None = None) -> DevicePairing:
        return DevicePairing("Kitchen", public_key=self.identity.public_key, server_certificate=seen, nonce=nonce)

    def server(self, *, nonce: bytes | None = None) -> ServerPairing:
        return ServerPairing(server_certificate=TLS_OF_SERVER, household=self.authority.certificate_pem, nonce=nonce)

    def done(self, server: ServerPairing) -> Message:
        made = self.authority.device_certificate(server.public_key, device_id=DEVICE_ID)
        return server.done(certificate=made.pem, device_id=DEVICE_ID)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    return House(Authority(folder / "keys", clock=Clock()), Identity(folder / "device"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("other")
    return House(Authority(folder / "keys", clock=Clock()), Identity(folder / "device"))


def sent(message: Message | None) -> Message:
    assert message is not None
    return message


def meet(device: DevicePairing, server: ServerPairing) -> None:
    """Pass the messages until both have a code."""
    nonce = sent(server.receive(*device.hello()))
    assert server.receive(*sent(device.receive(*nonce))) is None


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(TrustError) as raised:
        act()
    return raised.value.code


def test_both_sides_see_the_same_code_and_the_device_joins(house: House) -> None:
    device, server = house.device(), house.server()
    meet(device, server)
    assert device.code is not None
    assert device.code == server.code
    assert len(device.code) == 6
    assert device.code.isdigit()
    assert (server.name, server.public_key) == ("Kitchen", house.identity.public_key)
    assert device.receive(*house.done(server)) is None
    assert device.joined is not None
    house.identity.join(device.joined.certificate, household=device.joined.household)
    assert house.identity.is_paired
    assert device.joined.device_id == DEVICE_ID


def test_somebody_who_relays_everything_changes_the_code(house: House) -> None:
    """Two TLS connections with the messages passed on unread: each side has seen another certificate."""
    device, server = house.device(seen=TLS_OF_MIDDLE), house.server()
    meet(device, server)
    assert device.code != server.code


def test_somebody_who_pairs_for_the_device_is_found_out_but_once_in_a_million(house: House, other: House) -> None:
    """He answers the device himself and pairs his own key with the server; his numbers are fixed before he knows the codes.

    Measured on shortened codes, since a million trials would take long: the chance is that of a guess.
    """
    chance, trials, equal = random.Random(5), 6000, 0
    pem, key, his = house.authority.certificate_pem, house.identity.public_key, other.identity.public_key
    for _ in range(trials):
        numbers = [chance.randbytes(32) for _ in range(4)]
        at_device = pairing_code(
            server_certificate=TLS_OF_MIDDLE, household=pem, public_key=key, device_nonce=numbers[0], server_nonce=numbers[1]
        )
        at_server = pairing_code(
            server_certificate=TLS_OF_SERVER, household=pem, public_key=his, device_nonce=numbers[2], server_nonce=numbers[3]
        )
        equal += at_device[-2:] == at_server[-2:]
    assert 30 <= equal <= 95, "expected 60 in 6000 on two digits"


def test_a_number_that_was_not_committed_to_is_refused(house: House) -> None:
    """Without the commitment he could look for a number that makes the codes meet."""
    device, server = house.device(), house.server()
    server.receive(*device.hello())
    assert code_of(lambda: server.receive("pair-open", {"nonce": "A" * 43 + "="})) == "pairing.refused"
    assert server.code is None


def test_a_key_that_was_exchanged_on_the_way_is_refused(house: House, other: House) -> None:
    device, server = house.device(), house.server()
    kind, fields = device.hello()
    changed = {**fields, "public_key": other.device().hello()[1]["public_key"]}
    opened = sent(device.receive(*sent(server.receive(kind, changed))))
    assert code_of(lambda: server.receive(*opened)) == "pairing.refused"


def test_replayed_messages_open_nothing(house: House) -> None:
    """What was recorded of one pairing is worth nothing in the next: the server's number is another."""
    device, first, second = house.device(), house.server(), house.server()
    hello = device.hello()
    opened = sent(device.receive(*sent(first.receive(*hello))))
    first.receive(*opened)
    second.receive(*hello)
    second.receive(*opened)
    assert first.code == device.code
    assert second.code != device.code
    assert code_of(lambda: first.receive(*hello)) == "pairing.refused"
    assert code_of(lambda: first.receive(*opened)) == "pairing.refused"


def test_every_part_changes_the_code() -> None:
    parts = {
        "server_certificate": b"ab",
        "household": "c",
        "public_key": b"de",
        "device_nonce": bytes(32),
        "server_nonce": bytes(32),
    }
    code = pairing_code(**parts)  # type: ignore[arg-type]
    for name, value in parts.items():
        more = value + (b"x" if isinstance(value, bytes) else "x")  # type: ignore[operator]
        assert pairing_code(**{**parts, name: more}) != code, name
    assert pairing_code(**{**parts, "server_certificate": b"a", "household": "bc"}) != code  # type: ignore[arg-type]


def test_a_device_takes_its_certificate_from_the_household_of_the_code_only(house: House, other: House) -> None:
    for lie in (
        {"certificate": other.authority.device_certificate(house.identity.public_key, device_id=DEVICE_ID).pem},
        {"certificate": house.authority.device_certificate(other.identity.public_key, device_id=DEVICE_ID).pem},
        {"ca_certificate": other.authority.certificate_pem},
        {"certificate": "nothing"},
        {"device_id": ""},
        {"device_id": "../x"},
        {"device_id": 5},
        {"more": 1},
    ):
        device, server = house.device(), house.server()
        meet(device, server)
        kind, fields = house.done(server)
        with pytest.raises(TrustError):
            device.receive(kind, {**fields, **lie})
        assert device.joined is None


def test_messages_out_of_turn_are_refused(house: House) -> None:
    device, server = house.device(), house.server()
    assert code_of(lambda: server.receive("pair-open", {"nonce": "A" * 43 + "="})) == "pairing.refused"
    assert code_of(lambda: device.receive("pair-done", {})) == "pairing.refused"
    assert code_of(lambda: server.receive("press", {})) == "pairing.refused"
    nonce = sent(server.receive(*device.hello()))
    device.receive(*nonce)
    assert code_of(lambda: device.receive(*nonce)) == "pairing.refused"
    assert code_of(lambda: device.receive(*ServerPairing.refused())) == "pairing.refused"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"name": "a\x1b[2J"},
        {"name": 5},
        {"public_key": "AAAA"},
        {"public_key": "é"},
        {"public_key": "A" * 5000},
        {"commitment": "AAAA"},
        {"commitment": None},
        {"commitment": "A" * 42 + "B="},
        {"more": 1},
    ],
)
def test_a_hello_that_is_none_is_refused(house: House, change: dict[str, object]) -> None:
    kind, fields = house.device().hello()
    with pytest.raises(TrustError):
        house.server().receive(kind, {**fields, **change})


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["pair-hello", "pair-open", "pair-nonce", "pair-done", "pair-refused"]), st.data())
def test_any_fields_are_taken_or_refused(house: House, kind: str, data: st.DataObject) -> None:
    names = ["name", "public_key", "commitment", "nonce", "ca_certificate", "certificate", "device_id", "code"]
    values = st.none() | st.text(max_size=60) | st.integers() | st.binary(max_size=40).map(bytes.hex)
    fields = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=4))
    for side in (house.device(), house.server()):
        with pytest.raises(TrustError):
            side.receive(kind, fields)


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def window() -> PairingWindow:
    made = PairingWindow(clock=Seconds())
    made.open()
    return made


def waiting(house: House, window: PairingWindow, *, seed: int = 1) -> ServerPairing:
    """An attempt in the window whose code is known."""
    device, server = house.device(nonce=bytes([seed]) * 32), house.server(nonce=bytes([seed]) * 32)
    window.join(server)
    meet(device, server)
    return server


def test_the_right_code_confirms_the_device_that_shows_it_and_works_once(house: House, window: PairingWindow) -> None:
    first, second = waiting(house, window, seed=1), waiting(house, window, seed=2)
    assert window.waiting() == (first, second)
    assert second.code is not None
    assert window.confirm(f" {second.code[:3]} {second.code[3:]} ") is second
    code = second.code
    assert code_of(lambda: window.confirm(code)) == "pairing.closed"
    assert not window.is_waiting(first)


def test_pairing_closes_by_itself(house: House) -> None:
    clock = Seconds()
    window = PairingWindow(clock=clock)
    assert code_of(lambda: window.join(house.server())) == "pairing.closed"
    window.open()
    attempt = waiting(house, window)
    code = attempt.code or ""
    clock.now += OPEN_SECONDS - 1
    assert window.closes_in_seconds == pytest.approx(1.0)
    assert window.is_waiting(attempt)
    clock.now += 1
    assert not window.is_waiting(attempt)
    assert code_of(lambda: window.confirm(code)) == "pairing.closed"
    assert window.waiting() == ()
    window.open()
    assert code_of(lambda: window.confirm(code)) == "pairing.wrong_code", "an attempt from before does not count"


def test_the_third_wrong_code_closes_it(house: House, window: PairingWindow) -> None:
    attempt = waiting(house, window)
    right = attempt.code or ""
    wrong = ["000000" if right != "000000" else "000001", "", "\uff11\uff12\uff13\uff14\uff15\uff16"]
    codes = [code_of(lambda wrong_code=wrong_code: window.confirm(wrong_code)) for wrong_code in wrong]  # type: ignore[misc]
    assert codes == ["pairing.wrong_code"] * (MOST_WRONG_CODES - 1) + ["pairing.closed"]
    assert code_of(lambda: window.confirm(right)) == "pairing.closed"


def test_a_device_that_left_or_did_not_open_cannot_be_confirmed(house: House, window: PairingWindow) -> None:
    attempt = waiting(house, window)
    window.leave(attempt)
    window.leave(attempt)
    assert code_of(lambda: window.confirm(attempt.code or "")) == "pairing.wrong_code"
    window.join(house.server())
    assert code_of(lambda: window.confirm("")) == "pairing.wrong_code"


def test_a_code_that_two_devices_show_confirms_nobody(house: House, window: PairingWindow) -> None:
    one, _ = waiting(house, window, seed=7), waiting(house, window, seed=7)
    assert code_of(lambda: window.confirm(one.code or "")) == "pairing.wrong_code"


def test_only_so_many_try_at_once_and_in_all(house: House, window: PairingWindow) -> None:
    """Nobody goes on trying until his code happens to be the one that the owner sees."""
    tries = [house.server() for _ in range(MOST_AT_ONCE)]
    for attempt in tries:
        window.join(attempt)
    assert code_of(lambda: window.join(house.server())) == "pairing.refused"
    for _ in range(MOST_ATTEMPTS - MOST_AT_ONCE):
        window.leave(tries.pop())
        tries.append(house.server())
        window.join(tries[-1])
    window.leave(tries.pop())
    assert code_of(lambda: window.join(house.server())) == "pairing.closed"
    assert not window.is_open
    window.open()
    window.join(house.server())


def test_a_key_on_another_curve_is_refused(house: House) -> None:
    """A device whose key is on another curve is refused at its first word."""
    kind, fields = house.device().hello()
    spki = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE" + "A" * 128
    assert code_of(lambda: house.server().receive(kind, {**fields, "public_key": spki})) == "trust.key"
