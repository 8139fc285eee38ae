"""The household key, which wraps every person's key: kept in a file, or opened by an age identity that can be kept elsewhere.

Owns the key's place and nothing that it opens. The key itself never leaves this process and is never logged.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final, Protocol

import pyrage

from earwitness.domain.errors import SettingsError, VaultError
from earwitness.storage.durable import sync_folder, write_whole
from earwitness.vault.envelope import KEY_BYTES, new_key, nonce_of, unwrap_key, wrap_key

_MAGIC: Final = b"earwitness household key v1\n"
_BY_AGE: Final = b"\x02"
_SHARE: Final = slice(33, 76)
"""In a key wrapped by age: the ephemeral share of its one X25519 recipient (age-encryption.org/v1)."""


class KeyService(Protocol):
    """Wraps and unwraps the keys of people. Another service (a security module) needs only these two."""

    name: str

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """The key, sealed for that id. Raises VaultError when the service cannot be used."""
        ...

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """The key again. Raises VaultError (vault.sealed_wrong) if it was not wrapped here for that id."""
        ...


class KeyFile:
    """A random key in a file that only its owner may read; made when it is not there and nothing is wrapped by it yet."""

    name = "file"

    def __init__(self, path: Path, *, may_make: bool = True) -> None:
        """Raises VaultError if others may read the file, it holds no key, or it is not there and may not be made."""
        if may_make and not path.exists():
            _make_private(path)
        self._key = _read_private(path)

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        return wrap_key(key, by=self._key, key_id=key_id, parent_id="household")

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        return unwrap_key(wrapped, by=self._key, key_id=key_id, parent_id="household")


class AgeIdentity:
    """An age identity (age-encryption.org/v1) in a file, for example on a stick: without it nothing that is kept opens.

    The identity's file is made by `age-keygen` or by `earwitness keys make`; it is read at each start and stays where it is.
    """

    name = "age"

    def __init__(self, path: Path) -> None:
        """Raises VaultError if the file cannot be read or holds no age identity."""
        self._identity = read_identity(path)
        self._recipient = self._identity.to_public()

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        sealed: bytes = pyrage.encrypt(_labelled(key_id) + key, [self._recipient])
        return _BY_AGE + sealed

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        try:
            plain = pyrage.decrypt(wrapped[1:], [self._identity]) if wrapped[:1] == _BY_AGE else b""
        except pyrage.DecryptError as error:
            raise _not_ours() from error
        label = _labelled(key_id)
        if not plain.startswith(label) or len(plain) != len(label) + KEY_BYTES:
            raise _not_ours()
        return plain[len(label) :]


def key_service(kind: str, *, folder: Path, identity: Path | None, may_make: bool = True) -> KeyService:
    """The service of that kind ("file" or "age"); `may_make` a key if there is none. Raises SettingsError, VaultError."""
    match kind:
        case "file":
            return KeyFile(folder / "household.key", may_make=may_make)
        case "age":
            if identity is None:
                raise SettingsError('vault.key_service = "age" needs vault.age_identity, the file of the identity.')
            return AgeIdentity(identity)
        case _:
            raise SettingsError(f'There is no key service "{kind}"; choose file or age.')


def mark_of(wrapped: bytes) -> bytes:
    """Bytes of a wrapped key without which nobody can unwrap it, and which no other wrapped key has."""
    return wrapped[_SHARE] if wrapped[:1] == _BY_AGE else nonce_of(wrapped)


def read_identity(path: Path) -> pyrage.x25519.Identity:
    """The age identity in a file, as age-keygen writes it. Raises VaultError."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return pyrage.x25519.Identity.from_str(next(line for line in lines if line.startswith("AGE-SECRET-KEY-")))
    except (OSError, UnicodeDecodeError, StopIteration, pyrage.IdentityError) as error:
        raise VaultError(f"There is no age identity at {path}; connect what it is kept on.", code="vault.key_missing") from error


def _labelled(key_id: str) -> bytes:
    return f"earwitness/v1/wrapped-key/{key_id}\n".encode()


def _make_private(path: Path) -> None:
    """Make the key, unless another process was quicker: then theirs counts."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{secrets.token_hex(8)}.new")
    write_whole(fresh, [_MAGIC + new_key()], mode=0o600)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def _read_private(path: Path) -> bytes:
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise VaultError(f"Others may read {path}: run `chmod 600 {path}`, then start again.", code="vault.key_open")
        data = path.read_bytes()
    except OSError as error:
        raise VaultError(
            f"The key file {path} cannot be read ({error.strerror}); restore it from a backup of the keys.",
            code="vault.key_missing",
        ) from error
    if not data.startswith(_MAGIC) or len(data) != len(_MAGIC) + KEY_BYTES:
        raise VaultError(f"{path} holds no household key; restore it from a backup of the keys.", code="vault.key_missing")
    return data[len(_MAGIC) :]


def _not_ours() -> VaultError:
    return VaultError("That key was not wrapped by this age identity.", code="vault.sealed_wrong")
