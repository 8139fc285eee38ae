"""A household that keeps: real people, consents, vault, ledger and rights on SQLite, with a clock that the test sets."""

import asyncio
import contextlib
import json
import random
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.testclient import TestClient

from earwitness.build.overseen import oversight_of
from earwitness.build.reviewed import Review
from earwitness.config import ReviewSettings
from earwitness.demands.demands import Demands
from earwitness.demands.rules import read_rules
from earwitness.domain.alert import Alert, AlertKind, AtMoment
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps, Purpose, Way
from earwitness.domain.device import Device
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.intent import Intent
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, ReadPurpose, Role, Spoken
from earwitness.domain.review import DrawTerms
from earwitness.domain.routine import OnPhrase, Routine
from earwitness.domain.satellite import Station
from earwitness.domain.turn import Outcome, Turn
from earwitness.improve.adapting import Chain
from earwitness.improve.data_sets import DataSets
from earwitness.improve.improver import Improver
from earwitness.improve.models import Models
from earwitness.jobs.sync_calendar import SyncCalendar
from earwitness.ledger.log import Ledger
from earwitness.links.alerts import Alerts
from earwitness.links.calendar_file import CalendarFile
from earwitness.links.lists import Lists
from earwitness.links.quiet import Quiets
from earwitness.links.routines import Routines
from earwitness.links.skill_memory import SkillMemory
from earwitness.oversight.oversight import Oversight
from earwitness.oversight.proposals import TermsInForce
from earwitness.people.consents import Consents
from earwitness.people.household import Household, HouseholdChoices
from earwitness.people.invitations import Invitations
from earwitness.people.people import People
from earwitness.rights.rights import Rights
from earwitness.ringing.music_folder import MusicFolder
from earwitness.ringing.shelf import RingSounds
from earwitness.satellite.cues import cue
from earwitness.server.app import make_app
from earwitness.server.gate import Setup
from earwitness.server.guard import Guard
from earwitness.server.listen import Address
from earwitness.skills.outside.packages import installed
from earwitness.skills.outside.shelf import SkillShelf
from earwitness.skills.routine_drafting import RoutineDrafts
from earwitness.skills.routine_form import RoutineForm
from earwitness.storage.database import Database
from earwitness.turn.workers import Workers
from earwitness.understand.sentences import own_manifests
from earwitness.vault.audio_read import AudioRead
from earwitness.vault.vault import Places, Vault
from earwitness.web.account_api import account_router
from earwitness.web.accounts_api import accounts_router
from earwitness.web.alerts_api import AlertsDesk, alerts_router
from earwitness.web.api import api_router
from earwitness.web.calendar_api import calendar_router
from earwitness.web.demands_api import DemandsDesk, demands_router
from earwitness.web.history_api import history_router
from earwitness.web.household_api import HouseholdDesk, household_router
from earwitness.web.improve_api import ImproveDesk, improve_router
from earwitness.web.invitations_api import Acceptances, invitations_router
from earwitness.web.listens_api import ledger_router, listens_router
from earwitness.web.lists_api import ListsDesk, lists_router
from earwitness.web.oversight_api import oversight_router
from earwitness.web.pages import page_router, static_files
from earwitness.web.people_api import people_router
from earwitness.web.quiet_api import quiet_router
from earwitness.web.routines_api import routines_router
from earwitness.web.setup_api import FirstStart, setup_router
from earwitness.web.setup_pass import SetupPass
from earwitness.web.setup_voice_api import setup_voice_router
from earwitness.web.sign_in_api import sign_in_router
from earwitness.web.signed_in import SignedIn
from earwitness.web.skills_api import skills_router
from earwitness.web.sounds_api import sounds_router
from earwitness.web.sync_api import sync_router
from tests.desk_kept import desk_of, review_routers
from tests.devices_kept import device_routers
from tests.outside_kept import outside_routers
from tests.unit.server.serving import make_assistant
from tests.unit.skills.houses import house

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
PASSPHRASE = "four plain words, no more"
REVIEWER = Actor(actor_id="reviewer-1", alias="calm-otter-2222", role=Role.REVIEWER)
URL = "http://127.0.0.1:8765"
PERSON_COOKIES = ("earwitness-person", "__Host-earwitness-person")
"""Of a server without TLS, and of one with it."""


def in_review(vault: Vault, turn_id: str, made: bytes) -> AudioRead:
    """What was made of a turn's sound, as long as that, handed out to a reviewer."""
    return vault.door.hand_out(REVIEWER, turn_id, made, purpose=ReadPurpose.REVIEW, start=0, end=len(made))


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
    settled_skills: list[list[str]] = field(default_factory=list)
    relearned: list[bool] = field(default_factory=list)
    """What the house was furnished with, in order."""
    improver: Callable[["KeptHouse"], Improver] = lambda house: _learning(house)
    refreshed: list[bool] = field(default_factory=list)
    """Each time the running house was to take what was promoted."""
    printed: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What somebody says at the first start, in order."""
    acknowledged: list[str] = field(default_factory=list)
    """Ids of rings that were stopped by hand."""
    plain_ringers: tuple[Station, ...] = ()
    sync: SyncCalendar | None = None
    """What lives on a calendar server too."""
    """Satellites that can only ring with a tone of their own."""
    satellites: tuple[Device, ...] = ()
    """Those that "do not disturb" knows by name."""
    review_settings: ReviewSettings = field(default_factory=ReviewSettings)
    hinted: list[tuple[str, ...]] = field(default_factory=list)

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
        found: list[dict[str, Any]] = [json.loads(leaf) for leaf in self.ledger.leaves()]
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
        self.sounds = RingSounds(
            tone=lambda: cue("alert"), music=MusicFolder(self.folder / "music"), usual=lambda: self.household.alarm_sound
        )
        desk = HouseholdDesk(
            self.household,
            log=self.people.accounts.log,
            wake_words=start.wake_words,
            settle=self.settle,
            check_sound=self.sounds.check,
        )
        invitations = Invitations(self.database, people=self.people, clock=self.clock)
        acceptances = Acceptances(invitations, people=self.people, household=self.household)
        routers = [
            page_router(
                wake_words=lambda: ("okay nabu",),
                also=("devices",),
                instead={"review": "review_elsewhere"} if self.review_settings.service_url else {},
            ),
            api_router(assistant),
            household_router(desk, assistant=assistant),
            setup_voice_router(assistant, hears=self.hears, wake_words=start.wake_words),
            setup_router(start, assistant=assistant, passes=passes, signed_in=signed_in),
            sign_in_router(self.people.accounts, signed_in=signed_in),
            account_router(self.people.accounts),
            accounts_router(self.rights),
            invitations_router(acceptances, signed_in=signed_in),
            people_router(self.rights, vault=self.vault, prover=self.prover, signed_in=signed_in, clock=self.clock),
            history_router(self.rights, clock=self.clock),
            improve_router(ImproveDesk(improver=lambda: self.improver(self), refresh=lambda: self.refreshed.append(True))),
            listens_router(self.rights, prover=self.prover),
            ledger_router(self.ledger),
            *review_routers(self.review, self.rights, clock=self.clock, settings=self.review_settings),
            oversight_router(self.oversight),
            demands_router(DemandsDesk(demands=self.demands, sender=lambda: "Villa", clock=self.clock)),
            *device_routers(self.database, self.folder, clock=self.clock, log=self.people.accounts.log),
            self._routines_router(),
            *self.plans_routers(),
            *outside_routers(self.rights, self.vault, clock=self.clock),
            skills_router(
                self.shelf,
                own=own_manifests,
                memory=lambda name: SkillMemory(self.database, skill=name),
                log=self.people.accounts.log,
                settle=self.take_skills,
            ),
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

    @cached_property
    def review(self) -> Review:
        """Review of this house, by whose terms every lot is drawn, so that tests need no luck; no setting allows them."""
        terms = DrawTerms(rate_millionths=1_000_000, doubtful_thousandths=0, most_per_month=1_000)
        made, database = desk_of(
            self.rights,
            self.vault,
            self.ledger,
            folder=self.folder,
            clock=self.clock,
            terms=terms,
            flagged=lambda turn_id, person_id, judged: self.oversight.escalations.flagged(turn_id, person_id, judged),
        )
        self.closing.callback(database.close)
        return made

    @cached_property
    def oversight(self) -> Oversight:
        """What those who oversee review of this house do and see."""
        return oversight_of(
            self.review,
            rights=self.rights,
            vault=self.vault,
            ledger=self.ledger,
            settings=ReviewSettings(),
            clock=self.clock,
        )

    @cached_property
    def demands(self) -> Demands:
        """Legal demands to this house, by the default rules, as if counsel had reviewed them for the jurisdiction "xx"."""
        return Demands(
            self.people,
            self.vault,
            ledger=self.ledger,
            prover=self.ledger,
            rules=replace(read_rules(), jurisdictions=frozenset({"xx"})),
            folder=self.folder / "demands",
            clock=self.clock,
        )

    def plans_routers(self) -> list[APIRouter]:
        """What rings, lists and the calendar, on this house's database and a file of its own."""
        lists, alerts = Lists(self.database), Alerts(self.database, clock=self.clock)
        calendar = CalendarFile(self.folder / "calendar.ics", clock=self.clock)
        sounds = self.sounds
        desk = AlertsDesk(
            alerts,
            clock=self.clock,
            new_id=lambda: secrets.token_hex(16),
            people=self.people.all,
            rooms=lambda: ("Den",),
            acknowledge=self.acknowledged.append,
            sounds=sounds,
            plain_ringers=lambda alert: self.plain_ringers,
        )
        return [
            alerts_router(desk),
            lists_router(ListsDesk(lists, fixed=lambda: ("shopping list",), clock=self.clock)),
            calendar_router(calendar, clock=self.clock, new_id=lambda: secrets.token_hex(16)),
            sync_router(self.sync, clock=self.clock),
            sounds_router(sounds),
            quiet_router(
                Quiets(self.database, clock=self.clock), clock=self.clock, rooms=lambda: ("Den",), devices=lambda: self.satellites
            ),
        ]

    async def hears(self, data: bytes, *, hints: Sequence[str] = ()) -> str:
        """The next of the answers that the test gave, whatever the sound."""
        self.hinted.append(tuple(hints))
        return self.answers.pop(0) if self.answers else ""

    async def settle(self, chosen: HouseholdChoices) -> None:
        self.settled.append(chosen)

    def _routines_router(self) -> APIRouter:
        made = house(self.folder, database=self.database)
        routines = Routines(made.timers.alerts)
        drafts = RoutineDrafts(routines, runner=lambda: made.runner, home=made.link, clock=lambda: made.at[0])

        def relearn() -> None:
            made.relearn()
            self.relearned.append(True)

        form = RoutineForm(routines, drafts=drafts, people=self.people.all, new_id=lambda: secrets.token_hex(16), relearn=relearn)
        return routines_router(
            routines,
            form=form,
            understand=lambda text, context: made.understand(text, context).intent,
            perform=lambda intent, context: made.skills.perform(intent, context=context),
            people=lambda: list(self.people.all()),
        )

    @property
    def shelf(self) -> SkillShelf:
        """Skills of others, installed in `folder`/packages."""
        places = [str(self.folder / "packages")]
        return SkillShelf(self.database, clock=self.clock, find=lambda: installed(distributions(path=places)))

    async def take_skills(self) -> None:
        self.settled_skills.append([package.manifest.name for package in self.shelf.enabled()])

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


def _learning(house: KeptHouse) -> Improver:
    """The loop of a house, in which nothing learns until a test says what."""
    sets = DataSets(
        house.database,
        door=house.vault.door,
        consents=house.consents,
        ledger=house.ledger,
        people=house.people.all,
        clock=house.clock,
    )
    models = Models(house.database, safe=house.vault.safe, clock=house.clock)

    def base() -> Chain:
        raise NotImplementedError

    return Improver(sets, models, ledger=house.ledger, base=base, adapters=())


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
        people = People(database, clock=now, safe=lambda: vault.safe)
        longest = TermsInForce(database, clock=now).longest_seconds
        consents = Consents(database, ledger=ledger, clock=now, longest_seconds=longest)
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


def remind(database: Database, text: str, *, clock: Callable[[], datetime], person_id: str) -> None:
    """Let somebody have a reminder of that, and a routine on that phrase."""
    alerts = Alerts(database, clock=clock)
    rule, now = AtMoment(at=clock() + timedelta(days=3)), clock()
    alert_id, kind = secrets.token_hex(16), AlertKind.REMINDER
    alerts.add(Alert(alert_id=alert_id, kind=kind, rule=rule, created_at=now, text=text, person_id=person_id))
    steps, routine_id = (f"turn on {text}",), secrets.token_hex(16)
    trigger = OnPhrase(phrase=text)
    routine = Routine(routine_id=routine_id, trigger=trigger, steps=steps, created_at=now, person_id=person_id)
    Routines(alerts).add(routine)


def error_of(call: Callable[[], object]) -> str:
    """The code of the error that a call ends with; empty if it ends well."""
    try:
        call()
    except EarwitnessError as error:
        return error.code
    return ""
