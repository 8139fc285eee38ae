"""The order in which a request is understood: by the sentences of the house, then by what was learned from how people speak.

Owns the order; how sure a guess has to be is in thresholds.py. A sentence of the house that fits is what is meant; only of the
few that take any words at all (`WIDE`, "let me know the time") may something else be meant that is as good as certain. What none
fits may be guessed: taken from a confidence on, asked about where it does harm (learned/risk.py). A question that no sentence
fits is looked up, unless it is clearly a request. The recogniser asks the grammar (living.py): a guess is no known sentence.
"""

from dataclasses import replace
from typing import Final

from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.understand.grammar import FREE_SLOTS, QUESTION, Grammar
from earwitness.understand.learned.risk import GUESSED, is_without_target
from earwitness.understand.learned.understander import Guess, LearnedUnderstander
from earwitness.understand.thresholds import thresholds_in

WIDE: Final = frozenset(("SendMessage", "CallContact", "AddEvent", "HassMediaSearchAndPlay"))
"""Intents with sentences that take any words: "let ... know", "call ...", "schedule ...", "i want to hear ..."."""
UNCERTAIN: Final = WIDE | {QUESTION}
"""Intents of the grammar beside which something else may be meant."""
_NEVER: Final = 2.0
"""A confidence that no guess has."""


class Understanders:
    """What understands one sentence (understand.dialog.Understander): a grammar, then what was learned. Thread-safe."""

    def __init__(self, grammar: Grammar, *, learned: LearnedUnderstander) -> None:
        self._grammar = grammar
        self._learned = learned

    @property
    def grammar(self) -> Grammar:
        """The sentences alone."""
        return self._grammar

    def understand(self, text: str, *, context: Context) -> Understanding:
        """What `text` means here. Raises TextError (text.too_long) for more than 1,000 characters."""
        known = self._grammar.understand(text, context=context)
        if not _may_be_guessed(known, context):
            return known
        guess = self._learned.guess(known.text, context=context)
        if guess is None or guess.confidence < _wanted(known, guess, context):
            return known
        return _guessed(known, guess)


def certain(heard: Understanding) -> Understanding:
    """What was understood, unless it was guessed: then that it was not. For what is done later, when nobody can be asked."""
    if heard.certainty is None:
        return heard
    return replace(heard, intent=None, certainty=None, reason="I know no sentence like this.")


def reason_of(guess: Guess) -> str:
    """Why it was understood so, in plain words."""
    sure = f"by what was learned from how people speak, {guess.confidence:.0%} sure"
    if guess.is_question:
        return f"No sentence of this house fits; it is taken for a question to look up, {sure}."
    if guess.intent is None:
        return f"A sentence fits that takes any words, but it is none of what I can do, {sure}."
    asks = ", so it is asked about first" if GUESSED in guess.intent.slots else ""
    return f"No sentence of this house fits; it is understood {sure}{asks}."


def _may_be_guessed(known: Understanding, context: Context) -> bool:
    """Whether the grammar found nothing, or only that it is a question, or a sentence that takes any words."""
    if known.intent is not None:
        return known.certainty is None and context.pending is None and known.intent.name in UNCERTAIN
    return known.completeness in (Completeness.UNKNOWN, Completeness.INCOMPLETE)


def _wanted(known: Understanding, guess: Guess, context: Context) -> float:
    """The confidence from which the guess is taken; `_NEVER` where it is not."""
    thresholds = thresholds_in(context)
    if known.intent is not None and known.intent.name in WIDE:
        is_same = guess.intent is not None and guess.intent.name == known.intent.name
        return _NEVER if is_same or not guess.is_whole else thresholds.of_another
    if not guess.is_question and (guess.intent is None or is_without_target(guess.intent)):
        return _NEVER
    if known.intent is not None and guess.is_question:
        return _NEVER
    return thresholds.wanted(guess, plain=known.text, is_a_question=known.intent is not None, context=context)


def _guessed(known: Understanding, guess: Guess) -> Understanding:
    if guess.is_question:
        intent: Intent | None = Intent(name=QUESTION, slots={"question": known.text})
    else:
        intent = guess.intent
    return Understanding(
        text=known.text,
        intent=intent,
        completeness=_completeness(known, intent),
        reason=reason_of(guess),
        certainty=guess.confidence,
    )


def _completeness(known: Understanding, intent: Intent | None) -> Completeness:
    """A guess never ends the wait early: the usual wait, or the longer one that the grammar saw."""
    if known.completeness is Completeness.INCOMPLETE or intent is None:
        return Completeness.INCOMPLETE if known.completeness is Completeness.INCOMPLETE else Completeness.UNKNOWN
    return Completeness.OPEN if FREE_SLOTS & intent.slots.keys() else Completeness.UNKNOWN
