"""The turns of one foreign satellite: a conversation on one side, on the other whatever its protocol can show and play.

It keeps the rules that hold for every device: no sound is passed on before the capture opened, none while muted, and nobody known
speaks. It knows no protocol: that is the Front's.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import VoiceError
from earwitness.domain.events import Acted, Command, Event, Phase, PlayCue, SpeechBegan, WakeHeard
from earwitness.domain.satellite import Station
from earwitness.foreign.bells import Bells, SoundOf
from earwitness.foreign.sound import Loudness
from earwitness.protocol.session_messages import Wake
from earwitness.telemetry import log
from earwitness.turn.runner import Conversation

MOST_WAITING: Final = 512
"""Messages and pieces of sound that may wait for a slow box; beyond it the box is given up."""
BEFORE_SECONDS: Final = 3.0
"""Sound kept from between the box's wake word and the opening of the capture."""
WORD_SECONDS: Final = 1.0
"""The sound before a wake word that was found here, whose loudness counts: as at our own satellites."""
FOLLOWING_SECONDS: Final = 0.2
"""The sound after a wake word that the box found itself, whose loudness counts."""
MEASURE_SECONDS: Final = 0.5
"""How long that sound is waited for; what came by then counts."""
DUPLICATE: Final = "duplicate_wake_up_detected"
"""Home Assistant's name for a wake word that another satellite answers; boxes know it as nothing to complain of."""
BELL_REST_SECONDS: Final = 1.0
"""Between two bells of what rings."""
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


class Arbiter(Protocol):
    """Who decides which of several satellites answers a wake word."""

    async def answers(self, device_id: str, wake: Wake, *, area: str | None = None) -> bool: ...

    async def answers_once_measured(self, device_id: str, *, area: str | None, loudness: Awaitable[float]) -> bool: ...


class Front(Protocol):
    """What one protocol does for a turn. Each call may wait for the network; ConnectionError says that the box is gone."""

    listens_again: bool
    """Whether the box begins to listen by itself after a question."""
    can_ring: bool
    """Whether what rings can be heard there."""

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

    async def turned_away(self, code: str, sentence: str) -> None:
        """The box is not answered: let it send no more, and wait for its wake word again."""
        ...

    async def alert(self, alert_id: str, text: str, *, is_plain: bool = True) -> None:
        """Something begins to ring; what is not `is_plain` has a sound of its own, or begins softly: bells follow."""
        ...

    async def bell(self, pcm: Pcm) -> None:
        """Play this once, for a box that does not ring by itself; ends when it was played. It may be cancelled."""
        ...

    async def alert_ended(self, alert_id: str) -> None: ...

    async def failed(self, code: str, sentence: str) -> None: ...


class Seat:
    """One foreign satellite in the assistant (turn.ports.Device). Run it in a task; everything else from the event loop.

    Without an `arbiter` it answers whenever it wakes. `on_muted` is called once somebody there wished it muted."""

    def __init__(
        self,
        assistant: Assistant,
        front: Front,
        *,
        station: Station,
        is_hands_free: bool = False,
        is_muted: bool = False,
        arbiter: Arbiter | None = None,
        on_muted: Callable[[], None] = lambda: None,
        cue: Callable[[str], Pcm] = lambda name: Pcm(data=b""),
        sound_of: SoundOf | None = None,
    ) -> None:
        self._front = front
        self._bells = Bells(tone=lambda: cue("alert"), sound_of=sound_of)
        self._on_muted = on_muted
        self._station = station
        self._arbiter = arbiter
        self._tasks: asyncio.TaskGroup | None = None
        self._deciding: asyncio.Task[None] | None = None
        """Whether another satellite answers is being found out."""
        self._loudness = Loudness(WORD_SECONDS if is_hands_free else FOLLOWING_SECONDS)
        self._has_measured = asyncio.Event()
        self._has_woken = False
        """Whether the wake word was found here, and nobody decided yet who answers it."""
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
        self._is_asleep = True
        self._bell: asyncio.Task[None] | None = None
        self.conversation = assistant.converse(
            self, is_hands_free=is_hands_free, area=station.area, device_id=station.device_id, on_event=self._watch
        )
        self.conversation.can_ring = front.can_ring
        if station.voice is not None:
            with contextlib.suppress(VoiceError):
                self.conversation.choose_voice(station.voice, speed=1.0)

    async def run(self) -> None:
        """Serve until cancelled. Raises ConnectionError (in a group) when the box is gone or too slow."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self.conversation.run())
            if self._is_muted:
                await self.conversation.mute()
            while True:
                await self._pass_on(await self._waiting.get())

    # From the box

    async def begin(self, word: str = "", *, is_woken: bool = False) -> None:
        """The box sends sound from now on: it heard its wake word (`is_woken`), its button was pressed, or it was asked to."""
        if self._is_muted:
            await self._front.turned_away("session.muted", "This satellite was muted on the page: nothing it sends is heard.")
            return
        self._before.clear()
        if not is_woken or self._awaits_box or self._is_open or self._arbiter is None or self._tasks is None:
            await self._begin_run(word)
        elif self._deciding is None:
            self._loudness.clear()
            self._has_measured.clear()
            self._deciding = self._tasks.create_task(self._decide(word, self._arbiter))

    async def _decide(self, word: str, arbiter: Arbiter) -> None:
        """Answer the wake word, unless another satellite does."""
        following = self._following()
        try:
            is_chosen = await arbiter.answers_once_measured(self._station.device_id, area=self._station.area, loudness=following)
        except asyncio.CancelledError:
            self._put({"type": "wake_lost"})
            raise
        finally:
            following.close()
            self._deciding = None
        if is_chosen and not self._is_muted:
            await self._begin_run(word)
        else:
            self._before.clear()
            self._put({"type": "wake_lost"})

    async def _following(self) -> float:
        """The loudness [dBFS] of what the box sends first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MEASURE_SECONDS):
                await self._has_measured.wait()
        return self._loudness.dbfs

    async def _begin_run(self, word: str) -> None:
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
        if self._is_hands_free or self._deciding is not None:
            self._measure(sound)
        if self._is_hands_free or self._is_open:
            await self.conversation.hear(sound)
        elif self._deciding is not None or (self._is_in_run and not self._was_open):
            self._before += sound
            del self._before[: max(0, len(self._before) - round(BEFORE_SECONDS * RATE_HZ) * SAMPLE_BYTES)]

    def _measure(self, sound: bytes) -> None:
        if self._is_hands_free:
            self._loudness.hear(sound)
        elif not self._has_measured.is_set():
            self._loudness.hear(sound)
            if self._loudness.is_full:
                self._has_measured.set()

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

    async def stop(self) -> None:
        """The box broke its run off; without one it only echoes what it was told, and nothing that rings is stopped by that."""
        if self._deciding is not None:
            self._deciding.cancel()
        elif self._is_in_run:
            await self.conversation.stop()

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
                self._word, self._has_woken = word, PlayCue(cue="start") in commands
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
            case {"type": "state", "state": str(phase)}:
                self._is_asleep = phase == Phase.ASLEEP
                await self._settle_bell()
            case {"type": "alert", "id": str(alert_id), "text": str(text)}:
                self._bells.add(alert_id, item)
                await self._front.alert(alert_id, text, is_plain="sound" not in item)
                await self._settle_bell()
            case {"type": "alert_end", "id": str(alert_id)}:
                self._bells.remove(alert_id)
                await self._settle_bell()
                await self._front.alert_ended(alert_id)
            case {"type": "error", "code": str(code), "message": str(sentence)}:
                await self._front.failed(code, sentence)
            case {"type": "mute_wish"}:
                await self.mute()
                self._on_muted()
            case {"type": "wake_lost"}:
                await self._front.turned_away(DUPLICATE, "Another satellite answers.")
            case {"type": "turn"} if self._is_in_run and not self._is_fresh:
                await self._say_words("")
                self._is_in_run = False
                await self._front.run_ended()
            case _:
                pass  # what only a page shows

    async def _settle_bell(self) -> None:
        """Ring while something rings and nothing else goes on."""
        rings = self._is_asleep and self._bells.is_due
        if rings and self._bell is None and self._tasks is not None:
            self._bell = self._tasks.create_task(self._ring())
        elif not rings and self._bell is not None:
            bell, self._bell = self._bell, None
            bell.cancel()
            await asyncio.gather(bell, return_exceptions=True)

    async def _ring(self) -> None:
        while True:
            await asyncio.sleep(BELL_REST_SECONDS)
            await self._front.bell(await self._bells.next())

    async def _start(self) -> None:
        if self._is_hands_free:
            if not await self._answers_word():
                await self.conversation.release()  # a stop would silence what rings
                return
            self._is_in_run, self._was_open, self._has_words = True, False, False
        if self._is_hands_free or self._is_fresh:
            await self._confirm()
        elif self._front.listens_again:
            self._awaits_box = True  # the conversation's own deadline ends the wait
        else:
            await self.conversation.release()

    async def _answers_word(self) -> bool:
        """Whether this satellite answers the wake word that was found here; true if none was."""
        if self._arbiter is None or not self._has_woken:
            return True
        self._has_woken = False
        wake = Wake(word=self._word, loudness_dbfs=self._loudness.dbfs, score=1.0, age_ms=0)
        return await self._arbiter.answers(self._station.device_id, wake, area=self._station.area)

    async def _confirm(self) -> None:
        self._is_fresh, self._asks = False, False
        await self._front.listen(self._word)
        await self.conversation.cue_done("start")

    async def _say_words(self, text: str) -> None:
        if self._is_in_run and not self._is_fresh and not self._has_words:
            self._has_words = True
            await self._front.heard(text)
