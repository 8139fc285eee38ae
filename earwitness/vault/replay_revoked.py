"""Revoking again, on what was restored, what was revoked or deleted since: satellites, phones, tokens of programs, passkeys,
links, contacts and messages.

It works on the tables of another room, as `replay.py` does. What is no longer there, or never was, is noted all the same, so
that the next backup and the next list say it too.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.household import devices, passkeys, remotes, tokens
from earwitness.storage.keys import keys
from earwitness.storage.messages import messages
from earwitness.storage.outside import contacts, link_memory, link_secrets, links
from earwitness.storage.revocations import note_revoked, passkey_mark
from earwitness.vault.replay_list import RevocationLine
from earwitness.vault.safe import key_id_of


def revoke_again(household: Database, lines: Sequence[RevocationLine]) -> int:
    """Let none of these in any more, and bring none of these back; gives how many would have come in. Raises StorageError."""
    ids = dict[str, set[str]]()
    for line in lines:
        ids.setdefault(line.kind, set()).add(line.revoked_id)
    with household.writing() as connection:
        ended = sum(_end_satellite(connection, line) for line in lines if line.kind == "satellite")
        for line in lines:
            if line.kind != "satellite":
                note_revoked(connection, line.kind, [line.revoked_id], at=datetime.fromtimestamp(line.revoked_at, UTC))
        ended += _drop(connection, remotes.c.remote_id, ids.get("phone", ()))
        ended += _drop(connection, tokens.c.token_id, ids.get("token", ()))
        for column in (link_secrets.c.link_id, link_memory.c.link_id):
            _drop(connection, column, ids.get("link", ()))
        ended += _drop(connection, links.c.link_id, ids.get("link", ()))
        _drop(connection, contacts.c.contact_id, ids.get("contact", ()))
        _drop(connection, messages.c.message_id, ids.get("message", ()))
        known = [bytes(one) for one in connection.execute(sa.select(passkeys.c.credential_id)).scalars()]
        ended += _drop(
            connection, passkeys.c.credential_id, [one for one in known if passkey_mark(one) in ids.get("passkey", ())]
        )
    return ended


def destroy_link_keys(keyed: Database, lines: Sequence[RevocationLine]) -> None:
    """Destroy what opens the secrets of links that were removed. Raises StorageError."""
    with keyed.writing() as connection:
        _drop(connection, keys.c.key_id, [key_id_of(f"link/{line.revoked_id}") for line in lines if line.kind == "link"])


def _end_satellite(connection: sa.Connection, line: RevocationLine) -> int:
    """As `Devices.revoke` leaves it: listed as taken out, its name free again."""
    gone = {"revoked_at": line.revoked_at, "name_key": f"\n{line.revoked_id}", "secret": None}
    where = (devices.c.device_id == line.revoked_id, devices.c.revoked_at.is_(None))
    return connection.execute(sa.update(devices).where(*where).values(gone)).rowcount


def _drop(connection: sa.Connection, column: "sa.Column[str] | sa.Column[bytes]", values: Collection[str | bytes]) -> int:
    return sum(connection.execute(sa.delete(column.table).where(column == value)).rowcount for value in values)
