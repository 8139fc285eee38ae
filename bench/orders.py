"""`make bench-orders`: what a grammar that the home file gives does for the recogniser, beside the base model alone.

People order coffee (audio/coffee_orders.jsonl, which says what they ordered and not in which words); the grammar is
bench/homes/coffee.yaml, whose lists are those of the collection, and whose sentences were written with what the base model
hears in these orders in view: it is a grammar for this collection. Counted are slot phrases whose words are in what was heard.
Other people's speech is heard in the same home: none of it may become an order. The thresholds (speech/stt/choosing.py) were
chosen before there was this grammar, with twenty of these recordings among the speech that is no request of another home.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from bench.page import ROOT, data_folder, machine, publish, table
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Context
from earwitness.improve.metrics import Share, has_phrase, interval, percentile, rate
from earwitness.speech.audio_file import read_audio

HOME = ROOT / "bench" / "homes" / "coffee.yaml"
ORDERS = "audio/coffee_orders.jsonl"
OTHERS = ("audio/read_speech.jsonl", "audio/commands.jsonl", "audio/words.jsonl")
REQUEST = "OrderCoffee"
HEAD = ["recogniser", "orders", "slot phrases heard, %", "95 %", "orders with every phrase heard, %", "p50, ms", "p95, ms"]


def main() -> None:
    """Hear everything and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=200, help="recordings of each kind; the tables tell how many")
    chosen = parser.parse_args()
    intro, data = machine(), data_folder()
    with House(read_settings(), home_file=HOME, is_passing=True) as house:
        house.home_sentences.wait(120.0)
        base, ours = house.whisper, house.recogniser("cascade")
        orders = _items(data, ORDERS)[: chosen.most]
        for pcm in (orders[0][1], orders[1][1]):
            ours.transcribe(pcm)  # loads what it needs
        rows = [("base model", _Row()), ("ours", _Row())]
        for slots, pcm in _shown(orders, "orders"):
            for (_, row), recogniser in zip(rows, (base, ours), strict=True):
                began = time.perf_counter()
                text = recogniser.transcribe(pcm).text
                row.add(slots, text, took_ms=(time.perf_counter() - began) * 1000.0)
        others = [item for name in OTHERS for item in _items(data, name)[: chosen.most]]
        heard = [ours.transcribe(pcm).text for _, pcm in _shown(others, "other speech")]
        meant = [house.understander.understand(text, context=Context()).intent for text in heard]
    wrong = sum(intent is not None and intent.name == REQUEST for intent in meant)
    missed = [sum(share.whole - share.part for share in row.phrases) for _, row in rows]
    told = (
        f"{missed[0]:.0f} slot phrases were missed by the base model, {missed[1]:.0f} by ours. Of {len(others)} other recordings "
        f"heard in this home ({', '.join(OTHERS)}), {wrong} became an order."
    )
    publish("orders", "\n\n".join([intro, table(HEAD, [row.told(name) for name, row in rows]), told]))


class _Row:
    """What one recogniser made of the orders."""

    def __init__(self) -> None:
        self.phrases: list[Share] = []
        self._took_ms: list[float] = []

    def add(self, slots: dict[str, Any], text: str, *, took_ms: float) -> None:
        found = [has_phrase(str(value), transcript=text) for value in slots.values()]
        self.phrases.append(Share(part=sum(found), whole=len(found)))
        self._took_ms.append(took_ms)

    def told(self, name: str) -> list[str]:
        range_ = interval(self.phrases, rate)
        whole = sum(share.part == share.whole for share in self.phrases) / len(self.phrases)
        return [
            name,
            str(len(self.phrases)),
            f"{100 * (rate(self.phrases) or 0):.1f}",
            "" if range_ is None else f"{100 * range_[0]:.1f} - {100 * range_[1]:.1f}",
            f"{100 * whole:.1f}",
            f"{percentile(self._took_ms, 0.5):.0f}",
            f"{percentile(self._took_ms, 0.95):.0f}",
        ]


def _shown(items: Sequence[tuple[dict[str, Any], Pcm]], title: str) -> Any:
    return track(items, description=title, console=Console(stderr=True), transient=True)


def _items(data: Path, name: str) -> list[tuple[dict[str, Any], Pcm]]:
    lines = [json.loads(line) for line in (data / name).read_text(encoding="utf-8").splitlines()]
    return [(line.get("slots") or {}, read_audio(data / line["audio"], longest_seconds=60.0)) for line in lines]


if __name__ == "__main__":
    main()
