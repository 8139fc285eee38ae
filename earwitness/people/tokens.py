"""Tokens for automation: what a program may do in somebody's name. Owns the table `tokens`, which holds digests alone.

A token never may more than its owner may at that moment, and never anything about the account itself. Calls block.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.account import SCOPES, Permission, Scope
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person
from earwitness.people.rows import LOCK, digest_of, person_of_row, shown_name
from earwitness.storage.database import Database
from earwitness.storage.household import people, tokens
from earwitness.storage.moments import moment
from earwitness.storage.revocations import note_revoked

PREFIX: Final = "ewt_"
"""So that a token that leaked is recognised as one."""
USUAL_DAYS: Final = 90
MOST_DAYS: Final = 366
MOST_TOKENS: Final = 50
USED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token, without its secret. Times are aware."""

    token_id: str
    person_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class Tokens:
    """The tokens of all people. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def make(self, person: Person, name: str, *, scopes: Collection[Scope], days: int = USUAL_DAYS) -> tuple[Token, str]:
        """A new token and its secret, shown this once. Raises PersonError (person.invalid), AccessError (access.refused) for a
        scope beyond what the person may, and for somebody who may not make tokens."""
        shown = shown_name(name, what="A token's name")
        if not 1 <= days <= MOST_DAYS:
            raise PersonError(f"A token lasts 1 to {MOST_DAYS} days.", code="person.invalid")
        if not scopes:
            raise PersonError("Say what the token may do: " + ", ".join(Scope) + ".", code="person.invalid")
        if not person.may(Permission.TOKENS) or not all(person.may(SCOPES[scope]) for scope in scopes):
            raise AccessError("A token cannot do more than you may do yourself.", code="access.refused")
        secret, now = PREFIX + secrets.token_urlsafe(32), self._clock()
        row = {
            "token_digest": digest_of(secret),
            "token_id": secrets.token_hex(16),
            "person_id": person.person_id,
            "name": shown,
            "scopes": " ".join(sorted(scopes)),
            "created_at": now.timestamp(),
            "expires_at": (now + timedelta(days=days)).timestamp(),
        }
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.delete(tokens).where(tokens.c.expires_at <= now.timestamp()))
            mine = sa.select(sa.func.count()).select_from(tokens).where(tokens.c.person_id == person.person_id)
            if connection.execute(mine).scalar_one() >= MOST_TOKENS:
                raise PersonError(f"You have {MOST_TOKENS} tokens; revoke one first.", code="person.too_many")
            connection.execute(sa.insert(tokens).values(row))
            made = connection.execute(sa.select(tokens).where(tokens.c.token_id == row["token_id"])).one()
        return _token(made), secret

    def find(self, secret: str | None) -> tuple[Person, Token] | None:
        """Whose token that is; None for one that is unknown, revoked or expired, or whose owner is suspended.

        The scopes are those that its owner still may grant. Notes, once a minute at most, that it was used."""
        if not secret or not secret.startswith(PREFIX):
            return None
        now = self._clock()
        where = (tokens.c.token_digest == digest_of(secret), tokens.c.expires_at > now.timestamp())
        with self._database.reading() as connection:
            row = connection.execute(sa.select(tokens).where(*where)).one_or_none()
            owner = row and connection.execute(sa.select(people).where(people.c.person_id == row.person_id)).one_or_none()
        if row is None or owner is None:
            return None
        person = person_of_row(owner)
        allowed = frozenset(one for one in _token(row).scopes if person.may(SCOPES[one])) if person.may(Permission.TOKENS) else ()
        if not allowed:
            return None
        if row.used_at is None or now - moment(row.used_at) >= USED_EVERY:
            with self._database.writing() as connection:
                mine = tokens.c.token_id == row.token_id
                connection.execute(sa.update(tokens).where(mine).values(used_at=now.timestamp()))
        return person, _token(row, scopes=frozenset(allowed))

    def of(self, person_id: str) -> tuple[Token, ...]:
        """A person's tokens that have not expired, newest first."""
        query = sa.select(tokens).where(tokens.c.person_id == person_id, tokens.c.expires_at > self._clock().timestamp())
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(tokens.c.created_at.desc(), tokens.c.token_id)).all()
        return tuple(_token(row) for row in rows)

    def revoke(self, person_id: str, token_id: str) -> Token | None:
        """End one of a person's tokens at once; gives what it was, None if there is none."""
        where = (tokens.c.person_id == person_id, tokens.c.token_id == token_id)
        with self._database.writing(lock=LOCK) as connection:
            row = connection.execute(sa.select(tokens).where(*where)).one_or_none()
            if row is not None:
                note_revoked(connection, "token", [row.token_id], at=self._clock())
            connection.execute(sa.delete(tokens).where(*where))
        return None if row is None else _token(row)

    def revoke_all(self, person_id: str) -> int:
        """End all of a person's; gives how many."""
        where = tokens.c.person_id == person_id
        with self._database.writing(lock=LOCK) as connection:
            ids = list(connection.execute(sa.select(tokens.c.token_id).where(where)).scalars())
            note_revoked(connection, "token", ids, at=self._clock())
            return connection.execute(sa.delete(tokens).where(where)).rowcount


def _token(row: Any, *, scopes: frozenset[Scope] | None = None) -> Token:
    return Token(
        token_id=row.token_id,
        person_id=row.person_id,
        name=row.name,
        scopes=frozenset(Scope(one) for one in row.scopes.split()) if scopes is None else scopes,
        created_at=moment(row.created_at),
        expires_at=moment(row.expires_at),
        used_at=moment(row.used_at),
    )
