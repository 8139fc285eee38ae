"""Epochs: a day is opened with a committed seed, what is kept of it noted, and when it is over its lots are drawn and shown.

Owns the tables `review_epochs` and `review_kept`; what was drawn goes to `items.py`. It opens no recording. Calls block.
"""

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.account import LIVES_HERE, AccountRole
from earwitness.domain.consent import Decision, Purpose
from earwitness.domain.errors import EarwitnessError, ReviewError, StorageError
from earwitness.domain.person import Person
from earwitness.domain.recording import Spoken
from earwitness.domain.review import DrawTerms, Excluded, KeptThen, Lot, StandsNow
from earwitness.domain.turn import Outcome
from earwitness.review import sample
from earwitness.review.epoch_rows import Epoch, drawn_in, epoch_of_row, item_values, owners_of, packed
from earwitness.storage.database import Database
from earwitness.storage.household import turns
from earwitness.storage.moments import moment
from earwitness.storage.review import review_epochs, review_items, review_kept
from earwitness.telemetry import log

DRAWER: Final = "review/seeds"
DOUBTFUL: Final = frozenset({Outcome.NOT_UNDERSTOOD, Outcome.NOT_HEARD, Outcome.FAILED})
"""How a turn ended that was hard to understand, as far as the house can tell by itself."""
GRACE: Final = timedelta(minutes=2)
"""An epoch draws so long after its day is over: what is being kept at midnight is noted by then."""
FIRST_TEXT: Final = 4
"""The first version of the text of consent that says how drawing works and how many may read what is drawn: of who agreed to an
earlier one nothing is drawn until they agree anew."""
LOCK: Final = 0x52455657
_logger: Final = logging.getLogger(__name__)


class Ledger(Protocol):
    """Where seeds, lists and draws are committed."""

    def append(self, facts: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, durably, and give their positions. Raises LedgerError."""
        ...


class Safe(Protocol):
    """What seals a seed until its draw."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...


class Consents(Protocol):
    """What people decided; read afresh."""

    def has_consent(self, person_id: str, purpose: Purpose) -> bool: ...

    def in_force(self, person_id: str) -> dict[Purpose, Decision]: ...


class Epochs:
    """The epochs of one household. `clock` gives aware datetimes; `find` gives a person or raises EarwitnessError;
    `standing` gives those of some turns that are still kept, each with whether its use is restricted."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        safe: Safe,
        consents: Consents,
        find: Callable[[str], Person],
        standing: Callable[[Sequence[str]], Mapping[str, bool]],
        terms: DrawTerms,
        clock: Callable[[], datetime],
        agreed: Callable[[str], DrawTerms | None] = lambda epoch: None,
    ) -> None:
        """`agreed` gives by what two people agreed that an epoch draws; without such an agreement it draws by `terms`."""
        self._database = database
        self._ledger = ledger
        self._safe = safe
        self._consents = consents
        self._find = find
        self._standing = standing
        self._terms = terms
        self._agreed = agreed
        self._clock = clock

    # Opening, and what is kept meanwhile

    def open(self) -> Epoch:
        """The epoch of today, opened if it is not: its seed's digest is in the ledger when this returns.

        Raises LedgerError, VaultError, StorageError; then there is none, and nothing kept until there is can be drawn.
        """
        today = sample.epoch_of(self._clock())
        if (known := self.find(today)) is not None and known.opened_position is not None:
            return known
        begun = self._begin(today)
        digest = sample.seed_digest(self._seed(begun))
        entry = self._entry("draw.opened", begun.draw_id, epoch=today, seed_sha256=digest, **begun.terms.as_json())
        (position,) = self._ledger.append([entry])
        self._set(today, opened_position=position)
        return self._known(today)

    def terms_of(self, epoch: str) -> DrawTerms:
        """By what an epoch that is opened now draws. Raises StorageError."""
        return self._agreed(epoch) or self._terms

    def _begin(self, epoch: str) -> Epoch:
        """The row of an epoch with its sealed seed: it is there before its digest is committed, so that after a crash, and in
        every process, the same one is committed again and no second seed can be chosen."""
        draw_id = secrets.token_hex(16)
        sealed = self._safe.seal(secrets.token_bytes(sample.SEED_BYTES), drawer=DRAWER, row_id=draw_id)
        terms = self.terms_of(epoch)
        row = {"epoch": epoch, "draw_id": draw_id, "seed": sealed, "terms": json.dumps(terms.as_json())}
        with self._database.writing(lock=LOCK) as connection:
            if connection.execute(sa.select(review_epochs.c.epoch).where(review_epochs.c.epoch == epoch)).scalar() is None:
                connection.execute(sa.insert(review_epochs).values(row))
        return self._known(epoch)

    def note(self, spoken: Spoken) -> None:
        """Note what counts of a turn that was just kept. Without an open epoch, or if it cannot be noted, it is never drawn."""
        try:
            self._note(spoken)
        except EarwitnessError as error:
            log(_logger, "kept turn not noted for drawing", level=logging.WARNING, code=error.code)

    def _note(self, spoken: Spoken) -> None:
        now, turn_id = self._clock(), spoken.turn.turn_id
        person = self._find(spoken.person_id)
        row = {
            "turn_id": turn_id,
            "epoch": sample.epoch_of(now),
            "person_id": person.person_id,
            "kept_at": now.timestamp(),
            "is_woken": spoken.is_woken,
            "is_child": person.role is AccountRole.CHILD,
            "had_consent": self._consents.has_consent(person.person_id, Purpose.REVIEW) and self._was_told(person.person_id),
            "is_doubtful": spoken.turn.outcome in DOUBTFUL,
        }
        with self._database.writing() as connection:
            kept_after = sa.select(turns.c.turn_id).join(review_epochs, turns.c.kept_position > review_epochs.c.opened_position)
            is_open = (review_epochs.c.epoch == row["epoch"], review_epochs.c.lots.is_(None), turns.c.turn_id == turn_id)
            if connection.execute(kept_after.where(*is_open)).scalar() is not None:
                connection.execute(sa.insert(review_kept).values(row))

    def _was_told(self, person_id: str) -> bool:
        """Whether the person agreed to a text that says all that may be done with what is drawn."""
        decided = self._consents.in_force(person_id).get(Purpose.REVIEW)
        return decided is not None and decided.text_version >= FIRST_TEXT

    # Drawing

    def due(self) -> list[str]:
        """The epochs whose day is over and that have not drawn, oldest first."""
        over = sample.epoch_of(self._clock() - GRACE)
        where = (review_epochs.c.made_position.is_(None), review_epochs.c.epoch < over)
        with self._database.reading() as connection:
            return list(
                connection.execute(sa.select(review_epochs.c.epoch).where(*where).order_by(review_epochs.c.epoch)).scalars()
            )

    def draw(self, epoch: str) -> tuple[str, ...]:
        """Draw an epoch that is due: commit its list, draw, show the seed, and add what was drawn; gives the drawn ids.

        What a crash broke off is taken up where it was: a list that was committed is drawn from as it is. Raises ReviewError
        (review.not_due), LedgerError, VaultError, StorageError.
        """
        found = self._known(epoch)
        if found.made_position is not None or epoch not in self.due():
            raise ReviewError(f"The epoch {epoch} has drawn already, or its day is not over.", code="review.not_due")
        lots, seed = self._committed_list(found), self._seed(found)
        drawn = sample.draw(seed, lots, terms=found.terms).drawn
        entry = self._entry(
            "draw.made", found.draw_id, seed=seed.hex(), drawn=len(drawn), drawn_sha256=sample.drawn_digest(drawn)
        )
        (position,) = self._ledger.append([entry])
        self._finish(epoch, seed=seed, position=position, drawn=drawn)
        return drawn

    def _committed_list(self, epoch: Epoch) -> tuple[Lot, ...]:
        """The list of an epoch, committed; it is written before, so that there can be no second one."""
        if epoch.lots is None:
            with self._database.writing(lock=LOCK) as connection:
                where = (review_epochs.c.epoch == epoch.epoch, review_epochs.c.lots.is_(None))
                connection.execute(sa.update(review_epochs).where(*where).values(lots=packed(self._lots(connection, epoch))))
            epoch = self._known(epoch.epoch)
        lots = epoch.lots or ()
        if epoch.list_position is None:
            able = sum(lot.excluded is None for lot in lots)
            entry = self._entry("draw.list", epoch.draw_id, kept=len(lots), able=able, root=sample.list_root(lots))
            (position,) = self._ledger.append([entry])
            self._set(epoch.epoch, list_position=position)
        return lots

    def _lots(self, connection: sa.Connection, epoch: Epoch) -> list[Lot]:
        """The list of an epoch, in the order of the ids, with a new stand-in for each person."""
        kept = connection.execute(sa.select(review_kept).where(review_kept.c.epoch == epoch.epoch)).all()
        standing = self._standing([one.turn_id for one in kept])
        drawn = drawn_in(connection, sample.month_of(epoch.epoch))
        speakers = {one.person_id: secrets.token_hex(8) for one in kept}
        persons = {person_id: self._person(person_id) for person_id in speakers}
        lots = [
            Lot(
                recording=one.turn_id,
                speaker=speakers[one.person_id],
                room=max(0, epoch.terms.most_per_month - drawn.get(one.person_id, 0)),
                is_doubtful=one.is_doubtful,
                excluded=self._why_not(one, persons[one.person_id], is_restricted=standing.get(one.turn_id)),
            )
            for one in kept
        ]
        return sorted(lots, key=lambda lot: lot.recording)

    def _why_not(self, kept: Any, person: Person | None, *, is_restricted: bool | None) -> Excluded | None:
        """Why a noted turn cannot be drawn. `is_restricted` is None for one that is not kept any more."""
        then = KeptThen(is_woken=kept.is_woken, is_child=kept.is_child, is_guest=False, had_consent=kept.had_consent)
        if person is None or is_restricted is None:
            gone = StandsNow(is_child=False, is_guest=False, has_consent=False, is_restricted=False, is_gone=True)
            return sample.why_not(then, gone)
        now = StandsNow(
            is_child=person.role is AccountRole.CHILD,
            is_guest=person.role not in LIVES_HERE,
            has_consent=self._stands(person, since=moment(kept.kept_at)),
            is_restricted=is_restricted or person.restricted_at is not None,
            is_gone=False,
        )
        return sample.why_not(then, now)

    def _person(self, person_id: str) -> Person | None:
        try:
            return self._find(person_id)
        except StorageError:
            raise
        except EarwitnessError:
            return None

    def _stands(self, person: Person, *, since: datetime) -> bool:
        """Whether the consents to keep and to review are in force, that to review without a break since then."""
        decided = self._consents.in_force(person.person_id).get(Purpose.REVIEW)
        if decided is None or not decided.is_given or decided.decided_at > since:
            return False
        return all(self._consents.has_consent(person.person_id, one) for one in (Purpose.KEEP, Purpose.REVIEW))

    def _finish(self, epoch: str, *, seed: bytes, position: int, drawn: Sequence[str]) -> None:
        """Show the seed and add what was drawn, in one transaction."""
        now = self._clock()
        with self._database.writing(lock=LOCK) as connection:
            owners = owners_of(connection, drawn)
            made = {"seed": seed, "made_position": position, "made_at": now.timestamp()}
            connection.execute(sa.update(review_epochs).where(review_epochs.c.epoch == epoch).values(made))
            connection.execute(sa.delete(review_kept).where(review_kept.c.epoch == epoch))
            rows = [item_values(turn_id, person_id, epoch=epoch, now=now) for turn_id, person_id in owners.items()]
            if rows:
                connection.execute(sa.insert(review_items), rows)

    # Finding

    def find(self, epoch: str) -> Epoch | None:
        """One epoch; None if it was never opened."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(review_epochs).where(review_epochs.c.epoch == epoch)).one_or_none()
        return None if row is None else epoch_of_row(row)

    def all(self) -> list[str]:
        """The epochs that were opened, newest first."""
        with self._database.reading() as connection:
            return list(connection.execute(sa.select(review_epochs.c.epoch).order_by(review_epochs.c.epoch.desc())).scalars())

    def _known(self, epoch: str) -> Epoch:
        found = self.find(epoch)
        if found is None:
            raise ReviewError(f"There was no drawing on {epoch}.", code="review.unknown")
        return found

    def _seed(self, epoch: Epoch) -> bytes:
        """The seed of an epoch that has not drawn yet. Raises VaultError."""
        with self._database.reading() as connection:
            sealed = connection.execute(sa.select(review_epochs.c.seed).where(review_epochs.c.epoch == epoch.epoch)).scalar_one()
        return self._safe.open(sealed, drawer=DRAWER, row_id=epoch.draw_id)

    def _set(self, epoch: str, **values: object) -> None:
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.update(review_epochs).where(review_epochs.c.epoch == epoch).values(values))

    def _entry(self, kind: str, draw_id: str, **facts: object) -> dict[str, object]:
        return {"v": 1, "kind": kind, "draw": draw_id, **facts, "at": self._clock().isoformat(timespec="seconds")}
