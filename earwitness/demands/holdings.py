"""What is held that a demand could be about: counted, never opened. It decides nothing. Calls block."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from earwitness.demands.rules import Rules
from earwitness.domain.account import AccountRole
from earwitness.domain.demand import Category, DemandKind, Reach, Scope
from earwitness.domain.device import Device
from earwitness.domain.errors import PersonError
from earwitness.domain.person import Person
from earwitness.people.devices import Devices
from earwitness.people.people import People
from earwitness.storage.review import review_items
from earwitness.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A kept turn as far as it is in plain: whose, when it began, how long its sound is."""

    turn_id: str
    person_id: str
    began_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """All that is held here, and what each kind of demand could reach of it at most."""

    held: Reach
    by_kind: dict[DemandKind, Reach]


class Held:
    """What one household holds. `clock` gives aware datetimes."""

    def __init__(self, people: People, vault: Vault, *, clock: Callable[[], datetime]) -> None:
        self._people = people
        self._vault = vault
        self._devices = Devices(people.database, clock=clock)
        self._clock = clock

    def resolve(self, names: Iterable[str]) -> tuple[tuple[str, ...], int]:
        """The ids of people by their names, and how many are not known here."""
        found, unknown = dict[str, None](), 0
        for name in names:
            try:
                found[self._people.named(name).person_id] = None
            except PersonError:
                unknown += 1
        return tuple(found), unknown

    def persons(self, scope: Scope) -> dict[str, Person]:
        """Those of the people asked for who are still here."""
        return {one.person_id: one for one in self._people.all() if one.person_id in scope.persons}

    def children(self, scope: Scope) -> frozenset[str]:
        """The ids of the children among them."""
        return frozenset(key for key, one in self.persons(scope).items() if one.role is AccountRole.CHILD)

    def turns(self, scope: Scope) -> tuple[Turn, ...]:
        """The turns that a scope is about, oldest first; none by device, since nothing in plain says which one heard them."""
        if scope.devices:
            return ()
        rows = self._vault.rows.demanded(scope.persons, since=scope.since, until=scope.until, now=self._clock())
        found = [
            Turn(turn_id=row.turn_id, person_id=row.person_id, began_at=row.began_at, seconds=row.audio_seconds) for row in rows
        ]
        return tuple(sorted(found, key=lambda one: (one.began_at, one.turn_id)))

    def devices(self, scope: Scope) -> tuple[Device, ...]:
        """The satellites that a scope is about: those it names, or all."""
        return tuple(one for one in self._devices.all(with_revoked=False) if not scope.devices or one.device_id in scope.devices)

    def reach(self, scope: Scope) -> Reach:
        """How much a scope would disclose, counted."""
        turns = self.turns(scope) if scope.categories & {Category.TURNS, Category.WORDS, Category.SOUND} else ()
        known = self.persons(scope)
        everything = {
            Category.DEVICES: len(self.devices(scope)) if known else 0,
            Category.ACCOUNT: len(known),
            Category.TURNS: len(turns),
            Category.WORDS: len(turns),
            Category.SOUND: sum(one.seconds > 0 for one in turns),
            Category.NOTES: self._notes(scope) if Category.NOTES in scope.categories else 0,
        }
        seconds = sum(one.seconds for one in turns) if Category.SOUND in scope.categories else 0.0
        return Reach(counts={one: everything[one] for one in sorted(scope.categories)}, seconds=seconds)

    def asked(self, scope: Scope) -> Reach:
        """How much is held of what is asked for, whatever that kind reaches: of everybody where it names nobody, or others."""
        everybody = scope.has_unnamed_others or not (scope.persons or scope.unknown_persons)
        persons = tuple(one.person_id for one in self._people.all()) if everybody else scope.persons
        categories = frozenset(Category) if scope.is_all_data or not scope.categories else scope.categories
        return self.reach(Scope(persons=persons, since=scope.since, until=scope.until, categories=categories))

    def all(self, rules: Rules) -> Holdings:
        """Everything, and what each kind could reach."""
        persons = tuple(one.person_id for one in self._people.all())
        return Holdings(
            held=self.reach(Scope(persons=persons, categories=frozenset(Category))),
            by_kind={
                kind: self.reach(Scope(persons=persons, categories=told.reaches))
                for kind, told in rules.kinds.items()
                if kind is not DemandKind.PRESERVATION
            },
        )

    def _notes(self, scope: Scope) -> int:
        where = (review_items.c.person_id.in_(scope.persons), review_items.c.state == "reviewed")
        with self._people.database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(review_items).where(*where)).scalar_one()
