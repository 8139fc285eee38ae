"""The second look at wake words, learned from made sounds: true wakes rise in pitch, false ones fall."""

from collections.abc import Callable

import numpy as np
import pytest

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.domain.review import Label
from earwitness.improve.adapters.wake import FEWEST_OF_EACH, WakeAdapter
from earwitness.improve.adapting import Example, Learned
from tests.second_looks import wake
from tests.unit.improve.adapters.home import chain


def sweep(seed: int, *, is_true: bool) -> Pcm:
    """A second of a tone that rises or falls, a little different each time."""
    luck = np.random.default_rng(seed)
    low, high = 300 + 200 * luck.random(), 2500 + 500 * luck.random()
    path = np.linspace(low, high, RATE_HZ) if is_true else np.linspace(high, low, RATE_HZ)
    wave = np.sin(2 * np.pi * np.cumsum(path) / RATE_HZ) * 6000 + luck.normal(0, 200, RATE_HZ)
    return Pcm(data=wave.astype("<i2").tobytes())


def wakes(count: int) -> dict[str, tuple[Example, Pcm]]:
    found = {}
    for at in range(2 * count):
        is_true = at % 2 == 0
        example = Example(
            recording_id=f"r{at}",
            speaker_key=f"s{at // 4}",
            transcript="",
            heard="",
            labels=frozenset() if is_true else frozenset((Label.FALSE_WAKE,)),
            audio_seconds=1.0,
        )
        found[f"r{at}"] = (example, sweep(at, is_true=is_true))
    return found


def learn(count: int = 20) -> Learned | None:
    made = wakes(count)
    examples = [example for example, _ in made.values()]
    return WakeAdapter(wake).learn(
        examples, base=chain(), sound=lambda key: made[key][1], progress=lambda done, whole: None, seed=1
    )


def test_false_wakes_of_voices_it_never_heard_are_refused_and_true_ones_are_not() -> None:
    learned = learn()
    assert learned is not None
    second = WakeAdapter(wake).put_in(chain(), learned.files).second_look
    assert second is not None
    fresh = range(1000, 1020)
    assert sum(second.is_wake(wake(sweep(seed, is_true=True))) for seed in fresh) == 20
    assert sum(second.is_wake(wake(sweep(seed, is_true=False))) for seed in fresh) <= 2
    assert learned.facts["true_wakes_refused"] == 0
    assert second.words == ("okay nabu",)
    assert all(second.is_wake(wake(sweep(seed, is_true=False), "alexa")) for seed in fresh), "another word is not judged by it"


def test_a_word_that_was_hardly_said_is_not_learned() -> None:
    made = wakes(20)
    order = {sound.data: at for at, (_, sound) in enumerate(made.values())}

    def learn_where(is_other: Callable[[int], bool]) -> Learned | None:
        adapter = WakeAdapter(lambda pcm: wake(pcm, "alexa" if is_other(order[pcm.data]) else "okay nabu"))
        examples = [example for example, _ in made.values()]
        return adapter.learn(examples, base=chain(), sound=lambda key: made[key][1], progress=lambda done, whole: None, seed=1)

    few = learn_where(lambda at: at < 10)
    assert few is not None
    second = WakeAdapter(wake).put_in(chain(), few.files).second_look
    assert second is not None
    assert (second.words, few.facts["true_wakes"], few.facts["false_wakes"]) == (("okay nabu",), 15, 15)
    assert learn_where(lambda at: at % 4 < 2) is None, "ten of each"


def test_the_same_wakes_and_seed_give_the_same_bytes() -> None:
    first, second = learn(), learn()
    assert first is not None
    assert second is not None
    assert first.files == second.files


def test_too_few_of_either_kind_teach_nothing_and_other_files_are_refused() -> None:
    assert learn(FEWEST_OF_EACH - 1) is None
    with pytest.raises(ModelError):
        WakeAdapter(wake).put_in(chain(), {"other": b""})
