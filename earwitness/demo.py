"""One spoken command through the whole chain, shown as it happens: what `make run` proves before it serves.

A voice of the house speaks the wake word and a command; the sound goes in at the pace of a microphone.
"""

import asyncio
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from earwitness.build import House
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import EngineError
from earwitness.domain.turn import Turn
from earwitness.speech.audio_file import read_audio, wav_header
from earwitness.turn.once import turn_of
from earwitness.turn.runner import Conversation

COMMAND = "Turn on the bedroom light."
CHUNK_BYTES = 512 * SAMPLE_BYTES
SECONDS_TO_ANSWER = 30.0


@dataclass(slots=True)
class TerminalDevice:
    """A device whose light is the terminal and whose speaker only counts; confirms every cue."""

    say: Callable[[str], None]
    began_at: float
    conversation: Conversation | None = None
    spoken_seconds: float = 0.0
    turn: asyncio.Future[Turn] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def tell(self, message: dict[str, object]) -> None:
        match message:
            case {"type": "cue", "cue": str(cue)}:
                self._show("cue", cue)
                if self.conversation is not None:
                    await self.conversation.cue_done(cue)
            case {"type": "state", "state": str(state), "capture": bool(capture)}:
                self._show("state", state + (", capturing" if capture else ""))
            case {"type": "partial", "text": str(text)}:
                self._show("partial", text)
            case {"type": "transcript", "text": str(text)}:
                self._show("transcript", text)
            case {"type": "understood", "intent": intent, "slots": slots}:
                self._show("intent", f"{intent} {slots}")
            case {"type": "speech", "text": str(text)}:
                self._show("reply", text)
            case {"type": "turn"} if not self.turn.done():
                self.turn.set_result(turn_of(message))
            case {"type": "error", "message": str(text)}:
                self._show("error", text)

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        self.spoken_seconds += pcm.seconds

    def _show(self, what: str, text: str) -> None:
        milliseconds = (time.monotonic() - self.began_at) * 1000
        self.say(f"  [cyan]{milliseconds:7.0f} ms[/]  {what:<11} {text}")


async def show(house: House, *, text: str, say: Callable[[str], None]) -> Turn:
    """Speak `text` after the wake word into a hands-free conversation; returns the turn. Raises EngineError."""
    word = house.settings.wake.words[0]
    voice = house.settings.speech.voice
    say(f"The voice {voice} says “{word}”, then “{text}”.")
    sound = await asyncio.to_thread(sound_of, house, f"{word.title()}.", text)
    device = TerminalDevice(say=say, began_at=time.monotonic())
    conversation = house.assistant.converse(device, is_hands_free=True)
    device.conversation = conversation
    running = asyncio.create_task(conversation.run())
    streaming = asyncio.create_task(_stream(conversation, sound))
    try:
        async with asyncio.timeout(sound.seconds + SECONDS_TO_ANSWER):
            turn = await device.turn
    except TimeoutError as error:
        raise EngineError(
            f"No turn came of it: “{word}” was not heard. Try another voice or a higher wake.sensitivity."
        ) from error
    finally:
        for task in (streaming, running):
            task.cancel()
        await asyncio.gather(streaming, running, return_exceptions=True)
    stages = ", ".join(f"{stage} {milliseconds:.0f} ms" for stage, milliseconds in turn.timings_ms.items())
    say(f"  {stages}")
    say(f"  {turn.outcome.value}: {turn.reply} ({device.spoken_seconds:.1f} s of speech)")
    return turn


def sound_of(house: House, *sentences: str) -> Pcm:
    """Silence, the sentences in the default voice with short pauses between, silence; 16 kHz. Blocks."""
    silence = bytes(RATE_HZ * SAMPLE_BYTES)
    parts = [silence]
    for sentence in sentences:
        spoken = list(house.voices.stream(sentence, voice=house.settings.speech.voice, speed=1.0))
        data = b"".join(part.data for part in spoken)
        recorded = io.BytesIO(wav_header(len(data), rate_hz=spoken[0].rate_hz) + data)
        parts += [read_audio(recorded, longest_seconds=60.0).data, silence[: RATE_HZ * SAMPLE_BYTES // 4]]
    return Pcm(data=b"".join([*parts, silence * 3]))


async def _stream(conversation: Conversation, sound: Pcm) -> None:
    began = time.monotonic()
    for start in range(0, len(sound.data), CHUNK_BYTES):
        await conversation.hear(sound.data[start : start + CHUNK_BYTES])
        due = began + (start + CHUNK_BYTES) / SAMPLE_BYTES / RATE_HZ
        await asyncio.sleep(max(0.0, due - time.monotonic()))
