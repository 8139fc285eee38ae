"""The channel to a satellite: one link, over as many connections as the network makes of it.

A link whose connection is lost waits for its device until KEPT_SECONDS after the last frame; then the session is told that the
device went away. It translates between session messages and frames (docs/protocol.md) and answers the renewal of certificates,
which no session sees. It decides nothing about who may come.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import EarwitnessError, WireError
from earwitness.protocol import session_messages as wire
from earwitness.protocol.connection import Connection, ConnectionLostError, answer_link
from earwitness.protocol.frames import Frame
from earwitness.protocol.resume import KEPT_SECONDS, RETURN_SECONDS, Link, Opening, is_same_token, new_token
from earwitness.server.channel import CLOSE_SECONDS, Ending, GoneError
from earwitness.telemetry import log

SOUND: Final = "audio-chunk"
FRAMES_WAITING: Final = 512
"""Frames that may wait for the session; beyond it nothing more is read from the device."""
ROOM_SECONDS: Final = 0.05
LONGEST_TEXT: Final = 2000
UNCUT: Final = frozenset({"second_look"})
"""What is of no use if it is cut, and known to fit into a frame."""
RATES_KEPT: Final = 8
"""Speeches whose rate is remembered: one that is spoken, those that wait, the phrase, the call, the sound of an alarm."""
_MICROPHONE: Final = {"rate": RATE_HZ, "width": 2, "channels": 1}
_logger = logging.getLogger(__name__)
_FRAME_MARGIN_BYTES: Final = 1024

Renew = Callable[[Mapping[str, object]], Awaitable[Mapping[str, object]]]
"""Makes the fields of `renewed` from those of `renew`. Raises EarwitnessError."""


class DeviceChannel:
    """A satellite's channel (server.channel.Channel). `renew` makes a new certificate for its key."""

    def __init__(self, *, renew: Renew, kept_seconds: float = KEPT_SECONDS) -> None:
        self.token = new_token()
        self._link = Link()
        self._renew = renew
        self._kept_seconds = kept_seconds
        self._connection: Connection | None = None
        self._inbox: asyncio.Queue[Frame | WireError | None] = asyncio.Queue(FRAMES_WAITING)
        self._is_settled = asyncio.Event()
        self._is_settled.set()
        self._gone = asyncio.Event()
        self._farewell: asyncio.TimerHandle | None = None
        self._rates: dict[int, object] = {wire.RELAY_SPEECH_ID: RATE_HZ}

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def is_gone(self) -> bool:
        """Whether the link is over for good."""
        return self._gone.is_set()

    def can_resume(self, opening: Opening) -> bool:
        """Whether an opening goes on with this link."""
        return not self.is_gone and opening.token is not None and is_same_token(opening.token, self.token)

    async def carry(self, connection: Connection, opening: Opening) -> None:
        """Go on over this connection, from its answered opening until it is lost or the link is over. Never raises for either."""
        self.lose()
        if self._farewell is not None:
            self._farewell.cancel()
        self._is_settled.clear()  # nothing may be numbered between what is sent again and what is new
        try:
            await answer_link(connection, self._link, token=self.token, opening=opening, is_resumed=self.can_resume(opening))
            self._connection = connection
        except ConnectionLostError:
            self._wait_for_return(connection)
            return
        except WireError as error:
            await self._inbox.put(error)
            return
        finally:
            self._is_settled.set()
        await self._carry(connection)

    async def _carry(self, connection: Connection) -> None:
        beating = asyncio.create_task(_beat(connection))
        leaving = asyncio.create_task(self._gone.wait())
        reading = asyncio.create_task(self._read(connection))
        try:
            await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (beating, leaving, reading):
                task.cancel()
            if self._connection is connection:
                self._connection = None
                self._wait_for_return(connection)
            connection.abort()

    async def _read(self, connection: Connection) -> None:
        """Read until the connection is lost; a broken protocol is the session's to tell."""
        try:
            while (frame := await connection.receive()) is not None:
                await self._inbox.put(frame)
        except ConnectionLostError:
            return
        except WireError as error:
            await self._inbox.put(error)
            await self._gone.wait()

    def lose(self) -> None:
        """Drop the present connection, if there is one: the device has a newer one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def _wait_for_return(self, lost: Connection) -> None:
        """Give up at last, counted from what was heard over the connection: a device whose power was pulled ends none."""
        if not self.is_gone:
            seconds = max(min(RETURN_SECONDS, self._kept_seconds), self._kept_seconds - lost.silent_seconds)
            self._farewell = asyncio.get_running_loop().call_later(seconds, self.give_up)

    def give_up(self) -> None:
        """The device went away: the session learns it at once."""
        self._gone.set()
        if self._inbox.full():
            self._inbox.get_nowait()
        self._inbox.put_nowait(None)

    async def receive(self) -> wire.ClientMessage | bytes:
        """The next message or chunk of sound. Raises WireError, GoneError."""
        while True:
            if self.is_gone:
                raise GoneError
            item = await self._inbox.get()
            if item is None:
                raise GoneError
            if isinstance(item, WireError):
                raise item
            if item.kind == "renew":
                await self._answer_renewal(item)
            else:
                return _message(item)

    async def send(self, frame: str | bytes) -> None:
        """Send one session message or frame of sound; waits while too much is unconfirmed. Raises GoneError."""
        await self._send(*self._as_frame(frame))

    async def end(self, ending: Ending) -> None:
        """Tell the device why, if it is there, and let it go."""
        if self._farewell is not None:
            self._farewell.cancel()
        connection = self._connection
        fields = {"code": ending.code, "message": ending.sentence}
        if connection is not None and not self.is_gone:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await _say_last(connection, fields)
                    await connection.close()
            except (TimeoutError, ConnectionLostError, WireError):
                connection.abort()
        self._gone.set()

    async def _send(self, kind: str, fields: Mapping[str, object], payload: bytes) -> None:
        size = len(payload) + len(json.dumps(dict(fields))) + _FRAME_MARGIN_BYTES
        while not self._link.has_room(size):
            if self.is_gone:
                raise GoneError
            await asyncio.sleep(ROOM_SECONDS)
        await self._is_settled.wait()
        if self.is_gone:
            raise GoneError
        try:
            if self._connection is None:
                self._link.send(kind, fields, payload)
            else:
                await self._connection.send(kind, fields, payload)
        except ConnectionLostError:
            return  # the link keeps it, and sends it again if the device comes back
        except WireError as error:
            if error.code != "wire.too_large":
                raise GoneError from error
            log(_logger, "message left out", level=logging.WARNING, code=error.code)  # such as a turn about a very long list

    def _as_frame(self, frame: str | bytes) -> tuple[str, Mapping[str, object], bytes]:
        if isinstance(frame, bytes):
            speech_id, samples = wire.decode_speech(frame)
            is_music = wire.FIRST_MUSIC_ID <= speech_id <= wire.LAST_MUSIC_ID
            rate_hz = wire.MUSIC_RATE_HZ if is_music else self._rates.get(speech_id, RATE_HZ)
            return SOUND, {**_MICROPHONE, "rate": rate_hz, "id": speech_id}, samples
        fields = json.loads(frame)
        kind = str(fields.pop("type"))
        if kind not in UNCUT:
            fields = {name: _short(value) for name, value in fields.items()}
        if kind in {"speech", "phrase", "alarm_sound"}:
            self._rates[int(str(fields["id"]))] = fields["rate_hz"]
            while len(self._rates) > RATES_KEPT:
                del self._rates[next(speech_id for speech_id in self._rates if speech_id != wire.RELAY_SPEECH_ID)]
        return kind, fields, b""

    async def _answer_renewal(self, frame: Frame) -> None:
        try:
            await self._send("renewed", await self._renew(frame.fields), b"")
        except EarwitnessError as error:
            await self._send("error", {"code": error.code, "message": error.sentence}, b"")


def _short(value: object) -> object:
    """A satellite shows no text: what would not fit into a frame is cut."""
    return value[:LONGEST_TEXT] if isinstance(value, str) else value


async def _beat(connection: Connection) -> None:
    try:
        await connection.beat()
    except ConnectionLostError:
        connection.abort()


async def _say_last(connection: Connection, fields: Mapping[str, object]) -> None:
    try:
        await connection.send("error", fields)
    except WireError:  # the link is over: what is said now has no number
        await connection.write(Frame("error", fields))


def _message(frame: Frame) -> wire.ClientMessage | bytes:
    """A frame of a device as a session sees it. Raises WireError."""
    if frame.kind == SOUND:
        if dict(frame.fields) != _MICROPHONE:
            raise WireError("A satellite's sound is mono, 16 bits wide, at 16 kHz.")
        return frame.payload
    if frame.payload or "type" in frame.fields:
        raise WireError("Only sound has a payload.")
    return wire.read_fields({"type": frame.kind, **frame.fields})
