import numpy as np
import pytest

from bench.spoken import LEAD_SECONDS, STEP, laid_out, speech_end

RATE = 16_000


def tone(seconds: float, *, level: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    times = np.arange(int(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 220 * times)).astype(np.float32)


def test_the_end_of_clean_speech_is_exact_to_a_step() -> None:
    sound = np.concatenate([tone(1.0, level=0.5), tone(0.2, level=0.05), tone(0.7, level=0.0)])
    assert abs(speech_end(sound, is_noisy=False) - 1.2 * RATE) <= STEP


def test_noise_after_the_last_word_is_not_speech() -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.02, 3 * RATE).astype(np.float32)
    noise[: 2 * RATE] += tone(2.0, level=0.5)
    assert abs(speech_end(noise, is_noisy=True) - 2.0 * RATE) <= 2 * STEP


def test_an_utterance_counts_its_end_from_the_start_of_its_sound() -> None:
    utterance = laid_out(tone(1.0, level=0.5), text="a", speaker="b", seed=1)
    assert utterance.end_seconds == pytest.approx(LEAD_SECONDS + 1.0, abs=0.02)
    again = laid_out(tone(1.0, level=0.5), text="a", speaker="b", seed=1)
    assert again == utterance


def test_a_sound_shorter_than_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        speech_end(np.zeros(STEP, dtype=np.float32), is_noisy=False)
