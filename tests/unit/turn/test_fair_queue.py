"""Owners take turns: nobody waits for more than one thing of each of the others."""

from hypothesis import given
from hypothesis import strategies as st

from earwitness.turn.fair_queue import FairQueue

MOST = 3
OWNERS = st.sampled_from(["den", "hall", "attic", "page"])


@given(st.lists(st.none() | OWNERS, max_size=200))
def test_whoever_waits_waits_for_one_of_each_other_at_most(happens: list[str | None]) -> None:
    queue = FairQueue[str](most_each=MOST)
    passed: dict[str, dict[str, int]] = {}
    """For each owner that waits, how often each other one was served since."""
    for owner in [*happens, *[None] * 4 * MOST]:
        if owner is not None:
            if queue.put(owner, owner):
                passed.setdefault(owner, {})
            continue
        served = queue.take()
        if served is None:
            assert not passed
            continue
        for waiting, counts in passed.items():
            if waiting != served:
                counts[served] = counts.get(served, 0) + 1
                assert counts[served] <= 1, (waiting, served)
        still = any(item == served for kept in queue._waiting.values() for item in kept)
        del passed[served]
        if still:
            passed[served] = {}
    assert queue.take() is None


@given(st.lists(OWNERS, max_size=60))
def test_each_owners_queue_is_bounded_and_in_order(owners: list[str]) -> None:
    queue = FairQueue[tuple[str, int]](most_each=MOST)
    kept = [(owner, number) for number, owner in enumerate(owners) if queue.put(owner, (owner, number))]
    assert all(sum(owner == each for each, _ in kept) == min(MOST, owners.count(owner)) for owner in owners)
    taken = [queue.take() for _ in kept]
    for owner in set(owners):
        assert [one for one in taken if one and one[0] == owner] == [one for one in kept if one[0] == owner]


def test_what_was_removed_is_not_served() -> None:
    queue = FairQueue[str](most_each=2)
    first, second = "first", "second"
    assert queue.put("den", first)
    assert queue.put("den", second)
    assert not queue.put("den", "third")
    queue.remove("den", first)
    queue.remove("hall", first)
    assert queue.put("den", "third"), "there is room again"
    assert (queue.take(), queue.clear(), queue.take()) == (second, ("third",), None)
