"""The API of what alarms may ring with: which sounds there are, each to be listened to, and the curve of what begins softly.

It translates; `ringing/shelf.py` has the sounds.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from earwitness.domain.ring_sound import LONGEST_REFERENCE, RISE_SECONDS, rise_levels
from earwitness.ringing.shelf import RingSounds
from earwitness.speech.audio_file import wav_header
from earwitness.web.errors_told import told

RISE_STEPS = 120
Reference = Annotated[str, Query(min_length=1, max_length=LONGEST_REFERENCE)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SoundShape(_Shape):
    sound: str
    """What an alarm's field `sound` has."""
    title: str
    is_music: bool
    """Whether it is a piece of the household's own music."""


class RiseShape(_Shape):
    """How what begins softly grows louder: levels from 0 to 1 at equal distances over `seconds`."""

    seconds: float
    levels: list[float]


class SoundsShape(_Shape):
    sounds: list[SoundShape]
    usual: str
    """What an alarm rings with for which no sound is named; the page of the household chooses it."""
    rise: RiseShape


def sounds_router(sounds: RingSounds) -> APIRouter:
    """The routes under /api/v1/sounds."""
    router = APIRouter(prefix="/api/v1/sounds", responses=told(404))

    @router.get("")
    async def choices() -> SoundsShape:
        """Every sound that an alarm may ring with, and how one that begins softly grows louder."""
        found, usual = await asyncio.to_thread(lambda: (sounds.choices(), sounds.usual()))
        shown = [SoundShape(sound=one.reference, title=one.title, is_music=one.is_music) for one in found]
        rise = RiseShape(seconds=RISE_SECONDS, levels=list(rise_levels(RISE_STEPS)))
        return SoundsShape(sounds=shown, usual=usual.reference, rise=rise)

    @router.get("/wave", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
    async def wave(sound: Reference) -> Response:
        """One sound as a WAV file of at most 30 seconds, to be played again and again."""
        pcm = await asyncio.to_thread(sounds.pcm, sound)
        return Response(wav_header(len(pcm.data), rate_hz=pcm.rate_hz) + pcm.data, media_type="audio/wav")

    return router
