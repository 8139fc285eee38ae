"""Understands the answer to a question that the assistant has just asked. Pure.

Owns how an answer fills the slot that was asked for. A new request in place of an answer is left to the grammar.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from hassil import recognize_best
from hassil.intents import SlotList

from earwitness.domain.intent import Completeness, Intent, SlotValue, Understanding
from earwitness.understand.sentences import english_answers

_KIND_OF_SLOT: Mapping[str, str] = {
    "area": "area",
    "preferred_area": "area",
    "name": "name",
    "floor": "floor",
    "duration": "duration",
    "hours": "duration",
    "minutes": "duration",
    "seconds": "duration",
    "brightness": "number",
    "temperature": "number",
    "position": "number",
    "volume_level": "number",
    "percentage": "number",
    "confirmed": "confirmed",
    "confirm": "confirmed",
    "meant": "confirmed",
    "is_sure": "sure",
}

YES_OR_NO = frozenset(("confirmed", "confirm", "meant", "is_sure"))
"""Slots of questions whether to do something."""
_DICTATED = frozenset(("message", "really_said"))
"""Slots whose words may be a request of their own ("turn on the light, please"), and are meant as they are."""
_GIVES_UP = frozenset(("Stop", "HassNevermind"))
WAITED_FOR = frozenset(("AcknowledgeReminder",))
"""Intents whose words ("done") mean nothing unless something waits for them."""
_GROWING = re.compile(r"\b(?:hours?|minutes?|\d+)$", re.IGNORECASE)


def is_instead(request: Understanding, *, expects: str) -> bool:
    """Whether a request that was understood is made in place of an answer.

    Giving up always is. Words that fit a slot of a kind (a room, a length) are an answer; free words are one only if they are
    no whole request, and the answer to "which timer?" may sound like a request for one.
    """
    if request.intent is None:
        return False
    if request.intent.name in _GIVES_UP:
        return expects not in YES_OR_NO
    if expects in _DICTATED or request.intent.name in WAITED_FOR:
        return False
    if expects == "timer" and request.intent.name == "HassStartTimer":
        return False
    return expects not in _KIND_OF_SLOT and request.completeness is Completeness.COMPLETE


def completeness_of_answer(text: str) -> Completeness:
    """Whether an answer is likely over."""
    return Completeness.OPEN if _GROWING.search(text) else Completeness.COMPLETE


def kind_of_answer(expects: str) -> str | None:
    """The kind of answers that a question for this slot has, as answers_en.yaml calls it; None if any words answer it."""
    return _KIND_OF_SLOT.get(expects)


def answer(text: str, *, expects: str, pending: Intent, lists: Mapping[str, SlotList]) -> Intent | None:
    """`pending` with the slot that `text` fills, or None when it is no answer to the question.

    A slot that is not in the table above (an item, a message, a color) takes the words as they are.
    """
    kind = _KIND_OF_SLOT.get(expects, "words")
    intents = english_answers()
    only = type(intents)(
        language=intents.language,
        intents={kind: intents.intents[kind]},
        slot_lists=intents.slot_lists,
        expansion_rules=intents.expansion_rules,
    )
    found = recognize_best(text, only, slot_lists=dict(lists))
    if found is None:
        return None
    values: dict[str, SlotValue] = {entity.name: entity.value for entity in found.entities_list}
    if kind in ("number", "words", "confirmed", "sure"):
        values = {expects: next(iter(values.values()))}
    return replace(pending, slots={**pending.slots, **values})
