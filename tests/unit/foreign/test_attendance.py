"""Foreign satellites that come, go, move, are muted and taken out: a Wyoming peer on a real socket, a registry in a list."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from aioesphomeapi.model import VoiceAssistantEventType

from earwitness.domain.audio import Pcm
from earwitness.domain.device import Device, DeviceEvent, DeviceKind
from earwitness.domain.ring_sound import RingManner, level_at
from earwitness.domain.satellite import Station
from earwitness.foreign.attendance import Attendance, Presence, Registry
from earwitness.foreign.bells import SoundOf
from earwitness.foreign.reach import Trust
from earwitness.foreign.wyoming_satellites import WyomingFront
from earwitness.protocol.connection import Connection
from earwitness.protocol.session_messages import Wake
from earwitness.satellite.cues import cue
from earwitness.server.satellites import Satellites
from earwitness.skills.mute import REPLY, MuteSkill
from earwitness.turn.workers import Workers
from tests.esphome_device import new_key, simulated
from tests.fakes import OneLamp, silence, tone
from tests.strange_servers import free_port
from tests.unit.foreign.peers import Peer, make_assistant

FORM = {"rate": 16_000, "width": 2, "channels": 1}


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


@dataclass
class Box:
    """A Wyoming satellite as seen from its own end: a TCP server that takes one server after the other."""

    port: int
    arrivals: asyncio.Queue[Peer] = field(default_factory=asyncio.Queue)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.arrivals.put(Peer(reader, writer))

    async def next(self) -> Peer:
        async with asyncio.timeout(30):
            return await self.arrivals.get()


@dataclass
class Household:
    attendance: Attendance
    devices: list[Device]
    lamp: OneLamp
    box: Box
    satellites: Satellites
    events: list[DeviceEvent]
    muted: list[str]

    def change(self, **values: object) -> None:
        self.devices[0] = replace(self.devices[0], **values)  # type: ignore[arg-type]
        self.attendance.changed()

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not is_so():  # noqa: ASYNC110 (nothing tells of it but the state itself)
                await asyncio.sleep(0.005)


def device(place: str, **other: object) -> Device:
    values: dict[str, object] = {
        "device_id": "a" * 32,
        "kind": DeviceKind.WYOMING,
        "name": "Hall Box",
        "area": "Hall",
        "voice": None,
        "key_digest": None,
        "certificate_ends_at": None,
        "place": place,
        "secret": None,
        "paired_at": datetime.now(UTC),
        "paired_by": None,
        "seen_at": None,
        "is_muted": False,
        "is_mute_wished": False,
        "revoked_at": None,
    }
    return Device(**(values | other))  # type: ignore[arg-type]


@asynccontextmanager
async def household(
    workers: Workers,
    *,
    place: str | None = None,
    others: Sequence[str] = (),
    skills: object = None,
    is_quiet: Callable[[Station], bool] = lambda station: False,
    sound_of: SoundOf | None = None,
    **values: object,
) -> AsyncIterator[Household]:
    box, lamp = Box(free_port()), OneLamp()
    server = await asyncio.start_server(box.serve, "127.0.0.1", box.port)
    assistant, _ = make_assistant(workers, skills=skills or lamp)
    devices = [device(place or f"127.0.0.1:{box.port}", **values)]
    events: list[DeviceEvent] = []
    muted: list[str] = []

    def note_muted(device_id: str) -> None:
        muted.append(device_id)
        devices[0] = replace(devices[0], is_muted=True, is_mute_wished=False)

    satellites = Satellites(others=lambda: (*attendance.listening(), *others))
    attendance = Attendance(
        assistant,
        registry=Registry(devices=lambda: tuple(devices), note_muted=note_muted, note=lambda what, _: events.append(what)),
        trust=Trust(),
        cue=cue,
        sound_of=sound_of,
        arbiter=satellites,
        is_quiet=is_quiet,
        sleep=lambda seconds: asyncio.sleep(0),
    )
    running = asyncio.create_task(attendance.run())
    try:
        yield Household(attendance, devices, lamp, box, satellites, events, muted)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()


async def talk(peer: Peer) -> None:
    await peer.send("run-pipeline", {"start_stage": "asr", "end_stage": "tts"})
    sound = tone(0.5) + silence(2.0)
    for start in range(0, len(sound), 2048):
        await peer.send("audio-chunk", FORM, sound[start : start + 2048])


async def test_a_turn_of_a_box_with_a_wake_word_of_its_own(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        assert [(await peer.until(kind)).kind for kind in ("describe", "run-satellite")]
        await here.until(lambda: here.attendance.status("a" * 32).presence is Presence.CONNECTED)  # type: ignore[union-attr]
        await talk(peer)
        assert (await peer.until("transcript")).fields["text"] == "turn on the lamp"
        assert (await peer.until("synthesize")).fields["text"] == "Turned on the lamp."
        await peer.until("audio-stop")
        kinds = [frame.kind for frame in peer.seen]
        assert (
            kinds.index("audio-start") < kinds.index("transcribe") < kinds.index("voice-started") < kinds.index("voice-stopped")
        )
        assert here.lamp.is_on
        replied = [frame.payload for frame in peer.seen[kinds.index("synthesize") :] if frame.kind == "audio-chunk"]
        assert b"".join(replied) == tone(1.0)


async def test_the_cue_is_sent_before_any_of_its_sound_is_used(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.send("run-pipeline", {"start_stage": "asr", "end_stage": "tts"})
        await peer.until("audio-stop")
        played = b"".join(frame.payload for frame in peer.seen if frame.kind == "audio-chunk")
        assert played == cue("start").data


async def test_sound_that_belongs_to_no_run_is_dropped(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        for _ in range(50):
            await peer.send("audio-chunk", FORM, tone(0.05))
        await peer.send("ping", {"text": ""})
        await peer.until("pong")
        assert {frame.kind for frame in peer.seen} <= {"describe", "run-satellite", "pong", "ping"}
        assert here.lamp.performed == []


async def test_a_lost_box_is_connected_to_again_and_nothing_is_done(workers: Workers) -> None:
    async with household(workers) as here:
        first = await here.box.next()
        await first.send("run-pipeline", {"start_stage": "asr", "end_stage": "tts"})
        await first.send("audio-chunk", FORM, tone(0.06))
        first.close()
        second = await here.box.next()
        await second.until("run-satellite")
        await talk(second)
        await second.until("transcript")
        assert here.lamp.performed in ([], ["HassTurnOn"])
        await here.until(lambda: here.events[:3] == [DeviceEvent.CONNECTED, DeviceEvent.WENT_AWAY, DeviceEvent.CONNECTED])


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xff\xfe\n",
        b"a" * 9000,
        b'{"type":"audio-chunk","payload_length":99999999}\n',
        b'{"type":"audio-chunk","payload_length":2}\nab',
    ],
)
async def test_a_box_that_breaks_the_protocol_is_left_and_said_so(workers: Workers, hostile: bytes) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        peer.writer.write(hostile)
        again = await here.box.next()
        await again.until("run-satellite")


async def test_muted_from_the_page_it_is_paused_and_not_heard(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        here.change(is_mute_wished=True)
        await peer.until("pause-satellite")
        await here.until(lambda: here.muted)
        await talk(peer)
        assert (await peer.until("error")).fields["code"] == "session.muted"
        assert (await peer.until("transcript")).fields["text"] == ""  # what makes it stop sending
        await peer.send("ping", {"text": ""})
        await peer.until("pong")
        assert here.lamp.performed == []


async def test_muted_by_voice_it_is_so_from_the_end_of_the_reply_on_and_the_registry_knows(workers: Workers) -> None:
    async with household(workers, skills=MuteSkill()) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        await talk(peer)
        assert (await peer.until("synthesize")).fields["text"] == REPLY
        await peer.until("audio-stop")
        await peer.send("played")
        await peer.until("pause-satellite")
        assert here.muted == ["a" * 32]
        await talk(peer)
        assert (await peer.until("error")).fields["code"] == "session.muted"


async def test_a_muted_box_stays_so_after_a_restart(workers: Workers) -> None:
    async with household(workers, is_muted=True) as here:
        peer = await here.box.next()
        await peer.until("pause-satellite")
        assert "run-satellite" not in [frame.kind for frame in peer.seen]


async def test_taken_out_of_the_household_its_connection_ends(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        here.change(revoked_at=datetime.now(UTC))
        while await peer.next() is not None:
            pass
        assert here.attendance.status("a" * 32) is None


async def test_an_announcement_reaches_its_room_and_no_other(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        assert (await here.attendance.announce("Dinner.", area="Kitchen")).confirmed == ()
        told = asyncio.create_task(here.attendance.announce("Dinner.", area="hall"))
        assert (await peer.until("synthesize")).fields["text"] == "Dinner."
        assert [one.name for one in (await told).confirmed] == ["Hall Box"]


async def test_an_announcement_is_confirmed_once_the_boxs_machine_has_it() -> None:
    is_delivered, started = asyncio.Event(), asyncio.Event()
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    front = WyomingFront(Connection(reader, writer, is_numbered=False), cue, is_delivered=is_delivered.is_set)
    front.on_started = lambda speech_id: started.set()
    await front.speech_began(1, "Dinner.", is_reply=False, asks=False)
    await front.sound(Pcm(data=tone(0.1)))
    await asyncio.sleep(0)
    assert not started.is_set()
    is_delivered.set()
    async with asyncio.timeout(30):
        await started.wait()
    writer.transport.abort()
    theirs.close()


async def test_a_box_beyond_the_trusted_network_is_not_connected_to(workers: Workers) -> None:
    async with household(workers, place="192.0.2.7:10700") as here:
        await here.until(lambda: (here.attendance.status("a" * 32) or 0) and here.attendance.status("a" * 32).code)  # type: ignore[union-attr]
        status = here.attendance.status("a" * 32)
    assert status is not None
    assert (status.presence, status.is_encrypted) == (Presence.FAILED, False)
    assert "unencrypted" in status.sentence


async def test_a_box_that_streams_all_it_hears_is_served_on_this_machine(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        await peer.send("run-pipeline", {"start_stage": "wake", "end_stage": "tts"})
        await peer.until("detect")
        for _ in range(10):
            await peer.send("audio-chunk", FORM, silence(0.064))
        for _ in range(10):
            await peer.send("audio-chunk", FORM, tone(0.064))
        assert (await peer.until("detection")).fields["name"] == "hey jarvis"
        await peer.until("transcribe")
        await peer.send("audio-chunk", FORM, tone(0.3))
        for _ in range(40):
            await peer.send("audio-chunk", FORM, silence(0.064))
        await peer.until("transcript")


async def test_an_alarm_rings_with_its_sound_as_loud_as_it_has_become(workers: Workers) -> None:
    song = Pcm(data=tone(1.0), rate_hz=16_000)
    async with household(workers, sound_of=lambda reference: song) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        box = here.attendance._attended["a" * 32].box
        assert box is not None
        assert box.seat is not None
        assert here.attendance.plain_ringers() == ()
        manner = RingManner(sound="birds", is_rising=True, rung_seconds=30.0, is_said=False)
        box.seat.conversation.ring("a1", "It is 7:00 AM.", manner=manner)
        bell = (await peer.until("audio-chunk")).payload
        level = int(np.max(np.abs(np.frombuffer(bell, "<i2")))) / int(np.max(np.abs(np.frombuffer(song.data, "<i2"))))
        assert level_at(30.0) * 0.98 <= level <= level_at(90.0), "it began 30 seconds ago, and some may have gone by"
        assert not {"timer-finished", "synthesize"} & {frame.kind for frame in peer.seen}


async def test_a_timer_is_told_and_rings(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        box = here.attendance._attended["a" * 32].box
        assert box is not None
        assert box.seat is not None
        box.seat.conversation.ring("t1", "The pasta timer is over.")
        assert (await peer.until("timer-finished")).fields["id"] == "t1"
        assert (await peer.until("synthesize")).fields["text"] == "The pasta timer is over."
        await peer.until("audio-stop")
        await peer.send("played")
        bell = (await peer.until("audio-chunk")).payload  # it goes on ringing, by sound, until somebody is heard
        assert cue("alert").data.startswith(bell)
        await talk(peer)
        assert (await peer.until("transcript")).fields["text"] == "turn on the lamp"
        kinds = [frame.kind for frame in peer.seen]
        assert "audio-chunk" not in kinds[kinds.index("transcribe") :]
        box.seat.conversation.end_alert("t1")
        await peer.until("timer-cancelled")


async def test_a_device_with_esphome_is_limited_to_its_room_and_muted_from_the_page(workers: Workers) -> None:
    key = new_key()
    async with simulated(key) as voice:
        place = f"127.0.0.1:{voice.port}"
        async with household(workers, place=place, kind=DeviceKind.ESPHOME, secret=key) as here:
            await here.until(here.attendance.listening)
            assert (await here.attendance.announce("Dinner.", area="Kitchen")).confirmed == ()
            assert [one.name for one in (await here.attendance.announce("Dinner.", area="hall")).confirmed] == ["Hall Box"]
            here.change(is_mute_wished=True)
            await here.until(lambda: here.muted)
            voice.wake()
            assert (await voice.until(VoiceAssistantEventType.VOICE_ASSISTANT_ERROR))["code"] == "session.muted"
            assert here.attendance.listening() == ()
            assert here.lamp.performed == []


# Who answers


def wake(loudness_dbfs: float) -> Wake:
    return Wake(word="okay nabu", loudness_dbfs=loudness_dbfs, score=0.9, age_ms=50)


async def test_a_box_that_lost_its_wake_word_is_let_go_without_a_sound(workers: Workers) -> None:
    async with household(workers, others=["den"]) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        await here.until(here.attendance.listening)
        ours = asyncio.create_task(here.satellites.answers("den", wake(-10.0), area="Den"))
        await talk(peer)
        assert (await peer.until("transcript")).fields["text"] == ""
        assert await ours
        assert {"audio-start", "error"}.isdisjoint(frame.kind for frame in peer.seen)
        assert here.lamp.performed == []


async def test_a_box_that_reports_when_it_is_decided_loses_at_once(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        await here.until(here.attendance.listening)
        assert await here.satellites.answers("den", wake(-60.0), area="Den")
        await peer.send("run-pipeline", {"start_stage": "asr", "end_stage": "tts"})  # and no sound at all
        assert (await peer.until("transcript")).fields["text"] == ""


async def test_a_box_that_nobody_else_stands_beside_answers_at_once(workers: Workers) -> None:
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        await here.until(here.attendance.listening)
        await peer.send("run-pipeline", {"start_stage": "asr", "end_stage": "tts"})  # its sound is not waited for
        await peer.until("transcribe")


async def test_a_box_that_won_is_served_with_all_that_it_sent_meanwhile(workers: Workers) -> None:
    async with household(workers, others=["den"]) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        await here.until(here.attendance.listening)
        await talk(peer)
        assert (await peer.until("transcript")).fields["text"] == "turn on the lamp"
        assert here.lamp.is_on


async def test_a_muted_box_is_nobody_to_wait_for(workers: Workers) -> None:
    async with household(workers, is_muted=True) as here:
        await (await here.box.next()).until("pause-satellite")
        await here.until(here.attendance.stations)
        assert here.attendance.listening() == ()


async def test_a_box_whose_wake_word_is_found_here_is_measured_by_the_word(workers: Workers) -> None:
    async with household(workers, others=["den"]) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        await peer.send("run-pipeline", {"start_stage": "wake", "end_stage": "tts"})
        await peer.until("detect")
        await here.until(here.attendance.listening)
        ours = asyncio.create_task(here.satellites.answers("den", wake(-60.0), area="Den"))
        for _ in range(10):
            await peer.send("audio-chunk", FORM, tone(0.064))
        await peer.until("detection")
        assert not await ours


async def test_moved_or_renamed_on_the_page_it_is_met_anew_with_its_new_room(workers: Workers) -> None:
    async with household(workers) as here:
        await (await here.box.next()).until("run-satellite")
        here.change(area="Kitchen")
        await (await here.box.next()).until("run-satellite")
        await here.until(lambda: here.attendance.stations(area="kitchen"))
        box = here.attendance._attended["a" * 32].box
        assert box is not None
        assert box.seat is not None
        assert box.seat.conversation._context.area == "Kitchen"
        assert here.attendance.stations(area="Hall") == ()
