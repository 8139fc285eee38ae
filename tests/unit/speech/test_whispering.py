"""Whispering has no voice; where nothing can be told it counts as spoken aloud."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.speech.whispering import voicing

SECONDS = 1.2


def said(source: NDArray[np.float64], *, background: float = 0.0005, loudness: float = 0.2) -> Pcm:
    """A source through two resonances of a mouth, in three syllables over a soft background."""
    rng = np.random.default_rng(3)
    sound = source
    for hertz, width in ((600.0, 120.0), (1_500.0, 160.0)):
        radius, angle = np.exp(-np.pi * width / RATE_HZ), 2 * np.pi * hertz / RATE_HZ
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], sound)
    at = np.arange(len(source)) / RATE_HZ
    sound = loudness * sound / np.max(np.abs(sound)) * (np.sin(2 * np.pi * 1.25 * at) > -0.2)
    sound = sound + background * rng.standard_normal(len(sound))
    return Pcm(data=(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def folds(hertz: float) -> NDArray[np.float64]:
    """Pulses of vocal folds that rise by a third."""
    at = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    phase = np.cumsum(hertz * (1 + 0.3 * at / SECONDS)) / RATE_HZ
    return np.diff(np.floor(phase), prepend=0.0)


def breath() -> NDArray[np.float64]:
    return np.random.default_rng(5).standard_normal(int(SECONDS * RATE_HZ))


@pytest.mark.parametrize("hertz", [85.0, 120.0, 210.0, 290.0, 420.0], ids=str)
def test_a_voice_of_any_height_is_no_whisper(hertz: float) -> None:
    found = voicing(said(folds(hertz)))
    assert found.voiced_share > 0.5
    assert not found.is_whispered


@pytest.mark.parametrize("loudness", [0.02, 0.5])
def test_breath_is_a_whisper_at_any_loudness(loudness: float) -> None:
    assert voicing(said(breath(), loudness=loudness, background=loudness / 200)).is_whispered


def test_what_hardly_stands_out_of_its_background_counts_as_spoken() -> None:
    found = voicing(said(breath(), background=0.1))
    assert found.contrast_db < 12
    assert not found.is_whispered


@pytest.mark.parametrize("data", [b"", bytes(200), bytes(64_000)], ids=["nothing", "less than a frame", "silence"])
def test_no_speech_is_no_whisper(data: bytes) -> None:
    assert not voicing(Pcm(data=data)).is_whispered
