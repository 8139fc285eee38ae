"""A person's rights over what they said, each one call: consent, see, hear, correct, restrict, object, take away, erase.

It joins people and vault, and owns no data. Every call blocks on the disk: from the event loop, use asyncio.to_thread. Who calls
has made sure who acts; what they may open is decided by the vault's door.
"""

import contextlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earwitness.domain.account import LIVES_HERE, AccountRole, Permission
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Decision, Keeping, Keeps, Purpose, Way
from earwitness.domain.errors import AccessError, EarwitnessError, PersonError, VaultError
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Erasure, Kept, Read, ReadPurpose, Recording, Role, Selection, Spoken
from earwitness.domain.review import Annotation, Label
from earwitness.people.consents import Consents
from earwitness.people.people import People
from earwitness.rights.belongings import Belongings
from earwitness.telemetry import log
from earwitness.vault.audio_read import AudioRead
from earwitness.vault.door import HistoryPage
from earwitness.vault.erasing import SYSTEM
from earwitness.vault.vault import Vault

MOST_LISTENS: Final = 1000
LONGEST_TRANSCRIPT: Final = 1000
JUST_NOW: Final = timedelta(minutes=5)
EVERYTHING: Final = Selection(is_all=True)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a person stands: what they decided, what is kept, and what is new to them."""

    person: Person
    decisions: dict[Purpose, Decision]
    keeping: Keeping | None
    kept: Kept
    new_listens: int


def themself(person: Person) -> Actor:
    """The person as somebody who opens their own recordings."""
    return Actor(actor_id=person.person_id, alias=person.alias, role=Role.SELF)


class Rights:
    """All rights of all people. `clock` gives aware datetimes."""

    def __init__(
        self,
        *,
        people: People,
        consents: Consents,
        vault: Vault,
        clock: Callable[[], datetime],
        note: Callable[[Spoken], None] = lambda spoken: None,
    ) -> None:
        """`note` is told of every turn that is kept, once it is; it raises nothing."""
        self.people = people
        self.consents = consents
        self._vault = vault
        self._clock = clock
        self._note = note
        self.belongings = Belongings(people.database, safe=vault.safe, keeps_for=self._keeps_for, clock=clock)
        self._leaving = threading.Lock()
        self._last_turns: dict[str, str] = {}
        """Each person's last turn since this process began, kept or not: what "I just said" means."""

    # Consent

    def standing(self, person_id: str) -> Standing:
        """Where a person stands. Raises PersonError."""
        person = self.people.find(person_id)
        return Standing(
            person=person,
            decisions=self.consents.in_force(person_id),
            keeping=self.consents.keeping(person_id),
            kept=self.kept(person_id, EVERYTHING),
            new_listens=self._vault.listens.count_by_others(person_id, since=person.saw_listens_at),
        )

    def keeping(self, person_id: str) -> Keeping | None:
        """What is kept of what the person says from now on; None for nothing."""
        return self.consents.keeping(person_id)

    def has_consent(self, person_id: str, purpose: Purpose) -> bool:
        return self.consents.has_consent(person_id, purpose)

    def decide(
        self,
        person_id: str,
        purpose: Purpose,
        *,
        is_given: bool,
        way: Way,
        retention_seconds: float | None = None,
        keeps: Keeps | None = None,
        lifts_objection: bool = False,
        by: str | None = None,
    ) -> Decision:
        """Give or withdraw a consent; `by` is who decides, None for the person. A child may withdraw, and its guardian may give.

        A retention of 0 seconds withdraws; one that is shorter than before also shortens that of what is kept already, a longer
        one does not lengthen it. To let reviewers hear needs the consent to review (PersonError, consent.needs_review), and ends
        with it. Raises AccessError (consent.refused for who may not decide that, and for those of whom nothing
        is ever kept), PersonError, LedgerError, StorageError.
        """
        if purpose is Purpose.KEEP and retention_seconds == 0:
            is_given = False
        self._check_may_decide(self.people.find(person_id), by or person_id, is_given=is_given)
        if purpose is Purpose.HEAR and is_given and not self.consents.has_consent(person_id, Purpose.REVIEW):
            raise PersonError("Allow people to review a tiny sample first; this is about its sound.", code="consent.needs_review")
        decision = self.consents.decide(
            person_id,
            purpose,
            is_given=is_given,
            way=way,
            retention_seconds=retention_seconds,
            keeps=keeps,
            lifts_objection=lifts_objection,
        )
        if decision.retention_seconds is not None:
            self._vault.rows.shorten(person_id, retention_seconds=decision.retention_seconds)
        if purpose is Purpose.KEEP:
            self.belongings.messages.follow_consent(person_id)
        if purpose is Purpose.REVIEW and not is_given:
            self._end_hearing(person_id, way=way)
        return decision

    def _end_hearing(self, person_id: str, *, way: Way) -> None:
        """Who lets nobody review any more lets nobody hear it either, also if review is allowed again."""
        found = self.consents.in_force(person_id).get(Purpose.HEAR)
        if found is not None and found.is_given:
            self.consents.decide(person_id, Purpose.HEAR, is_given=False, way=way)

    def _keeps_for(self, person_id: str) -> timedelta | None:
        """How long the text of what somebody writes and gets is kept: as their history."""
        keeping = self.consents.keeping(person_id)
        return None if keeping is None else timedelta(seconds=keeping.retention_seconds)

    def _check_may_decide(self, person: Person, by: str, *, is_given: bool) -> None:
        if is_given and person.role not in LIVES_HERE:
            raise AccessError("Of guests and of those who work here nothing is ever kept.", code="consent.refused")
        if by == person.person_id:
            if is_given and person.role is AccountRole.CHILD:
                raise AccessError("Your guardian decides that; you can always say no yourself.", code="consent.refused")
            return
        decides = self.people.find(by)
        if person.role is not AccountRole.CHILD or person.guardian_id != by or not decides.may(Permission.WARDS):
            raise AccessError("Only the person decides that, and for a child the guardian.", code="consent.refused")

    def object(self, person_id: str, purpose: Purpose, *, way: Way) -> Decision:
        """Object to a use: it ends at once, and stands until the person lifts it. Raises PersonError, StorageError."""
        objected = self.consents.decide(person_id, purpose, is_given=False, way=way, is_objection=True)
        if purpose is Purpose.REVIEW:
            self._end_hearing(person_id, way=way)
        return objected

    # What is kept

    def keep(self, spoken: Spoken, sound: Pcm | None) -> Keeps | None:
        """Keep a turn as far as the person consented; says what is kept, None for nothing. Durable when it returns.

        Raises StorageError, LedgerError, VaultError; then nothing is kept.
        """
        self._last_turns[spoken.person_id] = spoken.turn.turn_id
        keeping = None if spoken.is_off_record else self.consents.keeping(spoken.person_id)
        if keeping is None:
            return None
        kept = self._vault.keeper.keep(spoken, sound, keeping=keeping)
        if not self._agrees_still(spoken, keeping):
            return None
        self._note(spoken)
        return kept

    def _agrees_still(self, spoken: Spoken, keeping: Keeping) -> bool:
        """What was decided while a turn was being kept counts for it too: it is shortened, or deleted again."""
        person_id, eraser = spoken.person_id, self._vault.eraser
        now = self.consents.keeping(person_id)
        if now is not None:
            if now.retention_seconds < keeping.retention_seconds:
                self._vault.rows.shorten(person_id, retention_seconds=now.retention_seconds)
            return True
        if any(person.person_id == person_id for person in self.people.all()):
            eraser.erase(SYSTEM, person_id, Selection(turn_ids=(spoken.turn.turn_id,)))
        else:
            eraser.erase_person(SYSTEM, person_id)
        return False

    def kept(self, person_id: str, selection: Selection) -> Kept:
        """How much is kept of a person."""
        return self._vault.rows.count(person_id, selection, now=self._clock())

    def asked_for(self, person_id: str) -> dict[str, int]:
        """How many timers, alarms, reminders and routines are the person's, by kind; no kind of which there are none."""
        return self.belongings.count(person_id)

    def last_turn_id(self, person_id: str) -> str | None:
        """The person's last turn, if it is kept. After a start it is the newest kept one of the last few minutes."""
        last = self._last_turns.get(person_id)
        if last is not None:
            return last if self.kept(person_id, Selection(turn_ids=(last,))).recordings else None
        recent = Selection(since=self._clock() - JUST_NOW)
        found = self._vault.rows.last_id(person_id, now=self._clock())
        return found if found and self.kept(person_id, replace(recent, turn_ids=(found,))).recordings else None

    def last_heard(self, person_id: str) -> str | None:
        """The words of the person's last turn, if it is kept. Raises LedgerError."""
        turn_id = self.last_turn_id(person_id)
        return None if turn_id is None else self.recording(person_id, turn_id).turn.transcript

    def history(
        self, person_id: str, *, limit: int, before: int | None = None, search: str = "", selection: Selection = EVERYTHING
    ) -> HistoryPage:
        """A page of the person's own turns. Raises LedgerError, StorageError."""
        return self._vault.door.history(
            self._self(person_id), person_id, limit=limit, before=before, search=search, selection=selection
        )

    def recording(self, person_id: str, turn_id: str) -> Recording:
        """One of the person's own turns. Raises VaultError, LedgerError."""
        with _hiding_others():
            return self._vault.door.recording(self._self(person_id), turn_id)

    def play(self, person_id: str, turn_id: str, *, start: int = 0, end: int | None = None) -> AudioRead:
        """The sound of one of the person's own turns, by bytes of PCM. Raises VaultError, LedgerError."""
        with _hiding_others():
            return self._vault.door.audio(self._self(person_id), turn_id, purpose=ReadPurpose.PLAYBACK, start=start, end=end)

    def sound_bytes(self, person_id: str, turn_id: str) -> int:
        """How many bytes of PCM a turn has; opens nothing. Raises VaultError."""
        with _hiding_others():
            return self._vault.door.sound_bytes(self._self(person_id), turn_id)

    def correct(self, person_id: str, turn_id: str, *, transcript: str) -> Recording:
        """Rectify what was heard. Raises PersonError for words that are none, VaultError, LedgerError."""
        words = " ".join(transcript.split())
        if not 1 <= len(words) <= LONGEST_TRANSCRIPT:
            raise PersonError(f"Write what you said, in at most {LONGEST_TRANSCRIPT} characters.", code="history.invalid")
        with _hiding_others():
            return self._vault.door.correct(self._self(person_id), turn_id, transcript=words)

    def judge(
        self,
        person_id: str,
        turn_id: str,
        *,
        transcript: str,
        intent: str | None = None,
        slots: Mapping[str, str] | None = None,
        is_false_wake: bool = False,
    ) -> Recording:
        """Say what one's own turn was: the words that were said and what was meant, or that nobody had called the assistant.

        It is kept with the turn and goes with it; the words take the place of what was heard. Raises as `correct`.
        """
        words = " ".join(transcript.split())
        if len(words) > LONGEST_TRANSCRIPT or not (words or is_false_wake):
            raise PersonError(f"Write what you said, in at most {LONGEST_TRANSCRIPT} characters.", code="history.invalid")
        said = () if is_false_wake or slots is None else tuple(sorted(slots.items()))
        annotation = Annotation(
            annotation_id=secrets.token_hex(16),
            by=Role.SELF.value,
            made_at=self._clock(),
            transcript="" if is_false_wake else words,
            intent=None if is_false_wake else intent,
            slots=said,
            labels=frozenset({Label.FALSE_WAKE} if is_false_wake else ()),
        )
        with _hiding_others():
            actor = self._self(person_id)
            self._vault.door.annotate(actor, turn_id, annotation)
            if words and not is_false_wake:
                return self._vault.door.correct(actor, turn_id, transcript=words)
            return self._vault.door.recording(actor, turn_id)

    def restrict(self, person_id: str, *, turn_id: str | None = None, is_restricted: bool = True) -> int:
        """Restrict the use of one turn, or of everything from now on: kept, but opened by nobody but the person. Gives how many
        turns that concerns. Raises VaultError if there is no such turn."""
        if turn_id is None:
            self.people.change(person_id, restricted_at=self._clock() if is_restricted else None)
            return self.kept(person_id, EVERYTHING).recordings
        changed = self._vault.rows.restrict(person_id, Selection(turn_ids=(turn_id,)), is_restricted=is_restricted)
        if not changed:
            raise _gone()
        return changed

    # Deleting

    def erase_said(self, person_id: str, selection: Selection) -> Erasure:
        """Delete turns: gone when this returns. Raises VaultError (vault.nothing) if nothing is selected, StorageError."""
        return self._vault.eraser.erase(self._self(person_id), person_id, selection)

    def erase_person(self, person_id: str) -> Erasure:
        """Delete everything that is held about a person, and the person: gone when this returns.

        Raises PersonError (person.last_owner) for the only owner while others live here, StorageError.
        """
        with self._leaving:  # of two owners who leave at once, one must stay
            if any(one.person_id == person_id for one in self.people.all()):
                self.people.check_may_leave(person_id)
            erasure = self._vault.eraser.erase_person(self._self(person_id), person_id)
            self._forget(person_id)
        return erasure

    def receipts(self, person_id: str) -> tuple[Erasure, ...]:
        """The receipts of all that the person deleted, or that expired, newest first."""
        return self._vault.eraser.receipts(person_id)

    def receipt(self, person_id: str, erasure_id: str) -> Erasure:
        """One of them. Raises VaultError."""
        for erasure in self.receipts(person_id):
            if erasure.erasure_id == erasure_id:
                return erasure
        raise VaultError("There is no such receipt.")

    # Who listened

    def listens(self, person_id: str, *, since: datetime | None = None) -> Sequence[Read]:
        """The reads of the person's recordings by others, newest first, also those that were refused."""
        return self._vault.listens.of_person(person_id, limit=MOST_LISTENS, since=since, only_others=True)

    def reads(self, person_id: str, *, limit: int = 100, turn_id: str | None = None, only_others: bool = False) -> Sequence[Read]:
        """The reads of the person's recordings, their own too unless `only_others`, newest first."""
        return self._vault.listens.of_person(person_id, limit=limit, turn_id=turn_id, only_others=only_others)

    def read(self, person_id: str, read_id: str) -> Read:
        """One of them. Raises VaultError."""
        found = self._vault.listens.find(person_id, read_id)
        if found is None:
            raise VaultError("There is no such entry.")
        return found

    def news(self, *, since: datetime) -> tuple[Read, ...]:
        """Every read of anybody's recordings by somebody else, after a moment; oldest first."""
        return self._vault.listens.by_others(since=since)

    def see_listens(self, person_id: str) -> Person:
        """Note that the person has looked: what others opened until now is no news any more."""
        return self.people.change(person_id, saw_listens_at=self._clock())

    # Upkeep

    def upkeep(self) -> None:
        """Finish what a power cut or an absent ledger left behind. Failures are logged; the next upkeep tries again."""
        for work in (self._finish_leaving, self._vault.eraser.upkeep, self.consents.commit_waiting):
            try:
                work()
            except EarwitnessError as error:
                log(_logger, "upkeep.failed", level=logging.WARNING, code=error.code)

    def _finish_leaving(self) -> None:
        """Of those who left nothing stays, also if the power went while they did, or they spoke just then."""
        eraser = self._vault.eraser
        left = eraser.left()
        for person_id in left & {person.person_id for person in self.people.all()}:
            self._forget(person_id)
        for person_id in (left & eraser.heard()) - eraser.held():
            eraser.erase_person(SYSTEM, person_id)

    def _forget(self, person_id: str) -> None:
        """The person's row goes last: by it a power cut in between is noticed."""
        self._vault.listens.remove(person_id)
        self.belongings.erase(person_id)
        self.people.remove(person_id)
        self._last_turns.pop(person_id, None)

    def _self(self, person_id: str) -> Actor:
        return themself(self.people.find(person_id))


@contextlib.contextmanager
def _hiding_others() -> Iterator[None]:
    """To a person, what another one keeps is as if it were not there. That they tried is on record all the same."""
    try:
        yield
    except AccessError as error:
        raise _gone() from error


def _gone() -> VaultError:
    return VaultError("There is no such recording: it was deleted, has expired, or never was.")
