"""ESPHome voice devices against the simulation of one, encrypted, on real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aioesphomeapi.model import VoiceAssistantEventType as Event
from aioesphomeapi.model import VoiceAssistantFeature, VoiceAssistantSubscriptionFlag, VoiceAssistantTimerEventType

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import NetworkError
from earwitness.domain.satellite import Station
from earwitness.foreign.esphome_devices import EsphomeDevice
from earwitness.foreign.reach import Place, Trust
from earwitness.foreign.reply_links import ReplyLinks
from earwitness.protocol.connection import ConnectionLostError
from earwitness.turn.assistant import Assistant
from earwitness.turn.workers import Workers
from tests.esphome_device import FEATURES, VOICE, EsphomeSimulation, fetch, messages, new_key, simulated
from tests.fakes import OneLamp, silence, tone
from tests.unit.foreign.peers import make_assistant

KEY = new_key()
STATION = Station(device_id="e" * 32, name="Kitchen Voice", area="Kitchen")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


@dataclass
class Served:
    device: EsphomeSimulation
    foreign: EsphomeDevice
    assistant: Assistant
    lamp: OneLamp
    links: ReplyLinks
    running: "asyncio.Task[None]"


@asynccontextmanager
async def served(
    workers: Workers, *, key: str | None = KEY, features: int = int(FEATURES), is_muted: bool = False
) -> AsyncIterator[Served]:
    lamp, links = OneLamp(), ReplyLinks(trust=Trust())
    assistant, _ = make_assistant(workers, skills=lamp)
    ready = asyncio.Event()
    async with simulated(KEY, features=features) as device:
        foreign = EsphomeDevice(
            assistant,
            place=Place(host="127.0.0.1", port=device.port),
            secret=key,
            station=STATION,
            links=links,
            is_muted=is_muted,
            on_ready=ready.set,
        )
        running = asyncio.create_task(foreign.run())
        try:
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            waiting.cancel()
            yield Served(device, foreign, assistant, lamp, links, running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            links.close()


async def command(device: EsphomeSimulation) -> None:
    device.wake()
    await device.talk(tone(0.5))


async def test_a_turn_from_the_wake_word_to_the_reply_that_the_device_fetches(workers: Workers) -> None:
    async with served(workers) as here:
        subscribed = await here.device.until_kind(messages.SubscribeVoiceAssistantRequest)
        assert subscribed.flags & VoiceAssistantSubscriptionFlag.API_AUDIO
        await command(here.device)
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        assert (await here.device.until_kind(messages.VoiceAssistantResponse)).port == 0
        assert here.device.data(Event.VOICE_ASSISTANT_STT_END) == {"text": "turn on the lamp"}
        assert here.device.data(Event.VOICE_ASSISTANT_TTS_START) == {"text": "Turned on the lamp."}
        assert here.device.data(Event.VOICE_ASSISTANT_INTENT_END)["continue_conversation"] == "0"
        async with asyncio.timeout(5), here.device.changed:
            await here.device.changed.wait_for(lambda: here.device.fetched)
        assert here.lamp.is_on
        assert here.device.fetched[0][44:] == tone(1.0)
        assert [event.name.removeprefix("VOICE_ASSISTANT_") for event in here.device.events()] == [
            "RUN_START", "WAKE_WORD_END", "STT_START", "STT_VAD_START", "STT_VAD_END", "STT_END", "INTENT_START",
            "INTENT_END", "TTS_START", "TTS_END", "RUN_END",
        ]  # fmt: skip


async def test_a_second_turn_follows_the_first(workers: Workers) -> None:
    async with served(workers) as here:
        for times in (1, 2):
            await command(here.device)
            await here.device.until(Event.VOICE_ASSISTANT_RUN_END, times=times)
        assert here.lamp.performed == ["HassTurnOn", "HassTurnOn"]


async def test_a_reply_goes_over_the_encrypted_connection_where_the_device_can_take_it(workers: Workers) -> None:
    async with served(workers, features=int(VOICE | VoiceAssistantFeature.SPEAKER)) as here:
        await command(here.device)
        await here.device.until(Event.VOICE_ASSISTANT_TTS_STREAM_END)
    sound = b"".join(message.data for message in here.device.said if isinstance(message, messages.VoiceAssistantAudio))
    assert sound == tone(1.0)
    assert here.device.urls == []


async def test_its_room_is_the_context_and_nobody_known_speaks(workers: Workers) -> None:
    async with served(workers) as here:
        assert here.foreign.seat is not None
        context = here.foreign.seat.conversation._context
    assert (context.area, context.person_id, context.device_id) == ("Kitchen", None, STATION.device_id)


async def test_silence_is_answered_and_the_run_ends(workers: Workers) -> None:
    async with served(workers) as here:
        here.device.wake()
        await here.device.talk(silence(2.9))
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        assert here.device.data(Event.VOICE_ASSISTANT_STT_END) == {"text": ""}
        assert here.lamp.performed == []


async def test_stopped_at_the_device_nothing_is_done(workers: Workers) -> None:
    async with served(workers) as here:
        here.device.wake()
        here.device.hear(tone(0.3))
        await here.device.until(Event.VOICE_ASSISTANT_STT_VAD_START)
        here.device.press_stop()
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        assert here.lamp.performed == []


async def test_muted_from_the_page_it_is_not_heard(workers: Workers) -> None:
    async with served(workers) as here:
        await here.foreign.mute()
        await command(here.device)
        assert (await here.device.until(Event.VOICE_ASSISTANT_ERROR))["code"] == "session.muted"
        assert here.lamp.performed == []
        assert Event.VOICE_ASSISTANT_STT_START not in here.device.events()


async def test_it_is_muted_from_the_start_if_it_was(workers: Workers) -> None:
    async with served(workers, is_muted=True) as here:
        await command(here.device)
        assert (await here.device.until(Event.VOICE_ASSISTANT_ERROR))["code"] == "session.muted"


async def test_an_announcement_is_fetched_and_confirmed(workers: Workers) -> None:
    async with served(workers) as here:
        assert here.foreign.seat is not None
        async with asyncio.timeout(10):
            assert await here.foreign.seat.conversation.announce("Dinner is ready.")
        asked = await here.device.until_kind(messages.VoiceAssistantAnnounceRequest)
        assert asked.text == "Dinner is ready."
        assert not here.links.is_open


async def test_a_timer_rings_and_is_stopped(workers: Workers) -> None:
    async with served(workers) as here:
        here.assistant.ring("t1", "The pasta timer is over.")
        told = await here.device.until_kind(messages.VoiceAssistantTimerEventResponse)
        assert (told.event_type, told.timer_id) == (VoiceAssistantTimerEventType.VOICE_ASSISTANT_TIMER_FINISHED, "t1")
        here.assistant.end_alert("t1")
        told = await here.device.until_kind(messages.VoiceAssistantTimerEventResponse, times=2)
        assert told.event_type == VoiceAssistantTimerEventType.VOICE_ASSISTANT_TIMER_CANCELLED


@pytest.mark.parametrize(
    ("key", "features", "code"),
    [
        (new_key(), int(FEATURES), "foreign.wrong_key"),
        (None, int(FEATURES), "foreign.no_key"),
        ("not base64 of 32 bytes", int(FEATURES), "foreign.wrong_key"),
        (KEY, int(VoiceAssistantFeature.VOICE_ASSISTANT), "foreign.no_voice"),
    ],
)
async def test_what_cannot_work_is_said(workers: Workers, key: str | None, features: int, code: str) -> None:
    async with served(workers, key=key, features=features) as here:
        with pytest.raises(NetworkError) as refused:
            await here.running
    assert refused.value.code == code


async def test_a_device_without_encryption_is_refused(workers: Workers) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readexactly(1)
            writer.write(b"\x00\x00\x00")
            await reader.read()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    assistant, _ = make_assistant(workers)
    place = Place(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    device = EsphomeDevice(assistant, place=place, secret=KEY, station=STATION, links=ReplyLinks(trust=Trust()))
    with pytest.raises(NetworkError, match="does not encrypt") as refused:
        await device.run()
    server.close()
    assert refused.value.code == "foreign.not_encrypted"


async def test_unplugged_in_the_middle_of_a_word_nothing_is_done(workers: Workers) -> None:
    async with served(workers) as here:
        here.device.wake()
        here.device.hear(tone(0.3))
        await here.device.until(Event.VOICE_ASSISTANT_STT_VAD_START)
        here.device.unplug()
        with pytest.raises(ConnectionLostError):
            await here.running
        assert here.lamp.performed == []


# The links


async def test_a_link_works_once_for_its_device_and_then_nothing_listens() -> None:
    links = ReplyLinks(trust=Trust())
    url = await links.offer(sound(), peer="127.0.0.1")
    assert (await fetch(url, method="POST"))[0] == 404
    assert (await fetch(url.replace("/reply/", "/reply/x")))[0] == 404
    assert (await fetch(url, source="127.0.0.2"))[0] == 404
    status, body = await fetch(url)
    assert (status, body[:4], body[44:]) == (200, b"RIFF", tone(0.1))
    assert not links.is_open
    with pytest.raises(ConnectionRefusedError):
        await fetch(url)


async def test_a_link_that_nobody_fetches_goes() -> None:
    links = ReplyLinks(trust=Trust(), seconds=0.0)
    url = await links.offer(sound(), peer="127.0.0.1")
    async with asyncio.timeout(5):
        while links.is_open:  # noqa: ASYNC110 (nothing tells of it but the state itself)
            await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await fetch(url)


async def test_no_link_leads_over_an_interface_that_is_not_trusted() -> None:
    links = ReplyLinks(trust=Trust())
    with pytest.raises(NetworkError):
        await links.offer(sound(), peer="192.0.2.7")
    assert not links.is_open


@pytest.mark.parametrize("request_bytes", [b"x" * 9000, b"GET\r\n\r\n", b"\xff\xfe\r\n\r\n", b"GET / HTTP/1.1\r\n"])
async def test_what_is_no_request_gets_nothing(request_bytes: bytes) -> None:
    links = ReplyLinks(trust=Trust(), request_seconds=0.2)
    url = await links.offer(sound(), peer="127.0.0.1")
    port = int(url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes)
    with contextlib.suppress(ConnectionError):
        assert b"RIFF" not in await reader.read()
    writer.close()
    assert (await fetch(url))[0] == 200


def sound() -> Pcm:
    return Pcm(data=tone(0.1))
