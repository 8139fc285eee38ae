"""What a language model is asked about requests, and what of its answer is read: a small real server of the tests' own, right,
slow, down or hostile."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from earwitness.domain.errors import LinkError
from earwitness.links.language_model import LanguageModel
from tests.strange_servers import always, endless, free_port, reply, request, serving, silent

EXAMPLES, NAMES = ("turn on the lamp", "set a timer for five minutes"), ("Kitchen", "Desk Lamp")


def called(*sentences: object, tool: str = "say") -> bytes:
    """An answer with these calls of the tool."""
    arguments = [one if isinstance(one, str) else json.dumps(one) for one in sentences]
    calls = [{"id": "c", "type": "function", "function": {"name": tool, "arguments": one}} for one in arguments]
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": calls}}]}).encode()


@dataclass
class Server:
    """Answers every request with the same bytes; keeps what it was asked."""

    answer: bytes
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, body = await request(reader)
            self.asked.append(json.loads(body))
            writer.write(reply(self.answer, headers="Content-Type: application/json\r\n"))


async def rephrased(port: int, words: str = "it is dark at my desk", *, understands: bool = True) -> str | None:
    link = LanguageModel(f"http://127.0.0.1:{port}/v1", model="m", timeout_seconds=0.5, understands=understands)
    try:
        return await link.rephrase(words, examples=EXAMPLES, names=NAMES)
    finally:
        await link.close()


async def test_it_is_told_examples_and_names_and_says_a_sentence() -> None:
    server = Server(called({"sentence": " turn on the  desk lamp "}))
    async with serving(server.serve) as port:
        assert await rephrased(port) == "turn on the desk lamp"
    (asked,) = server.asked
    system, user = asked["messages"]
    assert user == {"role": "user", "content": "it is dark at my desk"}
    assert all(one in system["content"] for one in (*EXAMPLES, *NAMES))
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["say"]


async def test_unless_the_settings_let_it_nothing_is_sent() -> None:
    server = Server(called({"sentence": "turn on the desk lamp"}))
    async with serving(server.serve) as port:
        assert await rephrased(port, understands=False) is None
        assert await rephrased(port, "so " * 200) is None
    assert server.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        called(),
        called({"sentence": "turn on the lamp"}, {"sentence": "unlock the door"}),
        called({"sentence": "turn on the lamp"}, tool="run"),
        called({"sentence": "turn on\x07 the lamp"}),
        json.dumps({"choices": [{"message": {"content": "turn on the lamp"}}]}).encode(),
    ],
)
async def test_anything_but_one_call_with_one_sentence_says_nothing(answer: bytes) -> None:
    async with serving(Server(answer).serve) as port:
        assert await rephrased(port) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"{}",
        called("no json"),
        called({"sentence": 5}),
        called({"sentence": ""}),
        called({"sentence": "on " * 200}),
        called({"words": "x"}),
        json.dumps({"choices": [{"message": {"tool_calls": [{}] * 17}}]}).encode(),
    ],
)
async def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    async with serving(Server(answer).serve) as port:
        with pytest.raises(LinkError) as caught:
            await rephrased(port)
    assert caught.value.code == "link.nonsense"


async def test_servers_that_are_down_slow_or_endless_are_errors_in_time() -> None:
    with pytest.raises(LinkError):
        await rephrased(free_port())
    for hostile in (
        silent,
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000),
        always(reply(b"no", status="500 Internal Server Error")),
    ):
        async with serving(hostile) as port, asyncio.timeout(10):
            with pytest.raises(LinkError):
                await rephrased(port)
