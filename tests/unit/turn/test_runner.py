"""Conversations on simple engines: sound in, messages out. The stream of one spoken command is a golden file."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.events import Command, Event, Heard
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult, Transcript
from earwitness.domain.wish import VoiceWish, VolumeWish, Wish
from earwitness.speech.whispering import Voicing, voicing
from earwitness.turn.once import AttentiveDevice, answer
from earwitness.turn.runner import Conversation, Manner
from earwitness.turn.speaking import QUIET
from earwitness.turn.workers import Workers
from tests.fakes import Beeper, LoudnessVad, OneLamp, ScriptedRecogniser, engines, silence, tone

GOLDEN = Path(__file__).parents[2] / "golden" / "spoken_command.jsonl"
CHUNK = 1024


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


@dataclass
class Recorder:
    """A device that confirms cues (unless told not to), plays at once, and lets a test wait for a message."""

    confirms: bool = True
    conversation: Conversation | None = None
    messages: list[dict[str, object]] = field(default_factory=list)
    sound: list[Pcm] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def tell(self, message: dict[str, object]) -> None:
        async with self.changed:
            self.messages.append(message)
            self.changed.notify_all()
        if self.conversation is None:
            return
        if message["type"] == "cue" and self.confirms:
            await self.conversation.cue_done(str(message["cue"]))
        if message["type"] == "turn":
            await self.conversation.playback(1, state="finished")

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        self.sound.append(pcm)

    async def until(self, **expected: object) -> dict[str, object]:
        """Wait for a message with these fields."""

        def found() -> list[dict[str, object]]:
            return [message for message in self.messages if expected.items() <= message.items()]

        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(found)
        return found()[-1]


@asynccontextmanager
async def talking(workers: Workers, recorder: Recorder, **other: object) -> AsyncIterator[Conversation]:
    conversation = Conversation(
        device=recorder,
        engines=engines(workers, **other),
        vad=LoudnessVad(),
        manner=Manner(),
        context=Context(area="Kitchen"),
    )
    recorder.conversation = conversation
    running = asyncio.create_task(conversation.run())
    try:
        yield conversation
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def hear(conversation: Conversation, sound: bytes) -> None:
    for start in range(0, len(sound), CHUNK):
        await conversation.hear(sound[start : start + CHUNK])


def line(event: Event, commands: tuple[Command, ...]) -> str:
    def shown(thing: Event | Command) -> dict[str, object]:
        fields = {key: value for key, value in asdict(thing).items() if key not in ("transcript", "understanding", "result")}
        return {type(thing).__name__: fields}

    return json.dumps({"event": shown(event), "commands": [shown(command) for command in commands]}, default=str)


async def test_the_stream_of_a_spoken_command_is_the_golden_one(workers: Workers) -> None:
    recorder, lines, heard = Recorder(), list[str](), asyncio.Event()
    async with talking(workers, recorder) as conversation:

        def note(event: Event, commands: tuple[Command, ...]) -> None:
            lines.append(line(event, commands))
            if isinstance(event, Heard):
                heard.set()

        conversation.on_event = note
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, silence(0.2) + tone(1.0) + silence(0.2))
        async with asyncio.timeout(30):
            await heard.wait()
        await hear(conversation, silence(1.0))
        await recorder.until(type="turn")
        await recorder.until(type="state", state="asleep")
    golden = GOLDEN.read_text(encoding="utf-8").splitlines() if GOLDEN.exists() else []
    assert lines == golden, "the stream changed; if it is right, write it anew:\n" + "\n".join(lines)


async def test_a_spoken_command_is_shown_done_and_said(workers: Workers) -> None:
    recorder, lamp, voice = Recorder(), OneLamp(), Beeper()
    async with talking(workers, recorder, skills=lamp, synthesiser=voice) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(1.0) + silence(3.0))
        turn = await recorder.until(type="turn")
    assert turn["outcome"] == "done"
    assert turn["transcript"] == "turn on the lamp"
    assert lamp.is_on
    timings = turn["timings_ms"]
    assert isinstance(timings, dict)
    assert {"endpoint", "recognise", "understand", "act", "synthesise", "first_sound"} <= timings.keys()
    assert voice.spoken == ["Turned on the lamp."], "what was prepared in the silence is what is said"
    assert sum(pcm.seconds for pcm in recorder.sound) == 1.0


async def test_no_sound_is_taken_before_the_cue_is_confirmed(workers: Workers) -> None:
    recorder, ear = Recorder(confirms=False), ScriptedRecogniser()
    async with talking(workers, recorder, recogniser=ear) as conversation:
        await conversation.press()
        await recorder.until(type="cue", cue="start")
        await hear(conversation, tone(2.0) + silence(2.0))
        await conversation.release()
        await recorder.until(type="turn", outcome="cancelled")
    assert ear.calls == []
    assert not [message for message in recorder.messages if message["type"] == "capture"]


async def test_a_device_that_leaves_in_mid_word_does_nothing(workers: Workers) -> None:
    recorder, lamp = Recorder(), OneLamp()
    async with talking(workers, recorder, skills=lamp) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(0.5))
    assert lamp.performed == []


async def test_a_failed_recogniser_is_said(workers: Workers) -> None:
    recorder = Recorder()
    async with talking(workers, recorder, recogniser=ScriptedRecogniser(fails=True)) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(1.0) + silence(3.0))
        turn = await recorder.until(type="turn")
    assert (turn["outcome"], turn["error"]) == ("failed", "engine.failed")
    assert turn["reply"] == "Recognition failed. Please say it again."


async def test_a_failed_voice_leaves_the_action_done(workers: Workers) -> None:
    recorder, lamp = Recorder(), OneLamp()
    async with talking(workers, recorder, skills=lamp, synthesiser=Beeper(fails=True)) as conversation:
        await conversation.ask("turn on the lamp")
        turn = await recorder.until(type="turn")
    assert lamp.is_on
    assert (turn["outcome"], turn["error"]) == ("done", "engine.failed")


class Shortsighted(OneLamp):
    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        raise RuntimeError("nothing can be foreseen")


class Unforeseen(ScriptedRecogniser):
    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        raise RuntimeError("no partial words")


async def test_what_only_prepares_may_fail_without_ending_the_turn(workers: Workers) -> None:
    recorder, lamp = Recorder(), Shortsighted()
    async with talking(workers, recorder, skills=lamp, glimpse=Unforeseen()) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        for _ in range(4):
            await hear(conversation, tone(0.8))
            await asyncio.sleep(0)
        await hear(conversation, silence(3.0))
        turn = await recorder.until(type="turn")
    assert turn["outcome"] == "done"
    assert lamp.is_on


async def test_silence_is_not_heard(workers: Workers) -> None:
    recorder, ear = Recorder(), ScriptedRecogniser()
    async with talking(workers, recorder, recogniser=ear) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, silence(5.0))
        turn = await recorder.until(type="turn")
    assert turn["outcome"] == "not_heard"
    assert ear.calls == [], "nobody recognises silence"


async def test_muted_sound_is_dropped(workers: Workers) -> None:
    recorder, ear = Recorder(), ScriptedRecogniser()
    async with talking(workers, recorder, recogniser=ear) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await conversation.mute()
        await recorder.until(type="state", muted=True)
        await hear(conversation, tone(1.0) + silence(2.0))
        await conversation.release()
        await recorder.until(type="turn", outcome="cancelled")
    assert ear.calls == []


async def test_a_recording_is_heard_to_its_end_in_spite_of_pauses(workers: Workers) -> None:
    device, ear = AttentiveDevice(), ScriptedRecogniser()
    conversation = Conversation(
        device=device,
        engines=engines(workers, recogniser=ear),
        vad=LoudnessVad(),
        manner=Manner(is_live=False, is_silent=True),
        context=Context(),
    )
    sound = tone(1.0) + silence(2.5) + tone(1.0)
    turn = await answer(Pcm(data=sound), conversation=conversation, device=device)
    assert turn.outcome.value == "done"
    assert ear.calls == [4.5]


async def test_an_alert_rings_and_stop_ends_it(workers: Workers) -> None:
    recorder, stopped = Recorder(), list[str]()
    async with talking(workers, recorder) as conversation:
        conversation.acknowledge = stopped.append
        conversation.ring("t1", "Your timer is done.")
        await recorder.until(type="alert", id="t1")
        await conversation.stop()
        await recorder.until(type="alert_end", id="t1")
        await recorder.until(type="state", state="asleep")
    assert stopped == ["t1"]


@dataclass
class Wishing(OneLamp):
    """A skill that wishes something of the device."""

    wish: Wish = field(default_factory=VolumeWish)
    reply: str = "My volume is at {percent} percent."

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        return SkillResult(outcome=Outcome.DONE, reply=self.reply, wish=self.wish)


async def test_a_volume_is_said_once_the_device_has_confirmed_it(workers: Workers) -> None:
    recorder = Recorder()
    async with talking(workers, recorder, skills=Wishing(wish=VolumeWish(change=15))) as conversation:
        await conversation.ask("turn on the lamp")
        asked = await recorder.until(type="volume_wish")
        assert (asked["percent"], asked["change"]) == (None, 15)
        conversation.volume_is(75)
        turn = await recorder.until(type="turn")
    assert (turn["outcome"], turn["reply"]) == ("done", "My volume is at 75 percent.")


async def test_a_volume_that_no_device_confirms_is_not_claimed(workers: Workers) -> None:
    recorder = Recorder()
    async with talking(workers, recorder, skills=Wishing()) as conversation:
        await conversation.ask("turn on the lamp")
        turn = await recorder.until(type="turn")
    assert turn["outcome"] == "failed"
    assert "did not say" in str(turn["reply"])


async def test_a_wish_for_another_tone_is_heard_in_the_reply_itself(workers: Workers) -> None:
    recorder, voice = Recorder(), Beeper()
    wish = VoiceWish(voice="other", speed_factor=1.2, is_quiet=True)
    async with talking(workers, recorder, synthesiser=voice, skills=Wishing(wish=wish, reply="So.")) as conversation:
        await conversation.ask("turn on the lamp")
        await recorder.until(type="speech_end")
    assert voice.tones[-1] == ("other", 1.2)
    assert max(np.abs(np.frombuffer(recorder.sound[-1].data, "<i2"))) <= 32_768 * QUIET


async def test_who_whispers_is_answered_quietly_until_they_speak_up(workers: Workers) -> None:
    breath = np.random.default_rng(1).normal(0.0, 3_000.0, 16_000).astype("<i2").tobytes()

    async def loudest(conversation: Conversation, recorder: Recorder, sound: bytes) -> int:
        recorder.sound.clear()
        recorder.messages.clear()
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, sound + silence(3.0))
        await recorder.until(type="turn")
        await recorder.until(type="state", state="asleep")
        return int(max(np.abs(np.frombuffer(recorder.sound[-1].data, "<i2").astype(int))))

    recorder = Recorder()
    async with talking(workers, recorder) as conversation:
        aloud = await loudest(conversation, recorder, tone(1.0))
        assert await loudest(conversation, recorder, silence(0.3) + breath) == pytest.approx(aloud * QUIET, rel=0.01)
        assert await loudest(conversation, recorder, tone(1.0)) == aloud


@dataclass
class Patient(ScriptedRecogniser):
    """Is done with a sound once its voice was looked at."""

    looked: threading.Event = field(default_factory=threading.Event)

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        if not self.looked.wait(30):
            raise TimeoutError("nobody looked for a voice meanwhile")
        return ScriptedRecogniser.transcribe(self, pcm, hints=hints, context=context)


async def test_whispering_is_looked_for_while_words_are_recognised(workers: Workers) -> None:
    recorder, ear = Recorder(), Patient()

    def look(pcm: Pcm) -> Voicing:
        ear.looked.set()
        return voicing(pcm)

    async with talking(workers, recorder, recogniser=ear, voicing=look) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(1.0) + silence(3.0))
        turn = await recorder.until(type="turn")
    assert turn["outcome"] == "done"


async def test_a_request_is_done_though_it_cannot_be_told_whether_it_was_whispered(workers: Workers) -> None:
    def fail(pcm: Pcm) -> Voicing:
        raise ValueError("not to be told")

    recorder, lamp = Recorder(), OneLamp()
    async with talking(workers, recorder, skills=lamp, voicing=fail) as conversation:
        await conversation.press()
        await recorder.until(type="capture", open=True)
        await hear(conversation, tone(1.0) + silence(3.0))
        turn = await recorder.until(type="turn")
    assert (turn["outcome"], lamp.is_on) == ("done", True)
    assert not [message for message in recorder.messages if message["type"] == "error"]
