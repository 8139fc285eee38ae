"""We as the server of a Wyoming satellite: such a box is a TCP server, we connect to it and run its turns.

Plain Wyoming travels only where `reach.Trust` lets it. A box with a wake word of its own sends sound after it; one that streams
all it hears is served on this machine alone, where nothing leaves. Boxes are not ours: whether one is
really silent only it can say.
"""

import asyncio
import contextlib
import fcntl
import logging
import random
import socket
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from earwitness.domain.audio import SAMPLE_BYTES, Pcm
from earwitness.domain.errors import NetworkError
from earwitness.domain.satellite import Station
from earwitness.foreign.bells import SoundOf
from earwitness.foreign.reach import Place, Trust
from earwitness.foreign.sound import Converter, read_form
from earwitness.foreign.turns import DUPLICATE, Arbiter, Assistant, Seat
from earwitness.protocol.connection import Connection, ConnectionLostError
from earwitness.protocol.frames import Frame
from earwitness.telemetry import log

CONNECT_SECONDS: Final = 5.0
PING_SECONDS: Final = 5.0
LOST_SECONDS: Final = 15.0
"""How long a box that answers pings may be silent. One that never did is believed as long as its connection stands."""
_CHUNK_BYTES: Final = 4096
_PLAYED_MARGIN_SECONDS: Final = 0.3
_DELIVERY_SECONDS: Final = 0.05
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class WyomingFront:
    """What a Wyoming satellite shows and plays (turns.Front)."""

    connection: Connection
    cue: Callable[[str], Pcm]
    is_streaming: bool = False
    """Whether the box leaves finding the wake word to us."""
    listens_again: bool = False
    can_ring: bool = True
    is_delivered: Callable[[], bool] = lambda: True
    """Whether the box's machine has received all that was written; it is all that can be known of what it plays."""
    on_played: Callable[[int], None] = lambda speech_id: None
    on_started: Callable[[int], None] = lambda speech_id: None
    _speech_id: int | None = None
    _form: dict[str, object] | None = None
    _seconds: float = 0.0
    _is_listening: bool = False
    _over: asyncio.TimerHandle | None = None
    _alerts: set[str] = field(default_factory=set)

    async def send(self, kind: str, **fields: object) -> None:
        await self.connection.write(Frame(kind, fields))

    async def _send_sound(self, pcm: Pcm) -> None:
        form = {"rate": pcm.rate_hz, "width": SAMPLE_BYTES, "channels": 1}
        for start in range(0, len(pcm.data), _CHUNK_BYTES):
            chunk = pcm.data[start : start + _CHUNK_BYTES]
            await self.connection.write(Frame("audio-chunk", form, payload=chunk))

    async def listen(self, word: str) -> None:
        if self.is_streaming:
            await self.send("detection", name=word or None)
        await self._play(self.cue("start"))
        self._is_listening = True
        await self.send("transcribe", language="en")

    async def voice_began(self) -> None:
        await self.send("voice-started")

    async def capture_ended(self) -> None:
        if self._is_listening:
            self._is_listening = False
            await self.send("voice-stopped")

    async def heard(self, text: str) -> None:
        await self.send("transcript", text=text)

    async def speech_began(self, speech_id: int, text: str, *, is_reply: bool, asks: bool) -> None:
        self._speech_id, self._form, self._seconds = speech_id, None, 0.0
        await self.send("synthesize", text=text)

    async def sound(self, pcm: Pcm) -> None:
        if self._form is None:
            self._form = {"rate": pcm.rate_hz, "width": SAMPLE_BYTES, "channels": 1}
            await self.send("audio-start", **self._form)
            if self._speech_id is not None:
                self._tell_started(self._speech_id)
        self._seconds += pcm.seconds
        await self._send_sound(pcm)

    def _tell_started(self, speech_id: int) -> None:
        if self.is_delivered():
            self.on_started(speech_id)
        elif self._speech_id == speech_id:
            asyncio.get_running_loop().call_later(_DELIVERY_SECONDS, self._tell_started, speech_id)

    async def speech_ended(self) -> None:
        if self._form is not None:
            await self.send("audio-stop")
        if self._speech_id is not None:
            loop = asyncio.get_running_loop()
            self._over = loop.call_later(self._seconds + _PLAYED_MARGIN_SECONDS, self.played)

    async def speech_stopped(self) -> None:
        if self._form is not None:
            await self.send("audio-stop")
        self._form = self._speech_id = None
        self._stop_clock()

    def played(self) -> None:
        """The box says, or the clock, that the speech was played."""
        if self._over is None:
            return  # a cue, or a speech that is still on its way
        self._stop_clock()
        if self._speech_id is not None:
            speech_id, self._speech_id, self._form = self._speech_id, None, None
            self.on_played(speech_id)

    async def run_ended(self) -> None:
        if self.is_streaming:
            await self.send("detect")

    async def turned_away(self, code: str, sentence: str) -> None:
        if self.is_streaming:
            return  # it never stops, and was not answered
        if code != DUPLICATE:
            await self.failed(code, sentence)
        await self.send("transcript", text="")  # what makes such a box stop sending

    async def alert(self, alert_id: str, text: str, *, is_plain: bool = True) -> None:
        if not is_plain:
            return  # it would add a sound of its own, at its full volume: the bells are all
        self._alerts.add(alert_id)
        await self.send("timer-finished", id=alert_id)
        await self._play(self.cue("alert"))

    async def bell(self, pcm: Pcm) -> None:
        form: dict[str, object] = {"rate": pcm.rate_hz, "width": SAMPLE_BYTES, "channels": 1}
        await self.send("audio-start", **form)
        try:
            for start in range(0, len(pcm.data), _CHUNK_BYTES):
                piece = Pcm(data=pcm.data[start : start + _CHUNK_BYTES], rate_hz=pcm.rate_hz)
                await self._send_sound(piece)
                await asyncio.sleep(piece.seconds)  # as it is played, so that little is left when it is broken off
        finally:
            await self.send("audio-stop")

    async def alert_ended(self, alert_id: str) -> None:
        if alert_id in self._alerts:
            self._alerts.discard(alert_id)
            await self.send("timer-cancelled", id=alert_id)

    async def failed(self, code: str, sentence: str) -> None:
        await self.send("error", text=sentence, code=code)

    async def _play(self, pcm: Pcm) -> None:
        form: dict[str, object] = {"rate": pcm.rate_hz, "width": SAMPLE_BYTES, "channels": 1}
        await self.send("audio-start", **form)
        await self._send_sound(pcm)
        await self.send("audio-stop")

    def _stop_clock(self) -> None:
        if self._over is not None:
            self._over.cancel()
            self._over = None


class WyomingSatellite:
    """One box, from the connection to its end. `cue` gives the cues' sound; `on_ready` is called when it runs, with what its
    owner should know."""

    def __init__(
        self,
        assistant: Assistant,
        *,
        place: Place,
        station: Station,
        trust: Trust,
        cue: Callable[[str], Pcm],
        sound_of: SoundOf | None = None,
        arbiter: Arbiter | None = None,
        is_muted: bool = False,
        on_muted: Callable[[], None] = lambda: None,
        on_ready: Callable[[str], None] = lambda note: None,
    ) -> None:
        self._assistant = assistant
        self._arbiter = arbiter
        self._place = place
        self._station = station
        self._trust = trust
        self._cue = cue
        self._sound_of = sound_of
        self._is_muted = is_muted
        self._on_muted = on_muted
        self._on_ready = on_ready
        self._front: WyomingFront | None = None
        self._seating: asyncio.Task[None] | None = None
        self._converter: Converter | None = None
        self._has_ponged = False
        self.seat: Seat | None = None

    @property
    def rings_plainly(self) -> bool:
        """It plays whatever is sent to it."""
        return False

    async def run(self) -> None:
        """Serve the box until it goes away. Raises NetworkError, WireError, ConnectionLostError."""
        connection, is_delivered, is_local = await self._connect()
        front = self._front = WyomingFront(connection, self._cue, is_delivered=is_delivered)
        pinging: asyncio.Task[None] | None = None
        try:
            await connection.write(Frame("describe"))
            await self._sit(is_hands_free=False)
            await connection.write(Frame("pause-satellite" if self._is_muted else "run-satellite"))
            self._on_ready("")
            pinging = asyncio.create_task(self._ping(connection))
            while (frame := await self._next(connection)) is not None:
                await self._take(frame, front, is_local=is_local)
        finally:
            if pinging is not None:
                pinging.cancel()
            await self._stand_up()
            await connection.close()

    async def mute(self) -> None:
        """Drop all it sends from now on, and ask it to pause; whether it obeys only the box can show."""
        self._is_muted = True
        if self.seat is not None:
            await self.seat.mute()
        if self._front is not None:
            with contextlib.suppress(ConnectionLostError):
                await self._front.send("pause-satellite")

    async def _connect(self) -> tuple[Connection, Callable[[], bool], bool]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(self._place.host, None, type=socket.SOCK_STREAM)
                address = str(found[0][4][0])
                self._trust.check_peer(address)
                reader, writer = await asyncio.open_connection(address, self._place.port)
        except (OSError, TimeoutError, UnicodeError) as error:
            raise ConnectionLostError("the satellite does not answer") from error
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        is_local = address.startswith("127.") or address == "::1"
        return Connection(reader, writer, is_numbered=False), partial(_is_delivered, writer), is_local

    async def _next(self, connection: Connection) -> Frame | None:
        return await connection.read(within_seconds=LOST_SECONDS if self._has_ponged else None)

    async def _ping(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS * random.uniform(0.8, 1.0))  # noqa: S311 (no secret)
            try:
                await connection.write(Frame("ping", {"text": ""}))
            except ConnectionLostError:
                return  # the reader sees it too

    async def _take(self, frame: Frame, front: WyomingFront, *, is_local: bool) -> None:
        assert self.seat is not None
        match frame.kind:
            case "audio-chunk":
                await self._hear(frame)
            case "run-pipeline":
                await self._begin(frame, front, is_local=is_local)
            case "audio-stop":
                await self.seat.end_of_sound()
            case "played":
                front.played()
            case "ping":
                await front.send("pong", text="")
            case "pong":
                self._has_ponged = True
            case _:
                pass  # what it tells of itself: info, its own detections, that it streams

    async def _hear(self, frame: Frame) -> None:
        form = read_form(frame.fields)
        if self._converter is None or self._converter.form != form:
            self._converter = Converter(form)
        sound = self._converter.convert(frame.payload)
        if self.seat is not None:
            await self.seat.hear(sound)

    async def _begin(self, frame: Frame, front: WyomingFront, *, is_local: bool) -> None:
        assert self.seat is not None
        word = frame.fields.get("wake_word_name")
        if frame.fields.get("start_stage") != "wake":
            await self.seat.begin(word if isinstance(word, str) and len(word) <= 64 else "", is_woken=True)
            return
        if not is_local:
            await front.send("pause-satellite")
            raise NetworkError(
                "This satellite sends all that it hears, which is allowed on this machine only: give it a wake word of its own "
                "(--wake-uri).",
                code="foreign.streams_always",
            )
        if not front.is_streaming:
            front.is_streaming = True
            await self._sit(is_hands_free=True)
        await front.send("detect")

    async def _sit(self, *, is_hands_free: bool) -> None:
        assert self._front is not None
        await self._stand_up()
        seat = Seat(
            self._assistant,
            self._front,
            station=self._station,
            is_hands_free=is_hands_free,
            is_muted=self._is_muted,
            arbiter=self._arbiter,
            on_muted=self._on_muted,
            cue=self._cue,
            sound_of=self._sound_of,
        )
        self._front.on_played, self._front.on_started = seat.played, seat.began_to_play
        self.seat, self._seating = seat, asyncio.create_task(seat.run())
        connection = self._front.connection
        self._seating.add_done_callback(lambda task: _seat_ended(task, connection))

    async def _stand_up(self) -> None:
        if self._seating is not None:
            self._seating.cancel()
            await asyncio.gather(self._seating, return_exceptions=True)
            self._seating = self.seat = None


def _is_delivered(writer: asyncio.StreamWriter) -> bool:
    """Whether the other machine has acknowledged all that was written."""
    if writer.transport.is_closing() or writer.transport.get_write_buffer_size():
        return False
    try:
        waiting = fcntl.ioctl(writer.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return False
    return not any(waiting)


def _seat_ended(task: "asyncio.Task[None]", connection: Connection) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log(_logger, "foreign turn ended", level=logging.WARNING, error_type=type(error).__name__)
        connection.abort()
