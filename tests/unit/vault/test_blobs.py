"""Where sealed audio lies: one contract for a folder and a bucket; hostile names, a full disk, a wrong key of the bucket."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError, VaultError
from earwitness.vault.blobs import Blobs
from tests.object_store import BUCKET, ObjectStore

DATA = bytes(range(256)) * 4
MISSING = "0f" * 16


def name(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Blobs]:
    """Blobs in a folder, and in a bucket of an S3 server."""
    if request.param == "folder":
        yield Blobs(tmp_path / "recordings")
        return
    server: ObjectStore = request.getfixturevalue("object_store")
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    found = Blobs(f"s3://{BUCKET}/{tmp_path.name}")
    yield found
    found.remove_all(list(found.names()))


def test_what_was_put_is_there_whole_and_in_parts(blobs: Blobs) -> None:
    blobs.put(name(1), DATA)
    assert blobs.read(name(1), 0, len(DATA)) == DATA
    assert blobs.read(name(1), 5, 9) == DATA[5:9]
    assert list(blobs.names()) == [name(1)]


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [(1000, 5000, DATA[1000:]), (1023, 1025, DATA[1023:]), (1024, 1030, b""), (9000, 9001, b""), (7, 7, b""), (0, 10**9, DATA)],
)
def test_a_range_gives_no_more_than_there_is(blobs: Blobs, start: int, end: int, wanted: bytes) -> None:
    blobs.put(name(1), DATA)
    assert blobs.read(name(1), start, end) == wanted


def test_a_blob_that_is_missing_is_said(blobs: Blobs) -> None:
    blobs.put(name(1), DATA)
    for start, end in ((0, 9), (0, 10**6), (5, 5)):
        with pytest.raises(VaultError, match="not there any more"):
            blobs.read(MISSING, start, end)


def test_what_was_removed_is_gone_and_removing_again_is_fine(blobs: Blobs) -> None:
    for number in range(3):
        blobs.put(name(number), DATA)
    blobs.remove(name(1))
    blobs.remove(name(1))
    blobs.remove(MISSING)
    assert set(blobs.names()) == {name(0), name(2)}
    with pytest.raises(VaultError):
        blobs.read(name(1), 0, 1)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_many_are_removed_at_once_also_where_some_are_missing(blobs: Blobs, count: int) -> None:
    for number in range(count + 1):
        blobs.put(name(number), b"x")
    blobs.remove_all([MISSING, *(name(number) for number in range(count)), name(99)] if count else [])
    assert list(blobs.names()) == [name(count)]


def test_all_names_are_listed(blobs: Blobs) -> None:
    wanted = {name(number) for number in range(300)}
    for one in wanted:
        blobs.put(one, b"x")
    assert sorted(blobs.names()) == sorted(wanted)


def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    blobs.put(name(1), b"")
    assert blobs.read(name(1), 0, 10) == b""
    assert list(blobs.names()) == [name(1)]


HOSTILE = [
    "",
    "..",
    "../" * 10 + "etc/passwd",
    "a" * 31,
    "a" * 33,
    "A" * 32,
    "g" * 32,
    "a" * 30 + "/a",
    "a" * 31 + "\n",
    "\u0661" * 32,
    "a" * 31 + "\0",
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=repr)
def test_what_is_no_name_reaches_no_store(blobs: Blobs, hostile: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    for call in (
        lambda: blobs.put(hostile, DATA),
        lambda: blobs.read(hostile, 0, 1),
        lambda: blobs.remove(hostile),
        lambda: blobs.remove_all([hostile]),
    ):
        with pytest.raises(VaultError, match="not the name"):
            call()
    assert sorted(tmp_path.rglob("*")) == before


# The folder


def test_the_folder_is_private(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "new" / "recordings")
    blobs.put(name(1), DATA)
    assert (tmp_path / "new" / "recordings").stat().st_mode & 0o777 == 0o700


def test_it_is_on_the_disk_before_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, its folder, and the folder of a folder that is new."""
    blobs, synced = Blobs(tmp_path), list[str]()
    fsync = os.fsync

    def noting(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    blobs.put("ab" * 16, DATA)
    assert synced == [str(tmp_path / "ab" / ("ab" * 15)), str(tmp_path / "ab"), str(tmp_path)]
    synced.clear()
    blobs.put("ab" + "cd" * 15, DATA)
    assert synced == [str(tmp_path / "ab" / ("cd" * 15)), str(tmp_path / "ab")]


def test_what_a_power_cut_left_half_written_goes_with_the_blob(tmp_path: Path) -> None:
    """The library writes beside and renames; how it calls that file is held here."""
    blobs = Blobs(tmp_path)
    blobs.put(name(1), DATA)
    half = tmp_path / name(1)[:2] / f"{name(1)[2:]}#1"
    half.write_bytes(DATA[:100])
    assert list(blobs.names()) == [name(1)]
    blobs.remove(name(1))
    blobs.remove(name(1))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


WRITER = """
import os, signal, sys
from pathlib import Path
from earwitness.vault.blobs import Blobs
blobs = Blobs(Path(sys.argv[1]))
os.kill(os.getpid(), signal.SIGSTOP)
blobs.put("ab" * 16, os.urandom(300_000_000))
"""


def test_the_library_still_writes_beside_under_the_name_that_is_cleaned_up(tmp_path: Path) -> None:
    """Killed while it writes: all that may lie there is gone when the blob is removed."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
    os.waitpid(writer.pid, os.WUNTRACED)
    writer.send_signal(signal.SIGCONT)
    half = tmp_path / "ab" / f"{'ab' * 15}#1"
    while not half.exists() and writer.poll() is None:
        pass
    writer.kill()
    writer.wait()
    assert half.exists(), "it was not caught in the midst of writing"
    Blobs(tmp_path).remove("ab" * 16)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_leaves_nothing_half_written(tiny_disk: Path) -> None:
    blobs = Blobs(tiny_disk)
    blobs.put(name(1), bytes(20_000))
    with pytest.raises(StorageError, match="no space left") as caught:
        blobs.put(name(2), bytes(3_000_000))
    assert caught.value.code == "storage.full"
    assert caught.value.is_retryable
    assert blobs.read(name(1), 0, 30_000) == bytes(20_000)
    assert [path.name for path in tiny_disk.rglob("*") if path.is_file()] == [name(1)[2:]]


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be reached"):
        Blobs(tmp_path / "file")


# The bucket


def test_a_wrong_key_of_the_bucket_is_refused(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in object_store.environment(secret_key="of somebody else").items():
        monkeypatch.setenv(variable, value)
    blobs = Blobs(f"s3://{BUCKET}/refused")
    for call in (
        lambda: blobs.put(name(1), DATA),
        lambda: blobs.read(name(1), 0, 1),
        lambda: blobs.remove(name(1)),
        lambda: list(blobs.names()),
    ):
        with pytest.raises(StorageError, match="cannot be reached") as caught:
            call()
        assert "somebody else" not in str(caught.value)


def test_a_bucket_elsewhere_is_reached_by_tls_only(monkeypatch: pytest.MonkeyPatch, object_store: ObjectStore) -> None:
    port = object_store.endpoint.rpartition(":")[2]
    for endpoint in (f"http://127.0.0.1.nip.invalid:{port}", f"http://192.0.2.1:{port}"):
        for variable, value in (object_store.environment() | {"AWS_ENDPOINT_URL": endpoint}).items():
            monkeypatch.setenv(variable, value)
        with pytest.raises(StorageError) as caught:
            Blobs(f"s3://{BUCKET}/plain").put(name(1), DATA)
        assert "builder error" in str(caught.value.__cause__), "it must be refused before anything is sent"


def test_a_server_that_is_away_is_said_soon(monkeypatch: pytest.MonkeyPatch, object_store: ObjectStore) -> None:
    for variable, value in (object_store.environment() | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(StorageError, match="cannot be reached"):
        Blobs(f"s3://{BUCKET}/away").put(name(1), DATA)
