"""What becomes of an alert: late, missed, snoozed, repeated, taken over from a satellite, moved to another zone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from earwitness.domain.alert import (
    GOOD_NIGHT,
    Alert,
    AlertKind,
    AtMoment,
    AtWallTime,
    AwayReport,
    OnEvent,
    Recurring,
    RungAway,
    ring_id,
)
from earwitness.domain.ring_sound import RingManner
from earwitness.jobs.fire_alerts import (
    LONGEST_RING_SECONDS,
    LONGEST_SLEEP_SECONDS,
    MOST_REPEATS,
    REPEAT_SECONDS,
    FireAlerts,
    Ringing,
)
from earwitness.links.alerts import Alerts
from earwitness.storage.database import Database
from tests.unit.jobs.virtual_time import START, WallClock, run

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class House:
    """A job beside what rings and who hears it. Times are seconds since the start."""

    alerts: Alerts
    clock: WallClock
    patience: float
    longest_sleep_seconds: float
    job: FireAlerts = field(init=False)
    rung: list[tuple[float, Ringing]] = field(default_factory=list)
    hushed: list[float] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)
    is_somebody_there: bool = True

    def __post_init__(self) -> None:
        self.job = FireAlerts(
            alerts=self.alerts,
            clock=self.clock,
            ring=lambda ringing: self.rung.append((self.seconds, ringing)),
            hush=lambda _: self.hushed.append(self.seconds),
            tell=self.tell,
            patience=lambda: self.patience,
            longest_sleep_seconds=self.longest_sleep_seconds,
        )

    @property
    def seconds(self) -> float:
        return round(asyncio.get_running_loop().time(), 3)

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.rung]

    @property
    def texts(self) -> list[str]:
        return [ringing.text for _, ringing in self.rung]

    async def tell(self, text: str) -> bool:
        if self.is_somebody_there:
            self.told.append((self.seconds, text))
        return self.is_somebody_there


Script = Callable[[House], Awaitable[None]]


def live(
    folder: Path,
    script: Script,
    *,
    before: Callable[[Alerts], object] = lambda alerts: None,
    patience: float = 0.0,
    longest_sleep_seconds: float = LONGEST_SLEEP_SECONDS,
) -> House:
    """Run the job beside `script`; `before` is what was on the disk when it started."""
    houses = []

    async def work(clock: WallClock) -> None:
        alerts = Alerts(Database(folder / "household.db", chain="household"), clock=clock)
        before(alerts)
        houses.append(House(alerts, clock, patience, longest_sleep_seconds))
        task = asyncio.create_task(houses[0].job.run())
        try:
            await script(houses[0])
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run(work)
    return houses[0]


def alarm(minutes: float, *, kind: AlertKind = AlertKind.ALARM, daily: bool = False, alert_id: str = "a") -> Alert:
    """Due so many minutes after the start; without a daily one, once."""
    due = START + minutes * MINUTE
    rule = Recurring(rule="FREQ=DAILY", start=(due - timedelta(days=30)).replace(tzinfo=None)) if daily else AtMoment(at=due)
    created = min(due - timedelta(days=2, minutes=1), START) if minutes < 0 else START
    return Alert(alert_id=alert_id, kind=kind, rule=rule, created_at=created, name="wake up", text="take the pills")


def of(minutes: float) -> str:
    return ring_id("a", START + minutes * MINUTE)


def waiting(seconds: float) -> Script:
    async def script(house: House) -> None:
        await asyncio.sleep(seconds)

    return script


@pytest.mark.parametrize(
    ("kind", "minutes", "text"),
    [
        (AlertKind.ALARM, 1, "It is 3:08 PM: wake up."),
        (AlertKind.ALARM, -20, "Your wake up alarm for 2:47 PM rings 20 minutes late."),
        (AlertKind.REMINDER, 1, "A reminder: take the pills."),
        (AlertKind.REMINDER, -59, "A reminder for 2:08 PM, 59 minutes late: take the pills."),
        (AlertKind.ROUTINE, 1, "Your wake up routine begins."),
    ],
)
def test_says_what_it_is_and_that_it_is_late(tmp_path: Path, kind: AlertKind, minutes: float, text: str) -> None:
    house = live(tmp_path, waiting(120), before=lambda alerts: alerts.add(alarm(minutes, kind=kind)))
    assert house.texts == [text]
    assert house.rung[0][1].late_seconds == max(0.0, -60 * minutes)
    assert house.told == []


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (alarm(-61), "While I was off, your wake up alarm for 2:06 PM did not ring."),
        (alarm(-24 * 60), "While I was off, your wake up alarm for 3:07 PM yesterday did not ring."),
        (alarm(-61, kind=AlertKind.REMINDER), "While I was off, your reminder for 2:06 PM was missed: take the pills."),
        (alarm(-61, daily=True), "While I was off, your wake up alarm for 2:06 PM and 2 earlier ones did not ring."),
        (alarm(-61, kind=AlertKind.ROUTINE), "While I was off, your wake up routine for 2:06 PM did not begin."),
    ],
)
def test_what_was_missed_is_told_once_when_somebody_is_there(tmp_path: Path, one: Alert, text: str) -> None:
    async def script(house: House) -> None:
        house.is_somebody_there = False
        await asyncio.sleep(100)
        assert len(house.alerts.open_rings()) == 1
        house.is_somebody_there = True
        await asyncio.sleep(1000)
        assert house.alerts.open_rings() == ()

    house = live(tmp_path, script, before=lambda alerts: alerts.add(one))
    assert [told for _, told in house.told] == [text]
    assert house.rung == []
    assert live(tmp_path, waiting(1000)).told == []


def test_a_clock_set_forward_rings_what_it_jumped_over_late_or_tells_of_it(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        house.alerts.add(alarm(60, daily=True))
        house.alerts.add(alarm(150, alert_id="later"))
        await asyncio.sleep(60)
        house.clock.shift = 3 * HOUR
        await asyncio.sleep(100)

    house = live(tmp_path, script)
    assert [text for _, text in house.told] == ["The clock jumped: your wake up alarm for 4:07 PM did not ring."]
    assert house.texts == ["Your wake up alarm for 5:37 PM rings 31 minutes late."]


def test_a_clock_set_back_rings_nothing_twice_and_the_next_day_in_time(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        house.alerts.add(alarm(10, daily=True))
        await asyncio.sleep(660)
        house.job.acknowledge(of(10))
        house.clock.shift = -HOUR
        await asyncio.sleep(25 * 3600)

    house = live(tmp_path, script, longest_sleep_seconds=7200)
    assert house.times == [600.0, 600.0 + 25 * 3600]


def test_what_a_satellite_stopped_while_the_server_was_off_does_not_ring_again(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        await asyncio.sleep(5)
        assert await house.job.reported([AwayReport(ring_id=of(-10), what=RungAway.STOPPED)]) == ()
        await asyncio.sleep(100)
        assert await house.job.reported([AwayReport(ring_id=of(-10), what=RungAway.RINGING)]) == (of(-10),)

    house = live(tmp_path, script, before=lambda alerts: alerts.add(alarm(-10, daily=True)), patience=15.0)
    assert (house.rung, house.hushed) == ([], [])
    before = "While I was off, your wake up alarm for 2:57 PM yesterday and 1 earlier one did not ring."
    assert [text for _, text in house.told] == [before], "the satellite did not say that it rang those"
    assert house.alerts.all()[0].due_at == START - 10 * MINUTE + timedelta(days=1)


def test_what_no_satellite_tells_of_rings_late_after_a_while(tmp_path: Path) -> None:
    def before(alerts: Alerts) -> None:
        alerts.add(alarm(-10))
        alerts.add(alarm(0.1, alert_id="in time"))

    house = live(tmp_path, waiting(100), before=before, patience=15.0)
    assert [(at, ringing.alert_id) for at, ringing in house.rung] == [(6.0, "in time"), (15.0, "a")]


def test_what_still_rings_at_a_satellite_goes_on_everywhere_and_is_stopped_everywhere(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        await asyncio.sleep(3)
        await house.job.reported([AwayReport(ring_id=of(-1), what=RungAway.RINGING)])
        await asyncio.sleep(10)
        await house.job.reported([AwayReport(ring_id=of(-1), what=RungAway.STOPPED)])
        await asyncio.sleep(10)

    house = live(tmp_path, script, before=lambda alerts: alerts.add(alarm(-1)), patience=15.0)
    assert [(at, ringing.is_continued) for at, ringing in house.rung] == [(3.0, True)]
    assert house.hushed == [13.0]
    assert house.alerts.all() == ()


def test_what_is_snoozed_at_a_satellite_is_quiet_everywhere_and_rings_again(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        await asyncio.sleep(70)
        await house.job.reported([AwayReport(ring_id=of(1), what=RungAway.SNOOZED, in_seconds=540.0)])
        await asyncio.sleep(560)
        house.job.acknowledge(of(1))
        await asyncio.sleep(1000)

    house = live(tmp_path, script, before=lambda alerts: alerts.add(alarm(1)))
    assert (house.times, house.hushed) == ([60.0, 610.0], [70.0])
    assert house.texts[1] == "It is 3:17 PM: wake up."
    assert house.alerts.all() == ()


def test_what_must_be_acknowledged_comes_again_until_it_is(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        house.alerts.add(replace(alarm(0, kind=AlertKind.REMINDER), must_acknowledge=True))
        await asyncio.sleep(86_400)

    house = live(tmp_path, script, longest_sleep_seconds=7200)
    step = LONGEST_RING_SECONDS + REPEAT_SECONDS
    assert house.times == [number * step for number in range(MOST_REPEATS + 1)]
    assert house.alerts.all() == ()


def test_an_alarm_follows_the_household_into_another_zone(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        house.alerts.add(replace(alarm(0), rule=AtWallTime(local=datetime.fromisoformat("2026-11-24T18:07"))))
        await asyncio.sleep(60)
        house.clock.zone = ZoneInfo("Europe/Berlin")  # 16:07 there, as the alert was made at 15:07 UTC
        await asyncio.sleep(4 * 3600)

    assert live(tmp_path, script, longest_sleep_seconds=7200).times == [2 * 3600.0]


def test_a_reminder_waits_for_what_it_waits_for(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        house.alerts.add(replace(alarm(0, kind=AlertKind.REMINDER), rule=OnEvent(event=GOOD_NIGHT)))
        await asyncio.sleep(500)
        house.alerts.happened(GOOD_NIGHT, now=house.clock())
        await asyncio.sleep(10)

    assert live(tmp_path, script).times == [500.0]


def test_after_a_crash_a_ring_goes_on_or_begins_or_was_missed(tmp_path: Path) -> None:
    def crashed(alerts: Alerts) -> None:
        for minutes, alert_id in ((-5, "sounded"), (-6, "silent"), (-300, "long over"), (-301, "long silent")):
            alerts.add(alarm(minutes, alert_id=alert_id))
        for minutes in (-301, -300, -6, -5):
            for claim in alerts.claim(START + minutes * MINUTE):
                if claim.alert.alert_id in ("sounded", "long over"):
                    alerts.note_sounded(claim.ring, now=START + minutes * MINUTE)

    house = live(tmp_path, waiting(10), before=crashed)
    assert {(ringing.alert_id, ringing.is_continued) for _, ringing in house.rung} == {("sounded", True), ("silent", False)}
    assert [text for _, text in house.told] == ["While I was off, your wake up alarm for 10:06 AM did not ring."]
    assert {one.alert_id for one in house.alerts.all()} == {"sounded", "silent"}


def test_a_routine_is_over_as_soon_as_it_has_begun(tmp_path: Path) -> None:
    house = live(tmp_path, waiting(100), before=lambda alerts: alerts.add(alarm(1, kind=AlertKind.ROUTINE)))
    assert house.times == [60.0]
    assert house.alerts.all() == ()


def softly(minutes: float) -> Alert:
    return replace(alarm(minutes), sound="birds", is_rising=True)


def test_what_begins_softly_says_nothing_unless_it_is_late(tmp_path: Path) -> None:
    house = live(tmp_path, waiting(120), before=lambda alerts: alerts.add(softly(1)))
    assert house.rung[0][1].manner == RingManner(sound="birds", is_rising=True, is_said=False)
    late = live(tmp_path / "late", waiting(1), before=lambda alerts: alerts.add(softly(-20)))
    assert late.rung[0][1].manner == RingManner(sound="birds", is_rising=True, is_said=True)
    loud = live(tmp_path / "loud", waiting(120), before=lambda alerts: alerts.add(alarm(1)))
    assert loud.rung[0][1].manner == RingManner()


def test_a_ring_that_goes_on_after_a_restart_is_as_loud_as_it_was(tmp_path: Path) -> None:
    def before(alerts: Alerts) -> None:
        alerts.add(softly(-0.5))
        (claim,) = alerts.claim(START - timedelta(seconds=30))
        alerts.note_sounded(claim.ring, now=START - timedelta(seconds=30))

    ((_, ringing),) = live(tmp_path, waiting(10), before=before).rung
    assert ringing.is_continued
    assert ringing.manner == RingManner(sound="birds", is_rising=True, rung_seconds=30.0, is_said=False)


def test_one_that_was_snoozed_begins_softly_again(tmp_path: Path) -> None:
    async def script(house: House) -> None:
        await asyncio.sleep(70)
        (ring,) = house.alerts.open_rings()
        house.alerts.snooze(ring, until=house.clock() + 5 * MINUTE)
        await asyncio.sleep(400)

    house = live(tmp_path, script, before=lambda alerts: alerts.add(softly(1)))
    assert [ringing.manner.rung_seconds for _, ringing in house.rung] == [0.0, 0.0]
    assert {ringing.ring_id for _, ringing in house.rung} == {of(1)}, "it is one ring"


def test_satellites_are_told_of_another_sound_at_once(tmp_path: Path) -> None:
    told: list[list[tuple[str, bool]]] = []

    async def script(house: House) -> None:
        house.job._foretell = lambda foretold: told.append([(one.sound, one.is_rising) for one in foretold])
        await asyncio.sleep(10)
        (one,) = house.alerts.all()
        house.alerts.change(one, after=replace(one, sound="waves", is_rising=False))
        await asyncio.sleep(10)

    live(tmp_path, script, before=lambda alerts: alerts.add(softly(30)))
    assert told == [[("birds", True)], [("waves", False)]]
