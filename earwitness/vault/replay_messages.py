"""Doing again, on restored messages, what became of them since: nothing is sent twice, and no text stays longer than its person
lets it be kept.

It works on the table of another room, as `replay.py` does, after decisions on consent were done again.
"""

from datetime import datetime

import sqlalchemy as sa

from earwitness.domain.account import LIVES_HERE
from earwitness.domain.consent import Purpose
from earwitness.domain.message import IS_OVER, UNTOLD, MessageState
from earwitness.storage.database import Database
from earwitness.storage.household import consents, people
from earwitness.storage.messages import messages


def settle_messages(household: Database, *, now: datetime) -> None:
    """Send nothing that waited when the backup was made, as it may have been sent since; let go of what is not to be kept.

    Raises StorageError.
    """
    waits = messages.c.state.in_(("waiting", "sending"))
    untold = {"state": "unknown", "expires_at": (now + UNTOLD).timestamp()}
    with household.writing() as connection:
        connection.execute(sa.update(messages).where(waits).values(untold))
        _follow_consents(connection)
        connection.execute(sa.delete(messages).where(messages.c.expires_at <= now.timestamp()))


def _follow_consents(connection: sa.Connection) -> None:
    """What is over goes where its person keeps nothing, and ends with a retention that became shorter."""
    latest = sa.select(sa.func.max(consents.c.number)).where(consents.c.purpose == Purpose.KEEP.value)
    given = (
        sa.select(consents.c.person_id, consents.c.retention_seconds)
        .join(people)
        .where(
            consents.c.number.in_(latest.group_by(consents.c.person_id)),
            consents.c.is_given,
            consents.c.retention_seconds > 0,
            people.c.role.in_([role.value for role in LIVES_HERE]),
        )
    )
    keeps = {row.person_id: row.retention_seconds for row in connection.execute(given)}
    is_kept = sa.and_(
        messages.c.state == MessageState.SENT.value, messages.c.expires_at > messages.c.changed_at + UNTOLD.total_seconds()
    )
    is_over = sa.and_(messages.c.has_text, sa.or_(messages.c.state.in_([state.value for state in IS_OVER]), is_kept))
    for person_id in connection.scalars(sa.select(messages.c.person_id).where(is_over).distinct()).all():
        theirs = sa.and_(is_over, messages.c.person_id.is_not_distinct_from(person_id))
        if person_id not in keeps:
            connection.execute(sa.delete(messages).where(theirs))
            continue
        until = messages.c.created_at + keeps[person_id]
        is_longer = sa.or_(messages.c.expires_at.is_(None), messages.c.expires_at > until)
        connection.execute(sa.update(messages).where(theirs, is_longer).values(expires_at=until))
