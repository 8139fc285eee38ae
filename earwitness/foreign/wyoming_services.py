"""We as somebody else's speech services over Wyoming: recogniser, voices, wake words and skills, for whoever asks.

Plain Wyoming has no encryption and no key: `reach.Trust` decides where it may be offered. Nobody known speaks here, so nothing
is kept, and a turn that needs a person is refused like any guest's. Everything is bounded; what is malformed gets an `error` and
the end of its connection.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import AudioError, EarwitnessError, EngineError, NetworkError, TextError, WireError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome, Turn
from earwitness.domain.voice import Voice
from earwitness.foreign.reach import Trust
from earwitness.foreign.said_before import SaidBefore
from earwitness.foreign.sound import Converter, read_form
from earwitness.protocol.connection import Connection, ConnectionLostError
from earwitness.protocol.frames import Frame
from earwitness.telemetry import log
from earwitness.turn.runner import Engines
from earwitness.turn.speaking import Speech, Tone

IDLE_SECONDS: Final = 60.0
"""How long a connection may wait for its next request."""
FRAME_SECONDS: Final = 15.0
"""How long a request may wait for its next frame of sound."""
LONGEST_SOUND_SECONDS: Final = 60.0
LONGEST_TEXT: Final = 4000
CONVERSATION: Final = "conversation_id"
_CHUNK_BYTES: Final = 8192
_HANDLED: Final = frozenset({Outcome.DONE, Outcome.ANSWERED, Outcome.ASKED, Outcome.REFUSED, Outcome.FAILED})
_logger = logging.getLogger(__name__)


class Detector(Protocol):
    """Finds wake words in one stream of 16 kHz mono int16."""

    def detect(self, chunk: bytes) -> str | None: ...


class Assistant(Protocol):
    """What is offered of the assistant."""

    def voices(self) -> Sequence[Voice]: ...

    def default_voice(self) -> str: ...

    def check_voice(self, name: str) -> None: ...

    async def go_on(self, text: str, *, so_far: Context | None = None) -> tuple[Turn, Context]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the services work with. `detector` makes one for the given wake words; `wake_words` are all there are."""

    assistant: Assistant
    engines: Callable[[], Engines]
    detector: Callable[[Sequence[str]], Detector]
    wake_words: Sequence[str]
    version: str
    speed: float = 1.0


class WyomingServices:
    """Serves Wyoming on one socket, at most `most_connections` at a time."""

    def __init__(
        self,
        offer: Offer,
        *,
        trust: Trust,
        most_connections: int = 8,
        idle_seconds: float = IDLE_SECONDS,
        frame_seconds: float = FRAME_SECONDS,
    ) -> None:
        self._offer = offer
        self._trust = trust
        self._most_connections = most_connections
        self._idle_seconds = idle_seconds
        self._frame_seconds = frame_seconds
        self._visits: set[asyncio.Task[None]] = set()
        self._said_before = SaidBefore()

    async def run(self, listener: socket.socket) -> None:
        """Serve until cancelled; then every connection ends."""
        server = await asyncio.start_server(self._visit, sock=listener)
        try:
            await server.serve_forever()
        finally:
            server.close()
            for visit in tuple(self._visits):
                visit.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(reader, writer, is_numbered=False)
        is_welcome = len(self._visits) < self._most_connections
        self._visits.add(task)
        try:
            peer = str(writer.get_extra_info("peername")[0]).partition("%")[0]
            self._trust.check_peer(peer)
            if not is_welcome:
                raise NetworkError("Too many connections; try again later.", code="session.too_many")
            visit = _Visit(connection, self._offer, peer=peer, said_before=self._said_before)
            while (frame := await connection.read(within_seconds=self._patience(visit))) is not None:
                await visit.take(frame)
        except ConnectionLostError:
            log(_logger, "wyoming peer gone")
        except EarwitnessError as error:
            log(_logger, "wyoming peer refused", code=error.code)
            await _tell(connection, error)
        except asyncio.CancelledError:
            connection.abort()  # the server ends; the stream's own callback must not see this as a failure
        except Exception as error:
            log(_logger, "wyoming service failed", level=logging.ERROR, error_type=type(error).__name__)
            await _tell(connection, EngineError("The service failed; try again."))
        finally:
            self._visits.discard(task)
            await connection.close()

    def _patience(self, visit: "_Visit") -> float:
        return self._frame_seconds if visit.is_listening else self._idle_seconds


def open_socket(host: str, port: int, *, trust: Trust) -> socket.socket:
    """A listening socket on an address that may be unencrypted. Raises NetworkError (network.not_safe, network.in_use)."""
    trust.check_listening(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(16)
    except OSError as error:
        listener.close()
        code = "network.in_use" if error.errno == errno.EADDRINUSE else "network.not_safe"
        raise NetworkError(f"Wyoming cannot be offered on {host}, port {port}: {error.strerror}.", code=code) from error
    listener.setblocking(False)
    return listener


async def _tell(connection: Connection, error: EarwitnessError) -> None:
    with contextlib.suppress(ConnectionLostError, WireError):
        await connection.write(Frame("error", {"text": error.sentence, "code": error.code}))


class _Visit:
    """One connection's requests, one after the other."""

    def __init__(self, connection: Connection, offer: Offer, *, peer: str, said_before: SaidBefore) -> None:
        self._connection = connection
        self._peer = peer
        self._said_before = said_before
        self._so_far: Context | None = None
        self._offer = offer
        self._hearing: _Transcribing | _Detecting | None = None

    @property
    def is_listening(self) -> bool:
        """Whether sound is on its way."""
        return self._hearing is not None

    async def take(self, frame: Frame) -> None:
        """Take one frame and answer it. Raises EarwitnessError, ConnectionLostError."""
        match frame.kind:
            case "describe":
                await self._connection.write(Frame("info", info(self._offer)))
            case "ping":
                await self._connection.write(Frame("pong", {"text": _text(frame.fields, "text", longest=200) or ""}))
            case "transcribe":
                _check_language(frame.fields)
                self._hearing = _Transcribing(self._offer)
            case "detect":
                self._hearing = await self._detecting(frame.fields)
            case "audio-start" if self._hearing is not None:
                self._hearing.form = Converter(read_form(frame.fields))
            case "audio-chunk" if self._hearing is not None:
                await self._hear(self._hearing, frame)
            case "audio-stop" if self._hearing is not None:
                answer, self._hearing = await self._hearing.finish(), None
                await self._connection.write(answer)
            case "audio-start" | "audio-chunk" | "audio-stop":
                pass  # what was still on its way when the wake word was found
            case "synthesize":
                await self._speak(frame.fields)
            case "transcript":
                await self._handle(frame.fields)
            case _:
                raise WireError("These services know no such event.")

    async def _hear(self, hearing: "_Transcribing | _Detecting", frame: Frame) -> None:
        form = read_form(frame.fields)
        if hearing.form is None or hearing.form.form != form:
            hearing.form = Converter(form)
        answer = await hearing.hear(hearing.form.convert(frame.payload))
        if answer is not None:
            self._hearing = None
            await self._connection.write(answer)

    async def _detecting(self, fields: Mapping[str, object]) -> "_Detecting":
        names = fields.get("names") or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise WireError("The field names is a list of texts.")
        words = tuple(dict.fromkeys(name.replace("_", " ") for name in names)) or tuple(self._offer.wake_words[:1])
        detector = await self._offer.engines().workers.listen.run(self._offer.detector, words)
        return _Detecting(self._offer, detector)

    async def _speak(self, fields: Mapping[str, object]) -> None:
        text = _text(fields, "text", longest=LONGEST_TEXT)
        if text is None or not text.strip():
            raise TextError("There is nothing to say.")
        voice = _voice(fields) or self._offer.assistant.default_voice()
        self._offer.assistant.check_voice(voice)
        engines = self._offer.engines()
        speech = Speech(text, synthesiser=engines.synthesiser, tone=Tone(voice=voice, speed=self._offer.speed))
        preparing = asyncio.create_task(speech.prepare(engines.workers.synthesise))
        try:
            form: dict[str, object] | None = None
            async for pcm in speech.sound():
                if form is None:
                    form = {"rate": pcm.rate_hz, "width": SAMPLE_BYTES, "channels": 1}
                    await self._connection.write(Frame("audio-start", form))
                for start in range(0, len(pcm.data), _CHUNK_BYTES):
                    chunk = pcm.data[start : start + _CHUNK_BYTES]
                    await self._connection.write(Frame("audio-chunk", form, payload=chunk))
            await self._connection.write(Frame("audio-stop"))
        finally:
            speech.drop()
            await preparing

    async def _handle(self, fields: Mapping[str, object]) -> None:
        _check_language(fields)
        text = _text(fields, "text", longest=LONGEST_TEXT)
        if text is None or not text.strip():
            raise TextError("There is no request.")
        name = _conversation(fields)
        so_far = self._so_far if name is None else self._said_before.find(self._peer, name)
        turn, self._so_far = await self._offer.assistant.go_on(text, so_far=so_far)
        if name is not None:
            self._said_before.keep(self._peer, name, self._so_far)
        kind = "handled" if turn.outcome in _HANDLED else "not-handled"
        told: dict[str, object] = {} if name is None else {"context": {CONVERSATION: name}}
        await self._connection.write(Frame(kind, {"text": turn.reply, **told}))


class _Transcribing:
    """Sound that is to become text."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._sound = bytearray()
        self.form: Converter | None = None

    async def hear(self, sound: bytes) -> None:
        self._sound += sound
        if len(self._sound) > LONGEST_SOUND_SECONDS * RATE_HZ * SAMPLE_BYTES:
            raise AudioError(f"A request may be {LONGEST_SOUND_SECONDS:g} seconds long.", code="audio.too_long")

    async def finish(self) -> Frame:
        if self.form is not None:
            self._sound += self.form.finish()
        text = ""
        if self._sound:
            engines = self._offer.engines()
            recognise, hints = engines.recogniser.transcribe, engines.understander.hints()
            text = (await engines.workers.recognise.run(recognise, Pcm(data=bytes(self._sound)), hints=hints)).text
        return Frame("transcript", {"text": text, "language": "en"})


class _Detecting:
    """Sound in which a wake word is looked for; it is forgotten as it passes."""

    def __init__(self, offer: Offer, detector: Detector) -> None:
        self._offer = offer
        self._detector = detector
        self._samples = 0
        self.form: Converter | None = None

    async def hear(self, sound: bytes) -> Frame | None:
        self._samples += len(sound) // SAMPLE_BYTES
        word = await self._offer.engines().workers.listen.run(self._detector.detect, sound)
        if word is None:
            return None
        return Frame("detection", {"name": word.replace(" ", "_"), "timestamp": self._samples * 1000 // RATE_HZ})

    async def finish(self) -> Frame:
        return Frame("not-detected")


def info(offer: Offer) -> dict[str, object]:
    """What we offer, in the shape of Wyoming's `info` event."""
    voices = [
        _artifact(voice.name, voice.description) | {"languages": [voice.language], "speakers": None}
        for voice in offer.assistant.voices()
        if voice.is_installed
    ]
    wake = [_artifact(word.replace(" ", "_"), word) | {"languages": ["en"], "phrase": word} for word in offer.wake_words]
    model = _artifact("earwitness", "On this machine, in English") | {"languages": ["en"]}
    program = _artifact("earwitness", "A private voice assistant") | {"version": offer.version}
    return {
        "asr": [program | {"models": [model]}],
        "tts": [program | {"voices": voices}],
        "handle": [program | {"models": [model], "supports_home_control": True}],
        "intent": [],
        "wake": [program | {"models": wake}],
    }


def _artifact(name: str, description: str) -> dict[str, object]:
    attribution = {"name": "Earwitness", "url": ""}
    return {"name": name, "attribution": attribution, "installed": True, "description": description, "version": None}


def _check_language(fields: Mapping[str, object]) -> None:
    language = _text(fields, "language", longest=35)
    if language is not None and language.replace("_", "-").split("-")[0].lower() != "en":
        raise TextError("Only English is understood here.", code="text.language")


def _conversation(fields: Mapping[str, object]) -> str | None:
    """Which conversation a request belongs to, as Home Assistant names it; None if that was not said."""
    context = fields.get("context")
    if context is None:
        return None
    if not isinstance(context, dict):
        raise WireError("The field context is an object.")
    return _text(context, CONVERSATION, longest=200) or None


def _voice(fields: Mapping[str, object]) -> str | None:
    chosen = fields.get("voice")
    if chosen is None:
        return None
    if not isinstance(chosen, dict):
        raise WireError("The field voice is an object.")
    return _text(chosen, "name", longest=64)


def _text(fields: Mapping[str, object], name: str, *, longest: int) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise WireError(f"The field {name} is a text.")
    if len(value) > longest:
        raise TextError(f"The field {name} may have {longest} characters.")
    return value
