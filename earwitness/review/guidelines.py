"""What reviewers read before anything else, in versions: the first is guidelines.toml, the lead writes those after it.

Owns the desk's table `guidelines`. What reviewers are asked about them is in `entry_test`. Calls block.
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.errors import ReviewError
from earwitness.storage.database import Database
from earwitness.storage.desk import LOCK, guidelines
from earwitness.storage.moments import moment

FIRST: Final = 1
"""The version that comes with the package."""
FEWEST_QUESTIONS: Final = 8
"""In the pool: twice as many as are asked, so that nobody learns the test by taking it."""
FEWEST_CHOICES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part; `examples` are pairs of the words of a request and what to do with it."""

    title: str
    text: str
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of the pool; `right` is the number of the right choice."""

    words: str
    asks: str
    choices: tuple[str, ...]
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The guidelines as they were from a moment on; the package's have neither moment nor author."""

    version: int
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    made_at: datetime | None = None
    made_by: str = ""


class Guidelines:
    """The versions of one desk. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def number(self) -> int:
        """The number of the version in force. Raises StorageError."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(sa.func.max(guidelines.c.version))).scalar() or FIRST

    def current(self) -> Version:
        """The version in force. Raises StorageError."""
        return self.find(self.number())

    def find(self, version: int) -> Version:
        """One version. Raises ReviewError (review.unknown)."""
        if version == FIRST:
            return first()
        with self._database.reading() as connection:
            row = connection.execute(sa.select(guidelines).where(guidelines.c.version == version)).one_or_none()
        if row is None:
            raise ReviewError("There is no such version of the guidelines.")
        return _version(json.loads(row.body), version=version, made_at=moment(row.made_at), made_by=row.made_by)

    def all(self) -> tuple[Version, ...]:
        """Every version, the newest first."""
        return tuple(self.find(number) for number in range(self.number(), 0, -1))

    def write(self, by: str, *, sections: Sequence[Section], questions: Sequence[Question]) -> Version:
        """Put a new version in force; everybody reads it before their next task. Raises ReviewError (review.invalid)."""
        if not sections:
            raise ReviewError("Guidelines need a section at least.", code="review.invalid")
        if len(questions) < FEWEST_QUESTIONS:
            raise ReviewError(f"The test needs {FEWEST_QUESTIONS} questions to choose from.", code="review.invalid")
        for one in questions:
            if len(set(one.choices)) < max(FEWEST_CHOICES, len(one.choices)) or not 0 <= one.right < len(one.choices):
                raise ReviewError(
                    f"“{one.asks}” needs {FEWEST_CHOICES} different choices, one of them right.", code="review.invalid"
                )
        body = json.dumps({"sections": [asdict(one) for one in sections], "questions": [asdict(one) for one in questions]})
        with self._database.writing(lock=LOCK) as connection:
            last = connection.execute(sa.select(sa.func.max(guidelines.c.version))).scalar() or FIRST
            row = {"version": last + 1, "made_at": self._clock().timestamp(), "made_by": by, "body": body}
            connection.execute(sa.insert(guidelines).values(row))
        return self.find(last + 1)


@cache
def first() -> Version:
    """The version that comes with the package."""
    text = files("earwitness.review").joinpath("guidelines.toml").read_text(encoding="utf-8")
    return _version(tomllib.loads(text), version=FIRST)


def _version(body: Mapping[str, Any], *, version: int, made_at: datetime | None = None, made_by: str = "") -> Version:
    return Version(
        version=version,
        sections=tuple(
            Section(
                title=one["title"], text=one["text"], examples=tuple((words, does) for words, does in one.get("examples", ()))
            )
            for one in body["sections"]
        ),
        questions=tuple(
            Question(words=one["words"], asks=one["asks"], choices=tuple(one["choices"]), right=one["right"])
            for one in body["questions"]
        ),
        made_at=made_at,
        made_by=made_by,
    )
