"""The machine of cases, walked through at random: no path discloses without the approvals and the notice, or a dated gag.

What must hold is worked out from the list of steps alone, by rules written down a second time here.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.demands.case import FROM, advance, begin, possible, scope_digest
from earwitness.domain.demand import (
    Authority,
    AuthorityKind,
    Case,
    Category,
    Demand,
    DemandKind,
    Gag,
    Office,
    Outcome,
    Scope,
    State,
    Step,
    StepKind,
)
from earwitness.domain.errors import DemandError

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WIDE = Scope(persons=("a", "b"), since=START - 9 * DAY, until=START, categories=frozenset({Category.WORDS, Category.SOUND}))
SCOPES = (
    WIDE,
    replace(WIDE, persons=("a",)),
    replace(WIDE, persons=("a",), since=START - 2 * DAY),
    replace(WIDE, persons=("a", "b", "c")),
    replace(WIDE, since=None),
)
PEOPLE = ("cora", "piet", "anna", "earwitness")
STEPS = st.tuples(
    st.sampled_from(list(StepKind)),
    st.sampled_from(list(Office)),
    st.sampled_from(PEOPLE),
    st.integers(min_value=0, max_value=40),
    st.sampled_from(SCOPES),
    st.booleans(),
)
LIKELY = (
    (StepKind.VALIDATED, Office.COUNSEL, "cora"),
    (StepKind.APPROVAL, Office.COUNSEL, "cora"),
    (StepKind.APPROVAL, Office.PRIVACY_OFFICER, "piet"),
    (StepKind.NOTIFIED, Office.COUNSEL, "cora"),
    (StepKind.TOLD, Office.HOUSE, "earwitness"),
    (StepKind.DISCLOSED, Office.COUNSEL, "cora"),
    (StepKind.NARROWED, Office.COUNSEL, "cora"),
)
Told = tuple[StepKind, Office, str, int, Scope, bool]
_HOURS = st.sampled_from([0, 0, 1, 24, 47, 48, 200])


def _told(one: tuple[StepKind, Office, str], hours: int, scope: Scope) -> Told:
    return (*one, hours, scope, True)


LIKELY_STEPS = st.builds(_told, st.sampled_from(LIKELY), _HOURS, st.sampled_from(SCOPES))
RIGHT_WAY = (LIKELY[0], LIKELY[1], LIKELY[2], LIKELY[3], LIKELY[5])


@st.composite
def walks(draw: st.DrawFn) -> list[Told]:
    """Steps that lead to a disclosure in the right way, with other ones put in between, left out or said wrongly, at any pace."""
    found: list[Told] = []
    for one in (*RIGHT_WAY, *RIGHT_WAY[1:]):
        if draw(st.integers(min_value=0, max_value=9)) == 0:
            found.append(draw(LIKELY_STEPS | STEPS))
        if draw(st.integers(min_value=0, max_value=14)):
            kind, office, by = one
            by = draw(st.sampled_from([by, by, by, by, "cora"]))
            found.append((kind, office, by, draw(_HOURS), draw(st.sampled_from(SCOPES)), True))
    return found


def received(kind: DemandKind, *, gag_days: int | None, is_home: bool, scope: Scope = WIDE) -> Case:
    """A case that has just begun; with a gag that ends after so many days."""
    until = None if gag_days is None else START + gag_days * DAY
    authority = Authority(name="Court", kind=AuthorityKind.COURT, jurisdiction="xx")
    demand = Demand(
        demand_id="d",
        kind=kind,
        authority=authority,
        document_sha256="00" * 32,
        scope=scope,
        received_at=START,
        expires_at=START + 20 * DAY,
        gag=None if until is None else Gag(until=until),
        is_home=is_home,
    )
    office = Office.OWNER if is_home else Office.COUNSEL
    step = Step(kind=StepKind.RECEIVED, office=office, by="cora", at=START, told_from=until)
    return begin(demand, step, needs_counsel=not is_home)


def step_of(case: Case, told: Told) -> Step:
    """A step that may be right in its details (as the facade would make it) or wrong."""
    kind, office, by, hours, scope, is_careful = told
    at = case.steps[-1].at + timedelta(hours=hours)
    is_covert = case.told_from is not None and kind is StepKind.NOTIFIED
    return Step(
        kind=kind,
        office=office,
        by=by,
        at=at,
        scope=scope if kind is StepKind.NARROWED else None,
        scope_sha256=scope_digest(case.scope if is_careful else scope),
        object_until=None if is_covert and is_careful else at + 2 * DAY,
        told_from=case.told_from if is_careful else None,
        held_until=at + DAY,
        due_at=at + DAY,
        outcome=Outcome.PART if is_careful else None,
    )


def walked(case: Case, told: Sequence[Told]) -> Case:
    """The case after those of the steps that could be taken."""
    for one in told:
        try:
            case = advance(case, step_of(case, one))
        except DemandError:
            continue
    return case


def scope_before(case: Case, index: int) -> Scope:
    """The scope that stood when a step was taken: that of the last narrowing before it."""
    narrowed = [one.scope for one in case.steps[:index] if one.kind is StepKind.NARROWED and one.scope is not None]
    return narrowed[-1] if narrowed else case.demand.scope


def check_disclosure(case: Case, index: int) -> None:
    """What must be true of the steps before a disclosure."""
    before, now = case.steps[:index], case.steps[index].at
    breaks = {StepKind.OBJECTED, StepKind.PERSON_OBJECTED, StepKind.NARROWED, StepKind.DISCLOSED, StepKind.REFUSED}
    last_break = max((at for at, one in enumerate(before) if one.kind in breaks), default=0)
    digest = scope_digest(scope_before(case, index))
    given_now = [one for one in before[last_break:] if one.kind is StepKind.APPROVAL and one.scope_sha256 == digest]
    assert {one.office for one in given_now} == {Office.COUNSEL, Office.PRIVACY_OFFICER}
    assert len({one.by for one in given_now}) == 2
    notices = [one for one in before[last_break:] if one.kind is StepKind.NOTIFIED]
    assert notices
    gag = case.demand.gag.until if case.demand.gag else None
    is_gagged = gag is not None and now < gag
    told = [*notices, *(one for one in before if one.kind is StepKind.TOLD)]
    was_told = any(one.object_until is not None and one.object_until <= now for one in told)
    assert is_gagged or was_told
    assert case.demand.expires_at is not None
    assert now < case.demand.expires_at
    assert case.demand.kind is not DemandKind.PRESERVATION
    assert not case.demand.is_home


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from([DemandKind.WARRANT, *DemandKind]),
    st.sampled_from([None, 1, 2, 8, 30]),
    st.sampled_from([False, False, False, True]),
    walks() | st.lists(LIKELY_STEPS | STEPS, max_size=40),
)
def test_no_path_discloses_without_the_approvals_and_the_notice_or_a_dated_gag(
    kind: DemandKind,
    gag_days: int | None,
    is_home: bool,
    told: list[Told],
) -> None:
    case = walked(received(kind, gag_days=gag_days, is_home=is_home), told)
    for index, step in enumerate(case.steps):
        if step.kind is StepKind.DISCLOSED:
            check_disclosure(case, index)
    assert case.scope.is_within(case.demand.scope)
    times = [one.at for one in case.steps]
    assert times == sorted(times)


@pytest.mark.parametrize("gag_days", [None, 30])
def test_the_walks_can_disclose(gag_days: int | None) -> None:
    """Else the property above would hold of nothing."""
    order = [0, 1, 2, 3, 5]
    told = [(*LIKELY[one], 0 if one != 5 else 48, WIDE, True) for one in order]
    assert walked(received(DemandKind.WARRANT, gag_days=gag_days, is_home=False), told).state is State.DISCLOSED


@pytest.mark.parametrize("kind", list(StepKind))
@pytest.mark.parametrize("state", list(State))
def test_a_step_is_illegal_in_every_state_that_it_does_not_follow(state: State, kind: StepKind) -> None:
    case = replace(received(DemandKind.WARRANT, gag_days=None, is_home=False), state=state)
    if state in FROM[kind]:
        return
    for office in Office:
        with pytest.raises(DemandError) as raised:
            advance(case, step_of(case, (kind, office, "cora", 1, SCOPES[1], True)))
        assert raised.value.code == "demand.illegal"
        assert kind not in possible(case, office)


@pytest.mark.parametrize("scope", [SCOPES[3], SCOPES[4], WIDE], ids=["another person", "no beginning", "the same"])
def test_a_scope_is_never_widened(scope: Scope) -> None:
    case = walked(received(DemandKind.WARRANT, gag_days=None, is_home=False), [(*LIKELY[0], 0, WIDE, True)])
    with pytest.raises(DemandError, match="scope"):
        advance(case, step_of(case, (StepKind.NARROWED, Office.COUNSEL, "cora", 1, scope, True)))


def test_an_expired_demand_is_neither_approved_nor_answered() -> None:
    case = walked(received(DemandKind.WARRANT, gag_days=None, is_home=False), [(*LIKELY[0], 0, WIDE, True)])
    with pytest.raises(DemandError) as raised:
        advance(case, step_of(case, (*LIKELY[1], 20 * 24, WIDE, True)))
    assert raised.value.code == "demand.expired"


def test_when_a_gag_ends_the_person_is_told_before_anything_is_disclosed() -> None:
    way: list[Told] = [_told(one, 0, WIDE) for one in RIGHT_WAY[:-1]]
    case = walked(received(DemandKind.WARRANT, gag_days=2, is_home=False), way)
    assert case.state is State.NOTIFIED
    for hours, is_possible in ((47, True), (48, False)):
        try:
            done = advance(case, step_of(case, _told(RIGHT_WAY[-1], hours, WIDE)))
            assert (is_possible, done.state) == (True, State.DISCLOSED)
        except DemandError as error:
            assert (is_possible, error.code) == (False, "demand.not_told")  # noqa: PT017


@pytest.mark.parametrize(("outcome", "state"), [(Outcome.NOTHING, State.DISCLOSED), (Outcome.PART, State.NOTIFIED)])
def test_a_home_states_that_there_is_nothing_and_hands_out_nothing(outcome: Outcome, state: State) -> None:
    case = received(DemandKind.WARRANT, gag_days=None, is_home=True)
    for kind in (StepKind.VALIDATED, StepKind.APPROVAL, StepKind.NOTIFIED):
        case = advance(case, step_of(case, (kind, Office.OWNER, "cora", 0, WIDE, True)))
    step = replace(step_of(case, (StepKind.DISCLOSED, Office.OWNER, "cora", 48, WIDE, True)), outcome=outcome)
    try:
        case = advance(case, step)
    except DemandError as error:
        assert error.code == "demand.two_needed"  # noqa: PT017
    assert case.state is state
