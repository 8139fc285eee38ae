"""How a demand's case looks in a terminal. Pure."""

from collections.abc import Iterator, Sequence

from earwitness.demands.case import is_covert
from earwitness.demands.letters import scope_words
from earwitness.domain.demand import Assessment, Case, Category, Reach, Step, StepKind


def case_line(case: Case) -> str:
    """A case in a list."""
    gag = ", under a gag" if is_covert(case) else ""
    due = f", next step due {case.due_at.astimezone():%Y-%m-%d %H:%M}" if case.due_at else ""
    authority = case.demand.authority.name
    return f"{case.demand_id[:12]}  {case.demand.kind.value} of {authority}: {case.state.value.replace('_', ' ')}{gag}{due}"


def case_lines(case: Case, found: Assessment, *, sentences: Sequence[str], possible: Sequence[StepKind]) -> Iterator[str]:
    """A case with its timeline, what the rules make of it, and what may be done now."""
    yield case_line(case)
    yield f"  id:        {case.demand_id}"
    yield f"  asked for: {scope_words(case.demand.scope)}"
    if case.scope != case.demand.scope:
        yield f"  narrowed:  {scope_words(case.scope)}"
    yield f"  it would disclose as asked: {_counts(found.asked)}"
    if found.proposal is not None and found.proposal != case.scope:
        yield f"  the rules propose: {scope_words(found.proposal)}"
        yield f"  that would disclose: {_counts(found.proposed)}"
    for one in sentences:
        yield f"  ! {one}"
    for step in case.steps:
        yield _step_line(step)
    if possible:
        yield f"  you may: {', '.join(one.value for one in possible)}"


def _step_line(step: Step) -> str:
    outcome = f" ({step.outcome.value})" if step.outcome else ""
    reason = f": {step.reason}" if step.reason else ""
    where = f", entry {step.position}" if step.position is not None else ""
    kind = step.kind.value.replace("_", " ")
    return f"  {step.at.astimezone():%Y-%m-%d %H:%M}  {kind}{outcome} by {step.office.value.replace('_', ' ')}{where}{reason}"


def _counts(reach: Reach) -> str:
    told = [f"{reach.counts[one]} of {one.value}" for one in Category if reach.counts.get(one)]
    return ", ".join(told) or "nothing"
