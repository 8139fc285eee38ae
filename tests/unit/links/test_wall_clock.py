"""The home's time: right on both sides of the change to summer time and back, in a process that saw neither coming."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earwitness.domain.errors import SettingsError
from earwitness.domain.intent import Context, Intent
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.timers import Timers
from earwitness.links.wall_clock import WallClock, machine_zone
from earwitness.skills.clock import ClockSkill
from earwitness.skills.inside import Inside
from earwitness.skills.privacy_words import span_of
from earwitness.storage.database import Database
from tests.unit.skills.houses import HOME, skill_set

SPRING = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
"""When Berlin goes from 2:00 to 3:00."""
AUTUMN = datetime(2027, 10, 31, 1, 0, tzinfo=UTC)
"""When Berlin goes from 3:00 back to 2:00."""
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Moment:
    """A clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def zone_of_machine() -> Iterator[None]:
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("change", "before", "after"), [(SPRING, "It is 1:59 AM.", "It is 3 AM."), (AUTUMN, "It is 2:59 AM.", "It is 2 AM.")]
)
async def test_the_time_is_told_right_before_and_after_the_clocks_change(change: datetime, before: str, after: str) -> None:
    utc = Moment(change - MINUTE)
    skill = ClockSkill(WallClock("Europe/Berlin", utc_now=utc))
    intent = Intent(name="HassGetCurrentTime")
    assert (await skill.perform(intent, context=Context())).reply == before
    utc.at = change
    assert (await skill.perform(intent, context=Context())).reply == after


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
async def test_a_timer_over_the_change_rings_after_its_own_hours(change: datetime, tmp_path: Path) -> None:
    utc, database = Moment(change - 30 * MINUTE), Database(tmp_path / "household.db", chain="household")
    clock = WallClock("Europe/Berlin", utc_now=utc)
    timers = Timers(Alerts(database, clock=clock))
    skills = skill_set(
        SimulatedHome(HOME), inside=Inside(alerts=timers.alerts, timers=timers, lists=Lists(database)), clock=clock
    )
    await skills.perform(Intent(name="HassStartTimer", slots={"hours": 2}), context=Context())
    assert [timer.due_at for timer in timers.all()] == [utc.at + timedelta(hours=2)]
    utc.at += timedelta(hours=2) - SECOND
    assert timers.alerts.claim(clock()) == ()
    told = await skills.perform(Intent(name="HassTimerStatus"), context=Context())
    assert told.reply == "The 2 hour timer has 1 second left."
    utc.at += SECOND
    assert len(timers.alerts.claim(clock())) == 1
    database.close()


@pytest.mark.parametrize(("change", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_the_day_of_the_change_has_its_own_length(change: datetime, hours: int) -> None:
    clock = WallClock("Europe/Berlin", utc_now=Moment(change + timedelta(days=1)))
    yesterday = span_of(Intent(name="DeleteKept", slots={"scope": "yesterday"}), clock())
    assert yesterday is not None
    assert yesterday.until is not None
    assert yesterday.until - yesterday.since == timedelta(hours=hours)


def test_seven_tomorrow_is_seven_by_the_wall_clock() -> None:
    now = WallClock("Europe/Berlin", utc_now=Moment(SPRING - timedelta(hours=6)))()
    tomorrow = (now + timedelta(days=1)).replace(hour=7, minute=0)
    assert tomorrow.astimezone(UTC) == datetime(2027, 3, 28, 5, 0, tzinfo=UTC)


def test_without_a_setting_the_machines_zone_counts(zone_of_machine: None) -> None:
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    assert machine_zone().key == "America/New_York"
    assert WallClock(utc_now=Moment(SPRING))().utcoffset() == timedelta(hours=-4)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", ""])
def test_a_zone_that_is_none_is_said_by_name(name: str) -> None:
    with pytest.raises(SettingsError, match=r"home\.zone"):
        WallClock(name)
