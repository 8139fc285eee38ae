"""Random edits here and on a real calendar server that dies, cuts off and comes back: both sides converge."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from earwitness.domain.alert import AlertKind, AtWallTime
from earwitness.storage.database import Database
from tests.calendar_server import CalendarServer, running_calendar_server
from tests.strange_servers import cutting, serving
from tests.sync_trial import House, Phone

STEPS = 60
LISTS = ("shopping list", "to-do")


@pytest.fixture(scope="module")
def server() -> Iterator[CalendarServer]:
    with running_calendar_server() as one:
        yield one


class Both:
    """Two sides that edit by chance. Each thing has a number for its whole life, which begins its name: `7x3`."""

    def __init__(self, house: House, phone: Phone, chance: random.Random) -> None:
        self.house, self.phone, self.chance = house, phone, chance
        self.numbers = self.versions = 0
        self.removed: set[int] = set()

    def step(self) -> None:
        name = self.chance.choice(LISTS)
        self.chance.choice([self.add_here, self.add_there, self.edit_here, self.edit_there, self.remove, self.set, self.make])(
            name
        )

    def add_here(self, name: str) -> None:
        self.house.add(name, self.new())

    def add_there(self, name: str) -> None:
        self.phone.add_task(name, self.new(), "STATUS:NEEDS-ACTION")

    def edit_here(self, name: str) -> None:
        if items := self.house.lists.items(name):
            item = self.chance.choice(items)
            self.house.lists.reword(item.item_id, text=self.again(item.text))

    def edit_there(self, name: str) -> None:
        if found := self.phone.objects(name):
            place = self.chance.choice(sorted(found))
            summary = found[place].partition("SUMMARY:")[2].partition("\r\n")[0]
            self.phone.edit(place, f"SUMMARY:{summary}", f"SUMMARY:{self.again(summary)}")

    def remove(self, name: str) -> None:
        if self.chance.random() < 0.5:
            if items := self.house.lists.items(name):
                item = self.chance.choice(items)
                self.removed.add(number(item.text))
                self.house.lists.remove([item.item_id])
        elif found := self.phone.objects(name):
            place = self.chance.choice(sorted(found))
            self.removed.add(number(found[place].partition("SUMMARY:")[2]))
            self.phone.remove(place)

    def set(self, _: str) -> None:
        if len(self.house.alerts.all()) < 15:
            at = self.house.clock().replace(tzinfo=None, hour=self.chance.randrange(13, 24))
            kind = self.chance.choice([AlertKind.ALARM, AlertKind.REMINDER])
            self.house.set_alert(kind, AtWallTime(local=at), self.new())

    def make(self, _: str) -> None:
        if len(self.phone.objects("Alarms")) < 15:
            self.phone.add("Alarms", "VEVENT", f"SUMMARY:{self.new()}", f"DTSTART:20260321T{self.chance.randrange(10, 24)}0000")

    def new(self) -> str:
        self.numbers += 1
        return f"{self.numbers}x0"

    def again(self, text: str) -> str:
        self.versions += 1
        return f"{number(text)}x{self.versions}"

    def here(self) -> dict[str, list[str]]:
        found = {name: sorted(one.text for one in self.house.lists.items(name)) for name in LISTS}
        found["Alarms"] = sorted(one.name for one in self.house.of(AlertKind.ALARM))
        found["Reminders"] = sorted(one.text for one in self.house.of(AlertKind.REMINDER))
        return found

    def there(self) -> dict[str, list[str]]:
        return {name: self.phone.summaries(name, with_done=True) for name in (*LISTS, "Alarms", "Reminders")}


def number(text: str) -> int:
    return int(text.partition("x")[0])


@pytest.mark.parametrize("seed", range(4))
async def test_both_sides_converge_whatever_breaks_in_between(server: CalendarServer, tmp_path: Path, seed: int) -> None:
    chance, user = random.Random(seed), server.account()
    database = Database(tmp_path / "household.db", chain="household")
    house = House(database, server, user)
    assert await house.job.sync()
    both = Both(house, Phone(server, user), chance)
    for _ in range(STEPS):
        both.step()
        match chance.randrange(6):
            case 0:
                assert await house.job.sync(), house.job.state()
            case 1 | 2:
                async with serving(cutting(server.port, method=chance.choice(["PUT", "DELETE", "REPORT", "GET"]))) as port:
                    cut = House(database, server, user, url=f"http://127.0.0.1:{port}/", clock=house.clock)
                    await cut.job.sync()
                    await cut.server.account.close()
            case 3 if chance.random() < 0.3:
                server.stop()
                assert not await house.job.sync()
                server.start()
        house.clock.pass_by(seconds=20)
    for _ in range(2):
        assert await house.job.sync(), house.job.state()
    assert both.here() == both.there()
    kept = [number(text) for texts in both.here().values() for text in texts]
    assert len(kept) == len(set(kept)), "doubled"
    assert set(range(1, both.numbers + 1)) - both.removed <= set(kept), "lost"
    assert house.job.state().behind == 0
    with suppress(httpx.HTTPError):
        await house.server.account.close()
    database.close()
