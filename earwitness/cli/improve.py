"""The commands of learning from judgements: make a set, learn, measure, use it or take it back, and see where it stands."""

import json
from typing import Any, Final

import click
from rich.table import Table

from earwitness import build
from earwitness.cli.options import JSON, out, progress, with_bar
from earwitness.cli.signed_in import ACTOR, check_may, signed_in
from earwitness.config import Settings
from earwitness.domain.account import Permission
from earwitness.domain.errors import ImproveError
from earwitness.improve.improver import TRIAL_SHARE, Improver
from earwitness.improve.models import Model, State

MODEL: Final = click.argument("model", required=False)
HUNDRED: Final = 100.0


@click.group()
def improve() -> None:
    """Learn from what people corrected and reviewers judged, measured on what it did not learn from, or not used at all."""


@improve.command()
@JSON
@click.pass_obj
def dataset(settings: Settings, *, as_json: bool) -> None:
    """Make a data set of all judged recordings whose people allow training. It holds ids alone; its digest goes to the ledger."""
    with build.House(settings) as house:
        made = with_bar("Reading", house.improver.sets.make)
    facts = made.as_json()
    if as_json:
        click.echo(json.dumps(facts))
        return
    out.print(f"Set {made.number}, {made.set_id[:12]}: {facts['teaches']} teach, {facts['measures']} measure.")
    out.print(f"Never on both sides: {facts['split']}. Left out: {_counts(made.manifest.left_out) or 'nothing'}.")


@improve.command()
@click.option("--set", "set_id", help="Of which set; without it, the newest.")
@click.option("--only", multiple=True, help="Name of an adapter; may be given several times. Without it, all learn.")
@JSON
@click.pass_obj
def train(settings: Settings, *, set_id: str | None, only: tuple[str, ...], as_json: bool) -> None:
    """Learn from a set, after what counts as a gain is in the ledger. Goes on where it was broken off."""
    with build.House(settings) as house:
        improver = house.improver
        model = improver.register(set_id, only=only)
        if model.state is State.REGISTERED:
            with progress("Learning") as bar:
                tasks = {name: bar.add_task(name, total=None) for name in model.plan.adapters}
                model = improver.learn(model, lambda name, at, total: bar.update(tasks[name], completed=at, total=total))
        done = improver.models.done(model)
    if as_json:
        click.echo(json.dumps({**model.as_json(), "learned": {name: dict(one.facts) for name, one in done.items()}}))
        return
    for name, one in done.items():
        what = "too little to learn from" if one.sha256 is None else _counts(one.facts) or "learned"
        out.print(f"{name}: {what}")
    out.print(f"Version {model.number} is {_said(model.state)}.")


@improve.command()
@MODEL
@JSON
@click.pass_obj
def evaluate(settings: Settings, *, model: str | None, as_json: bool) -> None:
    """Measure a version (the newest that was learned) on what it did not learn from, beside what is used and the plain chain."""
    with build.House(settings) as house:
        improver = house.improver
        chosen = _chosen(improver, model, State.LEARNED)
        found = with_bar("Measuring", lambda tell: improver.measure(chosen, tell))
    _print_report(found, as_json=as_json)


@improve.command()
@MODEL
@click.option("--share", type=click.FloatRange(0.0, HUNDRED, min_open=True), help="Of the hours, in percent; without it, 20.")
@click.option("--all", "for_all", is_flag=True, help="Always, instead of beside what is used.")
@ACTOR
@click.pass_obj
def promote(settings: Settings, *, model: str | None, share: float | None, for_all: bool, actor: str | None) -> None:
    """Use a version that is a gain: first in a share of the hours, then, with --all, always. A running server takes it within
    20 seconds."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        chosen = _chosen(house.improver, model, State.TRIAL, State.MEASURED)
        wanted = 1.0 if for_all else TRIAL_SHARE if share is None else share / HUNDRED
        used = house.improver.promote(chosen, by=person.alias, share=wanted)
    where = "always" if used.state is State.IN_USE else f"in {used.share:.0%} of the hours"
    out.print(f"Version {used.number} is used {where}. `earwitness improve rollback` takes it back.")


@improve.command()
@click.option("--why", default="Somebody took it back.", show_default=True, help="For the ledger, which everybody may read.")
@ACTOR
@click.pass_obj
def rollback(settings: Settings, *, why: str, actor: str | None) -> None:
    """Take back the newest version that is used; what was used before it is used again."""
    with signed_in(settings, actor) as (house, person):
        check_may(person, Permission.HOUSEHOLD)
        taken = house.improver.roll_back(why=why, by=person.alias)
        now = house.improver.models.in_use()
    out.print(f"Version {taken.number} is taken back; {'version ' + str(now.number) if now else 'nothing learned'} is used.")


@improve.command()
@JSON
@click.pass_obj
def status(settings: Settings, *, as_json: bool) -> None:
    """List sets and versions, newest first, and retire what has to go."""
    with build.House(settings) as house:
        improver = house.improver
        retired = improver.retire()
        sets, models = improver.sets.all(), improver.models.all()
    if as_json:
        listed = {"sets": [one.as_json() for one in sets], "models": [one.as_json() for one in models]}
        click.echo(json.dumps(listed))
        return
    for one in retired:
        out.print(f"Version {one.number} was retired just now: somebody deleted or withdrew what it learned from.")
    if not sets:
        out.print("No data set was made yet: `earwitness improve dataset`.")
        return
    table = Table("set", "made", "teach", "measure", "split", box=None)
    for made in sets:
        facts = made.as_json()
        when = f"{made.made_at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(
            f"{made.number} {made.set_id[:12]}", when, str(facts["teaches"]), str(facts["measures"]), str(facts["split"])
        )
    out.print(table)
    versions = Table("version", "state", "evidence", box=None)
    for model in models:
        sentence = model.report["sentence"] if model.report else model.reason
        versions.add_row(str(model.number), _said(model.state), sentence)
    out.print(versions if models else "Nothing was learned yet: `earwitness improve train`.")


def _chosen(improver: Improver, model: str | None, *states: State) -> Model:
    """The version of that id or number; without one, the newest in the first of the states that has any."""
    if model is not None:
        return improver.models.find(model)
    for state in states:
        if found := improver.models.in_state(state):
            return found[0]
    raise ImproveError(f"No version is {' or '.join(_said(state) for state in states)}.", code="improve.not_due")


def _print_report(model: Model, *, as_json: bool) -> None:
    found: dict[str, Any] = dict(model.report or {})
    if as_json:
        click.echo(json.dumps(model.as_json()))
        return
    table = Table("measure", "before", "now", "gain", "95 %", box=None)
    for name, one in found["gains"].items():
        sure = "one speaker" if one["low"] is None else f"{one['low']:+.1%} to {one['high']:+.1%}"
        table.add_row(name.replace("_", " "), f"{one['before']:.1%}", f"{one['after']:.1%}", f"{one['gain']:+.1%}", sure)
    out.print(table)
    out.print(found["sentence"])
    for reason in found["reasons"]:
        out.print(f"- {reason}")


def _said(state: State) -> str:
    return {State.MEASURED: "a measured gain", State.TRIAL: "on trial"}.get(state, state.value.replace("_", " "))


def _counts(found: Any) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.items())
