"""Asks before what was guessed from words and would delete, make or mute something. Pure.

Doors and locks are asked about where devices are moved (plan.py), messages and calls that are read back before they go by the
household's policy (confirming.py); here is what those two do not see.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.skills.confirming import LEFT
from earwitness.skills.interface import ask, refuse, slot_text
from earwitness.understand.learned.risk import GUESSED

SLOT: Final = "confirm"
"""Slot of the answer. Not that of a read-back (confirming.py): whoever wants it done has not heard yet what it comes to."""
_WISHES: Final[Mapping[str, tuple[str, ...]]] = {
    "DeleteList": ("delete the list", "name"),
    "HassListClear": ("clear the list", "name"),
    "DeleteRoutine": ("delete the routine", "which"),
    "MakeRoutine": ("make a routine",),
    "AddRoutineStep": ("add to the routine", "which", "steps"),
    "RemoveRoutineStep": ("take out of the routine", "which", "step"),
    "ChangeRoutineStep": ("change the routine", "which", "step", "steps"),
    "ChangeRoutineBeginning": ("change when the routine begins", "which"),
    "RenameRoutine": ("rename the routine", "which", "new_name"),
    "SwitchRoutine": ("switch the routine", "which", "is_on"),
    "RemoveEvent": ("take out of the calendar", "which"),
    "CancelReminder": ("cancel the reminder", "which"),
    "CancelAlarm": ("cancel the alarm", "which"),
    "HassCancelAllTimers": ("cancel every timer",),
    "MuteMicrophone": ("stop listening",),
    "HassBroadcast": ("announce", "message"),
    "CallRoom": ("call the room", "area"),
    "CallAgain": ("call the last number again",),
    "CallBack": ("call back who called last",),
    "ReplyMessage": ("reply to the message", "message"),
    "ReadMessages": ("read the messages aloud",),
    "ChangeMessage": ("change the message",),
    "WithdrawMessage": ("take the message back",),
}
"""What is asked about, in words, and the slots that say of what."""


def sure(intent: Intent, *, context: Context) -> Intent:
    """The intent, if it is no harmful guess; no guess any more once it was confirmed. Raises UnfulfillableError: the question,
    or that it is left."""
    wish = _WISHES.get(intent.name)
    if wish is None or GUESSED not in intent.slots:
        return intent
    said = intent.slots.get(SLOT)
    if said is True:
        return replace(intent, slots={name: value for name, value in intent.slots.items() if name not in (SLOT, GUESSED)})
    if said is not None:
        raise refuse(LEFT)
    words, *slots = wish
    of_what = ", ".join(text for slot in slots if (text := slot_text(intent.slots, slot)))
    raise ask(f"Do you want me to {words}{f': {of_what}' if of_what else ''}?", slot=SLOT, intent=intent, context=context)
