"""What was drawn, seen from the person whose voice it is: hear it first, delay it, veto it, see what came of it.

Owns the tables `review_items` and `review_wishes`. Whoever reviews knows none of these ids. It opens no recording. Calls block.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.account import LIVES_HERE, AccountRole
from earwitness.domain.consent import Decision, Purpose
from earwitness.domain.errors import ReviewError
from earwitness.domain.review import OPEN_STATES, DrawnItem, ItemState
from earwitness.storage.database import Database
from earwitness.storage.household import people
from earwitness.storage.moments import moment
from earwitness.storage.review import review_items, review_wishes

TIME_TO_VETO: Final = timedelta(days=1)
"""A reviewer may open a drawn item a day after it was drawn at the earliest, unless the person lets it go before."""
LONGEST_DELAY: Final = timedelta(days=30)
AT_ONCE: Final = 500
"""Turns that are looked up in one query."""
_OPEN: Final = tuple(state.value for state in OPEN_STATES)
_REVIEWABLE: Final = frozenset(role.value for role in LIVES_HERE - {AccountRole.CHILD})


class Consents(Protocol):
    """What people decided, read afresh."""

    def has_consent(self, person_id: str, purpose: Purpose) -> bool: ...

    def in_force(self, person_id: str) -> dict[Purpose, Decision]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What counts of one person: whether they live here as a grown-up and consent to keeping and review, and since when."""

    is_reviewable: bool
    decided_at: datetime | None
    is_restricted: bool
    hears_first: bool


class Items:
    """The drawn items of one household. `clock` gives aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        consents: Consents,
        standing: Callable[[Sequence[str]], Mapping[str, bool]],
        clock: Callable[[], datetime],
    ) -> None:
        """`standing` gives those of some turns that are still kept, each with whether its use is restricted."""
        self._database = database
        self._standing_of = standing
        self._consents = consents
        self._clock = clock

    # The person's side

    def of(self, person_id: str) -> tuple[DrawnItem, ...]:
        """Everything of a person that was ever drawn, newest first."""
        query = sa.select(review_items).where(review_items.c.person_id == person_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(review_items.c.drawn_at.desc(), review_items.c.item_id)).all()
        return tuple(map(_item, rows))

    def one(self, person_id: str, item_id: str) -> DrawnItem:
        """One of them. Raises ReviewError (review.unknown)."""
        where = (review_items.c.item_id == item_id, review_items.c.person_id == person_id)
        with self._database.reading() as connection:
            row = connection.execute(sa.select(review_items).where(*where)).one_or_none()
        if row is None:
            raise ReviewError("Nothing like that was drawn of you.")
        return _item(row)

    def hears_first(self, person_id: str) -> bool:
        """Whether the person lets each item go before a reviewer may open it."""
        query = sa.select(review_wishes.c.hears_first).where(review_wishes.c.person_id == person_id)
        with self._database.reading() as connection:
            return bool(connection.execute(query).scalar())

    def wish(self, person_id: str, *, hears_first: bool) -> None:
        """Note whether the person wants to hear each item first; it counts for what waits now, too."""
        with self._database.writing() as connection:
            known = connection.execute(sa.select(review_wishes).where(review_wishes.c.person_id == person_id)).one_or_none()
            if known is None:
                connection.execute(sa.insert(review_wishes).values(person_id=person_id, hears_first=hears_first))
            else:
                where = review_wishes.c.person_id == person_id
                connection.execute(sa.update(review_wishes).where(where).values(hears_first=hears_first))

    def veto(self, person_id: str, item_id: str) -> DrawnItem:
        """Let nobody review it, now or later. Raises ReviewError (review.unknown; review.over once it was reviewed)."""
        return self._change(person_id, item_id, to=ItemState.VETOED, ready_at=None)

    def delay(self, person_id: str, item_id: str, *, until: datetime) -> DrawnItem:
        """Let no reviewer open it before a moment, at most thirty days from now. Raises ReviewError."""
        now = self._clock()
        if not now < until <= now + LONGEST_DELAY:
            raise ReviewError("It can wait for thirty days at most.", code="review.invalid")
        return self._change(person_id, item_id, to=ItemState.WAITING, ready_at=until)

    def let_go(self, person_id: str, item_id: str) -> DrawnItem:
        """Let a reviewer open it from now on. Raises ReviewError."""
        return self._change(person_id, item_id, to=ItemState.OFFERED, ready_at=self._clock())

    def _change(self, person_id: str, item_id: str, *, to: ItemState, ready_at: datetime | None) -> DrawnItem:
        item = self.one(person_id, item_id)
        if item.state not in OPEN_STATES:
            raise ReviewError("That is settled already.", code="review.over")
        values = {
            "state": to.value,
            "ready_at": None if ready_at is None else ready_at.timestamp(),
            "changed_at": self._clock().timestamp(),
        }
        where = (review_items.c.item_id == item_id, review_items.c.state.in_(_OPEN))
        with self._database.writing() as connection:
            if connection.execute(sa.update(review_items).where(*where).values(values)).rowcount != 1:
                raise ReviewError("That is settled already.", code="review.over")
        return self.one(person_id, item_id)

    # Going on

    def settle(self) -> int:
        """Close what may not be reviewed any more and offer what waited long enough; gives how many items changed.

        An item whose recording is gone is gone too; one whose person withdrew, or restricted its use, is withdrawn.
        """
        items = self._open_items()
        kept: dict[str, bool] = {}
        for start in range(0, len(items), AT_ONCE):
            kept |= self._standing_of([item.turn_id for item in items[start : start + AT_ONCE]])
        about = {person_id: self._about(person_id) for person_id in {item.person_id for item in items}}
        return sum(self._settle(item, about=about[item.person_id], is_restricted=kept.get(item.turn_id)) for item in items)

    def settled(self, item_id: str) -> DrawnItem | None:
        """One item, moved on as `settle` does; None if it is there no more."""
        found = self._find(item_id)
        if found is None or found.state not in OPEN_STATES:
            return found
        is_restricted = self._standing_of([found.turn_id]).get(found.turn_id)
        is_moved = self._settle(found, about=self._about(found.person_id), is_restricted=is_restricted)
        return self._find(item_id) if is_moved else found

    def _find(self, item_id: str) -> DrawnItem | None:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(review_items).where(review_items.c.item_id == item_id)).one_or_none()
        return None if row is None else _item(row)

    def _settle(self, item: DrawnItem, *, about: _About, is_restricted: bool | None) -> bool:
        """Move an open item on, if it is due; says whether it moved. `is_restricted` is None if its turn is kept no more."""
        now = self._clock()
        state = _due(item, now=now, about=about, is_restricted=is_restricted)
        if state is None:
            return False
        values: dict[str, object] = {"state": state.value, "changed_at": now.timestamp()}
        where = (review_items.c.item_id == item.item_id, review_items.c.state == item.state.value)
        with self._database.writing() as connection:
            return connection.execute(sa.update(review_items).where(*where).values(values)).rowcount == 1

    def _about(self, person_id: str) -> _About:
        """What counts of somebody for all that was drawn of them, read afresh."""
        query = sa.select(people.c.role, people.c.restricted_at).where(people.c.person_id == person_id)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        has_consents = all(self._consents.has_consent(person_id, one) for one in (Purpose.KEEP, Purpose.REVIEW))
        decided = self._consents.in_force(person_id).get(Purpose.REVIEW)
        return _About(
            is_reviewable=row is not None and row.role in _REVIEWABLE and has_consents,
            decided_at=None if decided is None else decided.decided_at,
            is_restricted=row is not None and row.restricted_at is not None,
            hears_first=self.hears_first(person_id),
        )

    def may_be_reviewed(self, item: DrawnItem) -> bool:
        """Whether the person may be reviewed at all, and their consents still stand, that to review without a break since the
        draw. Nobody reviews what a child says, or who does not live here: also if they became that after the draw."""
        return _may_be_reviewed(item, self._about(item.person_id))

    def may_be_heard(self, item: DrawnItem) -> bool:
        """Whether a reviewer may hear its sound, disguised: the person allowed that before it was drawn, and still does."""
        if not self.may_be_reviewed(item) or not self._consents.has_consent(item.person_id, Purpose.HEAR):
            return False
        decided = self._consents.in_force(item.person_id).get(Purpose.HEAR)
        return decided is not None and decided.decided_at <= item.drawn_at

    def reviewed(self, turn_id: str, *, thanks: str) -> None:
        """Note that the review of a turn is over, with a sentence for the person on what it was good for; what was told by `tell`
        before stays instead."""
        told = sa.case((review_items.c.thanks == "", thanks), else_=review_items.c.thanks)
        values = {"state": ItemState.REVIEWED.value, "changed_at": self._clock().timestamp(), "thanks": told}
        where = (review_items.c.turn_id == turn_id, review_items.c.state == ItemState.OFFERED.value)
        with self._database.writing() as connection:
            connection.execute(sa.update(review_items).where(*where).values(values))

    def tell(self, connection: sa.Connection, turn_id: str, *, sentence: str) -> None:
        """Give the person of a turn a sentence on what came of it, in place of the one before, in the caller's transaction."""
        where = review_items.c.turn_id == turn_id
        connection.execute(sa.update(review_items).where(where).values(thanks=sentence))

    def offered(self) -> tuple[DrawnItem, ...]:
        """What a reviewer may open now, the longest waiting first. `settle` first: it closes what may not be any more."""
        query = sa.select(review_items).where(review_items.c.state == ItemState.OFFERED.value)
        with self._database.reading() as connection:
            return tuple(map(_item, connection.execute(query.order_by(review_items.c.ready_at, review_items.c.item_id)).all()))

    def _open_items(self) -> tuple[DrawnItem, ...]:
        query = sa.select(review_items).where(review_items.c.state.in_(_OPEN))
        with self._database.reading() as connection:
            return tuple(map(_item, connection.execute(query).all()))


def _due(item: DrawnItem, *, now: datetime, about: _About, is_restricted: bool | None) -> ItemState | None:
    """The state that an open item must go to; None to stay as it is."""
    if is_restricted is None:
        return ItemState.GONE
    if is_restricted or about.is_restricted or not _may_be_reviewed(item, about):
        return ItemState.WITHDRAWN
    if item.state is not ItemState.WAITING or about.hears_first:
        return None
    return ItemState.OFFERED if (item.ready_at or item.drawn_at + TIME_TO_VETO) <= now else None


def _may_be_reviewed(item: DrawnItem, about: _About) -> bool:
    return about.is_reviewable and about.decided_at is not None and about.decided_at <= item.drawn_at


def _item(row: Any) -> DrawnItem:
    return DrawnItem(
        item_id=row.item_id,
        turn_id=row.turn_id,
        person_id=row.person_id,
        epoch=row.epoch,
        drawn_at=moment(row.drawn_at),
        ready_at=moment(row.ready_at),
        state=ItemState(row.state),
        changed_at=moment(row.changed_at),
        thanks=row.thanks,
    )
