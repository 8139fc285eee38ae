"""Frames: what goes in comes out, any cut waits or is an error, and no bytes raise anything but WireError."""

import asyncio
import io
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wyoming.audio import AudioChunk
from wyoming.event import Event, async_read_event, async_write_event

from earwitness.domain.errors import WireError
from earwitness.protocol.frames import (
    MAX_DATA_BYTES,
    MAX_HEADER_BYTES,
    MAX_NUMBER,
    MAX_PAYLOAD_BYTES,
    Decoder,
    Frame,
    encode,
    read_frame,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = (
    st.none() | st.booleans() | st.integers(-MAX_NUMBER, MAX_NUMBER) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(TEXTS, PLAIN | st.lists(PLAIN, max_size=2), max_size=3)
KINDS = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
FRAMES = st.builds(
    Frame,
    KINDS,
    st.dictionaries(TEXTS, VALUES, max_size=4),
    payload=st.binary(max_size=200),
    seq=st.none() | st.integers(1, MAX_NUMBER),
    ack=st.none() | st.integers(0, MAX_NUMBER),
)

HOSTILE: Mapping[str, bytes] = {
    "empty line": b"\n",
    "no JSON": b"hello\n",
    "a list": b'["audio-chunk"]\n',
    "a text": b'"audio-chunk"\n',
    "no type": b"{}\n",
    "type no text": b'{"type":1}\n',
    "type empty": b'{"type":""}\n',
    "type with a newline": b'{"type":"a\\nb"}\n',
    "type too long": b'{"type":"' + b"a" * 65 + b'"}\n',
    "unknown key": b'{"type":"a","extra":1}\n',
    "twice the same key": b'{"type":"a","type":"b"}\n',
    "twice the same field": b'{"type":"a","data":{"x":1,"x":2}}\n',
    "field in header and data": b'{"type":"a","data":{"x":1},"data_length":7}\n{"x":2}',
    "NaN": b'{"type":"a","data":{"x":NaN}}\n',
    "infinite": b'{"type":"a","data":{"x":1e999}}\n',
    "number too long": b'{"type":"a","data":{"x":' + b"9" * 5000 + b"}}\n",
    "number beyond 53 bits": b'{"type":"a","data":{"x":9007199254740993}}\n',
    "half a character": b'{"type":"a","data":{"x":"\\ud800"}}\n',
    "no UTF-8": b'{"type":"a","data":{"x":"\xff"}}\n',
    "byte order mark": b'\xef\xbb\xbf{"type":"a"}\n',
    "UTF-16": '{"type":"a"}\n'.encode("utf-16"),
    "nested too deep": b'{"type":"a","data":{"x":[[[1]]]}}\n',
    "nested very deep": b'{"type":"a","data":' + b'{"x":' * 900 + b"1" + b"}" * 900 + b"}\n",
    "data nested too deep": b'{"type":"a","data_length":17}\n{"x":[[[[1]]]]}  ',
    "data no object": b'{"type":"a","data_length":2}\n[]',
    "data no JSON": b'{"type":"a","data_length":2}\n{}'[:-1] + b"]",
    "data is null": b'{"type":"a","data":null}\n',
    "negative length": b'{"type":"a","payload_length":-1}\n',
    "length a truth": b'{"type":"a","payload_length":true}\n',
    "length with a fraction": b'{"type":"a","payload_length":1.5}\n',
    "length a text": b'{"type":"a","payload_length":"1"}\n',
    "length null": b'{"type":"a","data_length":null}\n',
    "seq zero": b'{"type":"a","seq":0}\n',
    "seq a truth": b'{"type":"a","seq":true}\n',
    "ack negative": b'{"type":"a","ack":-1}\n',
    "seq too large": b'{"type":"a","seq":9007199254740992}\n',
    "version no text": b'{"type":"a","version":2}\n',
    "a browser": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "nul": b"\x00\n",
}
TOO_LARGE: Mapping[str, bytes] = {
    "header without an end": b" " * MAX_HEADER_BYTES,
    "header": b'{"type":"a"' + b" " * MAX_HEADER_BYTES + b"}\n",
    "data": b'{"type":"a","data_length":%d}\n' % (MAX_DATA_BYTES + 1),
    "payload": b'{"type":"a","payload_length":%d}\n' % (MAX_PAYLOAD_BYTES + 1),
}


def decoded(data: bytes, *, is_numbered: bool = True) -> list[Frame]:
    decoder = Decoder(is_numbered=is_numbered)
    found = decoder.feed(data)
    decoder.finish()
    return found


def read_all(data: bytes) -> list[Frame]:
    """What `read_frame` makes of a stream."""

    async def read() -> list[Frame]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (frame := await read_frame(reader)) is not None:
            found.append(frame)
        return found

    return asyncio.run(read())


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAMES, max_size=4), st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_frames_come_out_as_they_went_in_however_the_bytes_were_cut(frames: list[Frame], sizes: list[int]) -> None:
    stream = io.BytesIO(b"".join(encode(frame) for frame in frames))
    decoder, found, turn = Decoder(), [], 0
    while piece := stream.read(sizes[turn % len(sizes)]):
        found += decoder.feed(piece)
        turn += 1
    decoder.finish()
    assert found == frames
    assert decoder.is_between_frames


@settings(max_examples=60, deadline=None)
@given(FRAMES, st.data())
def test_a_stream_that_is_cut_within_a_frame_is_an_error(frame: Frame, data: st.DataObject) -> None:
    whole = encode(frame)
    cut = data.draw(st.integers(1, len(whole) - 1))
    decoder = Decoder()
    assert decoder.feed(whole[:cut]) == []
    assert not decoder.is_between_frames
    with pytest.raises(WireError) as raised:
        decoder.finish()
    assert raised.value.code == "wire.cut"
    with pytest.raises(WireError):
        read_all(whole + whole[:cut])


@settings(max_examples=250, deadline=None)
@given(st.lists(FRAMES, min_size=1, max_size=2), st.data())
def test_changed_bytes_are_read_or_refused_and_both_readers_agree(frames: list[Frame], data: st.DataObject) -> None:
    changed = bytearray(b"".join(encode(frame) for frame in frames))
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    results = []
    for read in (decoded, read_all):
        try:
            results.append(read(bytes(changed)))
        except WireError:
            results.append([])
    assert results[0] == results[1]
    for frame in results[0]:
        assert decoded(encode(frame)) == [frame]


@settings(max_examples=250, deadline=None)
@given(st.binary(max_size=400))
@example(b'{"type":"a","data_length":2}\n\xff\xff')
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = decoded(data)
    except WireError:
        return
    for frame in found:
        assert decoded(encode(frame)) == [frame]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_malformed_is_an_error(name: str) -> None:
    for read in (decoded, read_all):
        with pytest.raises(WireError) as raised:
            read(HOSTILE[name])
        assert raised.value.code == "wire.malformed"


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_refused_before_it_is_waited_for(name: str) -> None:
    with pytest.raises(WireError) as raised:
        Decoder().feed(TOO_LARGE[name])
    assert raised.value.code == "wire.too_large"


def test_the_bounds_themselves_are_allowed() -> None:
    padded = b'{"type":"a"' + b" " * (MAX_HEADER_BYTES - 13) + b"}\n"
    assert len(padded) == MAX_HEADER_BYTES
    assert decoded(padded) == read_all(padded) == [Frame("a")]
    largest = Frame("a", {"x": "y" * (MAX_DATA_BYTES - 8)}, payload=bytes(MAX_PAYLOAD_BYTES), seq=MAX_NUMBER, ack=MAX_NUMBER)
    assert decoded(encode(largest)) == read_all(encode(largest)) == [largest]
    assert decoded(encode(Frame("a", {"x": [{"y": [1]}], "brackets": '[[[[[{{{{{\\"'}))) != []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame(""), "wire.malformed"),
        (Frame("a\nb"), "wire.malformed"),
        (Frame("a", {"x": float("nan")}), "wire.malformed"),
        (Frame("a", {"x": b"bytes"}), "wire.malformed"),
        (Frame("a", {"x": "\ud800"}), "wire.malformed"),
        (Frame("a", {"x": [[[[1]]]]}), "wire.malformed"),
        (Frame("a", {"x": 2**53}), "wire.malformed"),
        (Frame("a", seq=0), "wire.malformed"),
        (Frame("a", ack=-1), "wire.malformed"),
        (Frame("a", {"x": "y" * MAX_DATA_BYTES}), "wire.too_large"),
        (Frame("a", payload=bytes(MAX_PAYLOAD_BYTES + 1)), "wire.too_large"),
    ],
)
def test_nothing_is_written_that_a_reader_refuses(frame: Frame, code: str) -> None:
    with pytest.raises(WireError) as raised:
        encode(frame)
    assert raised.value.code == code


def test_a_broken_stream_stays_broken() -> None:
    decoder = Decoder()
    with pytest.raises(WireError):
        decoder.feed(b"no\n" + encode(Frame("a")))
    with pytest.raises(WireError):
        decoder.feed(encode(Frame("a")))
    with pytest.raises(WireError):
        decoder.finish()


def test_a_foreign_peer_may_not_number_its_frames() -> None:
    for frame in (Frame("a", seq=1), Frame("a", ack=0)):
        with pytest.raises(WireError):
            decoded(encode(frame), is_numbered=False)
    assert decoded(encode(Frame("a")), is_numbered=False) == [Frame("a")]


class Pipe(asyncio.Transport):
    """Takes what a StreamWriter writes."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += bytes(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


def test_the_library_of_the_wyoming_project_reads_what_we_write() -> None:
    async def read(data: bytes) -> Event | None:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await async_read_event(reader)

    frame = Frame("audio-chunk", {"rate": 16_000, "width": 2, "channels": 1}, payload=bytes(range(64)))
    event = asyncio.run(read(encode(frame)))
    assert event is not None
    chunk = AudioChunk.from_event(event)
    assert (chunk.rate, chunk.width, chunk.channels, chunk.audio) == (16_000, 2, 1, frame.payload)
    words = asyncio.run(read(encode(Frame("transcript", {"text": "Grüße, 灯"}))))
    assert words is not None
    assert (words.type, words.data, words.payload) == ("transcript", {"text": "Grüße, 灯"}, None)


def test_we_read_what_the_library_of_the_wyoming_project_writes() -> None:
    async def written(event: Event) -> bytes:
        pipe, loop = Pipe(), asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        writer = asyncio.StreamWriter(pipe, asyncio.StreamReaderProtocol(reader), reader, loop)
        await async_write_event(event, writer)
        return pipe.data

    chunk = AudioChunk(rate=22_050, width=2, channels=1, audio=b"\x01\x02" * 40, timestamp=7)
    (frame,) = decoded(asyncio.run(written(chunk.event())), is_numbered=False)
    assert frame == Frame("audio-chunk", {"rate": 22_050, "width": 2, "channels": 1, "timestamp": 7}, payload=chunk.audio)
    (plain,) = decoded(asyncio.run(written(Event("describe"))), is_numbered=False)
    assert plain == Frame("describe")
