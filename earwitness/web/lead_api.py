"""The API of whoever leads review: agreement, what waits for a decision, gold tasks, guidelines, conduct. It translates.

It shows aliases and counts; words of a person only in a task that waits for a decision, blanked out and on record. Who comes in
has shown a second factor, as at the desk.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from earwitness.domain.errors import ReviewError
from earwitness.domain.recording import Actor
from earwitness.domain.review import Annotation
from earwitness.review.adjudication import Adjudication
from earwitness.review.desk import Desk
from earwitness.review.gold import Gold
from earwitness.review.guidelines import Question, Section, Version
from earwitness.review.task_words import TaskWords
from earwitness.web import lead_shapes as shapes
from earwitness.web.desk_api import NOT_KEPT, DeskEntrance, section_shape
from earwitness.web.drawn_api import words_shape
from earwitness.web.errors_told import told
from earwitness.web.review_shapes import Judgement
from earwitness.web.signed_in import Came

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Alias = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]
Lead = Callable[..., object]


def lead_router(entrance: DeskEntrance, adjudication: Adjudication) -> APIRouter:
    """The routes under /api/v1/review/lead."""
    router = APIRouter(prefix="/api/v1/review/lead", responses=told(404, 409))

    async def lead(visitor: Came, response: Response) -> Actor:
        response.headers.update(NOT_KEPT)
        return (await asyncio.to_thread(entrance.admitted, visitor))[0]

    async def at_work(came: Annotated[Actor, Depends(lead)]) -> Actor:
        await asyncio.to_thread(entrance.desk.reviewers.check_not_suspended, came.alias)
        return came

    _add_quality(router, entrance.desk, lead)
    _add_disputes(router, adjudication, lead)
    _add_golds(router, entrance.desk, at_work)
    _add_guidelines(router, entrance.desk, at_work)
    _add_conduct(router, entrance.desk, lead)
    return router


def _add_quality(router: APIRouter, desk: Desk, lead: Lead) -> None:
    @router.get("/quality")
    async def quality(came: Annotated[Actor, Depends(lead)]) -> shapes.QualityShape:
        """Agreement over time and by pair, and each reviewer's work, of the last twelve weeks."""
        found = await asyncio.to_thread(desk.quality.report)
        labels = [{"label": label, "alpha": alpha} for label, alpha in found.labels]
        return shapes.QualityShape.model_validate({**asdict(found), "labels": labels})


def _add_disputes(router: APIRouter, adjudication: Adjudication, lead: Lead) -> None:
    @router.get("/disputes")
    async def disputes(came: Annotated[Actor, Depends(lead)]) -> list[shapes.DisputeShape]:
        """What waits for you: nothing that you judged yourself."""
        found = await asyncio.to_thread(adjudication.waiting, came.alias)
        return [shapes.DisputeShape.model_validate(asdict(one)) for one in found]

    @router.post("/disputes/{task_id}/opening")
    async def open_dispute(task_id: Id, came: Annotated[Actor, Depends(lead)]) -> shapes.SidesShape:
        """Open one, with its judgements side by side: on record each time, for whoever spoke to see."""
        found = await asyncio.to_thread(adjudication.open, came, task_id)
        return shapes.SidesShape(words=words_shape(found.words), sides=[_side(one) for one in found.sides])

    @router.put("/disputes/{task_id}", status_code=204)
    async def decide(task_id: Id, judged: Judgement, came: Annotated[Actor, Depends(lead)]) -> None:
        """Decide; that is what counts."""
        await asyncio.to_thread(adjudication.decide, came, task_id, judged.model_dump(mode="json"))


def _add_golds(router: APIRouter, desk: Desk, lead: Lead) -> None:
    @router.get("/golds")
    async def golds(came: Annotated[Actor, Depends(lead)]) -> list[shapes.GoldShape]:
        """The tasks that leads made up, the newest first."""
        return [_gold(one) for one in await asyncio.to_thread(desk.golds.all)]

    @router.post("/golds", status_code=201)
    async def make(given: shapes.NewGold, came: Annotated[Actor, Depends(lead)]) -> shapes.GoldShape:
        """Make one up."""
        shown = TaskWords(
            transcript=given.transcript,
            intent=given.intent,
            slots=tuple(sorted(given.slots.items())),
            outcome=given.outcome.value,
        )
        right = given.right.model_dump(mode="json")
        made = await asyncio.to_thread(desk.golds.make, came.alias, shown=shown, answer=right, is_canary=given.is_canary)
        return _gold(made)

    @router.delete("/golds/{gold_id}", status_code=204)
    async def retire(gold_id: Id, came: Annotated[Actor, Depends(lead)]) -> None:
        """Mix it in no more; what was answered stays."""
        await asyncio.to_thread(desk.golds.retire, gold_id)


def _add_guidelines(router: APIRouter, desk: Desk, lead: Lead) -> None:
    @router.get("/guidelines")
    async def versions(came: Annotated[Actor, Depends(lead)]) -> list[shapes.GuidelinesShape]:
        """Every version, the newest first, with the questions."""
        return [_guidelines(one) for one in await asyncio.to_thread(desk.guidelines.all)]

    @router.post("/guidelines", status_code=201)
    async def write(given: shapes.NewGuidelines, came: Annotated[Actor, Depends(lead)]) -> shapes.GuidelinesShape:
        """Put a new version in force: everybody reads it before their next task."""
        sections = [
            Section(title=one.title, text=one.text, examples=tuple((each.words, each.does) for each in one.examples))
            for one in given.sections
        ]
        questions = [
            Question(words=one.words, asks=one.asks, choices=tuple(one.choices), right=one.right) for one in given.questions
        ]
        made = await asyncio.to_thread(desk.guidelines.write, came.alias, sections=sections, questions=questions)
        return _guidelines(made)


def _add_conduct(router: APIRouter, desk: Desk, lead: Lead) -> None:
    @router.get("/conduct")
    async def conduct(came: Annotated[Actor, Depends(lead)]) -> list[shapes.SuspensionShape]:
        """Every suspension, the newest first: who, why, and how it ended."""
        found = await asyncio.to_thread(desk.reviewers.suspensions)
        return [shapes.SuspensionShape.model_validate(asdict(one)) for one in found]

    @router.post("/conduct/{reviewer}/restoration", status_code=204)
    async def restore(reviewer: Alias, given: shapes.Restoration, came: Annotated[Actor, Depends(lead)]) -> None:
        """Let a suspended reviewer work again, with a reason; never yourself."""
        await asyncio.to_thread(_restore, desk, reviewer, by=came.alias, why=given.why)


def _restore(desk: Desk, reviewer: str, *, by: str, why: str) -> None:
    if reviewer == by:
        raise ReviewError("Nobody restores themselves; ask somebody else.", code="review.second_person")
    desk.reviewers.check_not_suspended(by)
    if reviewer not in {who for who, _, _ in desk.suspended()}:
        raise ReviewError(f"No reviewer {reviewer} is suspended.", code="review.unknown")
    desk.reviewers.restore(reviewer, by=by, why=why)


def _side(judged: Annotation) -> shapes.SideShape:
    return shapes.SideShape(
        transcript=judged.transcript, intent=judged.intent, slots=dict(judged.slots), labels=sorted(judged.labels)
    )


def _gold(gold: Gold) -> shapes.GoldShape:
    return shapes.GoldShape(
        gold_id=gold.gold_id,
        made_by=gold.made_by,
        made_at=gold.made_at,
        is_canary=gold.is_canary,
        is_retired=gold.retired_at is not None,
        shown=words_shape(gold.shown),
        right=_side(gold.answer),
    )


def _guidelines(version: Version) -> shapes.GuidelinesShape:
    questions = [
        shapes.PoolQuestionShape(words=one.words, asks=one.asks, choices=list(one.choices), right=one.right)
        for one in version.questions
    ]
    return shapes.GuidelinesShape(
        version=version.version,
        made_at=version.made_at,
        made_by=version.made_by,
        sections=[section_shape(one) for one in version.sections],
        questions=questions,
    )
