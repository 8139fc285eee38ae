"""From understood to confirmed: a light through a real Home Assistant, and through a real broker with simulated devices.

Prints medians, and how long it takes until what is renamed in a Home Assistant of 500 entities is understood here.
`make bench-home`; needs the programs of tests/links.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from earwitness.build.house import House
from earwitness.config import Settings
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from tests.links.brokers import PASSWORD, USER, broker
from tests.links.home_assistants import RealHomeAssistant, home_assistant
from tests.links.servers import until
from tests.links.simulated_things import simulated_bridge

TIMES = 100
ENTITIES = 500
MOST_MILLISECONDS = 100.0


class Lived:
    """A house with one linked home, whose names are learned."""

    def __init__(self, house: House, kind: str, options: dict[str, object], secrets: dict[str, str]) -> None:
        self.house = house
        house.configured_links.add(kind, name="Home", options=options, secrets=secrets)
        self._jobs: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Lived":
        house = self.house
        await asyncio.to_thread(lambda: house.understander)
        self._jobs = [asyncio.create_task(house.switchboard.run()), asyncio.create_task(house.followed_homes.run())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    def meant(self, text: str) -> Intent | None:
        """The intent of a text whose names are known as they are."""
        understander = self.house.understander
        return understander.understand(text, context=Context()).intent if understander.knows(text) else None

    async def times(self, name: str) -> list[float]:
        """Milliseconds from an understood "turn on" or "turn off" to its confirmed reply."""
        intents = [self.meant(f"turn {word} the {name}") for word in ("on", "off")]
        assert all(intents)
        found = []
        for number in range(TIMES):
            intent = intents[number % 2]
            assert intent is not None
            began = time.perf_counter()
            result = await self.house.skills.perform(intent, context=Context())
            found.append((time.perf_counter() - began) * 1000)
            assert result.outcome is Outcome.DONE, result.reply
        return found


def row(what: str, values: list[float], unit: str) -> float:
    ordered = sorted(values)
    middle = statistics.median(ordered)
    print(f"{what:<58} {middle:8.1f} {ordered[int(0.95 * (len(ordered) - 1))]:8.1f} {ordered[-1]:8.1f} {unit}", flush=True)
    return middle


async def through_home_assistant(hass: RealHomeAssistant, folder: Path) -> float:
    with House(Settings(), state=folder) as house:
        async with Lived(house, "home_assistant", {"address": hass.address}, {"token": hass.token}) as lived:
            await until(lambda: lived.meant("turn on the ceiling lights") is not None, what="the names", seconds=60)
            return row("light through Home Assistant", await lived.times("ceiling lights"), "ms")


async def learning(hass: RealHomeAssistant, folder: Path) -> None:
    """Rename one of 500 and wait until it is understood."""
    async with hass.admin() as admin:
        switches = [
            one["entity_id"] for one in await admin.ask("config/entity_registry/list") if one["platform"] == "input_boolean"
        ]
        await admin.ask("homeassistant/expose_entity", assistants=["conversation"], entity_ids=switches, should_expose=True)
        with House(Settings(), state=folder) as house:
            async with Lived(house, "home_assistant", {"address": hass.address}, {"token": hass.token}) as lived:
                await until(lambda: len(house.link.snapshot().devices) >= ENTITIES, what="500 devices", seconds=60)
                await until(lambda: lived.meant("turn on bench switch 7") is not None, what="the names", seconds=60)
                await rename(lived, admin, switches[0], len(house.link.snapshot().devices))


async def rename(lived: Lived, admin: Any, entity_id: str, count: int) -> None:
    seconds = []
    for number in range(10):
        name = f"Harbour Lantern {'abcdefghij'[number]}"
        began = time.perf_counter()
        await admin.ask("config/entity_registry/update", entity_id=entity_id, name=name)
        await until(lambda: lived.meant(f"turn on {name}") is not None, what="the new name", seconds=30)  # noqa: B023
        seconds.append((time.perf_counter() - began) * 1000)
    row(f"renamed there until understood here, {count} entities", seconds, "ms")


async def through_mqtt(port: int, ca_file: Path, folder: Path, tls: Any) -> list[float]:
    async with simulated_bridge(port, user=USER, password=PASSWORD, tls=tls):
        with House(Settings(), state=folder) as house:
            options = {"host": "127.0.0.1", "port": port, "user": USER, "ca_file": str(ca_file)}
            async with Lived(house, "mqtt", options, {"password": PASSWORD}) as lived:
                await until(lambda: lived.meant("turn on the desk lamp") is not None, what="the names", seconds=60)
                await until(lambda: lived.meant("turn on the hall lamp") is not None, what="the names", seconds=60)
                return [
                    row("light by MQTT, as zigbee2mqtt has it (simulated)", await lived.times("hall lamp"), "ms"),
                    row("light by MQTT, as Tasmota has it (simulated)", await lived.times("desk lamp"), "ms"),
                ]


def main() -> int:
    print(f"{'':<58} {'median':>8} {'95 %':>8} {'most':>8}")
    medians: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("mqtt", "mqtt-state", "hass", "hass-state", "hass-state-2"):
            (Path(folder) / name).mkdir()
        try:
            with broker(Path(folder) / "mqtt") as at:
                medians += asyncio.run(through_mqtt(at.port, at.ca_file, Path(folder) / "mqtt-state", at.tls))
        except pytest.skip.Exception as reason:
            print(f"MQTT is left out: {reason}")
        more = "".join(f"  bench_{number}:\n    name: Bench Switch {number}\n" for number in range(ENTITIES))
        try:
            with home_assistant(Path(folder) / "hass", more=f"input_boolean:\n{more}") as hass:
                medians.append(asyncio.run(through_home_assistant(hass, Path(folder) / "hass-state")))
                asyncio.run(learning(hass, Path(folder) / "hass-state-2"))
        except pytest.skip.Exception as reason:
            print(f"Home Assistant is left out: {reason}")
    return 0 if medians and max(medians) <= MOST_MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
