"""One device's session: hello, then messages both ways until either side goes away.

It is the Device that a conversation speaks to. It keeps the rules of docs/protocol.md that do not need the turn: hello first,
no sound before a capture was opened, none while muted, hands-free only on the same machine. It does not know how a turn goes, nor
by what channel the device is reached.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final, assert_never

from earwitness.domain.account import Scope
from earwitness.domain.alert import AwayReport
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import EarwitnessError, WireError
from earwitness.domain.person import Person
from earwitness.protocol import session_messages as wire
from earwitness.server.channel import Channel, Ending, GoneError
from earwitness.server.outbox import DeviceTooSlowError, Outbox
from earwitness.server.ports import Assistant, CallSeat, Conversation, PageCalls, Presence
from earwitness.telemetry import log

HELLO_SECONDS: Final = 10.0
_logger = logging.getLogger(__name__)


class EndedError(Exception):
    """The server ends a session; the device is told why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.code)
        self.ending = ending


class Session:
    """Serves one device. `is_local` says whether it is on this machine; `area` is where it stands; `person` is who is signed in
    there, `scopes` what a program may in their name; `presence` is a satellite's place among the others, None for a
    page; `page_calls` a page's place in calls, None where there is none."""

    def __init__(
        self,
        channel: Channel,
        assistant: Assistant,
        *,
        is_local: bool,
        area: str | None,
        person: Person | None = None,
        scopes: frozenset[Scope] | None = None,
        presence: Presence | None = None,
        page_calls: PageCalls | None = None,
    ) -> None:
        self._channel = channel
        self._assistant = assistant
        self._is_local = is_local
        self._area = area
        self.person = person
        self._scopes = scopes
        self._presence = presence
        self._page_calls = page_calls
        self._call_seat: CallSeat | None = presence or page_calls
        self._conversation: Conversation | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._outbox = Outbox()
        self._ending: asyncio.Future[Ending] | None = None
        self._is_muted = False
        self._is_hands_free = False
        self._is_open = False
        self._is_waking = False
        self._has_been_open = False
        self._has_sounds = False
        self._has_music = False
        self._has_second_look = False

    def notice(self, text: str, *, is_aloud: bool) -> None:
        """Tell whoever is signed in here some news."""
        if self._conversation is not None:
            self._conversation.notice(text, is_aloud=is_aloud)

    async def tell(self, message: dict[str, object]) -> None:
        """As `tell_now`."""
        self.tell_now(message)

    def tell_now(self, message: dict[str, object]) -> None:
        """Queue one server message. Raises WireError for one that is not in the protocol, ConnectionError if the device lags."""
        if message["type"] == "alert" and self._presence is not None:
            message = self._for_satellite(message, self._presence)
        frame = wire.encode(message)
        match message["type"]:
            case "capture":
                self._is_open = message["open"] is True
                self._has_been_open = self._has_been_open or self._is_open
            case "intercom":
                self._has_been_open = self._has_been_open or message["state"] == "open"
            case "speech_stop":
                self._outbox.drop_speech(int(str(message["id"])))
            case "music_stop":
                self._outbox.drop_music()
        self._outbox.tell(str(message["type"]), frame)

    def _for_satellite(self, alert: dict[str, object], presence: Presence) -> dict[str, object]:
        """What rings, as this satellite can ring: one that knows no sounds is told of none, one that does by their digests."""
        optional = wire.OPTIONAL_FIELDS["alert"]
        plain = {name: value for name, value in alert.items() if name not in optional}
        if not self._has_sounds or not optional & alert.keys():
            return plain
        digest = presence.sound_digest(str(alert["sound"]))
        manner = {"rising": alert["rising"], "rung_seconds": alert["rung_seconds"]}
        return plain | manner | ({} if digest is None else {"sound": digest})

    @property
    def has_sounds(self) -> bool:
        return self._has_sounds

    @property
    def has_music(self) -> bool:
        return self._has_music

    @property
    def has_second_look(self) -> bool:
        return self._has_second_look

    @property
    def conversation(self) -> Conversation | None:
        """What goes on with this device, None before its hello."""
        return self._conversation

    @property
    def is_muted(self) -> bool:
        return self._is_muted

    def end(self, ending: Ending) -> None:
        """End the session now and tell the device why. May be called at any time on the event loop."""
        if self._ending is not None and not self._ending.done():
            self._ending.set_result(ending)

    def relay(self, chunk: bytes) -> None:
        """Queue what another microphone hears in a call; beyond a second of it the oldest is dropped."""
        self._outbox.relay(wire.encode_speech(wire.RELAY_SPEECH_ID, chunk))

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        """Queue reply sound, cut into frames; waits while the device is slow, raises ConnectionError if it stays so."""
        step = 2 * wire.MAX_SPEECH_SAMPLES
        for start in range(0, len(pcm.data), step):
            await self._outbox.speak(speech_id, wire.encode_speech(speech_id, pcm.data[start : start + step]))

    def play(self, track_id: int, pcm: Pcm) -> bool:
        """Queue sound of music behind all else; False if too much of it waits."""
        step = 2 * wire.MAX_SPEECH_SAMPLES
        frames = [wire.encode_speech(track_id, pcm.data[start : start + step]) for start in range(0, len(pcm.data), step)]
        return all(self._outbox.play(frame) for frame in frames)

    def end_music(self, track_id: int) -> bool:
        """Say, behind its sound, that no more of a track comes; False if too much waits."""
        return self._outbox.play(wire.encode({"type": "music_end", "id": track_id}))

    async def run(self) -> None:
        """Serve until the device goes away, breaks the protocol or is sent away. Leaves the channel ended."""
        self._ending = asyncio.get_running_loop().create_future()
        try:
            await self._serve(await self._hello())
        except* GoneError:
            log(_logger, "session.gone")
        except* EndedError as group:
            await self._end(_asked(group))
        except* DeviceTooSlowError:
            await self._end(Ending(code="session.too_slow", sentence="The page reads too slowly; reload it."))
        except* TimeoutError:
            await self._end(Ending(code="session.no_hello", sentence="The page did not say hello in time; reload it."))
        except* WireError as group:
            await self._end(_ending(group))
        except* Exception as group:
            log(_logger, "session.failed", level=logging.ERROR, error_type=_first(group).__class__.__name__)
            await self._end(Ending(code="server.failed", sentence="The session failed on the server; the page connects again."))

    async def _hello(self) -> wire.Hello:
        async with asyncio.timeout(HELLO_SECONDS):
            message = await self._channel.receive()
        if not isinstance(message, wire.Hello):
            raise WireError("A session begins with hello.", code="wire.unexpected")
        return message

    async def _serve(self, hello: wire.Hello) -> None:
        self._is_hands_free = hello.is_hands_free and self._is_local
        self._has_sounds = hello.has_sounds and self._presence is not None
        self._has_music = hello.has_music and self._presence is not None
        self._has_second_look = hello.has_second_look and self._presence is not None
        conversation = self._assistant.converse(
            self,
            is_hands_free=self._is_hands_free,
            area=self._area,
            person_id=self._speaker(hello),
            device_id=self._presence.device_id if self._presence else None,
            page_id=self._page_calls.end_id if self._page_calls else None,
            scopes=self._scopes,
        )
        self._conversation = conversation
        await self._welcome(hello)
        async with asyncio.TaskGroup() as group:
            self._tasks = group
            writer = group.create_task(self._write())
            watch = group.create_task(self._outbox.until_too_slow())
            running = group.create_task(conversation.run())
            sent_away = group.create_task(self._until_ended())
            unsubscribe = self._assistant.subscribe_board(self._show_board) if self._presence is None else None
            try:
                await self._prepare(conversation, hello)
                if self._call_seat is not None:
                    self._call_seat.joined(self)
                await self._read(conversation)
            finally:
                if unsubscribe is not None:
                    unsubscribe()
                if self._call_seat is not None:
                    self._call_seat.left(self)
                for task in (writer, watch, running, sent_away):
                    task.cancel()

    async def _until_ended(self) -> None:
        assert self._ending is not None
        raise EndedError(await self._ending)

    def _speaker(self, hello: wire.Hello) -> str | None:
        """Who speaks: whoever signed in and presses or types. A microphone that is always open hears anybody, so hands-free it is
        nobody known, unless the person says that only they speak there."""
        if self.person is None or (self._is_hands_free and not hello.is_only_me):
            return None
        return self.person.person_id

    async def _welcome(self, hello: wire.Hello) -> None:
        await self.tell(
            {
                "type": "welcome",
                "version": wire.VERSION,
                "rate_hz": RATE_HZ,
                "hands_free": self._is_hands_free,
                "hands_free_allowed": self._is_local,
                "person": self.person.name if self.person else None,
            }
        )
        if hello.is_hands_free and not self._is_local:
            sentence = "Hands-free works only on the machine that runs Earwitness; press the button to talk."
            await self._say_error("session.not_local", sentence)
        await self.tell({"type": "state", "state": "asleep", "muted": False, "capture": False})
        if self._presence is None:
            self._show_board()

    async def _prepare(self, conversation: Conversation, hello: wire.Hello) -> None:
        if hello.is_muted:
            await self._obey(conversation, wire.Mute(is_on=True))
        if hello.voice is not None:
            await self._obey(conversation, wire.ChooseVoice(name=hello.voice, speed=hello.speed))

    def _show_board(self) -> None:
        with contextlib.suppress(DeviceTooSlowError):
            self._outbox.tell("home", wire.encode({"type": "home", **self._assistant.board().as_json()}))

    async def _read(self, conversation: Conversation) -> None:
        while True:
            received = await self._channel.receive()
            if isinstance(received, bytes):
                await self._hear(conversation, received)
            else:
                await self._obey(conversation, received)

    async def _hear(self, conversation: Conversation, frame: bytes) -> None:
        chunk = wire.decode_chunk(frame)
        seat = self._call_seat if self._call_seat is not None and self._call_seat.is_in_call else None
        if not (self._is_hands_free or self._has_been_open or seat is not None):
            raise WireError("Sound came before it was asked for.", code="wire.unexpected")
        if self._is_muted:
            return
        if self._is_open or (self._is_hands_free and seat is None):
            await conversation.hear(chunk)
        elif seat is not None:
            seat.relay(chunk)  # and to nobody else: what is said in a call is not listened to

    async def _obey(self, conversation: Conversation, message: wire.ClientMessage) -> None:
        try:
            await self._pass_on(conversation, message)
        except WireError:
            raise
        except EarwitnessError as error:
            await self._say_error(error.code, error.sentence)

    async def _pass_on(self, conversation: Conversation, message: wire.ClientMessage) -> None:
        match message:
            case wire.Hello():
                raise WireError("A session has one hello.", code="wire.unexpected")
            case wire.Press():
                await conversation.press()
            case wire.Release():
                await conversation.release()
            case wire.Stop():
                await conversation.stop()
            case wire.Mute(is_on=is_on):
                self._is_muted = is_on
                if self._presence is not None:
                    self._presence.muted(is_on)
                await (conversation.mute() if is_on else conversation.unmute())
            case wire.Ask(text=text):
                await conversation.ask(text)
            case wire.CueDone(cue=cue):
                await conversation.cue_done(cue)
            case wire.Playback(speech_id=speech_id, state=state):
                await conversation.playback(speech_id, state=state)
            case wire.ChooseVoice(name=name, speed=speed):
                conversation.choose_voice(name, speed=speed)
            case wire.Volume(percent=percent):
                conversation.volume_is(percent)
            case wire.Wake():
                self._wake(conversation, message, self._satellite("hears its wake word itself"))
            case wire.Rung(reports=reports):
                await self._note_rung(reports, self._satellite("rings alarms on its own"))
            case wire.Sounds(digests=digests):
                self._satellite("keeps sounds of alarms").keeps_sounds(digests)
            case wire.MusicReport():
                self._satellite("plays music beside all else").music(message)
            case _:
                assert_never(message)

    def _satellite(self, does: str) -> Presence:
        if self._presence is None:
            raise WireError(f"Only a satellite {does}.", code="wire.unexpected")
        return self._presence

    def _wake(self, conversation: Conversation, wake: wire.Wake, presence: Presence) -> None:
        assert self._tasks is not None
        if not self._is_muted and not self._is_waking:
            self._is_waking = True
            self._tasks.create_task(self._answer_wake(conversation, presence, wake))

    async def _note_rung(self, reports: Sequence[AwayReport], presence: Presence) -> None:
        over = await presence.rung(reports)
        await self.tell({"type": "rung_kept", "ids": [one.ring_id for one in reports], "over": list(over)})

    async def _answer_wake(self, conversation: Conversation, presence: Presence, wake: wire.Wake) -> None:
        try:
            is_chosen = await presence.answers(wake)
        finally:
            self._is_waking = False
        if is_chosen:
            await conversation.wake(wake.word)
        else:
            await self.tell({"type": "wake_lost"})

    async def _say_error(self, code: str, sentence: str) -> None:
        await self.tell({"type": "error", "code": code, "message": sentence})

    async def _write(self) -> None:
        while True:
            await self._channel.send(await self._outbox.next())

    async def _end(self, ending: Ending) -> None:
        """Say why and close, within CLOSE_SECONDS even if the device no longer reads."""
        log(_logger, "session.ended", code=ending.code)
        await self._channel.end(ending)


def _asked(group: BaseExceptionGroup[EndedError]) -> Ending:
    error = _first(group)
    assert isinstance(error, EndedError)
    return error.ending


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error


def _ending(group: BaseExceptionGroup[WireError]) -> Ending:
    error = _first(group)
    assert isinstance(error, WireError)
    return Ending(code=error.code, sentence=error.sentence)
