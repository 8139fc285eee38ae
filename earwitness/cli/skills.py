"""The commands about skills: what is installed, what one may use, and enabling it."""

import json

import click
from rich.table import Table
from rich.text import Text

from earwitness.build import House
from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import ACTOR, check_may, signed_in
from earwitness.config import Settings
from earwitness.domain.account import HERE, AccountEvent, Permission
from earwitness.domain.errors import SkillError
from earwitness.skills.outside.shelf import OnShelf
from earwitness.skills.outside.wording import may_in_words
from earwitness.understand.sentences import own_manifests


@click.group()
def skills() -> None:
    """What this house can do, and skills of others."""


@skills.command(name="list")
@JSON
@click.pass_obj
def list_skills(settings: Settings, *, as_json: bool) -> None:
    """List skills, our own and others', with an example of each."""
    with House(settings) as house:
        found, wrong = house.shelf.all()
    if as_json:
        others = [_json(one) for one in found]
        own = [manifest.name for manifest in own_manifests()]
        click.echo(json.dumps({"own": own, "others": others, "unreadable": [each.reason for each in wrong]}))
        return
    table = Table("name", "whose", "says", "for example", box=None)
    for manifest in own_manifests():
        table.add_row(manifest.name, "ours", manifest.about, manifest.examples[0])
    for one in found:
        manifest = one.package.manifest
        whose = f"{one.package.distribution} {one.package.version} ({_state(one)})"
        table.add_row(manifest.name, Text(whose), Text(manifest.about), Text(manifest.examples[0]))
    out.print(table)
    for each in wrong:
        click.echo(f"{each.distribution}: {each.reason}", err=True)


@skills.command(name="enable")
@click.argument("name")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask after showing what it may use.")
@ACTOR
@click.pass_obj
def enable(settings: Settings, name: str, *, is_sure: bool, actor: str | None) -> None:
    """Show what the skill NAME may use, and enable it. A server that runs takes it when it starts again."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.SKILLS)
        found, _ = house.shelf.all()
        one = next((one for one in found if one.package.manifest.name == name), None)
        if one is None:
            sentence = f"There is no skill {name} installed; `earwitness skills list` shows those that are."
            raise SkillError(sentence, code="skill.unknown")
        package = one.package
        click.echo(f"{package.manifest.title}, from {package.distribution} {package.version}: {package.manifest.about}")
        for sentence in may_in_words(package.manifest.permissions):
            click.echo(f"  {sentence}")
        if not is_sure:
            click.confirm("Enable it?", abort=True)
        house.shelf.enable(name, digest=package.digest, by=person.person_id)
        log = house.people.accounts.log
        log.note(person.person_id, AccountEvent.SKILL_ENABLED, origin=HERE, detail=name)
    click.echo("Enabled. A server that runs takes it when it starts again, or at once from its page of skills.")


@skills.command(name="disable")
@click.argument("name")
@ACTOR
@click.pass_obj
def disable(settings: Settings, name: str, *, actor: str | None) -> None:
    """End the skill NAME."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        if not house.shelf.disable(name):
            raise SkillError(f"The skill {name} is not enabled.", code="skill.unknown")
        log = house.people.accounts.log
        log.note(person.person_id, AccountEvent.SKILL_DISABLED, origin=HERE, detail=name)
    click.echo("Disabled. A server that runs ends it when it starts again, or at once from its page of skills.")


def _state(one: OnShelf) -> str:
    return "enabled" if one.is_enabled else "changed since it was enabled" if one.has_changed else "off"


def _json(one: OnShelf) -> dict[str, object]:
    package = one.package
    return {
        "name": package.manifest.name,
        "package": package.distribution,
        "version": package.version,
        "state": _state(one),
        "may": may_in_words(package.manifest.permissions),
    }
