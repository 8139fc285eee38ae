from dataclasses import replace

import numpy as np

from earwitness.improve.understanding.corpus import Lesson
from earwitness.improve.understanding.training import Schedule, Trainer, side_by_side

LESSONS = [
    Lesson(text="a", classes=frozenset(("one",))),
    Lesson(text="b", classes=frozenset(("two",))),
    Lesson(text="c", classes=frozenset(("two", "three"))),
]
ROWS = [[1, 2, 3], [4, 5, 6], [4, 7, 8]]
PLAN = Schedule(hidden=8, epochs=40, batch=2, keep_features=1.0, keep_hidden=1.0)


def trained(seed: int = 1) -> Trainer:
    trainer = Trainer(LESSONS * 10, ROWS * 10, classes=("one", "two", "three"), plan=replace(PLAN, seed=seed))
    trainer.train()
    return trainer


def test_it_learns_classes_and_shares_what_may_be_several() -> None:
    network = trained().network()
    first, second, either = (network.probabilities(rows) for rows in ROWS)
    assert first[0] > 0.9
    assert second[1] > 0.9
    assert either[1] + either[2] > 0.9


def test_it_learns_the_same_weights_each_time() -> None:
    one, other = trained().network(), trained().network()
    assert (one.rows == other.rows).all()
    assert one.out.tobytes() == other.out.tobytes()


def test_networks_side_by_side_think_what_they_think_in_the_mean() -> None:
    several = [trained(seed).network() for seed in (1, 2, 3)]
    whole = side_by_side(several)
    for rows in (*ROWS, [1, 5, 9]):
        logits = np.mean([np.log(one.probabilities(rows)) for one in several], axis=0)
        mean = np.exp(logits) / np.exp(logits).sum()
        assert np.abs(whole.probabilities(rows) - mean).max() < 0.02


def test_training_goes_on_from_networks_side_by_side() -> None:
    whole = side_by_side([trained(seed).network() for seed in (1, 2)])
    swapped = [replace(LESSONS[0], classes=frozenset(("two",))), replace(LESSONS[1], classes=frozenset(("one",)))]
    more = Trainer(swapped * 20, ROWS[:2] * 20, classes=whole.classes, plan=PLAN, start=whole)
    more.train()
    assert more.network().probabilities(ROWS[0])[1] > 0.9
