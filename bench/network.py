"""The long trials of a bad network: a real server in one namespace, a page's client and a real satellite in another, bare and
through WireGuard.

Prints a table, one row per trial; a trial that hangs, loses something in silence or does not recover in time is a row that says
so, and the exit status is 1. Needs the superuser, iproute2, PulseAudio for the satellite, and wireguard-tools with wireguard-go
for the second half.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from websockets.exceptions import ConnectionClosed

from bench.page import machine, publish, table
from tests import far_satellites as satellites
from tests import far_trials as trials
from tests.far import Usage
from tests.far_satellites import FarSatellite, missing_sound
from tests.far_trials import RECOVERS_IN_SECONDS, Trial
from tests.houses_kept import PASSPHRASE
from tests.namespaces import why_not
from tests.system.test_remote import missing

ROUNDS = 3
COMMANDS = 10
Row = list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description="The long trials of a bad network.")
    parser.add_argument(
        "--far",
        action="store_true",
        help="only a satellite through the tunnel, a second there and back, five times; published nowhere",
    )
    if parser.parse_args().far:
        tried_far()
        return
    reason = why_not()
    if reason:
        raise SystemExit(f"The trials cannot run here: {reason}.")
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # a connection that is cut is no news here
    head, notes = machine(), Notes()
    with TemporaryDirectory() as folder, trials.trial(Path(folder)) as one:
        notes.way = "bare"
        tried(one, notes=notes)
        tried_satellite(one, Path(folder) / "satellite", notes=notes)
        note_wire(one, notes=notes)
    if reason := missing():
        print(f"Not through the tunnel: {reason}.", file=sys.stderr)
    else:
        with (
            TemporaryDirectory() as folder,
            trials.trial(Path(folder), has_tunnel=True) as one,
            trials.through_tunnel(one) as away,
        ):
            notes.way = "tunnel"
            tried(away, notes=notes)
            tried_satellite(away, Path(folder) / "satellite", notes=notes)
            note_wire(away, notes=notes)
    lines = [
        head,
        "",
        "Loss and delay are of each direction; figures are the median and the worst, in seconds if nothing else is said.",
        "",
    ]
    publish("network", "\n".join(lines) + table(["way", "trial", "result", "measured", "bound", "is well"], notes.rows))
    if not all(row[-1] == "yes" for row in notes.rows):
        raise SystemExit(1)


def tried_far() -> None:
    """What is above its bound in the table, by itself: commands of a satellite right after the way became a second long."""
    if reason := why_not() or missing() or missing_sound():
        raise SystemExit(f"The trial cannot run here: {reason}.")
    print(machine())
    with (
        TemporaryDirectory() as folder,
        trials.trial(Path(folder), has_tunnel=True) as one,
        trials.through_tunnel(one) as away,
        satellites.satellite(away, Path(folder) / "satellite") as it,
    ):
        satellites.commanded(it, count=1)
        for _ in range(5):
            with away.wire.being(delay_seconds=0.5):
                print("500 ms:", *(f"{seconds:.2f}" for seconds in satellites.commanded(it, count=ROUNDS)), flush=True)
            print("good network:", *(f"{seconds:.2f}" for seconds in satellites.commanded(it, count=1)), flush=True)


@dataclass
class Notes:
    """The rows of the table."""

    way: str = ""
    rows: list[Row] = field(default_factory=list)

    def note(self, name: str, result: str, run: Callable[[], Sequence[float]], *, most: float) -> None:
        """Run a trial and note the median and the worst of its figures, none of which may be above `most`."""
        try:
            figures = sorted(run())
        except (AssertionError, OSError, ConnectionClosed) as error:
            print(f"{self.way}: {name}: {error!r}", file=sys.stderr, flush=True)
            self.rows.append([self.way, name, type(error).__name__, "", f"{most:g}", "no"])
            return
        shown = f"{figures[len(figures) // 2]:.2f}, {figures[-1]:.2f}"
        self.rows.append([self.way, name, result, shown, f"{most:g}", "yes" if figures[-1] <= most else "no"])
        print(f"{self.way}: {name}: {shown}", file=sys.stderr, flush=True)


def tried(one: Trial, *, notes: Notes) -> None:
    """The trials of a page over one way."""
    trials.typed(one, count=5)
    before = one.house.usage()
    note = notes.note
    note("typed, good network", "answered", lambda: trials.typed(one, count=20), most=2)
    with one.wire.being(loss=0.3):
        note("typed, 30 % loss", "answered", lambda: trials.typed(one, count=20), most=RECOVERS_IN_SECONDS)
        note("spoken, 30 % loss", "understood", lambda: trials.spoken(one, count=ROUNDS), most=RECOVERS_IN_SECONDS)
        with one.elsewhere.congestion("reno"):
            note("typed, 30 % loss, page on reno", "answered", lambda: trials.typed(one, count=10), most=RECOVERS_IN_SECONDS)
            note("spoken, 30 % loss, page on reno", "understood", lambda: trials.spoken(one, count=1), most=RECOVERS_IN_SECONDS)
    with one.wire.being(delay_seconds=0.5):
        note("typed, 500 ms", "answered", lambda: trials.typed(one, count=5), most=10)
        note("spoken, 500 ms", "understood", lambda: trials.spoken(one, count=ROUNDS), most=10)
    cut = [trials.cut_short] * ROUNDS
    note("cut for 1 s in an utterance", "goes on", lambda: [go(one, seconds=1) for go in cut], most=RECOVERS_IN_SECONDS)
    note("cut for 8 s in an utterance", "new session", lambda: [trials.cut_long(one, seconds=8)[1] for _ in cut], most=5)
    note("reads nothing for 20 s", "others wait", lambda: [trials.read_slowly(one, seconds=20)[0]], most=5)
    note("network gone without a word", "is missed", lambda: [trials.missed(one, is_cut=True)], most=20)
    note("stands still without a word", "is missed", lambda: [trials.missed(one, is_cut=False)], most=20)
    note("all of them are gone", "nothing is left", lambda: [settled(one, before)], most=20)
    if notes.way == "bare":
        note("1,000 sessions, one by one", "MB grown in the last 200", lambda: [grown(one)], most=20)
    note("restart in a reply", "new session", lambda: [restarted(one) for _ in cut], most=RECOVERS_IN_SECONDS)


def tried_satellite(one: Trial, folder: Path, *, notes: Notes) -> None:
    """The trials of a satellite over one way."""
    if reason := missing_sound():
        print(f"No satellite: {reason}.", file=sys.stderr)
        return
    stranger = one.wire.place("stranger")
    with satellites.satellite(one, folder) as it:
        note_satellite(it, notes=notes)
        notes.note(
            "a satellite that is taken out", "refused, logged", lambda: [timed(lambda: satellites.revoked(it, stranger))], most=20
        )
    again = partial(satellites.replayed, one, stranger, folder=folder / "stranger")
    notes.note("a pairing code used again", "refused, logged", lambda: [timed(again)], most=20)


def note_satellite(it: FarSatellite, *, notes: Notes) -> None:
    """From its wake word to its reply, and back from each kind of trouble."""
    satellites.commanded(it, count=1)
    before, note, rounds = it.usage(), notes.note, range(ROUNDS)
    wire = it.one.wire
    note("satellite, good network", "answered", lambda: satellites.commanded(it, count=ROUNDS), most=2)
    with wire.being(loss=0.3):
        note("satellite, 30 % loss", "answered", lambda: satellites.commanded(it, count=COMMANDS), most=RECOVERS_IN_SECONDS)
    note(f"of {COMMANDS} satellite commands at 30 % loss", "misheard", lambda: [float(it.misheard)], most=0)
    with wire.being(delay_seconds=0.5):
        note("satellite, 500 ms", "answered", lambda: satellites.commanded(it, count=ROUNDS), most=RECOVERS_IN_SECONDS)
    note("satellite cut for 1 s in a word", "goes on", lambda: [satellites.cut_short(it, seconds=1) for _ in rounds], most=5)
    note("satellite cut for 2.5 s in a word", "goes on", lambda: [satellites.cut_short(it, seconds=2.5) for _ in rounds], most=5)
    note(
        "satellite cut for 10 s in a word",
        "says so, is back",
        lambda: [satellites.cut_long(it, seconds=10) for _ in rounds],
        most=5,
    )
    stood = satellites.reads_nothing
    note("satellite stands still for 20 s", "a page waits, it is back", lambda: stood(it, seconds=20), most=5)
    note("server restarts in its reply", "says so, is back", lambda: [satellites.restart_in_reply(it) for _ in rounds], most=5)
    note("satellite after all that", "nothing is left", lambda: [timed(lambda: satellites.leaves_nothing(it, before))], most=20)


def note_wire(one: Trial, *, notes: Notes) -> None:
    """What somebody on the wire could read of all that."""
    notes.note(f"{len(one.wire.packets):,} packets read", "no plaintext", lambda: readable(one), most=0)


def timed(run: Callable[[], object]) -> float:
    """How many seconds it takes."""
    began = time.monotonic()
    run()
    return time.monotonic() - began


def settled(one: Trial, before: Usage) -> float:
    """Seconds until the server holds no more than before."""
    began = time.monotonic()
    trials.usage_settles(one, before, seconds=120)
    return time.monotonic() - began


def grown(one: Trial) -> float:
    """Megabytes by which the server grew over the last fifth of very many sessions."""
    return max(0.0, trials.many(one, sessions=1000, last=200)[1])


def restarted(one: Trial) -> float:
    """Seconds until a new session has answered, of a server that ended its sessions as it should."""
    code, noticed, took = trials.restart_in_reply(one)
    assert code == 1012
    assert noticed < RECOVERS_IN_SECONDS
    return took


def readable(one: Trial) -> list[float]:
    """How many findings there are that somebody on the wire could read, of which there must be none."""
    found = trials.plaintext(one, words=(PASSPHRASE.encode(), b"timer", b"what time", *satellites.WORDS))
    print(*found, sep="\n", file=sys.stderr)
    return [float(len(found))]


if __name__ == "__main__":
    main()
