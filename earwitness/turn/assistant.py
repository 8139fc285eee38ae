"""The assistant: the conversations that go on, what rings in them, and turns that need no device.

It knows no files, sockets or models; `build/` hands it what it works with.
"""

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakSet

from earwitness.domain.account import Scope
from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.domain.errors import TextError, VoiceError
from earwitness.domain.events import Command, Event
from earwitness.domain.intent import Context
from earwitness.domain.ring_sound import PLAIN, RingManner
from earwitness.domain.turn import Turn
from earwitness.domain.voice import Voice
from earwitness.speech.audio_file import read_audio, wav_header
from earwitness.turn.once import AttentiveDevice, answer
from earwitness.turn.ports import Device, Ear, Keeper, VoiceActivityDetector
from earwitness.turn.runner import Conversation, Engines, Manner

LONGEST_TEXT = 1000
"""Characters of a typed request."""

TELL_SECONDS = 10.0
"""How long news waits for a device to begin to play it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ringing:
    """What rings, and where: everywhere, if neither a room nor a device is named."""

    text: str
    manner: RingManner
    since: float
    """When it began to ring here, on the loop's clock."""
    area: str | None = None
    device_id: str | None = None

    def now(self) -> RingManner:
        """How it rings by now: for who comes while it does."""
        rung = self.manner.rung_seconds + asyncio.get_running_loop().time() - self.since
        return replace(self.manner, rung_seconds=rung)

    def is_at(self, context: Context) -> bool:
        """Whether it rings there. A page is wherever its person is."""
        if context.device_id is None or (self.area is None and self.device_id is None):
            return True
        is_in_room = self.area is not None and context.area is not None and context.area.casefold() == self.area.casefold()
        return is_in_room or context.device_id == self.device_id


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
        self._ringing: dict[str, _Ringing] = {}
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
        page_id: str | None = None,
        scopes: frozenset[Scope] | None = None,
        on_event: Watcher = lambda event, commands: None,
    ) -> Conversation:
        """A new conversation; run it in a task. Hands-free ones wait for the wake word in the sound they are given.

        `person_id` is who speaks, if that is known; `device_id` is the satellite, None for a page; `page_id` is where calls reach
        a page; `scopes` are what a token may with which a program speaks for that person.
        """
        ear = self._makers.ear() if is_hands_free else None
        conversation = self._make(
            device,
            manner=self._manner,
            context=Context(
                area=area or (None if device_id else self._area),
                person_id=person_id,
                device_id=device_id,
                page_id=page_id,
                scopes=scopes,
            ),
            ear=ear,
        )
        conversation.on_event = on_event
        self._conversations.add(conversation)
        for alert_id, ringing in self._ringing.items():
            if ringing.is_at(conversation.context):
                conversation.ring(alert_id, ringing.text, manner=ringing.now())
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
        self,
        request: Pcm | str,
        *,
        voice: str | None = None,
        is_silent: bool = True,
        person_id: str | None = None,
        scopes: frozenset[Scope] | None = None,
    ) -> tuple[Turn, Sequence[Pcm]]:
        """Run one turn on a recording (16 kHz mono) or a typed sentence; returns it with the reply's sound (none if silent).

        Raises TextError for a text beyond LONGEST_TEXT characters, VoiceError for an unknown voice.
        """
        device, context = AttentiveDevice(), Context(area=self._area, person_id=person_id, scopes=scopes)
        turn = await self._answered(request, device=device, context=context, voice=voice, is_silent=is_silent)
        return turn, device.speech

    async def _answered(
        self,
        request: Pcm | str,
        *,
        device: AttentiveDevice,
        context: Context,
        voice: str | None,
        is_silent: bool,
        is_typed: bool = True,
    ) -> Turn:
        if isinstance(request, str) and len(request) > LONGEST_TEXT:
            raise TextError(f"A request may have {LONGEST_TEXT} characters; this one has {len(request)}.")
        name = voice or self._manner.voice
        self.check_voice(name)
        manner = replace(self._manner, voice=name, is_live=False, is_silent=is_silent)
        conversation = self._make(device, manner=manner, context=context)
        return await answer(request, conversation=conversation, device=device, is_typed=is_typed)

    async def go_on(self, text: str, *, so_far: Context | None = None) -> tuple[Turn, Context]:
        """One turn on a written request of nobody known, without speaking, that leans on what was said `so_far`; and what the
        next one leans on. Another program hands it over: whether it was typed or heard by a recogniser is not known, so that it
        is understood as speech. Raises TextError."""
        device, context = AttentiveDevice(), so_far or Context(area=self._area)
        turn = await self._answered(text, device=device, context=context, voice=None, is_silent=True, is_typed=False)
        return turn, device.next_context or context

    async def ask_text(
        self, text: str, *, voice: str | None = None, person_id: str | None = None, scopes: frozenset[Scope] | None = None
    ) -> Turn:
        """One turn on a typed request, without speaking."""
        turn, _ = await self.ask(text, voice=voice, person_id=person_id, scopes=scopes)
        return turn

    async def ask_audio(
        self, data: bytes, *, voice: str | None = None, person_id: str | None = None, scopes: frozenset[Scope] | None = None
    ) -> Turn:
        """One turn on the bytes of an audio file, without speaking. Raises AudioError."""
        longest = self._manner.limits.longest_seconds
        pcm = await asyncio.to_thread(lambda: read_audio(io.BytesIO(data), longest_seconds=longest))
        turn, _ = await self.ask(pcm, voice=voice, person_id=person_id, scopes=scopes)
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

    def ring(
        self, alert_id: str, text: str, *, area: str | None = None, device_id: str | None = None, manner: RingManner = PLAIN
    ) -> None:
        """An alert is due: ring in every conversation, or at a device or those of a room and on pages, also in those that begin
        while it rings. If no such device is here, or none that can ring, it rings everywhere: better heard elsewhere than
        nowhere."""
        here, since = self._present(), asyncio.get_running_loop().time()
        ringing = _Ringing(text=text, manner=manner, since=since, area=area, device_id=device_id)
        if not any(one.can_ring and one.context.device_id is not None and ringing.is_at(one.context) for one in here):
            ringing = replace(ringing, area=None, device_id=None)
        self._ringing[alert_id] = ringing
        for conversation in here:
            if ringing.is_at(conversation.context):
                conversation.ring(alert_id, text, manner=manner)

    async def tell(self, text: str, *, spares: Callable[[Context], bool] = lambda context: False) -> bool:
        """Say something to whoever is there, but not where it `spares`; False if nobody can have heard it within TELL_SECONDS."""

        async def told(conversation: Conversation) -> bool:
            try:
                async with asyncio.timeout(TELL_SECONDS):
                    return await conversation.announce(text)
            except TimeoutError:
                return False

        return any(await asyncio.gather(*(told(one) for one in self._present() if not spares(one.context))))

    def _present(self) -> list[Conversation]:
        return [conversation for conversation in self._conversations if not conversation.is_over]

    def end_alert(self, alert_id: str) -> None:
        """Somebody stopped it: it ends everywhere."""
        if self._ringing.pop(alert_id, None) is None:
            return
        self._acknowledge_alert(alert_id)
        for conversation in self._conversations:
            conversation.end_alert(alert_id)
