"""Which satellites may come, from the registry of devices; what they do is noted there and in their log, off the event loop.

It stands between the listener and the database: a device is looked up at each handshake, so that a revocation by another process
holds too. It tells nobody why a key is refused beyond that it is.
"""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from earwitness.domain.device import DeviceEvent
from earwitness.domain.errors import DeviceError, TrustError
from earwitness.domain.satellite import Station
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices
from earwitness.server.device_listener import station_of
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import CERTIFICATE_LASTS

SETTLED: Final = timedelta(hours=1)
"""A device that is here so long after it got a certificate has it: an answer that was lost is asked for anew at once."""


def have_renewed(devices: Devices, since: datetime) -> bool:
    """Whether every satellite that may come renewed its certificate after that moment, and has it. Raises StorageError."""
    for device in devices.all(with_revoked=False):
        if device.certificate_ends_at is None:
            continue  # of another make: it has no certificate
        issued_at = device.certificate_ends_at - CERTIFICATE_LASTS
        if issued_at < max(since, device.paired_at) or device.seen_at is None or device.seen_at < issued_at + SETTLED:
            return False
    return True


class DeviceRoster:
    """The roster of one household (server.device_listener.Roster)."""

    def __init__(self, devices: Devices, *, device_log: DeviceLog, authority: Authority) -> None:
        self._devices = devices
        self._log = device_log
        self._authority = authority

    async def stations(self) -> tuple[Station, ...]:
        """Every satellite that may come. Raises StorageError."""
        found = await asyncio.to_thread(self._devices.all, with_revoked=False)
        return tuple(station_of(device) for device in found)

    async def station_of(self, key_digest: bytes) -> Station | None:
        """The paired satellite with that key; None if there is none or it was revoked. Raises StorageError."""
        try:
            found = await asyncio.to_thread(self._devices.by_key, key_digest)
        except DeviceError:
            return None
        return station_of(found)

    async def note_connected(self, device_id: str, *, is_muted: bool) -> bool:
        """Note that it came, and what it says of its mute; True if the page asked it to mute while it was away."""
        return await asyncio.to_thread(self._connected, device_id, is_muted)

    async def note_muted(self, device_id: str, *, is_muted: bool) -> None:
        """Note what the device says of its mute."""
        await asyncio.to_thread(self._muted, device_id, is_muted)

    async def note_left(self, device_id: str, *, is_in_mid_word: bool) -> None:
        """Note that it went away, and whether that was while somebody spoke to it."""
        await asyncio.to_thread(self._left, device_id, is_in_mid_word)

    async def note_refused(self, key_digest: bytes) -> None:
        """Note that somebody came with a key that is not, or no more, paired."""
        await asyncio.to_thread(self._refused, key_digest)

    async def renew(self, device_id: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """A new certificate for a device's key, from the fields of `renew` to those of `renewed`. Raises EarwitnessError."""
        return await asyncio.to_thread(self._renew, device_id, fields)

    def _connected(self, device_id: str, is_muted: bool) -> bool:
        self._devices.note_seen(device_id)
        found = self._devices.note_mute(device_id, is_muted=is_muted)
        self._log.note(DeviceEvent.CONNECTED, device_id=device_id)
        return found.is_mute_wished

    def _muted(self, device_id: str, is_muted: bool) -> None:
        self._devices.note_mute(device_id, is_muted=is_muted)
        self._log.note(DeviceEvent.MUTED if is_muted else DeviceEvent.UNMUTED, device_id=device_id)

    def _left(self, device_id: str, is_in_mid_word: bool) -> None:
        what = DeviceEvent.WENT_AWAY_IN_MID_WORD if is_in_mid_word else DeviceEvent.WENT_AWAY
        self._log.note(what, device_id=device_id)
        with contextlib.suppress(DeviceError):  # it may have been revoked
            self._devices.note_seen(device_id)

    def _refused(self, key_digest: bytes) -> None:
        self._log.note(DeviceEvent.REFUSED, detail=f"key {key_digest.hex()[:16]}")

    def _renew(self, device_id: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        text = fields.get("public_key")
        if fields.keys() != {"public_key"} or not isinstance(text, str):
            raise TrustError("A renewal has one field: public_key.", code="trust.key")
        try:
            spki = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise TrustError("The public key is not written in base64.", code="trust.key") from error
        succession = self._authority.succession
        made = self._authority.device_certificate(spki, device_id=device_id, knows_successor=succession is not None)
        self._devices.renewed(device_id, key_digest=made.key_digest, certificate_ends_at=made.ends_at)
        self._log.note(DeviceEvent.RENEWED, device_id=device_id)
        if succession is None:
            return {"certificate": made.pem}
        voucher = base64.b64encode(succession.voucher).decode("ascii")
        return {"certificate": made.pem, "successor": succession.certificate, "voucher": voucher}
