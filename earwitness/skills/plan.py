"""A plan for devices: what to ask each for, and what to say of those that confirmed. Carries plans out with a deadline.

It never says what was not confirmed: a device that is late, unreachable or unchanged is named as such.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from earwitness.domain.errors import EarwitnessError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.ports import HomeLink
from earwitness.skills.resolve import called
from earwitness.skills.wording import be, listed, sentence

_ON_THE_WAY: Mapping[str, frozenset[str]] = {
    "open": frozenset({"opening"}),
    "closed": frozenset({"closing"}),
    "locked": frozenset({"locking"}),
    "unlocked": frozenset({"unlocking"}),
    "on": frozenset({"idle", "playing", "paused", "buffering", "standby"}),
    "playing": frozenset({"buffering"}),
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
        return self.state is None or state == self.state or state in _ON_THE_WAY.get(self.state, ())

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
        if any(step.skip for step in self.steps):
            return None
        return sentence(self.say(tuple(Confirmed(step=step, device=step.expected()) for step in self.steps)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """A device that did not confirm, and why; `{be}` stands for is or are."""

    device: Device
    reason: str


Planner = Callable[[Intent, Home, Context], Plan]


class PlannedSkill:
    """A skill whose planner decides what to ask of which device; this carries it out."""

    def __init__(self, planners: Mapping[str, Planner], *, link: HomeLink, deadline_seconds: float) -> None:
        self.intents = tuple(planners)
        self._planners = planners
        self._link = link
        self._deadline_seconds = deadline_seconds

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return self._plan(intent, context).foreseen()

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        plan = self._plan(intent, context)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._take(step)) for step in plan.steps]
        results = [task.result() for task in running]
        confirmed = tuple(result for result in results if isinstance(result, Confirmed))
        failed = [result for result in results if isinstance(result, Unconfirmed)]
        if not failed:
            return SkillResult(outcome=Outcome.DONE, reply=sentence(plan.say(confirmed)))
        clause = _failures(failed)
        return SkillResult(
            outcome=Outcome.FAILED, reply=sentence(f"{plan.say(confirmed)}, but {clause}" if confirmed else clause)
        )

    def _plan(self, intent: Intent, context: Context) -> Plan:
        return self._planners[intent.name](intent, self._link.snapshot(), context)

    async def _take(self, step: Step) -> Confirmed | Unconfirmed:
        """Do one step; gives the confirmation, or why there is none."""
        device_id = step.device.device_id
        try:
            async with asyncio.timeout(self._deadline_seconds):
                if step.skip:
                    device = await self._link.skip(device_id, tracks=step.skip)
                else:
                    device = await self._link.apply(device_id, state=step.state, attributes=step.attributes)
        except TimeoutError:
            return Unconfirmed(device=step.device, reason="did not answer in time")
        except (EarwitnessError, OSError):
            return Unconfirmed(device=step.device, reason="could not be changed")
        if step.is_confirmed_by(device):
            return Confirmed(step=step, device=device)
        return Unconfirmed(device=device, reason=f"did not do it and {{be}} now {device.state.replace('_', ' ')}")


def _failures(failed: Sequence[Unconfirmed]) -> str:
    """ "the kitchen light and the lamp did not answer in time"; several reasons are joined."""
    by_reason: dict[str, list[Device]] = {}
    for each in failed:
        by_reason.setdefault(each.reason, []).append(each.device)
    everyone = [each.device for each in failed]
    clauses = []
    for reason, devices in by_reason.items():
        names = listed([called(device, among=everyone) for device in devices])
        clauses.append(f"{names} {reason.format(be=be([device.name for device in devices]))}")
    return listed(clauses)
