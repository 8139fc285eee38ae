"""A sentence and what was said before it: follow-ups, pronouns, corrections, several requests in one. No side effects.

Owns the order in which readings are tried: what the templates understand by itself stands, unless it leans on the request before.
What is remembered comes with the context (in memory, of minutes, of one device and person); nothing is kept here. Sentences of
privacy are exact: none is understood from what was said before, none takes part in a longer request, and none is a former request
that another leans on.
"""

from collections.abc import Set
from dataclasses import replace
from typing import Protocol

from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.understand.grammar import FREE_SLOTS, Grammar
from earwitness.understand.leaning import TAKES_BACK, Leaning
from earwitness.understand.learned.risk import opens
from earwitness.understand.misheard import BY_SOUND
from earwitness.understand.normalise import normalise
from earwitness.understand.several import Several
from earwitness.understand.sound_alikes import other_spellings
from earwitness.understand.spoken_of import is_by_sound
from earwitness.understand.understanders import UNCERTAIN


class Understander(Protocol):
    """Who understands one sentence by itself."""

    def understand(self, text: str, *, context: Context) -> Understanding: ...


class Dialog:
    """Understands a sentence by the templates of `grammar`, by what was said before, and last by `layered`, what stands around
    the templates. Thread-safe."""

    def __init__(self, grammar: Grammar, *, layered: Understander | None = None) -> None:
        self._grammar = grammar
        self._layered = layered or grammar
        self._leaning = Leaning(grammar)
        self._several = Several(grammar, self._leaning)

    def understand(self, text: str, *, context: Context) -> Understanding:
        """What `text` means after what was said before. Raises TextError (text.too_long)."""
        alone, plain = self._grammar.understand(text, context=context), normalise(text)
        if context.pending is not None and (corrected := self._leaning.corrected_question(plain, context.pending)):
            return corrected
        if self._stands(alone, context):
            return alone
        heard = self._leaning.understood(plain, alone, context=context) or self._several.understood(plain, alone, context=context)
        if heard is not None:
            return heard
        if alone.intent is None and (spelt := self._spelt_otherwise(plain, context)):
            return spelt
        is_known = alone.intent is not None and alone.intent.name not in UNCERTAIN
        return alone if is_known else self._layered.understand(text, context=context)

    def _spelt_otherwise(self, plain: str, context: Context) -> Understanding | None:
        """The sentence of the home that sounds like what was written, if it is one only and means nothing but what it says. What
        opens or locks says that it was understood by sound, and is asked about.
        """
        found: dict[str, Understanding] = {}
        here = replace(context, expects=None, pending=None)
        for text in other_spellings(plain):
            heard = self._grammar.matched(text, context=here)
            intent = None if heard is None else heard.intent
            if (
                heard is None
                or intent is None
                or heard.completeness is Completeness.INCOMPLETE
                or FREE_SLOTS & intent.slots.keys()
            ):
                continue
            if not self._grammar.is_exact_intent(intent.name) and not is_by_sound(intent) and "name" not in _new(intent):
                found.setdefault(repr(intent), replace(heard, text=text))
        if len(found) != 1:
            return None
        only = next(iter(found.values()))
        intent, reason = only.intent, f'Sounds like "{only.text}".'
        if intent is not None and opens(intent, self._grammar.home):
            intent = replace(intent, slots={**intent.slots, BY_SOUND: plain})
        return Understanding(text=plain, intent=intent, completeness=Completeness.OPEN, reason=reason)

    def _stands(self, alone: Understanding, context: Context) -> bool:
        """Whether nothing said before or beside it could matter: an answer, or an exact sentence."""
        if alone.completeness is Completeness.ABSENT:
            return True
        intent = alone.intent
        if intent is None:
            return False
        is_silencing = context.is_ringing and intent.name in TAKES_BACK
        return is_silencing or context.pending is not None or self._grammar.is_exact_intent(intent.name)


def _new(intent: Intent) -> Set[str]:
    """Slots of names that a request gives to something new."""
    return intent.slots.keys() if intent.name == "HassStartTimer" else frozenset()
