"""ESPHome voice devices against the simulation of one, encrypted, on real sockets."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import soundfile
from aioesphomeapi.model import (
    VoiceAssistantCommandFlag,
    VoiceAssistantFeature,
    VoiceAssistantSubscriptionFlag,
    VoiceAssistantTimerEventType,
)
from aioesphomeapi.model import VoiceAssistantEventType as Event

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import NetworkError
from earwitness.domain.ring_sound import RingManner
from earwitness.domain.satellite import Station
from earwitness.foreign.bells import SoundOf
from earwitness.foreign.esphome_devices import EsphomeDevice
from earwitness.foreign.reach import Place, Trust
from earwitness.foreign.reply_links import ReplyLinks
from earwitness.foreign.sound import PlayForm
from earwitness.foreign.turns import Arbiter
from earwitness.protocol.connection import ConnectionLostError
from earwitness.protocol.session_messages import Wake
from earwitness.satellite.cues import cue
from earwitness.turn.assistant import Assistant
from earwitness.turn.workers import Workers
from tests.esphome_device import FEATURES, VOICE, EsphomeSimulation, fetch, messages, new_key, simulated
from tests.fakes import OneLamp, silence, tone
from tests.unit.foreign.peers import make_assistant
from tests.unit.turn.test_runner import Recorder

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
    notes: list[str]


@asynccontextmanager
async def served(
    workers: Workers,
    *,
    key: str | None = KEY,
    features: int = int(FEATURES),
    is_muted: bool = False,
    wake_words: Sequence[str] = (),
    arbiter: Arbiter | None = None,
    player: tuple[str, int, int] | None = None,
    sound_of: SoundOf | None = None,
) -> AsyncIterator[Served]:
    lamp, links = OneLamp(), ReplyLinks(trust=Trust())
    assistant, _ = make_assistant(workers, skills=lamp)
    ready, notes = asyncio.Event(), []

    def on_ready(note: str) -> None:
        notes.append(note)
        ready.set()

    async with simulated(KEY, features=features, player=player) as device:
        foreign = EsphomeDevice(
            assistant,
            place=Place(host="127.0.0.1", port=device.port),
            secret=key,
            station=STATION,
            links=links,
            cue=cue,
            sound_of=sound_of,
            wake_words=wake_words,
            arbiter=arbiter,
            is_muted=is_muted,
            on_ready=on_ready,
        )
        running = asyncio.create_task(foreign.run())
        try:
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            waiting.cancel()
            yield Served(device, foreign, assistant, lamp, links, running, notes)
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
        async with asyncio.timeout(30), here.device.changed:
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
    assert here.device.played == tone(1.0)
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
        async with asyncio.timeout(30):
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
    ids=["another key", "no key", "no base64", "no voice"],
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
    device = EsphomeDevice(assistant, place=place, secret=KEY, station=STATION, links=ReplyLinks(trust=Trust()), cue=cue)
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


async def test_a_device_that_lost_its_wake_word_is_told_what_its_firmware_passes_over(workers: Workers) -> None:
    arbiter = OneAnswer(is_chosen=False)
    async with served(workers, arbiter=arbiter) as here:
        here.device.wake()
        here.device.hear(tone(0.3))
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        assert here.device.events() == [Event.VOICE_ASSISTANT_ERROR, Event.VOICE_ASSISTANT_RUN_END]
        assert here.device.data(Event.VOICE_ASSISTANT_ERROR)["code"] == "duplicate_wake_up_detected"
        assert arbiter.asked == [(STATION.device_id, "Kitchen", -30)]
        assert here.lamp.performed == []


async def test_what_rings_goes_on_when_a_device_answers_a_refusal_with_its_stop(workers: Workers) -> None:
    async with served(workers, arbiter=OneAnswer(is_chosen=False)) as here:
        here.assistant.ring("t1", "The pasta timer is over.")
        await here.device.until_kind(messages.VoiceAssistantAnnounceRequest)
        here.device.wake()
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        here.device.wake()
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END, times=2)  # so its stop has come
        kinds = [each.event_type for each in here.device.said if isinstance(each, messages.VoiceAssistantTimerEventResponse)]
        assert kinds == [VoiceAssistantTimerEventType.VOICE_ASSISTANT_TIMER_FINISHED]


async def test_a_device_that_was_chosen_is_served_with_all_that_it_sent_meanwhile(workers: Workers) -> None:
    async with served(workers, arbiter=OneAnswer()) as here:
        await command(here.device)
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        assert here.lamp.performed == ["HassTurnOn"]


async def test_its_button_is_for_this_device_and_nobody_else_is_asked(workers: Workers) -> None:
    arbiter = OneAnswer(is_chosen=False)
    async with served(workers, arbiter=arbiter) as here:
        here.device.wake("")
        await here.device.until(Event.VOICE_ASSISTANT_STT_START)
        assert arbiter.asked == []


async def test_broken_off_at_the_device_while_it_is_decided_who_answers_nothing_is_done(workers: Workers) -> None:
    async with served(workers, arbiter=OneAnswer()) as here:
        here.device.wake()
        await here.device.until_kind(messages.VoiceAssistantResponse)
        here.device.press_stop()
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        assert here.lamp.performed == []
        assert Event.VOICE_ASSISTANT_STT_START not in here.device.events()


async def test_a_device_that_sends_all_it_hears_is_refused(workers: Workers) -> None:
    async with served(workers) as here:
        here.device.send(messages.VoiceAssistantRequest(start=True, flags=int(VoiceAssistantCommandFlag.USE_WAKE_WORD)))
        with pytest.raises(NetworkError) as refused:
            await here.running
        assert refused.value.code == "foreign.streams_always"


@pytest.mark.parametrize(
    ("wanted", "chosen", "note"),
    [
        (("hey jarvis", "okay nabu"), ["hey_jarvis"], ""),
        (("okay nabu",), None, ""),
        (("alexa",), None, "It listens for Okay Nabu: it does not know alexa."),
    ],
)
async def test_it_listens_for_the_homes_wake_words_as_far_as_it_knows_them(
    workers: Workers, wanted: tuple[str, ...], chosen: list[str] | None, note: str
) -> None:
    async with served(workers, wake_words=wanted) as here:
        assert here.notes == [note]
        here.device.send(messages.VoiceAssistantRequest(start=True))
        await here.device.until(Event.VOICE_ASSISTANT_RUN_START)  # whatever was told before has come by now
    told = [
        list(each.active_wake_words) for each in here.device.said if isinstance(each, messages.VoiceAssistantSetConfiguration)
    ]
    assert told == ([] if chosen is None else [chosen])


async def test_a_device_that_says_nothing_of_wake_words_is_served_all_the_same(workers: Workers) -> None:
    async with served(workers, features=int(VOICE), wake_words=("hey jarvis",)) as here:
        await command(here.device)
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        assert here.notes == [""]


async def test_a_reply_has_the_form_that_its_player_asks_for(workers: Workers) -> None:
    async with served(workers, player=("flac", 48_000, 1)) as here:
        await command(here.device)
        await here.device.until(Event.VOICE_ASSISTANT_RUN_END)
        async with asyncio.timeout(30), here.device.changed:
            await here.device.changed.wait_for(lambda: here.device.fetched)
    assert here.device.urls[0].endswith(".flac")
    samples, rate_hz = soundfile.read(io.BytesIO(here.device.fetched[0]))
    assert (rate_hz, samples.shape) == (48_000, (48_000,))


async def test_what_rings_is_played_by_a_device_that_does_not_ring_by_itself(workers: Workers) -> None:
    async with served(workers, features=int(VOICE | VoiceAssistantFeature.ANNOUNCE)) as here:
        here.assistant.ring("t1", "The pasta timer is over.")
        await here.device.until_kind(messages.VoiceAssistantAnnounceRequest, times=2)
        async with asyncio.timeout(30), here.device.changed:
            await here.device.changed.wait_for(lambda: len(here.device.fetched) == 2)
        assert here.device.fetched[1][44:] == cue("alert").data
        here.assistant.end_alert("t1")


@pytest.mark.parametrize("sounds", [VoiceAssistantFeature.TIMERS, VoiceAssistantFeature.ANNOUNCE, None])
async def test_what_is_to_ring_at_a_device_that_cannot_ring_rings_in_the_whole_house(
    workers: Workers, sounds: VoiceAssistantFeature | None
) -> None:
    async with served(workers, features=int(VOICE | (sounds or VoiceAssistantFeature.SPEAKER))) as here:
        other = Recorder()
        conversation = here.assistant.converse(other, is_hands_free=False, area="Elsewhere", device_id="elsewhere")
        running = asyncio.create_task(conversation.run())
        here.assistant.ring("t1", "Your timer is done.", device_id=STATION.device_id)
        here.assistant.ring("t2", "Your timer is done.")
        await other.until(type="alert", id="t2")
        assert any(message.get("id") == "t1" for message in other.messages) == (sounds is None)
        for each in ("t1", "t2"):
            here.assistant.end_alert(each)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_an_alarm_with_its_sound_is_announced_also_where_timers_ring_by_themselves(workers: Workers) -> None:
    song = Pcm(data=tone(1.0), rate_hz=16_000)
    features = int(VOICE | VoiceAssistantFeature.ANNOUNCE | VoiceAssistantFeature.TIMERS)
    async with served(workers, features=features, sound_of=lambda reference: song) as here:
        here.assistant.ring("a1", "It is 7:00 AM.", manner=RingManner(sound="birds", is_said=False))
        async with asyncio.timeout(30), here.device.changed:
            await here.device.changed.wait_for(lambda: here.device.fetched)
        assert here.device.fetched[0][44:] == song.data
        told = [type(one) for one in here.device.said]
        assert messages.VoiceAssistantTimerEventResponse not in told, "its own ring would add to it"
        here.assistant.end_alert("a1")


@dataclass
class OneAnswer:
    """Decides at once, and keeps whom it was asked about and how loud it was [dBFS]."""

    is_chosen: bool = True
    asked: list[tuple[str, str | None, int]] = field(default_factory=list)

    async def answers(self, device_id: str, wake: Wake, *, area: str | None = None) -> bool:
        self.asked.append((device_id, area, round(wake.loudness_dbfs)))
        return self.is_chosen

    async def answers_once_measured(self, device_id: str, *, area: str | None, loudness: Awaitable[float]) -> bool:
        self.asked.append((device_id, area, round(await loudness)))
        return self.is_chosen


# The links


async def test_no_two_links_are_alike_and_none_can_be_guessed() -> None:
    links = ReplyLinks(trust=Trust())
    tokens = {(await links.offer(sound(), peer="127.0.0.1")).rpartition("/")[2].removesuffix(".wav") for _ in range(20)}
    links.close()
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 43  # 256 bits


async def test_a_link_of_another_form_says_what_it_is() -> None:
    links = ReplyLinks(trust=Trust())
    url = await links.offer(sound(), peer="127.0.0.1", form=PlayForm(codec="flac", rate_hz=48_000, channels=2))
    assert (await fetch(url.replace(".flac", ".wav")))[0] == 404
    status, body = await fetch(url)
    assert (status, body[:4]) == (200, b"fLaC")


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
    async with asyncio.timeout(30):
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
