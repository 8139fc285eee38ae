"""A conversation: the imperative shell around `turn.machine`.

It turns the world (sound, buttons, engines, clocks) into events, and commands into deeds. It decides nothing itself. One
conversation serves one device; every task it starts lives in its own TaskGroup and ends with it.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import assert_never

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.events import (
    AcceptCall,
    Act,
    Acted,
    AlertBegan,
    AlertEnded,
    Announced,
    Asked,
    BeginAnnouncement,
    BeginTurn,
    CallBegan,
    CallEnded,
    CallOpened,
    CaptureEnded,
    CloseCapture,
    Command,
    CueConfirmed,
    Deadline,
    DeadlinePassed,
    Disconnected,
    DropGuess,
    Event,
    Failed,
    FinishTurn,
    Guess,
    Heard,
    HintEndpoint,
    LeaveCall,
    Moved,
    Muted,
    Noticed,
    OpenCapture,
    Phase,
    PlaybackFinished,
    PlayCue,
    Pressed,
    Refuse,
    Show,
    ShowHeard,
    ShowNotice,
    Speak,
    SpeechSent,
    Stage,
    StartAlert,
    StartDeadline,
    StopAlert,
    StopAsked,
    StopDeadline,
    StopSpeech,
    Understand,
    Unmuted,
    WakeHeard,
    WishMute,
)
from earwitness.domain.intent import Context, Intent
from earwitness.domain.recording import Spoken
from earwitness.domain.ring_sound import PLAIN, TONE, RingManner
from earwitness.domain.turn import Outcome, SkillResult, Transcript, Turn
from earwitness.domain.wish import VoiceWish, VolumeWish
from earwitness.speech.whispering import Voicing, voicing
from earwitness.telemetry import log
from earwitness.turn.capture import Listener, Marker
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.machine import TurnState, advance, next_context
from earwitness.turn.ports import Device, Ear, Keeper, Recogniser, Skills, Synthesiser, Understander, VoiceActivityDetector
from earwitness.turn.speaking import Speech, Tone
from earwitness.turn.together import carry_out, foreseen
from earwitness.turn.workers import NOBODY, Workers

EVENTS_WAITING = 1024
"""Events that may wait; who posts one more waits for room."""
PARTIAL_EVERY_SECONDS = 0.6
"""How often the words so far are shown while somebody speaks."""
MEMORY_SECONDS = 300.0
"""How long a request is remembered for another that leans on it."""
VOLUME_SECONDS = 1.5
"""How long a device may take to say that it changed its volume."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What a conversation works with. `glimpse` shows words while they are spoken; None shows none."""

    recogniser: Recogniser
    glimpse: Recogniser | None
    understander: Understander
    skills: Skills
    synthesiser: Synthesiser
    workers: Workers
    voicing: Callable[[Pcm], Voicing] = voicing
    """Tells how much voice is in a sound."""
    noted: Callable[[Turn, Context], None] = lambda turn, context: None
    """Told of every turn that ended, and where; never blocks."""
    limits: Callable[[Context], EndpointLimits] | None = None
    """How long silence lasts at a place, in place of the manner's; asked at each request, never blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a conversation behaves. `is_live` is False for a recording: it is heard to its end, then answered."""

    limits: EndpointLimits = field(default_factory=EndpointLimits)
    voice: str = "heart"
    speed: float = 1.0
    is_live: bool = True
    is_silent: bool = False
    """Whether replies are only shown, never spoken."""
    whispers_back: bool = True
    """Whether a request that was whispered is answered quietly."""


@dataclass(slots=True)
class _Clocks:
    """Timings of one turn, milliseconds by stage."""

    began_at: float = 0.0
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it began, by the wall clock."""
    engine: str = ""
    """What recognised the words."""
    speech_ended_at: float | None = None
    spoke_at: float | None = None
    by_stage: dict[str, float] = field(default_factory=dict)


class Conversation:
    """One device's session with the assistant. Call `run` in a task; everything else may be called from the event loop."""

    def __init__(
        self,
        *,
        device: Device,
        engines: Engines,
        vad: VoiceActivityDetector,
        manner: Manner,
        context: Context,
        ear: Ear | None = None,
        acknowledge: Callable[[str], None] = lambda alert_id: None,
        check_voice: Callable[[str], None] = lambda name: None,
        keeper: Keeper | None = None,
    ) -> None:
        self._device = device
        asking = engines.workers.of(context.device_id or context.person_id or NOBODY)
        self._engines = engines = replace(engines, workers=asking)
        self._manner = manner
        self._tone = Tone(voice=manner.voice, speed=manner.speed)
        self._is_whispered = False
        """Whether the last request was whispered."""
        self._volume: asyncio.Future[int] | None = None
        self.acknowledge = acknowledge
        self._check_voice = check_voice
        self._keeper = keeper
        self._context = context
        self.on_event: Callable[[Event, tuple[Command, ...]], None] = lambda event, commands: None
        """Called with each event and what it led to; for terminals, tests and benchmarks."""
        self.can_ring = True
        """Whether what rings can be heard there."""
        self.accept_call: Callable[[str], object] = lambda call_id: None
        self.leave_call: Callable[[str], object] = lambda call_id: None
        """Called when somebody here takes a call, or declines it or hangs up."""
        self.was_in_mid_word = False
        """Whether the device went away while its sound was captured. Known once `run` has ended."""
        self._next_token = 0
        self._announced: dict[int, asyncio.Future[bool]] = {}
        self._announcing: dict[int, int] = {}
        """The speech in which an announcement is said, by its token."""
        waiting = context if context.pending is not None else None
        self._state = TurnState(longest_seconds=manner.limits.longest_seconds, context=context, follow_up=waiting)
        self._events: asyncio.Queue[Event] = asyncio.Queue(EVENTS_WAITING)
        self._has_sound = asyncio.Event()
        self.capture_opened = asyncio.Event()
        """Set once a capture was opened: from then on sound is heard."""
        self._listener = Listener(
            vad=vad,
            ear=ear,
            limits_now=lambda: manner.limits if engines.limits is None else engines.limits(context),
            ends_itself=manner.is_live,
            worker=engines.workers.listen,
            post=self._events.put,
            now=time.monotonic,
        )
        self._tasks: asyncio.TaskGroup | None = None
        self._guess: asyncio.Task[None] | None = None
        self._glimpse: asyncio.Task[None] | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._prepared: Speech | None = None
        self.is_over = False
        """Whether the device is gone."""
        self._deadlines: dict[Deadline, asyncio.Task[None]] = {}
        self._clocks = _Clocks()
        self._glimpsed_seconds = 0.0

    async def run(self) -> None:
        """Serve the session until cancelled; then what was not acted on is dropped, and a known person's turn says so."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._listen())
                while True:
                    await self._take(await self._events.get())
        finally:
            self.is_over = True
            self.was_in_mid_word = self._state.is_capturing
            self._state, commands = advance(self._state, Disconnected())
            if self._prepared:
                self._prepared.drop()
            for command in commands:
                if isinstance(command, FinishTurn):
                    await self._record(command)

    # From the device

    async def hear(self, pcm: bytes) -> None:
        """Take one chunk of 16 kHz mono int16; returns at once. Sound that arrives while muted is dropped here."""
        if not self._state.is_muted:
            self._put(pcm)

    async def wake(self, word: str) -> None:
        """The device heard its wake word itself, and was chosen to answer."""
        await self._events.put(WakeHeard(word=word))

    async def press(self) -> None:
        await self._events.put(Pressed())

    async def release(self) -> None:
        """The request is over; sound that is already queued still belongs to it."""
        self._put(Marker("released"))

    async def stop(self) -> None:
        await self._events.put(StopAsked())

    async def mute(self) -> None:
        await self._events.put(Muted())

    async def unmute(self) -> None:
        await self._events.put(Unmuted())

    async def ask(self, text: str, *, is_typed: bool = True) -> None:
        await self._events.put(Asked(text=text, is_typed=is_typed))

    async def cue_done(self, cue: str) -> None:
        await self._events.put(CueConfirmed(cue=cue))

    async def playback(self, speech_id: int, *, state: str) -> None:
        token = self._announcing.get(speech_id)
        confirmed = None if token is None else self._announced.get(token)
        if confirmed is not None and not confirmed.done() and state == "started":
            confirmed.set_result(True)
        if state == "finished":
            self._announcing.pop(speech_id, None)
            await self._events.put(PlaybackFinished(speech_id=speech_id))

    def choose_voice(self, name: str, *, speed: float) -> None:
        """Speak with this voice from the next reply on. Raises VoiceError for one that does not exist."""
        self._check_voice(name)
        self._tone = replace(self._tone, voice=name, speed=speed)

    def volume_is(self, percent: int) -> None:
        """The device says how loud it plays now."""
        if self._volume is not None and not self._volume.done():
            self._volume.set_result(percent)

    # From the assistant

    @property
    def context(self) -> Context:
        """Where it stands, and who speaks there."""
        return self._context

    @property
    def next_context(self) -> Context:
        """What the next request would lean on: a question that waits, and what the last one came to."""
        return next_context(self._state)

    def ring(self, alert_id: str, text: str, *, manner: RingManner = PLAIN) -> None:
        """Something is due."""
        self._events.put_nowait(AlertBegan(alert_id=alert_id, text=text, manner=manner))

    def end_alert(self, alert_id: str) -> None:
        """An alert was stopped somewhere."""
        self._events.put_nowait(AlertEnded(alert_id=alert_id))

    def notice(self, text: str, *, is_aloud: bool) -> None:
        """There is news for the person here."""
        self._events.put_nowait(Noticed(text=text, is_aloud=is_aloud))

    async def announce(self, text: str) -> bool:
        """Say something to whoever is there, once nothing else goes on; True when the device confirmed that it began to play.

        Never ends if the device does not confirm: the caller says how long it waits.
        """
        token = self._next_token = self._next_token + 1
        confirmed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._announced[token] = confirmed
        try:
            await self._events.put(Announced(text=text, token=token))
            return await confirmed
        finally:
            del self._announced[token]
            self._announcing = {speech_id: other for speech_id, other in self._announcing.items() if other != token}

    def move(self, area: str | None) -> None:
        """The device stands in another room from now on."""
        self._context = replace(self._context, area=area)
        self._events.put_nowait(Moved(area=area))

    def call(self, call_id: str, text: str) -> None:
        """Another satellite calls."""
        self._events.put_nowait(CallBegan(call_id=call_id, text=text))

    def open_call(self, call_id: str) -> None:
        """The two can talk."""
        self._events.put_nowait(CallOpened(call_id=call_id))

    def end_call(self, call_id: str) -> None:
        """A call is over, whoever ended it."""
        self._events.put_nowait(CallEnded(call_id=call_id))

    # The loop

    def _put(self, item: bytes | Marker) -> None:
        self._listener.put(item)
        self._has_sound.set()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        if self._tasks is None:
            raise RuntimeError("the conversation is not running")
        return self._tasks.create_task(work)

    async def _listen(self) -> None:
        while True:
            await self._has_sound.wait()
            self._has_sound.clear()
            await self._listener.drain()
            if self._listener.has_overrun:
                self._listener.has_overrun = False
                await self._refuse("session.overrun", "This machine is too slow for the sound it gets; some was dropped.")
            self._glance()

    async def _take(self, event: Event) -> None:
        self._state, commands = advance(self._state, event)
        self.on_event(event, commands)
        if isinstance(event, CaptureEnded):
            self._clocks.speech_ended_at = self._listener.speech_ended_at
            self._mark("endpoint", since=self._listener.speech_ended_at)
        for command in commands:
            await self._do(command)

    async def _do(self, command: Command) -> None:
        match command:
            case Show():
                await self._show(command)
            case BeginTurn():
                self._clocks = _Clocks(began_at=time.monotonic())
                self._glimpsed_seconds = 0.0
            case PlayCue(cue=cue):
                await self._device.tell({"type": "cue", "cue": cue})
            case OpenCapture():
                self._put(Marker("open"))
                self.capture_opened.set()
                await self._device.tell({"type": "capture", "open": True})
            case CloseCapture():
                self._put(Marker("close"))
                await self._device.tell({"type": "capture", "open": False})
            case Guess():
                self._guess = self._spawn(self._make_guess(command))
            case DropGuess():
                self._drop_guess()
            case Understand():
                self._guess = self._spawn(self._understand_text(command))
            case HintEndpoint(completeness=completeness):
                self._listener.hint(completeness)
            case ShowHeard():
                await self._show_heard(command)
            case Act():
                self._spawn(self._act(command))
            case Speak():
                self._speaking = self._spawn(self._speak(command))
            case BeginAnnouncement(token=token, speech_id=speech_id):
                self._announcing[speech_id] = token
            case StopSpeech(speech_id=speech_id):
                await self._stop_speech(speech_id)
            case StartDeadline(deadline=deadline, seconds=seconds):
                self._stop_deadline(deadline)
                self._deadlines[deadline] = self._spawn(self._expire(deadline, seconds))
            case StopDeadline(deadline=deadline):
                self._stop_deadline(deadline)
            case FinishTurn():
                await self._finish(command)
            case StartAlert(alert_id=alert_id, text=text, kind=kind, manner=manner):
                fields = {"id": alert_id, "kind": kind, "text": text}
                await self._device.tell({"type": "alert", **fields, **_told_manner(manner)})
            case StopAlert(alert_id=alert_id, is_acknowledged=is_acknowledged):
                await self._device.tell({"type": "alert_end", "id": alert_id})
                if is_acknowledged:
                    self.acknowledge(alert_id)
            case AcceptCall(call_id=call_id):
                self.accept_call(call_id)
            case LeaveCall(call_id=call_id):
                self.leave_call(call_id)
            case WishMute():
                await self._device.tell({"type": "mute_wish"})
            case ShowNotice(text=text):
                await self._device.tell({"type": "notice", "text": text})
            case Refuse(code=code, sentence=sentence):
                await self._refuse(code, sentence)
            case _:
                assert_never(command)

    # Deeds

    async def _show(self, show: Show) -> None:
        if self._listener.ear is not None:
            self._put(Marker("watch" if show.phase is Phase.SPEAKING else "unwatch"))
        message: dict[str, object] = {"type": "state", "state": show.phase.value}
        await self._device.tell(message | {"muted": show.is_muted, "capture": show.is_capturing})

    async def _refuse(self, code: str, sentence: str) -> None:
        await self._device.tell({"type": "error", "code": code, "message": sentence})

    async def _make_guess(self, command: Guess) -> None:
        sound = self._listener.captured()
        engines = self._engines
        try:
            began = time.monotonic()
            recognise = engines.workers.recognise.run(
                engines.recogniser.transcribe, sound, hints=engines.understander.hints(), context=command.context
            )
            transcript, self._is_whispered = await asyncio.gather(recognise, self._was_whispered(sound))
            self._mark("recognise", since=began)
        except Exception as error:
            await self._fail(Stage.RECOGNISE, command.guess, error, "Sorry, speech recognition failed. Please say it again.")
            return
        await self._understand(command.guess, transcript, command.context)

    async def _was_whispered(self, sound: Pcm) -> bool:
        """Whether the request is to be answered quietly; not, where that cannot be told."""
        if not self._manner.whispers_back:
            return False
        try:
            return (await asyncio.to_thread(self._engines.voicing, sound)).is_whispered
        except Exception as error:  # only a courtesy: the turn goes on without it
            log(_logger, "whispering not told", level=logging.WARNING, error_type=type(error).__name__)
            return False

    async def _understand_text(self, command: Understand) -> None:
        transcript = Transcript(text=command.text.strip(), engine="typed", audio_seconds=0.0)
        self._is_whispered = False
        await self._understand(command.guess, transcript, command.context)

    async def _understand(self, guess: int, transcript: Transcript, context: Context) -> None:
        self._clocks.engine = transcript.engine
        understander = self._engines.understander
        try:
            began = time.monotonic()
            understanding = await self._engines.workers.understand.run(understander.understand, transcript.text, context=context)
            self._mark("understand", since=began)
        except Exception as error:
            await self._fail(Stage.UNDERSTAND, guess, error, "Sorry, understanding that failed.")
            return
        await self._events.put(Heard(guess=guess, transcript=transcript, understanding=understanding))
        if understanding.intent is None or self._manner.is_silent:
            return
        try:
            reply = foreseen(understanding.intent, foresee=lambda one: self._engines.skills.foresee(one, context=context))
        except Exception as error:  # only a preparation: the turn goes on without it
            log(_logger, "reply not foreseen", level=logging.WARNING, error_type=type(error).__name__)
            return
        if reply:
            self._prepare(reply, tone=self._tone_back())

    def _tone_back(self) -> Tone:
        """How whoever asked last is answered: quietly, if they whispered."""
        return replace(self._tone, is_quiet=True) if self._is_whispered else self._tone

    def _prepare(self, text: str, *, tone: Tone) -> Speech:
        if self._prepared is not None:
            self._prepared.drop()
        speech = Speech(text, synthesiser=self._engines.synthesiser, tone=tone)
        self._prepared = speech
        self._spawn(speech.prepare(self._engines.workers.synthesise))
        return speech

    def _drop_guess(self) -> None:
        if self._guess is not None:
            self._guess.cancel()
            self._guess = None
        if self._prepared is not None:
            self._prepared.drop()
            self._prepared = None

    async def _act(self, command: Act) -> None:
        began = time.monotonic()
        try:
            result = await carry_out(command.intent, perform=lambda intent: self._perform(intent, command.context))
        except Exception as error:
            await self._fail(Stage.ACT, command.turn, error, "Sorry, that failed, and I do not know whether it was done.")
            return
        self._mark("act", since=began)
        await self._events.put(Acted(turn=command.turn, result=result))

    async def _perform(self, intent: Intent, context: Context) -> SkillResult:
        return await self._granted(await self._engines.skills.perform(intent, context=context))

    async def _granted(self, result: SkillResult) -> SkillResult:
        """The result once what it wishes of this device was done, or what is said because it was not."""
        try:
            match result.wish:
                case VoiceWish() as wish:
                    self._check_voice(wish.voice or self._tone.voice)
                    self._tone = self._tone.changed(wish, usual_speed=self._manner.speed)
                case VolumeWish() as wish:
                    percent = await self._set_volume(wish)
                    return replace(result, reply=result.reply.format(percent=percent))
        except EarwitnessError as error:
            return SkillResult(outcome=Outcome.FAILED, reply=error.sentence)
        except TimeoutError:
            return SkillResult(outcome=Outcome.FAILED, reply="This device did not say that it changed its volume.")
        return result

    async def _set_volume(self, wish: VolumeWish) -> int:
        """Ask the device for another volume; gives what it says that it plays at. Raises TimeoutError."""
        self._volume = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(VOLUME_SECONDS):
                await self._device.tell({"type": "volume_wish", "percent": wish.percent, "change": wish.change})
                return await self._volume
        finally:
            self._volume = None

    async def _speak(self, command: Speak) -> None:
        if self._manner.is_silent:
            await self._events.put(SpeechSent(speech_id=command.speech_id, seconds=0.0))
            return
        began, seconds = time.monotonic(), 0.0
        ready = self._prepared
        tone = self._tone if command.speech_id in self._announcing else self._tone_back()
        is_ready = ready is not None and (ready.text, ready.tone) == (command.text, tone)
        speech = ready if ready is not None and is_ready else self._prepare(command.text, tone=tone)
        self._prepared = None
        try:
            async for pcm in speech.sound():
                if not seconds:
                    self._mark("synthesise", since=began)
                    start: dict[str, object] = {"type": "speech", "id": command.speech_id, "rate_hz": pcm.rate_hz}
                    await self._device.tell(start | {"text": command.text})
                    self._note_first_sound()
                seconds += pcm.seconds
                await self._device.speak(command.speech_id, pcm)
        except EarwitnessError as error:
            await self._events.put(Failed(stage=Stage.SPEAK, token=command.speech_id, code=error.code, sentence=error.sentence))
            return
        finally:
            speech.drop()
        await self._device.tell({"type": "speech_end", "id": command.speech_id})
        await self._events.put(SpeechSent(speech_id=command.speech_id, seconds=seconds))

    async def _stop_speech(self, speech_id: int) -> None:
        if self._speaking is not None:
            self._speaking.cancel()
            self._speaking = None
        await self._device.tell({"type": "speech_stop", "id": speech_id})

    async def _show_heard(self, command: ShowHeard) -> None:
        await self._device.tell({"type": "transcript", "text": command.text})
        intent = command.intent
        shown: dict[str, object] = {"type": "understood", "intent": intent.name if intent else None}
        then = [{"intent": one.name, "slots": dict(one.slots)} for one in (intent.then if intent else ())]
        shown |= {"slots": dict(intent.slots) if intent else {}, **({"then": then} if then else {})}
        await self._device.tell(shown)

    async def _finish(self, command: FinishTurn) -> None:
        turn, kept = await self._record(command)
        self._stop_deadline(Deadline.MEMORY)
        self._deadlines[Deadline.MEMORY] = self._spawn(self._expire(Deadline.MEMORY, MEMORY_SECONDS))
        await self._device.tell({"type": "turn", "turn_id": turn.turn_id, **turn.as_json(), "kept": kept})

    async def _record(self, command: FinishTurn) -> tuple[Turn, str]:
        """Close the turn's record and keep it if its person wants that."""
        turn = Turn(
            turn_id=uuid.uuid4().hex,
            transcript=command.transcript,
            outcome=command.outcome,
            reply=command.reply,
            intent=command.intent,
            timings_ms=dict(self._clocks.by_stage),
            error_code=command.error_code,
            reason=command.reason,
        )
        log(_logger, "turn finished", outcome=turn.outcome, code=turn.error_code)
        self._engines.noted(turn, replace(self._context, person_id=command.person_id or self._context.person_id))
        return turn, await self._keep(command, turn)

    async def _keep(self, command: FinishTurn, turn: Turn) -> str:
        """Keep the turn if its person wants that: "audio", "text" or "nothing". Of one that was broken off no sound is kept."""
        if self._keeper is None or command.person_id is None:
            return "nothing"
        sound: Pcm | None = None
        if command.is_spoken and turn.outcome is not Outcome.CANCELLED:
            sound = self._listener.captured()
        spoken = Spoken(
            turn=turn,
            person_id=command.person_id,
            began_at=self._clocks.moment,
            area=self._context.area,
            engine=self._clocks.engine,
            is_off_record=command.is_off_record,
            is_woken=command.is_woken,
        )
        try:
            kept = await self._keeper.keep(spoken, sound)
        except EarwitnessError as error:
            log(_logger, "turn not kept", level=logging.WARNING, code=error.code)
            with contextlib.suppress(ConnectionError):
                await self._refuse(error.code, f"This turn was not kept. {error.sentence}")
            return "nothing"
        return "nothing" if kept is None else kept.value

    async def _fail(self, stage: Stage, token: int, error: Exception, sentence: str) -> None:
        known = isinstance(error, EarwitnessError)
        code = error.code if isinstance(error, EarwitnessError) else "engine.failed"
        log(_logger, "engine failed", level=logging.ERROR, stage=stage.value, code=code, error_type=type(error).__name__)
        await self._events.put(Failed(stage=stage, token=token, code=code, sentence=str(error) if known else sentence))

    # Clocks

    def _mark(self, stage: str, *, since: float) -> None:
        self._clocks.by_stage[stage] = (time.monotonic() - since) * 1000.0

    def _note_first_sound(self) -> None:
        if self._clocks.spoke_at is None and self._state.is_turn_open:
            self._clocks.spoke_at = time.monotonic()
            since = self._clocks.speech_ended_at
            self._mark("first_sound", since=self._clocks.began_at if since is None else since)

    async def _expire(self, deadline: Deadline, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._deadlines.pop(deadline, None)
        await self._events.put(DeadlinePassed(deadline=deadline))

    def _stop_deadline(self, deadline: Deadline) -> None:
        task = self._deadlines.pop(deadline, None)
        if task is not None:
            task.cancel()

    # Words while they are spoken

    def _glance(self) -> None:
        if self._engines.glimpse is None or not self._manner.is_live or not self._listener.is_speaking:
            return
        if self._glimpse is not None and not self._glimpse.done():
            return
        if self._listener.speech_seconds - self._glimpsed_seconds >= PARTIAL_EVERY_SECONDS:
            self._glimpsed_seconds = self._listener.speech_seconds
            self._glimpse = self._spawn(self._show_partial(self._engines.glimpse, self._state.turn))

    async def _show_partial(self, recogniser: Recogniser, turn: int) -> None:
        try:
            heard = await self._engines.workers.glimpse.run(recogniser.transcribe, self._listener.captured())
        except Exception as error:  # only a glimpse: the turn goes on without it
            log(_logger, "partial words failed", level=logging.WARNING, error_type=type(error).__name__)
            return
        if heard.text and self._state.turn == turn and self._listener.is_open:
            await self._device.tell({"type": "partial", "text": heard.text})


_LONGEST_RUNG = 3600.0
"""Seconds, also after a clock that jumped: the level is full long before."""


def _told_manner(manner: RingManner) -> dict[str, object]:
    """What an `alert` says of how it rings; nothing of the usual tone at its full level."""
    if manner.sound == TONE and not manner.is_rising:
        return {}
    return {"sound": manner.sound, "rising": manner.is_rising, "rung_seconds": round(min(manner.rung_seconds, _LONGEST_RUNG), 1)}
