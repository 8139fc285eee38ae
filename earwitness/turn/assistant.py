"""The assistant: the conversations that go on, what rings in them, and turns that need no device.

It knows no files, sockets or models; `build.py` hands it what it works with.
"""

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakSet

from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.domain.errors import TextError, VoiceError
from earwitness.domain.events import Command, Event
from earwitness.domain.intent import Context
from earwitness.domain.turn import Turn
from earwitness.domain.voice import Voice
from earwitness.speech.audio_file import read_audio, wav_header
from earwitness.turn.once import AttentiveDevice, answer
from earwitness.turn.ports import Device, Ear, Keeper, VoiceActivityDetector
from earwitness.turn.runner import Conversation, Engines, Manner

LONGEST_TEXT = 1000
"""Characters of a typed request."""

Watcher = Callable[[Event, tuple[Command, ...]], None]


class Voices(Protocol):
    """The catalogue of voices."""

    def voices(self) -> tuple[Voice, ...]: ...

    def stream(self, text: str, *, voice: str, speed: float = 1.0) -> Iterator[Pcm]: ...


class House(Protocol):
    """What is shown of the home, its timers and lists."""

    def board(self) -> Board: ...

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """How to make what each conversation has for itself, and the engines that all share (loaded when first asked for)."""

    engines: Callable[[], Engines]
    vad: Callable[[], VoiceActivityDetector]
    ear: Callable[[], Ear]
    cue: Callable[[str], Pcm]


class Assistant:
    """Serves devices, typed requests and recordings; `manner` is how live conversations behave."""

    def __init__(
        self,
        *,
        makers: Makers,
        voices: Voices,
        house: House,
        acknowledge: Callable[[str], None],
        manner: Manner,
        area: str | None,
        keeper: Keeper | None = None,
    ) -> None:
        self._makers = makers
        self._voices = voices
        self._house = house
        self._acknowledge_alert = acknowledge
        self._manner = manner
        self._area = area
        self._keeper = keeper
        self._conversations: WeakSet[Conversation] = WeakSet()
        self._ringing: dict[str, str] = {}
        self._is_ready = False

    def warm(self) -> None:
        """Load the engines now and run each once. Blocks; raises ModelError when a model is missing or altered."""
        engines = self._makers.engines()
        self._makers.vad()
        spoken = list(engines.synthesiser.stream("Turn on the light.", voice=self._manner.voice))
        data = b"".join(part.data for part in spoken)
        heard = io.BytesIO(wav_header(len(data), rate_hz=spoken[0].rate_hz) + data)
        engines.recogniser.transcribe(read_audio(heard, longest_seconds=60.0))
        self._is_ready = True

    def is_ready(self) -> bool:
        """Whether the default models are loaded."""
        return self._is_ready

    # Devices

    def converse(
        self,
        device: Device,
        *,
        is_hands_free: bool,
        area: str | None = None,
        person_id: str | None = None,
        device_id: str | None = None,
        on_event: Watcher = lambda event, commands: None,
    ) -> Conversation:
        """A new conversation; run it in a task. Hands-free ones wait for the wake word in the sound they are given.

        `person_id` is who speaks, if that is known; `device_id` is the satellite, None for a page.
        """
        ear = self._makers.ear() if is_hands_free else None
        conversation = self._make(
            device,
            manner=self._manner,
            context=Context(area=area or (None if device_id else self._area), person_id=person_id, device_id=device_id),
            ear=ear,
        )
        conversation.on_event = on_event
        self._conversations.add(conversation)
        for alert_id, text in self._ringing.items():
            conversation.ring(alert_id, text)
        return conversation

    def _make(self, device: Device, *, manner: Manner, context: Context, ear: Ear | None = None) -> Conversation:
        return Conversation(
            device=device,
            engines=self._engines(context),
            vad=self._makers.vad(),
            manner=manner,
            context=context,
            ear=ear,
            acknowledge=self.end_alert,
            check_voice=self.check_voice,
            keeper=self._keeper,
        )

    def _engines(self, context: Context) -> Engines:
        """A satellite has no screen: nobody would read the words so far."""
        engines = self._makers.engines()
        return engines if context.device_id is None else replace(engines, glimpse=None)

    # Turns without a device

    async def ask(
        self, request: Pcm | str, *, voice: str | None = None, is_silent: bool = True, person_id: str | None = None
    ) -> tuple[Turn, Sequence[Pcm]]:
        """Run one turn on a recording (16 kHz mono) or a typed sentence; returns it with the reply's sound (none if silent).

        Raises TextError for a text beyond LONGEST_TEXT characters, VoiceError for an unknown voice.
        """
        if isinstance(request, str) and len(request) > LONGEST_TEXT:
            raise TextError(f"A request may have {LONGEST_TEXT} characters; this one has {len(request)}.")
        name = voice or self._manner.voice
        self.check_voice(name)
        device = AttentiveDevice()
        manner = replace(self._manner, voice=name, is_live=False, is_silent=is_silent)
        context = Context(area=self._area, person_id=person_id)
        turn = await answer(request, conversation=self._make(device, manner=manner, context=context), device=device)
        return turn, device.speech

    async def ask_text(self, text: str, *, voice: str | None = None, person_id: str | None = None) -> Turn:
        """One turn on a typed request, without speaking."""
        turn, _ = await self.ask(text, voice=voice, person_id=person_id)
        return turn

    async def ask_audio(self, data: bytes, *, voice: str | None = None, person_id: str | None = None) -> Turn:
        """One turn on the bytes of an audio file, without speaking. Raises AudioError."""
        longest = self._manner.limits.longest_seconds
        pcm = await asyncio.to_thread(lambda: read_audio(io.BytesIO(data), longest_seconds=longest))
        turn, _ = await self.ask(pcm, voice=voice, person_id=person_id)
        return turn

    # Voices and cues

    def voices(self) -> Sequence[Voice]:
        return self._voices.voices()

    def default_voice(self) -> str:
        return self._manner.voice

    def choose_voice(self, name: str) -> None:
        """Speak with this voice in conversations from now on. Raises VoiceError."""
        self.check_voice(name)
        self._manner = replace(self._manner, voice=name)

    def check_voice(self, name: str) -> None:
        """Raises VoiceError for a voice that does not exist or is not installed."""
        found = {voice.name: voice for voice in self._voices.voices()}
        if name not in found:
            raise VoiceError(f"There is no voice called {name}; `earwitness voices` lists them.")
        if not found[name].is_installed:
            raise VoiceError(f"The voice {name} is not installed; run `earwitness models fetch`.")

    def say(self, text: str, *, voice: str, speed: float = 1.0) -> Iterator[Pcm]:
        """Speak `text`; blocks. Raises VoiceError, EngineError, TextError."""
        return self._voices.stream(text, voice=voice, speed=speed)

    def cue(self, name: str) -> Pcm:
        """An earcon; raises KeyError for a name that is none."""
        return self._makers.cue(name)

    # The home

    def board(self) -> Board:
        return self._house.board()

    def subscribe_board(self, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop after each change, whichever thread made it."""
        loop = asyncio.get_running_loop()

        def tell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(on_change)

        return self._house.subscribe(tell)

    # Alerts

    def ring(self, alert_id: str, text: str) -> None:
        """A timer is due: ring in every conversation, now and in those that begin while it rings."""
        self._ringing[alert_id] = text
        for conversation in self._conversations:
            conversation.ring(alert_id, text)

    def end_alert(self, alert_id: str) -> None:
        """Somebody stopped it: it ends everywhere."""
        if self._ringing.pop(alert_id, None) is None:
            return
        self._acknowledge_alert(alert_id)
        for conversation in self._conversations:
            conversation.end_alert(alert_id)
