"""`python -m bench.desk`: how long each act at the reviewers' desk takes with 10,000 tasks open, over its API.

Two reviewers work through the API of a made-up house, twenty seconds a task by its clock. The first has `--real` tasks, of
requests that lie in a real vault: each word is read through its door, on record. The second has 10,000 tasks, whose words a
porter in memory gives: what the vault does does not depend on how many tasks are open, and ten thousand recordings take long to
make. Processor time is that of the whole process, so that a machine with other work says something too.
"""

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa
from starlette.testclient import TestClient

from bench.page import machine, publish, table
from earwitness.domain.account import AccountRole, SignInWay
from earwitness.review.desk import Desk
from earwitness.review.task_rows import new_row
from earwitness.storage.database import Database
from earwitness.storage.desk import tasks
from tests.desk_alone import WEEK, MemoryPorter
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.reviewed_kept import reviewed

DESK = "/api/v1/review"
OPEN = 10_000
MOST_MS = 100.0
JUDGED = {"transcript": "turn on the lamp", "intent": "HassTurnOn", "slots": {"name": "Lamp"}, "labels": []}


@dataclass
class Took:
    """The milliseconds of one kind of act, by the clock and by the processor."""

    wall: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=int, default=50)
    chosen = parser.parse_args()
    lines = [machine()]
    with tempfile.TemporaryDirectory() as folder, kept_house(Path(folder)) as house:
        fill(house, chosen.real)
        began = time.process_time()
        house.review.settle()
        settled = time.process_time() - began
        began = time.process_time()
        house.review.settle()
        again = time.process_time() - began
        few = work(house, chosen.real)
        crowd(house, Path(folder))
        waiting = len(house.review.desk.open_tasks())
        many = work(house, chosen.real)
    rows = [[name, *cells(few[name]), *cells(many[name])] for name in many]
    real, made_up = f"{chosen.real} tasks, real vault: p50, ms", f"{waiting:,} tasks, words from memory: p50, ms"
    heads = ["act", real, "p95", "processor, p50", made_up, "p95", "processor, p50"]
    lines += [
        f"{chosen.real} tasks are worked on in each half; every fifth is handed back.",
        f"The household's side takes {1000 * settled / chosen.real:.1f} ms of processor for each new task, and "
        f"{1000 * again / chosen.real:.2f} ms for each that lies on the desk, every twenty seconds.",
        "",
        table(heads, rows),
    ]
    publish("desk", "\n".join(lines))
    raise SystemExit(0 if all(worst_of_twenty(one.wall) <= MOST_MS for found in (few, many) for one in found.values()) else 1)


def cells(took: Took) -> list[str]:
    """Median and 95th percentile by the clock, and the median of the processor's time."""
    return [f"{one:.0f}" for one in (statistics.median(took.wall), worst_of_twenty(took.wall), statistics.median(took.worked))]


def fill(house: KeptHouse, count: int) -> None:
    """So many requests of somebody, kept and drawn, and past the day in which they could be vetoed."""
    house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
    review = reviewed(house)
    anna = review.reviewable()
    review.epochs.open()
    for _ in range(count):
        review.say(anna)
    review.epochs.draw(review.next_day())
    house.clock.advance(days=1, minutes=1)


def crowd(house: KeptHouse, folder: Path) -> None:
    """Give the house another desk, on which 10,000 tasks lie."""
    database = Database(folder / "crowded" / "desk.db", chain="desk")
    house.closing.callback(database.close)
    with database.writing() as connection:
        connection.execute(sa.insert(tasks), [new_row(f"{number:032x}", week=WEEK) for number in range(OPEN)])
    desk = Desk(database, porter=MemoryPorter(), clock=house.clock)
    house.__dict__["review"] = replace(house.review, desk=desk)


def work(house: KeptHouse, count: int) -> dict[str, Took]:
    """What each act of somebody took who works on so many tasks."""
    rita = house.people.add(f"Rita {len(house.people.all())}", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    house.review.desk.passed(rita.alias)
    took: dict[str, Took] = defaultdict(Took)
    client = house.client()
    token = house.people.accounts.let_in(rita, way=SignInWay.PASSKEY).token
    client.cookies.set("earwitness-person", token, domain="127.0.0.1")
    act = acting(client, took)
    for number in range(count):
        act("see how one stands", "GET", "", None)
        lease = act("take a task", "POST", "/leases", None)
        assert isinstance(lease, dict)
        path = f"/leases/{lease['lease_id']}"
        act("open its words", "POST", f"{path}/words", None)
        act("look whether it is over", "GET", path, None)
        house.clock.advance(seconds=20)
        if number % 5 == 4:
            act("hand it back", "DELETE", path, None)
        else:
            act("hand in a judgement", "PUT", f"{path}/judgement", JUDGED)
    return took


def acting(client: TestClient, took: dict[str, Took]) -> Callable[[str, str, str, object], object]:
    """Does one act, and notes what it took."""

    def act(name: str, method: str, path: str, body: object) -> object:
        began, worked = time.perf_counter(), time.process_time()
        answer = client.request(method, DESK + path, json=body)
        took[name].wall.append(1000 * (time.perf_counter() - began))
        took[name].worked.append(1000 * (time.process_time() - worked))
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    return act


def worst_of_twenty(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    main()
