"""Passkeys (WebAuthn level 3): a key in the person's phone or computer instead of a passphrase. Owns the table `passkeys` and the
challenges that are out, which are in memory, bounded, bound to what they were asked for, and good once for five minutes.

The person is verified by their device (finger, face, PIN) every time, so that a passkey counts as two factors. Calls block.
"""

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa
import webauthn
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person
from earwitness.people.rows import LOCK, shown_name
from earwitness.storage.database import Database
from earwitness.storage.household import passkeys, people
from earwitness.storage.moments import moment
from earwitness.storage.revocations import note_revoked, passkey_mark

CHALLENGE_LASTS: Final = timedelta(minutes=5)
MOST_CHALLENGES: Final = 1000
MOST_PASSKEYS: Final = 20
LONGEST_ANSWER: Final = 16_384
PARTY: Final = "Earwitness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One passkey: `passkey_id` is its credential id in hexadecimal digits. Times are aware."""

    passkey_id: str
    person_id: str
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """What a page is given: an id to come back with, and the options for `navigator.credentials` as JSON objects."""

    ceremony_id: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Challenge:
    challenge: bytes
    host: str
    person_id: str | None
    """Whose passkey is to be made; None for a sign-in, whose person is not known yet."""
    ends_at: datetime


class PasskeyCopiedError(AccessError):
    """A passkey whose count of uses went back: somebody else may hold a copy. Says whose it is, for the log."""

    def __init__(self, person_id: str) -> None:
        super().__init__("This passkey may have been copied. Sign in another way and remove it.", code="access.wrong")
        self.person_id = person_id


class Passkeys:
    """The passkeys of all people. `clock` gives aware datetimes. `host` is that of the page, without the port; browsers take
    names and "localhost" for it, no addresses."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._challenges: dict[str, _Challenge] = {}
        self._lock = threading.Lock()

    def begin_adding(self, person: Person, *, host: str) -> Ceremony:
        """Options to make a passkey. Raises PersonError (person.too_many)."""
        mine = self._ids_of(person.person_id)
        if len(mine) >= MOST_PASSKEYS:
            raise PersonError(f"You have {MOST_PASSKEYS} passkeys; remove one first.", code="person.too_many")
        selection = AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        )
        options = webauthn.generate_registration_options(
            rp_id=host,
            rp_name=PARTY,
            user_id=bytes.fromhex(person.person_id),
            user_name=person.name,
            user_display_name=person.name,
            authenticator_selection=selection,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in mine],
        )
        ceremony_id = self._remember(options.challenge, host=host, person_id=person.person_id)
        return Ceremony(ceremony_id=ceremony_id, options=json.loads(webauthn.options_to_json(options)))

    def add(
        self, person_id: str, ceremony_id: str, *, answer: dict[str, Any], host: str, origin: str, name: str = "Passkey"
    ) -> Passkey:
        """Take a new passkey, as `PublicKeyCredential.toJSON` gives it; `origin` is the page's, with scheme and port.

        Raises AccessError (access.wrong) for an answer that is not one to that challenge, PersonError.
        """
        shown = shown_name(name, what="A passkey's name")
        asked = self._take(ceremony_id, host=host, person_id=person_id)
        try:
            _check_sound(answer, host=host, origin=origin)
            found = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=asked.challenge,
                expected_rp_id=host,
                expected_origin=origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise AccessError("That passkey could not be added; try again.", code="access.wrong") from error
        row = {
            "credential_id": found.credential_id,
            "person_id": person_id,
            "public_key": found.credential_public_key,
            "uses": found.sign_count,
            "name": shown,
            "created_at": self._clock().timestamp(),
        }
        with self._database.writing(lock=LOCK) as connection:
            same = sa.select(passkeys.c.person_id).where(passkeys.c.credential_id == found.credential_id)
            if connection.execute(same).scalar() is not None:
                raise PersonError("That passkey is here already.", code="person.exists")
            connection.execute(sa.insert(passkeys).values(row))
        return next(one for one in self.of(person_id) if one.passkey_id == found.credential_id.hex())

    def begin_sign_in(self, *, host: str) -> Ceremony:
        """Options to sign in with any passkey for this host; they say nothing of who has one."""
        options = webauthn.generate_authentication_options(rp_id=host, user_verification=UserVerificationRequirement.REQUIRED)
        ceremony_id = self._remember(options.challenge, host=host, person_id=None)
        return Ceremony(ceremony_id=ceremony_id, options=json.loads(webauthn.options_to_json(options)))

    def use(self, ceremony_id: str, *, answer: dict[str, Any], host: str, origin: str) -> Passkey:
        """The passkey that answered. Raises AccessError (access.wrong); PasskeyCopiedError where its count of uses went back."""
        asked = self._take(ceremony_id, host=host, person_id=None)
        refusal = AccessError("That passkey is not right here; sign in another way.", code="access.wrong")
        try:
            _check_sound(answer, host=host, origin=origin)
            credential_id = base64url_to_bytes(answer["rawId"])
            handle = answer["response"].get("userHandle")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise refusal from error
        joined = sa.select(passkeys).join(people, people.c.person_id == passkeys.c.person_id)
        where = (passkeys.c.credential_id == credential_id, people.c.suspended_at.is_(None))
        with self._database.writing() as connection:
            row = connection.execute(joined.where(*where).with_for_update(of=passkeys)).one_or_none()
            if row is None:
                raise refusal
            try:
                if handle is not None and base64url_to_bytes(handle) != bytes.fromhex(row.person_id):
                    raise refusal
                found = webauthn.verify_authentication_response(
                    credential=answer,
                    expected_challenge=asked.challenge,
                    expected_rp_id=host,
                    expected_origin=origin,
                    credential_public_key=bytes(row.public_key),
                    credential_current_sign_count=0,
                    require_user_verification=True,
                )
            except (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
                raise refusal from error
            if (found.new_sign_count or row.uses) and found.new_sign_count <= row.uses:
                raise PasskeyCopiedError(row.person_id)
            values = {"uses": found.new_sign_count, "used_at": self._clock().timestamp()}
            connection.execute(sa.update(passkeys).where(passkeys.c.credential_id == credential_id).values(values))
        return _passkey(row)

    def of(self, person_id: str) -> tuple[Passkey, ...]:
        """A person's passkeys, oldest first."""
        query = sa.select(passkeys).where(passkeys.c.person_id == person_id).order_by(passkeys.c.created_at, passkeys.c.name)
        with self._database.reading() as connection:
            return tuple(_passkey(row) for row in connection.execute(query).all())

    def remove(self, person_id: str, passkey_id: str) -> Passkey | None:
        """Forget one of a person's passkeys; gives what it was, None if there is none."""
        found = next((one for one in self.of(person_id) if one.passkey_id == passkey_id), None)
        if found is None:
            return None
        credential_id = bytes.fromhex(passkey_id)
        where = (passkeys.c.person_id == person_id, passkeys.c.credential_id == credential_id)
        with self._database.writing(lock=LOCK) as connection:
            if not connection.execute(sa.delete(passkeys).where(*where)).rowcount:
                return None
            note_revoked(connection, "passkey", [passkey_mark(credential_id)], at=self._clock())
        return found

    def remove_all(self, person_id: str) -> None:
        """Forget all of a person's."""
        where = passkeys.c.person_id == person_id
        with self._database.writing(lock=LOCK) as connection:
            ids = connection.execute(sa.select(passkeys.c.credential_id).where(where)).scalars().all()
            note_revoked(connection, "passkey", [passkey_mark(bytes(one)) for one in ids], at=self._clock())
            connection.execute(sa.delete(passkeys).where(where))

    def _ids_of(self, person_id: str) -> list[bytes]:
        with self._database.reading() as connection:
            query = sa.select(passkeys.c.credential_id).where(passkeys.c.person_id == person_id)
            return [bytes(one) for one in connection.execute(query).scalars()]

    def _remember(self, challenge: bytes, *, host: str, person_id: str | None) -> str:
        ceremony_id, now = secrets.token_urlsafe(16), self._clock()
        with self._lock:
            self._challenges = {key: one for key, one in self._challenges.items() if one.ends_at > now}
            while len(self._challenges) >= MOST_CHALLENGES:
                del self._challenges[next(iter(self._challenges))]
            ends_at = now + CHALLENGE_LASTS
            self._challenges[ceremony_id] = _Challenge(challenge=challenge, host=host, person_id=person_id, ends_at=ends_at)
        return ceremony_id

    def _take(self, ceremony_id: str, *, host: str, person_id: str | None) -> _Challenge:
        with self._lock:
            found = self._challenges.pop(ceremony_id, None)
        if found is None or found.ends_at <= self._clock() or (found.host, found.person_id) != (host, person_id):
            raise AccessError("That took too long, or was used already; try again.", code="access.wrong")
        return found


def _check_sound(answer: dict[str, Any], *, host: str, origin: str) -> None:
    """Raises ValueError for an answer without end, and for a page of another host than the one that the passkey is for."""
    if len(json.dumps(answer)) > LONGEST_ANSWER or urlsplit(origin).hostname != host:
        raise ValueError("no answer")


def _passkey(row: Any) -> Passkey:
    return Passkey(
        passkey_id=bytes(row.credential_id).hex(),
        person_id=row.person_id,
        name=row.name,
        created_at=moment(row.created_at),
        used_at=moment(row.used_at),
    )
