"""Builds the house: the only place that chooses and constructs adapters. It decides nothing while the house runs."""

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from fastapi import APIRouter

from earwitness import __version__
from earwitness.config import Settings, models_folder, state_folder
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps
from earwitness.domain.device import Device
from earwitness.domain.errors import ProofError, SettingsError
from earwitness.domain.home import Area, Home
from earwitness.domain.intent import Context
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import Turn
from earwitness.foreign.attendance import Attendance, Registry
from earwitness.foreign.everywhere import EverySatellite
from earwitness.foreign.reach import Trust, warnings
from earwitness.foreign.wyoming_services import Offer, WyomingServices, open_socket
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
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices
from earwitness.people.household import Household, HouseholdChoices
from earwitness.people.people import People
from earwitness.people.remotes import Remotes
from earwitness.remote.remote import Remote
from earwitness.rights.rights import Rights
from earwitness.satellite.cues import cue
from earwitness.satellite.ear import WakeEar
from earwitness.server.app import make_app
from earwitness.server.device_door import DeviceDoor
from earwitness.server.device_listener import DeviceListener
from earwitness.server.gate import Setup
from earwitness.server.listen import Address, bind, http_server
from earwitness.server.pairing_desk import PairingDesk
from earwitness.server.roster import DeviceRoster
from earwitness.server.satellites import Satellites
from earwitness.server.session import Session
from earwitness.server.web_door import WebDoor, names_of
from earwitness.server.witnessing import witness_app
from earwitness.skills.board import HomeBoard
from earwitness.skills.registry import SkillSet
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.vad.silero import SileroVad
from earwitness.speech.voices import VoiceCatalogue
from earwitness.speech.wake.micro import WAKE_WORDS, MicroWakeWord
from earwitness.storage.database import Database
from earwitness.storage.lock import StateLock
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import key_digest_of
from earwitness.turn.assistant import Assistant, Makers
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.ports import Recogniser
from earwitness.turn.runner import Engines, Manner
from earwitness.turn.workers import Workers
from earwitness.understand.grammar import Grammar
from earwitness.vault.vault import Places, Vault
from earwitness.web.account_api import account_router
from earwitness.web.accounts_api import accounts_router
from earwitness.web.api import api_router
from earwitness.web.devices_api import devices_router
from earwitness.web.history_api import history_router
from earwitness.web.listens_api import ledger_router, listens_router
from earwitness.web.pages import page_router, static_files
from earwitness.web.people_api import people_router
from earwitness.web.remote_api import remote_router
from earwitness.web.setup_api import FirstStart, setup_router
from earwitness.web.setup_pass import SetupPass
from earwitness.web.sign_in_api import sign_in_router
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
        found = read_home(self._home_file) if self._home_file else demo_home()
        return self.described(found, self.household.choices())

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
    def household(self) -> Household:
        return Household(self.database, clock=utc_now)

    @property
    def wake_words(self) -> tuple[str, ...]:
        """Those that the owner chose, else those of the settings."""
        chosen = self.household.choices()
        return (chosen.wake_words if chosen else ()) or self.settings.wake.words

    @property
    def voice(self) -> str:
        """The voice that the owner chose, else that of the settings."""
        chosen = self.household.choices()
        return (chosen.voice if chosen else "") or self.settings.speech.voice

    async def furnish(self, chosen: HouseholdChoices) -> None:
        """Take what the owner has just chosen: from the next conversation on."""
        self.link.describe(self.described(self.link.snapshot(), chosen))
        if "assistant" in self.__dict__:
            self.assistant.choose_voice(self.voice)
        for part in ("home", "understander", "engines"):
            self.__dict__.pop(part, None)
        await asyncio.to_thread(lambda: self.engines)
        self.satellites.resettle()

    @staticmethod
    def described(home: Home, chosen: HouseholdChoices | None) -> Home:
        """A home under the name that the owner gave it, with the rooms that the owner named; those that devices stand in stay."""
        if chosen is None:
            return home
        keys = {area.name.casefold() for area in home.areas}
        used = {device.area for device in home.devices}
        wanted = {room.casefold() for room in chosen.rooms}
        areas = [area for area in home.areas if area.name in used or area.name.casefold() in wanted]
        areas += [Area(name=room) for room in chosen.rooms if room.casefold() not in keys]
        return replace(home, name=chosen.name, areas=tuple(areas))

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
        return WakeEar(self.wake_detector(self.wake_words), before_seconds=before)

    @cached_property
    def authority(self) -> Authority:
        """The household's certificate authority, made at first use."""
        return Authority(self.state / "keys", clock=utc_now)

    @cached_property
    def devices(self) -> Devices:
        """The satellites that are or were paired."""
        return Devices(self.database, clock=utc_now)

    @cached_property
    def device_log(self) -> DeviceLog:
        return DeviceLog(self.database, clock=utc_now)

    @cached_property
    def satellites(self) -> Satellites:
        """Those that are connected."""
        return Satellites(
            wake_words=lambda: self.wake_words,
            voice=lambda: self.assistant.default_voice(),
            speed=self.settings.speech.speed,
        )

    @cached_property
    def skills(self) -> SkillSet:
        return SkillSet(
            link=self.link,
            timers=self.timers,
            lists=self.lists,
            clock=local_now,
            rights=self.rights,
            satellites=EverySatellite(self.satellites, self.foreign),
        )

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
    def foreign(self) -> Attendance:
        """The satellites that are not ours; nothing happens before it runs."""
        registry = Registry(
            devices=lambda: self.devices.all(with_revoked=False),
            note_muted=lambda device_id: self.devices.note_mute(device_id, is_muted=True),
            note=lambda what, device_id: self.device_log.note(what, device_id=device_id),
        )
        return Attendance(self.assistant, registry=registry, trust=self.trust, cue=cue)

    @cached_property
    def trust(self) -> Trust:
        """Where unencrypted sound may travel."""
        return Trust(self.settings.foreign.trusted_interface)

    @cached_property
    def alerts(self) -> FireAlerts:
        return FireAlerts(
            timers=self.timers,
            clock=local_now,
            ring=lambda alert: self.assistant.ring(alert.alert_id, alert.text),
            hush=lambda alert_id: self.assistant.end_alert(alert_id),
            foretell=self.satellites.set_alarms,
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
            manner=Manner(limits=limits, voice=self.voice, speed=speech.speed),
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


def _routers(house: House, signed_in: SignedIn, *, start: FirstStart, passes: SetupPass, desk: PairingDesk) -> list[APIRouter]:
    """Pages and API of one house."""
    rights, accounts = house.rights, house.people.accounts
    return [
        page_router(wake_words=lambda: house.wake_words, also=("devices",)),
        api_router(house.assistant),
        setup_router(start, assistant=house.assistant, passes=passes, signed_in=signed_in),
        sign_in_router(accounts, signed_in=signed_in),
        account_router(accounts),
        accounts_router(rights),
        people_router(rights, vault=house.vault, prover=house.prover, signed_in=signed_in, clock=utc_now),
        history_router(rights, clock=utc_now),
        listens_router(rights, prover=house.prover),
        ledger_router(house.ledger),
        devices_router(
            house.devices,
            device_log=house.device_log,
            desk=desk,
            satellites=house.satellites,
            rooms=lambda: [area.name for area in house.link.snapshot().areas],
            foreign=house.foreign,
            trusted_interface=house.settings.foreign.trusted_interface,
        ),
        remote_router(house.remote, settings=house.settings.remote, page_port=house.settings.server.port),
    ]


def _first_start(house: House) -> FirstStart:
    """The first start, which furnishes the running house with what was chosen."""
    return FirstStart(house.people, house.household, wake_words=WAKE_WORDS, settle=house.furnish)


def _pairing_desk(house: House, door: DeviceDoor) -> PairingDesk:
    return PairingDesk(
        devices=house.devices,
        device_log=house.device_log,
        authority=house.authority,
        certificate=lambda: door.certificate_der,
        clock=time.monotonic,
    )


def _device_listener(house: House, door: DeviceDoor, *, desk: PairingDesk) -> DeviceListener:
    """The satellites' port; a device that is changed or revoked in the registry is told at once."""

    def away_sound(text: str, voice: str | None) -> list[Pcm]:
        return list(house.assistant.say(text, voice=voice or house.voice, speed=house.settings.speech.speed))

    listener = DeviceListener(
        tls=lambda: door.context,
        key_digest_of=key_digest_of,
        assistant=house.assistant,
        satellites=house.satellites,
        roster=DeviceRoster(house.devices, device_log=house.device_log, authority=house.authority),
        pair=desk.meet,
        away_sound=away_sound,
    )
    loop = asyncio.get_running_loop()
    house.devices.subscribe(lambda device: None if loop.is_closed() else _soon(loop, listener, device))
    return listener


def _soon(loop: asyncio.AbstractEventLoop, listener: DeviceListener, device: Device) -> None:
    loop.call_soon_threadsafe(listener.changed, device)


def _wyoming_services(house: House, *, say: Callable[[str], None]) -> Callable[[], Coroutine[None, None, None]] | None:
    """Our services for Home Assistant, listening, if the settings offer them. Raises NetworkError."""
    chosen = house.settings.foreign
    listener = open_socket(chosen.wyoming_host, chosen.wyoming_port, trust=house.trust) if chosen.wyoming_services else None
    for sentence in warnings(
        has_services=chosen.wyoming_services, services_host=chosen.wyoming_host, interface=chosen.trusted_interface
    ):
        say(f"Warning: {sentence}")
    if listener is None:
        return None
    offer = Offer(
        assistant=house.assistant,
        engines=lambda: house.engines,
        detector=house.wake_detector,
        wake_words=WAKE_WORDS,
        version=__version__,
        speed=house.settings.speech.speed,
    )
    say(f"Wyoming services are offered on {chosen.wyoming_host}, port {listener.getsockname()[1]}.")
    services = WyomingServices(offer, trust=house.trust, most_connections=chosen.most_connections)
    return partial(services.run, listener)


def _attend_to_foreign(house: House) -> Attendance:
    """The foreign satellites; a change in the registry is seen at once."""
    loop, foreign = asyncio.get_running_loop(), house.foreign
    house.devices.subscribe(lambda device: None if loop.is_closed() else _see_foreign(loop, foreign))
    return foreign


def _see_foreign(loop: asyncio.AbstractEventLoop, foreign: Attendance) -> None:
    loop.call_soon_threadsafe(foreign.changed)


def _device_socket(address: Address, chosen: int | None) -> socket.socket | None:
    """The listening socket for satellites; None if they are not served. Beside a page on any free port it is on one too."""
    if chosen == 0:
        return None
    port = chosen or (address.port + 1 if address.port else 0)
    return bind(replace(address, port=port))


async def serve(house: House, *, host: str | None, port: int | None, say: Callable[[str], None]) -> None:
    """Load the models, listen, and serve until interrupted. Raises NetworkError, ModelError, StorageError."""
    server = house.settings.server
    own = (server.tls_certificate, server.tls_key)
    web_door = WebDoor(
        house.authority,
        host=host or server.host,
        port=server.port if port is None else port,
        own=own,
        also=house.remote.addresses,
    )
    address = web_door.address
    sessions: set[Session] = set()
    submissions = house.submissions
    signed_in = SignedIn(house.people, is_secure=address.is_secure)
    names = names_of(address.host, *house.remote.addresses)  # as the page's: both show the one certificate of the server
    door = DeviceDoor(house.authority, files=lambda: house.authority.server_files(names))
    desk = _pairing_desk(house, door)
    start, passes = _first_start(house), SetupPass(house.household, say=say, clock=utc_now)
    app = make_app(
        house.assistant,
        address=address,
        area=house.settings.home.area,
        routers=_routers(house, signed_in, start=start, passes=passes, desk=desk),
        static=static_files(),
        who=signed_in.visitor,
        is_still_in=signed_in.is_still_in,
        setup=Setup(is_done=lambda: asyncio.to_thread(start.is_done), is_pass=passes.is_right),
        clock=utc_now,
        sessions=sessions,
    )
    listener = bind(address)
    device_socket = _device_socket(address, server.device_port)
    device_listener = _device_listener(house, door, desk=desk)
    services = _wyoming_services(house, say=say)
    say("Loading the models …")
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(house.assistant.warm)
    gc.collect()
    gc.freeze()  # what is loaded now stays: full collections would stop every turn for tens of milliseconds
    seconds = asyncio.get_running_loop().time() - began
    url = address.url(listener.getsockname()[1])
    if start.is_done():
        say(f"Ready in {seconds:.1f} s. Open {url} and talk to it. Nothing is kept unless you say so there. Ctrl+C stops it.")
    else:
        say(f"Ready in {seconds:.1f} s. Open {url} to set your home up, or run `earwitness setup`. Ctrl+C stops it.")
        if not house.household.is_set_up:
            say(f"From another machine, the page asks for this setup code: {house.household.new_code()}")
    if web_door.is_ours:
        say(f"Browsers do not know this home's certificate. Compare its fingerprint: {house.authority.fingerprint}")
    if device_socket is not None:
        say(f"Satellites connect to {address.host}, port {device_socket.getsockname()[1]}.")
    async with asyncio.TaskGroup() as tasks:
        news = TellListens(house.rights, sessions=lambda: sessions, clock=utc_now)
        jobs = [tasks.create_task(job.run()) for job in (house.alerts, house.upkeep, news, submissions, web_door)]
        jobs.append(tasks.create_task(_attend_to_foreign(house).run()))
        if services is not None:
            jobs.append(tasks.create_task(services()))
        if device_socket is not None:
            jobs += [tasks.create_task(device_listener.run(device_socket)), tasks.create_task(door.run())]
        try:
            await http_server(app, address, context=web_door.context).serve(sockets=[listener])
        finally:
            for job in jobs:
                job.cancel()
