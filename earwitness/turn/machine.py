"""The turn as a pure state machine: `(state, event) -> (state, commands)`.

Rules that hold in every state:
- The start cue is confirmed before the capture opens; no confirmation, no capture.
- Nothing is acted on before the endpoint is decided; a guess that is dropped leaves no trace.
- While muted nothing is captured and no call is open; "stop" always works; a device that left ends its turn.
- What asked for the device to be muted is obeyed once its reply is over, however it ended.
- A question is answered by who was asked; a turn that asks for deletion is off the record however it ends.

It does no I/O and knows no clock; `turn.runner` carries out its commands and reports what happened as events.
"""

from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

from earwitness.domain.events import (
    AcceptCall,
    Act,
    Acted,
    AlertBegan,
    AlertEnded,
    Announced,
    Asked,
    BargedIn,
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
    EndReason,
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
    PauseBegan,
    Phase,
    PlaybackFinished,
    PlayCue,
    Pressed,
    Refuse,
    Released,
    Show,
    ShowHeard,
    ShowNotice,
    Speak,
    SpeechBegan,
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
from earwitness.domain.intent import Before, Completeness, Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.domain.wish import MuteWish

CUE_SECONDS = 3.0
CAPTURE_MARGIN_SECONDS = 5.0
THINK_SECONDS = 20.0
PLAYBACK_MARGIN_SECONDS = 5.0
MOST_EARLIER = 5
"""Requests before the last one that another may lean on."""
MOST_ANNOUNCEMENTS = 8
"""Announcements that may wait; beyond it the oldest is left out, and its sender learns of no confirmation."""

NOT_HEARD_REPLY = "I did not hear anything."
STOP_INTENTS = frozenset({"HassNevermind", "Stop"})
OFF_RECORD_INTENTS = frozenset({"DeleteRecordings", "StopKeeping", "AskHeard"})
"""What may not be kept even if it was cut off or failed: requests to delete, and those whose reply repeats another turn."""
ABOUT_BEFORE = frozenset({"RepeatReply", "AskWhy", "AskFailure"})
"""What asks about the request before it: that one stays the one that can be asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnState:
    """`turn`, `guess` and `speech_id` count up for ever, so that late answers to earlier ones are known as such."""

    longest_seconds: float = 20.0
    context: Context = field(default_factory=Context)
    phase: Phase = Phase.ASLEEP
    is_muted: bool = False
    is_capturing: bool = False
    turn: int = 0
    is_turn_open: bool = False
    is_spoken: bool = False
    """Whether the turn began with the voice: only then a question opens the microphone for its answer."""
    is_woken: bool = False
    """Whether the turn began with the wake word: the answer to a question and what follows a button did not."""
    person_id: str | None = None
    """Who spoke or typed when the turn began."""
    guess: int = 0
    is_guessing: bool = False
    """Whether a guess over all words so far is under way or ready."""
    heard: Heard | None = None
    end: EndReason | None = None
    is_acting: bool = False
    result: SkillResult | None = None
    error_code: str | None = None
    reason: str = ""
    follow_up: Context | None = None
    """Context of the answer that the reply being spoken asks for."""
    speech_id: int = 0
    ringing: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    """Calls that ring here."""
    call_id: str | None = None
    """The call that is open."""
    announcements: tuple[Announced, ...] = ()
    """What waits to be said."""


Step: TypeAlias = tuple[TurnState, tuple[Command, ...]]


def advance(state: TurnState, event: Event) -> Step:
    """Take one event; returns the next state and what is to be done, in order. A change of what is shown comes first."""
    after, commands = _react(state, event)
    if state.result is not None and isinstance(state.result.wish, MuteWish) and after.result is not state.result:
        commands = (*commands, WishMute())
    if after.announcements and after.phase is Phase.ASLEEP and after.call_id is None:
        after, more = _announce(after)
        commands = (*commands, *more)
    shown = Show(phase=after.phase, is_muted=after.is_muted, is_capturing=after.is_capturing)
    if shown == Show(phase=state.phase, is_muted=state.is_muted, is_capturing=state.is_capturing):
        return after, commands
    return after, (shown, *commands)


def _react(state: TurnState, event: Event) -> Step:  # one arm per event: the table of the machine
    match event:
        case Pressed() if state.call_id is not None or state.calls:
            return _press_in_call(state)
        case WakeHeard():
            return _begin(state, is_woken=True)
        case Pressed():
            return _begin(state)
        case Asked():
            return _ask(state, event)
        case CueConfirmed(cue="start") if _awaits_cue(state):
            return _open(state)
        case SpeechBegan() if state.is_capturing and state.end is None:
            return _resume(state)
        case PauseBegan() if state.is_capturing and state.end is None:
            guess = state.guess + 1
            return replace(state, guess=guess, is_guessing=True, heard=None), (Guess(guess=guess, context=_heard_in(state)),)
        case Released() if state.phase is Phase.LISTENING:
            return _end(state, EndReason.RELEASED) if state.is_capturing else _cancel(state, "The button was let go at once.")
        case CaptureEnded(reason=reason) if state.is_capturing:
            return _end(state, reason)
        case Heard(guess=guess) if guess == state.guess and state.is_turn_open and not state.is_acting:
            return _hear(state, event)
        case Acted(turn=turn) if turn == state.turn and state.is_acting:
            return _reply(state, event.result)
        case SpeechSent(speech_id=speech_id) if _speaks(state, speech_id):
            seconds = event.seconds + PLAYBACK_MARGIN_SECONDS
            after, finish = _finish(state)
            return after, (*finish, StartDeadline(deadline=Deadline.PLAYBACK, seconds=seconds))
        case PlaybackFinished(speech_id=speech_id) if _speaks(state, speech_id):
            return _fall_silent(state)
        case BargedIn() if state.phase is Phase.SPEAKING:
            return _barge_in(state)
        case StopAsked():
            return _stop(state)
        case Muted():
            return _mute(state)
        case Unmuted():
            return replace(state, is_muted=False), ()
        case Failed():
            return _fail(state, event)
        case DeadlinePassed(deadline=deadline):
            return _expire(state, deadline)
        case AlertBegan():
            return _ring(state, event)
        case AlertEnded(alert_id=alert_id) if alert_id in state.ringing:
            left = tuple(other for other in state.ringing if other != alert_id)
            return replace(state, ringing=left), (StopAlert(alert_id=alert_id, is_acknowledged=False),)
        case CallBegan():
            return _be_called(state, event)
        case CallOpened(call_id=call_id):
            return _open_call(state, call_id)
        case CallEnded(call_id=call_id):
            return _end_call(state, call_id)
        case Noticed():
            return _notice(state, event)
        case Announced():
            return replace(state, announcements=(*state.announcements, event)[-MOST_ANNOUNCEMENTS:]), ()
        case Moved(area=area):
            return replace(state, context=replace(state.context, area=area)), ()
        case Disconnected():
            return _leave(state)
        case _:
            return state, ()


def _heard_in(state: TurnState) -> Context:
    """In what a request is understood."""
    return replace(state.context, is_ringing=bool(state.ringing or state.calls))


def _awaits_cue(state: TurnState) -> bool:
    return state.phase is Phase.LISTENING and not state.is_capturing and not state.is_muted


def _speaks(state: TurnState, speech_id: int) -> bool:
    return state.phase is Phase.SPEAKING and speech_id == state.speech_id


def _begin(state: TurnState, *, is_woken: bool = False) -> Step:
    """A wake word or the button: stop what is spoken, then cue."""
    if state.is_muted:
        sentence = "The microphone is muted. Switch mute off at the device first."
        return state, (Refuse(code="session.muted", sentence=sentence),)
    match state.phase:
        case Phase.LISTENING:
            return state, ()
        case Phase.THINKING if state.is_acting:
            return state, ()
        case Phase.ASLEEP | Phase.SPEAKING | Phase.THINKING:
            cleared, commands = _clear(state, "Another request began.")
            listening, more = _listen(cleared, state.context if state.phase is Phase.THINKING else next_context(state))
            return replace(listening, is_woken=is_woken), (*commands, *more)
        case _:
            assert_never(state.phase)


def _listen(state: TurnState, context: Context) -> Step:
    turn = state.turn + 1
    begun = replace(state, phase=Phase.LISTENING, turn=turn, is_turn_open=True, is_spoken=True, person_id=context.person_id)
    after = replace(begun, is_woken=False, context=context, heard=None, end=None, result=None, reason="", follow_up=None)
    return after, (BeginTurn(turn=turn), PlayCue(cue="start"), StartDeadline(deadline=Deadline.CUE, seconds=CUE_SECONDS))


def _open(state: TurnState) -> Step:
    seconds = state.longest_seconds + CAPTURE_MARGIN_SECONDS
    return replace(state, is_capturing=True), (
        StopDeadline(deadline=Deadline.CUE),
        OpenCapture(),
        StartDeadline(deadline=Deadline.CAPTURE, seconds=seconds),
    )


def _resume(state: TurnState) -> Step:
    """Speech went on: what was guessed so far is worth nothing."""
    if not state.is_guessing:
        return state, ()
    return replace(state, heard=None, is_guessing=False), (DropGuess(guess=state.guess),)


def _end(state: TurnState, reason: EndReason) -> Step:
    """The endpoint is decided: use the guess that is ready or under way, or make one now."""
    closing: tuple[Command, ...] = (CloseCapture(), StopDeadline(deadline=Deadline.CAPTURE), PlayCue(cue="end"))
    ended = replace(state, is_capturing=False, end=reason, phase=Phase.THINKING)
    if reason is EndReason.NOTHING:
        after, spoken = _say(ended, SkillResult(outcome=Outcome.NOT_HEARD, reply=NOT_HEARD_REPLY), reason="No speech was found.")
        return after, (*closing, *spoken)
    waiting = StartDeadline(deadline=Deadline.THINK, seconds=THINK_SECONDS)
    if state.heard is not None:
        after, acted = _decide(ended, state.heard)
        return after, (*closing, waiting, *acted)
    if state.is_guessing:
        return ended, (*closing, waiting)
    guess = state.guess + 1
    return replace(ended, guess=guess, is_guessing=True), (*closing, waiting, Guess(guess=guess, context=_heard_in(state)))


def _ask(state: TurnState, asked: Asked) -> Step:
    """A request in writing works in every state, muted too."""
    if state.is_acting:
        return state, (Refuse(code="session.busy", sentence="One moment: the last request is still being carried out."),)
    context = next_context(state)
    cleared, commands = _clear(state, "Another request began.")
    turn, guess = cleared.turn + 1, cleared.guess + 1
    begun = replace(cleared, phase=Phase.THINKING, turn=turn, is_turn_open=True, is_spoken=False, person_id=context.person_id)
    after = replace(begun, guess=guess, is_guessing=True, context=context, end=EndReason.RELEASED)
    thinking = StartDeadline(deadline=Deadline.THINK, seconds=THINK_SECONDS)
    read_in = replace(_heard_in(after), is_typed=asked.is_typed)
    return after, (*commands, BeginTurn(turn=turn), thinking, Understand(guess=guess, text=asked.text, context=read_in))


def _hear(state: TurnState, heard: Heard) -> Step:
    if state.end is not None:
        return _decide(replace(state, heard=heard), heard)
    return replace(state, heard=heard), (HintEndpoint(completeness=heard.understanding.completeness),)


def _decide(state: TurnState, heard: Heard) -> Step:
    """The words are final: act, or say why not."""
    text, intent = heard.transcript.text, heard.understanding.intent
    state = replace(state, heard=heard, guess=state.guess + 1, is_guessing=False, reason=heard.understanding.reason)
    if not text or heard.understanding.completeness is Completeness.ABSENT:
        return _say(state, SkillResult(outcome=Outcome.NOT_HEARD, reply=NOT_HEARD_REPLY), reason="No words were found.")
    shown = ShowHeard(text=text, intent=intent)
    if intent is None:
        after, commands = _say(state, _not_understood(state, heard), reason=heard.understanding.reason)
        return after, (shown, *commands)
    silenced: tuple[Command, ...] = ()
    if intent.name in STOP_INTENTS:
        state, silenced = _silence(state)
    after = replace(state, is_acting=True)
    return after, (shown, *silenced, Act(turn=state.turn, intent=intent, context=state.context))


def _not_understood(state: TurnState, heard: Heard) -> SkillResult:
    text = heard.transcript.text.rstrip(".")
    if heard.understanding.completeness is Completeness.INCOMPLETE and not state.is_spoken:
        reply = f'"{text}" is unfinished. Please write the whole sentence.'
    elif state.end is EndReason.PAUSE or heard.understanding.completeness is Completeness.INCOMPLETE:
        reply = f'I heard "{text}", and then a pause. Please say the whole sentence.'
    else:
        reply = f'Sorry, I heard "{text}". {heard.understanding.reason}'.strip()
    return SkillResult(outcome=Outcome.NOT_UNDERSTOOD, reply=_with_limit(state, reply))


def _with_limit(state: TurnState, reply: str) -> str:
    if state.end is not EndReason.LENGTH:
        return reply
    return f"I stopped listening after {state.longest_seconds:g} seconds. {reply}"


def _reply(state: TurnState, result: SkillResult) -> Step:
    said = replace(result, reply=_with_limit(state, result.reply))
    return _say(replace(state, is_acting=False), said, reason=state.reason)


def _say(state: TurnState, result: SkillResult, *, reason: str) -> Step:
    speech_id = state.speech_id + 1
    asker = state.context
    asks = None if result.asks is None else replace(result.asks, person_id=asker.person_id, scopes=asker.scopes)
    after = replace(
        state, phase=Phase.SPEAKING, result=result, reason=reason, follow_up=asks, speech_id=speech_id, is_acting=False
    )
    thought = StopDeadline(deadline=Deadline.THINK)
    if not result.reply:
        finished, commands = _finish(after)
        silent, more = _fall_silent(finished)
        return silent, (thought, *commands, *more)
    return after, (thought, Speak(speech_id=speech_id, text=result.reply))


def _finish(state: TurnState) -> Step:
    """Close the turn's record, if one is open."""
    if not state.is_turn_open or state.result is None:
        return state, ()
    record = FinishTurn(
        turn=state.turn,
        transcript=state.heard.transcript.text if state.heard else "",
        intent=_intent(state),
        outcome=state.result.outcome,
        reply=state.result.reply,
        reason=state.reason,
        is_spoken=state.is_spoken,
        is_woken=state.is_spoken and state.is_woken,
        person_id=state.person_id,
        error_code=state.error_code,
        is_off_record=_is_off_record(state, state.result),
    )
    context = _remembering(state.context, of=_after(state, record))
    return replace(state, is_turn_open=False, error_code=None, context=context), (record,)


def _after(state: TurnState, record: FinishTurn) -> Context:
    """With what the next request may lean on: this one, unless it asked about the one before. One that wants no trace of itself
    leaves none of those before it either."""
    context = state.context
    if record.is_off_record:
        return replace(context, before=None, earlier=())
    asks_of_it = record.intent is not None and record.intent.name in ABOUT_BEFORE
    if asks_of_it or not (record.transcript or record.reply):
        return context
    more, undo = (state.result.more, state.result.undo) if state.result is not None else ("", None)
    last = Before(
        transcript=record.transcript,
        reply=record.reply,
        reason=record.reason,
        outcome=record.outcome.value,
        intent=record.intent,
        why=state.result.why if state.result is not None else "",
        more=more,
        undo=undo,
        person_id=record.person_id,
    )
    former = (*((context.before,) if context.before is not None else ()), *context.earlier)
    earlier = tuple(one for one in former if one.person_id == record.person_id)[:MOST_EARLIER]
    return replace(context, before=last, earlier=earlier)


def _remembering(context: Context, *, of: Context) -> Context:
    """A context with what was said before in another one."""
    return replace(context, before=of.before, earlier=of.earlier)


def _forget(state: TurnState) -> TurnState:
    """Without what was said before."""
    follow_up = None if state.follow_up is None else replace(state.follow_up, before=None, earlier=())
    return replace(state, context=replace(state.context, before=None, earlier=()), follow_up=follow_up)


def _is_off_record(state: TurnState, result: SkillResult) -> bool:
    """Whether the skill says so, or the intent, or the intent whose question these words answer or decline."""
    intent = _intent(state)
    meant = state.context.pending if intent is None or intent.name in STOP_INTENTS else intent
    return result.is_off_record or (meant is not None and meant.name in OFF_RECORD_INTENTS)


def _intent(state: TurnState) -> Intent | None:
    return state.heard.understanding.intent if state.heard else None


def _fall_silent(state: TurnState) -> Step:
    """The reply is over: listen again if it was a question, else sleep."""
    finished, commands = _finish(state)
    played = (*commands, StopDeadline(deadline=Deadline.PLAYBACK))
    context = finished.follow_up
    asleep = _asleep(finished)
    if context is not None:
        context = _remembering(context, of=asleep.context)
    if context is None or finished.is_muted or not finished.is_spoken:
        return replace(asleep, follow_up=context), played
    after, more = _listen(asleep, context)
    return after, (*played, *more)


def _asleep(state: TurnState) -> TurnState:
    quiet = replace(state, phase=Phase.ASLEEP, is_capturing=False, is_guessing=False, is_acting=False)
    return replace(quiet, context=_at_rest(state.context), heard=None, end=None, result=None, follow_up=None)


def _at_rest(context: Context) -> Context:
    """Where and who, without what was asked."""
    return replace(context, expects=None, pending=None)


def next_context(state: TurnState) -> Context:
    """What the next request leans on: the question that waits, unless somebody else speaks by now."""
    if state.follow_up is not None and state.follow_up.person_id == state.context.person_id:
        return _remembering(state.follow_up, of=state.context)
    return _at_rest(state.context)


def _barge_in(state: TurnState) -> Step:
    """Speech over a reply stops it; speech over a question is its answer."""
    context = state.follow_up
    cleared, commands = _clear(state, "Somebody spoke.")
    if context is None or state.is_muted:
        return cleared, commands
    after, more = _listen(cleared, _remembering(context, of=cleared.context))
    return after, (*commands, *more)


def _clear(state: TurnState, reason: str) -> Step:
    """Drop whatever goes on and be asleep; an open turn is recorded as it stands."""
    commands: list[Command] = []
    if state.is_capturing:
        commands += [CloseCapture(), StopDeadline(deadline=Deadline.CAPTURE)]
    if state.phase is Phase.LISTENING and not state.is_capturing:
        commands.append(StopDeadline(deadline=Deadline.CUE))
    if state.phase is Phase.THINKING:
        commands.append(StopDeadline(deadline=Deadline.THINK))
    if state.is_guessing:
        commands.append(DropGuess(guess=state.guess))
    if state.phase is Phase.SPEAKING:
        commands += [StopSpeech(speech_id=state.speech_id), StopDeadline(deadline=Deadline.PLAYBACK)]
    if state.is_turn_open and state.result is None:
        state = replace(state, result=SkillResult(outcome=Outcome.CANCELLED, reply=""), reason=reason)
    finished, record = _finish(state)
    return replace(_asleep(finished), guess=state.guess + 1), (*commands, *record)


def _cancel(state: TurnState, reason: str) -> Step:
    after, commands = _clear(state, reason)
    return after, (*commands, PlayCue(cue="end")) if state.phase is Phase.LISTENING else commands


def _silence(state: TurnState) -> Step:
    """Stop what rings here and leave every call."""
    calls = state.calls if state.call_id is None else (*state.calls, state.call_id)
    silenced: tuple[Command, ...] = (
        *(StopAlert(alert_id=alert_id, is_acknowledged=True) for alert_id in state.ringing),
        *(StopAlert(alert_id=call_id, is_acknowledged=False) for call_id in state.calls),
        *(LeaveCall(call_id=call_id) for call_id in calls),
    )
    return replace(state, ringing=(), calls=(), call_id=None), silenced


def _stop(state: TurnState) -> Step:
    state, silenced = _silence(state)
    if state.is_acting:
        return state, silenced
    after, commands = _cancel(state, "It was stopped.")
    return after, (*silenced, *commands)


def _mute(state: TurnState) -> Step:
    left: tuple[Command, ...] = () if state.call_id is None else (LeaveCall(call_id=state.call_id),)
    muted = replace(state, is_muted=True, call_id=None)
    if state.phase is not Phase.LISTENING:
        return muted, left
    after, commands = _clear(muted, "The microphone was muted.")
    return after, (*left, *commands)


def _fail(state: TurnState, event: Failed) -> Step:
    match event.stage:
        case Stage.RECOGNISE | Stage.UNDERSTAND:
            if event.token != state.guess or not state.is_turn_open:
                return state, ()
            if state.end is None:
                return replace(state, is_guessing=False), (HintEndpoint(completeness=Completeness.UNKNOWN),)
        case Stage.ACT:
            if event.token != state.turn or not state.is_acting:
                return state, ()
        case Stage.SPEAK:
            if not _speaks(state, event.token):
                return state, ()
            finished, record = _finish(replace(state, error_code=event.code, reason=event.sentence))
            told: tuple[Command, ...] = (Refuse(code=event.code, sentence=event.sentence), PlayCue(cue="error"))
            return _asleep(finished), (*record, StopDeadline(deadline=Deadline.PLAYBACK), *told)
        case _:
            assert_never(event.stage)
    failed = replace(state, error_code=event.code)
    return _say(failed, SkillResult(outcome=Outcome.FAILED, reply=event.sentence), reason=event.sentence)


def _expire(state: TurnState, deadline: Deadline) -> Step:
    match deadline:
        case Deadline.CUE:
            if not _awaits_cue(state):
                return state, ()
            sentence = "The start cue could not be played, so nothing was captured."
            after, commands = _clear(state, sentence)
            return after, (*commands, Refuse(code="session.no_cue", sentence=sentence))
        case Deadline.CAPTURE:
            return _end(state, EndReason.LENGTH) if state.is_capturing else (state, ())
        case Deadline.THINK:
            if state.phase is not Phase.THINKING:
                return state, ()
            late = replace(state, error_code="turn.too_slow", is_acting=False, guess=state.guess + 1)
            sentence = "Sorry, that took too long, and I do not know whether it was done."
            if not state.is_acting:
                sentence = "Sorry, that took too long. Nothing was done."
            after, commands = _say(late, SkillResult(outcome=Outcome.FAILED, reply=sentence), reason=sentence)
            return after, (DropGuess(guess=state.guess), *commands)
        case Deadline.PLAYBACK:
            return _fall_silent(state) if state.phase is Phase.SPEAKING else (state, ())
        case Deadline.MEMORY:
            return _forget(state), ()
        case _:
            assert_never(deadline)


def _ring(state: TurnState, event: AlertBegan) -> Step:
    if event.alert_id in state.ringing:
        return state, ()
    ringing = replace(state, ringing=(*state.ringing, event.alert_id))
    start = StartAlert(alert_id=event.alert_id, text=event.text, manner=event.manner)
    if state.phase is not Phase.ASLEEP or not event.manner.is_said:
        return ringing, (start,)
    speech_id = state.speech_id + 1
    speaking = replace(ringing, phase=Phase.SPEAKING, speech_id=speech_id, follow_up=None, result=None)
    return speaking, (start, Speak(speech_id=speech_id, text=event.text))


def _be_called(state: TurnState, event: CallBegan) -> Step:
    ringing = replace(state, calls=(*state.calls, event.call_id))
    start = StartAlert(alert_id=event.call_id, text=event.text, kind="call")
    if state.phase is not Phase.ASLEEP:
        return ringing, (start,)
    speech_id = state.speech_id + 1
    speaking = replace(ringing, phase=Phase.SPEAKING, speech_id=speech_id, follow_up=None, result=None)
    return speaking, (start, Speak(speech_id=speech_id, text=event.text))


def _press_in_call(state: TurnState) -> Step:
    """The button hangs up, or accepts the call that rings."""
    if state.call_id is not None:
        return replace(state, call_id=None), (LeaveCall(call_id=state.call_id),)
    if state.is_muted:
        sentence = "The microphone is muted. Switch mute off at the device first, then answer."
        return state, (Refuse(code="session.muted", sentence=sentence),)
    return state, (AcceptCall(call_id=state.calls[0]),)


def _open_call(state: TurnState, call_id: str) -> Step:
    """What is spoken here stops, so that the first words of the other side are heard."""
    rang: tuple[Command, ...] = (StopAlert(alert_id=call_id, is_acknowledged=False),) if call_id in state.calls else ()
    opened = replace(state, calls=tuple(other for other in state.calls if other != call_id), call_id=call_id)
    if state.phase is not Phase.SPEAKING:
        return opened, rang
    after, commands = _clear(opened, "A call began.")
    return after, (*rang, *commands)


def _end_call(state: TurnState, call_id: str) -> Step:
    rang: tuple[Command, ...] = (StopAlert(alert_id=call_id, is_acknowledged=False),) if call_id in state.calls else ()
    left = tuple(other for other in state.calls if other != call_id)
    return replace(state, calls=left, call_id=None if state.call_id == call_id else state.call_id), rang


def _announce(state: TurnState) -> Step:
    first, *rest = state.announcements
    speech_id = state.speech_id + 1
    after = replace(state, phase=Phase.SPEAKING, speech_id=speech_id, follow_up=None, result=None, announcements=tuple(rest))
    begun = BeginAnnouncement(token=first.token, speech_id=speech_id)
    return after, (ShowNotice(text=first.text), begun, Speak(speech_id=speech_id, text=first.text))


def _notice(state: TurnState, event: Noticed) -> Step:
    shown = ShowNotice(text=event.text)
    if not event.is_aloud or state.phase is not Phase.ASLEEP:
        return state, (shown,)
    speech_id = state.speech_id + 1
    speaking = replace(state, phase=Phase.SPEAKING, speech_id=speech_id, follow_up=None, result=None)
    return speaking, (shown, Speak(speech_id=speech_id, text=event.text))


def _leave(state: TurnState) -> Step:
    """The device is gone: what was not yet acted on is dropped."""
    reason = "The device went away."
    if state.is_acting:
        reason = "The device went away while this was carried out; I do not know whether it was done."
    after, commands = _clear(replace(state, ringing=(), calls=(), call_id=None, announcements=(), is_acting=False), reason)
    return after, tuple(command for command in commands if not isinstance(command, PlayCue))
