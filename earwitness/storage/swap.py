"""Replacing what a folder holds by something else, whole or not at all, also when the power goes in between.

The new contents are prepared in a hidden folder inside; one rename of that folder is the decision. From then on whoever opens
the folder first (see `lock.py`) finishes the moves; before it, the preparation is rubbish, and is removed. It knows nothing of
what is moved. Names that begin with a dot, and what was moved aside earlier, are left alone.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earwitness.domain.errors import StorageError
from earwitness.storage.durable import sync_folder, write_whole

ASIDE: Final = "replaced-"
"""How the name of a folder begins that holds what was replaced."""
_INCOMING: Final = ".incoming"
_DECIDED: Final = ".decided"
_NEW: Final = "new"
_PLAN: Final = "plan.json"
_IS_CLEARED: Final = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is moved: old names out, to the folder `aside`, which stays or goes at the end; then new names in."""

    aside: str
    keeps_old: bool
    outgoing: list[str]
    incoming: list[str]


def contents(folder: Path) -> list[str]:
    """The names that a swap would replace."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith((".", ASIDE)))


def prepare(folder: Path) -> Path:
    """An empty folder, private, for the new contents; what an earlier preparation left is removed. Raises StorageError, also
    where part of the old contents lies on another disk."""
    for path in map(folder.joinpath, contents(folder)):
        if path.is_symlink() or path.is_mount():
            raise StorageError(f"{path} lies on another disk: take the link or mount away, and move it there again afterwards.")
    try:
        shutil.rmtree(folder / _INCOMING, ignore_errors=True)
        new = folder / _INCOMING / _NEW
        (folder / _INCOMING).mkdir(parents=True, mode=0o700)
        new.mkdir(mode=0o700)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written ({error.strerror}); check that you may, and that it has space."
        ) from error
    return new


def abandon(folder: Path) -> None:
    """Remove what was prepared."""
    shutil.rmtree(folder / _INCOMING, ignore_errors=True)


def commit(folder: Path, *, aside: str, keeps_old: bool) -> None:
    """Put what was prepared, and is on the disk, in the place of what is there; the old goes to `aside` inside the folder.

    Raises StorageError; then the folder is as it was, unless the disk failed in the midst of the moves: opening it goes on.
    """
    outgoing, incoming = contents(folder), sorted(path.name for path in (folder / _INCOMING / _NEW).iterdir())
    plan = {"aside": aside, "keeps_old": keeps_old, "outgoing": outgoing, "incoming": incoming}
    try:
        write_whole(folder / _INCOMING / _PLAN, [json.dumps(plan).encode()])
        (folder / _INCOMING).rename(folder / _DECIDED)
        sync_folder(folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}.") from error
    finish(folder)


def is_unfinished(folder: Path) -> bool:
    """Whether a swap, or its preparation, was broken off here."""
    return (folder / _DECIDED).exists() or (folder / _INCOMING).exists()


def finish(folder: Path) -> None:
    """Finish a swap that was decided; remove one that was not. Raises StorageError."""
    try:
        if (folder / _DECIDED).exists():
            _move(folder, _read(folder / _DECIDED / _PLAN))
        shutil.rmtree(folder / _INCOMING, ignore_errors=True)
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"A restore into {folder} was broken off and cannot be finished ({type(error).__name__}).") from error


def _read(path: Path) -> _Plan:
    return _Plan(**json.loads(path.read_bytes()))


def _move(folder: Path, plan: _Plan) -> None:
    """Every step may have been done already. Nothing new comes in before all that is old is out, so that the names of old and
    new never mix: a database beside another's log would be damaged."""
    decided, aside = folder / _DECIDED, folder / plan.aside
    if not (decided / _IS_CLEARED).exists():
        if plan.outgoing:
            aside.mkdir(exist_ok=True, mode=0o700)
        for name in plan.outgoing:
            _rename(folder / name, aside / name)
        if plan.outgoing:
            sync_folder(aside)
        sync_folder(folder)
        write_whole(decided / _IS_CLEARED, [])
    for name in plan.incoming:
        _rename(decided / _NEW / name, folder / name)
    sync_folder(folder)
    if not plan.keeps_old:
        shutil.rmtree(aside / "keys", ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)
    decided.rename(folder / _INCOMING)  # from here on it is rubbish
    sync_folder(folder)


def _rename(source: Path, target: Path) -> None:
    if os.path.lexists(source):
        source.rename(target)
