"""Recordings are decoded whatever their rate and channels, and hostile ones end in one sentence with a code."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import AudioError, StorageError
from earwitness.speech.audio_file import read_audio, wav_header, write_wav

LONGEST = 20.0
CODES = {"audio.unreadable", "audio.truncated", "audio.empty", "audio.too_long"}


def tone(seconds: float, *, rate_hz: int = RATE_HZ, channels: int = 1) -> NDArray[np.float64]:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz)
    return np.repeat(wave[:, None], channels, axis=1)


def encode(
    samples: NDArray[np.float64] | NDArray[np.int16], form: str, *, rate_hz: int = RATE_HZ, subtype: str | None = None
) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=form, subtype=subtype)
    return buffer.getvalue()


def refusal(data: bytes, *, longest_seconds: float = LONGEST) -> str:
    with pytest.raises(AudioError) as caught:
        read_audio(io.BytesIO(data), longest_seconds=longest_seconds)
    assert "\n" not in caught.value.sentence
    return caught.value.code


def peak_hz(pcm: Pcm) -> float:
    samples = np.frombuffer(pcm.data, dtype="<i2").astype(np.float64)
    return float(np.abs(np.fft.rfft(samples)).argmax() * pcm.rate_hz / len(samples))


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "FLAC", "AIFF", "OGG", "MP3"])
@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (16_000, 1), (22_050, 2), (44_100, 1), (48_000, 2)])
def test_any_rate_and_channels_become_16_khz_mono(form: str, rate_hz: int, channels: int) -> None:
    pcm = read_audio(
        io.BytesIO(encode(tone(1.0, rate_hz=rate_hz, channels=channels), form, rate_hz=rate_hz)), longest_seconds=LONGEST
    )
    assert pcm.rate_hz == RATE_HZ
    assert pcm.seconds == pytest.approx(1.0, abs=0.001)
    assert peak_hz(pcm) == pytest.approx(440, abs=2)
    peak = np.abs(np.frombuffer(pcm.data, dtype="<i2")).max()
    assert peak == pytest.approx(16_384, rel=0.2)


def test_opus_is_read() -> None:
    data = encode(tone(1.0, rate_hz=48_000), "OGG", rate_hz=48_000, subtype="OPUS")
    assert read_audio(io.BytesIO(data), longest_seconds=LONGEST).seconds == pytest.approx(1.0, abs=0.01)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=5000))
def test_what_is_written_is_read_again_exactly(tmp_path_factory: pytest.TempPathFactory, values: list[int]) -> None:
    path = tmp_path_factory.mktemp("round") / "trip.wav"
    pcm = Pcm(data=np.array(values, dtype="<i2").tobytes())
    write_wav(path, pcm)
    assert read_audio(path, longest_seconds=LONGEST) == pcm
    assert [file.name for file in path.parent.iterdir()] == ["trip.wav"]


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "FLAC", "AIFF", "OGG", "MP3"])
@pytest.mark.parametrize("kept", [0.25, 0.5, 0.9])
def test_a_file_that_was_cut_is_not_taken_for_a_short_one(form: str, kept: float) -> None:
    data = encode(tone(3.0), form)
    assert refusal(data[: int(len(data) * kept)]) == "audio.truncated"


def test_length_is_judged_by_the_sound_and_not_by_the_header() -> None:
    three_hours = encode(np.zeros(3 * 3600 * RATE_HZ, dtype=np.int16), "FLAC")
    assert refusal(three_hours) == "audio.too_long"
    assert len(three_hours) < 2_000_000
    endless = wav_header(0, rate_hz=RATE_HZ)[:40] + b"\xff\xff\xff\xff" + bytes(2 * RATE_HZ)
    assert read_audio(io.BytesIO(endless), longest_seconds=LONGEST).seconds == 1.0
    assert refusal(endless, longest_seconds=0.5) == "audio.too_long"
    boasting = wav_header(0x7000_0000, rate_hz=RATE_HZ) + bytes(2 * RATE_HZ)
    assert refusal(boasting) == "audio.truncated"


def test_exactly_the_longest_is_allowed() -> None:
    data = encode(np.zeros(2 * RATE_HZ, dtype=np.int16), "WAV")
    assert read_audio(io.BytesIO(data), longest_seconds=2.0).seconds == 2.0
    assert refusal(data, longest_seconds=1.99) == "audio.too_long"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=["nan", "inf", "minus-inf"])
def test_values_that_are_not_numbers_are_refused(value: float) -> None:
    samples = tone(1.0)
    samples[100] = value
    assert refusal(encode(samples, "WAV", subtype="FLOAT")) == "audio.unreadable"


def test_loud_floats_are_clipped() -> None:
    pcm = read_audio(io.BytesIO(encode(1e30 * tone(0.1, channels=2), "WAV", subtype="FLOAT")), longest_seconds=LONGEST)
    values = np.frombuffer(pcm.data, dtype="<i2")
    assert {values.min(), values.max()} == {-32768, 32767}


def wave(*, rate_hz: int = RATE_HZ, channels: int = 1, block_bytes: int = 2, bits: int = 16, tag: int = 1) -> bytes:
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, (rate_hz * block_bytes) % 2**32, block_bytes, bits)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", 36 + 200, b"WAVE", b"fmt ", 16) + form + struct.pack("<4sI", b"data", 200) + bytes(200)
    )


HOSTILE = {
    "nothing": (b"", "audio.empty"),
    "no samples": (wav_header(0, rate_hz=RATE_HZ), "audio.empty"),
    "no samples, length unknown": (wav_header(0xFFFF_FFFF - 36, rate_hz=RATE_HZ), "audio.empty"),
    "text": (b"turn on the light\n" * 100, "audio.unreadable"),
    "zeros": (bytes(5000), "audio.unreadable"),
    "ones": (b"\xff" * 5000, "audio.unreadable"),
    "half a header": (wav_header(100, rate_hz=RATE_HZ)[:20], "audio.unreadable"),
    "rate 0": (wave(rate_hz=0), "audio.unreadable"),
    "rate 1": (wave(rate_hz=1), "audio.unreadable"),
    "rate 2^31-1": (wave(rate_hz=2**31 - 1), "audio.unreadable"),
    "rate 2^32-1": (wave(rate_hz=2**32 - 1), "audio.unreadable"),
    "33 channels": (wave(channels=33, block_bytes=66), "audio.unreadable"),
    "65535 channels": (wave(channels=65535, block_bytes=65534), "audio.unreadable"),
    "no block size and no bits": (wave(block_bytes=0, bits=0), "audio.unreadable"),
    "unknown codec": (wave(tag=0xFACE), "audio.unreadable"),
    "endless chunks": (b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 20_000, "audio.unreadable"),
    "flac that promises 2^36-1 samples": (
        b"fLaC\x80\0\0\x22\x10\0\x10\0" + bytes(6) + b"\x03\xe8\0\xff\xff\xff\xff\xff" + bytes(16),
        "audio.truncated",
    ),
    "ogg page without a body": (b"OggS\0\x02" + bytes(20) + b"\xff" + b"\xff" * 255, "audio.truncated"),
    "mp3 tag of 256 MB": (b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(100), "audio.unreadable"),
    "elf": (b"\x7fELF" + bytes(range(256)) * 20, "audio.unreadable"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_a_code(name: str, tmp_path: Path) -> None:
    data, code = HOSTILE[name]
    assert refusal(data) == code
    for suffix in (".wav", ".raw", ".mp3"):
        path = tmp_path / f"hostile{suffix}"
        path.write_bytes(data)
        with pytest.raises(AudioError) as caught:
            read_audio(path, longest_seconds=LONGEST)
        assert caught.value.code == code


SEEDS = [encode(tone(0.05), form) for form in ("WAV", "FLAC", "OGG", "AIFF", "MP3")]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8), st.integers(0, 4000))
def test_mutated_files_decode_or_are_refused(seed: bytes, changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(seed[:length])
    for place, value in changes:
        if place < len(data):
            data[place] = value
    assert_decodes_or_refuses(bytes(data))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC", b"OggS", b"ID3\x04", b"\xff\xfb\x90", b"FORM", b".snd"]),
    st.binary(max_size=2000),
)
def test_garbage_decodes_or_is_refused(start: bytes, rest: bytes) -> None:
    assert_decodes_or_refuses(start + rest)


def assert_decodes_or_refuses(data: bytes) -> None:
    code, seconds = outcome(data)
    assert code in CODES or (code == "" and 0 < seconds <= 1.0)


def outcome(data: bytes) -> tuple[str, float]:
    """The error's code, or an empty one and the seconds that were decoded; any other exception passes."""
    try:
        return "", read_audio(io.BytesIO(data), longest_seconds=1.0).seconds
    except AudioError as error:
        return error.code, 0.0


def test_places_that_hold_no_recording(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (
        tmp_path,
        tmp_path / "none.wav",
        tmp_path / "pipe",
        Path("/dev/zero"),
        Path("/dev/null"),
        "a\0b",
        "x" * 5000,
        "",
    ):
        with pytest.raises(AudioError) as caught:
            read_audio(place, longest_seconds=LONGEST)
        assert caught.value.code == "audio.unreadable"


def test_a_file_without_rights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbid)
    with pytest.raises(AudioError, match="rights"):
        read_audio(tmp_path / "x.wav", longest_seconds=LONGEST)


def test_the_name_does_not_decide_the_format(tmp_path: Path) -> None:
    path = tmp_path / "speech.raw"
    path.write_bytes(SEEDS[0])
    assert read_audio(path, longest_seconds=LONGEST).seconds == 0.05


def test_a_full_disk_is_told_apart(tmp_path: Path) -> None:
    pcm = Pcm(data=bytes(2000))
    with pytest.raises(StorageError) as caught:
        write_wav(Path("/dev/full"), pcm)
    assert caught.value.code == "storage.full"
    assert caught.value.is_retryable
    with pytest.raises(StorageError) as caught:
        write_wav(tmp_path, pcm)
    assert caught.value.code == "storage.failed"


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "reply.wav"
    write_wav(path, Pcm(data=b"\1\0"))
    before = path.read_bytes()

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError):
        write_wav(path, Pcm(data=b"\2\0"))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["reply.wav"]


def test_a_written_file_is_a_plain_wav(tmp_path: Path) -> None:
    path = tmp_path / "new" / "reply.wav"
    write_wav(path, Pcm(data=bytes(480), rate_hz=24_000))
    found = soundfile.info(path)
    assert (found.format, found.subtype, found.samplerate, found.channels, found.frames) == ("WAV", "PCM_16", 24_000, 1, 240)
