"""`python -m bench.desk`: how long each act at the reviewers' desk takes with 10,000 tasks open, over its API.

A house is made for it: 10,000 simulated requests of one person who allows review, kept in a real vault, all drawn. One reviewer
works through the API, twenty seconds a task by the house's clock: first alone, then while the household's side settles beside
them every twenty seconds, as its job does. Making the house takes some minutes; its figures are not among these.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from bench.page import machine, publish, table
from earwitness.domain.account import AccountRole, SignInWay
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.reviewed_kept import reviewed

DESK = "/api/v1/review"
MOST_MS = 100.0
REST_SECONDS = 20.0
JUDGED = {"transcript": "turn on the lamp", "intent": "HassTurnOn", "slots": {"name": "Lamp"}, "labels": []}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--worked", type=int, default=50, help="Tasks that the reviewer works on.")
    chosen = parser.parse_args()
    page = machine()
    with tempfile.TemporaryDirectory() as folder, kept_house(Path(folder)) as house:
        began = time.perf_counter()
        fill(house, chosen.tasks)
        made_seconds = time.perf_counter() - began
        began = time.perf_counter()
        house.review.settle()
        settled_seconds = time.perf_counter() - began
        waiting = len(house.review.desk.open_tasks())
        alone = work(house, chosen.worked)
        with settling(house) as rounds:
            beside = work(house, chosen.worked)
        rounds_seconds = statistics.median(rounds) if rounds else float("nan")
    rows = [
        [act, *(f"{said(found[act]):.0f}" for found in (alone, beside) for said in (statistics.median, worst_of_twenty, max))]
        for act in alone
    ]
    heads = ["act", "p50, ms", "p95", "max", "p50, while the house settles", "p95", "max"]
    lines = [
        page,
        f"{waiting:,} tasks open, {chosen.worked} of them worked on in each half; the house was made in {made_seconds:.0f} s.",
        f"The house's side settles {waiting:,} items in {rounds_seconds:.1f} s, the first time in {settled_seconds:.1f} s.",
        "",
        table(heads, rows),
    ]
    is_good = waiting >= chosen.tasks and all(
        worst_of_twenty(found[act]) <= MOST_MS for found in (alone, beside) for act in found
    )
    if chosen.tasks == 10_000:
        publish("desk", "\n".join(lines))
    else:
        print("\n".join(lines))
    raise SystemExit(0 if is_good else 1)


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


def work(house: KeptHouse, tasks: int) -> dict[str, list[float]]:
    """The milliseconds of each act of somebody who works on so many tasks."""
    rita = house.people.add(f"Rita {len(house.people.all())}", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    house.review.desk.passed(rita.alias)
    client = TestClient(house.app(), base_url="http://127.0.0.1:8765", headers={"x-earwitness-page": "1"})
    token = house.people.accounts.let_in(rita, way=SignInWay.PASSKEY).token
    client.cookies.set("earwitness-person", token, domain="127.0.0.1")
    took: dict[str, list[float]] = defaultdict(list)

    def act(name: str, method: str, path: str, body: object = None) -> object:
        began = time.perf_counter()
        answer = client.request(method, DESK + path, json=body)
        took[name].append(1000 * (time.perf_counter() - began))
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    for number in range(tasks):
        act("see how one stands", "GET", "")
        lease = act("take a task", "POST", "/leases")
        assert isinstance(lease, dict)
        path = f"/leases/{lease['lease_id']}"
        act("open its words", "POST", f"{path}/words")
        act("look whether it is over", "GET", path)
        house.clock.advance(seconds=20)
        if number % 5 == 4:
            act("hand it back", "DELETE", path)
        else:
            act("hand in a judgement", "PUT", f"{path}/judgement", JUDGED)
    return took


@contextmanager
def settling(house: KeptHouse) -> Iterator[list[float]]:
    """The household's job in a thread of its own, a round and then twenty seconds of rest; gives how long each took."""
    rounds: list[float] = []
    is_over = threading.Event()

    def run() -> None:
        while not is_over.is_set():
            began = time.perf_counter()
            house.review.settle()
            rounds.append(time.perf_counter() - began)
            is_over.wait(REST_SECONDS)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield rounds
    finally:
        is_over.set()
        thread.join()


def worst_of_twenty(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    main()
