"""A household whose kept turns may be drawn: epochs and items on a `KeptHouse`, put together as `build` does."""

import secrets
from dataclasses import dataclass

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose
from earwitness.domain.intent import Intent
from earwitness.domain.person import Person
from earwitness.domain.recording import Spoken
from earwitness.domain.review import DrawTerms
from earwitness.domain.turn import Outcome, Turn
from earwitness.review.epochs import Epochs
from earwitness.review.items import Items
from tests.houses_kept import KeptHouse

EVERYTHING = DrawTerms(rate_millionths=1_000_000, doubtful_thousandths=0, most_per_month=1_000)
"""By these every lot is drawn, so that tests need no luck. No setting allows them."""


@dataclass
class ReviewedHouse:
    """The house with what review owns of it."""

    house: KeptHouse
    epochs: Epochs
    items: Items

    def say(
        self,
        person: Person,
        text: str = "turn on the lamp",
        *,
        is_woken: bool = True,
        outcome: Outcome = Outcome.DONE,
        sound: bytes = b"",
        slots: dict[str, str] | None = None,
    ) -> str:
        """The id of a turn that the person says, kept as far as they consented, and noted for the draw."""
        intent = Intent(name="HassTurnOn", slots=slots or {"name": "Lamp"}) if outcome is Outcome.DONE else None
        turn = Turn(turn_id=secrets.token_hex(16), transcript=text, outcome=outcome, reply="Turned on the lamp.", intent=intent)
        spoken = Spoken(turn=turn, person_id=person.person_id, began_at=self.house.clock(), engine="scripted", is_woken=is_woken)
        if self.house.rights.keep(spoken, Pcm(data=sound) if sound else None) is not None:
            self.epochs.note(spoken)
        return turn.turn_id

    def reviewable(self, name: str = "Anna", **more: object) -> Person:
        """Somebody who lets be kept and reviewed what they say."""
        return self.house.enrolled(name, also=[Purpose.REVIEW])

    def next_day(self) -> str:
        """Let the day end, and give its epoch."""
        day = self.house.clock().date().isoformat()
        self.house.clock.advance(days=1)
        return day

    def drawn(self, person: Person, text: str = "turn on the lamp", **more: object) -> str:
        """The id of a turn of that person that was drawn; its item is offered to reviewers."""
        self.epochs.open()
        turn_id = self.say(person, text, **more)  # type: ignore[arg-type]
        self.epochs.draw(self.next_day())
        self.house.clock.advance(days=1, minutes=1)
        self.items.settle()
        return turn_id


def reviewed(house: KeptHouse, *, terms: DrawTerms = EVERYTHING) -> ReviewedHouse:
    """Review on a house, that draws by `terms`; its turns are kept for a month."""
    epochs = Epochs(
        house.database,
        ledger=house.ledger,
        safe=house.vault.safe,
        consents=house.consents,
        find=house.people.find,
        standing=house.vault.door.standing,
        terms=terms,
        clock=house.clock,
    )
    return ReviewedHouse(
        house=house,
        epochs=epochs,
        items=Items(house.database, consents=house.consents, standing=house.vault.door.standing, clock=house.clock),
    )
