import asyncio
import json

import pytest

from bench.open_stack import Matcher, SilenceEndpoint
from bench.wyoming_client import WyomingEvent, connect
from earwitness.domain.home import Area, Device, Home

HOME = Home(
    name="test",
    is_simulated=True,
    areas=(Area(name="Kitchen"),),
    devices=(
        Device(device_id="light.a", name="Bed Light", domain="light", area="Kitchen"),
        Device(device_id="lock.a", name="Front Door", domain="lock", area="Kitchen"),
    ),
)


class Track:
    """A voice detector that reads its answers from a list."""

    frame_samples = 512

    def __init__(self, answers: list[float]) -> None:
        self._answers = answers

    def reset(self) -> None:
        pass

    def probability(self, frame: bytes) -> float:
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("text", "intent", "slots", "reply"),
    [
        ("turn on the bed light", "HassTurnOn", {"name": "Bed Light"}, "Turned on the light"),
        ("lock the front door", "HassTurnOn", {"name": "Front Door"}, "Locking"),
        ("set a timer for 5 minutes", "HassStartTimer", {"minutes": 5}, "Timer set for 5 minutes"),
        ("sing me a song about whales", None, {}, "Sorry, I couldn't understand that"),
    ],
)
def test_the_matcher_speaks_like_home_assistant(text: str, intent: str | None, slots: dict[str, object], reply: str) -> None:
    name, found, said = Matcher(HOME, area="Kitchen").match(text)
    assert (name, said) == (intent, reply)
    assert {key: found[key] for key in slots} == slots


def test_the_end_is_seven_tenths_of_silence_after_speech_began() -> None:
    answers = [0.1] * 30 + [0.9] * 5 + [0.1] * 10 + [0.9] + [0.1] * 40
    endpoint = SilenceEndpoint(Track(answers.copy()))
    over = [endpoint.is_over(b"") for _ in answers]
    assert over.index(True) == 30 + 5 + 10 + 1 + 22 - 1  # 22 frames of 32 ms are the first 0.7 s


def test_the_client_speaks_wyoming() -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = json.loads(await reader.readline())
        received.append(await reader.readexactly(header["data_length"]))
        received.append(await reader.readexactly(header["payload_length"]))
        data = json.dumps({"text": "hello"}).encode()
        for answer in ({"type": "info", "data": {"a": 1}}, {"type": "transcript", "data_length": len(data)}):
            writer.write(json.dumps(answer).encode() + b"\n" + (data if "data_length" in answer else b""))
        await writer.drain()
        writer.close()

    async def talk() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, connect(server.sockets[0].getsockname()[1]) as client:
            await client.send(WyomingEvent(type="audio-chunk", data={"rate": 16_000}, payload=b"\x01\x02"))
            answer = await client.receive_until("transcript")
            assert answer.data == {"text": "hello"}
            with pytest.raises(ConnectionError):
                await client.receive()

    asyncio.run(talk())
    assert json.loads(received[0]) == {"rate": 16_000}
    assert received[1] == b"\x01\x02"
