"""The API of "do not disturb": where it is on, switching it on until a time as one says it, switching it off.

It translates; `links/quiet.py` keeps it, and whoever disturbs asks there.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from earwitness.domain.device import Device
from earwitness.domain.errors import AlertError
from earwitness.domain.quiet import Quiet
from earwitness.domain.times import Frame, Lean
from earwitness.links.quiet import Quiets
from earwitness.skills.quiet import ends_at, until_told
from earwitness.skills.typed_times import Question, typed_when
from earwitness.skills.when import frame_at
from earwitness.web.alerts_shapes import QuestionShape
from earwitness.web.errors_told import told

Room = Annotated[str, Query(max_length=64)]
SatelliteId = Annotated[str, Query(max_length=64)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class QuietShape(_Shape):
    """One place where nobody wants to be disturbed: a room, a satellite that stands in none, or the whole house if neither."""

    area: str | None
    satellite: str | None
    """Its id."""
    satellite_name: str | None
    until: str | None
    """ISO 8601; null: until somebody switches it off."""
    until_in_words: str


class QuietsShape(_Shape):
    quiet: list[QuietShape]
    rooms: list[str]


class NewQuiet(_Shape):
    area: str | None = None
    """The room; null: the whole house."""
    until: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    """As one says it: "seven", "tomorrow at noon", "two hours"; empty: until somebody switches it off."""


class QuietAnswerShape(_Shape):
    """Either all places as they are kept, or a question; then nothing was changed."""

    kept: QuietsShape | None = None
    question: QuestionShape | None = None


def quiet_router(
    quiets: Quiets,
    *,
    clock: Callable[[], datetime],
    rooms: Callable[[], Sequence[str]],
    devices: Callable[[], Sequence[Device]],
) -> APIRouter:
    """The routes under /api/v1/quiet. `clock` gives the time in the household's zone; all of them block."""
    router = APIRouter(prefix="/api/v1/quiet", responses=told(404, 409))

    def shown() -> QuietsShape:
        frame, names = frame_at(clock()), {one.device_id: one.name for one in devices()}
        called = {room.casefold(): room for room in rooms()}
        found = [_shape(one, frame=frame, names=names, rooms=called) for one in quiets.in_force()]
        return QuietsShape(quiet=found, rooms=list(called.values()))

    def begin(given: NewQuiet) -> QuietAnswerShape:
        if given.area is not None and given.area not in rooms():
            raise AlertError("There is no such room.", code="alert.invalid")
        frame, until = frame_at(clock(), lean=Lean.SOONEST), None
        if given.until:
            when = typed_when(given.until.removeprefix("until "), frame=frame)
            if isinstance(when, Question):
                return QuietAnswerShape(question=QuestionShape(text=when.text, choices=list(when.choices)))
            until = ends_at(when.rule, now=frame.now)
            if until is None:
                raise AlertError("Until one time, not again and again.", code="alert.invalid")
        quiets.begin(Quiet(area=given.area, until=until))
        return QuietAnswerShape(kept=shown())

    @router.get("")
    async def places() -> QuietsShape:
        """Where nobody wants to be disturbed now, the whole house first."""
        return await asyncio.to_thread(shown)

    @router.put("")
    async def switch_on(given: NewQuiet) -> QuietAnswerShape:
        """Do not disturb in a room or the whole house; what held there before makes way. Alarms and timers ring all the same."""
        return await asyncio.to_thread(begin, given)

    @router.delete("")
    async def switch_off(area: Room = "", satellite: SatelliteId = "") -> QuietsShape:
        """Disturb again in a room, at a satellite that stands in none, or, if neither is named, everywhere."""
        await asyncio.to_thread(quiets.end, Quiet(area=area or None, device_id=satellite or None))
        return await asyncio.to_thread(shown)

    return router


def _shape(quiet: Quiet, *, frame: Frame, names: dict[str, str], rooms: dict[str, str]) -> QuietShape:
    return QuietShape(
        area=None if quiet.area is None else rooms.get(quiet.area.casefold(), quiet.area),
        satellite=quiet.device_id,
        satellite_name=names.get(quiet.device_id or ""),
        until=None if quiet.until is None else quiet.until.astimezone(frame.zone).isoformat(),
        until_in_words=until_told(quiet, frame=frame),
    )
