"""Routines: made, told, run and forgotten by voice. `routine_running.py` runs them, `routine_changing.py` changes them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from earwitness.domain.alert import GOOD_NIGHT
from earwitness.domain.routine import OnPhrase, Routine
from earwitness.domain.times import Recurrence
from earwitness.links.alerts import Alerts
from earwitness.links.routines import Routines, alert_of
from earwitness.skills.interface import Context, HomeLink, Intent, Parts, Skill, SkillResult, refuse, slot_text
from earwitness.skills.keeping import Deed, KeepingSkill
from earwitness.skills.resolve import is_same
from earwitness.skills.routine_changing import RoutineChanges
from earwitness.skills.routine_drafting import LONGEST_PHRASE, MOST_ROUTINES, Beginning, RoutineDrafts
from earwitness.skills.routine_running import RoutineRunner
from earwitness.skills.routine_words import choose, is_good_night, step_of, told, told_steps, told_trigger
from earwitness.skills.when import frame_at, when_of
from earwitness.skills.wording import amount, sentence
from earwitness.understand.times import find


class RoutineSkill(KeepingSkill):
    """`relearn` is called, in any thread, after a phrase was added or forgotten: from then on it is understood."""

    def __init__(
        self,
        routines: Routines,
        *,
        alerts: Alerts,
        runner: Callable[[], RoutineRunner],
        home: HomeLink,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        relearn: Callable[[], None],
    ) -> None:
        self._routines = routines
        self._alerts = alerts
        self._runner = runner
        self._clock = clock
        self._new_id = new_id
        self._relearn = relearn
        self._drafts = RoutineDrafts(routines, runner=runner, home=home, clock=clock)
        self._changes = RoutineChanges(
            routines, drafts=self._drafts, person=lambda person_id: runner().person(person_id), relearn=relearn
        )

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None if intent.name in ("RunRoutine", "MakeRoutine") else self.deed(intent, context).reply

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if intent.name != "RunRoutine":
            return await super().perform(intent, context=context)
        routine = await asyncio.to_thread(self._begun, intent, context)
        if isinstance(routine.trigger, OnPhrase) and is_good_night(routine.trigger.phrase):
            self._alerts.happened(GOOD_NIGHT, now=self._clock())
        return await self._runner().run(routine, said_by=context)

    def deed(self, intent: Intent, context: Context) -> Deed:
        match intent.name:
            case "MakeRoutine":
                return self._make(intent, context)
            case "ListRoutines":
                return self._list(intent, context)
            case "AddRoutineStep":
                return self._changes.add_step(intent, context)
            case "RemoveRoutineStep":
                return self._changes.remove_step(intent, context)
            case "ChangeRoutineStep":
                return self._changes.change_step(intent, context)
            case "ChangeRoutineBeginning":
                return self._changes.change_beginning(intent, context)
            case "RenameRoutine":
                return self._changes.rename(intent, context)
            case "SwitchRoutine":
                return self._changes.switch(intent, context)
            case _:
                return self._delete(intent, context)

    def _begun(self, intent: Intent, context: Context) -> Routine:
        """The routine whose phrase was said, or that was named."""
        if slot_text(intent.slots, "which"):
            return self._changes.meant(intent, context)
        if (routine := self._routines.find(slot_text(intent.slots, "routine"))) is None:
            raise refuse("That routine is gone")
        return routine

    # Making

    def _make(self, intent: Intent, context: Context) -> Deed:
        if not self._runner().may_make(context.person_id):
            raise refuse("guests make no routines; ask somebody of this home")
        if len(self._routines.all()) >= MOST_ROUTINES:
            raise refuse(f"There are {MOST_ROUTINES} routines already; delete one first")
        for word in ("every", "on", "at"):
            if words := slot_text(intent.slots, word):
                return self._make_timed(f"{word} {words}", intent=intent, context=context)
        said, device = slot_text(intent.slots, "said"), slot_text(intent.slots, "device")
        if said:
            return self._make_spoken(said, context=context)
        begins = self._drafts.state(device, slot_text(intent.slots, "change"), context=context)
        return self._kept(begins, steps=self._drafts.steps(slot_text(intent.slots, "steps"), context), context=context)

    def _make_spoken(self, words: str, *, context: Context) -> Deed:
        """The shortest phrase after which everything is understood."""
        parts = words.split()
        for count in range(1, min(LONGEST_PHRASE, len(parts) - 1) + 1):
            phrase, rest = " ".join(parts[:count]), " ".join(parts[count:]).removeprefix("then ").strip(" ,")
            if steps := self._drafts.split(rest, context):
                return self._kept(self._drafts.phrase(phrase, context=context), steps=steps, context=context)
        raise refuse("I did not understand what is to be done. Say the phrase, and then what I can do, one after the other")

    def _make_timed(self, words: str, *, intent: Intent, context: Context) -> Deed:
        frame = frame_at(self._clock())
        found = find(words, frame=frame)
        if found is None or not found.rest:
            raise refuse("I did not understand when, or what is to be done")
        steps = self._drafts.steps(found.rest.strip(" ,"), context)
        said = words[found.spans[0][0] : found.spans[-1][1]] if len(found.spans) == 1 else words
        when = when_of(intent, context=context, words=said, frame=frame, question="When?")
        is_once = not isinstance(found.reading, Recurrence) and not words.casefold().startswith("every")
        begins = replace(self._drafts.timed(when, alert=None, frame=frame), is_once=is_once)
        return self._kept(begins, steps=steps, context=context)

    def _kept(self, begins: Beginning, *, steps: tuple[str, ...], context: Context) -> Deed:
        routine = Routine(
            routine_id=self._new_id(),
            trigger=begins.trigger,
            steps=steps,
            created_at=self._clock(),
            person_id=context.person_id,
            area=context.area,
            device_id=context.device_id,
            is_once=begins.is_once,
        )
        alert = None if begins.rule is None else alert_of(routine, begins.rule, created_at=routine.created_at)

        def write() -> bool:
            self._routines.add(routine, alert=alert)
            self._relearn()
            return True

        reply = f"{told_trigger(begins.trigger)}, I do {amount(len(steps), 'thing')}: {told_steps(steps)}"
        return Deed(reply=sentence(reply), write=write)

    # Telling and forgetting

    def _list(self, intent: Intent, context: Context) -> Deed:
        which, said = slot_text(intent.slots, "which"), slot_text(intent.slots, "said")
        routines = self._routines.all()
        if which:
            return Deed(reply=sentence(told(choose(which, routines=routines, intent=intent, context=context))))
        if said:
            routines = tuple(one for one in routines if isinstance(one.trigger, OnPhrase) and is_same(one.trigger.phrase, said))
        if not routines:
            return Deed(reply=f'Nothing happens when you say "{said}".' if said else "There is no routine.")
        return Deed(reply=sentence("; ".join(told(one) for one in routines)))

    def _delete(self, intent: Intent, context: Context) -> Deed:
        """A routine; or a step of one, for "remove the lamp from my good night routine" reads as either."""
        if (part := step_of(slot_text(intent.slots, "which"))) is not None:
            step, which = part
            return self._changes.remove_step(replace(intent, slots={"step": step, "which": which}), context)
        found = self._changes.meant(intent, context)
        told = sentence(f"{told_trigger(found.trigger)}, nothing happens any more")
        return self._changes.forget(found, context=context, told=told)


def make(parts: Parts) -> Skill:
    inside = parts.inside
    return RoutineSkill(
        Routines(inside.alerts),
        alerts=inside.alerts,
        runner=inside.routine_runner,
        home=parts.home,
        clock=parts.clock,
        new_id=inside.new_id,
        relearn=inside.relearn,
    )
