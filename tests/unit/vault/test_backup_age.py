"""Streams into and out of age files, and what is said when one cannot be opened."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import BackupError, StorageError, VaultError
from earwitness.vault.backup_age import make_identity, read_sealed, recipient_of, write_sealed
from tests.unit.vault.backed_up import NOON

BLOCKS = [b"", b"first ", b"x" * 200_000, b" last"]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stick") / "identity.txt"
    make_identity(path, now=NOON)
    return path


@pytest.fixture(scope="module")
def sealed(identity: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("backups") / "backup.age"
    write_sealed(path, BLOCKS, recipients=[recipient_of(identity)])
    return path.read_bytes()


def opened(path: Path, *identities: Path) -> bytes:
    found = bytearray()
    read_sealed(path, identities, write=found.extend)
    return bytes(found)


def test_an_identity_is_private_and_says_its_recipient(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    recipient = make_identity(path, now=NOON)
    assert recipient.startswith("age1")
    assert recipient_of(path) == recipient
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text().splitlines()[:2] == ["# created: 2025-06-01T12:00:00+00:00", f"# public key: {recipient}"]
    with pytest.raises(BackupError, match="never written over") as caught:
        make_identity(path, now=NOON)
    assert caught.value.code == "backup.exists"
    assert recipient_of(path) == recipient


def test_any_of_several_recipients_opens_it(identity: Path, tmp_path: Path) -> None:
    other, path = tmp_path / "other.txt", tmp_path / "backup.age"
    recipients = [recipient_of(identity), make_identity(other, now=NOON)]
    size = write_sealed(path, BLOCKS, recipients=recipients)
    assert opened(path, identity) == opened(path, other) == b"".join(BLOCKS)
    assert path.stat().st_size == size
    assert path.stat().st_mode & 0o077 == 0
    assert b"xxxxxxxx" not in path.read_bytes()


def test_progress_reaches_the_end(sealed: bytes, identity: Path, tmp_path: Path) -> None:
    (tmp_path / "backup.age").write_bytes(sealed)
    told: list[tuple[int, int]] = []
    read_sealed(tmp_path / "backup.age", [identity], write=len, tell=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (len(sealed), len(sealed))


def test_the_wrong_identity_is_said(sealed: bytes, tmp_path: Path) -> None:
    (tmp_path / "backup.age").write_bytes(sealed)
    make_identity(tmp_path / "other.txt", now=NOON)
    with pytest.raises(BackupError, match="not encrypted to that identity") as caught:
        opened(tmp_path / "backup.age", tmp_path / "other.txt")
    assert caught.value.code == "backup.wrong_identity"
    with pytest.raises(VaultError, match="no age identity"):
        opened(tmp_path / "backup.age", tmp_path / "none.txt")


@pytest.mark.parametrize("data", [b"", b"hello", b"age-encryption.org/v1\n", bytes(100_000)])
def test_what_is_no_age_file_is_said(data: bytes, identity: Path, tmp_path: Path) -> None:
    (tmp_path / "backup.age").write_bytes(data)
    with pytest.raises(BackupError, match="is no backup"):
        opened(tmp_path / "backup.age", identity)
    with pytest.raises(BackupError, match="cannot be read"):
        opened(tmp_path / "none.age", identity)


def test_what_was_cut_or_changed_is_said(sealed: bytes, identity: Path, tmp_path: Path) -> None:
    path = tmp_path / "backup.age"
    for length in (*range(0, 400, 7), *range(400, len(sealed), 10_007), len(sealed) - 1):
        path.write_bytes(sealed[:length])
        with pytest.raises(BackupError):
            opened(path, identity)
    for place in (*range(0, 400, 3), *range(400, len(sealed), 10_007), len(sealed) - 1):
        path.write_bytes(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
        with pytest.raises(BackupError):
            opened(path, identity)
    path.write_bytes(sealed + b"x")
    with pytest.raises(BackupError):
        opened(path, identity)


@pytest.mark.parametrize("recipients", [[], ["age1"], ["AGE-SECRET-KEY-1"], ["ssh-ed25519 AAAA"], [""]])
def test_recipients_that_are_none_are_said_before_anything_is_written(recipients: list[str], tmp_path: Path) -> None:
    with pytest.raises(BackupError):
        write_sealed(tmp_path / "backup.age", BLOCKS, recipients=recipients)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, VaultError("gone"), OSError(5, "no disk")])
def test_an_error_passes_through_and_the_old_file_stays(
    error: BaseException | type[BaseException], identity: Path, tmp_path: Path
) -> None:
    path = tmp_path / "backup.age"
    write_sealed(path, BLOCKS, recipients=[recipient_of(identity)])
    before = path.read_bytes()

    def failing() -> Iterator[bytes]:
        yield from BLOCKS
        raise error

    with pytest.raises((StorageError,) if isinstance(error, OSError) else (ZeroDivisionError, KeyboardInterrupt, VaultError)):
        write_sealed(path, failing(), recipients=[recipient_of(identity)])
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["backup.age"]
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt, VaultError, OSError)):
        read_sealed(path, [identity], write=raising(error))


def raising(error: BaseException | type[BaseException]) -> Callable[[bytes], None]:
    def write(_: bytes) -> None:
        raise error

    return write


def test_what_a_killed_writer_left_goes_with_the_next(identity: Path, tmp_path: Path) -> None:
    (tmp_path / ".backup.age.part").write_bytes(b"half")
    write_sealed(tmp_path / "backup.age", BLOCKS, recipients=[recipient_of(identity)])
    assert [path.name for path in tmp_path.iterdir()] == ["backup.age"]
