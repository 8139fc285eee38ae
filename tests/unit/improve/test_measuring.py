"""What is measured of one judged utterance: wakes only where the sound of the wake word is in the recording."""

from dataclasses import replace

from earwitness.domain.audio import Pcm
from earwitness.domain.review import Label
from earwitness.improve.adapting import Chain, Example, Metric
from earwitness.improve.measuring import Arm, measure
from tests.improving import chain
from tests.second_looks import deaf, only, wake, whistle

SOUND = Pcm(data=b"turn on the lamp")
TRUE = Example(recording_id="one", speaker_key="a", transcript="turn on the lamp", heard="turn on the lamp", audio_seconds=2.0)
FALSE = replace(TRUE, recording_id="two", transcript="", labels=frozenset({Label.FALSE_WAKE}))


def test_a_second_look_is_measured_on_the_wake_word_and_not_on_what_was_said_after_it() -> None:
    word = whistle()
    chains: dict[str, Chain] = {Arm.AFTER: replace(chain(), second_look=only(word))}
    assert not only(word).is_wake(wake(SOUND))
    true, false = (measure(one, chains, sound=lambda _: SOUND, spot=lambda _: wake(word))[Arm.AFTER] for one in (TRUE, FALSE))
    assert true.losses[Metric.FALSE_REJECTS].part == 0.0
    assert false.losses[Metric.FALSE_ACCEPTS].part == 1.0


def test_nothing_is_said_of_wakes_whose_word_is_not_in_the_recording() -> None:
    chains: dict[str, Chain] = {Arm.AFTER: replace(chain(), second_look=deaf())}
    true, false = (measure(one, chains, sound=lambda _: SOUND, spot=lambda _: None)[Arm.AFTER] for one in (TRUE, FALSE))
    assert not {Metric.FALSE_REJECTS, Metric.FALSE_ACCEPTS} & (true.losses.keys() | false.losses.keys())
    assert not false.is_right, "what was not measured is no success"
