"""A review service of its own beside a household of the tests: its application, and its desk in its own folder, over a socket."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from starlette.testclient import TestClient

from earwitness.build.review_service import service_app
from earwitness.config import ReviewSettings
from earwitness.domain.account import SignInWay
from earwitness.domain.person import Person
from earwitness.review.adjudication import Adjudication
from earwitness.review.desk import Desk, DeskTerms
from earwitness.review.household_afar import HouseholdAfar
from earwitness.review.line import Line, dial_here
from earwitness.review.porter import take_up
from earwitness.review.visits import Visits
from earwitness.server.guard import Guard
from earwitness.server.listen import Address
from earwitness.server.review_channel import ReviewChannel, bind_here
from earwitness.storage.database import Database
from tests.channel_kept import counter, running, socket_path
from tests.houses_kept import KeptHouse

URL = "http://127.0.0.1:8770"
HOUSEHOLD_PAGE = "https://home.example.org/review"


@dataclass
class KeptService:
    """The service, its folder apart from the household's, and what the household knows of its visits."""

    folder: Path
    house: KeptHouse
    visits: Visits
    database: Database
    household: HouseholdAfar
    desk: Desk
    closing: contextlib.ExitStack
    clients: list[TestClient] = field(default_factory=list)

    @cached_property
    def app(self) -> Guard:
        address = Address(port=8770)
        return service_app(
            self.desk,
            self.household,
            adjudication=Adjudication(self.database, desk=self.desk, porter=self.household, clock=self.house.clock),
            address=address,
            sign_in_url=HOUSEHOLD_PAGE,
            clock=self.house.clock,
        )

    def ticket(self, person: Person, *, way: SignInWay = SignInWay.PASSKEY) -> str:
        """A ticket for somebody who signed in at the household."""
        token = self.house.people.accounts.let_in(person, way=way).token
        found = self.house.people.accounts.sign_ins.find(token)
        assert found is not None
        return self.visits.ticket(found[1].sign_in_id)

    def client(self, person: Person | None = None) -> TestClient:
        """A browser at the service, in which that reviewer came in."""
        client = self.closing.enter_context(TestClient(self.app, base_url=URL, client=("127.0.0.1", 50_000)))
        if person is not None:
            answer = client.post("/api/v1/sign-in", json={"ticket": self.ticket(person)})
            assert answer.status_code == 200, answer.text
        return client

    def follow(self) -> None:
        take_up(self.household.offered(), self.desk)


@contextlib.contextmanager
def kept_service(
    house: KeptHouse,
    folder: Path,
    *,
    place: Path | str | None = None,
    settings: ReviewSettings | None = None,
    terms: DeskTerms | None = None,
) -> Iterator[KeptService]:
    """A service in `folder`, or with its database at `place`, beside that house."""
    made, visits = counter(house, settings=settings)
    channel = ReviewChannel(lambda frame, peer: made.answer(frame, peer=peer))
    line = Line(dial_here(socket_path(house.folder)))
    household = HouseholdAfar(line)
    database = Database(place or folder / "desk" / "desk.db", chain="desk")
    desk = Desk(database, porter=household, clock=house.clock, terms=terms, intents=household.intents)
    with contextlib.ExitStack() as closing:
        closing.callback(database.close)
        closing.enter_context(running(channel, bind_here(socket_path(house.folder))))
        closing.callback(line.close)
        yield KeptService(
            folder=folder,
            house=house,
            visits=visits,
            database=database,
            household=household,
            desk=desk,
            closing=closing,
        )
