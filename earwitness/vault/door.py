"""The one door: policy, then the ledger, then the bytes. Nobody reads a recording, its words or its sound, in any other way.

If the ledger cannot take the entry, nothing is decrypted. What went out is noted when it has. Calls block.
"""

import contextlib
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from earwitness.domain.consent import Purpose
from earwitness.domain.errors import AccessError, LedgerError, VaultError
from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Recording, Role, Selection
from earwitness.domain.review import Annotation
from earwitness.vault import policy, sealing
from earwitness.vault.audio_read import AudioRead, asked, ended
from earwitness.vault.blobs import Blobs
from earwitness.vault.demanded import Demanded, ids_digest
from earwitness.vault.disclosure_key import Approval
from earwitness.vault.envelope import open_audio, open_text, seal_text
from earwitness.vault.grants import Grants
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.listens import Listens, entry_of_annotation, entry_of_closing, entry_of_opening
from earwitness.vault.ports import Ledger
from earwitness.vault.rows import Row, Rows
from earwitness.vault.search import MOST_SOUGHT, term, terms, words

EVERYTHING = Selection(is_all=True)
Settle = Callable[[Annotation, Sequence[Annotation]], Annotation]
"""Says whether a judgement counts, beside those before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Kept turns, newest first; `next_before` asks for the page after this one, None when this is the last."""

    recordings: tuple[Recording, ...]
    next_before: int | None


class Door:
    """Opens recordings for those who may. `clock` gives aware datetimes."""

    def __init__(
        self,
        *,
        rows: Rows,
        ring: KeyRing,
        blobs: Blobs,
        ledger: Ledger,
        listens: Listens,
        consents: policy.Consents,
        approves: Callable[[Approval], Mapping[str, Any]],
        grants: Grants,
        clock: Callable[[], datetime],
    ) -> None:
        """`approves` gives what an approval of a disclosure says; it raises EarwitnessError unless the right key signed it."""
        self._rows = rows
        self._ring = ring
        self._blobs = blobs
        self._ledger = ledger
        self._listens = listens
        self._consents = consents
        self._approves = approves
        self._grants = grants
        self._clock = clock

    # The words

    def history(
        self,
        actor: Actor,
        person_id: str,
        *,
        limit: int,
        before: int | None = None,
        search: str = "",
        selection: Selection = EVERYTHING,
        purpose: ReadPurpose = ReadPurpose.HISTORY,
    ) -> HistoryPage:
        """A page of a person's kept turns that hold every word of `search`; for others than the person without those whose use is
        restricted. Raises AccessError, LedgerError, StorageError."""
        self._admit(actor, purpose, person_id=person_id, rows=())
        sought = self._sought(person_id, search)
        if sought is None:
            return HistoryPage(recordings=(), next_before=None)
        rows = self._rows.page(person_id, now=self._clock(), limit=limit + 1, before=before, sought=sought, selection=selection)
        shown = rows[:limit]
        next_before = shown[-1].number if len(rows) > limit else None
        if actor.role is not Role.SELF:
            shown = [row for row in shown if not row.is_restricted]
        return HistoryPage(recordings=self._open_words(actor, shown, purpose=purpose), next_before=next_before)

    def recording(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose = ReadPurpose.HISTORY) -> Recording:
        """One kept turn. Raises VaultError (vault.not_found), AccessError, LedgerError."""
        row = self._row(turn_id)
        self._admit(actor, purpose, person_id=row.person_id, rows=(row,))
        (found,) = self._open_words(actor, [row], purpose=purpose) or (None,)
        if found is None:
            raise _gone()
        return found

    def correct(self, actor: Actor, turn_id: str, *, transcript: str) -> Recording:
        """Put the person's own words in place of what was heard; what was heard stays beside them. Raises as `recording`."""
        row = self._row(turn_id)
        self._admit(actor, ReadPurpose.CORRECTION, person_id=row.person_id, rows=(row,))
        self._open(actor, [row], purpose=ReadPurpose.CORRECTION, medium=Medium.TEXT)
        key = self._ring.data_keys([turn_id]).get(turn_id)
        person_key = self._ring.find_person_key(row.person_id)
        if key is None or person_key is None:
            raise _gone()
        facts = sealing.corrected(_facts(row, key), transcript=transcript, now=self._clock())
        sealed = seal_text(sealing.to_bytes(facts), key=key, row_id=turn_id, revision=row.revision + 1)
        if not self._rows.reseal(row, sealed=sealed, found_by=terms(sealing.searchable(facts), key=person_key.search_key())):
            raise VaultError("This turn was changed or deleted just now; look at it again.", code="vault.changed")
        changed = replace(row, sealed=sealed, revision=row.revision + 1)
        return sealing.recording(changed, facts, listens=self._rows.heard_by_others([turn_id], now=self._clock()).get(turn_id, 0))

    def annotate(self, actor: Actor, turn_id: str, annotation: Annotation, *, settle: Settle | None = None) -> Annotation:
        """Keep a judgement of a turn with its words, under the same key, so that both go together; it is in the ledger before.

        `settle` is given the judgement and all that were there before it, and gives it with whether it counts. Gives what was
        kept; one that is kept already, by its id, is not kept twice. Raises as `correct`.
        """
        row = self._row(turn_id)
        purpose = ReadPurpose.CORRECTION if actor.role is Role.SELF else ReadPurpose.REVIEW
        self._admit(actor, purpose, person_id=row.person_id, rows=(row,))
        key = self._ring.data_keys([turn_id]).get(turn_id)
        if key is None:
            raise _gone()
        facts = _facts(row, key)
        there = sealing.annotations(facts)
        ids = [one.annotation_id for one in there]
        known = ids.index(annotation.annotation_id) if annotation.annotation_id in ids else len(ids)
        kept = annotation if settle is None else settle(annotation, there[:known])
        if known < len(ids):
            return there[known]
        self._ledger.append([entry_of_annotation(actor, turn_id, annotation)])
        sealed = seal_text(sealing.to_bytes(sealing.annotated(facts, kept)), key=key, row_id=turn_id, revision=row.revision + 1)
        if not self._rows.reseal(row, sealed=sealed, judged_at=annotation.made_at):
            raise VaultError("This turn was changed or deleted just now; look at it again.", code="vault.changed")
        return kept

    def judged(self, actor: Actor, person_id: str) -> tuple[str, ...]:
        """The ids of a person's turns that somebody judged and that may be trained on, oldest first; nothing is opened.

        Raises AccessError, LedgerError.
        """
        self._admit(actor, ReadPurpose.TRAINING, person_id=person_id, rows=())
        return tuple(self._rows.judged(person_id, now=self._clock()))

    # The sound

    def audio(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose, start: int = 0, end: int | None = None) -> AudioRead:
        """Open a recording's sound from byte `start` up to `end` of its PCM; close what is given. No reviewer can (`hand_out`).

        Raises VaultError (vault.not_found; vault.no_sound where only words were kept), AccessError, LedgerError, StorageError.
        """
        row = self._row_with_sound(actor, turn_id, purpose=purpose)
        stop = row.audio_bytes if end is None else min(end, row.audio_bytes)
        if not 0 <= start <= stop:
            raise _no_such_part()
        read = self._open(actor, [row], purpose=purpose, medium=Medium.AUDIO, part=(start, stop))
        return AudioRead(read, self._sound(row, start, stop), data_bytes=row.audio_bytes, part=(start, stop), done=self._close)

    def sound_bytes(self, actor: Actor, turn_id: str) -> int:
        """How many bytes of PCM a turn of the actor's own has; nothing is opened. Raises VaultError, AccessError."""
        return self._row_with_sound(actor, turn_id, purpose=ReadPurpose.PLAYBACK).audio_bytes

    def hand_out(self, actor: Actor, turn_id: str, sound: bytes, *, purpose: ReadPurpose, start: int, end: int) -> AudioRead:
        """Give bytes `start` up to `end` of what was made of a recording's sound, PCM of the same length: admitted and on record
        as if it were the sound itself. Raises as `audio`; vault.no_such_part too for a length that is not the recording's."""
        row = self._row_with_sound(actor, turn_id, purpose=purpose, is_original=False)
        if len(sound) != row.audio_bytes or not 0 <= start < end <= row.audio_bytes:
            raise _no_such_part()
        read = self._open(actor, [row], purpose=purpose, medium=Medium.AUDIO, part=(start, end))
        return AudioRead(read, iter((sound[start:end],)), data_bytes=row.audio_bytes, part=(start, end), done=self._close)

    def _row_with_sound(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose, is_original: bool = True) -> Row:
        """The row of a turn whose sound that actor may open, or hear what was made of it. Raises VaultError, AccessError."""
        row = self._row(turn_id)
        self._admit(actor, purpose, person_id=row.person_id, rows=(row,), medium=Medium.AUDIO, is_original=is_original)
        if not row.audio_bytes:
            raise VaultError("Of this turn only the words were kept.", code="vault.no_sound")
        return row

    def _sound(self, row: Row, start: int, stop: int) -> Iterator[bytes]:
        key = self._ring.data_keys([row.turn_id]).get(row.turn_id)
        if key is None:
            raise _gone()
        stored = lambda first, last: self._blobs.read(row.turn_id, first, last)  # noqa: E731
        yield from open_audio(stored, key=key, row_id=row.turn_id, length=row.audio_bytes, start=start, end=stop)

    def sounds(
        self, actor: Actor, person_id: str, turn_ids: Sequence[str], *, purpose: ReadPurpose
    ) -> Generator[tuple[str, bytes], None, None]:
        """The whole sound of several of a person's turns as PCM, each with its id, those without sound left out.

        One ledger entry opens each, all committed before the first is decrypted; what was not taken is on record as such. One
        that cannot be opened, since it was deleted meanwhile or is damaged, is left out too. Raises AccessError, LedgerError,
        StorageError.
        """
        rows = [row for row in self._rows.find(turn_ids, now=self._clock()) if row.audio_bytes and row.person_id == person_id]
        self._admit(actor, purpose, person_id=person_id, rows=rows, medium=Medium.AUDIO)
        if not rows:
            return
        begun = [
            asked(self._read(actor, [row], purpose=purpose, medium=Medium.AUDIO, person_id=person_id), (0, row.audio_bytes))
            for row in rows
        ]
        positions = self._ledger.append([entry_of_opening(read) for read in begun])
        opened = [replace(read, opened_position=position) for read, position in zip(begun, positions, strict=True)]
        self._listens.add(*opened)
        taken: dict[str, int] = {}
        try:
            for row, read in zip(rows, opened, strict=True):
                with contextlib.suppress(VaultError):
                    data = b"".join(self._sound(row, 0, row.audio_bytes))
                    taken[read.read_id] = len(data)
                    yield row.turn_id, data
        finally:
            ends = zip(rows, opened, strict=True)
            self._close(*(ended(read, taken.get(read.read_id, 0), part=(0, row.audio_bytes)) for row, read in ends))

    # Legal demands

    def demanded(
        self,
        actor: Actor,
        approval: Approval,
        turn_ids: Sequence[str],
        *,
        ledger: Ledger | None = None,
        shown_from: datetime | None = None,
    ) -> Generator[Demanded, None, None]:
        """Just these turns, for which a disclosure was approved, in just the media that it names; what is gone is left out.

        Every opening is an entry of its own, all committed, to `ledger` if it is given, before the first is decrypted; the
        person's list shows them at once, or from `shown_from` on. Raises DemandError, AccessError, LedgerError, StorageError.
        """
        approved, log = self._approves(approval), ledger or self._ledger
        if approved.get("recordings_sha256") != ids_digest(turn_ids):
            raise AccessError("Other recordings were approved than these.", code="access.refused")
        rows = self._rows.find(turn_ids, now=self._clock(), with_held=True)
        for person_id in sorted({row.person_id for row in rows}):
            self._admit(actor, ReadPurpose.DEMAND, person_id=person_id, rows=[one for one in rows if one.person_id == person_id])
        wanted = [
            (row, Medium(medium))
            for row in sorted(rows, key=lambda row: row.number)
            for medium in approved["media"]
            if medium == Medium.TEXT or row.audio_bytes
        ]
        begun = [replace(self._asked_of(actor, row, medium), shown_from=shown_from) for row, medium in wanted]
        positions = log.append([entry_of_opening(read) for read in begun]) if begun else ()
        opened = [replace(read, opened_position=position) for read, position in zip(begun, positions, strict=True)]
        if opened:
            self._listens.add(*opened)
        taken: dict[str, int] = {}
        try:
            for (row, medium), read in zip(wanted, opened, strict=True):
                with contextlib.suppress(VaultError):
                    yield self._demanded(row, medium, read, taken)
        finally:
            sounds = [(row, read) for (row, _), read in zip(wanted, opened, strict=True) if read.medium is Medium.AUDIO]
            ends = [ended(read, taken.get(read.read_id, 0), part=(0, row.audio_bytes)) for row, read in sounds]
            if ends:
                self._close(*ends, ledger=log)

    def _asked_of(self, actor: Actor, row: Row, medium: Medium) -> Read:
        read = self._read(actor, [row], purpose=ReadPurpose.DEMAND, medium=medium, person_id=row.person_id)
        return asked(read, (0, row.audio_bytes if medium is Medium.AUDIO else 0))

    def _demanded(self, row: Row, medium: Medium, read: Read, taken: dict[str, int]) -> Demanded:
        if medium is Medium.AUDIO:
            data = b"".join(self._sound(row, 0, row.audio_bytes))
            taken[read.read_id] = len(data)
            return Demanded(turn_id=row.turn_id, position=read.opened_position, sound=data)
        key = self._ring.data_keys([row.turn_id]).get(row.turn_id)
        if key is None:
            raise _gone()
        return Demanded(
            turn_id=row.turn_id, position=read.opened_position, words=sealing.recording(row, _facts(row, key), listens=0)
        )

    def standing(self, turn_ids: Sequence[str]) -> dict[str, bool]:
        """Those of these turns that are still kept, each with whether its use is restricted; nothing is opened."""
        return {row.turn_id: row.is_restricted for row in self._rows.find(turn_ids, now=self._clock())}

    # Policy, ledger, bytes

    def _row(self, turn_id: str) -> Row:
        found = self._rows.find([turn_id], now=self._clock())
        if not found:
            raise _gone()
        return found[0]

    def _admit(
        self,
        actor: Actor,
        purpose: ReadPurpose,
        *,
        person_id: str,
        rows: Sequence[Row],
        medium: Medium = Medium.TEXT,
        is_original: bool = True,
    ) -> None:
        facts = policy.Facts(person_id=person_id, consents=frozenset(), is_restricted=True)
        if actor.role is not Role.SELF:
            given = frozenset(one for one in Purpose if self._consents.has_consent(person_id, one))
            is_restricted = any(row.is_restricted for row in rows) or self._consents.is_restricted(person_id)
            asked = tuple(row.turn_id for row in rows)
            is_granted = purpose is ReadPurpose.BREAK_GLASS and self._grants.cover(actor.actor_id, person_id, turn_ids=asked)
            facts = policy.Facts(person_id=person_id, consents=given, is_restricted=is_restricted, is_granted=is_granted)
        try:
            policy.check(actor, purpose, facts=facts, medium=medium)
            if medium is Medium.AUDIO and is_original and actor.role in policy.HEARS_NO_ORIGINAL:
                raise AccessError("A reviewer hears what was made of a recording, never the recording.", code="access.refused")
        except AccessError:
            self._refuse(actor, purpose, person_id=person_id, rows=rows)
            raise

    def _refuse(self, actor: Actor, purpose: ReadPurpose, *, person_id: str, rows: Sequence[Row]) -> None:
        """An attempt that was refused is on record like one that was not; of another person of the household, as theirs."""
        if actor.role is Role.SELF and actor.actor_id != person_id:
            actor = replace(actor, role=Role.MEMBER)
        read = self._read(actor, rows, purpose=purpose, medium=Medium.AUDIO, person_id=person_id)
        refused = replace(read, result=ReadResult.REFUSED)
        (position,) = self._ledger.append([entry_of_opening(refused)])
        self._listens.add(replace(refused, opened_position=position))

    def _open(
        self, actor: Actor, rows: Sequence[Row], *, purpose: ReadPurpose, medium: Medium, part: tuple[int, int] = (0, 0)
    ) -> Read:
        """Commit the opening, of that part of the sound; after this, and never before, may anything be decrypted."""
        read = asked(self._read(actor, rows, purpose=purpose, medium=medium, person_id=rows[0].person_id), part)
        (position,) = self._ledger.append([entry_of_opening(read)])
        opened = replace(read, opened_position=position)
        self._listens.add(opened)
        return opened

    def _close(self, *reads: Read, ledger: Ledger | None = None) -> None:
        closed = [replace(read, closed_at=self._clock()) for read in reads]
        try:
            positions = (ledger or self._ledger).append([entry_of_closing(read) for read in closed])
        except LedgerError:
            self._listens.close(*closed)
            raise
        self._listens.close(*(replace(read, closed_position=at) for read, at in zip(closed, positions, strict=True)))

    def _read(self, actor: Actor, rows: Sequence[Row], *, purpose: ReadPurpose, medium: Medium, person_id: str) -> Read:
        return Read(
            read_id=secrets.token_hex(16),
            person_id=person_id,
            turn_id=rows[0].turn_id if len(rows) == 1 else None,
            actor=actor,
            purpose=purpose,
            medium=medium,
            recordings=len(rows),
            opened_at=self._clock(),
            opened_position=-1,
            result=ReadResult.OPEN if medium is Medium.AUDIO else ReadResult.SERVED,
        )

    def _open_words(self, actor: Actor, rows: Sequence[Row], *, purpose: ReadPurpose) -> tuple[Recording, ...]:
        """The words of these rows, but of such as were erased meanwhile. One ledger entry for all of them."""
        if not rows:
            return ()
        self._open(actor, rows, purpose=purpose, medium=Medium.TEXT)
        keys = self._ring.data_keys([row.turn_id for row in rows])
        heard = self._rows.heard_by_others([row.turn_id for row in rows], now=self._clock())
        return tuple(
            sealing.recording(row, _facts(row, keys[row.turn_id]), listens=heard.get(row.turn_id, 0))
            for row in rows
            if row.turn_id in keys
        )

    def _sought(self, person_id: str, search: str) -> list[bytes] | None:
        """The terms of a search, empty for none; None where nothing can be found."""
        sought = words(search)[:MOST_SOUGHT]
        if not search.strip():
            return []
        person_key = self._ring.find_person_key(person_id)
        if not sought or person_key is None:
            return None
        return [term(word, key=person_key.search_key()) for word in sought]


def _facts(row: Row, key: bytes) -> dict[str, Any]:
    return sealing.from_bytes(open_text(row.sealed, key=key, row_id=row.turn_id, revision=row.revision))


def _gone() -> VaultError:
    return VaultError("There is no such recording: it was deleted, has expired, or never was.")


def _no_such_part() -> VaultError:
    return VaultError("That part of the recording does not exist.", code="vault.no_such_part")
