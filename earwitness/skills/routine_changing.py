"""Routines changed by voice: a step more or less, another phrase, time or event, another name, switched on and off.

Each change is worked out whole, with the words that tell it, before anything is written. `domain/routine.py` says who may.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from earwitness.domain.person import Person
from earwitness.domain.routine import Routine, acts_as, why_not_changed
from earwitness.domain.times import Frame
from earwitness.links.routines import Routines
from earwitness.skills.interface import Context, Intent, ask, refuse, slot_text
from earwitness.skills.keeping import Deed
from earwitness.skills.resolve import plain
from earwitness.skills.routine_drafting import Beginning, RoutineDrafts
from earwitness.skills.routine_running import MOST_STEPS
from earwitness.skills.routine_words import called, choose, names_of, step_meant, told_steps, told_trigger
from earwitness.skills.when import When, when_of
from earwitness.skills.wording import sentence

LONGEST_NAME: Final = 40
_TIMED: Final = ("at", "every", "on")
_ENDS: Final = (" instead", " from now on", " now")


class RoutineChanges:
    """`person` finds who made a routine and who speaks; `relearn` has the sentences of the house learned anew."""

    def __init__(
        self,
        routines: Routines,
        *,
        drafts: RoutineDrafts,
        person: Callable[[str], Person | None],
        relearn: Callable[[], None],
    ) -> None:
        self._routines = routines
        self._drafts = drafts
        self._person = person
        self._relearn = relearn

    def meant(self, intent: Intent, context: Context) -> Routine:
        """The routine that the words name. Raises UnfulfillableError to refuse or ask."""
        return choose(slot_text(intent.slots, "which"), routines=self._routines.all(), intent=intent, context=context)

    def add_step(self, intent: Intent, context: Context) -> Deed:
        """One step more, or several; at the end unless it is said to be first."""
        before = self.meant(intent, context)
        there = place_of(before)
        steps = self._drafts.steps_for(slot_text(intent.slots, "steps"), here=context, there=there)
        if len(before.steps) + len(steps) > MOST_STEPS:
            raise refuse(f"A routine has at most {MOST_STEPS} steps")
        is_first = slot_text(intent.slots, "step_place") == "first"
        after = replace(before, steps=(*steps, *before.steps) if is_first else (*before.steps, *steps))
        return self._deed(before, after, context=context, told=_does(after))

    def remove_step(self, intent: Intent, context: Context) -> Deed:
        """One step less; the only one stays, for a routine that does nothing is none."""
        before = self.meant(intent, context)
        place = self._step(slot_text(intent.slots, "step"), before)
        if len(before.steps) == 1:
            raise refuse(f"That is all it does. To have nothing happen any more, say: delete the routine {called(before)}")
        after = replace(before, steps=before.steps[:place] + before.steps[place + 1 :])
        return self._deed(before, after, context=context, told=_does(after))

    def change_step(self, intent: Intent, context: Context) -> Deed:
        """Something else in place of one step."""
        before = self.meant(intent, context)
        place = self._step(slot_text(intent.slots, "step"), before)
        steps = self._drafts.steps_for(slot_text(intent.slots, "steps"), here=context, there=place_of(before))
        after = replace(before, steps=before.steps[:place] + steps + before.steps[place + 1 :])
        if len(after.steps) > MOST_STEPS:
            raise refuse(f"A routine has at most {MOST_STEPS} steps")
        return self._deed(before, after, context=context, told=_does(after))

    def change_beginning(self, intent: Intent, context: Context) -> Deed:
        """Another phrase, time or device that starts it."""
        before, words = self.meant(intent, context), _beginning_words(intent)

        def when(said: str, frame: Frame) -> When:
            found = when_of(intent, context=context, words=said, frame=frame, question="When?", is_whole=True)
            if found.is_hour and self._routines.alert(before) is None:
                raise ask("On which days?", slot="when", intent=intent, context=context)
            return found

        begins = self._drafts.beginning(words, context=place_of(before), before=before, when=when)
        after = replace(before, trigger=begins.trigger, is_once=begins.is_once)
        told = sentence(f"{told_trigger(after.trigger)}, I do this now: {told_steps(after.steps)}")
        return self._deed(before, after, context=context, told=told, begins=begins)

    def rename(self, intent: Intent, context: Context) -> Deed:
        """Another name; a routine begins as before."""
        before = self.meant(intent, context)
        name = plain(slot_text(intent.slots, "new_name")).removesuffix(" routine")
        if not name or len(name) > LONGEST_NAME:
            raise refuse(f"A name has at most {LONGEST_NAME} letters")
        if any(one.routine_id != before.routine_id and plain(called(one)) == name for one in self._routines.all()):
            raise refuse(f'There is a routine "{name}" already')
        told = f'That routine is called "{name}" now; it still runs {told_trigger(before.trigger)}.'
        return self._deed(before, replace(before, name=name), context=context, told=told)

    def switch(self, intent: Intent, context: Context) -> Deed:
        """On or off; one that is off keeps what it knows."""
        before, is_on = self.meant(intent, context), slot_text(intent.slots, "is_on") == "on"
        if before.is_on == is_on:
            return Deed(reply=f'The routine "{called(before)}" is {"on" if is_on else "off"} already.')
        told = f'The routine "{called(before)}" is {"on again" if is_on else "off"}.'
        return self._deed(before, replace(before, is_on=is_on), context=context, told=told)

    def forget(self, before: Routine, *, context: Context, told: str) -> Deed:
        """Nothing of it happens any more."""
        self._check(before, None, context)

        def write() -> bool:
            is_gone = self._routines.remove(before.routine_id)
            self._relearn()
            return is_gone

        return Deed(reply=told, write=write)

    def _step(self, said: str, routine: Routine) -> int:
        there = place_of(routine)
        return step_meant(said, routine, means=lambda text: self._drafts.means(text, there))

    def _deed(self, before: Routine, after: Routine, *, context: Context, told: str, begins: Beginning | None = None) -> Deed:
        by = self._check(before, after, context)
        after = acts_as(before, after, by=by)
        if after.person_id != before.person_id:
            told = f"{told} It acts as you from now on, because you let it do more."

        def write() -> bool:
            is_changed = self._routines.change(before, after=after, rule=None if begins is None else begins.rule)
            if is_changed and names_of(after) != names_of(before):
                self._relearn()
            return is_changed

        return Deed(reply=told, write=write)

    def _check(self, before: Routine, after: Routine | None, context: Context) -> Person | None:
        by = None if context.person_id is None else self._person(context.person_id)
        maker = None if before.person_id is None else self._person(before.person_id)
        if reason := why_not_changed(before, after, by=by, maker=maker):
            raise refuse(reason)
        return by


def place_of(routine: Routine) -> Context:
    """Where and as whom a routine runs: what its steps are understood in."""
    return Context(area=routine.area, device_id=routine.device_id, person_id=routine.person_id)


def _beginning_words(intent: Intent) -> str:
    """What was said of the new beginning."""
    if said := slot_text(intent.slots, "said"):
        words = f"when i say {said}"
    elif event := slot_text(intent.slots, "event"):
        words = f"when {event}"
    else:
        words = next((f"{name} {text}" for name in _TIMED if (text := slot_text(intent.slots, name))), "")
        words = words or slot_text(intent.slots, "trigger")
    for end in _ENDS:
        words = words.removesuffix(end)
    return words


def _does(routine: Routine) -> str:
    return sentence(f"{told_trigger(routine.trigger)}, I do this now: {told_steps(routine.steps)}")
