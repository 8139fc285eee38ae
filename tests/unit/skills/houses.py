"""Homes to try skills on: the simulated one, and one whose devices are slow, fail, or do something else than asked."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Area, Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.turn import SkillResult
from earwitness.links.lists import Lists
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.timers import Timers
from earwitness.skills.ports import HomeLink
from earwitness.skills.registry import SkillSet
from earwitness.storage.database import Database

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
class House:
    """Skills over one home, with their database; `at` is the wall clock."""

    skills: SkillSet
    link: HomeLink
    timers: Timers
    lists: Lists
    at: list[datetime]

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


def house(folder: Path, *, link: HomeLink | None = None, deadline_seconds: float = 4.0) -> House:
    """A house in `folder`; without a link, HOME simulated."""
    database = Database(folder / "household.db", chain="household")
    ids, at = count(1), [NOW]
    home = link or SimulatedHome(HOME)
    skills = SkillSet(
        link=home,
        timers=Timers(database),
        lists=Lists(database),
        clock=lambda: at[0],
        deadline_seconds=deadline_seconds,
        new_id=lambda: f"timer-{next(ids)}",
    )
    return House(skills=skills, link=home, timers=Timers(database), lists=Lists(database), at=at)
