"""A case, from the demand to its answer: what may follow on what, and by whom. Pure; time and facts come with the steps.

    received ── validated ──┬── approved ── notified ── disclosed ── closed
        │        │   ▲      │      │           │            └── (two new approvals) ── approved
        │        ▼   │      │      ▼           ▼
        ├──── objected ◀────┼── from any of these, by counsel or by the person
        │        │          │
        │        └── narrowed ── as from validated; what was approved of a wider scope falls
        └── refused, from any before disclosed ── closed

Nothing leads to `disclosed` but two approvals of just this scope, and the person's notice with its delay, or a gag with an end.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

import rfc8785

from earwitness.domain.demand import Case, Category, Demand, DemandKind, Office, Outcome, Scope, State, Step, StepKind
from earwitness.domain.errors import DemandError

_OPEN: Final = frozenset({State.RECEIVED, State.VALIDATED, State.OBJECTED, State.NARROWED, State.APPROVED, State.NOTIFIED})
_KNOWN: Final = _OPEN - {State.RECEIVED}
_ANY: Final = frozenset(State)

FROM: Final[Mapping[StepKind, frozenset[State]]] = {
    StepKind.RECEIVED: frozenset(),
    StepKind.VALIDATED: frozenset({State.RECEIVED, State.OBJECTED}),
    StepKind.OBJECTED: _OPEN - {State.OBJECTED},
    StepKind.PERSON_OBJECTED: frozenset({State.NOTIFIED}),
    StepKind.NARROWED: _KNOWN,
    StepKind.APPROVAL: frozenset({State.VALIDATED, State.NARROWED, State.DISCLOSED}),
    StepKind.NOTIFIED: frozenset({State.APPROVED}),
    StepKind.TOLD: _ANY,
    StepKind.PRESERVED: _KNOWN,
    StepKind.RELEASED: _ANY,
    StepKind.DISCLOSED: frozenset({State.NOTIFIED}),
    StepKind.REVIEWED: frozenset({State.DISCLOSED}),
    StepKind.OVERDUE: frozenset({State.DISCLOSED}),
    StepKind.REFUSED: _OPEN,
    StepKind.CLOSED: frozenset({State.DISCLOSED, State.REFUSED, State.OBJECTED, State.VALIDATED, State.NARROWED}),
}
"""In which states a step can be taken."""

_LAWYERS: Final = frozenset({Office.COUNSEL, Office.PRIVACY_OFFICER})
BY: Final[Mapping[StepKind, frozenset[Office]]] = {
    StepKind.RECEIVED: _LAWYERS,
    StepKind.VALIDATED: _LAWYERS,
    StepKind.OBJECTED: _LAWYERS,
    StepKind.PERSON_OBJECTED: frozenset({Office.PERSON}),
    StepKind.NARROWED: _LAWYERS,
    StepKind.APPROVAL: _LAWYERS,
    StepKind.NOTIFIED: _LAWYERS,
    StepKind.TOLD: frozenset({Office.HOUSE}),
    StepKind.PRESERVED: _LAWYERS,
    StepKind.RELEASED: frozenset({Office.COUNSEL, Office.HOUSE}),
    StepKind.DISCLOSED: frozenset({Office.COUNSEL}),
    StepKind.REVIEWED: _LAWYERS,
    StepKind.OVERDUE: frozenset({Office.HOUSE}),
    StepKind.REFUSED: _LAWYERS,
    StepKind.CLOSED: _LAWYERS,
}
"""Who takes a step. At home an owner does what counsel or a privacy officer would, as far as one person may."""


def begin(demand: Demand, step: Step, *, needs_counsel: bool) -> Case:
    """The case of a demand that came in; `step.told_from` says until when a gag is honoured. Raises DemandError."""
    if step.kind is not StepKind.RECEIVED:
        raise _illegal("A case begins with the demand that came in.")
    case = Case(
        demand=demand,
        state=State.RECEIVED,
        scope=demand.scope,
        steps=(step,),
        needs_counsel=needs_counsel,
        told_from=step.told_from,
        due_at=step.due_at,
    )
    _check_office(case, step)
    if step.told_from is not None and (demand.gag is None or demand.gag.until is None or step.told_from > demand.gag.until):
        raise _illegal("Only a gag with an end puts a notice off, and only until then.")
    return case


def advance(case: Case, step: Step) -> Case:
    """The case after one more step. Raises DemandError for a step that cannot follow, or that this office cannot take."""
    if case.state not in FROM[step.kind]:
        raise _illegal(f"A case that is {case.state.value} cannot be {step.kind.value.replace('_', ' ')}.")
    if step.at < case.steps[-1].at:
        raise _illegal("A step cannot be taken before the one that it follows.")
    _check_office(case, step)
    moved = _moved(case, step)
    return replace(moved, steps=(*case.steps, step), due_at=step.due_at if step.due_at else moved.due_at)


def possible(case: Case, office: Office) -> tuple[StepKind, ...]:
    """The steps that somebody of that office may try now, in the order of a case."""
    return tuple(kind for kind in StepKind if case.state in FROM[kind] and _may(case, kind, office) and not _is_idle(case, kind))


def scope_digest(scope: Scope) -> str:
    """The SHA-256 of a scope's canonical JSON: what is approved is approved of just this."""
    return hashlib.sha256(rfc8785.dumps(scope.as_json())).hexdigest()


def approvers(demand: Demand) -> frozenset[Office]:
    """Whose approvals a disclosure needs, each by another person."""
    return frozenset({Office.OWNER}) if demand.is_home else _LAWYERS


def is_overbroad(scope: Scope) -> bool:
    """Whether a scope cannot be approved at all, whatever the kind of demand."""
    return (
        scope.is_all_data
        or scope.has_unnamed_others
        or scope.span is None
        or not scope.categories
        or Category.NOTES in scope.categories
        or not (scope.persons or scope.unknown_persons)
    )


def is_covert(case: Case) -> bool:
    """Whether nobody outside may know of it yet."""
    return case.told_from is not None


def _moved(case: Case, step: Step) -> Case:
    match step.kind:
        case StepKind.RECEIVED:
            raise _illegal("A demand comes in once.")
        case StepKind.VALIDATED:
            return replace(_checked_in_time(case, step), state=State.VALIDATED)
        case StepKind.OBJECTED | StepKind.PERSON_OBJECTED:
            return replace(case, state=State.OBJECTED, approvals=(), object_until=None)
        case StepKind.NARROWED:
            return _narrowed(case, step)
        case StepKind.APPROVAL:
            return _approved(_checked_in_time(case, step), step)
        case StepKind.NOTIFIED | StepKind.TOLD:
            return _notified(case, step)
        case StepKind.PRESERVED | StepKind.RELEASED:
            return _held(case, step)
        case StepKind.DISCLOSED:
            return _disclosed(_checked_in_time(case, step), step)
        case StepKind.REVIEWED | StepKind.OVERDUE:
            return _reviewed(case, step)
        case StepKind.REFUSED:
            return replace(case, state=State.REFUSED, approvals=(), object_until=None)
        case StepKind.CLOSED:
            return _closed(case)
        case _:
            assert_never(step.kind)


def _narrowed(case: Case, step: Step) -> Case:
    scope = step.scope
    if scope is None or not scope.is_within(case.scope):
        raise DemandError("A scope is only ever narrowed; what goes beyond it needs a demand of its own.", code="demand.wider")
    if scope == case.scope:
        raise DemandError("That is the scope as it is already.", code="demand.wider")
    return replace(case, state=State.NARROWED, scope=scope, approvals=(), object_until=None)


def _approved(case: Case, step: Step) -> Case:
    if case.demand.kind is DemandKind.PRESERVATION:
        raise _illegal("By a demand to preserve nothing is disclosed.")
    if is_overbroad(case.scope):
        raise DemandError("This scope is too broad to be approved: narrow it first.", code="demand.overbroad")
    if step.scope_sha256 != scope_digest(case.scope):
        raise DemandError("That was approved of another scope than the case has now: look again.", code="demand.other_scope")
    if any(one.office is step.office or one.by == step.by for one in case.approvals):
        raise DemandError("You approved this already; the other approval is somebody else's.", code="demand.second_person")
    given = (*case.approvals, step)
    if {one.office for one in given} != approvers(case.demand):
        return replace(case, approvals=given)
    again = 1 if case.state is State.DISCLOSED else 0
    return replace(case, state=State.APPROVED, approvals=given, round=case.round + again, object_until=None)


def _notified(case: Case, step: Step) -> Case:
    if step.kind is StepKind.TOLD:
        if case.told_from is None or step.at < case.told_from:
            raise _illegal("No gag that is over puts this notice off.")
        waits = case.state is State.NOTIFIED
        return replace(case, told_from=None, object_until=_end_of_delay(step) if waits else None)
    if case.told_from is None:
        return replace(case, state=State.NOTIFIED, object_until=_end_of_delay(step))
    if step.object_until is not None or step.told_from != case.told_from or step.at >= case.told_from:
        raise _illegal("A gag that stands puts the notice off until its end, and no longer.")
    return replace(case, state=State.NOTIFIED, object_until=None)


def _end_of_delay(step: Step) -> datetime:
    if step.object_until is None or step.object_until < step.at:
        raise _illegal("A notice says until when the person may object.")
    return step.object_until


def _held(case: Case, step: Step) -> Case:
    if step.kind is StepKind.RELEASED:
        if case.held_until is None or (step.office is Office.HOUSE and step.at < case.held_until):
            raise _illegal("Nothing is preserved for this case, or its time is not over.")
        return replace(case, held_until=None)
    scope = _checked_in_time(case, step).scope
    if scope.span is None or not scope.persons or scope.has_unnamed_others or scope.is_all_data:
        raise DemandError("Only what people and dates are named for is preserved: narrow it first.", code="demand.overbroad")
    if step.held_until is None or step.held_until <= step.at:
        raise _illegal("What is preserved is preserved until a day that is to come.")
    return replace(case, held_until=step.held_until)


def _disclosed(case: Case, step: Step) -> Case:
    digest = scope_digest(case.scope)
    given = [one for one in case.approvals if one.scope_sha256 == digest]
    if {one.office for one in given} != approvers(case.demand) or len({one.by for one in given}) != len(given):
        raise DemandError("This scope was not approved by everybody who must.", code="demand.not_approved")
    if case.told_from is not None:
        if step.at >= case.told_from:
            raise DemandError("The gag is over and the person was not told yet: first the notice.", code="demand.not_told")
    elif case.object_until is None or step.at < case.object_until:
        raise DemandError("The person may still object: wait until the notice's delay is over.", code="demand.not_told")
    if step.outcome is None:
        raise _illegal("A disclosure says what it came to.")
    if case.demand.is_home and step.outcome is not Outcome.NOTHING:
        raise DemandError("A home hands out nothing here: that takes counsel and a privacy officer.", code="demand.two_needed")
    review = step.due_at if case.demand.kind is DemandKind.EMERGENCY and step.outcome is not Outcome.NOTHING else None
    if case.demand.kind is DemandKind.EMERGENCY and step.outcome is not Outcome.NOTHING and review is None:
        raise _illegal("What is disclosed in an emergency is reviewed: say until when.")
    return replace(case, state=State.DISCLOSED, approvals=(), object_until=None, review_due_at=review)


def _reviewed(case: Case, step: Step) -> Case:
    if case.review_due_at is None:
        raise _illegal("Nothing of this case waits to be reviewed.")
    last = max(at for at, one in enumerate(case.steps) if one.kind is StepKind.DISCLOSED)
    if step.kind is StepKind.OVERDUE:
        if step.at < case.review_due_at or any(one.kind is StepKind.OVERDUE for one in case.steps[last:]):
            raise _illegal("The review is not overdue, or that was noted.")
        return case
    if step.by == case.steps[last].by:
        raise DemandError("Somebody else than who disclosed it reviews it.", code="demand.second_person")
    return replace(case, review_due_at=None)


def _closed(case: Case) -> Case:
    if case.review_due_at is not None:
        raise _illegal("The review of this emergency comes first.")
    if case.held_until is not None:
        raise _illegal("Something is preserved for this case: release it first, or wait until its time is over.")
    if case.state in (State.VALIDATED, State.NARROWED) and case.demand.kind is not DemandKind.PRESERVATION:
        raise _illegal("This demand has no answer yet: refuse it, or disclose what is lawful.")
    return replace(case, state=State.CLOSED, approvals=())


def _checked_in_time(case: Case, step: Step) -> Case:
    if case.demand.expires_at is not None and step.at >= case.demand.expires_at:
        raise DemandError("This demand has expired; nothing is done by it any more.", code="demand.expired")
    return case


def _may(case: Case, kind: StepKind, office: Office) -> bool:
    if kind is StepKind.VALIDATED and case.needs_counsel:
        return office is Office.COUNSEL
    if case.demand.is_home and office is Office.OWNER:
        return bool(BY[kind] & _LAWYERS)
    return office in BY[kind]


def _is_idle(case: Case, kind: StepKind) -> bool:
    """Whether a step has nothing to do, though the state would allow it."""
    match kind:
        case StepKind.REVIEWED | StepKind.OVERDUE:
            return case.review_due_at is None
        case StepKind.RELEASED:
            return case.held_until is None
        case StepKind.TOLD:
            return case.told_from is None
        case StepKind.APPROVAL:
            return case.demand.kind is DemandKind.PRESERVATION
        case StepKind.CLOSED:
            is_open = case.state in (State.VALIDATED, State.NARROWED) and case.demand.kind is not DemandKind.PRESERVATION
            return is_open or case.review_due_at is not None or case.held_until is not None
        case _:
            return False


def _check_office(case: Case, step: Step) -> None:
    if not _may(case, step.kind, step.office):
        who = "counsel" if case.needs_counsel and step.kind is StepKind.VALIDATED else "somebody else"
        raise DemandError(f"That step is for {who} to take.", code="demand.office")


def _illegal(sentence: str) -> DemandError:
    return DemandError(sentence, code="demand.illegal")
