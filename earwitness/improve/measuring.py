"""What a chain makes of judged utterances, and the report of two chains over the same ones. Runs models; keeps nothing.

Every figure is a share of one item (`Share`), so that rates over speakers and groups are sums of them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any, Final

from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Context
from earwitness.improve.adapting import Chain, Example, Metric, Sound, Spot
from earwitness.improve.data_set import Split
from earwitness.improve.metrics import Share, count_slots, is_command_right, word_error_share
from earwitness.improve.statistics import Gain, Pair, paired_gain
from earwitness.improve.verdict import Plan, evidence_sentence, judged
from earwitness.speech.wake.verifier import FoundWake
from earwitness.understand.learned.risk import GUESSED

MOST_SHOWN: Final = 10
"""Of the largest wins and losses."""


class Arm(StrEnum):
    """What is measured side by side."""

    PLAIN = "plain"
    """The chain without anything learned: what it would be without annotations."""
    BEFORE = "before"
    """As it was in use."""
    AFTER = "after"


ALONE: Final = "alone:"
"""How the arm begins that has one adapter alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One item in one arm: its losses by metric, and whether all of it was right."""

    losses: Mapping[Metric, Share]
    is_right: bool

    def as_json(self) -> dict[str, object]:
        losses = {metric.value: [share.part, share.whole] for metric, share in self.losses.items()}
        return {"losses": losses, "is_right": self.is_right}


def measured_of(found: Mapping[str, Any]) -> Measured:
    """One out of its JSON."""
    losses = {Metric(name): Share(part=part, whole=whole) for name, (part, whole) in found["losses"].items()}
    return Measured(losses=losses, is_right=found["is_right"])


def measure(example: Example, chains: Mapping[str, Chain], *, sound: Sound, spot: Spot) -> dict[str, Measured]:
    """What each chain makes of one example; chains with the same recogniser hear it once. Wakes are measured where `spot` finds
    the wake word."""
    pcm = sound(example.recording_id) if example.audio_seconds else None
    wake = spot(pcm) if pcm is not None and (example.is_woken or example.is_false_wake) else None
    heard: dict[int, tuple[str, float]] = {}
    return {arm: _measure(example, chain, pcm=pcm, wake=wake, heard=heard) for arm, chain in chains.items()}


def _measure(
    example: Example, chain: Chain, *, pcm: Pcm | None, wake: FoundWake | None, heard: dict[int, tuple[str, float]]
) -> Measured:
    losses: dict[Metric, Share] = {}
    if wake is not None:
        wakes = chain.second_look is None or chain.second_look.is_wake(wake)
        metric = Metric.FALSE_ACCEPTS if example.is_false_wake else Metric.FALSE_REJECTS
        losses[metric] = Share(part=float(wakes is example.is_false_wake), whole=1.0)
    if example.is_false_wake:
        return Measured(losses=losses, is_right=bool(losses) and not any(share.part for share in losses.values()))
    context = Context(area=example.area)
    text, heard_ms = _heard(example, chain, pcm=pcm, context=context, heard=heard)
    began = time.perf_counter()
    understanding = chain.understander.understand(text, context=context)
    losses[Metric.LATENCY] = Share(part=heard_ms + (time.perf_counter() - began) * 1000.0, whole=1.0)
    losses[Metric.WORD_ERRORS] = word_error_share(example.transcript, text)
    is_right = not losses[Metric.WORD_ERRORS].part
    found = understanding.intent
    if example.intent is not None:
        is_intent_right = found is not None and found.name == example.intent
        slots = {} if found is None else {name: value for name, value in found.slots.items() if name != GUESSED}
        counts = count_slots(dict(example.slots), slots, area=example.area)
        right = counts.right if is_intent_right else 0
        is_right = is_command_right(counts, is_intent_right=is_intent_right)
        losses[Metric.INTENT_ERRORS] = Share(part=float(not is_intent_right), whole=1.0)
        losses[Metric.COMMAND_ERRORS] = Share(part=float(not is_right), whole=1.0)
        losses[Metric.SLOT_ERRORS] = Share(part=float(counts.expected - right), whole=float(counts.expected))
    return Measured(losses=losses, is_right=is_right)


def _heard(
    example: Example, chain: Chain, *, pcm: Pcm | None, context: Context, heard: dict[int, tuple[str, float]]
) -> tuple[str, float]:
    """The words and the milliseconds to hear them; of a turn without sound, what was heard then."""
    if pcm is None:
        return example.heard, 0.0
    known = heard.get(id(chain.recogniser))
    if known is None:
        began = time.perf_counter()
        text = chain.recogniser.transcribe(pcm, hints=chain.understander.hints(), context=context).text
        known = heard[id(chain.recogniser)] = (text, (time.perf_counter() - began) * 1000.0)
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All that was measured: by arm and item, beside the examples."""

    examples: Sequence[Example]
    arms: Mapping[str, Mapping[str, Measured]]
    split: Split


def report(plan: Plan, measures: Measures) -> dict[str, Any]:
    """The figures of a model against what was before it, its verdict, and the largest wins and losses by recording."""
    overall = _gains(measures, Arm.BEFORE, measures.examples)
    groups = {group: _gains(measures, Arm.BEFORE, some) for group, some in _groups(measures.examples).items()}
    before_ms, after_ms = (_median_ms(measures.arms[arm]) for arm in (Arm.BEFORE, Arm.AFTER))
    slower_ms = None if before_ms is None or after_ms is None else after_ms - before_ms
    verdict = judged(plan, overall=overall, groups=groups, slower_ms=slower_ms)
    right = (_right(measures.arms[Arm.BEFORE]), _right(measures.arms[Arm.AFTER]), len(measures.examples))
    return {
        "split": measures.split.value,
        "items": len(measures.examples),
        "speakers": len({one.speaker_key for one in measures.examples}),
        "gains": _as_json(overall),
        "against_plain": _as_json(_gains(measures, Arm.PLAIN, measures.examples)),
        "groups": {group: _as_json(found) for group, found in groups.items()},
        "alone": {
            arm.removeprefix(ALONE): _as_json(_gains(measures, Arm.PLAIN, measures.examples, after=arm))
            for arm in measures.arms
            if arm.startswith(ALONE)
        },
        "median_ms": {"before": _rounded(before_ms), "after": _rounded(after_ms)},
        "right": {"before": right[0], "after": right[1], "of": right[2]},
        "wins": _changed(plan, measures, is_win=True),
        "losses": _changed(plan, measures, is_win=False),
        "may_be_used": verdict.may_be_used,
        "reasons": list(verdict.reasons),
        "sentence": evidence_sentence(plan, right=right, verdict=verdict),
    }


def _gains(measures: Measures, before: str, examples: Sequence[Example], *, after: str = Arm.AFTER) -> dict[Metric, Gain]:
    first, second = measures.arms[before], measures.arms[after]
    found: dict[Metric, Gain] = {}
    for metric in Metric:
        if metric is Metric.LATENCY:
            continue
        pairs = [
            Pair(
                cluster=one.speaker_key if measures.split is Split.SPEAKERS else one.recording_id,
                before=first[one.recording_id].losses[metric],
                after=second[one.recording_id].losses[metric],
            )
            for one in examples
            if one.recording_id in second
            and metric in first[one.recording_id].losses
            and metric in second[one.recording_id].losses
        ]
        gain = paired_gain(pairs)
        if gain is not None:
            found[metric] = gain
    return found


def _groups(examples: Sequence[Example]) -> dict[str, list[Example]]:
    groups: dict[str, list[Example]] = {}
    for one in examples:
        for kind, value in one.groups.items():
            groups.setdefault(f"{kind} {value}", []).append(one)
    return {group: some for group, some in groups.items() if len(some) < len(examples)}


def _median_ms(arm: Mapping[str, Measured]) -> float | None:
    found = [one.losses[Metric.LATENCY].part for one in arm.values() if Metric.LATENCY in one.losses]
    return median(found) if found else None


def _right(arm: Mapping[str, Measured]) -> int:
    return sum(one.is_right for one in arm.values())


def _changed(plan: Plan, measures: Measures, *, is_win: bool) -> list[dict[str, object]]:
    """The recordings that gained or lost most, by ids alone: whose words they are may look them up, and nobody else is told what
    somebody asked for."""
    found = []
    for recording_id, before in measures.arms[Arm.BEFORE].items():
        after = measures.arms[Arm.AFTER][recording_id]
        one, other = before.losses.get(plan.primary), after.losses.get(plan.primary)
        if one is None or other is None or one.part == other.part:
            continue
        if (other.part < one.part) is is_win:
            row: dict[str, object] = {"recording": recording_id, "before": one.part, "after": other.part}
            found.append((abs(one.part - other.part), recording_id, row))
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    return [row for _, _, row in found[:MOST_SHOWN]]


def _as_json(gains: Mapping[Metric, Gain]) -> dict[str, object]:
    return {metric.value: gain.as_json() for metric, gain in gains.items()}


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
