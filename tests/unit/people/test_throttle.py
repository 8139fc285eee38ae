"""Limits on tries: what no order of tries gets around."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.people.throttle import ALL, MOST_COUNTS, NAME, PAIR, Throttle, network_of
from tests.houses_kept import error_of


@given(st.lists(st.tuples(st.floats(0, 400), st.sampled_from("abc"), st.sampled_from("xyz")), max_size=120))
@settings(max_examples=60, deadline=None)
def test_a_name_from_an_address_is_never_tried_faster_than_its_waits(steps: list[tuple[float, str, str]]) -> None:
    throttle, now = Throttle(), 0.0
    taken: dict[tuple[str, str], list[float]] = {}
    for seconds, name, address in steps:
        now += seconds
        if not error_of(partial(throttle.begin, name, address, now=now)):
            taken.setdefault((name, address), []).append(now)
    for times in taken.values():
        for number in range(PAIR.free_tries, len(times)):
            assert times[number] - times[number - 1] >= PAIR.wait(number) - 1e-6


@given(st.integers(0, 10_000))
def test_waits_grow_and_end(wrong: int) -> None:
    for limit in (PAIR, NAME, ALL):
        assert 0 <= limit.wait(wrong) <= limit.wait(wrong + 1) <= limit.longest_wait <= limit.forget


def test_many_addresses_run_into_the_limit_of_a_name_but_not_who_is_known() -> None:
    throttle = Throttle()
    codes = [error_of(partial(throttle.begin, "anna", f"203.0.113.{one}", now=0.0)) for one in range(NAME.free_tries + 9)]
    assert codes.count("") == NAME.free_tries
    assert error_of(lambda: throttle.begin("anna", "192.168.1.7", now=0.0)) == "access.wait"
    throttle.begin("anna", "192.168.1.7", now=0.0, is_known=True)


def test_right_ones_are_taken_back() -> None:
    throttle = Throttle()
    for _ in range(ALL.free_tries + 50):
        throttle.was_right(throttle.begin("anna", "::1", now=0.0))
    throttle.begin("anna", "::1", now=0.0)


def test_counts_are_bounded() -> None:
    throttle = Throttle()
    for one in range(MOST_COUNTS):
        throttle.begin(f"name {one}", f"10.{one >> 8}.{one & 255}.1", now=one * 20.0)
    assert len(throttle._counts) <= MOST_COUNTS


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("", "", True),
    ],
)
def test_a_subscriber_is_one_address(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is is_same
