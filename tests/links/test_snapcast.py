"""A real snapserver with two loudspeakers: their volumes, what somebody else does, going away, lies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.links.snapcast import Snapcast
from tests.links.servers import Server, free_port, running, until
from tests.unit.links.link_seats import Reported
from tests.unit.links.link_seats import running as linked


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Server, int]]:
    control, stream, web = free_port(), free_port(), free_port()
    (tmp_path / "snapserver.conf").write_text(
        f"[server]\ndatadir = {tmp_path}\n[http]\nenabled = false\nport = {web}\nbind_to_address = 127.0.0.1\n"
        f"[tcp]\nenabled = true\nport = {control}\nbind_to_address = 127.0.0.1\n"
        f"[stream]\nport = {stream}\nbind_to_address = 127.0.0.1\nsource = pipe://{tmp_path / 'fifo'}?name=house&mode=create\n"
    )
    arguments: list[str | Path] = ["-c", tmp_path / "snapserver.conf", "--server.datadir", tmp_path]
    with running("snapserver", arguments, folder=tmp_path, port=control) as server, contextlib.ExitStack() as clients:
        for name in ("kitchen-speaker", "attic-speaker"):
            place = tmp_path / name
            place.mkdir()
            own = f"-h 127.0.0.1 -p {stream} --hostID {name} --player file:filename=null --logsink stderr".split()
            clients.enter_context(running("snapclient", own, folder=place, ready=lambda: True))
        yield server, control


@pytest.fixture
async def rooms(server: tuple[Server, int]) -> AsyncIterator[tuple[Snapcast, Reported, Server]]:
    link = Snapcast("127.0.0.1", port=server[1], title="the rooms", rooms={})
    async with linked(link) as reported:
        await reported.until_works()
        await until(lambda: len(link.snapshot().devices) == 2, what="two loudspeakers")
        yield link, reported, server[0]


def speaker(link: Snapcast, device_id: str) -> Device:
    return link.device(device_id)


async def test_each_loudspeaker_is_louder_or_silent_by_itself(rooms: tuple[Snapcast, Reported, Server]) -> None:
    link, _, _ = rooms
    assert {one.device_id for one in link.snapshot().devices} == {"kitchen-speaker", "attic-speaker"}
    assert (await link.apply("kitchen-speaker", attributes={"volume": 30})).attributes["volume"] == 30
    assert (await link.apply("attic-speaker", attributes={"is_muted": True})).attributes["is_muted"] is True
    assert speaker(link, "kitchen-speaker").attributes["is_muted"] is False
    assert speaker(link, "attic-speaker").attributes["volume"] != 30
    with pytest.raises(LinkError, match="only be made louder"):
        await link.apply("attic-speaker", state="paused")
    with pytest.raises(LinkError, match="no such player"):
        await link.apply("cellar-speaker", attributes={"volume": 30})


async def test_what_somebody_else_does_is_seen(rooms: tuple[Snapcast, Reported, Server], server: tuple[Server, int]) -> None:
    link, _, _ = rooms
    async with linked(Snapcast("127.0.0.1", port=server[1])) as reported:
        await reported.until_works()
        other = Snapcast("127.0.0.1", port=server[1])
        async with linked(other) as again:
            await again.until_works()
            await until(lambda: len(other.snapshot().devices) == 2, what="two loudspeakers")
            await other.apply("attic-speaker", attributes={"volume": 77})
    await until(lambda: speaker(link, "attic-speaker").attributes["volume"] == 77, what="the other's change")


async def test_a_server_that_dies_is_told_and_comes_back(rooms: tuple[Snapcast, Reported, Server]) -> None:
    link, reported, server = rooms
    server.kill()
    error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == "link.unreachable"
    with pytest.raises(LinkError, match="cannot be reached"):
        await link.apply("kitchen-speaker", attributes={"volume": 10})
    await asyncio.to_thread(server.start)
    async with linked(link) as again:
        await again.until_works()
        await until(lambda: len(link.snapshot().devices) == 2, what="two loudspeakers again")
        assert (await link.apply("kitchen-speaker", attributes={"volume": 10})).attributes["volume"] == 10


async def test_a_server_that_hangs_is_said_in_time(rooms: tuple[Snapcast, Reported, Server]) -> None:
    link, _, server = rooms
    server.freeze()
    with pytest.raises(LinkError, match="did not answer within 2 seconds"):
        await link.apply("kitchen-speaker", attributes={"volume": 10})
    server.thaw()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\n", "link.nonsense"),
        (b"[1, 2]\n", "link.nonsense"),
        (b"[" * 900_000 + b"\n", "link.nonsense"),
        (b"x" * 2_000_000 + b"\n", "link.too_large"),
        (b'{"id": 1, "result": {"server": {"groups": 7, "streams": []}}}\n', "link.nonsense"),
        (b'{"id": 1, "error": "evil"}\n', "link.refused"),
    ],
)
async def test_hostile_answers_are_errors(said: bytes, code: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readline()
            writer.write(said)
            await writer.drain()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, linked(Snapcast("127.0.0.1", port=server.sockets[0].getsockname()[1])) as reported:
        error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == code
