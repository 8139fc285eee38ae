"""Consent: a dated decision of a person for one purpose, with the text that was shown; and for how long something is kept."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

DAY_SECONDS: Final = 86_400.0
SHORTEST_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 3_660 * DAY_SECONDS
PERIODS: Final = {
    "day": DAY_SECONDS,
    "week": 7 * DAY_SECONDS,
    "month": 30 * DAY_SECONDS,
    "three months": 91 * DAY_SECONDS,
}
"""The retention periods that have a name, in seconds."""
USUAL_PERIOD: Final = "week"


class Purpose(StrEnum):
    """What a person may consent to; each off until they say so."""

    KEEP = "keep"
    """Keep my recordings."""
    REVIEW = "review"
    """Let people review a tiny sample of them."""
    HEAR = "hear"
    """Let the reviewer of one of them hear it, in a disguised voice; nothing without `REVIEW`."""
    TRAIN = "train"
    """Train speech models on them."""
    IDENTIFY = "identify"
    """Recognise my voice."""


class Keeps(StrEnum):
    """What is kept of a turn."""

    AUDIO = "audio"
    """The sound and the words."""
    TEXT = "text"
    """The words alone."""


class Way(StrEnum):
    """How a decision reached the house."""

    PAGE = "page"
    API = "api"
    VOICE = "voice"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """What was shown when the decision was made: a question in plain words and what follows from yes. Versions count from 1.

    `spoken` is what is said instead when the decision is made by voice; {what} and {period} stand for what is kept, how long.
    """

    purpose: Purpose
    version: int
    title: str
    text: str
    spoken: str
    digest: str
    """SHA-256 of title, text and spoken, with line feeds between, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision. The latest for a purpose is in force; `position` is its place in the ledger once it is committed there."""

    decision_id: str
    person_id: str
    purpose: Purpose
    is_given: bool
    decided_at: datetime
    way: Way
    text_version: int
    text_digest: str
    is_objection: bool = False
    """An objection stands until it is lifted: a later consent by another way does not undo it by accident."""
    retention_seconds: float | None = None
    keeps: Keeps | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What may be kept of what a person says from now on, and for how long."""

    keeps: Keeps
    retention_seconds: float


def parse_period(said: str) -> float | None:
    """The seconds of "a week", "three months", "10 days", "36 hours", "a year"; 0 for "none"; None if it is no period.

    A month is 30 days, three months are 91, a year is 365.
    """
    words = re.sub(r"^(?:for |a |an |one |1 )+", "", said.strip().lower().replace("_", " "))
    if words in ("none", "nothing", "0"):
        return 0.0
    if words in ("3 months", "a quarter"):
        words = "three months"
    if (named := PERIODS.get(words)) is not None:
        return named
    match = re.fullmatch(r"(\d+(?:\.\d+)?|) ?(second|minute|hour|day|week|month|year)s?", words)
    if match is None:
        return None
    units = {
        "second": 1.0,
        "minute": 60.0,
        "hour": 3600.0,
        "day": DAY_SECONDS,
        "week": 7 * DAY_SECONDS,
        "month": 30 * DAY_SECONDS,
        "year": 365 * DAY_SECONDS,
    }
    return float(match[1] or 1) * units[match[2]]


def say_period(seconds: float) -> str:
    """ "a day", "a week", "three months", "10 days", "36 hours"."""
    for name, length in PERIODS.items():
        if seconds == length:
            return name if name == "three months" else f"a {name}"
    for unit, length in (("day", DAY_SECONDS), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "1 second" if seconds == 1 else f"{seconds:.12g} seconds"
