"""How good the judgements are: agreement over time and by pair, gold tasks, decisions of the lead. Counts and aliases alone.

It reads what the desk noted of judgements; there is no word in any of it. Calls block.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.review import Label, Settled
from earwitness.review.agreement import nominal_alpha
from earwitness.review.gold import Golds
from earwitness.review.reviewers import Reviewers
from earwitness.storage.database import Database
from earwitness.storage.desk import comparisons, judgements
from earwitness.storage.moments import moment

LOOKED_BACK: Final = timedelta(weeks=12)
GOLD_LOOKED_AT: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Agreement over some tasks that more than one person judged: alpha of the intents and of the sets of labels (None where
    nothing can be said), and the pairwise word error rate, from 0 to 1."""

    name: str
    """A week such as 2026-W10, or the name of a label, or "all"."""
    tasks: int
    intents_alpha: float | None
    labels_alpha: float | None
    word_error_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two who judged the same tasks, by alias: how many, and of how many they said the same."""

    one: str
    other: str
    tasks: int
    agreed: int
    intents_alpha: float | None
    word_error_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One reviewer: judgements, comparisons and those that agreed, decisions of the lead and those that were as they said, and
    the mean share that they had right of the last gold tasks (None without any)."""

    reviewer: str
    judged: int
    compared: int
    agreed: int
    decided: int
    upheld: int
    gold_score: float | None
    has_passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything since a moment."""

    overall: Agreed
    weeks: tuple[Agreed, ...]
    labels: tuple[tuple[Label, float | None], ...]
    """Alpha of each label by itself, as yes or no."""
    pairs: tuple[Pair, ...]
    workers: tuple[Worker, ...]


class Quality:
    """The quality of one desk's judgements. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, golds: Golds, reviewers: Reviewers, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._golds = golds
        self._reviewers = reviewers
        self._clock = clock

    def report(self) -> Report:
        """Agreement and work of the last twelve weeks. Raises StorageError."""
        since = (self._clock() - LOOKED_BACK).timestamp()
        with self._database.reading() as connection:
            made = connection.execute(sa.select(judgements).where(judgements.c.at > since).order_by(judgements.c.at)).all()
            beside = connection.execute(sa.select(comparisons).where(comparisons.c.at > since)).all()
        units = _units(made)
        labels = [(label, nominal_alpha([[label in _labels(one) for one in unit] for unit in units])) for label in Label]
        weeks = sorted({_week(unit[-1].at) for unit in units})
        return Report(
            overall=_agreed("all", units, beside),
            weeks=tuple(
                _agreed(
                    week, [unit for unit in units if _week(unit[-1].at) == week], [one for one in beside if _week(one.at) == week]
                )
                for week in weeks
            ),
            labels=tuple(labels),
            pairs=_pairs(units, beside),
            workers=tuple(self._worker(one, made, beside) for one in self._reviewers.known()),
        )

    def own(self, reviewer: str) -> tuple[int, int]:
        """Of how many tasks somebody else judged the same ones lately, and of how many they said the same."""
        since = (self._clock() - LOOKED_BACK).timestamp()
        mine = sa.or_(comparisons.c.reviewer == reviewer, comparisons.c.other == reviewer)
        with self._database.reading() as connection:
            query = sa.select(comparisons).where(comparisons.c.at > since, mine, comparisons.c.is_lead.is_(sa.false()))
            rows = connection.execute(query).all()
        return len(rows), sum(map(_is_same, rows))

    def _worker(self, reviewer: str, made: Sequence[Any], beside: Sequence[Any]) -> Worker:
        mine = [one for one in beside if reviewer in (one.reviewer, one.other) and not one.is_lead]
        decided = [one for one in beside if one.is_lead and one.other == reviewer]
        gold = self._golds.scores(reviewer, last=GOLD_LOOKED_AT)
        return Worker(
            reviewer=reviewer,
            judged=sum(one.reviewer == reviewer for one in made),
            compared=len(mine),
            agreed=sum(map(_is_same, mine)),
            decided=len(decided),
            upheld=sum(map(_is_same, decided)),
            gold_score=sum(gold) / len(gold) if gold else None,
            has_passed=self._reviewers.standing(reviewer).has_passed,
        )


def _units(made: Iterable[Any]) -> list[list[Any]]:
    """The judgements of each task that more than one person judged, the last of each person; the lead's decisions are none."""
    by_task: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for one in made:
        if one.settled != Settled.ADJUDICATED.value:
            by_task[one.task_id][one.reviewer] = one
    return [list(unit.values()) for unit in by_task.values() if len(unit) > 1]


def _agreed(name: str, units: Sequence[Sequence[Any]], beside: Iterable[Any]) -> Agreed:
    return Agreed(
        name=name,
        tasks=len(units),
        intents_alpha=nominal_alpha([[one.intent for one in unit] for unit in units]),
        labels_alpha=nominal_alpha([[_labels(one) for one in unit] for unit in units]),
        word_error_rate=_rate(one for one in beside if not one.is_lead),
    )


def _pairs(units: Iterable[Sequence[Any]], beside: Iterable[Any]) -> tuple[Pair, ...]:
    """Each two who judged the same, those with the most tasks first."""
    found: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for one in beside:
        if not one.is_lead:
            first, second = sorted((one.reviewer, one.other))
            found[first, second].append(one)
    intents: defaultdict[tuple[str, str], list[list[Hashable]]] = defaultdict(list)
    for unit in units:
        for one, other in ((a, b) for a in unit for b in unit if a.reviewer < b.reviewer):
            intents[one.reviewer, other.reviewer].append([one.intent, other.intent])
    pairs = [
        Pair(
            one=names[0],
            other=names[1],
            tasks=len(rows),
            agreed=sum(map(_is_same, rows)),
            intents_alpha=nominal_alpha(intents[names]),
            word_error_rate=_rate(rows),
        )
        for names, rows in found.items()
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.tasks, pair.one, pair.other)))


def _rate(rows: Iterable[Any]) -> float | None:
    """Word errors over words; None without any word."""
    every = list(rows)
    words = sum(one.words for one in every)
    return sum(one.word_errors for one in every) / words if words else None


def _is_same(row: Any) -> bool:
    return bool(row.is_same_intent and row.is_same_slots and row.is_same_labels and row.word_errors == 0)


def _labels(row: Any) -> frozenset[str]:
    return frozenset(json.loads(row.labels))


def _week(stamp: float) -> str:
    year, week, _ = moment(stamp).isocalendar()
    return f"{year}-W{week:02}"
