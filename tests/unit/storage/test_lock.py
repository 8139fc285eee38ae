"""The lock of a state folder: many share it, one has it alone, and it goes with its process."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError
from earwitness.storage import swap
from earwitness.storage.lock import StateLock, work_folder

HOLDER = """
import sys
from pathlib import Path
from earwitness.storage.lock import StateLock
with StateLock(Path(sys.argv[1]), is_exclusive=sys.argv[2] == "alone"):
    print("held", flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that has the lock until it is told to let go, or killed."""

    def __init__(self, folder: Path, how: str) -> None:
        arguments = [sys.executable, "-c", HOLDER, str(folder), how]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"held\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_many_share_it(tmp_path: Path) -> None:
    with StateLock(tmp_path), StateLock(tmp_path):
        holder = Holder(tmp_path, "shared")
        holder.kill()


@pytest.mark.parametrize("how", ["shared", "alone"])
def test_a_restore_needs_it_alone(tmp_path: Path, how: str) -> None:
    holder = Holder(tmp_path, how)
    with pytest.raises(StorageError, match="stop the server") as caught, StateLock(tmp_path, is_exclusive=True):
        pytest.fail("two have it")
    assert caught.value.code == "storage.in_use"
    holder.kill()
    with StateLock(tmp_path, is_exclusive=True):
        """A lock goes with its process, also with a killed one."""


def test_nobody_gets_in_during_a_restore(tmp_path: Path) -> None:
    holder = Holder(tmp_path, "alone")
    with pytest.raises(StorageError, match="being restored") as caught, StateLock(tmp_path):
        pytest.fail("it was shared")
    assert caught.value.is_retryable
    holder.kill()


def test_it_can_be_taken_again_after_it_was_refused(tmp_path: Path) -> None:
    with StateLock(tmp_path), pytest.raises(StorageError), StateLock(tmp_path, is_exclusive=True):
        pytest.fail("two have it")
    with StateLock(tmp_path, is_exclusive=True):
        assert (tmp_path / ".lock").stat().st_mode & 0o077 == 0


def test_the_folder_is_made_private(tmp_path: Path) -> None:
    with StateLock(tmp_path / "new"):
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used"), StateLock(tmp_path / "file" / "state"):
        pytest.fail("there is no such folder")


def test_handles_are_closed(tmp_path: Path) -> None:
    with StateLock(tmp_path) as lock:
        handle = lock.handle
        os.fstat(handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)


# The work folder


def test_work_is_private_and_goes(tmp_path: Path) -> None:
    with work_folder(tmp_path) as work:
        (work / "copy").write_text("names of people")
        assert work.stat().st_mode & 0o077 == 0
    assert not work.exists()


def test_work_goes_also_after_an_error(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), work_folder(tmp_path) as work:
        (work / "copy").write_text("names of people")
        raise ZeroDivisionError
    assert not (tmp_path / ".work").exists()


def test_one_works_at_a_time(tmp_path: Path) -> None:
    with work_folder(tmp_path) as work:
        with pytest.raises(StorageError, match="Another backup"), work_folder(tmp_path):
            pytest.fail("two work")
        with StateLock(tmp_path):
            assert work.exists(), "it belongs to somebody"


def test_what_a_killed_worker_left_goes_with_the_next_start(tmp_path: Path) -> None:
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work" / "copy").write_text("names of people")
    with StateLock(tmp_path):
        assert not (tmp_path / ".work").exists()


def test_a_preparation_that_was_broken_off_goes_with_the_next_start(tmp_path: Path) -> None:
    (swap.prepare(tmp_path) / "household.db").write_text("half")
    with StateLock(tmp_path):
        assert swap.contents(tmp_path) == []
        assert not swap.is_unfinished(tmp_path)


def test_a_decided_swap_is_finished_before_anybody_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "household.db").write_text("old")
    (swap.prepare(tmp_path) / "household.db").write_text("new")
    with monkeypatch.context() as patch:
        patch.setattr(swap, "finish", lambda folder: None)
        swap.commit(tmp_path, aside="replaced-x", keeps_old=True)
    assert (tmp_path / "household.db").read_text() == "old"
    with StateLock(tmp_path):
        assert (tmp_path / "household.db").read_text() == "new"
        assert (tmp_path / "replaced-x" / "household.db").read_text() == "old"
