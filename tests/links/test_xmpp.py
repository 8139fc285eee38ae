"""Messages by XMPP through a real prosody: sent, delivered, refused, cut off, offline, hostile."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.message import LONGEST_TEXT, MessageState
from earwitness.links.message_link import MOST_OF_SENDER, MessageLink
from earwitness.links.xmpp import XmppLink
from tests.links.message_servers import DOMAIN, PASSWORD, Prosody, Told, certificate, prosody
from tests.links.servers import until
from tests.unit.links.link_seats import running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Prosody]:
    with prosody(tmp_path / "prosody", "anna", "tom", "ben") as found:
        yield found


def link(server: Prosody, person: str, told: Told, *, password: str = PASSWORD, ca_file: Path | None = None) -> XmppLink:
    return XmppLink(
        link_id="1a" * 16,
        address=f"{person}@{DOMAIN}",
        password=password,
        post=told,
        server=("127.0.0.1", server.port),
        ca_file=ca_file or server.ca_file,
    )


def new_id() -> str:
    return secrets.token_hex(16)


async def test_a_message_is_sent_comes_in_once_and_is_answered(server: Prosody) -> None:
    told, others = Told(), Told()
    anna, tom = link(server, "anna", told), link(server, "tom", others)
    assert isinstance(anna, MessageLink)
    async with running(anna) as works, running(tom) as theirs:
        await works.until_works()
        await theirs.until_works()
        await anna.check()
        assert await anna.send(f"tom@{DOMAIN}", "I am late <&> \u2019", message_id=new_id()) is MessageState.SENT
        await others.until_texts("I am late <&> \u2019")
        assert others.arrivals[0].address == f"anna@{DOMAIN}"
        assert await tom.send(others.arrivals[0].address, "All right.", message_id=new_id()) is MessageState.SENT
        await told.until_texts("All right.")
        assert works.times_used >= 2


async def test_what_came_while_we_were_away_comes_once_after_a_reconnect(server: Prosody) -> None:
    told, others = Told(), Told()
    anna, tom = link(server, "anna", told), link(server, "tom", others)
    async with running(anna) as works:
        await works.until_works()
        assert await anna.send(f"tom@{DOMAIN}", "Are you there?", message_id=new_id()) is MessageState.SENT
    async with running(tom) as theirs:
        await theirs.until_works()
        await others.until_texts("Are you there?")
        assert others.arrivals[0].sent_at is not None
    again = Told()
    async with running(link(server, "tom", again)) as theirs, running(link(server, "anna", told)) as works:
        await theirs.until_works()
        await works.until_works()
        await asyncio.wait_for(link_sends(server, again), 30)
        assert [one.text for one in again.arrivals] == ["the next"]


async def link_sends(server: Prosody, told: Told) -> None:
    """Something that comes after all that could come."""
    sender = link(server, "anna", Told())
    async with running(sender) as works:
        await works.until_works()
        await sender.send(f"tom@{DOMAIN}", "the next", message_id=new_id())
        await until(lambda: any(one.text == "the next" for one in told.arrivals), what="the next message")


async def test_what_was_not_kept_when_we_died_comes_again_as_the_same(server: Prosody) -> None:
    """The server gets no acknowledgement before it is kept; what comes twice has one id, by which the box knows it."""
    crashed, kept = Told(), Told()
    crashed.may_keep.clear()
    tom = link(server, "tom", crashed)
    async with running(tom) as theirs, running(sender := link(server, "anna", Told())) as works:
        await theirs.until_works()
        await works.until_works()
        await sender.send(f"tom@{DOMAIN}", "Do not lose me.", message_id="5e" * 16)
        await until(lambda: tom._keeping, what="the message in the middle of being kept")
        tom._client.transport.abort()  # type: ignore[union-attr]  # as a kill would
        await theirs.until_ended()

    async def came() -> bool:
        async with running(link(server, "tom", kept)) as theirs:
            await theirs.until_works()
            for _ in range(100):
                if kept.arrivals:
                    return True
                await asyncio.sleep(0.02)
        return False

    await until(came, what="the message again", seconds=60)
    assert {one.text for one in kept.arrivals} == {"Do not lose me."}
    assert {one.outside_id for one in kept.arrivals} == {f"anna@{DOMAIN} {'5e' * 16}"}


async def test_a_wrong_password_a_strange_certificate_and_nobody_there_are_told_apart(server: Prosody, tmp_path: Path) -> None:
    async with running(link(server, "anna", Told(), password="wrong")) as works:
        assert _code(await works.until_ended()) == "link.refused"
    other = tmp_path / "other"
    other.mkdir()
    strange, _ = certificate(other, DOMAIN)
    async with running(link(server, "anna", Told(), ca_file=strange)) as works:
        assert _code(await works.until_ended()) == "link.not_safe"
    server.server.stop()
    gone = link(server, "anna", Told())
    async with running(gone) as works:
        assert _code(await works.until_ended()) == "link.unreachable"
        with pytest.raises(LinkError, match="cannot be reached") as refused:
            await gone.send(f"tom@{DOMAIN}", "hello", message_id=new_id())
        assert refused.value.code == "link.unreachable"


async def test_nobody_knows_when_the_server_dies_or_hangs_while_a_message_is_sent(server: Prosody) -> None:
    anna = link(server, "anna", Told())
    async with running(anna) as works:
        await works.until_works()
        server.server.freeze()
        sending = asyncio.create_task(anna.send(f"tom@{DOMAIN}", "hello", message_id=new_id()))
        await until(lambda: bool(anna._acks), what="the message on its way")
        server.server.kill()
        with pytest.raises(LinkError) as unknown:
            await sending
        assert unknown.value.code == "link.unconfirmed"
        assert _code(await works.until_ended()) == "link.unreachable"
    server.server.start()
    async with running(anna) as works:
        await works.until_works()
        assert await anna.send(f"tom@{DOMAIN}", "again", message_id=new_id()) is MessageState.SENT


async def test_an_address_that_is_none_is_refused_and_one_that_nobody_has_comes_back(server: Prosody) -> None:
    told = Told()
    anna = link(server, "anna", told)
    async with running(anna) as works:
        await works.until_works()
        with pytest.raises(LinkError) as refused:
            await anna.send("not @ an address", "hello", message_id=new_id())
        assert refused.value.code == "link.refused"
        message_id = new_id()
        assert await anna.send(f"nobody@{DOMAIN}", "hello", message_id=message_id) is MessageState.SENT
        await until(lambda: (message_id, MessageState.FAILED) in told.states, what="the message that came back")


async def test_a_long_text_is_cut(server: Prosody) -> None:
    told, sender = Told(), link(server, "anna", Told())
    async with running(link(server, "tom", told)) as theirs, running(sender) as works:
        await theirs.until_works()
        await works.until_works()
        client = sender._client
        assert client is not None
        client.send_message(f"tom@{DOMAIN}", "x" * 100_000, mtype="chat")  # type: ignore[arg-type]
        await until(lambda: len(told.arrivals) == 1, what="the long one")
        assert len(told.arrivals[0].text) == LONGEST_TEXT + 1


async def test_however_many_came_while_we_were_away_none_is_lost_but_of_who_floods(
    server: Prosody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwitness.links.xmpp.MANY_QUEUED", 20)
    told = Told()
    async with running(sender := link(server, "anna", Told())) as works:
        await works.until_works()
        client = sender._client
        assert client is not None
        for number in range(350):
            client.send_message(f"tom@{DOMAIN}", f"{number}", mtype="chat")  # type: ignore[arg-type]
        await sender.check()
    async with running(link(server, "tom", told)) as theirs:
        await theirs.until_works()
        await until(lambda: len(told.arrivals) >= MOST_OF_SENDER, what="as many as one may send", seconds=60)
        await theirs_answer(server, told)
    assert [one.text for one in told.arrivals] == [*map(str, range(MOST_OF_SENDER)), "from Ben"]


async def theirs_answer(server: Prosody, told: Told) -> None:
    """Another's message comes after all of these."""
    async with running(ben := link(server, "ben", Told())) as works:
        await works.until_works()
        await ben.send(f"tom@{DOMAIN}", "from Ben", message_id=new_id())
        await until(lambda: told.arrivals[-1].text == "from Ben", what="another's message", seconds=60)


@pytest.mark.parametrize("answer", ["endless", "nonsense", "no_tls"])
async def test_a_hostile_server_is_left_with_a_clear_error(answer: str) -> None:
    """One that never ends a stanza, one that is no XMPP, one that offers no encryption."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(
            b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
            b" id='x' version='1.0' from='house.test'>"
        )
        try:
            if answer == "endless":
                writer.write(b"<stream:features><a>")
                while True:
                    writer.write(b"x" * 10_000)
                    await writer.drain()
            if answer == "nonsense":
                writer.write(b"<<<>>>\xff\x00")
            else:
                writer.write(
                    b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
                    b"<mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>"
                )
            heard = await asyncio.wait_for(reader.read(), 20)
            assert b"<auth" not in heard
        except (ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        anna = XmppLink(
            link_id="1a" * 16,
            address=f"anna@{DOMAIN}",
            password=PASSWORD,
            post=Told(),
            server=("127.0.0.1", listener.sockets[0].getsockname()[1]),
        )
        async with running(anna) as works:
            expected = {"endless": "link.too_large", "nonsense": "link.unreachable", "no_tls": "link.not_safe"}
            assert _code(await works.until_ended()) == expected[answer]


def _code(error: BaseException) -> str:
    assert isinstance(error, LinkError), repr(error)
    return error.code
