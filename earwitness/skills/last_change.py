"""The last change that was made to the home from each place, with how things were before: for "undo that" and "the other one".

Only in memory, only the last of each place and person, and only for a while. It changes nothing itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from earwitness.domain.home import Device
from earwitness.domain.intent import Context, Intent

KEPT_SECONDS: Final = 15 * 60.0
MOST_PLACES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was asked, and the devices that were changed by it, as they had been; `also` may have been changed (by a scene)."""

    intent: Intent
    before: tuple[Device, ...]
    also: tuple[Device, ...] = ()


class LastChanges:
    """The last change by the place where it was asked for and who asked. `clock` counts seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str | None, str | None], tuple[float, Change]] = OrderedDict()

    def remember(self, change: Change, *, context: Context) -> None:
        """Keep it as the last one of this place."""
        key = (context.device_id, context.person_id)
        self._kept[key] = (self._clock(), change)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_PLACES:
            self._kept.popitem(last=False)

    def last(self, context: Context) -> Change | None:
        """The last one of this place; None if there was none for a while."""
        at, change = self._kept.get((context.device_id, context.person_id), (0.0, None))
        return change if change is not None and self._clock() - at <= KEPT_SECONDS else None
