"""Messages by a real Apprise to a web server here: taken, refused, away, dying, hanging, flooding."""

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.contact import Channel
from earwitness.domain.errors import LinkError
from earwitness.domain.message import MessageState
from earwitness.links.apprise_link import AppriseLink
from earwitness.links.message_link import MessageLink
from tests.links.message_servers import Web, web
from tests.links.servers import free_port, until
from tests.unit.links.link_seats import running

MESSAGE_ID = "3c" * 16


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as found:
        yield found


def link(port: int, path: str = "to/{address}") -> AppriseLink:
    return AppriseLink(url=f"json://user:secret@127.0.0.1:{port}/{path}", way="the family chat")


async def test_a_message_is_taken_by_the_service(server: Web) -> None:
    chat = link(server.port)
    assert isinstance(chat, MessageLink)
    assert chat.channels == (Channel.OTHER,)
    async with running(chat) as works:
        await works.until_works()
        assert "only sends" in works.sentence
        assert not server.bodies
        assert await chat.send("mum & co", "I am late \u2019", message_id=MESSAGE_ID) is MessageState.SENT
        (body,) = server.bodies
        assert json.loads(body)["message"] == "I am late \u2019"
        assert works.times_used == 1


async def test_the_process_knows_nothing_of_our_environment_and_leaves_no_memory(
    server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_OURS", "not to be told")
    seen = list[tuple[bytes, str]]()

    def answer() -> bytes:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                if parent == str(os.getpid()) and b"apprise_process" in (folder / "cmdline").read_bytes():
                    seen.append(((folder / "environ").read_bytes(), (folder / "limits").read_text()))
        return b"ok"

    server.answers = answer
    async with running(chat := link(server.port)) as works:
        await works.until_works()
        assert await chat.send("mum", "hello", message_id=MESSAGE_ID) is MessageState.SENT
    ((environment, limits),) = seen
    assert b"PATH=" in environment
    assert b"not to be told" not in environment
    (core,) = [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core == ["0", "0"]


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_service_that_refuses_says_so(server: Web, status: int) -> None:
    server.status = status
    assert await _code(link(server.port)) == "link.refused"


async def test_a_service_that_is_away_leaves_the_message_waiting() -> None:
    assert await _code(link(free_port())) == "link.unreachable"


async def test_what_a_message_says_is_no_outcome(server: Web) -> None:
    server.status = 500
    for text in ("Connection refused", "Socket Exception: Connection refused", "error=404"):
        assert await _code(link(server.port), text) == "link.unconfirmed"


@pytest.mark.parametrize("other", [401, 200])
async def test_nobody_knows_when_one_of_two_places_is_away(server: Web, other: int) -> None:
    """Then it is never sent again: the other one may have it."""
    server.status = other
    first, second = (f"json://127.0.0.1:{port}/to" for port in (server.port, free_port()))
    assert await _code(AppriseLink(url=f"{first},{second}", way="both")) == "link.unconfirmed"
    assert len(server.bodies) == 1


async def test_nobody_knows_when_it_fails_hangs_or_floods(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    server.status = 500
    assert await _code(link(server.port)) == "link.unconfirmed"
    monkeypatch.setattr("earwitness.links.apprise_link.ANSWER_SECONDS", 6.0)
    server.answers = lambda: b"x" * (1200 << 20)
    assert await _code(link(server.port)) == "link.unconfirmed"


async def test_a_service_that_is_slow_is_waited_for(server: Web) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def answer() -> bytes:
        is_asked.set()
        may_answer.wait(30.0)
        return b"ok"

    server.answers = answer
    async with running(chat := link(server.port)) as works:
        await works.until_works()
        sending = asyncio.create_task(chat.send("mum", "hello", message_id=MESSAGE_ID))
        await until(is_asked.is_set, what="the service asked")
        assert not sending.done()
        may_answer.set()
        assert await sending is MessageState.SENT
    assert len(server.bodies) == 1


async def test_a_service_that_comes_back_takes_the_next_message() -> None:
    port = free_port()
    async with running(chat := link(port)) as works:
        await works.until_works()
        with pytest.raises(LinkError) as away:
            await chat.send("mum", "hello", message_id=MESSAGE_ID)
        assert away.value.code == "link.unreachable"
        with web(port) as server:
            assert await chat.send("mum", "hello", message_id=MESSAGE_ID) is MessageState.SENT
            assert len(server.bodies) == 1


async def test_nobody_knows_when_the_service_dies_in_the_middle(server: Web) -> None:
    server.answers = lambda: None
    assert await _code(link(server.port)) == "link.unconfirmed"
    assert len(server.bodies) == 1, "it is not sent again: it may have been taken"


async def test_a_url_that_is_none_is_told_at_once() -> None:
    async with running(AppriseLink(url="nothing://at all", way="it")) as works:
        error = await works.until_ended()
        assert isinstance(error, LinkError)
        assert error.code == "link.secret"


async def _code(chat: AppriseLink, text: str = "hello") -> str:
    async with running(chat) as works:
        await works.until_works()
        with pytest.raises(LinkError) as failed:
            await chat.send("mum", text, message_id=MESSAGE_ID)
    assert "secret" not in failed.value.sentence
    return failed.value.code
