"""The ledger's own key and name, made once and kept in a file that only its owner may read."""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from earwitness.domain.errors import LedgerError
from earwitness.ledger.note import Verifier, verifier_of
from earwitness.storage.durable import write_whole

_FIRST_LINE: Final = "earwitness ledger key v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """`name` is the ledger's origin, the first line of its checkpoints."""

    name: str
    key: Ed25519PrivateKey

    def verifier(self, *, kind: int = 1) -> Verifier:
        """The public side."""
        return verifier_of(self.name, self.key, kind=kind)


def signing_key(path: Path, *, prefix: str = "earwitness.invalid/ledger") -> SigningKey:
    """The key in a file, made at first with a random name below `prefix`. Raises LedgerError if the file cannot be used."""
    if not path.exists():
        _make(path, prefix)
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise LedgerError(f"Others may read {path}: run `chmod 600 {path}`, then start again.", code="ledger.key")
        first, name, seed = path.read_text(encoding="ascii").splitlines()
        if first != _FIRST_LINE:
            raise ValueError(first)
        return SigningKey(name=name, key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
    except (OSError, ValueError) as error:
        raise LedgerError(f"{path} holds no ledger key; restore it from a backup of the keys.", code="ledger.key") from error


def _make(path: Path, prefix: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    name, seed = f"{prefix}/{secrets.token_hex(8)}", Ed25519PrivateKey.generate().private_bytes_raw().hex()
    write_whole(path, [f"{_FIRST_LINE}\n{name}\n{seed}\n".encode()], mode=0o600)
    public = verifier_of(name, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))).encoded()
    write_whole(path.with_suffix(".vkey"), [public.encode() + b"\n"], mode=0o644)
