"""Runs routines: understands each step as if its maker said it where it was made, and does one after the other.

It cannot loop: a step that would make, run or change a routine is refused when the routine is made and when it runs, what a
routine changes starts no routine, and one that begins too often is switched off.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Final, Protocol

from earwitness.domain.account import LIVES_HERE
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.home import Device
from earwitness.domain.intent import Context, Intent, Understanding
from earwitness.domain.person import Person
from earwitness.domain.routine import OnState, Routine, why_idle
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.routines import Routines
from earwitness.understand.learned.risk import GUESSED
from earwitness.understand.misheard import BY_SOUND

NEVER_A_STEP: Final = frozenset(
    (
        *("MakeRoutine", "RunRoutine", "DeleteRoutine", "ListRoutines", "AddRoutineStep", "RemoveRoutineStep"),
        *("ChangeRoutineStep", "ChangeRoutineBeginning", "RenameRoutine", "SwitchRoutine"),
        *("GoodNight", "Stop", "HassNevermind", "AskQuestion"),
        *("RepeatReply", "AskWhy", "AskFailure", "TellMore", "AnotherOne", "UnmuteMicrophone", "AnswerCall", "HangUp", "Snooze"),
        *(
            "KeepRecordings",
            "StopKeeping",
            "GiveConsent",
            "WithdrawConsent",
            "DeleteRecordings",
            "AskKept",
            "AskListens",
            "AskHeard",
        ),
        *("ReadMessages", "ReplyMessage", "WithdrawMessage", "ChangeMessage", "MessageStatus"),
        *("CallRoom", "CallContact", "CallAgain", "CallBack", "MissedCalls"),
    )
)
"""What only makes sense while somebody is there, or could start a routine; and each person's own rights: a routine acts as who
made it, whoever says its phrase."""
MOST_STEPS: Final = 10
STEP_SECONDS: Final = 5.0
MOST_RUNS: Final = 6
RUNS_WITHIN_SECONDS: Final = 60.0
"""A routine that begins more than MOST_RUNS times within so long is switched off."""
QUIET_SECONDS: Final = 5.0
"""For so long after a routine, what its devices report starts no routine."""
_STEPPED: Final = frozenset((Outcome.DONE, Outcome.ANSWERED))

_is_inside: ContextVar[bool] = ContextVar("earwitness_routine", default=False)
_said_by: ContextVar[Context | None] = ContextVar("earwitness_routine_said_by", default=None)


class Skills(Protocol):
    """Who carries out intents."""

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult: ...


def is_in_routine() -> bool:
    """Whether what is done now is a step of a routine: who made it has confirmed it by that."""
    return _is_inside.get()


def said_by() -> Context | None:
    """Who said the phrase of the routine whose step is done now; None outside of one, and for one that began by itself."""
    return _said_by.get()


class RoutineRunner:
    """Runs the routines of one home. `understand` reads a sentence (it may block); `skills` carries out, once they are there;
    `person` finds who made a routine; `note` is told what went wrong in one that nobody waits for."""

    def __init__(
        self,
        routines: Routines,
        *,
        understand: Callable[[str, Context], Understanding],
        skills: Callable[[], Skills],
        person: Callable[[str], Person | None],
        note: Callable[[str], Awaitable[object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._routines = routines
        self._understand = understand
        self._skills = skills
        self._person = person
        self._note = note
        self._clock = clock
        self._began: dict[str, deque[float]] = {}
        self._changed: dict[str, float] = {}
        """Devices that a routine changed, and when."""
        self._states: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def may_make(self, person_id: str | None) -> bool:
        """Whether whoever speaks may have routines. Blocks."""
        person = None if person_id is None else self._person(person_id)
        return person is None or person.role in LIVES_HERE

    def person(self, person_id: str) -> Person | None:
        """Who that is now; None for who left. Blocks."""
        return self._person(person_id)

    def step(self, text: str, context: Context) -> Intent | None:
        """What a step means; None if it is no request that can be one, or one whose names are not said as they are."""
        intent = self._understand(text, context).intent
        is_guess = intent is not None and not {BY_SOUND, GUESSED}.isdisjoint(intent.slots)
        return None if intent is None or is_guess or intent.name in NEVER_A_STEP else intent

    def means(self, text: str, context: Context) -> bool:
        """Whether it is a request already, of whatever kind."""
        return self._understand(text, context).intent is not None

    async def run(self, routine: Routine, *, said_by: Context | None = None) -> SkillResult:
        """Do its steps. The result says what each came to; a step that fails does not keep the others from being done.

        `said_by` is who said its phrase: what they are refused is not done for them by somebody else's routine either.
        """
        if refusal := await asyncio.to_thread(self._refusal, routine):
            return SkillResult(outcome=Outcome.REFUSED, reply=refusal)
        scopes = None if said_by is None else said_by.scopes
        context = Context(area=routine.area, device_id=routine.device_id, person_id=routine.person_id, scopes=scopes)
        token, speaking = _is_inside.set(True), _said_by.set(said_by)
        try:
            results = [await self._take(text, context) for text in routine.steps]
        finally:
            _is_inside.reset(token)
            _said_by.reset(speaking)
            if routine.is_once:
                await asyncio.to_thread(self._routines.remove, routine.routine_id)
        failed = [result for result in results if result.outcome not in _STEPPED]
        reply = " ".join(result.reply for result in results if result.reply)
        return SkillResult(outcome=Outcome.FAILED if failed else Outcome.DONE, reply=reply)

    def begin(self, routine_id: str) -> None:
        """Run one that nobody waits for: it is time, or a device did something. On the event loop."""
        task = asyncio.create_task(self._run_alone(routine_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def saw(self, device: Device) -> None:
        """A device reported itself; routines that wait for its state begin. On the event loop."""
        before, self._states[device.device_id] = self._states.get(device.device_id), device.state
        now = self._clock()
        if _is_inside.get():
            self._changed[device.device_id] = now
        if before is None or before == device.state or now - self._changed.get(device.device_id, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        task = asyncio.create_task(self._start_for(device))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def know(self, devices: Sequence[Device]) -> None:
        """The states that devices have before anything happens."""
        self._states |= {device.device_id: device.state for device in devices}

    async def settle(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._tasks)

    async def _start_for(self, device: Device) -> None:
        for routine in await asyncio.to_thread(self._routines.all):
            trigger = routine.trigger
            if isinstance(trigger, OnState) and (trigger.device_id, trigger.state) == (device.device_id, device.state):
                await self._run_alone(routine.routine_id)

    async def _run_alone(self, routine_id: str) -> None:
        routine = await asyncio.to_thread(self._routines.find, routine_id)
        if routine is None or not routine.is_on:
            return
        result = await self.run(routine)
        if result.outcome is not Outcome.DONE:
            await self._note(f"A routine did not do everything: {result.reply}")

    async def _take(self, text: str, context: Context) -> SkillResult:
        intent = await asyncio.to_thread(self.step, text, context)
        if intent is None:
            return SkillResult(outcome=Outcome.FAILED, reply=f'I no longer understand "{text}".')
        try:
            async with asyncio.timeout(STEP_SECONDS):
                result = await self._skills().perform(intent, context=context)
        except TimeoutError:
            return SkillResult(outcome=Outcome.FAILED, reply=f'"{text}" took too long.')
        except EarwitnessError as error:
            return SkillResult(outcome=Outcome.FAILED, reply=error.sentence)
        if result.outcome is Outcome.ASKED:
            return SkillResult(outcome=Outcome.FAILED, reply=f'"{text}" is not clear: {result.reply}')
        return result

    def _refusal(self, routine: Routine) -> str:
        """Why it may not run now; empty if it may."""
        if routine.person_id is not None:
            maker = self._person(routine.person_id)
            if reason := why_idle(routine, maker):
                if maker is None:
                    self._routines.switch(routine.routine_id, is_on=False)
                return reason
        now, began = self._clock(), self._began.setdefault(routine.routine_id, deque(maxlen=MOST_RUNS + 1))
        began.append(now)
        if len(began) > MOST_RUNS and now - began[0] < RUNS_WITHIN_SECONDS:
            self._routines.switch(routine.routine_id, is_on=False)
            return f"That routine began more than {MOST_RUNS} times within a minute, so I switched it off."
        return ""


def split_steps(words: str, *, is_step: Callable[[str], bool]) -> tuple[str, ...]:
    """The requests in "turn off the lights and lock the door", as few as can be, each understood; empty if that cannot be."""
    if is_step(words):
        return (words,)
    for separator in (", and then ", " and then ", ", then ", " then ", ", and ", ", ", " and "):
        place = words.find(separator)
        while place >= 0:
            first, rest = words[:place].strip(" ,"), words[place + len(separator) :].strip(" ,")
            if first and rest and is_step(first) and (more := split_steps(rest, is_step=is_step)):
                return (first, *more)[:MOST_STEPS]
            place = words.find(separator, place + 1)
    return ()
