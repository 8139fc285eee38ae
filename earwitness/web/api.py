"""The JSON API under /api/v1: health, voices, one turn by text or file, speech as WAV, cues, and the board.

It validates and translates; whatever it answers comes from the assistant. The session socket is the server's.
"""

import asyncio
import io
import wave
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from earwitness.domain.audio import SAMPLE_BYTES, Pcm
from earwitness.domain.errors import AudioError, TextError
from earwitness.domain.turn import Turn
from earwitness.web import shapes
from earwitness.web.errors_told import told
from earwitness.web.ports import Assistant
from earwitness.web.signed_in import Came

MOST_AT_ONCE: Final = 2
MOST_WAITING: Final = 8


class _Places:
    """Room for MOST_AT_ONCE requests that use models, and a short queue; beyond that the answer is 429."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._count = 0

    async def __aenter__(self) -> None:
        if self._count >= MOST_AT_ONCE + MOST_WAITING:
            raise HTTPException(429, "Too many requests at once; try again in a moment.")
        self._count += 1
        try:
            await self._free.acquire()
        except BaseException:
            self._count -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._count -= 1
        self._free.release()


def api_router(assistant: Assistant) -> APIRouter:
    """The routes of the API, speaking for `assistant`; whoever the gate let in is who asks."""
    router = APIRouter(prefix="/api/v1", responses=told(404))
    _add_state(router, assistant)
    _add_turns(router, assistant, _Places())
    _add_sound(router, assistant, _Places())
    return router


def _add_state(router: APIRouter, assistant: Assistant) -> None:
    @router.get("/health")
    async def health() -> shapes.HealthShape:
        """Whether the assistant is ready. Says nothing else, since anybody may ask."""
        return shapes.HealthShape(ready=assistant.is_ready())

    @router.get("/voices")
    async def voices() -> shapes.VoicesShape:
        """The voices to choose from."""
        found = [
            shapes.VoiceShape(
                name=voice.name,
                engine=voice.engine,
                language=voice.language,
                gender=voice.gender,
                description=voice.description,
                installed=voice.is_installed,
            )
            for voice in assistant.voices()
        ]
        return shapes.VoicesShape(default=assistant.default_voice(), voices=found)

    @router.get("/home")
    async def home() -> shapes.BoardShape:
        """The home, its timers and lists, as they are now."""
        return shapes.BoardShape.model_validate(assistant.board().as_json())


def _add_turns(router: APIRouter, assistant: Assistant, places: _Places) -> None:
    @router.post("/ask")
    async def ask(request: shapes.Request, asker: Came) -> shapes.TurnShape:
        """Run one turn on a typed request."""
        _check_text(request.text, longest=shapes.MAX_TEXT_CHARACTERS)
        async with places:
            turn = await assistant.ask_text(
                request.text, voice=request.voice, person_id=asker.person.person_id, scopes=asker.scopes
            )
        return _turn_shape(turn)

    body = {"required": True, "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}

    @router.post("/ask/audio", openapi_extra={"requestBody": body})
    async def ask_audio(
        request: Request, asker: Came, voice: Annotated[shapes.VoiceName | None, Query()] = None
    ) -> shapes.TurnShape:
        """Run one turn on an audio file (WAV, FLAC or OGG) sent as the body, at most 10 MB."""
        data = await request.body()
        if not data:
            raise AudioError("The request has no sound in it; send an audio file as the body.", code="audio.empty")
        async with places:
            turn = await assistant.ask_audio(data, voice=voice, person_id=asker.person.person_id, scopes=asker.scopes)
        return _turn_shape(turn)


def _add_sound(router: APIRouter, assistant: Assistant, places: _Places) -> None:
    @router.get("/say", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
    async def say(
        text: str, voice: Annotated[shapes.VoiceName | None, Query()] = None, speed: Annotated[shapes.Speed, Query()] = 1.0
    ) -> Response:
        """Speak a text of at most 500 characters; the answer is a WAV file."""
        _check_text(text, longest=shapes.MAX_SAY_CHARACTERS)
        chosen = voice or assistant.default_voice()
        async with places:
            spoken = await asyncio.to_thread(lambda: list(assistant.say(text, voice=chosen, speed=speed)))
        return Response(wav(spoken), media_type="audio/wav")

    @router.get("/cues/{name}", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
    async def cue(name: Literal["start", "end", "error", "alert"]) -> Response:
        """An earcon as a WAV file."""
        return Response(wav([assistant.cue(name)]), media_type="audio/wav")


def _check_text(text: str, *, longest: int) -> None:
    if not text.strip():
        raise TextError("There is no text; type what you want.", code="text.empty")
    if len(text) > longest:
        raise TextError(f"The text is longer than {longest} characters; say it shorter.")


def _turn_shape(turn: Turn) -> shapes.TurnShape:
    return shapes.TurnShape.model_validate({"turn_id": turn.turn_id, **turn.as_json()})


def wav(spoken: list[Pcm]) -> bytes:
    """The pieces as one WAV file; all at the rate of the first."""
    place = io.BytesIO()
    with wave.open(place, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(spoken[0].rate_hz if spoken else 24_000)
        file.writeframes(b"".join(pcm.data for pcm in spoken))
    return place.getvalue()
