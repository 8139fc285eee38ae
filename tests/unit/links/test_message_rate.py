"""How fast messages come in by a link: none is left out for being fast, but one sender has a bound of their own."""

import time

import pytest

from earwitness.links import message_link
from earwitness.links.message_link import Rate


async def test_what_is_too_fast_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("asyncio.sleep", wait)
    rate = Rate(3)
    for _ in range(5):
        await rate.turn()
    assert waits == [message_link.PACE_SECONDS] * 2


def test_one_sender_takes_nothing_from_others_and_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    rate = Rate(of_sender=2)
    assert [rate.takes("stranger") for _ in range(4)] == [True, True, False, False]
    assert rate.takes("mum")
    monkeypatch.setattr(message_link, "MOST_SENDERS", 3)
    for number in range(10):
        assert rate.takes(str(number))
    assert len(rate._senders) == 3
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + 3600.0)
    assert rate.takes("9")
