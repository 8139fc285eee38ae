"""The satellites' door while the household's authority is followed by another: nobody is shut out."""

import asyncio
from pathlib import Path

from cryptography import x509

from earwitness.server.device_door import DeviceDoor
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import check_issued, read_certificate
from earwitness.trust.tls import device_client_context
from tests.unit.trust.houses import DEVICE_ID, Clock, paired, shake


def test_it_lets_in_certificates_of_both_and_then_shows_one_of_the_successor(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "keys", clock=Clock())
    early, late = paired(authority, tmp_path / "early"), paired(authority, tmp_path / "late")
    all_renewed: list[bool] = []
    door = DeviceDoor(
        authority, files=lambda: authority.server_files(["localhost"]), have_renewed=lambda since: bool(all_renewed)
    )
    Authority(tmp_path / "keys", clock=Clock()).begin_succession()  # as a command does, in another process
    asyncio.run(door.tend())
    succession = authority.succession
    assert succession is not None
    made = authority.device_certificate(early.public_key, device_id=DEVICE_ID, knows_successor=True)
    early.renew(made.pem, successor=succession.certificate, voucher=succession.voucher)
    before = door.certificate_der
    for identity in (early, late):
        assert shake(door.context, device_client_context(identity)).server_certificate == before

    all_renewed.append(True)
    asyncio.run(door.tend())
    assert door.certificate_der != before
    shown = shake(door.context, device_client_context(early)).server_certificate
    assert shown == door.certificate_der
    check_issued(x509.load_der_x509_certificate(shown), authority=read_certificate(succession.certificate))
