"""Satellites as players: real links, a real folder, and only what devices reported."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import LinkError
from earwitness.domain.music import Music, MusicKind
from earwitness.domain.satellite import Station
from earwitness.links.music_library import Track, read_library
from earwitness.protocol.session_messages import MUSIC_RATE_HZ, MUSIC_STATES, MusicReport
from earwitness.server.music_pace import LEAD_SECONDS, ON_ITS_WAY_SECONDS
from earwitness.server.satellite_music import LOST, SatelliteMusic
from earwitness.server.satellite_player import SatellitePlayer, place_of
from earwitness.speech.music_file import MusicFile
from tests.records import make_records
from tests.unit.satellite.living import Living, living, until
from tests.unit.server.linking import Linked, linking

TIDES = Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats")
SALT_WIND = Music(kind=MusicKind.TRACK, name="Salt Wind", by="The Paper Boats")
SECONDS = 20.0


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_records(tmp_path_factory.mktemp("music"), seconds=SECONDS)


@dataclass
class Playing:
    """A house whose satellites play music."""

    linked: Linked
    music: SatelliteMusic
    said: list[tuple[str, str]]

    def state(self, device_id: str) -> tuple[str, object]:
        device = self.music.device(device_id)
        return device.state, device.attributes.get("media_title")


@asynccontextmanager
async def playing(folder: Path, records: Path) -> AsyncIterator[Playing]:
    """A listener whose satellites play what is in `records`, once that was read."""
    said: list[tuple[str, str]] = []
    stations: list[Station] = []
    music = SatelliteMusic(records, paired=lambda: stations, say=lambda device_id, text: said.append((device_id, text)))
    async with linking(folder, music=music) as linked:
        running = asyncio.create_task(music.run())
        try:
            await until(lambda: bool(music.names()))
            yield Playing(linked, music, said)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def heard(here: Living) -> bytes:
    """All music that a satellite played, in order."""
    return b"".join(sound for track, sound in here.speaker.played if track.startswith("music:"))


def decoded(track: Track) -> bytes:
    file = MusicFile(track.file, rate_hz=MUSIC_RATE_HZ)
    try:
        return file.read(10**9)
    finally:
        file.close()


async def test_what_is_asked_for_is_heard_sample_for_sample_and_its_state_is_the_devices(tmp_path: Path, records: Path) -> None:
    async with playing(tmp_path, records) as house, living(house.linked, tmp_path / "device", area="Kitchen") as here:
        played = await house.music.play(here.device.device_id, TIDES)
        assert (played.name, played.area, played.state) == ("Kitchen speaker", "Kitchen", "playing")
        assert played.attributes["media_title"] == "Harbour Lights"
        await until(lambda: len(heard(here)) > 4 * 2 * MUSIC_RATE_HZ)
        first = next(iter(read_library(records).of(TIDES)))
        assert decoded(first).startswith(heard(here))
        await house.music.apply(here.device.device_id, state="off")
        assert house.state(here.device.device_id) == ("off", None)
        before = {track for track, _ in here.speaker.played}
        await house.music.play(here.device.device_id, SALT_WIND)
        assert house.state(here.device.device_id) == ("playing", "Salt Wind")
        await until(lambda: {track for track, _ in here.speaker.played} > before)
        (song,) = {track for track, _ in here.speaker.played} - before
        heard_of_it = b"".join(sound for track, sound in here.speaker.played if track == song)
        assert decoded(read_library(records).of(SALT_WIND)[0]).startswith(heard_of_it)


async def test_pause_next_previous_volume_and_stop_are_what_the_device_says(tmp_path: Path, records: Path) -> None:
    async with playing(tmp_path, records) as house, living(house.linked, tmp_path / "device", area="Kitchen") as here:
        kitchen = here.device.device_id
        await house.music.play(kitchen, TIDES)
        assert (await house.music.skip(kitchen, tracks=1)).attributes["media_title"] == "Salt Wind"
        with pytest.raises(LinkError, match="no other piece"):
            await house.music.skip(kitchen, tracks=1)
        assert (await house.music.skip(kitchen, tracks=-1)).attributes["media_title"] == "Harbour Lights"
        assert (await house.music.apply(kitchen, state="paused")).state == "paused"
        assert here.speaker.music_levels[-1][2], "held at the device"
        paused = await house.music.apply(kitchen, attributes={"volume": 80})
        assert (paused.state, paused.attributes["volume"]) == ("paused", 80)
        assert here.speaker.music_levels[-1][0] == pytest.approx(0.64)
        assert (await house.music.apply(kitchen, state="playing")).state == "playing"
        house.music.hush(kitchen)
        await until(lambda: not here.satellite.state.music)
        assert house.state(kitchen)[0] == "idle"
        with pytest.raises(LinkError, match="Nothing is playing"):
            await house.music.apply(kitchen, state="playing")


async def test_what_does_not_begin_is_said_within_two_seconds_and_does_not_begin_later(tmp_path: Path, records: Path) -> None:
    async with playing(tmp_path, records) as house, living(house.linked, tmp_path / "device", area="Kitchen") as here:
        here.speaker.on_mark = lambda track, what: None
        begun = asyncio.get_running_loop().time()
        with pytest.raises(LinkError, match=r"^The kitchen speaker did not start playing"):
            await house.music.play(here.device.device_id, SALT_WIND)
        assert asyncio.get_running_loop().time() - begun < 2.0
        assert house.state(here.device.device_id)[0] == "idle"
        await until(lambda: not here.satellite.state.music)


async def test_two_satellites_play_two_things_and_one_goes_on_elsewhere(tmp_path: Path, records: Path) -> None:
    async with (
        playing(tmp_path, records) as house,
        living(house.linked, tmp_path / "one", name="One", area="Kitchen") as kitchen,
        living(house.linked, tmp_path / "two", name="Two", area="Den") as den,
    ):
        await asyncio.gather(house.music.play(kitchen.device.device_id, TIDES), house.music.play(den.device.device_id, SALT_WIND))
        assert house.state(kitchen.device.device_id) == ("playing", "Harbour Lights")
        assert house.state(den.device.device_id) == ("playing", "Salt Wind")
        await until(lambda: len(heard(kitchen)) > 4 * 2 * MUSIC_RATE_HZ)
        moved = await house.music.move(kitchen.device.device_id, den.device.device_id)
        assert (moved.state, moved.attributes["media_title"]) == ("playing", "Harbour Lights")
        assert house.state(kitchen.device.device_id)[0] == "idle"
        place = house.music._seats[den.device.device_id].place
        assert place is not None
        assert place.seconds >= 3.9, "it goes on where it was, and not at its beginning"


async def test_a_satellite_that_leaves_has_stopped_and_one_that_lost_its_music_says_so(tmp_path: Path, records: Path) -> None:
    async with playing(tmp_path, records) as house:
        async with living(house.linked, tmp_path / "device", area="Kitchen") as here:
            kitchen = here.device.device_id
            await house.music.play(kitchen, TIDES)
            here.satellite.link._token = None  # as after a restart of the server: the session is not taken up again
            here.satellite.link.break_off()
            await until(lambda: house.said == [(kitchen, LOST)])
            for _ in range(5):
                house.music.reported(kitchen, MusicReport(track_id=0, state="lost", played_ms=0, waiting_ms=0, volume=0))
            assert house.said == [(kitchen, LOST)], "it is said once, however often a satellite says so"
            assert not here.satellite.state.music
            assert house.state(kitchen)[0] == "idle"
        await until(lambda: not house.music.device(kitchen).is_reachable)
        with pytest.raises(LinkError, match="cannot be reached"):
            await house.music.play(kitchen, TIDES)


async def test_music_goes_on_over_a_connection_that_broke(tmp_path: Path, records: Path) -> None:
    async with playing(tmp_path, records) as house, living(house.linked, tmp_path / "device", area="Kitchen") as here:
        kitchen = here.device.device_id
        await house.music.play(kitchen, TIDES)
        assert here.satellite.link._connection is not None
        here.satellite.link._connection.abort()
        await here.until(link="lost")
        await here.until(link="up")
        so_far = len(heard(here))
        await until(lambda: len(heard(here)) > so_far + MUSIC_RATE_HZ)
        assert decoded(read_library(records).of(TIDES)[0]).startswith(heard(here)), "not a sample is missing"
        assert house.said == []


async def test_files_that_cannot_be_decoded_are_left_out_and_said_if_all_are_so(tmp_path: Path) -> None:
    folder = make_records(tmp_path / "music", seconds=8.0)
    async with playing(tmp_path, folder) as house, living(house.linked, tmp_path / "device", area="Kitchen") as here:
        first, second = (folder / "The Paper Boats" / f"{number}.flac" for number in (1, 2))
        first.write_bytes(b"fLaC and nothing else")
        played = await house.music.play(here.device.device_id, TIDES)
        assert played.attributes["media_title"] == "Salt Wind"
        second.unlink()
        with pytest.raises(LinkError, match="The kitchen speaker cannot play that"):
            await house.music.play(here.device.device_id, TIDES)
        await until(lambda: not here.satellite.state.music)


# A device that claims what cannot be


@dataclass
class Tape:
    """A session that keeps what it is given. Fake."""

    has_music: bool = True
    told: list[dict[str, object]] = field(default_factory=list)
    seconds: float = 0.0
    track_ids: list[int] = field(default_factory=list)

    def tell_now(self, message: dict[str, object]) -> None:
        self.told.append(message)
        if message["type"] == "music":
            self.track_ids.append(int(str(message["id"])))

    def play(self, track_id: int, pcm: Pcm) -> bool:
        self.seconds += len(pcm.data) / 2 / MUSIC_RATE_HZ
        return True

    def end_music(self, track_id: int) -> bool:
        return True


@pytest.fixture
def decoding() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def test_no_claim_gets_a_device_more_than_its_lead(records: Path, decoding: ThreadPoolExecutor) -> None:
    tape, now = Tape(), [0.0]
    player = SatellitePlayer(changed=lambda: None, decoding=decoding, clock=lambda: now[0])
    player.joined(tape)  # type: ignore[arg-type]
    player.play(place_of(read_library(records).of(TIDES)))
    await until(lambda: tape.seconds > ON_ITS_WAY_SECONDS - 0.4)
    assert tape.seconds <= ON_ITS_WAY_SECONDS
    for state in MUSIC_STATES * 20:
        if state in ("started", "playing", "paused"):
            claim = MusicReport(track_id=tape.track_ids[-1], state=state, played_ms=86_400_000, waiting_ms=60_000, volume=100)
            player.reported(claim)
        player.reported(MusicReport(track_id=12, state=state, played_ms=86_400_000, waiting_ms=0, volume=0))
    player.reported(MusicReport(track_id=tape.track_ids[-1], state="playing", played_ms=0, waiting_ms=0, volume=100))
    await asyncio.sleep(0)
    await until(lambda: player.heard == 1)
    assert tape.seconds <= LEAD_SECONDS, "time stands still, so nothing more may be sent"
    assert player.volume == 100
    player.stop()


async def test_a_track_that_a_device_finished_too_early_ends_the_music(records: Path, decoding: ThreadPoolExecutor) -> None:
    tape = Tape()
    player = SatellitePlayer(changed=lambda: None, decoding=decoding, clock=lambda: 0.0)
    player.joined(tape)  # type: ignore[arg-type]
    player.play(place_of(read_library(records).of(TIDES)))
    await until(lambda: tape.seconds > 0.5)
    for state in ("started", "finished"):
        player.reported(MusicReport(track_id=tape.track_ids[0], state=state, played_ms=0, waiting_ms=0, volume=50))
    assert player.state == "idle", "its speaker is gone"
