"""Foreign satellites that come, go, move, are muted and taken out: a Wyoming peer on a real socket, a registry in a list."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from earwitness.domain.device import Device, DeviceEvent, DeviceKind
from earwitness.foreign.attendance import Attendance, Presence, Registry
from earwitness.foreign.reach import Trust
from earwitness.satellite.cues import cue
from earwitness.turn.workers import Workers
from tests.fakes import OneLamp, silence, tone
from tests.unit.foreign.peers import Peer, free_port, make_assistant

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
        async with asyncio.timeout(10):
            return await self.arrivals.get()


@dataclass
class Household:
    attendance: Attendance
    devices: list[Device]
    lamp: OneLamp
    box: Box
    events: list[DeviceEvent]
    muted: list[str]

    def change(self, **values: object) -> None:
        self.devices[0] = replace(self.devices[0], **values)  # type: ignore[arg-type]
        self.attendance.changed()

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
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
async def household(workers: Workers, *, place: str | None = None, **values: object) -> AsyncIterator[Household]:
    box, lamp = Box(free_port()), OneLamp()
    server = await asyncio.start_server(box.serve, "127.0.0.1", box.port)
    assistant, _ = make_assistant(workers, skills=lamp)
    devices = [device(place or f"127.0.0.1:{box.port}", **values)]
    events: list[DeviceEvent] = []
    muted: list[str] = []

    def note_muted(device_id: str) -> None:
        muted.append(device_id)
        devices[0] = replace(devices[0], is_muted=True, is_mute_wished=False)

    attendance = Attendance(
        assistant,
        registry=Registry(devices=lambda: tuple(devices), note_muted=note_muted, note=lambda what, _: events.append(what)),
        trust=Trust(),
        cue=cue,
        sleep=lambda seconds: asyncio.sleep(0),
    )
    running = asyncio.create_task(attendance.run())
    try:
        yield Household(attendance, devices, lamp, box, events, muted)
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
        await peer.send("ping", {"text": ""})
        await peer.until("pong")
        assert here.lamp.performed == []
        assert "transcript" not in [frame.kind for frame in peer.seen]


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
