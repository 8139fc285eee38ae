"""Rules of conduct over what a reviewer did. Pure: the log comes as an argument, and the same log gives the same verdict.

A rule that is broken suspends at once; whoever oversees review decides what follows. The limits are far from how people work.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What a reviewer did at the desk."""

    LEASED = "leased"
    OPENED = "opened"
    """The words of a task were fetched."""
    PLAYED = "played"
    """A part of the sound of a task was fetched."""
    JUDGED = "judged"
    HANDED_BACK = "handed_back"
    COPIED = "copied"
    """Words of a task were copied out of the page."""
    REFUSED = "refused"
    """Something was asked for that is not theirs, or not any more."""


class Rule(StrEnum):
    """What must not be done; the value is how it is told."""

    REPLAYING = "opened one task again and again"
    SKIPPING = "handed back task after task: looking for something"
    SCRAPING = "opened tasks faster than anybody can read"
    GUESSING = "asked again and again for what is not theirs"
    READING_ONLY = "opened many tasks and judged none"
    COPYING = "copied the words of task after task"
    CANARY = "copied or asked for what nobody who works has a reason to"
    """Not out of the log: the desk finds it."""


MOST_OPENINGS: Final = 8
"""Of one task within `A_WHILE`."""
MOST_PLAYED: Final = 24
"""Parts of four seconds of one task's sound within `A_WHILE`: a request of usual length a dozen times."""
A_WHILE: Final = timedelta(hours=1)
MOST_SKIPPED: Final = 8
"""Tasks handed back one after the other, none judged in between."""
MOST_A_MINUTE: Final = 12
"""Different tasks opened within a minute."""
MOST_REFUSED: Final = 6
"""Refusals within ten minutes."""
MOST_COPIED: Final = 8
"""Tasks of which words were copied within an hour."""
MOST_UNJUDGED: Final = 15
"""Tasks opened within an hour of which none was judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One line of the log of one reviewer."""

    at: datetime
    what: Act
    task_id: str | None = None


def broken(log: Sequence[Done], *, now: datetime) -> Rule | None:
    """The rule that a reviewer's log, oldest first, breaks at this moment; None if it breaks none."""
    hour = [one for one in log if now - one.at <= A_WHILE]
    opened = [one for one in hour if one.what is Act.OPENED]
    if max(Counter(one.task_id for one in opened).values(), default=0) > MOST_OPENINGS:
        return Rule.REPLAYING
    if max(Counter(one.task_id for one in hour if one.what is Act.PLAYED).values(), default=0) > MOST_PLAYED:
        return Rule.REPLAYING
    if len({one.task_id for one in opened if now - one.at <= timedelta(minutes=1)}) > MOST_A_MINUTE:
        return Rule.SCRAPING
    if sum(one.what is Act.REFUSED for one in hour if now - one.at <= timedelta(minutes=10)) > MOST_REFUSED:
        return Rule.GUESSING
    if len({one.task_id for one in hour if one.what is Act.COPIED}) > MOST_COPIED:
        return Rule.COPYING
    settled = [one.what for one in hour if one.what in (Act.JUDGED, Act.HANDED_BACK)]
    if len(settled) > MOST_SKIPPED and Act.JUDGED not in settled[-MOST_SKIPPED - 1 :]:
        return Rule.SKIPPING
    if len({one.task_id for one in opened}) > MOST_UNJUDGED and not any(one.what is Act.JUDGED for one in hour):
        return Rule.READING_ONLY
    return None
