"""The JSON of alarms, reminders and timers as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from earwitness.domain.ring_sound import LONGEST_REFERENCE

Sound = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REFERENCE)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class AlertShape(_Shape):
    """An alarm, a reminder or a timer."""

    id: str
    kind: Literal["alarm", "reminder", "timer"]
    name: str
    text: str
    """Of what a reminder reminds."""
    when: str
    """In words: "every weekday at 6:45 AM", "10 minutes". Typed into `when`, they mean the same."""
    next_at: str | None
    """When it rings next, in ISO 8601; null while nothing is to come."""
    next_in_words: str
    is_on: bool
    is_recurring: bool
    skipped: str
    """Which occurrence is passed over, in words; empty for none."""
    area: str | None
    """The room in which it rings; null: everywhere, or at a satellite that is in no room."""
    whose: str
    """For whom a reminder is, by name; empty: for everyone."""
    is_ringing: bool
    is_snoozed: bool
    is_rising: bool
    """Whether it begins softly."""
    sound: str
    """With what it rings: one of /api/v1/sounds."""
    sound_title: str
    rings_plainly_at: list[str]
    """Names of the satellites that cannot ring so: they ring with a tone of their own."""
    is_paused: bool
    seconds_left: float | None
    seconds_total: float | None


class AlertsShape(_Shape):
    alerts: list[AlertShape]
    rooms: list[str]


class QuestionShape(_Shape):
    """What has to be known first. Each choice may be sent as `when` instead."""

    text: str
    choices: list[str]


class AlertAnswerShape(_Shape):
    """Either the alert as it is kept, or a question; then nothing was changed."""

    alert: AlertShape | None = None
    question: QuestionShape | None = None


class NewAlert(_Shape):
    kind: Literal["alarm", "reminder", "timer"]
    when: Words
    """As one says it: "tomorrow at 7 am", "every other Tuesday at noon", "good night"; of a timer how long it runs."""
    name: Name = ""
    text: Text = ""
    area: str | None = None
    is_for_everyone: bool = False
    """Whether a reminder is for everyone, and not for whoever makes it."""
    is_rising: bool = False
    """Of an alarm: whether it begins softly."""
    sound: Sound | None = None
    """Of an alarm; left out, the household's usual one."""


class AlertChange(_Shape):
    """What is left out stays."""

    when: Words | None = None
    area: str | None = None
    """The room in which it rings; empty: everywhere."""
    name: Name | None = None
    text: Text | None = None
    is_on: bool | None = None
    is_rising: bool | None = None
    """Of an alarm."""
    sound: Sound | None = None
    """Of an alarm."""
    is_next_skipped: bool | None = None
    is_paused: bool | None = None
    """Of a timer."""
    is_ringing: Literal[False] | None = None
    """False stops what rings or is snoozed."""
    more_seconds: Annotated[float, Field(ge=-86400, le=86400)] | None = None
    """So much more time for a timer."""
