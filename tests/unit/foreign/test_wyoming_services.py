"""Our services over Wyoming on a real socket: what they answer, and what they do with input that is not Wyoming."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some
from wyoming.event import Event
from wyoming.info import Info

from earwitness.domain.errors import NetworkError
from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.foreign.reach import Trust
from earwitness.foreign.said_before import KEPT_SECONDS, MOST, SaidBefore
from earwitness.foreign.wyoming_services import open_socket
from earwitness.turn.workers import Workers
from tests.fakes import Beeper, OneLamp, silence, tone
from tests.unit.foreign.peers import connected, services


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


async def test_wyomings_own_library_reads_what_we_offer(workers: Workers) -> None:
    async with services(workers) as port, connected(port) as peer:
        await peer.send("describe")
        frame = await peer.until("info")
    offered = Info.from_event(Event(type=frame.kind, data=dict(frame.fields)))
    assert [model.name for program in offered.asr for model in program.models] == ["earwitness"]
    assert [voice.name for program in offered.tts for voice in program.voices] == ["heart", "fable"]
    assert [model.name for program in offered.wake for model in program.models] == ["hey_jarvis", "okay_nabu"]
    assert [(program.name, program.supports_home_control) for program in offered.handle] == [("earwitness", True)]


@pytest.mark.parametrize(("rate", "width", "channels"), [(16_000, 2, 1), (48_000, 2, 2), (22_050, 2, 1), (16_000, 4, 1)])
async def test_sound_of_any_form_becomes_text(workers: Workers, rate: int, width: int, channels: int) -> None:
    loud = (20_000).to_bytes(2, "little") if width == 2 else (20_000 << 16).to_bytes(4, "little")
    async with services(workers) as port, connected(port) as peer:
        await peer.send("transcribe", {"language": "en"})
        await peer.send_sound(loud * (rate * channels // 2), rate=rate, width=width, channels=channels)
        assert (await peer.until("transcript")).fields["text"] == "turn on the lamp"
        await peer.send("transcribe")
        await peer.send_sound(bytes(rate * width * channels), rate=rate, width=width, channels=channels)
        assert (await peer.until("transcript")).fields["text"] == ""


async def test_text_becomes_sound_as_it_is_made(workers: Workers) -> None:
    async with services(workers) as port, connected(port) as peer:
        await peer.send("synthesize", {"text": "Hello.", "voice": {"name": "fable"}})
        start = await peer.until("audio-start")
        assert (start.fields["rate"], start.fields["width"], start.fields["channels"]) == (16_000, 2, 1)
        await peer.until("audio-stop")
    assert b"".join(frame.payload for frame in peer.seen if frame.kind == "audio-chunk") == tone(1.0)


async def test_a_request_is_handled_by_our_skills(workers: Workers) -> None:
    lamp = OneLamp()
    async with services(workers, skills=lamp) as port, connected(port) as peer:
        await peer.send("transcript", {"text": "turn on the lamp"})
        assert (await peer.until("handled")).fields["text"] == "Turned on the lamp."
        await peer.send("transcript", {"text": "sing the blues"})
        assert "sing the blues" in str((await peer.until("not-handled")).fields["text"])
    assert lamp.performed == ["HassTurnOn"]


class Asker:
    """Asks which one, and has more to tell."""

    def understand(self, text: str, *, context: Context) -> Understanding:
        intent = Intent(name="Open") if text == "open it" else Intent(name="TellMore") if text == "tell me more" else None
        if context.expects is not None and context.pending is not None and intent is None:
            intent = replace(context.pending, slots={context.expects: text})
        return Understanding(text=text, intent=intent, completeness=Completeness.COMPLETE, reason="")

    def hints(self) -> tuple[str, ...]:
        return ()

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if intent.name == "TellMore":
            more = "" if context.before is None else context.before.more
            return SkillResult(outcome=Outcome.ANSWERED, reply=more or "There is nothing more.")
        if "which" not in intent.slots:
            asks = replace(context, expects="which", pending=intent)
            return SkillResult(outcome=Outcome.ASKED, reply="Which one?", asks=asks)
        return SkillResult(outcome=Outcome.DONE, reply=f"Opened the {intent.slots['which']}.", more="It is wide open.")


async def said(port: int, text: str, *, conversation: str | None) -> str:
    """What is answered to one request on a connection of its own, as Home Assistant asks."""
    async with connected(port) as peer:
        context = {} if conversation is None else {"context": {"conversation_id": conversation}}
        await peer.send("transcript", {"text": text, **context})
        handled = await peer.until("handled" if text != "the gate" or conversation == "one" else "not-handled")
        assert conversation is None or handled.fields["context"] == {"conversation_id": conversation}
        return str(handled.fields["text"])


async def test_a_conversation_goes_on_over_connections_by_its_id(workers: Workers) -> None:
    asker = Asker()
    async with services(workers, skills=asker, understander=asker) as port:
        assert await said(port, "open it", conversation="one") == "Which one?"
        assert await said(port, "open it", conversation=None) == "Which one?"
        await said(port, "the gate", conversation="another")
        await said(port, "the gate", conversation=None)
        assert await said(port, "the gate", conversation="one") == "Opened the the gate."
        assert await said(port, "tell me more", conversation="one") == "It is wide open."
        assert await said(port, "tell me more", conversation="another") == "There is nothing more."


async def test_without_an_id_it_goes_on_for_as_long_as_its_connection(workers: Workers) -> None:
    asker = Asker()
    async with services(workers, skills=asker, understander=asker) as port, connected(port) as peer:
        for text, reply in (("open it", "Which one?"), ("window", "Opened the window."), ("tell me more", "It is wide open.")):
            await peer.send("transcript", {"text": text})
            assert (await peer.until("handled")).fields["text"] == reply


@pytest.mark.parametrize("context", ["one", 7, ["one"], {"conversation_id": 7}, {"conversation_id": "x" * 201}])
async def test_a_conversation_without_a_proper_name_is_an_error(workers: Workers, context: object) -> None:
    async with services(workers) as port, connected(port) as peer:
        await peer.send("transcript", {"text": "turn on the lamp", "context": context})
        assert (await peer.until("error")).fields["text"]


def test_what_was_said_is_forgotten_after_minutes_and_beyond_a_number_and_is_its_peers_alone() -> None:
    now = [0.0]
    before = SaidBefore(clock=lambda: now[0])
    for number in range(MOST + 1):
        before.keep("10.0.0.1", f"{number}", Context(area=f"{number}"))
    assert before.find("10.0.0.1", "0") is None
    found = before.find("10.0.0.1", f"{MOST}")
    assert found is not None
    assert found.area == f"{MOST}"
    assert before.find("10.0.0.2", f"{MOST}") is None
    now[0] += KEPT_SECONDS
    assert before.find("10.0.0.1", f"{MOST}") is None
    before.keep("10.0.0.1", "new", Context())
    assert before.find("10.0.0.1", "new") is not None


async def test_the_wake_word_is_found_or_not(workers: Workers) -> None:
    async with services(workers) as port, connected(port) as peer:
        await peer.send("detect", {"names": ["hey_jarvis"]})
        await peer.send_sound(silence(0.3) + tone(0.3))
        found = await peer.until("detection")
        assert found.fields["name"] == "hey_jarvis"
        assert 300 <= int(str(found.fields["timestamp"])) <= 500
        await peer.send("detect", {"names": None})
        await peer.send_sound(silence(0.3))
        await peer.until("not-detected")


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("synthesize", {"text": "Hello.", "voice": {"name": "nobody"}}, "voice.unknown"),
        ("synthesize", {"text": " "}, "text.too_long"),
        ("synthesize", {"text": "a" * 4001}, "text.too_long"),
        ("synthesize", {"text": 7}, "wire.malformed"),
        ("transcript", {"text": "bonjour", "language": "fr"}, "text.language"),
        ("detect", {"names": "hey_jarvis"}, "wire.malformed"),
        ("run-satellite", {}, "wire.malformed"),
    ],
)
async def test_what_cannot_be_done_is_said_and_ends(workers: Workers, kind: str, fields: dict[str, object], code: str) -> None:
    async with services(workers) as port, connected(port) as peer:
        await peer.send(kind, fields)
        assert (await peer.until("error")).fields["code"] == code
        assert await peer.next() is None


async def test_a_voice_that_fails_is_an_error_not_silence(workers: Workers) -> None:
    async with services(workers, synthesiser=Beeper(fails=True)) as port, connected(port) as peer:
        await peer.send("synthesize", {"text": "Hello."})
        assert (await peer.until("error")).fields["code"] == "engine.failed"


HOSTILE = {
    "garbage": b"\x00\xff" * 50 + b"\n",
    "no newline at all": b"a" * 20_000,
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a list": b"[]\n",
    "no type": b"{}\n",
    "negative length": b'{"type": "describe", "data_length": -1}\n',
    "huge payload": b'{"type": "audio-chunk", "payload_length": 2147483647}\n',
    "a length that is text": b'{"type": "describe", "data_length": "5"}\n',
    "data that is no json": b'{"type": "describe", "data_length": 4}\n\xff\xfe{}',
    "a key twice": b'{"type": "describe", "type": "info"}\n',
    "our own numbers": b'{"type": "describe", "seq": 1, "ack": 0}\n',
    "deep": b'{"type": "describe", "data": ' + b'{"a":' * 30 + b"1" + b"}" * 30 + b"}\n",
    "half a sample": b'{"type":"transcribe"}\n'
    b'{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1},"payload_length":3}\nabc',
    "an impossible rate": b'{"type":"transcribe"}\n{"type":"audio-start","data":{"rate":0,"width":2,"channels":1}}\n',
    "a rate that is true": b'{"type":"transcribe"}\n{"type":"audio-start","data":{"rate":true,"width":2,"channels":1}}\n',
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_input_gets_an_error_and_the_end(workers: Workers, name: str) -> None:
    async with services(workers) as port:
        async with connected(port) as peer:
            peer.writer.write(HOSTILE[name])
            error = await peer.until("error")
            assert str(error.fields["code"]).startswith("wire.")
            assert await peer.next() is None
        await _still_serves(port)


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=some.binary(max_size=400))
def test_no_bytes_end_the_service(data: bytes) -> None:
    async def trial() -> None:
        with Workers() as own:
            async with services(own, seconds=0.05) as port:
                async with connected(port) as peer:
                    peer.writer.write(data)
                    peer.writer.write_eof()
                    while await peer.next() is not None:
                        pass
                await _still_serves(port)

    asyncio.run(trial())


async def test_one_that_trickles_is_let_go(workers: Workers) -> None:
    async with services(workers, seconds=0.2) as port, connected(port) as peer:
        peer.writer.write(b'{"type": "desc')
        assert await peer.next() is None


async def test_one_that_leaves_in_the_middle_of_a_word_harms_nobody(workers: Workers) -> None:
    async with services(workers) as port:
        async with connected(port) as peer:
            await peer.send("transcribe")
            await peer.send("audio-start", {"rate": 16_000, "width": 2, "channels": 1})
            peer.writer.write(b'{"type": "audio-chunk", "payload_length": 4000}\n' + bytes(1000))
        await _still_serves(port)


async def test_one_too_many_is_told_so(workers: Workers) -> None:
    async with services(workers, most=1) as port, connected(port) as first:
        await first.send("describe")
        await first.until("info")
        async with connected(port) as second:
            assert (await second.until("error")).fields["code"] == "session.too_many"
        await first.send("describe")
        await first.until("info")


async def test_too_long_a_sound_is_refused_and_not_collected(workers: Workers) -> None:
    form = {"rate": 8_000, "width": 1, "channels": 1}
    async with services(workers) as port, connected(port) as peer:
        await peer.send("transcribe")
        for _ in range(9):
            await peer.send("audio-chunk", form, bytes(60_000))
        assert (await peer.until("error")).fields["code"] == "audio.too_long"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_nothing_but_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(NetworkError, match=r"not encrypted.*foreign\.trusted_interface"):
        open_socket(host, 0, trust=Trust())


def test_a_port_that_is_taken_is_named() -> None:
    first = open_socket("127.0.0.1", 0, trust=Trust())
    port = first.getsockname()[1]
    with pytest.raises(NetworkError, match=str(port)) as refused:
        open_socket("127.0.0.1", port, trust=Trust())
    first.close()
    assert refused.value.code == "network.in_use"


async def _still_serves(port: int) -> None:
    async with connected(port) as peer:
        await peer.send("describe")
        assert json.dumps(dict((await peer.until("info")).fields))
