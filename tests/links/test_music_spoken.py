"""Music by voice through the whole chain: a house with a real MPD in one room and a real mpv in another."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from earwitness.build import House
from earwitness.config import Settings
from earwitness.demo import sound_of
from earwitness.domain.home import Device
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from tests.links.servers import free_port, running, until
from tests.records import RECORDS, make_records

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(shutil.which("mpv") is None, reason="no mpv here: `python tests/prepare.py --links` installs it"),
]


def player(house: House, name: str) -> Device:
    return next(one for one in house.link.snapshot().devices if one.name == name)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    """A simulated home with two real players in it."""
    music = make_records(tmp_path / "music")
    port = free_port()
    (tmp_path / "mpd.conf").write_text(
        f'music_directory "{music}"\ndb_file "{tmp_path / "db"}"\nbind_to_address "127.0.0.1"\nport "{port}"\n'
        'audio_output {\n  type "null"\n  name "nothing"\n  mixer_type "null"\n}\n'
    )
    with (
        running("mpd", ["--no-daemon", "--stderr", tmp_path / "mpd.conf"], folder=tmp_path, port=port),
        House(Settings(), state=tmp_path / "state") as house,
    ):
        options: dict[str, object] = {"folder": str(music), "area": "Kitchen", "audio_device": "null"}
        house.configured_links.add("mpv", name="Kitchen Radio", options=options, secrets={})
        options = {"host": "127.0.0.1", "port": port, "area": "Living Room"}
        house.configured_links.add("mpd", name="Stereo", options=options, secrets={})
        await asyncio.to_thread(lambda: house.understander)
        jobs = [asyncio.create_task(house.switchboard.run()), asyncio.create_task(house.followed_homes.run())]
        try:
            await until(lambda: len(house.music_players.players()) == 2, what="two players")
            stereo = next(one for one in house.music_players.players() if one.name == "Stereo")
            await until(lambda: len(house.music_players.names(stereo.device_id)) > len(RECORDS), what="the library of MPD")
            await until(lambda: knows(house, "turn up the stereo"), what="the players' names")
            yield house
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)


def knows(house: House, text: str) -> bool:
    heard = house.understander.understand(text, context=Context()).intent
    return heard is not None and heard.slots.get("name") == "Stereo"


async def said(house: House, text: str) -> tuple[Outcome, str]:
    turn, _ = await house.ask(text)
    return turn.outcome, turn.reply


async def test_music_is_asked_for_by_voice_and_by_room(home: House) -> None:
    sound = await asyncio.to_thread(sound_of, home, "Play the album Tides in the kitchen.")
    turn, _ = await home.ask(sound)
    assert turn.outcome is Outcome.DONE, (turn.transcript, turn.reply)
    assert "on the Kitchen Radio" in turn.reply
    await until(lambda: player(home, "Kitchen Radio").attributes.get("media_title") == "Harbour Lights", what="the first track")
    assert player(home, "Stereo").state == "idle"
    assert await said(home, "play copper rain by ida marlow on the stereo") == (
        Outcome.DONE,
        "Playing Copper Rain by Ida Marlow on the Stereo.",
    )
    assert player(home, "Stereo").attributes["media_title"] == "Copper Rain"


async def test_players_are_devices_like_others_and_lamps_stay_simulated(home: House) -> None:
    assert home.link.snapshot().is_simulated
    await said(home, "play the playlist evening in the kitchen")
    await said(home, "play some jazz on the stereo")
    assert await said(home, "pause the music in the kitchen") == (Outcome.DONE, "The Kitchen Radio is paused.")
    assert player(home, "Kitchen Radio").state == "paused"
    assert await said(home, "set the volume of the stereo to 35 percent") == (
        Outcome.DONE,
        "The volume of the Stereo is 35 percent.",
    )
    assert await said(home, "turn off the stereo") == (Outcome.DONE, "The Stereo is off.")
    assert (await said(home, "turn on the kitchen light"))[0] is Outcome.DONE
