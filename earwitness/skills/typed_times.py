"""Times that are typed into a field, as people say them: what they mean, or the question that has to be answered first. Pure.

A question's `choices` are words that, typed instead, mean one thing.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earwitness.domain.alert import GOOD_NIGHT, Alert, AtWallTime, OnEvent, Recurring, Rule
from earwitness.domain.calendar import Event
from earwitness.domain.calendar import When as EventTime
from earwitness.domain.errors import AlertError
from earwitness.domain.times import Ambiguous, Day, Duration, Frame, Interval
from earwitness.domain.turn import Outcome
from earwitness.skills.alert_making import wall_time
from earwitness.skills.calendar_times import Span, moved_span, span_of
from earwitness.skills.interface import Context, Intent, UnfulfillableError
from earwitness.skills.when import When, when_of
from earwitness.understand.times import find, read, words_of

_LEADING: Final = re.compile(r"^(?:for|at|on|to|in)\s+", re.IGNORECASE)
_AT_NIGHT: Final = re.compile(
    r"(?P<each>every time |whenever |each time )?(?:when )?(?:i|we)? ?(?:say )?good ?night|at bedtime", re.IGNORECASE
)
_TYPED: Final = Intent(name="Typed")
_AGAIN: Final = 'I do not know what time that is. Say it as you would aloud, for example "every weekday at 6:45 AM".'


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What has to be asked back."""

    text: str
    choices: tuple[str, ...] = ()


def typed_when(words: str, *, frame: Frame) -> When | Question:
    """When something is to ring. Raises AlertError (alert.invalid) for what is over or cannot be."""
    if (at_night := _AT_NIGHT.fullmatch(words.strip())) is not None:
        rule = OnEvent(event=GOOD_NIGHT, is_once=at_night["each"] is None)
        return When(rule=rule, told="when you say good night")
    try:
        return when_of(_TYPED, context=Context(), words=words, frame=frame, question=_AGAIN, is_whole=True)
    except UnfulfillableError as stopped:
        return _question(stopped, words, frame=frame)


def typed_span(words: str, *, frame: Frame) -> Span | Question:
    """When an event is to be. Raises AlertError (alert.invalid) for what is over or repeats too often."""
    try:
        span = span_of(_TYPED, context=Context(), words=words, frame=frame)
    except UnfulfillableError as stopped:
        return _question(stopped, words, frame=frame)
    return Question(text=_AGAIN) if span.rest else span


def typed_move(event: Event, words: str, *, frame: Frame) -> tuple[EventTime, EventTime] | Question:
    """From when to when an event is once it is moved. Raises AlertError (alert.invalid) for what is over."""
    try:
        return moved_span(event, words, intent=_TYPED, context=Context(), frame=frame)
    except UnfulfillableError as stopped:
        return _question(stopped, words, frame=frame)


def typed_seconds(words: str, *, frame: Frame) -> float | None:
    """A length in seconds; None for what is none. A bare number counts minutes."""
    length = read(f"{words} minutes" if words.strip().isdigit() else _LEADING.sub("", words.strip()), frame=frame)
    if not isinstance(length, Duration) or length.months:
        return None
    return float(length.days * 86400 + length.seconds)


def changed_rule(alert: Alert, when: When, *, frame: Frame) -> Rule:
    """The rule of an alert that is to ring at another time: a mere hour keeps the days on which it rings."""
    rule = when.rule
    if not when.is_hour:
        return rule
    if isinstance(alert.rule, Recurring):
        return replace(alert.rule, start=datetime.combine(alert.rule.start.date(), wall_time(rule, frame=frame)))
    if isinstance(alert.rule, AtWallTime):
        later = replace(alert.rule, local=datetime.combine(alert.rule.local.date(), wall_time(rule, frame=frame)))
        return later if later.local > frame.now.replace(tzinfo=None) else rule
    return rule


def _question(stopped: UnfulfillableError, words: str, *, frame: Frame) -> Question:
    result = stopped.result
    if result.outcome is not Outcome.ASKED:
        raise AlertError(result.reply, code="alert.invalid") from stopped
    found = find(words, frame=frame)
    reading = read(_LEADING.sub("", words), frame=frame) or (found.reading if found is not None else None)
    if isinstance(reading, Ambiguous):
        return Question(text=reading.question, choices=tuple(words_of(one, frame=frame) for one in reading.candidates))
    if isinstance(reading, Day | Interval) and "all day" in result.reply:
        return Question(text=result.reply, choices=(f"{words} all day",))
    return Question(text=_AGAIN if reading is None else result.reply)
