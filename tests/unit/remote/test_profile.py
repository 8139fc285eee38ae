"""What WireGuard is told: the house and nothing else, one line each, and a picture of it."""

import configparser
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import RemoteError
from earwitness.remote.keys import ServerKey, new_private_key, public_of, written
from earwitness.remote.network import network_of
from earwitness.remote.profile import Endpoint, Peer, parse_endpoint, phone_profile, qr_svg, qr_terminal, server_profile

KEY = ServerKey(private=new_private_key(), root=bytes(32))
NETWORK = network_of(KEY.public, chosen="10.77.5.0/24")
PRIVATE = new_private_key()
PHONE = Peer(public_key=public_of(PRIVATE), address="10.77.5.2")
HOME = Endpoint(host="home.example.org", port=51820)


def read(profile: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(profile)
    return parser


def made() -> configparser.ConfigParser:
    return read(phone_profile(PRIVATE, PHONE, key=KEY, network=NETWORK, endpoint=HOME))


def test_only_what_goes_to_the_house_takes_the_tunnel() -> None:
    allowed = made()["Peer"]["AllowedIPs"].split(", ")
    assert allowed == [f"{NETWORK.server[0]}/32", f"{NETWORK.server[1]}/128"]


def test_a_phones_profile_and_the_servers_belong_together() -> None:
    phone = made()
    server = read(server_profile(KEY, [PHONE], port=51820, network=NETWORK))
    assert phone["Interface"]["PrivateKey"] == written(PRIVATE)
    assert server["Peer"]["PublicKey"] == written(public_of(PRIVATE))
    assert phone["Peer"]["PublicKey"] == written(public_of(KEY.private))
    assert phone["Peer"]["PresharedKey"] == server["Peer"]["PresharedKey"]
    assert phone["Interface"]["Address"] == server["Peer"]["AllowedIPs"]
    assert phone["Peer"]["Endpoint"] == "home.example.org:51820"
    assert "DNS" not in phone["Interface"]


def test_the_server_does_not_hold_a_phones_private_key() -> None:
    assert written(PRIVATE) not in server_profile(KEY, [PHONE], port=51820, network=NETWORK)


def test_name_server_and_keepalive_are_as_wished() -> None:
    asked = phone_profile(PRIVATE, PHONE, key=KEY, network=NETWORK, endpoint=HOME, dns="10.77.5.1", keepalive_seconds=0)
    assert read(asked)["Interface"]["DNS"] == "10.77.5.1"
    assert "PersistentKeepalive" not in asked
    assert made()["Peer"]["PersistentKeepalive"] == "25"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("home.example.org", "home.example.org", 51820),
        ("home.example.org.:7", "home.example.org.", 7),
        ("203.0.113.7:65535", "203.0.113.7", 65535),
        ("[2001:db8::1]:51821", "2001:db8::1", 51821),
        ("[2001:db8::1]", "2001:db8::1", 51820),
    ],
)
def test_an_endpoint_is_read(text: str, host: str, port: int) -> None:
    assert parse_endpoint(text, port=51820) == Endpoint(host=host, port=port)


@pytest.mark.parametrize(
    "text",
    [
        "", ":51820", "a:0", "a:65536", "a:-1", "a:b", "2001:db8::1", "[a]:1", "[2001:db8::1", "a b", "a\n[Peer]", "a:1\n",
        "a:1\nPostUp = true", "-a.example", "a..b", "a_b", "home.example.org:51820#", "x" * 64, "é.example",
    ],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(RemoteError):
        parse_endpoint(text, port=51820)


@given(st.text(max_size=60))
def test_nothing_that_is_typed_adds_a_line_to_a_profile(text: str) -> None:
    try:
        endpoint = parse_endpoint(text, port=51820)
    except RemoteError:
        return
    lines = phone_profile(PRIVATE, PHONE, key=KEY, network=NETWORK, endpoint=endpoint).splitlines()
    assert len(lines) == len(phone_profile(PRIVATE, PHONE, key=KEY, network=NETWORK, endpoint=HOME).splitlines())
    assert parse_endpoint(str(endpoint), port=1) == endpoint


def test_the_picture_holds_no_text_of_the_profile() -> None:
    svg = qr_svg(phone_profile(PRIVATE, PHONE, key=KEY, network=NETWORK, endpoint=HOME))
    assert svg.startswith("<svg")
    assert written(PRIVATE) not in svg
    assert not re.search(r"<script|href|<!", svg)


def test_the_code_fits_a_terminal() -> None:
    lines = qr_terminal(phone_profile(PRIVATE, PHONE, key=KEY, network=NETWORK, endpoint=HOME)).splitlines()
    assert len(lines) < 45
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) <= 80
