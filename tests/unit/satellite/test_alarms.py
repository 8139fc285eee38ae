"""Alarms that the device holds ring on time, whatever happens to its clocks."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from earwitness.domain.alert import RungAway
from earwitness.satellite.alarms import Alarms

LIST = [{"id": "b", "text": "Tea.", "due_in_seconds": 300.0}, {"id": "a", "text": "Egg.", "due_in_seconds": 60}]


@dataclass
class Machine:
    """Both clocks of a machine."""

    wall: float = 1_700_000_000.0
    uptime: float = 1000.0
    boot: str = "one"

    def pass_seconds(self, seconds: float) -> None:
        self.wall += seconds
        self.uptime += seconds

    def restart(self, *, after_seconds: float = 0.0) -> None:
        self.wall += after_seconds
        self.uptime, self.boot = 5.0, self.boot + "+"

    def alarms(self, file: Path) -> Alarms:
        return Alarms(file, wall=lambda: self.wall, uptime=lambda: self.uptime, boot=lambda: self.boot)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def file(tmp_path: Path, machine: Machine) -> Path:
    alarms = machine.alarms(tmp_path / "alarms.json")
    alarms.hold(LIST)
    alarms.keeping()()
    return tmp_path / "alarms.json"


def test_they_are_due_in_turn_and_dropped(file: Path, machine: Machine) -> None:
    alarms = machine.alarms(file)
    assert [alarm.alarm_id for alarm in alarms.all] == ["a", "b"]
    assert alarms.due_in_seconds() == pytest.approx(60)
    machine.pass_seconds(61)
    assert [alarm.alarm_id for alarm in alarms.due()] == ["a"]
    alarms.drop("a")
    alarms.keeping()()
    assert [alarm.alarm_id for alarm in machine.alarms(file).all] == ["b"]
    alarms.hold([])
    alarms.keeping()()
    assert machine.alarms(file).due_in_seconds() is None


@pytest.mark.parametrize("step_seconds", [-1e9, -3600.0, 3600.0, 1e8])
def test_a_wall_clock_that_is_set_changes_nothing_while_the_machine_runs(
    file: Path, machine: Machine, step_seconds: float
) -> None:
    machine.wall += step_seconds
    machine.pass_seconds(20)
    assert machine.alarms(file).due_in_seconds() == pytest.approx(40)


def test_after_a_restart_of_the_machine_the_wall_clock_counts(file: Path, machine: Machine) -> None:
    machine.restart(after_seconds=50)
    assert machine.alarms(file).due_in_seconds() == pytest.approx(10)
    machine.restart(after_seconds=60)
    assert [alarm.alarm_id for alarm in machine.alarms(file).due()] == ["a"]


def test_a_clock_that_went_back_to_its_beginning_delays_and_loses_nothing(file: Path, machine: Machine) -> None:
    machine.restart()
    machine.wall = 0.0
    assert machine.alarms(file).due_in_seconds() == pytest.approx(60)


def test_what_was_due_long_ago_does_not_ring_any_more(file: Path, machine: Machine) -> None:
    machine.restart(after_seconds=86_400)
    assert machine.alarms(file).all == ()


def test_what_was_done_is_kept_for_the_server_until_it_knows(file: Path, machine: Machine) -> None:
    alarms = machine.alarms(file)
    machine.pass_seconds(70)
    alarms.note("a", RungAway.RINGING)
    alarms.snooze("a", seconds=540)
    alarms.keeping()()
    machine.restart(after_seconds=40)
    alarms = machine.alarms(file)
    assert alarms.reports() == [{"id": "a", "what": "snoozed", "in_seconds": 500.0}]
    assert [(alarm.alarm_id, round(alarm.due_at - machine.uptime)) for alarm in alarms.all] == [("b", 190), ("a", 500)]
    alarms.hold([LIST[0]])
    assert [alarm.alarm_id for alarm in alarms.all] == ["b", "a"], "the server does not know yet that it is snoozed"
    alarms.note("a", RungAway.STOPPED)
    assert alarms.reports() == [{"id": "a", "what": "stopped", "in_seconds": 0.0}]
    alarms.hold(LIST)
    assert [alarm.alarm_id for alarm in alarms.all] == ["b"], "nor that it was stopped"
    alarms.forget_rung(["a"])
    alarms.keeping()()
    assert machine.alarms(file).reports() == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"alarms": 3}', '{"boot": "one", "uptime": "x", "wall": 0, "alarms": []}', "\x00"]
)
def test_a_damaged_list_is_no_list(file: Path, machine: Machine, content: str) -> None:
    file.write_text(content)
    assert machine.alarms(file).all == ()
