"""The household's side of the channel: what the review service asks is decided here anew, since the service is not trusted.

Each call about a task names a reviewer's secret. Here it is looked up whose that is, whether the sign-in behind it stands, with a
second factor, at this hour and from there; that the visit opened the task before it judges it; and how many it opened today.
"""

import base64
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final, Protocol

from earwitness.domain.account import Permission
from earwitness.domain.errors import AccessError, EarwitnessError, ReviewError, TrustError
from earwitness.domain.recording import Actor, Role
from earwitness.domain.review import Annotation, Settled
from earwitness.protocol.frames import Frame
from earwitness.review import calls
from earwitness.review.agreement import Delivered
from earwitness.review.calls import Call
from earwitness.review.task_words import TaskWords
from earwitness.review.visits import Visit, Visits, lease_of

MOST_NOTED: Final = 1000


class Porter(Protocol):
    """The household's porter."""

    def offered(self) -> Mapping[str, str]: ...

    def check(self, task_id: str) -> None: ...

    def words(self, actor: Actor, task_id: str) -> TaskWords: ...

    def deliver(self, actor: Actor, task_id: str, annotation: Annotation, *, of: int = 1) -> Delivered: ...

    def disputed(self, actor: Actor, task_id: str) -> tuple[TaskWords, tuple[Annotation, ...]]: ...

    def sound_length(self, actor: Actor, task_id: str, *, lease_id: str) -> int | None: ...

    def sound_part(self, actor: Actor, task_id: str, *, lease_id: str, start: int, end: int) -> bytes: ...


class Authority(Protocol):
    """Makes a new certificate for the service's key."""

    def renew(self, spki: bytes) -> calls.Renewed: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is at the far end: a process of this machine, or the holder of a key (SubjectPublicKeyInfo, DER)."""

    is_here: bool
    spki: bytes = b""


class Counter:
    """Answers calls. `admit` raises AccessError for a reviewer who may not work now, from there; `suspend` is told who is
    suspended at the service; `key_file` is where the household's key lies. Calls block."""

    def __init__(
        self,
        *,
        porter: Porter,
        visits: Visits,
        admit: Callable[[Visit, str], None],
        intents: Callable[[], Sequence[str]],
        suspend: Callable[[Mapping[str, str]], None],
        authority: Authority,
        key_file: str,
    ) -> None:
        self._porter = porter
        self._visits = visits
        self._admit = admit
        self._intents = intents
        self._suspend = suspend
        self._authority = authority
        self._key_file = key_file
        self._listed: list[tuple[str, str]] | None = None

    def answer(self, frame: Frame, *, peer: Peer) -> Frame:
        """The answer to one call. Raises WireError for what is none: then the connection is to be ended."""
        call, secret, given = calls.read_asked(frame)
        try:
            return calls.told(call, self._answer(call, secret, given, peer=peer))
        except EarwitnessError as error:
            return calls.refused(error)

    def _answer(self, call: Call, secret: str, given: Any, *, peer: Peer) -> object:
        match call:
            case Call.HELLO:
                return calls.Hello(key_file=self._key_file if peer.is_here else "")
            case Call.ENTER:
                return self._enter(given)
            case Call.VISIT:
                return self._stands(self._visit(secret), given.address)
            case Call.LEAVE:
                self._visits.leave(secret)
                return calls.Nothing()
            case Call.TASKS:
                return self._tasks(given.task_id)
            case Call.WORDS:
                return self._words(secret, given.task_id)
            case Call.DELIVER:
                return self._deliver(secret, given)
            case Call.DISPUTED:
                return self._disputed(secret, given.task_id)
            case Call.SOUND_LENGTH:
                actor, lease_id = self._held(secret, given.task_id)
                return self._porter.sound_length(actor, given.task_id, lease_id=lease_id)
            case Call.SOUND_PART:
                return self._sound_part(secret, given)
            case Call.INTENTS:
                return tuple(self._intents())
            case Call.SUSPENDED:
                self._suspend(dict(given.reviewers[:MOST_NOTED]))
                return calls.Nothing()
            case Call.RENEW:
                if not peer.spki:
                    raise TrustError("Only a key that was shown can be certified again.", code="trust.key")
                return self._authority.renew(peer.spki)

    # Who is there

    def _enter(self, given: calls.Ticket) -> calls.Entered:
        secret = self._visits.enter(given.ticket)
        visit = self._visit(secret)
        try:
            self._admit(visit, given.address)
        except AccessError:
            self._visits.leave(secret)
            raise
        return calls.Entered(secret=secret, visit=_stands(visit))

    def _visit(self, secret: str) -> Visit:
        found = self._visits.find(secret) if secret else None
        if found is None or not found.person.may(Permission.REVIEW):
            raise AccessError("You are not signed in here any more; come again from your own page.", code="access.not_signed_in")
        return found

    def _stands(self, visit: Visit, address: str) -> calls.Stands:
        try:
            self._admit(visit, address)
        except AccessError as error:
            return replace(_stands(visit), code=error.code, sentence=error.sentence)
        return _stands(visit)

    def _actor(self, secret: str) -> tuple[Visit, Actor]:
        """Who opens or judges, admitted once more; of the address only the service's last word is known, so it is not asked."""
        visit = self._visit(secret)
        self._admit(visit, "")
        person = visit.person
        return visit, Actor(actor_id=person.person_id, alias=person.alias, role=Role.REVIEWER)

    # Tasks

    def _tasks(self, after: str) -> calls.Tasks:
        """Looked up when somebody asks from the beginning; the rest of that list follows, without looking again."""
        listed = self._listed
        if not after or listed is None:
            listed = self._listed = sorted(self._porter.offered().items())
        first = bisect_right(listed, after, key=itemgetter(0))
        until = first + calls.MOST_TASKS
        return calls.Tasks(tasks=tuple(listed[first:until]), has_more=until < len(listed))

    def _words(self, secret: str, task_id: str) -> TaskWords:
        _, actor = self._actor(secret)
        self._hold(secret, task_id, reviewer=actor.alias)
        return self._porter.words(actor, task_id)

    def _hold(self, secret: str, task_id: str, *, reviewer: str) -> None:
        """Only a task that may be judged counts: what is over is refused before."""
        self._porter.check(task_id)
        self._visits.hold(secret, task_id, reviewer=reviewer)

    def _deliver(self, secret: str, given: calls.Judged) -> Delivered:
        visit, actor = self._actor(secret)
        is_again = self._visits.has_judged(secret, given.annotation.annotation_id)
        if not is_again:
            self._held(secret, given.task_id)
        if given.annotation.settled is Settled.ADJUDICATED and not visit.person.may(Permission.LEAD_REVIEW):
            raise AccessError("Only a lead decides between judgements.", code="access.refused")
        try:
            found = self._porter.deliver(actor, given.task_id, replace(given.annotation, by=actor.alias), of=given.of)
        except ReviewError:
            if not is_again:
                raise
            return Delivered(settled=_ended(given))  # over since: as far as the service needs to know, by what it handed in
        self._visits.note_judged(secret, given.annotation.annotation_id)
        return found

    def _held(self, secret: str, task_id: str) -> tuple[Actor, str]:
        """Who hears or judges a task that they opened, and the id of their lease of it here: the service's own ids of leases
        count for nothing, so a mark in a sound is of this visit and this task, whatever the service says."""
        _, actor = self._actor(secret)
        if not self._visits.holds(secret, task_id):
            raise ReviewError("This task was not opened here, or its time is over.", code="review.over")
        return actor, lease_of(secret, task_id)

    def _sound_part(self, secret: str, given: calls.Part) -> bytes:
        actor, lease_id = self._held(secret, given.task_id)
        if not 0 <= given.start < given.end <= given.start + calls.MOST_SOUND_BYTES:
            raise ReviewError("That part of the sound cannot be had.", code="review.no_such_part")
        return self._porter.sound_part(actor, given.task_id, lease_id=lease_id, start=given.start, end=given.end)

    def _disputed(self, secret: str, task_id: str) -> calls.Disputed:
        visit, actor = self._actor(secret)
        if not visit.person.may(Permission.LEAD_REVIEW):
            raise AccessError("Only a lead decides between judgements.", code="access.refused")
        self._hold(secret, task_id, reviewer=actor.alias)
        words, judgements = self._porter.disputed(actor, task_id)
        return calls.Disputed(words=words, judgements=judgements)


def _ended(given: calls.Judged) -> Settled:
    """How a judgement that ended its task counts."""
    if given.annotation.settled is Settled.ADJUDICATED:
        return Settled.ADJUDICATED
    return Settled.ALONE if given.of <= 1 else Settled.AGREED


def _stands(visit: Visit) -> calls.Stands:
    return calls.Stands(visit_id=visit.visit_id, alias=visit.person.alias, role=visit.person.role, way=visit.way)


def renewed(made: str, *, successor: str = "", voucher: bytes = b"") -> calls.Renewed:
    """A new certificate, and the successor of the authority if there is one, as they cross."""
    return calls.Renewed(certificate=made, successor=successor, voucher=base64.b64encode(voucher).decode("ascii"))
