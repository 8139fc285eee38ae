"""Conduct: scripted abuses are stopped within a minute, people who work are left alone."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest

from earwitness.review.conduct import A_WHILE, Act, Done, broken

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Script = Iterator[tuple[float, Act, str | None]]
"""What is done: seconds since the act before, the act, the task."""


def stopped_after(script: Script, *, most: int = 200) -> tuple[float, int] | None:
    """After how many seconds and acts a script is stopped; None if it never is."""
    log: list[Done] = []
    now = START
    for number, (seconds, what, task_id) in enumerate(script, 1):
        now += timedelta(seconds=seconds)
        log.append(Done(at=now, what=what, task_id=task_id))
        if broken(log[-most:], now=now) is not None:
            return (now - START).total_seconds(), number
        if number >= most:
            break
    return None


def replaying(every: float, *, tasks: int = 1) -> Script:
    """One task, or a few in turn, opened over and over."""
    for number in count():
        yield every, Act.OPENED, f"t{number % tasks}"


def playing(every: float) -> Script:
    """The sound of one task over and over."""
    while True:
        yield every, Act.PLAYED, "t"


def skipping(every: float, *, judges_one_in: int = 10**9) -> Script:
    """Tasks opened and handed back, looking for something."""
    for number in count(1):
        yield every, Act.LEASED, f"t{number}"
        yield 0.5, Act.OPENED, f"t{number}"
        yield 0.5, Act.JUDGED if number % judges_one_in == 0 else Act.HANDED_BACK, f"t{number}"


def scraping(every: float, *, last: Act) -> Script:
    """Tasks opened as fast as a program can, and judged or not."""
    for number in count():
        yield every, Act.OPENED, f"t{number}"
        yield 0.0, last, f"t{number}"


def guessing(every: float) -> Script:
    """Ids tried."""
    while True:
        yield every, Act.REFUSED, None


def copying(every: float) -> Script:
    """The words of task after task copied out of the page, each judged as if nothing were."""
    for number in count():
        yield every, Act.OPENED, f"t{number}"
        yield 0.5, Act.COPIED, f"t{number}"
        yield 0.5, Act.JUDGED, f"t{number}"


ABUSES: dict[str, Callable[[], Script]] = {
    **{f"copy and judge every {every} s": partial(copying, every) for every in (1, 3, 5)},
    **{f"replay one every {every} s": partial(replaying, every) for every in (0.1, 1, 3, 6)},
    **{f"replay two in turn every {every} s": partial(replaying, every, tasks=2) for every in (0.1, 1, 3)},
    **{f"play one every {every} s": partial(playing, every) for every in (0.1, 1, 2)},
    **{f"skip every {every} s": partial(skipping, every) for every in (0.1, 1, 2, 4)},
    "skip, and judge one in twenty": lambda: skipping(1.0, judges_one_in=20),
    "skip, and judge one in thirty": lambda: skipping(2.0, judges_one_in=30),
    **{f"scrape every {every} s, judging": partial(scraping, every, last=Act.JUDGED) for every in (0.1, 0.5, 1, 2, 4)},
    **{f"scrape every {every} s": partial(scraping, every, last=Act.LEASED) for every in (0.1, 1, 3)},
    **{f"guess every {every} s": partial(guessing, every) for every in (0.1, 1, 5)},
}


def test_of_two_dozen_scripted_abuses_19_of_20_are_stopped_within_a_minute() -> None:
    times = {name: stopped_after(make()) for name, make in ABUSES.items()}
    late = [name for name, found in times.items() if found is None or found[0] > 60]
    assert len(ABUSES) >= 20
    assert len(late) <= len(ABUSES) * 0.05, late


@pytest.mark.parametrize("make", [lambda: scraping(0.5, last=Act.LEASED), lambda: skipping(1.0)])
def test_whoever_abuses_has_read_few_tasks_when_it_ends(make: Callable[[], Script]) -> None:
    found = stopped_after(make())
    assert found is not None
    assert found[1] <= 30


def working(chance: random.Random) -> Script:
    """Somebody who works: reads, judges most, hands some back, looks at some again, takes breaks, meets a lease that is over."""
    pace, reluctance = chance.uniform(8, 60), chance.uniform(0, 0.25)
    for number in range(chance.randrange(15, 40)):
        task = f"t{number}"
        yield chance.uniform(0.5, 4), Act.LEASED, task
        yield chance.uniform(0.1, 1), Act.OPENED, task
        for _ in range(chance.choice((0, 0, 1, 2, 4, 6))):
            yield chance.uniform(0.1, 8), Act.PLAYED, task
        while chance.random() < 0.15:
            yield chance.uniform(2, 20), Act.OPENED, task
        if chance.random() < 0.01:
            yield chance.uniform(1, 5), Act.REFUSED, None
        last = Act.HANDED_BACK if chance.random() < reluctance else Act.JUDGED
        yield chance.expovariate(1 / pace) + 3, last, task
        if chance.random() < 0.03:
            yield chance.uniform(120, 1_800), Act.LEASED, task


def false_alarms(sessions: int) -> int:
    """How many of so many simulated sessions of people who work are stopped."""
    chance = random.Random(20260302)
    return sum(stopped_after(working(chance)) is not None for _ in range(sessions))


def test_who_works_is_left_alone() -> None:
    """`python -m bench.conduct` looks at a thousand sessions."""
    assert false_alarms(100) == 0


def test_what_was_long_ago_does_not_count() -> None:
    old = [Done(at=START, what=Act.OPENED, task_id="t") for _ in range(50)]
    assert broken(old, now=START) is not None
    assert broken(old, now=START + A_WHILE + timedelta(seconds=1)) is None
    assert broken([], now=START) is None
