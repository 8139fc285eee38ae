"""`python -m bench.weighing`: what weighing the sentences of the home adds to one recognition, alone.

Each command is heard by Whisper as ever; the clock runs from the moment at which its first text is known until one is taken: the
search for sentences that sound alike, for what else may have been heard, and the weighing. Commands are people's and our voices',
as they are and in noise that is as loud as they are, or 5 dB softer, so that there is something to weigh. Milliseconds are of the
clock, and of all threads' processor time, in which other work on the machine does not count. Where a text is a sentence of the
home at once nothing is added, and the table says how often that was.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.progress import track

from bench.page import data_folder, machine, publish, table
from bench.recognition import AREA, HOME, Bench, Samples, items, mixed, pcm_of, spoken
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Context
from earwitness.improve.metrics import percentile

ABOUT_SECONDS = (2.0, 4.0)
"""How long a command of "3 seconds" is."""
HEAD = ["said", "commands", "at once", "weighed", "right", "clock p50, ms", "p95", "processor p50, ms", "p95"]


@dataclass(slots=True)
class _Row:
    count: int = 0
    right: int = 0
    clock_ms: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)

    def told(self, title: str) -> list[str]:
        times = [
            f"{percentile(each, share):.0f}" if each else "-"
            for each in (self.clock_ms, self.processor_ms)
            for share in (0.5, 0.95)
        ]
        weighed = len(self.clock_ms)
        return [title, str(self.count), str(self.count - weighed), str(weighed), str(self.right), *times]


CHANGES: dict[str, Callable[[Samples, int], Samples]] = {
    "voices": lambda sound, seed: sound,
    "voices, noise 5 dB": lambda sound, seed: _noisy(sound, seed, 5.0),
    "voices, noise 0 dB": lambda sound, seed: _noisy(sound, seed, 0.0),
}


def main() -> None:
    """Hear everything and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=8, help="voices")
    parser.add_argument("--print", action="store_true", dest="is_printed", help="publish nothing")
    chosen = parser.parse_args()
    intro, rows = machine(), dict[str, _Row]()
    with House(read_settings(), home_file=HOME, is_passing=True) as house:
        bench = Bench(house)
        people = list(items(data_folder(), "audio/commands.jsonl"))
        for _, pcm in people[:2]:
            bench.hear(pcm, Context(area=AREA))  # loads what it needs
        said = [("people", text, pcm) for text, pcm in people]
        for index, (text, sound) in enumerate(spoken(house, most=chosen.most)):
            said += [(title, text, pcm_of(change(sound, index))) for title, change in CHANGES.items()]
        for title, text, pcm in track(said, description="hearing", console=Console(stderr=True), transient=True):
            is_usual = ABOUT_SECONDS[0] <= pcm.seconds <= ABOUT_SECONDS[1]
            _hear(bench, rows, (title, "all of about 3 s") if is_usual else (title,), (text, pcm))
    text = f"{intro}\n\n{table(HEAD, [row.told(title) for title, row in rows.items()])}"
    if chosen.is_printed:
        print(text)
    else:
        publish("weighing", text)


def _hear(bench: Bench, rows: dict[str, _Row], titles: tuple[str, ...], said: tuple[str, Pcm]) -> None:
    here, (text, pcm) = Context(area=AREA), said
    _, ours = bench.hear(pcm, here)
    clock_ms, processor_ms = bench.last_added
    for title in titles:
        row = rows.setdefault(title, _Row())
        row.count += 1
        row.right += bench.means(ours)[0] == bench.means(text)[0]
        if clock_ms is not None and processor_ms is not None:
            row.clock_ms.append(clock_ms)
            row.processor_ms.append(processor_ms)


def _noisy(sound: Samples, seed: int, apart_db: float) -> Samples:
    """With a fan's noise, which falls by 6 dB an octave."""
    noise = np.cumsum(np.random.default_rng(seed).normal(0.0, 1.0, len(sound)))
    noise -= np.convolve(noise, np.ones(800) / 800, mode="same")
    return mixed(sound, noise.astype(np.float32), apart_db)


if __name__ == "__main__":
    main()
