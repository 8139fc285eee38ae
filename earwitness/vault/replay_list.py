"""The list of what must be done again after a restore: erasures, decisions on consent, restrictions, revocations of satellites,
phones, tokens, passkeys and links, deletions of contacts and messages, what is preserved for demands. Random ids and facts only.

It is small, so that it can be copied often, and signed by the ledger's key, so that nobody else can have things deleted by it:

    {"earwitness_erasures": 1, …}           when it was made, and the ledger's checkpoint then
    {"erasure": {…}}, {"decision": {…}}, …  one JSON object on a line
    earwitness erasures v1                  a signed note (C2SP signed-note) over the SHA-256 of the lines before it
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from earwitness.domain.errors import BackupError, ProofError
from earwitness.ledger.note import Note, Verifier, is_signed_by, parse_note, sign
from earwitness.ledger.signing_key import SigningKey
from earwitness.storage.demands import holds
from earwitness.storage.household import consents, devices, people, revocations, turns
from earwitness.storage.keys import destroyed, erasures

VERSION: Final = 1
MOST_BYTES: Final = 1 << 30
_NOTE: Final = f"earwitness erasures v{VERSION}\n"
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ErasureLine(_Line):
    """A row of `erasures`, with the ids of the keys that it destroyed."""

    erasure_id: Id
    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    person_id: Id | None
    actor_alias: Annotated[str, Field(max_length=64)]
    erased_at: float
    recordings: Count
    seconds: float
    position: Count | None
    body: Annotated[str, Field(max_length=65_536)]
    key_ids: tuple[Id, ...]


class DecisionLine(_Line):
    """A row of `consents`."""

    decision_id: Id
    person_id: Id
    purpose: Annotated[str, Field(max_length=32)]
    is_given: bool
    is_objection: bool
    retention_seconds: float | None
    keeps: Annotated[str, Field(max_length=32)] | None
    way: Annotated[str, Field(max_length=32)]
    text_version: int
    text_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    decided_at: float
    position: Count | None


class RevocationLine(_Line):
    """A satellite that was taken out, or a row of `revocations`."""

    kind: Literal["satellite", "phone", "token", "passkey", "link", "contact", "message"]
    revoked_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32,64}$")]
    revoked_at: float


class HoldLine(_Line):
    """A row of `holds`."""

    demand_id: Id
    turn_id: Id
    person_id: Id
    until: float
    is_told: bool


class _First(_Line):
    earwitness_erasures: int
    made_at: AwareDatetime
    since: AwareDatetime | None
    checkpoints: tuple[Annotated[str, Field(max_length=65_536)], ...]


class _Any(_Line):
    """One line: exactly one of these is there."""

    erasure: ErasureLine | None = None
    decision: DecisionLine | None = None
    restricted_person: Id | None = None
    restricted_turn: Id | None = None
    revocation: RevocationLine | None = None
    hold: HoldLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayList:
    """A list; `checkpoints` are the ledger's signed notes at the time, `since` when the erasures, decisions and
    revocations in it begin."""

    made_at: datetime
    checkpoints: tuple[str, ...]
    since: datetime | None = None
    erasures: tuple[ErasureLine, ...] = ()
    decisions: tuple[DecisionLine, ...] = ()
    restricted_people: tuple[str, ...] = ()
    restricted_turns: tuple[str, ...] = ()
    revocations: tuple[RevocationLine, ...] = ()
    holds: tuple[HoldLine, ...] = ()


def erasures_in(keys: sa.Connection, *, since: datetime | None = None) -> tuple[ErasureLine, ...]:
    """The erasures that the keys' database knows of."""
    where = erasures.c.erased_at >= (since.timestamp() if since else 0.0)
    joined = sa.select(destroyed).join(erasures, erasures.c.erasure_id == destroyed.c.erasure_id)
    gone: dict[str, list[str]] = {}
    for row in keys.execute(joined.where(where)):
        gone.setdefault(row.erasure_id, []).append(row.key_id)
    found = keys.execute(sa.select(erasures).where(where).order_by(erasures.c.erased_at)).mappings().all()
    return tuple(_of(ErasureLine, row, key_ids=tuple(sorted(gone.get(row["erasure_id"], ())))) for row in found)


def decisions_in(household: sa.Connection, *, since: datetime | None = None) -> tuple[DecisionLine, ...]:
    """The decisions of people, oldest first."""
    query = sa.select(consents).where(consents.c.decided_at >= (since.timestamp() if since else 0.0))
    return tuple(_of(DecisionLine, row) for row in household.execute(query.order_by(consents.c.number)).mappings())


def restrictions_in(household: sa.Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids of people, and of turns, whose use is restricted."""
    of_people = household.execute(sa.select(people.c.person_id).where(people.c.restricted_at.is_not(None))).scalars()
    return tuple(of_people), tuple(household.execute(sa.select(turns.c.turn_id).where(turns.c.is_restricted)).scalars())


def revocations_in(household: sa.Connection, *, since: datetime | None = None) -> tuple[RevocationLine, ...]:
    """What was revoked, as far as a database of an earlier version notes it."""
    satellites = sa.select(sa.literal("satellite").label("kind"), devices.c.device_id.label("revoked_id"), devices.c.revoked_at)
    found: list[RevocationLine] = []
    for table, query in ((devices, satellites), (revocations, sa.select(revocations))):
        if sa.inspect(household).has_table(table.name):
            where = table.c.revoked_at >= (since.timestamp() if since else 0.0)
            found += (_of(RevocationLine, row) for row in household.execute(query.where(where)).mappings())
    return tuple(found)


def holds_in(household: sa.Connection) -> tuple[HoldLine, ...]:
    """What is preserved for demands, as far as a database of an earlier version notes it."""
    if not sa.inspect(household).has_table(holds.name):
        return ()
    found = household.execute(sa.select(holds).order_by(holds.c.demand_id, holds.c.turn_id)).mappings()
    return tuple(_of(HoldLine, row) for row in found)


def encode(found: ReplayList, *, key: SigningKey) -> bytes:
    """The list as a file, signed."""
    first = _First(
        earwitness_erasures=VERSION, made_at=found.made_at, since=found.since, checkpoints=found.checkpoints
    ).model_dump_json()
    body = "".join(f"{line}\n" for line in (first, *map(_encoded, _lines(found)))).encode()
    text = f"{_NOTE}{hashlib.sha256(body).hexdigest()}\n"
    return body + Note(text=text, signatures=(sign(text, name=key.name, key=key.key),)).encoded().encode()


def decode(data: bytes, *, verifier: Verifier) -> ReplayList:
    """The list in a file. Raises BackupError: backup.damaged for one that is not whole, backup.other_household."""
    body, note = _split(data)
    _check_note(note, body, verifier=verifier)
    lines = body.split(b"\n")[:-1]
    try:
        first = _First.model_validate_json(lines[0]) if lines else None
        if first is None or first.earwitness_erasures != VERSION:
            raise BackupError("The list of erasures has a version that this Earwitness cannot read.", code="backup.wrong_version")
        found = [_Any.model_validate_json(line) for line in lines[1:]]
    except ValidationError as error:
        raise _damaged() from error
    return ReplayList(
        made_at=first.made_at,
        checkpoints=first.checkpoints,
        since=first.since,
        erasures=tuple(line.erasure for line in found if line.erasure is not None),
        decisions=tuple(line.decision for line in found if line.decision is not None),
        restricted_people=tuple(line.restricted_person for line in found if line.restricted_person is not None),
        restricted_turns=tuple(line.restricted_turn for line in found if line.restricted_turn is not None),
        revocations=tuple(line.revocation for line in found if line.revocation is not None),
        holds=tuple(line.hold for line in found if line.hold is not None),
    )


def read_list(path: Path, *, verifier: Verifier) -> ReplayList:
    """The list in that file. Raises BackupError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BackupError(f"{path} is too long for a list of erasures.")
        return decode(path.read_bytes(), verifier=verifier)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error


def merged(lists: Sequence[ReplayList]) -> ReplayList:
    """All that several lists say, each thing once. Raises ValueError if there are none."""
    erased = {line.erasure_id: line for one in lists for line in one.erasures}
    decided = {line.decision_id: line for one in lists for line in one.decisions}
    revoked = {(line.kind, line.revoked_id): line for one in lists for line in one.revocations}
    held = {(line.demand_id, line.turn_id): line for one in sorted(lists, key=lambda one: one.made_at) for line in one.holds}
    return ReplayList(
        made_at=max(one.made_at for one in lists),
        checkpoints=tuple(note for one in lists for note in one.checkpoints),
        erasures=tuple(sorted(erased.values(), key=lambda line: line.erased_at)),
        decisions=tuple(sorted(decided.values(), key=lambda line: line.decided_at)),
        restricted_people=tuple({person: None for one in lists for person in one.restricted_people}),
        restricted_turns=tuple({turn: None for one in lists for turn in one.restricted_turns}),
        revocations=tuple(revoked.values()),
        holds=tuple(held.values()),
    )


def _lines(found: ReplayList) -> Iterable[_Any]:
    yield from (_Any(erasure=one) for one in found.erasures)
    yield from (_Any(decision=one) for one in found.decisions)
    yield from (_Any(restricted_person=one) for one in found.restricted_people)
    yield from (_Any(restricted_turn=one) for one in found.restricted_turns)
    yield from (_Any(revocation=one) for one in found.revocations)
    yield from (_Any(hold=one) for one in found.holds)


def _encoded(line: _Any) -> str:
    return line.model_dump_json(exclude_unset=True)


def _split(data: bytes) -> tuple[bytes, str]:
    """The lines, and the note after them. No line of JSON is the note's first."""
    body, mark, rest = data.partition(b"\n" + _NOTE.encode())
    if not mark:
        raise _damaged()
    return body + b"\n", _NOTE + rest.decode("utf-8", "replace")


def _check_note(note: str, body: bytes, *, verifier: Verifier) -> None:
    try:
        found = parse_note(note)
        if found.text != f"{_NOTE}{hashlib.sha256(body).hexdigest()}\n":
            raise _damaged()
        is_ours = is_signed_by(found, verifier)
    except ProofError as error:
        raise _damaged() from error
    if not is_ours:
        raise BackupError("The list of erasures is not of this household.", code="backup.other_household")


def _of(kind: type[Any], row: sa.RowMapping, **more: object) -> Any:
    return kind(**{name: row[name] for name in kind.model_fields if name in row}, **more)


def _damaged() -> BackupError:
    return BackupError("The list of erasures was cut short or changed: use another copy of it.", code="backup.damaged")
