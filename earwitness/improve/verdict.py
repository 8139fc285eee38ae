"""Whether something that was learned may be used: the rule of promotion, and that of taking it back. Pure.

Owns the thresholds and the sentences that explain them; measures nothing itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from earwitness.improve.adapting import Metric
from earwitness.improve.statistics import Gain, difference_interval

MOST_LOST: Final = 0.01
"""No group and no other measure may get worse by more than this: one point."""
FEWEST_OF_A_GROUP: Final = 5
"""Of a group with fewer items nothing is said."""
FEWEST_TURNS: Final = 20
"""Turns in each arm before live signals may take something back."""
NAMES: Final[Mapping[Metric, str]] = {
    Metric.WORD_ERRORS: "wrong words",
    Metric.COMMAND_ERRORS: "requests not understood",
    Metric.INTENT_ERRORS: "wrong intents",
    Metric.SLOT_ERRORS: "slots not filled",
    Metric.FALSE_ACCEPTS: "false wakes that wake",
    Metric.FALSE_REJECTS: "true wakes that do not",
    Metric.LATENCY: "time to understand",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured and what counts as a gain: committed to the ledger before anything is learned."""

    set_id: str
    adapters: tuple[str, ...]
    metrics: tuple[Metric, ...]
    primary: Metric
    minimum_gain: float
    most_slower_ms: float
    """By how much the median time from the sound's end to the intent may grow."""
    seed: int

    def as_json(self) -> dict[str, Any]:
        """Integers and strings alone: thousandths and milliseconds, as the ledger wants them."""
        return {
            "set": self.set_id,
            "adapters": list(self.adapters),
            "metrics": [one.value for one in self.metrics],
            "primary": self.primary.value,
            "minimum_gain_thousandths": round(self.minimum_gain * 1_000),
            "most_slower_ms": round(self.most_slower_ms),
            "most_lost_thousandths": round(MOST_LOST * 1_000),
            "seed": self.seed,
        }


def plan_of(found: Mapping[str, Any]) -> Plan:
    """A plan out of its JSON."""
    return Plan(
        set_id=found["set"],
        adapters=tuple(found["adapters"]),
        metrics=tuple(Metric(one) for one in found["metrics"]),
        primary=Metric(found["primary"]),
        minimum_gain=found["minimum_gain_thousandths"] / 1_000,
        most_slower_ms=float(found["most_slower_ms"]),
        seed=found["seed"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`reasons` are sentences why it may not be used; none if it may."""

    reasons: tuple[str, ...]

    @property
    def may_be_used(self) -> bool:
        return not self.reasons


def judged(
    plan: Plan, *, overall: Mapping[Metric, Gain], groups: Mapping[str, Mapping[Metric, Gain]], slower_ms: float | None
) -> Verdict:
    """Whether what was measured is the gain that was registered, and nobody pays for it."""
    reasons = [*_of_gain(plan, overall.get(plan.primary)), *_of_losses(plan, overall, groups)]
    if slower_ms is not None and slower_ms > plan.most_slower_ms:
        reasons.append(f"It takes {slower_ms:.0f} ms longer to understand; {plan.most_slower_ms:.0f} ms are allowed.")
    return Verdict(reasons=tuple(reasons))


def _of_gain(plan: Plan, found: Gain | None) -> list[str]:
    name = NAMES[plan.primary]
    if found is None:
        return [f"Nothing could be measured of {name}."]
    if found.low is None:
        return [f"Only one speaker or recording measures {name}: nobody can say how sure the gain is."]
    if not found.is_sure:
        return [f"The gain in {name} is not sure: {found.gain:+.1%}, between {found.low:+.1%} and {found.high:+.1%}."]
    if found.gain < plan.minimum_gain:
        return [f"The gain in {name} is {found.gain:.1%}; {plan.minimum_gain:.1%} was registered."]
    return []


def _of_losses(plan: Plan, overall: Mapping[Metric, Gain], groups: Mapping[str, Mapping[Metric, Gain]]) -> list[str]:
    lost = [
        f"More {NAMES[metric]}: {one.before:.1%} before, {one.after:.1%} now."
        for metric, one in overall.items()
        if metric is not plan.primary and -one.gain > MOST_LOST
    ]
    for group, measured in sorted(groups.items()):
        one = measured.get(plan.primary)
        if one is not None and one.items >= FEWEST_OF_A_GROUP and -one.gain > MOST_LOST:
            lost.append(f"The group {group} loses {-one.gain:.1%} in {NAMES[plan.primary]}.")
    return lost


def evidence_sentence(plan: Plan, *, right: tuple[int, int, int], verdict: Verdict) -> str:
    """The evidence in one sentence; `right` is how many were right before, how many now, and of how many."""
    before, after, items = right
    said = f"It understood {before} of {items} judged requests before, {after} now"
    if plan.primary is Metric.WORD_ERRORS:
        said = f"It heard {before} of {items} judged requests word for word before, {after} now"
    if verdict.may_be_used:
        return f"{said}; nothing got worse."
    return f"{said}; it is not used. {verdict.reasons[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What people did after turns, counted: asked again, called off, said that it was wrong. No word of them."""

    turns: int = 0
    repeats: int = 0
    cancellations: int = 0
    corrections: int = 0

    @property
    def bad(self) -> int:
        """Turns that went wrong, as far as signals tell; each at most once."""
        return min(self.turns, self.repeats + self.cancellations + self.corrections)

    def as_json(self) -> dict[str, int]:
        return {
            "turns": self.turns,
            "repeats": self.repeats,
            "cancellations": self.cancellations,
            "corrections": self.corrections,
        }


def must_go_back(with_it: Signals, without: Signals) -> bool:
    """Whether turns go wrong surely more often with what was learned than without it, in the same days."""
    if min(with_it.turns, without.turns) < FEWEST_TURNS:
        return False
    low, _ = difference_interval((with_it.bad, with_it.turns), (without.bad, without.turns))
    return low > 0.0


def total(signals: Sequence[Signals]) -> Signals:
    """All of them together."""
    return Signals(
        turns=sum(one.turns for one in signals),
        repeats=sum(one.repeats for one in signals),
        cancellations=sum(one.cancellations for one in signals),
        corrections=sum(one.corrections for one in signals),
    )
