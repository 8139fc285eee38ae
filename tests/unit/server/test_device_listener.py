"""Satellites over real TLS links: who comes in, a command from wake to reply, lost networks, revocation, several at once."""

import asyncio
import errno
import socket
import ssl
import time
from base64 import b64encode
from pathlib import Path

import pytest

from bench.simulated_satellite import SimulatedSatellite
from earwitness.domain.device import Device, DeviceEvent
from earwitness.domain.errors import WireError
from earwitness.people.devices import Devices
from earwitness.protocol.connection import ConnectionLostError
from earwitness.protocol.resume import LOST_SECONDS, PING_SECONDS
from earwitness.protocol.session_messages import RELAY_SPEECH_ID
from earwitness.server.channel import Ending
from earwitness.storage.database import Database
from earwitness.trust.authority import Authority
from earwitness.trust.identity import Identity
from tests.fakes import silence, tone
from tests.unit.server.linking import Linked, linking, until, utc_now

COMMAND = tone(1.0) + silence(3.0)


async def in_mid_word(linked: Linked) -> tuple[Device, SimulatedSatellite]:
    """A satellite at which somebody speaks, and has not ended."""
    device, satellite = await linked.join("Den")
    await satellite.wake()
    await satellite.wait_for("capture", open=True)
    await satellite.speak(tone(1.0))
    return device, satellite


async def test_a_command_goes_from_the_wake_word_to_the_reply(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, satellite = await linked.join("Den", area="den")
        settings = await satellite.wait_for("settings")
        assert (settings["name"], settings["area"]) == ("Den", "den")
        await satellite.wake()
        await satellite.wait_for("cue", cue="start")
        await satellite.wait_for("capture", open=True)
        await satellite.speak(COMMAND)
        assert (await satellite.wait_for("turn"))["outcome"] == "done"
        assert linked.house.lamp.is_on
        speech = await satellite.wait_for("speech")
        sound = await satellite.wait_for("audio-chunk", id=speech["id"])
        assert sound["rate"] == speech["rate_hz"]
        assert linked.devices.find(device.device_id).seen_at is not None


async def test_the_away_phrase_is_handed_over_with_its_sound(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        _, satellite = await linked.join("Den")
        phrase = await satellite.wait_for("phrase", name="away")
        await satellite.wait_for("audio-chunk", id=phrase["id"], rate=phrase["rate_hz"])
        await satellite.wait_for("speech_end", id=phrase["id"])


async def test_sound_before_it_was_asked_for_ends_the_session(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        _, satellite = await linked.join("Den")
        await satellite.speak(tone(0.1))
        assert (await satellite.wait_for("error"))["code"] == "wire.unexpected"


@pytest.mark.parametrize(
    ("kind", "fields", "payload"),
    [
        ("audio-chunk", {"rate": 8000, "width": 2, "channels": 1}, bytes(1024)),
        ("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, bytes(11)),
        ("press", {"type": "mute", "on": False}, b""),
        ("press", {}, b"sound"),
        ("sing", {}, b""),
        ("hello", {"version": 1, "hands_free": False}, b""),
    ],
)
async def test_a_broken_protocol_is_said_and_ends_the_session(
    tmp_path: Path, kind: str, fields: dict[str, object], payload: bytes
) -> None:
    async with linking(tmp_path) as linked:
        _, satellite = await linked.join("Den")
        await satellite.say(kind, fields, payload)
        assert (await satellite.wait_for("error"))["code"].startswith("wire.")


async def test_a_lost_network_within_four_seconds_loses_nothing(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        _, satellite = await in_mid_word(linked)
        satellite.cut()
        await satellite.speak(tone(0.5))
        await satellite.connect()
        assert satellite.is_resumed
        await satellite.speak(silence(3.0))
        assert (await satellite.wait_for("turn"))["outcome"] == "done"
        assert satellite.count("turn") == satellite.count("welcome") == 1


async def test_one_that_stays_away_in_mid_word_does_nothing_and_it_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwitness.server.device_listener.KEPT_SECONDS", 0.2)
    async with linking(tmp_path) as linked:
        device, satellite = await in_mid_word(linked)
        satellite.cut()
        await linked.until_logged(DeviceEvent.WENT_AWAY_IN_MID_WORD, device.device_id)
        assert not linked.house.lamp.performed
        assert linked.satellites.stations() == ()
        await satellite.connect()
        assert not satellite.is_resumed


@pytest.mark.quiet
async def test_one_whose_power_is_pulled_in_mid_word_is_dropped_and_noted_within_five_seconds(tmp_path: Path) -> None:
    """Nothing ends its connection: it is open, and silent."""
    async with linking(tmp_path) as linked:
        device, satellite = await in_mid_word(linked)
        satellite.fall_silent()
        began = time.monotonic()
        await linked.until_logged(DeviceEvent.WENT_AWAY_IN_MID_WORD, device.device_id)
        assert LOST_SECONDS - PING_SECONDS < time.monotonic() - began < 5, "not before it could come back, and soon"
        assert linked.satellites.stations() == ()
        assert not linked.listener.sessions
        assert not linked.house.lamp.performed
        await satellite.connect()
        assert not satellite.is_resumed, "half a turn is not gone on with"


@pytest.mark.quiet
async def test_one_that_was_silent_until_it_was_found_lost_can_still_come_back(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, satellite = await in_mid_word(linked)
        satellite.fall_silent()
        channel = linked.listener._served[device.device_id].channel
        await until(lambda: not channel.is_connected)
        await satellite.connect()
        assert satellite.is_resumed
        await satellite.speak(silence(3.0))
        assert (await satellite.wait_for("turn"))["outcome"] == "done"
        assert satellite.count("turn") == satellite.count("welcome") == 1
        assert DeviceEvent.WENT_AWAY_IN_MID_WORD not in [entry.what for entry in linked.device_log.latest()]


async def test_a_device_that_was_never_paired_is_refused_and_noted(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        stranger = Identity(tmp_path / "stranger")
        certificate = linked.authority.device_certificate(stranger.public_key, device_id="f" * 32)
        stranger.join(certificate.pem, household=linked.authority.certificate_pem)
        with pytest.raises(WireError) as refused:
            await linked.satellite(stranger).connect()
        assert refused.value.code == "device.revoked"
        await linked.until_logged(DeviceEvent.REFUSED, None)


async def test_another_household_does_not_come_through_the_handshake(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        other = Authority(tmp_path / "other", clock=utc_now)
        stranger = Identity(tmp_path / "stranger")
        stranger.join(other.device_certificate(stranger.public_key, device_id="f" * 32).pem, household=other.certificate_pem)
        stranger.household_path.write_text(linked.authority.certificate_pem)
        with pytest.raises((ConnectionLostError, ssl.SSLError, OSError)):
            await linked.satellite(stranger).connect()


async def test_revoking_ends_the_session_at_once_and_refuses_the_next_handshake(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, satellite = await linked.join("Den")
        linked.devices.revoke(device.device_id)
        assert (await satellite.wait_for("error"))["code"] == "device.revoked"
        with pytest.raises(WireError) as refused:
            await satellite.connect()
        assert refused.value.code == "device.revoked"


async def test_a_revocation_by_another_process_ends_the_session_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.server.device_listener.WATCH_SECONDS", 0.05)
    async with linking(tmp_path) as linked:
        device, satellite = await linked.join("Den")
        Devices(Database(tmp_path / "household.db", chain="household"), clock=utc_now).revoke(device.device_id)
        assert (await satellite.wait_for("error"))["code"] == "device.revoked"


async def test_a_satellite_that_is_renamed_and_moved_learns_it_and_others_are_left_alone(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, satellite = await linked.join("Den", area="den")
        linked.devices.rename(device.device_id, "Tall lamp")
        linked.devices.move(device.device_id, "Attic")
        await satellite.wait_for("settings", name="Tall lamp", area="Attic")
        linked.devices.note_seen(device.device_id)
        await satellite.say("ask", {"text": "stop"})
        await satellite.wait_for("turn")
        assert satellite.count("settings") == 3


async def test_a_certificate_is_renewed_over_the_link(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, identity = linked.pair("Den")
        satellite = linked.satellite(identity)
        await satellite.connect()
        await satellite.greet()
        await satellite.say("renew", {"public_key": b64encode(identity.public_key).decode()})
        identity.renew((await satellite.wait_for("renewed"))["certificate"])
        assert linked.devices.find(device.device_id).certificate_ends_at is not None
        await satellite.say("renew", {"public_key": "!"})
        assert (await satellite.wait_for("error"))["code"] == "trust.key"


async def test_a_device_that_begins_anew_replaces_its_old_session(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        _, identity = linked.pair("Den")
        one, other = linked.satellite(identity), linked.satellite(identity)
        await one.connect()
        await one.greet()
        await other.connect()
        await other.greet()
        await other.wait_for("alarms")
        assert len(linked.satellites.stations()) == 1
        assert len(linked.listener.sessions) == 1


async def test_of_two_satellites_the_louder_answers_and_the_other_is_told_that_it_lost(tmp_path: Path) -> None:
    async with linking(tmp_path, window_seconds=1.0) as linked:
        _, near = await linked.join("Near")
        _, far = await linked.join("Far")
        await far.wake(loudness_dbfs=-45.0)
        await near.wake(loudness_dbfs=-20.0)
        await far.wait_for("wake_lost")
        await near.wait_for("cue", cue="start")
        assert far.count("cue") == near.count("wake_lost") == 0


async def test_an_announcement_is_confirmed_by_who_plays_it(tmp_path: Path) -> None:
    async with linking(tmp_path, confirm_seconds=2.0) as linked:
        _, kitchen = await linked.join("Kitchen lamp", area="Kitchen")
        _, den = await linked.join("Den lamp", area="Den")
        den.plays = False
        told = await linked.satellites.announce("Dinner is ready.")
        assert [station.area for station in told.confirmed] == ["Kitchen"]
        assert [station.area for station in told.unconfirmed] == ["Den"]
        assert (await kitchen.wait_for("speech"))["text"] == "Dinner is ready."


async def test_a_call_carries_sound_both_ways_until_somebody_hangs_up(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, den = await linked.join("Den lamp", area="Den")
        _, kitchen = await linked.join("Kitchen lamp", area="Kitchen")
        linked.satellites.call(device.device_id, area="Kitchen")
        assert (await kitchen.wait_for("alert"))["kind"] == "call"
        await kitchen.say("press")
        await kitchen.wait_for("alert_end")
        await den.wait_for("intercom", state="open")
        await den.say("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, tone(0.032))
        await kitchen.say("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, tone(0.032))
        await kitchen.wait_for("audio-chunk", id=RELAY_SPEECH_ID, rate=16000)
        await den.wait_for("audio-chunk", id=RELAY_SPEECH_ID, rate=16000)
        await den.say("press")
        await kitchen.wait_for("intercom", state="ended")
        assert not linked.house.lamp.performed


async def test_what_the_device_says_of_its_mute_is_noted_and_a_wish_reaches_it(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, satellite = await linked.join("Den")
        assert linked.satellites.wish_mute(device.device_id)
        await satellite.wait_for("mute_wish")
        await satellite.say("mute", {"on": True})
        await satellite.wait_for("state", muted=True)
        await linked.until_logged(DeviceEvent.MUTED, device.device_id)
        assert linked.devices.find(device.device_id).is_muted
        await satellite.wake()
        await satellite.say("press")
        assert (await satellite.wait_for("error"))["code"] == "session.muted"
        assert satellite.count("cue") == 0


async def test_a_wish_made_while_it_was_away_meets_it_when_it_comes(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, identity = linked.pair("Den")
        linked.devices.wish_mute(device.device_id)
        satellite = linked.satellite(identity)
        await satellite.connect()
        await satellite.greet()
        await satellite.wait_for("mute_wish")


async def test_who_leaves_is_noted_also_where_the_server_stops_before_its_turn_has_come(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, _ = await linked.join("Den")
        await linked.until_logged(DeviceEvent.CONNECTED, device.device_id)
        async with linked.listener._noting:
            linked.satellites.end(device.device_id, Ending(code="server.restarting", sentence="Back soon."))
            await until(lambda: not linked.listener.sessions)
            linked.running.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(linked.running, return_exceptions=True)
        assert linked.device_log.latest(device_id=device.device_id)[0].what is DeviceEvent.WENT_AWAY


async def test_silent_and_plain_connections_cost_nothing_but_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.server.device_listener.HANDSHAKE_SECONDS", 0.2)
    async with linking(tmp_path) as linked:
        reader, writer = await asyncio.open_connection("127.0.0.1", linked.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        silent_reader, silent_writer = await asyncio.open_connection("127.0.0.1", linked.port)
        async with asyncio.timeout(30):
            await reader.read()
            await silent_reader.read()
        await linked.join("Den")
        for each in (writer, silent_writer):
            each.close()


async def test_texts_beyond_a_frame_are_cut_and_the_session_goes_on(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        device, satellite = await linked.join("Den")
        linked.satellites.tell(device.device_id, {"type": "notice", "text": "\u20ac" * 50_000})
        assert len((await satellite.wait_for("notice"))["text"]) == 2000
        slots = {f"slot{number}": "x" * 1900 for number in range(20)}
        linked.satellites.tell(device.device_id, {"type": "understood", "intent": "HassTurnOn", "slots": slots})
        await satellite.say("ask", {"text": "stop"})
        await satellite.wait_for("turn")


async def test_a_connection_that_cannot_be_taken_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when no descriptors are left, or the other side left first."""
    async with linking(tmp_path) as linked:
        loop = asyncio.get_running_loop()
        take, refused = loop.sock_accept, [OSError(errno.EMFILE, "no descriptors"), OSError(errno.ECONNABORTED, "left")]

        async def sock_accept(listener: socket.socket) -> tuple[socket.socket, object]:
            if refused:
                raise refused.pop()
            return await take(listener)

        monkeypatch.setattr(loop, "sock_accept", sock_accept)
        for name in ("Lamp", "Shelf"):  # the first connection was waited for before
            _, satellite = await linked.join(name)
            assert satellite.is_connected
        assert not refused
