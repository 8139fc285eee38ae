"""What was spoken of before: which requests another may lean on, what they were about, and what takes them back. Pure."""

from dataclasses import replace
from typing import Final

from earwitness.domain.intent import Before, Completeness, Context, Intent, SlotValue, Understanding
from earwitness.domain.turn import Outcome
from earwitness.understand.carry_over import MADE, TARGET
from earwitness.understand.dialog_words import words
from earwitness.understand.grammar import Grammar
from earwitness.understand.misheard import BY_SOUND

LEFT: Final = "KeepFormer"
"""The intent that says that what was done before stays as it is."""
BACK: Final = "UndoChange"


def remembered(context: Context, grammar: Grammar) -> list[Before]:
    """The requests that another may lean on, the last first: those of whoever speaks now, none of them about privacy."""
    before = (*((context.before,) if context.before is not None else ()), *context.earlier)
    found = []
    for one in before:
        if one.person_id is not None and context.person_id is not None and one.person_id != context.person_id:
            break
        if one.intent is not None and not any(grammar.is_exact_intent(each.name) for each in one.intent.each()):
            found.append(one)
    return found


def is_by_sound(intent: Intent) -> bool:
    """Whether a name in it is only what sounds like what was heard."""
    return BY_SOUND in intent.slots


def last_of(before: Before) -> Intent | None:
    """Of several requests the last one."""
    return None if before.intent is None else before.intent.each()[-1]


def called(intent: Intent) -> str:
    """What a request was about, in words that the templates know; empty where that cannot be said."""
    name, area = str(intent.slots.get("name", "")), str(intent.slots.get("area", ""))
    if (noun := words()["called"].get(intent.name)) is not None:
        return noun.replace("the timer", f"the {name} timer") if name and noun == "the timer" else str(noun)
    if "item" in intent.slots and name:
        return f"the {name.removesuffix(' list')} list"
    if name and name != "all":
        return f"the {name}"
    kind = str(intent.slots.get("device_class") or intent.slots.get("domain") or "")
    noun = {"light": "lights", "fan": "fans", "switch": "switches", "climate": "heating", "media_player": "music"}.get(kind, kind)
    if intent.name in ("HassClimateSetTemperature", "ChangeTemperature", "HassClimateGetTemperature"):
        noun = "heating"
    if intent.name in ("HassLightSet", "ChangeBrightness"):
        noun = "lights"
    if area:
        return f"the {area} {noun}".strip()
    return f"the {noun}" if noun else ""


def made_again(meant: Intent, spoken_of: Intent, before: Before) -> Intent:
    """The request with the place of what was spoken of, and the one thing that was made then."""
    slots: dict[str, SlotValue] = dict(meant.slots)
    if "area" in spoken_of.slots and slots.get("name") == spoken_of.slots.get("name") and "name" in slots:
        slots["area"] = spoken_of.slots["area"]
    if "floor" in spoken_of.slots and "name" not in slots:
        slots.pop("area", None)
        slots["floor"] = spoken_of.slots["floor"]
    made = before.undo.each()[-1].slots if before.undo is not None else {}
    if spoken_of.name in words()["called"]:
        slots |= {name: value for name, value in made.items() if name in MADE}
    return replace(meant, slots=slots)


def instead_of(made: Intent, last: Before) -> Intent:
    """The corrected request, after what takes the former one back where that changed something else."""
    former = last_of(last)
    if former is None or last.outcome != Outcome.DONE.value:
        return made
    target = [{name: one.slots.get(name) for name in TARGET} for one in (former, made)]
    if last.undo is not None and last.undo.name == BACK and target[0] == target[1]:
        return made  # the same devices get what was meant; nothing is to be put back
    if last.undo is None:
        is_change = former.name not in words()["steps"]
        return Intent.together([Intent(name=LEFT), made]) if is_change else made
    return Intent.together([last.undo, made])


def leans_on(plain: str, intent: Intent, last: Before, *, completeness: Completeness = Completeness.COMPLETE) -> Understanding:
    return Understanding(text=plain, intent=intent, completeness=completeness, reason=f'Leans on "{last.transcript}".')
