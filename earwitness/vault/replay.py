"""Doing again, on what was restored, what was done since: erasures, withdrawals, restrictions, revocations; what expired goes.

After it, nothing opens, and nothing is there, that was deleted or ran out by now. Every step may be done twice. It works on the
tables of several rooms, since it must be done before any of them opens its own.
"""

import contextlib
import itertools
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.account import AccountEvent
from earwitness.domain.consent import Purpose
from earwitness.domain.errors import BackupError
from earwitness.ledger.log import Ledger
from earwitness.storage.database import Database
from earwitness.storage.household import account_log, consents, invitations, people, reads, sign_ins, turns
from earwitness.storage.keys import destroyed, erasures, keys, person_keys
from earwitness.storage.ledger import entries
from earwitness.vault.backup_age import Tell, silent
from earwitness.vault.backup_parts import Parts
from earwitness.vault.key_ring import in_batches
from earwitness.vault.replay_holds import forget_positions, hold_again, lost_demands
from earwitness.vault.replay_list import DecisionLine, ErasureLine, ReplayList
from earwitness.vault.replay_messages import settle_messages
from earwitness.vault.replay_oversight import settle_oversight
from earwitness.vault.replay_revoked import destroy_link_keys, revoke_again
from earwitness.vault.rows import Rows
from earwitness.vault.vault import Vault

ROWS_AT_ONCE: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What a replay works on, opened."""

    household: Database
    keys: Database
    ledger: Ledger
    vault: Vault


class _Nobody:
    """Nobody opens anything during a restore."""

    def has_consent(self, person_id: str, purpose: Purpose) -> bool:
        return False

    def is_restricted(self, person_id: str) -> bool:
        return True


@contextlib.contextmanager
def stores_of(parts: Parts, *, clock: Callable[[], datetime]) -> Iterator[Stores]:
    """The parts, opened for a replay. Raises StorageError, VaultError, LedgerError, SettingsError."""
    with contextlib.ExitStack() as closing:
        household = Database(parts.household, chain="household")
        closing.callback(household.close)
        ledger = Ledger(Database(parts.ledger, chain="ledger"), key_file=parts.ledger_key)
        closing.callback(ledger.close)
        vault = closing.enter_context(Vault(household, places=parts.places, ledger=ledger, consents=_Nobody(), clock=clock))
        keys = Database(parts.places.keys, chain="keys")
        closing.callback(keys.close)
        yield Stores(household=household, keys=keys, ledger=ledger, vault=vault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What it came to: recordings that stay, that were removed since no key opens them, and that had expired; `lost` are of the
    removed those that are younger than `keys_made_at`: nobody deleted them, their keys were just not in the backup. `revoked`
    are satellites, phones, tokens, passkeys and links that would have come in again. `held` are turns that are preserved for a
    demand again, `lost_demands` legal demands with steps that only the ledger tells of."""

    recordings: int
    removed: int
    expired: int
    lost: int
    withdrawn: int
    revoked: int
    held: int = 0
    lost_demands: int = 0


def check_erasures_known(stores: Stores, found: ReplayList, *, since: int) -> None:
    """That every erasure in the ledger from entry `since` on is known here, so that none is forgotten.

    Raises BackupError (backup.unknown_erasures).
    """
    with stores.keys.reading() as connection:
        known = set(connection.execute(sa.select(erasures.c.erasure_id)).scalars())
    known.update(line.erasure_id for line in found.erasures)
    unknown = sum(entry["erasure"] not in known for entry in _entries(stores.ledger.database, "erased", since=since))
    if unknown:
        raise BackupError(
            f"The ledger tells of {unknown} deletions that nothing given here names, so what was deleted would come back. "
            "Give a newer backup of the keys, or a list by --erasures.",
            code="backup.unknown_erasures",
        )


def replay(
    stores: Stores,
    found: ReplayList,
    *,
    clock: Callable[[], datetime],
    keys_made_at: datetime | None = None,
    tell: Tell = silent,
) -> Replayed:
    """Do it all again; `tell` counts recordings. Raises StorageError, LedgerError, VaultError."""
    size = stores.ledger.size()
    erase_again(stores.keys, found.erasures)
    _forget_positions(stores, size)
    withdrawn = _withdraw_unknown(stores, found, clock=clock)
    has_left = _forget_people(stores)
    revoked = revoke_again(stores.household, found.revocations)
    destroy_link_keys(stores.keys, found.revocations)
    settle_messages(stores.household, now=clock())
    settle_oversight(stores.household, size, now=clock())
    removed, lost = prune(stores.household, stores.keys, keys_made_at=keys_made_at, tell=tell)
    _drop_keys_without_rows(stores)
    held = hold_again(stores.household, found.holds, now=clock())
    expired = 0
    while count := stores.vault.eraser.expire():
        expired += count
    stores.vault.eraser.sweep()
    stores.household.scrub(is_thorough=has_left)  # what they asked to have kept is not sealed
    stores.keys.scrub()
    with stores.household.reading() as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(turns)).scalar_one()
    return Replayed(
        recordings=kept,
        removed=removed,
        expired=expired,
        lost=lost,
        withdrawn=withdrawn,
        revoked=revoked,
        held=held,
        lost_demands=lost_demands(stores.household, stores.ledger.database),
    )


def erase_again(database: Database, lines: tuple[ErasureLine, ...]) -> None:
    """Destroy the keys that these erasures destroyed, and note the erasures; the eraser then sweeps and commits them."""
    with database.writing() as connection:
        known = set(connection.execute(sa.select(erasures.c.erasure_id)).scalars())
        gone = set(connection.execute(sa.select(destroyed.c.key_id)).scalars())
        for line in lines:
            if line.erasure_id not in known:
                connection.execute(sa.insert(erasures).values(line.model_dump(exclude={"key_ids"}) | {"is_swept": False}))
            fresh = [{"key_id": one, "erasure_id": line.erasure_id} for one in dict.fromkeys(line.key_ids) if one not in gone]
            if fresh:
                connection.execute(sa.insert(destroyed), fresh)
                gone.update(one["key_id"] for one in fresh)
        dead = sa.select(destroyed.c.key_id)
        connection.execute(sa.delete(person_keys).where(person_keys.c.key_id.in_(dead)))
        connection.execute(sa.delete(keys).where(keys.c.key_id.in_(dead)))
        parents = sa.select(keys.c.key_id).where(keys.c.parent_id.is_(None))
        connection.execute(sa.delete(keys).where(keys.c.parent_id.is_not(None), keys.c.parent_id.not_in(parents)))


def prune(household: Database, keyed: Database, *, keys_made_at: datetime | None = None, tell: Tell = silent) -> tuple[int, int]:
    """Remove the rows that no key opens; gives how many, and how many of them nobody deleted (see `Replayed`)."""
    rows, removed, lost, done, last = Rows(household), 0, 0, 0, 0
    with household.reading() as connection:
        total = connection.execute(sa.select(sa.func.count()).select_from(turns)).scalar_one()
    while True:
        query = sa.select(turns.c.number, turns.c.turn_id, turns.c.began_at).where(turns.c.number > last)
        with household.reading() as connection:
            some = connection.execute(query.order_by(turns.c.number).limit(ROWS_AT_ONCE)).all()
        if not some:
            return removed, lost
        alive = _openable(keyed, [row.turn_id for row in some])
        dead = [row for row in some if row.turn_id not in alive]
        if dead:
            rows.remove([row.turn_id for row in dead])
        removed += len(dead)
        lost += sum(keys_made_at is not None and row.began_at > keys_made_at.timestamp() for row in dead)
        last, done = some[-1].number, done + len(some)
        tell(done, total)


def drop_blobs_without_rows(stores: Stores) -> int:
    """Remove sound that no row tells of: nobody could ever delete it. Gives how much."""
    removed = 0
    for names in _batches(stores.vault.blobs.names()):
        with stores.household.reading() as connection:
            known: set[str] = set()
            for some in in_batches(names):
                known.update(connection.execute(sa.select(turns.c.turn_id).where(turns.c.turn_id.in_(some))).scalars())
        orphans = [name for name in names if name not in known]
        stores.vault.blobs.remove_all(orphans)
        removed += len(orphans)
    return removed


def _openable(database: Database, turn_ids: list[str]) -> set[str]:
    """Those of these turns whose data key is there, and its parent."""
    parent, found = keys.alias("parent"), set[str]()
    with database.reading() as connection:
        for some in in_batches(turn_ids):
            joined = sa.select(keys.c.key_id).join(parent, parent.c.key_id == keys.c.parent_id)
            found.update(connection.execute(joined.where(keys.c.key_id.in_(some))).scalars())
    return found


def _drop_keys_without_rows(stores: Stores) -> None:
    """Data keys of turns that are not there: erased ones, if these keys are older than the data."""
    last = ""
    while True:
        query = sa.select(keys.c.key_id).where(keys.c.parent_id.is_not(None), keys.c.key_id > last)
        with stores.keys.reading() as connection:
            some = list(connection.execute(query.order_by(keys.c.key_id).limit(ROWS_AT_ONCE)).scalars())
        if not some:
            return
        known: set[str] = set()
        with stores.household.reading() as connection:
            for part in in_batches(some):
                known.update(connection.execute(sa.select(turns.c.turn_id).where(turns.c.turn_id.in_(part))).scalars())
        orphans = [one for one in some if one not in known]
        with stores.keys.writing() as connection:
            for part in in_batches(orphans):
                connection.execute(sa.delete(keys).where(keys.c.key_id.in_(part)))
        last = some[-1]


def _forget_positions(stores: Stores, size: int) -> None:
    """What the ledger does not have is committed again."""
    with stores.keys.writing() as connection:
        connection.execute(sa.update(erasures).where(erasures.c.position >= size).values(position=None))
    with stores.household.writing() as connection:
        connection.execute(sa.update(consents).where(consents.c.position >= size).values(position=None))
    forget_positions(stores.household, size)


def _forget_people(stores: Stores) -> bool:
    """Those who left leave again, with their sign-ins, consents, reminders and routines, and who heard them; everybody else signs
    in anew, and is invited anew. Tells whether somebody was there who had left."""
    has_left = False
    with stores.keys.reading() as connection:
        query = sa.select(erasures.c.person_id).where(erasures.c.kind == "person", erasures.c.person_id.is_not(None))
        left = list(connection.execute(query).scalars())
    with stores.household.writing() as connection:
        connection.execute(sa.delete(sign_ins))
        connection.execute(sa.delete(invitations))
        for some in in_batches(left):
            connection.execute(sa.delete(reads).where(reads.c.person_id.in_(some)))
            names = list(connection.execute(sa.select(people.c.name).where(people.c.person_id.in_(some))).scalars())
            has_left = has_left or bool(names)
            connection.execute(sa.delete(people).where(people.c.person_id.in_(some)))
            came = (account_log.c.what == AccountEvent.INVITATION_USED.value, account_log.c.detail.in_(names))
            connection.execute(sa.update(account_log).where(*came).values(detail=""))
    return has_left


def _withdraw_unknown(stores: Stores, found: ReplayList, *, clock: Callable[[], datetime]) -> int:
    """Decide again what people decided; and where the ledger tells of decisions that nothing names, take it that whoever had
    consented to that purpose withdrew. Gives how many consents that ended."""
    with stores.household.reading() as connection:
        last = connection.execute(sa.select(sa.func.max(consents.c.position))).scalar()
    with stores.household.writing() as connection:
        _decide_again(connection, found)
        _restrict_again(connection, found)
    with stores.household.reading() as connection:
        known = set(connection.execute(sa.select(consents.c.decision_id)).scalars())
    known.update(line.decision_id for line in found.decisions)
    later = _entries(stores.ledger.database, "consent", since=0 if last is None else last + 1)
    purposes = {entry["purpose"] for entry in later if entry["decision"] not in known}
    return _withdraw(stores.household, purposes, now=clock()) if purposes else 0


def _decide_again(connection: sa.Connection, found: ReplayList) -> None:
    here = set(connection.execute(sa.select(people.c.person_id)).scalars())
    known = set(connection.execute(sa.select(consents.c.decision_id)).scalars())
    for line in found.decisions:
        if line.person_id in here and line.decision_id not in known and _is_newest(connection, line):
            connection.execute(sa.insert(consents).values(line.model_dump()))
            _shorten(connection, line)


def _is_newest(connection: sa.Connection, line: DecisionLine) -> bool:
    where = (consents.c.person_id == line.person_id, consents.c.purpose == line.purpose)
    latest = connection.execute(sa.select(sa.func.max(consents.c.decided_at)).where(*where)).scalar()
    return latest is None or line.decided_at >= latest


def _shorten(connection: sa.Connection, line: DecisionLine) -> None:
    """A shorter retention also held for what was kept already."""
    if line.is_given and line.retention_seconds is not None:
        until = turns.c.began_at + line.retention_seconds
        where = (turns.c.person_id == line.person_id, turns.c.expires_at > until)
        connection.execute(sa.update(turns).where(*where).values(expires_at=until))


def _restrict_again(connection: sa.Connection, found: ReplayList) -> None:
    for some in in_batches(found.restricted_people):
        where = (people.c.person_id.in_(some), people.c.restricted_at.is_(None))
        connection.execute(sa.update(people).where(*where).values(restricted_at=found.made_at.timestamp()))
    for some in in_batches(found.restricted_turns):
        connection.execute(sa.update(turns).where(turns.c.turn_id.in_(some)).values(is_restricted=True))


def _withdraw(household: Database, purposes: set[Any], *, now: datetime) -> int:
    latest = sa.select(sa.func.max(consents.c.number)).group_by(consents.c.person_id, consents.c.purpose)
    given = sa.select(consents).where(consents.c.number.in_(latest), consents.c.is_given, consents.c.purpose.in_(purposes))
    with household.writing() as connection:
        rows = connection.execute(given).mappings().all()
        for row in rows:
            changed = {
                "decision_id": secrets.token_hex(16),
                "is_given": False,
                "retention_seconds": None,
                "keeps": None,
                "decided_at": now.timestamp(),
                "position": None,
            }
            kept = {name: value for name, value in row.items() if name != "number"}
            connection.execute(sa.insert(consents).values(kept | changed))
    return len(rows)


def _entries(ledger: Database, kind: str, *, since: int) -> Iterator[dict[str, Any]]:
    """The ledger's entries of one kind from a position on."""
    wanted = f'"kind":"{kind}"'.encode()
    with ledger.reading() as connection:
        for leaf in connection.execute(sa.select(entries.c.leaf).where(entries.c.position >= since)).scalars():
            if wanted in leaf:
                entry = json.loads(leaf)
                if entry.get("kind") == kind:
                    yield entry


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while some := list(itertools.islice(names, ROWS_AT_ONCE)):
        yield some
