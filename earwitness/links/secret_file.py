"""Reads a secret (a password, a key) from a file of its own, in plain or sealed by the house. Owns no secret and never shows one.

A sealed file opens only in the house that sealed it; what is in it is bound to the file's place in the settings.
"""

import base64
import binascii
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from earwitness.domain.errors import LinkError, VaultError
from earwitness.storage.durable import write_whole

MOST_BYTES: Final = 4096
SEALED: Final = "earwitness-sealed:"
Unseal = Callable[[bytes], bytes]
"""Opens what was sealed for one place in the settings. Raises VaultError."""


def read_secret(path: Path, *, unseal: Unseal | None = None) -> str:
    """The first line of a file that nobody else may read. Blocks on the disk. Raises LinkError, link.secret.

    `unseal` opens it if it is sealed.
    """
    secret = _line(path)
    if not secret.startswith(SEALED):
        return secret
    if unseal is None:
        raise LinkError(f"{path} is sealed, and opens only in the running house.", code="link.secret")
    try:
        return unseal(base64.b64decode(secret.removeprefix(SEALED), validate=True)).decode()
    except (VaultError, binascii.Error, UnicodeDecodeError) as error:
        raise LinkError(f"{path} was sealed elsewhere: write the password or key there again.", code="link.secret") from error


def is_sealed(path: Path) -> bool:
    """Whether a secret's file is sealed. Raises LinkError, link.secret."""
    return _line(path).startswith(SEALED)


def seal_secret(path: Path, *, seal: Callable[[bytes], bytes]) -> bool:
    """Seal the secret in a file, in its place; False if it is already. Raises LinkError, VaultError, StorageError.

    The plain bytes may stay on the disk where the file lay, until something else is written there.
    """
    secret = _line(path)
    if secret.startswith(SEALED):
        return False
    write_whole(path, [f"{SEALED}{base64.b64encode(seal(secret.encode())).decode()}\n".encode()], mode=0o600)
    return True


def _line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise LinkError(f"Others may read {path}: run `chmod 600 {path}`, then try again.", code="link.secret")
            data = file.read(MOST_BYTES + 1)
        secret = data.decode("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise LinkError(f"{path} cannot be read; it holds one line, the password or key.", code="link.secret") from error
    if not secret or len(data) > MOST_BYTES or not secret.isprintable():
        raise LinkError(f"{path} holds no password or key; write it there as one line.", code="link.secret")
    return secret
