"""The cues: short, clean, distinct, the same everywhere."""

import hashlib

import numpy as np
import pytest

from earwitness.satellite.cues import CUE_NAMES, CUE_RATE_HZ, PEAK, cue


def _samples(name: str) -> np.ndarray:
    return np.frombuffer(cue(name).data, "<i2").astype(np.float64) / 32_767


def _loudest_hz(wave: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 24_000))
    return float(np.argmax(spectrum))


@pytest.mark.parametrize("name", CUE_NAMES)
def test_a_cue_is_heard_and_never_clips(name: str) -> None:
    wave = _samples(name)
    assert cue(name).rate_hz == CUE_RATE_HZ
    assert np.abs(wave).max() == pytest.approx(PEAK, abs=1e-3)
    assert np.sqrt(np.mean(wave**2)) > 0.03


@pytest.mark.parametrize("name", CUE_NAMES)
def test_a_cue_begins_and_ends_in_silence_and_has_no_jump(name: str) -> None:
    wave = _samples(name)
    assert abs(wave[0]) < 1e-3
    assert abs(wave[-1]) < 1e-3
    steepest_sine = 2 * np.pi * 2 * 1318.51 / CUE_RATE_HZ
    assert np.abs(np.diff(wave)).max() < PEAK * steepest_sine


@pytest.mark.parametrize("name", ["start", "end"])
def test_capture_cues_are_short(name: str) -> None:
    assert cue(name).seconds <= 0.120


def test_start_rises_and_end_falls() -> None:
    for name, is_rising in (("start", True), ("end", False)):
        wave = _samples(name)
        first, last = wave[: len(wave) // 3], wave[-len(wave) // 3 :]
        assert (_loudest_hz(last) > _loudest_hz(first)) is is_rising


def test_error_is_lower_than_every_other_cue() -> None:
    pitch = {name: _loudest_hz(_samples(name)) for name in CUE_NAMES}
    assert min(pitch, key=lambda name: pitch[name]) == "error"


def test_the_alert_loops_with_a_rest_between_rings() -> None:
    wave = _samples("alert")
    rest = wave[int(-0.5 * CUE_RATE_HZ) :]
    assert np.abs(rest).max() < 1e-3
    assert 1.0 <= cue("alert").seconds <= 3.0


def test_cues_are_distinct_and_made_anew_alike() -> None:
    first = {hashlib.sha256(cue(name).data).hexdigest() for name in CUE_NAMES}
    cue.cache_clear()
    again = {hashlib.sha256(cue(name).data).hexdigest() for name in CUE_NAMES}
    assert first == again
    assert len(first) == len(CUE_NAMES)


def test_an_unknown_cue_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="start, end, error, alert"):
        cue("ding")
