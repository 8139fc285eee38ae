"""The API of legal demands: taking one in, its case, its steps, its letters; and notices to whom they are about.

It translates; `demands` decides who may do what when. A demand's paper and people's reasons come back to those alone who answer.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from earwitness.demands import rules as ruling
from earwitness.demands.answering import Package
from earwitness.demands.demands import Demands
from earwitness.demands.intake import Intake
from earwitness.demands.letters import MEDIA_TYPE, Facts, LetterKind, compose, letter_docx
from earwitness.domain.demand import Authority, Case, Finding, Gag, Notice, Office, Scope, StepKind
from earwitness.domain.errors import AccessError, DemandError
from earwitness.domain.person import Person
from earwitness.web import demands_shapes as shapes
from earwitness.web.demands_told import case_told, detail_told, holdings_told
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_CONTESTED: Final = (StepKind.OBJECTED, StepKind.NARROWED, StepKind.REFUSED)
WhomId = Annotated[str | None, Query(alias="person", pattern="^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandsDesk:
    """Where demands are answered. `sender` is in whose name letters are written."""

    demands: Demands
    sender: Callable[[], str]
    clock: Callable[[], datetime]


def demands_router(desk: DemandsDesk) -> APIRouter:
    """The routes under /api/v1/demands and /api/v1/me/demands."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_cases(router, desk)
    _add_papers(router, desk)
    _add_notices(router, desk)
    return router


def _add_cases(router: APIRouter, desk: DemandsDesk) -> None:
    demands = desk.demands

    @router.get("/demands")
    async def every(person: Me) -> shapes.DemandsShape:
        """All cases, newest first, if you answer them; and what is held here, in numbers."""
        return await asyncio.to_thread(_every, demands, person)

    @router.post("/demands", status_code=201)
    async def receive(given: shapes.IntakeFields, person: Me) -> shapes.CaseDetailShape:
        """Take a demand in. Its paper is sealed; the SHA-256 of it is in the ledger."""
        case = await asyncio.to_thread(demands.receive, person, _intake(given), document=given.document, reason=given.reason)
        return await asyncio.to_thread(_detail, demands, person, case.demand_id)

    @router.post("/demands/key", status_code=201)
    async def make_key(given: shapes.NewKey, person: Me) -> shapes.MadeKey:
        """Make the key that approves disclosures, in place of any before. Two of its parts approve."""
        verifier, parts = await asyncio.to_thread(demands.make_key, person, holders=given.holders)
        return shapes.MadeKey(key=shapes.KeyShape(verifier=verifier, holders=given.holders), shares=list(parts))

    @router.get("/demands/{demand_id}")
    async def one(demand_id: Id, person: Me) -> shapes.CaseDetailShape:
        """One case: its timeline, what the rules make of it, and what you may do now."""
        return await asyncio.to_thread(_detail, demands, person, demand_id)

    @router.post("/demands/{demand_id}/steps")
    async def take(demand_id: Id, step: shapes.Taking, person: Me) -> shapes.TakenShape:
        """Take a step, with your reason. It is in the ledger before it counts."""
        package = await asyncio.to_thread(_take, demands, person, demand_id, step)
        case = await asyncio.to_thread(_detail, demands, person, demand_id)
        return shapes.TakenShape(case=case, package=package)


def _add_papers(router: APIRouter, desk: DemandsDesk) -> None:
    @router.get("/demands/{demand_id}/document", response_class=Response, responses=_file("application/octet-stream"))
    async def document(demand_id: Id, person: Me) -> Response:
        """The paper as it came in."""
        data = await asyncio.to_thread(desk.demands.document, person, demand_id)
        return _handed(data, name=f"demand-{demand_id[:12]}", media_type="application/octet-stream")

    @router.get("/demands/{demand_id}/letters/{letter}", response_class=Response, responses=_file(MEDIA_TYPE))
    async def write(demand_id: Id, letter: LetterKind, person: Me, whom: WhomId = None) -> Response:
        """A letter of the case as DOCX: objection, refusal, narrower answer, or the notice to one of its people."""
        data = await asyncio.to_thread(_letter, desk, person, demand_id, letter, whom)
        return _handed(data, name=f"{letter.value}-{demand_id[:12]}.docx", media_type=MEDIA_TYPE)

    @router.get("/demands/{demand_id}/answer")
    async def answer(demand_id: Id, person: Me) -> dict[str, Any]:
        """The last answer with its proof, as it is handed out: what was disclosed and withheld, counted."""
        return await asyncio.to_thread(desk.demands.answer, person, demand_id)


def _add_notices(router: APIRouter, desk: DemandsDesk) -> None:
    @router.get("/me/demands")
    async def notices(person: Me) -> shapes.NoticesShape:
        """The demands about you, or about your wards, that you were told of."""
        found = await asyncio.to_thread(desk.demands.notices, person.person_id)
        return shapes.NoticesShape(notices=[_notice(one, now=desk.clock()) for one in found])

    @router.post("/me/demands/{notice_id}/objection")
    async def object_to(notice_id: Id, given: shapes.Objection, person: Me) -> shapes.NoticeShape:
        """Object: nothing is disclosed until somebody looked at it again."""
        found = await asyncio.to_thread(desk.demands.object_to, person.person_id, notice_id, reason=given.reason)
        return _notice(found, now=desk.clock())


def _every(demands: Demands, person: Person) -> shapes.DemandsShape:
    office: Office | None = None
    try:
        office = demands.office_of(person)
    except AccessError as error:
        if error.code != "access.refused":
            raise
    cases = demands.all(person) if office is not None else ()
    key = demands.key(person) if office is not None else None
    return shapes.DemandsShape(
        office=office,
        cases=[case_told(one) for one in cases],
        holdings=holdings_told(demands.holdings()),
        key=None if key is None else shapes.KeyShape(verifier=key.verifier, holders=list(key.holders)),
    )


def _detail(demands: Demands, person: Person, demand_id: str) -> shapes.CaseDetailShape:
    case, assessment = demands.find(person, demand_id), demands.assess(person, demand_id)
    return detail_told(
        case,
        assessment=assessment,
        findings=demands.sentences(assessment),
        has_grounds=bool(_grounds(demands, case)),
        possible=demands.possible(person, demand_id),
        names=demands.persons(person, demand_id),
    )


def _intake(given: shapes.IntakeFields) -> Intake:
    authority = given.authority
    return Intake(
        kind=given.kind,
        authority=Authority(name=authority.name, kind=authority.kind, jurisdiction=authority.jurisdiction),
        names=tuple(given.names),
        devices=tuple(given.devices),
        since=given.since,
        until=given.until,
        categories=frozenset(given.categories),
        is_all_data=given.is_all_data,
        has_unnamed_others=given.has_unnamed_others,
        gag=Gag(until=given.gag.until) if given.gag else None,
        issued_at=given.issued_at,
        expires_at=given.expires_at,
    )


def _take(demands: Demands, by: Person, demand_id: str, step: shapes.Taking) -> shapes.PackageShape | None:
    match step:
        case shapes.Validating():
            demands.validate(by, demand_id, document_sha256=step.document_sha256, reason=step.reason)
        case shapes.Narrowing():
            scope = _narrower(demands, by, demand_id, step.scope) if step.scope else None
            demands.narrow(by, demand_id, reason=step.reason, scope=scope)
        case shapes.Preserving():
            demands.preserve(by, demand_id, reason=step.reason, until=step.until)
        case shapes.Disclosing():
            made = demands.disclose(by, demand_id, shares=step.shares, recipient=step.recipient, reason=step.reason)
            return _package(made)
        case shapes.Plain():
            _plainly(demands, StepKind(step.kind))(by, demand_id, reason=step.reason)
    return None


def _plainly(demands: Demands, kind: StepKind) -> Callable[..., Case]:
    """What takes a step that needs nothing but a reason."""
    return {
        StepKind.OBJECTED: demands.object,
        StepKind.APPROVAL: demands.approve,
        StepKind.NOTIFIED: demands.notify,
        StepKind.RELEASED: demands.release,
        StepKind.REVIEWED: demands.review,
        StepKind.REFUSED: demands.refuse,
        StepKind.CLOSED: demands.close,
    }[kind]


def _narrower(demands: Demands, by: Person, demand_id: str, to: shapes.NarrowedTo) -> Scope:
    proposal = demands.assess(by, demand_id).proposal or demands.find(by, demand_id).scope
    return replace(
        proposal,
        since=to.since or proposal.since,
        until=to.until or proposal.until,
        categories=proposal.categories if to.categories is None else frozenset(to.categories),
    )


def _package(made: Package) -> shapes.PackageShape:
    return shapes.PackageShape(file=str(made.path or ""), sha256=made.sha256 or "", outcome=made.outcome)


def _letter(desk: DemandsDesk, by: Person, demand_id: str, kind: LetterKind, whom: str | None) -> bytes:
    demands, now = desk.demands, desk.clock()
    case, assessment = demands.find(by, demand_id), demands.assess(by, demand_id)
    names = demands.persons(by, demand_id)
    if kind is LetterKind.NOTICE and (whom not in names or whom not in case.scope.persons):
        raise DemandError("Name one of the people whom the demand is about.", code="demand.unknown")
    facts = Facts(
        sender=desk.sender(),
        written_at=now,
        grounds=_grounds(demands, case),
        proposal=assessment.proposal,
        asked=assessment.asked,
        remaining=assessment.proposed if assessment.proposal == case.scope else None,
        recipient=names.get(whom, "") if whom else "",
    )
    return letter_docx(compose(kind, case, facts=facts), written_at=now)


def _grounds(demands: Demands, case: Case) -> tuple[str, ...]:
    """What is wrong with a demand as it came in, as its authority may read it: nothing about who somebody is, or who else
    demands something. Where the rules find nothing, the words of whoever contested it last."""
    demand = case.demand
    told = ruling.findings(
        demand, demand.scope, rules=demands.rules, now=demand.received_at, children=frozenset(), has_conflict=False
    )
    words = [one.reason for one in case.steps if one.kind in _CONTESTED and one.reason]
    sentences = tuple(ruling.SENTENCES[one] for one in told if one is not Finding.UNKNOWN_JURISDICTION)
    return sentences or tuple(words[-1:])


def _notice(notice: Notice, *, now: datetime) -> shapes.NoticeShape:
    is_open = notice.object_until is not None and now < notice.object_until
    return shapes.NoticeShape(
        notice_id=notice.notice_id,
        about=notice.about,
        told_at=notice.told_at,
        object_until=notice.object_until,
        is_for_ward=notice.is_for_ward,
        objected_at=notice.objected_at,
        disclosed_at=notice.disclosed_at,
        may_object=is_open and notice.objected_at is None and notice.disclosed_at is None,
    )


def _handed(data: bytes, *, name: str, media_type: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _file(media_type: str) -> dict[int | str, dict[str, object]]:
    return {200: {"content": {media_type: {}}}}
