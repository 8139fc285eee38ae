"""The first floor of a house: the home it acts on, the outside systems it asks, and the engines of speech.

What is kept is below it (`kept.py`), what understands and answers above (`house.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import cast

from earwitness.build.kept import KeptHouse, utc_now
from earwitness.build.link_kinds import link_kinds
from earwitness.build.synced import calendar_sync
from earwitness.config import Settings, models_folder
from earwitness.domain.home import Area, Home
from earwitness.domain.intent import Context
from earwitness.domain.link import LinkRole
from earwitness.foreign.reach import Trust
from earwitness.jobs.sync_calendar import SyncCalendar
from earwitness.links.caldav import CalDav
from earwitness.links.calendar_file import CalendarFile
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.dictionary import Dictionary
from earwitness.links.encyclopedia import Encyclopedia
from earwitness.links.home_file import demo_home, read_home
from earwitness.links.joined_home import JoinedHome, RealHome
from earwitness.links.language_model import LanguageModel
from earwitness.links.message_link import Post
from earwitness.links.music_players import LinkedPlayers
from earwitness.links.secret_file import Unseal
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.sip import Listener
from earwitness.links.switchboard import Switchboard
from earwitness.links.weather import Weather
from earwitness.people.household import HouseholdChoices
from earwitness.review.disguise import Timer
from earwitness.review.word_times import WordTimer
from earwitness.ringing.music_folder import MusicFolder
from earwitness.ringing.shelf import RingSounds
from earwitness.satellite.cues import cue
from earwitness.skills.calendar_port import Calendar
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.voices import VoiceCatalogue
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.turn.workers import Workers


class LinkedHouse(KeptHouse):
    """A house that reaches what is outside. `home_file` overrides the settings'."""

    def __init__(
        self, settings: Settings, *, home_file: Path | None = None, is_passing: bool = False, state: Path | None = None
    ) -> None:
        super().__init__(settings, is_passing=is_passing, state=state)
        self.store = ModelStore(models_folder())
        self._home_file = home_file or settings.home.file

    def word_timer(self) -> Timer:
        return WordTimer(self.store)

    @property
    def own_area(self) -> str | None:
        """The room in which this machine stands, by the name that the owner gave it."""
        area, chosen = self.settings.home.area, self.household.choices()
        return dict(chosen.renamed).get(area, area) if chosen is not None and area is not None else area

    @property
    def context(self) -> Context:
        """Where this machine stands."""
        return Context(area=self.own_area)

    @cached_property
    def home(self) -> Home:
        """The home as described; its state lives in `link`."""
        return self.described(self._plain_home, self.household.choices())

    @cached_property
    def _plain_home(self) -> Home:
        """The home as its file has it, before the owner gave it names."""
        return read_home(self._home_file) if self._home_file else demo_home()

    @staticmethod
    def described(home: Home, chosen: HouseholdChoices | None) -> Home:
        """A home under the name that the owner gave it, with the rooms that the owner named; those that devices stand in stay."""
        if chosen is None:
            return home
        home = _renamed(home, dict(chosen.renamed), rooms=chosen.rooms)
        keys = {area.name.casefold() for area in home.areas}
        used = {device.area for device in home.devices}
        wanted = {room.casefold() for room in chosen.rooms}
        areas = [area for area in home.areas if area.name in used or area.name.casefold() in wanted]
        areas += [Area(name=room) for room in chosen.rooms if room.casefold() not in keys]
        return replace(home, name=chosen.name, areas=tuple(areas))

    @cached_property
    def link(self) -> JoinedHome:
        """The home that is acted on: simulated as long as no real one is linked."""
        return JoinedHome(SimulatedHome(self.home), describe=self._named, expected=self.expected_homes())

    def _named(self, home: Home) -> Home:
        """A real home as it is, in the owner's spelling of its rooms, with rooms that the owner added to those of the file."""
        chosen = self._chosen
        if chosen is None:
            return home
        spelt = {room.casefold(): room for room in chosen.rooms}
        ours = {area.name: spelt.get(area.name.casefold(), area.name) for area in home.areas}
        areas = [replace(area, name=ours[area.name]) for area in home.areas]
        planned = {
            name.casefold() for area in self._plain_home.areas for name in (area.name, dict(chosen.renamed).get(area.name, ""))
        }
        known = {name.casefold() for name in ours.values()} | planned
        added = [Area(name=room) for room in chosen.rooms if room.casefold() not in known]
        devices = (
            one if one.area is None or ours[one.area] == one.area else replace(one, area=ours[one.area]) for one in home.devices
        )
        return replace(home, name=chosen.name, areas=(*areas, *added), devices=tuple(devices))

    @cached_property
    def _chosen(self) -> HouseholdChoices | None:
        """What the owner chose, as it was last read."""
        return self.household.choices()

    def expected_homes(self) -> dict[str, str]:
        """The names of the homes that are linked and switched on, by the ids of their links. Blocks. Raises StorageError."""
        kinds = self.configured_links.kinds
        on = (one for one in self.configured_links.all() if one.is_on and one.kind in kinds)
        return {one.link_id: one.name for one in on if kinds[one.kind].role is LinkRole.HOME}

    def linked_homes(self) -> dict[str, RealHome]:
        """The links to homes that run, by their ids."""
        return {one.configured.link_id: cast(RealHome, one.link) for one in self.switchboard.serving(LinkRole.HOME)}

    def linked_players(self) -> dict[str, RealHome]:
        """The links to music that run, by their ids."""
        return {one.configured.link_id: cast(RealHome, one.link) for one in self.switchboard.serving(LinkRole.MUSIC)}

    @cached_property
    def music_players(self) -> LinkedPlayers:
        """The players that know music by name."""
        return LinkedPlayers(lambda: tuple(chain.from_iterable(map(self.switchboard.serving, (LinkRole.MUSIC, LinkRole.HOME)))))

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

    def unseal(self, setting: str) -> Unseal:
        """Opens the secret of one part of the settings, where its file is sealed."""
        return lambda sealed: self.vault.safe.open(sealed, drawer="settings", row_id=setting)

    def seal(self, setting: str) -> Callable[[bytes], bytes]:
        """Seals the secret of one part of the settings."""
        return lambda plain: self.vault.safe.seal(plain, drawer="settings", row_id=setting)

    @cached_property
    def calendar(self) -> Calendar:
        """Events and tasks: on the server of the settings, else in a file. Raises SettingsError."""
        chosen = self.settings.calendar
        if chosen.url is None:
            return CalendarFile(chosen.file or self.state / "calendar.ics", clock=self.clock)
        return CalDav(
            chosen.url,
            user=chosen.user,
            password_file=chosen.password_file,
            unseal=self.unseal("calendar"),
            clock=self.clock,
            wanted=chosen.name,
            timeout_seconds=chosen.timeout_seconds,
            ca_file=chosen.ca_file,
            allows_plain=chosen.allows_plain,
        )

    @cached_property
    def configured_links(self) -> ConfiguredLinks:
        """The links that people set up."""
        return ConfiguredLinks(self.database, safe=lambda: self.vault.safe, kinds=link_kinds(self), clock=utc_now)

    @property
    def telephones(self) -> Listener:
        """Who learns of calls with outside: the floor above knows."""
        raise NotImplementedError

    @property
    def post(self) -> Post:
        """Who learns of messages that come in: the floor above knows."""
        raise NotImplementedError

    @cached_property
    def switchboard(self) -> Switchboard:
        """Keeps them connected; nothing happens before it runs."""
        return Switchboard(self.configured_links, clock=utc_now)

    @cached_property
    def calendar_sync(self) -> SyncCalendar | None:
        """Keeps what lives here and on the calendar server the same; None unless the settings say so. Raises SettingsError."""
        lists, fixed = self.lists, lambda: self.link.snapshot().lists
        return calendar_sync(
            self.settings.calendar,
            database=self.database,
            lists=lists,
            alerts=self.household_alerts,
            fixed=fixed,
            clock=self.clock,
            unseal=self.unseal("calendar"),
        )

    @cached_property
    def encyclopedia(self) -> Encyclopedia | None:
        """Articles to look things up in; None without a folder in the settings."""
        chosen = self.settings.encyclopedia
        if chosen.folder is None:
            return None
        encyclopedia = Encyclopedia(chosen.folder, timeout_seconds=chosen.timeout_seconds)
        self._closing.callback(encyclopedia.end)
        return encyclopedia

    @cached_property
    def dictionary(self) -> Dictionary | None:
        """What words mean; None without a server in the settings. Raises SettingsError."""
        chosen = self.settings.dictionary
        return Dictionary(**chosen.model_dump()) if chosen.host is not None else None

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """Whom to ask what nothing else can answer; None without an address in the settings. Raises SettingsError."""
        chosen = self.settings.language_model
        return LanguageModel(**chosen.model_dump(), unseal=self.unseal("language_model")) if chosen.url is not None else None

    @cached_property
    def weather(self) -> Weather | None:
        """Whom to ask about the weather; None without an address in the settings. Raises SettingsError."""
        chosen = self.settings.weather
        return Weather(**chosen.model_dump()) if chosen.url is not None else None

    @cached_property
    def ring_sounds(self) -> RingSounds:
        """What alarms may ring with."""
        return RingSounds(
            tone=lambda: cue("alert"),
            music=MusicFolder(self.settings.ringing.music_folder),
            usual=lambda: self.household.alarm_sound,
        )

    @cached_property
    def workers(self) -> Workers:
        return self._closing.enter_context(Workers())

    @cached_property
    def voices(self) -> VoiceCatalogue:
        return VoiceCatalogue(self.store)

    @cached_property
    def whisper(self) -> WhisperRecogniser:
        return WhisperRecogniser(self.store, self.settings.speech.threads)

    @cached_property
    def moonshine(self) -> MoonshineRecogniser:
        return MoonshineRecogniser(self.store, self.settings.speech.threads)

    def wake_detector(self, words: Sequence[str], *, sensitivity: float | None = None) -> MicroWakeWord:
        """A detector of one or two wake words for one stream."""
        chosen = self.settings.wake.sensitivity if sensitivity is None else sensitivity
        return MicroWakeWord(tuple(words), chosen, self.store)

    @cached_property
    def trust(self) -> Trust:
        """Where unencrypted sound may travel."""
        return Trust(self.settings.foreign.trusted_interface)


def _renamed(home: Home, renamed: Mapping[str, str], *, rooms: Sequence[str]) -> Home:
    """A home whose rooms have the owner's names; each answers to its first name too, unless another room has that now."""
    taken = {room.casefold() for room in rooms}

    def called(area: Area) -> Area:
        new = renamed.get(area.name, area.name)
        also = () if new == area.name or area.name.casefold() in taken else (area.name,)
        return replace(area, name=new, aliases=(*(one for one in area.aliases if one.casefold() not in taken), *also))

    devices = (replace(one, area=renamed.get(one.area, one.area)) if one.area is not None else one for one in home.devices)
    return replace(home, areas=tuple(called(area) for area in home.areas), devices=tuple(devices))
