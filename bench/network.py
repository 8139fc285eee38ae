"""The long trials of a bad network: a real server in one namespace, a page's client in another, bare and through WireGuard.

Prints a table, one row per trial; a trial that hangs, loses something in silence or does not recover in time is a row that says
so, and the exit status is 1. Needs the superuser, iproute2, and wireguard-tools with wireguard-go for the second half.
"""

import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from bench.page import machine, publish, table
from tests import far_trials as trials
from tests.far import Usage
from tests.far_trials import RECOVERS_IN_SECONDS, Trial
from tests.houses_kept import PASSPHRASE
from tests.namespaces import why_not
from tests.system.test_remote import missing

ROUNDS = 3
Row = list[str]


def main() -> None:
    reason = why_not()
    if reason:
        raise SystemExit(f"The trials cannot run here: {reason}.")
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # a connection that is cut is no news here
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, trials.trial(Path(folder)) as one:
        rows += tried(one, way="bare")
    if reason := missing():
        print(f"Not through the tunnel: {reason}.", file=sys.stderr)
    else:
        with tempfile.TemporaryDirectory() as folder, trials.trial_through_tunnel(Path(folder)) as one:
            rows += tried(one, way="tunnel")
    lines = [machine(), "", "Loss and delay are of each direction; seconds are the median and the worst.", ""]
    publish("network", "\n".join(lines) + table(["way", "trial", "result", "seconds", "is well"], rows))
    if not all(row[-1] == "yes" for row in rows):
        raise SystemExit(1)


def tried(one: Trial, *, way: str) -> list[Row]:
    """All trials over one way, a row each."""
    trials.typed(one, count=5)
    before = one.house.usage()
    rows = []

    def note(name: str, result: str, run: Callable[[], Sequence[float]], *, most_seconds: float) -> None:
        try:
            seconds = sorted(run())
        except (AssertionError, OSError, ConnectionClosed) as error:
            rows.append([way, name, type(error).__name__, "", "no"])
            return
        shown = f"{seconds[len(seconds) // 2]:.2f}, {seconds[-1]:.2f}"
        rows.append([way, name, result, shown, "yes" if seconds[-1] <= most_seconds else "no"])
        print(f"{way}: {name}: {shown}", file=sys.stderr, flush=True)

    note("typed, good network", "answered", lambda: trials.typed(one, count=20), most_seconds=2)
    with one.wire.being(loss=0.3):
        note("typed, 30 % loss", "answered", lambda: trials.typed(one, count=10), most_seconds=60)
        note("spoken, 30 % loss", "understood", lambda: trials.spoken(one, count=ROUNDS), most_seconds=30)
    with one.wire.being(delay_seconds=0.5):
        note("typed, 500 ms", "answered", lambda: trials.typed(one, count=5), most_seconds=10)
        note("spoken, 500 ms", "understood", lambda: trials.spoken(one, count=ROUNDS), most_seconds=10)
    cut = [trials.cut_short] * ROUNDS
    note("cut for 1 s in an utterance", "goes on", lambda: [go(one, seconds=1) for go in cut], most_seconds=RECOVERS_IN_SECONDS)
    note("cut for 8 s in an utterance", "new session", lambda: [trials.cut_long(one, seconds=8)[1] for _ in cut], most_seconds=5)
    note("reads nothing for 20 s", "others wait", lambda: [trials.read_slowly(one, seconds=20)[0]], most_seconds=5)
    note("all of them are gone", "nothing is left", lambda: [settled(one, before)], most_seconds=60)
    if way == "bare":
        note("2,000 sessions, one by one", "MB grown in the last 500", lambda: [grown(one)], most_seconds=20)
    note("restart in a reply", "new session", lambda: [restarted(one) for _ in cut], most_seconds=RECOVERS_IN_SECONDS)
    note(f"{len(one.wire.packets):,} packets read", "no plaintext", lambda: readable(one), most_seconds=0)
    return rows


def settled(one: Trial, before: Usage) -> float:
    """Seconds until the server holds no more than before."""
    began = time.monotonic()
    trials.usage_settles(one, before, seconds=120)
    return time.monotonic() - began


def grown(one: Trial) -> float:
    """Megabytes by which the server grew over the last quarter of very many sessions."""
    return max(0.0, trials.many(one, sessions=2000, last=500)[1])


def restarted(one: Trial) -> float:
    """Seconds until a new session has answered, of a server that ended its sessions as it should."""
    code, noticed, took = trials.restart_in_reply(one)
    assert code == 1012
    assert noticed < RECOVERS_IN_SECONDS
    return took


def readable(one: Trial) -> list[float]:
    """How many findings there are that somebody on the wire could read, of which there must be none."""
    found = trials.plaintext(one, words=(PASSPHRASE.encode(), b"bedroom light", b"timer", b"what time"))
    print(*found, sep="\n", file=sys.stderr)
    return [float(len(found))]


if __name__ == "__main__":
    main()
