"""Sounds are mixed, marked, bounded and stopped at once."""

import numpy as np
import pytest
from numpy.typing import NDArray

from earwitness.domain.audio import Pcm
from earwitness.satellite.mixer import LEAST_WHOLE, Mark, Mixer

RATE = 24_000


def flat(level: int, samples: int) -> bytes:
    return np.full(samples, level, "<i2").tobytes()


def rendered(mixer: Mixer, samples: int) -> tuple[NDArray[np.int16], list[Mark]]:
    sound, marks = mixer.render(samples)
    return np.frombuffer(sound, "<i2"), marks


def test_silence_where_nothing_plays() -> None:
    sound, marks = rendered(Mixer(rate_hz=RATE), 100)
    assert not sound.any()
    assert not marks


def test_tracks_add_up_and_never_wrap() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.play("a", Pcm(data=flat(30_000, 50), rate_hz=RATE))
    mixer.play("b", Pcm(data=flat(20_000, 20), rate_hz=RATE))
    sound, marks = rendered(mixer, 100)
    assert list(sound[[0, 19, 20, 49, 50]]) == [32_767, 32_767, 30_000, 30_000, 0]
    assert marks == [("a", "started", 0), ("a", "finished", 50), ("b", "started", 0), ("b", "finished", 20)]
    assert mixer.is_idle


def test_the_volume_is_of_replies_and_no_cue_is_ever_silent() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.volume = 0.0
    mixer.begin("speech", rate_hz=RATE)
    mixer.feed("speech", flat(10_000, 50))
    assert not rendered(mixer, 50)[0].any()
    mixer.play("cue", Pcm(data=flat(10_000, 50), rate_hz=RATE))
    assert list(rendered(mixer, 50)[0]) == [round(10_000 * LEAST_WHOLE)] * 50
    mixer.volume = 0.5
    mixer.feed("speech", flat(10_000, 50))
    assert list(rendered(mixer, 50)[0]) == [5_000] * 50


def test_a_fed_track_starts_with_its_first_sample_and_finishes_after_its_end() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.begin("speech", rate_hz=RATE)
    assert rendered(mixer, 10)[1] == []
    assert mixer.feed("speech", flat(1, 5))
    assert rendered(mixer, 10)[1] == [("speech", "started", 0)]
    mixer.end("speech")
    assert not mixer.feed("speech", flat(1, 5))
    assert rendered(mixer, 10)[1] == [("speech", "finished", 0)]


def test_another_rate_is_resampled() -> None:
    mixer = Mixer(rate_hz=48_000)
    mixer.begin("speech", rate_hz=16_000)
    mixer.feed("speech", flat(1000, 1600))
    mixer.end("speech")
    sound, _ = rendered(mixer, 9600)
    assert np.count_nonzero(np.abs(sound) > 500) == pytest.approx(4800, abs=40)


@pytest.mark.parametrize("rate_hz", [0, 7_999, 48_001])
def test_no_other_rates(rate_hz: int) -> None:
    with pytest.raises(ValueError, match="not played"):
        Mixer(rate_hz=RATE).begin("speech", rate_hz=rate_hz)


def test_a_dropped_track_is_silent_within_five_milliseconds() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.play("speech", Pcm(data=flat(10_000, RATE), rate_hz=RATE))
    rendered(mixer, 100)
    mixer.drop("speech")
    sound, marks = rendered(mixer, 480)
    assert marks == [("speech", "finished", 0)]
    assert not sound[RATE * 5 // 1000 :].any()
    assert np.abs(np.diff(sound[: RATE * 5 // 1000])).max() < 200, "no click"


def test_a_reply_does_not_start_over_a_cue_but_a_call_does() -> None:
    mixer = Mixer(rate_hz=RATE, first="cue:")
    mixer.play("cue:1", Pcm(data=flat(5, 150), rate_hz=RATE))
    for name, is_live in (("speech", False), ("call", True)):
        mixer.begin(name, rate_hz=RATE, is_live=is_live)
        mixer.feed(name, flat(1, 300))
    assert ("call", "started", 0) in rendered(mixer, 100)[1]
    assert ("speech", "started", 50) in rendered(mixer, 100)[1]


def test_what_waits_is_bounded() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.begin("speech", rate_hz=RATE)
    fed = [mixer.feed("speech", flat(1, RATE)) for _ in range(200)]
    assert fed.count(True) == 180
    mixer.begin("call", rate_hz=RATE, is_live=True)
    for level in range(1, 50):
        mixer.feed("call", flat(level, RATE // 50))
    mixer.drop("speech")
    sound, _ = rendered(mixer, RATE)
    assert np.count_nonzero(sound) <= 0.4 * RATE
    assert sound.max() == 49, "the newest is kept"


def test_a_loop_has_no_seam() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.play("ring", Pcm(data=flat(3, 70), rate_hz=RATE), is_looping=True)
    sound, marks = rendered(mixer, 500)
    assert (sound == 3).all()
    assert marks == [("ring", "started", 0)]


def test_all_tracks_of_a_lost_speaker_are_named() -> None:
    mixer = Mixer(rate_hz=RATE)
    mixer.begin("a", rate_hz=RATE)
    mixer.begin("b", rate_hz=RATE)
    mixer.drop("b")
    assert set(mixer.drop_all()) == {"a", "b"}
    assert mixer.is_idle
