"""One turn on something that is all there: a recording or a typed sentence. Used by the command line, the API and benchmarks.

It goes through the same conversation as a live session; the device at its far end is this module.
"""

import asyncio
from dataclasses import dataclass, field, replace

from earwitness.domain.audio import SAMPLE_BYTES, Pcm
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, Turn
from earwitness.turn.runner import Conversation

CHUNK_BYTES = 512 * SAMPLE_BYTES


@dataclass(slots=True)
class AttentiveDevice:
    """A device that confirms every cue and keeps what it is told, in memory."""

    speech: list[Pcm] = field(default_factory=list)
    messages: list[dict[str, object]] = field(default_factory=list)
    conversation: Conversation | None = None
    turn: asyncio.Future[Turn] | None = None
    next_context: Context | None = None
    """What a request after the turn would lean on."""

    async def tell(self, message: dict[str, object]) -> None:
        self.messages.append(message)
        match message:
            case {"type": "cue", "cue": str(cue)} if self.conversation is not None:
                await self.conversation.cue_done(cue)
            case {"type": "turn"} if self.turn is not None and not self.turn.done():
                self.next_context = self.conversation.next_context if self.conversation is not None else None
                self.turn.set_result(turn_of(message))

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        self.speech.append(pcm)


def turn_of(message: dict[str, object]) -> Turn:
    """The record that a `turn` message carries."""
    name, slots, timings = message["intent"], message["slots"], message["timings_ms"]
    then = message.get("then")
    return Turn(
        turn_id=str(message["turn_id"]),
        transcript=str(message["transcript"]),
        outcome=Outcome(str(message["outcome"])),
        reply=str(message["reply"]),
        intent=replace(_intent(name, slots), then=_then(then)) if name else None,
        timings_ms=timings if isinstance(timings, dict) else {},
        error_code=None if message["error"] is None else str(message["error"]),
        reason=str(message["reason"]),
    )


def _intent(name: object, slots: object) -> Intent:
    return Intent(name=str(name), slots=slots if isinstance(slots, dict) else {})


def _then(told: object) -> tuple[Intent, ...]:
    return tuple(_intent(one["intent"], one["slots"]) for one in told) if isinstance(told, list) else ()


async def answer(request: Pcm | str, *, conversation: Conversation, device: AttentiveDevice, is_typed: bool = True) -> Turn:
    """Run one turn on a recording (16 kHz mono) or a written sentence, typed by somebody or not; the reply's sound is then in
    `device.speech`."""
    device.conversation = conversation
    device.turn = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(conversation.run())
    try:
        if isinstance(request, str):
            await conversation.ask(request, is_typed=is_typed)
        else:
            await _say(conversation, request)
        running.add_done_callback(lambda task: _pass_on(task, device))
        return await device.turn
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _pass_on(running: "asyncio.Task[None]", device: AttentiveDevice) -> None:
    if device.turn is not None and not device.turn.done():
        error = None if running.cancelled() else running.exception()
        device.turn.set_exception(error or RuntimeError("the conversation ended without a turn"))


async def _say(conversation: Conversation, request: Pcm) -> None:
    await conversation.press()
    opened = conversation.capture_opened
    await opened.wait()
    for start in range(0, len(request.data), CHUNK_BYTES):
        await conversation.hear(request.data[start : start + CHUNK_BYTES])
    await conversation.release()
