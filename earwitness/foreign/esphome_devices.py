"""Voice devices with ESPHome (Home Assistant Voice PE and its kind), over their native API and only with its encryption.

The device hears its wake word itself, lights and sounds its own cue, and then sends sound over the encrypted connection. Replies
go back the same way where the device can take that, else as a link that it fetches (reply_links.py).
Owns one device's connection.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from aioesphomeapi.client import APIClient
from aioesphomeapi.core import (
    APIConnectionError,
    EncryptionHelloAPIError,
    EncryptionPlaintextAPIError,
    InvalidEncryptionKeyAPIError,
)
from aioesphomeapi.model import (
    VoiceAssistantCommandFlag,
    VoiceAssistantEventType,
    VoiceAssistantFeature,
    VoiceAssistantTimerEventType,
)

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import NetworkError
from earwitness.domain.satellite import Station
from earwitness.foreign.bells import SoundOf
from earwitness.foreign.esphome_abilities import Abilities, learn, settle_wake_words
from earwitness.foreign.reach import Place
from earwitness.foreign.reply_links import ReplyLinks
from earwitness.foreign.sound import at_rate
from earwitness.foreign.turns import Arbiter, Assistant, Seat
from earwitness.protocol.connection import ConnectionLostError
from earwitness.telemetry import log

CONNECT_SECONDS: Final = 15.0
KEEP_ALIVE_SECONDS: Final = 5.0
"""How often the device is pinged; after some silence beyond it the connection is given up."""
ANNOUNCE_MARGIN_SECONDS: Final = 10.0
STREAMED: Final = "earwitness:streamed"
"""Told as a reply's URL to a device that gets the sound itself: firmware plays nothing without one, and fetches none then."""
_STREAM_BYTES: Final = 1024
_STREAM_AHEAD: Final = 0.9
"""Share of real time after which the next piece of streamed sound is sent: a little ahead, so that none is missing."""
_logger = logging.getLogger(__name__)
_Event = VoiceAssistantEventType


class EsphomeFront:
    """What an ESPHome voice device shows and plays (turns.Front)."""

    def __init__(self, client: APIClient, *, abilities: Abilities, address: str, links: ReplyLinks) -> None:
        self._client = client
        self.features = abilities.features
        self._form = abilities.form
        self._address = address
        self._links = links
        self._tasks: set[asyncio.Task[None]] = set()
        self._playing: asyncio.Task[None] | None = None
        self._speech_id = 0
        self._text = ""
        self._pieces: list[Pcm] = []
        self._is_reply = False
        self._is_intent_open = False
        self._has_begun = False
        self._alerts: dict[str, str] = {}
        self._belled: set[str] = set()
        """What rings with a sound of its own choice, played by announcements."""
        self.listens_again = bool(self.features & VoiceAssistantFeature.START_CONVERSATION)
        self.can_ring = bool(self.features & (VoiceAssistantFeature.ANNOUNCE | VoiceAssistantFeature.TIMERS))
        self.on_played: Callable[[int], None] = lambda speech_id: None
        self.on_started: Callable[[int], None] = lambda speech_id: None

    def send(self, event: VoiceAssistantEventType, **data: str) -> None:
        """Send one event. Raises ConnectionError if the device is gone."""
        try:
            self._client.send_voice_assistant_event(event, data)
        except APIConnectionError as error:
            raise ConnectionResetError("the device is gone") from error

    async def listen(self, word: str) -> None:
        self._has_begun = True
        self.send(_Event.VOICE_ASSISTANT_RUN_START)
        if word:
            self.send(_Event.VOICE_ASSISTANT_WAKE_WORD_END, wake_word_phrase=word)
        self.send(_Event.VOICE_ASSISTANT_STT_START)

    async def voice_began(self) -> None:
        self.send(_Event.VOICE_ASSISTANT_STT_VAD_START)

    async def capture_ended(self) -> None:
        self.send(_Event.VOICE_ASSISTANT_STT_VAD_END)

    async def heard(self, text: str) -> None:
        self.send(_Event.VOICE_ASSISTANT_STT_END, text=text)
        self.send(_Event.VOICE_ASSISTANT_INTENT_START)
        self._is_intent_open = True

    async def speech_began(self, speech_id: int, text: str, *, is_reply: bool, asks: bool) -> None:
        self._speech_id, self._text, self._pieces, self._is_reply = speech_id, text, [], is_reply
        if is_reply:
            self._end_intent(asks=asks)
            self.send(_Event.VOICE_ASSISTANT_TTS_START, text=text)

    async def sound(self, pcm: Pcm) -> None:
        self._pieces.append(pcm)

    async def speech_ended(self) -> None:
        if not self._pieces:
            self.on_played(self._speech_id)
            return
        pcm = Pcm(data=b"".join(piece.data for piece in self._pieces), rate_hz=self._pieces[0].rate_hz)
        self._pieces = []
        if self._is_reply and self.features & VoiceAssistantFeature.SPEAKER:
            self.send(_Event.VOICE_ASSISTANT_TTS_END, url=STREAMED)
            self._play(self._stream(self._speech_id, pcm))
        elif self._is_reply:
            self.send(_Event.VOICE_ASSISTANT_TTS_END, url=await self._link(pcm))
        elif self.features & VoiceAssistantFeature.ANNOUNCE:
            self._play(self._announce(self._speech_id, pcm))
        else:
            log(_logger, "foreign satellite cannot announce", level=logging.WARNING)
            self.on_played(self._speech_id)

    async def speech_stopped(self) -> None:
        self._pieces = []
        if self._playing is not None:
            self._playing.cancel()

    def played(self) -> None:
        """The device says that it has played what it fetched."""
        if self._is_reply:
            self.on_played(self._speech_id)

    async def run_ended(self) -> None:
        self._end_intent(asks=False)
        if self._has_begun:
            self._has_begun = False
            self.send(_Event.VOICE_ASSISTANT_RUN_END)

    async def turned_away(self, code: str, sentence: str) -> None:
        await self.failed(code, sentence)
        self.send(_Event.VOICE_ASSISTANT_RUN_END)

    @property
    def rings_plainly(self) -> bool:
        """Whether it has a ring of its own alone: what cannot be announced to it cannot ring there either."""
        return not self.features & VoiceAssistantFeature.ANNOUNCE

    async def alert(self, alert_id: str, text: str, *, is_plain: bool = True) -> None:
        if not is_plain and not self.rings_plainly:
            self._belled.add(alert_id)
            return
        self._alerts[alert_id] = text
        self._timer(VoiceAssistantTimerEventType.VOICE_ASSISTANT_TIMER_FINISHED, alert_id, is_active=False)

    async def alert_ended(self, alert_id: str) -> None:
        self._belled.discard(alert_id)
        if alert_id in self._alerts:
            self._timer(VoiceAssistantTimerEventType.VOICE_ASSISTANT_TIMER_CANCELLED, alert_id, is_active=False)
            del self._alerts[alert_id]

    async def bell(self, pcm: Pcm) -> None:
        if self.features & VoiceAssistantFeature.TIMERS and not self._belled:
            return  # it rings by itself once it was told
        if self.features & VoiceAssistantFeature.ANNOUNCE:
            await self._play_link(pcm, text="", on_fetched=lambda: None)

    async def failed(self, code: str, sentence: str) -> None:
        self.send(_Event.VOICE_ASSISTANT_ERROR, code=code, message=sentence)

    def close(self) -> None:
        """Stop whatever still plays."""
        for task in self._tasks:
            task.cancel()

    def _end_intent(self, *, asks: bool) -> None:
        if self._is_intent_open:
            self._is_intent_open = False
            goes_on = "1" if asks and self.listens_again else "0"
            self.send(_Event.VOICE_ASSISTANT_INTENT_END, conversation_id="", continue_conversation=goes_on)

    def _timer(self, kind: VoiceAssistantTimerEventType, alert_id: str, *, is_active: bool) -> None:
        if self.features & VoiceAssistantFeature.TIMERS:
            name = self._alerts.get(alert_id, "")
            try:
                self._client.send_voice_assistant_timer_event(kind, alert_id, name, 0, 0, is_active)
            except APIConnectionError as error:
                raise ConnectionResetError("the device is gone") from error

    async def _link(self, pcm: Pcm) -> str:
        speech_id = self._speech_id
        try:
            return await self._links.offer(
                pcm, peer=self._address, form=self._form, on_fetched=lambda: self.on_started(speech_id)
            )
        except NetworkError as error:
            await self.failed("foreign.no_plain_reply", error.sentence)
            return ""

    def _play(self, playing: Coroutine[Any, Any, None]) -> None:
        task = self._playing = asyncio.create_task(playing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stream(self, speech_id: int, pcm: Pcm) -> None:
        """Send a reply over the encrypted connection itself, at the pace at which it is played."""
        sound = at_rate(pcm, RATE_HZ).data
        self.on_started(speech_id)
        try:
            self.send(_Event.VOICE_ASSISTANT_TTS_STREAM_START)
            for start in range(0, len(sound), _STREAM_BYTES):
                self._client.send_voice_assistant_audio(sound[start : start + _STREAM_BYTES])
                await asyncio.sleep(_STREAM_AHEAD * _STREAM_BYTES / (RATE_HZ * SAMPLE_BYTES))
        except (ConnectionError, APIConnectionError):
            return  # whoever owns the connection sees it too
        finally:
            with contextlib.suppress(ConnectionError):
                self.send(_Event.VOICE_ASSISTANT_TTS_STREAM_END)
        self.on_played(speech_id)

    async def _announce(self, speech_id: int, pcm: Pcm) -> None:
        await self._play_link(pcm, text=self._text, on_fetched=lambda: self.on_started(speech_id))
        self.on_played(speech_id)

    async def _play_link(self, pcm: Pcm, *, text: str, on_fetched: Callable[[], None]) -> None:
        """Let the device fetch and play something outside a turn, and wait until it says that it did."""
        try:
            url = await self._links.offer(pcm, peer=self._address, form=self._form, on_fetched=on_fetched)
            await self._client.send_voice_assistant_announcement_await_response(url, pcm.seconds + ANNOUNCE_MARGIN_SECONDS, text)
        except NetworkError as error:
            log(_logger, "announcement not sent", level=logging.WARNING, code=error.code)
        except APIConnectionError:
            log(_logger, "announcement not confirmed", level=logging.WARNING)


class EsphomeDevice:
    """One device, from the connection to its end; `on_ready` is called when it is served, with what its owner should know.

    `wake_words` are the home's, `cue` gives the sound of what rings."""

    def __init__(
        self,
        assistant: Assistant,
        *,
        place: Place,
        secret: str | None,
        station: Station,
        links: ReplyLinks,
        cue: Callable[[str], Pcm],
        sound_of: SoundOf | None = None,
        wake_words: Sequence[str] = (),
        arbiter: Arbiter | None = None,
        is_muted: bool = False,
        on_muted: Callable[[], None] = lambda: None,
        on_ready: Callable[[str], None] = lambda note: None,
    ) -> None:
        self._assistant = assistant
        self._place = place
        self._secret = secret
        self._station = station
        self._links = links
        self._cue = cue
        self._sound_of = sound_of
        self._abilities: Abilities | None = None
        self._wake_words = wake_words
        self._arbiter = arbiter
        self._is_muted = is_muted
        self._on_muted = on_muted
        self._on_ready = on_ready
        self._refusal: NetworkError | None = None
        self.seat: Seat | None = None

    @property
    def rings_plainly(self) -> bool:
        """Whether it has a ring of its own alone."""
        return self._abilities is None or not self._abilities.features & VoiceAssistantFeature.ANNOUNCE

    async def run(self) -> None:
        """Serve the device until it goes away. Raises NetworkError for what trying again will not mend, ConnectionLostError."""
        if not self._secret:
            raise NetworkError(
                "This device needs its encryption key: the api: encryption: key: of its ESPHome configuration.",
                code="foreign.no_key",
            )
        gone = asyncio.Event()

        async def on_stop(is_expected: bool) -> None:
            gone.set()

        client = APIClient(
            self._place.host,
            self._place.port,
            None,
            client_info="Earwitness",
            keepalive=KEEP_ALIVE_SECONDS,
            noise_psk=self._secret,
        )
        try:
            await self._connect(client, on_stop)
            front = await self._front(client)
            await self._serve(client, front, gone)
        finally:
            with contextlib.suppress(APIConnectionError, asyncio.TimeoutError):
                await client.disconnect(force=True)

    async def mute(self) -> None:
        """Drop all it sends from now on; its own switch alone is sure."""
        self._is_muted = True
        if self.seat is not None:
            await self.seat.mute()

    async def _connect(self, client: APIClient, on_stop: Callable[[bool], Coroutine[Any, Any, None]]) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.connect(on_stop=on_stop, log_errors=False)
        except InvalidEncryptionKeyAPIError as error:
            raise NetworkError(
                "The encryption key is not this device's: copy the key from its ESPHome configuration again.",
                code="foreign.wrong_key",
            ) from error
        except (EncryptionPlaintextAPIError, EncryptionHelloAPIError) as error:
            raise NetworkError(
                "This device does not encrypt: set api: encryption: in its ESPHome configuration.", code="foreign.not_encrypted"
            ) from error
        except (APIConnectionError, OSError, TimeoutError) as error:
            raise ConnectionLostError("the device does not answer") from error

    async def _front(self, client: APIClient) -> EsphomeFront:
        try:
            abilities = await learn(client)
        except APIConnectionError as error:
            raise ConnectionLostError("the device does not answer") from error
        if not abilities.features & VoiceAssistantFeature.API_AUDIO:
            raise NetworkError(
                "This device has no voice assistant that sends its sound encrypted: update its ESPHome firmware.",
                code="foreign.no_voice",
            )
        address, self._abilities = client.connected_address or self._place.host, abilities
        return EsphomeFront(client, abilities=abilities, address=address, links=self._links)

    async def _serve(self, client: APIClient, front: EsphomeFront, gone: asyncio.Event) -> None:
        seat = self.seat = Seat(
            self._assistant,
            front,
            station=self._station,
            is_muted=self._is_muted,
            arbiter=self._arbiter,
            on_muted=self._on_muted,
            cue=self._cue,
            sound_of=self._sound_of,
        )
        front.on_played, front.on_started = seat.played, seat.began_to_play

        async def start(conversation_id: str, flags: int, settings: object, wake_word: str | None) -> int | None:
            if flags & VoiceAssistantCommandFlag.USE_WAKE_WORD:
                self._refusal = _streams_always()
                gone.set()
                return None
            await seat.begin((wake_word or "")[:64], is_woken=wake_word is not None)
            return 0  # no port: sound comes over this connection

        async def stop(is_aborted: bool) -> None:
            await (seat.stop() if is_aborted else seat.end_of_sound())

        async def hear(data: bytes, second_channel: bytes | None) -> None:
            await seat.hear(data[: len(data) // SAMPLE_BYTES * SAMPLE_BYTES])

        async def finished(announced: object) -> None:
            front.played()

        seating, waiting = asyncio.create_task(seat.run()), asyncio.create_task(gone.wait())
        try:
            client.subscribe_voice_assistant(
                handle_start=start, handle_stop=stop, handle_audio=hear, handle_announcement_finished=finished
            )
            self._on_ready(await settle_wake_words(client, front.features, wanted=self._wake_words))
            await asyncio.wait({seating, waiting}, return_when=asyncio.FIRST_COMPLETED)
        except APIConnectionError as error:
            raise ConnectionLostError("the device is gone") from error
        finally:
            self.seat = None
            front.close()
            for task in (seating, waiting):
                task.cancel()
            await asyncio.gather(seating, waiting, return_exceptions=True)
        raise self._refusal or ConnectionLostError("the device is gone")


def _streams_always() -> NetworkError:
    return NetworkError(
        "This device sends all that it hears: let it find its wake word itself (micro_wake_word, use_wake_word: false).",
        code="foreign.streams_always",
    )
