"""What people do after a turn, counted while a version is on trial: ask again, call off, say that it was wrong.

Owns the table `improve_signals`. The words of the last turn at a place are in memory for half a minute, and until `flush` is
called next, to tell whether the next says the same; what is written is counts. `note` never blocks; `flush` does.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome, Turn
from earwitness.improve.plain_text import plain_words
from earwitness.improve.running import Trial
from earwitness.improve.verdict import Signals, total
from earwitness.storage.database import Database
from earwitness.storage.improve import improve_signals

SOON: Final = timedelta(seconds=30)
"""What is said later is a new request, not a comment on the one before."""
SAME_WORDS: Final = 0.5
"""Share of words in common from which two requests are the same one again."""
CORRECTIONS: Final = frozenset(("CorrectHeard", "MarkFalseWake", "UndoChange", "OtherOne", "KeepFormer"))
CANCELLATIONS: Final = frozenset(("HassNevermind", "Stop"))
_COUNTS: Final = ("turns", "repeats", "cancellations", "corrections")


@dataclass(frozen=True, slots=True)
class _Last:
    """The turn before at a place, as long as it can be commented on."""

    at: datetime
    words: frozenset[str]
    trial: Trial
    is_judged: bool = False


class LiveSignals:
    """`trial` tells which version is tried, and whether it is at a place; `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, trial: Callable[[Context], Trial | None], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._trial = trial
        self._clock = clock
        self._last: dict[str, _Last] = {}
        self._waiting: dict[tuple[str, bool, str], Signals] = {}
        self._writing = threading.Lock()

    def note(self, turn: Turn, context: Context) -> None:
        """Count a turn that has just ended there, and what it says of the one before."""
        trial, place = self._trial(context), context.device_id or context.page_id or context.person_id or ""
        with self._writing:
            if trial is None:
                self._last.clear()
                return
            before = self._last.pop(place, None)
        now, words = self._clock(), frozenset(plain_words(turn.transcript))
        comment = None
        if before is not None and now - before.at <= SOON and not before.is_judged:
            comment = _comment(turn, words, before.words)
            if comment is not None:
                self._add(before.trial, now, comment)
        if words and comment not in (_CANCELLED, _CORRECTED):
            self._add(trial, now, Signals(turns=1))
            with self._writing:
                self._last[place] = _Last(now, words, trial, turn.outcome is Outcome.CANCELLED)
            if turn.outcome is Outcome.CANCELLED:
                self._add(trial, now, _CANCELLED)

    def _add(self, trial: Trial, now: datetime, found: Signals) -> None:
        with self._writing:
            key = (trial.model_id, trial.has_model, now.astimezone(UTC).date().isoformat())
            self._waiting[key] = total([self._waiting.get(key, Signals()), found])

    def flush(self) -> None:
        """Write what was counted, and forget what was said too long ago. Raises StorageError; then it is tried again."""
        with self._writing:
            waiting, self._waiting = self._waiting, {}
            now = self._clock()
            self._last = {place: last for place, last in self._last.items() if now - last.at <= SOON}
        if not waiting:
            return
        try:
            with self._database.writing() as connection:
                for (model_id, has_model, day), found in waiting.items():
                    _write(connection, model_id, has_model, day, found)
        except BaseException:
            with self._writing:
                for key, found in waiting.items():
                    self._waiting[key] = total([self._waiting.get(key, Signals()), found])
            raise


_REPEATED: Final = Signals(repeats=1)
_CANCELLED: Final = Signals(cancellations=1)
_CORRECTED: Final = Signals(corrections=1)


def _comment(turn: Turn, words: frozenset[str], before: frozenset[str]) -> Signals | None:
    """What a turn says of the one before it, if anything."""
    intent = None if turn.intent is None else turn.intent.name
    if intent in CORRECTIONS:
        return _CORRECTED
    if intent in CANCELLATIONS:
        return _CANCELLED
    if words and len(words & before) >= SAME_WORDS * len(words | before):
        return _REPEATED
    return None


def _write(connection: sa.Connection, model_id: str, has_model: bool, day: str, found: Signals) -> None:
    key = {"model_id": model_id, "has_model": has_model, "day": day}
    where = [improve_signals.c[name] == value for name, value in key.items()]
    row = connection.execute(sa.select(improve_signals).where(*where)).one_or_none()
    if row is None:
        connection.execute(sa.insert(improve_signals).values(**key, **found.as_json()))
        return
    there = Signals(**{name: getattr(row, name) for name in _COUNTS})
    connection.execute(sa.update(improve_signals).where(*where).values(**total([there, found]).as_json()))
