"""Messages by SIP through a real kamailio: sent, answered, refused, cut off, nobody there, hostile."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.message import MessageState
from earwitness.links import sip_messages
from earwitness.links.message_link import MessageLink
from earwitness.links.sip_messages import MOST_BYTES, SipMessageAccount, SipMessageLink, Transport
from tests.links.message_servers import Told, certificate
from tests.links.servers import Server, free_port, until
from tests.links.telephones import PASSWORD, telephone_server
from tests.unit.links.link_seats import running


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    server: Server
    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    with telephone_server(tmp_path, far_port=free_port()) as (server, port):
        yield Exchange(server=server, port=port)


def link(
    host: str,
    told: Told,
    *,
    user: str = "house",
    password: str = PASSWORD,
    transport: Transport = "tcp",
    ca_file: Path | None = None,
) -> SipMessageLink:
    account = SipMessageAccount(server=host, user=user, password=password, transport=transport, ca_file=ca_file)
    return SipMessageLink(account, link_id="3c" * 16, post=told)


def new_id() -> str:
    return secrets.token_hex(16)


async def test_a_message_is_sent_comes_in_once_and_is_answered(exchange: Exchange) -> None:
    told, others = Told(), Told()
    house, cottage = link(exchange.host, told), link(exchange.host, others, user="cottage")
    assert isinstance(house, MessageLink)
    async with running(house) as works, running(cottage) as theirs:
        await works.until_works()
        await theirs.until_works()
        await house.check()
        assert await house.send(f"cottage@{exchange.host}", "I am late \u2019 <&>", message_id=new_id()) is MessageState.SENT
        await others.until_texts("I am late \u2019 <&>")
        assert others.arrivals[0].address == f"house@{exchange.host}"
        assert await cottage.send(others.arrivals[0].address, "All right.", message_id=new_id()) is MessageState.SENT
        await told.until_texts("All right.")
        assert works.times_used >= 2


async def test_a_message_is_confirmed_only_once_it_is_kept(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_messages, "ANSWER_SECONDS", 1.0)
    told, others = Told(), Told()
    others.may_keep.clear()
    house = link(exchange.host, told)
    async with running(house) as works, running(link(exchange.host, others, user="cottage")) as theirs:
        await works.until_works()
        await theirs.until_works()
        with pytest.raises(LinkError) as unknown:
            await house.send(f"cottage@{exchange.host}", "Kept?", message_id=new_id())
        assert unknown.value.code == "link.unconfirmed"
        others.may_keep.set()
        await others.until_texts("Kept?")


async def test_nobody_there_and_what_cannot_be_sent_are_told_apart(exchange: Exchange) -> None:
    told = Told()
    house = link(exchange.host, told)
    async with running(house) as works:
        await works.until_works()
        for address, text, code in (
            (f"cottage@{exchange.host}", "There?", "link.unreachable"),
            ("12345", "There?", "link.refused"),
            (f"cottage@{exchange.host}", "\u2019" * MOST_BYTES, "link.refused"),
            ("a b@c", "There?", "link.refused"),
        ):
            with pytest.raises(LinkError) as refused:
                await house.send(address, text, message_id=new_id())
            assert refused.value.code == code, address
        assert works.ended is None


async def test_a_wrong_password_and_nobody_there_are_told_apart(exchange: Exchange) -> None:
    async with running(link(exchange.host, Told(), password="wrong")) as works:
        error = await works.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == "link.refused"
    async with running(link(f"127.0.0.1:{free_port()}", Told())) as works:
        error = await works.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == "link.unreachable"
    with pytest.raises(LinkError) as away:
        await link(exchange.host, Told()).send("12", "There?", message_id=new_id())
    assert away.value.code == "link.unreachable"


async def test_over_tls_and_never_to_a_certificate_of_others(tmp_path: Path) -> None:
    certificate_file, key = certificate(tmp_path, "localhost")
    with telephone_server(tmp_path, far_port=free_port(), certificate=certificate_file, key=key) as (_, port):
        host, told = f"localhost:{port}", Told()
        house = link(host, told, transport="tls", ca_file=certificate_file)
        async with running(house) as works:
            await works.until_works()
            assert await house.send(f"house@{host}", "A note to myself", message_id=new_id()) is MessageState.SENT
            await told.until_texts("A note to myself")
        async with running(link(host, Told(), transport="tls")) as works:
            error = await works.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == "link.not_safe"


async def test_nobody_knows_when_the_server_hangs_or_dies_while_a_message_is_sent(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = link(exchange.host, Told())
    async with running(house) as works:
        await works.until_works()
        monkeypatch.setattr(sip_messages, "ANSWER_SECONDS", 0.5)
        exchange.server.freeze()
        with pytest.raises(LinkError) as unknown:
            await house.send(f"cottage@{exchange.host}", "There?", message_id=new_id())
        assert unknown.value.code == "link.unconfirmed"
        monkeypatch.setattr(sip_messages, "ANSWER_SECONDS", 20.0)
        sending = asyncio.create_task(house.send(f"cottage@{exchange.host}", "There?", message_id=new_id()))
        await asyncio.sleep(0)
        exchange.server.kill()
        with pytest.raises(LinkError) as unknown:
            await sending
        assert unknown.value.code == "link.unconfirmed"
        error = await works.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == "link.unreachable"
    exchange.server.start()
    told = Told()
    again = link(exchange.host, told)
    async with running(again) as works:
        await works.until_works()
        assert await again.send(f"house@{exchange.host}", "Back", message_id=new_id()) is MessageState.SENT
        await told.until_texts("Back")


@contextlib.asynccontextmanager
async def _hostile(says: bytes) -> AsyncIterator[str]:
    """A server that answers whatever it is asked with that."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        with contextlib.suppress(OSError):
            writer.write(says)
            await writer.drain()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "link.nonsense"),
        (b"SIP/2.0 200 OK\r\n" + b"x: y\r\n" * 10_000, "link.nonsense"),
        (b"SIP/2.0 200 OK\r\ncontent-length: 999999999\r\n\r\n", "link.nonsense"),
        (b"MESSAGE sip:us SIP/2.0\r\ncontent-length: 0\r\n\r\n", "link.nonsense"),
        (b"\xff" * 20_000, "link.nonsense"),
        (b"", "link.slow"),
    ],
)
async def test_a_hostile_server_is_left_with_a_clear_error(says: bytes, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_messages, "ANSWER_SECONDS", 1.0)
    async with _hostile(says) as host, running(link(host, Told())) as works:
        error = await works.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == code


async def test_what_is_no_message_in_text_is_refused_and_harms_nothing() -> None:
    """A server that signs us in and then sends what nobody asked for."""
    answers: list[bytes] = []
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        lines = [line for line in asked.split(b"\r\n") if line.lower().startswith((b"via", b"from", b"to", b"call-id", b"cseq"))]
        writer.write(b"\r\n".join((b"SIP/2.0 200 OK", *lines, b"content-length: 0", b"", b"")))
        every = (
            b"Via: SIP/2.0/TCP x;branch=z9hG4bK1\r\nFrom: <sip:%s>;tag=1\r\nTo: <sip:house@x>\r\nCall-ID: %d\r\nCSeq: 1 %s\r\n"
        )
        for number, (method, sender, more) in enumerate(
            (
                (b"INVITE", b"tom@x", b"l: 0\r\n\r\n"),
                (b"MESSAGE", b"tom@x", b"c: application/x-sh\r\nl: 2\r\n\r\nrm"),
                (b"MESSAGE", b"tom@x", b"c: text/plain\r\nl: 1\r\n\r\n "),
                (b"MESSAGE", b"tom at x", b"c: text/plain\r\nl: 2\r\n\r\nhi"),
                (b"OPTIONS", b"tom@x", b"l: 0\r\n\r\n"),
                (b"MESSAGE", b"tom@x", b"c: text/plain;charset=utf-8\r\nl: 5\r\n\r\nHi \xff!"),
            )
        ):
            writer.write(method + b" sip:house@x SIP/2.0\r\n" + every % (sender, number, method) + more)
            answers.append(await reader.readuntil(b"\r\n\r\n"))
        done.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    told = Told()
    async with running(link(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", told)) as works:
        await works.until_works()
        await until(done.is_set, what="all of it answered")
        assert [int(answer.split()[1]) for answer in answers] == [405, 415, 200, 200, 200, 200]
        assert [(one.address, one.text) for one in told.arrivals] == [("tom@x", "Hi \ufffd!")]
    server.close()
