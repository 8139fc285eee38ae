"""The JSON API over real HTTP, on the simple engines: what it answers, and how each bad request ends."""

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.datastructures import Headers

from earwitness.domain.account import Scope
from earwitness.domain.visitor import Visitor
from tests.fakes import tone
from tests.unit.server.serving import Served, greet, person, say, serving, wait_for


def run(scenario: Callable[[httpx.AsyncClient, Served], Awaitable[None]]) -> None:
    async def served_scenario() -> None:
        async with serving() as served, httpx.AsyncClient(base_url=served.url) as client:
            await scenario(client, served)

    asyncio.run(served_scenario())


def wav(samples: bytes) -> bytes:
    place = io.BytesIO()
    with wave.open(place, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return place.getvalue()


def test_a_typed_request_is_one_turn() -> None:
    async def scenario(client: httpx.AsyncClient, served: Served) -> None:
        answer = await client.post("/api/v1/ask", json={"text": "turn on the lamp"})
        turn = answer.json()
        assert answer.status_code == 200
        assert (turn["intent"], turn["slots"], turn["outcome"]) == ("HassTurnOn", {"name": "Lamp"}, "done")
        assert turn["turn_id"]
        assert (await client.get("/api/v1/home")).json()["devices"][0]["state"] == "on"

    run(scenario)


def test_an_audio_file_is_one_turn() -> None:
    async def scenario(client: httpx.AsyncClient, served: Served) -> None:
        answer = await client.post("/api/v1/ask/audio", content=wav(tone(1.0)), headers={"Content-Type": "audio/wav"})
        assert (answer.status_code, answer.json()["outcome"]) == (200, "done")
        quiet = await client.post("/api/v1/ask/audio", content=wav(bytes(32_000)))
        assert quiet.json()["outcome"] == "not_heard"

    run(scenario)


@pytest.mark.parametrize("scopes", [None, frozenset({Scope.TALK}), frozenset({Scope.TALK, Scope.HISTORY})])
async def test_a_turn_knows_what_the_token_may_that_asked_for_it(scopes: frozenset[Scope] | None) -> None:
    """Typed, as a file, and in a session."""

    async def program(headers: Headers, peer: str) -> Visitor:
        return Visitor(person=person(), token_id="1" * 32, scopes=scopes)

    async with serving(who=program) as served, httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/api/v1/ask", json={"text": "turn on the lamp"})
        await client.post("/api/v1/ask/audio", content=wav(tone(1.0)))
        async with served.session() as socket:
            await greet(socket)
            await say(socket, {"type": "ask", "text": "turn on the lamp"})
            await wait_for(socket, "turn", outcome="done")
        asked = served.house.lamp.contexts
    assert [(context.person_id, context.scopes) for context in asked] == 3 * [(person().person_id, scopes)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "audio.empty"),
        (b"not audio at all", "audio.unreadable"),
        (wav(bytes(60 * 32_000)), "audio.too_long"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\x7f", "audio."),
    ],
    ids=["empty", "text", "a minute", "hostile header"],
)
def test_bad_audio_is_said(content: bytes, code: str) -> None:
    async def scenario(client: httpx.AsyncClient, served: Served) -> None:
        answer = await client.post("/api/v1/ask/audio", content=content)
        assert answer.status_code == 422
        assert answer.json()["code"].startswith(code)

    run(scenario)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 422, "text.empty"),
        ({"text": " \n"}, 422, "text.empty"),
        ({"text": "a" * 60_000}, 422, "text.too_long"),
        ({"text": "a" * 100_000}, 413, "body.too_large"),
        ({"text": "stop", "voice": "nobody"}, 404, "voice.unknown"),
        ({"text": "stop", "voice": ""}, 422, "request.invalid"),
        ({"text": 7}, 422, "request.invalid"),
        ({"text": "stop", "other": 1}, 422, "request.invalid"),
        ([], 422, "request.invalid"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_requests_are_said(body: Any, status: int, code: str) -> None:
    async def scenario(client: httpx.AsyncClient, served: Served) -> None:
        answer = await client.post("/api/v1/ask", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert set(answer.json()) == {"code", "message"}

    run(scenario)


def test_a_text_is_spoken_as_wav() -> None:
    async def scenario(client: httpx.AsyncClient, served: Served) -> None:
        answer = await client.get("/api/v1/say", params={"text": "Hello."})
        assert answer.headers["content-type"] == "audio/wav"
        with wave.open(io.BytesIO(answer.content)) as file:
            assert (file.getframerate(), file.getnframes()) == (16_000, 16_000)
        for params, code in (({"text": ""}, "text.empty"), ({"text": "a" * 501}, "text.too_long")):
            assert (await client.get("/api/v1/say", params=params)).json()["code"] == code
        fast = await client.get("/api/v1/say", params={"text": "Hello.", "speed": "9"})
        assert (fast.status_code, fast.json()["code"]) == (422, "request.invalid")

    run(scenario)


def test_the_small_routes_answer() -> None:
    async def scenario(client: httpx.AsyncClient, served: Served) -> None:
        assert (await client.get("/api/v1/health")).json()["ready"] is False
        await asyncio.to_thread(served.assistant.warm)
        assert (await client.get("/api/v1/health")).json()["ready"] is True
        voices = (await client.get("/api/v1/voices")).json()
        assert voices["default"] == "heart"
        assert [voice["installed"] for voice in voices["voices"]] == [True, False]
        for name in ("start", "end", "error", "alert"):
            assert (await client.get(f"/api/v1/cues/{name}")).content.startswith(b"RIFF")
        assert (await client.get("/api/v1/cues/none")).status_code == 422
        paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
        assert set(paths) == {
            f"/api/v1/{name}" for name in ("health", "voices", "home", "ask", "ask/audio", "say", "cues/{name}")
        }

    run(scenario)


def test_too_many_requests_at_once_are_told_to_come_back() -> None:
    async def scenario(client: httpx.AsyncClient, served: Served) -> None:
        asked = [client.post("/api/v1/ask", json={"text": "stop"}, timeout=60) for _ in range(30)]
        statuses = {answer.status_code for answer in await asyncio.gather(*asked)}
        assert 200 in statuses
        assert statuses <= {200, 429}

    run(scenario)
