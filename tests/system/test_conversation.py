"""Whole conversations in real time on real models: a voice speaks into the ear at the pace of a microphone."""

import array
import asyncio
import io
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

import pytest

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.speech.audio_file import read_audio, wav_header
from earwitness.turn.runner import Conversation

pytestmark = [pytest.mark.models, pytest.mark.quiet]
CHUNK = 512 * SAMPLE_BYTES


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with House(Settings(), is_passing=True) as made:
        made.assistant.warm()
        yield made


def spoken(house: House, text: str) -> bytes:
    """`text` in the default voice, 16 kHz."""
    parts = list(house.voices.stream(text, voice="heart", speed=1.0))
    data = b"".join(part.data for part in parts)
    return read_audio(io.BytesIO(wav_header(len(data), rate_hz=parts[0].rate_hz) + data), longest_seconds=60).data


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE_HZ) * SAMPLE_BYTES)


@dataclass
class Room:
    """A device: confirms cues, notes when each message came, plays replies for as long as they last unless stopped."""

    messages: list[tuple[float, dict[str, object]]] = field(default_factory=list)
    conversation: Conversation | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    speech_seconds: float = 0.0

    async def tell(self, message: dict[str, object]) -> None:
        async with self.changed:
            self.messages.append((time.monotonic(), message))
            self.changed.notify_all()
        if message["type"] == "cue" and self.conversation is not None:
            await self.conversation.cue_done(str(message["cue"]))

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        self.speech_seconds += pcm.seconds

    def found(self, **expected: object) -> list[tuple[float, dict[str, object]]]:
        return [(at, message) for at, message in self.messages if expected.items() <= message.items()]

    async def until(self, **expected: object) -> tuple[float, dict[str, object]]:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: self.found(**expected))
        return self.found(**expected)[-1]


async def say(conversation: Conversation, sound: bytes) -> None:
    """Stream at the pace of a microphone."""
    began = time.monotonic()
    for start in range(0, len(sound), CHUNK):
        await conversation.hear(sound[start : start + CHUNK])
        await asyncio.sleep(max(0.0, began + (start + CHUNK) / (RATE_HZ * SAMPLE_BYTES) - time.monotonic()))


@asynccontextmanager
async def talking(house: House, *, is_hands_free: bool) -> AsyncIterator[tuple[Conversation, Room]]:
    room = Room()
    conversation = house.assistant.converse(room, is_hands_free=is_hands_free)
    room.conversation = conversation
    running = asyncio.create_task(conversation.run())
    try:
        yield conversation, room
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("gap_seconds", [0.0, 0.1, 0.4, 1.5])
async def test_the_words_right_after_the_wake_word_are_not_lost(house: House, gap_seconds: float) -> None:
    sound = silence(0.5) + spoken(house, "Hey Jarvis.") + silence(gap_seconds) + spoken(house, "Turn on the bedroom light.")
    async with talking(house, is_hands_free=True) as (conversation, room):
        await say(conversation, sound + silence(2.5))
        _, turn = await room.until(type="turn")
    assert turn["intent"] == "HassTurnOn", turn
    assert turn["slots"] == {"name": "bedroom light"}


async def test_nothing_is_captured_without_the_wake_word(house: House) -> None:
    async with talking(house, is_hands_free=True) as (conversation, room):
        await say(conversation, spoken(house, "Please turn on the bedroom light, it is rather dark in here.") + silence(0.5))
    assert room.found(type="cue") == []
    assert room.found(type="capture") == []


async def test_a_complete_command_ends_early_and_an_unfinished_one_waits(house: House) -> None:
    waits = {}
    for text in ("What time is it?", "Set a timer for"):
        sound = spoken(house, text)
        async with talking(house, is_hands_free=False) as (conversation, room):
            await conversation.press()
            await room.until(type="capture", open=True)
            began = time.monotonic()
            await say(conversation, sound + silence(3.0))
            closed_at, _ = await room.until(type="capture", open=False)
        waits[text] = closed_at - began - len(sound) / (RATE_HZ * SAMPLE_BYTES)
    assert waits["What time is it?"] < 0.7
    assert waits["Set a timer for"] > 1.2


async def test_the_reply_is_prepared_in_the_silence(house: House) -> None:
    async with talking(house, is_hands_free=False) as (conversation, room):
        await conversation.press()
        await room.until(type="capture", open=True)
        await say(conversation, spoken(house, "Turn off the bedroom light.") + silence(1.5))
        _, turn = await room.until(type="turn")
    timings = turn["timings_ms"]
    assert isinstance(timings, dict)
    assert turn["outcome"] == "done"
    assert timings["synthesise"] < 50, timings


def onset_seconds(sound: bytes) -> float:
    """When the first sample is loud: within 26 dB of the loudest."""
    samples = array.array("h", sound)
    loud = max(map(abs, samples)) / 20
    return next(index for index, sample in enumerate(samples) if abs(sample) >= loud) / RATE_HZ


@pytest.mark.parametrize("text", ["Hey Jarvis.", "No, the other one."])
async def test_speech_over_a_reply_stops_it_at_once(house: House, text: str) -> None:
    sound = silence(0.5) + spoken(house, text) + silence(0.5)
    delays = []
    for _ in range(3):
        async with talking(house, is_hands_free=True) as (conversation, room):
            await conversation.ask("what time is it")
            await room.until(type="speech")
            began_at = time.monotonic()
            await say(conversation, sound)
            stopped_at, _ = await room.until(type="speech_stop")
        delays.append(stopped_at - began_at - onset_seconds(sound))
    assert min(delays) > 0.0
    assert median(delays) < 0.2, f"seconds from the first loud sample to the stop: {delays}"


async def test_stop_ends_a_reply_at_once(house: House) -> None:
    async with talking(house, is_hands_free=False) as (conversation, room):
        await conversation.ask("what time is it")
        await room.until(type="speech")
        asked_at = time.monotonic()
        await conversation.stop()
        stopped_at, _ = await room.until(type="speech_stop")
    assert stopped_at - asked_at < 0.2


async def test_a_question_is_answered_by_voice(house: House) -> None:
    async with talking(house, is_hands_free=False) as (conversation, room):
        await conversation.press()
        await room.until(type="capture", open=True)
        await say(conversation, spoken(house, "Set a timer.") + silence(2.5))
        _, turn = await room.until(type="turn", outcome="asked")
        _, speech = await room.until(type="speech")
        room.messages.clear()
        await conversation.playback(int(str(speech["id"])), state="finished")
        await room.until(type="capture", open=True)
        await say(conversation, spoken(house, "Ten minutes.") + silence(2.0))
        _, turn = await room.until(type="turn", outcome="done")
    assert turn["intent"] == "HassStartTimer", turn


async def test_a_timer_rings_in_a_session_and_stop_ends_it(house: House) -> None:
    alerts = asyncio.create_task(house.alerts.run())
    try:
        async with talking(house, is_hands_free=False) as (conversation, room):
            await conversation.ask("set a timer for one second")
            await room.until(type="turn", outcome="done")
            _, alert = await room.until(type="alert")
            ringing = [timer.timer_id for timer in house.assistant.board().timers if timer.is_ringing]
            assert ringing == [str(alert["id"]).partition("@")[0]], "an occurrence is named by its alert and its moment"
            await conversation.ask("stop")
            await room.until(type="alert_end", id=alert["id"])
            await room.until(type="turn", transcript="stop")
    finally:
        alerts.cancel()
        await asyncio.gather(alerts, return_exceptions=True)
    assert alert["kind"] == "timer"
