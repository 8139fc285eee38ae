"""A simulation of an ESPHome voice device: the native API's real messages, and its real encryption (Noise NNpsk0), on loopback.

It answers as the firmware does: hello, device info, pings, a run that begins with its own wake word, sound over the connection,
replies fetched from their URL, announcements. It is not a device, and nothing here was tried on one.
"""

import asyncio
import base64
import contextlib
import importlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aioesphomeapi.core import MESSAGE_TYPE_TO_PROTO
from aioesphomeapi.model import VoiceAssistantEventType, VoiceAssistantFeature
from cryptography.exceptions import InvalidTag
from noise.connection import NoiseConnection

messages: Any = importlib.import_module("aioesphomeapi.api_pb2")
KINDS = {kind: number for number, kind in MESSAGE_TYPE_TO_PROTO.items()}
VOICE = VoiceAssistantFeature.VOICE_ASSISTANT | VoiceAssistantFeature.API_AUDIO
WAKE_WORDS = ("Okay Nabu", "Hey Jarvis", "Hey Mycroft")
FEATURES = VOICE | VoiceAssistantFeature.TIMERS | VoiceAssistantFeature.ANNOUNCE | VoiceAssistantFeature.START_CONVERSATION


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@dataclass
class EsphomeSimulation:
    """Serves one client at a time. `said` holds what it was told, `fetched` the bodies of the URLs that it was given."""

    key: str
    features: int = int(FEATURES)
    player: tuple[str, int, int] | None = None
    """Codec, rate [Hz] and channels that its player asks for; None for a device that lists no player."""
    port: int = 0
    said: list[Any] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    fetched: list[bytes] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    connections: int = 0
    played: bytes = b""
    """What came over the connection and was played: firmware plays nothing of a reply that has no URL."""
    _is_playing: bool = False
    _noise: Any = None
    _writer: asyncio.StreamWriter | None = None
    _errands: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await self._handshake(reader, writer):
                self.connections += 1
                self._writer = writer
                while True:
                    await self._take(self._noise.decrypt(await self._frame(reader)))
        except (asyncio.IncompleteReadError, ConnectionError, InvalidTag):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            writer.close()

    # What a person does at the device

    def wake(self, word: str = "okay nabu") -> None:
        self.send(messages.VoiceAssistantRequest(start=True, wake_word_phrase=word))

    def hear(self, sound: bytes) -> None:
        for start in range(0, len(sound), 1024):
            self.send(messages.VoiceAssistantAudio(data=sound[start : start + 1024]))

    async def talk(self, sound: bytes) -> None:
        """Send sound, then a quiet room, until the server has heard the end or refused: as an open microphone does."""
        ends = (VoiceAssistantEventType.VOICE_ASSISTANT_STT_VAD_END, VoiceAssistantEventType.VOICE_ASSISTANT_ERROR)
        before = sum(self.events().count(end) for end in ends)
        self.hear(sound)
        async with asyncio.timeout(30), self.changed:
            while sum(self.events().count(end) for end in ends) == before:
                self.hear(bytes(1024))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.016)

    def press_stop(self) -> None:
        self.send(messages.VoiceAssistantRequest(start=False))

    def unplug(self) -> None:
        assert self._writer is not None
        self._writer.transport.abort()

    # What it was told

    def events(self) -> list[VoiceAssistantEventType]:
        told = [message for message in self.said if isinstance(message, messages.VoiceAssistantEventResponse)]
        return [VoiceAssistantEventType(message.event_type) for message in told]

    def data(self, event: VoiceAssistantEventType) -> dict[str, str]:
        """The data of the last event of that type."""
        for message in reversed(self.said):
            if isinstance(message, messages.VoiceAssistantEventResponse) and message.event_type == event.value:
                return {item.name: item.value for item in message.data}
        raise AssertionError(f"{event.name} was not said")

    async def until(self, event: VoiceAssistantEventType, *, times: int = 1) -> dict[str, str]:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: self.events().count(event) >= times)
        return self.data(event)

    async def until_kind(self, kind: type, *, times: int = 1) -> Any:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: sum(isinstance(message, kind) for message in self.said) >= times)
        return [message for message in self.said if isinstance(message, kind)][-1]

    def send(self, message: Any) -> None:
        """Encrypt and send one message of the native API."""
        assert self._writer is not None
        data, kind = message.SerializeToString(), KINDS[type(message)]
        frame = self._noise.encrypt(kind.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data)
        self._writer.write(b"\x01" + len(frame).to_bytes(2, "big") + frame)

    # The protocol

    async def _handshake(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await self._frame(reader)  # the client's empty hello
        hello = b"\x01" + b"simulated-voice\x00" + b"020000000001\x00"
        writer.write(b"\x01" + len(hello).to_bytes(2, "big") + hello)
        noise = NoiseConnection.from_name(b"Noise_NNpsk0_25519_ChaChaPoly_SHA256")
        noise.set_as_responder()
        noise.set_psks(base64.b64decode(self.key))
        noise.set_prologue(b"NoiseAPIInit\x00\x00")
        noise.start_handshake()
        try:
            noise.read_message((await self._frame(reader))[1:])
        except InvalidTag:
            refusal = b"\x01Handshake MAC failure"
            writer.write(b"\x01" + len(refusal).to_bytes(2, "big") + refusal)
            await writer.drain()
            return False
        answer = b"\x00" + noise.write_message()
        writer.write(b"\x01" + len(answer).to_bytes(2, "big") + answer)
        self._noise = noise
        return True

    async def _frame(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(3)
        if head[0] != 1:
            raise ConnectionResetError("not encrypted")
        return await reader.readexactly(int.from_bytes(head[1:], "big"))

    async def _take(self, plain: bytes) -> None:
        kind = MESSAGE_TYPE_TO_PROTO[int.from_bytes(plain[:2], "big")]
        message = kind()
        message.ParseFromString(plain[4:])
        match message:
            case messages.HelloRequest():
                self.send(messages.HelloResponse(api_version_major=1, api_version_minor=12, name="simulated-voice"))
            case messages.AuthenticationRequest():
                self.send(messages.AuthenticationResponse())
            case messages.DeviceInfoRequest():
                flags, name = self.features, "simulated-voice"
                self.send(
                    messages.DeviceInfoResponse(name=name, voice_assistant_feature_flags=flags, api_encryption_supported=True)
                )
            case messages.ListEntitiesRequest():
                self._list_player()
            case messages.VoiceAssistantConfigurationRequest() if self.features & VoiceAssistantFeature.ANNOUNCE:
                known = [
                    messages.VoiceAssistantWakeWord(id=phrase.lower().replace(" ", "_"), wake_word=phrase)
                    for phrase in WAKE_WORDS
                ]
                self.send(
                    messages.VoiceAssistantConfigurationResponse(
                        available_wake_words=known, active_wake_words=["okay_nabu"], max_active_wake_words=1
                    )
                )
            case messages.PingRequest():
                self.send(messages.PingResponse())
            case messages.DisconnectRequest():
                self.send(messages.DisconnectResponse())
            case messages.VoiceAssistantEventResponse(event_type=VoiceAssistantEventType.VOICE_ASSISTANT_TTS_END):
                url = next((item.value for item in message.data if item.name == "url"), "")
                self._is_playing = bool(url)
                self._begin_errand("" if self.features & VoiceAssistantFeature.SPEAKER else url)
            case messages.VoiceAssistantAudio() if self._is_playing:
                self.played += message.data
            case messages.VoiceAssistantEventResponse(event_type=VoiceAssistantEventType.VOICE_ASSISTANT_ERROR):
                self.press_stop()  # firmware signals its stop to whoever told of an error
            case messages.VoiceAssistantAnnounceRequest():
                self._begin_errand(message.media_id)
        async with self.changed:
            self.said.append(message)
            self.changed.notify_all()

    def _list_player(self) -> None:
        if self.player is not None:
            codec, rate, channels = self.player
            form = messages.MediaPlayerSupportedFormat(format=codec, sample_rate=rate, num_channels=channels, purpose=1)
            self.send(
                messages.ListEntitiesMediaPlayerResponse(object_id="player", key=1, name="Player", supported_formats=[form])
            )
        self.send(messages.ListEntitiesDoneResponse())

    def _begin_errand(self, url: str) -> None:
        if url:
            self.urls.append(url)
            task = asyncio.create_task(self._fetch(url))
            self._errands.add(task)
            task.add_done_callback(self._errands.discard)

    async def _fetch(self, url: str) -> None:
        _, body = await fetch(url)
        async with self.changed:
            self.fetched.append(body)
            self.changed.notify_all()
        self.send(messages.VoiceAssistantAnnounceFinished(success=True))


async def fetch(url: str, *, method: str = "GET", source: str | None = None) -> tuple[int, bytes]:
    """What a device's HTTP client does: status and body."""
    place, _, path = url.removeprefix("http://").partition("/")
    host, _, port = place.rpartition(":")
    local = (source, 0) if source else None
    reader, writer = await asyncio.open_connection(host, int(port), local_addr=local)
    writer.write(f"{method} /{path} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.read()
    writer.close()
    return int(head.split()[1]), body


@asynccontextmanager
async def simulated(
    key: str, *, features: int = int(FEATURES), port: int = 0, player: tuple[str, int, int] | None = None
) -> AsyncIterator[EsphomeSimulation]:
    """A simulated device on loopback."""
    device = EsphomeSimulation(key=key, features=features, player=player)
    server = await asyncio.start_server(device.serve, "127.0.0.1", port)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        if device._writer is not None:
            device._writer.transport.abort()
