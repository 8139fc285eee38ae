"""Renewals while the household's authority is being followed by another, and when all satellites count as renewed."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from earwitness.domain.device import Device, DeviceKind
from earwitness.domain.errors import WireError
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices, new_device_id
from earwitness.protocol.frames import Frame
from earwitness.satellite.server_words import read
from earwitness.server.roster import DeviceRoster, have_renewed
from earwitness.storage.database import Database
from earwitness.trust.authority import Authority
from earwitness.trust.identity import Identity
from tests.unit.trust.houses import Clock

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class Household:
    """A registry and an authority on one clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.database = Database(folder / "household.db", chain="household")
        self.devices = Devices(self.database, clock=self.clock)
        self.authority = Authority(folder / "keys", clock=self.clock)
        log = DeviceLog(self.database, clock=self.clock)
        self.roster = DeviceRoster(self.devices, device_log=log, authority=self.authority)

    def pair(self, name: str) -> tuple[Device, Identity]:
        identity, device_id = Identity(self.folder / name), new_device_id()
        made = self.authority.device_certificate(identity.public_key, device_id=device_id)
        identity.join(made.pem, household=self.authority.certificate_pem)
        self.clock.now += MINUTE
        device = self.devices.add(
            name,
            kind=DeviceKind.SATELLITE,
            key_digest=made.key_digest,
            certificate_ends_at=made.ends_at,
            device_id=device_id,
        )
        return device, identity

    async def renew(self, device: Device, identity: Identity) -> None:
        asked = {"public_key": b64encode(identity.public_key).decode()}
        said = read(Frame("renewed", dict(await self.roster.renew(device.device_id, asked)))).fields
        successor = said.get("successor")
        voucher = b64decode(str(said.get("voucher", "")))
        identity.renew(str(said["certificate"]), successor=None if successor is None else str(successor), voucher=voucher)


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path)
    yield made
    made.database.close()


async def test_the_successor_takes_over_once_every_satellite_has_renewed_and_was_here_since(household: Household) -> None:
    clock, devices, authority = household.clock, household.devices, household.authority
    den, hall = household.pair("Den"), household.pair("Hall")
    devices.add("Speaker", kind=DeviceKind.WYOMING, place="127.0.0.1:10700")
    clock.now += DAY
    authority.begin_succession()
    began = authority.succession
    assert began is not None
    clock.now += DAY
    late = household.pair("Late")
    for device, identity in (den, hall):
        assert not have_renewed(devices, began.made_at)
        await household.renew(device, identity)
        assert identity.household_path.read_text() == authority.trusted_pem
        devices.note_seen(device.device_id)
    clock.now += DAY
    for device, _ in (den, hall, late):
        devices.note_seen(device.device_id)
    assert not have_renewed(devices, began.made_at), "who was paired meanwhile knows the old one alone"
    await household.renew(*late)
    devices.note_seen(late[0].device_id)
    assert not have_renewed(devices, began.made_at), "it may not have got it"
    clock.now += DAY
    devices.note_seen(late[0].device_id)
    assert authority.tend(have_renewed=lambda since: have_renewed(devices, since))
    assert authority.certificate_pem == began.certificate
    await household.renew(*den)
    assert den[1].household_path.read_text() == began.certificate


async def test_one_that_was_taken_out_holds_up_nothing(household: Household) -> None:
    drawer, _ = household.pair("Drawer")
    household.authority.begin_succession()
    since = household.clock.now
    assert not have_renewed(household.devices, since)
    household.devices.revoke(drawer.device_id)
    assert have_renewed(household.devices, since)


@pytest.mark.parametrize("fields", [{"successor": "x"}, {"voucher": "x"}, {"successor": "x", "voucher": "y", "more": "z"}])
def test_half_a_succession_is_no_message(fields: dict[str, object]) -> None:
    with pytest.raises(WireError):
        read(Frame("renewed", {"certificate": "c", **fields}))
