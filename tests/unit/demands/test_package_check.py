"""Packages of anybody: what is damaged, or was made to be none, is refused with a sentence."""

import contextlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from earwitness.demands.package_check import check_package, is_package
from earwitness.domain.errors import ProofError
from earwitness.ledger.note import parse_verifier
from tests.demands_kept import DemandedHouse
from tests.houses_kept import sound


def handed_out(desk: DemandedHouse, path: Path) -> Path:
    """The package of an answer, decrypted."""
    desk.sunday("call the plumber", sound=sound(0.2))
    case = desk.notified()
    desk.house.clock.advance(days=14)
    made = desk.disclose(case)
    assert made.path is not None
    path.write_bytes(desk.decrypted(made.path))
    return path


def test_a_package_of_which_any_byte_was_changed_is_refused_or_says_the_same(desk: DemandedHouse, tmp_path: Path) -> None:
    path, log = handed_out(desk, tmp_path / "package.zip"), parse_verifier(desk.house.ledger.verifier)
    whole = path.read_bytes()
    found = check_package(path, log=log)
    assert (is_package(path), found.files, found.opened) == (True, 2, 2)
    for at in range(0, len(whole), 29):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with contextlib.suppress(ProofError):
            assert check_package(path, log=log) == found


@pytest.mark.parametrize(
    "manifest", ["[]", "{}", '{"files": [1]}', '{"files": [{"file": "a"}]}', '{"files": [{"file": "a", "bytes": 1}]}']
)
def test_a_manifest_that_is_none_is_refused(desk: DemandedHouse, tmp_path: Path, manifest: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("manifest.json", manifest)
        if '"a"' in manifest:
            file.writestr("a", json.dumps(1))
    (tmp_path / "package.zip").write_bytes(data.getvalue())
    with pytest.raises(ProofError):
        check_package(tmp_path / "package.zip", log=parse_verifier(desk.house.ledger.verifier))
