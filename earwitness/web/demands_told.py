"""Cases of legal demands as the shapes that the page reads. Pure."""

from collections.abc import Mapping, Sequence

from earwitness.demands.case import is_covert
from earwitness.demands.holdings import Holdings
from earwitness.demands.letters import LetterKind, scope_words
from earwitness.domain.demand import Assessment, Case, Reach, Scope, State, Step, StepKind
from earwitness.web import demands_shapes as shapes


def case_told(case: Case) -> shapes.CaseShape:
    """A case as the list has it."""
    demand = case.demand
    return shapes.CaseShape(
        demand_id=case.demand_id,
        kind=demand.kind,
        authority=_authority(case),
        state=case.state,
        received_at=demand.received_at,
        due_at=case.due_at,
        is_covert=is_covert(case),
    )


def detail_told(
    case: Case,
    *,
    assessment: Assessment,
    findings: Sequence[str],
    has_grounds: bool,
    possible: Sequence[StepKind],
    names: Mapping[str, str],
) -> shapes.CaseDetailShape:
    """A case with all that its page shows. `names` are of its people, by id; `has_grounds` whether a letter can say why."""
    demand = case.demand
    return shapes.CaseDetailShape(
        **case_told(case).model_dump(),
        document_sha256=demand.document_sha256,
        issued_at=demand.issued_at,
        expires_at=demand.expires_at,
        gag=shapes.GagFields(until=demand.gag.until) if demand.gag else None,
        asked=scope_told(demand.scope, names=names),
        scope=scope_told(case.scope, names=names),
        steps=[_step(one) for one in case.steps],
        round=case.round,
        approved_by=[one.office for one in case.approvals],
        object_until=case.object_until,
        told_from=case.told_from,
        held_until=case.held_until,
        review_due_at=case.review_due_at,
        assessment=shapes.AssessmentShape(
            findings=list(findings),
            needs_counsel=assessment.needs_counsel,
            proposal=None if assessment.proposal is None else scope_told(assessment.proposal, names=names),
            asked=reach_told(assessment.asked),
            proposed=reach_told(assessment.proposed),
        ),
        possible=list(possible),
        letters=list(_letters(case, has_grounds=has_grounds)),
        addressees={one: names[one] for one in case.scope.persons if one in names},
    )


def scope_told(scope: Scope, *, names: Mapping[str, str]) -> shapes.ScopeShape:
    """A scope with the names of its people."""
    return shapes.ScopeShape(
        people=[names.get(one, "somebody who is gone") for one in scope.persons],
        unknown_people=scope.unknown_persons,
        devices=list(scope.devices),
        since=scope.since,
        until=scope.until,
        categories=sorted(scope.categories),
        is_all_data=scope.is_all_data,
        has_unnamed_others=scope.has_unnamed_others,
        words=scope_words(scope),
    )


def reach_told(reach: Reach) -> shapes.ReachShape:
    """Counts alone."""
    return shapes.ReachShape(counts=dict(reach.counts), seconds=round(reach.seconds, 1))


def holdings_told(holdings: Holdings) -> shapes.HoldingsShape:
    """What is held here, and what each kind of demand could reach."""
    by_kind = {kind: reach_told(one) for kind, one in holdings.by_kind.items()}
    return shapes.HoldingsShape(held=reach_told(holdings.held), by_kind=by_kind)


def _letters(case: Case, *, has_grounds: bool) -> Sequence[LetterKind]:
    wanted = {
        LetterKind.OBJECTION: has_grounds and case.state is not State.REFUSED,
        LetterKind.REFUSAL: has_grounds and case.state is State.REFUSED,
        LetterKind.NARROWED: case.scope != case.demand.scope and has_grounds,
        LetterKind.NOTICE: not is_covert(case) and case.object_until is not None and bool(case.scope.persons),
    }
    return [kind for kind, is_true in wanted.items() if is_true]


def _authority(case: Case) -> shapes.AuthorityFields:
    authority = case.demand.authority
    return shapes.AuthorityFields.model_construct(name=authority.name, kind=authority.kind, jurisdiction=authority.jurisdiction)


def _step(step: Step) -> shapes.StepShape:
    return shapes.StepShape(
        kind=step.kind,
        office=step.office,
        by=step.by,
        at=step.at,
        reason=step.reason,
        due_at=step.due_at,
        outcome=step.outcome,
        position=step.position,
    )
