"""The commands about people and their consents."""

import json

import click
from rich.table import Table
from rich.text import Text

from earwitness import build
from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import (
    ACTOR,
    NEW_PASSPHRASE_VARIABLE,
    PASSPHRASE_VARIABLE,
    PERSON,
    acting_for,
    asked_passphrase,
    check_may,
    person_of,
    signed_in,
)
from earwitness.config import Settings
from earwitness.domain.account import HERE, AccountRole, Permission
from earwitness.domain.consent import Keeps, Purpose, Way, parse_period, say_period
from earwitness.domain.errors import PersonError
from earwitness.domain.person import Person
from earwitness.people.account_log import AccountEntry
from earwitness.people.consent_texts import current_text
from earwitness.people.sign_ins import SignIn
from earwitness.rights.export import decision_json
from earwitness.rights.rights import EVERYTHING, Standing

PURPOSE = click.argument("purpose", type=click.Choice([purpose.value for purpose in Purpose]))

ROLE = click.Choice([role.value for role in AccountRole])


@click.group()
def people() -> None:
    """Who lives here."""


@people.command(name="add")
@click.argument("name")
@click.option("--role", type=ROLE, help="In what capacity; the first is the owner, later ones adults without this.")
@click.option("--guardian", help="Who decides for a child.")
@ACTOR
@JSON
@click.pass_obj
def add(settings: Settings, name: str, *, role: str | None, guardian: str | None, actor: str | None, as_json: bool) -> None:
    """Enrol NAME; asks for a passphrase of 15 characters or more. A role needs an owner, who is asked for their own first."""
    with build.House(settings) as house:
        is_first = not house.people.all()
        if role is not None and not is_first:
            check_may(person_of(house, actor), Permission.PEOPLE)
        variable = PASSPHRASE_VARIABLE if role is None or is_first else NEW_PASSPHRASE_VARIABLE
        person = house.people.add(
            name,
            passphrase=asked_passphrase(f"A passphrase for {name}", confirms=True, variable=variable),
            role=None if role is None else AccountRole(role),
            guardian_id=None if guardian is None else house.people.named(guardian).person_id,
        )
    said = f"{person.name} is enrolled. Nothing that {person.name} says is kept; `earwitness consent give keep` changes that."
    _print(person, as_json=as_json, said=said)


@people.command(name="list")
@JSON
@click.pass_obj
def list_people(settings: Settings, *, as_json: bool) -> None:
    """List who enrolled, in what role, with the alias that stands for each where no name may be."""
    with build.House(settings) as house:
        found = house.people.all()
    names = {one.person_id: one.name for one in found}
    if as_json:
        click.echo(json.dumps([_person_json(one) | {"guardian": names.get(one.guardian_id or "")} for one in found]))
        return
    table = Table("name", "role", "alias", "since", "", box=None)
    for one in found:
        notes = ["suspended"] if one.suspended_at else []
        notes += [f"{names[one.guardian_id]} decides"] if one.guardian_id in names else []
        since = f"{one.created_at.astimezone():%Y-%m-%d}"
        table.add_row(Text(one.name), one.role.value, one.alias, since, Text(", ".join(notes)))
    out.print(table)


@people.command(name="role")
@click.argument("name")
@click.argument("role", type=ROLE)
@click.option("--guardian", help="Who decides for a child.")
@ACTOR
@JSON
@click.pass_obj
def role_of(settings: Settings, name: str, role: str, *, guardian: str | None, actor: str | None, as_json: bool) -> None:
    """Give NAME another ROLE, and end their sign-ins. Only an owner may."""
    with acting_for(settings, actor, whose=name) as (house, acts, other):
        check_may(acts, Permission.PEOPLE)
        guardian_id = None if guardian is None else house.people.named(guardian).person_id
        changed = house.people.change_role(other.person_id, AccountRole(role), guardian_id=guardian_id)
    _print(changed, as_json=as_json, said=f"{changed.name}: {changed.role.value}.")


@people.command(name="guardian")
@click.argument("child")
@click.argument("guardian")
@ACTOR
@JSON
@click.pass_obj
def guardian_of(settings: Settings, child: str, guardian: str, *, actor: str | None, as_json: bool) -> None:
    """Name who decides for CHILD. Only an owner may."""
    with acting_for(settings, actor, whose=child) as (house, acts, other):
        check_may(acts, Permission.PEOPLE)
        decides = house.people.named(guardian)
        changed = house.people.change_guardian(other.person_id, decides.person_id)
    _print(changed, as_json=as_json, said=f"{decides.name} decides for {changed.name}.")


@people.command(name="suspend")
@click.argument("name")
@click.option("--lift", is_flag=True, help="Let them in again.")
@ACTOR
@JSON
@click.pass_obj
def suspend(settings: Settings, name: str, *, lift: bool, actor: str | None, as_json: bool) -> None:
    """Let NAME in no more, and end their sign-ins. Only an owner may."""
    with acting_for(settings, actor, whose=name) as (house, acts, other):
        check_may(acts, Permission.PEOPLE)
        changed = house.people.restore(other.person_id) if lift else house.people.suspend(other.person_id)
    _print(changed, as_json=as_json, said=f"{changed.name} may sign in again." if lift else f"{changed.name} is suspended.")


@people.command(name="sign-ins")
@click.argument("name", required=False)
@ACTOR
@JSON
@click.pass_obj
def list_sign_ins(settings: Settings, name: str | None, *, actor: str | None, as_json: bool) -> None:
    """List where you are signed in; an owner may look at NAME's."""
    with acting_for(settings, actor, whose=name) as (house, _, other):
        found = house.people.accounts.sign_ins.of(other.person_id)
    if as_json:
        click.echo(json.dumps([_sign_in_json(one) for one in found]))
        return
    table = Table("id", "way", "program", "address", "since", "last used", box=None)
    for one in found:
        times = (f"{at.astimezone():%Y-%m-%d %H:%M}" for at in (one.created_at, one.seen_at))
        table.add_row(one.sign_in_id, one.way.value, Text(one.program), Text(one.address), *times)
    out.print(table)


@people.command(name="sign-out")
@click.argument("name", required=False)
@click.option("--id", "sign_in_id", help="End only this one; `sign-ins` shows its id.")
@ACTOR
@JSON
@click.pass_obj
def sign_out(settings: Settings, name: str | None, *, sign_in_id: str | None, actor: str | None, as_json: bool) -> None:
    """Sign out everywhere; an owner may sign NAME out."""
    with acting_for(settings, actor, whose=name) as (house, _, other):
        accounts, ended = house.people.accounts, 1
        if sign_in_id is None:
            ended = accounts.sign_out_everywhere(other.person_id, origin=HERE)
        else:
            accounts.sign_out_one(other.person_id, sign_in_id, origin=HERE)
    click.echo(json.dumps({"ended": ended}) if as_json else f"Ended: {ended}.")


@people.command(name="log")
@click.option("--limit", default=100, type=click.IntRange(1, 1000), help="How many entries.")
@ACTOR
@JSON
@click.pass_obj
def account_log(settings: Settings, *, limit: int, actor: str | None, as_json: bool) -> None:
    """What happened to your account: sign-ins, failed tries, changes. Each reads their own."""
    with signed_in(settings, actor) as (house, person):
        found = house.people.accounts.entries(person.person_id, limit=limit)
    if as_json:
        click.echo(json.dumps([_entry_json(one) for one in found]))
        return
    table = Table("when", "what", "", "address", "program", box=None)
    for one in found:
        what = one.what.value.replace("_", " ")
        table.add_row(
            f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}", what, *(Text(t) for t in (one.detail, one.address, one.program))
        )
    out.print(table)


@people.command(name="passphrase")
@ACTOR
@JSON
@click.pass_obj
def new_passphrase(settings: Settings, *, actor: str | None, as_json: bool) -> None:
    """Change your passphrase, and end your sign-ins."""
    with signed_in(settings, actor) as (house, person):
        chosen = asked_passphrase("The new passphrase", confirms=True, variable=NEW_PASSPHRASE_VARIABLE)
        house.people.accounts.change_passphrase(person.person_id, chosen)
    _print(person, as_json=as_json, said="Changed. You are signed out everywhere.")


@people.command(name="reset")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@click.pass_obj
def reset(settings: Settings, name: str, *, yes: bool, as_json: bool) -> None:
    """Let NAME in again who lost everything: a new passphrase; passkeys, codes, tokens and sign-ins end.

    It asks for no passphrase, for whoever runs it can read the state folder. NAME's log says that it was done.
    """
    with build.House(settings) as house:
        person = house.people.named(name)
        if not yes:
            click.confirm(f"Reset how {person.name} signs in?", abort=True, err=True)
        chosen = asked_passphrase(f"A new passphrase for {person.name}", confirms=True, variable=NEW_PASSPHRASE_VARIABLE)
        house.people.accounts.reset(person.person_id, chosen)
        person = house.people.restore(person.person_id)
    _print(person, as_json=as_json, said=f"{person.name} can sign in with the new passphrase; the account's log says so.")


def _print(person: Person, *, as_json: bool, said: str) -> None:
    if as_json:
        click.echo(json.dumps(_person_json(person)))
    else:
        out.print(Text(said))


def _person_json(one: Person) -> dict[str, object]:
    return {
        "name": one.name,
        "alias": one.alias,
        "enrolled_at": one.created_at.isoformat(),
        "role": one.role.value,
        "is_suspended": one.suspended_at is not None,
        "needs_code": one.needs_code,
    }


def _sign_in_json(one: SignIn) -> dict[str, object]:
    return {
        "id": one.sign_in_id,
        "way": one.way.value,
        "program": one.program,
        "address": one.address,
        "began_at": one.created_at.isoformat(),
        "seen_at": one.seen_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
    }


def _entry_json(one: AccountEntry) -> dict[str, object]:
    return {
        "at": one.at.isoformat(),
        "what": one.what.value,
        "detail": one.detail,
        "address": one.address,
        "program": one.program,
    }


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
