"""The API of what rings: alarms, reminders and timers, as they are kept and as they are changed.

It translates; `links/alerts.py` keeps them. Alarms and timers are everybody's who may talk here, for they ring in the rooms. A
reminder for one person is seen and changed by that person and by owners and adults; for everybody else it is not there.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path

from earwitness.domain.account import GUARDIANS
from earwitness.domain.alert import Alert, AlertKind, Outcome, Place, Recurring, Ring, RingState
from earwitness.domain.errors import AlertError
from earwitness.domain.person import Person
from earwitness.domain.ring_sound import TONE
from earwitness.domain.satellite import Station
from earwitness.domain.times import Duration, Frame, Moment
from earwitness.links.alerts import Alerts
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.recurrence import check
from earwitness.ringing.shelf import RingSounds
from earwitness.skills.alarms import MOST_ALARMS
from earwitness.skills.alert_choice import by_time, time_told
from earwitness.skills.reminders import MOST_REMINDERS
from earwitness.skills.timers import LONGEST_SECONDS, MOST_TIMERS
from earwitness.skills.typed_times import Question, changed_rule, typed_seconds, typed_when
from earwitness.skills.when import frame_at
from earwitness.understand.times import words_of
from earwitness.web import alerts_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

AlertId = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")]
_KINDS: Final = (AlertKind.ALARM, AlertKind.REMINDER, AlertKind.TIMER)
_MOST: Final = {AlertKind.ALARM: MOST_ALARMS, AlertKind.REMINDER: MOST_REMINDERS, AlertKind.TIMER: MOST_TIMERS}
_HOW_LONG: Final = Question(text='For how long? For example "10 minutes".')
_CHANGED: Final = "That has just changed; look at it again."


class AlertsDesk:
    """Takes changes of what rings. Its methods block on the disk, but for `stop`.

    `clock` gives the time in the household's zone, `people` those who have an account, `rooms` the names of rooms; `acknowledge`
    stops what sounds, by its ring's id, and is called on the event loop; `sounds` are what alarms may ring with, `plain_ringers`
    gives the satellites that cannot ring as an alert is to.
    """

    def __init__(
        self,
        alerts: Alerts,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        people: Callable[[], Sequence[Person]],
        rooms: Callable[[], Sequence[str]],
        acknowledge: Callable[[str], None],
        sounds: RingSounds,
        plain_ringers: Callable[[Alert], Sequence[Station]] = lambda alert: (),
    ) -> None:
        self.alerts = alerts
        self.timers = Timers(alerts)
        self.rooms = rooms
        self.acknowledge = acknowledge
        self._clock = clock
        self._new_id = new_id
        self._people = people
        self._sounds = sounds
        self._plain_ringers = plain_ringers

    def frame(self) -> Frame:
        return frame_at(self._clock())

    def shown(self, person: Person) -> list[shapes.AlertShape]:
        """What that person may see, the soonest first."""
        found, rings = self.alerts.snapshot()
        names, frame = {one.person_id: one.name for one in self._people()}, self.frame()
        seen = by_time([one for one in found if one.kind in _KINDS and is_shown_to(one, person)])
        return [self._with_sound(one, _shape(one, rings, names=names, frame=frame)) for one in seen]

    def _with_sound(self, alert: Alert, shape: shapes.AlertShape) -> shapes.AlertShape:
        is_plain = alert.sound == TONE and not alert.is_rising
        plain = [] if is_plain else [station.name for station in self._plain_ringers(alert)]
        title = self._sounds.named(alert.sound).title
        return shape.model_copy(update={"sound_title": title, "rings_plainly_at": plain})

    def found(self, alert_id: str, person: Person) -> Alert:
        """The alert of that id. Raises AlertError (alert.unknown), also for one that is not for that person's eyes."""
        for one in self.alerts.all():
            if one.alert_id == alert_id and one.kind in _KINDS and is_shown_to(one, person):
                return one
        raise AlertError("That is not there any more.", code="alert.unknown")

    def answer(self, alert_id: str, person: Person) -> shapes.AlertAnswerShape:
        """How an alert looks now; nothing if it is over."""
        return shapes.AlertAnswerShape(alert=next((one for one in self.shown(person) if one.id == alert_id), None))

    def add(self, given: shapes.NewAlert, person: Person) -> shapes.AlertAnswerShape:
        """Keep a new one, or ask. Raises AlertError."""
        kind, frame = AlertKind(given.kind), self.frame()
        if sum(one.kind is kind for one in self.alerts.all()) >= _MOST[kind]:
            raise AlertError(f"There are {_MOST[kind]} {kind}s already; remove one first.", code="alert.too_many")
        if given.area is not None and given.area not in self.rooms():
            raise AlertError("There is no such room.", code="alert.invalid")
        alert_id = self._new_id()
        if kind is AlertKind.TIMER:
            return self._add_timer(given, alert_id, person, frame=frame)
        if kind is AlertKind.REMINDER and not given.text:
            return _asked(Question(text="Of what?"))
        when = typed_when(given.when, frame=frame)
        if isinstance(when, Question):
            return _asked(when)
        is_mine = kind is AlertKind.REMINDER and not given.is_for_everyone
        alert = Alert(
            alert_id=alert_id,
            kind=kind,
            rule=when.rule,
            created_at=frame.now,
            name=given.name,
            text=given.text if kind is AlertKind.REMINDER else "",
            person_id=person.person_id if is_mine else None,
            area=given.area,
            place=Place.HOUSE if given.area is None else Place.ROOM,
            sound=(given.sound or self._sounds.usual().reference) if kind is AlertKind.ALARM else TONE,
            is_rising=given.is_rising and kind is AlertKind.ALARM,
            must_acknowledge=kind is AlertKind.REMINDER,
        )
        check(alert, household=frame.zone)
        self._sounds.check(alert.sound)
        self.alerts.add(alert)
        return self.answer(alert_id, person)

    def _add_timer(self, given: shapes.NewAlert, alert_id: str, person: Person, *, frame: Frame) -> shapes.AlertAnswerShape:
        seconds = typed_seconds(given.when, frame=frame)
        if seconds is None or seconds <= 0:
            return _asked(_HOW_LONG)
        _check_length(seconds)
        now = frame.now.astimezone(UTC)
        due_at = now + timedelta(seconds=seconds)
        timer = Timer(
            timer_id=alert_id,
            name=given.name,
            area=given.area,
            place=Place.HOUSE if given.area is None else Place.ROOM,
            total_seconds=seconds,
            created_at=now,
            due_at=due_at,
        )
        self.timers.add(timer)
        return self.answer(alert_id, person)

    def change(self, alert_id: str, given: shapes.AlertChange, person: Person) -> shapes.AlertAnswerShape:
        """Change one, or ask. Raises AlertError: alert.unknown, alert.changed, alert.invalid, alert.never."""
        alert, frame = self.found(alert_id, person), self.frame()
        if given.area and given.area not in self.rooms():
            raise AlertError("There is no such room.", code="alert.invalid")
        if alert.kind is AlertKind.TIMER:
            self._change_timer(alert_id, given, now=frame.now.astimezone(UTC))
            return self.answer(alert_id, person)
        after = replace(
            alert,
            name=alert.name if given.name is None else given.name,
            text=alert.text if not given.text or alert.kind is not AlertKind.REMINDER else given.text,
            is_on=alert.is_on if given.is_on is None else given.is_on,
        )
        if given.area is not None:
            after = replace(after, area=given.area or None, place=Place.ROOM if given.area else Place.HOUSE)
        if alert.kind is AlertKind.ALARM:
            after = self._sounding(after, given)
        if given.when is not None and given.when != time_told(alert, frame=frame):
            when = typed_when(given.when, frame=frame)
            if isinstance(when, Question):
                return _asked(when)
            after = replace(after, rule=changed_rule(alert, when, frame=frame), skipped_until=None)
            check(after, household=frame.zone)
        if given.is_next_skipped is not None:
            after = replace(after, skipped_until=alert.due_at if given.is_next_skipped else None)
        if after != alert and self.alerts.change(alert, after=after) is None:
            raise AlertError(_CHANGED, code="alert.changed")
        return self.answer(alert_id, person)

    def _sounding(self, alarm: Alert, given: shapes.AlertChange) -> Alert:
        """As it is to ring from now on. Raises AlertError (alert.no_sound)."""
        if given.sound is not None and given.sound != alarm.sound:
            self._sounds.check(given.sound)
            alarm = replace(alarm, sound=given.sound)
        return alarm if given.is_rising is None else replace(alarm, is_rising=given.is_rising)

    def _change_timer(self, timer_id: str, given: shapes.AlertChange, *, now: datetime) -> None:
        timer = next((one for one in self.timers.all() if one.timer_id == timer_id), None)
        if timer is None or timer.state is TimerState.RINGING:
            return
        left = timer.seconds_left(now) + (given.more_seconds or 0.0)
        _check_length(left)
        if left <= 0:
            raise AlertError("That is more than is left of the timer; cancel it instead.", code="alert.invalid")
        is_paused = timer.state is TimerState.PAUSED if given.is_paused is None else given.is_paused
        if is_paused:
            after = replace(timer, state=TimerState.PAUSED, due_at=None, remaining_seconds=left)
        else:
            due_at = now + timedelta(seconds=left)
            after = replace(timer, state=TimerState.RUNNING, due_at=due_at, remaining_seconds=None)
        if given.area is not None:
            after = replace(after, area=given.area or None, place=Place.ROOM if given.area else Place.HOUSE)
        if not self.timers.change(timer, after=after):
            raise AlertError(_CHANGED, code="alert.changed")

    def hushed(self, alert_id: str, person: Person) -> list[str]:
        """Let no snoozed occurrence of it ring again; gives the ids of those that sound now. Raises AlertError."""
        self.found(alert_id, person)
        rings = [ring for ring in self.alerts.open_rings() if ring.alert_id == alert_id]
        quiet = [ring for ring in rings if ring.state is not RingState.RINGING]
        self.alerts.end(quiet, outcome=Outcome.STOPPED, now=self._clock())
        return [ring.ring_id for ring in rings if ring.state is RingState.RINGING]

    def remove(self, alert_id: str, person: Person) -> None:
        """Forget one. Raises AlertError (alert.unknown)."""
        self.found(alert_id, person)
        self.alerts.remove([alert_id])


def alerts_router(desk: AlertsDesk) -> APIRouter:
    """The routes under /api/v1/alerts."""
    router = APIRouter(prefix="/api/v1/alerts", responses=told(404, 409))

    @router.get("")
    async def alerts(person: Me) -> shapes.AlertsShape:
        """Alarms, reminders and timers, the soonest first. Reminders for others are shown to owners and adults only."""
        return shapes.AlertsShape(alerts=await asyncio.to_thread(desk.shown, person), rooms=list(desk.rooms()))

    @router.post("")
    async def add(given: shapes.NewAlert, person: Me) -> shapes.AlertAnswerShape:
        """Set one, when as one says it. If that may mean two things, nothing is set and the question is the answer."""
        return await asyncio.to_thread(desk.add, given, person)

    @router.patch("/{alert_id}")
    async def change(alert_id: AlertId, given: shapes.AlertChange, person: Me) -> shapes.AlertAnswerShape:
        """Change one: its time, name or text; switch it, skip the next time, pause it, give it more time, stop its ringing."""
        if given.is_ringing is False:
            for ring_id in await asyncio.to_thread(desk.hushed, alert_id, person):
                desk.acknowledge(ring_id)
        return await asyncio.to_thread(desk.change, alert_id, given, person)

    @router.delete("/{alert_id}", status_code=204)
    async def remove(alert_id: AlertId, person: Me) -> None:
        """Forget one; if it rings, it stops."""
        for ring_id in await asyncio.to_thread(desk.hushed, alert_id, person):
            desk.acknowledge(ring_id)
        await asyncio.to_thread(desk.remove, alert_id, person)

    return router


def is_shown_to(alert: Alert, person: Person) -> bool:
    """Whether that person may see and change an alert: what is for one person is theirs and that of owners and adults."""
    is_shared = alert.kind is not AlertKind.REMINDER or alert.person_id in (None, person.person_id)
    return is_shared or person.role in GUARDIANS


def _asked(question: Question) -> shapes.AlertAnswerShape:
    return shapes.AlertAnswerShape(question=shapes.QuestionShape(text=question.text, choices=list(question.choices)))


def _check_length(seconds: float) -> None:
    if seconds > LONGEST_SECONDS:
        raise AlertError(f"A timer can run for at most {LONGEST_SECONDS // 86400} days.", code="alert.invalid")


def _shape(alert: Alert, rings: Sequence[Ring], *, names: dict[str, str], frame: Frame) -> shapes.AlertShape:
    kind: Literal["alarm", "reminder", "timer"] = alert.kind.value  # type: ignore[assignment]
    states = {ring.state for ring in rings if ring.alert_id == alert.alert_id}
    is_timer, due = alert.kind is AlertKind.TIMER, alert.due_at
    when = words_of(Duration(seconds=round(alert.total_seconds or 0)), frame=frame) if is_timer else time_told(alert, frame=frame)
    left = alert.remaining_seconds if due is None else max(0.0, (due - frame.now).total_seconds())
    skipped = alert.skipped_until if alert.skipped_until is not None and alert.skipped_until > frame.now else None
    return shapes.AlertShape(
        id=alert.alert_id,
        kind=kind,
        name=alert.name,
        text=alert.text,
        when=when,
        next_at=due.astimezone(frame.zone).isoformat() if due is not None else None,
        next_in_words=words_of(Moment(at=due), frame=frame) if due is not None else "",
        is_on=alert.is_on,
        is_recurring=isinstance(alert.rule, Recurring),
        skipped=words_of(Moment(at=skipped), frame=frame) if skipped is not None else "",
        area=alert.area if alert.place is not Place.HOUSE else None,
        whose=names.get(alert.person_id or "", "") if alert.kind is AlertKind.REMINDER else "",
        is_ringing=RingState.RINGING in states,
        is_snoozed=RingState.SNOOZED in states,
        is_rising=alert.is_rising,
        sound=alert.sound,
        sound_title="",
        rings_plainly_at=[],
        is_paused=alert.remaining_seconds is not None,
        seconds_left=left if is_timer else None,
        seconds_total=alert.total_seconds if is_timer else None,
    )
