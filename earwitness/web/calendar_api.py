"""The API of the calendar: what is coming; adding events as one says them, changing them, taking them out: whoever may talk here.

It translates; the port `Calendar` answers within its two seconds, or its error is told without a path or an address.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from earwitness.domain.calendar import Event, EventChange, When, moment_of
from earwitness.domain.errors import LinkError
from earwitness.domain.times import Frame, Lean
from earwitness.skills.calendar_port import Calendar
from earwitness.skills.event_choice import event_told, trouble
from earwitness.skills.typed_times import Question, typed_move, typed_span
from earwitness.skills.when import frame_at
from earwitness.web.alerts_shapes import QuestionShape, Words
from earwitness.web.errors_told import told

LONGEST_ID = 500
Place = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Occurrence = Annotated[str | None, Query(max_length=60)]
Days = Annotated[int, Query(ge=1, le=366)]
EventId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID)]
_Result = TypeVar("_Result")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class EventShape(_Shape):
    """One event, or one occurrence of an event that repeats: then `id` is that of all of them."""

    id: str
    summary: str
    when: str
    """In words: "on Friday at noon"."""
    starts: str
    """ISO 8601: a moment in the household's zone, or a date for whole days."""
    ends: str
    is_all_day: bool
    location: str
    calendar: str
    is_recurring: bool
    occurrence: str | None
    """Of one that repeats: which time of it this is, in ISO 8601. It stays where that time is moved."""


class CalendarShape(_Shape):
    events: list[EventShape]
    outgoing: list[str]
    """Hosts beyond this machine that keep the calendar; empty: a file on this machine does."""


class NewEvent(_Shape):
    summary: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    when: Words
    """As one says it: "Friday at noon for two hours", "from Monday to Wednesday", "every Tuesday at 6 PM", "tomorrow all day"."""
    location: Place = ""


class EventEdit(_Shape):
    """What is left out stays. Of what repeats, `occurrence` says which time is meant; without it all are."""

    summary: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)] | None = None
    location: Place | None = None
    when: Words | None = None
    """As one says it; a mere hour keeps the day, a mere day the hour. All times of a series can get another hour only."""
    starts: str
    """When the event begins that is shown, as it was told: by it the event is found again."""
    occurrence: str | None = None
    is_series: bool = False


class EventAnswerShape(_Shape):
    """Either the event as it is kept, or a question; then nothing was added."""

    event: EventShape | None = None
    question: QuestionShape | None = None


def calendar_router(calendar: Calendar, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> APIRouter:
    """The routes under /api/v1/calendar. `clock` gives the time in the household's zone."""
    router = APIRouter(prefix="/api/v1/calendar", responses=told(404, 409))

    @router.get("")
    async def events(days: Days = 31) -> CalendarShape:
        """What is on from now for so many days, earliest first; what repeats stands there as often as it is."""
        frame = frame_at(clock())
        found = await _in_words(calendar.events(frame.now, frame.now + timedelta(days=days)), is_change=False)
        return CalendarShape(events=[_shape(one, frame) for one in found], outgoing=list(calendar.outgoing))

    @router.post("")
    async def add(given: NewEvent) -> EventAnswerShape:
        """Add an event, when as one says it. If that may mean two things, nothing is added and the question is the answer."""
        frame = frame_at(clock(), lean=Lean.DAY)
        span = typed_span(given.when, frame=frame)
        if isinstance(span, Question):
            return EventAnswerShape(question=QuestionShape(text=span.text, choices=list(span.choices)))
        event = Event(
            event_id=new_id(),
            summary=given.summary,
            starts=span.starts,
            ends=span.ends,
            location=given.location,
            rule=span.rule,
        )
        kept = await _in_words(calendar.add_event(event), is_change=True)
        return EventAnswerShape(event=_shape(kept, frame))

    @router.patch("/{event_id:path}")
    async def change(event_id: EventId, given: EventEdit) -> EventAnswerShape:
        """Change an event; of what repeats one time or all. If that may mean two things, the question is the answer."""
        frame = frame_at(clock(), lean=Lean.DAY)
        event = await _in_words(_found(calendar, event_id, given, frame), is_change=False)
        starts = ends = None
        if given.when is not None:
            span = typed_move(event, given.when, frame=frame)
            if isinstance(span, Question):
                return EventAnswerShape(question=QuestionShape(text=span.text, choices=list(span.choices)))
            starts, ends = span
        edit = EventChange(summary=given.summary, location=given.location, starts=starts, ends=ends)
        asked = calendar.change_event(event_id, edit, occurrence=event.occurrence, is_series=given.is_series)
        await _in_words(asked, is_change=True)
        after = replace(
            event,
            summary=event.summary if given.summary is None else given.summary,
            location=event.location if given.location is None else given.location,
            starts=event.starts if starts is None else starts,
            ends=event.ends if ends is None else ends,
        )
        return EventAnswerShape(event=_shape(after, frame))

    @router.delete("/{event_id:path}", status_code=204)
    async def remove(event_id: EventId, occurrence: Occurrence = None) -> None:
        """Take an event out; of what repeats every time of it, or with `occurrence` that one."""
        when = None if occurrence is None else _when(occurrence)
        await _in_words(calendar.remove_event(event_id, occurrence=when), is_change=True)

    return router


async def _found(calendar: Calendar, event_id: str, given: EventEdit, frame: Frame) -> Event:
    """The event that is shown so. Raises LinkError, link.not_found."""
    wanted = _when(given.starts)
    start = moment_of(wanted, frame.zone)
    for one in await calendar.events(start - timedelta(minutes=1), start + timedelta(days=1)):
        is_it = one.occurrence == _when(given.occurrence) if given.occurrence is not None else one.starts == wanted
        if one.event_id == event_id and is_it:
            return one
    raise LinkError("That is not in the calendar any more.", code="link.not_found")


def _when(text: str) -> When:
    """A time as the API tells it. Raises LinkError, link.not_found for what is none: nothing can be then."""
    try:
        found = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or (isinstance(found, datetime) and found.tzinfo is None):
        raise LinkError("There is nothing at that time.", code="link.not_found")
    return found


async def _in_words(asked: Awaitable[_Result], *, is_change: bool) -> _Result:
    try:
        return await asked
    except LinkError as error:
        raise LinkError(trouble(error, is_change=is_change), code=error.code) from error


def _shape(event: Event, frame: Frame) -> EventShape:
    def iso(when: When) -> str:
        return when.astimezone(frame.zone).isoformat() if isinstance(when, datetime) else when.isoformat()

    return EventShape(
        id=event.event_id,
        summary=event.summary,
        when=event_told(event, frame=frame).removeprefix(event.summary).removesuffix(f", {event.location}").strip(),
        starts=iso(event.starts),
        ends=iso(event.ends),
        is_all_day=event.is_all_day,
        location=event.location,
        calendar=event.calendar,
        is_recurring=event.is_recurring,
        occurrence=None if event.occurrence is None else iso(event.occurrence),
    )
