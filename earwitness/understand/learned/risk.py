"""Which guesses may be acted on: none of what is exact, and what does harm only after a yes. Pure."""

from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Intent
from earwitness.domain.way_in import is_way_in

GUESSED: Final = "guessed"
"""Slot of a request that was guessed and may do harm: skills ask before they carry it out."""
NEVER: Final = frozenset(("RunRoutine", "AcknowledgeReminder", "AnotherOne", "OtherOne", "UnmuteMicrophone", "AnswerCall"))
"""Beside the exact ones: what only the household's own words mean, or nothing without what was said before."""
HARMFUL: Final = frozenset(
    (
        *("SendMessage", "LeaveMessage", "ReplyMessage", "ChangeMessage", "WithdrawMessage"),
        *("CallRoom", "CallContact", "CallAgain", "CallBack", "HassBroadcast"),
        *("DeleteList", "HassListClear", "DeleteRoutine", "MakeRoutine", "RemoveEvent", "CancelReminder", "MuteMicrophone"),
        *("AddRoutineStep", "RemoveRoutineStep", "ChangeRoutineStep", "ChangeRoutineBeginning", "RenameRoutine", "SwitchRoutine"),
        *("CancelAlarm", "HassCancelAllTimers", "ReadMessages"),
    )
)
_MOVES: Final = frozenset(("HassTurnOn", "HassTurnOff", "HassToggle", "HassSetPosition", "HassOpenCover", "HassCloseCover"))
_TARGETS: Final = frozenset(("name", "area", "floor", "domain"))
_WAYS_IN: Final = frozenset(("lock", "cover", "valve"))


def is_harmful(intent: Intent, home: Home) -> bool:
    """Whether carrying it out by mistake does harm: messages, calls, what is deleted or changed for good, locks and whatever
    opens."""
    return intent.name in HARMFUL or opens(intent, home)


def opens(intent: Intent, home: Home) -> bool:
    """Whether it moves locks, or what somebody may come in by, as far as its slots tell."""
    if intent.name not in _MOVES:
        return False
    return intent.slots.get("domain") in _WAYS_IN or any(_may_open(one) for one in _moved(intent, home))


def is_without_target(intent: Intent) -> bool:
    """Whether it would move everything there is, because nothing was found that it names."""
    return intent.name in _MOVES and not intent.slots.keys() & _TARGETS


def _may_open(device: Device) -> bool:
    return device.domain in _WAYS_IN or is_way_in(device)


def _moved(intent: Intent, home: Home) -> list[Device]:
    """The devices that the slots leave. Without a kind or a name, what is switched is never a lock or a door."""
    slots = intent.slots
    if slots.get("name") not in (None, "all", "everything"):
        return [one for one in home.devices if one.name == slots["name"]]
    rooms = {area.name for area in home.areas if area.floor == slots.get("floor")}
    is_switched = "domain" not in slots and intent.name != "HassSetPosition"
    return [
        one
        for one in home.devices
        if slots.get("domain") in (None, one.domain)
        and slots.get("area") in (None, one.area)
        and ("floor" not in slots or one.area in rooms)
        and slots.get("device_class") in (None, one.device_class)
        and not (is_switched and one.domain in _WAYS_IN)
    ]
