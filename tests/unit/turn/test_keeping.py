"""What a conversation hands over to be kept, of whom, and what it says of that."""

import array
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps
from earwitness.domain.errors import StorageError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.turn.runner import Conversation, Manner
from earwitness.turn.workers import Workers
from tests.fakes import LOUD, LoudnessVad, OneLamp, engines, silence, tone
from tests.unit.turn.test_runner import Recorder, hear


@dataclass
class Shelf:
    """Keeps in memory what people allow; a full one keeps nothing."""

    allowed: Keeps | None = Keeps.AUDIO
    is_full: bool = False
    handed: list[tuple[Spoken, Pcm | None]] = field(default_factory=list)

    async def keep(self, spoken: Spoken, sound: Pcm | None) -> Keeps | None:
        self.handed.append((spoken, sound))
        if self.is_full:
            raise StorageError("There is no space left; free some, then ask again.", code="storage.full")
        return None if spoken.is_off_record else self.allowed


class Forgetful(OneLamp):
    """Asks for nothing to be kept of what it does."""

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        return SkillResult(outcome=Outcome.DONE, reply="Deleted.", is_off_record=True)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


@asynccontextmanager
async def talking(
    workers: Workers, recorder: Recorder, shelf: Shelf, *, person_id: str | None = "anna", **other: object
) -> AsyncIterator[Conversation]:
    conversation = Conversation(
        device=recorder,
        engines=engines(workers, **other),
        vad=LoudnessVad(),
        manner=Manner(),
        context=Context(area="Kitchen", person_id=person_id),
        keeper=shelf,
    )
    recorder.conversation = conversation
    running = asyncio.create_task(conversation.run())
    try:
        yield conversation
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def say(conversation: Conversation, recorder: Recorder) -> dict[str, object]:
    await conversation.press()
    await recorder.until(type="capture", open=True)
    await hear(conversation, tone(1.0) + silence(3.0))
    return await recorder.until(type="turn")


async def test_a_spoken_turn_is_handed_over_with_its_sound_and_said_to_be_kept(workers: Workers) -> None:
    recorder, shelf, before = Recorder(), Shelf(), datetime.now(UTC)
    async with talking(workers, recorder, shelf) as conversation:
        turn = await say(conversation, recorder)
    assert turn["kept"] == "audio"
    ((spoken, sound),) = shelf.handed
    assert spoken.turn.turn_id == turn["turn_id"]
    assert (spoken.person_id, spoken.area, spoken.engine, spoken.is_off_record) == ("anna", "Kitchen", "scripted", False)
    assert before <= spoken.began_at <= before + timedelta(seconds=10)
    assert sound is not None
    assert max(map(abs, array.array("h", sound.data))) == LOUD
    assert sound.seconds >= 1.0


async def test_a_typed_turn_has_no_sound_even_after_a_spoken_one(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf(allowed=Keeps.TEXT)
    async with talking(workers, recorder, shelf) as conversation:
        await say(conversation, recorder)
        recorder.messages.clear()
        await conversation.ask("turn on the lamp")
        turn = await recorder.until(type="turn")
    assert turn["kept"] == "text"
    assert shelf.handed[1][1] is None
    assert shelf.handed[1][0].engine == "typed"


async def test_what_the_wake_word_began_is_handed_over_as_such(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf()
    async with talking(workers, recorder, shelf) as conversation:
        await say(conversation, recorder)
        recorder.messages.clear()
        await conversation.wake("alexa")
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(1.0) + silence(3.0))
        await recorder.until(type="turn")
    assert [spoken.is_woken for spoken, _ in shelf.handed] == [False, True]


async def test_nothing_of_somebody_unknown_is_handed_over(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf()
    async with talking(workers, recorder, shelf, person_id=None) as conversation:
        turn = await say(conversation, recorder)
    assert turn["kept"] == "nothing"
    assert shelf.handed == []


async def test_a_turn_that_asks_for_deletion_is_off_the_record(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf()
    async with talking(workers, recorder, shelf, skills=Forgetful()) as conversation:
        turn = await say(conversation, recorder)
    assert turn["kept"] == "nothing"
    assert shelf.handed[0][0].is_off_record


async def test_of_a_turn_that_was_broken_off_no_sound_is_handed_over(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf()
    async with talking(workers, recorder, shelf) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(1.0))
        await conversation.stop()
        turn = await recorder.until(type="turn")
    assert turn["outcome"] == "cancelled"
    assert [sound for _, sound in shelf.handed] == [None]


async def test_a_turn_that_cannot_be_kept_is_said_not_to_be(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf(is_full=True)
    async with talking(workers, recorder, shelf) as conversation:
        turn = await say(conversation, recorder)
    assert turn["kept"] == "nothing"
    error = await recorder.until(type="error", code="storage.full")
    assert str(error["message"]).startswith("This turn was not kept.")


async def test_without_a_keeper_nothing_is_kept(workers: Workers) -> None:
    recorder = Recorder()
    conversation = Conversation(
        device=recorder,
        engines=engines(workers),
        vad=LoudnessVad(),
        manner=Manner(),
        context=Context(person_id="anna"),
    )
    recorder.conversation = conversation
    running = asyncio.create_task(conversation.run())
    await conversation.ask("turn on the lamp")
    turn = await recorder.until(type="turn")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert turn["kept"] == "nothing"


async def test_a_device_that_goes_away_in_mid_word_leaves_a_cancelled_turn_without_sound(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf()
    async with talking(workers, recorder, shelf) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(0.5))
    assert conversation.was_in_mid_word
    ((spoken, sound),) = shelf.handed
    assert (spoken.turn.outcome, spoken.turn.reason, sound) == (Outcome.CANCELLED, "The device went away.", None)


async def test_of_an_unknown_speaker_whose_device_goes_away_nothing_is_handed_over(workers: Workers) -> None:
    recorder, shelf = Recorder(), Shelf()
    async with talking(workers, recorder, shelf, person_id=None) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(0.5))
    assert conversation.was_in_mid_word
    assert shelf.handed == []
