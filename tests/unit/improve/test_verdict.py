"""What may be used, what is refused and why, and when it is taken back."""

from earwitness.improve.adapting import Metric
from earwitness.improve.statistics import Gain
from earwitness.improve.verdict import Plan, Signals, Verdict, evidence_sentence, judged, must_go_back, plan_of, total

PLAN = Plan(
    set_id="ab" * 32,
    adapters=("confusions",),
    metrics=(Metric.COMMAND_ERRORS, Metric.WORD_ERRORS),
    primary=Metric.COMMAND_ERRORS,
    minimum_gain=0.02,
    most_slower_ms=50.0,
    seed=7,
)


def gain(before: float, after: float, *, low: float | None = None, items: int = 100) -> Gain:
    least = before - after - 0.05 if low is None else low
    return Gain(before=before, after=after, items=items, clusters=10, low=least, high=before - after + 0.05)


def verdict(
    primary: Gain | None, *, also: dict[Metric, Gain] | None = None, slower_ms: float | None = 0.0, **groups: Gain
) -> Verdict:
    overall = ({} if primary is None else {Metric.COMMAND_ERRORS: primary}) | (also or {})
    by_group = {name: {Metric.COMMAND_ERRORS: one} for name, one in groups.items()}
    return judged(PLAN, overall=overall, groups=by_group, slower_ms=slower_ms)


def test_a_sure_gain_that_costs_nobody_may_be_used() -> None:
    assert verdict(gain(0.4, 0.2), also={Metric.WORD_ERRORS: gain(0.1, 0.105)}, adult=gain(0.4, 0.2)).may_be_used


def test_each_reason_is_said() -> None:
    assert "Nothing could be measured" in verdict(None).reasons[0]
    assert "not sure" in verdict(gain(0.4, 0.3, low=-0.01)).reasons[0]
    assert "not sure" in verdict(gain(0.4, 0.3, low=0.0)).reasons[0]
    assert "was registered" in verdict(gain(0.4, 0.39, low=0.001)).reasons[0]
    assert "wrong words" in verdict(gain(0.4, 0.2), also={Metric.WORD_ERRORS: gain(0.1, 0.12)}).reasons[0]
    assert "group child" in verdict(gain(0.4, 0.2), child=gain(0.2, 0.25)).reasons[0]
    assert "51 ms" in verdict(gain(0.4, 0.2), slower_ms=51.0).reasons[0]
    alone = Gain(before=1.0, after=0.0, items=5, clusters=1, low=None, high=None)
    assert "Only one speaker" in verdict(alone).reasons[0]


def test_of_a_handful_in_a_group_nothing_is_said() -> None:
    assert verdict(gain(0.4, 0.2), child=gain(0.0, 0.5, items=4)).may_be_used


def test_the_evidence_is_one_sentence() -> None:
    said = evidence_sentence(PLAN, right=(14, 18, 20), verdict=Verdict(reasons=()))
    assert said == "It understood 14 of 20 judged requests before, 18 now; nothing got worse."
    assert "not used" in evidence_sentence(PLAN, right=(14, 12, 20), verdict=Verdict(reasons=("It got worse.",)))


def test_a_plan_survives_json() -> None:
    assert plan_of(PLAN.as_json()) == PLAN


def test_live_signals_take_back_only_what_is_surely_worse() -> None:
    assert must_go_back(Signals(turns=60, repeats=20, corrections=4), Signals(turns=200, repeats=20))
    assert not must_go_back(Signals(turns=60, repeats=7), Signals(turns=200, repeats=20))
    assert not must_go_back(Signals(turns=19, repeats=19), Signals(turns=200)), "too few turns to say"
    assert total([Signals(turns=3, repeats=1), Signals(turns=4, cancellations=2)]).bad == 3
