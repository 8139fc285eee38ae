"""The commands of legal demands: the key that approves disclosures, and the transparency report, from this household's own ledger
or from anybody's published one. Those of a case are in `demand_steps`."""

import json
from pathlib import Path
from typing import Any, Final

import click

from earwitness import build
from earwitness.cli.demand_steps import COMMANDS
from earwitness.cli.options import with_bar
from earwitness.cli.signed_in import PERSON, signed_in
from earwitness.cli.verify import FOLDER, KEY, read_log_key
from earwitness.config import Settings
from earwitness.demands.report import make_report, parse_period, periods_of
from earwitness.demands.report_forms import FORMS, index_page, report_name, report_text
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
    wanted = parse_period(period)
    entries, root = _own_entries(settings) if folder is None else _published_entries(folder, key)
    made = make_report(entries, wanted, root=root)
    text = report_text(made, form)
    if save is None:
        click.echo(text, nl=False)
    else:
        write_whole(save, [text.encode()])
        click.echo(f"{save}: the demands of {made.period.name}, recomputed from {made.entries} entries.")


@demands.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@LEDGER
@KEY
@click.pass_obj
def publish(settings: Settings, target: Path, *, folder: Path | None, key: str | None) -> None:
    """Write the report of every half-year to the folder TARGET, as pages without scripts, CSV and JSON, for any web server."""
    if folder is None and key is not None:
        raise click.UsageError("--key is for a published ledger: name its folder with --ledger.")
    entries, root = _own_entries(settings) if folder is None else _published_entries(folder, key)
    periods = periods_of(entries)
    target.mkdir(parents=True, exist_ok=True)
    for period, _ in periods:
        made = make_report(entries, period, root=root)
        for form in FORMS:
            write_whole(target / report_name(period, form), [report_text(made, form).encode()])
    write_whole(target / "index.html", [index_page(periods, entries=len(entries), root=root).encode()])
    click.echo(f"{target / 'index.html'}: {len(periods)} half-years, recomputed from {len(entries)} entries.")


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


def _own_entries(settings: Settings) -> tuple[list[dict[str, Any]], str]:
    """The entries of this machine's own ledger, and its root in hexadecimal."""
    with build.House(settings) as house:
        head = parse_checkpoint(parse_note(house.ledger.checkpoint()).text)
        return [json.loads(leaf) for leaf in house.ledger.leaves(0, head.size)], head.root.hex()


def _published_entries(folder: Path, key: str | None) -> tuple[list[dict[str, Any]], str]:
    """Those of a published one, verified."""
    entries, log = list[dict[str, Any]](), read_log_key(key)
    found = with_bar("Verifying", lambda tell: verify_log(folder, log=log, tell=tell, read=entries.append))
    return entries, found.checkpoint.root.hex()
