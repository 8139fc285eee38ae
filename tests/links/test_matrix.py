"""Messages by Matrix through a real synapse: sent once, delivered, answered, offline, refused, cut off, hostile."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.message import MessageState
from earwitness.links.matrix import MatrixLink
from earwitness.links.message_link import MessageLink
from tests.links.message_servers import DOMAIN, PASSWORD, Synapse, Told, synapse
from tests.links.servers import free_port, until
from tests.unit.links.link_seats import DictMemory, running

ANNA, TOM, BEN = f"@anna:{DOMAIN}", f"@tom:{DOMAIN}", f"@ben:{DOMAIN}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Synapse]:
    with synapse(tmp_path / "synapse", "anna", "tom", "ben") as found:
        yield found


def link(url: str, user: str, told: Told, *, kept: dict[str, bytes] | None = None, password: str = PASSWORD) -> MatrixLink:
    return MatrixLink(link_id="4d" * 16, server=url, user=user, password=password, memory=DictMemory(kept), post=told)


async def test_a_message_is_sent_once_answered_seen_and_comes_once_after_a_reconnect(server: Synapse) -> None:
    told, others = Told(), Told()
    kept, theirs_kept = dict[str, bytes](), dict[str, bytes]()
    anna, tom = link(server.url, ANNA, told, kept=kept), link(server.url, TOM, others, kept=theirs_kept)
    assert isinstance(anna, MessageLink)
    message_id = secrets.token_hex(16)
    async with running(anna) as works, running(tom) as theirs:
        await works.until_works()
        await theirs.until_works()
        await anna.check()
        assert await anna.send(TOM, "I am late \u2019", message_id=message_id) is MessageState.SENT
        await others.until_texts("I am late \u2019")
        assert others.arrivals[0].address == ANNA
        assert await anna.fate(TOM, message_id=message_id) is MessageState.WAITING
        assert await anna.send(TOM, "I am late \u2019", message_id=message_id) is MessageState.SENT  # as after a crash
        assert await tom.send(ANNA, "All right.", message_id=secrets.token_hex(16)) is MessageState.SENT
        await told.until_texts("All right.")
        assert [one.text for one in others.arrivals] == ["I am late \u2019"]
        room_id = next(iter(tom._client.rooms))
        event_id = others.arrivals[0].outside_id
        await tom._client.room_read_markers(room_id, event_id, event_id)
        await until(lambda: (message_id, MessageState.DELIVERED) in told.states, what="the receipt")
    async with running(again := link(server.url, ANNA, told, kept=kept)) as works:
        await works.until_works()
        assert await again.send(TOM, "While you were away.", message_id=secrets.token_hex(16)) is MessageState.SENT
    later = Told()
    async with running(link(server.url, TOM, later, kept=theirs_kept)) as theirs:
        await theirs.until_works()
        await later.until_texts("While you were away.")


async def test_however_many_came_while_we_were_away_none_is_lost(server: Synapse) -> None:
    told, kept = Told(), dict[str, bytes]()
    async with running(anna := link(server.url, ANNA, Told())) as works:
        await works.until_works()
        async with running(link(server.url, TOM, told, kept=kept)) as theirs:
            await theirs.until_works()
            await anna.send(TOM, "the first", message_id=secrets.token_hex(16))
            await told.until_texts("the first")
        for number in range(130):
            await anna.send(TOM, str(number), message_id=secrets.token_hex(16))
    later = Told()
    async with running(link(server.url, TOM, later, kept=kept)) as theirs:
        await theirs.until_works()
        texts = [one.text for one in later.arrivals if one.text != "the first"]
        assert texts == [str(number) for number in range(130)]


async def test_who_joined_a_room_later_reads_nothing_more_in_it(server: Synapse) -> None:
    others = Told()
    anna, tom, ben = link(server.url, ANNA, Told()), link(server.url, TOM, others), link(server.url, BEN, Told())
    async with running(anna) as works, running(tom) as theirs, running(ben) as his:
        for one in (works, theirs, his):
            await one.until_works()
        await anna.send(TOM, "the first", message_id=secrets.token_hex(16))
        await others.until_texts("the first")
        ours, toms, room_id = anna._client, tom._client, anna._rooms[TOM]
        assert ours is not None
        assert toms is not None
        await until(lambda: room_id in ours.rooms, what="the room known")
        await toms.room_invite(room_id, BEN)
        await until(lambda: ours.rooms[room_id].member_count > 2, what="the other in the room")
        await anna.send(TOM, "for Tom alone", message_id=secrets.token_hex(16))
        assert anna._rooms[TOM] != room_id
        await others.until_texts("the first", "for Tom alone")


async def test_a_wrong_password_and_nobody_there_are_told_apart(server: Synapse) -> None:
    async with running(link(server.url, ANNA, Told(), password="wrong")) as works:
        assert _code(await works.until_ended()) == "link.refused"
    async with running(link(f"http://127.0.0.1:{free_port()}", ANNA, Told())) as works:
        assert _code(await works.until_ended()) == "link.unreachable"


async def test_nobody_knows_when_the_server_dies_while_a_message_is_sent(server: Synapse) -> None:
    anna = link(server.url, ANNA, Told())
    async with running(anna) as works:
        await works.until_works()
        await anna.send(TOM, "the first", message_id=secrets.token_hex(16))
        server.server.freeze()
        sending = asyncio.create_task(anna.send(TOM, "the second", message_id=secrets.token_hex(16)))
        for _ in range(20):
            await asyncio.sleep(0)
        server.server.kill()
        with pytest.raises(LinkError) as unknown:
            await sending
        assert unknown.value.code == "link.unconfirmed"
        assert _code(await works.until_ended()) in ("link.unreachable", "link.slow")
        with pytest.raises(LinkError) as away:
            await anna.send(TOM, "the third", message_id=secrets.token_hex(16))
        assert away.value.code == "link.unreachable"


async def test_a_server_that_hangs_is_left_and_found_again(server: Synapse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows of what was sent meanwhile; sent again as the same it comes once."""
    kept, theirs_kept, others = dict[str, bytes](), dict[str, bytes](), Told()
    anna, message_id = link(server.url, ANNA, Told(), kept=kept), secrets.token_hex(16)
    monkeypatch.setattr("earwitness.links.matrix.POLL_MS", 500)
    async with running(link(server.url, TOM, others, kept=theirs_kept)) as theirs, running(anna) as works:
        await theirs.until_works()
        await works.until_works()
        await anna.send(TOM, "the first", message_id=secrets.token_hex(16))
        await others.until_texts("the first")
        with monkeypatch.context() as soon:
            soon.setattr("earwitness.links.matrix.ANSWER_SECONDS", 2.0)
            server.server.freeze()
            with pytest.raises(LinkError) as unknown:
                await anna.send(TOM, "the second", message_id=message_id)
            assert unknown.value.code == "link.unconfirmed"
            assert _code(await works.until_ended()) in ("link.slow", "link.unreachable")
            server.server.thaw()
    async with running(again := link(server.url, ANNA, Told(), kept=kept)) as works:
        await works.until_works()
        assert await again.send(TOM, "the second", message_id=message_id) is MessageState.SENT
        assert await again.send(TOM, "the third", message_id=secrets.token_hex(16)) is MessageState.SENT
    async with running(link(server.url, TOM, others, kept=theirs_kept)) as theirs:
        await theirs.until_works()
        await until(lambda: "the third" in [one.text for one in others.arrivals], what="the third")
        assert [one.text for one in others.arrivals if one.text != "the first"] == ["the second", "the third"]


async def test_an_address_that_is_none_is_refused(server: Synapse) -> None:
    anna = link(server.url, ANNA, Told())
    async with running(anna) as works:
        await works.until_works()
        for address in ("tom", "", "@tom", "#nowhere:house.test"):
            with pytest.raises(LinkError) as refused:
                await anna.send(address, "hello", message_id=secrets.token_hex(16))
            assert refused.value.code in ("link.refused", "link.failed")


@pytest.mark.parametrize("body", [b"x" * (12 << 20), b"[" * 200_000, b'{"access_token": 5}', b"<html>no</html>", b"\xff\xfe"])
async def test_a_hostile_server_is_left_with_a_clear_error(body: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with running(link(url, ANNA, Told())) as works:
            expected = ("link.too_large",) if len(body) > (8 << 20) else ("link.nonsense", "link.unreachable")
            assert _code(await works.until_ended()) in expected


def _code(error: BaseException) -> str:
    assert isinstance(error, LinkError), repr(error)
    return error.code
