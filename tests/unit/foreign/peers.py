"""What the tests of this room share: an assistant on simple engines, and a Wyoming peer that writes raw bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.domain.home import Home
from earwitness.domain.voice import Voice
from earwitness.foreign.reach import Trust
from earwitness.foreign.wyoming_services import Offer, WyomingServices, open_socket
from earwitness.protocol.frames import Frame, encode, read_frame
from earwitness.satellite.cues import cue
from earwitness.turn.assistant import Assistant, Makers
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.runner import Engines, Manner
from earwitness.turn.workers import Workers
from tests.fakes import LOUD, Beeper, LoudnessVad, engines

LIMITS = EndpointLimits()


@dataclass
class TwoVoices(Beeper):
    """A catalogue whose voices beep."""

    def voices(self) -> tuple[Voice, ...]:
        return tuple(
            Voice(name=name, engine="beep", language="en-US", gender="female", description="a beep")
            for name in ("heart", "fable")
        )


class EmptyHouse:
    def board(self) -> Board:
        return Board(home=Home(name="Test", is_simulated=True))

    def subscribe(self, on_change: object) -> object:
        return lambda: None


class LoudEar:
    """Wakes at the first loud chunk; a real ear for loudness."""

    def __init__(self) -> None:
        self.is_open = False

    def hear(self, chunk: bytes) -> tuple[str | None, bytes]:
        word = "hey jarvis" if LoudDetector().detect(chunk) and not self.is_open else None
        return word, chunk if self.is_open else b""

    def open(self) -> bytes:
        self.is_open = True
        return b""

    def close(self) -> None:
        self.is_open = False


class LoudDetector:
    def detect(self, chunk: bytes) -> str | None:
        samples = memoryview(chunk).cast("h")
        return "hey jarvis" if len(samples) and max(map(abs, samples)) >= LOUD * 9 // 10 else None


def make_assistant(workers: Workers, **other: object) -> tuple[Assistant, Engines]:
    """An assistant on the simple engines of tests/fakes.py; any of them may be given."""
    voices = TwoVoices()
    made = engines(workers, **({"synthesiser": voices} | other))
    assistant = Assistant(
        makers=Makers(engines=lambda: made, vad=LoudnessVad, ear=LoudEar, cue=cue),
        voices=voices,
        house=EmptyHouse(),  # type: ignore[arg-type]
        acknowledge=lambda alert_id: None,
        manner=Manner(limits=LIMITS),
        area=None,
    )
    return assistant, made


@dataclass
class Peer:
    """A Wyoming peer on a pair of streams, that may also write what is no Wyoming."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: list[Frame] = field(default_factory=list)

    async def send(self, kind: str, fields: Mapping[str, object] | None = None, payload: bytes = b"") -> None:
        self.writer.write(encode(Frame(kind, fields or {}, payload=payload), is_foreign=True))
        await self.writer.drain()

    async def send_sound(self, sound: bytes, *, rate: int = 16_000, width: int = 2, channels: int = 1) -> None:
        form = {"rate": rate, "width": width, "channels": channels}
        await self.send("audio-start", form)
        for start in range(0, len(sound), 4800):
            await self.send("audio-chunk", form, sound[start : start + 4800])
        await self.send("audio-stop")

    async def next(self) -> Frame | None:
        async with asyncio.timeout(30):
            frame = await read_frame(self.reader, is_numbered=False)
        if frame is not None:
            self.seen.append(frame)
        return frame

    async def until(self, kind: str) -> Frame:
        """The next frame of that kind; what comes before it is passed over (and kept in `seen`)."""
        while (frame := await self.next()) is not None:
            if frame.kind == kind:
                return frame
        raise AssertionError(f"no {kind} came, but {[json.dumps(dict(one.fields)) for one in self.seen]}")

    def close(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer = Peer(reader, writer)
    try:
        yield peer
    finally:
        peer.close()


@asynccontextmanager
async def services(workers: Workers, *, most: int = 4, seconds: float = 5.0, **other: object) -> AsyncIterator[int]:
    """Our services on a free port of loopback; the port."""
    assistant, made = make_assistant(workers, **other)
    offer = Offer(
        assistant=assistant,
        engines=lambda: made,
        detector=_detector,
        wake_words=("hey jarvis", "okay nabu"),
        version="0",
    )
    listener = open_socket("127.0.0.1", 0, trust=Trust())
    serving = WyomingServices(offer, trust=Trust(), most_connections=most, idle_seconds=seconds, frame_seconds=seconds)
    running = asyncio.create_task(serving.run(listener))
    try:
        yield listener.getsockname()[1]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _detector(words: Sequence[str]) -> LoudDetector:
    return LoudDetector()


def workers_for_test() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


def joined(pieces: Sequence[Pcm]) -> bytes:
    return b"".join(piece.data for piece in pieces)
