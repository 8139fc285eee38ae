"""From a model's samples to PCM: silence trimmed, never clipped, no click at the edges."""

import numpy as np
import pytest

from earwitness.speech.tts.waveform import LOUDEST, Samples, finish

RATE_HZ = 24_000


def _padded_tone(level: float, *, before_seconds: float = 0.4, after_seconds: float = 0.5) -> Samples:
    tone = level * np.sin(2 * np.pi * 200 * np.arange(RATE_HZ // 2) / RATE_HZ)
    silence = [np.zeros(round(seconds * RATE_HZ)) for seconds in (before_seconds, after_seconds)]
    return np.concatenate([silence[0], tone, silence[1]]).astype(np.float32)


def test_silence_around_speech_is_trimmed_to_a_breath() -> None:
    pcm = finish(_padded_tone(0.5), rate_hz=RATE_HZ)
    assert 0.5 < pcm.seconds < 0.6
    samples = np.frombuffer(pcm.data, "<i2")
    assert np.abs(samples[: RATE_HZ // 25]).max() > 10_000


def test_a_pause_is_appended_in_silence() -> None:
    plain, paused = (finish(_padded_tone(0.5), rate_hz=RATE_HZ, pause_seconds=seconds) for seconds in (0.0, 0.25))
    assert paused.data == plain.data + bytes(2 * RATE_HZ // 4)


@pytest.mark.parametrize(("level", "gain"), [(0.5, 1.0), (0.9, 4.0), (3.0, 1.0)])
def test_loud_samples_are_scaled_and_not_clipped(level: float, gain: float) -> None:
    samples = np.frombuffer(finish(_padded_tone(level), rate_hz=RATE_HZ, gain=gain).data, "<i2") / 32_767
    assert np.abs(samples).max() == pytest.approx(min(level * gain, LOUDEST), rel=0.01)
    assert np.count_nonzero(np.abs(samples) > 0.99 * np.abs(samples).max()) < 0.15 * len(samples)


def test_the_edges_are_faded() -> None:
    pcm = finish(_padded_tone(0.5, before_seconds=0, after_seconds=0), rate_hz=RATE_HZ)
    samples = np.frombuffer(pcm.data, "<i2").astype(int)
    assert abs(samples[0]) < 200
    assert abs(samples[-1]) < 200


@pytest.mark.parametrize("wave", [np.zeros(0), np.zeros(10), np.zeros(24_000), np.full(24_000, np.nan)])
def test_nothing_heard_gives_no_samples(wave: Samples) -> None:
    assert finish(wave.astype(np.float32), rate_hz=RATE_HZ, pause_seconds=1.0).data == b""
