"""Several requests in one sentence: "turn off the lamp, lock the door and set a timer for ten minutes". No side effects.

Owns where a sentence is cut. Names with "and" in them stay whole, and so do free words (a message, a reminder): a sentence that
is one request as it stands is cut only where its free words may have swallowed another. Requests about privacy stand alone.
"""

from dataclasses import replace
from typing import Final

from earwitness.domain.intent import Before, Completeness, Context, Intent, Understanding
from earwitness.domain.turn import Outcome
from earwitness.understand.dialog_words import separated, words
from earwitness.understand.grammar import FREE_SLOTS, QUESTION, Grammar
from earwitness.understand.leaning import UNCLEAR, Leaning
from earwitness.understand.spoken_of import is_by_sound

MOST_REQUESTS: Final = 6
"""Requests in one sentence."""
ALONE: Final = "What is about privacy is said by itself, in a sentence of its own."
_NEVER_WITH_OTHERS: Final = frozenset(
    ("Stop", "HassNevermind", "UndoChange", "OtherOne", "RepeatReply", "TellMore", "AskWhy", "AskFailure", "AcknowledgeReminder")
)


class Several:
    """Understands several requests in one sentence, by the sentences of `grammar` and what leans on the part before."""

    def __init__(self, grammar: Grammar, leaning: Leaning) -> None:
        self._grammar = grammar
        self._leaning = leaning

    def understood(self, plain: str, alone: Understanding, *, context: Context) -> Understanding | None:
        if alone.intent is not None and alone.intent.name not in words()["swallows"]:
            return None
        found = self._split(plain, context=context, is_first=True, most=MOST_REQUESTS, is_strict=alone.intent is not None)
        if len(found) < 2:
            return self._refused(plain, alone, context=context)
        intents = [heard.intent for heard in found if heard.intent is not None]
        told = "; ".join(f'"{heard.text}"' for heard in found)
        reason = f"Several requests, done in order: {told}."
        return Understanding(text=plain, intent=Intent.together(intents), completeness=found[-1].completeness, reason=reason)

    def _refused(self, plain: str, alone: Understanding, *, context: Context) -> Understanding | None:
        """Why several requests are not taken together, where one of them is about privacy."""
        if alone.intent is not None:
            return None
        here = replace(context, expects=None, pending=None)
        for pair in separated(plain):
            heard = [self._grammar.matched(part, context=here) for part in pair]
            if any(
                one is not None and one.intent is not None and self._grammar.is_exact_intent(one.intent.name) for one in heard
            ):
                return replace(alone, text=plain, completeness=Completeness.UNKNOWN, reason=ALONE)
        return None

    def _split(self, plain: str, *, context: Context, is_first: bool, most: int, is_strict: bool) -> tuple[Understanding, ...]:
        """The requests in a text, as few as can be, each understood after those before it; empty if that cannot be.

        `is_strict`: the text is a request as a whole too, so that each part must be one for certain.
        """
        whole = None if is_first else self._part(plain, context, is_strict=is_strict)
        swallows = whole is not None and whole.intent is not None and whole.intent.name in words()["swallows"]
        if whole is not None and (not swallows or most < 2):
            return (whole,)
        for first, rest in separated(plain) if most > 1 else ():
            heard = self._part(first, context, is_strict=is_strict and not is_first)
            if heard is None:
                continue
            after = replace(context, before=_virtual(heard, context), earlier=(*_last(context), *context.earlier)[:2])
            if more := self._split(rest, context=after, is_first=False, most=most - 1, is_strict=is_strict or swallows):
                return (heard, *more)
        return () if whole is None else (whole,)

    def _part(self, text: str, context: Context, *, is_strict: bool) -> Understanding | None:
        """One of several requests."""
        here = replace(context, expects=None, pending=None)
        if self._grammar.matched(text, context=here) is None and (is_strict or not _last(here)):
            return None  # what is understood by sound or looked up is no part, and there is nothing to lean on
        alone = self._grammar.understand(text, context=here)
        heard = alone
        if not is_strict and (alone.intent is None or alone.intent.name in UNCLEAR):
            heard = self._leaning.understood(text, alone, context=here) or alone
        intent = heard.intent
        if intent is None or intent.then or intent.name in _NEVER_WITH_OTHERS or intent.name == QUESTION:
            return None
        if self._grammar.is_exact_intent(intent.name) or is_by_sound(intent):
            return None
        if heard.completeness is Completeness.INCOMPLETE:
            return None
        return None if is_strict and FREE_SLOTS & intent.slots.keys() and intent.name in words()["swallows"] else heard


def _last(context: Context) -> tuple[Before, ...]:
    return (context.before,) if context.before is not None else ()


def _virtual(heard: Understanding, context: Context) -> Before:
    """A request of this sentence, for those that follow it."""
    return Before(
        transcript=heard.text,
        reply="",
        outcome=Outcome.ANSWERED.value,
        reason=heard.reason,
        intent=heard.intent,
        person_id=context.person_id,
    )
