"""The registry of satellites, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.device import Device, DeviceKind
from earwitness.domain.errors import DeviceError, VaultError
from earwitness.people import devices as module
from earwitness.people.devices import Devices, new_device_id
from earwitness.storage.database import Database
from tests.houses_kept import NOON, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def anywhere(either: Database, clock: Clock) -> Devices:
    """On SQLite and on PostgreSQL."""
    return Devices(either, clock=clock)


@pytest.fixture
def devices(tmp_path: Path, clock: Clock) -> Iterator[Devices]:
    made = Database(tmp_path / "household.db", chain="household")
    yield Devices(made, clock=clock)
    made.close()


def add(devices: Devices, name: str, *, key: int = 1, **more: Any) -> Device:
    return devices.add(name, kind=DeviceKind.SATELLITE, key_digest=bytes([key]) * 32, certificate_ends_at=NOON, **more)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(DeviceError) as raised:
        act()
    return raised.value.code


def test_a_device_is_added_and_found(devices: Devices) -> None:
    device_id = new_device_id()
    kitchen = add(devices, "  Kitchen \t top ", area="kitchen", paired_by="f" * 32, device_id=device_id)
    assert (kitchen.device_id, kitchen.name, kitchen.area, kitchen.paired_at) == (device_id, "Kitchen top", "kitchen", NOON)
    assert (kitchen.voice, kitchen.seen_at, kitchen.is_muted, kitchen.is_mute_wished, kitchen.is_revoked) == (
        None, None, False, False, False,
    )  # fmt: skip
    assert devices.find(device_id) == devices.by_key(bytes([1]) * 32) == kitchen
    assert devices.all() == (kitchen,)


def test_foreign_devices_have_a_place_and_their_key_is_not_shown(devices: Devices) -> None:
    found = devices.add("Hall", kind=DeviceKind.ESPHOME, place="10.0.0.7:6053", secret="c2VjcmV0")
    devices.add("Loft", kind=DeviceKind.WYOMING, place="[fd00::7]:10700")
    assert (found.place, found.secret, found.key_digest) == ("10.0.0.7:6053", "c2VjcmV0", None)
    assert "c2VjcmV0" not in repr(found)
    assert code_of(lambda: devices.add("A", kind=DeviceKind.WYOMING)) == "device.invalid"
    assert code_of(lambda: devices.add("A", kind=DeviceKind.SATELLITE, place="x:1", key_digest=bytes(32))) == "device.invalid"
    assert code_of(lambda: devices.add("A", kind=DeviceKind.SATELLITE)) == "device.invalid"
    assert code_of(lambda: devices.add("A", kind=DeviceKind.SATELLITE, key_digest=bytes(31))) == "device.invalid"


def test_names_and_keys_are_unique(anywhere: Devices) -> None:
    kitchen = add(anywhere, "Kitchen")
    assert code_of(lambda: add(anywhere, "KITCHEN", key=2)) == "device.exists"
    assert code_of(lambda: add(anywhere, "Hall", key=1)) == "device.exists"
    hall = add(anywhere, "Hall", key=2)
    assert code_of(lambda: anywhere.rename(hall.device_id, "kitchen")) == "device.exists"
    assert anywhere.rename(kitchen.device_id, "KITCHEN").name == "KITCHEN"
    assert [one.name for one in anywhere.all()] == ["Hall", "KITCHEN"]
    ending = NOON + timedelta(days=90)
    assert (
        code_of(lambda: anywhere.renewed(hall.device_id, key_digest=bytes([1]) * 32, certificate_ends_at=ending))
        == "device.exists"
    )
    renewed = anywhere.renewed(hall.device_id, key_digest=bytes([3]) * 32, certificate_ends_at=ending)
    assert renewed.certificate_ends_at == ending
    assert code_of(lambda: anywhere.by_key(bytes([2]) * 32)) == "device.unknown"
    assert anywhere.by_key(bytes([3]) * 32) == renewed


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\x1bb", "\ud800"])
def test_a_name_that_is_none_is_refused(devices: Devices, name: str) -> None:
    assert code_of(lambda: add(devices, name)) == "device.invalid"


def test_rooms_voices_and_sightings_change(devices: Devices, clock: Clock) -> None:
    device_id = add(devices, "Kitchen", area="kitchen").device_id
    assert devices.move(device_id, None).area is None
    assert devices.move(device_id, "hall").area == "hall"
    assert devices.give_voice(device_id, "heart").voice == "heart"
    clock.now += timedelta(minutes=5)
    assert devices.note_seen(device_id).seen_at == clock.now
    assert code_of(lambda: devices.move(device_id, "x" * 65)) == "device.invalid"
    assert code_of(lambda: devices.move("nobody", None)) == "device.unknown"


def test_muting_is_wished_here_and_done_there(devices: Devices) -> None:
    device_id = add(devices, "Kitchen").device_id
    wished = devices.wish_mute(device_id)
    assert (wished.is_muted, wished.is_mute_wished) == (False, True)
    still = devices.note_mute(device_id, is_muted=False)
    assert (still.is_muted, still.is_mute_wished) == (False, True)
    muted = devices.note_mute(device_id, is_muted=True)
    assert (muted.is_muted, muted.is_mute_wished) == (True, False)
    open_again = devices.note_mute(device_id, is_muted=False)
    assert (open_again.is_muted, open_again.is_mute_wished) == (False, False)


def test_a_revoked_device_stays_listed_and_is_refused(anywhere: Devices, clock: Clock) -> None:
    kitchen, hall = add(anywhere, "Kitchen"), add(anywhere, "Hall", key=2)
    gone = anywhere.revoke(kitchen.device_id)
    assert gone.revoked_at == clock.now
    clock.now += timedelta(hours=1)
    assert anywhere.revoke(kitchen.device_id) == gone
    assert code_of(lambda: anywhere.by_key(bytes([1]) * 32)) == "device.revoked"
    assert code_of(lambda: anywhere.wish_mute(kitchen.device_id)) == "device.revoked"
    assert code_of(lambda: anywhere.rename(kitchen.device_id, "Attic")) == "device.revoked"
    assert code_of(lambda: anywhere.revoke("nobody")) == "device.unknown"
    assert anywhere.all() == (hall, gone)
    assert anywhere.all(with_revoked=False) == (hall,)
    assert code_of(lambda: add(anywhere, "Kitchen", key=1)) == "device.exists", "the old key never comes back"
    again = add(anywhere, "Kitchen", key=3)
    assert anywhere.all() == (hall, again, gone)


def test_a_revoked_foreign_device_leaves_no_key_behind(devices: Devices) -> None:
    found = devices.add("Hall", kind=DeviceKind.ESPHOME, place="10.0.0.7:6053", secret="c2VjcmV0")
    assert devices.revoke(found.device_id).secret is None


def test_who_subscribes_is_told_before_the_revocation_returns(devices: Devices) -> None:
    told: list[Device] = []
    unsubscribe = devices.subscribe(told.append)
    kitchen = add(devices, "Kitchen")
    devices.revoke(kitchen.device_id)
    assert [(one.device_id, one.is_revoked) for one in told] == [(kitchen.device_id, False), (kitchen.device_id, True)]
    devices.revoke(kitchen.device_id)
    assert len(told) == 2, "nothing changed"
    unsubscribe()
    unsubscribe()
    add(devices, "Hall", key=2)
    assert len(told) == 2


def test_a_household_has_at_most_so_many(devices: Devices, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DEVICES", 3)
    monkeypatch.setattr(module, "MOST_REVOKED", 2)
    made = [add(devices, f"Number {number}", key=number) for number in range(1, 4)]
    assert code_of(lambda: add(devices, "One more", key=4)) == "device.too_many"
    for number, device in enumerate(made):
        clock.now += timedelta(minutes=1)
        devices.revoke(device.device_id)
        add(devices, f"Other {number}", key=10 + number)
    clock.now += timedelta(minutes=1)
    devices.revoke(devices.by_key(bytes([10]) * 32).device_id)
    add(devices, "Last", key=20)
    revoked = [one.name for one in devices.all() if one.is_revoked]
    assert revoked == ["Other 0", "Number 3"]
    assert len(devices.all(with_revoked=False)) == 3


class Sealer:
    """A safe that only turns bits, and forgets drawers."""

    def __init__(self) -> None:
        self.gone: list[str] = []

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes:
        return f"{drawer}/{row_id}/".encode() + bytes(each ^ 7 for each in plain)

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes:
        if drawer in self.gone:
            raise VaultError("The key of this is gone.", code="vault.key_missing")
        return bytes(each ^ 7 for each in sealed.removeprefix(f"{drawer}/{row_id}/".encode()))

    def discard(self, drawer: str) -> None:
        self.gone.append(drawer)


def test_the_key_of_a_foreign_device_is_sealed_and_its_drawer_goes_with_it(tmp_path: Path, clock: Clock) -> None:
    safe, database = Sealer(), Database(tmp_path / "household.db", chain="household")
    before = Devices(database, clock=clock).add("Hall", kind=DeviceKind.ESPHOME, place="10.0.0.7:6053", secret="c2VjcmV0")
    devices = Devices(database, clock=clock, safe=lambda: safe)
    made = devices.add("Loft", kind=DeviceKind.ESPHOME, place="10.0.0.8:6053", secret="Z2VoZWlt")
    assert made.secret is not None
    assert "Z2VoZWlt" not in made.secret
    assert {one.name: one.secret for one in devices.attended()} == {"Hall": "c2VjcmV0", "Loft": "Z2VoZWlt"}
    stored = devices.find(before.device_id).secret
    assert stored is not None
    assert "c2VjcmV0" not in stored, "what lay in plain is sealed once it was used"
    assert not any(b"c2VjcmV0" in one.read_bytes() for one in tmp_path.glob("household.db*")), "nor is it left in the files"
    safe.discard(f"device/{before.device_id}")
    assert [one.name for one in devices.attended()] == ["Loft"], "one whose key is gone does not keep the others"
    safe.gone.clear()
    devices.revoke(made.device_id)
    assert safe.gone == [f"device/{made.device_id}"]
    assert [one.name for one in devices.attended()] == ["Hall"]
    database.close()
