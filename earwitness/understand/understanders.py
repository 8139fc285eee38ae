"""The order in which a request is understood: by the sentences of the house, then by what was learned from how people speak.

Owns order and thresholds. A sentence of the house that fits is what is meant; only of the few that take any words at all
(`WIDE`, "let me know the time") may something else be meant that is as good as certain. What none fits may be guessed: taken
from `SURE` on, asked about where it does harm (learned/risk.py). A question that no sentence fits is looked up, unless it is
clearly a request (`CLEARER_THAN_A_QUESTION`). The recogniser asks the grammar (living.py): a guess is no known sentence.
"""

from dataclasses import replace
from typing import Final

from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.understand.completeness import is_dangling
from earwitness.understand.grammar import FREE_SLOTS, QUESTION, Grammar
from earwitness.understand.learned.risk import GUESSED, is_without_target
from earwitness.understand.learned.understander import Guess, LearnedUnderstander

SURE: Final = 0.25
"""Calibrated confidence from which a guess is taken. `make bench-understanding` prints what other thresholds come to."""
SURE_OF_HARM: Final = 0.35
"""From which it is even asked about, where a mistake does harm."""
CLEARER_THAN_A_QUESTION: Final = 0.3
"""From which a question that would be looked up is taken for a request."""
SURE_IN_PLACE_OF_AN_ANSWER: Final = 0.8
"""From which words that answer nothing that was asked are taken for a new request."""
SURE_OF_A_BROKEN_OFF: Final = 0.7
"""From which words that end in the middle ("set an alarm for") are taken for what they begin; the wait stays the longer one."""
SURE_OF_ANOTHER: Final = 0.93
"""From which another meaning is preferred to a sentence of `WIDE`."""
WIDE: Final = frozenset(("SendMessage", "CallContact", "AddEvent", "HassMediaSearchAndPlay"))
"""Intents with sentences that take any words: "let ... know", "call ...", "schedule ...", "i want to hear ..."."""
MANY_WORDS: Final = 13
SURE_OF_MANY_WORDS: Final = 0.7
"""From which more words than those are taken for a request: most that is said so long is said to somebody else."""
SMALL_TALK: Final = frozenset(("HassNevermind", "HassRespond", "Stop"))
SURE_OF_SMALL_TALK: Final = 0.6
"""From which thanks, greetings and giving up are taken: people say such words to each other, too."""
SURE_OF_SMALL_TALK_IN_A_WORD: Final = 0.93
EVENT: Final = "AddEvent"
SURE_OF_AN_EVENT: Final = 0.65
"""From which something is put into the calendar: whatever somebody wants can look like an event."""
UNCERTAIN: Final = WIDE | {QUESTION}
"""Intents of the grammar beside which something else may be meant."""
FEWEST_WORDS: Final = 2
"""A single word that no sentence has is no request, except for the few that are certain."""
SURE_OF_A_WORD: Final = 0.4


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
    """The confidence from which the guess is taken; more than 1 where it never is."""
    if known.intent is not None and known.intent.name in WIDE:
        is_same = guess.intent is not None and guess.intent.name == known.intent.name
        return 2.0 if is_same or not guess.is_whole else SURE_OF_ANOTHER
    if not guess.is_question and (guess.intent is None or is_without_target(guess.intent)):
        return 2.0
    wanted = SURE
    if known.intent is not None:
        wanted = 2.0 if guess.is_question else CLEARER_THAN_A_QUESTION
    if context.pending is not None:
        wanted = max(wanted, SURE_IN_PLACE_OF_AN_ANSWER)
    if guess.intent is not None and GUESSED in guess.intent.slots:
        wanted = max(wanted, SURE_OF_HARM)
    is_word = known.text.count(" ") + 1 < FEWEST_WORDS
    if guess.intent is not None and guess.intent.name in SMALL_TALK:
        wanted = max(wanted, SURE_OF_SMALL_TALK_IN_A_WORD if is_word else SURE_OF_SMALL_TALK)
    if guess.intent is not None and guess.intent.name == EVENT:
        wanted = max(wanted, SURE_OF_AN_EVENT)
    if is_dangling(known.text):
        wanted = max(wanted, SURE_OF_A_BROKEN_OFF)
    if is_word:
        wanted = max(wanted, SURE_OF_A_WORD)
    if known.text.count(" ") + 1 > MANY_WORDS:
        wanted = max(wanted, SURE_OF_MANY_WORDS)
    return wanted


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
