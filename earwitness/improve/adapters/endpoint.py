"""How long silence has to last before a request counts as said: from how people of this home pause, and how often they were cut
off.

One factor for the three waits that are not for complete commands: the one that costs a speaker the least time, when every request
waits for it and whoever is cut off has to say it all again. Pauses longer than the wait cannot be seen in recordings (they ended
them), so their share is told by requests that end in the middle.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.improve.adapting import Chain, Example, Learned, Metric, Progress, Sound
from earwitness.speech.stt.habits import words_of
from earwitness.turn.endpoint import EndpointLimits
from earwitness.understand.completeness import is_dangling

FILE: Final = "endpoint.json"
FORMAT: Final = 1
FEWEST_EXAMPLES: Final = 30
FACTORS: Final = tuple(round(0.7 + 0.05 * step, 2) for step in range(21))
"""From 0.7 to 1.7."""
AGAIN_SECONDS: Final = 8.0
"""What being cut off costs: a wrong reply heard out, and the request said again."""
STEP_SECONDS: Final = 0.02
BELOW_LOUDEST_DB: Final = 25.0
SHORTEST_PAUSE_SECONDS: Final = 0.15
"""Shorter ones are in the middle of words."""
_USUAL_EXCESS_SECONDS: Final = 0.35
"""How much longer than the shortest a pause is on average, where too few were seen to say."""
_FEWEST_PAUSES: Final = 10


class EndpointAdapter:
    """Learns a factor for the waits."""

    name = "endpoint"
    metrics = frozenset({Metric.COMMAND_ERRORS, Metric.LATENCY})

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        """Look at every recording's pauses; milliseconds each."""
        del seed
        said = [one for one in examples if one.transcript and one.audio_seconds and not one.is_false_wake]
        pauses, cut_off = list[float](), 0
        for done, one in enumerate(said, 1):
            progress(done, len(said))
            pcm = sound(one.recording_id)
            if pcm is not None:
                pauses.append(longest_pause_seconds(pcm))
                cut_off += is_cut_off(one)
        if len(pauses) < FEWEST_EXAMPLES:
            return None
        factor = best_factor(pauses, cut_off=cut_off, limits=base.endpoint)
        facts = {"requests": len(pauses), "cut_off": cut_off, "factor": factor}
        return Learned(files={FILE: json.dumps({"format": FORMAT, "factor": factor}).encode()}, facts=facts)

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        """The chain that waits so long. Raises ModelError."""
        if files.keys() != {FILE}:
            raise ModelError("These are not the files of how long silence lasts.")
        try:
            tree = json.loads(files[FILE])
            factor = float(tree["factor"])
            if tree["format"] != FORMAT or not FACTORS[0] <= factor <= FACTORS[-1]:
                raise ValueError("factor")
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError("What was learned of pauses is damaged: roll back to the version before it.") from error
        return replace(chain, endpoint=waiting(chain.endpoint, factor))


def waiting(limits: EndpointLimits, factor: float) -> EndpointLimits:
    """The limits with the waits for what is no complete command so much longer; complete commands stay as quick."""
    return replace(
        limits,
        open_seconds=max(limits.complete_seconds, limits.open_seconds * factor),
        unknown_seconds=max(limits.complete_seconds, limits.unknown_seconds * factor),
        incomplete_seconds=max(limits.complete_seconds, limits.incomplete_seconds * factor),
    )


def is_cut_off(example: Example) -> bool:
    """Whether what was said, as judged, ends in the middle ("set a timer for"), and nothing could be done with it."""
    return example.intent is None and is_dangling(" ".join(words_of(example.transcript)))


def longest_pause_seconds(pcm: Pcm) -> float:
    """The longest silence between two pieces of speech, by level; 0 without one."""
    size = int(STEP_SECONDS * RATE_HZ)
    samples = np.frombuffer(pcm.data, dtype="<i2").astype(np.float64)
    steps = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(steps):
        return 0.0
    levels = 10 * np.log10(np.mean(steps**2, axis=1) + 1e-3)
    spoken = np.flatnonzero(levels >= levels.max() - BELOW_LOUDEST_DB)
    longest = float(max(np.diff(spoken), default=1) - 1) * STEP_SECONDS
    return longest if longest >= SHORTEST_PAUSE_SECONDS else 0.0


def best_factor(pauses: Sequence[float], *, cut_off: int, limits: EndpointLimits) -> float:
    """The factor with which a request costs the least time; of equals, the one nearest to 1."""
    count, wait = len(pauses), limits.unknown_seconds
    seen = [pause - SHORTEST_PAUSE_SECONDS for pause in pauses if pause > 0]
    excess = sum(seen) / len(seen) if len(seen) >= _FEWEST_PAUSES else _USUAL_EXCESS_SECONDS
    share_now = cut_off / count

    def seconds(factor: float) -> float:
        if factor <= 1:
            lost = share_now + sum(pause >= factor * wait for pause in pauses) / count
        else:
            lost = share_now * math.exp(-(factor - 1) * wait / max(excess, 0.05))
        return round(factor * wait + AGAIN_SECONDS * lost, 9)

    return min(FACTORS, key=lambda factor: (seconds(factor), abs(factor - 1)))
