"""Rows of kept turns: seen once confirmed and until they expire, found by words, gone without a trace."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import StorageError
from earwitness.domain.recording import Selection
from earwitness.storage.database import Database
from earwitness.storage.household import reads, terms, turns
from earwitness.storage.remnants import record
from earwitness.vault import rows as rows_module
from earwitness.vault.rows import Row, Rows
from tests.unit.vault.conftest import Place

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNA, BEN = "a0" * 16, "be" * 16
ALL = Selection(is_all=True)
LAMP, KITCHEN, CELLAR = b"lamp....", b"kitchen.", b"cellar.."


@dataclass
class Shelf:
    """Rows of two people, each under a key that can be changed."""

    rows: Rows
    current: dict[str, str] = field(default_factory=lambda: {ANNA: "1" * 32, BEN: "2" * 32})

    def put(
        self,
        person_id: str = ANNA,
        *,
        at: datetime = NOW,
        lasts: timedelta = timedelta(days=7),
        found_by: tuple[bytes, ...] = (LAMP,),
        is_confirmed: bool = True,
        seconds: float = 2.0,
    ) -> str:
        turn_id = secrets.token_hex(16)
        row = Row(
            number=0,
            turn_id=turn_id,
            person_id=person_id,
            began_at=at,
            expires_at=at + lasts,
            audio_seconds=seconds,
            audio_bytes=round(seconds * 32_000),
            is_restricted=False,
            revision=1,
            sealed=secrets.token_bytes(120),
        )
        self.rows.begin(row, person_key_id=self.current[person_id], found_by=found_by)
        if is_confirmed:
            assert self.rows.confirm(turn_id, position=4)
        return turn_id

    def page(
        self,
        person_id: str = ANNA,
        *,
        now: datetime = NOW,
        limit: int = 100,
        before: int | None = None,
        sought: tuple[bytes, ...] = (),
        selection: Selection = ALL,
    ) -> list[str]:
        found = self.rows.page(person_id, now=now, limit=limit, before=before, sought=sought, selection=selection)
        return [row.turn_id for row in found]

    def find(self, turn_id: str, *, now: datetime = NOW) -> Row | None:
        return next(iter(self.rows.find([turn_id], now=now)), None)


@pytest.fixture
def shelf(place: Place) -> Iterator[Shelf]:
    database = Database(place("household"), chain="household")
    current: dict[str, str] = {}
    shelf = Shelf(Rows(database, key_id_of=lambda person_id: current.get(person_id)))
    current |= shelf.current
    shelf.current = current
    yield shelf
    database.close()


def test_a_row_is_seen_when_it_is_confirmed_and_comes_back_as_it_was(shelf: Shelf) -> None:
    turn_id = shelf.put(is_confirmed=False)
    assert shelf.page() == []
    assert shelf.find(turn_id) is None
    assert shelf.rows.last_id(ANNA, now=NOW) is None
    assert shelf.rows.confirm(turn_id, position=0)
    found = shelf.find(turn_id)
    assert found is not None
    assert (found.person_id, found.began_at, found.expires_at) == (ANNA, NOW, NOW + timedelta(days=7))
    assert (found.audio_seconds, found.audio_bytes, found.is_restricted, found.revision) == (2.0, 64_000, False, 1)
    assert len(found.sealed) == 120
    assert shelf.page() == [turn_id]
    assert not shelf.rows.confirm("00" * 16, position=1)


def test_an_id_is_used_once_and_the_first_row_stays(shelf: Shelf) -> None:
    turn_id = shelf.put()
    row = shelf.find(turn_id)
    assert row is not None
    with pytest.raises(StorageError, match="contradicts"):
        shelf.rows.begin(replace(row, person_id=BEN, sealed=b"other"), person_key_id="2" * 32, found_by=[])
    assert shelf.find(turn_id) == row


@pytest.mark.parametrize(("seconds", "is_seen"), [(-1.0, True), (-0.001, True), (0.0, False), (1.0, False)])
def test_a_row_is_seen_until_the_moment_it_expires(shelf: Shelf, seconds: float, is_seen: bool) -> None:
    turn_id = shelf.put(lasts=timedelta(days=1))
    now = NOW + timedelta(days=1, seconds=seconds)
    assert (shelf.find(turn_id, now=now) is not None) == is_seen
    assert (shelf.page(now=now) == [turn_id]) == is_seen
    assert (shelf.rows.last_id(ANNA, now=now) == turn_id) == is_seen
    assert shelf.rows.count(ANNA, ALL, now=now).recordings == is_seen
    assert [one.turn_id for one in shelf.rows.expired(now=now, limit=10)] == ([] if is_seen else [turn_id])


def test_nobody_sees_anothers_rows(shelf: Shelf) -> None:
    mine, theirs = shelf.put(), shelf.put(BEN)
    assert (shelf.page(), shelf.page(BEN), shelf.page("cc" * 16)) == ([mine], [theirs], [])
    assert shelf.rows.ids(ANNA, Selection(turn_ids=(mine, theirs))) == [mine]
    assert shelf.rows.restrict(ANNA, Selection(turn_ids=(theirs,)), is_restricted=True) == 0
    assert shelf.rows.shorten(ANNA, retention_seconds=60.0) == 1
    found = shelf.find(theirs)
    assert found is not None
    assert (found.is_restricted, found.expires_at) == (False, NOW + timedelta(days=7))


def test_rows_under_a_key_that_is_not_the_persons_any_more_are_not_seen(shelf: Shelf) -> None:
    old = shelf.put()
    shelf.current[ANNA] = "3" * 32
    new = shelf.put()
    assert shelf.page() == [new]
    assert shelf.find(old) is None
    assert shelf.rows.last_id(ANNA, now=NOW) == new
    assert shelf.rows.count(ANNA, ALL, now=NOW).recordings == 1
    assert shelf.rows.ids(ANNA, ALL) == [new]
    del shelf.current[ANNA]
    assert shelf.page() == []
    assert shelf.rows.count(ANNA, ALL, now=NOW).recordings == 0
    assert shelf.rows.of_key("1" * 32, limit=9) == [old]
    assert shelf.rows.count_of_key("1" * 32) == 1


def test_hidden_rows_are_not_seen(shelf: Shelf) -> None:
    gone, stays = shelf.put(), shelf.put()
    shelf.rows.hide([gone])
    shelf.rows.hide([])
    assert shelf.page() == [stays]
    assert shelf.find(gone) is None
    assert set(shelf.rows.ids(ANNA, ALL)) == {gone, stays}, "who deletes must see those that are being kept just now"


def test_pages_follow_each_other_newest_first(shelf: Shelf) -> None:
    kept = [shelf.put(found_by=(LAMP, KITCHEN) if number % 3 == 0 else (LAMP,)) for number in range(10)]
    kept.reverse()
    numbers = {row.turn_id: row.number for row in shelf.rows.find(kept, now=NOW)}
    assert shelf.page(limit=4) == kept[:4]
    assert shelf.page(limit=4, before=numbers[kept[3]]) == kept[4:8]
    assert shelf.page(limit=4, before=numbers[kept[7]]) == kept[8:]
    assert shelf.page(limit=4, before=numbers[kept[9]]) == []
    with_kitchen = kept[0::3]
    assert shelf.page(limit=2, sought=(KITCHEN,)) == with_kitchen[:2]
    assert shelf.page(limit=9, sought=(LAMP, KITCHEN), before=numbers[with_kitchen[1]]) == with_kitchen[2:]


def test_a_search_finds_what_holds_every_word(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "COMMON_TERM", 2)
    both = [shelf.put(found_by=(LAMP, KITCHEN)) for _ in range(3)]
    cellar = shelf.put(found_by=(LAMP, CELLAR))
    shelf.put(BEN, found_by=(LAMP, CELLAR))
    assert shelf.page(sought=(LAMP,)) == [cellar, *reversed(both)]
    for order in ((LAMP, KITCHEN), (KITCHEN, LAMP)):
        assert shelf.page(sought=order) == [*reversed(both)]
    assert shelf.page(sought=(LAMP, CELLAR)) == [cellar]
    assert shelf.page(sought=(KITCHEN, CELLAR)) == []
    assert shelf.page(sought=(b"nothing.",)) == []


def test_a_selection_is_by_ids_or_by_time(shelf: Shelf) -> None:
    hours = [shelf.put(at=NOW + timedelta(hours=hour), seconds=float(hour + 1)) for hour in range(4)]
    cases = [
        (ALL, hours),
        (Selection(), []),
        (Selection(turn_ids=(hours[1], hours[3], "00" * 16)), [hours[1], hours[3]]),
        (Selection(since=NOW + timedelta(hours=1)), hours[1:]),
        (Selection(until=NOW + timedelta(hours=1)), hours[:1]),
        (Selection(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=3)), hours[1:3]),
        (Selection(since=NOW + timedelta(hours=2), turn_ids=(hours[0], hours[2])), [hours[2]]),
        (Selection(since=NOW + timedelta(days=1)), []),
    ]
    for selection, wanted in cases:
        assert shelf.rows.ids(ANNA, selection) == wanted or set(shelf.rows.ids(ANNA, selection)) == set(wanted)
        assert shelf.page(selection=selection) == wanted[::-1]
        kept = shelf.rows.count(ANNA, selection, now=NOW)
        assert kept.recordings == len(wanted)
        assert kept.seconds == sum(hours.index(one) + 1 for one in wanted)
        assert kept.oldest == (NOW + timedelta(hours=hours.index(wanted[0])) if wanted else None)
        assert kept.next_expiry == (NOW + timedelta(days=7, hours=hours.index(wanted[0])) if wanted else None)


def test_what_was_begun_and_never_finished_is_found(shelf: Shelf) -> None:
    begun, _ = shelf.put(is_confirmed=False), shelf.put()
    assert shelf.rows.unconfirmed(before=NOW) == []
    assert shelf.rows.unconfirmed(before=NOW + timedelta(seconds=1)) == [begun]


def test_what_expired_first_comes_first_and_no_more_than_asked_for(shelf: Shelf) -> None:
    ids = [shelf.put(lasts=timedelta(days=day), seconds=float(day)) for day in (3, 1, 2)]
    shelf.put(lasts=timedelta(days=1), is_confirmed=False)
    found = shelf.rows.expired(now=NOW + timedelta(days=9), limit=2)
    assert [(one.turn_id, one.person_id, one.audio_seconds) for one in found] == [(ids[1], ANNA, 1.0), (ids[2], ANNA, 2.0)]
    assert shelf.rows.next_expiry() == NOW + timedelta(days=1)


def test_the_next_expiry_is_of_what_is_kept(shelf: Shelf) -> None:
    assert shelf.rows.next_expiry() is None
    shelf.put(is_confirmed=False)
    assert shelf.rows.next_expiry() is None, "or upkeep would look again and again"
    turn_id = shelf.put(lasts=timedelta(hours=1))
    assert shelf.rows.next_expiry() == NOW + timedelta(hours=1)
    shelf.rows.hide([turn_id])
    assert shelf.rows.next_expiry() is None


def test_a_row_is_resealed_once_per_revision(shelf: Shelf) -> None:
    turn_id = shelf.put(found_by=(LAMP, KITCHEN))
    row = shelf.find(turn_id)
    assert row is not None
    assert shelf.rows.reseal(row, sealed=b"corrected", found_by=[CELLAR])
    assert not shelf.rows.reseal(row, sealed=b"late", found_by=[LAMP])
    found = shelf.find(turn_id)
    assert found is not None
    assert (found.sealed, found.revision) == (b"corrected", 2)
    assert shelf.page(sought=(CELLAR,)) == [turn_id]
    assert shelf.page(sought=(LAMP,)) == []
    shelf.rows.remove([turn_id])
    assert not shelf.rows.reseal(found, sealed=b"later", found_by=[LAMP])


def test_retention_is_shortened_and_never_lengthened(shelf: Shelf) -> None:
    turn_id = shelf.put(lasts=timedelta(days=2))
    assert shelf.rows.shorten(ANNA, retention_seconds=5 * 86_400.0) == 0
    assert shelf.rows.shorten(ANNA, retention_seconds=86_400.0) == 1
    found = shelf.find(turn_id)
    assert found is not None
    assert found.expires_at == NOW + timedelta(days=1)


def test_a_turn_is_restricted_and_freed(shelf: Shelf) -> None:
    turn_id = shelf.put()
    for is_restricted in (True, False):
        assert shelf.rows.restrict(ANNA, Selection(turn_ids=(turn_id,)), is_restricted=is_restricted) == 1
        found = shelf.find(turn_id)
        assert found is not None
        assert found.is_restricted == is_restricted


def test_listens_by_others_are_counted(shelf: Shelf) -> None:
    turn_id, other = shelf.put(), shelf.put()
    base = {
        "person_id": ANNA,
        "actor_id": "x",
        "actor_alias": "x",
        "purpose": "review",
        "medium": "audio",
        "recordings": 1,
        "opened_at": 1.0,
        "opened_position": 1,
    }
    roles = [("self", "served"), ("reviewer", "served"), ("reviewer", "refused"), ("trainer", "open"), ("member", "refused")]
    with shelf.rows.database.writing() as connection:
        for role, result in roles:
            more = {"read_id": secrets.token_hex(16), "turn_id": turn_id, "actor_role": role, "result": result}
            connection.execute(sa.insert(reads).values(base | more))
        gagged = {"read_id": secrets.token_hex(16), "turn_id": other, "actor_role": "counsel", "result": "served"}
        connection.execute(sa.insert(reads).values(base | gagged | {"shown_from": NOW.timestamp()}))
    assert shelf.rows.heard_by_others([turn_id, other], now=NOW - timedelta(seconds=1)) == {turn_id: 2}
    assert shelf.rows.heard_by_others([turn_id, other], now=NOW) == {turn_id: 2, other: 1}
    assert shelf.rows.heard_by_others([], now=NOW) == {}


def test_removing_takes_the_terms_along_and_nothing_else(shelf: Shelf) -> None:
    gone, stays = shelf.put(found_by=(LAMP, KITCHEN)), shelf.put(found_by=(LAMP,))
    shelf.rows.remove([gone, "00" * 16])
    shelf.rows.remove([])
    with shelf.rows.database.reading() as connection:
        assert connection.execute(sa.select(turns.c.turn_id)).scalars().all() == [stays]
        assert connection.execute(sa.select(terms.c.term)).scalars().all() == [LAMP]


# What stays in the files


def test_of_removed_rows_no_file_holds_anything(tmp_path: Path) -> None:
    """Neither what was sealed nor the search terms, while SQLite rebuilds its pages around them."""
    database = Database(tmp_path / "household.db", chain="household")
    shelf = Shelf(Rows(database, key_id_of=lambda person_id: "1" * 32))
    common = [secrets.token_bytes(8) for _ in range(60)]
    kept = [shelf.put(found_by=tuple({*common[n % 50 : n % 50 + 9], secrets.token_bytes(8)})) for n in range(700)]
    pieces: dict[str, list[bytes]] = {}
    with database.reading() as connection:
        for row in connection.execute(sa.select(turns.c.turn_id, turns.c.number, turns.c.sealed)).all():
            found_by = connection.execute(sa.select(terms.c.term).where(terms.c.turn_number == row.number)).scalars().all()
            records = [record(*pair) for one in found_by for pair in ((one, row.number), (row.number, one))]
            pieces[row.turn_id] = [bytes(row.sealed)[1:13], bytes(row.sealed)[-40:], *records]

    def hits(turn_ids: list[str]) -> int:
        data = b"".join(path.read_bytes() for path in tmp_path.glob("household.db*"))
        return sum(piece in data for turn_id in turn_ids for piece in pieces[turn_id])

    shelf.rows.scrub()
    assert hits(kept[:50]) == sum(len(pieces[one]) for one in kept[:50]), "what is there must be found"
    secrets.SystemRandom().shuffle(kept)
    for start in range(0, 350, 7):
        gone = kept[start : start + 7]
        shelf.rows.remove(gone)
        shelf.rows.scrub()
        assert hits(gone) == 0
    assert hits(kept[:350]) == 0
    assert set(shelf.page(limit=1000)) == set(kept[350:])
    database.close()
