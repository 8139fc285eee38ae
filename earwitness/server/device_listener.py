"""The port that satellites connect to: TLS 1.3, who comes in, and one session for each device over however many connections.

A device shows its certificate in the handshake; its key is looked up before anything else is read. Without a certificate a
connection can only pair. Owns the limits of the port; what is said in a session is `session.py`'s, who may be here the roster's.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from earwitness.domain.audio import Pcm
from earwitness.domain.device import Device
from earwitness.domain.errors import EarwitnessError, WireError
from earwitness.domain.satellite import Station
from earwitness.protocol.connection import Connection, ConnectionLostError, read_link_opening
from earwitness.protocol.frames import Frame
from earwitness.protocol.resume import KEPT_SECONDS
from earwitness.protocol.session_messages import MAX_SPEECH_ID
from earwitness.protocol.sockets import endure
from earwitness.server.channel import CLOSE_SECONDS, Ending
from earwitness.server.device_channel import DeviceChannel
from earwitness.server.ports import Assistant, Reached
from earwitness.server.satellites import Satellites, Seat
from earwitness.server.session import Session
from earwitness.telemetry import log

MOST_DEVICES: Final = 64
MOST_HANDSHAKES: Final = 32
"""TLS handshakes at once; whoever comes beyond them is let go unheard and comes again."""
HANDSHAKE_SECONDS: Final = 5.0
LEAVE_SECONDS: Final = 5.0
TAKE_AGAIN_SECONDS: Final = 0.1
"""How long to wait for descriptors before the next connection is taken."""
WATCH_SECONDS: Final = 3.0
"""How soon a revocation by another process ends a running session."""
AWAY_ID: Final = MAX_SPEECH_ID
"""The speech id of the phrase that a device keeps; no reply ever has it."""
AWAY_TEXT: Final = "I cannot reach the server. Timers still ring here."
_REVOKED: Final = Ending(code="device.revoked", sentence="This device is not paired here any more. Pair it again.")
_TOO_MANY: Final = Ending(code="session.too_many", sentence=f"At most {MOST_DEVICES} satellites can be connected at once.")
_logger = logging.getLogger(__name__)


class Roster(Protocol):
    """Who may come, and what is noted of them. Each call may wait for the database."""

    async def stations(self) -> tuple[Station, ...]:
        """Every satellite that may come."""
        ...

    async def station_of(self, key_digest: bytes) -> Station | None:
        """The paired satellite with that key; None if there is none or it was revoked."""
        ...

    async def note_connected(self, device_id: str, *, is_muted: bool) -> bool:
        """Note that it came; True if it was asked to mute while it was away."""
        ...

    async def note_muted(self, device_id: str, *, is_muted: bool) -> None: ...

    async def note_left(self, device_id: str, *, is_in_mid_word: bool) -> None: ...

    async def note_refused(self, key_digest: bytes) -> None:
        """Somebody came with a key that is not, or no more, paired."""
        ...

    async def renew(self, device_id: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """A new certificate for a device's key, from the fields of `renew` to those of `renewed`. Raises EarwitnessError."""
        ...


@dataclass(slots=True)
class _Served:
    channel: DeviceChannel
    task: asyncio.Task[None]


class DeviceListener:
    """Serves satellites. `tls` gives the context for the next handshake, `key_digest_of` the digest of the key in a certificate;
    `pair` meets a connection without one; `away_sound` speaks a text with a voice and may block."""

    def __init__(
        self,
        *,
        tls: Callable[[], ssl.SSLContext],
        key_digest_of: Callable[[bytes], bytes],
        assistant: Assistant,
        satellites: Satellites,
        roster: Roster,
        pair: Callable[[Connection], Awaitable[None]],
        away_sound: Callable[[str, str | None], list[Pcm]] = lambda text, voice: [],
    ) -> None:
        self._tls = tls
        self._key_digest_of = key_digest_of
        self._assistant = assistant
        self._satellites = satellites
        self._roster = roster
        self._pair = pair
        self._away_sound = away_sound
        self._away: dict[str | None, asyncio.Future[list[Pcm]]] = {}
        self._served: dict[str, _Served] = {}
        self._handshakes = 0
        self._noting = asyncio.Lock()
        """Notes are taken in the order in which things happened."""
        self._tasks: asyncio.TaskGroup | None = None
        self.sessions: set[Session] = set()

    async def run(self, listener: socket.socket) -> None:
        """Serve on a listening socket until cancelled; then every device is told that the server stops."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._watch())
                while True:
                    try:
                        connected, _ = await loop.sock_accept(listener)
                    except OSError as error:  # it left before it was taken, or no descriptors are left
                        log(_logger, "connection not taken", level=logging.WARNING, error_type=type(error).__name__)
                        await asyncio.sleep(TAKE_AGAIN_SECONDS)
                        continue
                    if self._handshakes >= MOST_HANDSHAKES:
                        connected.close()
                        continue
                    tasks.create_task(self._greet(connected))
        finally:
            listener.close()

    async def _watch(self) -> None:
        """Notice what another process changed in the registry, such as a revocation from the terminal."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if not self._served:
                continue
            with contextlib.suppress(EarwitnessError):
                allowed = {station.device_id: station for station in await self._roster.stations()}
                self._satellites.expect(allowed.values())
                for device_id in tuple(self._served):
                    if device_id in allowed:
                        self._satellites.restation(allowed[device_id])
                    else:
                        self._send_away(device_id)

    def changed(self, device: Device) -> None:
        """A device was renamed, moved or revoked; called on the event loop. A revoked one is told and let go at once."""
        if device.is_revoked:
            self._send_away(device.device_id)
        else:
            self._satellites.restation(station_of(device))

    def _send_away(self, device_id: str) -> None:
        served = self._served.get(device_id)
        if not self._satellites.end(device_id, _REVOKED) and served is not None:
            served.channel.give_up()  # it has not said hello

    async def _greet(self, connected: socket.socket) -> None:
        """Shake hands and serve one connection; whatever goes wrong with it is its own end."""
        self._handshakes += 1
        try:
            streams = await _shake_hands(connected, self._tls())
        except (OSError, EOFError, ssl.SSLError, ConnectionError) as error:
            log(_logger, "handshake failed", error_type=type(error).__name__)
            connected.close()
            return
        finally:
            self._handshakes -= 1
        connection = Connection(*streams)
        try:
            await self._meet(connection, streams[1].get_extra_info("ssl_object"))
        except (ConnectionLostError, WireError) as error:
            log(_logger, "device connection ended", code=getattr(error, "code", "connection.lost"))
            if isinstance(error, WireError):
                await _refuse(connection, Ending(code=error.code, sentence=error.sentence))
        except EarwitnessError as error:
            await _refuse(connection, Ending(code=error.code, sentence=error.sentence))
        except Exception as error:
            log(_logger, "device connection failed", level=logging.ERROR, error_type=type(error).__name__)
        finally:
            connection.abort()

    async def _meet(self, connection: Connection, tls: ssl.SSLObject) -> None:
        shown = tls.getpeercert(binary_form=True)
        if shown is None:
            await self._pair(connection)
            return
        digest = self._key_digest_of(shown)
        station = await self._admitted(digest, connection)
        opening = None if station is None else await read_link_opening(connection)
        if station is None or opening is None:
            return
        served = self._served.get(station.device_id)
        if served is None or not served.channel.can_resume(opening):
            if served is not None:
                await self._let_go(served)
            served = await self._begun(digest, connection)
        if served is not None:
            await served.channel.carry(connection, opening)

    async def _admitted(self, digest: bytes, connection: Connection) -> Station | None:
        """The satellite with that key; one that is not paired, or no more, is told so and is None."""
        station = await self._roster.station_of(digest)
        if station is None:
            log(_logger, "device refused", code=_REVOKED.code)
            await self._roster.note_refused(digest)
            await _refuse(connection, _REVOKED)
        return station

    async def _begun(self, digest: bytes, connection: Connection) -> _Served | None:
        """A new session, or None. The key is looked up anew: it may have been revoked since the handshake, and from here on a
        revocation finds the session."""
        station = await self._admitted(digest, connection)
        if station is None:
            return None
        if len(self._served) >= MOST_DEVICES:
            await _refuse(connection, _TOO_MANY)
            return None
        other = self._served.get(station.device_id)
        if other is not None:
            other.channel.give_up()  # it came twice at once: the later one counts
        return self._begin(station)

    async def _let_go(self, served: _Served) -> None:
        """The device begins anew: what it had before is over."""
        served.channel.give_up()
        await asyncio.wait({served.task}, timeout=LEAVE_SECONDS)

    def _begin(self, station: Station) -> _Served:
        assert self._tasks is not None
        device_id = station.device_id
        channel = DeviceChannel(renew=lambda fields: self._roster.renew(device_id, fields), kept_seconds=KEPT_SECONDS)
        served = _Served(channel, self._tasks.create_task(self._session(station, channel)))
        self._served[device_id] = served
        return served

    async def _session(self, station: Station, channel: DeviceChannel) -> None:
        seat = Seat(self._satellites, station, on_joined=self._greet_device, on_muted=self._note_mute)
        session = Session(channel, self._assistant, is_local=False, area=station.area, presence=seat)
        self.sessions.add(session)
        try:
            await session.run()
        finally:
            self.sessions.discard(session)
            channel.give_up()
            served = self._served.get(station.device_id)
            if served is not None and served.channel is channel:
                del self._served[station.device_id]
            conversation = session.conversation
            is_in_mid_word = conversation is not None and conversation.was_in_mid_word
            await self._note(partial(self._roster.note_left, station.device_id, is_in_mid_word=is_in_mid_word))

    def _note_mute(self, device_id: str, is_on: bool) -> None:
        assert self._tasks is not None
        self._tasks.create_task(self._note(partial(self._roster.note_muted, device_id, is_muted=is_on)))

    async def _note(self, noting: Callable[[], Awaitable[None]]) -> None:
        """Take a note in its turn, also where the server stops before that has come."""
        noted = asyncio.ensure_future(self._noted(noting))
        try:
            await asyncio.shield(noted)
        except asyncio.CancelledError:
            await noted
            raise

    async def _noted(self, noting: Callable[[], Awaitable[None]]) -> None:
        async with self._noting:
            with contextlib.suppress(EarwitnessError):
                await noting()

    def _greet_device(self, station: Station, session: Reached) -> None:
        assert self._tasks is not None
        self._tasks.create_task(self._first_words(station, session))

    async def _first_words(self, station: Station, session: Reached) -> None:
        """What a device is told once its session has begun: what to say while the server is away."""
        with contextlib.suppress(ConnectionError, EarwitnessError):
            async with self._noting:
                is_mute_wished = await self._roster.note_connected(station.device_id, is_muted=session.is_muted)
            if is_mute_wished and not session.is_muted:
                await session.tell({"type": "mute_wish"})
            sound = await self._away_in(station.voice)
            if not sound:
                return
            start: dict[str, object] = {"type": "phrase", "name": "away", "id": AWAY_ID, "rate_hz": sound[0].rate_hz}
            await session.tell(start | {"text": AWAY_TEXT})
            for pcm in sound:
                await session.speak(AWAY_ID, pcm)
            await session.tell({"type": "speech_end", "id": AWAY_ID})

    async def _away_in(self, voice: str | None) -> list[Pcm]:
        """The sound of the phrase, made once for each voice."""
        if voice not in self._away:
            self._away[voice] = asyncio.ensure_future(asyncio.to_thread(self._away_sound, AWAY_TEXT, voice))
        return await asyncio.shield(self._away[voice])


def station_of(device: Device) -> Station:
    """A device of the registry as the rest of the house sees it."""
    return Station(device_id=device.device_id, name=device.name, area=device.area, voice=device.voice)


async def _shake_hands(connected: socket.socket, tls: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    connected.setblocking(False)
    endure(connected)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, connected, ssl=tls, ssl_handshake_timeout=HANDSHAKE_SECONDS, ssl_shutdown_timeout=1.0
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _refuse(connection: Connection, ending: Ending) -> None:
    """Tell a device why it is not served; one that does not read is left to the transport."""
    with contextlib.suppress(TimeoutError, ConnectionLostError, WireError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.write(Frame("error", {"code": ending.code, "message": ending.sentence}))
            await connection.close()
