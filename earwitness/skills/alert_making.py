"""What alarms and reminders are made of, from what was said. Pure."""

import re
from datetime import time
from typing import Final

from earwitness.domain.alert import Alert, AtMoment, AtWallTime, OnEvent, Place, Recurring, Rule
from earwitness.domain.errors import AlertError
from earwitness.domain.times import Frame
from earwitness.recurrence import check
from earwitness.skills.interface import Context, refuse

_GENTLY: Final = re.compile(r"\b(?:gently|softly|slowly|with (?:a )?rising volume|quietly)\b", re.IGNORECASE)
_NAMED: Final = re.compile(r"\s*\b(?:called|named|labelled|labeled)\s+(?P<name>.+)$", re.IGNORECASE)
_FILL: Final = re.compile(r"^(?:(?:for|at|on|to|an|a|the|up|please|and)\b\s*)+|\s+(?:for|at|on|to|please|and)$", re.IGNORECASE)


def spoken_request(words: str) -> tuple[str, str, bool]:
    """The words that say when, the name at their end, and whether it is to begin softly."""
    named = _NAMED.search(words)
    name = named["name"].strip() if named else ""
    rest = words[: named.start()] if named else words
    gentle = _GENTLY.sub("", rest)
    return " ".join(gentle.split()), name, gentle != rest


def without_filling(words: str) -> str:
    """Words that are left of a request, as a name."""
    return _FILL.sub("", " ".join(words.split())).strip(" ,.")


def place_of(context: Context) -> Place:
    """Where an alert rings that is asked for here: in this room, at this device, or everywhere when neither is known."""
    if context.area is not None:
        return Place.ROOM
    return Place.DEVICE if context.device_id is not None else Place.HOUSE


def check_rings(alert: Alert, *, frame: Frame) -> None:
    """Raises UnfulfillableError for one that would never ring, or beyond what is kept."""
    try:
        check(alert, household=frame.zone)
    except AlertError as error:
        raise refuse(error.sentence) from error


def wall_time(rule: Rule, *, frame: Frame) -> time:
    """The time of day of a rule, on the clock on the wall."""
    match rule:
        case AtMoment(at=at):
            return at.astimezone(frame.zone).time()
        case AtWallTime(local=local) | Recurring(start=local):
            return local.time()
        case OnEvent():
            raise refuse("That has no time of day")
