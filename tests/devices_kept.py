"""Satellites and phones of a household that keeps: their registries, pairing and routes are real; none is connected.

The tunnel's interface cannot be made, so that no test changes the network of the machine.
"""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter

from earwitness.config import RemoteSettings
from earwitness.domain.errors import RemoteError
from earwitness.people.account_log import AccountLog
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices
from earwitness.people.remotes import Remotes
from earwitness.remote.remote import Remote
from earwitness.remote.tunnel import PeerStatus, Tunnel
from earwitness.server.pairing_desk import PairingDesk
from earwitness.server.satellites import Satellites
from earwitness.storage.database import Database
from earwitness.trust.authority import Authority
from earwitness.web.devices_api import devices_router
from earwitness.web.remote_api import remote_router

SETTINGS = RemoteSettings(endpoint="home.example.org", interface="ewnosuch")


class NoTunnel(Tunnel):
    """An interface on a machine without WireGuard."""

    def up(self, profile: str, *, addresses: object) -> None:
        raise RemoteError("`wg` is not here: install the package wireguard-tools.", code="remote.no_tool")

    def change(self, profile: str) -> None:
        self.up(profile, addresses=())

    def down(self) -> None:
        """There is none."""

    def peers(self) -> tuple[PeerStatus, ...]:
        return ()


def device_routers(database: Database, folder: Path, *, clock: Callable[[], datetime], log: AccountLog) -> list[APIRouter]:
    """The routes of satellites and of phones that are away, put together as `serve` does."""
    devices, device_log = Devices(database, clock=clock), DeviceLog(database, clock=clock)
    authority = Authority(folder / "keys", clock=clock)
    desk = PairingDesk(devices=devices, device_log=device_log, authority=authority, certificate=lambda: b"", clock=time.monotonic)
    remote = Remote(Remotes(database, clock=clock), keys_folder=folder / "keys", settings=SETTINGS, log=log)
    remote.tunnel = NoTunnel(SETTINGS.interface)
    return [
        devices_router(devices, device_log=device_log, desk=desk, satellites=Satellites(), rooms=lambda: ["Den", "Kitchen"]),
        remote_router(remote, settings=SETTINGS, page_port=8765),
    ]
