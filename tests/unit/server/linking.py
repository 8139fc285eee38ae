"""A real device listener on a real TLS port around the real conversation, with simulated satellites that are really paired."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.simulated_satellite import SimulatedSatellite
from earwitness.domain.audio import Pcm
from earwitness.domain.device import Device, DeviceEvent, DeviceKind
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices, new_device_id
from earwitness.server.device_door import first_certificate
from earwitness.server.device_listener import DeviceListener
from earwitness.server.listen import Address, bind
from earwitness.server.pairing_desk import PairingDesk
from earwitness.server.roster import DeviceRoster
from earwitness.server.satellites import Satellites
from earwitness.storage.database import Database
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import key_digest_of
from earwitness.trust.identity import Identity
from earwitness.trust.tls import device_client_context, device_server_context
from earwitness.turn.ports import Keeper
from earwitness.turn.workers import Workers
from tests.fakes import tone
from tests.unit.server.serving import LampHouse, make_assistant


def utc_now() -> datetime:
    return datetime.now(UTC)


async def until(claim: Callable[[], bool]) -> None:
    """Wait until it is true; fails after half a minute."""
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(claim):
            pass


@dataclass
class Linked:
    """A running listener and what stands behind it."""

    folder: Path
    port: int
    authority: Authority
    devices: Devices
    device_log: DeviceLog
    satellites: Satellites
    listener: DeviceListener
    desk: PairingDesk
    house: LampHouse
    running: asyncio.Task[None]
    """The listener's; cancelled, it stops."""
    made: list[SimulatedSatellite] = field(default_factory=list)

    def pair(self, name: str, *, area: str | None = None) -> tuple[Device, Identity]:
        """A device that was paired before."""
        identity = Identity(self.folder / name)
        device_id = new_device_id()
        certificate = self.authority.device_certificate(identity.public_key, device_id=device_id)
        identity.join(certificate.pem, household=self.authority.certificate_pem)
        device = self.devices.add(
            name,
            kind=DeviceKind.SATELLITE,
            area=area,
            key_digest=certificate.key_digest,
            certificate_ends_at=certificate.ends_at,
            device_id=device_id,
        )
        return device, identity

    def satellite(self, identity: Identity, **options: Any) -> SimulatedSatellite:
        """A simulated satellite with that identity, not connected yet."""
        made = SimulatedSatellite(host="127.0.0.1", port=self.port, tls=device_client_context(identity), **options)
        self.made.append(made)
        return made

    async def join(self, name: str, *, area: str | None = None, muted: bool = False) -> tuple[Device, SimulatedSatellite]:
        """Pair and connect a satellite; it has been welcomed."""
        device, identity = self.pair(name, area=area)
        satellite = self.satellite(identity)
        await satellite.connect()
        await satellite.greet(muted=muted)
        await satellite.wait_for("alarms")
        return device, satellite

    async def until_logged(self, what: DeviceEvent, device_id: str | None) -> None:
        await until(lambda: any(entry.what is what for entry in self.device_log.latest(device_id=device_id)))


def _soon(loop: asyncio.AbstractEventLoop, listener: DeviceListener, device: Device) -> None:
    loop.call_soon_threadsafe(listener.changed, device)


@asynccontextmanager
async def linking(
    folder: Path,
    *,
    keeper: Keeper | None = None,
    **options: Any,
) -> AsyncIterator[Linked]:
    """Listen on a free loopback port until the block ends."""
    database = Database(folder / "household.db", chain="household")
    devices, device_log = Devices(database, clock=utc_now), DeviceLog(database, clock=utc_now)
    authority = Authority(folder / "keys", clock=utc_now)
    files = authority.server_files(["127.0.0.1"])
    tls = device_server_context(*files, household_pem=authority.certificate_pem)
    satellites = Satellites(**options)
    desk = PairingDesk(
        devices=devices,
        device_log=device_log,
        authority=authority,
        certificate=lambda: first_certificate(files[0]),
        clock=time.monotonic,
    )
    with Workers() as workers:
        assistant, house = make_assistant(workers, keeper=keeper)
        listener = DeviceListener(
            tls=lambda: tls,
            key_digest_of=key_digest_of,
            assistant=assistant,
            satellites=satellites,
            roster=DeviceRoster(devices, device_log=device_log, authority=authority),
            pair=desk.meet,
            away_sound=lambda text, voice: [Pcm(data=tone(0.1))],
        )
        socket = bind(Address(port=0))
        running = asyncio.create_task(listener.run(socket))
        port = socket.getsockname()[1]
        linked = Linked(folder, port, authority, devices, device_log, satellites, listener, desk, house, running)
        loop = asyncio.get_running_loop()
        unsubscribe = devices.subscribe(lambda device: None if loop.is_closed() else _soon(loop, listener, device))
        try:
            yield linked
        finally:
            for satellite in linked.made:
                with suppress(OSError):
                    await satellite.close()
            unsubscribe()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            database.close()
