"""The test that opens the desk: some questions of the pool, their choices shuffled, and only so many tries a day.

Owns the desk's table `papers`. Nobody learns which answer was wrong, and the next paper asks others. Calls block.
"""

import json
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.errors import AccessError, ReviewError
from earwitness.review.guidelines import Guidelines, Question
from earwitness.review.reviewers import Reviewers
from earwitness.storage.database import Database
from earwitness.storage.desk import LOCK, papers

ASKED: Final = 4
"""Questions on a paper. Of three choices each, guessing passes one paper in 81."""
MOST_TRIES: Final = 3
"""Papers within 24 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Questions as one reviewer is asked them; `right` of each is the number of the right choice as it is shown."""

    paper_id: str
    questions: tuple[Question, ...]


class EntryTest:
    """The test of one desk. `clock` gives aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        guidelines: Guidelines,
        reviewers: Reviewers,
        clock: Callable[[], datetime],
        chance: random.Random | None = None,
    ) -> None:
        """`chance` chooses and shuffles; by default nobody can foresee it."""
        self._database = database
        self._guidelines = guidelines
        self._reviewers = reviewers
        self._clock = clock
        self._chance = chance or random.SystemRandom()

    def paper(self, reviewer: str) -> Paper:
        """A paper for somebody: the one that they have not handed in yet, else a new one. Raises AccessError: review.suspended,
        review.enough_tries."""
        self._reviewers.check_not_suspended(reviewer)
        version = self._guidelines.number()
        with self._database.writing(lock=LOCK) as connection:
            rows = connection.execute(self._tries(reviewer)).all()
            waiting = next((row for row in rows if row.handed_in_at is None and row.version == version), None)
            if waiting is not None:
                return self._paper(waiting)
            if len(rows) >= MOST_TRIES:
                raise AccessError(f"{MOST_TRIES} tries are enough for a day; try again tomorrow.", code="review.enough_tries")
            pool = self._guidelines.find(version).questions
            body = [
                (number, self._chance.sample(range(len(pool[number].choices)), k=len(pool[number].choices)))
                for number in self._chance.sample(range(len(pool)), k=ASKED)
            ]
            row = {"paper_id": secrets.token_hex(16), "reviewer": reviewer, "version": version, "body": json.dumps(body)}
            connection.execute(sa.insert(papers).values(**row, begun_at=self._clock().timestamp()))
            made = connection.execute(sa.select(papers).where(papers.c.paper_id == row["paper_id"])).one()
            return self._paper(made)

    def hand_in(self, reviewer: str, paper_id: str, answers: Sequence[int]) -> None:
        """Take the answers; the desk is open if all are right. Raises AccessError: review.not_passed, review.suspended;
        ReviewError (review.over) for a paper that is not theirs, was handed in, or is older than the guidelines."""
        self._reviewers.check_not_suspended(reviewer)
        version = self._guidelines.number()
        with self._database.writing(lock=LOCK) as connection:
            mine = (papers.c.paper_id == paper_id, papers.c.reviewer == reviewer, papers.c.handed_in_at.is_(None))
            row = connection.execute(sa.select(papers).where(*mine, papers.c.version == version)).one_or_none()
            if row is None:
                raise ReviewError("This paper is over; take another one.", code="review.over")
            is_passed = [one.right for one in self._paper(row).questions] == list(answers)
            done = {"handed_in_at": self._clock().timestamp(), "is_passed": is_passed}
            connection.execute(sa.update(papers).where(papers.c.paper_id == paper_id).values(done))
        if not is_passed:
            raise AccessError("Not every answer is right. Read the guidelines and try again.", code="review.not_passed")
        self._reviewers.passed(reviewer, version=version)

    def _tries(self, reviewer: str) -> sa.Select[Any]:
        since = (self._clock() - timedelta(days=1)).timestamp()
        query = sa.select(papers).where(papers.c.reviewer == reviewer, papers.c.begun_at > since)
        return query.where(papers.c.is_passed.is_not(sa.true())).order_by(papers.c.begun_at)

    def _paper(self, row: Any) -> Paper:
        pool = self._guidelines.find(row.version).questions
        asked = [
            replace(pool[number], choices=tuple(pool[number].choices[at] for at in order), right=order.index(pool[number].right))
            for number, order in json.loads(row.body)
        ]
        return Paper(paper_id=row.paper_id, questions=tuple(asked))
