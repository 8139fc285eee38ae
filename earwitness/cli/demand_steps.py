"""The commands of a demand's case: taking it in, each of its steps, and checking what was handed out, by anybody.

They translate; `demands` decides who may do what when, and each step is in the ledger before it counts.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from earwitness.cli.demand_words import case_line, case_lines
from earwitness.cli.options import JSON
from earwitness.cli.signed_in import PERSON, signed_in
from earwitness.cli.verify import FILE, KEY, read_log_key
from earwitness.config import Settings
from earwitness.demands.demands import Demands
from earwitness.demands.intake import Intake
from earwitness.demands.package_check import check_package, is_package
from earwitness.demands.statement import read_answer
from earwitness.domain.demand import Authority, AuthorityKind, Case, Category, DemandKind, Gag, Scope
from earwitness.domain.errors import DemandError, ProofError
from earwitness.domain.person import Person

ID: Final = click.argument("demand")
REASON: Final = click.option("--reason", required=True, help="Why; it is sealed, and the ledger has a digest of it.")
CATEGORY: Final = click.option(
    "--category", "categories", multiple=True, type=click.Choice([one.value for one in Category]), help="May be said again."
)
SINCE: Final = click.option("--since", type=str, help="A day or moment (ISO 8601).")
UNTIL: Final = click.option("--until", type=str, help="A day or moment, not included.")
_CHUNK: Final = 1 << 20
Act = Callable[[Demands, Person, str, str], Case]


@click.command()
@click.argument("paper", type=FILE)
@click.option("--kind", required=True, type=click.Choice([one.value for one in DemandKind]), help="What kind of demand it is.")
@click.option("--authority", required=True, help="Who demands, as the paper names them.")
@click.option("--authority-kind", required=True, type=click.Choice([one.value for one in AuthorityKind]), help="What they are.")
@click.option("--jurisdiction", required=True, help='Under which law: a code such as "de" or "us-ca".')
@click.option("--name", "names", multiple=True, help="Whom it names; may be said again.")
@click.option("--device", "devices", multiple=True, help="Id of a device that it names; may be said again.")
@SINCE
@UNTIL
@CATEGORY
@click.option("--all-data", is_flag=True, help='It asks for "all data" or the like.')
@click.option("--unnamed-others", is_flag=True, help="It asks for people whom it does not name.")
@click.option("--gag-until", help="It forbids telling the person until then.")
@click.option("--gag-without-end", is_flag=True, help="It forbids telling without an end.")
@click.option("--issued", help="When it was issued.")
@click.option("--expires", help="When it expires.")
@click.option("--reason", default="", help="A remark on how it came in; sealed.")
@PERSON
@JSON
@click.pass_obj
def receive(settings: Settings, /, paper: Path, *, name: str | None, reason: str, as_json: bool, **told: Any) -> None:
    """Take a demand in, with its PAPER: a file of at most a million bytes."""
    gag = Gag(until=_moment(told["gag_until"])) if told["gag_until"] else None
    intake = Intake(
        kind=DemandKind(told["kind"]),
        authority=Authority(
            name=told["authority"], kind=AuthorityKind(told["authority_kind"]), jurisdiction=told["jurisdiction"].lower()
        ),
        names=told["names"],
        devices=told["devices"],
        since=_moment(told["since"]),
        until=_moment(told["until"]),
        categories=_categories(told["categories"]),
        is_all_data=told["all_data"],
        has_unnamed_others=told["unnamed_others"],
        gag=Gag(until=None) if told["gag_without_end"] else gag,
        issued_at=_moment(told["issued"]),
        expires_at=_moment(told["expires"]),
    )
    with _desk(settings, name) as (demands, person):
        case = demands.receive(person, intake, document=paper.read_bytes(), reason=reason)
        _tell(demands, person, case, as_json=as_json)


@click.command("list")
@PERSON
@JSON
@click.pass_obj
def list_all(settings: Settings, *, name: str | None, as_json: bool) -> None:
    """All cases, newest first."""
    with _desk(settings, name) as (demands, person):
        cases = demands.all(person)
    if as_json:
        click.echo(json.dumps([_facts(one) for one in cases]))
        return
    for one in cases:
        click.echo(case_line(one))
    if not cases:
        click.echo("There are no demands.")


@click.command()
@ID
@PERSON
@JSON
@click.pass_obj
def show(settings: Settings, demand: str, *, name: str | None, as_json: bool) -> None:
    """One case: its timeline, what the rules find, what you may do now. The beginning of its id is enough."""
    with _desk(settings, name) as (demands, person):
        _tell(demands, person, _case(demands, person, demand), as_json=as_json)


@click.command()
@ID
@click.argument("paper", type=FILE)
@REASON
@PERSON
@JSON
@click.pass_obj
def validate(settings: Settings, demand: str, paper: Path, *, reason: str, name: str | None, as_json: bool) -> None:
    """Say that a demand is genuine: that whoever issued it confirms this PAPER."""
    digest = hashlib.sha256(paper.read_bytes()).hexdigest()

    def act(demands: Demands, person: Person, key: str, why: str) -> Case:
        return demands.validate(person, key, document_sha256=digest, reason=why)

    _take(settings, demand, act, name=name, reason=reason, as_json=as_json)


@click.command()
@ID
@SINCE
@UNTIL
@CATEGORY
@REASON
@PERSON
@JSON
@click.pass_obj
def narrow(
    settings: Settings,
    demand: str,
    *,
    since: str | None,
    until: str | None,
    categories: tuple[str, ...],
    reason: str,
    name: str | None,
    as_json: bool,
) -> None:
    """Narrow the scope as the rules propose, or further by the options."""

    def act(demands: Demands, person: Person, key: str, why: str) -> Case:
        is_own = since or until or categories
        scope = _narrower(demands, person, key, since=since, until=until, categories=categories) if is_own else None
        return demands.narrow(person, key, reason=why, scope=scope)

    _take(settings, demand, act, name=name, reason=reason, as_json=as_json)


@click.command()
@ID
@UNTIL
@REASON
@PERSON
@JSON
@click.pass_obj
def preserve(settings: Settings, demand: str, *, until: str | None, reason: str, name: str | None, as_json: bool) -> None:
    """Keep exactly the scope from expiry and deletion, as long as the rules allow or until a moment before."""

    def act(demands: Demands, person: Person, key: str, why: str) -> Case:
        return demands.preserve(person, key, reason=why, until=_moment(until))

    _take(settings, demand, act, name=name, reason=reason, as_json=as_json)


@click.command()
@ID
@click.option("--recipient", default="", help="The authority's public key (age1…); none where there is nothing.")
@click.option("--without-shares", is_flag=True, help="There is nothing, or an answer that was broken off goes on.")
@REASON
@PERSON
@JSON
@click.pass_obj
def disclose(
    settings: Settings, demand: str, *, recipient: str, without_shares: bool, reason: str, name: str | None, as_json: bool
) -> None:
    """Answer: just the approved scope is opened and encrypted, or it is stated that there is nothing.

    Two shares of the key are asked for, or read from standard input, a line each."""
    with _desk(settings, name) as (demands, person):
        case = _case(demands, person, demand)
        shares = () if without_shares else _shares()
        made = demands.disclose(person, case.demand_id, shares=shares, recipient=recipient, reason=reason)
    if as_json:
        path = None if made.path is None else str(made.path)
        click.echo(
            json.dumps({"outcome": made.outcome.value, "package": path, "sha256": made.sha256, "answer": str(made.answer)})
        )
        return
    click.echo(f"Answered: {made.outcome.value}. What proves it, for whoever demanded it: {made.answer}")
    if made.path is not None:
        click.echo(f"The encrypted package: {made.path} (SHA-256 {made.sha256})")


@click.command()
@click.argument("file", type=FILE)
@click.option("--package", type=FILE, help="The encrypted package that the answer names.")
@KEY
@JSON
def verify(file: Path, *, package: Path | None, key: str | None, as_json: bool) -> None:
    """Check what was handed out: an answer with its proof, or a package that you decrypted.

    It needs no server and no household, only the ledger's key; anybody may do it."""
    log = read_log_key(key)
    if is_package(file):
        found = check_package(file, log=log)
        facts: dict[str, Any] = {"verified": True, "demand": found.demand, "files": found.files, "opened": found.opened}
        said = (
            f"All {found.files} files are as the manifest for demand {found.demand[:12]} says, and the ledger holds the opening "
            f"of each of the {found.opened} with words or sound. Whether it is the package that was handed out, the answer says: "
            "verify that with the encrypted file."
        )
    else:
        answer = read_answer(file.read_bytes())
        checkpoint = answer.check(log, package_sha256=_sha256(package) if package else None)
        statement = answer.statement
        facts = {"verified": True, "statement": dict(statement), "size": checkpoint.size, "root": checkpoint.root.hex()}
        said = (
            f"The answer to demand {str(statement['demand'])[:12]} says: {statement['says']} The ledger holds just this answer."
        )
        if package:
            said += " The package is the one that it names."
    click.echo(json.dumps(facts) if as_json else f"Verified.\n{said}")


def _plain(command: str, words: str, act: Act) -> click.Command:
    """A step that needs nothing but a reason."""

    @click.command(command, help=words)
    @ID
    @REASON
    @PERSON
    @JSON
    @click.pass_obj
    def take(settings: Settings, demand: str, *, reason: str, name: str | None, as_json: bool) -> None:
        _take(settings, demand, act, name=name, reason=reason, as_json=as_json)

    return take


COMMANDS: Final = (
    receive,
    list_all,
    show,
    validate,
    _plain("object", "Object to a demand; approvals fall.", lambda d, by, key, why: d.object(by, key, reason=why)),
    narrow,
    _plain(
        "approve",
        "Approve just the present scope; another office must too.",
        lambda d, by, key, why: d.approve(by, key, reason=why),
    ),
    _plain(
        "notify",
        "Tell the person, who may then object; a gag with an end puts it off.",
        lambda d, by, key, why: d.notify(by, key, reason=why),
    ),
    preserve,
    _plain("release", "Let go what is preserved.", lambda d, by, key, why: d.release(by, key, reason=why)),
    disclose,
    _plain(
        "review",
        "Say that you looked at an emergency that somebody else answered.",
        lambda d, by, key, why: d.review(by, key, reason=why),
    ),
    _plain("refuse", "Refuse a demand.", lambda d, by, key, why: d.refuse(by, key, reason=why)),
    _plain(
        "close", "Close a case that was answered, refused or withdrawn.", lambda d, by, key, why: d.close(by, key, reason=why)
    ),
    verify,
)
"""In the order of a case."""


@contextmanager
def _desk(settings: Settings, name: str | None) -> Iterator[tuple[Demands, Person]]:
    with signed_in(settings, name) as (house, person):
        yield house.demands, person


def _take(settings: Settings, demand: str, act: Act, *, name: str | None, reason: str, as_json: bool) -> None:
    with _desk(settings, name) as (demands, person):
        case = act(demands, person, _case(demands, person, demand).demand_id, reason)
        _tell(demands, person, case, as_json=as_json)


def _case(demands: Demands, person: Person, given: str) -> Case:
    """The case whose id begins so. Raises DemandError."""
    found = [one for one in demands.all(person) if one.demand_id.startswith(given.lower())]
    if len(found) != 1 or not given:
        raise DemandError("There is no such demand, or several; give more of its id.", code="demand.unknown")
    return found[0]


def _tell(demands: Demands, person: Person, case: Case, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_facts(case)))
        return
    assessment = demands.assess(person, case.demand_id)
    sentences, can = demands.sentences(assessment), demands.possible(person, case.demand_id)
    for line in case_lines(case, assessment, sentences=sentences, possible=can):
        click.echo(line)


def _facts(case: Case) -> dict[str, Any]:
    """A case as JSON, without anybody's name or reason."""
    return {
        "demand": case.demand_id,
        "kind": case.demand.kind.value,
        "state": case.state.value,
        "scope": case.scope.as_json(),
        "document_sha256": case.demand.document_sha256,
        "due_at": case.due_at.isoformat() if case.due_at else None,
        "steps": [
            {"kind": one.kind.value, "by": one.office.value, "at": one.at.isoformat(), "entry": one.position}
            for one in case.steps
        ],
    }


def _narrower(
    demands: Demands, person: Person, key: str, *, since: str | None, until: str | None, categories: tuple[str, ...]
) -> Scope:
    chosen = demands.assess(person, key).proposal or demands.find(person, key).scope
    return Scope(
        persons=chosen.persons,
        devices=chosen.devices,
        since=_moment(since) or chosen.since,
        until=_moment(until) or chosen.until,
        categories=_categories(categories) or chosen.categories,
        unknown_persons=chosen.unknown_persons,
    )


def _categories(given: tuple[str, ...]) -> frozenset[Category]:
    return frozenset(Category(one) for one in given)


def _moment(given: str | None) -> datetime | None:
    """A day or moment, of this machine's time zone unless it names one. Raises DemandError (demand.invalid)."""
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError as error:
        raise DemandError(
            f"{given} is no day or moment such as 2026-03-01 or 2026-03-01T10:00+01:00.", code="demand.invalid"
        ) from error
    return found if found.tzinfo else found.astimezone()


def _shares() -> tuple[str, ...]:
    if not sys.stdin.isatty():
        return tuple(line.strip() for line in sys.stdin.read().splitlines() if line.strip())
    return tuple(str(click.prompt(f"{which} share", hide_input=True, err=True)) for which in ("One", "Another"))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ProofError(f"{path} cannot be read: {error.strerror}.", code="proof.unreadable") from error
