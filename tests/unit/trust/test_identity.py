"""A device's identity: its key stays with it, and it takes no certificate but its own household's for its own key."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from earwitness.domain.errors import TrustError
from earwitness.trust.authority import Authority
from earwitness.trust.identity import Identity
from tests.unit.trust.houses import DEVICE_ID, Clock, paired


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "keys", clock=Clock())


def test_the_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    identity = Identity(tmp_path)
    assert Identity(tmp_path).public_key == identity.public_key
    assert stat.S_IMODE(identity.key_path.stat().st_mode) == 0o600
    assert not identity.is_paired
    identity.key_path.chmod(0o644)
    with pytest.raises(TrustError, match="chmod 600"):
        Identity(tmp_path)


def test_a_paired_device_stays_paired(tmp_path: Path, authority: Authority) -> None:
    identity = paired(authority, tmp_path / "device")
    again = Identity(tmp_path / "device")
    assert again.is_paired
    assert again.household_path.read_text() == authority.certificate_pem
    assert not again.is_renewal_due(now=Clock().now)
    assert again.is_renewal_due(now=identity.certificate_ends_at - timedelta(days=29))


def test_a_certificate_for_another_key_or_household_is_not_kept(tmp_path: Path, authority: Authority) -> None:
    identity = Identity(tmp_path / "device")
    strange = Authority(tmp_path / "strange", clock=Clock())
    for_another = authority.device_certificate(Identity(tmp_path / "another").public_key, device_id=DEVICE_ID)
    of_another = strange.device_certificate(identity.public_key, device_id=DEVICE_ID)
    for pem in (for_another.pem, of_another.pem, "nothing"):
        with pytest.raises(TrustError):
            identity.join(pem, household=authority.certificate_pem)
    assert not identity.is_paired
    mine = authority.device_certificate(identity.public_key, device_id=DEVICE_ID)
    identity.join(mine.pem, household=authority.certificate_pem)
    with pytest.raises(TrustError):
        identity.renew(of_another.pem)
    assert identity.certificate_path.read_text() == mine.pem


def test_a_renewed_certificate_replaces_the_old_one(tmp_path: Path) -> None:
    clock = Clock()
    authority = Authority(tmp_path / "keys", clock=clock)
    identity = paired(authority, tmp_path / "device")
    ended = identity.certificate_ends_at
    clock.now += timedelta(days=61)
    identity.renew(authority.device_certificate(identity.public_key, device_id=DEVICE_ID).pem)
    assert identity.certificate_ends_at - ended > timedelta(days=60)
    assert identity.is_paired


def test_who_leaves_has_another_key_next_time(tmp_path: Path, authority: Authority) -> None:
    identity = paired(authority, tmp_path / "device")
    identity.leave()
    assert Identity(tmp_path / "device").public_key != identity.public_key
    with pytest.raises(TrustError):
        identity.renew("nothing")
    with pytest.raises(TrustError):
        _ = identity.certificate_ends_at
