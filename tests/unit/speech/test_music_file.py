"""Files of music are decoded piece by piece, whatever format they have, and what is none is an error."""

import threading
from pathlib import Path
from typing import cast

import av
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import AudioError
from earwitness.speech.music_file import ENDINGS, MusicFile

RATE = 24_000
FORMATS = {
    ".aiff": ("AIFF", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".wav": ("WAV", "PCM_24"),
}
SECONDS = 3.0


def written(folder: Path, ending: str, *, rate_hz: int = 48_000, channels: int = 2) -> Path:
    """Three seconds of two tones, one a channel."""
    kind, subtype = FORMATS[ending]
    at = np.arange(int(SECONDS * rate_hz)) / rate_hz
    tones = np.stack([0.3 * np.sin(2 * np.pi * hertz * at) for hertz in (440.0, 660.0)[:channels]], axis=1)
    path = folder / f"music{ending}"
    soundfile.write(path, tones.astype(np.float32), rate_hz, format=kind, subtype=subtype)
    return path


def written_aac(folder: Path, codec: str) -> Path:
    """The same as `written` makes, in MPEG-4."""
    path = folder / f"{codec}.m4a"
    at = np.arange(int(SECONDS * 48_000)) / 48_000
    sweep = 0.2 * np.sin(2 * np.pi * (200.0 + 300.0 * at) * at)
    tones = np.stack([0.3 * np.sin(2 * np.pi * hertz * at) + sweep for hertz in (440.0, 660.0)]).astype(np.float32)
    with av.open(str(path), mode="w", format="ipod") as container:
        stream = cast(av.AudioStream, container.add_stream(codec, rate=48_000, layout="stereo"))
        resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=48_000, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(tones, format="fltp", layout="stereo")
        frame.rate = 48_000
        for each in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(each):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def whole(path: Path, *, piece: int = 9_600, start_seconds: float = 0.0) -> bytes:
    file, data = MusicFile(path, rate_hz=RATE, start_seconds=start_seconds), bytearray()
    while part := file.read(piece):
        data += part
    file.close()
    return bytes(data)


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_every_format_is_heard_whole(tmp_path: Path, ending: str) -> None:
    assert {ending, ".m4a"} <= ENDINGS
    samples = np.frombuffer(whole(written(tmp_path, ending)), "<i2")
    assert len(samples) / RATE == pytest.approx(SECONDS, abs=0.1)
    spectrum = np.abs(np.fft.rfft(samples[RATE : 2 * RATE].astype(float)))
    assert set(np.argsort(spectrum)[-2:]) == {440, 660}, "both channels are in it"


@pytest.mark.parametrize("codec", ["aac", "alac"])
def test_mpeg_4_is_heard_whole_and_from_the_middle(tmp_path: Path, codec: str) -> None:
    path = written_aac(tmp_path, codec)
    samples = np.frombuffer(whole(path), "<i2")
    assert len(samples) / RATE == pytest.approx(SECONDS, abs=0.1)
    spectrum = np.abs(np.fft.rfft(samples[RATE : 2 * RATE].astype(float)))
    assert {440, 660} <= set(np.argsort(spectrum)[-4:]), "both channels are in it"
    later = np.frombuffer(whole(path, start_seconds=1.0), "<i2")
    assert len(samples) - len(later) == pytest.approx(RATE, abs=0.1 * RATE)
    aligned = max(np.corrcoef(samples[RATE + lag : RATE + lag + 9_600], later[4_800:14_400])[0, 1] for lag in range(4_700, 4_900))
    assert aligned > 0.99, "it goes on where it was to, to the sample"
    path.write_bytes(path.read_bytes()[:-2_000])
    with pytest.raises(AudioError):
        whole(path)


def test_a_decoder_ends_with_its_file(tmp_path: Path) -> None:
    file = MusicFile(written_aac(tmp_path, "aac"), rate_hz=RATE)
    children = psutil.Process().children()
    assert any("earwitness.speech.aac_process" in each.cmdline() for each in children)
    file.close()
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in children)


@pytest.mark.parametrize("piece", [2, 1_000, 10**7])
def test_pieces_of_any_size_are_the_same_music(tmp_path: Path, piece: int) -> None:
    path = written(tmp_path, ".flac", rate_hz=8_000, channels=1)
    assert whole(path, piece=piece) == whole(path)


def test_it_begins_where_it_is_asked_to(tmp_path: Path) -> None:
    path = written(tmp_path, ".flac", rate_hz=RATE)
    assert whole(path, start_seconds=1.0) == whole(path)[2 * RATE :]
    assert len(whole(path, start_seconds=1e6)) <= 2


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"ID3\x04\x00\x00\xff\xff\xff\x7f", b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(500)]
)
def test_what_is_no_music_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "music.mp3"
    path.write_bytes(content)
    with pytest.raises(AudioError):
        MusicFile(path, rate_hz=RATE)
    with pytest.raises(AudioError):
        MusicFile(tmp_path, rate_hz=RATE)


@settings(max_examples=60, deadline=None)
@given(ending=st.sampled_from(sorted(FORMATS)), at=st.integers(0, 3_000), byte=st.integers(0, 255), keep=st.floats(0.01, 1.0))
def test_a_damaged_file_ends_early_or_is_an_error(
    tmp_path_factory: pytest.TempPathFactory, ending: str, at: int, byte: int, keep: float
) -> None:
    path = written(tmp_path_factory.mktemp("damaged"), ending, rate_hz=8_000 if ending != ".opus" else 48_000, channels=1)
    data = bytearray(path.read_bytes())
    data[at % len(data)] = byte
    path.write_bytes(data[: max(1, int(len(data) * keep))])
    try:
        sound = whole(path)
    except AudioError:
        return
    assert len(sound) % 2 == 0


def test_closed_from_another_thread_it_gives_no_more(tmp_path: Path) -> None:
    file = MusicFile(written(tmp_path, ".flac"), rate_hz=RATE)
    assert file.read(100)
    closer = threading.Thread(target=file.close)
    closer.start()
    closer.join()
    assert file.read(100) == b""
