"""What the state folder that is to be replaced still knows: erasures, decisions, revocations, its ledger. It is read, never
changed."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from earwitness.domain.errors import BackupError, EarwitnessError
from earwitness.ledger.note import Verifier
from earwitness.ledger.signing_key import signing_key
from earwitness.storage.database import said
from earwitness.vault.backup_parts import Parts, still_address
from earwitness.vault.replay_list import ReplayList, decisions_in, erasures_in, holds_in, restrictions_in, revocations_in

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is known; `unreadable` names files that are there but say nothing any more. `knows_revoked` is whether the revocations
    are all that there were."""

    known: ReplayList
    ledger: Path | None
    unreadable: tuple[str, ...]
    knows_revoked: bool


def look(parts: Parts, *, verifier: Verifier, now: datetime) -> Present:
    """Look at what is there. Raises BackupError (backup.other_household) if it is of another household."""
    unreadable: list[str] = []
    if parts.ledger_key.exists():
        try:
            is_same = signing_key(parts.ledger_key).verifier() == verifier
        except EarwitnessError:
            unreadable.append(parts.ledger_key.name)
        else:
            if not is_same:
                raise BackupError(
                    f"{parts.state} holds another household than the backup: move it away yourself if that is what you want.",
                    code="backup.other_household",
                )
    erased = _asked(parts.places.keys, erasures_in, unreadable) or ()
    decided = _asked(parts.household, decisions_in, unreadable) or ()
    revoked = _asked(parts.household, revocations_in, unreadable)
    people, turns = _asked(parts.household, restrictions_in, unreadable) or ((), ())
    note = _asked(
        parts.ledger, lambda connection: str(connection.execute(sa.text("SELECT note FROM head")).scalar_one()), unreadable
    )
    is_there = isinstance(parts.ledger, Path) and parts.ledger.exists()
    return Present(
        known=ReplayList(
            made_at=now,
            checkpoints=(note,) if note else (),
            erasures=erased,
            decisions=decided,
            restricted_people=people,
            restricted_turns=turns,
            revocations=revoked or (),
            holds=_asked(parts.household, holds_in, unreadable) or (),
        ),
        ledger=parts.ledger if is_there and isinstance(parts.ledger, Path) else None,
        unreadable=tuple(dict.fromkeys(unreadable)),
        knows_revoked=revoked is not None,
    )


def _asked(place: Path | str, ask: Callable[[sa.Connection], T], unreadable: list[str]) -> T | None:
    """What a database answers as it is; None if it is not there or cannot be read, which is noted."""
    if not isinstance(place, Path) or not place.exists():
        return None
    address = still_address(place)
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.NullPool)
    try:
        with said(str(place)), engine.connect() as connection:
            return ask(connection)
    except (EarwitnessError, ValueError):
        unreadable.append(place.name)
        return None
    finally:
        engine.dispose()
