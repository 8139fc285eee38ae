"""The watermark: it names its lease after what a leak goes through, it names nobody else, and it can hardly be heard."""

import math
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import AudioError
from earwitness.review.watermark import MOST_LEASES, Samples, embed, trace
from earwitness.review.watermark_code import MOST_FALSE, SYMBOLS, codewords, false_chance, plan
from earwitness.review.watermark_file import read_leak, trace_file

KEY = bytes(range(32))
FIRST_SYMBOLS = [238, 201, 174, 212, 58, 196]
FIRST_SIGNS = [-1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1]
LEASES = [index * 0x9E3779B97F4A7C15 % (1 << 64) for index in range(1, 2001)]


def babble(seconds: float = 6.0, *, seed: int = 3) -> Samples:
    """Something like speech: harmonics of a wandering pitch under wandering formants, in syllables, with breath."""
    rng, count = np.random.default_rng(seed), int(seconds * RATE_HZ)

    def wander(low: float, high: float, *, per_second: float) -> np.ndarray:
        places = np.linspace(0, count, max(3, int(seconds * per_second)))
        return np.interp(np.arange(count), places, rng.uniform(low, high, len(places)))

    pitch, loud = wander(100, 160, per_second=3), wander(0, 1, per_second=8) ** 2
    angle, sound = np.cumsum(pitch) / RATE_HZ * 2 * np.pi, np.zeros(count)
    formants = [wander(low, high, per_second=6) for low, high in ((300, 800), (900, 2200), (2300, 3200))]
    for harmonic in range(1, 45):
        level = sum(np.exp(-(((pitch * harmonic - formant) / 250) ** 2)) for formant in formants)
        sound += np.cos(angle * harmonic) * (level + 0.02)
    sound = (sound + rng.standard_normal(count) * 0.3) * (loud + 0.02)
    return np.asarray(np.rint(sound / np.abs(sound).max() * 20_000), dtype=np.int16)


CLIP = babble()
MARKED = embed(CLIP, key=KEY, lease=LEASES[7])


def coded(path: Path, sound: Samples, *, codec: str, bit_rate: int, rate_hz: int = RATE_HZ) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate_hz)
        stream.bit_rate, stream.layout = bit_rate, "mono"
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout="mono", rate=rate_hz)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(part))
    return path


def test_a_mark_names_its_lease() -> None:
    found = trace(MARKED, key=KEY, leases=LEASES)
    assert found is not None
    assert (found.lease, found.also) == (LEASES[7], ())
    assert found.false_chance < 1e-9


def test_a_mark_changes_little_and_no_length() -> None:
    assert MARKED.dtype == np.int16
    assert len(MARKED) == len(CLIP)
    noise = MARKED.astype(float) - CLIP
    assert 10 < 10 * math.log10(np.sum(CLIP.astype(float) ** 2) / np.sum(noise**2)) < 25


@pytest.mark.parametrize(
    ("ending", "codec", "bit_rate", "rate_hz"),
    [("mp3", "libmp3lame", 64_000, RATE_HZ), ("m4a", "aac", 64_000, RATE_HZ), ("ogg", "libopus", 24_000, 48_000)],
)
def test_a_mark_survives_a_codec_and_a_cut(tmp_path: Path, ending: str, codec: str, bit_rate: int, rate_hz: int) -> None:
    path = coded(tmp_path / f"leak.{ending}", MARKED[RATE_HZ + 77 :], codec=codec, bit_rate=bit_rate, rate_hz=rate_hz)
    found = trace_file(path, key=KEY, leases=LEASES)
    assert found is not None
    assert found.lease == LEASES[7]


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100])
def test_a_mark_survives_another_rate(rate_hz: int) -> None:
    there = soxr.resample(MARKED.astype(np.float32), RATE_HZ, rate_hz)
    found = trace(soxr.resample(there, rate_hz, RATE_HZ), key=KEY, leases=LEASES)
    assert found is not None
    assert found.lease == LEASES[7]


def test_a_mark_survives_another_speed() -> None:
    found = trace(soxr.resample(MARKED.astype(np.float32), RATE_HZ * 1.012, RATE_HZ), key=KEY, leases=LEASES)
    assert found is not None
    assert found.lease == LEASES[7]


def test_a_mark_is_found_within_a_long_recording() -> None:
    before, after = babble(9.0, seed=11), babble(14.0, seed=12)
    found = trace(np.concatenate([before, MARKED, after]), key=KEY, leases=LEASES)
    assert found is not None
    assert found.lease == LEASES[7]


@pytest.mark.parametrize(
    "sound",
    [CLIP, np.zeros(40_000, np.int16), np.zeros(0, np.int16), CLIP[:900]],
    ids=["unmarked", "silence", "nothing", "short"],
)
def test_nobody_is_named_for_what_is_not_marked(sound: Samples) -> None:
    assert trace(sound, key=KEY, leases=LEASES) is None


def test_nobody_is_named_for_a_lease_that_is_not_asked_about() -> None:
    assert trace(MARKED, key=KEY, leases=[one for one in LEASES if one != LEASES[7]]) is None
    assert trace(MARKED, key=KEY, leases=[]) is None
    assert trace(MARKED, key=bytes(32), leases=LEASES) is None


def test_two_who_mix_their_copies_name_nobody_else() -> None:
    other = embed(CLIP, key=KEY, lease=LEASES[900])
    mixed = (MARKED.astype(float) + other) / 2
    found = trace(mixed, key=KEY, leases=LEASES)
    named = set() if found is None else {found.lease, *found.also}
    assert named <= {LEASES[7], LEASES[900]}
    spliced = trace(np.concatenate([MARKED[: len(MARKED) // 2], other[len(other) // 2 :]]), key=KEY, leases=LEASES)
    assert spliced is None or {spliced.lease, *spliced.also} <= {LEASES[7], LEASES[900]}


def test_clips_of_a_lease_begin_at_different_phases() -> None:
    others = [embed(babble(1.0, seed=seed), key=KEY, lease=LEASES[7]) for seed in range(3)]
    assert len({bytes(other[:64]) for other in others}) == 3
    assert bytes(embed(CLIP, key=KEY, lease=LEASES[7])) == bytes(MARKED)


def test_a_silenced_span_stays_silent() -> None:
    quiet = CLIP.copy()
    quiet[30_000:50_000] = 0
    assert not embed(quiet, key=KEY, lease=1)[30_600:49_400].any()


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        embed(CLIP, key=b"short", lease=1)
    with pytest.raises(ValueError, match="64 bits"):
        embed(CLIP, key=KEY, lease=1 << 64)
    with pytest.raises(ValueError, match="at most"):
        trace(CLIP, key=KEY, leases=range(MOST_LEASES + 1))


def test_the_bound_holds_for_codewords_of_strangers() -> None:
    """Ten million comparisons of rows of any shape with codewords: never more often over a score than the bound says."""
    rng, rows = np.random.default_rng(5), []
    for shape in (1.0, 3.0, 0.3):
        row = np.sign(rng.standard_normal((20, SYMBOLS))) * np.abs(rng.standard_normal((20, SYMBOLS))) ** shape
        rows.append(row / np.linalg.norm(row, axis=1, keepdims=True))
    heard = np.concatenate(rows).astype(np.float32)
    scores = heard @ codewords(range(170_000), key=KEY).T
    for score in (2.0, 3.0, 4.0, 5.0):
        assert np.mean(scores >= score) <= false_chance(score, tries=1)
    assert float(scores.max()) < 6.5


@given(tries=st.integers(1, 10**12), score=st.floats(-5, 40))
def test_the_chance_of_a_false_name_is_a_chance(tries: int, score: float) -> None:
    assert 0 <= false_chance(score, tries=tries) <= 1
    assert false_chance(score, tries=tries) <= false_chance(score, tries=2 * tries)
    assert false_chance(8.2, tries=256 * 1_000_000) <= MOST_FALSE


@settings(max_examples=20)
@given(key=st.binary(min_size=32, max_size=32))
def test_each_symbol_lies_on_as_many_tiles(key: bytes) -> None:
    laid = plan(key)
    assert set(np.bincount(laid.symbols.reshape(-1), minlength=SYMBOLS)) == {len(laid.order) // SYMBOLS}
    assert (laid.symbols.reshape(-1)[laid.order] == np.repeat(np.arange(SYMBOLS), len(laid.order) // SYMBOLS)).all()


def test_plan_and_codeword_are_those_of_every_version() -> None:
    """A leak may be older than the library: these may never change."""
    assert plan(KEY).symbols[0, :6].tolist() == FIRST_SYMBOLS
    assert codewords([1], key=KEY)[0, :16].tolist() == FIRST_SIGNS


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("hello")
    with pytest.raises(AudioError, match="no sound"):
        read_leak(tmp_path / "no.txt")
    with pytest.raises(AudioError, match="no sound"):
        read_leak(tmp_path / "missing.wav")


def test_a_leak_that_was_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "whole.flac", MARKED, RATE_HZ)
    whole = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) * 9 // 10])
    assert len(read_leak(tmp_path / "cut.flac")) > 4 * RATE_HZ
    found = trace_file(tmp_path / "cut.flac", key=KEY, leases=LEASES)
    assert found is not None
    assert found.lease == LEASES[7]
