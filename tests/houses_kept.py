"""A household that keeps: real people, consents, vault, ledger and rights on SQLite, with a clock that the test sets."""

import asyncio
import contextlib
import json
import random
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps, Purpose, Way
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.intent import Intent
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Role, Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.ledger.log import Ledger
from earwitness.people.consents import Consents
from earwitness.people.household import Household, HouseholdChoices
from earwitness.people.people import People
from earwitness.rights.rights import Rights
from earwitness.server.app import make_app
from earwitness.server.gate import Setup
from earwitness.server.guard import Guard
from earwitness.server.listen import Address
from earwitness.storage.database import Database
from earwitness.turn.workers import Workers
from earwitness.vault.vault import Places, Vault
from earwitness.web.account_api import account_router
from earwitness.web.accounts_api import accounts_router
from earwitness.web.api import api_router
from earwitness.web.history_api import history_router
from earwitness.web.listens_api import ledger_router, listens_router
from earwitness.web.pages import page_router, static_files
from earwitness.web.people_api import people_router
from earwitness.web.setup_api import FirstStart, setup_router
from earwitness.web.setup_pass import SetupPass
from earwitness.web.sign_in_api import sign_in_router
from earwitness.web.signed_in import SignedIn
from tests.unit.server.serving import make_assistant

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
PASSPHRASE = "four plain words, no more"
REVIEWER = Actor(actor_id="reviewer-1", alias="calm-otter-2222", role=Role.REVIEWER)
URL = "http://127.0.0.1:8765"
PERSON_COOKIES = ("earwitness-person", "__Host-earwitness-person")
"""Of a server without TLS, and of one with it."""


def sound(seconds: float, *, seed: int = 1) -> bytes:
    """Noise, the same for the same seed: no two parts of it are alike."""
    return random.Random(seed).randbytes(2 * round(seconds * 16_000))


@dataclass
class Clock:
    """Says what it was last set to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Prover:
    """Proofs as they are handed out."""

    ledger: Ledger

    def proof_json(self, position: int) -> dict[str, object]:
        return self.ledger.proof(position).as_json()


@dataclass
class TurnKeeper:
    """Keeps turns off the event loop."""

    rights: Rights

    async def keep(self, spoken: Spoken, pcm: Pcm | None) -> Keeps | None:
        return await asyncio.to_thread(self.rights.keep, spoken, pcm)


@dataclass
class KeptHouse:
    """Everything of one household in `folder`: household.db, ledger.db, keys/, recordings/."""

    folder: Path
    clock: Clock
    database: Database
    ledger: Ledger
    people: People
    consents: Consents
    vault: Vault
    rights: Rights
    closing: contextlib.ExitStack
    prover: Prover = field(init=False)
    household: Household = field(init=False)
    settled: list[HouseholdChoices] = field(default_factory=list)
    """What the house was furnished with, in order."""
    printed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prover = Prover(self.ledger)
        self.household = Household(self.database, clock=self.clock)

    # People and what they say

    def enrolled(
        self,
        name: str = "Anna",
        *,
        keeps: Keeps | None = Keeps.AUDIO,
        retention_seconds: float | None = None,
        also: Sequence[Purpose] = (),
    ) -> Person:
        """Somebody whose turns are kept for a week unless said otherwise; `keeps` None for nothing; `also` consented to."""
        person = self.people.add(name, passphrase=PASSPHRASE)
        if keeps is not None:
            self.consent(person, Purpose.KEEP, keeps=keeps, retention_seconds=retention_seconds)
        for purpose in also:
            self.consent(person, purpose)
        return person

    def consent(
        self,
        person: Person,
        purpose: Purpose,
        *,
        is_given: bool = True,
        keeps: Keeps | None = None,
        retention_seconds: float | None = None,
    ) -> None:
        self.rights.decide(
            person.person_id, purpose, is_given=is_given, way=Way.API, keeps=keeps, retention_seconds=retention_seconds
        )

    def keep(
        self,
        person: Person,
        text: str = "turn on the lamp",
        *,
        sound: bytes = b"",
        at: datetime | None = None,
        turn_id: str | None = None,
    ) -> str:
        """The id of a turn of that person, kept as far as they consented. `sound` is PCM; `at` is when it began, now without."""
        turn = Turn(
            turn_id=turn_id or secrets.token_hex(16),
            transcript=text,
            outcome=Outcome.DONE,
            reply="Turned on the lamp.",
            intent=Intent(name="HassTurnOn", slots={"name": "Lamp"}),
            timings_ms={"recognise": 12.5},
        )
        spoken = Spoken(turn=turn, person_id=person.person_id, began_at=at or self.clock(), area="Den", engine="scripted")
        self.rights.keep(spoken, Pcm(data=sound) if sound else None)
        return turn.turn_id

    # The ledger

    def entries(self, kind: str = "") -> list[dict[str, Any]]:
        """What the ledger says, oldest first; of one kind if it is given."""
        found: list[dict[str, Any]] = [json.loads(self.ledger.leaf(position)) for position in range(self.ledger.size())]
        return [entry for entry in found if not kind or entry["kind"] == kind]

    @contextlib.contextmanager
    def without_ledger(self) -> Iterator[None]:
        """While this lasts another program holds the ledger's file, so that nothing can be committed to it."""
        blocker = sqlite3.connect(self.folder / "ledger.db", isolation_level=None)
        try:
            blocker.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            blocker.close()

    # The server

    def app(self, *, is_secure: bool = False) -> Guard:
        """The whole server around the simple engines, put together as `serve` does. `is_secure` is what its cookies take the
        connection for."""
        assistant, _ = make_assistant(self.closing.enter_context(Workers()), keeper=TurnKeeper(self.rights))
        signed_in = SignedIn(self.people, is_secure=is_secure)
        start = FirstStart(self.people, self.household, wake_words=("hey jarvis", "okay nabu"), settle=self.settle)
        passes = SetupPass(self.household, say=self.printed.append, clock=self.clock)
        routers = [
            page_router(wake_words=lambda: ("okay nabu",)),
            api_router(assistant),
            setup_router(start, assistant=assistant, passes=passes, signed_in=signed_in),
            sign_in_router(self.people.accounts, signed_in=signed_in),
            account_router(self.people.accounts),
            accounts_router(self.rights),
            people_router(self.rights, vault=self.vault, prover=self.prover, signed_in=signed_in, clock=self.clock),
            history_router(self.rights, clock=self.clock),
            listens_router(self.rights, prover=self.prover),
            ledger_router(self.ledger),
        ]
        return make_app(
            assistant,
            address=Address(),
            area=None,
            routers=routers,
            static=static_files(),
            who=signed_in.visitor,
            is_still_in=signed_in.is_still_in,
            setup=Setup(is_done=lambda: asyncio.to_thread(start.is_done), is_pass=passes.is_right),
            clock=self.clock,
        )

    async def settle(self, chosen: HouseholdChoices) -> None:
        self.settled.append(chosen)

    def client(self, person: Person | None = None, *, is_secure: bool = False, address: str = "127.0.0.1") -> TestClient:
        """A browser at `address`, on this machine without one, in which that person is signed in."""
        url = URL.replace("http:", "https:") if is_secure else URL
        client = TestClient(self.app(is_secure=is_secure), base_url=url, client=(address, 50_000))
        self.closing.enter_context(client)
        if person is not None:
            client.cookies.set(PERSON_COOKIES[is_secure], self.people.accounts.let_in(person).token, domain="127.0.0.1")
        return client

    def sign_in(self, client: TestClient, name: str, *, passphrase: str = PASSPHRASE) -> Any:
        return client.post("/api/v1/sign-in", json={"name": name, "passphrase": passphrase})


def whose(people: People, token: str | None) -> Person | None:
    """Who a token of a sign-in stands for; None for one that is unknown or has ended."""
    found = people.accounts.sign_ins.find(token)
    return None if found is None else found[0]


@contextlib.contextmanager
def kept_house(folder: Path, *, clock: Clock | None = None) -> Iterator[KeptHouse]:
    """A household of its own in `folder`; its clock stands at NOON of a Monday in March until it is set."""
    now = clock or Clock()
    with contextlib.ExitStack() as closing:
        database = Database(folder / "household.db", chain="household")
        closing.callback(database.close)
        ledger = Ledger(Database(folder / "ledger.db", chain="ledger"), key_file=folder / "keys" / "ledger.key")
        closing.callback(ledger.close)
        people, consents = People(database, clock=now), Consents(database, ledger=ledger, clock=now)
        places = Places(keys_folder=folder / "keys", keys=folder / "keys" / "keys.db", recordings=folder / "recordings")
        vault = closing.enter_context(Vault(database, places=places, ledger=ledger, consents=consents, clock=now))
        rights = Rights(people=people, consents=consents, vault=vault, clock=now)
        yield KeptHouse(
            folder=folder,
            clock=now,
            database=database,
            ledger=ledger,
            people=people,
            consents=consents,
            vault=vault,
            rights=rights,
            closing=closing,
        )


def error_of(call: Callable[[], object]) -> str:
    """The code of the error that a call ends with; empty if it ends well."""
    try:
        call()
    except EarwitnessError as error:
        return error.code
    return ""
