"""Replacing what a folder holds: whole or not at all, wherever it is broken off."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError
from earwitness.storage import swap

OLD = {"household.db": "old", "household.db-wal": "old log", "keys/keys.db": "old keys", "only-old": "old"}
NEW = {"household.db": "new", "keys/keys.db": "new keys", "recordings/aa/bb": "new sound"}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def read(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def prepared(folder: Path) -> Path:
    write(folder, OLD)
    (folder / ".lock").write_text("")
    write(swap.prepare(folder), NEW)
    return folder


def test_new_for_old(tmp_path: Path) -> None:
    swap.commit(prepared(tmp_path), aside="replaced-1", keeps_old=True)
    assert read(tmp_path) == {**NEW, ".lock": "", **{f"replaced-1/{name}": text for name, text in OLD.items()}}
    assert swap.contents(tmp_path) == ["household.db", "keys", "recordings"]


def test_the_old_goes_if_so_wanted(tmp_path: Path) -> None:
    swap.commit(prepared(tmp_path), aside="replaced-1", keeps_old=False)
    assert read(tmp_path) == {**NEW, ".lock": ""}


def test_into_an_empty_folder(tmp_path: Path) -> None:
    write(swap.prepare(tmp_path / "new"), NEW)
    swap.commit(tmp_path / "new", aside="replaced-1", keeps_old=True)
    assert read(tmp_path / "new") == NEW
    assert not (tmp_path / "new" / "replaced-1").exists()


def test_what_was_replaced_earlier_stays(tmp_path: Path) -> None:
    swap.commit(prepared(tmp_path), aside="replaced-1", keeps_old=True)
    write(swap.prepare(tmp_path), {"household.db": "newest"})
    swap.commit(tmp_path, aside="replaced-2", keeps_old=True)
    assert (tmp_path / "replaced-1" / "household.db").read_text() == "old"
    assert (tmp_path / "replaced-2" / "household.db").read_text() == "new"
    assert swap.contents(tmp_path) == ["household.db"]


def test_a_preparation_is_abandoned(tmp_path: Path) -> None:
    swap.abandon(prepared(tmp_path))
    assert read(tmp_path) == {**OLD, ".lock": ""}
    assert not swap.is_unfinished(tmp_path)


def test_what_lies_on_another_disk_is_not_moved_to_this_one(tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "keys").symlink_to(tmp_path / "stick")
    with pytest.raises(StorageError, match="another disk"):
        swap.prepare(tmp_path / "state")
    assert (tmp_path / "state" / "keys").is_symlink()


class PowerCutError(Exception):
    """Stands for the moment at which a process is gone."""


@pytest.mark.parametrize("keeps_old", [True, False])
def test_broken_off_at_every_step_it_is_old_or_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps_old: bool) -> None:
    """Cut before the n-th change to the disk, for every n until none is left; and again while that is being finished."""
    outcomes = set()
    for steps in range(200):
        folder = prepared(tmp_path / str(steps))
        is_done = cut_after(steps, partial(swap.commit, folder, aside="replaced-1", keeps_old=keeps_old), monkeypatch)
        for again in range(3):
            if cut_after(again, partial(swap.finish, folder), monkeypatch):
                break
        swap.finish(folder)
        found = {name: text for name, text in read(folder).items() if not name.startswith(("replaced-1", ".lock"))}
        assert found in (OLD, NEW)
        assert not swap.is_unfinished(folder)
        assert (folder / "replaced-1").exists() == (found == NEW and keeps_old)
        outcomes.add("new" if found == NEW else "old")
        if is_done:
            break
    else:
        pytest.fail("it never got to its end")
    assert outcomes == {"old", "new"}


def cut_after(steps: int, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Do the work until it changes the disk for the n-th time; says whether it came to its end."""
    left = steps

    def counted(change: Callable[..., object]) -> Callable[..., object]:
        def changed(*arguments: object, **named: object) -> object:
            nonlocal left
            if left == 0:
                raise PowerCutError
            left -= 1
            return change(*arguments, **named)

        return changed

    with monkeypatch.context() as patch:
        for name in ("mkdir", "rename", "replace", "rmdir", "unlink", "open"):
            patch.setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        except PowerCutError:
            return False
    return True


@pytest.mark.parametrize("plan", [b"", b"{", b"[]", b'{"aside": 1}'])
def test_a_plan_that_cannot_be_read_is_said(tmp_path: Path, plan: bytes) -> None:
    (tmp_path / ".decided").mkdir()
    (tmp_path / ".decided" / "plan.json").write_bytes(plan)
    with pytest.raises(StorageError, match="cannot be finished"):
        swap.finish(tmp_path)
