"""Private keys in files that only their owner may read; made once, whichever process comes first."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from earwitness.domain.errors import TrustError
from earwitness.storage.durable import sync_folder, write_whole


def link_new(path: Path, data: bytes) -> None:
    """Write a secret beside its place and link it there: the first one stays. Raises OSError, StorageError."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        write_whole(fresh, [data], mode=0o600)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def written_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM (PKCS 8)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The private key in a file that nobody else may read. Raises TrustError, OSError."""
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise TrustError(f"Others may read {path}: run `chmod 600 {path}`, then start again.", code="trust.key")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise unusable(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise unusable(path)
    return key


def unusable(path: Path) -> TrustError:
    """The error for a file of keys that is no use."""
    return TrustError(f"{path} cannot be made or used; restore it from a backup of the keys.", code="trust.key")
