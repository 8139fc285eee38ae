"""A signing key and its name, of the ledger or of a witness, made once and kept in a file that only its owner may read.

Beside it lies the public side (`.vkey`), to be handed out. Processes that begin at the same time get the same key.
"""

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from earwitness.domain.errors import LedgerError, ProofError, StorageError
from earwitness.ledger.note import ED25519, Verifier, verifier_of
from earwitness.storage.durable import sync_folder, write_whole

_FIRST_LINE: Final = "earwitness ledger key v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """`name` is the ledger's origin, the first line of its checkpoints."""

    name: str
    key: Ed25519PrivateKey

    def verifier(self, *, kind: int = ED25519) -> Verifier:
        """The public side."""
        return verifier_of(self.name, self.key, kind=kind)


def signing_key(
    path: Path, *, prefix: str = "earwitness.invalid/ledger", kind: int = ED25519, may_make: bool = True
) -> SigningKey:
    """The key in a file, made at first with a random name below `prefix` unless it must be there already.

    Raises LedgerError (ledger.key) if the file cannot be made or used.
    """
    try:
        if may_make and not path.exists():
            _make(path, prefix)
        found = _read(path)
        public, told = path.with_suffix(".vkey"), found.verifier(kind=kind).encoded().encode() + b"\n"
        if not public.exists() or public.read_bytes() != told:
            write_whole(public, [told], mode=0o644)
        return found
    except OSError as error:
        raise LedgerError(f"{path.with_suffix('.vkey')} cannot be read: {error.strerror}.", code="ledger.key") from error
    except StorageError as error:
        raise LedgerError(f"The key {path} cannot be kept. {error.sentence}", code="ledger.key") from error


def _read(path: Path) -> SigningKey:
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise LedgerError(f"Others may read {path}: run `chmod 600 {path}`, then start again.", code="ledger.key")
        first, name, seed = path.read_text(encoding="ascii").splitlines()
        if first != _FIRST_LINE:
            raise ValueError(first)
        found = SigningKey(name=name, key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
        found.verifier()
        return found
    except (OSError, ValueError, ProofError) as error:
        raise LedgerError(f"{path} holds no signing key; restore it from a backup of the keys.", code="ledger.key") from error


def _make(path: Path, prefix: str) -> None:
    """Write the key beside its place and link it there: whoever comes second keeps the first one's."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    name, seed = f"{prefix}/{secrets.token_hex(8)}", Ed25519PrivateKey.generate().private_bytes_raw().hex()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(fresh, [f"{_FIRST_LINE}\n{name}\n{seed}\n".encode()], mode=0o600)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        sync_folder(path.parent)
    except OSError as error:
        raise LedgerError(f"The key {path} cannot be made: {error.strerror}.", code="ledger.key") from error
    finally:
        fresh.unlink(missing_ok=True)
