"""A household's authority is followed by another one, and no satellite that is in use has to be paired again."""

from datetime import datetime, timedelta
from pathlib import Path
from ssl import SSLError

import pytest
from cryptography import x509

from earwitness.domain.errors import TrustError
from earwitness.trust.authority import SUCCEEDED_BEFORE, Authority
from earwitness.trust.certificates import (
    AUTHORITY_LASTS,
    check_issued,
    check_voucher,
    digits,
    read_certificate,
    read_certificates,
)
from earwitness.trust.identity import Identity
from earwitness.trust.tls import device_client_context, device_server_context, trust_also
from tests.unit.trust.houses import DEVICE_ID, Clock, paired, shake

DAY = timedelta(days=1)


def renewed(authority: Authority, identity: Identity) -> None:
    """What a device and its server do over the link."""
    succession = authority.succession
    made = authority.device_certificate(identity.public_key, device_id=DEVICE_ID, knows_successor=succession is not None)
    if succession is None:
        identity.renew(made.pem)
    else:
        identity.renew(made.pem, successor=succession.certificate, voucher=succession.voucher)


def nobody(since: datetime) -> bool:
    return False


def everybody(since: datetime) -> bool:
    return True


def test_both_are_trusted_until_every_device_has_renewed(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "keys", clock=Clock())
    early, late = paired(authority, tmp_path / "early"), paired(authority, tmp_path / "late")
    door = device_server_context(*authority.server_files(["localhost"]), household_pem=authority.trusted_pem)
    before = authority.certificate_pem
    authority.begin_succession()
    assert authority.tend(have_renewed=nobody) is False
    trust_also(door, authority.trusted_pem)
    renewed(authority, early)
    assert early.is_paired
    for identity in (early, late):
        shown = shake(door, device_client_context(identity))
        assert shown.device_certificate is not None, "each is let in, and knows the server"
    assert authority.certificate_pem == before

    renewed(authority, late)
    assert authority.tend(have_renewed=everybody)
    assert authority.certificate_pem != before
    assert authority.certificate_path.read_text() == authority.certificate_pem
    assert authority.succession is None
    assert not (tmp_path / "keys" / "authority.next.key").exists()
    after = device_server_context(*authority.server_files(["localhost"]), household_pem=authority.trusted_pem)
    for identity in (early, late):
        shake(after, device_client_context(identity))
        renewed(authority, identity)
        assert identity.household_path.read_text() == authority.certificate_pem, "the old one is forgotten"
        shake(after, device_client_context(identity))


def test_one_that_never_renewed_is_not_let_in_any_more_and_knows_no_such_server(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "keys", clock=Clock())
    drawer = paired(authority, tmp_path / "drawer")
    authority.begin_succession()
    authority.tend(have_renewed=everybody)
    after = device_server_context(*authority.server_files(["localhost"]), household_pem=authority.trusted_pem)
    with pytest.raises((SSLError, OSError)):
        shake(after, device_client_context(drawer))


def test_it_begins_in_time_and_ends_in_time_whoever_is_in_a_drawer(tmp_path: Path) -> None:
    clock = Clock()
    began = clock.now
    authority = Authority(tmp_path, clock=clock)
    first = authority.certificate_pem
    clock.now = began + AUTHORITY_LASTS - SUCCEEDED_BEFORE - DAY
    assert not authority.tend(have_renewed=nobody)
    assert authority.succession is None
    clock.now += 2 * DAY
    assert authority.tend(have_renewed=nobody)
    assert authority.succession is not None
    assert authority.certificate_pem == first
    clock.now = began + AUTHORITY_LASTS - 91 * DAY
    assert not authority.tend(have_renewed=nobody)
    clock.now += 2 * DAY
    assert authority.tend(have_renewed=nobody)
    assert authority.certificate_pem != first
    assert authority.ends_at > clock.now + timedelta(days=2700)


def test_a_server_that_was_off_when_its_authority_ended_goes_on_with_the_successor(tmp_path: Path) -> None:
    clock = Clock()
    authority = Authority(tmp_path, clock=clock)
    clock.now += AUTHORITY_LASTS - 365 * DAY
    authority.begin_succession()
    assert authority.succession is not None
    clock.now += 366 * DAY
    again = Authority(tmp_path, clock=clock)
    assert again.certificate_pem == authority.succession.certificate
    assert again.succession is None


def test_another_process_may_begin_it(tmp_path: Path) -> None:
    clock = Clock()
    serving, command = Authority(tmp_path, clock=clock), Authority(tmp_path, clock=clock)
    command.begin_succession()
    assert serving.succession is None
    assert serving.tend(have_renewed=nobody)
    assert serving.succession is not None
    assert command.succession is not None
    assert serving.succession.certificate == command.succession.certificate


def test_a_device_believes_no_successor_that_its_authority_does_not_vouch_for(tmp_path: Path) -> None:
    clock = Clock()
    authority, stranger = Authority(tmp_path / "keys", clock=clock), Authority(tmp_path / "strange", clock=clock)
    identity = paired(authority, tmp_path / "device")
    kept = {path: path.read_bytes() for path in (identity.household_path, identity.certificate_path)}
    stranger.begin_succession()
    theirs = stranger.succession
    assert theirs is not None
    made = stranger.device_certificate(identity.public_key, device_id=DEVICE_ID, knows_successor=True)
    leaf = authority.server_files(["localhost"])[0].read_bytes()
    server = read_certificate(leaf[: leaf.index(b"-----END CERTIFICATE-----") + 25])
    for certificate, voucher in (
        (theirs.certificate, theirs.voucher),
        (stranger.certificate_pem, b""),
        (authority.certificate_pem.replace("M", "N", 1), theirs.voucher),
    ):
        with pytest.raises(TrustError):
            identity.renew(made.pem, successor=certificate, voucher=voucher)
    with pytest.raises(TrustError):
        check_voucher(theirs.voucher, successor=server, authority=read_certificate(authority.certificate_pem))
    assert kept == {path: path.read_bytes() for path in kept}
    assert identity.is_paired


def test_the_digits_differ_and_several_certificates_are_read_strictly(tmp_path: Path) -> None:
    one, other = Authority(tmp_path / "one", clock=Clock()), Authority(tmp_path / "other", clock=Clock())
    assert one.digits == digits(read_certificate(one.certificate_pem))
    assert one.digits != other.digits
    both = read_certificates(one.certificate_pem + other.certificate_pem)
    assert [digits(each) for each in both] == [one.digits, other.digits]
    for bad in ("", "x", one.certificate_pem * 4, one.certificate_pem + "x", one.certificate_pem[:-40]):
        with pytest.raises(TrustError):
            read_certificates(bad)


def test_an_identity_of_a_household_names_it_in_digits(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "keys", clock=Clock())
    assert Identity(tmp_path / "device").household_digits == ""
    identity = paired(authority, tmp_path / "device")
    assert identity.household_digits == authority.digits
    check_issued(
        x509.load_pem_x509_certificate(identity.certificate_path.read_bytes()),
        authority=read_certificate(authority.certificate_pem),
    )
