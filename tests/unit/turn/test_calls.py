"""Playbooks of calls, announcements and a wished mute: events in, commands out."""

from earwitness.domain.events import (
    AcceptCall,
    Acted,
    Announced,
    Asked,
    BeginAnnouncement,
    CallBegan,
    CallEnded,
    CallOpened,
    CaptureEnded,
    Command,
    CueConfirmed,
    Disconnected,
    EndReason,
    Event,
    FinishTurn,
    Heard,
    LeaveCall,
    Moved,
    Muted,
    Phase,
    PlaybackFinished,
    PlayCue,
    Pressed,
    Refuse,
    Speak,
    StartAlert,
    StopAlert,
    StopAsked,
    StopSpeech,
    WakeHeard,
    WishMute,
)
from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.domain.turn import Outcome, SkillResult, Transcript
from earwitness.domain.wish import MuteWish
from earwitness.turn.machine import MOST_ANNOUNCEMENTS, TurnState, advance

CALLED = CallBegan(call_id="c", text="A call from the den.")


def play(*events: Event, state: TurnState | None = None) -> tuple[TurnState, list[Command]]:
    """The state after these events, and the commands of the last one."""
    after = state or TurnState()
    commands: tuple[Command, ...] = ()
    for event in events:
        after, commands = advance(after, event)
    return after, list(commands)


def heard(text: str, intent: str, *, guess: int) -> Heard:
    meant = Understanding(text=text, intent=Intent(name=intent), completeness=Completeness.COMPLETE, reason="")
    return Heard(guess=guess, transcript=Transcript(text=text, engine="test", audio_seconds=1.0), understanding=meant)


def test_a_call_rings_and_says_who_calls_and_a_press_accepts_it() -> None:
    state, commands = play(CALLED)
    assert StartAlert(alert_id="c", text="A call from the den.", kind="call") in commands
    assert Speak(speech_id=1, text="A call from the den.") in commands
    state, commands = play(Pressed(), state=state)
    assert commands == [AcceptCall(call_id="c")]
    state, commands = play(CallOpened(call_id="c"), state=state)
    assert StopAlert(alert_id="c", is_acknowledged=False) in commands
    assert StopSpeech(speech_id=1) in commands
    assert state.phase is Phase.ASLEEP
    state, commands = play(Pressed(), state=state)
    assert commands == [LeaveCall(call_id="c")]
    assert play(CallEnded(call_id="c"), state=state) == (state, [])


def test_a_muted_device_rings_and_cannot_accept() -> None:
    state, commands = play(Muted(), CALLED, Pressed())
    assert next(command for command in commands if isinstance(command, Refuse)).code == "session.muted"
    assert state.calls == ("c",)


def test_muting_leaves_the_open_call() -> None:
    state, commands = play(CALLED, CallOpened(call_id="c"), Muted())
    assert LeaveCall(call_id="c") in commands
    assert state.call_id is None


def test_stop_declines_and_stop_hangs_up() -> None:
    _, commands = play(CALLED, StopAsked())
    assert LeaveCall(call_id="c") in commands
    assert StopAlert(alert_id="c", is_acknowledged=False) in commands
    _, commands = play(CALLED, CallOpened(call_id="c"), StopAsked())
    assert LeaveCall(call_id="c") in commands


def test_the_wake_word_still_begins_a_request_in_a_call() -> None:
    _, commands = play(CALLED, CallOpened(call_id="c"), WakeHeard(word="okay nabu"))
    assert PlayCue(cue="start") in commands


def test_announcements_wait_for_their_turn_and_are_said_in_order() -> None:
    state, commands = play(Announced(text="One.", token=7))
    assert [BeginAnnouncement(token=7, speech_id=1), Speak(speech_id=1, text="One.")] == commands[-2:]
    state, commands = play(Announced(text="Two.", token=8), Announced(text="Three.", token=9), state=state)
    assert commands == []
    state, commands = play(PlaybackFinished(speech_id=1), state=state)
    assert commands[-1] == Speak(speech_id=2, text="Two.")
    state, commands = play(PlaybackFinished(speech_id=2), state=state)
    assert commands[-1] == Speak(speech_id=3, text="Three.")
    state, _ = play(PlaybackFinished(speech_id=3), state=state)
    assert state.phase is Phase.ASLEEP


def test_an_announcement_waits_for_the_end_of_a_call_and_of_a_request() -> None:
    state, commands = play(CALLED, CallOpened(call_id="c"), Announced(text="One.", token=1))
    assert commands == []
    _, commands = play(CallEnded(call_id="c"), state=state)
    assert isinstance(commands[-1], Speak)
    state, commands = play(Pressed(), Announced(text="One.", token=1))
    assert commands == []
    _, commands = play(StopAsked(), state=state)
    assert isinstance(commands[-1], Speak)


def test_of_too_many_announcements_the_oldest_is_left_out() -> None:
    state, _ = play(Pressed(), *(Announced(text=f"{count}.", token=count) for count in range(MOST_ANNOUNCEMENTS + 2)))
    assert [each.token for each in state.announcements] == list(range(2, MOST_ANNOUNCEMENTS + 2))


def muting() -> TurnState:
    """Somebody said "stop listening", and the reply is being spoken."""
    said = SkillResult(outcome=Outcome.DONE, reply="I mute.", wish=MuteWish())
    state, _ = play(Pressed(), CueConfirmed(cue="start"), CaptureEnded(reason=EndReason.SILENCE))
    state, _ = play(heard("stop listening", "MuteMicrophone", guess=state.guess), Acted(turn=1, result=said), state=state)
    assert state.phase is Phase.SPEAKING
    return state


def test_the_device_is_asked_to_mute_once_the_reply_is_over() -> None:
    state, commands = play(PlaybackFinished(speech_id=1), state=muting())
    assert WishMute() in commands
    assert WishMute() not in play(Pressed(), state=state)[1]


def test_however_the_reply_ends_the_device_is_asked_to_mute() -> None:
    for event in (StopAsked(), Pressed(), Asked(text="what time is it"), WakeHeard(word="okay nabu")):
        assert WishMute() in play(event, state=muting())[1], event


def test_a_device_that_moves_takes_its_room_with_it() -> None:
    state, _ = play(Moved(area="Attic"), Pressed())
    assert state.context.area == "Attic"


def test_a_device_that_goes_away_in_mid_word_leaves_a_cancelled_turn_that_says_why() -> None:
    context = Context(person_id="anna")
    _, commands = play(Pressed(), CueConfirmed(cue="start"), Disconnected(), state=TurnState(context=context))
    record = next(command for command in commands if isinstance(command, FinishTurn))
    assert (record.outcome, record.reason, record.person_id) == (Outcome.CANCELLED, "The device went away.", "anna")
