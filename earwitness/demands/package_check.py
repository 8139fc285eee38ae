"""A package that was handed out, checked by whoever decrypted it: every file is as the manifest says, and the opening of each
recording was in the ledger before. Offline; it trusts the ledger's key alone.

The manifest itself is not signed: that a package is the one that was handed out, the answer says, by the digest of the encrypted
file (`statement.py`).
"""

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from earwitness.demands.statement import proved_entry
from earwitness.domain.errors import ProofError
from earwitness.ledger.note import Checkpoint, Verifier
from earwitness.ledger.proof import read_proof

MANIFEST: Final = "manifest.json"
_MOST_MANIFEST_BYTES: Final = 1 << 28
_UNREADABLE: Final = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
)
"""What reading a file raises that is damaged, or was made to be no package."""
_FOLDERS: Final = {"words": "text", "sound": "audio"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was established: of which demand, how many files, how many of them were opened recordings, under which heads."""

    demand: str
    files: int
    opened: int
    approval: str
    checkpoints: tuple[Checkpoint, ...]


def is_package(path: Path) -> bool:
    """Whether a file is a decrypted package: a zip, as its end says."""
    return zipfile.is_zipfile(path)


def check_package(path: Path, *, log: Verifier) -> Checked:
    """Check a decrypted package. Raises ProofError that says which file is wrong."""
    try:
        with zipfile.ZipFile(path) as file:
            return _checked(file, log)
    except _UNREADABLE as error:
        raise ProofError("That is no package of a disclosure, or it is damaged.", code="proof.unreadable") from error


def _checked(file: zipfile.ZipFile, log: Verifier) -> Checked:
    if file.getinfo(MANIFEST).file_size > _MOST_MANIFEST_BYTES:
        raise ProofError("The manifest is too long to be one.", code="proof.unreadable")
    manifest = json.loads(file.read(MANIFEST))
    named = {str(one["file"]): one for one in manifest["files"]}
    if sorted([*named, MANIFEST]) != sorted(file.namelist()):
        raise ProofError("The package has other files than its manifest names.")
    heads: list[Checkpoint] = []
    for name, told in named.items():
        if file.getinfo(name).file_size != told["bytes"] or _sha256(file, name) != told["sha256"]:
            raise ProofError(f"{name} is not the file that was packed: it was changed.")
        folder, _, rest = name.partition("/")
        if folder in _FOLDERS:
            heads.append(_opening(name, told, medium=_FOLDERS[folder], recording=rest.partition(".")[0], log=log))
    return Checked(
        demand=str(manifest["demand"]),
        files=len(named),
        opened=len(heads),
        approval=str(manifest["approval"]),
        checkpoints=tuple(heads),
    )


def _sha256(file: zipfile.ZipFile, name: str) -> str:
    """Read in pieces: how long a file says that it is was written by whoever made it."""
    digest = hashlib.sha256()
    with file.open(name) as data:
        while piece := data.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _opening(name: str, told: dict[str, Any], *, medium: str, recording: str, log: Verifier) -> Checkpoint:
    """The head under which the opening of just this recording, in this medium and by demand, is in the ledger."""
    proof = read_proof(json.dumps(told["proof"]).encode())
    checkpoint, entry = proof.check(log), proved_entry(proof, told.get("sealed"))
    expected = {"kind": "read.opened", "purpose": "demand", "medium": medium, "recording": recording}
    if recording != told["recording"] or any(entry.get(key) != value for key, value in expected.items()):
        raise ProofError(f"The proof beside {name} is of another opening.")
    return checkpoint
