"""How long silence has to last, from how people pause; sounds are made of tones and silence, to the millisecond."""

import numpy as np
import pytest

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.improve.adapters.endpoint import (
    FACTORS,
    FILE,
    EndpointAdapter,
    best_factor,
    is_cut_off,
    longest_pause_seconds,
    waiting,
)
from earwitness.improve.adapting import Example, Learned
from earwitness.turn.endpoint import EndpointLimits
from tests.unit.improve.adapters.home import chain

LIMITS = EndpointLimits()


def spoken(*pieces: float) -> Pcm:
    """Tone and silence in turns, in seconds."""
    parts = [np.sin(np.arange(int(seconds * RATE_HZ)) / 8) * (8000 if at % 2 == 0 else 2) for at, seconds in enumerate(pieces)]
    return Pcm(data=np.concatenate(parts).astype("<i2").tobytes())


def learned(pauses: list[float], *, cut_off: int = 0) -> Learned | None:
    sounds = {f"r{at}": spoken(0.4, pause, 0.4, 0.6) for at, pause in enumerate(pauses)}
    examples = [
        Example(
            recording_id=key,
            speaker_key="one",
            transcript="set a timer for" if at < cut_off else "set a timer for ten minutes",
            heard="",
            intent=None if at < cut_off else "HassStartTimer",
            audio_seconds=2.0,
        )
        for at, key in enumerate(sounds)
    ]
    return EndpointAdapter().learn(examples, base=chain(), sound=sounds.__getitem__, progress=lambda done, whole: None, seed=1)


def test_the_longest_pause_is_found_and_silence_around_speech_is_none() -> None:
    assert longest_pause_seconds(spoken(0.4, 0.3, 0.4, 1.0)) == pytest.approx(0.3, abs=0.05)
    assert longest_pause_seconds(spoken(0.4, 0.05, 0.4)) == 0
    assert longest_pause_seconds(Pcm(data=b"")) == 0


def test_people_who_are_cut_off_are_waited_for_longer() -> None:
    slow = learned([0.5] * 30 + [0.2] * 10, cut_off=8)
    assert slow is not None
    assert slow.facts["cut_off"] == 8
    better = EndpointAdapter().put_in(chain(), slow.files).endpoint
    assert better.unknown_seconds > LIMITS.unknown_seconds
    assert better.incomplete_seconds > LIMITS.incomplete_seconds


def test_people_who_never_pause_wait_less_and_complete_commands_stay_as_quick() -> None:
    quick = learned([0.0] * 40)
    assert quick is not None
    better = EndpointAdapter().put_in(chain(), quick.files).endpoint
    assert better.unknown_seconds < LIMITS.unknown_seconds
    assert better.complete_seconds == LIMITS.complete_seconds


def test_a_wait_is_not_shortened_into_the_pauses_that_people_make() -> None:
    factor = best_factor([0.7] * 20 + [0.0] * 20, cut_off=0, limits=LIMITS)
    assert factor * LIMITS.unknown_seconds > 0.7


@pytest.mark.parametrize("factor", FACTORS)
def test_waits_stay_in_their_order(factor: float) -> None:
    limits = waiting(LIMITS, factor)
    assert limits.complete_seconds <= limits.open_seconds <= limits.unknown_seconds <= limits.incomplete_seconds


def test_only_what_ends_in_the_middle_and_could_not_be_done_was_cut_off() -> None:
    one = Example(recording_id="r", speaker_key="s", transcript="Set a timer for", heard="")
    assert is_cut_off(one)
    assert not is_cut_off(Example(recording_id="r", speaker_key="s", transcript="Stop", heard="", intent="Stop"))


def test_too_little_teaches_nothing_and_other_files_are_refused() -> None:
    assert learned([0.2] * 29) is None
    for files in ({"other": b""}, {FILE: b"{}"}, {FILE: b'{"format":1,"factor":9}'}, {FILE: b"["}):
        with pytest.raises(ModelError):
            EndpointAdapter().put_in(chain(), files)
