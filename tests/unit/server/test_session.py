"""Sessions over real sockets: what a device may send when, and how each misuse ends."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from earwitness.protocol.session_messages import decode_speech
from tests.unit.server.serving import (
    HELLO,
    LOUD_CHUNK,
    QUIET_CHUNK,
    Served,
    greet,
    open_capture,
    say,
    send_chunks,
    serving,
    wait_for,
)

ENOUGH_SPEECH = [LOUD_CHUNK] * 20
ENOUGH_SILENCE = [QUIET_CHUNK] * 30


async def ending(served: Served, *frames: str | bytes, **options: Any) -> tuple[str, int]:
    """Send frames as a whole session; returns the code of the last error and the close code."""
    code = ""
    async with served.session(**options) as socket, asyncio.timeout(30):
        try:
            for frame in frames:
                await socket.send(frame)
            while True:
                received = await socket.recv()
                message = json.loads(received) if isinstance(received, str) else {}
                code = message["code"] if message.get("type") == "error" else code
        except ConnectionClosed:
            assert socket.close_code is not None
            return code, socket.close_code


def test_a_spoken_command_goes_from_press_to_reply() -> None:
    async def scenario() -> None:
        async with serving() as served, served.session() as socket:
            welcome = await greet(socket)
            known = {"version": 1, "rate_hz": 16000, "hands_free": False, "hands_free_allowed": True, "person": "Anna"}
            assert welcome == {"type": "welcome", **known}
            await wait_for(socket, "state", state="asleep", muted=False, capture=False)
            await wait_for(socket, "home", simulated=True)
            await open_capture(socket)
            await send_chunks(socket, [*ENOUGH_SPEECH, *ENOUGH_SILENCE])
            await wait_for(socket, "capture", open=False)
            assert (await wait_for(socket, "transcript"))["text"] == "turn on the lamp"
            assert (await wait_for(socket, "understood"))["slots"] == {"name": "Lamp"}
            speech = await wait_for(socket, "speech", text="Turned on the lamp.")
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            assert decode_speech(frame)[0] == speech["id"]
            turn = await wait_for(socket, "turn", outcome="done")
            assert served.house.lamp.is_on
            assert turn["turn_id"]
            await say(socket, {"type": "playback", "id": speech["id"], "state": "started"})
            await say(socket, {"type": "playback", "id": speech["id"], "state": "finished"})
            await wait_for(socket, "state", state="asleep")

    asyncio.run(scenario())


def test_no_capture_opens_without_the_cue() -> None:
    async def scenario() -> None:
        async with serving() as served:
            async with served.session() as socket:
                await greet(socket)
                await say(socket, {"type": "press"})
                await wait_for(socket, "cue", cue="start")
                await socket.send(LOUD_CHUNK)
                error = await wait_for(socket, "error")
            assert error["code"] == "wire.unexpected"
            assert not served.house.lamp.performed

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("frames", "code", "close_code"),
    [
        (["{"], "wire.malformed", 1008),
        (['{"type":"press"}'], "wire.unexpected", 1008),
        ([LOUD_CHUNK], "wire.unexpected", 1008),
        ([json.dumps(HELLO | {"version": 9})], "wire.wrong_version", 1008),
        ([json.dumps(HELLO), json.dumps(HELLO)], "wire.unexpected", 1008),
        ([json.dumps(HELLO), LOUD_CHUNK], "wire.unexpected", 1008),
        ([json.dumps(HELLO), b"\0"], "wire.malformed", 1008),
        ([json.dumps(HELLO), bytes(2562)], "wire.malformed", 1008),
        ([json.dumps(HELLO), b""], "wire.malformed", 1008),
        ([json.dumps(HELLO), '{"type":"ask","text":"' + "a" * 100_000 + '"}'], "wire.too_large", 1009),
        ([json.dumps(HELLO), '{"type":"ask","text":"' + "a" * 400_000 + '"}'], "", 1009),
        ([json.dumps(HELLO), '{"type":"sing"}'], "wire.malformed", 1008),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_broken_protocol_is_said_and_ends_the_session(frames: list[str | bytes], code: str, close_code: int) -> None:
    async def scenario() -> None:
        async with serving() as served:
            assert await ending(served, *frames) == (code, close_code)

    asyncio.run(scenario())


def test_muted_sound_is_dropped_and_a_press_is_refused() -> None:
    async def scenario() -> None:
        async with serving() as served, served.session() as socket:
            await greet(socket, muted=True)
            await wait_for(socket, "state", muted=True)
            await say(socket, {"type": "press"})
            assert (await wait_for(socket, "error"))["code"] == "session.muted"
            await say(socket, {"type": "mute", "on": False})
            await wait_for(socket, "state", muted=False)
            await open_capture(socket)
            await say(socket, {"type": "mute", "on": True})
            await send_chunks(socket, [*ENOUGH_SPEECH, *ENOUGH_SILENCE])
            await wait_for(socket, "state", muted=True, capture=False)
            await say(socket, {"type": "ask", "text": "stop"})
            await wait_for(socket, "turn", transcript="stop")
            assert served.house.lamp.performed == ["HassNevermind"]

    asyncio.run(scenario())


def test_sound_on_its_way_when_the_capture_closed_is_dropped() -> None:
    async def scenario() -> None:
        async with serving() as served, served.session() as socket:
            await greet(socket)
            await open_capture(socket)
            await say(socket, {"type": "stop"})
            await wait_for(socket, "state", state="asleep")
            await send_chunks(socket, [*ENOUGH_SPEECH, *ENOUGH_SILENCE])
            await say(socket, {"type": "ask", "text": "stop"})
            await wait_for(socket, "turn", transcript="stop")
            assert served.house.lamp.performed == ["HassNevermind"]

    asyncio.run(scenario())


def test_a_device_that_leaves_in_mid_word_does_nothing() -> None:
    async def scenario() -> None:
        async with serving() as served:
            async with served.session() as socket:
                await greet(socket)
                await open_capture(socket)
                await send_chunks(socket, ENOUGH_SPEECH)
                socket.transport.abort()
            async with served.session() as socket:
                await greet(socket)
                await say(socket, {"type": "ask", "text": "stop"})
                await wait_for(socket, "turn", transcript="stop")
            assert served.house.lamp.performed == ["HassNevermind"]
            async with asyncio.timeout(30):
                await served.house.is_left.wait()

    asyncio.run(scenario())


def test_hands_free_works_on_the_machine_itself_and_needs_no_press() -> None:
    async def scenario() -> None:
        async with serving() as served, served.session() as socket:
            assert (await greet(socket, hands_free=True))["hands_free"] is True
            await send_chunks(socket, [QUIET_CHUNK, QUIET_CHUNK, LOUD_CHUNK])
            await wait_for(socket, "cue", cue="start")
            await say(socket, {"type": "cue_done", "cue": "start"})
            await wait_for(socket, "capture", open=True)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=192.0.2.1"}, {"Via": "1.1 proxy"}, {"X-Real-IP": "192.0.2.1"}],
    ids=str,
)
def test_hands_free_is_refused_behind_a_proxy(headers: dict[str, str]) -> None:
    async def scenario() -> None:
        async with serving() as served, served.session(additional_headers=headers) as socket:
            welcome = await greet(socket, hands_free=True)
            assert welcome["hands_free"] is False
            assert welcome["hands_free_allowed"] is False
            assert (await wait_for(socket, "error"))["code"] == "session.not_local"
            await socket.send(LOUD_CHUNK)
            assert (await wait_for(socket, "error"))["code"] == "wire.unexpected"

    asyncio.run(scenario())


def test_an_unknown_voice_is_said_and_the_session_goes_on() -> None:
    async def scenario() -> None:
        async with serving() as served, served.session() as socket:
            await greet(socket, voice="nobody")
            assert (await wait_for(socket, "error"))["code"] == "voice.unknown"
            await say(socket, {"type": "voice", "name": "away", "speed": 1})
            assert (await wait_for(socket, "error"))["code"] == "voice.unknown"
            await say(socket, {"type": "voice", "name": "heart", "speed": 1.5})
            await say(socket, {"type": "ask", "text": "turn on the lamp"})
            await wait_for(socket, "turn", outcome="done")

    asyncio.run(scenario())


def test_a_change_of_the_home_is_shown_in_every_session() -> None:
    async def scenario() -> None:
        async with serving() as served, served.session() as one, served.session() as other:
            await greet(one)
            await greet(other)
            await wait_for(other, "home")
            served.house.lamp.is_on = True
            for watcher in served.house.watchers:
                watcher()
            board = await wait_for(other, "home")
            assert board["devices"][0]["state"] == "on"

    asyncio.run(scenario())


def test_one_session_too_many_is_told_so() -> None:
    async def scenario() -> None:
        async with serving() as served:
            open_sockets = [await served.session() for _ in range(16)]
            for socket in open_sockets:
                await greet(socket)
            assert await ending(served, json.dumps(HELLO)) == ("session.too_many", 1013)
            for socket in open_sockets:
                await socket.close()

    asyncio.run(scenario())


def test_a_session_that_says_nothing_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.server.page_links.HELLO_SECONDS", 0.05)

    async def scenario() -> None:
        async with serving() as served:
            assert await ending(served) == ("session.no_hello", 1008)

    asyncio.run(scenario())


def test_a_device_that_does_not_read_is_dropped() -> None:
    """It asks and asks without reading: the socket's buffers fill, then the outbox, then the session ends."""

    async def scenario() -> None:
        async with serving() as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1024)
            writer.write(
                f"GET /api/v1/session HTTP/1.1\r\nHost: {served.host}\r\nOrigin: {served.url}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
            )
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_masked(json.dumps(HELLO)))
            await served.house.is_watched.wait()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            async with asyncio.timeout(60):
                while not served.house.is_left.is_set():
                    writer.write(_masked(json.dumps({"type": "voice", "name": "n" * 64, "speed": 1})) * 50)
                    with contextlib.suppress(ConnectionError):
                        await writer.drain()
                    await asyncio.sleep(0)
            writer.close()
            async with served.session() as socket:
                await greet(socket)

    asyncio.run(scenario())


def _masked(text: str) -> bytes:
    """A client's text frame with an all-zero mask (RFC 6455, section 5.2)."""
    data = text.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data
