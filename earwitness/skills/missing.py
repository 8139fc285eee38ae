"""Asks for what a request lacks: "set the volume" leads to "How loud, in percent?". Sentences say what they lack."""

from dataclasses import replace
from typing import Final

from earwitness.skills.interface import Context, Intent, ask

LACKS: Final = "asks_for"
"""Slot with the name of the slot that is missing, given by sentences that leave it out."""
_QUESTIONS: Final = {
    "brightness": "How bright, in percent?",
    "color": "Which colour?",
    "contact": "Whom shall I call?",
    "looked_up": "Which word?",
    "message": "What shall I say?",
    "message_to": "Who is it for?",
    "percent": "How loud, in percent?",
    "percentage": "How fast, in percent?",
    "position": "How far open, in percent?",
    "search_query": "What shall I play?",
    "spelt": "Which word?",
    "temperature": "How many degrees?",
    "volume_level": "How loud, in percent?",
}


def complete(intent: Intent, *, context: Context) -> Intent:
    """The request without the mark of what it lacked. Raises UnfulfillableError to ask for that."""
    slot = intent.slots.get(LACKS)
    if slot is None:
        return intent
    whole = replace(intent, slots={name: value for name, value in intent.slots.items() if name != LACKS})
    if slot in whole.slots:
        return whole
    raise ask(_QUESTIONS.get(str(slot), "Which?"), slot=str(slot), intent=whole, context=context)
