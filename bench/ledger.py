"""`make bench-ledger`: a ledger of a million entries: how fast it appends durably, proves, publishes and verifies."""

import argparse
import math
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from rich.progress import Progress

from bench.page import machine, publish, table
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import Verifier, parse_verifier
from earwitness.ledger.proof import Proof
from earwitness.ledger.tree import HASH_BYTES
from earwitness.ledger.verify import verify_log
from earwitness.storage.database import Database

ENTRIES = 1_000_000
BATCH = 1000
SINGLE_SECONDS = 5.0
THREADS = 8
PROOFS = 2000
SEED = 12


def main() -> None:
    """Measure, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="how many; other than a million publishes nothing")
    parser.add_argument("--folder", type=Path, help="where to build it; without it, the folder for temporary files")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        header, rows = machine(), _measured(Path(folder), chosen.entries)
    words = f"{chosen.entries:,} entries like those of a listen; every append is on the disk before it returns."
    text = "\n".join([header, words, "", table(["what", "value", "goal"], rows)])
    if chosen.entries == ENTRIES:
        publish("ledger", text)
    else:
        print(text)


def _measured(folder: Path, count: int) -> list[list[str]]:
    ledger = Ledger(Database(folder / "ledger.db", chain="ledger"), key_file=folder / "ledger.key")
    log = parse_verifier(ledger.verifier)
    rows = [["durable appends, batches of 1,000, entries/s", f"{_batched(ledger, count):,.0f}", "1,000"]]
    rows += [
        [
            f"durable appends, one by one from {threads} thread{'s' * (threads > 1)}, entries/s",
            f"{_single(ledger, threads):,.0f}",
            "",
        ]
        for threads in (1, THREADS)
    ]
    rows += _proofs(ledger, log)
    rows.append(["the database, bytes per entry", f"{_bytes_in(folder) / ledger.size():,.0f}", ""])
    published, seconds = folder / "published", _bar("Publishing")
    rows.append(["publish the whole ledger, s", f"{seconds(lambda tell: ledger.publish(published, tell=tell)):.1f}", ""])
    seconds = _bar("Verifying")
    rows.append(
        ["verify the whole published ledger, s", f"{seconds(lambda tell: verify_log(published, log=log, tell=tell)):.1f}", ""]
    )
    rows.append(["open it, ms", f"{_opening(folder):.0f}", ""])
    ledger.close()
    return rows


def _fact(chance: Random) -> dict[str, object]:
    """An entry as a listen by a reviewer makes it."""
    return {
        "v": 1,
        "kind": "read.opened",
        "read": f"{chance.getrandbits(128):032x}",
        "recording": f"{chance.getrandbits(128):032x}",
        "recordings": 1,
        "medium": "audio",
        "purpose": "review",
        "role": "reviewer",
        "by": "calm-otter-1234",
        "at": "2026-03-01T12:00:00+00:00",
    }


# Appending


def _batched(ledger: Ledger, count: int) -> float:
    """Entries per second until `count` are there."""
    chance, seconds = Random(SEED), 0.0
    with Progress(transient=True) as bar:
        task = bar.add_task("Appending", total=count)
        while ledger.size() < count:
            facts = [_fact(chance) for _ in range(min(BATCH, count - ledger.size()))]
            began = time.perf_counter()
            ledger.append(facts)
            seconds += time.perf_counter() - began
            bar.advance(task, len(facts))
    return count / seconds


def _single(ledger: Ledger, threads: int) -> float:
    """Entries per second when each append has one, from several threads at once."""
    ends = time.perf_counter() + SINGLE_SECONDS
    gate = threading.Barrier(threads)

    def append(seed: int) -> int:
        chance, done = Random(seed), 0
        gate.wait()
        while time.perf_counter() < ends:
            ledger.append([_fact(chance)])
            done += 1
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as workers:
        total = sum(workers.map(append, range(threads)))
    return total / (time.perf_counter() - began)


# Proving


def _proofs(ledger: Ledger, log: Verifier) -> list[list[str]]:
    chance, size = Random(SEED), ledger.size()
    making: list[float] = []
    checking: list[float] = []
    made: list[Proof] = []
    for _ in range(PROOFS):
        position = chance.randrange(size)
        began = time.perf_counter()
        proof = ledger.proof(position)
        between = time.perf_counter()
        proof.check(log)
        making.append(between - began)
        checking.append(time.perf_counter() - between)
        made.append(proof)
    most, depth = max(len(proof.hashes) for proof in made), math.ceil(math.log2(size))
    if most > depth:
        raise SystemExit(f"A proof has {most} hashes; a tree of {size} entries has at most {depth}.")
    longest = max(len(proof.text()) for proof in made)
    return [
        ["an inclusion proof, median, ms", f"{statistics.median(making) * 1e3:.2f}", ""],
        ["an inclusion proof, 95th percentile, ms", f"{_percentile(making) * 1e3:.2f}", "5"],
        ["its verification, median, ms", f"{statistics.median(checking) * 1e3:.2f}", ""],
        ["its verification, 95th percentile, ms", f"{_percentile(checking) * 1e3:.2f}", "1"],
        [f"its hashes, at most; ceil(log2 {size:,}) is {depth}", str(most), str(depth)],
        ["its hashes, bytes at most", str(most * HASH_BYTES), str(depth * HASH_BYTES)],
        ["the whole proof with entry and checkpoint as text, bytes at most", f"{longest:,}", ""],
    ]


def _percentile(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


# The whole


def _bar(title: str) -> Callable[[Callable[[Callable[[int, int], None]], object]], float]:
    """Times work that tells its progress, in seconds."""

    def timed(work: Callable[[Callable[[int, int], None]], object]) -> float:
        with Progress(transient=True) as bar:
            task = bar.add_task(title, total=None)
            began = time.perf_counter()
            work(lambda done, total: bar.update(task, completed=done, total=total))
            return time.perf_counter() - began

    return timed


def _opening(folder: Path) -> float:
    began = time.perf_counter()
    Ledger(Database(folder / "ledger.db", chain="ledger"), key_file=folder / "ledger.key").close()
    return (time.perf_counter() - began) * 1e3


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("ledger.db*"))


if __name__ == "__main__":
    main()
