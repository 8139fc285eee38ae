"""Codes from a phone: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, as every authenticator does.

Owns the columns `totp_*` of `people`. A code works once, and with it every earlier one is used up. Calls block.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyotp
import sqlalchemy as sa

from earwitness.domain.errors import AccessError, PersonError
from earwitness.people.rows import LOCK
from earwitness.storage.database import Database
from earwitness.storage.household import people

STEP_SECONDS: Final = 30
WINDOW: Final = 1
ISSUER: Final = "Earwitness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an authenticator is shown once: the secret in base32, and the same as an otpauth URI for a QR code."""

    secret: str
    uri: str


class Totps:
    """The codes of all people. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, person_id: str) -> Enrolment:
        """A new secret, which counts once a code of it was confirmed. Raises PersonError; AccessError if codes are on already."""
        secret = pyotp.random_base32()
        with self._database.writing(lock=LOCK) as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
            if row is None:
                raise PersonError("There is no such person here.")
            if row.totp_confirmed_at is not None:
                raise AccessError("Codes are on already; turn them off first.", code="access.refused")
            values = {"totp_secret": secret, "totp_step": 0}
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
        return Enrolment(secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=row.name, issuer_name=ISSUER))

    def confirm(self, person_id: str, code: str) -> None:
        """Turn codes on with a first one. Raises AccessError (access.wrong_code)."""
        if not self._use(person_id, code, is_on=False):
            raise AccessError("That code is not right; check your phone's clock and take the next one.", code="access.wrong_code")

    def use(self, person_id: str, code: str) -> bool:
        """Whether a code is right now and was not used yet; then it is used. The step before and the one after count too."""
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
        with self._database.writing(lock=LOCK) as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
            if row is None or row.totp_secret is None or (row.totp_confirmed_at is not None) is not is_on:
                return False
            now = self._clock().timestamp()
            step = _step_of(given, secret=row.totp_secret, now=now)
            if step is None or step <= row.totp_step:
                return False
            values: dict[str, object] = {"totp_step": step} if is_on else {"totp_step": step, "totp_confirmed_at": now}
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
        return True


def _step_of(code: str, *, secret: str, now: float) -> int | None:
    """The step of time that a code belongs to; None for a wrong one. Compares with all three, right or wrong."""
    totp, middle = pyotp.TOTP(secret, interval=STEP_SECONDS), int(now // STEP_SECONDS)
    steps = range(middle - WINDOW, middle + WINDOW + 1)
    right = [step for step in steps if pyotp.utils.strings_equal(code, totp.generate_otp(step))]
    return right[-1] if right else None
