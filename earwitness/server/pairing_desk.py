"""Pairing: what an owner does on the page and what a device does over its link, brought together.

The protocol is `trust/pairing.py`; here are the connections, the registry and the log. A code is never shown, sent or logged by
the server: the owner reads it on the device. Used on one event loop.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from earwitness.domain.device import Device, DeviceEvent, DeviceKind, PairingState, WaitingDevice
from earwitness.domain.errors import DeviceError, TrustError, WireError
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices, new_device_id
from earwitness.protocol.connection import Connection, ConnectionLostError
from earwitness.protocol.frames import Frame
from earwitness.trust.authority import Authority
from earwitness.trust.pairing import OPEN_SECONDS, Message, PairingWindow, ServerPairing

MOST_CONNECTIONS: Final = 8
"""Connections without a certificate at once."""
OPENING_SECONDS: Final = 10.0
"""How long a device may take for its part."""


@dataclass(slots=True)
class _Attempt:
    pairing: ServerPairing
    decided: asyncio.Future[Message]
    waiting_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class PairingDesk:
    """One household's pairing. `certificate` gives the server's TLS certificate (DER) as the next handshake shows it."""

    def __init__(
        self,
        *,
        devices: Devices,
        device_log: DeviceLog,
        authority: Authority,
        certificate: Callable[[], bytes],
        clock: Callable[[], float],
    ) -> None:
        self._devices = devices
        self._log = device_log
        self._authority = authority
        self._certificate = certificate
        self._window = PairingWindow(clock=clock)
        self._attempts: list[_Attempt] = []
        self._connections = 0
        self._closing: asyncio.TimerHandle | None = None

    # The owner

    async def open(self) -> PairingState:
        """Let devices ask to be paired for five minutes. Raises StorageError."""
        self._window.open()
        self._settle()
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(OPEN_SECONDS + 0.1, self._settle)
        await self._note(DeviceEvent.PAIRING_OPENED)
        return self.desk()

    async def close(self) -> PairingState:
        """Let no device ask any more; those that wait are refused."""
        was_open = self._window.is_open
        self._window.close()
        self._settle()
        if was_open:
            await self._note(DeviceEvent.PAIRING_CLOSED)
        return self.desk()

    def desk(self) -> PairingState:
        """How it stands now."""
        waiting = {id(pairing) for pairing in self._window.waiting()}
        return PairingState(
            is_open=self._window.is_open,
            closes_in_seconds=self._window.closes_in_seconds,
            waiting=tuple(
                WaitingDevice(waiting_id=attempt.waiting_id, name=attempt.pairing.name)
                for attempt in self._attempts
                if id(attempt.pairing) in waiting
            ),
        )

    async def refuse(self, waiting_id: str) -> PairingState:
        """Send one device away. Raises DeviceError if it does not wait."""
        attempt = next((one for one in self._attempts if one.waiting_id == waiting_id), None)
        if attempt is None:
            raise DeviceError("That device does not wait any more.")
        self._window.leave(attempt.pairing)
        self._settle()
        await self._note(DeviceEvent.PAIRING_REFUSED, detail=attempt.pairing.name)
        return self.desk()

    async def confirm(
        self, code: str, *, name: str, area: str | None = None, voice: str | None = None, by: str | None = None
    ) -> Device:
        """Pair the device that shows this code.

        Raises TrustError (pairing.wrong_code, pairing.closed), DeviceError, StorageError.
        """
        await asyncio.to_thread(self._check_name, name)
        was_open = self._window.is_open
        try:
            pairing = self._window.confirm(code)
        except TrustError:
            self._settle()
            if was_open:
                await self._note(DeviceEvent.PAIRING_WRONG_CODE)
            raise
        attempt = next(one for one in self._attempts if one.pairing is pairing)
        self._settle(but=attempt)
        try:
            device, certificate = await asyncio.to_thread(self._add, pairing, name=name, area=area, voice=voice, by=by)
        except BaseException:
            _decide(attempt, pairing.refused())
            raise
        _decide(attempt, pairing.done(certificate=certificate, device_id=device.device_id))
        return device

    def _check_name(self, name: str) -> None:
        """A name that is taken uses up no code."""
        wanted = " ".join(name.split()).casefold()
        if not wanted or any(device.name.casefold() == wanted for device in self._devices.all(with_revoked=False)):
            raise DeviceError("There is a device of that name already; choose another.", code="device.exists")

    def _add(
        self, pairing: ServerPairing, *, name: str, area: str | None, voice: str | None, by: str | None
    ) -> tuple[Device, str]:
        device_id = new_device_id()
        made = self._authority.device_certificate(pairing.public_key, device_id=device_id)
        device = self._devices.add(
            name,
            kind=DeviceKind.SATELLITE,
            area=area,
            voice=voice,
            key_digest=made.key_digest,
            certificate_ends_at=made.ends_at,
            paired_by=by,
            device_id=device_id,
        )
        self._log.note(DeviceEvent.PAIRED, device_id=device_id, detail=device.name)
        return device, made.pem

    # The device

    async def meet(self, connection: Connection) -> None:
        """Serve a connection without a certificate: it may pair, and nothing else. Raises ConnectionLostError."""
        if self._connections >= MOST_CONNECTIONS:
            await _say(connection, ServerPairing.refused())
            return
        self._connections += 1
        try:
            await self._pair(connection)
        except TimeoutError as error:
            raise ConnectionLostError("the device took too long") from error
        except TrustError as error:
            await _say(connection, ServerPairing.refused(error.code))
        except WireError:
            await _say(connection, ServerPairing.refused())
        finally:
            self._connections -= 1

    async def _pair(self, connection: Connection) -> None:
        pairing = ServerPairing(server_certificate=self._certificate(), household=self._authority.certificate_pem)
        self._window.join(pairing)
        attempt = _Attempt(pairing, asyncio.get_running_loop().create_future())
        self._attempts.append(attempt)
        try:
            await self._exchange(connection, pairing)
            await self._note(DeviceEvent.PAIRING_ASKED, detail=pairing.name)
            await _say(connection, await _decision(connection, attempt))
        finally:
            self._window.leave(pairing)
            self._attempts.remove(attempt)

    async def _exchange(self, connection: Connection, pairing: ServerPairing) -> None:
        """Both sides' numbers, until the device shows its code. Raises TrustError, WireError, ConnectionLostError."""
        async with asyncio.timeout(OPENING_SECONDS):
            while pairing.code is None:
                frame = await connection.read(within_seconds=OPENING_SECONDS)
                if frame is None:
                    raise ConnectionLostError("the device went away")
                if frame.payload or frame.seq is not None or frame.ack is not None:
                    raise WireError("A message of the pairing has fields alone.")
                answer = pairing.receive(frame.kind, frame.fields)
                if answer is not None:
                    await _say(connection, answer)

    def _settle(self, *, but: _Attempt | None = None) -> None:
        """Refuse every attempt that does not count any more."""
        for attempt in self._attempts:
            if attempt is not but and not self._window.is_waiting(attempt.pairing):
                _decide(attempt, attempt.pairing.refused())

    async def _note(self, what: DeviceEvent, *, detail: str = "") -> None:
        await asyncio.to_thread(self._log.note, what, detail=detail)


def _decide(attempt: _Attempt, message: Message) -> None:
    if not attempt.decided.done():
        attempt.decided.set_result(message)


async def _decision(connection: Connection, attempt: _Attempt) -> Message:
    """What the owner decides. Raises ConnectionLostError if the device leaves first, WireError if it says something."""
    leaving = asyncio.ensure_future(connection.read())
    try:
        waits: set[asyncio.Future[Any]] = {leaving, attempt.decided}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if attempt.decided.done():
            return attempt.decided.result()
        if leaving.result() is None:
            raise ConnectionLostError("the device went away")
        raise WireError("The device said something out of turn.")
    finally:
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionLostError, WireError):
            await leaving


async def _say(connection: Connection, message: Message) -> None:
    kind, fields = message
    await connection.write(Frame(kind, fields))
    if kind in {"pair-refused", "pair-done"}:
        await connection.close()
