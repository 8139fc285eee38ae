"""The command of the monthly report of review: from this household's own ledger, or from anybody's published one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from earwitness import build
from earwitness.cli.options import with_bar
from earwitness.cli.verify import FOLDER, KEY, read_log_key
from earwitness.config import Settings
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import parse_checkpoint, parse_note
from earwitness.ledger.verify import verify_log
from earwitness.oversight.report import ReviewReport, make_review_report, parse_month
from earwitness.oversight.report_forms import review_report_text
from earwitness.storage.durable import write_whole

LEDGER: Final = click.option(
    "--ledger", "folder", type=FOLDER, help="Folder of a published ledger; without it, this machine's own."
)
SAVE: Final = click.option("--save", type=click.Path(path_type=Path), help="File to write; without it, the terminal.")


@click.command()
@click.argument("month")
@LEDGER
@KEY
@click.option("--html", "form", flag_value="html", help="As a page.")
@click.option("--csv", "form", flag_value="csv", help="As comma-separated values.")
@click.option("--json", "form", flag_value="json", default="json", help="As JSON, which is the usual.")
@SAVE
@click.pass_obj
def report(settings: Settings, month: str, *, folder: Path | None, key: str | None, form: str | None, save: Path | None) -> None:
    """Recompute the report of MONTH (such as 2026-11) from a ledger: what was drawn, who opened what, what was decided.

    A published ledger is verified first, every byte of it, with its key; nothing else is needed.
    """
    if folder is None and key is not None:
        raise click.UsageError("--key is for a published ledger: name its folder with --ledger.")
    made = _own(settings, month) if folder is None else _published(folder, key, month)
    text = review_report_text(made, form or "json")
    if save is None:
        click.echo(text, nl=False)
    else:
        write_whole(save, [text.encode()])
        click.echo(f"{save}: the review of {made.period.name}, recomputed from {made.entries} entries.")


def _own(settings: Settings, month: str) -> ReviewReport:
    wanted = parse_month(month)
    with build.House(settings) as house:
        head = parse_checkpoint(parse_note(house.ledger.checkpoint()).text)
        return make_review_report(_entries(house.ledger, head.size), wanted, root=head.root.hex())


def _published(folder: Path, key: str | None, month: str) -> ReviewReport:
    wanted, entries, log = parse_month(month), list[dict[str, Any]](), read_log_key(key)
    found = with_bar("Verifying", lambda tell: verify_log(folder, log=log, tell=tell, read=entries.append))
    return make_review_report(entries, wanted, root=found.checkpoint.root.hex())


def _entries(ledger: Ledger, size: int) -> Iterator[dict[str, Any]]:
    for leaf in ledger.leaves(0, size):
        entry: dict[str, Any] = json.loads(leaf)
        yield entry
