"""Connections over loopback sockets: opening, resuming, the heartbeat, and peers that break the protocol or stop reading."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from earwitness.domain.errors import WireError
from earwitness.protocol.connection import Connection, ConnectionLostError, answer_link, open_link, read_link_opening
from earwitness.protocol.frames import Frame, encode
from earwitness.protocol.resume import ACK_AT_FRAMES, Link, new_token

SOON = 0.1


def run(trial: Coroutine[Any, Any, None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await trial

    asyncio.run(within())


@asynccontextmanager
async def pair(**settings: Any) -> AsyncIterator[tuple[Connection, Connection]]:
    """A device's and a server's end of one connection."""
    one, other = socket.socketpair()
    ends = [Connection(*await asyncio.open_connection(sock=end), **settings) for end in (one, other)]
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            end.abort()


async def opened(device: Connection, server: Connection) -> str:
    """Open a new link between two ends; its token."""
    token = new_token()

    async def answer() -> None:
        opening = await read_link_opening(server)
        assert opening is not None
        await answer_link(server, Link(), token=token, opening=opening, is_resumed=False)

    answering = asyncio.create_task(answer())
    told, _ = await open_link(device, Link(), token=None)
    await answering
    assert (told.token, told.is_resumed) == (token, False)
    return token


async def send_for_ever(end: Connection) -> None:
    while True:
        await end.send("audio-chunk", {}, b"xx")
        await asyncio.sleep(0)


async def write_for_ever(end: Connection) -> None:
    while True:
        await end.write(Frame("audio-chunk", payload=bytes(60_000)))


def test_frames_pass_both_ways_and_are_confirmed() -> None:
    async def trial() -> None:
        async with pair() as (device, server):
            await opened(device, server)
            for number in range(200):
                await device.send("audio-chunk", {"n": number}, bytes(1024))
                got = await server.receive()
                assert got is not None
                assert (got.fields["n"], len(got.payload)) == (number, 1024)
            await server.send("cue", {"cue": "start"})
            cue = await device.receive()
            assert cue is not None
            assert cue.kind == "cue"
            assert device.link.acked >= 128
            await device.close()
            assert await server.receive() is None

    run(trial())


def test_what_was_on_its_way_when_the_network_went_arrives_on_the_next_connection() -> None:
    async def trial() -> None:
        async with pair() as (device, server):
            token = await opened(device, server)
            await device.send("press", {})
            assert await server.receive() is not None
            device_link, server_link = device.link, server.link
            server.abort()
            for _ in range(3):
                with pytest.raises(ConnectionLostError):
                    await send_for_ever(device)
            sent = device_link.sent
            server_link.send("partial", {"text": "turn"})
        async with pair() as (again, server_again):

            async def answer() -> None:
                opening = await read_link_opening(server_again)
                assert opening is not None
                assert (opening.token, opening.received) == (token, 0)
                await answer_link(server_again, server_link, token=token, opening=opening, is_resumed=True)

            answering = asyncio.create_task(answer())
            told, link = await open_link(again, device_link, token=token)
            await answering
            assert (told.is_resumed, told.received, link) == (True, 1, device_link)
            for number in range(2, sent + 1):
                got = await server_again.receive()
                assert got is not None
                assert got.seq == number
            heard = await again.receive()
            assert heard is not None
            assert heard.fields == {"text": "turn"}

    run(trial())


def test_a_server_that_forgot_the_link_begins_a_new_one() -> None:
    async def trial() -> None:
        async with pair() as (device, server):
            old = Link()
            old.send("press", {})

            async def answer() -> None:
                opening = await read_link_opening(server)
                assert opening is not None
                await answer_link(server, Link(), token=new_token(), opening=opening, is_resumed=False)

            answering = asyncio.create_task(answer())
            told, link = await open_link(device, old, token=new_token())
            await answering
            assert not told.is_resumed
            assert link is not old
            assert link.sent == 0

    run(trial())


@pytest.mark.quiet
def test_pings_keep_a_silent_link_alive_and_silence_loses_it() -> None:
    async def trial() -> None:
        async with pair(lost_seconds=5 * SOON, ping_seconds=SOON) as (device, server):
            await opened(device, server)
            beats = [asyncio.create_task(end.beat()) for end in (device, server)]
            listening = [asyncio.create_task(end.receive()) for end in (device, server)]
            done, _ = await asyncio.wait(listening, timeout=10 * SOON)
            assert not done, "no frame came, but pings did"
            beats[0].cancel()
            beats[1].cancel()
            for task in listening:
                with pytest.raises(ConnectionLostError):
                    await task

    run(trial())


def test_a_side_that_does_not_read_is_given_up() -> None:
    async def trial() -> None:
        async with pair(write_seconds=2 * SOON) as (device, server):
            await opened(device, server)
            with pytest.raises(ConnectionLostError):
                await write_for_ever(device)
            with pytest.raises(ConnectionLostError):
                await device.write(Frame("press"))

    run(trial())


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", encode(Frame("press", seq=5, ack=0)), encode(Frame("press", seq=1, ack=0))[:-3]]
)
def test_a_peer_that_breaks_the_protocol_is_told_apart_from_a_lost_network(data: bytes) -> None:
    async def trial() -> None:
        one, other = socket.socketpair()
        end = Connection(*await asyncio.open_connection(sock=one))
        end.begin(Link())
        _, writer = await asyncio.open_connection(sock=other)
        writer.write(data)
        writer.close()
        with pytest.raises(WireError):
            await end.receive()
        end.abort()

    run(trial())


def test_a_refusal_comes_with_its_code() -> None:
    async def trial() -> None:
        async with pair() as (device, server):
            await server.write(Frame("error", {"code": "device.revoked", "message": "Pair it again."}))
            with pytest.raises(WireError) as raised:
                await open_link(device, Link(), token=None)
            assert (raised.value.code, raised.value.sentence) == ("device.revoked", "Pair it again.")

    run(trial())


def test_frames_that_came_together_are_given_one_by_one() -> None:
    async def trial() -> None:
        async with pair() as (device, server):
            for kind in ("a", "b", "c"):
                await device.write(Frame(kind))
            await device.close()
            kinds = [frame.kind if (frame := await server.read()) else None for _ in range(4)]
            assert kinds == ["a", "b", "c", None]

    run(trial())


def test_what_was_counted_as_received_is_handed_on_even_if_it_cannot_be_confirmed_any_more() -> None:
    async def trial() -> None:
        async with pair() as (device, server):
            await opened(device, server)
            for number in range(ACK_AT_FRAMES + 5):
                await device.send("say", {"n": number})
            first = await server.receive()
            assert first is not None
            server.abort()
            heard = [first.fields["n"]]
            with contextlib.suppress(ConnectionLostError):
                while (frame := await server.receive()) is not None:
                    heard.append(frame.fields["n"])
            assert heard == list(range(server.link.received))

    run(trial())
