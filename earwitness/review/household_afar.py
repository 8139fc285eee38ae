"""The household, as the review service sees it over the channel: its porter, and who is there. It keeps nothing on a disk.

A reviewer's secret is held in memory alone, from the request that brought it to the calls that are made for it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from earwitness.domain.errors import AccessError
from earwitness.domain.recording import Actor
from earwitness.domain.review import Annotation
from earwitness.review import calls
from earwitness.review.agreement import Delivered
from earwitness.review.calls import Call
from earwitness.review.line import Line
from earwitness.review.task_words import TaskWords

MOST_REMEMBERED: Final = 1000
INTENTS_SECONDS: Final = 60.0


class HouseholdAfar:
    """A porter for the desk, and the door for its visitors. `monotonic` gives seconds. Calls block, and raise NetworkError
    (network.no_answer) while the household is away."""

    def __init__(self, line: Line, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._secrets: OrderedDict[str, str] = OrderedDict()
        """By the id of the visit."""
        self._intents: tuple[float, tuple[str, ...]] | None = None

    # Who is there

    def enter(self, ticket: str, *, address: str) -> calls.Entered:
        """A visit for a ticket. Raises AccessError."""
        found: calls.Entered = self._line.ask(Call.ENTER, calls.Ticket(ticket=ticket, address=address))
        self._remember(found.visit.visit_id, found.secret)
        return found

    def visit(self, secret: str, *, address: str) -> calls.Stands:
        """Who that is, and whether they may work now. Raises AccessError (access.not_signed_in)."""
        found: calls.Stands = self._line.ask(Call.VISIT, calls.Came(address=address), secret=secret)
        self._remember(found.visit_id, secret)
        return found

    def leave(self, secret: str) -> None:
        """End a visit."""
        with self._lock:
            for visit_id in [one for one, known in self._secrets.items() if known == secret]:
                del self._secrets[visit_id]
        self._line.ask(Call.LEAVE, calls.Nothing(), secret=secret)

    def _remember(self, visit_id: str, secret: str) -> None:
        with self._lock:
            self._secrets[visit_id] = secret
            self._secrets.move_to_end(visit_id)
            while len(self._secrets) > MOST_REMEMBERED:
                self._secrets.popitem(last=False)

    def _secret_of(self, actor: Actor) -> str:
        with self._lock:
            found = self._secrets.get(actor.actor_id)
        if found is None:
            raise AccessError("Come again from your own page.", code="access.not_signed_in")
        return found

    # Tasks; an actor's id is that of the visit

    def words(self, actor: Actor, task_id: str) -> TaskWords:
        """Open a task's words. Raises ReviewError (review.over), AccessError, LedgerError, VaultError."""
        found: TaskWords = self._line.ask(Call.WORDS, calls.OfTask(task_id=task_id), secret=self._secret_of(actor))
        return found

    def deliver(self, actor: Actor, task_id: str, annotation: Annotation, *, of: int = 1) -> Delivered:
        """Hand a judgement over. Raises as `words`."""
        judged = calls.Judged(task_id=task_id, annotation=annotation, of=of)
        found: Delivered = self._line.ask(Call.DELIVER, judged, secret=self._secret_of(actor))
        return found

    def disputed(self, actor: Actor, task_id: str) -> tuple[TaskWords, tuple[Annotation, ...]]:
        """The words of a task and the judgements that do not agree, for a lead. Raises as `words`."""
        found: calls.Disputed = self._line.ask(Call.DISPUTED, calls.OfTask(task_id=task_id), secret=self._secret_of(actor))
        return found.words, found.judgements

    def sound_length(self, actor: Actor, task_id: str, *, lease_id: str) -> int | None:
        """How many bytes there are to hear; None for text alone. The household has its own id of a lease. Raises as `words`."""
        found: int | None = self._line.ask(Call.SOUND_LENGTH, calls.OfTask(task_id=task_id), secret=self._secret_of(actor))
        return found

    def sound_part(self, actor: Actor, task_id: str, *, lease_id: str, start: int, end: int) -> bytes:
        """Those bytes, asked for in pieces of two seconds, each on record. Raises as `words`."""
        secret, found = self._secret_of(actor), bytearray()
        for first in range(start, end, calls.MOST_SOUND_BYTES):
            part = calls.Part(task_id=task_id, start=first, end=min(end, first + calls.MOST_SOUND_BYTES))
            found += self._line.ask(Call.SOUND_PART, part, secret=secret)
        return bytes(found)

    def offered(self) -> dict[str, str]:
        """The tasks that may be judged now, each with its week."""
        found: dict[str, str] = {}
        after = ""
        while True:
            told: calls.Tasks = self._line.ask(Call.TASKS, calls.After(task_id=after))
            found.update(told.tasks)
            if not told.has_more or not told.tasks:
                return found
            after = told.tasks[-1][0]

    def intents(self) -> tuple[str, ...]:
        """Every intent that the household knows, asked once a minute."""
        now = self._monotonic()
        if self._intents is None or now - self._intents[0] > INTENTS_SECONDS:
            self._intents = (now, self._line.ask(Call.INTENTS, calls.Nothing()))
        return self._intents[1]

    # Of the service itself

    def key_file(self) -> str:
        """Where the household's key lies, if it is on this machine; else empty."""
        found: calls.Hello = self._line.ask(Call.HELLO, calls.Nothing())
        return found.key_file

    def tell_suspended(self, reviewers: Mapping[str, str]) -> None:
        """Tell who may not work here, and why: alias and reason, of all."""
        self._line.ask(Call.SUSPENDED, calls.Suspended(reviewers=tuple(sorted(reviewers.items()))))

    def renew(self) -> calls.Renewed:
        """A new certificate for our key. Raises NetworkError."""
        found: calls.Renewed = self._line.ask(Call.RENEW, calls.Nothing())
        return found
