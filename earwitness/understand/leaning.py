"""A sentence that leans on what was said before: "and the kitchen", "turn it off", "no, I said ten". No side effects.

Owns the order in which such readings are tried. What is remembered comes with the context; nothing is kept here.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from earwitness.domain.intent import Before, Completeness, Context, Intent, Understanding
from earwitness.domain.turn import Outcome
from earwitness.understand.carry_over import MADE, carried, is_time, without_time
from earwitness.understand.dialog_words import (
    Fragment,
    Kind,
    Lean,
    fragments,
    free_words,
    is_downward,
    leaning,
    moved_to,
    takes_back,
    with_names,
    words,
)
from earwitness.understand.grammar import FREE_SLOTS, QUESTION, Grammar
from earwitness.understand.normalise import is_question, normalise
from earwitness.understand.spoken_of import LEFT, called, instead_of, is_by_sound, last_of, leans_on, made_again, remembered

NOTHING_SPOKEN_OF: Final = "I do not know what you mean by that: nothing was spoken of just before."
UNCLEAR: Final = frozenset((QUESTION, "TellMore", "RepeatReply", "HassNevermind", "MakeRoutine"))
"""Intents of short words that mean something else after some requests."""
TAKES_BACK: Final = frozenset(("HassNevermind", "UndoChange"))
_NOTHING: Final = frozenset(("HassNevermind", "Stop", "UndoChange", "OtherOne", "RepeatReply", "AskWhy", "AskFailure"))
"""What is no request that another could lean on."""
_NOT_OF_IT: Final = frozenset((QUESTION, "CallContact", "SendMessage", "HassMediaSearchAndPlay", "SetReminder"))
_DONE: Final = frozenset((Outcome.DONE.value, Outcome.ANSWERED.value))
_OF: Final = re.compile(r"(?:in|at|of|for|on|from|to) \S", re.IGNORECASE)
_OF_ANYTHING: Final = re.compile(r"\s(?:in|at|of|for|on|from|to) \S.*$", re.IGNORECASE)


class Leaning:
    """Understands what leans on the requests before, by the sentences and names of `grammar`. Thread-safe."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    def corrected_question(self, plain: str, pending: Intent) -> Understanding | None:
        """ "No, I said ten" in place of an answer: what waits for the answer is corrected."""
        lean, rest = leaning(plain)
        rest = moved_to(plain) or rest
        if lean is not Lean.CORRECTS or self._grammar.is_exact_intent(pending.name):
            return None
        for fragment in self._fragments(rest):
            if made := carried(fragment, pending, home=self._grammar.home):
                corrected = replace(made, then=pending.then)
                return Understanding(
                    text=plain, intent=corrected, completeness=Completeness.COMPLETE, reason="Corrects what was asked for."
                )
        return None

    def understood(self, plain: str, alone: Understanding, *, context: Context) -> Understanding | None:
        former = [one for one in remembered(context, self._grammar) if one.intent is not None and one.intent.name not in _NOTHING]
        if not plain or not former:
            return self._unknown_it(plain, alone, context) if plain and not former else None
        last = former[0]
        is_back = (alone.intent is None or alone.intent.name in TAKES_BACK) and takes_back(plain)
        if is_back and (back := self._taken_back(plain, former)):
            return back
        if moved := self._moved(plain, last):
            return moved
        lean, rest = leaning(plain)
        is_open = alone.intent is None or alone.intent.name in UNCLEAR
        if is_open and lean is Lean.CORRECTS and (made := self._filled(plain, rest, lean=lean, last=last, context=context)):
            return made
        if named := self._with_pronoun(rest, alone, former, context=context):
            return replace(named, text=plain)
        if is_back and last.outcome == Outcome.DONE.value:
            return leans_on(plain, Intent(name=LEFT), last)
        if not is_open:
            return None
        if whole := self._whole(rest, context) if lean is not Lean.BARE else None:
            return self._after(plain, whole, lean=lean, last=last)
        return self._carried(plain, rest, lean=lean, last=last, context=context)

    def _whole(self, rest: str, context: Context) -> Understanding | None:
        """What is left as a request of its own: "and turn off the lamp"."""
        heard = self._grammar.matched(rest, context=replace(context, expects=None, pending=None)) if rest else None
        if heard is None or heard.intent is None or self._grammar.is_exact_intent(heard.intent.name):
            return None
        return None if heard.intent.name in UNCLEAR or is_by_sound(heard.intent) else heard

    def _after(self, plain: str, whole: Understanding, *, lean: Lean, last: Before) -> Understanding:
        """A whole request after "and"; after "no", in place of the one before."""
        if lean is Lean.ALSO or whole.intent is None:
            return replace(whole, text=plain)
        return leans_on(plain, instead_of(whole.intent, last), last, completeness=whole.completeness)

    def _taken_back(self, plain: str, former: Sequence[Before]) -> Understanding | None:
        """What takes back the last request that changed something, if that one can be taken back."""
        last = next((one for one in former if one.undo is not None or one.outcome == Outcome.DONE.value), None)
        if last is None or last.undo is None:
            return None
        reason = f'Takes back "{last.transcript}".'
        return Understanding(text=plain, intent=last.undo, completeness=Completeness.COMPLETE, reason=reason)

    def _moved(self, plain: str, last: Before) -> Understanding | None:
        """ "Move it to nine", of an alarm or an event."""
        rest = moved_to(plain)
        intent = last_of(last)
        if not rest or intent is None or not (is_time(rest) or is_time(f"at {rest}")):
            return None
        made = {name: value for name, value in (last.undo.slots if last.undo else {}).items() if name in MADE}
        match intent.name:
            case "SetAlarm" | "ChangeAlarm":
                changed = Intent(name="ChangeAlarm", slots={**made, "request": rest})
            case "AddEvent" | "MoveEvent" if title := str((last.undo.slots if last.undo else intent.slots).get("which", "")):
                changed = Intent(name="MoveEvent", slots={"which": title, "to": rest})
            case _:
                return None
        return leans_on(plain, changed, last)

    def _with_pronoun(
        self, plain: str, alone: Understanding, former: Sequence[Before], *, context: Context
    ) -> Understanding | None:
        """The first thing spoken of that makes sense for "it", if the templates do not know what it is themselves."""
        if alone.intent is not None and (self._is_told(alone.intent) or FREE_SLOTS & alone.intent.slots.keys() - {"question"}):
            return None
        for one in former:
            intent = last_of(one)
            name = called(intent) if intent is not None else ""
            if not name or intent is None:
                continue
            text = with_names(plain, name)
            if text == plain:
                return None
            heard = self._grammar.understand(text, context=replace(context, expects=None, pending=None))
            if heard.intent is not None and self._may_be_meant(heard.intent):
                meant = made_again(heard.intent, intent, one)
                return leans_on(plain, meant, one, completeness=heard.completeness)
        return None

    def _unknown_it(self, plain: str, alone: Understanding, context: Context) -> Understanding | None:
        """Why "turn it off" is not understood where nothing was spoken of."""
        if alone.intent is not None or alone.completeness is Completeness.INCOMPLETE:
            return None
        for stand_in in ("the lights", "the timer"):
            text = with_names(plain, stand_in)
            if text != plain and self._whole(text, context) is not None:
                return replace(alone, text=plain, completeness=Completeness.UNKNOWN, reason=NOTHING_SPOKEN_OF)
        return None

    def _is_told(self, intent: Intent) -> bool:
        """Whether a request says itself what it is about."""
        return bool({"name", "floor"} & intent.slots.keys())

    def _may_be_meant(self, intent: Intent) -> bool:
        is_safe = not self._grammar.is_exact_intent(intent.name) and not is_by_sound(intent)
        return is_safe and intent.name not in _NOT_OF_IT

    def _carried(self, plain: str, rest: str, *, lean: Lean, last: Before, context: Context) -> Understanding | None:
        intent = last_of(last)
        if intent is None or not rest:
            return None
        if made := self._filled(plain, rest, lean=lean, last=last, context=context):
            return made
        if lean is Lean.BARE:
            return None
        if shared := self._with_verb(plain, rest, last, context) or self._asked_of(plain, rest, last, context):
            return shared
        free = free_words(rest)
        is_free = not is_question(rest) and not self._grammar.begins(str(free.values["words"]))
        if not is_free or (words_said := carried(free, intent, home=self._grammar.home)) is None:
            return None
        meant = words_said if lean is Lean.ALSO else instead_of(words_said, last)
        return leans_on(plain, meant, last, completeness=Completeness.OPEN)

    def _with_verb(self, plain: str, rest: str, last: Before, context: Context) -> Understanding | None:
        """ "And an egg timer for five minutes": what the request before began with belongs to this one too."""
        intent = last_of(last)
        verb = words()["verbs"].get(intent.name if intent else "") or normalise(last.transcript).split(" ", 1)[0]
        heard = self._whole(f"{verb} {rest}", context)
        is_same = heard is not None and intent is not None and heard.intent is not None and heard.intent.name == intent.name
        return replace(heard, text=plain) if heard is not None and is_same else None

    def _asked_of(self, plain: str, rest: str, last: Before, context: Context) -> Understanding | None:
        """The question before, of something else: "and in Tokyo"."""
        asked = normalise(last.transcript)
        if not _OF.match(rest) or not is_question(asked):
            return None
        here = replace(context, expects=None, pending=None)
        heard = self._grammar.understand(f"{_OF_ANYTHING.sub('', asked)} {rest}", context=here)
        is_question_too = heard.intent is not None and not self._grammar.is_exact_intent(heard.intent.name)
        return replace(heard, text=plain, reason=f'Leans on "{last.transcript}".') if is_question_too else None

    def _filled(self, plain: str, rest: str, *, lean: Lean, last: Before, context: Context) -> Understanding | None:
        """The request before with a part that says plainly which slot it is for."""
        intent = last_of(last)
        if intent is None or not rest:
            return None
        for fragment in self._fragments(rest):
            is_value = fragment.kind not in (Kind.PLACE, Kind.THING, Kind.STEP)
            if lean is Lean.BARE and fragment.kind is Kind.TIME and last.outcome not in _DONE:
                continue
            made = carried(fragment, intent, home=self._grammar.home, is_down=is_downward(last.transcript))
            if made is None:
                made = self._again(fragment, last, context)
            if made is not None:
                corrects = lean is Lean.CORRECTS or (lean is Lean.BARE and is_value)
                return leans_on(plain, instead_of(made, last) if corrects else made, last)
        return None

    def _fragments(self, rest: str) -> Sequence[Fragment]:
        found = list(fragments(rest, lists=self._grammar.lists_within(rest)))
        if is_time(rest) or is_time(f"at {rest}"):
            said = rest if is_time(rest) else f"at {rest}"
            found.append(Fragment(kind=Kind.TIME, text=said, values={}))
        return found

    def _again(self, fragment: Fragment, last: Before, context: Context) -> Intent | None:
        """The request before once more in other words: "what is the weather tomorrow" after "what is the weather today"."""
        if fragment.kind is not Kind.TIME or last.intent is None or last.intent.then:
            return None
        text = f"{without_time(normalise(last.transcript))} {fragment.text}"
        heard = self._grammar.understand(text, context=replace(context, expects=None, pending=None))
        is_same = heard.intent is not None and heard.intent.name == last.intent.name
        return heard.intent if is_same and last.outcome != Outcome.DONE.value else None
