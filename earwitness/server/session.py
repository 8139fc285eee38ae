"""One device's session over a WebSocket: hello, then messages both ways until either side goes away.

It is the Device that a conversation speaks to. It keeps the rules of docs/protocol.md that do not need the turn: hello first,
no sound before a capture was opened, none while muted, hands-free only on the same machine. It does not know how a turn goes.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Final, assert_never

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import EarwitnessError, WireError
from earwitness.domain.person import Person
from earwitness.protocol import session_messages as wire
from earwitness.server.outbox import DeviceTooSlowError, Outbox
from earwitness.server.ports import Assistant, Conversation
from earwitness.telemetry import log

HELLO_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 2.0
_CLOSE_CODES: Final = {"wire.too_large": 1009, "session.too_slow": 1013, "session.too_many": 1013, "server.failed": 1011}
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a session ends, as the device is told."""

    code: str
    sentence: str

    @property
    def close_code(self) -> int:
        """The WebSocket close code (RFC 6455, section 7.4.1); 1008 = policy violation."""
        return _CLOSE_CODES.get(self.code, 1008)


class Session:
    """Serves one accepted WebSocket. `is_local` says whether the device is on this machine; `area` is where it stands;
    `person` is who is signed in there."""

    def __init__(
        self,
        websocket: WebSocket,
        assistant: Assistant,
        *,
        is_local: bool,
        area: str | None,
        person: Person | None = None,
    ) -> None:
        self._websocket = websocket
        self._assistant = assistant
        self._is_local = is_local
        self._area = area
        self.person = person
        self._conversation: Conversation | None = None
        self._outbox = Outbox()
        self._is_muted = False
        self._is_hands_free = False
        self._is_open = False
        self._has_been_open = False

    def notice(self, text: str, *, is_aloud: bool) -> None:
        """Tell whoever is signed in here some news."""
        if self._conversation is not None:
            self._conversation.notice(text, is_aloud=is_aloud)

    async def tell(self, message: dict[str, object]) -> None:
        """Queue one server message. Raises WireError for one that is not in the protocol, ConnectionError if the device lags."""
        frame = wire.encode(message)
        match message["type"]:
            case "capture":
                self._is_open = message["open"] is True
                self._has_been_open = self._has_been_open or self._is_open
            case "speech_stop":
                self._outbox.drop_speech(int(str(message["id"])))
        self._outbox.tell(str(message["type"]), frame)

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        """Queue reply sound, cut into frames; waits while the device is slow, raises ConnectionError if it stays so."""
        step = 2 * wire.MAX_SPEECH_SAMPLES
        for start in range(0, len(pcm.data), step):
            await self._outbox.speak(speech_id, wire.encode_speech(speech_id, pcm.data[start : start + step]))

    async def run(self) -> None:
        """Serve until the device goes away or breaks the protocol. Expects an accepted socket and leaves it closed."""
        try:
            await self._serve(await self._hello())
        except* (WebSocketDisconnect, _GoneError):
            log(_logger, "session.gone")
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
            frame = await self._receive()
        message = wire.decode(frame) if isinstance(frame, str) else None
        if not isinstance(message, wire.Hello):
            raise WireError("A session begins with hello.", code="wire.unexpected")
        return message

    async def _serve(self, hello: wire.Hello) -> None:
        self._is_hands_free = hello.is_hands_free and self._is_local
        conversation = self._assistant.converse(
            self, is_hands_free=self._is_hands_free, area=self._area, person_id=self._speaker(hello)
        )
        self._conversation = conversation
        await self._welcome(hello)
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write())
            watch = group.create_task(self._outbox.until_too_slow())
            running = group.create_task(conversation.run())
            unsubscribe = self._assistant.subscribe_board(self._show_board)
            try:
                await self._prepare(conversation, hello)
                await self._read(conversation)
            finally:
                unsubscribe()
                for task in (writer, watch, running):
                    task.cancel()

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
            frame = await self._receive()
            if isinstance(frame, bytes):
                await self._hear(conversation, frame)
            else:
                await self._obey(conversation, wire.decode(frame))

    async def _hear(self, conversation: Conversation, frame: bytes) -> None:
        chunk = wire.decode_chunk(frame)
        if not self._is_hands_free and not self._has_been_open:
            raise WireError("Sound came before it was asked for.", code="wire.unexpected")
        if not self._is_muted and (self._is_hands_free or self._is_open):
            await conversation.hear(chunk)

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
                await (conversation.mute() if is_on else conversation.unmute())
            case wire.Ask(text=text):
                await conversation.ask(text)
            case wire.CueDone(cue=cue):
                await conversation.cue_done(cue)
            case wire.Playback(speech_id=speech_id, state=state):
                await conversation.playback(speech_id, state=state)
            case wire.ChooseVoice(name=name, speed=speed):
                conversation.choose_voice(name, speed=speed)
            case _:
                assert_never(message)

    async def _say_error(self, code: str, sentence: str) -> None:
        await self.tell({"type": "error", "code": code, "message": sentence})

    async def _write(self) -> None:
        while True:
            frame = await self._outbox.next()
            try:
                await (self._websocket.send_text(frame) if isinstance(frame, str) else self._websocket.send_bytes(frame))
            except (WebSocketDisconnect, RuntimeError, OSError) as error:
                raise _GoneError from error

    async def _receive(self) -> str | bytes:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise _GoneError
        text: str | None = message.get("text")
        data: bytes | None = message.get("bytes")
        return text if text is not None else data or b""

    async def _end(self, ending: Ending) -> None:
        """Say why and close, within CLOSE_SECONDS even if the device no longer reads."""
        log(_logger, "session.ended", code=ending.code)
        await end(self._websocket, ending)


class _GoneError(ConnectionError):
    """The device closed the connection or it broke."""


async def end(websocket: WebSocket, ending: Ending) -> None:
    """Tell a device why its session ends and close the socket; one that is gone or does not read is left to the transport."""
    if websocket.application_state is not WebSocketState.CONNECTED:
        return
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.send_text(wire.encode({"type": "error", "code": ending.code, "message": ending.sentence}))
            await websocket.close(ending.close_code, ending.code)


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
