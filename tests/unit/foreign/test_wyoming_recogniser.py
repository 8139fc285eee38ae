"""Another program's recogniser over Wyoming: our own services as that program, and peers that are no such thing."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EngineError, NetworkError
from earwitness.foreign.reach import Place, Trust
from earwitness.foreign.wyoming_recogniser import WyomingRecogniser
from earwitness.protocol.frames import Frame, encode
from earwitness.turn.workers import Workers
from tests.fakes import silence, tone
from tests.unit.foreign.peers import services

SAID = Pcm(data=tone(1.0))


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


def at(port: int, *, host: str = "127.0.0.1", seconds: float = 10.0) -> WyomingRecogniser:
    return WyomingRecogniser(
        Place(host=host, port=port), trust=Trust(), has_speech=lambda pcm: any(pcm.data), deadline_seconds=seconds
    )


async def test_what_was_said_comes_back_as_text(workers: Workers) -> None:
    async with services(workers) as port:
        heard = await asyncio.to_thread(at(port, host="localhost").transcribe, SAID, hints=("Lamp",))
    assert (heard.text, heard.engine, heard.audio_seconds) == ("turn on the lamp", "wyoming", 1.0)


async def test_silence_stays_here() -> None:
    """Nobody listens at that port: whatever were sent would fail."""
    assert at(9).transcribe(Pcm(data=silence(1.0))).text == ""


def test_sound_goes_nowhere_unencrypted() -> None:
    recogniser = at(10300, host="192.0.2.7")
    with pytest.raises(NetworkError) as caught:
        recogniser.transcribe(SAID)
    assert caught.value.code in ("network.not_safe", "network.unreachable")


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]
    with pytest.raises(EngineError, match=f"port {free_port}"):
        at(free_port).transcribe(SAID)


ANSWERS: dict[str, bytes] = {
    "nothing": b"",
    "no Wyoming": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an error": encode(Frame("error", {"text": "no"})),
    "a transcript without text": encode(Frame("transcript")),
    "a text of another kind": encode(Frame("transcript", {"text": 7})),
    "too long a text": encode(Frame("transcript", {"text": "a" * 5000})),
    "half a frame": encode(Frame("transcript", {"text": "turn on the lamp"}))[:-4],
    "other frames for ever": encode(Frame("pong")) * 2000,
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_whoever_answers_amiss_is_told_about(answer: str) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWERS[answer])
        writer.write_eof()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(EngineError):
            await asyncio.to_thread(at(port).transcribe, SAID)


async def test_whoever_never_answers_is_not_waited_for() -> None:
    over = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(EngineError):
            await asyncio.to_thread(at(port, seconds=0.3).transcribe, SAID)
        over.set()
