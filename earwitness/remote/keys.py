"""WireGuard's keys: the server's, in a file of its own, and those that a phone is given once.

Owns the file `wireguard.key`. A phone's private key is made here, goes into its profile and is kept nowhere. Nothing is logged.
"""

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from earwitness.domain.errors import RemoteError
from earwitness.storage.durable import write_whole

KEY_BYTES: Final = 32
_MAGIC: Final = b"earwitness wireguard key v1\n"
_PRESHARED: Final = b"earwitness wireguard preshared key v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKey:
    """The server's private key, and the secret from which the key that it shares with each phone follows."""

    private: bytes = field(repr=False)
    root: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        return public_of(self.private)

    def preshared(self, phone: bytes) -> bytes:
        """The key shared with the phone of that public key (HKDF, RFC 5869). The root is random and tells nothing to somebody who
        breaks X25519 one day, so what was recorded before stays closed (WireGuard's white paper, 5.2)."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=_PRESHARED + phone).derive(self.root)


def new_private_key() -> bytes:
    """A private key as `wg genkey` makes one: 32 random bytes, clamped (RFC 7748, 5)."""
    key = bytearray(secrets.token_bytes(KEY_BYTES))
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return bytes(key)


def public_of(private: bytes) -> bytes:
    """The public key of a private one (X25519, RFC 7748)."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def written(key: bytes) -> str:
    """A key as WireGuard writes it: 44 characters of base64."""
    return base64.b64encode(key).decode()


def read_key(text: str) -> bytes:
    """A key that WireGuard wrote. Raises RemoteError (remote.invalid) if it is none."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES or written(key) != text:
        raise RemoteError("That is not a key of WireGuard: it has 44 characters and ends in =.", code="remote.invalid")
    return key


def server_key(path: Path) -> ServerKey:
    """The key in that file, which is made when it is not there.

    Raises RemoteError (remote.key) if others may read the file or it holds no key, StorageError if it cannot be written.
    """
    if not path.exists():
        write_whole(path, [_MAGIC, new_private_key(), secrets.token_bytes(KEY_BYTES)], mode=0o600)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            held = file.read(len(_MAGIC) + 2 * KEY_BYTES + 1)
    except OSError as error:
        raise RemoteError(f"{path} cannot be read: run this as who runs the server.", code="remote.key") from error
    if stat.S_IMODE(mode) & 0o077:
        raise RemoteError(f"Others on this machine may read {path}: run `chmod 600` on it.", code="remote.key")
    if not held.startswith(_MAGIC) or len(held) != len(_MAGIC) + 2 * KEY_BYTES:
        sentence = f"{path} holds no key of WireGuard: restore it, or delete it and give every phone a new profile."
        raise RemoteError(sentence, code="remote.key")
    private = held[len(_MAGIC) : -KEY_BYTES]
    return ServerKey(private=private, root=held[-KEY_BYTES:])
