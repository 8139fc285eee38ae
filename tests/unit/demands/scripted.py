"""Plays scripts of demands on a real house: each word of a script is something that somebody does, with how it must end.

A word may end in `!code`: then it must be refused with that code, and change nothing. `+14d` and `+1h` let time pass;
`settle=told,released` is the house looking after what is due, which must take just these steps.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

import pyrage
import pytest

from earwitness.demands.answering import Package
from earwitness.demands.demands import Demands
from earwitness.domain.account import AccountRole
from earwitness.domain.demand import Case, Category, DemandKind, Finding, Gag, Outcome, Scope, State, StepKind
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection
from tests.demands_kept import COURT, PAPER, SAID, DemandedHouse, demanded
from tests.houses_kept import PASSPHRASE, sound

DAY: Final = timedelta(days=1)
DIGEST: Final = hashlib.sha256(PAPER).hexdigest()
_SPAN: Final = re.compile(r"\+(\d+)([dh])")
NEW_ONES: Final = frozenset({"Leaver", "Newcomer"})
"""People who come just before they are asked for."""
SECRET: Final = "said outside of every scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A demand, what is done with it, and what must come of it. Times in `asks` are days before it comes in."""

    name: str
    kind: DemandKind
    does: str
    ends: State
    asks: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    recordings: int = 0
    files: int = 0
    """How many files the package has besides its manifest."""
    told: int = 0
    """How many notices people got."""
    findings: frozenset[Finding] = frozenset()
    """Some that the rules must have found when it came in."""
    has_rival: bool = False
    """Another open demand is about the same person and time."""


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of a script; `problem` is the first thing that went otherwise than it says."""

    script: Script
    case: Case
    problem: str = ""
    packages: list[Package] = field(default_factory=list)
    contents: list[dict[str, bytes]] = field(default_factory=list)
    """What whoever demanded it finds in each."""
    findings: tuple[Finding, ...] = ()
    expected: list[str] = field(default_factory=list)
    """The steps that must be there now, in order."""
    notices: int = 0


class _Power(BaseException):
    """The power goes."""


def _gone(*_: object, **__: object) -> None:
    raise _Power


@dataclass
class Player:
    """Plays scripts, one after the other, on one house. Everybody speaks shortly before a demand about them comes in."""

    desk: DemandedHouse
    patch: pytest.MonkeyPatch
    ben: Person
    cleo: Person
    other_counsel: Person
    other_shares: tuple[str, ...]
    demands: Demands

    @classmethod
    def of(cls, desk: DemandedHouse, patch: pytest.MonkeyPatch) -> "Player":
        people = desk.house.people
        ben = desk.house.enrolled("Ben", retention_seconds=30 * 86_400)
        cleo = people.add("Cleo", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=desk.anna.person_id)
        second = people.add("Carl", passphrase=PASSPHRASE, role=AccountRole.COUNSEL)
        other = desk.shares
        _, desk.shares = desk.demands.make_key(desk.counsel)
        return cls(desk=desk, patch=patch, ben=ben, cleo=cleo, other_counsel=second, other_shares=other, demands=desk.demands)

    def play(self, script: Script) -> Played:
        """Play one, and leave nothing open behind."""
        self.desk.house.clock.advance(days=10)
        who = self._speak(script)
        rival = self._receive(DemandKind.WARRANT, {}) if script.has_rival else None
        before = self._notices()
        case = self._receive(script.kind, script.asks)
        found = self.demands.assess(self.desk.counsel, case.demand_id).findings
        played = Played(script=script, case=case, findings=found, expected=["received"])
        for word in script.does.split():
            try:
                self._do(played, word, who)
            except AssertionError as error:
                played.problem = f"{word}: {error}"
                break
        played.case = self.demands.find(self.desk.counsel, case.demand_id)
        played.notices = self._notices() - before
        if rival is not None:
            self.demands.refuse(self.desk.counsel, rival.demand_id, reason="the script is over")
        if not played.problem:
            self._close(played)
        return played

    def _speak(self, script: Script) -> Person:
        """Two things in scope, of which one has sound, and what is outside of it: before, later, and by somebody else."""
        house, now = self.desk.house, self.desk.house.clock()
        who = self.desk.anna
        for name in NEW_ONES & set(script.asks.get("names", ())):
            who = house.enrolled(name, retention_seconds=30 * 86_400)
        house.keep(who, "good morning", at=now - 9 * DAY)
        house.keep(who, "call the plumber", sound=sound(0.05), at=now - 1.3 * DAY)
        house.keep(who, "turn on the lamp", at=now - 1.2 * DAY)
        house.keep(who, SECRET, at=now - 0.4 * DAY)
        house.keep(self.ben, SECRET, at=now - 1.25 * DAY)
        return who

    def _receive(self, kind: DemandKind, asks: Mapping[str, Any]) -> Case:
        now = self.desk.house.clock()
        told: dict[str, Any] = {"since": -1.5, "until": -0.5, "categories": SAID, "names": ("Anna",), "authority": COURT}
        told |= asks
        for name in ("since", "until", "issued_at", "expires_at"):
            if isinstance(told.get(name), int | float):
                told[name] = now + told[name] * DAY
        if "gag_days" in told:
            days = told.pop("gag_days")
            told["gag"] = Gag(until=None if days is None else now + days * DAY)
        return self.demands.receive(self.desk.counsel, self.desk.intake(kind, **told), document=PAPER)

    def _notices(self) -> int:
        with self.desk.house.database.reading() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM demand_notices").scalar_one())

    def _do(self, played: Played, word: str, who: Person) -> None:
        action, _, code = word.partition("!")
        if span := _SPAN.fullmatch(action):
            self.desk.house.clock.advance(**{{"d": "days", "h": "hours"}[span[2]]: float(span[1])})
            return
        if action.startswith("settle"):
            self.demands.settle()
            played.expected += [one for one in action.partition("=")[2].split(",") if one]
        else:
            self._act(played, action, code, who)
        found = self.demands.find(self.desk.counsel, played.case.demand_id)
        kinds = [one.kind.value for one in found.steps]
        assert kinds == played.expected, f"the steps are {kinds}"

    def _act(self, played: Played, action: str, code: str, who: Person) -> None:
        call, kind = self._calls(played, who)[action]
        try:
            done = call()
        except EarwitnessError as error:
            if error.code != code:
                raise AssertionError(f"refused with {error.code}") from error
            return
        assert not code, "it was not refused"
        if isinstance(done, Package):
            played.packages.append(done)
            played.contents.append(self._contents(done))
        if kind is not None:
            played.expected.append(kind.value)

    def _calls(self, played: Played, who: Person) -> dict[str, tuple[Callable[[], object], StepKind | None]]:
        desk, demands, key, why = self.desk, self.demands, played.case.demand_id, "the script says so"
        counsel, officer = desk.counsel, desk.officer

        def validate(by: Person, digest: str = DIGEST) -> Callable[[], object]:
            return lambda: demands.validate(by, key, document_sha256=digest, reason=why)

        def disclose(shares: Sequence[str], recipient: str = "") -> Callable[[], object]:
            to = recipient or desk.recipient
            return lambda: demands.disclose(counsel, key, shares=shares, recipient=to, reason=why)

        shares, k = desk.shares, StepKind
        return {
            "validate": (validate(counsel), k.VALIDATED),
            "officer-validates": (validate(officer), k.VALIDATED),
            "validate-altered": (validate(counsel, "0" * 64), k.VALIDATED),
            "object": (lambda: demands.object(counsel, key, reason=why), k.OBJECTED),
            "narrow": (lambda: demands.narrow(counsel, key, reason=why), k.NARROWED),
            "narrow-more": (lambda: demands.narrow(counsel, key, reason=why, scope=self._half(key)), k.NARROWED),
            "widen": (lambda: demands.narrow(counsel, key, reason=why, scope=self._wider(key)), k.NARROWED),
            "approve": (lambda: demands.approve(counsel, key, reason=why), k.APPROVAL),
            "co-approve": (lambda: demands.approve(officer, key, reason=why), k.APPROVAL),
            "other-counsel-approves": (lambda: demands.approve(self.other_counsel, key, reason=why), k.APPROVAL),
            "notify": (lambda: demands.notify(counsel, key, reason=why), k.NOTIFIED),
            "notify-without-ledger": (lambda: self._without_ledger(key), k.NOTIFIED),
            "person-objects": (lambda: self._object(who), k.PERSON_OBJECTED),
            "guardian-objects": (lambda: self._object(desk.anna), k.PERSON_OBJECTED),
            "preserve": (lambda: demands.preserve(counsel, key, reason=why), k.PRESERVED),
            "release": (lambda: demands.release(counsel, key, reason=why), k.RELEASED),
            "disclose": (disclose(shares[:2]), k.DISCLOSED),
            "disclose-without-shares": (disclose(()), k.DISCLOSED),
            "disclose-by-one-share": (disclose(shares[:1]), k.DISCLOSED),
            "disclose-by-old-shares": (disclose(self.other_shares[:2]), k.DISCLOSED),
            "disclose-to-nobody": (disclose(shares[:2], "age1nobody"), k.DISCLOSED),
            "disclose-to-another": (disclose(shares[:2], str(_another().to_public())), k.DISCLOSED),
            "crash": (lambda: self._crash(disclose(shares[:2])), None),
            "restart": (self._restart, None),
            "refuse": (lambda: demands.refuse(counsel, key, reason=why), k.REFUSED),
            "close": (lambda: demands.close(counsel, key, reason=why), k.CLOSED),
            "review": (lambda: demands.review(officer, key, reason=why), k.REVIEWED),
            "review-alone": (lambda: demands.review(counsel, key, reason=why), k.REVIEWED),
            "erase": (lambda: desk.house.rights.erase_said(who.person_id, Selection(is_all=True)), None),
            "leave": (lambda: desk.house.rights.erase_person(who.person_id), None),
            "expire": (lambda: desk.house.vault.eraser.expire(), None),
            "owner-looks": (lambda: demands.find(desk.anna, key), None),
            "person-looks": (lambda: demands.document(self.ben, key), None),
        }

    def _half(self, key: str) -> Scope:
        scope = self.demands.find(self.desk.counsel, key).scope
        return Scope(persons=scope.persons, since=scope.since, until=scope.until, categories=frozenset({Category.WORDS}))

    def _wider(self, key: str) -> Scope:
        scope = self.demands.find(self.desk.counsel, key).scope
        both = (*scope.persons, self.ben.person_id)
        return Scope(persons=both, since=scope.since, until=scope.until, categories=scope.categories)

    def _without_ledger(self, key: str) -> object:
        with self.desk.house.without_ledger():
            return self.demands.notify(self.desk.counsel, key, reason="the ledger is away")

    def _object(self, who: Person) -> object:
        notice = self.demands.notices(who.person_id)[0]
        return self.demands.object_to(who.person_id, notice.notice_id, reason="that was not me")

    def _crash(self, call: Callable[[], object]) -> None:
        with self.patch.context() as patch:
            patch.setattr("earwitness.demands.answering.write_package", _gone)
            try:
                call()
            except _Power:
                return
        raise AssertionError("there was no crash")

    def _restart(self) -> None:
        self.demands = self.desk.demands = demanded(self.desk.house)

    def _contents(self, package: Package) -> dict[str, bytes]:
        if package.path is None:
            return {}
        with zipfile.ZipFile(io.BytesIO(self.desk.decrypted(package.path))) as file:
            return {name: file.read(name) for name in file.namelist()}

    def _close(self, played: Played) -> None:
        """Let no later script find this one open."""
        if played.case.state not in (State.CLOSED, State.REFUSED, State.DISCLOSED):
            self.demands.refuse(self.desk.counsel, played.case.demand_id, reason="the script is over")

    # What is looked at afterwards, when nothing is played any more

    @cached_property
    def ledger(self) -> list[dict[str, Any]]:
        """All entries, oldest first."""
        return self.desk.house.entries()

    def entries_of(self, played: Played) -> list[dict[str, Any]]:
        """The ledger's entries of the script's steps: those in the open, and those that were opened after a gag."""
        found: dict[int, dict[str, Any]] = {}
        for position, entry in enumerate(self.ledger):
            if entry.get("demand") != played.case.demand_id:
                continue
            if entry["kind"] == "demand.opened":
                found |= {one["position"]: one["entry"] for one in entry["entries"]}
            elif entry["kind"] != "demand.sealed":
                found[position] = entry
        return [found[position] for position in sorted(found)]


def _another() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()
