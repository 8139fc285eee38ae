"""The threads of the models under a flood: the others are served in turn, and who asks too much is told so."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EngineError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome, Transcript, Turn
from earwitness.turn.once import AttentiveDevice, answer
from earwitness.turn.runner import Conversation, Manner
from earwitness.turn.workers import MOST_WAITING, Worker, Workers
from tests.fakes import LoudnessVad, engines, silence, tone

SECONDS = 10.0


class Held:
    """Recognises when it is let, and notes in which order; one call at a time."""

    name = "held"

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.served: list[float] = []
        """How long what was recognised is, in the order in which it was."""

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        assert self.may_go.wait(SECONDS)
        self.served.append(pcm.seconds)
        return Transcript(text="turn on the lamp", engine=self.name, audio_seconds=pcm.seconds)


async def test_a_flood_of_one_holds_up_no_other_and_is_refused_beyond_its_queue() -> None:
    worker, may_go, served = Worker("work"), threading.Event(), list[str]()

    def work(owner: str) -> str:
        assert may_go.wait(SECONDS)
        served.append(owner)
        return owner

    def asks(owner: str) -> "asyncio.Task[str]":
        return asyncio.create_task(worker.of(owner).run(work, owner))

    flood = [asks("kitchen") for _ in range(500)]
    await asyncio.sleep(0)
    others = [asks("den"), asks("attic")]
    await asyncio.sleep(0)
    may_go.set()
    assert await asyncio.gather(*others) == ["den", "attic"]
    answers = await asyncio.gather(*flood, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, EngineError)]
    assert {(error.code, error.is_retryable) for error in refused} == {("engine.busy", True)}
    assert len(answers) - len(refused) in (MOST_WAITING, MOST_WAITING + 1), "those that waited, and the one that had begun"
    assert Counter(served[:4])["kitchen"] <= 2
    worker.close()


async def test_calls_that_nobody_waits_for_any_more_make_room() -> None:
    worker, may_go, served = Worker("work").of("den"), threading.Event(), list[int]()

    def work(number: int) -> None:
        assert may_go.wait(SECONDS)
        served.append(number)

    begun = asyncio.create_task(worker.run(may_go.wait, SECONDS))
    await asyncio.sleep(0)
    for number in range(100):
        gone = asyncio.create_task(worker.run(work, number))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    last = asyncio.create_task(worker.run(work, 100))
    await asyncio.sleep(0)
    may_go.set()
    await asyncio.gather(begun, last)
    assert served == [100]
    worker.close()


async def test_what_waits_when_it_closes_is_cancelled() -> None:
    worker, may_go = Worker("work"), threading.Event()
    begun = asyncio.create_task(worker.run(may_go.wait, SECONDS))
    waits = asyncio.create_task(worker.run(may_go.wait, SECONDS))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(worker.close))
    await asyncio.wait({waits}, timeout=SECONDS)
    assert waits.cancelled()
    may_go.set()
    await asyncio.gather(begun, closing)


async def test_under_a_flood_of_spoken_requests_everybody_else_is_answered_and_the_flood_hears_that_it_is_busy() -> None:
    recogniser = Held()
    with Workers() as workers:
        parts = engines(workers, recogniser=recogniser)

        async def speak(device_id: str, *, seconds: float = 0.5) -> Turn:
            device = AttentiveDevice()
            manner = Manner(is_live=False, is_silent=True)
            context = Context(device_id=device_id)
            conversation = Conversation(device=device, engines=parts, vad=LoudnessVad(), manner=manner, context=context)
            sound = Pcm(data=silence(0.2) + tone(seconds) + silence(0.2))
            return await answer(sound, conversation=conversation, device=device)

        flood = [asyncio.create_task(speak("kitchen")) for _ in range(4 * MOST_WAITING)]
        async with asyncio.timeout(SECONDS):
            while sum(task.done() for task in flood) < 3 * MOST_WAITING - 1:  # noqa: ASYNC110 (until the queue is full)
                await asyncio.sleep(0.005)
        others = [asyncio.create_task(speak(device_id, seconds=2.0)) for device_id in ("den", "attic", "hall")]
        async with asyncio.timeout(SECONDS):
            while len(workers.recognise._crew._queue._waiting) < 4:  # noqa: ASYNC110 (until all of them wait)
                await asyncio.sleep(0.005)
        recogniser.may_go.set()
        assert [turn.outcome for turn in await asyncio.gather(*others)] == [Outcome.DONE] * 3
        turns = await asyncio.gather(*flood)
        first = recogniser.served[:5]
        assert sum(seconds > 2.0 for seconds in first) == 3, "before them one that had begun, and one of the flood's"
    busy = [turn for turn in turns if turn.error_code == "engine.busy"]
    assert len(busy) == 3 * MOST_WAITING - 1
    assert {turn.reply for turn in busy} == {"I am busy with what was asked before. Try again in a moment."}


@pytest.mark.parametrize("error", [ValueError("no"), EngineError("Broken.")])
async def test_what_the_work_raises_is_raised(error: Exception) -> None:
    def work() -> None:
        raise error

    worker = Worker("work")
    with pytest.raises(type(error)):
        await worker.run(work)
    worker.close()
