"""The format of backups: what was packed comes out again, and nothing else is ever taken for a backup."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import BackupError
from earwitness.ledger.signing_key import SigningKey, signing_key
from earwitness.vault.backup_format import About, Kind, Member, Unpacker, _header, _tar_header, pack
from earwitness.vault.restore_unpack import MemorySink
from tests.unit.vault.backed_up import NOON

ABOUT = About(kind="data", made_at=NOON, total_bytes=100, checkpoint="note", left_out=("something",))
MEMBERS = {
    "household.db": b"people",
    "ledger.db": b"facts" * 200,
    "recordings/ab/" + "c" * 30: b"",
    "recordings/ac/" + "0" * 30: b"x" * 512,
}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return signing_key(tmp_path_factory.mktemp("keys") / "ledger.key")


@pytest.fixture(scope="module")
def packed(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return packed_with(MEMBERS, key=key, folder=tmp_path_factory.mktemp("work"))


def packed_with(members: dict[str, bytes], *, key: SigningKey, folder: Path, about: About = ABOUT) -> bytes:
    found = (Member(name=name, size=len(data), chunks=[data]) for name, data in members.items())
    return b"".join(pack(about, found, key=key, folder=folder))


def unpacked(data: bytes, *, kind: Kind = "data", step: int = 8192, most_bytes: int = 1 << 30) -> tuple[About, dict[str, bytes]]:
    sink = MemorySink()
    unpacker = Unpacker(kind, sink, most_bytes=most_bytes)
    for start in range(0, len(data), step):
        unpacker.write(data[start : start + step])
    return unpacker.finish(), sink.members


@given(
    sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=5),
    step=st.integers(1, 2000),
)
def test_what_was_packed_comes_out_in_pieces_of_any_size(
    sizes: list[int], step: int, key: SigningKey, tmp_path_factory: pytest.TempPathFactory
) -> None:
    members = {f"recordings/00/{number:030x}": bytes([number]) * size for number, size in enumerate(sizes)}
    data = packed_with(members, key=key, folder=tmp_path_factory.getbasetemp())
    assert unpacked(data, step=step) == (ABOUT, members)


def test_any_tar_shows_what_is_in_it(packed: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames() == ["about.json", *MEMBERS, "manifest.txt", "manifest.note"]
        manifest = tar.extractfile("manifest.txt")
        assert manifest is not None
        assert len(manifest.read().splitlines()) == 1 + len(MEMBERS)


def test_the_author_is_checked(packed: bytes, key: SigningKey, tmp_path: Path) -> None:
    unpacker = Unpacker("data", MemorySink(), most_bytes=len(packed))
    unpacker.write(packed)
    unpacker.finish()
    unpacker.check_author(key.verifier())
    with pytest.raises(BackupError, match="not made by this household") as caught:
        unpacker.check_author(signing_key(tmp_path / "other.key").verifier())
    assert caught.value.code == "backup.other_household"


def test_every_flipped_bit_is_noticed(packed: bytes, key: SigningKey) -> None:
    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 1 << (place % 8)
        unpacker = Unpacker("data", MemorySink(), most_bytes=len(packed))
        with pytest.raises(BackupError):  # noqa: PT012  (it may be noticed at any of these)
            unpacker.write(bytes(changed))
            unpacker.finish()
            unpacker.check_author(key.verifier())


def test_every_shorter_one_is_noticed(packed: bytes) -> None:
    for length in range(len(packed)):
        with pytest.raises(BackupError):
            unpacked(packed[:length])


def test_a_longer_one_is_noticed(packed: bytes) -> None:
    for more in (b"\0", bytes(512), packed):
        for step in (1, 512, len(packed) * 3):
            with pytest.raises(BackupError, match="follows after its end"):
                unpacked(packed + more, step=step)


def header(name: str, data: bytes = b"", **fields: object) -> bytes:
    """A member as tar itself writes it, with whatever fields."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(format=tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


HOSTILE: dict[str, bytes] = {
    "path_up": header("../../etc/passwd", b"x"),
    "path_absolute": header("/etc/passwd", b"x"),
    "path_up_in_recordings": header("recordings/ab/../../../household.key", b"x"),
    "dot": header("./household.db", b"x"),
    "other_name": header("keys.db", b"x"),
    "unicode": header("recordings/ab/" + "\u0663" * 30, b"x"),
    "line_feed": header("household.db\n", b"x"),
    "symbolic_link": header("household.db", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard_link": header("household.db", type=tarfile.LNKTYPE, linkname="ledger.db"),
    "device": header("household.db", type=tarfile.CHRTYPE),
    "folder": header("household.db", type=tarfile.DIRTYPE),
    "long_name": header("recordings/" + "a" * 200, b"x"),
    "sparse": header("household.db", type=tarfile.GNUTYPE_SPARSE),
    "pax": header("household.db", b"20 path=/etc/passwd\n", type=tarfile.XHDTYPE),
    "executable": header("household.db", b"x", mode=0o755),
    "owner": header("household.db", b"x", uid=1),
    "dated": header("household.db", b"x", mtime=1),
    "negative": header("household.db").replace(b"00000000000\x00", b"-0000000001\x00", 1),
    "huge": header("household.db", size=1 << 62),
    "checksum": header("household.db")[:148] + b"000000\0 " + header("household.db")[156:],
    "zeros": bytes(512),
    "random": bytes(range(256)) * 2,
    "about_again": header("about.json", b"{}"),
    "manifest_at_once": header("manifest.txt", b""),
    "note_at_once": header("manifest.note", b""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_members_are_refused(name: str, packed: bytes) -> None:
    first = 512 + 512  # about.json and its header
    assert packed[:10] == b"about.json"
    sink = MemorySink()
    unpacker = Unpacker("data", sink, most_bytes=len(packed))
    with pytest.raises(BackupError) as caught:  # noqa: PT012  (it may be noticed at either)
        unpacker.write(packed[:first] + HOSTILE[name])
        unpacker.finish()
    assert caught.value.code == "backup.damaged"
    assert sink.members == {}


def swapped(data: bytes) -> bytes:
    """Two members in the other order."""
    first = data.index(header("household.db")[:100])
    second = data.index(header("ledger.db")[:100])
    third = data.index(b"recordings/ab/")
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def doubled(data: bytes) -> bytes:
    first = data.index(header("household.db")[:100])
    second = data.index(header("ledger.db")[:100])
    return data[:second] + data[first:second] + data[second:]


def shortened(data: bytes) -> bytes:
    first = data.index(header("household.db")[:100])
    second = data.index(header("ledger.db")[:100])
    return data[:first] + data[second:]


@pytest.mark.parametrize("change", [swapped, doubled, shortened])
def test_members_are_those_of_the_manifest(change: Callable[[bytes], bytes], packed: bytes) -> None:
    with pytest.raises(BackupError):
        unpacked(change(packed))


def test_a_member_longer_than_the_backup_is_refused_at_once(packed: bytes) -> None:
    with pytest.raises(BackupError, match="not as we write them"):
        unpacked(packed, most_bytes=100)


def about_of(text: str) -> bytes:
    return header("about.json", text.encode())


def right_but(**changed: object) -> str:
    return json.dumps(json.loads(ABOUT.to_bytes()) | changed)


WRONG_ABOUT = {
    "empty": "",
    "no_json": "{",
    "a_list": "[]",
    "no_version": "{}",
    "kind": right_but(kind="other"),
    "no_zone": right_but(made_at="2025-06-01T12:00:00"),
    "date": right_but(made_at=7),
    "negative": right_but(total_bytes=-1),
    "size": right_but(total_bytes="many"),
    "left_out": right_but(left_out=3),
    "deep": "[" * 5000,
}


@pytest.mark.parametrize("name", WRONG_ABOUT)
def test_what_it_says_of_itself_must_make_sense(name: str) -> None:
    with pytest.raises(BackupError):
        unpacked(about_of(WRONG_ABOUT[name]))


def test_a_newer_version_says_so() -> None:
    with pytest.raises(BackupError, match="Update it") as caught:
        unpacked(about_of('{"earwitness_backup": 2, "anything": "new"}'))
    assert caught.value.code == "backup.wrong_version"


def test_data_is_not_taken_for_keys(packed: bytes) -> None:
    with pytest.raises(BackupError, match="of the data, not of the keys") as caught:
        unpacked(packed, kind="keys")
    assert caught.value.code == "backup.wrong_kind"


def test_what_it_says_of_itself_is_short() -> None:
    with pytest.raises(BackupError, match="too long"):
        unpacked(header("about.json", b" " * 70_000))


def test_a_member_that_changes_while_it_is_packed_is_an_error(key: SigningKey, tmp_path: Path) -> None:
    def members() -> Iterator[Member]:
        yield Member(name="household.db", size=10, chunks=[b"only 9 by"])

    with pytest.raises(BackupError, match="changed while"):
        b"".join(pack(ABOUT, members(), key=key, folder=tmp_path))


def test_members_of_8_gib_and_more_have_a_header() -> None:
    assert _header(_tar_header("household.db", 1 << 40), most_bytes=1 << 41) == ("household.db", 1 << 40)
