"""The ground floor of a house: its settings, its folder, and all that is kept. What stands above it is in `linked.py`."""

import contextlib
import logging
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

from earwitness.build.overseen import oversight_of
from earwitness.build.reviewed import Review, desk_file, lease_seconds, review_of, terms_of
from earwitness.build.witnesses import witnesses
from earwitness.config import Settings, state_folder
from earwitness.demands.demands import Demands
from earwitness.demands.rules import OWN, read_rules
from earwitness.domain.errors import EarwitnessError
from earwitness.jobs.settle_demands import SettleDemands
from earwitness.jobs.submit_checkpoint import SubmitCheckpoint
from earwitness.jobs.upkeep import Upkeep
from earwitness.ledger.log import Ledger
from earwitness.ledger.witness_client import submit_checkpoint
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from earwitness.links.message_box import MessageBox
from earwitness.links.quiet import Quiets
from earwitness.links.routines import Routines
from earwitness.links.timers import Timers
from earwitness.links.wall_clock import WallClock
from earwitness.oversight.oversight import Oversight
from earwitness.oversight.proposals import TermsInForce
from earwitness.people.confirmations import Confirmations
from earwitness.people.consents import Consents
from earwitness.people.contacts import Contacts
from earwitness.people.device_log import DeviceLog
from earwitness.people.devices import Devices
from earwitness.people.household import Household, HouseholdChoices
from earwitness.people.people import People
from earwitness.people.remotes import Remotes
from earwitness.remote.remote import Remote
from earwitness.review.disguise import Timer
from earwitness.review.epochs import Epochs
from earwitness.review.visits import Visits
from earwitness.rights.rights import Rights
from earwitness.skills.outside.shelf import SkillShelf
from earwitness.storage.database import Database
from earwitness.storage.lock import StateLock
from earwitness.telemetry import log
from earwitness.trust.authority import Authority
from earwitness.vault.vault import Places, Vault

_logger: Final = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The wall clock in UTC, for what is kept."""
    return datetime.now(UTC)


class _Prover:
    """Proofs in the shape in which they are handed out."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def proof_json(self, position: int) -> dict[str, object]:
        return self._ledger.proof(position).as_json()


class KeptHouse:
    """What a house keeps: people, keys, recordings, the ledger, what rings. Each part is made when it is first asked for.

    `state` overrides the usual folder; a passing house forgets everything when it is closed.
    """

    def __init__(self, settings: Settings, *, is_passing: bool = False, state: Path | None = None) -> None:
        self.settings = settings
        self._is_passing = is_passing
        self._state = state
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.close()

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
        """Everybody, the secrets of their codes sealed; where that cannot be now, it is tried again at the next start."""
        people = People(self.database, clock=utc_now, safe=lambda: self.vault.safe)
        try:
            people.accounts.totp.seal_plain()
        except EarwitnessError as error:
            log(_logger, "secrets of codes left unsealed", level=logging.WARNING, code=error.code)
        return people

    @cached_property
    def remote(self) -> Remote:
        remotes = Remotes(self.database, clock=utc_now)
        return Remote(remotes, keys_folder=self.state / "keys", settings=self.settings.remote, log=self.people.accounts.log)

    @cached_property
    def household(self) -> Household:
        return Household(self.database, clock=utc_now)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.database, ledger=self.ledger, clock=utc_now, longest_seconds=self.terms_in_force.longest_seconds)

    @cached_property
    def terms_in_force(self) -> TermsInForce:
        """What two people agreed on about review and keeping; it stands before the settings."""
        return TermsInForce(self.database, clock=utc_now)

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
        note = self.epochs.note
        return Rights(people=self.people, consents=self.consents, vault=self.vault, clock=utc_now, note=note)

    @cached_property
    def epochs(self) -> Epochs:
        """The days of drawing for review."""
        return Epochs(
            self.database,
            ledger=self.ledger,
            safe=self.vault.safe,
            consents=self.consents,
            find=self.people.find,
            standing=self.vault.door.standing,
            terms=terms_of(self.settings.review),
            clock=utc_now,
            agreed=self.terms_in_force.draw,
        )

    @cached_property
    def review(self) -> Review:
        """What is drawn for review, and what becomes of it."""
        desk = Database(self.settings.review.desk_database or desk_file(self.state), chain="desk")
        self._closing.callback(desk.close)
        return review_of(
            self.epochs,
            rights=self.rights,
            vault=self.vault,
            desk_database=desk,
            settings=self.settings.review,
            known=self.own_words,
            clock=utc_now,
            work=self.terms_in_force.work,
            timer=self.word_timer(),
            flagged=lambda turn_id, person_id, judged: self.oversight.escalations.flagged(turn_id, person_id, judged),
        )

    @cached_property
    def oversight(self) -> Oversight:
        """What those who oversee review do and see."""
        return oversight_of(
            self.review, rights=self.rights, vault=self.vault, ledger=self.ledger, settings=self.settings.review, clock=utc_now
        )

    @cached_property
    def visits(self) -> Visits:
        """Who is at a review service of its own."""
        chosen, work = self.settings.review, self.terms_in_force.work
        return Visits(self.database, clock=utc_now, lease_seconds=lambda: lease_seconds(chosen, work()))

    @cached_property
    def demands(self) -> Demands:
        """Legal demands, by the rules that the settings name. Raises SettingsError for rules that cannot be read."""
        return Demands(
            self.people,
            self.vault,
            ledger=self.ledger,
            prover=self.ledger,
            rules=read_rules(self.settings.demands.rules or OWN),
            folder=self.state / "demands",
            clock=utc_now,
        )

    def settled_demands(self) -> SettleDemands:
        """The job that does what a demand's day has come for."""
        return SettleDemands(self.demands)

    def own_words(self) -> frozenset[str]:
        """Words of this house that name nobody: of rooms and devices."""
        return frozenset()

    def word_timer(self) -> Timer | None:
        """What says when words were said; None in a house without models, where reviewers read and hear nothing."""
        return None

    @property
    def contacts(self) -> Contacts:
        """Whom people call and write to."""
        return self.rights.belongings.contacts

    @property
    def message_box(self) -> MessageBox:
        """Everybody's messages."""
        return self.rights.belongings.messages

    @cached_property
    def confirmations(self) -> Confirmations:
        """What is confirmed before it is done."""
        return Confirmations(self.database)

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
    def clock(self) -> WallClock:
        """The time as people here are told it. Raises SettingsError for a zone that is none."""
        clock = WallClock(self.settings.home.zone, utc_now=utc_now)
        clock.zone = self._zone(self.household.choices())
        return clock

    def _zone(self, chosen: HouseholdChoices | None) -> ZoneInfo:
        """The zone that the owner chose, else that of the settings, else this machine's. Raises SettingsError."""
        return WallClock((chosen.zone if chosen else "") or self.settings.home.zone).zone

    @cached_property
    def authority(self) -> Authority:
        """The household's certificate authority, made at first use."""
        return Authority(self.state / "keys", clock=utc_now)

    @cached_property
    def devices(self) -> Devices:
        """The satellites that are or were paired."""
        return Devices(self.database, clock=utc_now, safe=lambda: self.vault.safe)

    @cached_property
    def device_log(self) -> DeviceLog:
        return DeviceLog(self.database, clock=utc_now)

    @cached_property
    def household_alerts(self) -> Alerts:
        """What rings, and when."""
        return Alerts(self.database, clock=self.clock)

    @cached_property
    def timers(self) -> Timers:
        return Timers(self.household_alerts)

    @cached_property
    def lists(self) -> Lists:
        return Lists(self.database)

    @cached_property
    def quiet(self) -> Quiets:
        """Where nobody wants to be disturbed."""
        return Quiets(self.database, clock=self.clock)

    @cached_property
    def routines(self) -> Routines:
        return Routines(self.household_alerts)

    @cached_property
    def shelf(self) -> SkillShelf:
        """The skills of others that are installed here."""
        return SkillShelf(self.database, clock=utc_now, allows_unfenced=self.settings.skills.allows_unfenced)
