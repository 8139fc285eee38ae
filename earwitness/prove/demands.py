"""Guarantee 11: legal demands are narrowed, contested, disclosed, tried on a real house with its ledger, vault and counsel.

Days pass by a clock that is put forward, for the demands alone.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from earwitness.build import House
from earwitness.demands.answering import Package
from earwitness.demands.demands import Demands
from earwitness.demands.intake import Intake
from earwitness.demands.package_check import check_package
from earwitness.demands.report import make_report, parse_period
from earwitness.demands.rules import read_rules
from earwitness.demands.statement import read_answer
from earwitness.domain.account import AccountRole
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.demand import Authority, AuthorityKind, Case, Category, DemandKind, Gag, Outcome, State
from earwitness.domain.errors import DemandError
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection, Spoken
from earwitness.domain.turn import Outcome as TurnOutcome
from earwitness.domain.turn import Turn
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.verify import verify_log
from earwitness.prove.evidence import NotProvedError, require
from earwitness.prove.keeping import PASSPHRASE
from earwitness.vault.backup_age import make_identity, read_sealed

PAPER: Final = b"A warrant of this proof"
COURT: Final = Authority(name="Court of this proof", kind=AuthorityKind.COURT, jurisdiction="xx")
SECRET: Final = "outside of every scope"  # noqa: S105  (said, and looked for)
DAY: Final = timedelta(days=1)
WHY: Final = "it is tried"


@dataclass
class _Clock:
    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    house: House
    demands: Demands
    clock: _Clock
    counsel: Person
    officer: Person
    shares: tuple[str, ...]
    identity: Path
    recipient: str

    def received(self, names: tuple[str, ...], **more: Any) -> Case:
        """A warrant for what these people said in the last hour, that was held against its paper."""
        now = self.clock()
        told: dict[str, Any] = {"since": now - timedelta(hours=1), "until": now} | more
        categories = frozenset() if more.get("is_all_data") else frozenset({Category.WORDS, Category.SOUND})
        intake = Intake(kind=DemandKind.WARRANT, authority=COURT, names=names, categories=categories, **told)
        case = self.demands.receive(self.counsel, intake, document=PAPER)
        refused(
            lambda: self.demands.validate(self.counsel, case.demand_id, document_sha256="0" * 64, reason=WHY),
            "An altered paper was taken for the one that was issued.",
        )
        digest = hashlib.sha256(PAPER).hexdigest()
        return self.demands.validate(self.counsel, case.demand_id, document_sha256=digest, reason=WHY)

    def approve(self, case: Case) -> None:
        for one in (self.counsel, self.officer):
            self.demands.approve(one, case.demand_id, reason=WHY)

    def disclose(self, case: Case, *, shares: tuple[str, ...] | None = None) -> Package:
        chosen = self.shares[:2] if shares is None else shares
        return self.demands.disclose(self.counsel, case.demand_id, shares=chosen, recipient=self.recipient, reason=WHY)


def refused(attempt: Callable[[], object], sentence: str) -> None:
    """Raise NotProvedError with the sentence unless the attempt is refused."""
    try:
        attempt()
    except DemandError:
        return
    raise NotProvedError(sentence)


def demands_are_narrowed(house: House) -> tuple[str, ...]:
    """Guarantee 11: the smallest lawful answer, approved by two and told before; gags end; the report recomputes."""
    with TemporaryDirectory() as folder:
        anna = _enrolled(house, "Anna")  # the first account is an owner's
        trial = _begun(house, Path(folder))
        inside = _kept(house, anna, "call the plumber", sound=secrets.token_bytes(32_000))
        _kept(house, anna, SECRET, at=datetime.now(UTC) - 2 * DAY)
        _kept(house, _enrolled(house, "Ben"), SECRET)
        return (_narrowed(trial, inside), _contested(trial, anna), _gagged(trial, inside), _nothing(trial), _reported(trial))


def _begun(house: House, folder: Path) -> _Trial:
    clock = _Clock()
    counsel = house.people.add("Counsel of this proof", passphrase=PASSPHRASE, role=AccountRole.COUNSEL)
    officer = house.people.add("Officer of this proof", passphrase=PASSPHRASE, role=AccountRole.PRIVACY_OFFICER)
    demands = Demands(
        house.people,
        house.vault,
        ledger=house.ledger,
        prover=house.ledger,
        rules=read_rules(),
        folder=folder / "demands",
        clock=clock,
    )
    _, shares = demands.make_key(counsel)
    identity = folder / "authority.txt"
    recipient = make_identity(identity, now=clock())
    return _Trial(
        house=house,
        demands=demands,
        clock=clock,
        counsel=counsel,
        officer=officer,
        shares=shares,
        identity=identity,
        recipient=recipient,
    )


def _narrowed(trial: _Trial, inside: str) -> str:
    """All data without dates becomes a week of words and sound; nothing is opened before two approvals, the notice, its delay."""
    demands, counsel = trial.demands, trial.counsel
    case = trial.received(("Anna",), since=None, until=None, is_all_data=True)
    refused(lambda: demands.approve(counsel, case.demand_id, reason=WHY), "All data was approved.")
    asked = demands.assess(counsel, case.demand_id).asked.counts[Category.WORDS]
    whole = trial.received(("Anna",))
    require(whole.scope.span == timedelta(hours=1), "The scope is not the one that was asked for.")
    narrowed = demands.narrow(counsel, case.demand_id, reason=WHY)
    require(narrowed.scope.span is not None and not narrowed.scope.is_all_data, "The proposal is as wide as the demand.")
    demands.refuse(counsel, case.demand_id, reason=WHY)
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("before any approval", lambda: demands.approve(counsel, whole.demand_id, reason=WHY)),
        ("by one approval", lambda: demands.approve(trial.officer, whole.demand_id, reason=WHY)),
        ("before the notice", lambda: demands.notify(counsel, whole.demand_id, reason=WHY)),
        ("before the delay to object was over", lambda: setattr(trial.clock, "ahead", trial.clock.ahead + 14 * DAY)),
    )
    for when, then in steps:
        refused(lambda: trial.disclose(whole), f"Something was disclosed {when}.")
        if when == "by one approval":
            require(demands.find(counsel, whole.demand_id).state is not State.APPROVED, "Counsel alone approved it.")
        then()
    refused(lambda: trial.disclose(whole, shares=trial.shares[:1]), "One share opened something.")
    opened = _opened(trial.house)
    require(not opened, f"{len(opened)} recordings were opened before anything could be disclosed.")
    files = _checked(trial, trial.disclose(whole), inside)
    return (
        f"a demand for all data without dates (it asks for {asked} recordings) could not be approved, only narrowed; of one for "
        f"an hour {files} files left the house, after two approvals and the person's delay, every byte in scope, and the ledger "
        f"holds just these {files} openings"
    )


def _checked(trial: _Trial, package: Package, inside: str) -> int:
    """That the package is whole, is what the answer says, and holds nothing but this turn; gives how many files it has."""
    require(package.path is not None and package.outcome is not Outcome.NOTHING, "Nothing was disclosed of what is in scope.")
    assert package.path is not None
    log = parse_verifier(trial.house.ledger.verifier)
    read_answer(package.answer.read_bytes()).check(log, package_sha256=package.sha256)
    plain = package.path.with_suffix(".zip")
    with plain.open("wb") as file:
        read_sealed(package.path, [trial.identity], write=file.write)
    found = check_package(plain, log=log)
    handed = {f"{inside}/{one}" for one in ("text", "audio")}
    require(_opened(trial.house) >= handed, "Something left that the ledger does not tell of.")
    require(_opened(trial.house) == handed, "Other recordings were opened than were approved.")
    require(SECRET.encode() not in plain.read_bytes() and found.files == len(handed), "The package holds more than the scope.")
    return found.files


def _contested(trial: _Trial, anna: Person) -> str:
    """The person was told, and their objection stops it."""
    case = trial.received(("Anna",), since=trial.clock() - 30 * DAY, until=trial.clock())
    trial.approve(case)
    trial.demands.notify(trial.counsel, case.demand_id, reason=WHY)
    notices = trial.demands.notices(anna.person_id)
    require(len(notices) == 2 and COURT.name in notices[0].about, "The person was not told.")
    trial.demands.object_to(anna.person_id, notices[0].notice_id, reason="That was not me.")
    trial.clock.ahead += 15 * DAY
    refused(lambda: trial.disclose(case), "What the person objected to was disclosed.")
    trial.demands.refuse(trial.counsel, case.demand_id, reason=WHY)
    return "the person was told of each before, and an objection stopped the second"


def _gagged(trial: _Trial, inside: str) -> str:
    """Under a gag the ledger holds commitments alone; when it ends, the house tells the person and opens them."""
    house, since = trial.house, trial.clock() - 40 * DAY
    case = trial.received(("Anna",), since=since, until=since + 20 * DAY, gag=Gag(until=trial.clock() + 9 * DAY))
    trial.approve(case)
    trial.demands.notify(trial.counsel, case.demand_id, reason=WHY)
    trial.disclose(case)
    mine = [one for one in _entries(house) if one.get("demand") == case.demand_id]
    require(bool(mine) and all(one["kind"] == "demand.sealed" for one in mine), "The ledger tells of a gagged demand.")
    trial.clock.ahead += 9 * DAY
    require(trial.demands.settle() > 0, "Nothing happened when the gag ended.")
    make_report(_entries(house), parse_period(f"{trial.clock():%Y}"))  # raises where what is opened is not what was committed
    opened = [each for one in _entries(house) if one.get("kind") == "demand.opened" for each in one["entries"]]
    require(len(opened) == len(mine), "Not all that was committed under the gag was opened at its end.")
    require(any(one["entry"].get("recording") == inside for one in opened), "The openings under the gag are not among them.")
    return f"a gag of nine days hid {len(mine)} entries as commitments, and all were opened, and the person told, at its end"


def _nothing(trial: _Trial) -> str:
    """What was deleted gives a signed statement that anybody checks."""
    cleo = _enrolled(trial.house, "Cleo")
    _kept(trial.house, cleo, SECRET)
    trial.house.rights.erase_said(cleo.person_id, Selection(is_all=True))
    case = trial.received(("Cleo",))
    trial.approve(case)
    trial.demands.notify(trial.counsel, case.demand_id, reason=WHY)
    trial.clock.ahead += 15 * DAY
    package = trial.disclose(case, shares=())
    require(package.outcome is Outcome.NOTHING and package.path is None, "Something was disclosed of what was deleted.")
    head = read_answer(package.answer.read_bytes()).check(parse_verifier(trial.house.ledger.verifier))
    return f"of what was deleted there is a signed statement that nothing is held; it checks offline under {head.size} entries"


def _reported(trial: _Trial) -> str:
    """Whoever has the published ledger gets the same figures."""
    house, period = trial.house, parse_period(f"{datetime.now(UTC):%Y}")
    with TemporaryDirectory() as folder:
        house.ledger.publish(Path(folder))
        entries: list[dict[str, Any]] = []
        verify_log(Path(folder), log=parse_verifier(house.ledger.verifier), read=entries.append)
    require(make_report(entries, period) == make_report(_entries(house), period), "The published ledger gives other figures.")
    return f"the transparency report of {period.name} recomputes from the published ledger ({len(entries)} entries)"


def _enrolled(house: House, name: str) -> Person:
    """Somebody who keeps what they say for half a year."""
    person = house.people.add(name, passphrase=PASSPHRASE)
    long = (180 * DAY).total_seconds()
    house.rights.decide(person.person_id, Purpose.KEEP, is_given=True, way=Way.TERMINAL, retention_seconds=long)
    return person


def _kept(house: House, person: Person, text: str, *, sound: bytes = b"", at: datetime | None = None) -> str:
    turn = Turn(turn_id=secrets.token_hex(16), transcript=text, outcome=TurnOutcome.DONE, reply="Done.")
    spoken = Spoken(turn=turn, person_id=person.person_id, began_at=at or datetime.now(UTC))
    house.rights.keep(spoken, Pcm(data=sound) if sound else None)
    return turn.turn_id


def _entries(house: House) -> list[dict[str, Any]]:
    return [json.loads(leaf) for leaf in house.ledger.leaves()]


def _opened(house: House) -> set[str]:
    """The recordings that were opened by demand in the open, with their media."""
    found = [one for one in _entries(house) if one["kind"] == "read.opened" and one["purpose"] == "demand"]
    return {f"{one['recording']}/{one['medium']}" for one in found}
