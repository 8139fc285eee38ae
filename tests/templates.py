"""Databases with their schema in place, made once, and no waiting for the disk: either takes longer than most tests.

While it lasts, a new SQLite file of any test begins as a copy of one that was migrated once, by the same code; opening it checks
its revision as always. Tests of the migrations, and other programs that a test starts, migrate for themselves. Nor does SQLite
wait until the disk has what it wrote: no test cuts the power, and who dies by `kill -9` loses nothing that was written.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from earwitness.storage.database import Chain, Database

_open = Database.__init__


class Templates:
    """One migrated file of each chain in `folder`, made when first needed; `is_used` says whether new files begin as one."""

    def __init__(self, folder: Path) -> None:
        self.is_used = True
        self._folder = folder

    @contextlib.contextmanager
    def unused(self) -> Iterator[None]:
        """While the block runs, every new database is migrated."""
        self.is_used = False
        try:
            yield
        finally:
            self.is_used = True

    def put(self, place: Path, *, chain: Chain) -> None:
        """Put a copy at `place`, unless something is there or it cannot be: then whoever opens the database finds out."""
        if os.path.lexists(place):
            return
        copy = place.with_name(f".{place.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._template(chain), copy)
            copy.chmod(0o600)
            try:
                os.link(copy, place)  # of two who make one database at once, one puts it there
            finally:
                copy.unlink()

    def _template(self, chain: Chain) -> Path:
        made = self._folder / f"{chain}.db"
        if not made.exists():
            being_made = self._folder / f"making-{chain}-{os.getpid()}-{secrets.token_hex(4)}.db"
            new = Database.__new__(Database)
            _open(new, being_made, chain=chain)
            new.close()
            being_made.rename(made)
        return made


def _wait_for_no_disk(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@contextlib.contextmanager
def used_templates(folder: Path) -> Iterator[Templates]:
    """While the block runs, new files begin as copies of templates in `folder`."""
    templates = Templates(folder)

    @wraps(_open)
    def begin(self: Database, place: Path | str, **how: Any) -> None:
        if isinstance(place, Path) and templates.is_used:
            templates.put(place, chain=how["chain"])
        _open(self, place, **how)
        if isinstance(place, Path) and templates.is_used:
            event.listen(self._engine, "connect", _wait_for_no_disk)
            opened = self._engine.raw_connection()  # the one that is there already
            _wait_for_no_disk(opened.driver_connection, None)
            opened.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "__init__", begin)
        patch.setattr(os, "fsync", os.fstat)  # which refuses what is no open file, and waits for nothing
        yield templates
