"""The sealed formats: what was sealed opens again, whole or in part; whatever was changed, cut, continued or swapped is refused.

`vectors.json` was made once with these formats and is never made again: if it does not open, the format has changed.
"""

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import VaultError
from earwitness.vault import envelope
from earwitness.vault.envelope import CHUNK_BYTES, HEADER_BYTES, TAG_BYTES
from earwitness.vault.household_key import AgeIdentity, mark_of

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
KEY, OTHER_KEY = bytes(range(32)), bytes(range(32, 64))
ROW, OTHER_ROW = "a1" * 16, "b2" * 16
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
BORDERS = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 1, 3 * CHUNK_BYTES - 1)


def pattern(length: int) -> bytes:
    """Bytes of which no two chunks are alike."""
    return (hashlib.shake_256(b"sound").digest(max(1, length)))[:length]


def reader(sealed: bytes, asked: list[int] | None = None) -> Callable[[int, int], bytes]:
    """Reads parts of sealed audio as a store does: fewer bytes where it ends."""

    def read(start: int, end: int) -> bytes:
        if asked is not None:
            asked.append(end - start)
        return sealed[start:end]

    return read


def opened(sealed: bytes, length: int, *, start: int = 0, end: int | None = None, row_id: str = ROW, key: bytes = KEY) -> bytes:
    stop = length if end is None else end
    return b"".join(envelope.open_audio(reader(sealed), key=key, row_id=row_id, length=length, start=start, end=stop))


def open_vector(vector: dict[str, Any]) -> bytes:
    sealed = bytes.fromhex(vector["sealed"])
    match vector["format"]:
        case "wrapped_key":
            by, key_id, parent_id = bytes.fromhex(vector["by"]), vector["key_id"], vector["parent_id"]
            return envelope.unwrap_key(sealed, by=by, key_id=key_id, parent_id=parent_id)
        case "text":
            key = bytes.fromhex(vector["key"])
            return envelope.open_text(sealed, key=key, row_id=vector["row_id"], revision=vector["revision"])
        case "audio":
            return opened(sealed, vector["length"], row_id=vector["row_id"], key=bytes.fromhex(vector["key"]))
        case other:
            raise AssertionError(other)


def names(kind: str) -> list[str]:
    return [vector["name"] for vector in VECTORS[kind]]


@pytest.mark.parametrize("vector", VECTORS["opens"], ids=names("opens"))
def test_what_earlier_versions_sealed_opens(vector: dict[str, Any]) -> None:
    assert open_vector(vector) == bytes.fromhex(vector["opens"])


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=names("refused"))
def test_hostile_vectors_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(VaultError) as caught:
        open_vector(vector)
    assert caught.value.code == "vault.sealed_wrong"


def test_a_long_sound_is_sealed_byte_by_byte_as_before() -> None:
    wanted = VECTORS["long_sound"]
    data = bytes((n * 31 + n // 65536) % 251 for n in range(wanted["length"]))
    sealed = envelope.seal_audio(data, key=bytes.fromhex(wanted["key"]), row_id=wanted["row_id"])
    assert hashlib.sha256(sealed).hexdigest() == wanted["sha256"]


def test_a_key_that_age_wrapped_earlier_opens(tmp_path: Path) -> None:
    vector = VECTORS["age"]
    path = tmp_path / "identity.txt"
    path.write_text(f"# made by age-keygen\n{vector['identity']}\n", encoding="ascii")
    wrapped, service = bytes.fromhex(vector["wrapped"]), AgeIdentity(path)
    assert service.unwrap(wrapped, key_id=vector["key_id"]).hex() == vector["opens"]
    assert mark_of(wrapped) != mark_of(service.wrap(bytes(32), key_id=vector["key_id"]))
    assert len(mark_of(wrapped)) == 43
    assert b"\n" not in mark_of(wrapped)


# Round trips


@given(key=st.binary(min_size=32, max_size=32), by=st.binary(min_size=32, max_size=32), key_id=st.text(), parent_id=st.text())
def test_any_key_is_wrapped_and_unwrapped(key: bytes, by: bytes, key_id: str, parent_id: str) -> None:
    wrapped = envelope.wrap_key(key, by=by, key_id=key_id, parent_id=parent_id)
    assert envelope.unwrap_key(wrapped, by=by, key_id=key_id, parent_id=parent_id) == key
    assert len(wrapped) == 61
    assert envelope.nonce_of(wrapped) == wrapped[1:13]


@given(text=st.binary(max_size=3000), revision=st.integers(1, 2**31))
def test_any_text_is_sealed_and_opened(text: bytes, revision: int) -> None:
    sealed = envelope.seal_text(text, key=KEY, row_id=ROW, revision=revision)
    assert envelope.open_text(sealed, key=KEY, row_id=ROW, revision=revision) == text
    assert text not in sealed or len(text) < 4


@pytest.mark.parametrize("length", BORDERS)
def test_sound_of_any_length_is_sealed_and_opened(length: int) -> None:
    data = pattern(length)
    sealed = envelope.seal_audio(data, key=KEY, row_id=ROW)
    assert opened(sealed, length) == data
    assert len(sealed) == envelope.sealed_length(length)


@given(length=st.one_of(st.integers(0, 3 * CHUNK_BYTES + 2), st.sampled_from(BORDERS)), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_range_is_the_slice_and_reads_no_more_than_its_chunks(length: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, length))
    end = data.draw(st.integers(start, length))
    sound, asked = pattern(length), list[int]()
    sealed = envelope.seal_audio(sound, key=KEY, row_id=ROW)
    parts = envelope.open_audio(reader(sealed, asked), key=KEY, row_id=ROW, length=length, start=start, end=end)
    assert b"".join(parts) == sound[start:end]
    chunks = 0 if start == end else (end - 1) // CHUNK_BYTES - start // CHUNK_BYTES + 1
    assert len(asked) == 1 + chunks
    assert sum(asked) <= HEADER_BYTES + chunks * SEALED_CHUNK + 1


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (3, 2), (0, 201), (201, 201)])
def test_a_part_that_does_not_exist_is_refused(start: int, end: int) -> None:
    sealed = envelope.seal_audio(pattern(200), key=KEY, row_id=ROW)
    with pytest.raises(VaultError, match="does not exist"):
        opened(sealed, 200, start=start, end=end)


def test_no_two_seals_of_a_text_are_alike_and_no_part_key_is_the_key() -> None:
    sealed = {envelope.seal_text(b"lamp", key=KEY, row_id=ROW, revision=1) for _ in range(50)}
    assert len({envelope.nonce_of(one) for one in sealed}) == 50
    parts = {envelope.derived(KEY, part) for part in ("text", "audio", "search")}
    assert len(parts | {KEY}) == 4


# Changes


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), text=st.binary(max_size=200))
@settings(deadline=None)
def test_any_flipped_bit_of_a_key_or_a_text_is_refused(place: float, bit: int, text: bytes) -> None:
    wrapped = flipped(envelope.wrap_key(OTHER_KEY, by=KEY, key_id=ROW, parent_id=OTHER_ROW), place, bit)
    with pytest.raises(VaultError):
        envelope.unwrap_key(wrapped, by=KEY, key_id=ROW, parent_id=OTHER_ROW)
    sealed = flipped(envelope.seal_text(text, key=KEY, row_id=ROW, revision=1), place, bit)
    with pytest.raises(VaultError):
        envelope.open_text(sealed, key=KEY, row_id=ROW, revision=1)


SOUND = pattern(2 * CHUNK_BYTES + 700)
SEALED = envelope.seal_audio(SOUND, key=KEY, row_id=ROW)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_any_flipped_bit_of_a_sound_is_refused(place: float, bit: int) -> None:
    with pytest.raises(VaultError):
        opened(flipped(SEALED, place, bit), len(SOUND))


def test_every_flipped_bit_of_a_header_is_refused_whatever_part_is_read() -> None:
    for place in range(HEADER_BYTES):
        for bit in range(8):
            changed = bytearray(SEALED)
            changed[place] ^= 1 << bit
            with pytest.raises(VaultError):
                opened(bytes(changed), len(SOUND), start=70_000, end=70_001)


@given(length=st.one_of(st.integers(0, len(SEALED) - 1), st.sampled_from([HEADER_BYTES + n * SEALED_CHUNK for n in range(3)])))
@settings(deadline=None)
def test_any_cut_of_a_sound_is_refused(length: int) -> None:
    with pytest.raises(VaultError):
        opened(SEALED[:length], len(SOUND))


@given(more=st.binary(min_size=1, max_size=40))
def test_any_continuation_is_refused(more: bytes) -> None:
    with pytest.raises(VaultError):
        opened(SEALED + more, len(SOUND))
    with pytest.raises(VaultError):
        opened(SEALED + more, len(SOUND), start=len(SOUND) - 1)


def chunks_of(sealed: bytes) -> list[bytes]:
    return [sealed[at : at + SEALED_CHUNK] for at in range(HEADER_BYTES, len(sealed), SEALED_CHUNK)]


def test_swapped_and_repeated_chunks_are_refused() -> None:
    first, second, last = chunks_of(SEALED)
    for order in ([second, first, last], [first, first, last], [second, second, last]):
        changed = SEALED[:HEADER_BYTES] + b"".join(order)
        with pytest.raises(VaultError):
            opened(changed, len(SOUND))


def test_a_chunk_of_another_sound_is_refused() -> None:
    """Also one of the same key, the same number and the same size, whose sound was longer."""
    longer = pattern(4 * CHUNK_BYTES)
    for other in (
        envelope.seal_audio(SOUND, key=KEY, row_id=OTHER_ROW),
        envelope.seal_audio(SOUND, key=OTHER_KEY, row_id=ROW),
        envelope.seal_audio(longer, key=KEY, row_id=ROW),
    ):
        changed = SEALED[:HEADER_BYTES] + chunks_of(other)[0] + SEALED[HEADER_BYTES + SEALED_CHUNK :]
        with pytest.raises(VaultError):
            opened(changed, len(SOUND))


def test_a_whole_sound_cut_to_fewer_chunks_is_refused_though_row_and_header_agree() -> None:
    length = CHUNK_BYTES
    cut = SEALED[:1] + struct.pack(">Q", length) + SEALED[HEADER_BYTES : HEADER_BYTES + SEALED_CHUNK]
    assert len(cut) == envelope.sealed_length(length)
    with pytest.raises(VaultError):
        opened(cut, length)


def test_chunks_before_a_wrong_one_are_given_and_none_after() -> None:
    """What is given was checked; a player hears the beginning, and the end of it is an error, not silence."""
    changed = bytearray(SEALED)
    changed[HEADER_BYTES + SEALED_CHUNK + 5] ^= 1
    parts = envelope.open_audio(reader(bytes(changed)), key=KEY, row_id=ROW, length=len(SOUND), start=0, end=len(SOUND))
    assert next(parts) == SOUND[:CHUNK_BYTES]
    with pytest.raises(VaultError):
        next(parts)


def flipped(sealed: bytes, place: float, bit: int) -> bytes:
    changed = bytearray(sealed)
    changed[int(place * len(sealed))] ^= 1 << bit
    return bytes(changed)
