"""Names that were understood by sound: asks which was meant where two are near, and fills in the answer. Pure.

The rest of a request stays as it was understood. That it was understood so stays with it: what is risky is asked about then,
whatever the household's policy says (plan.py).
"""

from dataclasses import replace
from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.skills.guessed import sure
from earwitness.skills.interface import ask, refuse, slot_text
from earwitness.skills.wording import listed, the
from earwitness.understand.learned.risk import GUESSED
from earwitness.understand.misheard import BY_SOUND, NEAR, NEAR_SLOT
from earwitness.understand.sounding import LIKELY, same_words, score

MEANT: Final = "meant"
"""Slot of the answer to whether the one name was meant: yes or no."""
WHICH: Final = "which_name"
"""Slot of the answer to which of several was meant: words."""
_PLACES: Final = (("first", "former"), ("second", "latter"), ("third", "last"))
_APART: Final = 0.03
"""How far the next of the few that were asked about must be behind."""
_NONE: Final = frozenset(("no", "neither", "none", "none of them", "neither of them", "no neither", "nope"))


def is_by_sound(intent: Intent) -> bool:
    """Whether a name in it was understood by how it sounded, or all of it was guessed."""
    return BY_SOUND in intent.slots or GUESSED in intent.slots


def settled(intent: Intent, *, context: Context) -> Intent:
    """The intent with the name that was meant. Raises UnfulfillableError: the question, or that it is left after a no."""
    intent = sure(intent, context=context)
    if NEAR not in intent.slots:
        return intent
    names, slot = slot_text(intent.slots, NEAR).split("\n"), slot_text(intent.slots, NEAR_SLOT)
    said = intent.slots.get(MEANT)
    if said is True:
        return _with(intent, slot=slot, name=names[0])
    if said is not None:
        raise refuse(f"Then I do not know what {slot_text(intent.slots, BY_SOUND)} is")
    if answer := slot_text(intent.slots, WHICH):
        return _with(intent, slot=slot, name=_picked(answer, names, heard=slot_text(intent.slots, BY_SOUND)))
    question = f"Did you mean {listed([the(name) for name in names], last='or')}?"
    raise ask(question, slot=MEANT if len(names) == 1 else WHICH, intent=intent, context=context)


def _picked(answer: str, names: list[str], *, heard: str) -> str:
    """The name that an answer picks: by itself, by its place in the question, or by how it sounds."""
    same = [name for name in names if same_words(answer, name)]
    if same:
        return same[0]
    words = answer.casefold().split()
    for place, ordinals in enumerate(_PLACES[: len(names)]):
        if any(word in ordinals for word in words) or (words[-1:] == ["last"] and place == len(names) - 1):
            return names[place]
    if " ".join(words) in _NONE:
        raise refuse(f"Then I do not know what {heard} is")
    likely = sorted(((_likeness(answer, name, names), name) for name in names), reverse=True)
    if likely[0][0] < LIKELY or (len(likely) > 1 and likely[0][0] - likely[1][0] < _APART):
        raise refuse(f"Then I do not know what {heard} is")
    return likely[0][1]


def _likeness(answer: str, name: str, names: list[str]) -> float:
    return max(score(answer, each) for each in (name, *_own_words(name, names)))


def _own_words(name: str, names: list[str]) -> tuple[str, ...]:
    """The words that only this one has: "desk" of the desk lamp beside the disk lamp."""
    others = {word for other in names if other != name for word in other.casefold().split()}
    own = [word for word in name.split() if word.casefold() not in others]
    return (" ".join(own),) if own else ()


def _with(intent: Intent, *, slot: str, name: str) -> Intent:
    left = {key: value for key, value in intent.slots.items() if key not in (NEAR, NEAR_SLOT, MEANT, WHICH)}
    return replace(intent, slots={**left, slot: name})
