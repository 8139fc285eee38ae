"""`python -m bench.recognisers`: every recogniser that the settings can choose, on the same recordings in one run.

Commands are people's (audio/commands.jsonl, in their home); read speech and single words are of the other collections, the first
of one shuffle. A recogniser over Wyoming is another program's: it is as large, right and fast as that. Processor seconds are all
threads' for a second of sound, so that other work on the machine does not count; the cascade's are of commands and of other
speech apart, for it works more on what is no sentence of the home. `--most` bounds the recordings of each other collection.
"""

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from bench.page import data_folder, machine, publish, table
from bench.recognition import AREA, HOME, items
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Context
from earwitness.improve.metrics import percentile, rate, rate_of, word_error_share
from earwitness.speech.models import ModelStore

PARTS = {"moonshine": ("moonshine-tiny",), "whisper": ("whisper-base",), "cascade": ("moonshine-tiny", "whisper-base")}
OTHERS = {"read speech": "audio/read_speech.jsonl", "single words": "audio/words.jsonl"}
HEAD = ["recogniser", "files, MB", "commands right, %", "their word errors, %"]
HEAD += [f"word errors of {title}, %" for title in OTHERS]
HEAD += ["a command, p50 ms", "p95 ms", "processor s for 1 s: commands", "other speech"]


def main() -> None:
    """Hear everything with each, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=40, help="recordings of each other collection")
    parser.add_argument("--print", action="store_true", dest="is_printed", help="publish nothing")
    chosen = parser.parse_args()
    intro, data = machine(), data_folder()
    commands = list(items(data, "audio/commands.jsonl"))
    others = {title: _some(data, name, most=chosen.most) for title, name in OTHERS.items()}
    with House(read_settings(), home_file=HOME, is_passing=True) as house:
        house.home_sentences.wait(120.0)
        lines = [_line(house, engine, commands, others) for engine in PARTS]
    counts = ", ".join(f"{len(some)} of {title}" for title, some in others.items())
    text = f"{intro}\n\n{len(commands)} commands, {counts}.\n\n{table(HEAD, lines)}"
    if chosen.is_printed:
        print(text)
    else:
        publish("recognisers", text)


Said = Sequence[tuple[str, Pcm]]


def _line(house: House, engine: str, commands: Said, others: dict[str, list[tuple[str, Pcm]]]) -> list[str]:
    recogniser, here = house.recogniser(engine), Context(area=AREA)
    recogniser.transcribe(commands[0][1], context=here)  # loads what it needs

    def hear(said: Said) -> tuple[list[str], list[float], float]:
        """The texts, the milliseconds of each, and the processor seconds for a second of sound."""
        texts, waits, used = [], [], time.process_time()
        for _, pcm in track(said, description=engine, console=Console(stderr=True), transient=True):
            began = time.perf_counter()
            texts.append(recogniser.transcribe(pcm, hints=house.understander.hints(), context=here).text)
            waits.append((time.perf_counter() - began) * 1000.0)
        return texts, waits, (time.process_time() - used) / sum(pcm.seconds for _, pcm in said)

    def errors(said: Said, texts: Sequence[str]) -> str:
        shares = [word_error_share(true, heard) for (true, _), heard in zip(said, texts, strict=True)]
        return f"{100 * (rate(shares) or 0):.1f}"

    def means(text: str) -> object:
        return house.understander.understand(text, context=here).intent

    texts, waits, share = hear(commands)
    right = [means(heard) == means(true) for (true, _), heard in zip(commands, texts, strict=True)]
    heard = {title: hear(said) for title, said in others.items()}
    seconds = {title: sum(pcm.seconds for _, pcm in said) for title, said in others.items()}
    other_share = sum(heard[title][2] * seconds[title] for title in others) / sum(seconds.values())
    return [
        engine,
        f"{_bytes(house.store, PARTS[engine]) / 1e6:.0f}",
        f"{100 * (rate_of(right) or 0):.0f}",
        errors(commands, texts),
        *(errors(said, heard[title][0]) for title, said in others.items()),
        f"{percentile(waits, 0.5):.0f}",
        f"{percentile(waits, 0.95):.0f}",
        f"{share:.2f}",
        f"{other_share:.2f}",
    ]


def _bytes(store: ModelStore, folders: Sequence[str]) -> int:
    return sum(file.stat().st_size for name in folders for file in store.folder(name).iterdir())


def _some(data: Path, name: str, *, most: int) -> list[tuple[str, Pcm]]:
    found = list(items(data, name))
    random.Random(2).shuffle(found)
    return found[:most]


if __name__ == "__main__":
    main()
