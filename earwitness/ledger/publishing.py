"""A ledger as a folder of static files in the layout of C2SP tlog-tiles, for any web server and any verifier.

The folder is a snapshot: exactly what its checkpoint covers, and the ledger's public key. Each file is whole or not there; the
checkpoint comes last, so that it never promises what is not there yet.
"""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from earwitness.domain.errors import ProofError, StorageError
from earwitness.ledger.note import Checkpoint, parse_checkpoint, parse_note
from earwitness.ledger.tiles import Tile, tiles_of
from earwitness.storage.durable import write_whole

CHECKPOINT: Final = "checkpoint"
VERIFIER: Final = "ledger.vkey"
_LEFTOVER: Final = re.compile(r"\.[0-9a-f]{16}\.part")
Tell = Callable[[int, int], None]


def published_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint that lies in a folder, its signature unchecked; None if nothing was published there.

    Raises ProofError if it cannot be read.
    """
    try:
        return parse_checkpoint(parse_note((folder / CHECKPOINT).read_text(encoding="utf-8")).text)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ProofError(f"{folder / CHECKPOINT} cannot be read; name an empty folder.", code="proof.unreadable") from error


def write_folder(folder: Path, *, checkpoint: str, verifier: str, fetch: Callable[[Tile], bytes], tell: Tell) -> int:
    """Bring a folder up to a checkpoint, writing only what is not there yet; gives the ledger's size.

    `fetch` gives a tile; `tell` is told how many of how many are written. Raises StorageError.
    """
    size = parse_checkpoint(parse_note(checkpoint).text).size
    wanted = [tile for tile in tiles_of(size) if not (folder / tile.path()).exists()]
    for done, tile in enumerate(wanted):
        tell(done, len(wanted))
        write_whole(folder / tile.path(), [fetch(tile)])
    write_whole(folder / VERIFIER, [verifier.encode() + b"\n"])
    write_whole(folder / CHECKPOINT, [checkpoint.encode()])
    _tidy(folder, size)
    tell(len(wanted), len(wanted))
    return size


def _tidy(folder: Path, size: int) -> None:
    """Remove partial tiles of smaller trees, and what an interrupted writer left."""
    current = {tile.path() for tile in tiles_of(size)}
    try:
        for path in list(folder.rglob("*.p/*")):
            if path.relative_to(folder).as_posix() not in current:
                path.unlink()
                with contextlib.suppress(OSError):
                    path.parent.rmdir()
        for path in list(folder.rglob(".*.part")):
            if _LEFTOVER.fullmatch(path.name):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be tidied: {error.strerror}. Publish again.") from error
