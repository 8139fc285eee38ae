"""The commands about people and their consents."""

import json

import click
from rich.table import Table
from rich.text import Text

from earwitness import build
from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import PERSON, asked_passphrase, signed_in
from earwitness.config import Settings
from earwitness.domain.consent import Keeps, Purpose, Way, parse_period, say_period
from earwitness.domain.errors import PersonError
from earwitness.people.consent_texts import current_text
from earwitness.rights.export import decision_json
from earwitness.rights.rights import EVERYTHING, Standing

PURPOSE = click.argument("purpose", type=click.Choice([purpose.value for purpose in Purpose]))


@click.group()
def people() -> None:
    """Who lives here."""


@people.command(name="add")
@click.argument("name")
@click.pass_obj
def add(settings: Settings, name: str) -> None:
    """Enrol NAME; asks for a passphrase of 15 characters or more."""
    with build.House(settings) as house:
        person = house.people.add(name, passphrase=asked_passphrase(f"A passphrase for {name}", confirms=True))
    said = f"{person.name} is enrolled. Nothing that {person.name} says is kept; `earwitness consent give keep` changes that."
    out.print(Text(said))


@people.command(name="list")
@JSON
@click.pass_obj
def list_people(settings: Settings, *, as_json: bool) -> None:
    """List who enrolled, with the alias that stands for each where no name may be."""
    with build.House(settings) as house:
        found = house.people.all()
    if as_json:
        click.echo(
            json.dumps([{"name": one.name, "alias": one.alias, "enrolled_at": one.created_at.isoformat()} for one in found])
        )
        return
    table = Table("name", "alias", "since", box=None)
    for one in found:
        table.add_row(Text(one.name), one.alias, f"{one.created_at.astimezone():%Y-%m-%d}")
    out.print(table)


@click.group(invoke_without_command=True)
@PERSON
@JSON
@click.pass_context
def consent(context: click.Context, name: str | None, *, as_json: bool) -> None:
    """What may be done with what you say. Without a command: what you decided so far."""
    if context.invoked_subcommand is not None:
        context.meta["person"] = name
        return
    with signed_in(context.obj, name) as (house, person):
        standing = house.rights.standing(person.person_id)
    if as_json:
        click.echo(json.dumps([decision_json(one) for one in standing.decisions.values()]))
    else:
        out.print(_standing_table(standing))


@consent.command(name="give")
@PURPOSE
@click.option("--for", "period", help='How long recordings are kept: "a day", "a week", "three months", "10 days".')
@click.option("--words-only", is_flag=True, help="Keep the words and not the sound.")
@click.option("--lift-objection", is_flag=True, help="Also if you objected to it before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@PERSON
@click.pass_context
def give(
    context: click.Context,
    purpose: str,
    *,
    period: str | None,
    words_only: bool,
    lift_objection: bool,
    yes: bool,
    name: str | None,
) -> None:
    """Consent to PURPOSE, after reading what that means."""
    wanted, text = Purpose(purpose), current_text(Purpose(purpose))
    out.print(f"[bold]{text.title}[/]\n{text.text}")
    if not yes:
        click.confirm("Do you want that?", abort=True)
    with signed_in(context.obj, name or context.meta.get("person")) as (house, person):
        decision = house.rights.decide(
            person.person_id,
            wanted,
            is_given=True,
            way=Way.TERMINAL,
            retention_seconds=_seconds(period),
            keeps=Keeps.TEXT if words_only else None,
            lifts_objection=lift_objection,
        )
    if decision.retention_seconds:
        kept = "the words alone" if decision.keeps is Keeps.TEXT else "sound and words"
        out.print(f"Kept from now on: {kept}, for {say_period(decision.retention_seconds)}.")
    else:
        out.print("Noted." if decision.is_given else "From now on nothing is kept.")


@consent.command(name="withdraw")
@PURPOSE
@click.option("--object", "objects", is_flag=True, help="Object to it: that stands until you lift it.")
@click.option("--delete-kept", is_flag=True, help="With keep: also delete what is kept now.")
@PERSON
@click.pass_context
def withdraw(context: click.Context, purpose: str, *, objects: bool, delete_kept: bool, name: str | None) -> None:
    """Withdraw your consent to PURPOSE; it ends at once."""
    wanted = Purpose(purpose)
    with signed_in(context.obj, name or context.meta.get("person")) as (house, person):
        rights, person_id = house.rights, person.person_id
        if objects:
            rights.object(person_id, wanted, way=Way.TERMINAL)
        else:
            rights.decide(person_id, wanted, is_given=False, way=Way.TERMINAL)
        kept = rights.kept(person_id, EVERYTHING).recordings if wanted is Purpose.KEEP else 0
        if kept and delete_kept:
            rights.erase_said(person_id, EVERYTHING)
            rights.upkeep()
            out.print(f"Withdrawn, and what was kept ({kept}) is deleted.")
        elif kept:
            out.print(f"Withdrawn. What is kept ({kept}) expires as it would have; --delete-kept deletes it now.")
        else:
            out.print("Withdrawn.")


@consent.command(name="decisions")
@PERSON
@JSON
@click.pass_context
def decisions(context: click.Context, *, name: str | None, as_json: bool) -> None:
    """Every decision you ever made, newest first, with the version of the text that was shown."""
    with signed_in(context.obj, name or context.meta.get("person")) as (house, person):
        found = house.rights.consents.decisions(person.person_id)
    if as_json:
        click.echo(json.dumps([decision_json(one) for one in found]))
        return
    table = Table("when", "purpose", "decision", "by", "text", "ledger", box=None)
    for one in found:
        said = "yes" if one.is_given else "objected" if one.is_objection else "no"
        where = "waiting" if one.position is None else str(one.position)
        when = f"{one.decided_at.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(when, one.purpose.value, said, one.way.value, f"version {one.text_version}", where)
    out.print(table)


def _seconds(period: str | None) -> float | None:
    if period is None:
        return None
    seconds = parse_period(period)
    if seconds is None:
        raise PersonError(f'"{period}" is no period; say "a week", "three months" or "10 days".', code="consent.invalid")
    return seconds


def _standing_table(standing: Standing) -> Table:
    table = Table("", "decided", "since", "", box=None)
    for purpose in Purpose:
        decision = standing.decisions.get(purpose)
        said = "no" if decision is None or not decision.is_given else "yes"
        since = "" if decision is None else f"{decision.decided_at.astimezone():%Y-%m-%d %H:%M}"
        note = "you objected" if decision is not None and decision.is_objection else ""
        if purpose is Purpose.KEEP and standing.keeping is not None:
            what = "the words alone" if standing.keeping.keeps is Keeps.TEXT else "sound and words"
            note = f"{what}, for {say_period(standing.keeping.retention_seconds)}; {standing.kept.recordings} kept now"
        table.add_row(current_text(purpose).title, said, since, note)
    return table
