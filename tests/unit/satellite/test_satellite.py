"""A satellite and a server over real TLS: commands, cuts, mute, alarms, calls, revocation."""

import asyncio
import json
from pathlib import Path

import pytest

from earwitness.domain.device import DeviceEvent
from earwitness.domain.errors import DeviceError
from earwitness.protocol.frames import Frame
from earwitness.protocol.session_messages import ClientMessage
from earwitness.satellite.cues import cue
from earwitness.satellite.mute import Mute
from earwitness.server import device_channel
from tests.fakes import silence, tone
from tests.unit.satellite.living import living, until
from tests.unit.server.linking import linking

COMMAND = tone(1.0) + silence(3.0)


async def test_a_command_goes_from_the_wake_word_to_the_reply(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        here.microphone.wake()
        await here.until(state="listening")
        assert ("cue:1", cue("start").data) in here.speaker.played
        here.microphone.hear(COMMAND)
        await here.until_shown("speaking")
        await here.until(state="asleep")
        assert linked.house.lamp.is_on
        assert any(track.startswith("speech:") for track, _ in here.speaker.played)
        assert here.satellite.status()["first_sound_after_cue_ms"] >= 0  # type: ignore[operator]
        assert here.told == [], "what was said is not for a log"


async def test_without_the_wake_word_nothing_leaves(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        here.microphone.hear(tone(2.0))
        here.microphone.wake()
        await here.until(captures=1)
        captured = here.satellite.status()
        sent = captured["sound_frames_sent"]
        assert isinstance(sent, int)
        assert sent <= 1 + 0.8 * 16_000 / 1024, "the word and at most 0.8 s before it, of the two seconds that were heard"


async def test_a_device_that_cannot_play_the_cue_captures_nothing(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        here.speaker.play = lambda *_, **__: None  # type: ignore[method-assign]  # it is mute to the ear
        here.microphone.wake()
        here.microphone.hear(tone(1.0))
        await until(lambda: any("cue" in sentence for sentence in here.told))
        assert here.satellite.status()["sound_frames_sent"] == 0


async def test_a_cut_in_mid_word_loses_nothing_if_the_network_is_back_in_time(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        here.microphone.wake()
        await here.until(captures=1)
        here.microphone.hear(tone(0.5))
        connection = here.satellite.link._connection
        assert connection is not None
        connection.abort()
        here.microphone.hear(tone(0.5))
        await here.until(link="lost")
        await here.until(link="up")
        here.microphone.hear(silence(3.0))
        await here.until_shown("speaking")
        assert linked.house.lamp.is_on


async def test_a_server_that_is_gone_is_said_and_found_again(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device", port=1) as here:
        await here.until_shown("away")
        here.speaker.open()
        here.microphone.open()
        async with asyncio.timeout(8):
            while not here.speaker.sound("away"):
                here.microphone.wake()
                await asyncio.sleep(0.05)
        assert here.speaker.sound("away").startswith(cue("error").data)
        here.satellite.link._address = type(here.satellite.link._address)(host="127.0.0.1", port=linked.port)
        await here.until(link="up", within_seconds=5)


async def test_the_away_phrase_of_the_server_is_kept(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device"):
        kept = tmp_path / "device" / "phrases" / "away.pcm"
        await until(kept.exists)
        assert kept.read_bytes().endswith(tone(0.1))


async def test_the_page_mutes_and_nothing_of_the_network_unmutes(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.wish_mute(here.device.device_id)
        await here.until(is_muted=True, is_microphone_open=False)
        await linked.until_logged(DeviceEvent.MUTED, here.device.device_id)
        read = here.microphone.samples_read
        here.microphone.wake()
        assert here.microphone.samples_read == read
        assert Mute(tmp_path / "device" / "mute").is_on
        here.satellite.toggle_mute()
        await here.until(is_muted=False, is_microphone_open=True)
        await linked.until_logged(DeviceEvent.UNMUTED, here.device.device_id)


async def test_what_waits_for_the_network_when_it_is_muted_never_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link would send it again as soon as the network is back."""
    arrived: list[str] = []
    read = device_channel._message

    def counted(frame: Frame) -> ClientMessage | bytes:
        arrived.append(frame.kind)
        return read(frame)

    monkeypatch.setattr(device_channel, "_message", counted)
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        here.microphone.wake()
        await here.until(captures=1)
        here.microphone.hear(tone(0.3))
        await until(lambda: arrived.count(device_channel.SOUND) >= 9)
        link = here.satellite.link
        there, link._address = link._address, type(link._address)(host="127.0.0.1", port=1)
        assert link._connection is not None
        link._connection.abort()
        await here.until(link="lost")
        before, kept = arrived.count(device_channel.SOUND), link.sound_frames
        here.microphone.hear(tone(0.5))
        await until(lambda: link.sound_frames > kept + 10)
        here.satellite.mute()
        link._address = there
        await here.until(link="up", is_muted=True)
        await linked.until_logged(DeviceEvent.CONNECTED, here.device.device_id)
        await until(lambda: linked.satellites.is_muted(here.device.device_id) is True)
        assert arrived.count(device_channel.SOUND) == before


async def test_the_switch_of_the_hardware_mutes(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        switch = tmp_path / "switch"
        switch.write_text("0")
        here.satellite._parts.mute._switch = switch
        switch.write_text("1")
        await here.until(is_muted=True, is_microphone_open=False)
        here.satellite.control("unmute")
        assert here.satellite.status()["is_muted"] is True
        switch.write_text("0")
        await here.until(is_muted=False, is_microphone_open=True)


async def test_an_alarm_rings_though_the_server_is_away(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.set_alarms([("tea", "Tea.", 0.3)])
        await here.until(alarms=1)
        here.satellite.link._address = type(here.satellite.link._address)(host="127.0.0.1", port=1)
        here.satellite.link.break_off()
        await here.until(state="ringing")
        assert "ring" in here.speaker.open_tracks
        here.satellite.stop()
        assert "ring" not in here.speaker.open_tracks
        await here.until(alarms=0)


async def test_a_call_between_two_goes_both_ways(tmp_path: Path) -> None:
    async with (
        linking(tmp_path) as linked,
        living(linked, tmp_path / "one", name="Den") as one,
        living(linked, tmp_path / "other", name="Attic", area="attic") as other,
    ):
        linked.satellites.call(one.device.device_id, area="attic")
        await other.until(state="ringing")
        other.satellite.press()
        await one.until(state="intercom")
        await other.until(state="intercom")
        one.microphone.hear(b"1" * 1024)
        other.microphone.hear(b"2" * 1024)
        await until(lambda: b"1" * 1024 in other.speaker.sound("speech:0"))
        await until(lambda: b"2" * 1024 in one.speaker.sound("speech:0"))
        one.satellite.stop()
        await other.until(state="asleep")
        await one.until(state="asleep")


async def test_a_revoked_satellite_stops_and_says_why(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        await asyncio.to_thread(linked.devices.revoke, here.device.device_id)
        async with asyncio.timeout(5):
            with pytest.raises(DeviceError, match="not paired") as refused:
                await here.running
        assert refused.value.code == "device.revoked"


async def test_the_settings_of_the_server_are_kept(tmp_path: Path) -> None:
    async with linking(tmp_path, wake_words=lambda: ("alexa",)) as linked, living(linked, tmp_path / "device") as here:
        await here.until(wake_words=["alexa"])
        assert json.loads((tmp_path / "device" / "settings.json").read_text())["wake_words"] == ["alexa"]
