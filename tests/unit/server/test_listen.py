"""Listening addresses: only what is safe is served, and a refusal says what to do."""

import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from earwitness.domain.errors import NetworkError
from earwitness.server.listen import Address, bind, certificate_names, http_server


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for a name and an address, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = "subjectAltName=DNS:assistant.example,IP:192.0.2.7"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=assistant.example", "-addext", names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.10"])
def test_loopback_needs_nothing(host: str) -> None:
    assert not Address(host=host).is_public


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "assistant.example", ""])
def test_others_are_let_in_only_with_tls(host: str) -> None:
    with pytest.raises(NetworkError, match="needs TLS") as caught:
        Address(host=host)
    assert caught.value.code == "network.not_safe"
    assert "127.0.0.1" in caught.value.sentence
    assert Address(host=host, tls_certificate=Path("c"), tls_key=Path("k")).is_public


@pytest.mark.parametrize(
    ("most", "version"), [(ssl.TLSVersion.TLSv1_3, "TLSv1.3"), (ssl.TLSVersion.TLSv1_2, None)], ids=["1.3", "1.2"]
)
def test_tls_is_1_3_and_nothing_older(pair: tuple[Path, Path], most: ssl.TLSVersion, version: str | None) -> None:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...

    server = http_server(nothing, Address(tls_certificate=pair[0], tls_key=pair[1]))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.check_hostname = False
    theirs.verify_mode = ssl.CERT_NONE
    theirs.maximum_version = most
    assert server.config.ssl is not None
    assert spoken_version(server.config.ssl, theirs) == version


def spoken_version(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> str | None:
    """The version that two sides agree on, None if they do not."""
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = ours.wrap_bio(to_us, to_them, server_side=True)
    client = theirs.wrap_bio(to_them, to_us)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return None
    return server.version()


def test_half_a_lock_is_refused() -> None:
    with pytest.raises(NetworkError):
        Address(tls_certificate=Path("c"))


def test_the_certificate_tells_the_names(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    assert set(certificate_names(certificate, key)) == {"assistant.example", "192.0.2.7"}
    address = Address(host="0.0.0.0", tls_certificate=certificate, tls_key=key)
    assert "assistant.example" in address.names()
    assert address.url(8765).startswith("https://")
    assert "0.0.0.0" not in address.url(8765), "nobody can open that"


def test_a_key_of_another_certificate_is_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, other_key = make_certificate(tmp_path)
    for certificate, key in ((pair[0], other_key), (tmp_path / "none.pem", pair[1]), (pair[1], pair[1])):
        with pytest.raises(NetworkError) as caught:
            certificate_names(certificate, key)
        assert caught.value.code == "network.not_safe"


def test_a_taken_port_is_said() -> None:
    with bind(Address(port=0)) as taken:
        with pytest.raises(NetworkError) as caught:
            bind(Address(port=taken.getsockname()[1]))
        assert caught.value.code == "network.in_use"


def test_an_address_of_another_machine_is_said(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    for host in ("192.0.2.7", "no.such.name.invalid"):
        with pytest.raises(NetworkError) as caught:
            bind(Address(host=host, tls_certificate=certificate, tls_key=key))
        assert caught.value.code == "network.not_safe"


def test_ipv6_has_an_address_to_open() -> None:
    assert Address(host="::1").url(8765) == "http://[::1]:8765"
    assert socket.has_ipv6


def test_the_page_on_this_machine_has_a_name_for_passkeys(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    assert Address().page_url(8765) == "http://localhost:8765"
    assert Address(tls_certificate=certificate, tls_key=key).page_url(8765) == "https://localhost:8765"
    public = Address(host="192.0.2.7", tls_certificate=certificate, tls_key=key)
    assert public.page_url(8765) == public.url(8765) == "https://192.0.2.7:8765"
