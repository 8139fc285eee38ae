"""What one device's listener makes of sound, capture after capture."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from earwitness.domain.events import CaptureEnded, Event
from earwitness.turn.capture import Listener, Marker
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.workers import Workers
from tests.fakes import LoudnessVad, silence, tone


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


async def test_each_capture_waits_as_long_as_was_learned_by_then(workers: Workers) -> None:
    waits, told = [5.0], asyncio.Queue[Event]()
    listener = Listener(
        vad=LoudnessVad(),
        ear=None,
        limits_now=lambda: EndpointLimits(unknown_seconds=waits[-1], incomplete_seconds=waits[-1]),
        ends_itself=True,
        worker=workers.listen,
        post=told.put,
        now=time.monotonic,
    )

    async def capture() -> bool:
        """Whether a second of silence ended it."""
        for item in (Marker("open"), tone(0.5), silence(1.0), Marker("close")):
            listener.put(item)
        await listener.drain()
        return any(isinstance(told.get_nowait(), CaptureEnded) for _ in range(told.qsize()))

    assert not await capture()
    waits.append(0.5)
    assert await capture()
