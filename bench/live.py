"""Drives our own chain as a device would: sound in at the pace of a microphone, reply sound out; notes when things happened."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.spoken import Utterance
from earwitness.build import House
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.events import Acted, CaptureEnded, Command, Event, Heard
from earwitness.domain.turn import Turn
from earwitness.turn.once import turn_of
from earwitness.turn.runner import Conversation

CHUNK_BYTES = 512 * SAMPLE_BYTES
CHUNK_SECONDS = 512 / RATE_HZ
LONGEST_WAIT_SECONDS = 20.0
STAGES = ("endpoint", "recognise", "understand", "act", "synthesise")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One command through one stack. `waits_ms` splits the time from the true end of speech to the first reply sample by stage;
    `total_ms` is None when no reply came."""

    heard: str
    intent: str | None
    slots: Mapping[str, object]
    reply: str
    total_ms: float | None
    waits_ms: Mapping[str, float]
    work_ms: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds of work per stage, also where it overlapped with waiting."""


@dataclass(slots=True)
class _Device:
    """A device that confirms every cue and notes the first sound of the reply."""

    conversation: Conversation | None = None
    first_sound_at: float | None = None
    is_answered: asyncio.Event = field(default_factory=asyncio.Event)
    turn: Turn | None = None
    ended_at: float = 0.0
    heard_at: float = 0.0
    acted_at: float | None = None

    async def tell(self, message: dict[str, object]) -> None:
        match message:
            case {"type": "cue", "cue": str(cue)} if self.conversation is not None:
                await self.conversation.cue_done(cue)
            case {"type": "speech_end", "id": int(speech_id)} if self.conversation is not None:
                await self.conversation.playback(speech_id, state="finished")
            case {"type": "turn"}:
                self.turn = turn_of(message)
                self.is_answered.set()

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        if self.first_sound_at is None:
            self.first_sound_at = time.monotonic()

    def note(self, event: Event, commands: tuple[Command, ...]) -> None:
        now = time.monotonic()
        match event:
            case CaptureEnded():
                self.ended_at = now
            case Heard():
                self.heard_at = now
            case Acted():
                self.acted_at = now


async def time_ours(house: House, utterance: Utterance) -> Timed:
    """One command through the real chain, from a pressed button to the end of the reply."""
    device = _Device()
    conversation = house.assistant.converse(device, is_hands_free=False, on_event=device.note)
    device.conversation = conversation
    running = asyncio.create_task(conversation.run())
    try:
        await conversation.press()
        await conversation.capture_opened.wait()
        began = time.monotonic()
        streaming = asyncio.create_task(_stream(conversation, utterance.pcm, began=began))
        try:
            async with asyncio.timeout(utterance.pcm.seconds + LONGEST_WAIT_SECONDS):
                await device.is_answered.wait()
        finally:
            streaming.cancel()
            await asyncio.gather(streaming, return_exceptions=True)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return _timed(device, true_end=began + utterance.end_seconds)


async def _stream(conversation: Conversation, pcm: Pcm, *, began: float) -> None:
    for start in range(0, len(pcm.data), CHUNK_BYTES):
        due = began + (start + CHUNK_BYTES) / SAMPLE_BYTES / RATE_HZ
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await conversation.hear(pcm.data[start : start + CHUNK_BYTES])


def _timed(device: _Device, *, true_end: float) -> Timed:
    turn = device.turn
    assert turn is not None
    work = {stage: float(milliseconds) for stage, milliseconds in turn.timings_ms.items()}
    common = {"heard": turn.transcript, "reply": turn.reply}
    intent, slots = (turn.intent.name, turn.intent.slots) if turn.intent else (None, {})
    if device.first_sound_at is None:
        return Timed(**common, intent=intent, slots=slots, total_ms=None, waits_ms={}, work_ms=work)
    heard_at = max(device.ended_at, device.heard_at)
    acted_at = heard_at if device.acted_at is None else device.acted_at
    thinking = (heard_at - device.ended_at) * 1000.0
    understanding = min(thinking, work.get("understand", 0.0))
    waits = {
        "endpoint": (device.ended_at - true_end) * 1000.0,
        "recognise": thinking - understanding,
        "understand": understanding,
        "act": (acted_at - heard_at) * 1000.0,
        "synthesise": (device.first_sound_at - acted_at) * 1000.0,
    }
    total = (device.first_sound_at - true_end) * 1000.0
    return Timed(**common, intent=intent, slots=slots, total_ms=total, waits_ms=waits, work_ms=work)
