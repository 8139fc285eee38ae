"""What oversight notices by itself: suspensions, how drawn items ended, what is overdue or over; each is in the ledger once.

Owns the table `oversight_suspensions` and the column `review_items.settled_position`. It suspends nobody: the rules of conduct
do. Calls block.
"""

import logging
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import EarwitnessError, OversightError
from earwitness.domain.oversight import Suspension
from earwitness.domain.person import Person
from earwitness.domain.review import OPEN_STATES
from earwitness.oversight.escalations import Escalations
from earwitness.oversight.glass import Glasses
from earwitness.oversight.proposals import Ledger
from earwitness.oversight.sealed_words import SealedWords
from earwitness.review.conduct import Rule
from earwitness.storage.database import Database
from earwitness.storage.moments import moment
from earwitness.storage.oversight import suspensions
from earwitness.storage.review import review_items
from earwitness.telemetry import log

LOCK: Final = 0x57415443
MOST_AT_ONCE: Final = 100
_ENDED: Final = sa.and_(
    review_items.c.state.not_in([one.value for one in OPEN_STATES]), review_items.c.settled_position.is_(None)
)


class Desk(Protocol):
    """The reviewers' desk: who is suspended, why and since when."""

    def suspended(self) -> tuple[tuple[str, str, datetime], ...]: ...


_SUSPENDED: Final = "A reviewer was suspended. Whoever oversees review finds why on the page Oversight."
_OVERDUE: Final = "Something that a reviewer flagged waits for longer than it may, on the page Oversight."
_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A sentence to say in the house, without any name; `person_id` is whom it is about, None if it is about nobody here."""

    sentence: str
    person_id: str | None = None


class Watch:
    """Looks; `shorten` lets nothing be kept beyond the limit that two people agreed on. `clock` gives aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        words: SealedWords,
        desk: Desk,
        glasses: Glasses,
        escalations: Escalations,
        shorten: Callable[[], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._words = words
        self._desk = desk
        self._glasses = glasses
        self._escalations = escalations
        self._shorten = shorten
        self._clock = clock
        self._unsaid: deque[News] = deque()

    def look(self) -> tuple[News, ...]:
        """Note what happened since the last look, and give what is to be said of it. What fails is logged, hinders nothing else,
        and is tried again at the next look."""
        parts = (
            self._suspended,
            self._granted,
            self._glasses.expire,
            self._escalations.settle,
            self._overdue,
            self._settle_items,
            self._shorten,
        )
        for part in parts:
            try:
                part()
            except EarwitnessError as error:
                log(_logger, "oversight unwatched", level=logging.WARNING, code=error.code)
        return tuple(self._unsaid.popleft() for _ in range(len(self._unsaid)))

    def suspensions(self) -> tuple[Suspension, ...]:
        """Everybody who was ever suspended, newest first, as the desk says at this moment. Raises EarwitnessError."""
        self._suspended()
        query = sa.select(suspensions).order_by(suspensions.c.since.desc(), suspensions.c.alert_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(map(self._suspension, rows))

    def acknowledge(self, by: Person, alert_id: str, *, note: str) -> Suspension:
        """Note that somebody has seen to it, and what they did. Raises OversightError (oversight.unknown, oversight.over)."""
        sealed, digest = self._words.seal(note, row_id=f"{alert_id}/note")
        with self._database.writing(lock=LOCK) as connection:
            row = connection.execute(sa.select(suspensions).where(suspensions.c.alert_id == alert_id)).one_or_none()
            if row is None:
                raise OversightError("There is no such suspension.", code="oversight.unknown")
            if row.acknowledged_at is not None:
                raise OversightError("Somebody has seen to this already.", code="oversight.over")
            now = self._clock()
            facts = {"alert": alert_id, "by": by.alias, "note_sha256": digest, "at": now.isoformat(timespec="seconds")}
            self._ledger.append([{"v": 1, "kind": "conduct.acknowledged", **facts}])
            values = {"acknowledged_by": by.alias, "acknowledged_at": now.timestamp(), "sealed_note": sealed}
            connection.execute(sa.update(suspensions).where(suspensions.c.alert_id == alert_id).values(values))
        return next(one for one in self.suspensions() if one.alert_id == alert_id)

    def _suspended(self) -> None:
        """Who was suspended or restored since: in the ledger, with the rule and the alias, before it is shown here."""
        there = {(who, since.timestamp()): why for who, why, since in self._desk.suspended()}
        told = 0
        with self._database.writing(lock=LOCK) as connection:
            known = {(row.reviewer, row.since): row for row in connection.execute(sa.select(suspensions)).all()}
            for (who, since), why in there.items():
                if (who, since) not in known:
                    self._note_suspended(connection, who, since, why)
                    told += 1
            for key, row in known.items():
                if key not in there and row.restored_at is None:
                    self._note_restored(connection, row)
        self._unsaid.extend([News(sentence=_SUSPENDED)] * told)

    def _note_suspended(self, connection: sa.Connection, who: str, since: float, why: str) -> None:
        alert_id = secrets.token_hex(16)
        rule = next((one.name.lower() for one in Rule if one.value == why), "other")
        facts = {"alert": alert_id, "reviewer": who, "rule": rule, "at": moment(since).isoformat(timespec="seconds")}
        self._ledger.append([{"v": 1, "kind": "conduct.suspended", **facts}])
        row = {"alert_id": alert_id, "reviewer": who, "reason": why, "since": since}
        connection.execute(sa.insert(suspensions).values(row))

    def _note_restored(self, connection: sa.Connection, row: Any) -> None:
        now = self._clock()
        facts = {"alert": row.alert_id, "reviewer": row.reviewer, "at": now.isoformat(timespec="seconds")}
        self._ledger.append([{"v": 1, "kind": "conduct.restored", **facts}])
        where = suspensions.c.alert_id == row.alert_id
        connection.execute(sa.update(suspensions).where(where).values(restored_at=now.timestamp()))

    def _granted(self) -> None:
        """Tell of what was granted in an emergency."""
        for one in self._glasses.untold():
            until = f"{one.until:%H:%M}" if one.until else ""
            about = "Two people let somebody open recordings of a person here in an emergency"
            sentence = f"{about}, until {until} UTC at the latest. Who it is about finds the reason under Who listened."
            self._glasses.told(one.glass_id)
            self._unsaid.append(News(sentence=sentence, person_id=one.person_id))

    def _overdue(self) -> None:
        if self._escalations.newly_overdue():
            self._unsaid.append(News(sentence=_OVERDUE))

    def _settle_items(self) -> None:
        """Commit how drawn items ended: reviewed, vetoed, withdrawn or gone; nothing says whose they were."""
        columns = (review_items.c.item_id, review_items.c.epoch, review_items.c.state, review_items.c.changed_at)
        with self._database.writing(lock=LOCK) as connection:
            rows = connection.execute(sa.select(*columns).where(_ENDED).limit(MOST_AT_ONCE)).all()
            if not rows:
                return
            entries = [
                {
                    "v": 1,
                    "kind": "draw.settled",
                    "item": row.item_id,
                    "epoch": row.epoch,
                    "state": row.state,
                    "at": moment(row.changed_at).isoformat(timespec="seconds"),
                }
                for row in rows
            ]
            positions = self._ledger.append(entries)
            for row, position in zip(rows, positions, strict=True):
                where = (review_items.c.item_id == row.item_id, review_items.c.state == row.state)
                connection.execute(sa.update(review_items).where(*where).values(settled_position=position))

    def _suspension(self, row: Any) -> Suspension:
        return Suspension(
            alert_id=row.alert_id,
            reviewer=row.reviewer,
            reason=row.reason,
            since=moment(row.since),
            restored_at=moment(row.restored_at),
            acknowledged_by=row.acknowledged_by,
            acknowledged_at=moment(row.acknowledged_at),
            note=self._words.open(row.sealed_note, row_id=f"{row.alert_id}/note"),
        )
