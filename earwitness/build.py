"""Builds the house: the only place that chooses and constructs adapters. It decides nothing while the house runs."""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from earwitness.config import Settings, models_folder, state_folder
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps
from earwitness.domain.errors import ProofError, SettingsError
from earwitness.domain.home import Home
from earwitness.domain.intent import Context
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import Turn
from earwitness.jobs.fire_alerts import FireAlerts
from earwitness.jobs.submit_checkpoint import SubmitCheckpoint
from earwitness.jobs.tell_listens import TellListens
from earwitness.jobs.upkeep import Upkeep
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import COSIGNATURE, Verifier, parse_verifier
from earwitness.ledger.witness import Witness
from earwitness.ledger.witness_client import submit_checkpoint
from earwitness.links.home_file import demo_home, read_home
from earwitness.links.lists import Lists
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.timers import Timers
from earwitness.people.consents import Consents
from earwitness.people.people import People
from earwitness.people.remotes import Remotes
from earwitness.remote.remote import Remote
from earwitness.rights.rights import Rights
from earwitness.satellite.cues import cue
from earwitness.satellite.ear import WakeEar
from earwitness.server.app import make_app
from earwitness.server.listen import Address, bind, http_server
from earwitness.server.session import Session
from earwitness.server.witnessing import witness_app
from earwitness.skills.board import HomeBoard
from earwitness.skills.registry import SkillSet
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.vad.silero import SileroVad
from earwitness.speech.voices import VoiceCatalogue
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.storage.database import Database
from earwitness.storage.lock import StateLock
from earwitness.turn.assistant import Assistant, Makers
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.ports import Recogniser
from earwitness.turn.runner import Engines, Manner
from earwitness.turn.workers import Workers
from earwitness.understand.grammar import Grammar
from earwitness.vault.vault import Places, Vault
from earwitness.web.api import api_router
from earwitness.web.history_api import history_router
from earwitness.web.listens_api import ledger_router, listens_router
from earwitness.web.pages import page_router, static_files
from earwitness.web.people_api import people_router
from earwitness.web.signed_in import SignedIn

RECOGNISERS = ("cascade", "whisper", "moonshine")


def local_now() -> datetime:
    """The wall clock in this machine's zone."""
    return datetime.now().astimezone()


def utc_now() -> datetime:
    """The wall clock in UTC, for what is kept."""
    return datetime.now(UTC)


class _Prover:
    """Proofs in the shape in which they are handed out."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def proof_json(self, position: int) -> dict[str, object]:
        return self._ledger.proof(position).as_json()


class _TurnKeeper:
    """Keeps turns off the event loop."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    async def keep(self, spoken: Spoken, sound: Pcm | None) -> Keeps | None:
        return await asyncio.to_thread(self._rights.keep, spoken, sound)


class House:
    """Everything, each part made when it is first asked for. Close it (or use it as a context) to stop its threads.

    `home_file` overrides the settings', `state` the usual folder of what is kept; a passing house forgets everything when it is
    closed.
    """

    def __init__(
        self, settings: Settings, *, home_file: Path | None = None, is_passing: bool = False, state: Path | None = None
    ) -> None:
        self.settings = settings
        self.store = ModelStore(models_folder())
        self._home_file = home_file or settings.home.file
        self._is_passing = is_passing
        self._state = state
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.close()

    @property
    def context(self) -> Context:
        """Where this machine stands."""
        return Context(area=self.settings.home.area)

    @cached_property
    def home(self) -> Home:
        """The home as described; its state lives in `link`."""
        return read_home(self._home_file) if self._home_file else demo_home()

    @cached_property
    def link(self) -> SimulatedHome:
        return SimulatedHome(self.home)

    @cached_property
    def state(self) -> Path:
        """The folder of what is kept, which no restore may touch while we have it; a passing house has one that goes with it."""
        if self._is_passing:
            return Path(self._closing.enter_context(TemporaryDirectory()))
        folder = self._state or state_folder()
        self._closing.enter_context(StateLock(folder))
        return folder

    @cached_property
    def database(self) -> Database:
        database = Database(self.settings.vault.database or self.state / "household.db", chain="household")
        self._closing.callback(database.close)
        return database

    @cached_property
    def ledger(self) -> Ledger:
        place = self.settings.vault.ledger_database or self.state / "ledger.db"
        ledger = Ledger(Database(place, chain="ledger"), key_file=self.state / "keys" / "ledger.key")
        self._closing.callback(ledger.close)
        return ledger

    @cached_property
    def prover(self) -> "_Prover":
        """Gives proofs from the ledger as JSON."""
        return _Prover(self.ledger)

    @cached_property
    def people(self) -> People:
        return People(self.database, clock=utc_now)

    @cached_property
    def remote(self) -> Remote:
        remotes = Remotes(self.database, clock=utc_now)
        return Remote(remotes, keys_folder=self.state / "keys", settings=self.settings.remote)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.database, ledger=self.ledger, clock=utc_now)

    @cached_property
    def vault(self) -> Vault:
        chosen, keys_folder = self.settings.vault, self.state / "keys"
        places = Places(
            keys_folder=keys_folder,
            keys=chosen.keys_database or keys_folder / "keys.db",
            recordings=chosen.recordings or self.state / "recordings",
            key_service=chosen.key_service,
            age_identity=chosen.age_identity,
        )
        vault = Vault(self.database, places=places, ledger=self.ledger, consents=self.consents, clock=utc_now)
        self._closing.callback(vault.close)
        return vault

    @cached_property
    def rights(self) -> Rights:
        return Rights(people=self.people, consents=self.consents, vault=self.vault, clock=utc_now)

    @cached_property
    def upkeep(self) -> Upkeep:
        longest = self.settings.vault.upkeep_seconds
        return Upkeep(self.vault.eraser, finish=self.rights.upkeep, clock=utc_now, longest_sleep_seconds=longest)

    @cached_property
    def submissions(self) -> SubmitCheckpoint:
        """The job that has the ledger's head co-signed; it has nothing to do without witnesses in the settings."""
        ledger, minutes = self.ledger, self.settings.vault.witness_minutes
        asks = [partial(submit_checkpoint, ledger, url, witness=one) for url, one in witnesses(self.settings).items()]
        return SubmitCheckpoint(asks, every_seconds=60.0 * minutes)

    @cached_property
    def timers(self) -> Timers:
        return Timers(self.database)

    @cached_property
    def lists(self) -> Lists:
        return Lists(self.database)

    @cached_property
    def workers(self) -> Workers:
        return self._closing.enter_context(Workers())

    @cached_property
    def voices(self) -> VoiceCatalogue:
        return VoiceCatalogue(self.store)

    @cached_property
    def understander(self) -> Grammar:
        return Grammar(self.home)

    @cached_property
    def whisper(self) -> WhisperRecogniser:
        return WhisperRecogniser(self.store, self.settings.speech.threads)

    @cached_property
    def moonshine(self) -> MoonshineRecogniser:
        return MoonshineRecogniser(self.store, self.settings.speech.threads)

    def recogniser(self, name: str) -> Recogniser:
        """The recogniser of that name. Raises SettingsError for a name that is none, ModelError without its model."""
        match name:
            case "cascade":
                return CascadeRecogniser(
                    self.moonshine,
                    self.whisper,
                    self.understander.knows,
                    is_closed=self.understander.is_closed,
                    is_exact=self.understander.is_exact,
                )
            case "whisper":
                return self.whisper
            case "moonshine":
                return self.moonshine
            case _:
                raise SettingsError(f"There is no recogniser {name}; choose one of {', '.join(RECOGNISERS)}.")

    def wake_detector(self, words: Sequence[str], *, sensitivity: float | None = None) -> MicroWakeWord:
        """A detector of one or two wake words for one stream."""
        chosen = self.settings.wake.sensitivity if sensitivity is None else sensitivity
        return MicroWakeWord(tuple(words), chosen, self.store)

    def ear(self) -> WakeEar:
        """The ear of one hands-free stream."""
        before = self.settings.endpoint.preroll_seconds
        return WakeEar(self.wake_detector(self.settings.wake.words), before_seconds=before)

    @cached_property
    def skills(self) -> SkillSet:
        return SkillSet(link=self.link, timers=self.timers, lists=self.lists, clock=local_now, rights=self.rights)

    @cached_property
    def engines(self) -> Engines:
        speech = self.settings.speech
        return Engines(
            recogniser=self.recogniser(speech.recogniser),
            glimpse=self.moonshine if speech.shows_partials else None,
            understander=self.understander,
            skills=self.skills,
            synthesiser=self.voices,
            workers=self.workers,
        )

    @cached_property
    def alerts(self) -> FireAlerts:
        return FireAlerts(
            timers=self.timers,
            clock=local_now,
            ring=lambda alert: self.assistant.ring(alert.alert_id, alert.text),
            hush=lambda alert_id: self.assistant.end_alert(alert_id),
        )

    @cached_property
    def assistant(self) -> Assistant:
        speech, ends = self.settings.speech, self.settings.endpoint
        limits = EndpointLimits(**ends.model_dump(exclude={"preroll_seconds"}))
        return Assistant(
            makers=Makers(engines=lambda: self.engines, vad=lambda: SileroVad(self.store), ear=self.ear, cue=cue),
            voices=self.voices,
            house=HomeBoard(self.link, timers=self.timers, lists=self.lists, clock=local_now),
            acknowledge=lambda alert_id: self.alerts.acknowledge(alert_id),
            manner=Manner(limits=limits, voice=speech.voice, speed=speech.speed),
            area=self.settings.home.area,
            keeper=_TurnKeeper(self.rights),
        )

    async def ask(
        self, request: Pcm | str, *, voice: str | None = None, is_silent: bool = True, person_id: str | None = None
    ) -> tuple[Turn, Sequence[Pcm]]:
        """One turn on a recording or a sentence, by the person of that id if one is given."""
        return await self.assistant.ask(request, voice=voice, is_silent=is_silent, person_id=person_id)


def witnesses(settings: Settings) -> dict[str, Verifier]:
    """The verifier keys of the witnesses in the settings, by URL. Raises SettingsError."""
    found: dict[str, Verifier] = {}
    for one in settings.vault.witnesses:
        url, _, key = one.strip().partition(" ")
        try:
            found[url] = parse_verifier(key)
        except ProofError as error:
            raise SettingsError(f"In vault.witnesses, {one}: a URL, a space and a verifier key are needed. {error}") from error
        if found[url].kind != COSIGNATURE:
            raise SettingsError(f"In vault.witnesses, {one}: that is a ledger's key, not a witness's.")
    return found


async def serve_witness(logs: Sequence[Verifier], *, folder: Path, address: Address, say: Callable[[str], None]) -> None:
    """Witness the ledgers of those keys until interrupted. Raises NetworkError, LedgerError."""
    witness = Witness(folder, logs=logs)
    try:
        listener = bind(address)
        url = address.url(listener.getsockname()[1])
        say(f"Witnessing {', '.join(log.name for log in logs)} at {url}. Ctrl+C stops it.")
        say(f"The witness's key: {witness.verifier}")
        await http_server(witness_app(witness), address).serve(sockets=[listener])
    finally:
        witness.close()


async def serve(house: House, *, host: str | None, port: int | None, say: Callable[[str], None]) -> None:
    """Load the models, listen, and serve until interrupted. Raises NetworkError, ModelError, StorageError."""
    server = house.settings.server
    address = Address(
        host=host or server.host,
        port=server.port if port is None else port,
        tls_certificate=server.tls_certificate,
        tls_key=server.tls_key,
        access_code=server.access_code,
    )
    sessions: set[Session] = set()
    submissions = house.submissions
    rights, signed_in = house.rights, SignedIn(house.people, is_secure=address.is_secure)
    app = make_app(
        house.assistant,
        address=address,
        area=house.settings.home.area,
        routers=[
            page_router(wake_words=house.settings.wake.words, signed_in=signed_in.person),
            api_router(house.assistant, signed_in=signed_in.person),
            people_router(rights, vault=house.vault, prover=house.prover, signed_in=signed_in, clock=utc_now),
            history_router(rights, signed_in=signed_in),
            listens_router(rights, prover=house.prover, signed_in=signed_in),
            ledger_router(house.ledger),
        ],
        static=static_files(),
        signed_in=signed_in.person,
        sessions=sessions,
    )
    listener = bind(address)
    say("Loading the models …")
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(house.assistant.warm)
    gc.collect()
    gc.freeze()  # what is loaded now stays: full collections would stop every turn for tens of milliseconds
    seconds = asyncio.get_running_loop().time() - began
    url = address.url(listener.getsockname()[1])
    say(f"Ready in {seconds:.1f} s. Open {url} and talk to it. Nothing is kept unless you say so there. Ctrl+C stops it.")
    async with asyncio.TaskGroup() as tasks:
        news = TellListens(house.rights, sessions=lambda: sessions, clock=utc_now)
        jobs = [tasks.create_task(job.run()) for job in (house.alerts, house.upkeep, news, submissions)]
        try:
            await http_server(app, address).serve(sockets=[listener])
        finally:
            for job in jobs:
                job.cancel()
