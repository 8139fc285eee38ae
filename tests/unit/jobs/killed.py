"""Lives of the job that end with kill -9 while alerts are due; `test_killed.py` starts it.

    python -m tests.unit.jobs.killed FOLDER KILLS [SEED]

Each life is a process of its own on the same database: it sets alerts that are due within the next moments, or were due while
nobody was there, and is killed at a random moment. What it rings, tells and ends goes to a file line by line, each on the disk
before the job goes on. This process imports everything once and forks each life; it opens no database itself.
"""

import asyncio
import contextlib
import json
import os
import random
import select
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from earwitness.domain.alert import Alert, AlertKind, AtMoment, AtWallTime, Outcome, Recurring, Ring, Rule, ring_id
from earwitness.jobs.fire_alerts import FireAlerts, Ringing
from earwitness.links.alerts import Alerts, Claim
from earwitness.storage.database import Database

LONGEST_LIFE_SECONDS: Final = 0.15
SLOWEST_SECONDS: Final = 10.0
CLAIM_SECONDS: Final = (0.005, 0.02, 0.1)
MINUTE: Final = timedelta(minutes=1)


def now() -> datetime:
    return datetime.now(UTC)


class Diary:
    """A line is on the disk when `write` returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "diary"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, what: str, name: str, **more: Any) -> None:
        os.write(self._file, json.dumps({"what": what, "name": name, "life": os.getpid(), **more}).encode() + b"\n")
        os.fdatasync(self._file)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]


class NotedAlerts(Alerts):
    """Alerts that note in the diary what has ended, once it is on the disk, and tell the parent when something is claimed."""

    diary: Diary
    signal: Callable[[], int] = staticmethod(lambda: 0)

    def claim(self, now: datetime, *, since: datetime | None = None) -> tuple[Claim, ...]:
        self.signal()
        return super().claim(now, since=since)

    def end(self, ended: Collection[Ring], *, outcome: Outcome, now: datetime) -> None:
        super().end(ended, outcome=outcome, now=now)
        for ring in ended:
            self.diary.write("ended", ring.ring_id)


class Life:
    """One process's job, and somebody who stops what rings, sooner or later."""

    def __init__(self, folder: Path, *, number: int, dice: random.Random) -> None:
        self.diary, self.dice, self.number = Diary(folder), dice, number
        self.heard = {line["name"] for line in self.diary.lines() if line["what"] == "rang"}
        self.alerts = NotedAlerts(Database(folder / "household.db", chain="household"), clock=now)
        self.alerts.diary = self.diary
        self.job = FireAlerts(alerts=self.alerts, clock=now, ring=self.ring, hush=lambda _: None, tell=self.tell)

    def ring(self, ringing: Ringing) -> None:
        """What sounds knows which rings it has begun, as a satellite and a page do: the same one again is not another."""
        word = "goes on" if ringing.is_continued else "again" if ringing.ring_id in self.heard else "rang"
        at = time.time()
        self.diary.write(word, ringing.ring_id, text=ringing.text, late=ringing.late_seconds, at=at)
        delay = self.dice.choice((0.0, 0.0, 0.02))
        asyncio.get_running_loop().call_later(delay, self.job.acknowledge, ringing.ring_id)

    async def tell(self, text: str) -> bool:
        self.diary.write("told", text)
        return True

    def set_alerts(self, *, with_recurring: bool) -> None:
        """Two that are due within this life or the next, and one that was due while nobody was there."""
        begun = now()
        soon = [begun + timedelta(seconds=self.dice.uniform(0, LONGEST_LIFE_SECONDS)) for _ in range(2)]
        self._set("timer", AtMoment(at=soon[0]), soon[0], kind=AlertKind.TIMER)
        self._set("alarm", AtWallTime(local=soon[1].replace(tzinfo=None), zone="UTC"), soon[1])
        if self.number % 3 == 0:
            gone = begun - self.dice.choice((20, 120)) * MINUTE
            self._set("late", AtMoment(at=gone), gone)
        for second in range(10) if with_recurring else ():
            start = begun.replace(microsecond=0) + timedelta(seconds=second + 1)
            self._set(
                f"each minute {second}", Recurring(rule="FREQ=MINUTELY", start=start.replace(tzinfo=None), zone="UTC"), start
            )

    def _set(self, name: str, rule: Rule, due_at: datetime, *, kind: AlertKind = AlertKind.ALARM) -> None:
        alert_id = f"{name} {self.number}"
        seconds = 60.0 if kind is AlertKind.TIMER else None
        self.alerts.add(Alert(alert_id=alert_id, kind=kind, rule=rule, created_at=now(), name=alert_id, total_seconds=seconds))
        self.diary.write("set", ring_id(alert_id, due_at), alert=alert_id, late=(now() - due_at).total_seconds())

    async def live(self, ready: int, *, until_done: bool) -> None:
        job = asyncio.create_task(self.job.run())
        self.alerts.signal = lambda: os.write(ready, b"c") if ready >= 0 else 0
        self.alerts.signal()
        while not until_done or self._is_busy():  # noqa: ASYNC110  (it ends by being killed)
            await asyncio.sleep(0.02)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)

    def _is_busy(self) -> bool:
        alerts, rings = self.alerts.snapshot()
        return bool(rings) or any(alert.due_at is not None and isinstance(alert.rule, AtMoment | AtWallTime) for alert in alerts)


def kill(folder: Path, *, number: int, dice: random.Random) -> None:
    """One life, killed at a random moment: of all that it has, or of the few milliseconds in which it claims and rings."""
    receiver, sender = os.pipe()
    seed = dice.random()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            life = Life(folder, number=number, dice=random.Random(seed))
            life.set_alerts(with_recurring=number == 0)
            asyncio.run(life.live(sender, until_done=False))
        os._exit(1)
    os.close(sender)
    began = os.read(receiver, 1)
    if dice.random() < 0.7 and select.select([receiver], [], [], SLOWEST_SECONDS)[0]:
        time.sleep(dice.uniform(0, dice.choice(CLAIM_SECONDS)))
    else:
        time.sleep(dice.uniform(0, LONGEST_LIFE_SECONDS))
    os.close(receiver)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not began or os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise RuntimeError(f"life {number} ended by itself")


@dataclass
class Count:
    """What the diary comes to."""

    kills: int = 0
    occurrences: int = 0
    again: int = 0
    """Killed between the sound and the note that it sounded: asked for once more, under the same id."""
    goes_on: int = 0
    """Killed while it rang: the same ring went on."""
    late: int = 0
    missed: int = 0
    wrong: list[str] = field(default_factory=list)


def judge(lines: list[dict[str, Any]], ended_at: float) -> Count:
    """Hold the diary against what should be: each occurrence once, late ones say so, none after its end."""
    count = Count()
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_name[line["name"]].append(line)
    for line in [line for line in lines if line["what"] == "set"]:
        if line["alert"].startswith("each minute"):
            _judge_minutes(line, by_name, ended_at, count)
        elif line["late"] > 3600:
            _judge_missed(line, lines, count)
        else:
            _judge_ring(line["name"], by_name[line["name"]], count)
    for name, found in by_name.items():  # those whose setting was cut off before it was noted, too
        if sum(line["what"] == "rang" for line in found) > 1:
            count.wrong.append(f"{name} rang twice")
    return count


def _judge_minutes(line: dict[str, Any], by_name: dict[str, list[dict[str, Any]]], ended_at: float, count: Count) -> None:
    alert_id, _, first = line["name"].rpartition("@")
    for microseconds in range(int(first), int((ended_at - 1) * 1e6), 60_000_000):
        name = f"{alert_id}@{microseconds}"
        _judge_ring(name, by_name[name], count)


def _judge_ring(name: str, found: list[dict[str, Any]], count: Count) -> None:
    sounds = [line for line in found if line["what"] in ("rang", "again", "goes on")]
    count.occurrences += 1
    count.again += sum(line["what"] == "again" for line in sounds)
    count.goes_on += sum(line["what"] == "goes on" for line in sounds)
    if [line["what"] for line in sounds].count("rang") != 1 or sounds[0]["what"] != "rang":
        count.wrong.append(f"{name}: {[line['what'] for line in sounds]}")
        return
    if len({line["life"] for line in sounds}) != len(sounds):
        count.wrong.append(f"{name} sounded twice in one life")
    order = [line["what"] for line in found if line["what"] != "set"]
    if "ended" in order and any(what != "ended" for what in order[order.index("ended") :]):
        count.wrong.append(f"{name}: {order}")
    due = int(name.rpartition("@")[2]) / 1e6
    late = sounds[0]["at"] - due
    if not -0.002 <= late - sounds[0]["late"] < 0.2 or late < 0:
        count.wrong.append(f"{name} was {late:.3f} s late and said {sounds[0]['late']:.3f}")
    if late >= 15:
        count.late += 1
        if "late" not in sounds[0]["text"] and "ago" not in sounds[0]["text"]:
            count.wrong.append(f"{name} did not say that it was late")


def _judge_missed(line: dict[str, Any], lines: list[dict[str, Any]], count: Count) -> None:
    count.missed += 1
    told = [one for one in lines if one["what"] == "told" and f"{line['alert']} alarm" in one["name"]]
    ended = [one for one in lines if one["what"] == "ended" and one["name"] == line["name"]]
    is_told_after_end = bool(told and ended) and lines.index(ended[0]) < lines.index(told[-1])
    if not told or len({one["life"] for one in told}) != len(told) or is_told_after_end:
        count.wrong.append(f"{line['alert']} was told {len(told)} times, ended {len(ended)} times")
    if any(one["what"] == "rang" and one["name"] == line["name"] for one in lines):
        count.wrong.append(f"{line['alert']} was missed and rang")


def main() -> int:
    folder, kills = Path(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    Database(folder / "household.db", chain="household").close()
    for number in range(kills):
        kill(folder, number=number, dice=dice)
    pid = os.fork()
    if pid == 0:
        asyncio.run(Life(folder, number=kills, dice=dice).live(-1, until_done=True))
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError("the last life failed")
    count = judge(Diary(folder).lines(), time.time())
    count.kills = kills
    kept = Alerts(Database(folder / "household.db", chain="household"), clock=now)
    count.wrong += [f"{ring.ring_id} is not over" for ring in kept.open_rings()]
    print(json.dumps(asdict(count)))
    return 1 if count.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
