"""When whoever reviews must rest. Pure: what they did and the time come as arguments.

A rest costs nothing: no task is lost by it, and it does not count against anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Stints:
    """How long may be worked in one go: so many tasks, or so long, whichever is first; then a rest of `rest`."""

    most_tasks: int = 60
    longest: timedelta = timedelta(hours=1)
    rest: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """The time with one task: from when it was begun until it was over, None while it is not."""

    begun_at: datetime
    ended_at: datetime | None


def rest_until(spells: Sequence[Spell], *, now: datetime, stints: Stints) -> datetime | None:
    """Until when somebody has to rest before the next task, None if they may go on. `spells` are in order of their beginnings.

    Work goes on as long as no pause in it is as long as a rest.
    """
    tasks, began, ended = 0, now, now
    for spell in reversed(spells):
        over_at = spell.ended_at or spell.begun_at
        if began - max(over_at, spell.begun_at) >= stints.rest:
            break
        if tasks == 0:
            ended = over_at
        tasks, began = tasks + 1, min(began, spell.begun_at)
    is_long = tasks >= stints.most_tasks or (tasks > 0 and ended - began >= stints.longest)
    return ended + stints.rest if is_long else None
