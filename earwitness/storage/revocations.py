"""What was revoked or deleted for good, noted in the transaction that does it: a restore of an older backup reads it.

Owns the table `revocations`, for those whose own rows go: phones, tokens of programs, passkeys, links, and contacts and messages
that somebody deleted. Only ids and a time are in it.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, TypeAlias

import sqlalchemy as sa

from earwitness.storage.household import revocations

RevokedKind: TypeAlias = Literal["phone", "token", "passkey", "link", "contact", "message"]
_AT_ONCE: Final = 500


def note_revoked(connection: sa.Connection, kind: RevokedKind, ids: Iterable[str], *, at: datetime) -> None:
    """Note that these were revoked; one that was noted before is fine."""
    every = list(dict.fromkeys(ids))
    for some in (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE)):
        where = (revocations.c.kind == kind, revocations.c.revoked_id.in_(some))
        known = set(connection.execute(sa.select(revocations.c.revoked_id).where(*where)).scalars())
        if rows := [{"kind": kind, "revoked_id": one, "revoked_at": at.timestamp()} for one in some if one not in known]:
            connection.execute(sa.insert(revocations), rows)


def passkey_mark(credential_id: bytes) -> str:
    """What stands for a passkey here: the SHA-256 of its id, in hexadecimal digits."""
    return hashlib.sha256(credential_id).hexdigest()
