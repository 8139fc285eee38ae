"""The API of satellites, for those who may pair and revoke them, and announcements. It translates; registry, desk and hub decide.

There is no route that unmutes: only the device itself can.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, Path

from earwitness.domain.device import Device, DeviceEvent, DeviceKind, PairingState
from earwitness.domain.quiet import Quiet
from earwitness.domain.satellite import Announcement
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices
from earwitness.web import device_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Desk(Protocol):
    """The pairing, as the owner works it."""

    def desk(self) -> PairingState: ...

    async def open(self) -> PairingState: ...

    async def close(self) -> PairingState: ...

    async def refuse(self, waiting_id: str) -> PairingState: ...

    async def confirm(
        self, code: str, *, name: str, area: str | None = None, voice: str | None = None, by: str | None = None
    ) -> Device: ...


class Satellites(Protocol):
    """The satellites that are connected."""

    def is_muted(self, device_id: str) -> bool | None: ...

    def wish_mute(self, device_id: str) -> bool: ...

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement: ...


class ForeignStatus(Protocol):
    """How it stands with one satellite of another make."""

    @property
    def is_here(self) -> bool: ...

    @property
    def is_encrypted(self) -> bool: ...

    @property
    def sentence(self) -> str: ...


class Foreign(Protocol):
    """The satellites of other makes that we connect to."""

    def status(self, device_id: str) -> ForeignStatus | None: ...


def devices_router(
    devices: Devices,
    *,
    device_log: DeviceLog,
    desk: Desk,
    satellites: Satellites,
    rooms: Callable[[], Sequence[str]],
    foreign: Foreign | None = None,
    trusted_interface: str | None = None,
    warnings: Sequence[str] = (),
    quiet: Callable[[], Sequence[Quiet]] = tuple,
) -> APIRouter:
    """The routes under /api/v1/devices and /api/v1/announce. `rooms` gives the rooms of the home, `warnings` what is to stay
    visible beside the satellites, `quiet` where nobody wants to be disturbed (it may block)."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_pairing(router, device_log, desk=desk)
    _add_devices(router, devices, device_log=device_log, satellites=satellites)

    @router.get("/devices")
    async def everything() -> shapes.DevicesShape:
        """Every satellite, the rooms, and how the pairing stands."""
        found = await asyncio.to_thread(devices.all)
        away = await asyncio.to_thread(device_log.last_of_each, DeviceEvent.WENT_AWAY_IN_MID_WORD)
        spared = await asyncio.to_thread(quiet)
        listed = [
            _shape(one, satellites=satellites).model_copy(
                update={
                    "went_away_in_mid_word_at": away[one.device_id].at if one.device_id in away else None,
                    "is_quiet": any(wish.is_at(area=one.area, device_id=one.device_id) for wish in spared),
                }
                | _standing(None if foreign is None else foreign.status(one.device_id))
            )
            for one in found
        ]
        return shapes.DevicesShape(
            devices=listed,
            rooms=list(rooms()),
            pairing=_pairing(desk.desk()),
            trusted_interface=trusted_interface,
            warnings=list(warnings),
        )

    @router.post("/announce")
    async def announce(given: shapes.NewAnnouncement) -> shapes.AnnouncedShape:
        """Say something on every satellite, or on those of one room; answers with where it was confirmed, within five seconds."""
        told_where = await satellites.announce(given.text, area=given.area)
        return shapes.AnnouncedShape(
            confirmed=[station.name for station in told_where.confirmed],
            unconfirmed=[station.name for station in told_where.unconfirmed],
            quiet=[station.name for station in told_where.quiet],
        )

    return router


def _add_pairing(router: APIRouter, device_log: DeviceLog, *, desk: Desk) -> None:
    @router.get("/devices/log")
    async def log() -> shapes.DeviceLogShape:
        """What happened to satellites and the pairing lately, the newest first."""
        found = await asyncio.to_thread(device_log.latest, limit=200)
        entries = [
            shapes.DeviceEntryShape(at=one.at, what=one.what.value, device_id=one.device_id, detail=one.detail) for one in found
        ]
        return shapes.DeviceLogShape(entries=entries)

    @router.get("/devices/pairing")
    async def pairing() -> shapes.PairingShape:
        """How the pairing stands, and which devices wait. Codes are shown by the devices alone."""
        return _pairing(desk.desk())

    @router.post("/devices/pairing")
    async def open_pairing() -> shapes.PairingShape:
        """Let devices ask to be paired for five minutes."""
        return _pairing(await desk.open())

    @router.delete("/devices/pairing")
    async def close_pairing() -> shapes.PairingShape:
        """Let no device ask any more; those that wait are refused."""
        return _pairing(await desk.close())

    @router.post("/devices/pairing/confirmation", status_code=201)
    async def confirm(given: shapes.Confirmation, person: Me) -> shapes.PairedShape:
        """Pair the device that shows this code. Three wrong codes close the pairing."""
        made = await desk.confirm(given.code, name=given.name, area=given.area, voice=given.voice, by=person.person_id)
        return shapes.PairedShape(device_id=made.device_id, name=made.name)

    @router.delete("/devices/pairing/waiting/{waiting_id}")
    async def refuse(waiting_id: Id) -> shapes.PairingShape:
        """Send one waiting device away."""
        return _pairing(await desk.refuse(waiting_id))


def _add_devices(router: APIRouter, devices: Devices, *, device_log: DeviceLog, satellites: Satellites) -> None:
    @router.post("/devices/foreign", status_code=201)
    async def add_foreign(given: shapes.ForeignDevice, person: Me) -> shapes.DeviceShape:
        """Add a satellite that speaks Wyoming or ESPHome."""
        made = await asyncio.to_thread(_add_foreign, devices, given, device_log=device_log, by=person.person_id)
        return _shape(made, satellites=satellites)

    @router.patch("/devices/{device_id}")
    async def change(device_id: Id, given: shapes.DeviceChange) -> shapes.DeviceShape:
        """Rename or move a satellite, or give it another voice; it learns it at once."""
        changed = await asyncio.to_thread(_change, devices, device_id, given=given, device_log=device_log)
        return _shape(changed, satellites=satellites)

    @router.post("/devices/{device_id}/mute")
    async def mute(device_id: Id) -> shapes.DeviceShape:
        """Ask a satellite to mute itself, now or when it next comes. Only the device can undo it."""
        wished = await asyncio.to_thread(devices.wish_mute, device_id)
        await asyncio.to_thread(device_log.note, DeviceEvent.MUTE_WISHED, device_id=device_id)
        satellites.wish_mute(device_id)
        return _shape(wished, satellites=satellites)

    @router.delete("/devices/{device_id}")
    async def revoke(device_id: Id) -> shapes.DeviceShape:
        """Never let a satellite in again; its session ends at once."""
        gone = await asyncio.to_thread(devices.revoke, device_id)
        await asyncio.to_thread(device_log.note, DeviceEvent.REVOKED, device_id=device_id, detail=gone.name)
        return _shape(gone, satellites=satellites)


def _add_foreign(devices: Devices, given: shapes.ForeignDevice, *, device_log: DeviceLog, by: str) -> Device:
    made = devices.add(
        given.name,
        kind=DeviceKind(given.kind),
        area=given.area,
        voice=given.voice,
        place=given.place,
        secret=given.secret,
        paired_by=by,
    )
    device_log.note(DeviceEvent.PAIRED, device_id=made.device_id, detail=made.name)
    return made


def _change(devices: Devices, device_id: str, *, given: shapes.DeviceChange, device_log: DeviceLog) -> Device:
    if given.name is not None:
        devices.rename(device_id, given.name)
    if "area" in given.model_fields_set:
        devices.move(device_id, given.area)
    if "voice" in given.model_fields_set:
        devices.give_voice(device_id, given.voice)
    device_log.note(DeviceEvent.CHANGED, device_id=device_id)
    return devices.find(device_id)


def _pairing(state: PairingState) -> shapes.PairingShape:
    waiting = [shapes.WaitingShape(waiting_id=one.waiting_id, name=one.name) for one in state.waiting]
    return shapes.PairingShape(is_open=state.is_open, closes_in_seconds=round(state.closes_in_seconds, 1), waiting=waiting)


def _standing(status: ForeignStatus | None) -> dict[str, object]:
    """What is known of a satellite of another make while this server runs; nothing for one of ours."""
    if status is None:
        return {}
    return {"is_connected": status.is_here, "is_encrypted": status.is_encrypted, "problem": status.sentence}


def _shape(one: Device, *, satellites: Satellites) -> shapes.DeviceShape:
    muted_now = satellites.is_muted(one.device_id)
    return shapes.DeviceShape(
        device_id=one.device_id,
        kind=one.kind.value,
        name=one.name,
        area=one.area,
        voice=one.voice,
        place=one.place,
        is_connected=muted_now is not None,
        is_muted=one.is_muted if muted_now is None else muted_now,
        is_mute_wished=one.is_mute_wished,
        paired_at=one.paired_at,
        seen_at=one.seen_at,
        certificate_ends_at=one.certificate_ends_at,
        went_away_in_mid_word_at=None,
        revoked_at=one.revoked_at,
    )
