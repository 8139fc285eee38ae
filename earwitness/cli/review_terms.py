"""The commands of the terms of review: what is in force, proposing, and deciding on what somebody else proposed."""

import json
from typing import Any, Final

import click

from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import PERSON, check_may, signed_in
from earwitness.config import Settings
from earwitness.domain.account import Permission
from earwitness.domain.oversight import Proposal, Subject
from earwitness.review.sample import epoch_of

BECAUSE: Final = click.option("--because", "reason", required=True, help="Why; it is sealed, and shown to those who decide.")


@click.command()
@PERSON
@JSON
@click.pass_obj
def terms(settings: Settings, name: str | None, *, as_json: bool) -> None:
    """Show the terms that two people agreed on, and what was proposed, newest first."""
    with signed_in(settings, name) as (house, person):
        check_may(person, Permission.APPROVE)
        today = epoch_of(house.oversight.clock())
        in_force = {subject.value: house.oversight.in_force.values(subject, today) for subject in Subject}
        proposals = house.oversight.proposals.all()
    if as_json:
        click.echo(json.dumps({"in_force": in_force, "proposals": [_json(one) for one in proposals]}))
        return
    for subject, values in in_force.items():
        out.print(f"{subject}: {_said(values) if values else 'as the settings say'}")
    for one in proposals:
        out.print(f"{one.proposal_id} {one.state.value}: {one.subject.value}, {_said(one.values)}, by {one.by}: {one.reason}")


@click.command()
@click.argument("subject", type=click.Choice([one.value for one in Subject]))
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@BECAUSE
@PERSON
@click.pass_obj
def propose(settings: Settings, subject: str, values: tuple[str, ...], *, reason: str, name: str | None) -> None:
    """Propose terms, such as `draw rate_millionths=1000 doubtful_thousandths=500 most_per_month=5`. Somebody else decides.

    `retention` takes longest_days; `work` takes lease_minutes, from_hour, until_hour and networks (between commas).
    """
    with signed_in(settings, name) as (house, person):
        made = house.oversight.propose(person, Subject(subject), _values(values), reason=reason)
    out.print(f"Proposed as {made.proposal_id}. It counts once somebody else approves it, from the day after on.")


@click.command()
@click.argument("proposal_id")
@click.option("--approve/--refuse", "is_approved", required=True, help="Which.")
@BECAUSE
@PERSON
@click.pass_obj
def decide(settings: Settings, proposal_id: str, *, is_approved: bool, reason: str, name: str | None) -> None:
    """Approve or refuse terms that somebody else proposed."""
    with signed_in(settings, name) as (house, person):
        check_may(person, Permission.APPROVE)
        done = house.oversight.decide(person, proposal_id, is_approved=is_approved, reason=reason)
    out.print(f"Approved, in force from {done.from_epoch} (UTC) on." if is_approved else "Refused.")


def _values(given: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.UsageError(f"{one} is no NAME=VALUE.")
        is_list = name == "networks"
        found[name] = [part for part in value.split(",") if part] if is_list else int(value) if value.isdecimal() else value
    return found


def _said(values: Any) -> str:
    return " ".join(f"{name}={','.join(value) if isinstance(value, list) else value}" for name, value in values.items())


def _json(one: Proposal) -> dict[str, Any]:
    return {
        "proposal": one.proposal_id,
        "subject": one.subject.value,
        "values": dict(one.values),
        "state": one.state.value,
        "by": one.by,
        "at": one.at.isoformat(),
        "reason": one.reason,
        "decided_by": one.decided_by,
        "from": one.from_epoch,
    }
