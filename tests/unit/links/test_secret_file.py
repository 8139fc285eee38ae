"""Secrets in files: private, in plain or sealed by one house for one place in its settings."""

import os
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError, VaultError
from earwitness.links.secret_file import SEALED, is_sealed, read_secret, seal_secret


def _file(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def _shift(data: bytes) -> bytes:
    return bytes(each ^ 7 for each in data)


def test_a_sealed_file_opens_only_for_whoever_can(tmp_path: Path) -> None:
    path = _file(tmp_path, "correct horse \u00fc\n")
    assert not is_sealed(path)
    assert seal_secret(path, seal=_shift)
    assert is_sealed(path)
    assert not seal_secret(path, seal=_shift), "once is enough"
    assert "horse" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert read_secret(path, unseal=_shift) == "correct horse \u00fc"
    with pytest.raises(LinkError, match="running house") as refused:
        read_secret(path)
    assert refused.value.code == "link.secret"


def test_what_was_sealed_elsewhere_is_said_so(tmp_path: Path) -> None:
    def another_house(_: bytes) -> bytes:
        raise VaultError("The key of this is gone.", code="vault.key_missing")

    path = _file(tmp_path, "secret\n")
    seal_secret(path, seal=_shift)
    with pytest.raises(LinkError, match="sealed elsewhere"):
        read_secret(path, unseal=another_house)
    path.write_text(f"{SEALED}no base64!\n")
    with pytest.raises(LinkError, match="sealed elsewhere"):
        read_secret(path, unseal=_shift)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_may_read_is_neither_read_nor_sealed(tmp_path: Path) -> None:
    path = _file(tmp_path, "secret\n", mode=0o644)
    for use in (read_secret, is_sealed, lambda one: seal_secret(one, seal=_shift)):
        with pytest.raises(LinkError, match="chmod 600"):
            use(path)
    assert path.read_text() == "secret\n"


@pytest.mark.parametrize("text", ["", "\n", "a\x00b", "x" * 5000])
def test_what_is_no_secret_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LinkError):
        read_secret(_file(tmp_path, text))
