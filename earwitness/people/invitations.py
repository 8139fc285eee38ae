"""Invitations: who may make an account of their own here, in which role, until when. Owns the table `invitations`.

A code works once and is kept as its digest alone. It counts only as long as whoever made it may still add such an account.
Calls block.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.account import HERE, AccountEvent, AccountRole, Origin, Permission
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person
from earwitness.people.account_log import AccountLog
from earwitness.people.household import CODE_LETTERS
from earwitness.people.people import People
from earwitness.people.rows import LOCK, digest_of, person_of_row, shown_name
from earwitness.people.throttle import Throttle
from earwitness.storage.database import Database
from earwitness.storage.household import invitations, people
from earwitness.storage.moments import moment

CODE_LENGTH: Final = 20
"""99 bits: only its SHA-256 is kept, and that must not be worth trying codes against."""
USUAL_HOURS: Final = 48
MOST_HOURS: Final = 14 * 24
MOST_OPEN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One that is open still, without its code. Times are aware."""

    invitation_id: str
    made_by: str
    role: AccountRole
    guardian_id: str | None
    note: str
    """Whom it is for, for those who list it; may be empty."""
    created_at: datetime
    expires_at: datetime


class Invitations:
    """All that are open. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, people: People, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._people = people
        self._clock = clock
        self._log: AccountLog = people.accounts.log
        self._throttle = Throttle()

    def make(
        self,
        person: Person,
        *,
        role: AccountRole,
        guardian_id: str | None = None,
        note: str = "",
        hours: int = USUAL_HOURS,
        origin: Origin = HERE,
    ) -> tuple[Invitation, str]:
        """A new invitation and its code, shown this once. Raises AccessError (access.refused) for a role that the person may not
        give, PersonError (person.invalid, person.guardian, person.too_many)."""
        shown = shown_name(note, what="A note") if note.strip() else ""
        if not 1 <= hours <= MOST_HOURS:
            raise PersonError(f"An invitation lasts 1 to {MOST_HOURS} hours.", code="person.invalid")
        if not _may_invite(person, role):
            raise AccessError("Your account may not invite somebody in that role.", code="access.refused")
        if (guardian_id is not None) != (role is AccountRole.CHILD):
            raise PersonError("A child needs a guardian, and nobody else has one.", code="person.guardian")
        code, now = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)), self._clock()
        row = {
            "invitation_id": secrets.token_hex(16),
            "code_digest": digest_of(code),
            "made_by": person.person_id,
            "role": role.value,
            "guardian_id": guardian_id,
            "note": shown,
            "created_at": now.timestamp(),
            "expires_at": (now + timedelta(hours=hours)).timestamp(),
        }
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.delete(invitations).where(invitations.c.expires_at <= now.timestamp()))
            count = connection.execute(sa.select(sa.func.count()).select_from(invitations)).scalar_one()
            if count >= MOST_OPEN:
                raise PersonError(f"There are {MOST_OPEN} open invitations; take some back first.", code="person.too_many")
            connection.execute(sa.insert(invitations).values(row))
            what, detail = AccountEvent.INVITATION_MADE, _detail(role, shown)
            self._log.note_in(connection, person.person_id, what=what, origin=origin, detail=detail)
        return _invitation(row), "-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4))

    def all(self) -> tuple[Invitation, ...]:
        """Those that are open, the first to end first."""
        query = sa.select(invitations).where(invitations.c.expires_at > self._clock().timestamp())
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(invitations.c.expires_at)).all()
        return tuple(_invitation(dict(row._mapping)) for row in rows)

    def revoke(self, invitation_id: str, *, by: Person, origin: Origin = HERE) -> None:
        """Take one back: its code is worth nothing any more. Raises PersonError if none of that id is open."""
        with self._database.writing(lock=LOCK) as connection:
            mine = invitations.c.invitation_id == invitation_id
            row = connection.execute(sa.select(invitations).where(mine)).one_or_none()
            if row is None:
                raise PersonError("That invitation was used, taken back or is over.", code="person.unknown")
            connection.execute(sa.delete(invitations).where(mine))
            what, detail = AccountEvent.INVITATION_REVOKED, _detail(AccountRole(row.role), row.note)
            self._log.note_in(connection, by.person_id, what=what, origin=origin, detail=detail)

    # For whoever was invited

    def look(self, code: str, *, address: str = "") -> Invitation:
        """The invitation that a code opens, which is not used up by that. Spaces, hyphens and capitals do not matter.

        Raises AccessError: access.wrong for a code that is none or not good any more, access.wait after too many tries.
        """
        tried = self._throttle.begin("invitation", address, now=self._clock().timestamp())
        with self._database.reading() as connection:
            row = self._row_in(connection, code)
        self._throttle.was_right(tried)
        return _invitation(row)

    def accept(
        self,
        code: str,
        name: str,
        *,
        passphrase: str,
        known: tuple[str, ...] = (),
        person_id: str | None = None,
        origin: Origin = HERE,
    ) -> Person:
        """Make the account that somebody was invited to; the code is used up in the same transaction, or nothing is done.

        Raises AccessError as `look` does, PersonError as `People.add` does.
        """
        found = self.look(code, address=origin.address)

        def use(connection: sa.Connection) -> None:
            row = self._row_in(connection, code)
            connection.execute(sa.delete(invitations).where(invitations.c.invitation_id == row["invitation_id"]))
            self._log.note_in(
                connection, found.made_by, what=AccountEvent.INVITATION_USED, origin=origin, detail=shown_name(name)
            )

        return self._people.add(
            name,
            passphrase=passphrase,
            role=found.role,
            guardian_id=found.guardian_id,
            known=known,
            person_id=person_id,
            origin=origin,
            also=use,
        )

    def accept_with_passkey(
        self, code: str, to_be: Person, *, ceremony_id: str, answer: dict[str, Any], host: str, page: str, origin: Origin = HERE
    ) -> Person:
        """The same with a passkey, made by `passkeys.begin_adding` for `to_be`. If it is not right the code stays good.

        `page` is the page's origin, with scheme and port. Raises AccessError, PersonError.
        """
        with self._database.reading() as connection:
            row = self._row_in(connection, code)
        nobody_knows = secrets.token_urlsafe(48)
        person = self.accept(code, to_be.name, passphrase=nobody_knows, person_id=to_be.person_id, origin=origin)
        try:
            self._people.accounts.add_passkey(
                person, ceremony_id, answer=answer, host=host, page=page, name="First passkey", origin=origin
            )
        except (AccessError, PersonError):
            self._people.remove(person.person_id)
            with self._database.writing(lock=LOCK) as connection:
                connection.execute(sa.insert(invitations).values(dict(row)))
            raise
        return person

    def _row_in(self, connection: sa.Connection, code: str) -> Mapping[str, Any]:
        digest = digest_of("".join(code.split()).replace("-", "").upper())
        now = self._clock().timestamp()
        mine = (invitations.c.code_digest == digest, invitations.c.expires_at > now)
        row = connection.execute(sa.select(invitations).where(*mine)).one_or_none()
        maker = None
        if row is not None:
            maker = connection.execute(sa.select(people).where(people.c.person_id == row.made_by)).one_or_none()
        if row is None or maker is None or not _may_invite(person_of_row(maker), AccountRole(row.role)):
            sentence = "That invitation is not known here, was used, or is over. Ask for a new one."
            raise AccessError(sentence, code="access.wrong")
        return dict(row._mapping)


def _may_invite(person: Person, role: AccountRole) -> bool:
    """Only an owner makes an owner: who runs the machine cannot take the home over."""
    is_rank_enough = role is not AccountRole.OWNER or person.role is AccountRole.OWNER
    return person.suspended_at is None and person.may(Permission.PEOPLE) and is_rank_enough


def _detail(role: AccountRole, note: str) -> str:
    return f"{role.value}, {note}" if note else role.value


def _invitation(row: Mapping[str, Any]) -> Invitation:
    return Invitation(
        invitation_id=row["invitation_id"],
        made_by=row["made_by"],
        role=AccountRole(row["role"]),
        guardian_id=row["guardian_id"],
        note=row["note"],
        created_at=moment(row["created_at"]),
        expires_at=moment(row["expires_at"]),
    )
