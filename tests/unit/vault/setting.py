"""A household with a vault in a folder, or on databases elsewhere, and what tests do with it.

Its ledger is in memory and can go away and come back; its clock stands until it is set.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeping, Keeps, Purpose, Way
from earwitness.domain.errors import EarwitnessError, LedgerError, ProofError
from earwitness.domain.intent import Intent
from earwitness.domain.recording import Actor, ReadPurpose, Role, Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.ledger.proof import Proof
from earwitness.people.consents import Consents
from earwitness.people.people import People
from earwitness.rights.rights import Rights
from earwitness.storage.database import Chain, Database
from earwitness.storage.household import people, terms, turns
from earwitness.storage.keys import keys
from earwitness.vault.vault import Places, Vault
from tests.houses_kept import Clock

WEEK = 7 * 86_400.0
REVIEWER = Actor(actor_id="reviewer-1", alias="calm-otter-2222", role=Role.REVIEWER)


@dataclass
class MemoryLedger:
    """Entries in a list. While it `is_away` it takes none; `on_append` is told of each before it is taken."""

    taken: list[Mapping[str, Any]] = field(default_factory=list)
    is_away: bool = False
    on_append: Callable[[Mapping[str, Any]], object] = lambda entry: None

    def append(self, entries: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        if self.is_away:
            raise LedgerError("The ledger is away.")
        for entry in entries:
            self.on_append(entry)
        first = len(self.taken)
        self.taken += entries
        return tuple(range(first, len(self.taken)))

    def proof(self, position: int) -> Proof:
        raise ProofError(f"A list proves nothing, not even entry {position}.", code="proof.not_found")

    def newest(self, kind: str, *, since: int = 0) -> int | None:
        return max((at for at, one in enumerate(self.taken) if at >= since and one["kind"] == kind), default=None)

    def proof_json(self, position: int) -> dict[str, object]:
        return {"entry": dict(self.taken[position])}

    def of_kind(self, kind: str) -> list[Mapping[str, Any]]:
        return [entry for entry in self.taken if entry["kind"] == kind]


@dataclass
class Setting:
    """One household. `keys` is the vault's own database, to look at."""

    folder: Path
    clock: Clock
    ledger: MemoryLedger
    database: Database
    keys: Database
    people: People
    consents: Consents
    vault: Vault
    rights: Rights

    # People and what they say

    def person(self, name: str = "Anna", *, retention_seconds: float | None = WEEK, keeps: Keeps = Keeps.AUDIO) -> Actor:
        """Somebody who keeps what they say for so long; nothing if that is None. Without a passphrase, which takes its time."""
        person_id = secrets.token_hex(16)
        actor = Actor(actor_id=person_id, alias=f"quiet-heron-{person_id}", role=Role.SELF)
        row = {
            "person_id": person_id,
            "name": name,
            "name_key": f"{name.casefold()} {person_id}",
            "alias": actor.alias,
            "passphrase_hash": "none",
            "created_at": self.clock().timestamp(),
        }
        with self.database.writing() as connection:
            connection.execute(sa.insert(people).values(row))
        if retention_seconds is not None:
            self.consent(person_id, Purpose.KEEP, retention_seconds=retention_seconds, keeps=keeps)
        return actor

    def consent(
        self,
        person_id: str,
        purpose: Purpose,
        *,
        is_given: bool = True,
        retention_seconds: float | None = None,
        keeps: Keeps | None = None,
    ) -> None:
        self.rights.decide(person_id, purpose, is_given=is_given, way=Way.API, retention_seconds=retention_seconds, keeps=keeps)

    def keep(self, person: Actor, text: str = "turn on the lamp", *, sound: bytes = b"", at: datetime | None = None) -> str:
        """Keep a turn as far as its speaker consented; gives its id."""
        spoken = said(text, person_id=person.actor_id, at=at or self.clock())
        self.rights.keep(spoken, Pcm(data=sound) if sound else None)
        return spoken.turn.turn_id

    def keep_anyway(self, person: Actor, text: str = "turn on the lamp", *, sound: bytes = b"", seconds: float = WEEK) -> str:
        """The same, whatever was consented to."""
        spoken = said(text, person_id=person.actor_id, at=self.clock())
        keeping = Keeping(keeps=Keeps.AUDIO, retention_seconds=seconds)
        self.vault.keeper.keep(spoken, Pcm(data=sound) if sound else None, keeping=keeping)
        return spoken.turn.turn_id

    def words(self, person: Actor, *, search: str = "") -> list[str]:
        """The transcripts of a person's history, newest first."""
        return [one.turn.transcript for one in self.rights.history(person.actor_id, limit=1000, search=search).recordings]

    def sound(self, person: Actor, turn_id: str) -> bytes:
        with self.vault.door.audio(person, turn_id, purpose=ReadPurpose.PLAYBACK) as audio:
            return b"".join(audio)

    def opens(self, person: Actor, turn_id: str) -> bool:
        """Whether the words of a turn can be had in any way."""
        return not error_of(lambda: self.vault.door.recording(person, turn_id))

    # What lies where

    def row_ids(self) -> set[str]:
        with self.database.reading() as connection:
            return set(connection.execute(sa.select(turns.c.turn_id)).scalars())

    def term_count(self) -> int:
        with self.database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(terms)).scalar_one()

    def data_key_ids(self) -> set[str]:
        with self.keys.reading() as connection:
            return set(connection.execute(sa.select(keys.c.key_id).where(keys.c.parent_id.is_not(None))).scalars())

    def left(self) -> tuple[set[str], int, set[str], set[str]]:
        """Rows, the number of search terms, data keys and blobs that are there."""
        return self.row_ids(), self.term_count(), self.data_key_ids(), set(self.vault.blobs.names())


NOTHING: tuple[set[str], int, set[str], set[str]] = (set(), 0, set(), set())


def said(text: str, *, person_id: str, at: datetime, turn_id: str | None = None) -> Spoken:
    turn = Turn(
        turn_id=turn_id or secrets.token_hex(16),
        transcript=text,
        outcome=Outcome.DONE,
        reply="Turned on the lamp.",
        intent=Intent(name="HassTurnOn", slots={"name": "Lamp"}),
        timings_ms={"recognise": 12.5},
    )
    return Spoken(turn=turn, person_id=person_id, began_at=at, area="Den", engine="scripted")


@contextlib.contextmanager
def opened_setting(
    folder: Path,
    *,
    place: Callable[[Chain], Path | str] | None = None,
    clock: Clock | None = None,
    ledger: Any = None,
    age_identity: Path | None = None,
) -> Iterator[Setting]:
    """Open the household in that folder; `place` says where its databases are, if they are not there, and `age_identity` which
    identity wraps its keys, if none in the folder does."""
    now, entries = clock or Clock(), MemoryLedger() if ledger is None else ledger
    where = place or (lambda chain: folder / f"{chain}.db")
    with contextlib.ExitStack() as closing:
        database = Database(where("household"), chain="household")
        closing.callback(database.close)
        persons, consents = People(database, clock=now), Consents(database, ledger=entries, clock=now)
        places = Places(
            keys_folder=folder / "keys",
            keys=where("keys"),
            recordings=folder / "recordings",
            key_service="age" if age_identity else "file",
            age_identity=age_identity,
        )
        vault = closing.enter_context(Vault(database, places=places, ledger=entries, consents=consents, clock=now))
        yield Setting(
            folder=folder,
            clock=now,
            ledger=entries,
            database=database,
            keys=vault.keeper._ring.database,
            people=persons,
            consents=consents,
            vault=vault,
            rights=Rights(people=persons, consents=consents, vault=vault, clock=now),
        )


def error_of(call: Callable[..., object], *given: object, **more: object) -> str:
    """The code of the error that a call ends with; empty if it ends well."""
    try:
        call(*given, **more)
    except EarwitnessError as error:
        return error.code
    return ""
