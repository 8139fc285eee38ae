"""What a routine is to be made of, from words: when it begins and what it does, checked so that it cannot loop.

It writes nothing. Calls block: they read the routines and understand sentences.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earwitness.domain.alert import Alert, AlertKind, OnEvent, Recurring, Rule
from earwitness.domain.home import Device
from earwitness.domain.routine import AtTimes, OnPhrase, OnState, Routine, Trigger
from earwitness.domain.times import Frame, Lean
from earwitness.links.routines import Routines
from earwitness.skills.alert_choice import time_told
from earwitness.skills.alert_making import check_rings, wall_time
from earwitness.skills.interface import Context, HomeLink, refuse
from earwitness.skills.resolve import called, is_same, plain
from earwitness.skills.routine_running import MOST_STEPS, RoutineRunner, split_steps
from earwitness.skills.routine_words import imperatives, is_good_night
from earwitness.skills.typed_times import changed_rule
from earwitness.skills.when import When, frame_at
from earwitness.skills.wording import listed
from earwitness.understand.triggers import Became, Said, Timed, read_trigger

MOST_ROUTINES: Final = 100
LONGEST_PHRASE: Final = 6
"""Words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """When a routine runs: what starts it, and of times the rule (None: it stays as it is)."""

    trigger: Trigger
    rule: Rule | None = None
    is_once: bool = False


class RoutineDrafts:
    """Reads phrases, devices and steps for the routines of one home."""

    def __init__(
        self, routines: Routines, *, runner: Callable[[], RoutineRunner], home: HomeLink, clock: Callable[[], datetime]
    ) -> None:
        self._routines = routines
        self._runner = runner
        self._home = home
        self.clock = clock

    def beginning(
        self, words: str, *, context: Context, before: Routine | None = None, when: Callable[[str, Frame], When]
    ) -> Beginning:
        """What "when I say sleep well", "when the door opens" or "at seven" begins, in place of how `before` does.

        `when` reads a time, and may ask back in its own way. Raises UnfulfillableError.
        """
        match read_trigger(words):
            case Said(phrase=phrase):
                return self.phrase(phrase, context=context, but=None if before is None else before.routine_id)
            case Became(device=device, state=state):
                return self.state(device, state, context=context)
            case Timed(words=said):
                alert = self._routines.alert(before) if before is not None else None
                frame = frame_at(self.clock())
                frame = replace(frame, lean=_lean(alert, frame))
                return self.timed(when(said, frame), alert=alert, frame=frame)
            case None:
                raise refuse(f'I did not understand when: "{words}". Say a time, "when I say" a phrase, or what a device does')

    def timed(self, when: When, *, alert: Alert | None, frame: Frame) -> Beginning:
        """At a time; a mere hour keeps the days of `alert`. Raises UnfulfillableError for one that never comes."""
        rule = when.rule if alert is None else changed_rule(alert, when, frame=frame)
        planned = Alert(alert_id="planned", kind=AlertKind.ROUTINE, rule=rule, created_at=frame.now)
        check_rings(planned, frame=frame)
        told = when.told if rule == when.rule else time_told(planned, frame=frame)
        return Beginning(trigger=AtTimes(told=told), rule=rule, is_once=not isinstance(rule, Recurring))

    def phrase(self, words: str, *, context: Context, but: str | None = None) -> Beginning:
        """A phrase that means nothing yet, but to the routine `but`. Raises UnfulfillableError."""
        phrase = plain(words)
        if not phrase or len(phrase.split()) > LONGEST_PHRASE:
            raise refuse(f"A phrase has one to {LONGEST_PHRASE} words")
        is_own = False
        for one in self._routines.all():
            if isinstance(one.trigger, OnPhrase) and is_same(one.trigger.phrase, phrase):
                is_own = one.routine_id == but
                if not is_own:
                    raise refuse(f'There is a routine for "{phrase}" already; add to it, or delete it first')
        if not is_own and not is_good_night(phrase) and self._runner().means(phrase, context):
            raise refuse(f'"{phrase}" means something already')
        return Beginning(trigger=OnPhrase(phrase=phrase))

    def state(self, said: str, state: str, *, context: Context) -> Beginning:
        """A device of that name that comes to be in that state. Raises UnfulfillableError."""
        found = self._device(said, context)
        return Beginning(trigger=OnState(device_id=found.device_id, state=state, device_name=found.name))

    def steps(self, words: str, context: Context) -> tuple[str, ...]:
        """What is to be done, one request each, as few as can be. Raises UnfulfillableError."""
        steps = self.split(words, context)
        if not steps:
            raise refuse(f'I did not understand what is to be done: "{words}"')
        return steps

    def split(self, words: str, context: Context) -> tuple[str, ...]:
        """The same; empty for what is not understood."""
        steps = split_steps(words, is_step=lambda text: self._request(text, context) is not None)
        if len(steps) >= MOST_STEPS:
            raise refuse(f"A routine has at most {MOST_STEPS} steps")
        return tuple(self._request(step, context) or step for step in steps)

    def step(self, text: str, context: Context) -> str:
        """One step as a request. Raises UnfulfillableError, with the reason, for what can be none."""
        if (request := self._request(text, context)) is not None:
            return request
        if self._runner().means(text, context):
            raise refuse(f'"{text}" cannot be a step of a routine')
        raise refuse(f'I did not understand what is to be done: "{text}"')

    def steps_for(self, words: str, *, here: Context, there: Context) -> tuple[str, ...]:
        """Steps said `here` for a routine that runs `there`, each meaning what it means here. Raises UnfulfillableError."""
        return tuple(self._placed(step, here, there) for step in self.steps(words, here))

    def means(self, text: str, context: Context) -> object:
        """What a step means, to be compared; None for what is none."""
        return self._runner().step(text, context)

    def _request(self, text: str, context: Context) -> str | None:
        return next((one for one in imperatives(text) if self._runner().step(one, context) is not None), None)

    def _placed(self, step: str, here: Context, there: Context) -> str:
        meant = self._runner().step(step, here)
        if here.area is None or here.area == there.area or self._runner().step(step, there) == meant:
            return step
        named = f"{step} in the {here.area.lower()}"
        if self._runner().step(named, there) == self._runner().step(named, here) is not None:
            return named
        raise refuse(f'Say in which room: "{step}" means something else where that routine runs')

    def _device(self, said: str, context: Context) -> Device:
        devices = self._home.snapshot().devices
        named = [one for one in devices if any(is_same(said, name) for name in (one.name, *one.aliases))]
        named = named or [one for one in devices if one.area and is_same(said, f"{one.area} {one.name}")]
        here = [one for one in named if one.area == context.area] or named
        if not here:
            raise refuse(f"I do not know a device called {said}")
        if len(here) > 1:
            raise refuse(f"There are several: {listed([called(one, among=here) for one in here])}. Say which by its room")
        return here[0]


def _lean(alert: Alert | None, frame: Frame) -> Lean:
    """Which half of the day an hour is of that is to replace another: the same."""
    if alert is None or isinstance(alert.rule, OnEvent):
        return Lean.ASK
    return Lean.MORNING if wall_time(alert.rule, frame=frame).hour < 12 else Lean.EVENING
