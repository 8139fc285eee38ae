"""A household to which demands come: counsel and a privacy officer on a `KeptHouse`, put together as `build` does."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyrage

from earwitness.demands.answering import Package
from earwitness.demands.demands import Demands
from earwitness.demands.intake import Intake
from earwitness.demands.rules import Rules, read_rules
from earwitness.domain.account import AccountRole
from earwitness.domain.demand import Authority, AuthorityKind, Case, Category, DemandKind
from earwitness.domain.person import Person
from tests.houses_kept import NOON, PASSPHRASE, KeptHouse

PAPER = b"In the matter of a lamp: hand over what was said on Sunday."
COURT = Authority(name="District Court of Nowhere", kind=AuthorityKind.COURT, jurisdiction="xx")
SUNDAY = (NOON - timedelta(days=1, hours=12), NOON - timedelta(hours=12))
SAID = frozenset({Category.WORDS, Category.SOUND})


def reviewed_rules() -> Rules:
    """The default rules, as if counsel had reviewed them for the jurisdiction "xx"."""
    return replace(read_rules(), jurisdictions=frozenset({"xx"}))


def demanded(house: KeptHouse) -> Demands:
    """The demands of a house, which writes packages to `folder`/demands."""
    return Demands(
        house.people,
        house.vault,
        ledger=house.ledger,
        prover=house.ledger,
        rules=reviewed_rules(),
        folder=house.folder / "demands",
        clock=house.clock,
    )


@dataclass
class DemandedHouse:
    """The house with its lawyers, and the authority's key."""

    house: KeptHouse
    demands: Demands
    anna: Person
    counsel: Person
    officer: Person
    shares: tuple[str, ...]
    authority: pyrage.x25519.Identity = field(default_factory=pyrage.x25519.Identity.generate)

    @property
    def recipient(self) -> str:
        return str(self.authority.to_public())

    def intake(self, kind: DemandKind = DemandKind.WARRANT, **more: object) -> Intake:
        """What a sound warrant for Anna's Sunday says, but for `more`."""
        told: dict[str, object] = {
            "authority": COURT,
            "names": ("Anna",),
            "since": SUNDAY[0],
            "until": SUNDAY[1],
            "categories": SAID,
        }
        return Intake(kind=kind, **{**told, **more})  # type: ignore[arg-type]

    def received(self, kind: DemandKind = DemandKind.WARRANT, **more: object) -> Case:
        return self.demands.receive(self.counsel, self.intake(kind, **more), document=PAPER)

    def validated(self, kind: DemandKind = DemandKind.WARRANT, **more: object) -> Case:
        case = self.received(kind, **more)
        digest = hashlib.sha256(PAPER).hexdigest()
        return self.demands.validate(self.counsel, case.demand_id, document_sha256=digest, reason="the clerk confirmed it")

    def approved(self, kind: DemandKind = DemandKind.WARRANT, **more: object) -> Case:
        return self.approve(self.validated(kind, **more))

    def approve(self, case: Case) -> Case:
        self.demands.approve(self.counsel, case.demand_id, reason="lawful and narrow")
        return self.demands.approve(self.officer, case.demand_id, reason="as little as is lawful")

    def notified(self, kind: DemandKind = DemandKind.WARRANT, **more: object) -> Case:
        return self.demands.notify(self.counsel, self.approved(kind, **more).demand_id, reason="before anything is disclosed")

    def disclose(self, case: Case, *, shares: Sequence[str] | None = None) -> Package:
        chosen = self.shares[:2] if shares is None else shares
        return self.demands.disclose(
            self.counsel, case.demand_id, shares=chosen, recipient=self.recipient, reason="as was approved"
        )

    def sunday(self, text: str = "turn on the lamp", *, hour: int = 10, sound: bytes = b"", person: Person | None = None) -> str:
        """A turn that somebody (Anna) said on Sunday."""
        at: datetime = SUNDAY[0] + timedelta(hours=hour)
        return self.house.keep(person or self.anna, text, sound=sound, at=at)

    def decrypted(self, path: Path) -> bytes:
        return bytes(pyrage.decrypt(path.read_bytes(), [self.authority]))


def demanded_house(house: KeptHouse, *, demands: Demands | None = None) -> DemandedHouse:
    """Anna, whose turns are kept for a month, an operator's counsel and privacy officer, and the key's three shares."""
    anna = house.enrolled("Anna", retention_seconds=30 * 86_400)
    made = demands or demanded(house)
    counsel = house.people.add("Cora", passphrase=PASSPHRASE, role=AccountRole.COUNSEL)
    officer = house.people.add("Piet", passphrase=PASSPHRASE, role=AccountRole.PRIVACY_OFFICER)
    _, shares = made.make_key(counsel)
    return DemandedHouse(house=house, demands=made, anna=anna, counsel=counsel, officer=officer, shares=shares)


def other_paper() -> bytes:
    """A paper that nobody issued."""
    return b"altered " + secrets.token_bytes(8)
