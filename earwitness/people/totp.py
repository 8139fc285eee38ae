"""Codes from a phone: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, as every authenticator does.

Owns the columns `totp_*` of `people`; secrets are sealed, each in its person's drawer. A code works once, and with it every
earlier one is used up. Calls block.
"""

import base64
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import pyotp
import sqlalchemy as sa

from earwitness.domain.errors import AccessError, PersonError, SettingsError, VaultError
from earwitness.people.rows import LOCK
from earwitness.storage.database import Database
from earwitness.storage.household import people
from earwitness.telemetry import log

STEP_SECONDS: Final = 30
WINDOW: Final = 1
DIGITS: Final = 6
ISSUER: Final = "Earwitness"
SEALED: Final = "sealed:"
"""Before a secret that is sealed, in Base64; base32 has no colon."""
SEALING: Final = "sealing:"
"""The same while the secret that lay there in plain may be left in the database's files."""
_ROW: Final = "totp"
_logger: Final = logging.getLogger(__name__)


class Safe(Protocol):
    """What seals the secrets (vault.safe.Safe)."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an authenticator is shown once: the secret in base32, and the same as an otpauth URI for a QR code."""

    secret: str
    uri: str


class Totps:
    """The codes of all people. `clock` gives aware datetimes; without a `safe` no code is turned on, and none is right."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], safe: Callable[[], Safe] | None = None) -> None:
        self._database = database
        self._clock = clock
        self._safe = safe

    def begin(self, person_id: str) -> Enrolment:
        """A new secret, which counts once a code of it was confirmed. Raises PersonError; AccessError: access.refused if codes
        are on already, access.no_key."""
        secret = pyotp.random_base32()
        with self._key_at_hand() as safe:
            sealed = _sealed(safe, person_id, secret)
        with self._database.writing(lock=LOCK) as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
            if row is None:
                raise PersonError("There is no such person here.")
            if row.totp_confirmed_at is not None:
                raise AccessError("Codes are on already; turn them off first.", code="access.refused")
            values = {"totp_secret": SEALED + sealed, "totp_step": 0}
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
        return Enrolment(secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=row.name, issuer_name=ISSUER))

    def confirm(self, person_id: str, code: str) -> None:
        """Turn codes on with a first one. Raises AccessError (access.wrong_code, access.no_key)."""
        if not self._use(person_id, code, is_on=False):
            raise AccessError("That code is not right; check your phone's clock and take the next one.", code="access.wrong_code")

    def use(self, person_id: str, code: str) -> bool:
        """Whether a code is right now and was not used yet; then it is used. The step before and the one after count too.

        Raises AccessError (access.no_key) where what may be a code cannot be checked."""
        return self._use(person_id, code, is_on=True)

    def is_on(self, person_id: str) -> bool:
        """Whether a sign-in with a passphrase needs a code."""
        with self._database.reading() as connection:
            query = sa.select(people.c.totp_confirmed_at).where(people.c.person_id == person_id)
            return connection.execute(query).scalar() is not None

    def remove(self, person_id: str) -> bool:
        """Turn codes off and forget the secret; whether they were on."""
        with self._database.writing(lock=LOCK) as connection:
            was_on = people.c.totp_confirmed_at.is_not(None)
            on = connection.execute(sa.select(people.c.person_id).where(people.c.person_id == person_id, was_on)).scalar()
            values = {"totp_secret": None, "totp_confirmed_at": None, "totp_step": 0}
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
        return on is not None

    def _use(self, person_id: str, code: str, *, is_on: bool) -> bool:
        given = "".join(code.split())
        if len(given) != DIGITS or not given.isdecimal():
            return False
        with self._key_at_hand() as safe, self._database.writing(lock=LOCK) as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
            if row is None or row.totp_secret is None or (row.totp_confirmed_at is not None) is not is_on:
                return False
            now = self._clock().timestamp()
            step = _step_of(given, secret=_opened(safe, person_id, row.totp_secret), now=now)
            if step is None or step <= row.totp_step:
                return False
            values: dict[str, object] = {"totp_step": step} if is_on else {"totp_step": step, "totp_confirmed_at": now}
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
        return True

    def seal_plain(self) -> None:
        """Seal the secrets that an earlier version left in plain, and leave nothing of them in the database's files.

        What it was killed in, or raised in, the next call ends. Raises AccessError (access.no_key), StorageError.
        """
        unfinished = (people.c.totp_secret.is_not(None), people.c.totp_secret.not_like(f"{SEALED}%"))
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(people.c.person_id, people.c.totp_secret).where(*unfinished)).all()
        if not rows:
            return
        with self._key_at_hand() as safe:
            plain = {row.person_id: _opened(safe, row.person_id, row.totp_secret) for row in rows}
            sealed = {person_id: _sealed(safe, person_id, secret) for person_id, secret in plain.items()}
        self._replace([(row.person_id, row.totp_secret, SEALING + sealed[row.person_id]) for row in rows])
        self._database.scrub([secret.encode() for secret in plain.values()])
        self._replace([(person_id, SEALING + one, SEALED + one) for person_id, one in sealed.items()])

    def _replace(self, each: Sequence[tuple[str, str, str]]) -> None:
        """Put for each person one stored text in the place of another; what was changed meanwhile stays."""
        with self._database.writing(lock=LOCK) as connection:
            for person_id, old, new in each:
                where = (people.c.person_id == person_id, people.c.totp_secret == old)
                connection.execute(sa.update(people).where(*where).values(totp_secret=new))

    @contextmanager
    def _key_at_hand(self) -> Iterator[Safe]:
        """The safe. What it raises for want of a key is said in one sentence to whoever wants in, who learns no place or file."""
        try:
            if self._safe is None:
                raise VaultError("Nothing is sealed here.", code="vault.key_missing")
            yield self._safe()
        except (VaultError, SettingsError) as error:
            log(_logger, "codes cannot be checked", level=logging.WARNING, code=error.code)
            raise AccessError(
                "Codes from a phone cannot be used while their key is not at hand: take a recovery code or a passkey, and tell "
                "whoever runs this machine.",
                code="access.no_key",
            ) from error


def _sealed(safe: Safe, person_id: str, secret: str) -> str:
    return base64.b64encode(safe.seal(secret.encode(), drawer=_drawer(person_id), row_id=_ROW)).decode()


def _opened(safe: Safe, person_id: str, stored: str) -> str:
    """A stored secret as authenticators know it; one from before secrets were sealed is that already."""
    if not stored.startswith((SEALED, SEALING)):
        return stored
    return safe.open(base64.b64decode(stored.partition(":")[2]), drawer=_drawer(person_id), row_id=_ROW).decode()


def _drawer(person_id: str) -> str:
    """As `vault.safe.drawers_of` has it for people."""
    return f"account/{person_id}"


def _step_of(code: str, *, secret: str, now: float) -> int | None:
    """The step of time that a code belongs to; None for a wrong one. Compares with all three, right or wrong."""
    totp, middle = pyotp.TOTP(secret, interval=STEP_SECONDS), int(now // STEP_SECONDS)
    steps = range(middle - WINDOW, middle + WINDOW + 1)
    right = [step for step in steps if pyotp.utils.strings_equal(code, totp.generate_otp(step))]
    return right[-1] if right else None
