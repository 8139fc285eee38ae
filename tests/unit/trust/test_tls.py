"""Real handshakes: TLS 1.3 or nothing, this household or nobody, and a device is never taken for a server."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from earwitness.domain.errors import TrustError
from earwitness.trust import tls
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import key_digest, key_digest_of
from earwitness.trust.identity import Identity
from tests.unit.trust.houses import Clock, paired, shake

NAMES = ("127.0.0.1", "pi.local")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys", clock=Clock())


@pytest.fixture
def device(tmp_path: Path, authority: Authority) -> Identity:
    return paired(authority, tmp_path / "device")


def server_of(authority: Authority) -> ssl.SSLContext:
    certificate, key = authority.server_files(NAMES)
    return tls.device_server_context(certificate, key, household_pem=authority.certificate_pem)


def test_a_paired_device_comes_in_and_is_known_by_its_key(authority: Authority, device: Identity) -> None:
    shaken = shake(server_of(authority), tls.device_client_context(device))
    assert shaken.version == "TLSv1.3"
    assert shaken.device_certificate is not None
    assert key_digest_of(shaken.device_certificate) == key_digest(device.public_key)


def test_a_device_without_a_certificate_is_seen_as_such(authority: Authority) -> None:
    shaken = shake(server_of(authority), tls.pairing_client_context())
    assert shaken.device_certificate is None
    leaf = x509.load_pem_x509_certificates(authority.server_files(NAMES)[0].read_bytes())[0]
    assert shaken.server_certificate == leaf.public_bytes(Encoding.DER)


def test_tls_before_1_3_is_refused_by_both_sides(authority: Authority, device: Identity) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    certificate, key = authority.server_files(NAMES)
    for server in (server_of(authority), tls.web_server_context(certificate, key)):
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol"):
            shake(server, old)
    old_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old_server.load_cert_chain(certificate, key)
    old_server.maximum_version = ssl.TLSVersion.TLSv1_2
    for client in (tls.device_client_context(device), tls.pairing_client_context()):
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol|alert"):
            shake(old_server, client)


def test_another_household_is_refused_by_both_sides(tmp_path: Path, authority: Authority, device: Identity) -> None:
    strange = Authority(tmp_path / "strange", clock=Clock())
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate|unknown"):
        shake(server_of(strange), tls.device_client_context(device))
    stranger = paired(strange, tmp_path / "stranger")
    (stranger.household_path).write_text(authority.certificate_pem)
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate|unknown"):
        shake(server_of(authority), tls.device_client_context(stranger))


def test_what_has_ended_is_refused_by_both_sides(tmp_path: Path) -> None:
    clock = Clock()
    authority = Authority(tmp_path / "keys", clock=clock)
    clock.now -= timedelta(days=91)
    ended_server, ended_device = server_of(authority), paired(authority, tmp_path / "old")
    clock.now += timedelta(days=91)
    device = paired(authority, tmp_path / "new")
    with pytest.raises(ssl.SSLError, match="expired"):
        shake(ended_server, tls.device_client_context(device))
    with pytest.raises(ssl.SSLError, match=r"(?i)expired|certificate"):
        shake(server_of(authority), tls.device_client_context(ended_device))


def test_a_clock_that_is_off_by_less_than_a_day_does_no_harm(tmp_path: Path) -> None:
    ahead = Clock(Clock().now + timedelta(hours=23))
    authority = Authority(tmp_path / "keys", clock=ahead)
    device = paired(authority, tmp_path / "device")
    assert shake(server_of(authority), tls.device_client_context(device)).version == "TLSv1.3"


def test_a_device_that_was_not_told_the_time_still_checks_who_it_talks_to(tmp_path: Path) -> None:
    clock = Clock(Clock().now + timedelta(days=400))
    authority = Authority(tmp_path / "keys", clock=clock)
    strange = Authority(tmp_path / "strange", clock=Clock())
    server, device = server_of(authority), paired(authority, tmp_path / "device")
    server.verify_flags |= ssl.VerifyFlags(0x200000)  # the server's own clock is as far ahead as its certificates
    with pytest.raises(ssl.SSLError, match="not yet valid"):
        shake(server, tls.device_client_context(device))
    timeless = tls.device_client_context(device, is_clock_trusted=False)
    assert shake(server, timeless).version == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate|unknown"):
        shake(server_of(strange), timeless)


def test_a_device_cannot_be_taken_for_the_server(tmp_path: Path, authority: Authority, device: Identity) -> None:
    other = paired(authority, tmp_path / "other")
    false_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    false_server.load_cert_chain(other.certificate_path, other.key_path)
    with pytest.raises(ssl.SSLError, match=r"(?i)purpose|hostname|certificate"):
        shake(false_server, tls.device_client_context(device))
    nameless = tls.device_client_context(device)
    nameless.check_hostname = False
    with pytest.raises(ssl.SSLError, match=r"(?i)purpose|certificate"):
        shake(false_server, nameless)


def test_the_server_cannot_be_taken_for_a_device(authority: Authority, device: Identity) -> None:
    certificate, key = authority.server_files(NAMES)
    client = tls.device_client_context(device)
    client.load_cert_chain(certificate, key)
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate|purpose"):
        shake(server_of(authority), client)


def test_the_household_is_asked_for_by_its_one_name(authority: Authority, device: Identity) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)hostname"):
        shake(server_of(authority), tls.device_client_context(device), name="elsewhere.example")
    browser = ssl.create_default_context(cadata=authority.certificate_pem)
    certificate, key = authority.server_files(NAMES)
    for name in NAMES:
        assert shake(tls.web_server_context(certificate, key), browser, name=name).version == "TLSv1.3"


def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path, device: Identity, authority: Authority) -> None:
    names = [NAMES]
    live = tls.ServerContext(
        lambda: authority.server_files(names[0]),
        make=lambda certificate, key: tls.device_server_context(certificate, key, household_pem=authority.certificate_pem),
    )
    first = shake(live.context, tls.device_client_context(device)).server_certificate
    assert not live.refresh()
    names[0] = ("127.0.0.1", "kitchen.local")
    assert live.refresh()
    second = shake(live.context, tls.device_client_context(device)).server_certificate
    assert second != first
    authority.server_files(names[0])[1].unlink()
    assert live.refresh(), "another key is taken too"
    assert shake(live.context, tls.device_client_context(device)).server_certificate not in {first, second}


def test_files_that_do_not_belong_together_change_nothing(tmp_path: Path, device: Identity, authority: Authority) -> None:
    files = [authority.server_files(NAMES)]
    live = tls.ServerContext(
        lambda: files[0], make=lambda one, two: tls.device_server_context(one, two, household_pem=authority.certificate_pem)
    )
    files[0] = (files[0][0], device.key_path)
    with pytest.raises(TrustError):
        live.refresh()
    assert shake(live.context, tls.device_client_context(device)).version == "TLSv1.3"


def test_a_device_that_is_not_paired_has_no_context(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="not paired"):
        tls.device_client_context(Identity(tmp_path))


@pytest.mark.parametrize("older", ["neither", "server", "device"])
@pytest.mark.parametrize(
    "spoken",
    [
        [tls.DEVICE_PROTOCOL],
        [tls.SOUNDS_PROTOCOL, tls.DEVICE_PROTOCOL],
        [tls.MUSIC_PROTOCOL, tls.SOUNDS_PROTOCOL, tls.DEVICE_PROTOCOL],
    ],
)
def test_both_settle_on_what_the_older_of_them_speaks(
    authority: Authority, device: Identity, older: str, spoken: list[str]
) -> None:
    server, client = server_of(authority), tls.device_client_context(device)
    if older != "neither":
        (server if older == "server" else client).set_alpn_protocols(spoken)
    expected = tls.SECOND_LOOK_PROTOCOL if older == "neither" else spoken[0]
    assert shake(server, client).protocol == expected
