"""A satellite and a server over real TLS: commands, cuts, mute, alarms, calls, revocation."""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earwitness.domain.alert import Alert, AlertKind, AtMoment, AwayReport, Foretold, RungAway
from earwitness.domain.audio import Pcm
from earwitness.domain.device import DeviceEvent
from earwitness.domain.errors import DeviceError
from earwitness.domain.ring_sound import RingManner, digest_of
from earwitness.jobs.fire_alerts import FireAlerts
from earwitness.links.alerts import Alerts
from earwitness.protocol.frames import Frame
from earwitness.protocol.session_messages import ClientMessage
from earwitness.satellite.cues import cue
from earwitness.satellite.mute import Mute
from earwitness.server import device_channel
from earwitness.storage.database import Database
from earwitness.trust.identity import Identity
from earwitness.turn.runner import Conversation
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
        async with asyncio.timeout(30):
            while not here.speaker.sound("away"):
                here.microphone.wake()
                await asyncio.sleep(0.05)
        assert here.speaker.sound("away").startswith(cue("error").data)
        here.satellite.link._address = type(here.satellite.link._address)(host="127.0.0.1", port=linked.port)
        await here.until(link="up")


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


async def test_a_disk_that_hangs_holds_up_nothing_but_the_word_that_mute_is_kept(tmp_path: Path) -> None:
    """A pipe that nobody reads is such a disk: whoever writes to it waits."""
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        pipe = tmp_path / "device" / "mute"
        pipe.unlink()
        os.mkfifo(pipe)
        here.microphone.wake()
        await here.until(captures=1)
        linked.satellites.set_alarms([Foretold(ring_id="tea", text="Tea.", in_seconds=600.0)])
        answered = asyncio.create_task(here.satellite.control("mute"))
        await here.until(is_muted=True)
        assert not here.microphone.is_open, "the capture stops first"
        await here.until(alarms=1)  # the loop goes on, and the server is heard
        await here.satellite.control("status")
        assert not answered.done()
        assert linked.satellites.is_muted(here.device.device_id) is False, "it does not count as muted yet"
        assert await asyncio.to_thread(pipe.read_bytes) == b"muted\n"
        assert (await answered)["is_muted"] is True
        await until(lambda: linked.satellites.is_muted(here.device.device_id) is True)


async def test_a_mute_while_an_unmute_is_being_written_wins(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        await here.satellite.control("mute")
        pipe = tmp_path / "device" / "mute"
        pipe.unlink()
        os.mkfifo(pipe)
        here.satellite.unmute()
        answered = asyncio.create_task(here.satellite.control("mute"))
        written = bytearray()
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # one reader: what is written while it is opened anew would be lost

        def is_written() -> bool:
            assert not here.microphone.is_open
            with contextlib.suppress(BlockingIOError):
                written.extend(os.read(reader, 64))
            return written == b"not muted\nmuted\n"

        try:
            await until(is_written)
        finally:
            os.close(reader)
        assert (await answered)["is_muted"] is True
        assert not here.microphone.is_open
        await linked.until_logged(DeviceEvent.MUTED, here.device.device_id)


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
        await here.satellite.control("unmute")
        assert here.satellite.status()["is_muted"] is True
        switch.write_text("0")
        await here.until(is_muted=False, is_microphone_open=True)


async def test_an_alarm_rings_though_the_server_is_away(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.set_alarms([Foretold(ring_id="tea", text="Tea.", in_seconds=1.0)])
        await here.until(alarms=1)
        here.satellite.link._address = type(here.satellite.link._address)(host="127.0.0.1", port=1)
        here.satellite.link.break_off()
        await here.until(state="ringing")
        assert "ring" in here.speaker.open_tracks
        here.satellite.stop()
        assert "ring" not in here.speaker.open_tracks
        await here.until(alarms=0)


async def test_what_was_rung_while_the_server_was_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    told: list[AwayReport] = []

    async def hear(reports: Sequence[AwayReport]) -> list[str]:
        told.extend(reports)
        return []

    async with linking(tmp_path, on_rung=hear) as linked, living(linked, tmp_path / "device") as here:
        alarms = [Foretold(ring_id=name, text="Tea.", in_seconds=1.0) for name in ("first", "second")]
        linked.satellites.set_alarms(alarms)
        await here.until(alarms=2)
        link = here.satellite.link
        there, link._address = link._address, type(link._address)(host="127.0.0.1", port=1)
        link.break_off()
        await until(lambda: len(here.satellite.state.ringing) == 2)
        here.satellite.stop()
        assert here.satellite.state.silenced == ("first", "second")
        link._address = there
        await here.until(link="up")
        stopped = [AwayReport(ring_id=name, what=RungAway.STOPPED) for name in ("first", "second")]
        await until(lambda: sorted(told, key=lambda one: one.ring_id) == stopped)
        await until(lambda: here.satellite.state.silenced == ())


async def test_what_a_satellite_rang_while_the_server_was_off_does_not_ring_when_it_is_back(tmp_path: Path) -> None:
    rung: list[str] = []
    jobs: list[FireAlerts] = []
    kept = Alerts(Database(tmp_path / "alerts.db", chain="household"), clock=lambda: datetime.now(UTC))

    async def hear(reports: Sequence[AwayReport]) -> tuple[str, ...]:
        return await jobs[-1].reported(reports)

    async with linking(tmp_path, on_rung=hear) as linked, living(linked, tmp_path / "device") as here:

        def start(clock: Callable[[], datetime]) -> asyncio.Task[None]:
            jobs.append(
                FireAlerts(
                    alerts=kept,
                    clock=clock,
                    ring=lambda ringing: rung.append(ringing.ring_id),
                    hush=lambda _: None,
                    foretell=linked.satellites.set_alarms,
                    patience=lambda: 60.0,
                )
            )
            return asyncio.create_task(jobs[-1].run())

        began = datetime.now(UTC)
        server = start(lambda: began)  # for this one it is never due, however long it takes until it is off
        due = began + timedelta(seconds=1)
        kept.add(Alert(alert_id="a", kind=AlertKind.ALARM, rule=AtMoment(at=due), created_at=began))
        await here.until(alarms=1)
        server.cancel()
        link = here.satellite.link
        there, link._address = link._address, type(link._address)(host="127.0.0.1", port=1)
        link.break_off()
        await here.until(state="ringing")
        here.satellite.stop()
        await until(lambda: datetime.now(UTC) > due)
        server = start(lambda: datetime.now(UTC))
        link._address = there
        await until(lambda: kept.all() == ())
        assert rung == []
        assert kept.open_rings() == ()
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
        kept.database.close()


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
        async with asyncio.timeout(30):
            with pytest.raises(DeviceError, match="not paired") as refused:
                await here.running
        assert refused.value.code == "device.revoked"


async def test_a_renewal_brings_the_successor_of_the_households_authority(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        linked.authority.begin_succession()
        own, household = (linked.folder / "Den" / name for name in ("device.pem", "household.pem"))
        before = own.read_text()
        assert household.read_text() == linked.authority.certificate_pem
        here.satellite.link._now = lambda: datetime.now(UTC) + timedelta(days=61)  # its certificate is due
        here.satellite.link.break_off()
        await linked.until_logged(DeviceEvent.RENEWED, here.device.device_id)
        await until(lambda: own.read_text() != before)
        assert household.read_text() == linked.authority.trusted_pem
        assert Identity(linked.folder / "Den").is_paired
        await here.until(link="up")


async def test_the_settings_of_the_server_are_kept(tmp_path: Path) -> None:
    async with linking(tmp_path, wake_words=lambda: ("alexa",)) as linked, living(linked, tmp_path / "device") as here:
        await here.until(wake_words=["alexa"])
        await until((tmp_path / "device" / "settings.json").exists)
        assert json.loads((tmp_path / "device" / "settings.json").read_text())["wake_words"] == ["alexa"]


SONG = Pcm(data=tone(1.0), rate_hz=24_000)


async def test_the_sound_of_an_alarm_comes_in_advance_and_rings_without_the_server(tmp_path: Path) -> None:
    alarm = Foretold(ring_id="a", text="It is 7:00 AM.", in_seconds=600.0, sound="birds", is_rising=True)
    async with linking(tmp_path, sound_of=lambda reference: SONG) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.set_alarms([alarm])
        await until(lambda: linked.satellites.keeps_sound(here.device.device_id, "birds"))
        assert [file.stem for file in (tmp_path / "device" / "alarm_sounds").glob("*.pcm")] == [digest_of(SONG)]
        linked.satellites.set_alarms([replace(alarm, in_seconds=1.0)])
        await until(lambda: (here.satellite._parts.alarms.due_in_seconds() or 0.0) < 100.0)
        here.satellite.link._address = type(here.satellite.link._address)(host="127.0.0.1", port=1)
        here.satellite.link.break_off()
        await here.until(state="ringing")
        assert here.speaker.sound("ring") == SONG.data
        assert here.speaker.rung_seconds["ring"] == pytest.approx(0.0, abs=1.0)
        here.satellite.stop()
        await here.until(alarms=0)


async def test_what_the_server_rings_has_its_sound_too_and_says_nothing_if_it_begins_softly(tmp_path: Path) -> None:
    alarm = Foretold(ring_id="a", text="It is 7:00 AM.", in_seconds=600.0, sound="birds", is_rising=True)
    async with linking(tmp_path, sound_of=lambda reference: SONG) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.set_alarms([alarm])
        await until(lambda: linked.satellites.keeps_sound(here.device.device_id, "birds"))
        (conversation,) = [session.conversation for session in linked.listener.sessions]
        assert isinstance(conversation, Conversation)
        manner = RingManner(sound="birds", is_rising=True, rung_seconds=25.0, is_said=False)
        conversation.ring("a", "It is 7:00 AM.", manner=manner)
        await here.until(state="ringing")
        assert here.speaker.sound("ring") == SONG.data
        rung = here.speaker.rung_seconds["ring"]
        assert rung is not None
        assert 25.0 <= rung < 85.0
        assert not any(track.startswith("speech:") for track, _ in here.speaker.played)


async def test_a_speaker_that_comes_back_while_something_rings_is_heard_ringing(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        (conversation,) = [session.conversation for session in linked.listener.sessions]
        assert isinstance(conversation, Conversation)
        here.speaker.open = lambda: None  # type: ignore[method-assign]  # it is unplugged
        here.speaker.close()
        conversation.ring("a", "It is 7:00 AM.")
        await here.until(state="ringing")
        assert here.speaker.sound("ring") == b""
        del here.speaker.open
        await until(lambda: here.speaker.sound("ring") == cue("alert").data)


async def test_an_older_satellite_rings_plainly_and_is_known_to_do_so(tmp_path: Path) -> None:
    async with linking(tmp_path, sound_of=lambda reference: SONG) as linked:
        device, older = await linked.join("Lamp", area="Den")
        linked.satellites.set_alarms([Foretold(ring_id="a", text="It is 7.", in_seconds=9.0, sound="birds", is_rising=True)])
        alarms = await older.wait_for("alarms", alarms=[{"id": "a", "text": "It is 7.", "due_in_seconds": 9.0}])
        assert alarms.keys() == {"alarms"}
        (conversation,) = [session.conversation for session in linked.listener.sessions]
        assert isinstance(conversation, Conversation)
        conversation.ring("a", "It is 7.", manner=RingManner(sound="birds", is_rising=True))
        assert (await older.wait_for("alert")).keys() == {"id", "kind", "text"}
        assert [one.device_id for one in linked.satellites.plain_ringers()] == [device.device_id]
        assert older.count("alarm_sound") == 0
