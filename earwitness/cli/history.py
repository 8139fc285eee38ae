"""The commands about what is kept of a person: history, who listened, receipts, export, erase."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from pathlib import Path

import click
from rich.table import Column, Table
from rich.text import Text

from earwitness import terminal
from earwitness.build import House
from earwitness.cli.options import JSON, out, progress
from earwitness.cli.signed_in import PERSON, signed_in
from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import LedgerError, StorageError, VaultError
from earwitness.domain.person import Person
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
    table = Table("when", _id(), "heard", "reply", "sound", "listens", "expires", box=None)
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
    player = None if save is not None else _player()
    with _person(context) as (house, person), house.rights.play(person.person_id, turn_id) as audio:
        data = b"".join(audio)
    wav = wav_header(len(data), rate_hz=RATE_HZ) + data
    if save is not None:
        write_whole(save, [wav], mode=0o600)
        out.print(Text(f"{save}: {len(data) / 2 / RATE_HZ:.2f} s"))
    if player is not None:
        subprocess.run(player, input=wav, check=False)  # noqa: S603


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
            click.confirm(f"Delete {count} turn{'' if count == 1 else 's'} for good?", abort=True)
        erasure = house.rights.erase_said(person.person_id, selection)
        _finish(house, erasure, receipt)


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
            _write_json(house.prover.proof_json(house.rights.read(person.person_id, read_id).opened_position), save)
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
            _write_json(_envelope(house, house.rights.receipt(person.person_id, erasure_id)), save)
            return
        found = house.rights.receipts(person.person_id)
    if as_json:
        click.echo(json.dumps([erasure.as_json() for erasure in found]))
        return
    table = Table("when", _id(), "what", "recordings", "ledger", "swept", box=None)
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
            now=house.clock(),
            tell=lambda done, total: bar.update(task, completed=done, total=total),
        )
        write_whole(target, pieces, mode=0o600)
    out.print(Text(f"{target}: everything that is held about you. It is not encrypted: keep it where only you can read it."))


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
        _finish(house, erasure, receipt)


def _person(context: click.Context) -> AbstractContextManager[tuple[House, Person]]:
    return signed_in(context.obj, context.meta.get("person"))


def _finish(house: House, erasure: Erasure, target: Path | None) -> None:
    """The keys are gone already: remove what they opened, and hand over the receipt."""
    try:
        with progress("Sweeping") as bar:
            task = bar.add_task("Sweeping", total=None)
            house.vault.eraser.sweep(lambda done, total: bar.update(task, completed=done, total=total))
    except (LedgerError, StorageError):
        out.print("Nothing can open it any more; what is left of it is removed by the server, or by the next deletion.")
    erasure = house.vault.eraser.receipt(erasure.erasure_id)
    if erasure.position is not None and target is not None:
        _write_json(_envelope(house, erasure), target)
    where = "waits for the ledger" if erasure.position is None else f"is in {target}" if target else "is in the ledger"
    gone = "1 recording is gone" if erasure.recordings == 1 else f"{erasure.recordings} recordings are gone"
    out.print(Text(f"{gone}. Receipt {erasure.erasure_id} {where}."))


def _envelope(house: House, erasure: Erasure) -> dict[str, object]:
    """What `earwitness verify receipt` checks."""
    if erasure.position is None:
        raise VaultError("The ledger could not take this receipt yet; ask again in a minute.", code="vault.no_receipt")
    return {"receipt": json.loads(erasure.body), "proof": house.prover.proof_json(erasure.position)}


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


def _id() -> Column:
    """The column of ids: whole, however narrow the terminal is, since they are there to be copied."""
    return Column("id", no_wrap=True, min_width=32)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _row(recording: Recording) -> tuple[str | Text, ...]:
    sound = f"{recording.audio_seconds:.1f} s" if recording.audio_seconds else "words"
    turn = recording.turn
    when, expires = _when(recording.began_at), _when(recording.expires_at)
    return (when, turn.turn_id, Text(turn.transcript or "(nothing)"), Text(turn.reply), sound, str(recording.listens), expires)


def _reads_table(reads: Sequence[Read]) -> Table:
    table = Table("when", "who", "why", "what", "seconds", "result", _id(), box=None)
    for read in reads:
        table.add_row(*_read_row(read))
    return table


def _read_row(read: Read) -> tuple[str, ...]:
    who = "you" if read.actor.role.value == "self" else f"{read.actor.alias} ({read.actor.role.value})"
    what = read.medium.value if read.turn_id else f"{read.medium.value} of {read.recordings}"
    return (_when(read.opened_at), who, read.purpose.value, what, f"{read.seconds:.1f}", read.result.value, read.read_id)


def _player() -> list[str]:
    """The command of whatever player this machine has; it gets the sound through a pipe, so that no copy of it is on the disk."""
    for name, *options in (["paplay"], ["aplay", "-q"], ["play", "-q", "-t", "wav", "-"]):
        program = shutil.which(name)
        if program is not None:
            return [program, *options]
    raise VaultError("This machine has no player (aplay, paplay or play); use --save FILE.", code="vault.no_player")
