"""Data sets: made out of judged recordings whose people allow it, kept as ids, opened through the vault's door.

Owns the tables `improve_sets` and `improve_items`. What is opened here is opened as the trainer, for training: the door asks
the consent again and the ledger has an entry that the person sees. Calls block.
"""

import logging
import secrets
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.account import AccountRole
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Decision, Purpose
from earwitness.domain.errors import AccessError, ImproveError, VaultError
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, ReadPurpose, Recording, Role, Selection
from earwitness.domain.review import Label
from earwitness.improve.adapting import Example, Progress
from earwitness.improve.data_set import FEWEST_ITEMS, Candidate, Manifest, SetItem, Side, made_set, manifest_of
from earwitness.improve.judgement import LeftOut, counting, digest, sameness
from earwitness.storage.database import Database
from earwitness.storage.improve import improve_items, improve_sets
from earwitness.storage.moments import moment
from earwitness.telemetry import log
from earwitness.vault.audio_read import AudioRead
from earwitness.vault.door import HistoryPage

TRAINER: Final = Actor(actor_id="improve", alias="training", role=Role.TRAINER)
AT_ONCE: Final = 100
"""Recordings whose words are opened under one entry of the ledger."""
FIRST_TEXT: Final = 2
"""The first version of the text of consent that says how it learns: of who agreed to the one before, nothing is learned."""
SATELLITES_TEXT: Final = 3
"""The first version that says that satellites hold what was learned of wake words."""
LOCK: Final = 0x494D5052
_logger: Final = logging.getLogger(__name__)


class Door(Protocol):
    """The vault's door as far as training goes through it."""

    def judged(self, actor: Actor, person_id: str) -> tuple[str, ...]: ...

    def history(self, actor: Actor, person_id: str, *, limit: int, selection: Selection, purpose: ReadPurpose) -> HistoryPage: ...

    def audio(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose) -> AudioRead: ...

    def standing(self, turn_ids: Sequence[str]) -> dict[str, bool]: ...


class Consents(Protocol):
    """What people decided; read afresh."""

    def has_consent(self, person_id: str, purpose: Purpose) -> bool: ...

    def in_force(self, person_id: str) -> dict[Purpose, Decision]: ...

    def decisions(self, person_id: str) -> tuple[Decision, ...]: ...

    def is_restricted(self, person_id: str) -> bool: ...


class Ledger(Protocol):
    """Where sets and models are committed."""

    def append(self, entries: Sequence[Mapping[str, object]]) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A set as it is kept. `number` counts from 1; `position` is its place in the ledger."""

    set_id: str
    number: int
    made_at: datetime
    manifest: Manifest
    position: int | None

    def as_json(self) -> dict[str, object]:
        speakers = {side: {item.speaker for item in self.manifest.of(side)} for side in Side}
        return {
            "set": self.set_id,
            "number": self.number,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "split": self.manifest.split.value,
            "teaches": len(self.manifest.of(Side.TEACHES)),
            "measures": len(self.manifest.of(Side.MEASURES)),
            "speakers_teach": len(speakers[Side.TEACHES]),
            "speakers_measure": len(speakers[Side.MEASURES]),
            "left_out": dict(self.manifest.left_out),
            "position": self.position,
        }


class DataSets:
    """All sets of a household. `people` gives everybody; `clock` gives aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        door: Door,
        consents: Consents,
        ledger: Ledger,
        people: Callable[[], Sequence[Person]],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._door = door
        self._consents = consents
        self._ledger = ledger
        self._people = people
        self._clock = clock

    # Making

    def make(self, progress: Progress = lambda done, total: None) -> DataSet:
        """Make the set of now and commit its digest; one that is as the last one but for its date is that last one.

        Raises ImproveError (improve.too_few), LedgerError, StorageError.
        """
        began = self._clock()  # whoever withdraws from here on, even for a moment, withdrew from this set
        left_out: Counter[str] = Counter()
        candidates: list[Candidate] = []
        able = [person for person in self._people() if self._may_train(person.person_id)]
        for done, person in enumerate(able):
            progress(done, len(able))
            candidates += self._of(person, left_out)
        progress(len(able), len(able))
        if len(candidates) < FEWEST_ITEMS:
            raise ImproveError(
                f"There are {len(candidates)} judged recordings of people who allow training; {FEWEST_ITEMS} are needed.",
                code="improve.too_few",
            )
        speakers = {person.person_id: secrets.token_hex(8) for person in able}
        manifest = made_set(candidates, speakers=speakers, left_out=dict(left_out), made_at=began)
        last = next(iter(self.all()), None)
        if last is not None and last.manifest.contents == manifest.contents:
            return self._committed(last)
        return self._committed(self._kept(manifest, candidates, made_at=began))

    def _of(self, person: Person, left_out: Counter[str]) -> list[Candidate]:
        """A person's utterances that may be in a set; why others may not is counted."""
        decided, seen = self._consents.in_force(person.person_id), set[tuple[object, ...]]()
        found: list[Candidate] = []
        for recording in self._judged(person.person_id):
            chosen = counting(recording.annotations)
            if isinstance(chosen, LeftOut):
                left_out[chosen.value] += 1
            elif (same := sameness(recording, chosen)) in seen:
                left_out[LeftOut.DUPLICATE.value] += 1
            else:
                seen.add(same)
                candidate = Candidate(
                    recording_id=recording.turn.turn_id,
                    person_id=person.person_id,
                    annotation_sha256=digest(chosen),
                    keep_decision=decided[Purpose.KEEP].decision_id,
                    train_decision=decided[Purpose.TRAIN].decision_id,
                    expires_at=recording.expires_at,
                    age=age_of(person),
                )
                found.append(candidate)
        return found

    def _judged(self, person_id: str) -> Iterator[Recording]:
        ids = self._door.judged(TRAINER, person_id)
        for start in range(0, len(ids), AT_ONCE):
            yield from self._opened(person_id, ids[start : start + AT_ONCE])

    def _opened(self, person_id: str, turn_ids: Sequence[str]) -> tuple[Recording, ...]:
        """Words of a person's turns, on record; what was deleted just now is left out."""
        here = [turn_id for turn_id, is_restricted in self._door.standing(turn_ids).items() if not is_restricted]
        if not here:
            return ()
        selection = Selection(turn_ids=tuple(here))
        page = self._door.history(TRAINER, person_id, limit=len(here), selection=selection, purpose=ReadPurpose.TRAINING)
        return tuple(one for one in reversed(page.recordings) if one.annotations)

    def _may_train(self, person_id: str) -> bool:
        given = all(self._consents.has_consent(person_id, one) for one in (Purpose.KEEP, Purpose.TRAIN))
        if not given or self._consents.in_force(person_id)[Purpose.TRAIN].text_version < FIRST_TEXT:
            return False
        return not self._consents.is_restricted(person_id)

    def _kept(self, manifest: Manifest, candidates: Sequence[Candidate], *, made_at: datetime) -> DataSet:
        """The set as a row, written before it is committed; so that after a crash the same one is committed."""
        packed, set_id = manifest.as_bytes(), manifest.set_id
        rows = {one.recording_id: one for one in candidates}
        items = [
            {
                "set_id": set_id,
                "turn_id": item.recording,
                "person_id": rows[item.recording].person_id,
                "expires_at": rows[item.recording].expires_at.timestamp(),
                "is_taught": item.side is Side.TEACHES,
            }
            for item in manifest.items
        ]
        with self._database.writing(lock=LOCK) as connection:
            number = (connection.execute(sa.select(sa.func.max(improve_sets.c.number))).scalar() or 0) + 1
            values = {"set_id": set_id, "number": number, "made_at": made_at.timestamp(), "manifest": zlib.compress(packed)}
            connection.execute(sa.insert(improve_sets).values(values))
            connection.execute(sa.insert(improve_items), items)
        log(_logger, "data set made", candidates=len(items))
        return self.find(set_id)

    def _committed(self, made: DataSet) -> DataSet:
        if made.position is not None:
            return made
        facts = made.as_json()
        entry = {name: facts[name] for name in ("number", "split", "teaches", "measures", "left_out")}
        speakers = facts["speakers_teach"], facts["speakers_measure"]
        (position,) = self._ledger.append(
            [
                {
                    "v": 1,
                    "kind": "improve.set",
                    "set_sha256": made.set_id,
                    "speakers": list(speakers),
                    "at": made.made_at.isoformat(timespec="seconds"),
                    **entry,
                }
            ]
        )
        with self._database.writing() as connection:
            connection.execute(sa.update(improve_sets).where(improve_sets.c.set_id == made.set_id).values(position=position))
        return self.find(made.set_id)

    # Finding

    def find(self, set_id: str) -> DataSet:
        """A set by its id, or by the beginning of it. Raises ImproveError: improve.unknown; improve.changed if it was altered."""
        where = improve_sets.c.set_id.startswith(set_id, autoescape=True)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(improve_sets).where(where)).all()
        if len(rows) != 1:
            raise ImproveError("There is no such data set.")
        return _data_set(rows[0])

    def all(self) -> tuple[DataSet, ...]:
        """All sets, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(improve_sets).order_by(improve_sets.c.number.desc())).all()
        return tuple(map(_data_set, rows))

    def commit_waiting(self) -> None:
        """Commit the sets that a crash or an absent ledger left behind. Raises LedgerError."""
        for one in self.all():
            self._committed(one)

    # Using

    def lost(self, made: DataSet) -> Mapping[str, str]:
        """What of a set may not be used any more, each with why: "expired", "deleted" or "withdrawn". Opens nothing."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(improve_items).where(improve_items.c.set_id == made.set_id)).all()
        standing = self._door.standing([row.turn_id for row in rows])
        withdrew: dict[str | None, bool] = {None: True}
        for person_id in {row.person_id for row in rows if row.person_id is not None}:
            withdrew[person_id] = self._withdrew(person_id, since=made.made_at)
        now, lost = self._clock(), {}
        for row in rows:
            is_over = now >= moment(row.expires_at)
            if row.person_id is None:
                lost[row.turn_id] = "deleted"
            elif withdrew[row.person_id]:
                lost[row.turn_id] = "withdrawn"
            elif row.turn_id not in standing:
                lost[row.turn_id] = "expired" if is_over else "deleted"
        return lost

    def _withdrew(self, person_id: str, *, since: datetime) -> bool:
        """Whether a person withdrew what training needs since then, even if they gave it again."""
        if not all(self._consents.has_consent(person_id, one) for one in (Purpose.KEEP, Purpose.TRAIN)):
            return True
        needed = (Purpose.KEEP, Purpose.TRAIN)
        decisions = self._consents.decisions(person_id)
        return any(one.purpose in needed and not one.is_given and one.decided_at >= since for one in decisions)

    def may_be_held_by_satellites(self, made: DataSet) -> bool:
        """Whether all who teach in a set agree now to a text that says that satellites hold what was learned of wake words."""
        columns = improve_items.c.set_id == made.set_id, improve_items.c.is_taught
        with self._database.reading() as connection:
            taught_by = connection.execute(sa.select(improve_items.c.person_id).where(*columns).distinct()).scalars().all()
        return all(person_id is not None and self._agreed_text(person_id) >= SATELLITES_TEXT for person_id in taught_by)

    def _agreed_text(self, person_id: str) -> int:
        """The version of the text of consent to training to which a person agrees now; 0 for none."""
        if not self._consents.has_consent(person_id, Purpose.TRAIN):
            return 0
        return self._consents.in_force(person_id)[Purpose.TRAIN].text_version

    def examples(self, made: DataSet, side: Side, progress: Progress = lambda done, total: None) -> tuple[Example, ...]:
        """The examples of one side, opened on record and checked against the manifest.

        Raises ImproveError (improve.changed) if something of the set was deleted, withdrawn or judged anew: then make a new one.
        """
        wanted = {item.recording: item for item in made.manifest.of(side)}
        if self.lost(made).keys() & wanted.keys():
            raise _changed()
        owners, found = self._owners(made.set_id), dict[str, Example]()
        by_person: dict[str, list[str]] = {}
        for turn_id in wanted:
            by_person.setdefault(owners[turn_id], []).append(turn_id)
        for person_id, ids in by_person.items():
            for start in range(0, len(ids), AT_ONCE):
                try:
                    opened = self._opened(person_id, ids[start : start + AT_ONCE])
                except AccessError as error:
                    raise _changed() from error
                found |= {one.turn.turn_id: _example(one, wanted[one.turn.turn_id]) for one in opened}
                progress(len(found), len(wanted))
        if found.keys() != wanted.keys():
            raise _changed()
        return tuple(found[turn_id] for turn_id in sorted(found))

    def sound(self, recording_id: str) -> Pcm | None:
        """The sound of a recording, opened on record; None where only words were kept. Raises ImproveError."""
        try:
            with self._door.audio(TRAINER, recording_id, purpose=ReadPurpose.TRAINING) as read:
                return Pcm(data=b"".join(read))
        except VaultError as error:
            if error.code == "vault.no_sound":
                return None
            raise _changed() from error
        except AccessError as error:
            raise _changed() from error

    def _owners(self, set_id: str) -> dict[str, str]:
        columns = improve_items.c.turn_id, improve_items.c.person_id
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(*columns).where(improve_items.c.set_id == set_id)).all()
        return {row.turn_id: row.person_id for row in rows}

    # Lineage

    def of_person(self, person_id: str) -> Mapping[str, int]:
        """In how many places of each set a person's recordings teach; the sets by their ids."""
        where = improve_items.c.person_id == person_id, improve_items.c.is_taught
        query = sa.select(improve_items.c.set_id, sa.func.count()).where(*where).group_by(improve_items.c.set_id)
        with self._database.reading() as connection:
            return {str(set_id): int(count) for set_id, count in connection.execute(query)}


def age_of(person: Person) -> str:
    """The only group that accounts tell: "child" or "adult"."""
    return "child" if person.role is AccountRole.CHILD else "adult"


def taught(lost: Mapping[str, str], made: DataSet) -> Collection[str]:
    """Of what was lost, what taught and was not merely over its time: a model that learned from it has to go."""
    teaching = {item.recording for item in made.manifest.of(Side.TEACHES)}
    return {turn_id for turn_id, why in lost.items() if why != "expired" and turn_id in teaching}


def _example(recording: Recording, item: SetItem) -> Example:
    chosen = counting(recording.annotations)
    if isinstance(chosen, LeftOut) or digest(chosen) != item.annotation_sha256:
        raise _changed()
    return Example(
        recording_id=item.recording,
        speaker_key=item.speaker,
        transcript="" if Label.FALSE_WAKE in chosen.labels else chosen.transcript,
        heard=recording.heard,
        intent=chosen.intent,
        slots=chosen.slots,
        labels=chosen.labels,
        groups={"age": item.age},
        audio_seconds=recording.audio_seconds,
        outcome=recording.turn.outcome.value,
        timings_ms=recording.turn.timings_ms,
        area=recording.area,
    )


def _data_set(row: Any) -> DataSet:
    try:
        manifest = manifest_of(zlib.decompress(row.manifest))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ImproveError("The manifest of a data set cannot be read; it was changed.", code="improve.changed") from error
    if manifest.set_id != row.set_id:
        raise ImproveError("The manifest of a data set is not the one that was committed.", code="improve.changed")
    return DataSet(set_id=row.set_id, number=row.number, made_at=moment(row.made_at), manifest=manifest, position=row.position)


def _changed() -> ImproveError:
    return ImproveError(
        "Something of this data set was deleted, withdrawn or judged anew since; make a new one.", code="improve.changed"
    )
