"""`make bench-accuracy`: everything that `earwitness evaluate` prints, over the evaluation data, with the default settings."""

import argparse
from collections.abc import Callable

from rich.console import Console
from rich.progress import Progress

from bench.page import ROOT, data_folder, machine, publish, table
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.intent import Context
from earwitness.improve.evaluate import evaluate_speech, evaluate_text, evaluate_wake
from earwitness.improve.results import Result
from earwitness.speech.wake.micro import WAKE_WORDS

HOMES = ROOT / "bench" / "homes"
SPEECH = {
    "audio/commands.jsonl": "commands.yaml",
    "audio/coffee_orders.jsonl": None,
    "audio/words.jsonl": None,
    "audio/read_speech.jsonl": None,
}
"""Recordings, and the home in which they are understood (None is the demonstration home)."""
TEXT = {
    "nlu/home_assistant_intents_2025.jsonl": "home_assistant_tests.yaml",
    "nlu/clinc150_train_val.jsonl": None,
    "nlu/slurp_devel.jsonl": None,
}
POSITIVES = "audio/wake_alexa.jsonl"
NEGATIVES = ("audio/words.jsonl", "audio/read_speech.jsonl")
AREA = "Living Room"

Progressing = Callable[[int, int], None]


def main() -> None:
    """Run every evaluation and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", help="recogniser to use instead of the default, and publish nothing")
    parser.add_argument("--only", choices=("speech", "text", "wake"), help="run only these, and publish nothing")
    chosen = parser.parse_args()
    parts = [machine()]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        if chosen.only in (None, "speech"):
            parts += [_speech(name, home, engine=chosen.engine, bar=bar) for name, home in SPEECH.items()]
        if chosen.only in (None, "text"):
            parts += [_text(name, home, bar=bar) for name, home in TEXT.items()]
        if chosen.only in (None, "wake"):
            parts += [_heard(bar), _false_accepts(bar)]
    text = "\n\n".join(parts)
    if chosen.only or chosen.engine:
        print(text)
    else:
        publish("accuracy", text)


def _house(home: str | None) -> House:
    return House(read_settings(), home_file=HOMES / home if home else None, is_passing=True)


def _progress(bar: Progress, name: str) -> Progressing:
    task = bar.add_task(name, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def _speech(name: str, home: str | None, *, engine: str | None, bar: Progress) -> str:
    with _house(home) as house:
        recogniser = house.recogniser(engine or house.settings.speech.recogniser)
        house.home_sentences.wait(120.0)
        result = evaluate_speech(
            data_folder() / name,
            recogniser,
            understander=house.understander,
            context=Context(area=AREA),
            on_progress=_progress(bar, name),
        )
    return _shown(f"Recognition by {result.engine}, {_home(home)}", result)


def _text(name: str, home: str | None, *, bar: Progress) -> str:
    with _house(home) as house:
        result = evaluate_text(data_folder() / name, house.understander, context=Context(), on_progress=_progress(bar, name))
    return _shown(f"Understanding, {_home(home)}", result)


def _heard(bar: Progress) -> str:
    with _house(None) as house:
        result = evaluate_wake(
            data_folder() / POSITIVES,
            house.wake_detector,
            negatives=[data_folder() / name for name in NEGATIVES],
            on_progress=_progress(bar, POSITIVES),
        )
    return _shown(f"Wake word {', '.join(result.words)}", result)


def _false_accepts(bar: Progress) -> str:
    first, *others = (data_folder() / name for name in NEGATIVES)
    with _house(None) as house:
        result = evaluate_wake(
            first,
            house.wake_detector,
            negatives=others,
            default_words=WAKE_WORDS,
            on_progress=_progress(bar, "all wake words"),
        )
    return _shown(f"Wake words that nobody said: {', '.join(result.words)}", result)


def _home(home: str | None) -> str:
    return f"home {home}" if home else "the demonstration home"


def _shown(title: str, result: Result) -> str:
    rows = [list(row) for row in result.rows()]
    lines = [f"**{title}**: {result.title}", "", table(["measure", "value", "95 % interval"], rows)]
    return "\n".join([*lines, *(f"\n{note}" for note in result.notes)])


if __name__ == "__main__":
    main()
