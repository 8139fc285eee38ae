"""How long understanding takes in a small home and in one of 2,000 devices, and how long a new name takes to be known.

    EARWITNESS_DATA=... python -m bench.understanding_speed

Milliseconds of processor time, so that other work on the machine does not count. Beside it stands plain hassil (`recognize_best`)
with the same sentences, the same names and nothing filtered, in the same run. Each sentence is new to the grammar.
"""

import gc
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from hassil import recognize_best

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context
from earwitness.links.home_file import read_home
from earwitness.understand.dialog import Dialog
from earwitness.understand.grammar import Grammar
from earwitness.understand.names import slot_lists
from earwitness.understand.sentences import WINS, english

HOME: Final = Path(__file__).parent / "homes" / "home_assistant_tests.yaml"
SENTENCES: Final = Path("nlu") / "home_assistant_intents_2025.jsonl"
EVERY: Final = 5
"""Of the sentences, every fifth is taken; for plain hassil, every twentieth."""
_COLOURS: Final = ("north", "south", "blue", "old", "tall")
_KINDS: Final = (("lamp", "light"), ("plug", "switch"), ("blind", "cover"), ("fan", "fan"))


def large(home: Home, *, devices: int = 2000) -> Home:
    """The home with so many devices more, each with a name of its own."""
    rooms = [area.name for area in home.areas]
    added = []
    for number in range(devices):
        noun, domain = _KINDS[number % len(_KINDS)]
        name = f"{_COLOURS[number % len(_COLOURS)]} {number} {noun}"
        added.append(Device(device_id=f"more.{number}", name=name, domain=domain, area=rooms[number % len(rooms)], state="off"))
    return replace(home, devices=(*home.devices, *added))


def with_one_more(home: Home) -> Home:
    """The home with a device of a name that was never heard of."""
    zebra = Device(device_id="more.zebra", name="zebra", domain="light", area=home.areas[0].name, state="off")
    return replace(home, devices=(*home.devices, zebra))


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return (time.thread_time() - began) * 1000.0


def _told(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2]:6.2f} {ordered[int(len(ordered) * 0.95)]:6.1f}"


def _row(name: str, home: Home, rows: Sequence[dict[str, Any]]) -> str:
    made = _milliseconds(lambda: Grammar(home))
    learned = _milliseconds(lambda: Grammar(with_one_more(home)))
    grammar, dialog, lists = Grammar(home), Dialog(Grammar(home)), slot_lists(home)

    def ours(row: dict[str, Any]) -> object:
        return grammar.understand(row["text"], context=Context(area=(row["context"] or {}).get("area")))

    def whole(row: dict[str, Any]) -> object:
        return dialog.understand(row["text"], context=Context(area=(row["context"] or {}).get("area")))

    def plain(row: dict[str, Any]) -> object:
        return recognize_best(
            row["text"],
            english(),
            slot_lists=lists,
            intent_context={"area": "Kitchen"},
            best_metadata_key=WINS,
            best_slot_name="name",
        )

    few = rows[:: 20 // EVERY]
    told = [
        _told([_milliseconds(partial(act, row)) for row in those]) for act, those in ((ours, rows), (whole, rows), (plain, few))
    ]
    return f"{name:9} {len(home.devices):7}  {'  '.join(told)}  {made:8.0f}  {learned:8.0f}"


def main() -> None:
    file = Path(os.environ.get("EARWITNESS_DATA", "../shared/data")) / SENTENCES
    if not file.exists():
        raise SystemExit(f"{file} is not there; set EARWITNESS_DATA.")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()][::EVERY]
    home = read_home(HOME)
    Grammar(home)  # the sentences are made once a process
    gc.collect()
    gc.freeze()  # as the server does once it is ready
    print("                   templates      with dialog    plain hassil   a grammar  one more")
    print("home      devices  p50    p95     p50    p95     p50    p95     made, ms   name, ms")
    print(_row("small", home, rows))
    print(_row("large", large(home), rows))


if __name__ == "__main__":
    main()
