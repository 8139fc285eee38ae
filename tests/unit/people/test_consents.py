"""Consents: dated, versioned, added and never changed; to give one needs the ledger, to withdraw one does not.

What depends on the database is tried on SQLite and on PostgreSQL.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.consent import LONGEST_SECONDS, PERIODS, SHORTEST_SECONDS, Keeps, Purpose, Way
from earwitness.domain.errors import LedgerError
from earwitness.people.consent_texts import TEXTS, current_text, text_of
from earwitness.people.consents import Consents
from earwitness.people.people import People
from earwitness.storage.database import Database
from tests.houses_kept import NOON, PASSPHRASE, Clock, error_of


@dataclass
class ShortLedger:
    """A ledger in memory, which can be away."""

    is_away: bool = False
    entries: list[Mapping[str, object]] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None
    """What somebody else does while the next entry is committed."""

    def append(self, entries: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        if self.is_away:
            raise LedgerError("The ledger is away.")
        self.entries += entries
        positions = tuple(range(len(self.entries) - len(entries), len(self.entries)))
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return positions


@dataclass
class House:
    clock: Clock
    ledger: ShortLedger
    people: People
    consents: Consents
    anna: str

    def give(self, purpose: Purpose = Purpose.KEEP, **rest: object) -> str:
        """The code of the error that giving ends with, empty if it is given."""
        return error_of(lambda: self.consents.decide(self.anna, purpose, is_given=True, way=Way.API, **rest))  # type: ignore[arg-type]

    def withdraw(self, purpose: Purpose = Purpose.KEEP, **rest: object) -> str:
        return error_of(lambda: self.consents.decide(self.anna, purpose, is_given=False, way=Way.API, **rest))  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A household on SQLite."""
    database = Database(tmp_path / "household.db", chain="household")
    yield opened(database)
    database.close()


@pytest.fixture
def anywhere(either: Database) -> House:
    """A household on SQLite and on PostgreSQL."""
    return opened(either)


def opened(database: Database) -> House:
    clock, ledger = Clock(), ShortLedger()
    people = People(database, clock=clock)
    anna = people.add("Anna", passphrase=PASSPHRASE).person_id
    return House(clock=clock, ledger=ledger, people=people, consents=Consents(database, ledger=ledger, clock=clock), anna=anna)


def test_who_decided_nothing_consented_to_nothing(anywhere: House) -> None:
    for person_id in (anywhere.anna, "guest", ""):
        assert anywhere.consents.in_force(person_id) == {}
        assert anywhere.consents.decisions(person_id) == ()
        assert anywhere.consents.keeping(person_id) is None
        assert not any(anywhere.consents.has_consent(person_id, purpose) for purpose in Purpose)


def test_the_door_is_told_what_a_person_restricted(anywhere: House) -> None:
    assert not anywhere.consents.is_restricted(anywhere.anna)
    anywhere.people.change(anywhere.anna, restricted_at=anywhere.clock())
    assert anywhere.consents.is_restricted(anywhere.anna)
    assert not anywhere.consents.is_restricted("guest")
    anywhere.people.change(anywhere.anna, restricted_at=None)
    assert not anywhere.consents.is_restricted(anywhere.anna)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_each_consent_stands_alone(house: House, purpose: Purpose) -> None:
    house.give(purpose)
    assert [one for one in Purpose if house.consents.has_consent(house.anna, one)] == [purpose]
    assert (house.consents.keeping(house.anna) is not None) == (purpose is Purpose.KEEP)
    house.withdraw(purpose)
    assert not any(house.consents.has_consent(house.anna, one) for one in Purpose)


def test_a_decision_is_dated_and_says_which_text_was_shown(anywhere: House) -> None:
    anywhere.give(Purpose.REVIEW)
    anywhere.clock.advance(seconds=90)
    anywhere.withdraw(Purpose.REVIEW)
    withdrawn, given = anywhere.consents.decisions(anywhere.anna)
    assert (given.is_given, given.decided_at, given.way) == (True, NOON, Way.API)
    assert (withdrawn.is_given, withdrawn.decided_at) == (False, NOON + timedelta(seconds=90))
    text = text_of(Purpose.REVIEW, given.text_version)
    assert text == current_text(Purpose.REVIEW)
    assert given.text_digest == hashlib.sha256(f"{text.title}\n{text.text}\n{text.spoken}".encode()).hexdigest()
    assert anywhere.consents.in_force(anywhere.anna) == {Purpose.REVIEW: withdrawn}


def test_the_ledger_holds_each_decision_and_nobodys_name(anywhere: House) -> None:
    anywhere.give(retention_seconds=3600.0)
    anywhere.withdraw()
    given, withdrawn = anywhere.ledger.entries
    assert (given["kind"], given["given"], given["at"]) == ("consent", True, "2026-03-02T12:00:00+00:00")
    assert [one.position for one in anywhere.consents.decisions(anywhere.anna)] == [1, 0]
    assert anywhere.consents.decisions(anywhere.anna)[0].decision_id == withdrawn["decision"]
    for entry in anywhere.ledger.entries:
        assert set(entry) == {"v", "kind", "decision", "purpose", "given", "objection", "text_version", "text_sha256", "at"}
        assert anywhere.anna not in str(entry)


def test_a_text_that_was_ever_shown_stays_as_it_was() -> None:
    shown = {
        ("keep", 1): "19152c82569427b79f0f86e113288c5e0fdcac9a33532aae2578f9c51b1558c6",
        ("review", 1): "3038beed7cbaa91f35521aa6d345343d5317db85a30a0cace4d7999753be8b47",
        ("review", 2): "fa8fdf0f7fc8a7dd994165fa7df40a7bef8588e12fba2e445395ba89508ba91c",
        ("review", 3): "1b1ab77e54d6dea42efe45682a88520005039637faa2f306a4a3e1602fec6177",
        ("hear", 1): "4e427ab8c9b8d30a003cd569e0f97941bf64a6b23475e4dca300ac001e34581e",
        ("train", 1): "c39ef5c5d876adf4eabb740e37f869d12c03de3907e0a0e8685b7ef061ac4dd2",
        ("train", 2): "171e27b285eb0bf949211d566e460d9116e886795d0f9c823f3fec0f5d4da78e",
        ("train", 3): "ead5c1f1a90b4d08697323cc1b85f903b8fefc281d337a9ca1d67297b67afa5c",
        ("identify", 1): "3cc305a5cf74a3c5d8b9c7400426b4c6cff4e16fd0007cd019f2cb953f2f1a9b",
    }
    for (purpose, version), digest in shown.items():
        assert text_of(Purpose(purpose), version).digest == digest
    assert len({(text.purpose, text.version) for text in TEXTS}) == len(TEXTS)
    assert {text.purpose for text in TEXTS} == set(Purpose)
    with pytest.raises(KeyError):
        text_of(Purpose.KEEP, 99)


# Keeping


def test_without_more_words_it_is_sound_for_a_week(house: House) -> None:
    house.give()
    keeping = house.consents.keeping(house.anna)
    assert keeping is not None
    assert (keeping.keeps, keeping.retention_seconds) == (Keeps.AUDIO, PERIODS["week"])


def test_what_is_not_said_again_stays_as_it_was(anywhere: House) -> None:
    anywhere.give(keeps=Keeps.TEXT, retention_seconds=3600.0)
    anywhere.give(retention_seconds=7200.0)
    anywhere.give()
    keeping = anywhere.consents.keeping(anywhere.anna)
    assert keeping is not None
    assert (keeping.keeps, keeping.retention_seconds) == (Keeps.TEXT, 7200.0)


def test_after_a_withdrawal_it_begins_anew(house: House) -> None:
    house.give(keeps=Keeps.TEXT, retention_seconds=3600.0)
    house.withdraw()
    house.give()
    keeping = house.consents.keeping(house.anna)
    assert keeping is not None
    assert (keeping.keeps, keeping.retention_seconds) == (Keeps.AUDIO, PERIODS["week"])


@pytest.mark.parametrize("seconds", [SHORTEST_SECONDS, 60.5, LONGEST_SECONDS])
def test_a_retention_within_the_limits_is_taken(house: House, seconds: float) -> None:
    assert house.give(retention_seconds=seconds) == ""
    keeping = house.consents.keeping(house.anna)
    assert keeping is not None
    assert keeping.retention_seconds == seconds


@pytest.mark.parametrize("seconds", [0.0, -1.0, 59.999, LONGEST_SECONDS + 1, 1e300, float("inf"), float("-inf"), float("nan")])
def test_a_retention_beyond_them_is_refused_and_changes_nothing(house: House, seconds: float) -> None:
    assert house.give(retention_seconds=seconds) == "consent.invalid"
    assert house.consents.decisions(house.anna) == ()
    assert house.ledger.entries == []


def test_only_keeping_has_a_retention(house: House) -> None:
    house.give(Purpose.TRAIN, retention_seconds=3600.0, keeps=Keeps.TEXT)
    (decision,) = house.consents.decisions(house.anna)
    assert (decision.retention_seconds, decision.keeps) == (None, None)


# Objections


def test_an_objection_ends_a_use_and_stands_against_a_consent(anywhere: House) -> None:
    anywhere.give(Purpose.REVIEW)
    anywhere.withdraw(Purpose.REVIEW, is_objection=True)
    assert not anywhere.consents.has_consent(anywhere.anna, Purpose.REVIEW)
    size = len(anywhere.ledger.entries)
    assert anywhere.give(Purpose.REVIEW) == "consent.objected"
    assert len(anywhere.ledger.entries) == size
    assert anywhere.give(Purpose.TRAIN) == ""
    assert anywhere.give(Purpose.REVIEW, lifts_objection=True) == ""
    assert anywhere.give(Purpose.REVIEW) == ""


OBJECTING = ("give", "withdraw", "object", "lift and give", "lift and withdraw")


@given(steps=st.lists(st.sampled_from(OBJECTING), max_size=8))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_nothing_but_lifting_undoes_an_objection(house: House, steps: list[str]) -> None:
    house.anna = house.people.add(f"Anna {len(house.people.all())}", passphrase=PASSPHRASE).person_id
    is_objected = is_given = False
    for step in steps:
        lifts = step.startswith("lift")
        if step.endswith("give"):
            assert house.give(lifts_objection=lifts) == ("consent.objected" if is_objected and not lifts else "")
            is_given = is_given or not is_objected or lifts
        else:
            assert house.withdraw(is_objection=step == "object", lifts_objection=lifts) == ""
            is_given = False
        is_objected = step == "object" or (is_objected and not lifts)
        found = house.consents.in_force(house.anna).get(Purpose.KEEP)
        assert (found is not None and found.is_objection, house.consents.has_consent(house.anna, Purpose.KEEP)) == (
            is_objected,
            is_given,
        )


# Without the ledger


def test_without_the_ledger_no_consent_is_given(house: House) -> None:
    house.ledger.is_away = True
    assert house.give() == "ledger.unavailable"
    assert house.consents.decisions(house.anna) == ()


def test_a_withdrawal_does_not_wait_for_the_ledger_and_is_committed_later(anywhere: House) -> None:
    anywhere.give()
    anywhere.give(Purpose.REVIEW)
    anywhere.ledger.is_away = True
    assert anywhere.withdraw() == ""
    assert anywhere.withdraw(Purpose.REVIEW, is_objection=True) == ""
    assert anywhere.consents.keeping(anywhere.anna) is None
    assert [one.position for one in anywhere.consents.decisions(anywhere.anna)[:2]] == [None, None]
    assert error_of(anywhere.consents.commit_waiting) == "ledger.unavailable"
    anywhere.ledger.is_away = False
    assert anywhere.consents.commit_waiting() == 2
    assert anywhere.consents.commit_waiting() == 0
    assert sorted(one.position for one in anywhere.consents.decisions(anywhere.anna)) == [0, 1, 2, 3]  # type: ignore[type-var]
    assert {(entry["purpose"], entry["objection"]) for entry in anywhere.ledger.entries[2:]} == {
        ("keep", False),
        ("review", True),
    }


@pytest.mark.parametrize("is_objection", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_no_that_comes_while_a_yes_is_committed_stands(house: House, is_objection: bool, is_first: bool) -> None:
    if not is_first:
        house.give()
    house.ledger.meanwhile = lambda: house.withdraw(is_objection=is_objection)
    assert house.give(retention_seconds=3600.0) == "consent.changed"
    assert not house.consents.has_consent(house.anna, Purpose.KEEP)
    assert house.give() == ("consent.objected" if is_objection else "")


def test_a_decision_on_another_use_does_not_get_in_the_way(house: House) -> None:
    house.ledger.meanwhile = lambda: house.withdraw(Purpose.REVIEW, is_objection=True)
    assert house.give() == ""
    assert house.consents.has_consent(house.anna, Purpose.KEEP)


# Who decides


def test_nobody_decides_for_who_is_not_here(anywhere: House) -> None:
    gone = anywhere.anna
    anywhere.give()
    anywhere.people.remove(gone)
    size = len(anywhere.ledger.entries)
    for person_id in (gone, "guest"):
        anywhere.anna = person_id
        assert anywhere.give() == anywhere.withdraw() == "person.unknown"
        assert anywhere.consents.decisions(person_id) == ()
    assert len(anywhere.ledger.entries) == size


def test_one_persons_decisions_are_not_anothers(anywhere: House) -> None:
    ben = anywhere.people.add("Ben", passphrase=PASSPHRASE).person_id
    anywhere.give()
    assert anywhere.consents.keeping(ben) is None
    assert anywhere.consents.decisions(ben) == ()
