"""What a recogniser is given to hear: windows of a long recording, and their spectrogram."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.speech.stt.log_mel import log_mel
from earwitness.speech.stt.windows import LONGEST_SECONDS, samples_of, windows


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 130 * RATE_HZ))
def test_windows_are_short_enough_and_lose_nothing(length: int) -> None:
    samples = np.arange(length, dtype=np.float32)
    pieces = list(windows(samples))
    assert all(0 < len(piece) <= LONGEST_SECONDS * RATE_HZ for piece in pieces)
    assert np.array_equal(np.concatenate([*pieces, np.zeros(0, np.float32)]), samples)


def test_a_window_ends_where_it_is_quiet() -> None:
    samples = np.ones(40 * RATE_HZ, dtype=np.float32)
    samples[20 * RATE_HZ : 20 * RATE_HZ + RATE_HZ // 5] = 0
    first, *_ = windows(samples)
    assert len(first) / RATE_HZ == pytest.approx(20.1, abs=0.1)


def test_samples_are_scaled() -> None:
    assert samples_of(Pcm(data=b"\x00\x80\x00\x40\x00\x00")).tolist() == [-1.0, 0.5, 0.0]
    with pytest.raises(ValueError, match="16 kHz"):
        samples_of(Pcm(data=b"", rate_hz=8000))


def test_the_spectrogram_is_the_one_that_whisper_was_trained_on() -> None:
    samples = np.random.default_rng(1).standard_normal(3 * RATE_HZ).astype(np.float32) * 0.1
    samples[RATE_HZ : 2 * RATE_HZ] = 0
    expected = FeatureExtractor()(samples, padding=0)
    found = log_mel(samples)
    assert found.shape == (80, 300)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5


def test_the_spectrogram_of_silence_is_flat() -> None:
    assert np.ptp(log_mel(np.zeros(RATE_HZ, dtype=np.float32))) == 0
