"""A plan for devices: what to ask each for, and what to say of those that confirmed. Carries plans out with a deadline.

It never says what was not confirmed: a device that is late, unreachable or unchanged is named as such, and what still works.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from earwitness.domain.confirmation import Act
from earwitness.domain.errors import EarwitnessError, LinkError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.doing import is_on_the_way
from earwitness.skills.confirming import SLOT, is_asked, is_confirmed, with_slots
from earwitness.skills.device_acts import RISKY, acts_of, question_of
from earwitness.skills.heard import is_by_sound
from earwitness.skills.interface import Parts, ask, refuse, slot_text
from earwitness.skills.last_change import Change
from earwitness.skills.resolve import called
from earwitness.skills.routine_running import is_in_routine
from earwitness.skills.wording import be, listed, sentence

NAMED_AT_MOST: Final = 6
TAKES_BACK: Final = "UndoChange"
"""The intent that has devices as they were before the last change."""
NAMED: Final = "asked_about"
"""Slot beside "confirmed": what the question named, an act and a device's id a line."""
_MAY_HAVE_CHANGED: Final = frozenset({"light", "switch", "fan", "climate", "media_player", "input_boolean"})
"""What a scene or script may have changed."""
_SAID_BY_CODE: Final[Mapping[str, str]] = {
    "link.slow": "did not answer in time",
    "link.no_answer": "did not answer",
    "link.refused": "could not be changed so",
    "link.not_found": "could not be changed so",
    "link.unconfirmed": "{be} told, but {do} not report back",
    "link.unknown_device": "{be} not there any more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request to one device: a state, attributes, or tracks to skip."""

    device: Device
    state: str | None = None
    attributes: Mapping[str, SlotValue] = field(default_factory=dict)
    skip: int = 0

    def expected(self) -> Device:
        """The device as it will be if it does as asked."""
        if self.was_so() and not self.attributes:
            return self.device
        state = self.device.state if self.state is None or self.is_met_by(self.device.state) else self.state
        return replace(self.device, state=state, attributes={**self.device.attributes, **self.attributes})

    def is_met_by(self, state: str) -> bool:
        """Whether a reported state is what was asked for, or on the way there."""
        return self.state is None or is_on_the_way(state, wanted=self.state)

    def was_so(self) -> bool:
        """Whether the device was already as asked."""
        before = self.device
        return (
            not self.skip
            and self.is_met_by(before.state)
            and all(before.attributes.get(k) == v for k, v in self.attributes.items())
        )

    def is_confirmed_by(self, device: Device) -> bool:
        return self.is_met_by(device.state) and all(name in device.attributes for name in self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A step and the device as it reported itself afterwards."""

    step: Step
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps, and the clause to say of those that were confirmed (at least one, in order)."""

    steps: tuple[Step, ...]
    say: Callable[[tuple[Confirmed, ...]], str]

    def foreseen(self) -> str | None:
        """The reply if every device does as asked; None when only the device can tell (a track's title)."""
        if any(step.skip or not step.device.is_reachable for step in self.steps):
            return None
        return sentence(self.say(tuple(Confirmed(step=step, device=step.expected()) for step in self.steps)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """A device that did not confirm, and why; `{be}` stands for is or are, `{do}` for does or do.

    `source` is the outside system that is to blame, if one cannot be reached at all.
    """

    device: Device
    reason: str
    source: str = ""


Planner = Callable[[Intent, Home, Context], Plan]


class PlannedSkill:
    """A skill whose planner decides what to ask of which device; this carries it out, and remembers how things were before."""

    def __init__(self, planners: Mapping[str, Planner], parts: Parts) -> None:
        self._planners = planners
        self._link = parts.home
        self._inside = parts.inside
        self._deadline_seconds = parts.inside.deadline_seconds

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return self._plan(intent, context).foreseen()

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        plan = self._plan(intent, context)
        home = self._link.snapshot()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._take(step, home=home)) for step in plan.steps]
        results = [task.result() for task in running]
        confirmed = tuple(result for result in results if isinstance(result, Confirmed))
        failed = [result for result in results if isinstance(result, Unconfirmed)]
        is_changed = self._remember(intent, confirmed, home=home, context=context)
        undo = Intent(name=TAKES_BACK) if is_changed else None
        if not failed:
            return SkillResult(outcome=Outcome.DONE, reply=sentence(plan.say(confirmed)), undo=undo)
        clause = _failures(failed)
        reply = sentence(f"{plan.say(confirmed)}, but {clause}" if confirmed else clause)
        return SkillResult(outcome=Outcome.FAILED, reply=f"{reply}{_still(failed, home=home)}", undo=undo)

    def _remember(self, intent: Intent, confirmed: Sequence[Confirmed], *, home: Home, context: Context) -> bool:
        """Keep how the devices were that were really changed; whether any was."""
        changed = tuple(each.step.device for each in confirmed if not each.step.was_so())
        if not changed:
            return False
        is_scene = any(device.domain in ("scene", "script") for device in changed)
        also = tuple(device for device in home.devices if device.domain in _MAY_HAVE_CHANGED) if is_scene else ()
        self._inside.changes.remember(Change(intent=intent, before=changed, also=also), context=context)
        return True

    def _plan(self, intent: Intent, context: Context) -> Plan:
        """What to do, once whoever asked has confirmed what has to be. Raises UnfulfillableError."""
        plan = self._planners[intent.name](intent, self._link.snapshot(), context)
        self._confirm(plan.steps, intent=intent, context=context)
        return plan

    def _confirm(self, steps: Sequence[Step], *, intent: Intent, context: Context) -> None:
        """Ask once for everything that has to be asked about. A yes counts for what was named then, and for nothing else."""
        is_yes, asked = is_confirmed(intent), dict[Act, list[Device]]()
        for act, those in acts_of(steps).items():
            for device in (step.device for step in those):
                is_guess = act in RISKY and is_by_sound(intent)
                if is_asked(self._inside, act=act, context=context, device_id=device.device_id) or is_guess:
                    asked.setdefault(act, []).append(device)
        if not asked or is_in_routine():
            return
        named = [f"{act} {device.device_id}" for act, devices in asked.items() for device in devices]
        if not is_yes:
            waiting = with_slots(intent, **{NAMED: "\n".join(named)})
            raise ask(question_of(asked), slot=SLOT, intent=waiting, context=context)
        if not set(named) <= set(slot_text(intent.slots, NAMED).split("\n")):
            raise refuse("Meanwhile it would be something else than what I asked about, so I leave it. Say it again")

    async def _take(self, step: Step, *, home: Home) -> Confirmed | Unconfirmed:
        """Do one step; gives the confirmation, or why there is none. What cannot be reached is not tried."""
        device_id, source = step.device.device_id, step.device.source
        if not step.device.is_reachable:
            return _out_of_reach(step.device, home)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                if step.skip:
                    device = await self._link.skip(device_id, tracks=step.skip)
                else:
                    device = await self._link.apply(device_id, state=step.state, attributes=step.attributes)
        except TimeoutError:
            return Unconfirmed(device=step.device, reason="did not answer in time")
        except LinkError as error:
            if error.code == "link.unreachable" and source:
                return Unconfirmed(device=step.device, reason="", source=source)
            return Unconfirmed(device=step.device, reason=_SAID_BY_CODE.get(error.code, "could not be changed"))
        except (EarwitnessError, OSError):
            return Unconfirmed(device=step.device, reason="could not be changed")
        if step.is_confirmed_by(device):
            return Confirmed(step=step, device=device)
        return Unconfirmed(device=device, reason=f"did not do it and {{be}} now {device.state.replace('_', ' ')}")


def _out_of_reach(device: Device, home: Home) -> Unconfirmed:
    """Why a device cannot be asked: it is away itself, or all that it belongs to."""
    is_away = any(source.name == device.source and not source.is_reachable for source in home.sources)
    return Unconfirmed(device=device, reason="{be} not reachable now", source=device.source if is_away else "")


def _failures(failed: Sequence[Unconfirmed]) -> str:
    """ "the kitchen light and the lamp did not answer in time"; several reasons are joined."""
    everyone = [each.device for each in failed]
    by_reason: dict[tuple[str, str], list[Device]] = {}
    for each in failed:
        by_reason.setdefault((each.source, "" if each.source else each.reason), []).append(each.device)
    clauses = []
    for (source, reason), devices in by_reason.items():
        names = listed([called(device, among=everyone) for device in devices[:NAMED_AT_MOST]])
        if len(devices) > NAMED_AT_MOST:
            names = f"{len(devices)} devices"
        verb = be([device.name for device in devices])
        if source:
            clauses.append(f"I cannot reach {source}, so I could not change {names}")
        else:
            clauses.append(f"{names} {reason.format(be=verb, do='does' if verb == 'is' else 'do')}")
    return listed(clauses)


def _still(failed: Sequence[Unconfirmed], *, home: Home) -> str:
    """What still works while an outside system cannot be reached: the others, as a sentence of their own; else nothing."""
    away = {each.source for each in failed if each.source}
    others = [source.name for source in home.sources if source.is_reachable and source.name not in away]
    if not away or not others:
        return ""
    works = "works" if len(others) == 1 else "work"
    return f" {sentence(f'{listed(others)} still {works}')}"
