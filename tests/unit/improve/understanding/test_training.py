from earwitness.improve.understanding.corpus import Lesson
from earwitness.improve.understanding.training import Schedule, Trainer

LESSONS = [
    Lesson(text="a", classes=frozenset(("one",))),
    Lesson(text="b", classes=frozenset(("two",))),
    Lesson(text="c", classes=frozenset(("two", "three"))),
]
ROWS = [[1, 2, 3], [4, 5, 6], [4, 7, 8]]
PLAN = Schedule(hidden=8, epochs=40, batch=2, keep_features=1.0, keep_hidden=1.0)


def trained() -> Trainer:
    trainer = Trainer(LESSONS * 10, ROWS * 10, classes=("one", "two", "three"), plan=PLAN)
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
