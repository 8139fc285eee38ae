"""Mute survives everything but somebody at the device; whatever is unsure is muted."""

from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError
from earwitness.satellite.mute import Mute


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Mute(tmp_path / "mute").begin()
    return tmp_path / "mute"


def test_a_new_device_hears_and_begin_changes_nothing_later(file: Path) -> None:
    assert not Mute(file).is_on
    Mute(file).mute()
    Mute(file).begin()
    assert Mute(file).is_on


def test_it_survives_a_restart_both_ways(file: Path) -> None:
    mute = Mute(file)
    mute.mute()
    assert mute.is_on
    assert Mute(file).is_on
    Mute(file).unmute()
    assert not Mute(file).is_on


@pytest.mark.parametrize("content", [b"", b"muted\n", b"not muted", b"not muted\n\n", b"no", b"\x00" * 100])
def test_a_damaged_file_means_muted(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert Mute(file).is_on


def test_a_missing_file_means_muted(tmp_path: Path) -> None:
    assert Mute(tmp_path / "mute").is_on


@pytest.mark.parametrize(("content", "is_on"), [("1\n", True), ("0\n", False), ("0", False), ("", True), ("x", True)])
def test_the_switch_of_the_hardware(file: Path, tmp_path: Path, content: str, *, is_on: bool) -> None:
    switch = tmp_path / "switch"
    switch.write_text(content)
    assert Mute(file, switch=switch).is_on is is_on


def test_a_switch_that_has_gone_means_muted_and_outranks_the_wish(file: Path, tmp_path: Path) -> None:
    mute = Mute(file, switch=tmp_path / "switch")
    mute.unmute()
    assert mute.is_on
    assert not mute.is_wished


def test_a_disk_that_refuses_mutes_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    Mute(folder / "mute").begin()
    mute = Mute(folder / "mute")
    (folder / "mute").unlink()
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(StorageError):
        mute.mute()
    assert mute.is_on
    with pytest.raises(StorageError):
        mute.unmute()
    assert mute.is_on
