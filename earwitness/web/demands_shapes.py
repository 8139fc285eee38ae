"""The JSON of legal demands as types: cases as who answers them sees them, and notices as the person does. Shapes only."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

from earwitness.demands.letters import LetterKind
from earwitness.domain.demand import AuthorityKind, Category, DemandKind, Office, Outcome, State, StepKind

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Share = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class AuthorityFields(_Shape):
    """Who demands."""

    name: Name
    kind: AuthorityKind
    jurisdiction: Annotated[str, StringConstraints(pattern="^[a-z]{2}(-[a-z0-9]{1,3})?$")]
    """A code such as "de" or "us-ca"."""


class GagFields(_Shape):
    """An order not to tell; without an end it is not honoured."""

    until: AwareDatetime | None


class IntakeFields(_Shape):
    """A demand as the paper has it, with the paper. Its SHA-256 is computed here."""

    kind: DemandKind
    authority: AuthorityFields
    names: Annotated[list[Name], Field(max_length=50)] = []
    """People as the paper names them."""
    devices: Annotated[list[Name], Field(max_length=50)] = []
    """Ids of devices that it names."""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    categories: Annotated[list[Category], Field(max_length=len(Category))] = []
    is_all_data: bool = False
    has_unnamed_others: bool = False
    gag: GagFields | None = None
    issued_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    document: Annotated[Base64Bytes, Field(min_length=1)]
    """The paper's file in base64, at most a million bytes long."""
    reason: Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] = ""
    """A remark on how it came in; sealed."""


class ScopeShape(_Shape):
    """What is asked for."""

    people: list[str]
    unknown_people: int
    """How many are named who are not known here."""
    devices: list[str]
    since: AwareDatetime | None
    until: AwareDatetime | None
    categories: list[Category]
    is_all_data: bool
    has_unnamed_others: bool
    words: str
    """The same in a sentence without names."""


class ReachShape(_Shape):
    """How much would be disclosed: how many of each category, and seconds of sound. Nobody's content."""

    counts: dict[Category, int]
    seconds: float


class AssessmentShape(_Shape):
    """What the rules make of it."""

    findings: list[str]
    needs_counsel: bool
    proposal: ScopeShape | None
    """The narrowed scope; null where nothing lawful remains."""
    asked: ReachShape
    proposed: ReachShape


class StepShape(_Shape):
    """One step of a case."""

    kind: StepKind
    office: Office
    by: str
    """The alias of who took it."""
    at: AwareDatetime
    reason: str
    due_at: AwareDatetime | None
    """By when the next step was due."""
    outcome: Outcome | None
    position: int | None
    """Where its entry is in the ledger."""


class CaseShape(_Shape):
    """A case in a list."""

    demand_id: str
    kind: DemandKind
    authority: AuthorityFields
    state: State
    received_at: AwareDatetime
    due_at: AwareDatetime | None
    is_covert: bool
    """A gag puts the notice off."""


class CaseDetailShape(CaseShape):
    """A case with all that is known of it."""

    document_sha256: str
    issued_at: AwareDatetime | None
    expires_at: AwareDatetime | None
    gag: GagFields | None
    asked: ScopeShape
    scope: ScopeShape
    """What remains of it now."""
    steps: list[StepShape]
    round: int
    approved_by: list[Office]
    object_until: AwareDatetime | None
    told_from: AwareDatetime | None
    held_until: AwareDatetime | None
    review_due_at: AwareDatetime | None
    assessment: AssessmentShape
    possible: list[StepKind]
    """What you may do now."""
    letters: list[LetterKind]
    """What can be written now."""
    addressees: dict[str, str]
    """Whom a notice can be written to: name by id."""


class HoldingsShape(_Shape):
    """What is held here, and what each kind of demand could reach of it at most."""

    held: ReachShape
    by_kind: dict[DemandKind, ReachShape]


class KeyShape(_Shape):
    """The key that approves disclosures: its public side, and who holds its three parts; nobody where nobody said."""

    verifier: str
    holders: list[str]


class DemandsShape(_Shape):
    """All cases, newest first, and what is held."""

    office: Office | None
    """In what capacity you answer demands; null where others do."""
    cases: list[CaseShape]
    holdings: HoldingsShape
    key: KeyShape | None
    """Null before it was made, and where others answer."""


Holder = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class NewKey(_Shape):
    """Who is to hold each of the three parts of a new key."""

    holders: Annotated[list[Holder], Field(min_length=3, max_length=3)]


class MadeKey(_Shape):
    """A key that was just made. Its parts are shown this once, and kept nowhere here."""

    key: KeyShape
    shares: list[str]


class NarrowedTo(_Shape):
    """What is to remain of the proposed scope; what is null stays as proposed."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    categories: Annotated[list[Category], Field(min_length=1, max_length=len(Category))] | None = None


class _Reasoned(_Shape):
    reason: Reason


class Validating(_Reasoned):
    """It is what it says it is: the paper was compared with the one that came in."""

    kind: Literal["validated"]
    document_sha256: Digest
    """Of the paper that you hold."""


class Narrowing(_Reasoned):
    """Answer less than was asked for."""

    kind: Literal["narrowed"]
    scope: NarrowedTo | None = None


class Preserving(_Reasoned):
    """Keep just the scope from expiry and deletion."""

    kind: Literal["preserved"]
    until: AwareDatetime | None = None
    """As long as the rules allow if null."""


class Disclosing(_Reasoned):
    """Hand out just the scope, encrypted to whoever demanded it."""

    kind: Literal["disclosed"]
    recipient: Annotated[str, StringConstraints(pattern="^(age1[0-9a-z]{20,120})?$")] = ""
    """Their public key (age); empty where there is nothing to hand out."""
    shares: Annotated[list[Share], Field(max_length=3)] = []
    """Two of the three parts of the key that approves disclosures."""


class Plain(_Reasoned):
    """Any other step."""

    kind: Literal["objected", "approval", "notified", "released", "reviewed", "refused", "closed"]


Taking = Annotated[Validating | Narrowing | Preserving | Disclosing | Plain, Field(discriminator="kind")]


class PackageShape(_Shape):
    """What a disclosure made: an encrypted file on the server, or a signed statement that nothing responsive exists."""

    file: str
    """Where on the server; empty where nothing is held."""
    sha256: str
    """Of the encrypted file; empty where there is none."""
    outcome: Outcome


class TakenShape(_Shape):
    """The case after a step."""

    case: CaseDetailShape
    package: PackageShape | None = None


class NoticeShape(_Shape):
    """What you are told of a demand about you, or about a child whose guardian you are."""

    notice_id: str
    about: str
    told_at: AwareDatetime
    object_until: AwareDatetime | None
    is_for_ward: bool
    objected_at: AwareDatetime | None
    disclosed_at: AwareDatetime | None
    may_object: bool


class NoticesShape(_Shape):
    """The demands about you that you were told of, newest first."""

    notices: list[NoticeShape]


class Objection(_Shape):
    """Why it should not be answered."""

    reason: Reason
