"""What was learned, as it is kept: which model from which set, its state, its sealed files, what was measured of it.

Owns the tables `improve_models`, `improve_learned`, `improve_files` and `improve_results`. Files lie in a drawer of the vault, a
key for each model: retiring one destroys the key, so that no copy of the files opens again. It decides nothing. Calls block.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import ImproveError
from earwitness.improve.adapting import Fact, Learned
from earwitness.improve.verdict import Plan, Signals, plan_of, total
from earwitness.storage.database import Database
from earwitness.storage.improve import improve_files, improve_learned, improve_models, improve_results, improve_signals
from earwitness.storage.moments import moment

PART_BYTES: Final = 1 << 19
"""Of a file, sealed as one."""
LOCK: Final = 0x494D5053


class State(StrEnum):
    """Where a model is on its way."""

    REGISTERED = "registered"
    LEARNED = "learned"
    MEASURED = "measured"
    """It is the gain that was registered; somebody may promote it."""
    REFUSED = "refused"
    """It is not."""
    TRIAL = "trial"
    """In use for a share of the hours, beside what was before."""
    IN_USE = "in_use"
    REPLACED = "replaced"
    """Another is in use; it may be again."""
    TAKEN_BACK = "taken_back"
    RETIRED = "retired"
    """Somebody whose words it learned deleted them or withdrew: its key is destroyed."""


UNFINISHED: Final = (State.REGISTERED, State.LEARNED)
RUNNING: Final = (State.TRIAL, State.IN_USE)


class Safe(Protocol):
    """What seals files."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def discard(self, drawer: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One version. `share` is of the hours that it is tried in; `before_id` is what was in use when it was begun."""

    model_id: str
    number: int
    set_id: str
    state: State
    plan: Plan
    begun_at: datetime
    changed_at: datetime
    registered_position: int | None
    report: Mapping[str, Any] | None
    share: float
    before_id: str | None
    reason: str

    def as_json(self) -> dict[str, object]:
        return {
            "model": self.model_id,
            "number": self.number,
            "set": self.set_id,
            "state": self.state.value,
            "plan": self.plan.as_json(),
            "begun_at": self.begun_at.isoformat(timespec="seconds"),
            "changed_at": self.changed_at.isoformat(timespec="seconds"),
            "registered_position": self.registered_position,
            "report": self.report,
            "share": self.share,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An adapter that is done; without a digest it had too little to learn from."""

    facts: Mapping[str, Fact]
    sha256: str | None


class Models:
    """All models of a household. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, safe: Safe, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._safe = safe
        self._clock = clock

    # Finding

    def find(self, model_id: str) -> Model:
        """A model by its id, its beginning, or its number. Raises ImproveError."""
        where = improve_models.c.model_id.startswith(model_id, autoescape=True)
        if model_id.isdecimal() and len(model_id) < 8:
            where = improve_models.c.number == int(model_id)
        found = self._all(where)
        if len(found) != 1:
            raise ImproveError(f"There is no model {model_id}.")
        return found[0]

    def all(self) -> tuple[Model, ...]:
        """All of them, newest first."""
        return self._all(sa.true())

    def in_state(self, *states: State) -> tuple[Model, ...]:
        """Those in one of these states, newest first."""
        return self._all(improve_models.c.state.in_([state.value for state in states]))

    def in_use(self) -> Model | None:
        """The one that is used wherever no other is on trial."""
        return next(iter(self.in_state(State.IN_USE)), None)

    def on_trial(self) -> Model | None:
        return next(iter(self.in_state(State.TRIAL)), None)

    def _all(self, where: sa.ColumnElement[bool]) -> tuple[Model, ...]:
        query = sa.select(improve_models).where(where).order_by(improve_models.c.number.desc())
        with self._database.reading() as connection:
            return tuple(map(_model, connection.execute(query).all()))

    # Going on

    def begin(self, plan: Plan, *, before_id: str | None) -> Model:
        """A new model for a set, registered nowhere yet."""
        now, model_id = self._clock().timestamp(), secrets.token_hex(16)
        with self._database.writing(lock=LOCK) as connection:
            number = (connection.execute(sa.select(sa.func.max(improve_models.c.number))).scalar() or 0) + 1
            values = {
                "model_id": model_id,
                "number": number,
                "set_id": plan.set_id,
                "state": State.REGISTERED.value,
                "plan": json.dumps(plan.as_json()),
                "begun_at": now,
                "changed_at": now,
                "before_id": before_id,
            }
            connection.execute(sa.insert(improve_models).values(values))
        return self.find(model_id)

    def change(self, model: Model, **values: object) -> Model:
        """Set columns of a model that is still in the state it is given in; gives it as it is then.

        Raises ImproveError (improve.changed) if it was retired or changed meanwhile.
        """
        changed = {name: value.value if isinstance(value, State) else value for name, value in values.items()}
        with self._database.writing(lock=LOCK) as connection:
            _set(connection, model, {**changed, "changed_at": self._clock().timestamp()})
        return self.find(model.model_id)

    def swap(self, *changes: tuple[Model, State, str], share_thousandths: int = 0) -> None:
        """Have several models that are still in the states they are given in change them, with a reason each, all or none; what
        is on trial then has that share.

        Raises ImproveError (improve.changed) if one was retired or changed meanwhile, or if two would be in use or on trial.
        """
        now = self._clock().timestamp()
        with self._database.writing(lock=LOCK) as connection:
            for model, state, reason in changes:
                share = share_thousandths if state is State.TRIAL else 0
                values = {"state": state.value, "changed_at": now, "reason": reason, "share_thousandths": share}
                _set(connection, model, values)
            for state in RUNNING:
                alike = sa.select(sa.func.count()).where(improve_models.c.state == state.value)
                if connection.execute(alike).scalar_one() > 1:
                    raise _moved()

    # Files

    def keep(self, model: Model, adapter: str, learned: Learned | None) -> None:
        """Keep what an adapter learned, sealed, all of it or nothing; None for too little to learn from.

        Raises ImproveError (improve.changed) if the model was retired meanwhile.
        """
        drawer, rows = drawer_of(model.model_id), list[dict[str, object]]()
        for name, data in sorted((learned.files if learned else {}).items()):
            for part, start in enumerate(range(0, max(1, len(data)), PART_BYTES)):
                sealed = self._safe.seal(
                    data[start : start + PART_BYTES], drawer=drawer, row_id=f"{adapter}/{name}/{part}/{len(data)}"
                )
                rows.append({"model_id": model.model_id, "adapter": adapter, "name": name, "part": part, "sealed": sealed})
        sizes = {name: len(data) for name, data in learned.files.items()} if learned else {}
        done = {
            "model_id": model.model_id,
            "adapter": adapter,
            "facts": json.dumps({"facts": dict(learned.facts) if learned else {}, "bytes": sizes}),
            "sha256": None if learned is None else files_digest(learned.files),
        }
        with self._database.writing(lock=LOCK) as connection:
            _set(connection, model, {"changed_at": self._clock().timestamp()})
            connection.execute(sa.insert(improve_learned).values(done))
            if rows:
                connection.execute(sa.insert(improve_files), rows)

    def done(self, model: Model) -> Mapping[str, Done]:
        """The adapters of a model that are done."""
        query = sa.select(improve_learned).where(improve_learned.c.model_id == model.model_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {row.adapter: Done(facts=json.loads(row.facts)["facts"], sha256=row.sha256) for row in rows}

    def files(self, model: Model) -> Mapping[str, Mapping[str, bytes]]:
        """What each adapter learned. Raises VaultError once the model is retired, ImproveError for what was altered."""
        with self._database.reading() as connection:
            learned = connection.execute(sa.select(improve_learned).where(improve_learned.c.model_id == model.model_id)).all()
            query = sa.select(improve_files).where(improve_files.c.model_id == model.model_id)
            rows = connection.execute(query.order_by(improve_files.c.part)).all()
        parts: dict[str, dict[str, list[bytes]]] = {}
        sizes = {row.adapter: json.loads(row.facts)["bytes"] for row in learned if row.sha256 is not None}
        for row in rows:
            size = sizes[row.adapter][row.name]
            part = self._safe.open(
                row.sealed, drawer=drawer_of(model.model_id), row_id=f"{row.adapter}/{row.name}/{row.part}/{size}"
            )
            parts.setdefault(row.adapter, {}).setdefault(row.name, []).append(part)
        found = {adapter: {name: b"".join(each) for name, each in files.items()} for adapter, files in parts.items()}
        for row in learned:
            if row.sha256 is not None and files_digest(found.get(row.adapter, {})) != row.sha256:
                raise ImproveError("What a model learned is not what was kept; take it back.", code="improve.changed")
        return found

    def retire(self, model: Model, reason: str) -> None:
        """Destroy the key of what a model learned, then its files and results; the figures of its report stay."""
        self._safe.discard(drawer_of(model.model_id))
        with self._database.writing(lock=LOCK) as connection:
            for table in (improve_files, improve_results):
                connection.execute(sa.delete(table).where(table.c.model_id == model.model_id))
            where = improve_models.c.model_id == model.model_id
            values = {"state": State.RETIRED.value, "reason": reason, "changed_at": self._clock().timestamp()}
            connection.execute(sa.update(improve_models).where(where).values(**values, share_thousandths=0))
        self._safe.discard(drawer_of(model.model_id))  # an adapter that ended in between may have made the key anew

    def signals(self, model: Model) -> tuple[Signals, Signals]:
        """What people did after turns in the days of a version's trial: with it, and without."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(improve_signals).where(improve_signals.c.model_id == model.model_id)).all()
        found: dict[bool, list[Signals]] = {True: [], False: []}
        for row in rows:
            counts = Signals(turns=row.turns, repeats=row.repeats, cancellations=row.cancellations, corrections=row.corrections)
            found[bool(row.has_model)].append(counts)
        return total(found[True]), total(found[False])

    # Measures

    def note(self, model: Model, turn_id: str, measured: Mapping[str, Mapping[str, object]]) -> None:
        """Note what was measured of one item in each arm. Raises ImproveError (improve.changed) if it was retired meanwhile."""
        rows = [
            {"model_id": model.model_id, "arm": arm, "turn_id": turn_id, "measured": json.dumps(dict(one))}
            for arm, one in measured.items()
        ]
        with self._database.writing(lock=LOCK) as connection:
            _set(connection, model, {"changed_at": self._clock().timestamp()})
            connection.execute(sa.insert(improve_results), rows)

    def measured(self, model: Model) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """By arm and item, what was measured so far."""
        query = sa.select(improve_results).where(improve_results.c.model_id == model.model_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for row in rows:
            found.setdefault(row.arm, {})[row.turn_id] = json.loads(row.measured)
        return found


def _set(connection: sa.Connection, model: Model, values: Mapping[str, object]) -> None:
    """Set columns of a model if its state is still what it was when it was read."""
    where = improve_models.c.model_id == model.model_id, improve_models.c.state == model.state.value
    if connection.execute(sa.update(improve_models).where(*where).values(values)).rowcount != 1:
        raise _moved()


def _moved() -> ImproveError:
    return ImproveError("This version, or another, was changed or retired meanwhile; look again.", code="improve.changed")


def drawer_of(model_id: str) -> str:
    """The drawer of the vault that a model's files are sealed in."""
    return f"improve/{model_id}"


def files_digest(files: Mapping[str, bytes]) -> str:
    """One SHA-256 over all files of an adapter, by name."""
    whole = hashlib.sha256()
    for name, data in sorted(files.items()):
        whole.update(f"{name}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def _model(row: Any) -> Model:
    return Model(
        model_id=row.model_id,
        number=row.number,
        set_id=row.set_id,
        state=State(row.state),
        plan=plan_of(json.loads(row.plan)),
        begun_at=moment(row.begun_at),
        changed_at=moment(row.changed_at),
        registered_position=row.registered_position,
        report=None if row.report is None else json.loads(row.report),
        share=row.share_thousandths / 1_000,
        before_id=row.before_id,
        reason=row.reason,
    )
