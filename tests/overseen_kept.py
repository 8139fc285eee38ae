"""A household that is overseen: a privacy officer, somebody who runs the machine, a lead and a reviewer on a `KeptHouse`."""

from dataclasses import dataclass
from typing import Any

from earwitness.domain.account import AccountRole
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Role
from earwitness.domain.review import Label
from earwitness.oversight.oversight import Oversight
from earwitness.review.desk import Desk
from tests.houses_kept import PASSPHRASE, KeptHouse
from tests.reviewed_kept import ReviewedHouse, reviewed

HERE = "1" * 32
SAID = "call Marguerite and turn on the lamp"
WHY = "A reviewer says that Marguerite may be in danger."


@dataclass
class OverseenHouse:
    """The house with those who oversee it."""

    house: KeptHouse
    review: ReviewedHouse
    anna: Person
    owner: Person
    officer: Person
    runner: Person
    lead: Person
    rita: Person

    @property
    def oversight(self) -> Oversight:
        return self.house.oversight

    @property
    def desk(self) -> Desk:
        return self.house.review.desk

    def actor(self, person: Person) -> Actor:
        return Actor(actor_id=person.person_id, alias=person.alias, role=Role.REVIEWER)

    def flag(self, text: str = SAID) -> str:
        """The id of a turn of Anna's that Rita flagged as disturbing, on the desk."""
        self.review.epochs.open()
        turn_id = self.review.say(self.anna, text)
        self.review.epochs.draw(self.review.next_day())
        self.house.clock.advance(days=1, minutes=1)
        self.house.review.settle()
        lease = self.desk.begin(self.actor(self.rita), sign_in_id=HERE)
        assert lease is not None
        judged: dict[str, Any] = {"transcript": text, "intent": None, "slots": {}, "labels": [Label.DISTURBING.value]}
        self.desk.judge(self.actor(self.rita), lease.lease_id, sign_in_id=HERE, body=judged)
        return turn_id

    def entries(self, *kinds: str) -> list[dict[str, Any]]:
        """The ledger's entries of those kinds (beginnings of their names), oldest first."""
        return [one for one in self.house.entries() if str(one["kind"]).startswith(kinds)]


def overseen(house: KeptHouse) -> OverseenHouse:
    """Oversight on a house in which Anna lets be kept and reviewed what she says."""
    owner, review = house.enrolled("Otto", keeps=None), reviewed(house)

    def staff(name: str, role: AccountRole) -> Person:
        return house.people.add(name, passphrase=PASSPHRASE, role=role)

    made = OverseenHouse(
        house=house,
        review=review,
        anna=review.reviewable(),
        owner=owner,
        officer=staff("Ottilie", AccountRole.PRIVACY_OFFICER),
        runner=staff("Adam", AccountRole.ADMINISTRATOR),
        lead=staff("Lena", AccountRole.LEAD),
        rita=staff("Rita", AccountRole.REVIEWER),
    )
    made.desk.passed(made.rita.alias)
    return made
