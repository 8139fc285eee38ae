"""Music under all else: gapless, ducked in time, held and dropped without a click, and bounded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from earwitness.domain.audio import Pcm
from earwitness.satellite.mixer import Mark, Mixer
from earwitness.satellite.music_bed import DUCK, MOST_WAITING_SECONDS

RATE = 24_000
BLOCK = 240


def flat(level: int, seconds: float) -> bytes:
    return np.full(int(seconds * RATE), level, "<i2").tobytes()


def playing(level: int = 10_000, *, seconds: float = 4.0) -> Mixer:
    """A mixer that plays music at full level."""
    mixer = Mixer(rate_hz=RATE, first="cue:")
    mixer.level_music(1.0, is_ducked=False, is_held=False)
    mixer.begin("music:1", rate_hz=RATE, is_music=True)
    mixer.feed("music:1", flat(level, seconds))
    return mixer


def heard(mixer: Mixer, seconds: float) -> tuple[NDArray[np.int16], list[Mark]]:
    """What a speaker gets, block by block."""
    parts, marks = [], list[Mark]()
    for _ in range(round(seconds * RATE / BLOCK)):
        sound, found = mixer.render(BLOCK)
        parts.append(np.frombuffer(sound, "<i2"))
        marks += found
    return np.concatenate(parts), marks


def test_a_track_begins_once_a_little_waits_and_the_next_follows_without_a_gap() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.level_music(1.0, is_ducked=False, is_held=False)
    mixer.begin("music:1", rate_hz=RATE, is_music=True)
    mixer.begin("music:2", rate_hz=RATE, is_music=True)
    mixer.feed("music:1", flat(100, 0.2))
    assert heard(mixer, 0.1)[1] == []
    mixer.feed("music:1", flat(100, 0.2))
    mixer.end("music:1")
    mixer.feed("music:2", flat(200, 0.4))
    mixer.end("music:2")
    sound, marks = heard(mixer, 1.0)
    assert [mark[:2] for mark in marks] == [
        ("music:1", "started"),
        ("music:1", "finished"),
        ("music:2", "started"),
        ("music:2", "finished"),
    ]
    assert list(np.flatnonzero(sound == 0)[:1]) == [int(0.8 * RATE)], "not one sample of silence between them"
    assert mixer.is_idle


@pytest.mark.parametrize("by", ["agent", "reply", "ring"])
def test_it_is_fifteen_decibels_softer_within_a_fifth_of_a_second(by: str) -> None:
    mixer = playing()
    heard(mixer, 0.5)
    match by:
        case "agent":
            mixer.level_music(1.0, is_ducked=True, is_held=False)
        case "reply":
            mixer.begin("speech:1", rate_hz=RATE)
            mixer.feed("speech:1", flat(0, 1.0))
        case _:
            mixer.play("ring", Pcm(data=flat(0, 0.1), rate_hz=RATE), is_looping=True)
    sound, _ = heard(mixer, 0.5)
    ducked = sound[int(0.2 * RATE) :]
    assert 20 * np.log10(np.mean(ducked) / 10_000) == pytest.approx(-15.0, abs=0.2)
    assert np.abs(np.diff(sound.astype(int))).max() < 10_000 * 0.001, "no step that could be heard"


def test_it_comes_back_after_a_reply() -> None:
    mixer = playing()
    mixer.begin("speech:1", rate_hz=RATE)
    mixer.feed("speech:1", flat(0, 0.5))
    mixer.end("speech:1")
    assert heard(mixer, 2.0)[0][-1] == 10_000


def test_a_reply_and_an_alarm_are_as_loud_as_without_music() -> None:
    mixer = playing(0)
    mixer.begin("speech:1", rate_hz=RATE)
    mixer.feed("speech:1", flat(9_000, 0.5))
    assert (heard(mixer, 0.4)[0] == 9_000).all()


def test_held_it_loses_nothing_but_a_short_fade() -> None:
    mixer = playing()
    heard(mixer, 1.0)
    mixer.level_music(1.0, is_ducked=False, is_held=True)
    heard(mixer, 0.5)
    before = mixer.music_figures("music:1")
    assert not heard(mixer, 3.0)[0].any()
    assert mixer.music_figures("music:1") == before
    assert before.played_seconds == pytest.approx(1.1, abs=0.02)
    mixer.level_music(1.0, is_ducked=False, is_held=False)
    assert heard(mixer, 1.0)[0][-1] == 10_000


def test_dropped_it_is_silent_within_five_milliseconds() -> None:
    mixer = playing()
    mixer.begin("music:2", rate_hz=RATE, is_music=True)
    heard(mixer, 0.5)
    mixer.drop_music()
    sound, marks = heard(mixer, 0.1)
    assert [mark[0] for mark in marks] == ["music:1", "music:2"]
    assert not sound[RATE * 5 // 1000 :].any()
    assert np.abs(np.diff(sound[: RATE * 5 // 1000].astype(int))).max() < 200


def test_a_track_that_runs_dry_waits_for_a_second_of_sound() -> None:
    mixer = playing(seconds=0.5)
    heard(mixer, 1.0)
    mixer.feed("music:1", flat(10_000, 0.9))
    assert not heard(mixer, 0.2)[0].any(), "rather one gap than many"
    mixer.feed("music:1", flat(10_000, 0.2))
    assert heard(mixer, 1.0)[0].all()


def test_what_waits_is_bounded_and_no_other_rate_is_taken() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.begin("music:1", rate_hz=RATE, is_music=True)
    taken = sum(mixer.feed("music:1", flat(1, 1.0)) for _ in range(60))
    assert taken == MOST_WAITING_SECONDS
    with pytest.raises(ValueError, match="not played"):
        mixer.begin("music:2", rate_hz=7_999, is_music=True)


def test_a_lost_speaker_names_music_among_what_it_lost() -> None:
    mixer = playing()
    assert mixer.drop_all() == ("music:1",)
    assert mixer.is_idle


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["feed", "end", "drop", "duck", "hold", "free", "begin", "render"]), st.integers(1, 3)),
        max_size=40,
    )
)
def test_in_any_order_no_sample_is_louder_than_it_may_be_and_every_start_has_one_end(steps: list[tuple[str, int]]) -> None:
    mixer, marks = Mixer(rate_hz=RATE), list[Mark]()
    mixer.level_music(1.0, is_ducked=False, is_held=False)
    begun = 0
    for step, number in steps:
        match step:
            case "begin":
                begun += 1
                mixer.begin(f"music:{begun}", rate_hz=RATE, is_music=True)
            case "feed":
                mixer.feed(f"music:{begun}", flat(1_000, 0.2 * number))
            case "end":
                mixer.end(f"music:{begun}")
            case "drop":
                mixer.drop_music()
            case "render":
                sound, found = heard(mixer, 0.2 * number)
                marks += found
                assert np.abs(sound).max() <= 1_000 * 1.01
            case _:
                mixer.level_music(1.0, is_ducked=step == "duck", is_held=step == "hold")
    mixer.drop_music()
    marks += heard(mixer, 0.1)[1]
    started = [name for name, what, _ in marks if what == "started"]
    finished = [name for name, what, _ in marks if what == "finished"]
    assert len(set(started)) == len(started)
    assert len(set(finished)) == len(finished)
    assert set(started) <= set(finished)


def test_the_duck_is_fifteen_decibels() -> None:
    assert 20 * np.log10(DUCK) == pytest.approx(-15.0)
