"""The API of the first start by voice: a question said aloud, and what is answered to it.

The gate lets in whoever may set the home up, until that is done. What is heard becomes words and is forgotten: there is no turn,
no person and no vault here.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Iterator, Sequence
from typing import Annotated, Any, Final, Protocol

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from earwitness.domain.errors import AudioError, VoiceError
from earwitness.understand.first_answers import Act, Question, understood
from earwitness.web import account_shapes as shapes
from earwitness.web.api import wav
from earwitness.web.errors_told import told
from earwitness.web.ports import Assistant
from earwitness.web.setup_talk import HINTS, NOT_HEARD, read_back

ANSWER_PATH: Final = "/setup/answer"
MOST_AT_ONCE: Final = 2
SOUND: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"audio/wav": {}}}}


class Hears(Protocol):
    """Turns a recording into words, and keeps neither."""

    def __call__(self, data: bytes, *, hints: Sequence[str] = ()) -> Awaitable[str]:
        """The words in an audio file, empty if there are none. Raises AudioError, EngineError."""
        ...


def setup_voice_router(assistant: Assistant, *, hears: Hears, wake_words: Sequence[str]) -> APIRouter:
    """The routes under /api/v1/setup for those who talk."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    busy = [0]
    body = {"required": True, "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}

    @contextlib.contextmanager
    def one_more() -> Iterator[None]:
        """The engines are asked by a few at once. Raises HTTPException for one more."""
        if busy[0] >= MOST_AT_ONCE:
            raise HTTPException(429, "Too many requests at once; try again in a moment.")
        busy[0] += 1
        try:
            yield
        finally:
            busy[0] -= 1

    def options(question: Question) -> list[str]:
        if question is Question.WAKE_WORD:
            return list(wake_words)
        if question is Question.VOICE:
            return [voice.name for voice in assistant.voices() if voice.is_installed]
        return [area.name for area in assistant.board().home.areas]

    @router.post("/setup/spoken", response_class=Response, responses=SOUND)
    async def spoken(given: shapes.ToBeSpoken) -> Response:
        """What the first start says, as a WAV file."""
        if given.voice not in options(Question.VOICE):
            raise VoiceError("There is no such voice here.")
        with one_more():
            pieces = await asyncio.to_thread(lambda: list(assistant.say(given.text, voice=given.voice)))
        return Response(wav(pieces), media_type="audio/wav")

    @router.post(ANSWER_PATH, openapi_extra={"requestBody": body})
    async def answer(
        request: Request, question: Question, confirming: Annotated[bool, Query()] = False
    ) -> shapes.SpokenAnswerShape:
        """What somebody answered aloud, in an audio file of at most 512 KiB sent as the body. Nothing of it is kept."""
        data = await request.body()
        if not data:
            raise AudioError("The request has no sound in it; send an audio file as the body.", code="audio.empty")
        with one_more():
            heard = await hears(data, hints=(*HINTS, *options(question)))
        found = understood(question, heard, options=options(question), is_confirming=confirming)
        says = NOT_HEARD if not heard and found.act is Act.NOTHING else read_back(question, found)
        return shapes.SpokenAnswerShape(heard=heard, act=found.act, name=found.name, rooms=list(found.rooms), says=says)

    return router
