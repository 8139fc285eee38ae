"""The authority and the server's certificate: made once, kept durably, renewed in time."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from earwitness.domain.errors import TrustError
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import (
    CERTIFICATE_LASTS,
    RENEWED_BEFORE,
    SERVER_NAME,
    check_issued,
    fingerprint,
    key_digest,
    key_digest_of,
    names_of,
    read_certificate,
    read_public_key,
)
from tests.unit.trust.houses import DEVICE_ID, Clock

NAMES = ("192.168.1.5", "fd00::1", "pi.local")


def first_certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def test_the_authority_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    clock = Clock()
    first, again = Authority(tmp_path / "keys", clock=clock), Authority(tmp_path / "keys", clock=clock)
    assert first.certificate_pem == again.certificate_pem == first.certificate_path.read_text()
    assert stat.S_IMODE((tmp_path / "keys" / "authority.key").stat().st_mode) == 0o600
    certificate = read_certificate(first.certificate_pem)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    assert certificate.not_valid_before_utc < clock.now - timedelta(hours=23)
    assert certificate.not_valid_after_utc > clock.now + timedelta(days=3649)
    assert first.fingerprint == fingerprint(certificate)
    assert len(first.fingerprint.split()) == 16


def test_two_that_begin_at_once_get_the_same_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: Authority(tmp_path, clock=Clock()).certificate_pem, range(16)))
    assert len(found) == 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_key_that_others_may_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    Authority(tmp_path, clock=Clock())
    path = tmp_path / "authority.key"
    path.chmod(0o640)
    with pytest.raises(TrustError, match="chmod 600"):
        Authority(tmp_path, clock=Clock())
    path.chmod(0o600)
    whole = path.read_bytes()
    for damaged in (b"", b"nothing", whole[:100], whole[: whole.index(b"-----BEGIN CERT")]):
        path.write_bytes(damaged)
        with pytest.raises(TrustError):
            Authority(tmp_path, clock=Clock())
    other = Authority(tmp_path / "other", clock=Clock())
    path.write_bytes(whole[: whole.index(b"-----BEGIN CERT")] + other.certificate_pem.encode())
    with pytest.raises(TrustError):
        Authority(tmp_path, clock=Clock())


def test_an_authority_that_ended_says_so(tmp_path: Path) -> None:
    Authority(tmp_path, clock=Clock())
    with pytest.raises(TrustError, match="has ended") as raised:
        Authority(tmp_path, clock=Clock(Clock().now + timedelta(days=3651)))
    assert raised.value.code == "trust.certificate"


def test_the_servers_certificate_has_its_names_and_the_one_that_devices_ask_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path, clock=Clock())
    path, key = authority.server_files((*NAMES, "PI.local."))
    certificate = first_certificate(path)
    assert names_of(certificate) == tuple(sorted({*NAMES, SERVER_NAME}))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
    check_issued(certificate, authority=read_certificate(authority.certificate_pem))
    assert path.read_text().endswith(authority.certificate_pem), "browsers are shown the authority too"


def test_the_servers_certificate_is_renewed_in_time_and_the_key_stays(tmp_path: Path) -> None:
    clock = Clock()
    authority = Authority(tmp_path, clock=clock)
    path, key = authority.server_files(NAMES)
    first, key_was = path.read_bytes(), key.read_bytes()
    clock.now += CERTIFICATE_LASTS - RENEWED_BEFORE - timedelta(minutes=1)
    authority.server_files(NAMES[::-1])
    assert path.read_bytes() == first, "the same names in another order are the same names"
    clock.now += timedelta(minutes=2)
    authority.server_files(NAMES)
    assert path.read_bytes() != first
    assert key.read_bytes() == key_was
    second = first_certificate(path)
    assert second.not_valid_after_utc - clock.now > CERTIFICATE_LASTS - timedelta(seconds=2)
    authority.server_files(("pi.local",))
    assert names_of(first_certificate(path)) == ("pi.local", SERVER_NAME)


def test_a_clock_that_went_back_gets_a_certificate_that_is_in_force(tmp_path: Path) -> None:
    clock = Clock()
    authority = Authority(tmp_path, clock=clock)
    authority.server_files(NAMES)
    clock.now -= timedelta(days=40)
    path, _ = authority.server_files(NAMES)
    assert first_certificate(path).not_valid_before_utc <= clock.now


@pytest.mark.parametrize("damage", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
def test_a_damaged_certificate_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    authority = Authority(tmp_path, clock=Clock())
    path, _ = authority.server_files(NAMES)
    path.write_bytes(damage)
    authority.server_files(NAMES)
    check_issued(first_certificate(path), authority=read_certificate(authority.certificate_pem))


def test_a_certificate_of_another_authority_is_made_anew(tmp_path: Path) -> None:
    clock = Clock()
    ours, theirs = Authority(tmp_path / "a", clock=clock), Authority(tmp_path / "b", clock=clock)
    path, _ = ours.server_files(NAMES)
    path.write_bytes(theirs.server_files(NAMES)[0].read_bytes())
    ours.server_files(NAMES)
    check_issued(first_certificate(path), authority=read_certificate(ours.certificate_pem))


@pytest.mark.parametrize("name", ["", "*.local", "a..b", "x" * 64, "küche", "a" * 300])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrustError):
        Authority(tmp_path, clock=Clock()).server_files([name])


def test_a_devices_certificate_is_for_its_key_and_no_server(tmp_path: Path) -> None:
    clock = Clock()
    authority = Authority(tmp_path, clock=clock)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    made = authority.device_certificate(spki, device_id=DEVICE_ID)
    certificate = read_certificate(made.pem)
    assert certificate.public_key() == key
    assert made.key_digest == key_digest(spki)
    assert made.ends_at == certificate.not_valid_after_utc
    assert abs(made.ends_at - clock.now - CERTIFICATE_LASTS) < timedelta(seconds=1)
    assert names_of(certificate) == ()
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_other_keys_than_those_of_the_protocol_are_refused() -> None:
    der = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    good = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*der)
    assert read_public_key(good)
    others = [
        ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(*der),
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(*der),
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(*der),
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint),
        good + b"\x00",
        good[:-1],
        b"",
        bytes(91),
        good[:27] + bytes(64),
    ]
    for spki in others:
        with pytest.raises(TrustError) as raised:
            read_public_key(spki)
        assert raised.value.code == "trust.key"


@pytest.mark.parametrize("pem", ["", "x", "é", "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----", "x" * 10_000])
def test_what_is_no_certificate_is_refused(pem: str) -> None:
    with pytest.raises(TrustError):
        read_certificate(pem)


def test_a_certificate_on_a_curve_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """Fixed vectors of the fuzzer: the library has errors of its own for these."""
    whole = read_certificate(Authority(tmp_path, clock=Clock()).certificate_pem).public_bytes(Encoding.DER)
    changes = [
        (bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d130107")),
        (bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3f0201")),
        (bytes.fromhex("a003020102"), bytes.fromhex("a00302010a")),
    ]
    for before, after in changes:
        assert before in whole
        changed = whole.replace(before, after)
        with pytest.raises(TrustError):
            key_digest_of(changed)
        pem = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(changed).decode()}\n-----END CERTIFICATE-----\n"
        with pytest.raises(TrustError):
            read_certificate(pem)
