"""Epochs and lists as the database holds them: read, packed, and looked up. It decides nothing. Calls block."""

import json
import secrets
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.errors import ReviewError
from earwitness.domain.review import DrawTerms, Lot
from earwitness.review import sample
from earwitness.storage.household import people
from earwitness.storage.moments import moment
from earwitness.storage.review import review_items, review_kept

IN_ONE_STATEMENT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A day of drawing. `seed` is None until the draw is made, and so are the list and the positions of what came later."""

    epoch: str
    draw_id: str
    terms: DrawTerms
    opened_position: int | None
    list_position: int | None
    made_position: int | None
    made_at: datetime | None
    seed: bytes | None
    lots: tuple[Lot, ...] | None


def packed(lots: Iterable[Lot]) -> bytes:
    """A list as it is stored: its lines, compressed."""
    return zlib.compress(b"\n".join(map(sample.leaf, lots)))


def unpacked(data: bytes) -> tuple[Lot, ...]:
    """A stored list. Raises ReviewError for what is none."""
    try:
        text = zlib.decompress(data).decode("ascii")
        return tuple(sample.parse_leaf(line) for line in text.split("\n") if line)
    except (zlib.error, ValueError) as error:
        raise ReviewError("The list of a draw cannot be read; it was changed.", code="review.damaged") from error


def epoch_of_row(row: Any) -> Epoch:
    is_made = row.made_position is not None
    return Epoch(
        epoch=row.epoch,
        draw_id=row.draw_id,
        terms=DrawTerms(**json.loads(row.terms)),
        opened_position=row.opened_position,
        list_position=row.list_position,
        made_position=row.made_position,
        made_at=moment(row.made_at),
        seed=row.seed if is_made else None,
        lots=None if row.lots is None else unpacked(row.lots),
    )


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + IN_ONE_STATEMENT] for start in range(0, len(ids), IN_ONE_STATEMENT)]


def drawn_in(connection: sa.Connection, month: str) -> dict[str, int]:
    """How many of each person were drawn in a month, also of such as were vetoed."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=32)).replace(day=1)
    where = (review_items.c.epoch >= first.isoformat(), review_items.c.epoch < after.isoformat())
    query = sa.select(review_items.c.person_id, sa.func.count()).where(*where).group_by(review_items.c.person_id)
    return {str(person_id): int(count) for person_id, count in connection.execute(query)}


def owners_of(connection: sa.Connection, turn_ids: Sequence[str]) -> dict[str, str]:
    """Whose these turns are, of people who are still here."""
    found: dict[str, str] = {}
    for some in _batches(turn_ids):
        joined = sa.select(review_kept.c.turn_id, review_kept.c.person_id).join(
            people, people.c.person_id == review_kept.c.person_id
        )
        found.update(
            (str(one.turn_id), str(one.person_id)) for one in connection.execute(joined.where(review_kept.c.turn_id.in_(some)))
        )
    return found


def item_values(turn_id: str, person_id: str, *, epoch: str, now: datetime) -> dict[str, object]:
    return {
        "item_id": secrets.token_hex(16),
        "turn_id": turn_id,
        "person_id": person_id,
        "epoch": epoch,
        "drawn_at": now.timestamp(),
        "ready_at": None,
        "state": "waiting",
        "changed_at": now.timestamp(),
    }
