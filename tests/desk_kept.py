"""The desk of a household of the tests: review on its parts, put together by `build`, and the routes that stand before it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from fastapi import APIRouter
from numpy.typing import NDArray
from starlette.testclient import TestClient

from earwitness.build.reviewed import Review, desk_entrance, desk_file, drawn_desk, review_of
from earwitness.config import ReviewSettings
from earwitness.domain.audio import RATE_HZ
from earwitness.domain.review import Annotation, DrawTerms
from earwitness.ledger.log import Ledger
from earwitness.oversight.proposals import TermsInForce
from earwitness.review.epochs import Epochs
from earwitness.review.guidelines import first
from earwitness.review.visits import Visits
from earwitness.review.word_times import WordTime
from earwitness.rights.rights import Rights
from earwitness.storage.database import Database
from earwitness.vault.vault import Vault
from earwitness.web.desk_api import desk_router
from earwitness.web.drawn_api import drawn_router
from earwitness.web.lead_api import lead_router
from earwitness.web.ticket_api import ticket_router

SETTINGS = ReviewSettings(double_share=0.0)
"""One judgement settles a task, so that tests need no luck; those about two say so."""

MUMBLED: Final = "mumbled"
"""A word that cannot be timed."""


class EvenTimer:
    """Times words without listening: each takes as long as any other."""

    def times(self, samples: NDArray[np.int16], text: str) -> tuple[WordTime, ...] | None:
        words = text.split()
        if not words or MUMBLED in words:
            return None
        step = len(samples) / RATE_HZ / len(words)
        return tuple(
            WordTime(word=word, from_seconds=number * step, until_seconds=(number + 1) * step)
            for number, word in enumerate(words)
        )


Flagged = Callable[[str, str, Annotation], None]


def desk_of(
    rights: Rights,
    vault: Vault,
    ledger: Ledger,
    *,
    folder: Path,
    clock: Callable[[], datetime],
    terms: DrawTerms,
    flagged: Flagged,
) -> tuple[Review, Database]:
    """Review of a household, and the desk's database, which whoever asks closes."""
    epochs = Epochs(
        rights.people.database,
        ledger=ledger,
        safe=vault.safe,
        consents=rights.consents,
        find=rights.people.find,
        standing=vault.door.standing,
        terms=terms,
        clock=clock,
    )
    database = Database(desk_file(folder), chain="desk")
    review = review_of(
        epochs,
        rights=rights,
        vault=vault,
        desk_database=database,
        settings=SETTINGS,
        known=lambda: frozenset({"den"}),
        clock=clock,
        timer=EvenTimer(),
        work=TermsInForce(rights.people.database, clock=clock).work,
        flagged=flagged,
    )
    return review, database


def review_routers(
    review: Review, rights: Rights, *, clock: Callable[[], datetime], settings: ReviewSettings | None = None
) -> list[APIRouter]:
    """The routes of what was drawn, and of the desk."""
    chosen = settings or ReviewSettings()
    entrance = desk_entrance(
        review, people=rights.people, settings=chosen, clock=clock, intents=lambda: ("HassTurnOff", "HassTurnOn")
    )
    visits = Visits(rights.people.database, clock=clock)
    return [
        drawn_router(drawn_desk(review, rights=rights, clock=clock)),
        ticket_router(entrance, visits, service_url=chosen.service_url),
        desk_router(entrance),
        lead_router(entrance, review.adjudication),
    ]


def answers(client: TestClient | httpx.Client) -> dict[str, Any]:
    """A paper of the test with every answer right, as somebody has them who read the pool."""
    paper = client.post("/api/v1/review/test").json()
    right = {one.asks: one.choices[one.right] for one in first().questions}
    chosen = [one["choices"].index(right[one["asks"]]) for one in paper["questions"]]
    return {"paper_id": paper["paper_id"], "answers": chosen}
