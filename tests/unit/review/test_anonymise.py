"""The disguise, and the rule on when a disguised voice may be served: a rule over figures, which are data."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.consent import Purpose
from earwitness.people.consent_texts import current_text
from earwitness.review.anonymise import (
    FIGURES,
    FIGURES_FILE,
    LEAST_EER,
    MAY_SERVE,
    MOST_COST_POINTS,
    WAY,
    WAYS,
    Figures,
    anonymise,
    best_way,
    read_figures,
)
from earwitness.review.voice_mcadams import move_resonances

GOOD = Figures(ignorant_eer=0.5, lazy_eer=0.45, retrained_eer=0.4, retrained_eer_low=0.31, wer_cost_points=4.9)


def vowel(*, formant_hz: float) -> np.ndarray:
    moments, sound = np.arange(RATE_HZ) / RATE_HZ, np.zeros(RATE_HZ)
    for harmonic in range(1, 60):
        level = np.exp(-(((120 * harmonic - formant_hz) / 150) ** 2)) + 0.001
        sound += level * np.cos(2 * np.pi * 120 * harmonic * moments + harmonic)
    return np.asarray(sound / np.abs(sound).max() * 15_000, dtype=np.int16)


def loudest_hz(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax()) * RATE_HZ / len(samples)


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        ({}, True),
        ({"retrained_eer_low": 0.299}, False),
        ({"wer_cost_points": 5.1}, False),
        ({"retrained_eer_low": LEAST_EER}, True),
    ],
)
def test_the_rule(change: dict[str, float], keeps: bool) -> None:
    assert replace(GOOD, **change).keeps_the_rule is keeps


def test_what_is_served_follows_from_the_published_figures() -> None:
    published = read_figures(FIGURES_FILE.read_text(encoding="utf-8"))
    assert published == FIGURES
    assert set(WAYS) <= set(published)
    row = published[WAY]
    assert (row.retrained_eer_low >= LEAST_EER and row.wer_cost_points <= MOST_COST_POINTS) is MAY_SERVE
    assert all(one.retrained_eer <= one.lazy_eer + 1e-9 for one in published.values()), "who learned more is never the weaker"
    assert all(one.retrained_eer_low <= one.retrained_eer for one in published.values())


def test_of_ways_that_keep_the_rule_the_cheapest_else_the_one_that_hides_most() -> None:
    cheap, weak = replace(GOOD, wer_cost_points=1.0), replace(GOOD, retrained_eer_low=0.1)
    weaker = replace(GOOD, retrained_eer_low=0.05, wer_cost_points=0.0)
    assert best_way({"good": GOOD, "cheap": cheap, "weak": weak}, ways={"good": 0, "cheap": 0, "weak": 0}) == "cheap"
    assert best_way({"weak": weak, "weaker": weaker}, ways={"weak": 0, "weaker": 0}) == "weak"


def test_figures_of_another_form_are_refused() -> None:
    with pytest.raises(TypeError):
        read_figures('{"way": {"retrained_eer": 0.4}}')
    with pytest.raises(ValueError, match="Expecting"):
        read_figures("no figures")


@given(st.integers(0, 5_000), st.integers(0, 2**31))
def test_a_disguised_sound_is_as_long_and_silence_stays_silence(count: int, seed: int) -> None:
    silence = np.zeros(count, np.int16)
    assert (anonymise(silence, seed=seed) == silence).all()


def test_resonances_move_and_loudness_stays() -> None:
    sound = vowel(formant_hz=720)
    moved = move_resonances(sound, coefficient=0.8)
    assert len(moved) == len(sound)
    assert loudest_hz(sound) == pytest.approx(720, abs=5)
    assert loudest_hz(moved) > 800
    assert 0.5 < np.std(moved) / np.std(sound) < 2
    same = move_resonances(sound, coefficient=1.0)[1000:-1000].astype(float)
    assert np.corrcoef(same, sound[1000:-1000])[0, 1] > 0.999


def test_silenced_words_stay_silent_in_the_disguise() -> None:
    sound = vowel(formant_hz=720)
    sound[6_000:10_000] = 0
    assert not anonymise(sound, seed=1)[6_512:9_488].any()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        anonymise(vowel(formant_hz=500), seed=-1)


def test_whoever_agrees_to_be_heard_is_told_what_was_measured() -> None:
    recognised = round((1 - FIGURES[WAY].retrained_eer) * 100)
    text = current_text(Purpose.HEAR)
    assert not MAY_SERVE, "else the consent to review would be enough"
    for told in (text.text, text.spoken):
        assert f"{recognised} of 100" in told
