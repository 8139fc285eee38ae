"""The commands about what is confirmed before it is done: rules of people, kinds of speakers, acts and devices."""

import json

import click
from rich.table import Table
from rich.text import Text

from earwitness.build import House
from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import PERSON, check_may, signed_in
from earwitness.config import Settings
from earwitness.domain.account import AccountEvent, Permission
from earwitness.domain.confirmation import Act, Confirmation, ConfirmationPolicy, Speaker, Subject

_KINDS = {one.value for one in Speaker}
WHO = click.option(
    "--who", help=f"Of whom: the name of a person here, or {', '.join(one.value for one in Speaker)}. Without, everybody."
)
ACT = click.option("--act", type=click.Choice([one.value for one in Act]), help="Which act. Without, any with that device.")
DEVICE = click.option("--device", help="With which device: its name or id, as the page shows it. Without, any.")


@click.group()
def rules() -> None:
    """What is done at once, asked about first, or refused."""


@rules.command(name="list")
@PERSON
@JSON
@click.pass_obj
def list_rules(settings: Settings, *, name: str | None, as_json: bool) -> None:
    """List the rules that an owner chose; where there is none, the defaults hold (docs/contacts.md)."""
    with signed_in(settings, name) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        found = _told(house, house.confirmations.policy())
    if as_json:
        click.echo(json.dumps(found))
        return
    table = Table("who", "act", "device", "then", box=None)
    for one in found:
        table.add_row(Text(one["who"] or "everybody"), one["act"] or "any", Text(one["device"] or "any"), one["confirmation"])
    out.print(table)


@rules.command(name="set")
@click.argument("confirmation", type=click.Choice([one.value for one in Confirmation]))
@WHO
@ACT
@DEVICE
@PERSON
@click.pass_obj
def choose(
    settings: Settings, confirmation: str, *, who: str | None, act: str | None, device: str | None, name: str | None
) -> None:
    """Choose what happens before it is done: none, read_back, ask or refuse. The most specific rule holds."""
    _choose(settings, Confirmation(confirmation), who=who, act=act, device=device, name=name)
    click.echo("It counts within a second.")


@rules.command(name="remove")
@WHO
@ACT
@DEVICE
@PERSON
@click.pass_obj
def remove(settings: Settings, *, who: str | None, act: str | None, device: str | None, name: str | None) -> None:
    """Take a rule back; what is less specific holds again."""
    _choose(settings, None, who=who, act=act, device=device, name=name)
    click.echo("Taken back.")


def _choose(
    settings: Settings, chosen: Confirmation | None, *, who: str | None, act: str | None, device: str | None, name: str | None
) -> None:
    with signed_in(settings, name) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        speaker = Speaker(who) if who in _KINDS else None
        subject = Subject(
            device_id=None if device is None else _device_id(house, device),
            act=None if act is None else Act(act),
            speaker=speaker,
            person_id=None if who is None or speaker is not None else house.people.named(who).person_id,
        )
        house.confirmations.choose_rule(subject, chosen)
        log = house.people.accounts.log
        log.note(person.person_id, AccountEvent.CONFIRMATIONS_CHANGED, detail=act or "device")


def _device_id(house: House, device: str) -> str:
    """The id of the device of that name, as far as this process knows the home; else what was given is taken for an id."""
    same = [one for one in house.link.snapshot().devices if device.casefold() in (one.name.casefold(), one.device_id.casefold())]
    if len(same) > 1:
        raise click.UsageError(f"Several devices are called so; say the id: {', '.join(one.device_id for one in same)}.")
    return same[0].device_id if same else device


def _told(house: House, policy: ConfirmationPolicy) -> list[dict[str, str | None]]:
    names = {one.person_id: one.name for one in house.people.all()}
    acts = {Subject(act=act, speaker=speaker): one for (act, speaker), one in policy.chosen.items()}
    devices = {Subject(device_id=key, speaker=speaker): one for (key, speaker), one in policy.devices.items()}
    return [
        {
            "who": names.get(subject.person_id) if subject.person_id else subject.speaker,
            "act": subject.act,
            "device": subject.device_id,
            "confirmation": confirmation,
        }
        for subject, confirmation in {**policy.rules, **devices, **acts}.items()
    ]
