"""The assistant on simple engines: alerts ring everywhere and end everywhere, single turns, voices that exist."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.domain.errors import AudioError, TextError, VoiceError
from earwitness.domain.home import Home
from earwitness.domain.intent import Context, Understanding
from earwitness.domain.ring_sound import RingManner
from earwitness.domain.turn import Outcome
from earwitness.domain.voice import Voice
from earwitness.speech.audio_file import wav_header
from earwitness.turn.assistant import Assistant, Makers
from earwitness.turn.runner import Manner
from earwitness.turn.workers import Workers
from tests.fakes import Beeper, LoudnessVad, ThreeSentences, engines, silence, tone
from tests.unit.turn.test_runner import Recorder


class Catalogue(Beeper):
    def voices(self) -> tuple[Voice, ...]:
        installed = Voice(name="heart", engine="beeper", language="en-US", gender="female", description="A beep.")
        absent = Voice(name="bella", engine="beeper", language="en-US", gender="female", description="", is_installed=False)
        return installed, absent


class Empty:
    def board(self) -> Board:
        return Board(home=Home(name="empty", is_simulated=True))

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


class Reading(ThreeSentences):
    """Notes of each request whether it was typed."""

    def __init__(self) -> None:
        self.typed: list[bool] = []

    def understand(self, text: str, *, context: Context) -> Understanding:
        self.typed.append(context.is_typed)
        return super().understand(text, context=context)


class DeafEar:
    def hear(self, chunk: bytes) -> tuple[str | None, bytes]:
        return None, b""

    def open(self) -> bytes:
        return b""

    def close(self) -> None:
        pass


@pytest.fixture
def stopped() -> list[str]:
    return []


@pytest.fixture
def assistant(stopped: list[str]) -> Iterator[Assistant]:
    with Workers() as workers:
        parts = engines(workers)
        yield Assistant(
            makers=Makers(engines=lambda: parts, vad=LoudnessVad, ear=DeafEar, cue=lambda name: Pcm(data=b"")),
            voices=Catalogue(),
            house=Empty(),
            acknowledge=stopped.append,
            manner=Manner(),
            area=None,
        )


async def test_an_alert_rings_everywhere_and_ends_everywhere(assistant: Assistant, stopped: list[str]) -> None:
    kitchen, bedroom = Recorder(), Recorder()
    first = assistant.converse(kitchen, is_hands_free=False)
    assistant.ring("t1", "Your timer is done.")
    second = assistant.converse(bedroom, is_hands_free=False)
    tasks = [asyncio.create_task(conversation.run()) for conversation in (first, second)]
    for room in (kitchen, bedroom):
        await room.until(type="alert", id="t1")
    await first.stop()
    for room in (kitchen, bedroom):
        await room.until(type="alert_end", id="t1")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert stopped == ["t1"]


async def test_an_alert_for_a_room_rings_there_and_on_pages_and_everywhere_if_nobody_is_there(assistant: Assistant) -> None:
    rooms = {name: Recorder() for name in ("kitchen", "bedroom", "page")}
    conversations = {
        name: assistant.converse(device, is_hands_free=False, area=name.title(), device_id=None if name == "page" else name)
        for name, device in rooms.items()
    }
    tasks = {name: asyncio.create_task(conversation.run()) for name, conversation in conversations.items()}
    assistant.ring("in the bedroom", "It is 7:00 AM.", area="bedroom")
    assistant.ring("everywhere", "Your timer is done.")
    for name, device in rooms.items():
        await device.until(type="alert", id="everywhere")
        is_heard = any(message.get("id") == "in the bedroom" for message in device.messages)
        assert is_heard == (name != "kitchen")
    tasks["bedroom"].cancel()
    await asyncio.gather(tasks["bedroom"], return_exceptions=True)
    assistant.ring("for who is gone", "It is 8:00 AM.", device_id="bedroom")
    await rooms["kitchen"].until(type="alert", id="for who is gone")
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


async def test_who_comes_while_something_rings_hears_it_as_loud_as_it_has_become(assistant: Assistant) -> None:
    assistant.ring("a1", "It is 7:00 AM.", manner=RingManner(sound="birds", is_rising=True, rung_seconds=20.0, is_said=False))
    late = Recorder()
    running = asyncio.create_task(assistant.converse(late, is_hands_free=False).run())
    await late.until(type="alert", id="a1")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    alert = next(message for message in late.messages if message["type"] == "alert")
    assert (alert["sound"], alert["rising"]) == ("birds", True)
    assert 20.0 <= float(str(alert["rung_seconds"])) < 80.0
    assert not any(message["type"] == "speech" for message in late.messages)


async def test_nobody_is_told_when_nobody_is_there(assistant: Assistant) -> None:
    assert not await assistant.tell("Your alarm did not ring.")


async def test_whoever_is_spared_is_told_no_news_and_their_alarm_rings(assistant: Assistant) -> None:
    bedroom = Recorder()
    conversation = assistant.converse(bedroom, is_hands_free=False, area="Bedroom", device_id="bedroom")
    running = asyncio.create_task(conversation.run())
    assert not await assistant.tell("A routine did not do everything.", spares=lambda context: context.area == "Bedroom")
    assistant.ring("a1", "It is 7:00 AM.", area="Bedroom")
    await bedroom.until(type="alert", id="a1")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not any(message["type"] == "speech" for message in bedroom.messages)


async def test_a_typed_request_is_answered_without_a_device(assistant: Assistant) -> None:
    turn = await assistant.ask_text("turn on the lamp")
    assert (turn.outcome, turn.reply) == (Outcome.DONE, "Turned on the lamp.")


async def test_only_what_somebody_typed_counts_as_typed() -> None:
    reading = Reading()
    with Workers() as workers:
        parts = engines(workers, understander=reading)
        asked = Assistant(
            makers=Makers(engines=lambda: parts, vad=LoudnessVad, ear=DeafEar, cue=lambda name: Pcm(data=b"")),
            voices=Catalogue(),
            house=Empty(),
            acknowledge=lambda _: None,
            manner=Manner(),
            area=None,
        )
        await asked.ask_text("turn on the lamp")
        _, so_far = await asked.go_on("turn on the lamp")
        await asked.go_on("turn on the lamp", so_far=so_far)
        await asked.ask(Pcm(data=silence(0.5) + tone(1.0) + silence(0.5)))
    assert reading.typed == [True, False, False, False]


async def test_the_bytes_of_a_recording_are_answered(assistant: Assistant) -> None:
    sound = silence(0.5) + tone(1.0) + silence(0.5)
    turn = await assistant.ask_audio(wav_header(len(sound), rate_hz=16_000) + sound)
    assert turn.transcript == "turn on the lamp"


async def test_bad_requests_are_refused_by_name(assistant: Assistant) -> None:
    with pytest.raises(TextError):
        await assistant.ask_text("x" * 100_000)
    with pytest.raises(VoiceError, match="no voice called nobody"):
        await assistant.ask_text("hello", voice="nobody")
    with pytest.raises(VoiceError, match="not installed"):
        await assistant.ask_text("hello", voice="bella")
    with pytest.raises(AudioError):
        await assistant.ask_audio(b"not sound")


async def test_a_spoken_reply_is_returned_as_sound(assistant: Assistant) -> None:
    _, speech = await assistant.ask("turn on the lamp", is_silent=False)
    assert sum(part.seconds for part in speech) == 1.0
