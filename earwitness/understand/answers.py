"""Understands the answer to a question that the assistant has just asked. Pure.

Owns how an answer fills the slot that was asked for. A new request in place of an answer is left to the grammar.
"""

from collections.abc import Mapping

from hassil import recognize_best
from hassil.intents import SlotList

from earwitness.domain.intent import Intent, SlotValue
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
}


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
    if kind in ("number", "words", "confirmed"):
        values = {expects: next(iter(values.values()))}
    return Intent(name=pending.name, slots={**pending.slots, **values})
