"""The commands of legal demands: the key that approves disclosures, and the transparency report, from this household's own ledger
or from anybody's published one. Those of a case are in `demand_steps`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from earwitness import build
from earwitness.cli.demand_steps import COMMANDS
from earwitness.cli.options import with_bar
from earwitness.cli.signed_in import PERSON, signed_in
from earwitness.cli.verify import FOLDER, KEY, read_log_key
from earwitness.config import Settings
from earwitness.demands.report import Report, make_report, parse_period
from earwitness.demands.report_forms import FORMS, report_text
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import parse_checkpoint, parse_note
from earwitness.ledger.verify import verify_log
from earwitness.storage.durable import write_whole

PERIOD: Final = click.option("--period", required=True, help="A year or half of one, such as 2026 or 2026-H1.")
FORM: Final = click.option("--format", "form", type=click.Choice(FORMS), default="json", show_default=True, help="Of what kind.")
LEDGER: Final = click.option(
    "--ledger", "folder", type=FOLDER, help="Folder of a published ledger; without it, this machine's own."
)
SAVE: Final = click.option("--save", type=click.Path(path_type=Path), help="File to write; without it, the terminal.")


@click.group()
def demands() -> None:
    """Legal demands for what is kept, and the report of what became of them."""


for _command in COMMANDS:
    demands.add_command(_command)


@demands.command()
@PERIOD
@LEDGER
@KEY
@FORM
@SAVE
@click.pass_obj
def report(settings: Settings, *, period: str, folder: Path | None, key: str | None, form: str, save: Path | None) -> None:
    """Recompute the transparency report of a period from a ledger: what was demanded, contested, disclosed.

    A published ledger is verified first, every byte of it, with its key; nothing else is needed.
    """
    if folder is None and key is not None:
        raise click.UsageError("--key is for a published ledger: name its folder with --ledger.")
    made = _own(settings, period) if folder is None else _published(folder, key, period)
    text = report_text(made, form)
    if save is None:
        click.echo(text, nl=False)
    else:
        write_whole(save, [text.encode()])
        click.echo(f"{save}: the demands of {made.period.name}, recomputed from {made.entries} entries.")


@demands.command("make-key")
@click.option("--holder", "holders", multiple=True, help="Who is to hold a share, three times, in their order; it is sealed.")
@PERSON
@click.pass_obj
def make_key(settings: Settings, *, holders: tuple[str, ...], name: str | None) -> None:
    """Make the key that approves disclosures, in place of any before.

    Two of its three shares approve; they are kept nowhere here. Give each to another person."""
    with signed_in(settings, name) as (house, person):
        verifier, shares = house.demands.make_key(person, holders=holders)
    click.echo(f"Public side, by which anybody can check an approval:\n\n    {verifier}\n")
    for number, share in enumerate(shares, start=1):
        whose = f", for {holders[number - 1]}" if holders else ""
        click.echo(f"Share {number} of {len(shares)}{whose}:\n\n    {share}\n")
    click.echo("They are shown this once. Two different ones are asked for at each disclosure.")


def _own(settings: Settings, period: str) -> Report:
    wanted = parse_period(period)
    with build.House(settings) as house:
        head = parse_checkpoint(parse_note(house.ledger.checkpoint()).text)
        return make_report(_entries(house.ledger, head.size), wanted, root=head.root.hex())


def _published(folder: Path, key: str | None, period: str) -> Report:
    wanted, entries = parse_period(period), list[dict[str, Any]]()
    log = read_log_key(key)
    found = with_bar("Verifying", lambda tell: verify_log(folder, log=log, tell=tell, read=entries.append))
    return make_report(entries, wanted, root=found.checkpoint.root.hex())


def _entries(ledger: Ledger, size: int) -> Iterator[dict[str, Any]]:
    for position in range(size):
        entry: dict[str, Any] = json.loads(ledger.leaf(position))
        yield entry
