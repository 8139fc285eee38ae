"""The API of learning: versions with their evidence, using one, taking it back, what learned from oneself. It translates."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path

from earwitness.improve.improver import Improver
from earwitness.improve.models import Model, State
from earwitness.web import improve_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

ModelId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImproveDesk:
    """`improver` gives the loop, `refresh` has the running house take what was promoted; both may block."""

    improver: Callable[[], Improver]
    refresh: Callable[[], None]


def improve_router(desk: ImproveDesk) -> APIRouter:
    """The routes under /api/v1/improve, and /api/v1/me/models."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))

    @router.get("/improve")
    async def improve() -> shapes.ImproveShape:
        """Data sets and versions, newest first, with what was measured; no word of anybody."""
        return await asyncio.to_thread(_all, desk)

    @router.post("/improve/models/{model_id}/promotion")
    async def promote(model_id: ModelId, wish: shapes.Promotion, person: Me) -> shapes.VersionShape:
        """Use a version that is a measured gain, in a share of the hours or always. It is in the ledger before."""
        return await asyncio.to_thread(_promote, desk, model_id, wish.share, person.alias)

    @router.post("/improve/rollback")
    async def roll_back(wish: shapes.Rollback, person: Me) -> shapes.VersionShape:
        """Take back the newest version that is used; what was used before it is used again."""
        return await asyncio.to_thread(_roll_back, desk, wish.why, person.alias)

    @router.get("/me/models")
    async def models(person: Me) -> shapes.LearnedFromShape:
        """Which versions learned from you. Deleting or withdrawing what they learned from retires them."""
        found = await asyncio.to_thread(lambda: desk.improver().learned_from(person.person_id))
        return shapes.LearnedFromShape(versions=[_learned(model, count) for model, count in found])

    return router


def _all(desk: ImproveDesk) -> shapes.ImproveShape:
    improver = desk.improver()
    sets = [shapes.SetShape.model_validate(one.as_json()) for one in improver.sets.all()]
    return shapes.ImproveShape(sets=sets, versions=[_version(improver, one) for one in improver.models.all()])


def _promote(desk: ImproveDesk, model_id: str, share: float, alias: str) -> shapes.VersionShape:
    improver = desk.improver()
    used = improver.promote(improver.models.find(model_id), by=alias, share=share)
    desk.refresh()
    return _version(improver, used)


def _roll_back(desk: ImproveDesk, why: str, alias: str) -> shapes.VersionShape:
    improver = desk.improver()
    taken = improver.roll_back(why=why, by=alias)
    desk.refresh()
    return _version(improver, taken)


def _version(improver: Improver, model: Model) -> shapes.VersionShape:
    was_tried = model.state in (State.TRIAL, State.TAKEN_BACK, State.IN_USE)
    with_it, without = improver.models.signals(model) if was_tried else (None, None)
    return shapes.VersionShape(
        model=model.model_id,
        number=model.number,
        set=model.set_id,
        state=model.state,
        begun_at=model.begun_at.isoformat(timespec="seconds"),
        changed_at=model.changed_at.isoformat(timespec="seconds"),
        registered_position=model.registered_position,
        primary=model.plan.primary.value,
        minimum_gain=model.plan.minimum_gain,
        share=model.share,
        reason=model.reason,
        report=None if model.report is None else shapes.ReportShape.model_validate(model.report),
        with_it=None if with_it is None else shapes.SignalsShape(**with_it.as_json()),
        without=None if without is None else shapes.SignalsShape(**without.as_json()),
    )


def _learned(model: Model, count: int) -> shapes.LearnedShape:
    return shapes.LearnedShape(
        model=model.model_id,
        number=model.number,
        state=model.state,
        recordings=count,
        registered_position=model.registered_position,
    )
