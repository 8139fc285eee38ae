"""Silenced words: zero, and nothing else than zero, from before they begin until after they end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.audio import RATE_HZ
from earwitness.review.redact_audio import FADE_SECONDS, MARGIN_AFTER_SECONDS, MARGIN_BEFORE_SECONDS, Samples, silence

SECONDS = 3.0
LOUD = np.where(np.arange(int(SECONDS * RATE_HZ)) % 2, 12_000, -12_000).astype(np.int16)
span = st.tuples(st.floats(-1, 4), st.floats(0, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(spans=st.lists(span, max_size=4))
def test_every_span_and_its_margins_are_zero_and_what_is_far_is_as_before(spans: list[tuple[float, float]]) -> None:
    quiet = silence(LOUD, spans)
    moments = np.arange(len(LOUD)) / RATE_HZ
    hidden, near = np.zeros(len(LOUD), bool), np.zeros(len(LOUD), bool)
    for start, end in spans:
        first, last = start - MARGIN_BEFORE_SECONDS, end + MARGIN_AFTER_SECONDS
        hidden |= (moments >= first) & (moments <= last)
        near |= (moments >= first - FADE_SECONDS - 1e-3) & (moments <= last + FADE_SECONDS + 1e-3)
    assert len(quiet) == len(LOUD)
    assert quiet.dtype == np.int16
    assert not quiet[hidden].any()
    assert (quiet[~near] == LOUD[~near]).all()


def test_the_edges_fade_and_only_outside() -> None:
    level = np.abs(silence(LOUD, [(1.0, 2.0)]).astype(int))
    first = int((1.0 - MARGIN_BEFORE_SECONDS) * RATE_HZ)
    fade = round(FADE_SECONDS * RATE_HZ)
    falling = level[first - fade : first]
    assert (np.diff(falling) <= 0).all()
    assert falling[0] > 11_000
    assert falling[-1] < 200


def test_the_sound_that_was_given_is_not_changed() -> None:
    before: Samples = LOUD.copy()
    silence(LOUD, [(0.0, 3.0)])
    assert (before == LOUD).all()
    assert (silence(LOUD, []) == LOUD).all()
    assert not silence(LOUD, [(0.0, 3.0)]).any()
    assert len(silence(LOUD[:0], [(0.0, 1.0)])) == 0


@pytest.mark.parametrize("wrong", [(2.0, 1.0), (float("nan"), 1.0), (0.0, float("nan"))])
def test_a_span_that_is_none_is_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="ends after it begins"):
        silence(LOUD, [(0.1, 0.2), wrong])
