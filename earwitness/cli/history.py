"""The commands about what is kept of a person: history, who listened, receipts, export, erase."""

import json
import shutil
import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from earwitness import terminal
from earwitness.cli.options import JSON, out, progress
from earwitness.cli.signed_in import PERSON, signed_in
from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import VaultError
from earwitness.domain.recording import Erasure, Read, Recording, Selection
from earwitness.rights.export import export as export_of
from earwitness.rights.rights import EVERYTHING
from earwitness.speech.audio_file import wav_header
from earwitness.storage.durable import write_whole

TURN = click.argument("turn_id")
DAY = click.DateTime(["%Y-%m-%d"])


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--search", default="", help="Only turns with all of these words.")
@click.option("--day", type=DAY, help="Only turns of this day.")
@click.option("--before", type=int, help="Go on where the last page ended.")
@PERSON
@JSON
@click.pass_context
def history(
    context: click.Context, *, limit: int, search: str, day: datetime | None, before: int | None, name: str | None, as_json: bool
) -> None:
    """What is kept of what you said. Without a command: list it, newest first."""
    context.meta["person"] = name
    if context.invoked_subcommand is not None:
        return
    selection = _day(day.date()) if day else EVERYTHING
    with signed_in(context.obj, name) as (house, person):
        page = house.rights.history(person.person_id, limit=limit, before=before, search=search, selection=selection)
    if as_json:
        rows = [recording.as_json() for recording in page.recordings]
        click.echo(json.dumps({"turns": rows, "next_before": page.next_before}, ensure_ascii=False))
        return
    table = Table("when", "id", "heard", "reply", "sound", "listens", "expires", box=None)
    for recording in page.recordings:
        table.add_row(*_row(recording))
    out.print(table if page.recordings else "Nothing is kept" + (" that matches." if search or day else "."))
    if page.next_before is not None:
        out.print(f"There is more: --before {page.next_before}")


@history.command()
@TURN
@JSON
@click.pass_context
def show(context: click.Context, turn_id: str, *, as_json: bool) -> None:
    """Show one turn: heard, understood, done, how long each stage took, who listened, when it expires."""
    with _person(context) as (house, person):
        recording = house.rights.recording(person.person_id, turn_id)
        reads = house.rights.reads(person.person_id, turn_id=turn_id)
    if as_json:
        click.echo(json.dumps(recording.as_json() | {"reads": [read.as_json() for read in reads]}, ensure_ascii=False))
        return
    out.print(terminal.turn_table(recording.turn))
    if recording.corrected_at is not None:
        out.print(Text(f"corrected {_when(recording.corrected_at)}; what was heard: {recording.heard}"))
    out.print(f"kept until {_when(recording.expires_at)}" + (", restricted" if recording.is_restricted else ""))
    out.print(_reads_table(reads))


@history.command()
@TURN
@click.option("--save", type=click.Path(path_type=Path), help="Write the sound to this WAV file instead of playing it.")
@click.pass_context
def play(context: click.Context, turn_id: str, *, save: Path | None) -> None:
    """Play one turn's sound; that is on record like every listen."""
    with _person(context) as (house, person), house.rights.play(person.person_id, turn_id) as audio:
        data = b"".join(audio)
    wav = wav_header(len(data), rate_hz=RATE_HZ) + data
    if save is not None:
        write_whole(save, [wav], mode=0o600)
        out.print(f"{save}: {len(data) / 2 / RATE_HZ:.2f} s")
        return
    _play(wav)


@history.command()
@TURN
@click.argument("transcript")
@click.pass_context
def correct(context: click.Context, turn_id: str, transcript: str) -> None:
    """Put your own words in place of what was heard."""
    with _person(context) as (house, person):
        recording = house.rights.correct(person.person_id, turn_id, transcript=transcript)
    out.print(Text(f"Corrected: {recording.turn.transcript}"))


@history.command()
@TURN
@click.option("--allow", is_flag=True, help="Allow its use again.")
@click.pass_context
def restrict(context: click.Context, turn_id: str, *, allow: bool) -> None:
    """Restrict the use of one turn: kept, but opened by nobody but you."""
    with _person(context) as (house, person):
        house.rights.restrict(person.person_id, turn_id=turn_id, is_restricted=not allow)
    out.print("Its use is allowed again." if allow else "Restricted.")


@history.command()
@click.argument("turn_ids", nargs=-1)
@click.option("--day", type=DAY, help="Everything of this day.")
@click.option("--since", type=click.DateTime(), help="Everything since then.")
@click.option("--until", type=click.DateTime(), help="Everything until then.")
@click.option("--everything", is_flag=True, help="Everything that you ever said.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--receipt", type=click.Path(path_type=Path), help="Write the receipt to this file.")
@click.pass_context
def delete(
    context: click.Context,
    turn_ids: tuple[str, ...],
    *,
    day: datetime | None,
    since: datetime | None,
    until: datetime | None,
    everything: bool,
    yes: bool,
    receipt: Path | None,
) -> None:
    """Delete turns by id, of a day, of a range, or everything: gone for good when this returns."""
    if sum((bool(turn_ids), day is not None, bool(since or until), everything)) != 1:
        raise click.UsageError("Say what: ids, --day, --since/--until or --everything.")
    selection = Selection(turn_ids=turn_ids, since=_local(since), until=_local(until), is_all=everything)
    selection = _day(day.date()) if day else selection
    with _person(context) as (house, person):
        count = house.rights.kept(person.person_id, selection).recordings
        if count and not yes:
            click.confirm(f"Delete {count} turns for good?", abort=True)
        erasure = house.rights.erase_said(person.person_id, selection)
        _sweep(house)
        _hand_over(house, erasure, receipt)


@click.command()
@click.option("--all", "with_own", is_flag=True, help="Your own reads too.")
@click.option("--proof", "read_id", help="Write the proof of this read.")
@click.option("--save", type=click.Path(path_type=Path), help="File for the proof; without it, the terminal.")
@PERSON
@JSON
@click.pass_context
def listens(
    context: click.Context, *, with_own: bool, read_id: str | None, save: Path | None, name: str | None, as_json: bool
) -> None:
    """Who opened your recordings: when, as whom, why, how many seconds, with what result."""
    context.meta["person"] = name
    with _person(context) as (house, person):
        if read_id is not None:
            _write_json(house.ledger.proof(house.rights.read(person.person_id, read_id).opened_position).as_json(), save)
            return
        found = house.rights.reads(person.person_id, limit=1000) if with_own else house.rights.listens(person.person_id)
        house.rights.see_listens(person.person_id)
    if as_json:
        click.echo(json.dumps([read.as_json() for read in found]))
    elif found:
        out.print(_reads_table(found))
    else:
        out.print("Nobody opened your recordings." if with_own else "Nobody but you opened your recordings.")


@click.command()
@click.argument("erasure_id", required=False)
@click.option("--save", type=click.Path(path_type=Path), help="File for the receipt; without it, the terminal.")
@PERSON
@JSON
@click.pass_context
def receipts(context: click.Context, erasure_id: str | None, *, save: Path | None, name: str | None, as_json: bool) -> None:
    """What was deleted of yours, with receipts that `earwitness verify receipt` checks."""
    context.meta["person"] = name
    with _person(context) as (house, person):
        if erasure_id is not None:
            _hand_over(house, house.rights.receipt(person.person_id, erasure_id), save, shows=True)
            return
        found = house.rights.receipts(person.person_id)
    if as_json:
        click.echo(json.dumps([erasure.as_json() for erasure in found]))
        return
    table = Table("when", "id", "what", "recordings", "ledger", "swept", box=None)
    for one in found:
        where = "waiting" if one.position is None else str(one.position)
        table.add_row(
            _when(one.erased_at), one.erasure_id, one.kind, str(one.recordings), where, "yes" if one.is_swept else "soon"
        )
    out.print(table)


@click.command()
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="Zip file to write.")
@PERSON
@click.pass_context
def export(context: click.Context, *, target: Path, name: str | None) -> None:
    """Take away everything that is held about you, sound included, as a zip that people and programs can read."""
    context.meta["person"] = name
    with _person(context) as (house, person), progress("Exporting") as bar:
        task = bar.add_task("Exporting", total=None)
        pieces = export_of(
            person,
            rights=house.rights,
            vault=house.vault,
            prover=house.prover,
            now=datetime.now().astimezone(),
            tell=lambda done, total: bar.update(task, completed=done, total=total),
        )
        write_whole(target, pieces, mode=0o600)
    out.print(f"{target}: everything that is held about you. It is not encrypted: keep it where only you can read it.")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--receipt", type=click.Path(path_type=Path), help="Write the receipt to this file.")
@PERSON
@click.pass_context
def erase(context: click.Context, *, yes: bool, receipt: Path | None, name: str | None) -> None:
    """Delete everything that is held about you, and you as a person of this household: gone for good when this returns."""
    context.meta["person"] = name
    with _person(context) as (house, person):
        if not yes:
            click.confirm(f"Delete everything about {person.name} for good?", abort=True)
        erasure = house.rights.erase_person(person.person_id)
        _sweep(house)
        _hand_over(house, erasure, receipt)


def _person(context: click.Context) -> Any:
    return signed_in(context.obj, context.meta.get("person"))


def _sweep(house: Any) -> None:
    """The keys are gone already; this removes what they opened."""
    with progress("Sweeping") as bar:
        task = bar.add_task("Sweeping", total=None)
        house.vault.eraser.sweep(lambda done, total: bar.update(task, completed=done, total=total))


def _hand_over(house: Any, erasure: Erasure, target: Path | None, *, shows: bool = False) -> None:
    if erasure.position is None:
        raise VaultError("The ledger could not take this receipt yet; ask again in a minute.", code="vault.no_receipt")
    envelope = {"receipt": json.loads(erasure.body), "proof": house.ledger.proof(erasure.position).as_json()}
    if target is not None or shows:
        _write_json(envelope, target)
    if target is not None or not shows:
        out.print(
            f"{erasure.recordings} recordings are gone. Receipt {erasure.erasure_id}" + (f" is in {target}." if target else ".")
        )


def _write_json(value: object, target: Path | None) -> None:
    text = json.dumps(value, indent=1)
    if target is None:
        click.echo(text)
    else:
        write_whole(target, [text.encode() + b"\n"])


def _day(day: date) -> Selection:
    start = datetime(day.year, day.month, day.day).astimezone()
    after = day + timedelta(days=1)
    return Selection(since=start, until=datetime(after.year, after.month, after.day).astimezone())


def _local(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone()


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _row(recording: Recording) -> tuple[str | Text, ...]:
    sound = f"{recording.audio_seconds:.1f} s" if recording.audio_seconds else "words"
    turn = recording.turn
    when, expires = _when(recording.began_at), _when(recording.expires_at)
    return (when, turn.turn_id, Text(turn.transcript or "(nothing)"), Text(turn.reply), sound, str(recording.listens), expires)


def _reads_table(reads: Any) -> Table:
    table = Table("when", "who", "why", "what", "seconds", "result", "id", box=None)
    for read in reads:
        table.add_row(*_read_row(read))
    return table


def _read_row(read: Read) -> tuple[str, ...]:
    who = "you" if read.actor.role.value == "self" else f"{read.actor.alias} ({read.actor.role.value})"
    what = read.medium.value if read.turn_id else f"{read.medium.value} of {read.recordings}"
    return (_when(read.opened_at), who, read.purpose.value, what, f"{read.seconds:.1f}", read.result.value, read.read_id)


def _play(wav: bytes) -> None:
    """Through whatever player the machine has; the sound stays in memory where the player reads from a pipe."""
    for command in (["paplay"], ["aplay", "-q"], ["play", "-q", "-t", "wav", "-"]):
        program = shutil.which(command[0])
        if program is not None:
            subprocess.run([program, *command[1:]], input=wav, check=False)  # noqa: S603
            return
    raise VaultError("This machine has no player (aplay, paplay or play); use --save FILE.", code="vault.no_player")
