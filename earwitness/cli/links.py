"""The commands about links: what leaves this house, connecting something, testing and removing it. Secrets are asked for.

A server that runs takes a change within a minute, or at once from its page.
"""

import asyncio
import contextlib
import json
import os
from dataclasses import asdict
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from earwitness.build import House
from earwitness.build.outgoing import fixed_outgoing
from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import ACTOR, check_may, signed_in
from earwitness.config import Settings
from earwitness.domain.account import HERE, AccountEvent, Permission
from earwitness.domain.errors import LinkError, SettingsError
from earwitness.domain.link import ConfiguredLink, LinkState, LinkStatus, Outgoing
from earwitness.links.link_forms import fields_of, options_from_text
from earwitness.links.link_kind import LinkKind
from earwitness.links.secret_file import seal_secret

SECRET_VARIABLE: Final = "EARWITNESS_SECRET_"  # noqa: S105  (a name, not a secret)
LINK = click.argument("link", metavar="LINK")


@click.group(invoke_without_command=True)
@click.pass_context
def links(context: click.Context) -> None:
    """What leaves this house; without a command, list it."""
    if context.invoked_subcommand is None:
        context.invoke(list_links)


@links.command(name="list")
@ACTOR
@JSON
@click.pass_obj
def list_links(settings: Settings, *, actor: str | None = None, as_json: bool = False) -> None:
    """List every link, and what leaves by the settings and by skills of others."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        configured = house.configured_links
        found = [(one, configured.outgoing(one)) for one in configured.all()]
        fixed = fixed_outgoing(house)
    if as_json:
        shown = [_json(one) | {"outgoing": [asdict(each) for each in outgoing]} for one, outgoing in found]
        others = [{"title": one.title, "where": one.where, "outgoing": [asdict(each) for each in one.outgoing]} for one in fixed]
        click.echo(json.dumps({"links": shown, "fixed": others}))
        return
    if not found and not fixed:
        click.echo("Nothing leaves this house.")
        return
    table = Table("name", "kind", "state", "goes to", "what", box=None)
    for one, outgoing in found:
        table.add_row(Text(one.name), one.kind, "on" if one.is_on else "off", _hosts(outgoing), _sends(outgoing))
    for each in fixed:
        table.add_row(Text(each.title), Text(each.where), "on", _hosts(each.outgoing), _sends(each.outgoing))
    out.print(table)


@links.command(name="kinds")
@click.pass_obj
def kinds(settings: Settings) -> None:
    """Say what can be connected, and which options each kind has."""
    with House(settings) as house:
        found = list(house.configured_links.kinds.values())
    for kind in found:
        click.echo(f"{kind.name}: {kind.title}. {kind.about}")
        for field in fields_of(kind.options):
            note = "needed" if field.is_needed else f"else {json.dumps(field.default)}"
            choices = f" ({', '.join(field.choices)})" if field.choices else ""
            click.echo(f"  --option {field.name}=…{choices}  {field.title}: {field.about} ({note})")
        for secret in kind.secrets:
            click.echo(f"  asked for: {secret.title}{'' if secret.is_needed else ' (may stay empty)'}")


@links.command(name="add")
@click.argument("kind_name", metavar="KIND")
@click.option("--name", required=True, help="What you call it.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="As `earwitness links kinds` lists them.")
@ACTOR
@click.pass_obj
def add(settings: Settings, kind_name: str, *, name: str, options: tuple[str, ...], actor: str | None) -> None:
    """Connect something of KIND (`earwitness links kinds`). Its passwords and tokens are asked for and sealed."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        kind = house.configured_links.kind(kind_name)
        given = options_from_text(kind, _by_name(options))
        made = house.configured_links.add(kind_name, name=name, options=given, secrets=_asked_secrets(kind))
        house.people.accounts.log.note(person.person_id, AccountEvent.LINK_ADDED, origin=HERE, detail=made.name)
        for one in house.configured_links.outgoing(made):
            click.echo(f"From now on goes to {one.host}: {one.sends}.")
    click.echo("Added. A server that runs connects it within a minute.")


@links.command(name="remove")
@LINK
@ACTOR
@click.pass_obj
def remove(settings: Settings, link: str, *, actor: str | None) -> None:
    """Remove the link LINK (its name or id), with the key of its secrets."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        gone = house.configured_links.remove(house.configured_links.called(link).link_id)
        house.people.accounts.log.note(person.person_id, AccountEvent.LINK_REMOVED, origin=HERE, detail=gone.name)
    click.echo("Removed. A server that runs ends it within a minute, or at once from its page.")


@links.command(name="seal")
@click.argument("part", type=click.Choice(["calendar", "language_model"]))
@ACTOR
@click.pass_obj
def seal(settings: Settings, part: str, *, actor: str | None) -> None:
    """Seal the file with the password or key of PART of the settings, so that only this house can open it."""
    path = settings.calendar.password_file if part == "calendar" else settings.language_model.key_file
    if path is None:
        name = "calendar.password_file" if part == "calendar" else "language_model.key_file"
        raise SettingsError(f"The settings name no {name}, so there is nothing to seal.")
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        is_new = seal_secret(path, seal=house.seal(part))
    click.echo(
        f"{path} is sealed. Elsewhere, or when the keys are lost, write the secret there again."
        if is_new
        else f"{path} was sealed already."
    )


@links.command(name="test")
@LINK
@ACTOR
@click.pass_obj
def test(settings: Settings, link: str, *, actor: str | None) -> None:
    """Connect the link LINK (its name or id) once more, from here, and say how it stands."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        found = house.configured_links.called(link)
        status = asyncio.run(_tested(house, found))
    if status.state is not LinkState.WORKS:
        raise LinkError(status.sentence, code="link.failed")
    click.echo(f"{found.name}: {status.sentence}")


async def _tested(house: House, link: ConfiguredLink) -> LinkStatus:
    """Run the links for as long as it takes to see how this one stands; at most ten seconds."""
    board = house.switchboard
    seen = asyncio.Event()
    board.subscribe(lambda configured, status: seen.set() if configured.link_id == link.link_id else None)
    running = asyncio.create_task(board.run())
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await seen.wait()
        return board.status(link.link_id)
    finally:
        running.cancel()
        await asyncio.wait([running])


def _by_name(options: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in options:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.UsageError(f"Write --option NAME=VALUE, not {one}.")
        found.setdefault(name, []).append(value)
    return found


def _asked_secrets(kind: LinkKind[Any]) -> dict[str, str]:
    """From the environment (EARWITNESS_SECRET_PASSWORD), else asked for without showing them."""
    found: dict[str, str] = {}
    for one in kind.secrets:
        given = os.environ.get(SECRET_VARIABLE + one.name.upper())
        if given is None:
            given = str(
                click.prompt(one.title, hide_input=True, default="" if not one.is_needed else None, show_default=False, err=True)
            )
        if given:
            found[one.name] = given
    return found


def _hosts(outgoing: tuple[Outgoing, ...]) -> Text:
    return Text("\n".join(one.host for one in outgoing))


def _sends(outgoing: tuple[Outgoing, ...]) -> Text:
    return Text("\n".join(f"{one.sends}{'' if one.is_encrypted else ' (not encrypted)'}" for one in outgoing))


def _json(one: ConfiguredLink) -> dict[str, object]:
    return {
        "link_id": one.link_id,
        "kind": one.kind,
        "name": one.name,
        "is_on": one.is_on,
        "options": dict(one.options),
        "secrets_set": {name: since.isoformat() for name, since in one.secrets_set.items()},
    }
