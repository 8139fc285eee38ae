"""Asks a language model what a request means that nothing here understands, and asks back before anything is done.

The model only says a sentence. What it means the grammar of the house says, by itself; nothing of privacy is taken, no words
that were not said are passed on, and what then is risky is asked about once more by the household's policy.
"""

from dataclasses import replace
from typing import Final

from earwitness.domain.errors import LinkError, TextError
from earwitness.skills.confirming import SLOT, is_confirmed, with_slots
from earwitness.skills.interface import Context, Intent, SkillResult, UnfulfillableError, ask, failed, refuse, slot_text
from earwitness.skills.rephrasing_port import Rephrasing
from earwitness.skills.wording import sentence as as_sentence
from earwitness.understand.grammar import FREE_SLOTS, QUESTION
from earwitness.understand.last_resort import ASK_WHAT_IS_MEANT
from earwitness.understand.learned.risk import NEVER
from earwitness.understand.misheard import BY_SOUND

NOT_UNDERSTOOD: Final = "I did not understand that"
_MEANT: Final = "sentence"


async def ask_what_is_meant(rephrasing: Rephrasing | None, intent: Intent, *, context: Context) -> SkillResult:
    """Ask the model, then whoever spoke; after a yes, do it. Raises UnfulfillableError: the question, or that it is left."""
    if rephrasing is None:
        raise refuse(NOT_UNDERSTOOD)
    here = replace(context, expects=None, pending=None)
    said = slot_text(intent.slots, _MEANT)
    if said:
        meant = _meant(rephrasing, said, request=slot_text(intent.slots, "request"), context=here)
        if meant is None or not is_confirmed(intent):
            raise refuse(NOT_UNDERSTOOD)
        return await rephrasing.perform(meant, here)
    request = slot_text(intent.slots, "request")
    try:
        said = await rephrasing.ask(request) or ""
    except LinkError as error:
        return replace(failed(as_sentence(NOT_UNDERSTOOD)), why=as_sentence(str(error)))
    if not said or _meant(rephrasing, said, request=request, context=here) is None:
        raise refuse(NOT_UNDERSTOOD)
    waiting = with_slots(Intent(name=ASK_WHAT_IS_MEANT, slots={"request": request}), sentence=said)
    stopped = ask(f'Do you mean "{said}"?', slot=SLOT, intent=waiting, context=context)
    why = f"The language model at {rephrasing.host} takes it for that; what it means the sentences of the house say."
    raise UnfulfillableError(replace(stopped.result, why=why))


def _meant(rephrasing: Rephrasing, said: str, *, request: str, context: Context) -> Intent | None:
    """What a sentence means here, if it is one of the house that may be proposed."""
    try:
        if rephrasing.is_exact(said):
            return None
        intent = rephrasing.read(said, context).intent
    except TextError:
        return None
    if intent is None or intent.then or BY_SOUND in intent.slots or intent.name in NEVER | {QUESTION, ASK_WHAT_IS_MEANT}:
        return None
    words = set(_words(request))
    free = [str(intent.slots[slot]) for slot in FREE_SLOTS & intent.slots.keys()]
    return intent if all(word in words for text in free for word in _words(text)) else None


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()
