"""The commands about backups: make one of the data and one of the keys, write the list of erasures, check, restore."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import click
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from earwitness.build import utc_now
from earwitness.cli.options import JSON, Tell, out, progress_out
from earwitness.config import Settings, state_folder
from earwitness.domain.errors import BackupError
from earwitness.ledger.signing_key import signing_key
from earwitness.vault import backup as backups
from earwitness.vault.backup_age import make_identity, recipient_of
from earwitness.vault.backup_parts import Parts, parts_of
from earwitness.vault.restore import Restored, Wanted, replay_lists
from earwitness.vault.restore import restore as restore_all

PATH: Final = click.Path(path_type=Path)
RECIPIENT = click.option(
    "--recipient", "recipients", multiple=True, help="age1…, who can open it; may be given again. Else those of the settings."
)
IDENTITY = click.option("--identity", "identities", type=PATH, multiple=True, required=True, help="File of an age identity.")
LISTS = click.option("--erasures", "lists", type=PATH, multiple=True, help="A list of erasures; may be given again.")


@click.group()
def backup() -> None:
    """Back up data here and keys there; see docs/backup.md."""


@backup.command(name="data")
@click.option("--to", "target", type=PATH, required=True, help="The file to write.")
@RECIPIENT
@JSON
@click.pass_obj
def back_up_data(settings: Settings, *, target: Path, recipients: tuple[str, ...], as_json: bool) -> None:
    """Back up people, history, ledger and sound into one encrypted file. The server may run meanwhile."""
    with _bars("backup") as (tell,):
        made = backups.backup_data(
            _parts(settings), target, recipients=recipients or settings.backup.recipients, clock=utc_now, tell=tell
        )
    facts = {"file": str(made.path), "bytes": made.file_bytes, "recordings": made.recordings, "left_out": list(made.left_out)}
    _say(as_json, facts, f"{made.path}: recordings {made.recordings}, {decimal(made.file_bytes)}.", *made.left_out)


@backup.command(name="keys")
@click.option("--to", "folder", type=PATH, required=True, help="The folder to write into: another place than that of the data.")
@click.option("--keep-days", type=click.IntRange(0, 366), help="Instead of backup.keys_days; 0 leaves the new one alone.")
@RECIPIENT
@JSON
@click.pass_obj
def back_up_keys(settings: Settings, *, folder: Path, keep_days: int | None, recipients: tuple[str, ...], as_json: bool) -> None:
    """Back up the keys into a new encrypted file, then remove those of them that are too old."""
    with _bars("backup") as (tell,):
        made = backups.backup_keys(
            _parts(settings),
            folder,
            recipients=recipients or settings.backup.recipients,
            keys_days=settings.backup.keys_days if keep_days is None else keep_days,
            clock=utc_now,
            tell=tell,
        )
    removed = [str(path) for path in made.removed]
    facts = {"file": str(made.path), "bytes": made.file_bytes, "removed": removed, "left_out": list(made.left_out)}
    older = f" {len(removed)} older ones are gone." if removed else ""
    _say(as_json, facts, f"{made.path}: {decimal(made.file_bytes)}.{older}", *made.left_out)


@backup.command(name="erasures")
@click.option("--to", "target", type=PATH, required=True, help="The file to write.")
@click.option("--since", type=click.DateTime(), help="Only what was deleted or decided since then.")
@JSON
@click.pass_obj
def write_erasures(settings: Settings, *, target: Path, since: datetime | None, as_json: bool) -> None:
    """Write the list of what was deleted and decided: random ids only. Copy it often; a restore takes it."""
    moment = since.astimezone(UTC) if since else None
    found = backups.write_erasures(_parts(settings), target, since=moment, clock=utc_now)
    facts = {"file": str(target), "erasures": len(found.erasures), "decisions": len(found.decisions)}
    _say(as_json, facts, f"{target}: erasures {len(found.erasures)}, decisions {len(found.decisions)}.")


@backup.command(name="check")
@click.argument("file", type=PATH)
@IDENTITY
@click.option("--keys", "is_of_keys", is_flag=True, help="It is a backup of the keys.")
@JSON
def check(file: Path, *, identities: tuple[Path, ...], is_of_keys: bool, as_json: bool) -> None:
    """Read a backup to its end, as a restore would, and say what it is."""
    with _bars("check") as (tell,):
        about, members = backups.check_backup(file, identities=identities, kind="keys" if is_of_keys else "data", tell=tell)
    facts = {"kind": about.kind, "made_at": about.made_at.isoformat(), "members": members, "left_out": list(about.left_out)}
    when = f"{about.made_at.astimezone():%Y-%m-%d %H:%M}"
    _say(as_json, facts, f"{file} is whole: {about.kind} of {when}, {members} members.", *about.left_out)


@backup.command(name="replay")
@LISTS
@click.pass_obj
def replay(settings: Settings, *, lists: tuple[Path, ...]) -> None:
    """Delete again what lists name, after you restored PostgreSQL, a disk or a snapshot with other tools."""
    with _bars("replay") as (tell,):
        done = replay_lists(_parts(settings), lists, clock=utc_now, tell=tell)
    out.print(f"{done.recordings} recordings stay; {done.removed} were removed, {done.expired} had expired.")


@click.command()
@click.argument("data", type=PATH)
@click.option("--keys", type=PATH, required=True, help="A backup of the keys; the newest is best.")
@IDENTITY
@LISTS
@click.option("--replace", "replaces", is_flag=True, help="Put it in the place of the household that is here.")
@click.option("--remove-old", is_flag=True, help="With --replace: remove the old one at once, instead of putting it aside.")
@click.option("--accept-older-ledger", is_flag=True, help="Go on with a ledger that lacks entries; witnesses will report it.")
@JSON
@click.pass_obj
def restore(
    settings: Settings,
    *,
    data: Path,
    keys: Path,
    identities: tuple[Path, ...],
    lists: tuple[Path, ...],
    replaces: bool,
    remove_old: bool,
    accept_older_ledger: bool,
    as_json: bool,
) -> None:
    """Restore the backup DATA: all of it but what was deleted since, or nothing changes. Stop the server first."""
    wanted = Wanted(
        data=data,
        keys=keys,
        identities=identities,
        lists=lists,
        replaces=replaces,
        removes_old=remove_old,
        accepts_older_ledger=accept_older_ledger,
    )
    with _bars("unpack", "replay") as (tell, tell_replay):
        done = restore_all(_parts(settings), wanted, clock=utc_now, tell=tell, tell_replay=tell_replay)
    facts = {
        "data_of": done.data_made_at.isoformat(),
        "keys_of": done.keys_made_at.isoformat(),
        "recordings": done.replayed.recordings,
        "removed": done.replayed.removed,
        "expired": done.replayed.expired,
        "lost": done.replayed.lost,
        "withdrawn": done.replayed.withdrawn,
        "revoked": done.replayed.revoked,
        "held": done.replayed.held,
        "lost_demands": done.replayed.lost_demands,
        "revoked_until": done.revoked_until.isoformat() if done.revoked_until else None,
        "ledger": "present" if done.ledger.is_present else "backup",
        "entries_lost": done.ledger.missing,
        "aside": str(done.aside) if done.aside else None,
        "unreadable": list(done.unreadable),
    }
    _say(as_json, facts, *_sentences(done))


@click.group()
def keys() -> None:
    """Age identities for backups and for vault.key_service = "age"."""


@keys.command()
@click.argument("file", type=PATH)
def make(file: Path) -> None:
    """Make an age identity in FILE and print its recipient. Keep FILE where a thief of this machine does not find it."""
    click.echo(make_identity(file, now=utc_now()))


@keys.command()
@click.argument("file", type=PATH, required=False)
@click.pass_obj
def show(settings: Settings, file: Path | None) -> None:
    """Print the recipient of an identity's FILE; without one, where this household's keys are."""
    if file is not None:
        click.echo(recipient_of(file))
        return
    parts = _parts(settings)
    if not parts.ledger_key.exists():
        raise BackupError(f"There is no household in {parts.state} yet.", code="backup.nothing")
    where = parts.household_key or f"the age identity in {parts.places.age_identity}"
    click.echo(f"household key: {where}")
    click.echo(f"wrapped keys:  {parts.places.keys if isinstance(parts.places.keys, Path) else 'PostgreSQL'}")
    click.echo(f"ledger key:    {parts.ledger_key}")
    click.echo(f"ledger:        {signing_key(parts.ledger_key).verifier().encoded()}")


def _sentences(done: Restored) -> Iterator[str]:
    replayed = done.replayed
    gone = replayed.removed + replayed.expired
    yield f"Restored: {replayed.recordings} recordings of {done.data_made_at.astimezone():%Y-%m-%d %H:%M}."
    if gone:
        yield f"{gone} that were deleted or expired since, or have no key any more, did not come back."
    if replayed.lost:
        yield f"{replayed.lost} of them are younger than the backup of the keys: a newer one would open them."
    if replayed.withdrawn:
        yield f"{replayed.withdrawn} consents ended: the ledger tells of decisions that no list names. Ask these people again."
    if replayed.revoked:
        yield f"{replayed.revoked} satellites, phones, tokens, passkeys or links that were taken out since stay out."
    if replayed.held:
        yield f"{replayed.held} recordings are preserved again for legal demands that are newer than the backup."
    if replayed.lost_demands:
        yield (
            f"Of {replayed.lost_demands} legal demands the ledger tells steps that are lost here. Take them in again, and "
            "preserve again what they order: of a hold that no list names nothing is known."
        )
    if done.revoked_until is not None:
        until = f"{done.revoked_until.astimezone():%Y-%m-%d %H:%M}"
        yield f"Satellites, phones and tokens that were taken out after {until} may come in again: take them out once more."
    if done.ledger.is_older:
        yield f"The ledger is older than what was witnessed ({done.ledger.missing} entries are lost); witnesses will report it."
    elif not done.ledger.is_present:
        yield "The ledger is that of the backup: if it had grown since, witnesses will report it."
    if done.unreadable:
        yield f"Of the old state these could not be asked what was deleted: {', '.join(done.unreadable)}."
    if done.aside is not None:
        yield f"The old state lies in {done.aside}. It still opens, and no deletion reaches it: remove it soon."
    yield "Everybody signs in anew."


def _parts(settings: Settings) -> Parts:
    return parts_of(settings.vault, state_folder())


def _say(as_json: bool, facts: dict[str, object], *sentences: str) -> None:
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for sentence in sentences:
        out.print(sentence, markup=False, soft_wrap=True)


@contextmanager
def _bars(*titles: str) -> Iterator[list[Tell]]:
    """Bars, one below the other, on standard error; gives for each what tells it how far its work is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_out, transient=True, disable=not progress_out.is_terminal) as shown:
        tasks = [shown.add_task(title, total=None) for title in titles]
        yield [partial(_update, shown, task) for task in tasks]


def _update(shown: Progress, task: TaskID, done: int, total: int) -> None:
    shown.update(task, completed=done, total=total)
