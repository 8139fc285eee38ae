"""A real mpv: a folder of records, a radio station of our own, what it reports, how it is heard, how it ends."""

import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
import soundfile

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import LinkError
from earwitness.domain.music import Music, MusicKind
from earwitness.links.mpv import DEVICE_ID, Mpv, stations_of
from tests.links.servers import free_port, until
from tests.pulse import correlation, running_pulse
from tests.records import RECORDS, make_records
from tests.unit.links.link_seats import Reported
from tests.unit.links.link_seats import running as linked

pytestmark = pytest.mark.skipif(shutil.which("mpv") is None, reason="no mpv here: `python tests/prepare.py --links` installs it")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return make_records(tmp_path / "music")


@pytest.fixture
def radio(records: Path) -> Iterator[str]:
    """A station that anybody could run: the records over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        log_message = staticmethod(lambda *_: None)  # type: ignore[assignment]

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(records))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
async def player(records: Path, radio: str) -> AsyncIterator[tuple[Mpv, Reported]]:
    stations = {"Radio One": f"{radio}/Vector Garden/5.flac".replace(" ", "%20"), "Gone": f"http://127.0.0.1:{free_port()}/"}
    mpv = Mpv(folder=records, stations=stations, title="the speaker", area="Kitchen", audio_device="null")
    async with linked(mpv) as reported:
        await reported.until_works()
        yield mpv, reported


async def test_it_plays_by_artist_album_title_genre_and_playlist(player: tuple[Mpv, Reported]) -> None:
    mpv, _ = player
    for wanted, titles in (
        (Music(kind=MusicKind.TRACK, name="Copper Rain", by="Ida Marlow"), {"Copper Rain"}),
        (Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats"), {"Harbour Lights"}),
        (Music(kind=MusicKind.ARTIST, name="Ida Marlow"), {"Nine Lanterns", "Copper Rain"}),
        (Music(kind=MusicKind.GENRE, name="Electronic"), {"Slow Orbit"}),
        (Music(kind=MusicKind.PLAYLIST, name="Evening"), {"Harbour Lights"}),
        (Music(kind=MusicKind.ALL, name=""), {title for title, *_ in RECORDS}),
    ):
        played = await mpv.play(DEVICE_ID, wanted)
        assert played.state == "playing"
        await until(lambda titles=titles: mpv.device(DEVICE_ID).attributes.get("media_title") in titles, what=str(titles))


async def test_it_skips_pauses_and_is_louder(player: tuple[Mpv, Reported]) -> None:
    mpv, _ = player
    await mpv.play(DEVICE_ID, Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats"))
    assert (await mpv.skip(DEVICE_ID, tracks=1)).state == "playing"
    await until(lambda: mpv.device(DEVICE_ID).attributes.get("media_title") == "Salt Wind", what="the second track")
    assert (await mpv.apply(DEVICE_ID, state="paused")).state == "paused"
    assert (await mpv.apply(DEVICE_ID, state="playing")).state == "playing"
    assert (await mpv.apply(DEVICE_ID, attributes={"volume": 35})).attributes["volume"] == 35
    assert (await mpv.apply(DEVICE_ID, attributes={"is_muted": True})).attributes["is_muted"] is True
    assert (await mpv.apply(DEVICE_ID, attributes={"is_muted": False})).attributes["is_muted"] is False
    assert (await mpv.apply(DEVICE_ID, state="off")).state == "off"
    assert (await mpv.play(DEVICE_ID, Music(kind=MusicKind.ALL, name=""))).state == "playing"


async def test_radio_is_played_and_a_dead_station_is_said(player: tuple[Mpv, Reported]) -> None:
    mpv, _ = player
    assert (await mpv.play(DEVICE_ID, Music(kind=MusicKind.STATION, name="Radio One"))).state == "playing"
    with pytest.raises(LinkError, match="could not play"):
        await mpv.play(DEVICE_ID, Music(kind=MusicKind.STATION, name="Gone"))
    with pytest.raises(LinkError, match="nothing of that"):
        await mpv.play(DEVICE_ID, Music(kind=MusicKind.STATION, name="Unknown"))


async def test_a_file_that_is_no_music_any_more_is_said(player: tuple[Mpv, Reported], records: Path) -> None:
    mpv, _ = player
    (records / "Vector Garden" / "5.flac").write_bytes(b"no music")
    with pytest.raises(LinkError, match="could not play"):
        await mpv.play(DEVICE_ID, Music(kind=MusicKind.TRACK, name="Slow Orbit", by="Vector Garden"))


async def test_a_killed_player_is_told_and_comes_back(player: tuple[Mpv, Reported]) -> None:
    mpv, reported = player
    for child in psutil.Process().children(recursive=True):
        if child.name() == "mpv":
            child.kill()
    error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == "link.unreachable"
    with pytest.raises(LinkError):
        await mpv.apply(DEVICE_ID, state="playing")
    async with linked(mpv) as again:
        await again.until_works()
        assert (await mpv.play(DEVICE_ID, Music(kind=MusicKind.ALL, name=""))).state == "playing"


async def test_a_player_that_hangs_is_said_in_time_and_obeys_once_it_goes_on(player: tuple[Mpv, Reported]) -> None:
    mpv, _ = player
    await mpv.play(DEVICE_ID, Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats"))
    (process,) = [child for child in psutil.Process().children(recursive=True) if child.name() == "mpv"]
    process.suspend()
    try:
        for asked in (mpv.apply(DEVICE_ID, state="paused"), mpv.play(DEVICE_ID, Music(kind=MusicKind.ALL, name=""))):
            began = time.monotonic()
            with pytest.raises(LinkError) as slow:
                await asked
            assert slow.value.code == "link.slow"
            assert time.monotonic() - began < 2.5
    finally:
        process.resume()
    assert (await mpv.apply(DEVICE_ID, state="paused")).state == "paused", "its answer, and not a late one of before"
    assert (await mpv.apply(DEVICE_ID, attributes={"volume": 35})).attributes["volume"] == 35


async def test_it_leaves_no_process_behind(records: Path) -> None:
    async with linked(Mpv(folder=records, stations={}, audio_device="null")) as reported:
        await reported.until_works()
        assert [child for child in psutil.Process().children() if child.name() == "mpv"]
    assert not [child for child in psutil.Process().children() if child.name() == "mpv"]


async def test_what_is_heard_is_the_record(records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_pulse(tmp_path / "pulse") as pulse:
        for name in ("PULSE_SERVER", "XDG_RUNTIME_DIR"):
            monkeypatch.setenv(name, pulse.environment[name])
        mpv = Mpv(folder=records, stations={}, audio_device="pulse/spk")
        async with linked(mpv) as reported:
            await reported.until_works()
            await mpv.apply(DEVICE_ID, attributes={"volume": 100})
            with pulse.recording() as recording:
                await mpv.play(DEVICE_ID, Music(kind=MusicKind.TRACK, name="Salt Wind", by="The Paper Boats"))
                await until(lambda: bool(np.abs(recording.samples()[-24_000:]).max(initial=0.0) > 0.05), what="sound")
                begun = len(recording.samples())
                await until(lambda: len(recording.samples()) > begun + 36_000, what="a second and a half of it")
        samples, rate_hz = soundfile.read(records / "The Paper Boats" / "2.flac", dtype="int16")
        said = Pcm(data=samples[:rate_hz].tobytes(), rate_hz=rate_hz)
        assert correlation(recording.samples(), said, rate_hz=recording.rate_hz) > 0.9


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with linked(Mpv(folder=tmp_path / "nowhere", stations={}, audio_device="null")) as reported:
        error = await reported.until_ended()
    assert isinstance(error, LinkError)
    assert error.code == "link.invalid"


def test_stations_are_lines_of_a_name_and_an_address() -> None:
    assert stations_of(["One = https://radio.example/one?x=1", "Two=http://a/"]) == {
        "One": "https://radio.example/one?x=1",
        "Two": "http://a/",
    }
    for line in ("One", "= https://a/", "One = file:///etc/passwd", "One = --script=x"):
        with pytest.raises(LinkError, match="no station"):
            stations_of([line])
