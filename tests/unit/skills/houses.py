"""Homes to try skills on: the simulated one, and one whose devices are slow, fail, or do something else than asked."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from earwitness.domain.confirmation import Act, Confirmation, ConfirmationPolicy, Speaker
from earwitness.domain.errors import LinkError
from earwitness.domain.home import Area, Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue, Understanding
from earwitness.domain.person import Person
from earwitness.domain.routine import OnPhrase
from earwitness.domain.turn import SkillResult
from earwitness.links.alerts import Alerts
from earwitness.links.calendar_file import CalendarFile
from earwitness.links.lists import Lists
from earwitness.links.quiet import Quiets
from earwitness.links.routines import Routines
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.timers import Timers
from earwitness.people.household import Household
from earwitness.ringing.music_folder import MusicFolder
from earwitness.ringing.shelf import RingSounds
from earwitness.satellite.cues import cue
from earwitness.skills.calendar_port import Calendar
from earwitness.skills.inside import ContactBook, Inside, Satellites
from earwitness.skills.interface import HomeLink, Parts
from earwitness.skills.messages_port import PostOffice
from earwitness.skills.music_port import MusicPlayers, NoPlayers
from earwitness.skills.registry import SkillSet, own_skills
from earwitness.skills.routine_running import RoutineRunner
from earwitness.skills.routine_words import names_of
from earwitness.storage.database import Database
from earwitness.understand.grammar import Grammar
from earwitness.understand.sentences import own_manifests

_DOORS = (Act.LOCK, Act.UNLOCK, Act.OPEN_WAY_IN, Act.CLOSE_WAY_IN)
DOORS_OPEN = ConfirmationPolicy(chosen={(act, speaker): Confirmation.NONE for act in _DOORS for speaker in Speaker})
"""A household that asks nothing before doors."""
NOW = datetime(2026, 11, 24, 15, 7, 30, tzinfo=UTC)


def device(name: str, *, domain: str = "light", area: str | None = None, state: str = "off", **rest: SlotValue) -> Device:
    device_class = str(rest.pop("device_class", ""))
    device_id = f"{domain}.{name}.{area}"
    return Device(
        device_id=device_id, name=name, domain=domain, area=area, state=state, device_class=device_class, attributes=rest
    )


HOME = Home(
    name="test",
    is_simulated=True,
    areas=(
        Area(name="Kitchen", floor="First Floor"),
        Area(name="Living Room", aliases=("lounge",), floor="First Floor"),
        Area(name="Bedroom", floor="Upstairs"),
        Area(name="Cellar"),
    ),
    devices=(
        device("Ceiling Light", area="Kitchen", state="on", brightness=100),
        device("Counter Light", area="Kitchen", brightness=50),
        device("Lamp", area="Living Room", brightness=50),
        device("Lamp", area="Bedroom", brightness=50),
        replace(device("Standing Light", area="Living Room", brightness=80), aliases=("floor lamp",)),
        device("Plain Light", area="Bedroom", dimmable=False, colorful=False),
        device("Front Door", domain="lock", area="Living Room", state="locked"),
        device("Back Door", domain="lock", area="Kitchen", state="unlocked"),
        device("Garage Door", domain="cover", area="Cellar", state="closed", device_class="garage"),
        device("Blinds", domain="cover", area="Bedroom", state="open", device_class="blind", position=100),
        device("Thermostat", domain="climate", area="Living Room", state="heat", temperature=20, current_temperature=19.5),
        device("TV", domain="media_player", area="Living Room", state="idle", volume=30),
        device("Speaker", domain="media_player", area="Kitchen", state="playing", volume=40),
        device("Fan", domain="fan", area="Bedroom", percentage=50),
        device("Coffee Machine", domain="switch", area="Kitchen"),
        device("Movie Night", domain="scene", state="ready"),
        device("Humidity", domain="sensor", area="Bedroom", state="45", device_class="humidity", unit_of_measurement="%"),
        device("Hall Motion", domain="binary_sensor", area="Cellar", state="on", device_class="motion"),
        device("Ada", domain="person", state="home"),
    ),
    lists=("shopping list", "to-do"),
)


@dataclass
class TroubledHome:
    """A home link of its own: devices that never answer, that refuse, or that report another state than was asked for."""

    home: Home
    silent: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    stubborn: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    callbacks: list[Callable[[Device], None]] = field(default_factory=list)

    def snapshot(self) -> Home:
        return self.home

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        return await self._answer(device_id, state=state, attributes=attributes or {})

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        return await self._answer(device_id, state="playing", attributes={"media_title": "Another Tune"})

    def subscribe(self, callback: Callable[[Device], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    async def _answer(self, device_id: str, *, state: str | None, attributes: Mapping[str, SlotValue]) -> Device:
        try:
            before = self.home.device(device_id)
        except KeyError:
            raise LinkError("No such device.", code="link.unknown_device") from None
        self.asked.append(before.name)
        if before.name in self.silent:
            await asyncio.Event().wait()
        if before.name in self.broken:
            raise LinkError("The bridge is gone.")
        if before.name in self.stubborn:
            return before
        after = replace(before, state=state or before.state, attributes={**before.attributes, **attributes})
        others = (after if each is before else each for each in self.home.devices)
        self.home = replace(self.home, devices=tuple(others))
        for callback in tuple(self.callbacks):
            callback(after)
        return after


@dataclass
class Kept:
    """A memory that lives as long as the test."""

    values: dict[str, object] = field(default_factory=dict)

    async def get(self, name: str) -> object:
        return self.values.get(name)

    async def keep(self, name: str, value: object) -> None:
        self.values[name] = value


@dataclass
class House:
    """Skills over one home, with their database; `at` is the wall clock."""

    skills: SkillSet
    link: HomeLink
    timers: Timers
    lists: Lists
    at: list[datetime]
    runner: RoutineRunner = field(init=False)
    understand: Callable[[str, Context], Understanding] = field(init=False)
    told: list[str] = field(init=False)
    relearn: Callable[[], None] = field(init=False)

    def foresee(self, intent_name: str, *, context: Context | None = None, response: str = "", **slots: SlotValue) -> str | None:
        intent = Intent(name=intent_name, slots=slots, response=response)
        return self.skills.foresee(intent, context=context or Context())

    def do(self, intent_name: str, *, context: Context | None = None, response: str = "", **slots: SlotValue) -> SkillResult:
        intent = Intent(name=intent_name, slots=slots, response=response)
        return asyncio.run(self.skills.perform(intent, context=context or Context()))

    def say(self, intent_name: str, *, context: Context | None = None, response: str = "", **slots: SlotValue) -> str:
        return self.do(intent_name, context=context, response=response, **slots).reply

    def state(self, name: str) -> str:
        return next(each.state for each in self.link.snapshot().devices if each.name == name)


def skill_set(home: HomeLink, *, inside: Inside, clock: Callable[[], datetime]) -> SkillSet:
    """The house's own skills, each with what its file asks for."""
    parts = Parts(home=home, clock=clock, inside=inside)
    return SkillSet(own_skills(own_manifests(), parts, memory_of=lambda name: Kept()))


def house(
    folder: Path,
    *,
    link: HomeLink | None = None,
    deadline_seconds: float = 4.0,
    calendar: Calendar | None = None,
    database: Database | None = None,
    satellites: Satellites | None = None,
    music: MusicPlayers | None = None,
    post: PostOffice | None = None,
    contacts: ContactBook | None = None,
    people: Sequence[Person] = (),
    policy: ConfirmationPolicy | None = None,
) -> House:
    """A house in `folder`; without a link, HOME simulated; without a calendar, one in a file; without a database, its own."""
    is_alone = database is None
    database = database or Database(folder / "household.db", chain="household")
    ids, at = count(1), [NOW]
    home = link or SimulatedHome(HOME)
    timers = Timers(Alerts(database, clock=lambda: at[0]))
    routines, grammar = Routines(timers.alerts), list[Grammar]()

    def learn() -> None:
        phrases = {one.trigger.phrase: one.routine_id for one in routines.all() if isinstance(one.trigger, OnPhrase)}
        grammar[:] = [
            Grammar(home.snapshot(), phrases=phrases, called=[name for one in routines.all() for name in names_of(one)])
        ]

    def understand(text: str, context: Context) -> Understanding:
        if not grammar:
            learn()
        return grammar[0].understand(text, context=context)

    told: list[str] = []

    async def note(sentence: str) -> None:
        told.append(sentence)

    def person(person_id: str) -> Person | None:
        return next((one for one in people if one.person_id == person_id), None)

    runner = RoutineRunner(routines, understand=understand, skills=lambda: skills, person=person, note=note)
    runner.know(home.snapshot().devices)
    home.subscribe(runner.saw)
    customs = Household(database, clock=lambda: at[0])
    inside = Inside(
        routine_runner=lambda: runner,
        relearn=learn,
        alerts=timers.alerts,
        timers=timers,
        lists=Lists(database),
        quiet=Quiets(database, clock=lambda: at[0]),
        sounds=RingSounds(tone=lambda: cue("alert"), music=MusicFolder(folder / "music"), usual=lambda: customs.alarm_sound),
        customs=customs,
        satellites=satellites,
        music=music or NoPlayers(),
        post=post,
        contacts=contacts,
        people=lambda: people,
        policy=lambda: policy or DOORS_OPEN,
        calendar=calendar or CalendarFile(folder / "calendar.ics", clock=lambda: at[0]),
        deadline_seconds=deadline_seconds,
        new_id=lambda: f"timer-{next(ids)}" if is_alone else uuid.uuid4().hex,
    )
    skills = skill_set(home, inside=inside, clock=lambda: at[0])
    made = House(skills=skills, link=home, timers=timers, lists=Lists(database), at=at)
    made.runner, made.understand, made.told, made.relearn = runner, understand, told, learn
    return made
