"""The key file: made once, private, the same for all who begin together, and never replaced silently."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from earwitness.domain.errors import LedgerError
from earwitness.ledger.note import COSIGNATURE, parse_verifier
from earwitness.ledger.signing_key import signing_key

BEGINNER = """
import sys
from pathlib import Path
from earwitness.ledger.signing_key import signing_key

print("ready", flush=True)
sys.stdin.readline()
print(signing_key(Path(sys.argv[1])).verifier().encoded())
"""


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ledger.key"
    first = signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing_key(path).verifier() == first.verifier()
    assert parse_verifier(path.with_suffix(".vkey").read_text()) == first.verifier()
    assert sorted(one.name for one in path.parent.iterdir()) == ["ledger.key", "ledger.vkey"]
    assert signing_key(tmp_path / "other.key").name != first.name


def test_the_public_side_is_put_right(tmp_path: Path) -> None:
    path = tmp_path / "witness.key"
    key = signing_key(path, prefix="earwitness.invalid/witness", kind=COSIGNATURE)
    path.with_suffix(".vkey").unlink()
    for wrong in (None, "something else"):
        if wrong is not None:
            path.with_suffix(".vkey").write_text(wrong)
        signing_key(path, kind=COSIGNATURE)
        assert parse_verifier(path.with_suffix(".vkey").read_text()) == key.verifier(kind=COSIGNATURE)


def test_processes_that_begin_together_get_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ledger.key"
    beginners = [
        subprocess.Popen([sys.executable, "-c", BEGINNER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for one in beginners:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in beginners:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = {one.communicate(timeout=60)[0] for one in beginners}
    assert said == {signing_key(path).verifier().encoded() + "\n"}


SEED = "00" * 32
FIRST = "earwitness ledger key v1"
HOSTILE = {
    "nothing": "",
    "a first line alone": f"{FIRST}\n",
    "another version": f"earwitness ledger key v2\na\n{SEED}",
    "a name with a space": f"{FIRST}\na b\n{SEED}",
    "a short seed": f"{FIRST}\na\n{SEED[2:]}",
    "a seed that is none": f"{FIRST}\na\nxyz",
    "no ASCII": "\xff",
    "a line more": f"{FIRST}\na\n{SEED}\nb",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_file_that_holds_no_key_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.key"
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(LedgerError, match="holds no signing key") as caught:
        signing_key(path)
    assert caught.value.code == "ledger.key"
    assert path.read_text(encoding="latin-1") == text


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    signing_key(path)
    path.chmod(0o640)
    with pytest.raises(LedgerError, match="chmod 600"):
        signing_key(path)


def test_a_place_where_none_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError) as caught:
        signing_key(tmp_path / "file" / "ledger.key")
    assert caught.value.code == "ledger.key"
    with pytest.raises(LedgerError):
        signing_key(tmp_path / "nothing" / "ledger.key", may_make=False)
    assert not (tmp_path / "nothing").exists()
