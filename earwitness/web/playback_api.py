"""The API of sound at the reviewers' desk: how much there is, a token for one part, the part itself. Nothing of it may be kept.

There is no route for a whole sound, and none for a file: a part is samples of four seconds at most, and its token is good once.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.recording import Actor
from earwitness.review.playback import PART_BYTES, Playback
from earwitness.web import review_shapes as shapes

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
NOT_KEPT: Final = {"cache-control": "no-store", "content-disposition": "inline", "accept-ranges": "none"}


def add_playback(router: APIRouter, playback: Playback, reviewer: Callable[..., object]) -> None:
    """Add the routes of sound to those of the desk; `reviewer` gives who came, and in which sign-in."""

    @router.post("/leases/{lease_id}/sound")
    async def sound(lease_id: Id, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> shapes.SoundShape | None:
        """How much there is to hear of your task, in a disguised voice; null where you only read. It may take some seconds."""
        found = await asyncio.to_thread(playback.length, came[0], lease_id, sign_in_id=came[1])
        return None if found is None else shapes.SoundShape(bytes=found, part_bytes=PART_BYTES, rate_hz=RATE_HZ)

    @router.post("/leases/{lease_id}/sound/tokens")
    async def token(
        lease_id: Id, part: shapes.SoundPart, came: Annotated[tuple[Actor, str], Depends(reviewer)]
    ) -> shapes.TokenShape:
        """A token for one part of it, good once, for half a minute, in this sign-in."""
        made = await asyncio.to_thread(playback.token, came[0], lease_id, sign_in_id=came[1], start=part.start, end=part.end)
        return shapes.TokenShape(token=made)

    @router.post("/sound", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}})
    async def spend(spent: shapes.TokenShape, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> Response:
        """Spend a token: its part as little-endian int16, 16 kHz mono. On record before that, for whoever spoke to see."""
        part = await asyncio.to_thread(playback.part, came[0], spent.token, sign_in_id=came[1])
        return Response(part, media_type="application/octet-stream", headers=NOT_KEPT)
