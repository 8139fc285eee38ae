"""The turns of one foreign satellite: a conversation on one side, on the other whatever its protocol can show and play.

It keeps the rules that hold for every device: no sound is passed on before the capture opened, none while muted, and nobody known
speaks. It knows no protocol: that is the Front's.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import VoiceError
from earwitness.domain.events import Acted, Command, Event, SpeechBegan, WakeHeard
from earwitness.domain.satellite import Station
from earwitness.telemetry import log
from earwitness.turn.runner import Conversation

MOST_WAITING: Final = 512
"""Messages and pieces of sound that may wait for a slow box; beyond it the box is given up."""
BEFORE_SECONDS: Final = 3.0
"""Sound kept from between the box's wake word and the opening of the capture."""
_logger = logging.getLogger(__name__)


class Assistant(Protocol):
    """What a foreign satellite needs of the assistant."""

    def converse(
        self,
        device: "Seat",
        *,
        is_hands_free: bool,
        area: str | None = None,
        person_id: str | None = None,
        device_id: str | None = None,
        on_event: Callable[[Event, tuple[Command, ...]], None] = ...,
    ) -> Conversation: ...


class Front(Protocol):
    """What one protocol does for a turn. Each call may wait for the network; ConnectionError says that the box is gone."""

    listens_again: bool
    """Whether the box begins to listen by itself after a question."""

    async def listen(self, word: str) -> None:
        """Show, and let hear, that a capture opens now."""
        ...

    async def voice_began(self) -> None: ...

    async def capture_ended(self) -> None: ...

    async def heard(self, text: str) -> None:
        """The words; empty if there were none. Once in a run."""
        ...

    async def speech_began(self, speech_id: int, text: str, *, is_reply: bool, asks: bool) -> None: ...

    async def sound(self, pcm: Pcm) -> None: ...

    async def speech_ended(self) -> None:
        """All of the speech was handed over; the seat is told when it was played."""
        ...

    async def speech_stopped(self) -> None: ...

    async def run_ended(self) -> None: ...

    async def alert(self, alert_id: str, text: str) -> None: ...

    async def alert_ended(self, alert_id: str) -> None: ...

    async def failed(self, code: str, sentence: str) -> None: ...


class Seat:
    """One foreign satellite in the assistant (turn.ports.Device). Run it in a task; everything else from the event loop."""

    def __init__(
        self, assistant: Assistant, front: Front, *, station: Station, is_hands_free: bool = False, is_muted: bool = False
    ) -> None:
        self._front = front
        self._is_hands_free = is_hands_free
        self._is_muted = is_muted
        self._waiting: asyncio.Queue[Mapping[str, object] | tuple[int, Pcm]] = asyncio.Queue(MOST_WAITING)
        self._before = bytearray()
        self._is_open = False
        self._is_in_run = False
        self._is_fresh = False
        """Whether the run began and the conversation has not answered: what it tells till then is of the run before."""
        self._was_open = False
        self._has_words = False
        self._awaits_box = False
        self._asks = False
        self._word = ""
        self._stopped_speech = 0
        self.conversation = assistant.converse(
            self, is_hands_free=is_hands_free, area=station.area, device_id=station.device_id, on_event=self._watch
        )
        if station.voice is not None:
            with contextlib.suppress(VoiceError):
                self.conversation.choose_voice(station.voice, speed=1.0)

    async def run(self) -> None:
        """Serve until cancelled. Raises ConnectionError (in a group) when the box is gone or too slow."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.conversation.run())
            if self._is_muted:
                await self.conversation.mute()
            while True:
                await self._pass_on(await self._waiting.get())

    # From the box

    async def begin(self, word: str = "") -> None:
        """The box heard its wake word, or its button was pressed, and sends sound from now on."""
        if self._is_muted:
            await self._front.failed("session.muted", "This satellite was muted on the page: nothing it sends is heard.")
            await self._front.run_ended()
            return
        self._before.clear()
        self._is_in_run, self._is_fresh, self._was_open, self._has_words, self._word = True, True, False, False, word
        if self._awaits_box:
            self._awaits_box = False
            await self._confirm()
        else:
            await self.conversation.press()

    async def hear(self, sound: bytes) -> None:
        """Take 16 kHz mono int16; what belongs to no run is dropped."""
        if self._is_muted or not sound:
            return
        if self._is_hands_free or self._is_open:
            await self.conversation.hear(sound)
        elif self._is_in_run and not self._was_open:
            self._before += sound
            del self._before[: max(0, len(self._before) - round(BEFORE_SECONDS * RATE_HZ) * SAMPLE_BYTES)]

    async def end_of_sound(self) -> None:
        """The box sends no more sound of this run."""
        if self._is_open:
            await self.conversation.release()

    def played(self, speech_id: int) -> None:
        """The box has played (or dropped) a speech."""
        self._put({"type": "played", "id": speech_id})

    def began_to_play(self, speech_id: int) -> None:
        """The box plays a speech, or is about to."""
        self._put({"type": "began_to_play", "id": speech_id})

    async def mute(self) -> None:
        """Drop whatever comes from now on; there is no way back in this session."""
        self._is_muted = True
        self._before.clear()
        await self.conversation.mute()

    # From the conversation

    async def tell(self, message: dict[str, object]) -> None:
        """Queue one message of docs/protocol.md. Raises ConnectionError if the box is too slow."""
        if message["type"] == "capture":
            await self._gate(message["open"] is True)
        elif message["type"] == "speech_stop":
            self._stopped_speech = int(str(message["id"]))
        self._put(message)

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        """Queue sound of a speech; waits while the box is slow."""
        await self._waiting.put((speech_id, pcm))

    def _watch(self, event: Event, commands: tuple[Command, ...]) -> None:
        match event:
            case WakeHeard(word=word):
                self._word = word
            case SpeechBegan() if self._is_open:
                self._put({"type": "voice_began"})
            case Acted(result=result):
                self._asks = result.asks is not None
            case _:
                pass

    def _put(self, message: Mapping[str, object]) -> None:
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull as error:
            log(_logger, "foreign satellite too slow", level=logging.WARNING)
            raise ConnectionResetError("the satellite reads too slowly") from error

    async def _gate(self, is_open: bool) -> None:
        self._is_open = is_open and not self._is_muted
        self._was_open = self._was_open or self._is_open
        if self._is_open and not self._is_hands_free and self._before:
            await self.conversation.hear(bytes(self._before))
        self._before.clear()

    # To the box

    async def _pass_on(self, item: Mapping[str, object] | tuple[int, Pcm]) -> None:
        if isinstance(item, tuple):
            if item[0] != self._stopped_speech:
                await self._front.sound(item[1])
            return
        match item:
            case {"type": "cue", "cue": "start"}:
                await self._start()
            case {"type": "played", "id": int(speech_id)}:
                await self.conversation.playback(speech_id, state="finished")
            case {"type": "began_to_play", "id": int(speech_id)}:
                await self.conversation.playback(speech_id, state="started")
            case {"type": "voice_began"}:
                await self._front.voice_began()
            case {"type": "capture", "open": False}:
                await self._front.capture_ended()
            case {"type": "transcript", "text": str(text)}:
                await self._say_words(text)
            case {"type": "speech", "id": int(speech_id), "text": str(text)}:
                await self._say_words("")
                await self._front.speech_began(speech_id, text, is_reply=self._is_in_run and not self._is_fresh, asks=self._asks)
            case {"type": "speech_end"}:
                await self._front.speech_ended()
            case {"type": "speech_stop"}:
                await self._front.speech_stopped()
            case {"type": "alert", "id": str(alert_id), "text": str(text)}:
                await self._front.alert(alert_id, text)
            case {"type": "alert_end", "id": str(alert_id)}:
                await self._front.alert_ended(alert_id)
            case {"type": "error", "code": str(code), "message": str(sentence)}:
                await self._front.failed(code, sentence)
            case {"type": "turn"} if self._is_in_run and not self._is_fresh:
                await self._say_words("")
                self._is_in_run = False
                await self._front.run_ended()
            case _:
                pass  # what only a page shows

    async def _start(self) -> None:
        if self._is_hands_free:
            self._is_in_run, self._was_open, self._has_words = True, False, False
        if self._is_hands_free or self._is_fresh:
            await self._confirm()
        elif self._front.listens_again:
            self._awaits_box = True  # the conversation's own deadline ends the wait
        else:
            await self.conversation.stop()

    async def _confirm(self) -> None:
        self._is_fresh, self._asks = False, False
        await self._front.listen(self._word)
        await self.conversation.cue_done("start")

    async def _say_words(self, text: str) -> None:
        if self._is_in_run and not self._is_fresh and not self._has_words:
            self._has_words = True
            await self._front.heard(text)
