"""A real MPD with a folder of records: its names, playing them, a wrong password, going away, hanging, coming back, lies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.music import Music, MusicKind
from earwitness.links.mpd import DEVICE_ID, Mpd
from tests.links.servers import Server, free_port, running, until
from tests.records import RECORDS, make_records
from tests.unit.links.link_seats import Reported
from tests.unit.links.link_seats import running as linked

PASSWORD = "a word for the tests"
ALBUM = Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[tuple[Server, int]]:
    music = make_records(tmp_path / "music")
    (tmp_path / "playlists").mkdir()
    (tmp_path / "playlists" / "Evening.m3u").write_text("The Paper Boats/1.flac\nIda Marlow/4.flac\n")
    port = free_port()
    (tmp_path / "mpd.conf").write_text(
        f'music_directory "{music}"\nplaylist_directory "{tmp_path / "playlists"}"\ndb_file "{tmp_path / "db"}"\n'
        f'state_file "{tmp_path / "state"}"\nbind_to_address "127.0.0.1"\nport "{port}"\n'
        f'password "{PASSWORD}@read,add,control,admin"\n'
        'default_permissions ""\naudio_output {\n  type "null"\n  name "nothing"\n  mixer_type "null"\n}\n'
    )
    with running("mpd", ["--no-daemon", "--stderr", tmp_path / "mpd.conf"], folder=tmp_path, port=port) as server:
        yield server, port


@pytest.fixture
async def player(daemon: tuple[Server, int]) -> AsyncIterator[tuple[Mpd, Reported, Server]]:
    server, port = daemon
    mpd = Mpd("127.0.0.1", port=port, password=PASSWORD, title="the stereo", area="Living Room")
    async with linked(mpd) as reported:
        await reported.until_works()
        await until(lambda: len([one for one in mpd.names() if one.kind is MusicKind.TRACK]) == len(RECORDS), what="the library")
        yield mpd, reported, server


def now(mpd: Mpd) -> Device:
    return mpd.device(DEVICE_ID)


async def test_it_knows_what_there_is(player: tuple[Mpd, Reported, Server]) -> None:
    names = player[0].names()
    assert {one.name for one in names if one.kind is MusicKind.ARTIST} >= {artist for _, artist, *_ in RECORDS}
    assert Music(kind=MusicKind.TRACK, name="Copper Rain", by="Ida Marlow") in names
    assert {one.name for one in names if one.kind is MusicKind.GENRE} == {"Folk", "Jazz", "Electronic"}
    assert Music(kind=MusicKind.PLAYLIST, name="Evening") in names
    assert any(one.kind is MusicKind.ALBUM and one.name == "Apogee" for one in names)


async def test_it_plays_what_was_asked_for_and_says_what_plays(player: tuple[Mpd, Reported, Server]) -> None:
    mpd, _, _ = player
    played = await mpd.play(DEVICE_ID, Music(kind=MusicKind.TRACK, name="Copper Rain", by="Ida Marlow"))
    assert (played.state, played.area, played.attributes["media_title"]) == ("playing", "Living Room", "Copper Rain")
    assert played.attributes["media_artist"] == "Ida Marlow"
    album = next(one for one in mpd.names() if one.kind is MusicKind.ALBUM and one.name == "Tides")
    assert (await mpd.play(DEVICE_ID, album)).attributes["media_title"] == "Harbour Lights"
    assert (await mpd.skip(DEVICE_ID, tracks=1)).attributes["media_title"] == "Salt Wind"
    assert (await mpd.skip(DEVICE_ID, tracks=-1)).attributes["media_title"] == "Harbour Lights"
    for kind, name, titles in (
        (MusicKind.GENRE, "Electronic", {"Slow Orbit"}),
        (MusicKind.ARTIST, "Ida Marlow", {"Nine Lanterns", "Copper Rain"}),
        (MusicKind.PLAYLIST, "Evening", {"Harbour Lights"}),
        (MusicKind.ALL, "", {title for title, *_ in RECORDS}),
    ):
        played = await mpd.play(DEVICE_ID, Music(kind=kind, name=name))
        assert played.state == "playing"
        assert played.attributes["media_title"] in titles


async def test_pause_volume_and_silence_are_as_it_reports_them(player: tuple[Mpd, Reported, Server]) -> None:
    mpd, _, _ = player
    await mpd.play(DEVICE_ID, Music(kind=MusicKind.ALL, name=""))
    assert (await mpd.apply(DEVICE_ID, state="paused")).state == "paused"
    assert (await mpd.apply(DEVICE_ID, state="playing")).state == "playing"
    assert (await mpd.apply(DEVICE_ID, attributes={"volume": 35})).attributes["volume"] == 35
    silent = await mpd.apply(DEVICE_ID, attributes={"is_muted": True})
    assert (silent.attributes["is_muted"], silent.attributes["volume"]) == (True, 35)
    loud = await mpd.apply(DEVICE_ID, attributes={"is_muted": False})
    assert (loud.attributes["is_muted"], loud.attributes["volume"]) == (False, 35)
    assert (await mpd.apply(DEVICE_ID, state="off")).state == "off"
    assert (await mpd.apply(DEVICE_ID, state="playing")).state == "playing"


async def test_what_somebody_else_does_is_seen(player: tuple[Mpd, Reported, Server], daemon: tuple[Server, int]) -> None:
    mpd, _, _ = player
    seen: list[Device] = []
    mpd.subscribe(seen.append)
    other = Mpd("127.0.0.1", port=daemon[1], password=PASSWORD, title="the other")
    async with linked(other) as reported:
        await reported.until_works()
        await other.play(DEVICE_ID, Music(kind=MusicKind.TRACK, name="Slow Orbit", by="Vector Garden"))
    await until(lambda: now(mpd).attributes.get("media_title") == "Slow Orbit", what="what the other played")
    assert seen[-1].attributes["media_title"] == "Slow Orbit"


async def test_what_it_does_not_have_is_said(player: tuple[Mpd, Reported, Server]) -> None:
    with pytest.raises(LinkError, match="nothing of that"):
        await player[0].play(DEVICE_ID, Music(kind=MusicKind.ALBUM, name='Nothing "of" the kind\\'))
    with pytest.raises(LinkError, match="one line"):
        await player[0].play(DEVICE_ID, Music(kind=MusicKind.ALBUM, name='x"\nclear\n'))


async def test_a_wrong_password_is_told(daemon: tuple[Server, int]) -> None:
    for password in ("wrong", ""):
        async with linked(Mpd("127.0.0.1", port=daemon[1], password=password)) as reported:
            error = await reported.until_ended()
        assert isinstance(error, LinkError)
        assert error.code == "link.secret"


async def test_a_server_that_dies_and_comes_back(player: tuple[Mpd, Reported, Server]) -> None:
    mpd, reported, server = player
    await mpd.play(DEVICE_ID, Music(kind=MusicKind.ALL, name=""))
    server.kill()
    error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code in ("link.slow", "link.unreachable")
    assert not now(mpd).is_reachable
    with pytest.raises(LinkError, match="cannot be reached"):
        await mpd.apply(DEVICE_ID, state="paused")
    await asyncio.to_thread(server.start)
    async with linked(mpd) as again:
        await again.until_works()
        assert (await mpd.play(DEVICE_ID, Music(kind=MusicKind.ALL, name=""))).state == "playing"


async def test_a_server_that_hangs_does_not_hold_a_turn_and_no_old_answer_is_taken_for_a_new_one(
    player: tuple[Mpd, Reported, Server],
) -> None:
    mpd, reported, server = player
    await mpd.play(DEVICE_ID, ALBUM)
    server.freeze()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await mpd.apply(DEVICE_ID, state="paused")
    error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code in ("link.slow", "link.unreachable")
    server.thaw()
    async with linked(mpd) as again:
        await again.until_works()
        assert (await mpd.apply(DEVICE_ID, state="playing")).state == "playing"
        assert (await mpd.apply(DEVICE_ID, state="paused")).state == "paused"


async def test_nobody_there(tmp_path: Path) -> None:
    async with linked(Mpd("127.0.0.1", port=free_port())) as reported:
        error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code in ("link.slow", "link.unreachable")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "link.nonsense"),
        (b"OK MPD 0.23.5\nno answer at all\n", "link.nonsense"),
        (b"OK MPD 0.23.5\n\xff\xfe\xfd\n", "link.nonsense"),
        (b"OK MPD 0.23.5\n" + b"x" * 2_000_000 + b"\n", "link.too_large"),
        (b"OK MPD 0.23.5\n" + b"Title: a\n" * 500_000, "link.too_large"),
        (b"OK MPD 0.23.5\nACK [5@0] {list} \x1b[31mevil\n", "link.failed"),
        (b"OK MPD 0.23.5\n", "link.unreachable"),
    ],
)
async def test_hostile_answers_are_errors(said: bytes, code: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(said)
            await writer.drain()
            if code != "link.unreachable":
                await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, linked(Mpd("127.0.0.1", port=server.sockets[0].getsockname()[1])) as reported:
        error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == code
    assert "evil" not in error.sentence
