"""Several requests in one sentence: done in order, answered by one reply that says what was done and what was not.

Owns the order and the joining; each request is carried out by whoever carries out one. What has to be asked about waits until the
others are done, and is asked one after the other.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from earwitness.domain.errors import EarwitnessError
from earwitness.domain.intent import Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.domain.wish import MuteWish
from earwitness.telemetry import log

FAILED_REPLY: Final = "One of them failed, and I do not know whether it was done."
_ENDED_WELL: Final = frozenset((Outcome.DONE, Outcome.ANSWERED))

_logger = logging.getLogger(__name__)

Perform = Callable[[Intent], Awaitable[SkillResult]]


async def carry_out(intent: Intent, *, perform: Perform) -> SkillResult:
    """Do what is asked for, one request after the other; one that fails does not keep the others from being done.

    A single request raises what `perform` raises.
    """
    requests = intent.each()
    if len(requests) == 1:
        return await perform(intent)
    return joined([(request, await _tried(request, perform)) for request in requests])


async def _tried(request: Intent, perform: Perform) -> SkillResult:
    try:
        return await perform(request)
    except EarwitnessError as error:
        return SkillResult(outcome=Outcome.FAILED, reply=error.sentence)
    except Exception as error:  # the others are done all the same, and the reply says that this one is not known to be
        log(_logger, "engine failed", level=logging.ERROR, stage="act", code="engine.failed", error_type=type(error).__name__)
        return SkillResult(outcome=Outcome.FAILED, reply=FAILED_REPLY)


def foreseen(intent: Intent, *, foresee: Callable[[Intent], str | None]) -> str | None:
    """The reply if all goes well; None if it cannot be known of one of the requests."""
    replies = [foresee(request) for request in intent.each()]
    known = [reply for reply in replies if reply is not None]
    return " ".join(known) if len(known) == len(replies) else None


def joined(results: Sequence[tuple[Intent, SkillResult]]) -> SkillResult:
    """One result of several: replies in order, then the first question; the other questions follow its answer."""
    asking = [(request, result) for request, result in results if result.asks is not None]
    settled = [result for _, result in results if result.asks is None]
    replies = [result.reply for result in settled]
    asks = None
    if asking:
        _, first = asking[0]
        replies.append(first.reply)
        asks = first.asks
        if asks is not None and asks.pending is not None:
            asks = replace(asks, pending=replace(asks.pending, then=tuple(request for request, _ in asking[1:])))
    undone = [result.undo for result in reversed(settled) if result.undo is not None]
    # Devices remember one change: to take it back twice would take back what somebody asked for before.
    single = [one for place, one in enumerate(undone) if one not in undone[:place]]
    return SkillResult(
        outcome=_outcome([result for _, result in results]),
        reply=" ".join(reply for reply in replies if reply),
        asks=asks,
        is_off_record=any(result.is_off_record for _, result in results),
        wish=next((result.wish for result in settled if isinstance(result.wish, MuteWish)), None),
        more=" ".join(result.more for result in settled if result.more),
        undo=Intent.together(single) if single else None,
    )


def _outcome(results: Sequence[SkillResult]) -> Outcome:
    outcomes = [result.outcome for result in results]
    if Outcome.ASKED in outcomes:
        return Outcome.ASKED
    if _ENDED_WELL.issuperset(outcomes):
        return Outcome.DONE if Outcome.DONE in outcomes else Outcome.ANSWERED
    return outcomes[0] if len(set(outcomes)) == 1 else Outcome.FAILED
