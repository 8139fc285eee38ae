"""The API of what was drawn of oneself: see what a reviewer is shown, delay, veto, let go. It translates; review decides."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.recording import Recording
from earwitness.domain.review import Annotation, DrawnItem, DrawTerms, ItemState
from earwitness.review.deidentify import deidentify
from earwitness.review.items import TIME_TO_VETO, Items
from earwitness.review.task_words import TaskWords
from earwitness.rights.rights import Rights
from earwitness.speech.audio_file import wav_header
from earwitness.web import review_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
EXAMPLE: Final = "Call Marguerite on 555 01 23 and turn on the kitchen light."
"""Said by nobody: what is shown before anybody consents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnDesk:
    """Where a person sees what was drawn of them. `terms` gives by what is drawn today; `shown` what a reviewer is
    shown of a recording, `heard` what they would hear of its sound."""

    items: Items
    rights: Rights
    terms: Callable[[], DrawTerms]
    shown: Callable[[Recording], TaskWords]
    heard: Callable[[Recording, bytes], bytes]
    clock: Callable[[], datetime]


def drawn_router(desk: DrawnDesk) -> APIRouter:
    """The routes under /api/v1/me/drawn."""
    router = APIRouter(prefix="/api/v1/me/drawn", responses=told(404, 409))
    _add_seeing(router, desk)
    _add_deciding(router, desk)
    return router


def _add_seeing(router: APIRouter, desk: DrawnDesk) -> None:
    @router.get("")
    async def drawn(person: Me) -> shapes.DrawnShape:
        """Everything of yours that was drawn, how it is drawn, and an example of what a reviewer is shown."""
        items = await asyncio.to_thread(_settled, desk.items, person.person_id)
        hears_first = await asyncio.to_thread(desk.items.hears_first, person.person_id)
        terms = await asyncio.to_thread(desk.terms)
        example = shapes.WordsShape(
            transcript=deidentify(EXAMPLE).text, intent="HassTurnOn", slots={"name": "kitchen light"}, outcome="done"
        )
        return shapes.DrawnShape(
            items=[_item(one, hears_first=hears_first) for one in items],
            hears_first=hears_first,
            rate_percent=terms.rate_millionths / 10_000,
            most_per_month=terms.most_per_month,
            example_said=EXAMPLE,
            example_shown=example,
        )

    @router.get("/{item_id}")
    async def one(item_id: Id, person: Me) -> shapes.ItemDetailShape:
        """Exactly what a reviewer is shown of it, and what was judged. Your own reading is on record, like every one."""
        item = await asyncio.to_thread(desk.items.one, person.person_id, item_id)
        recording = await asyncio.to_thread(desk.rights.recording, person.person_id, item.turn_id)
        shown = await asyncio.to_thread(desk.shown, recording)
        hears_first = await asyncio.to_thread(desk.items.hears_first, person.person_id)
        return shapes.ItemDetailShape(
            item=_item(item, hears_first=hears_first),
            shown=words_shape(shown),
            may_be_heard=await asyncio.to_thread(desk.items.may_be_heard, item),
            judgements=[_judgement(judged) for judged in recording.annotations],
        )

    @router.get("/{item_id}/sound", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
    async def sound(item_id: Id, person: Me) -> Response:
        """What a reviewer would hear of it, but for their mark, whether you allow that or not. On record, like every listen."""
        item = await asyncio.to_thread(desk.items.one, person.person_id, item_id)
        made = await asyncio.to_thread(_heard, desk, item)
        header = wav_header(len(made), rate_hz=RATE_HZ)
        return Response(header + made, media_type="audio/wav", headers={"cache-control": "no-store"})

    @router.put("/wish", status_code=204)
    async def wish(chosen: shapes.Wish, person: Me) -> None:
        """Choose whether you let each item go before a reviewer may open it."""
        await asyncio.to_thread(desk.items.wish, person.person_id, hears_first=chosen.hears_first)


def _add_deciding(router: APIRouter, desk: DrawnDesk) -> None:
    @router.post("/{item_id}/veto", status_code=204)
    async def veto(item_id: Id, person: Me) -> None:
        """Let nobody review it: at once, also if somebody has it open."""
        await asyncio.to_thread(desk.items.veto, person.person_id, item_id)

    @router.post("/{item_id}/delay", status_code=204)
    async def delay(item_id: Id, wait: shapes.Delay, person: Me) -> None:
        """Let no reviewer open it for some days."""
        until = desk.clock() + timedelta(days=wait.days)
        await asyncio.to_thread(desk.items.delay, person.person_id, item_id, until=until)

    @router.post("/{item_id}/release", status_code=204)
    async def release(item_id: Id, person: Me) -> None:
        """Let a reviewer open it from now on."""
        await asyncio.to_thread(desk.items.let_go, person.person_id, item_id)


def _heard(desk: DrawnDesk, item: DrawnItem) -> bytes:
    recording = desk.rights.recording(item.person_id, item.turn_id)
    with desk.rights.play(item.person_id, item.turn_id) as read:
        return desk.heard(recording, b"".join(read))


def _settled(items: Items, person_id: str) -> tuple[DrawnItem, ...]:
    items.settle()
    return items.of(person_id)


def words_shape(words: TaskWords) -> shapes.WordsShape:
    """Words as they are shown."""
    return shapes.WordsShape(transcript=words.transcript, intent=words.intent, slots=dict(words.slots), outcome=words.outcome)


def _item(item: DrawnItem, *, hears_first: bool) -> shapes.ItemShape:
    ready_at = item.ready_at
    if item.state is ItemState.WAITING:
        ready_at = None if hears_first else ready_at or item.drawn_at + TIME_TO_VETO
    return shapes.ItemShape(
        item_id=item.item_id,
        turn_id=item.turn_id,
        epoch=item.epoch,
        drawn_at=item.drawn_at,
        ready_at=ready_at if item.state in (ItemState.WAITING, ItemState.OFFERED) else None,
        state=item.state,
        thanks=item.thanks,
    )


def _judgement(judged: Annotation) -> shapes.JudgementShape:
    return shapes.JudgementShape(
        by=judged.by,
        made_at=judged.made_at,
        transcript=judged.transcript,
        intent=judged.intent,
        slots=dict(judged.slots),
        labels=sorted(judged.labels),
    )
