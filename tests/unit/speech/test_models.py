"""The store hands out only files with the pinned bytes, and leaves nothing half-written."""

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import EarwitnessError, ModelError, StorageError
from earwitness.speech.models import ModelStatus, ModelStore
from earwitness.speech.pinned import PINNED, InPlace, Joined, ModelFile, PackageFile

HALVES = (b"first half ", b"second half")
WHOLE = hashlib.sha256(b"".join(HALVES)).hexdigest()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of weights, as pip would have installed it."""
    folder = tmp_path / "site" / "carried_weights"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('a package of weights must not be imported')")
    for number, half in enumerate(HALVES):
        (folder / f"part{number}").write_bytes(half)
    monkeypatch.syspath_prepend(folder.parent)
    yield folder
    sys.modules.pop("carried_weights", None)


def part(number: int, *, package: str = "carried_weights") -> PackageFile:
    return PackageFile(package=package, member=f"part{number}", distribution=package.replace("_", "-"))


def joined(*parts: PackageFile, sha256: str = WHOLE) -> ModelFile:
    return ModelFile(
        name="whole/model.bin", sha256=sha256, licence="MIT", purpose="a test", source=Joined(parts=parts or (part(0), part(1)))
    )


def in_place(*, sha256: str) -> ModelFile:
    return ModelFile(name="half.bin", sha256=sha256, licence="MIT", purpose="a test", source=InPlace(file=part(0)))


def fetch(store: ModelStore) -> list[tuple[str, float]]:
    seen: list[tuple[str, float]] = []
    store.fetch(lambda name, share: seen.append((name, share)))
    return seen


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.usefixtures("package")
def test_parts_are_joined_and_checked(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", files=(joined(),))
    assert fetch(store) == [("whole/model.bin", 0.0), ("", 1.0)]
    assert store.path("whole/model.bin").read_bytes() == b"".join(HALVES)
    assert store.folder("whole") == tmp_path / "models" / "whole"
    assert files_below(tmp_path / "models") == ["model.bin"]
    assert [report.status for report in store.reports()] == [ModelStatus.READY]


@pytest.mark.usefixtures("package")
def test_what_is_ready_is_left_alone(tmp_path: Path) -> None:
    store = ModelStore(tmp_path, files=(joined(),))
    fetch(store)
    before = store.path("whole/model.bin").stat()
    fetch(ModelStore(tmp_path, files=(joined(),)))
    assert (tmp_path / "whole/model.bin").stat() == before


def test_a_file_is_used_where_its_package_is(package: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", files=(in_place(sha256=hashlib.sha256(HALVES[0]).hexdigest()),))
    assert store.path("half.bin") == package / "part0"
    assert not (tmp_path / "models").exists()


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"x" + data[1:], lambda data: b"", lambda data: data + b"x"]
)
def test_altered_files_are_refused_and_repaired(tmp_path: Path, damage: "type[bytes]") -> None:
    store = ModelStore(tmp_path, files=(joined(),))
    fetch(store)
    target = store.path("whole/model.bin")
    target.write_bytes(damage(target.read_bytes()))
    with pytest.raises(ModelError, match="earwitness models fetch") as caught:
        store.path("whole/model.bin")
    assert caught.value.code == "model.wrong_digest"
    assert store.reports()[0].status is ModelStatus.WRONG_DIGEST
    fetch(store)
    assert store.path("whole/model.bin").read_bytes() == b"".join(HALVES)


@pytest.mark.usefixtures("package")
def test_missing_files_say_how_to_get_them(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", files=(joined(), in_place(sha256="0" * 64)))
    with pytest.raises(ModelError, match="earwitness models fetch") as caught:
        store.path("whole/model.bin")
    assert caught.value.code == "model.missing"
    with pytest.raises(ModelError, match="install the package carried-weights again") as caught:
        store.path("half.bin")
    assert caught.value.code == "model.wrong_digest"
    with pytest.raises(ModelError, match="doctor"):
        store.path("no such model")
    with pytest.raises(ModelError, match="doctor"):
        store.folder("no such model")


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    absent = joined(part(0, package="not_installed_here"))
    with pytest.raises(ModelError, match="not-installed-here") as caught:
        fetch(ModelStore(tmp_path, files=(absent,)))
    assert caught.value.code == "model.missing"
    assert files_below(tmp_path) == []


def test_a_package_with_other_bytes_writes_nothing(package: Path, tmp_path: Path) -> None:
    (package / "part1").write_bytes(b"second hale")
    with pytest.raises(ModelError, match="carried-weights") as caught:
        fetch(ModelStore(tmp_path / "models", files=(joined(),)))
    assert caught.value.code == "model.wrong_digest"
    assert files_below(tmp_path / "models") == []


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "storage.full"), (errno.EDQUOT, "storage.full"), (errno.EIO, "storage.failed")]
)
def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str) -> None:
    def refuse(handle: int) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError) as caught:
        fetch(ModelStore(tmp_path / "models", files=(joined(),)))
    assert caught.value.code == code
    assert files_below(tmp_path / "models") == []


@pytest.mark.usefixtures("package")
def test_a_models_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(EarwitnessError) as caught:
        fetch(ModelStore(tmp_path / "models", files=(joined(),)))
    assert caught.value.code == "storage.failed"


def test_the_table_is_sound() -> None:
    assert len({file.name for file in PINNED}) == len(PINNED)
    for file in PINNED:
        assert len(file.sha256) == 64
        assert set(file.sha256) <= set("0123456789abcdef")
        assert file.licence in {"MIT", "Apache-2.0"}
        assert not Path(file.name).is_absolute()
        assert ".." not in Path(file.name).parts


@pytest.mark.models
def test_every_default_model_is_ready(store: ModelStore) -> None:
    assert {report.name: report.status for report in store.reports()} == {file.name: ModelStatus.READY for file in PINNED}
