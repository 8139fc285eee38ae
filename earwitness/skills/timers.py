"""Timers: start, cancel, pause, resume, more or less time, how much is left. `jobs/fire_alerts.py` rings them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from earwitness.domain.alert import Alert, AlertKind, AtMoment, Place
from earwitness.domain.intent import Context, Intent
from earwitness.domain.routine import AtTimes, Routine
from earwitness.links.routines import Routines
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.skills.interface import Parts, Skill, ask, refuse, slot_text
from earwitness.skills.keeping import Deed, KeepingSkill
from earwitness.skills.routine_running import RoutineRunner
from earwitness.skills.timer_choice import (
    EVERYWHERE_SLOT,
    MADE_ID,
    choose,
    label,
    matching,
    place_of_timer,
    rings_elsewhere,
    seconds_of,
)
from earwitness.skills.wording import amount, duration, listed, sentence, the

MOST_TIMERS: Final = 50
LONGEST_SECONDS: Final = 7 * 24 * 3600


class TimerSkill(KeepingSkill):
    """Timers of the whole home; each remembers the room and the device it was set from, and rings there unless told otherwise."""

    def __init__(
        self,
        timers: Timers,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        runner: Callable[[], RoutineRunner],
    ) -> None:
        self._timers = timers
        self._runner = runner
        self._clock: Callable[[], datetime] = lambda: clock().astimezone(UTC)  # two hours are two hours, whatever clocks do
        self._new_id = new_id
        self._deeds: dict[str, Callable[[Intent, Context], Deed]] = {
            "HassStartTimer": self._start,
            "HassCancelTimer": self._cancel,
            "HassCancelAllTimers": self._cancel_all,
            "HassPauseTimer": self._pause,
            "HassUnpauseTimer": self._resume,
            "HassIncreaseTimer": self._increase,
            "HassDecreaseTimer": self._decrease,
            "HassTimerStatus": self._status,
        }

    def deed(self, intent: Intent, context: Context) -> Deed:
        return self._deeds[intent.name](intent, context)

    def _going(self) -> tuple[Timer, ...]:
        return tuple(timer for timer in self._timers.all() if timer.state is not TimerState.RINGING)

    def _start(self, intent: Intent, context: Context) -> Deed:
        if command := slot_text(intent.slots, "conversation_command"):
            return self._later(command, intent=intent, context=context)
        seconds, name = seconds_of(intent), slot_text(intent.slots, "name").removesuffix(" timer")
        if seconds <= 0:
            raise ask("For how long?", slot="minutes", intent=intent, context=context)
        if seconds > LONGEST_SECONDS:
            raise refuse(f"A timer can run for at most {LONGEST_SECONDS // 86400} days")
        if len(self._timers.all()) >= MOST_TIMERS:
            raise refuse(f"There are {MOST_TIMERS} timers already; cancel one first")
        room, is_everywhere = slot_text(intent.slots, "area"), bool(slot_text(intent.slots, EVERYWHERE_SLOT))
        timer_id = self._new_id()
        told = f" It rings in {the(room)}." if room else " It rings everywhere." if is_everywhere else ""

        def write() -> bool:
            now = self._clock()
            timer = Timer(
                timer_id=timer_id,
                name=name,
                area=room or context.area,
                device_id=context.device_id,
                place=Place.ROOM if room else Place.HOUSE if is_everywhere else place_of_timer(context),
                total_seconds=seconds,
                created_at=now,
                due_at=now + timedelta(seconds=seconds),
            )
            self._timers.add(timer)
            return True

        reply = sentence(f"{f'{name} timer' if name else 'timer'} set for {duration(seconds)}")
        return Deed(reply=reply + told, write=write, undo=Intent(name="HassCancelTimer", slots={MADE_ID: timer_id}))

    def _later(self, command: str, *, intent: Intent, context: Context) -> Deed:
        """ "Turn off the lamp in ten minutes": a routine that runs once and is gone."""
        seconds, now = seconds_of(intent), self._clock()
        if not 0 < seconds <= LONGEST_SECONDS:
            raise refuse(f"I can do something later within {LONGEST_SECONDS // 86400} days")
        if self._runner().step(command, context) is None:
            raise refuse(f'I cannot do "{command}" later')
        told = f"in {duration(seconds)}"
        routine = Routine(
            routine_id=self._new_id(),
            trigger=AtTimes(told=told),
            steps=(command,),
            created_at=now,
            person_id=context.person_id,
            area=context.area,
            device_id=context.device_id,
            is_once=True,
        )
        rule = AtMoment(at=now + timedelta(seconds=seconds))
        alert = Alert(
            alert_id=routine.routine_id,
            kind=AlertKind.ROUTINE,
            rule=rule,
            created_at=now,
            person_id=context.person_id,
        )

        def write() -> bool:
            Routines(self._timers.alerts).add(routine, alert=alert)
            return True

        return Deed(reply=sentence(f'{told}, I do this: "{command}"'), write=write)

    def _cancel(self, intent: Intent, context: Context) -> Deed:
        timer = choose(intent, timers=self._timers.all(), context=context)
        return Deed(
            reply=f"The {label(timer)} is cancelled.",
            write=lambda: self._timers.remove([timer.timer_id]) == 1,
        )

    def _cancel_all(self, intent: Intent, context: Context) -> Deed:
        timers = matching(intent, self._timers.all())
        if not timers:
            raise refuse("There is no timer to cancel")
        ids = [timer.timer_id for timer in timers]
        reply = f"The {label(timers[0])} is cancelled." if len(timers) == 1 else f"All {len(timers)} timers are cancelled."
        return Deed(reply=reply, write=lambda: self._timers.remove(ids) > 0)

    def _pause(self, intent: Intent, context: Context) -> Deed:
        going = self._going()
        timer = choose(intent, timers=[t for t in going if t.state is TimerState.RUNNING] or going, context=context)
        if timer.state is TimerState.PAUSED:
            return Deed(reply=f"The {label(timer)} is already paused.")

        def write() -> bool:
            left = max(timer.seconds_left(self._clock()), 0.001)
            return self._timers.change(timer, after=replace(timer, state=TimerState.PAUSED, due_at=None, remaining_seconds=left))

        return Deed(reply=f"The {label(timer)} is paused.", write=write)

    def _resume(self, intent: Intent, context: Context) -> Deed:
        going = self._going()
        timer = choose(intent, timers=[t for t in going if t.state is TimerState.PAUSED] or going, context=context)
        if timer.state is TimerState.RUNNING:
            return Deed(reply=f"The {label(timer)} is already running.")

        def write() -> bool:
            now = self._clock()
            due = now + timedelta(seconds=timer.seconds_left(now))
            return self._timers.change(timer, after=replace(timer, state=TimerState.RUNNING, due_at=due, remaining_seconds=None))

        return Deed(reply=f"The {label(timer)} is running again.", write=write)

    def _increase(self, intent: Intent, context: Context) -> Deed:
        timer, seconds = self._adjusted(intent, context)
        if timer.seconds_left(self._clock()) + seconds > LONGEST_SECONDS:
            raise refuse(f"A timer can run for at most {LONGEST_SECONDS // 86400} days")
        undo = Intent(name="HassDecreaseTimer", slots={MADE_ID: timer.timer_id, "seconds": seconds})
        reply = f"Added {duration(seconds)} to the {label(timer)}."
        return Deed(reply=reply, write=lambda: self._shift(timer, seconds=seconds), undo=undo)

    def _decrease(self, intent: Intent, context: Context) -> Deed:
        timer, seconds = self._adjusted(intent, context)
        left = timer.seconds_left(self._clock())
        if seconds >= left:
            raise refuse(f"The {label(timer)} has only {duration(left)} left")
        undo = Intent(name="HassIncreaseTimer", slots={MADE_ID: timer.timer_id, "seconds": seconds})
        reply = f"Took {duration(seconds)} off the {label(timer)}."
        return Deed(reply=reply, write=lambda: self._shift(timer, seconds=-seconds), undo=undo)

    def _adjusted(self, intent: Intent, context: Context) -> tuple[Timer, float]:
        timer, seconds = choose(intent, timers=self._going(), context=context), seconds_of(intent)
        if seconds <= 0:
            raise ask("By how much?", slot="minutes", intent=intent, context=context)
        return timer, seconds

    def _shift(self, timer: Timer, *, seconds: float) -> bool:
        if timer.due_at is not None:
            return self._timers.change(timer, after=replace(timer, due_at=timer.due_at + timedelta(seconds=seconds)))
        left = (timer.remaining_seconds or 0.0) + seconds
        return self._timers.change(timer, after=replace(timer, remaining_seconds=left))

    def _status(self, intent: Intent, context: Context) -> Deed:
        going, now = self._going(), self._clock()
        if not going:
            return Deed(reply="There is no timer.")
        timers = matching(intent, going) or [choose(intent, timers=going, context=context)]
        told = [_told(timer, now=now, timers=timers, context=context) for timer in timers]
        if len(timers) == 1:
            return Deed(reply=sentence(f"the {told[0]}"))
        return Deed(reply=f"There are {amount(len(timers), 'timer')}: {listed([f'the {each}' for each in told])}.")


def _told(timer: Timer, *, now: datetime, timers: list[Timer], context: Context) -> str:
    called, where = label(timer, among=timers), rings_elsewhere(timer, context)
    paused = "is paused" if timer.state is TimerState.PAUSED else ""
    what = [
        f"has {duration(max(1.0, timer.seconds_left(now)))} left",
        paused,
        f"rings {where}" if not called.endswith(where) else "",
    ]
    return f"{called} {listed([each for each in what if each])}"


def make(parts: Parts) -> Skill:
    return TimerSkill(parts.inside.timers, clock=parts.clock, new_id=parts.inside.new_id, runner=parts.inside.routine_runner)
