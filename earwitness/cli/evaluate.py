"""The commands that measure the assistant on recordings or sentences of one's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from earwitness import build
from earwitness.cli.options import HOME, JSON, out, progress
from earwitness.config import Settings
from earwitness.improve import evaluate as evaluation


@click.group()
def evaluate() -> None:
    """Measure recognition, understanding or wake words on a manifest of your own."""


def _evaluate(title: str, work: Callable[[Callable[[int, int], None]], Any], *, as_json: bool) -> None:
    with progress(title) as bar:
        task = bar.add_task(title, total=None)
        result = work(lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        out.print(result.table())


SENTENCES_SECONDS = 120.0
"""How long what can be said in the home may take to be known, before anything is measured."""
MANIFEST = click.argument("manifest", type=click.Path(path_type=Path))
ITEMS = click.option("--items", is_flag=True, help="Include every item with what was heard and understood.")


@evaluate.command(name="speech")
@MANIFEST
@HOME
@ITEMS
@JSON
@click.option("--engine", help="Recogniser to use instead of the one in the settings.")
@click.pass_obj
def evaluate_speech(
    settings: Settings, manifest: Path, *, home_file: Path | None, items: bool, as_json: bool, engine: str | None
) -> None:
    """Word error rate, sentence accuracy, intents, slots and speed over recordings."""
    with build.House(settings, home_file=home_file) as house:
        recogniser = house.recogniser(engine or settings.speech.recogniser)
        house.home_sentences.wait(SENTENCES_SECONDS)

        def work(tell: Callable[[int, int], None]) -> Any:
            return evaluation.evaluate_speech(
                manifest,
                recogniser,
                understander=house.understander,
                context=house.context,
                on_progress=tell,
                with_items=items,
            )

        _evaluate("Recognising", work, as_json=as_json)


@evaluate.command(name="text")
@MANIFEST
@HOME
@ITEMS
@JSON
@click.pass_obj
def evaluate_text(settings: Settings, manifest: Path, *, home_file: Path | None, items: bool, as_json: bool) -> None:
    """Intent accuracy, slot F1 and command success over sentences, as typed; what they would be as speech is told beside."""
    with build.House(settings, home_file=home_file) as house:

        def work(tell: Callable[[int, int], None]) -> Any:
            return evaluation.evaluate_text(
                manifest, house.understander, context=house.context, on_progress=tell, with_items=items
            )

        _evaluate("Understanding", work, as_json=as_json)


@evaluate.command(name="wake")
@MANIFEST
@ITEMS
@JSON
@HOME
@click.option("--negatives", multiple=True, type=click.Path(path_type=Path), help="Manifests without the wake word.")
@click.option("--sensitivity", type=click.FloatRange(0.0, 1.0), help="Instead of the one in the settings.")
@click.pass_obj
def evaluate_wake(
    settings: Settings,
    manifest: Path,
    *,
    negatives: tuple[Path, ...],
    sensitivity: float | None,
    home_file: Path | None,
    items: bool,
    as_json: bool,
) -> None:
    """False rejects on recordings of a wake word, false accepts per hour on everything else."""
    with build.House(settings, home_file=home_file) as house:

        def work(tell: Callable[[int, int], None]) -> Any:
            return evaluation.evaluate_wake(
                manifest,
                lambda words: house.wake_detector(words, sensitivity=sensitivity),
                negatives=negatives,
                default_words=settings.wake.words,
                on_progress=tell,
                with_items=items,
            )

        _evaluate("Listening", work, as_json=as_json)
