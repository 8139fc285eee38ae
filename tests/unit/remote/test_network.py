"""The tunnel's addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import RemoteError
from earwitness.remote.network import network_of

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS)
def test_a_key_gives_private_addresses_and_always_the_same(key: bytes) -> None:
    network = network_of(key)
    assert network == network_of(key)
    assert network.four.subnet_of(ipaddress.IPv4Network("10.0.0.0/8"))
    assert network.six.subnet_of(ipaddress.IPv6Network("fd00::/8"))
    phones = [network.of(address) for address in network.phones()]
    everybody = [network.server, *phones]
    assert len({four for four, _ in everybody}) == len({six for _, six in everybody}) == 254
    for four, six in everybody:
        assert ipaddress.IPv4Address(four) in network.four
        assert ipaddress.IPv6Address(six) in network.six


def test_two_households_have_two_networks() -> None:
    assert network_of(bytes(32)).four != network_of(bytes([1] * 32)).four


def test_a_network_can_be_chosen() -> None:
    assert network_of(bytes(32), chosen="192.168.77.0/24").server[0] == "192.168.77.1"


@pytest.mark.parametrize(
    "chosen", ["", "10.0.0.0/8", "10.0.0.1/24", "8.8.8.0/24", "127.0.0.0/24", "169.254.1.0/24", "fd00::/64", "10.0.0.0/24\nx"]
)
def test_what_is_no_private_network_is_refused(chosen: str) -> None:
    with pytest.raises(RemoteError, match="private network"):
        network_of(bytes(32), chosen=chosen)


@pytest.mark.parametrize("address", ["10.77.5.0", "10.77.5.1", "10.77.5.255", "10.77.6.2", "192.0.2.1", "fd00::2", "", "x"])
def test_no_phone_has_an_address_outside_or_the_servers(address: str) -> None:
    with pytest.raises(RemoteError):
        network_of(bytes(32), chosen="10.77.5.0/24").of(address)
