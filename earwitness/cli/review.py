"""The commands of review: draw what is due, recompute a draw, see who is suspended."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from earwitness import build
from earwitness.build.review_service import service_of
from earwitness.build.service_settings import read_service_settings
from earwitness.cli.options import JSON, out
from earwitness.cli.review_report import report
from earwitness.cli.review_service import admit, join, key, make_role_command, serve
from earwitness.cli.review_terms import decide, propose, terms
from earwitness.cli.review_trace import trace
from earwitness.cli.verify import KEY, read_log_key
from earwitness.config import Settings
from earwitness.domain.errors import ReviewError
from earwitness.ledger.note import parse_verifier
from earwitness.review import audit
from earwitness.review.audit import Audit
from earwitness.review.desk import Desk
from earwitness.review.evidence import entries_of, evidence
from earwitness.storage.durable import write_whole

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
SERVICE = click.option("--service", type=FILE, help="Settings of a review service of its own, whose desk is meant.")


@click.group()
def review() -> None:
    """What is drawn for review, by lot, of people who allow it."""


for command in (trace, report, terms, propose, decide, serve, key, join, admit, make_role_command):
    review.add_command(command)


@review.command()
@JSON
@click.pass_obj
def draw(settings: Settings, *, as_json: bool) -> None:
    """Draw the days that are over, and begin today's. The server does this by itself; here it is done now."""
    with build.House(settings) as house:
        epochs = house.review.epochs
        made = {epoch: list(epochs.draw(epoch)) for epoch in epochs.due()}
        today = epochs.open()
        house.review.settle()
    if as_json:
        click.echo(json.dumps({"drawn": made, "open": today.epoch}))
        return
    for epoch, drawn in made.items():
        out.print(f"{epoch}: {len(drawn)} drawn")
    out.print(f"The seed of {today.epoch} is committed (entry {today.opened_position}).")


@review.command()
@JSON
@click.pass_obj
def draws(settings: Settings, *, as_json: bool) -> None:
    """List the days that drew or will draw, newest first."""
    with build.House(settings) as house:
        found = [house.review.epochs.find(epoch) for epoch in house.review.epochs.all()]
    days: list[dict[str, Any]] = [
        {"epoch": one.epoch, "entry": one.opened_position, "drawn_at": one.made_at.isoformat() if one.made_at else None}
        for one in found
        if one is not None
    ]
    if as_json:
        click.echo(json.dumps(days))
        return
    table = Table("day", "seed committed as entry", "drawn", box=None)
    for day in days:
        table.add_row(day["epoch"], str(day["entry"]), day["drawn_at"] or "not yet")
    out.print(table if days else "Nothing was ever drawn.")


@contextlib.contextmanager
def _desk(settings: Settings, service: Path | None, *, is_to_change: bool = False) -> Iterator[Desk]:
    """The desk of this house, or that of a review service by its settings, on its own machine."""
    if service is not None:
        with service_of(read_service_settings(service)) as made:
            yield made.desk
        return
    with build.House(settings) as house:
        if house.review.is_elsewhere and is_to_change:
            raise ReviewError("Reviewers work at a service of its own: say it there, by --service.", code="review.elsewhere")
        yield house.review.desk


@review.command()
@SERVICE
@JSON
@click.pass_obj
def suspended(settings: Settings, *, service: Path | None, as_json: bool) -> None:
    """List the reviewers who are suspended, with the reason."""
    with _desk(settings, service) as desk:
        found = desk.suspended()
    if as_json:
        click.echo(json.dumps([{"reviewer": who, "reason": why, "since": since.isoformat()} for who, why, since in found]))
        return
    for who, why, since in found:
        out.print(f"{who}, since {since.astimezone():%Y-%m-%d %H:%M}: {why}")
    if not found:
        out.print("Nobody is suspended.")


@review.command()
@click.argument("reviewer")
@click.option("--why", default="", help="The reason, for the record.")
@SERVICE
@click.pass_obj
def restore(settings: Settings, reviewer: str, *, why: str, service: Path | None) -> None:
    """Let the suspended reviewer of that alias work again. What they did stays on record, pardoned."""
    with _desk(settings, service, is_to_change=True) as desk:
        if reviewer not in {who for who, _, _ in desk.suspended()}:
            raise ReviewError(f"No reviewer {reviewer} is suspended.", code="review.unknown")
        desk.reviewers.restore(reviewer, by="the terminal", why=why)
    out.print(f"{reviewer} may work again.")


@review.command(name="audit-draw")
@click.argument("epoch", required=False)
@click.option("--file", "file", type=FILE, help="Evidence from a file; needs no server and no data of anybody.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the evidence, for others to recompute.")
@KEY
@JSON
@click.pass_obj
def audit_draw(
    settings: Settings, epoch: str | None, *, file: Path | None, save: Path | None, key: str | None, as_json: bool
) -> None:
    """Recompute the draw of EPOCH (a day, such as 2026-03-02): who could be drawn, who could not, and who was.

    Of this machine's own draws the ledger is looked through too: all that was listed was kept after the seed was committed.
    """
    if (epoch is None) == (file is None):
        raise click.UsageError("Name a day, or --file with the evidence of one.")
    if file is not None:
        found = audit.read_evidence(file.read_bytes())
        told, unnoted = audit.recompute(found, log=read_log_key(key)), None
    else:
        assert epoch is not None
        with build.House(settings) as house:
            found = evidence(house.review.epochs, epoch, ledger=house.ledger)
            told = audit.recompute(found, log=read_log_key(key) if key else parse_verifier(house.ledger.verifier))
            unnoted = audit.check_against_ledger(found, entries_of(house.ledger, until=found.proofs[1].index))
    if save is not None:
        write_whole(save, [json.dumps(found.as_json()).encode()])
    _tell(told, unnoted, as_json=as_json)


def _tell(told: Audit, unnoted: int | None, *, as_json: bool) -> None:
    excluded = {reason.value: count for reason, count in told.excluded.items()}
    if as_json:
        able = [recording for recording, lot in told.lots.items() if lot.excluded is None]
        facts = {"epoch": told.epoch, **told.terms.as_json(), "kept": told.kept, "able": able, "drawn": list(told.drawn)}
        why = {recording: lot.excluded.value for recording, lot in told.lots.items() if lot.excluded is not None}
        click.echo(json.dumps({**facts, "most": told.most, "excluded": why, "unnoted": unnoted}))
        return
    out.print(f"The draw of {told.epoch} is as it was committed.")
    out.print(f"{told.able} recordings could be drawn; at most {told.most} of them, and {len(told.drawn)} were.")
    for recording in told.drawn:
        out.print(f"  drawn: {recording}")
    for reason, count in sorted(excluded.items()):
        out.print(f"{count} could not: {reason.replace('_', ' ')}")
    if unnoted:
        out.print(f"{unnoted} more were kept on that day and are not on the list: they could not be drawn.")
