"""Reads a secret (a password, a key) from a file of its own. Owns no secret and never shows one."""

import os
import stat
from pathlib import Path
from typing import Final

from earwitness.domain.errors import LinkError

MOST_BYTES: Final = 4096


def read_secret(path: Path) -> str:
    """The first line of a file that nobody else may read. Blocks on the disk. Raises LinkError, link.secret."""
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
