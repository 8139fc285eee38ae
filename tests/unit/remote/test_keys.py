"""The keys of the tunnel: as WireGuard has them, kept from others, and none of a phone's kept at all."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import RemoteError
from earwitness.remote.keys import new_private_key, public_of, read_key, server_key, written


def test_public_keys_are_those_of_rfc_7748() -> None:
    """Bob's, of section 6.1."""
    private = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    assert public_of(private).hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"


def test_wireguard_reads_our_keys_as_we_do() -> None:
    wg = shutil.which("wg")
    if wg is None:
        pytest.skip("no wg: install wireguard-tools")
    private = new_private_key()
    asked = subprocess.run([wg, "pubkey"], input=written(private), capture_output=True, text=True, check=True)
    assert read_key(asked.stdout.strip()) == public_of(private)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_read_as_it_was_written(key: bytes) -> None:
    assert read_key(written(key)) == key


@pytest.mark.parametrize("text", ["", "A" * 44, "A" * 43, "A" * 43 + "=\n", " " + "A" * 43 + "=", "A" * 42 + "B=", "é" * 44])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(RemoteError):
        read_key(text)


def test_the_servers_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    place = tmp_path / "keys" / "wireguard.key"
    key = server_key(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert server_key(place) == key
    assert repr(key) == "ServerKey()"


def test_each_phone_shares_another_key_with_the_server(tmp_path: Path) -> None:
    one, other = server_key(tmp_path / "one"), server_key(tmp_path / "other")
    phones = [public_of(new_private_key()) for _ in range(3)]
    assert len({key.preshared(phone) for key in (one, other) for phone in phones}) == 6


@pytest.mark.parametrize(
    "held", [b"", b"earwitness wireguard key v1\n" + bytes(63), b"earwitness wireguard key v1\n" + bytes(65), bytes(92)]
)
def test_a_damaged_key_is_not_used(tmp_path: Path, held: bytes) -> None:
    place = tmp_path / "wireguard.key"
    place.write_bytes(held)
    place.chmod(0o600)
    with pytest.raises(RemoteError) as raised:
        server_key(place)
    assert raised.value.code == "remote.key"
    assert place.read_bytes() == held


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    place = tmp_path / "wireguard.key"
    server_key(place)
    place.chmod(0o640)
    with pytest.raises(RemoteError, match="chmod 600"):
        server_key(place)
