"""The commands of a single turn: ask, speak a text, list the voices."""

import asyncio
import json
from pathlib import Path

import click
from rich.table import Table

from earwitness import build, terminal
from earwitness.cli.options import HOME, JSON, out
from earwitness.cli.signed_in import PASSPHRASE_VARIABLE, person_of
from earwitness.config import Settings
from earwitness.domain.audio import Pcm
from earwitness.domain.recording import Selection
from earwitness.speech.audio_file import read_audio, write_wav


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--text", help="A typed request instead of a recording.")
@click.option("--voice", help="Voice of the reply.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the spoken reply to this WAV file.")
@click.option(
    "--person", "name", help=f"Who asks: kept as that person consented. Needs the passphrase, or ${PASSPHRASE_VARIABLE}."
)
@click.option("--language", type=click.Choice(["en", "de", "fr", "es"]), help="Language of a typed request and its reply.")
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
    name: str | None,
    language: str | None,
    home_file: Path | None,
    as_json: bool,
) -> None:
    """Run one turn on FILE (WAV, FLAC or OGG, any rate), on --text, or on a sentence in FILE's place, and print it.

    Without --person a guest asks, of whom nothing is kept.
    """
    if file is not None and text is None and " " in str(file) and not file.exists():
        file, text = None, str(file)
    if (file is None) == (text is None):
        raise click.UsageError("Give either a FILE or --text.")
    if language is not None:
        settings = settings.model_copy(update={"language": language})
    with build.House(settings, home_file=home_file) as house:
        request: Pcm | str = text or ""
        if file is not None:
            request = read_audio(file, longest_seconds=settings.endpoint.longest_seconds)
        person_id = None if name is None else person_of(house, name).person_id
        turn, speech = asyncio.run(house.ask(request, voice=voice, is_silent=save is None, person_id=person_id))
        kept = "nothing" if person_id is None else _kept(house, person_id, turn.turn_id)
        if person_id is not None:
            house.upkeep.look()  # no server does it here: sweep what was deleted or expired
    if save is not None and speech:
        write_wav(save, Pcm(data=b"".join(part.data for part in speech), rate_hz=speech[0].rate_hz))
    if as_json:
        click.echo(json.dumps({"turn_id": turn.turn_id, **turn.as_json(), "kept": kept}, ensure_ascii=False))
    else:
        out.print(terminal.turn_table(turn, kept=kept))


def _kept(house: build.House, person_id: str, turn_id: str) -> str:
    """What is kept of a turn: "audio" (its words too), "text" or "nothing"."""
    found = house.rights.kept(person_id, Selection(turn_ids=(turn_id,)))
    return "nothing" if not found.recordings else "audio" if found.seconds else "text"


@click.command()
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


@click.command()
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
