"""A language model behind a small real HTTP server of the tests' own, which speaks chat completions as OpenAI describes them;
and servers that refuse, are slow or hostile."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.errors import LinkError, SettingsError
from earwitness.links.language_model import INSTRUCTION, LanguageModel, is_question
from tests.strange_servers import Answer, always, broken_off, endless, free_port, reply, request, serving, silent

KEY = "sk-only-for-tests"


@dataclass
class ChatServer:
    """Answers every question with `content`, if the key is right; keeps what it was asked."""

    content: str | None = "Paris is the capital of France. It lies on the Seine."
    asked: list[dict[str, Any]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await request(reader)
            self.heads.append(head)
            if f"authorization: bearer {KEY}\r\n" not in head.casefold():
                writer.write(reply(b'{"error": {"message": "Incorrect API key provided"}}', status="401 Unauthorized"))
                continue
            if not head.startswith("POST /v1/chat/completions "):
                writer.write(reply(b'{"error": {}}', status="404 Not Found"))
                continue
            self.asked.append(json.loads(body))
            message = {"role": "assistant", "content": self.content, "refusal": None}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            told = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "model": "m",
                "choices": [choice],
                "usage": {"total_tokens": 9},
            }
            writer.write(reply(json.dumps(told).encode(), headers="Content-Type: application/json\r\n"))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@asynccontextmanager
async def model_at(
    port: int, key_file: Path | None = None, *, path: str = "/v1", seconds: float = 1.0
) -> AsyncIterator[LanguageModel]:
    link = LanguageModel(f"http://127.0.0.1:{port}{path}", model="m", key_file=key_file, timeout_seconds=seconds)
    try:
        yield link
    finally:
        await link.close()


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/chat/completions"])
async def test_one_sentence_first_the_others_as_more_and_who_said_so(key_file: Path, path: str) -> None:
    server = ChatServer()
    async with serving(server.answer) as port, model_at(port, key_file, path=path) as link:
        answer = await link.ask("What is the capital of France?")
    assert answer is not None
    assert answer.sentence == "Paris is the capital of France."
    assert answer.more == ("It lies on the Seine.",)
    assert answer.source == "the language model on this machine"


async def test_nothing_but_the_question_is_sent(key_file: Path) -> None:
    server = ChatServer()
    async with serving(server.answer) as port, model_at(port, key_file) as link:
        await link.ask("  What is   love?\n")
    messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": "What is love?"}]
    assert server.asked == [{"model": "m", "messages": messages, "max_tokens": 300, "stream": False}]
    names = {line.partition(":")[0].casefold() for line in server.heads[0].splitlines()[1:] if line}
    assert names <= {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "user-agent",
        "content-type",
        "content-length",
        "authorization",
    }


async def test_what_is_no_question_is_not_sent(key_file: Path) -> None:
    server = ChatServer()
    async with serving(server.answer) as port, model_at(port, key_file) as link:
        for words in ("turn on the light", "can you turn on the light?", "", "buy milk", "why " + "so " * 300):
            assert await link.ask(words) is None
    assert server.heads == []


def test_questions_are_told_from_requests() -> None:
    for words in ("who was Bach", "is it true", "how far is the moon?", "tell me about bees", "could you explain rain", "rain?"):
        assert is_question(words), words
    for words in ("play some music", "would you open the door?", "set a timer", "island", "whatever"):
        assert not is_question(words), words


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("**Paris** is the [capital](https://x.org/a) of `France`.", "Paris is the capital of France."),
        ("<think>Hmm. Let me see.</think>\n\nIt is 4.", "It is 4."),
        ("<think>It never ends", None),
        ("# Answer\n- It rains. See https://example.org/x now.", "Answer It rains."),
        ("I do not know.", None),
        ("", None),
        (None, None),
        ("\x00\x1b[31mRed\x07 it is.", "[31mRed it is."),
        ("a" * 50_000, "a" * 10),
        ("word " * 2000, "word word"),
    ],
)
async def test_what_comes_back_is_words_to_be_said(key_file: Path, content: str | None, sentence: str | None) -> None:
    async with serving(ChatServer(content).answer) as port, model_at(port, key_file) as link:
        answer = await link.ask("why?")
    assert (answer is None) is (sentence is None)
    if answer is not None and sentence is not None:
        assert answer.sentence.startswith(sentence)
        assert len(answer.sentence) <= 302
        assert answer.sentence.isprintable()


async def test_a_wrong_key_is_refused_and_the_right_one_works_after_it(key_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = ChatServer()
    async with serving(server.answer) as port, model_at(port, key_file) as link:
        await asyncio.to_thread(key_file.write_text, "sk-wrong")
        with pytest.raises(LinkError) as caught:
            await link.ask("why is the sky blue?")
        assert caught.value.code == "link.refused"
        await asyncio.to_thread(key_file.write_text, KEY)
        assert await link.ask("why is the sky blue?") is not None
    async with serving(server.answer) as port, model_at(port) as link:
        with pytest.raises(LinkError) as without:
            await link.ask("why is the sky blue?")
        assert without.value.code == "link.refused"
    told = caplog.text + str(caught.value) + str(without.value)
    assert not any(word in told for word in ("sk-", "sky", "Incorrect", "/v1/"))


async def test_a_server_that_is_down_and_comes_back(key_file: Path) -> None:
    port = free_port()
    async with model_at(port, key_file) as link:
        with pytest.raises(LinkError) as caught:
            await link.ask("why?")
        assert caught.value.code == "link.unreachable"
    server = ChatServer()
    async with serving(server.answer) as port, model_at(port, key_file) as link:
        assert await link.ask("why?") is not None
        assert await link.ask("why not?") is not None


async def test_a_question_is_not_asked_twice_when_the_server_dies_over_it(key_file: Path) -> None:
    heads: list[str] = []

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await request(reader))[0])

    async with serving(die) as port, model_at(port, key_file) as link:
        with pytest.raises(LinkError):
            await link.ask("why?")
    assert len(heads) == 1


NESTED = b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.quiet
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (silent, "link.slow"),
        (broken_off, "link.nonsense"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536), "link.too_large"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b" ", pause_seconds=0.05), "link.slow"),
        (endless(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536), "link.nonsense"),
        (always(reply(b"<html>hello</html>")), "link.nonsense"),
        (always(reply(b"{}")), "link.nonsense"),
        (always(reply(b'{"choices": []}')), "link.nonsense"),
        (always(reply(b'{"choices": [{"message": {"content": 7}}]}')), "link.nonsense"),
        (always(reply(NESTED)), "link.nonsense"),
        (always(reply(b"\xff\xfe\x00")), "link.nonsense"),
        (always(reply(b"", status="307 Temporary Redirect", headers="Location: https://elsewhere.example/\r\n")), "link.failed"),
        (always(reply(b"", status="429 Too Many Requests")), "link.refused"),
        (always(reply(b"", status="500 Oh")), "link.failed"),
    ],
    ids=["silent", "broken off", "endless", "trickle", "endless head", "a page", "empty", "no choice", "no text", "deep", "noise",
         "away", "too often", "500"],
)  # fmt: skip
async def test_hostile_answers_are_bounded_errors(key_file: Path, answer: Answer, code: str) -> None:
    began, seconds = time.monotonic(), 0.4 if code == "link.slow" else 5.0
    async with serving(answer) as port, model_at(port, key_file, seconds=seconds) as link:
        with pytest.raises(LinkError) as caught:
            await link.ask("why?")
    assert caught.value.code == code
    assert time.monotonic() - began < 4.0


def test_it_says_where_the_words_go() -> None:
    far = LanguageModel("https://api.example.org/v1", model="m")
    assert far.outgoing == ("api.example.org",)
    assert "api.example.org" in far.description
    near = LanguageModel("http://localhost:8080/v1", model="m")
    assert near.outgoing == ()
    assert "nothing leaves" in near.description


@pytest.mark.parametrize(
    "url", ["http://api.example.org/v1", "api.example.org", "https://me:secret@api.example.org/v1", "file:///etc/passwd"]
)
def test_addresses_that_may_not_be_asked_are_settings_errors(url: str) -> None:
    with pytest.raises(SettingsError, match=r"language_model\.url") as caught:
        LanguageModel(url, model="m")
    assert "secret" not in str(caught.value)
