"""Whom a link trusts: certificates and names are verified, and a file that holds none is said."""

import re
import ssl
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.links.trusting import trusting


def test_certificates_and_names_are_verified_by_no_old_tls() -> None:
    context = trusting(None, what="the server")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_file_that_holds_no_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    for ca_file in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(LinkError, match=re.escape(ca_file.name)) as caught:
            trusting(ca_file, what="the server")
        assert caught.value.code == "link.invalid"
