"""A routine: what is to be done one after the other, and when: on a phrase, at a time, or when a device does something.

Owns who may change whose: a routine acts as who made it, so nobody lets it do more in another person's name.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from earwitness.domain.account import GUARDIANS, LIVES_HERE
from earwitness.domain.person import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPhrase:
    """When somebody says just this (lower case, without punctuation)."""

    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTimes:
    """When an alert of kind routine is due, which knows the rule; `told` is how it was told ("every weekday at 7 AM")."""

    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnState:
    """When a device comes to be in a state ("open", "on", "unlocked")."""

    device_id: str
    state: str
    device_name: str


Trigger: TypeAlias = OnPhrase | AtTimes | OnState


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """One routine. `steps` are requests as they were said; `person_id` is who made it, and as whom it acts."""

    routine_id: str
    trigger: Trigger
    steps: tuple[str, ...]
    created_at: datetime
    person_id: str | None = None
    area: str | None = None
    device_id: str | None = None
    is_once: bool = False
    """Whether it is forgotten once it has run."""
    is_on: bool = True
    name: str = ""
    """What it is called; empty: by its phrase, its time or its device."""


def does_more(before: Routine, after: Routine) -> bool:
    """Whether a change lets a routine do what it did not do, or begin by itself or by another device than before.

    Fewer steps, another order, another name, another phrase and another time do not.
    """
    if not set(after.steps) <= set(before.steps):
        return True
    match before.trigger, after.trigger:
        case (OnPhrase(), OnPhrase()) | (AtTimes(), AtTimes()):
            return False
        case _:
            return before.trigger != after.trigger


def acts_as(before: Routine, after: Routine, *, by: Person | None) -> Routine:
    """A changed routine with the maker that it has from then on: whoever of somebody else's lets it do more, answers for it."""
    if before.person_id is None or by is None or not does_more(before, after):
        return after
    return replace(after, person_id=by.person_id)


def why_not_changed(before: Routine, after: Routine | None, *, by: Person | None, maker: Person | None) -> str:
    """Why somebody may not change a routine so (`after` None: forget it); empty if they may.

    `by` is None for a voice that nobody was recognised by, which may do to any routine what lets it do no more than before.
    """
    if by is not None and by.role not in LIVES_HERE:
        return "Guests change no routines; ask somebody of this home."
    if before.person_id is None or (by is not None and (by.person_id == before.person_id or by.role in GUARDIANS)):
        return ""
    if by is not None:
        return "That routine is somebody else's; adults of this home and who made it may change it."
    if after is None or not does_more(before, after):
        return ""
    whose = "Somebody else made that routine" if maker is None else f"{maker.name} made that routine"
    return f"{whose}, and it acts as who made it. I do not know who you are, so change it on the page."


def why_idle(routine: Routine, maker: Person | None) -> str:
    """Why a routine does not run, whether it is on or not; empty if it may. It acts as its maker, so as long as they may act
    here: `maker` as they are now, None if they left."""
    if routine.person_id is None:
        return ""
    if maker is None:
        return "Whoever made it has left, so it does not run. Make it anew."
    if maker.suspended_at is not None:
        return f"{maker.name} made it and is suspended, so it does not run."
    if maker.role not in LIVES_HERE:
        return f"{maker.name} made it and may have no routines any more, so it does not run."
    return ""
