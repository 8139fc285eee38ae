"""Guarantees 1 and 2: what may leave a device, and when, tried on the real ear, wake word detector and conversation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from earwitness.build import House
from earwitness.domain.audio import SAMPLE_BYTES, Pcm
from earwitness.prove.evidence import require
from earwitness.prove.spoken import spoken
from earwitness.turn.runner import Conversation

CHUNK_BYTES = 512 * SAMPLE_BYTES
PATIENCE_SECONDS = 20.0
COMMAND = "Turn on the bedroom light."


@dataclass(slots=True)
class WatchedDevice:
    """A device that writes down what it is told; it confirms cues or, when broken, does not."""

    confirms_cues: bool = True
    told: list[dict[str, object]] = field(default_factory=list)
    conversation: Conversation | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def tell(self, message: dict[str, object]) -> None:
        self.told.append(message)
        self.news.set()
        if message["type"] == "cue" and self.confirms_cues and self.conversation is not None:
            await self.conversation.cue_done(str(message["cue"]))

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        pass

    async def wait_for(self, *kinds: str, **fields: object) -> dict[str, object]:
        """The first message of one of those kinds with those fields. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for message in self.told:
                    if message["type"] in kinds and all(message[name] == value for name, value in fields.items()):
                        return message
                self.news.clear()
                await self.news.wait()

    def opened(self) -> int:
        """How often it was told to send sound."""
        return sum(1 for message in self.told if message["type"] == "capture" and message["open"])


def nothing_before_the_wake_word(house: House) -> tuple[str, ...]:
    """Guarantee 1: without the wake word no byte passes the ear; with it the word is heard; muted, nothing is heard at all."""
    word = house.settings.wake.words[0]
    without, ear = spoken(house, COMMAND), house.ear()
    passed = [ear.hear(chunk) for chunk in _chunks(without)]
    require(all(woken is None and not sound for woken, sound in passed), "Sound passed the ear without the wake word.")
    called, other = spoken(house, f"{word.title()}.", COMMAND), house.ear()
    woken = [other.hear(chunk) for chunk in _chunks(called)]
    require(any(found is not None for found, _ in woken), f"The wake word {word} was not heard, so the trial shows nothing.")
    require(all(not sound for _, sound in woken), "Sound passed the ear before the capture was opened.")
    asyncio.run(_muted(house, called))
    return (
        f"{without.seconds:.1f} s of speech without “{word}”: 0 bytes passed the ear",
        f"with “{word}”: heard, and still 0 bytes passed before the capture was opened",
        f"{called.seconds:.1f} s with “{word}” while muted: no wake, no cue, no capture",
    )


def no_cue_no_capture(house: House) -> tuple[str, ...]:
    """Guarantee 2: the cue is confirmed before sound is asked for; where it is not, sound is never asked for."""
    kinds = asyncio.run(_press(house, confirms_cues=True))
    require("cue" in kinds and "capture" in kinds, "A press with a confirmed cue opened no capture, so the trial shows nothing.")
    require(kinds.index("cue") < kinds.index("capture"), "Sound was asked for before the cue.")
    silent = asyncio.run(_press(house, confirms_cues=False))
    require("capture" not in silent, "Sound was asked for although the cue was never confirmed.")
    return ("cue confirmed: asked for sound after it", "cue not confirmed: refused, and never asked for sound")


@contextlib.asynccontextmanager
async def _conversing(house: House, device: WatchedDevice, *, is_hands_free: bool) -> AsyncIterator[Conversation]:
    conversation = house.assistant.converse(device, is_hands_free=is_hands_free)
    device.conversation = conversation
    running = asyncio.create_task(conversation.run())
    try:
        yield conversation
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _muted(house: House, called: Pcm) -> None:
    device = WatchedDevice()
    async with _conversing(house, device, is_hands_free=True) as conversation:
        await conversation.mute()
        await device.wait_for("state", muted=True)
        for chunk in _chunks(called):
            await conversation.hear(chunk)
        await conversation.ask("what time is it")
        await device.wait_for("turn")
    require(device.opened() == 0, "A muted device was told to send sound.")
    require(not any(message["type"] == "cue" for message in device.told), "A muted device heard its wake word.")


async def _press(house: House, *, confirms_cues: bool) -> list[str]:
    device = WatchedDevice(confirms_cues=confirms_cues)
    async with _conversing(house, device, is_hands_free=False) as conversation:
        await conversation.press()
        await device.wait_for("capture", "error")
    return [str(message["type"]) for message in device.told]


def _chunks(sound: Pcm) -> list[bytes]:
    data = sound.data + bytes(-len(sound.data) % CHUNK_BYTES)
    return [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
