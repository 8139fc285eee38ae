"""The calendar: what is next, what is on a day, whether somebody is free, adding events and taking them out.

It asks the port `Calendar` once for each reply, which ends within its two seconds; what was not confirmed is never said to be
done. It keeps nothing itself.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from earwitness.domain.calendar import LONGEST_SUMMARY, Event, EventChange, When, moment_of
from earwitness.domain.errors import LinkError, StorageError
from earwitness.domain.times import Frame, Lean
from earwitness.skills.alert_making import spoken_request, without_filling
from earwitness.skills.calendar_port import Calendar
from earwitness.skills.calendar_times import clock_time, days_told, moved_span, span_of, stretch_of
from earwitness.skills.event_choice import chosen, event_told, in_turn, trouble
from earwitness.skills.interface import (
    Context,
    Intent,
    Parts,
    Skill,
    SkillResult,
    SlotValue,
    UnfulfillableError,
    answered,
    ask,
    done,
    failed,
    refuse,
    slot_text,
)
from earwitness.skills.when import frame_at
from earwitness.skills.wording import listed, sentence

TOLD_AT_MOST: Final = 6
AHEAD: Final = timedelta(days=90)
"""How far ahead "what is next" looks."""
YEAR: Final = timedelta(days=366)
"""How far ahead an event is looked for by its name."""


_CHANGES: Final = frozenset(("AddEvent", "MoveEvent", "RenameEvent", "PlaceEvent"))
_ALL: Final = re.compile(r"\b(?:all|every|each|whole|series|always)\b", re.IGNORECASE)
_ONE: Final = re.compile(r"\b(?:this|that|one|only|just|once|single)\b", re.IGNORECASE)
_NEITHER: Final = re.compile(r"^(?:no|none|neither|nothing|cancel|stop|never ?mind)\b", re.IGNORECASE)


class CalendarSkill:
    """The calendar of the home. `calendar` None: there is none."""

    def __init__(self, calendar: Calendar | None, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._calendar = calendar
        self._clock = clock
        self._new_id = new_id
        self._deeds: dict[str, Callable[[Intent, Context, Calendar], Awaitable[SkillResult]]] = {
            "NextEvent": self._next,
            "AskCalendar": self._ask,
            "AskFree": self._free,
            "FindEvent": self._find,
            "AddEvent": self._add,
            "RemoveEvent": self._remove,
            "MoveEvent": self._change,
            "RenameEvent": self._change,
            "PlaceEvent": self._change,
        }

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """Nothing can be known before the calendar has answered."""
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if self._calendar is None:
            raise refuse("There is no calendar here")
        try:
            return await self._deeds[intent.name](intent, context, self._calendar)
        except LinkError as error:
            return failed(trouble(error, is_change=intent.name in _CHANGES or "event_id" in intent.slots))
        except StorageError as error:
            is_full = error.code == "storage.full"
            return failed(
                f"I could not change the calendar: {'no space is left on the disk' if is_full else 'its file cannot be written'}."
            )

    def _frame(self, *, lean: Lean = Lean.DAY) -> Frame:
        return frame_at(self._clock(), lean=lean)

    async def _next(self, intent: Intent, context: Context, calendar: Calendar) -> SkillResult:
        frame = self._frame()
        events = await calendar.events(frame.now, frame.now + AHEAD)
        coming = [one for one in events if moment_of(one.starts, frame.zone) > frame.now]
        going = [one for one in events if one not in coming]
        now = f"Now there is {listed([_until(one, frame=frame) for one in going[:TOLD_AT_MOST]])}." if going else ""
        if not coming:
            return answered(now or f"Nothing is in the calendar for the next {AHEAD.days} days.")
        return answered(f"{now} Next is {event_told(coming[0], frame=frame)}.".strip())

    async def _ask(self, intent: Intent, context: Context, calendar: Calendar) -> SkillResult:
        frame, words = self._frame(), slot_text(intent.slots, "when")
        stretch = stretch_of(words or "today", frame=frame)
        if stretch is None:
            return await self._find(replace(intent, slots={"which": words}), context, calendar)
        events = await calendar.events(stretch.start, stretch.end if words else stretch.start + timedelta(days=8))
        found = [one for one in events if moment_of(one.starts, frame.zone) < stretch.end]
        if not found:
            others = f" Next is {event_told(events[0], frame=frame)}." if events else ""
            return answered(f"Nothing is in the calendar {stretch.told}.{others}")
        told = [in_turn(one, frame=frame, is_one_day=stretch.is_one_day) for one in found[:TOLD_AT_MOST]]
        more = [f"{len(found) - TOLD_AT_MOST} more"] if len(found) > TOLD_AT_MOST else []
        return answered(sentence(f"{stretch.told}: {listed([*told, *more])}"))

    async def _free(self, intent: Intent, context: Context, calendar: Calendar) -> SkillResult:
        frame, words = self._frame(), slot_text(intent.slots, "when")
        stretch = stretch_of(words, frame=frame) if words else None
        if stretch is None:
            question = f'I do not know what time "{words}" is. When?' if words else "When?"
            raise ask(question, slot="when", intent=intent, context=context)
        events = await calendar.events(stretch.start, stretch.end)
        hours = [one for one in events if not one.is_all_day]
        days = [one.summary for one in events if one.is_all_day]
        beside = f" All day there is {listed(days[:TOLD_AT_MOST])}." if days else ""
        if not hours and not days:
            return answered(f"Yes, nothing is in the calendar {stretch.told}.")
        if not hours:
            return answered(f"You have no appointment {stretch.told}.{beside}")
        told = [in_turn(one, frame=frame, is_one_day=stretch.is_one_day, has_end=True) for one in hours[:TOLD_AT_MOST]]
        return answered(f"Not wholly: {stretch.told} there is {listed(told)}.{beside}")

    async def _find(self, intent: Intent, context: Context, calendar: Calendar) -> SkillResult:
        frame = self._frame()
        events = await calendar.events(frame.now, frame.now + YEAR)
        found = chosen(_which(intent), events=events, frame=frame)
        if not found:
            raise refuse(f'There is no "{_which(intent)[0]}" in the calendar in the coming year')
        return answered(sentence(event_told(found[0], frame=frame)))

    async def _add(self, intent: Intent, context: Context, calendar: Calendar) -> SkillResult:
        frame = self._frame(lean=Lean.DAY)
        words, name, _ = spoken_request(slot_text(intent.slots, "request"))
        span_words = words if name else f"{slot_text(intent.slots, 'noun')} {words}".strip()
        if not span_words and not name and not slot_text(intent.slots, "title"):
            raise ask("What is it called?", slot="title", intent=intent, context=context)
        span = span_of(intent, context=context, words=span_words, frame=frame)
        noun = slot_text(intent.slots, "noun")
        title = name or _title(span.rest, noun=noun) or slot_text(intent.slots, "title")
        if not title:
            raise ask("What is it called?", slot="title", intent=intent, context=context)
        if len(title) > LONGEST_SUMMARY:
            raise refuse(f"The name of an event has at most {LONGEST_SUMMARY} characters")
        event = Event(event_id=self._new_id(), summary=title, starts=span.starts, ends=span.ends, rule=span.rule)
        await calendar.add_event(event)
        told = f"{title} {span.told}"
        undo = Intent(name="RemoveEvent", slots={"event_id": event.event_id, "told": told, "which": title, "confirmed": True})
        return replace(done(sentence(f"added {told}")), undo=undo)

    async def _remove(self, intent: Intent, context: Context, calendar: Calendar) -> SkillResult:
        event_id, told = slot_text(intent.slots, "event_id"), slot_text(intent.slots, "told")
        if not event_id:
            frame = self._frame()
            event = await self._one(intent, context, calendar, frame=frame)
            told = event_told(event, frame=frame)
            waiting = _bound(intent, event, told=told)
            if event.is_recurring:
                raise _which_of_them(told, waiting, context)
            raise ask(f"{sentence(told)[:-1]}. Cancel it?", slot="confirmed", intent=waiting, context=context)
        if "occurrence" in intent.slots:
            is_series = _scope(intent, context, told=told)
            if is_series is None:
                return answered("All right, it stays.")
            await calendar.remove_event(event_id, occurrence=None if is_series else _occurrence(intent))
            rest = "is cancelled, every time of it" if is_series else "is cancelled; the others stay"
            return done(sentence(f"{slot_text(intent.slots, 'summary') if is_series else told} {rest}"))
        if intent.slots.get("confirmed") is not True:
            return answered("All right, it stays.")
        await calendar.remove_event(event_id)
        return done(sentence(f"{told} is cancelled"))

    async def _change(self, intent: Intent, context: Context, calendar: Calendar) -> SkillResult:
        """Another time, name or place; of what repeats it is asked whether that is for this one or for all."""
        frame = self._frame(lean=Lean.DAY)
        if "event_id" not in intent.slots or "occurrence" not in intent.slots:
            event = await self._one(intent, context, calendar, frame=frame)
            change, reply = self._changed(event, intent, context, frame=frame)
            told = event_told(event, frame=frame)
            if event.is_recurring:
                raise _which_of_them(told, _bound(intent, event, told=told), context)
            await calendar.change_event(event.event_id, change)
            return done(reply)
        is_series = _scope(intent, context, told=slot_text(intent.slots, "told"))
        if is_series is None:
            return answered("All right, nothing is changed.")
        event = await self._again(intent, calendar)
        change, reply = self._changed(event, intent, context, frame=frame)
        await calendar.change_event(event.event_id, change, occurrence=event.occurrence, is_series=is_series)
        return done(f"{reply[:-1]}, every time of it." if is_series else reply)

    def _changed(self, event: Event, intent: Intent, context: Context, *, frame: Frame) -> tuple[EventChange, str]:
        """What is to be otherwise, and how that is told. Raises UnfulfillableError to ask or refuse."""
        name, place = slot_text(intent.slots, "new_title"), slot_text(intent.slots, "place")
        if len(name or place) > LONGEST_SUMMARY:
            raise refuse(f"The name and the place of an event have at most {LONGEST_SUMMARY} characters")
        if intent.name == "RenameEvent":
            return EventChange(summary=name), sentence(f"{event.summary} is called {name} now")
        if intent.name == "PlaceEvent":
            return EventChange(location=place), sentence(f"the place of {event.summary} is {place} now")
        starts, ends = moved_span(event, slot_text(intent.slots, "to"), intent=intent, context=context, frame=frame)
        moved = replace(event, starts=starts, ends=ends, location="")
        return EventChange(starts=starts, ends=ends), sentence(f"moved: {event_told(moved, frame=frame)}")

    async def _again(self, intent: Intent, calendar: Calendar) -> Event:
        """The time of the series that was chosen before. Raises LinkError if it is there no more."""
        at = _occurrence(intent)
        start = moment_of(at, self._frame().zone) - timedelta(days=1)
        for one in await calendar.events(start, start + YEAR):
            if one.event_id == slot_text(intent.slots, "event_id") and one.occurrence == at:
                return one
        raise LinkError("That is not in the calendar any more.", code="link.not_found")

    async def _one(self, intent: Intent, context: Context, calendar: Calendar, *, frame: Frame) -> Event:
        """The event that is meant; of one that repeats, the time that is. Raises UnfulfillableError to ask or refuse."""
        events = await calendar.events(frame.now, frame.now + YEAR)
        found = chosen(_which(intent), events=events, frame=frame)
        if not found:
            raise refuse(f'There is no "{_which(intent)[0]}" in the calendar in the coming year')
        firsts = list({one.event_id: one for one in reversed(found)}.values())[::-1]
        if len(firsts) > 1:
            options = listed([event_told(one, frame=frame) for one in firsts[:TOLD_AT_MOST]], last="or")
            raise ask(f"Which one: {options}?", slot="also", intent=intent, context=context)
        return firsts[0]


def _bound(intent: Intent, event: Event, *, told: str) -> Intent:
    """The intent with the event that is meant, for when the answer comes."""
    slots: dict[str, SlotValue] = {**intent.slots, "event_id": event.event_id, "told": told, "summary": event.summary}
    if event.occurrence is not None:
        slots["occurrence"] = event.occurrence.isoformat()
    return replace(intent, slots=slots)


def _which_of_them(told: str, waiting: Intent, context: Context) -> UnfulfillableError:
    return ask(f"{sentence(told)[:-1]}. It repeats: this one or all?", slot="scope", intent=waiting, context=context)


def _scope(intent: Intent, context: Context, *, told: str) -> bool | None:
    """Whether all times of it are meant; None: nothing is to be done. Raises UnfulfillableError to ask again."""
    said = slot_text(intent.slots, "scope")
    if _NEITHER.search(said):
        return None
    if _ALL.search(said):
        return True
    if _ONE.search(said):
        return False
    raise _which_of_them(told, intent, context)


def _occurrence(intent: Intent) -> When:
    text = slot_text(intent.slots, "occurrence")
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _which(intent: Intent) -> list[str]:
    """The words that say which event is meant, those of an answer apart."""
    words = f"{slot_text(intent.slots, 'noun')} {slot_text(intent.slots, 'rest')}".strip()
    also = slot_text(intent.slots, "also")
    return [slot_text(intent.slots, "which") or words, *([also] if also else [])]


def _title(rest: str, *, noun: str) -> str:
    """What is left of a request as a name. "An event" alone is none."""
    title = without_filling(rest)
    return without_filling(title.removeprefix(noun)) if noun in ("event", "calendar entry") else title


def _until(event: Event, *, frame: Frame) -> str:
    """What goes on now."""
    if not isinstance(event.ends, datetime):
        last = event.ends - timedelta(days=1)
        is_today = last <= frame.now.date()
        return f"{event.summary}, all day" if is_today else f"{event.summary} until {days_told(last, last, frame=frame)}"
    return f"{event.summary} until {clock_time(event.ends, frame=frame)}"


def make(parts: Parts) -> Skill:
    inside = parts.inside
    return CalendarSkill(inside.calendar, clock=parts.clock, new_id=inside.new_id)
