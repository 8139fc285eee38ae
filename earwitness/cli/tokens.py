"""The commands about tokens for automation."""

import json

import click
from rich.table import Table
from rich.text import Text

from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import PERSON, signed_in
from earwitness.config import Settings
from earwitness.domain.account import Scope
from earwitness.people.tokens import MOST_DAYS, USUAL_DAYS, Token


@click.group()
def tokens() -> None:
    """What programs may do in your name."""


@tokens.command(name="list")
@PERSON
@JSON
@click.pass_obj
def list_tokens(settings: Settings, *, name: str | None, as_json: bool) -> None:
    """List your tokens."""
    with signed_in(settings, name) as (house, person):
        found = house.people.accounts.tokens.of(person.person_id)
    if as_json:
        click.echo(json.dumps([_json(one) for one in found]))
        return
    table = Table("id", "name", "may", "until", "last used", box=None)
    for one in found:
        used = "never" if one.used_at is None else f"{one.used_at.astimezone():%Y-%m-%d %H:%M}"
        until = f"{one.expires_at.astimezone():%Y-%m-%d}"
        table.add_row(one.token_id, Text(one.name), " ".join(sorted(one.scopes)), until, used)
    out.print(table)


@tokens.command(name="make")
@click.argument("token_name", metavar="NAME")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice([one.value for one in Scope]), help="May do.")
@click.option("--days", default=USUAL_DAYS, show_default=True, type=click.IntRange(1, MOST_DAYS), help="How long it lasts.")
@PERSON
@JSON
@click.pass_obj
def make(settings: Settings, token_name: str, *, scopes: tuple[str, ...], days: int, name: str | None, as_json: bool) -> None:
    """Make a token called NAME; it is shown this once."""
    wanted = frozenset(Scope(one) for one in scopes)
    with signed_in(settings, name) as (house, person):
        made, secret = house.people.accounts.make_token(person, token_name, scopes=wanted, days=days)
    if as_json:
        click.echo(json.dumps(_json(made) | {"token": secret}))
        return
    click.echo(secret)
    click.echo("Keep it somewhere safe: it is not shown again.", err=True)


@tokens.command(name="revoke")
@click.argument("token_id")
@PERSON
@JSON
@click.pass_obj
def revoke(settings: Settings, token_id: str, *, name: str | None, as_json: bool) -> None:
    """End the token of that id at once."""
    with signed_in(settings, name) as (house, person):
        house.people.accounts.revoke_token(person.person_id, token_id)
    click.echo(json.dumps({"revoked": token_id}) if as_json else "Revoked.")


def _json(one: Token) -> dict[str, object]:
    return {
        "id": one.token_id,
        "name": one.name,
        "scopes": sorted(one.scopes),
        "made_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
        "used_at": None if one.used_at is None else one.used_at.isoformat(),
    }
