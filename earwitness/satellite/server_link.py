"""The link to the server: TLS with this device's certificate, resumed after a lost network, tried again without end.

It numbers what is sent, says when the server is there, lost and gone, and renews the certificate. What is said is not its matter.
Owns the back-off: 0.2 s at first, doubled to 4 s, each at random between half and all of that, so that a household's satellites
do not all come back in the same instant.
"""

import asyncio
import random
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import DeviceError, TrustError, WireError
from earwitness.protocol.connection import Connection, ConnectionLostError, open_link
from earwitness.protocol.frames import Frame
from earwitness.protocol.resume import Link
from earwitness.protocol.sockets import connect
from earwitness.satellite.events import Event, LinkGone, LinkLost, LinkUp
from earwitness.satellite.server_words import RENEWED, SOUND, read
from earwitness.trust.certificates import read_certificate
from earwitness.trust.identity import Identity
from earwitness.trust.tls import MUSIC_PROTOCOL, SECOND_LOOK_PROTOCOL, SERVER_NAME, SOUNDS_PROTOCOL, device_client_context

DEFAULT_PORT: Final = 8766
CONNECT_SECONDS: Final = 5.0
FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 4.0
PATIENCE_SECONDS: Final = 4.0
"""How long after a lost connection the device hopes to go on. Longer than the server surely waits: it may have heard us since."""
REVOKED: Final = "device.revoked"
_MICROPHONE: Final[Mapping[str, object]] = {"rate": RATE_HZ, "width": 2, "channels": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server is."""

    host: str
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read HOST, HOST:PORT or [HOST]:PORT. Raises DeviceError (device.invalid)."""
        host, port = text.strip(), str(DEFAULT_PORT)
        if host.startswith("["):
            host, _, rest = host[1:].partition("]")
            port = rest.removeprefix(":") or port
        elif host.count(":") == 1:
            host, _, port = host.partition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise DeviceError("A server is HOST or HOST:PORT, such as home.lan:8766.", code="device.invalid")
        return cls(host=host, port=int(port))


def wait_seconds(attempt: int, *, chance: float) -> float:
    """How long to wait before attempt number `attempt` (from 0); `chance` is from 0 to 1."""
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 10)) * (0.5 + 0.5 * chance)


class ServerLink:
    """Keeps the link of a paired device; `tell` gets what happens, on the event loop, `say` a sentence when it changes.

    `run` ends with DeviceError (device.revoked) when the household wants this device no more.
    """

    def __init__(
        self,
        address: Address,
        *,
        identity: Identity,
        tell: Callable[[Event], None],
        say: Callable[[str], None] = lambda sentence: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._identity = identity
        self._tell = tell
        self._say = say
        self._now = now
        self._clock = clock
        self._link = Link()
        self._token: str | None = None
        self._connection: Connection | None = None
        self._opening: Connection | None = None
        self._forgets_sound = False
        self._outbox: asyncio.Queue[Frame] = asyncio.Queue()
        self._lost_at: float | None = None
        self._said = ""
        self._is_over = False
        self.sound_frames = 0
        """Frames of sound that were handed to the connection, or kept for it."""
        self.first_sound_at = 0.0
        """When the first of the present capture was."""

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    def send(self, kind: str, fields: Mapping[str, object]) -> None:
        """Say something; what is said while the connection is lost is kept for PATIENCE_SECONDS, and gone if that passes."""
        self._send(kind, fields, b"")

    def send_sound(self, chunk: bytes, *, is_first: bool = False) -> None:
        """Send 20 to 80 ms of the microphone."""
        self._forgets_sound = False
        if is_first:
            self.first_sound_at = self._clock()
        self.sound_frames += 1
        self._send(SOUND, _MICROPHONE, chunk)

    def break_off(self) -> None:
        """End this connection and its session; a new one is begun."""
        self._token = None
        if self._connection is not None:
            self._connection.abort()

    def forget_sound(self) -> None:
        """No sound that was captured before leaves any more, as when the device was muted: if some waits for the network, the
        session is begun anew without it."""
        self._forgets_sound = True
        if self._opening is not None:
            self._opening.abort()
        if self._connection is None and self._holds_sound():
            self._give_up()

    def _holds_sound(self) -> bool:
        """Whether sound would be sent again."""
        return any(frame.kind == SOUND for frame in self._link.unacked())

    def revoke(self, sentence: str) -> None:
        """The household wants this device no more: stop for good."""
        self._is_over = True
        self._said = sentence
        self.break_off()

    async def run(self) -> None:
        """Connect, again and again, until cancelled. Raises DeviceError (device.revoked)."""
        attempt = 0
        while True:
            try:
                was_up = await self._try()
            except WireError as error:
                was_up = False
                self._token = None
                if error.code == REVOKED:
                    self.revoke(error.sentence)
                else:
                    self._explain(f"The server ended the connection: {error.sentence}")
            if self._is_over:
                raise DeviceError(self._said, code=REVOKED)
            if was_up:
                attempt = 0
            wait = wait_seconds(attempt, chance=random.random())  # noqa: S311 (no secret)
            attempt += 1
            await self._wait(wait)

    async def _wait(self, seconds: float) -> None:
        """Wait, but say on time that the session is gone."""
        left = self._gone_in_seconds()
        if left is not None and left <= seconds:
            await asyncio.sleep(left)
            self._give_up()
            seconds -= left
        await asyncio.sleep(seconds)

    def _gone_in_seconds(self) -> float | None:
        return None if self._lost_at is None else max(0.0, self._lost_at + PATIENCE_SECONDS - self._clock())

    def _give_up(self) -> None:
        self._lost_at = self._token = None
        self._link = Link()
        self._tell(LinkGone())

    async def _try(self) -> bool:
        """One connection, to its end; whether it was up. Raises WireError."""
        if self._forgets_sound and self._holds_sound():
            self._give_up()
        limit = self._gone_in_seconds()
        try:
            async with asyncio.timeout(limit if limit is None else max(limit, 0.01)):
                connection = await self._connect()
        except TimeoutError:
            self._give_up()
            return False
        if connection is None:
            return False
        try:
            await self._carry(connection)
        finally:
            self._connection = None
            connection.abort()
            self._lost_at = self._clock()
            self._tell(LinkLost())
        return True

    async def _connect(self) -> Connection | None:
        """A connection on which the link is open, or None. Raises WireError, TimeoutError if the caller's time is over."""
        try:
            context = device_client_context(self._identity, is_clock_trusted=self._is_clock_trusted())
            async with asyncio.timeout(CONNECT_SECONDS):
                reached = await connect(self._address.host, self._address.port)
                reader, writer = await asyncio.open_connection(sock=reached, ssl=context, server_hostname=SERVER_NAME)
        except ssl.SSLCertVerificationError:
            self._explain("What answers there is not the server of this household; nothing was said to it.")
            return None
        except TrustError as error:
            self._explain(error.sentence)
            return None
        except (OSError, ValueError):
            if self._token is None:
                self._explain(f"The server at {self._address.host} cannot be reached; trying again.")
            return None
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return await self._open(Connection(reader, writer), spoken=tls.selected_alpn_protocol())

    async def _open(self, connection: Connection, *, spoken: str | None) -> Connection | None:
        """`spoken` is the protocol on which the handshake settled."""
        self._opening = connection
        try:
            opened, self._link = await open_link(connection, self._link, token=self._token)
        except ConnectionLostError:
            connection.abort()
            if self._is_certificate_over():
                self._explain("This device's certificate has ended: run `earwitness satellite forget`, then pair it again.")
            return None
        except BaseException:
            connection.abort()
            raise
        finally:
            self._opening = None
        self._outbox = asyncio.Queue()
        self._token, self._connection, self._lost_at, self._said = opened.token, connection, None, ""
        knows_second_look = spoken == SECOND_LOOK_PROTOCOL
        knows_music = knows_second_look or spoken == MUSIC_PROTOCOL
        self._tell(
            LinkUp(
                is_resumed=opened.is_resumed,
                knows_sounds=knows_music or spoken == SOUNDS_PROTOCOL,
                knows_music=knows_music,
                knows_second_look=knows_second_look,
            )
        )
        if not opened.is_resumed:
            self._ask_renewal()
        return connection

    async def _carry(self, connection: Connection) -> None:
        """Read, write and beat until the connection is lost. Raises WireError for a broken protocol."""
        reading = asyncio.create_task(self._read(connection))
        others = [asyncio.create_task(self._write(connection)), asyncio.create_task(_beat(connection))]
        try:
            await asyncio.wait([reading, *others], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            for task in (reading, *others):
                task.cancel()

    async def _read(self, connection: Connection) -> None:
        try:
            while (frame := await connection.receive()) is not None:
                if frame.kind == "error" and frame.fields.get("code") == REVOKED:
                    self.revoke(str(frame.fields.get("message", ""))[:500])
                    return
                said = read(frame)
                if said.kind == RENEWED:
                    await self._renewed(said.fields)
                else:
                    self._tell(said)
        except ConnectionLostError:
            return

    async def _write(self, connection: Connection) -> None:
        outbox = self._outbox
        try:
            while True:
                frame = await outbox.get()
                if frame.kind == SOUND and self._forgets_sound:
                    return  # the connection ends, and its session with it
                await connection.write(frame)
        except ConnectionLostError:
            return

    def _send(self, kind: str, fields: Mapping[str, object], payload: bytes) -> None:
        try:
            frame = self._link.send(kind, fields, payload)
        except WireError:
            self._link = Link()
            self.break_off()
            return
        if self._connection is not None:
            self._outbox.put_nowait(frame)  # bounded by the link: it refuses what is too much

    def _ask_renewal(self) -> None:
        try:
            if self._is_clock_trusted() and self._identity.is_renewal_due(now=self._now()):
                self.send("renew", {"public_key": b64encode(self._identity.public_key).decode("ascii")})
        except TrustError:
            return

    async def _renewed(self, fields: Mapping[str, object]) -> None:
        successor = str(fields["successor"]) if "successor" in fields else None
        try:
            voucher = b64decode(str(fields.get("voucher", "")), validate=True)
            await asyncio.to_thread(self._identity.renew, str(fields["certificate"]), successor=successor, voucher=voucher)
        except ValueError:
            self._explain("The server sent a certificate that cannot be read; the one from before stays.")
        except TrustError as error:
            self._explain(error.sentence)

    def _is_clock_trusted(self) -> bool:
        """A clock that is before the day on which this device was paired was not set yet."""
        try:
            made = read_certificate(self._identity.certificate_path.read_bytes())
        except (OSError, TrustError):
            return True
        return self._now() >= made.not_valid_before_utc

    def _is_certificate_over(self) -> bool:
        try:
            return self._now() >= self._identity.certificate_ends_at
        except TrustError:
            return False

    def _explain(self, sentence: str) -> None:
        """Say why, once."""
        if sentence != self._said:
            self._said = sentence
            self._say(sentence)


async def _beat(connection: Connection) -> None:
    try:
        await connection.beat()
    except ConnectionLostError:
        return
