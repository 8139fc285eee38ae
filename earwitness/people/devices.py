"""The satellites of the household, paired and revoked. Owns the table `devices`; keys and certificates are made elsewhere.

A revoked device stays listed, its key is refused, and its name is free again. Who subscribes is told of each change in the
thread that made it, so that a revocation ends a running session at once. Calls block.
"""

import base64
import logging
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.device import Device, DeviceKind
from earwitness.domain.errors import DeviceError, StorageError, VaultError
from earwitness.storage.database import Database
from earwitness.storage.household import devices
from earwitness.storage.moments import moment
from earwitness.telemetry import log

MOST_DEVICES: Final = 200
"""In use at once."""
MOST_REVOKED: Final = 1000
"""Revoked ones that are still listed; beyond, the oldest leave the list. Their certificates ended long before."""
LONGEST_NAME: Final = 64
LONGEST_PLACE: Final = 300
SEALED: Final = "sealed:"
"""Before a foreign satellite's key that is sealed, in Base64: no key of ESPHome has a colon."""
_LOCK: Final = 7301
_logger: Final = logging.getLogger(__name__)


class Safe(Protocol):
    """What seals the keys of foreign satellites (vault.safe.Safe)."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def discard(self, drawer: str) -> None: ...


class Devices:
    """All satellites. `clock` gives aware datetimes; `safe` seals the keys of foreign ones, where there is one."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], safe: Callable[[], Safe] | None = None) -> None:
        self._database = database
        self._clock = clock
        self._safe = safe
        self._subscribers: dict[object, Callable[[Device], None]] = {}

    def add(
        self,
        name: str,
        *,
        kind: DeviceKind,
        area: str | None = None,
        voice: str | None = None,
        key_digest: bytes | None = None,
        certificate_ends_at: datetime | None = None,
        place: str | None = None,
        secret: str | None = None,
        paired_by: str | None = None,
        device_id: str | None = None,
    ) -> Device:
        """Take a satellite in, under `device_id` (`new_device_id`) or a new id.

        Raises DeviceError: device.exists for a name or key that is taken, device.invalid, device.too_many; StorageError.
        """
        shown, key = _name(name)
        if (kind is DeviceKind.SATELLITE) != (key_digest is not None) or (kind is DeviceKind.SATELLITE) != (place is None):
            raise DeviceError("A satellite of ours has a key, a foreign one a place.", code="device.invalid")
        if key_digest is not None and len(key_digest) != 32:
            raise DeviceError("A key's digest is 32 bytes long.", code="device.invalid")
        row: dict[str, Any] = {
            "device_id": device_id or new_device_id(),
            "kind": kind.value,
            "name": shown,
            "name_key": key,
            "area": _short(area, "room"),
            "voice": _short(voice, "voice"),
            "key_digest": key_digest,
            "certificate_ends_at": certificate_ends_at.timestamp() if certificate_ends_at else None,
            "place": _short(place, "place", longest=LONGEST_PLACE),
            "secret": None,
            "paired_at": self._clock().timestamp(),
            "paired_by": paired_by,
        }
        if shown_secret := _short(secret, "key", longest=LONGEST_PLACE):
            row["secret"] = self._sealed(row["device_id"], shown_secret)
        with self._database.writing(lock=_LOCK) as connection:
            self._make_room(connection)
            _refuse_taken_name(connection, key)
            if key_digest is not None and _row_of_key(connection, key_digest) is not None:
                raise DeviceError("That key was paired before: the device must make a new one.", code="device.exists")
            connection.execute(sa.insert(devices).values(row))
        return self._tell(row["device_id"])

    def find(self, device_id: object) -> Device:
        """The device with that id, revoked or not. Raises DeviceError if there is none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(devices).where(devices.c.device_id == device_id)).one_or_none()
        if row is None:
            raise _unknown()
        return _device(row)

    def attended(self) -> tuple[Device, ...]:
        """The foreign satellites in use, with their keys opened; one whose key does not open (any more) is left out, so that the
        others go on. Raises StorageError."""
        found: list[Device] = []
        for one in self.all(with_revoked=False):
            if one.kind is not DeviceKind.SATELLITE:
                try:
                    found.append(replace(one, secret=self.secret_of(one)))
                except VaultError as error:
                    log(_logger, "satellite left out", level=logging.WARNING, code=error.code)
        return tuple(found)

    def secret_of(self, device: Device) -> str | None:
        """The key of a foreign satellite, opened; one that lies in plain, from before keys were sealed, is sealed now, and none
        of it is left in the database's files.

        Raises VaultError, StorageError.
        """
        if device.secret is None or self._safe is None:
            return device.secret
        if device.secret.startswith(SEALED):
            sealed = base64.b64decode(device.secret.removeprefix(SEALED))
            return self._safe().open(sealed, drawer=_drawer(device.device_id), row_id="secret").decode()
        where = (devices.c.device_id == device.device_id, devices.c.secret == device.secret)
        with self._database.writing(lock=_LOCK) as connection:
            connection.execute(sa.update(devices).where(*where).values(secret=self._sealed(device.device_id, device.secret)))
        try:
            self._database.scrub([device.secret.encode()])
        except StorageError as error:
            log(_logger, "key not scrubbed", level=logging.WARNING, code=error.code)
        return device.secret

    def _sealed(self, device_id: str, secret: str) -> str:
        if self._safe is None:
            return secret
        sealed = self._safe().seal(secret.encode(), drawer=_drawer(device_id), row_id="secret")
        return SEALED + base64.b64encode(sealed).decode()

    def by_key(self, key_digest: bytes) -> Device:
        """The device whose public key that is. Raises DeviceError: device.unknown, or device.revoked."""
        with self._database.reading() as connection:
            row = _row_of_key(connection, key_digest)
        if row is None:
            raise _unknown()
        if row.revoked_at is not None:
            raise DeviceError("This device was taken out of the household; pair it again to use it.", code="device.revoked")
        return _device(row)

    def all(self, *, with_revoked: bool = True) -> tuple[Device, ...]:
        """Every device: those in use by name, then the revoked, the last one first."""
        found = sa.select(devices).order_by(devices.c.revoked_at.is_not(None), devices.c.revoked_at.desc(), devices.c.name)
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return tuple(_device(row) for row in rows if with_revoked or row.revoked_at is None)

    def rename(self, device_id: str, name: str) -> Device:
        """Give it another name. Raises DeviceError: device.exists, device.invalid, device.unknown, device.revoked."""
        shown, key = _name(name)
        return self._change(device_id, name=shown, name_key=key)

    def move(self, device_id: str, area: str | None) -> Device:
        """Say in which room it stands; None: nobody knows. Raises DeviceError."""
        return self._change(device_id, area=_short(area, "room"))

    def give_voice(self, device_id: str, voice: str | None) -> Device:
        """Choose the voice that it speaks with; None: the household's. Raises DeviceError."""
        return self._change(device_id, voice=_short(voice, "voice"))

    def note_mute(self, device_id: str, *, is_muted: bool) -> Device:
        """Note what the device says of itself; muting answers a wish. Raises DeviceError."""
        return self._change(device_id, is_muted=is_muted, **({"is_mute_wished": False} if is_muted else {}))

    def wish_mute(self, device_id: str) -> Device:
        """Ask it to mute, now or when it next comes; there is no wish to unmute. Raises DeviceError."""
        return self._change(device_id, is_mute_wished=True)

    def note_seen(self, device_id: str) -> Device:
        """Note that it is here now. Raises DeviceError."""
        return self._change(device_id, seen_at=self._clock().timestamp())

    def renewed(self, device_id: str, *, key_digest: bytes, certificate_ends_at: datetime) -> Device:
        """Note its new certificate, and key if it made a new one. Raises DeviceError."""
        if len(key_digest) != 32:
            raise DeviceError("A key's digest is 32 bytes long.", code="device.invalid")
        return self._change(device_id, key_digest=key_digest, certificate_ends_at=certificate_ends_at.timestamp())

    def revoke(self, device_id: str) -> Device:
        """Refuse it from now on, for ever; a revoked one is fine. Subscribers have been told when this returns.

        Raises DeviceError: device.unknown; StorageError."""
        with self._database.writing(lock=_LOCK) as connection:
            row = connection.execute(sa.select(devices).where(devices.c.device_id == device_id)).one_or_none()
            if row is None:
                raise _unknown()
            if row.revoked_at is not None:
                return _device(row)
            gone = {"revoked_at": self._clock().timestamp(), "name_key": f"\n{device_id}", "secret": None}
            connection.execute(sa.update(devices).where(devices.c.device_id == device_id).values(gone))
        if row.secret is not None and self._safe is not None:
            self._safe().discard(_drawer(device_id))
        return self._tell(device_id)

    def subscribe(self, callback: Callable[[Device], None]) -> Callable[[], None]:
        """Call `callback` with each device after it changed, in the thread that changed it; returns how to unsubscribe.

        Changes that another process makes go unnoticed; `by_key` sees them at the next handshake."""
        token = object()
        self._subscribers[token] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(token, None)

        return unsubscribe

    def _change(self, device_id: str, **values: object) -> Device:
        with self._database.writing(lock=_LOCK) as connection:
            row = connection.execute(sa.select(devices).where(devices.c.device_id == device_id)).one_or_none()
            if row is None:
                raise _unknown()
            if row.revoked_at is not None:
                raise DeviceError("This device was taken out of the household.", code="device.revoked")
            if "name_key" in values:
                _refuse_taken_name(connection, str(values["name_key"]), but=device_id)
            key_digest = values.get("key_digest")
            if isinstance(key_digest, bytes):
                holder = _row_of_key(connection, key_digest)
                if holder is not None and holder.device_id != device_id:
                    raise DeviceError("Another device has that key.", code="device.exists")
            connection.execute(sa.update(devices).where(devices.c.device_id == device_id).values(values))
        return self._tell(device_id)

    def _make_room(self, connection: sa.Connection) -> None:
        in_use, gone = devices.c.revoked_at.is_(None), devices.c.revoked_at.is_not(None)
        if connection.execute(sa.select(sa.func.count()).where(in_use)).scalar_one() >= MOST_DEVICES:
            raise DeviceError(f"A household has at most {MOST_DEVICES} satellites.", code="device.too_many")
        old = sa.select(devices.c.device_id).where(gone).order_by(devices.c.revoked_at.desc()).offset(MOST_REVOKED)
        ids = list(connection.execute(old.limit(MOST_DEVICES)).scalars())
        if ids:
            connection.execute(sa.delete(devices).where(devices.c.device_id.in_(ids)))

    def _tell(self, device_id: str) -> Device:
        device = self.find(device_id)
        for callback in tuple(self._subscribers.values()):
            callback(device)
        return device


def new_device_id() -> str:
    """A random id, to be put into a certificate before the device is added."""
    return secrets.token_hex(16)


def _row_of_key(connection: sa.Connection, key_digest: bytes) -> Any:
    return connection.execute(sa.select(devices).where(devices.c.key_digest == key_digest)).one_or_none()


def _refuse_taken_name(connection: sa.Connection, key: str, *, but: str | None = None) -> None:
    holder = connection.execute(sa.select(devices.c.device_id).where(devices.c.name_key == key)).scalar()
    if holder is not None and holder != but:
        raise DeviceError("There is a device of that name already; choose another.", code="device.exists")


def _name(name: str) -> tuple[str, str]:
    """How a name is shown, and how it is compared. Raises DeviceError."""
    shown = " ".join(unicodedata.normalize("NFC", name).split()) if _is_text(name) else ""
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise DeviceError(f"A device's name has 1 to {LONGEST_NAME} letters, digits and spaces.", code="device.invalid")
    return shown, unicodedata.normalize("NFKC", shown).casefold()


def _short(text: str | None, what: str, *, longest: int = LONGEST_NAME) -> str | None:
    if text is not None and not (_is_text(text) and 0 < len(text) <= longest and text.isprintable()):
        raise DeviceError(f"The {what} of a device has 1 to {longest} characters.", code="device.invalid")
    return text


def _is_text(text: str) -> bool:
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _drawer(device_id: str) -> str:
    return f"device/{device_id}"


def _unknown() -> DeviceError:
    return DeviceError("There is no such device here: pair it first.")


def _device(row: Any) -> Device:
    return Device(
        device_id=row.device_id,
        kind=DeviceKind(row.kind),
        name=row.name,
        area=row.area,
        voice=row.voice,
        key_digest=row.key_digest,
        certificate_ends_at=moment(row.certificate_ends_at),
        place=row.place,
        secret=row.secret,
        paired_at=moment(row.paired_at),
        paired_by=row.paired_by,
        seen_at=moment(row.seen_at),
        is_muted=bool(row.is_muted),
        is_mute_wished=bool(row.is_mute_wished),
        revoked_at=moment(row.revoked_at),
    )
