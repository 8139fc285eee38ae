"""The API of the history: list, search, see, hear, correct, restrict and delete one's own turns. It translates; rights decide."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.exceptions import HTTPException

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import PersonError
from earwitness.domain.intent import Intent
from earwitness.domain.recording import Recording, Selection
from earwitness.rights.rights import EVERYTHING, Rights
from earwitness.speech.audio_file import wav_header
from earwitness.vault.audio_read import AudioRead
from earwitness.web import privacy_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Came, Me, need_fresh
from earwitness.web.streaming import PulledResponse

WAV_HEADER_BYTES: Final = 44
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
TurnId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Span:
    """Which turns: of a day, or from a moment until another; none of them for all."""

    def __init__(
        self,
        day: Annotated[date | None, Query(description="A day such as 2026-03-01, in `zone`.")] = None,
        since: Annotated[datetime | None, Query(description="From then on; UTC unless it says otherwise.")] = None,
        until: Annotated[datetime | None, Query(description="Until then.")] = None,
        zone: Annotated[str, Query(max_length=64, description="IANA time zone of `day`.")] = "UTC",
    ) -> None:
        if day is not None and (since or until):
            raise PersonError("Give either a day or since and until.", code="history.invalid")
        self.is_given = bool(day or since or until)
        if day is not None:
            place = _zone(zone)
            since = datetime.combine(day, time.min, place)
            until = None if day == date.max else datetime.combine(day + timedelta(days=1), time.min, place)
        self.selection = Selection(since=_aware(since), until=_aware(until)) if self.is_given else EVERYTHING


def _unknown(text: str) -> Intent | None:
    return None


def history_router(
    rights: Rights, *, clock: Callable[[], datetime], meant: Callable[[str], Intent | None] = _unknown
) -> APIRouter:
    """The routes under /api/v1/history. `clock` gives aware datetimes; `meant` gives what words mean in this home; it blocks."""
    router = APIRouter(prefix="/api/v1/history", responses=told(404, 409))
    _add_reading(router, rights)
    _add_changing(router, rights)
    _add_judging(router, rights, meant)
    _add_deleting(router, rights, clock)
    return router


def _add_reading(router: APIRouter, rights: Rights) -> None:
    @router.get("")
    async def history(
        person: Me,
        span: Annotated[Span, Depends()],
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
        search: Annotated[str, Query(max_length=500)] = "",
    ) -> shapes.HistoryShape:
        """Your kept turns, newest first; with `search`, those that hold all of its words."""
        page = await asyncio.to_thread(
            rights.history, person.person_id, limit=limit, before=before, search=search, selection=span.selection
        )
        return shapes.HistoryShape.model_validate(
            {"turns": [one.as_json() for one in page.recordings], "next_before": page.next_before}
        )

    @router.get("/{turn_id}")
    async def turn(turn_id: TurnId, person: Me) -> shapes.RecordingShape:
        """One of your kept turns."""
        found = await asyncio.to_thread(rights.recording, person.person_id, turn_id)
        return shapes.RecordingShape.model_validate(found.as_json())

    @router.head("/{turn_id}/audio", response_class=Response)
    async def audio_length(turn_id: TurnId, person: Me) -> Response:
        """How long that WAV file is. Nothing is opened, so nothing is on record."""
        total = await asyncio.to_thread(_wav_bytes, rights, person.person_id, turn_id)
        headers = {"content-length": str(total), "accept-ranges": "bytes"}
        return Response(media_type="audio/wav", headers=headers)

    @router.get("/{turn_id}/audio", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
    async def audio(turn_id: TurnId, request: Request, person: Me) -> Response:
        """The sound of one of your kept turns as a WAV file; a single byte range is honoured. On record, like every listen."""
        total = await asyncio.to_thread(_wav_bytes, rights, person.person_id, turn_id)
        part = _range(request.headers, total)
        start, end = part or (0, total)
        header = wav_header(total - WAV_HEADER_BYTES, rate_hz=RATE_HZ)[start:end]
        headers = {"content-length": str(end - start), "accept-ranges": "bytes"}
        if part is not None:
            headers["content-range"] = f"bytes {start}-{end - 1}/{total}"
        status = 206 if part else 200
        if end <= WAV_HEADER_BYTES:
            return Response(header, status_code=status, media_type="audio/wav", headers=headers)
        pcm = (max(0, start - WAV_HEADER_BYTES), end - WAV_HEADER_BYTES)
        opened = await asyncio.to_thread(rights.play, person.person_id, turn_id, start=pcm[0], end=pcm[1])
        answer = PulledResponse(
            _wav(header, opened), close=opened.close, status_code=status, media_type="audio/wav", headers=headers
        )
        return await answer.begun()


def _add_changing(router: APIRouter, rights: Rights) -> None:
    @router.patch("/{turn_id}")
    async def correct(turn_id: TurnId, correction: shapes.Correction, person: Me) -> shapes.RecordingShape:
        """Put your own words in place of what was heard, which stays beside them."""
        found = await asyncio.to_thread(rights.correct, person.person_id, turn_id, transcript=correction.transcript)
        return shapes.RecordingShape.model_validate(found.as_json())

    @router.put("/{turn_id}/restriction", status_code=204)
    async def restrict(turn_id: TurnId, wish: shapes.Restriction, person: Me) -> None:
        """Restrict the use of one turn, or allow it again: kept, but opened by nobody but you."""
        await asyncio.to_thread(rights.restrict, person.person_id, turn_id=turn_id, is_restricted=wish.restricted)


def _add_judging(router: APIRouter, rights: Rights, meant: Callable[[str], Intent | None]) -> None:
    def judge(person_id: str, turn_id: str, said: shapes.OwnJudgement) -> Recording:
        intent, slots = said.intent, dict(said.slots)
        if intent is None and not said.false_wake and (found := meant(said.transcript)) is not None:
            intent, slots = found.name, {name: str(value) for name, value in found.slots.items()}
        return rights.judge(
            person_id, turn_id, transcript=said.transcript, intent=intent, slots=slots, is_false_wake=said.false_wake
        )

    @router.post("/{turn_id}/judgement")
    async def judged(turn_id: TurnId, said: shapes.OwnJudgement, person: Me) -> shapes.RecordingShape:
        """Say what you said and what you meant, or that you had not called the assistant. Nobody else is involved; with your
        consent to training, and only then, the assistant learns from it."""
        found = await asyncio.to_thread(judge, person.person_id, turn_id, said)
        return shapes.RecordingShape.model_validate(found.as_json())


def _add_deleting(router: APIRouter, rights: Rights, clock: Callable[[], datetime]) -> None:
    @router.delete("/{turn_id}")
    async def delete_one(turn_id: TurnId, person: Me) -> shapes.ErasureShape:
        """Delete one turn: gone for good when this answers."""
        return await _erase(rights, person.person_id, Selection(turn_ids=(turn_id,)))

    @router.delete("")
    async def delete_many(
        visitor: Came,
        span: Annotated[Span, Depends()],
        everything: Annotated[bool, Query(alias="all")] = False,
        confirm: Annotated[str, Query(max_length=20, description='"everything" with `all`.')] = "",
    ) -> shapes.ErasureShape:
        """Delete the turns of a day or a range, or, with all=true&confirm=everything, every one; that needs you to have shown who
        you are in the last minutes."""
        if everything == span.is_given:
            raise PersonError("Say which: a day, since and until, or all.", code="history.invalid")
        if everything and confirm != "everything":
            raise PersonError("Deleting everything needs confirm=everything.", code="history.unconfirmed")
        if everything:
            need_fresh(visitor, clock())
        return await _erase(rights, visitor.person.person_id, span.selection)


async def _erase(rights: Rights, person_id: str, selection: Selection) -> shapes.ErasureShape:
    erasure = await asyncio.to_thread(rights.erase_said, person_id, selection)
    return shapes.ErasureShape.model_validate(erasure.as_json())


def _wav_bytes(rights: Rights, person_id: str, turn_id: str) -> int:
    return WAV_HEADER_BYTES + rights.sound_bytes(person_id, turn_id)


def _wav(header: bytes, opened: AudioRead) -> Iterator[bytes]:
    """The header goes out with the first of the sound: if that cannot be opened, nothing does."""
    for chunk in opened:
        yield header + chunk
        header = b""


def _range(headers: Mapping[str, str], total: int) -> tuple[int, int] | None:
    """The part asked for, from and up to (RFC 9110, section 14); None for the whole, as for several parts, for what is no range,
    and for a range that depends on a version, of which there is none here. Raises HTTPException 416."""
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or "if-range" in headers or not (match[1] or match[2]):
        return None
    first, last = (int(part) if part else None for part in match.groups())
    if first is None:
        start, end = max(0, total - (last or 0)), total
    else:
        start, end = first, total if last is None else min(total, last + 1)
        if last is not None and last < first:
            return None
    if start >= total:
        raise HTTPException(416, "That part of the recording does not exist.", headers={"content-range": f"bytes */{total}"})
    return start, end


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PersonError("There is no such time zone.", code="history.invalid") from error


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
