"""Playbooks of the turn: events in, commands out. No clock, no sound."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.account import Scope
from earwitness.domain.events import (
    Act,
    Acted,
    AlertBegan,
    AlertEnded,
    Asked,
    BargedIn,
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
    ShowNotice,
    Speak,
    SpeechBegan,
    SpeechSent,
    Stage,
    StartAlert,
    StopAlert,
    StopAsked,
    StopSpeech,
    Understand,
    Unmuted,
    WakeHeard,
)
from earwitness.domain.intent import Before, Completeness, Context, Intent, Understanding
from earwitness.domain.ring_sound import RingManner
from earwitness.domain.turn import Outcome, SkillResult, Transcript
from earwitness.skills.privacy import OFF_RECORD
from earwitness.turn.machine import NOT_HEARD_REPLY, OFF_RECORD_INTENTS, TurnState, advance

LAMP = Intent(name="HassTurnOn", slots={"name": "Lamp"})
DONE = SkillResult(outcome=Outcome.DONE, reply="Turned on the lamp.")


@dataclass
class Play:
    """A machine being played with; `last` are the commands of the last event."""

    state: TurnState = field(default_factory=lambda: TurnState(context=Context(area="Kitchen")))
    last: tuple[Command, ...] = ()

    def __call__(self, *events: Event) -> "Play":
        for event in events:
            self.state, self.last = advance(self.state, event)
        return self

    def kinds(self) -> list[str]:
        return [type(command).__name__ for command in self.last]

    def one(self, kind: type) -> Command:
        found = [command for command in self.last if isinstance(command, kind)]
        assert len(found) == 1, f"{kind.__name__} in {self.last}"
        return found[0]

    def heard(self, text: str = "turn on the lamp", intent: Intent | None = LAMP, **more: object) -> "Play":
        completeness = Completeness(str(more.get("completeness", "complete")))
        understanding = Understanding(text=text, intent=intent, completeness=completeness, reason="I know no such thing.")
        transcript = Transcript(text=text, engine="played", audio_seconds=1.0)
        return self(Heard(guess=self.state.guess, transcript=transcript, understanding=understanding))

    def listening(self) -> "Play":
        return self(WakeHeard(word="okay nabu"), CueConfirmed(cue="start"))

    def acting(self) -> "Play":
        return self.listening()(SpeechBegan(), PauseBegan()).heard()(CaptureEnded(reason=EndReason.SILENCE))

    def speaking(self, result: SkillResult = DONE) -> "Play":
        return self.acting()(Acted(turn=self.state.turn, result=result))


def test_a_spoken_command_goes_from_wake_to_sleep() -> None:
    play = Play()(WakeHeard(word="okay nabu"))
    assert play.kinds() == ["Show", "BeginTurn", "PlayCue", "StartDeadline"]
    assert play(CueConfirmed(cue="start")).kinds() == ["Show", "StopDeadline", "OpenCapture", "StartDeadline"]
    assert play(SpeechBegan()).kinds() == []
    assert play(PauseBegan()).kinds() == ["Guess"]
    assert play.heard().last == (HintEndpoint(completeness=Completeness.COMPLETE),)
    play(CaptureEnded(reason=EndReason.SILENCE))
    assert play.kinds() == ["Show", "CloseCapture", "StopDeadline", "PlayCue", "StartDeadline", "ShowHeard", "Act"]
    assert play.one(Act) == Act(turn=1, intent=LAMP, context=Context(area="Kitchen"))
    play(Acted(turn=1, result=DONE))
    assert play.one(Speak) == Speak(speech_id=1, text="Turned on the lamp.")
    play(SpeechSent(speech_id=1, seconds=1.0))
    finish = play.one(FinishTurn)
    assert isinstance(finish, FinishTurn)
    assert (finish.outcome, finish.transcript, finish.intent) == (Outcome.DONE, "turn on the lamp", LAMP)
    assert Show(phase=Phase.ASLEEP, is_muted=False, is_capturing=False) in play(PlaybackFinished(speech_id=1)).last


def test_no_cue_no_capture() -> None:
    play = Play()(Pressed(), DeadlinePassed(deadline=Deadline.CUE))
    assert "OpenCapture" not in play.kinds()
    assert play.one(Refuse) == Refuse(
        code="session.no_cue", sentence="The start cue could not be played, so nothing was captured."
    )
    assert play.state.phase is Phase.ASLEEP
    assert play(CueConfirmed(cue="start")).last == ()


def test_speech_after_a_pause_drops_the_guess_and_its_late_answer() -> None:
    play = Play().listening()(SpeechBegan(), PauseBegan())
    guess = play.state.guess
    assert play(SpeechBegan()).last == (DropGuess(guess=guess),)
    play(PauseBegan())
    late = Heard(
        guess=guess,
        transcript=Transcript(text="turn on", engine="played", audio_seconds=1),
        understanding=Understanding(text="turn on", intent=LAMP, completeness=Completeness.COMPLETE, reason=""),
    )
    assert play(late).last == ()
    assert play.state.heard is None


def test_a_guess_acts_on_nothing_before_the_endpoint() -> None:
    play = Play().listening()(SpeechBegan(), PauseBegan())
    assert not any(isinstance(command, Act) for command in play.heard().last)


def test_an_endpoint_before_the_guess_is_ready_waits_for_it() -> None:
    play = Play().listening()(SpeechBegan(), PauseBegan(), CaptureEnded(reason=EndReason.SILENCE))
    assert "Guess" not in play.kinds()
    play.heard()
    play.one(Act)


def test_releasing_the_button_recognises_what_there_is() -> None:
    play = Play()(Pressed(), CueConfirmed(cue="start"), SpeechBegan(), Released())
    play.one(Guess)
    play.one(CloseCapture)
    play.heard().one(Act)


def test_letting_go_before_the_cue_cancels() -> None:
    play = Play()(Pressed(), Released())
    finish = play.one(FinishTurn)
    assert isinstance(finish, FinishTurn)
    assert finish.outcome is Outcome.CANCELLED
    assert play(CueConfirmed(cue="start")).last == ()


def test_nothing_heard_says_so() -> None:
    play = Play().listening()(CaptureEnded(reason=EndReason.NOTHING))
    assert play.one(Speak) == Speak(speech_id=1, text=NOT_HEARD_REPLY)


def test_words_that_mean_nothing_here_are_refused_with_the_reason() -> None:
    play = (
        Play().listening()(SpeechBegan(), PauseBegan()).heard("turn on the flurb", None)(CaptureEnded(reason=EndReason.SILENCE))
    )
    assert play.one(Speak) == Speak(speech_id=1, text='Sorry, I heard "turn on the flurb". I know no such thing.')


def test_an_unfinished_sentence_is_named_as_such() -> None:
    play = Play().listening()(SpeechBegan(), PauseBegan()).heard("set a timer for", None, completeness="incomplete")
    play(CaptureEnded(reason=EndReason.PAUSE))
    said = play.one(Speak)
    assert isinstance(said, Speak)
    assert "and then a pause" in said.text


def test_the_length_limit_is_said() -> None:
    play = Play().listening()(SpeechBegan(), CaptureEnded(reason=EndReason.LENGTH)).heard()(Acted(turn=1, result=DONE))
    assert play.one(Speak) == Speak(speech_id=1, text="I stopped listening after 20 seconds. Turned on the lamp.")


@pytest.mark.parametrize("event", [WakeHeard(word="okay nabu"), Pressed()])
def test_waking_during_a_reply_stops_it_and_listens(event: Event) -> None:
    play = Play().speaking()(event)
    assert play.one(StopSpeech) == StopSpeech(speech_id=1)
    assert play.one(PlayCue) == PlayCue(cue="start")
    assert play.state.phase is Phase.LISTENING


def test_speech_over_a_reply_stops_it() -> None:
    play = Play().speaking()(BargedIn())
    assert play.one(StopSpeech) == StopSpeech(speech_id=1)
    assert play.state.phase is Phase.ASLEEP


def test_a_question_listens_for_its_answer_in_its_context() -> None:
    asks = Context(area="Kitchen", expects="name", pending=LAMP)
    question = SkillResult(outcome=Outcome.ASKED, reply="Which lamp?", asks=asks)
    play = Play().speaking(question)(SpeechSent(speech_id=1, seconds=1), PlaybackFinished(speech_id=1))
    assert play.one(PlayCue) == PlayCue(cue="start")
    play(CueConfirmed(cue="start"), SpeechBegan(), PauseBegan())
    guessed = play.one(Guess)
    assert isinstance(guessed, Guess)
    assert guessed.context.before is not None
    assert guessed.context.before.reply == "Which lamp?"
    assert guessed == Guess(guess=play.state.guess, context=replace(asks, before=guessed.context.before))


def test_a_typed_question_does_not_open_the_microphone() -> None:
    asks = Context(expects="name", pending=LAMP)
    play = Play()(Asked(text="turn on the lamp")).heard()
    play(Acted(turn=1, result=SkillResult(outcome=Outcome.ASKED, reply="Which lamp?", asks=asks)))
    play(SpeechSent(speech_id=1, seconds=1), PlaybackFinished(speech_id=1))
    assert play.state.phase is Phase.ASLEEP
    context = replace(asks, before=play.state.context.before, is_typed=True)
    assert play(Asked(text="the blue one")).one(Understand) == Understand(
        guess=play.state.guess, text="the blue one", context=context
    )


def test_words_are_typed_only_while_they_are_understood() -> None:
    play = Play()(Asked(text="turn on the lamp"))
    typed = Understand(guess=2, text="turn on the lamp", context=Context(area="Kitchen", is_typed=True))
    assert play.one(Understand) == typed
    assert play.heard().one(Act) == Act(turn=1, intent=LAMP, context=Context(area="Kitchen"))
    handed = Play()(Asked(text="turn on the lamp", is_typed=False))
    assert handed.one(Understand) == replace(typed, context=Context(area="Kitchen"))


ADA = Context(area="Kitchen", device_id="page-1", person_id="ada")
ERASE = Intent(name="DeleteRecordings", slots={"scope": "all"})
SURE = SkillResult(
    outcome=Outcome.ASKED,
    reply="Are you sure?",
    asks=replace(ADA, expects="is_sure", pending=ERASE),
    is_off_record=True,
)


def of_ada() -> Play:
    return Play(state=TurnState(context=ADA))


def record(play: Play) -> FinishTurn:
    found = play.one(FinishTurn)
    assert isinstance(found, FinishTurn)
    return found


def test_who_speaks_is_known_from_turn_to_turn() -> None:
    play = of_ada().acting()
    assert play.one(Act) == Act(turn=1, intent=LAMP, context=ADA)
    finish = record(play(Acted(turn=1, result=DONE), SpeechSent(speech_id=1, seconds=1)))
    assert (finish.person_id, finish.is_spoken, finish.is_off_record) == ("ada", True, False)
    play(PlaybackFinished(speech_id=1), Asked(text="turn on the lamp"))
    before = Before(
        transcript="turn on the lamp",
        reply=DONE.reply,
        outcome="done",
        reason="I know no such thing.",
        intent=LAMP,
        person_id="ada",
    )
    context = replace(ADA, before=before, is_typed=True)
    assert play.one(Understand) == Understand(guess=play.state.guess, text="turn on the lamp", context=context)
    finish = record(play.heard()(Acted(turn=2, result=DONE), SpeechSent(speech_id=2, seconds=0)))
    assert (finish.person_id, finish.is_spoken, finish.is_off_record) == ("ada", False, False)


def finished(play: Play) -> FinishTurn:
    """The record of the turn that is under way, once it was carried out."""
    play(CueConfirmed(cue="start"), SpeechBegan(), PauseBegan()).heard()
    play(CaptureEnded(reason=EndReason.SILENCE))
    play(Acted(turn=play.state.turn, result=DONE))
    return record(play(SpeechSent(speech_id=play.state.speech_id, seconds=1)))


def test_a_turn_knows_whether_the_wake_word_began_it() -> None:
    play = of_ada()
    assert finished(play(WakeHeard(word="alexa"))).is_woken
    play(PlaybackFinished(speech_id=play.state.speech_id))
    assert not finished(play(Pressed())).is_woken
    play(PlaybackFinished(speech_id=play.state.speech_id), WakeHeard(word="alexa"))
    play(Asked(text="turn on the lamp")).heard()(Acted(turn=play.state.turn, result=DONE))
    assert not record(play(SpeechSent(speech_id=play.state.speech_id, seconds=0))).is_woken


def test_the_answer_to_a_question_was_not_begun_by_the_wake_word() -> None:
    play = of_ada()(WakeHeard(word="alexa"), CueConfirmed(cue="start"), SpeechBegan(), PauseBegan()).heard()
    play(CaptureEnded(reason=EndReason.SILENCE))
    asked = replace(SURE, is_off_record=False)
    assert record(play(Acted(turn=1, result=asked), SpeechSent(speech_id=1, seconds=1))).is_woken
    play(PlaybackFinished(speech_id=1))
    assert not finished(play).is_woken


def test_a_question_is_answered_as_the_person_who_was_asked() -> None:
    forgetful = replace(SURE, asks=Context(area="Kitchen", expects="is_sure", pending=ERASE))
    play = of_ada().speaking(forgetful)(SpeechSent(speech_id=1, seconds=1), PlaybackFinished(speech_id=1))
    play(CueConfirmed(cue="start"), SpeechBegan(), PauseBegan())
    guess = play.one(Guess)
    assert isinstance(guess, Guess)
    assert (guess.context.person_id, guess.context.expects, guess.context.pending) == ("ada", "is_sure", ERASE)


def test_an_answer_may_no_more_than_the_program_that_asked() -> None:
    forgetful = replace(SURE, asks=Context(area="Kitchen", expects="is_sure", pending=ERASE))
    program = replace(ADA, scopes=frozenset({Scope.TALK}))
    play = Play(state=TurnState(context=program))(Asked(text="delete everything")).heard("delete everything", ERASE)
    play(Acted(turn=1, result=forgetful), SpeechSent(speech_id=1, seconds=0), PlaybackFinished(speech_id=1), Asked(text="yes"))
    asked = play.one(Understand)
    assert isinstance(asked, Understand)
    assert (asked.context.scopes, asked.context.pending) == (frozenset({Scope.TALK}), ERASE)


@pytest.mark.parametrize("begin", [Asked(text="yes"), Pressed(), WakeHeard(word="okay nabu")])
def test_nobody_else_answers_a_question(begin: Event) -> None:
    play = of_ada()(Asked(text="delete everything")).heard("delete everything", ERASE)(Acted(turn=1, result=SURE))
    play(SpeechSent(speech_id=1, seconds=0), PlaybackFinished(speech_id=1))
    assert play.state.follow_up == SURE.asks
    play.state = replace(play.state, context=replace(ADA, person_id="bob"))
    play(begin)
    assert play.state.context == replace(ADA, person_id="bob")
    assert play.state.person_id == "bob"


def test_waking_over_a_reply_to_an_answer_does_not_ask_again() -> None:
    play = of_ada().speaking(SURE)(SpeechSent(speech_id=1, seconds=1), PlaybackFinished(speech_id=1), CueConfirmed(cue="start"))
    play(SpeechBegan(), PauseBegan()).heard("yes", replace(ERASE, slots={"scope": "all", "is_sure": True}))
    play(CaptureEnded(reason=EndReason.SILENCE), Acted(turn=2, result=DONE), WakeHeard(word="okay nabu"))
    assert play.state.context == ADA


def test_what_a_skill_calls_off_the_record_is() -> None:
    result = replace(DONE, is_off_record=True)
    assert record(of_ada().speaking(result)(SpeechSent(speech_id=1, seconds=1))).is_off_record


def deleting(play: Play) -> Play:
    return play.listening()(SpeechBegan(), PauseBegan()).heard("delete everything", ERASE)(CaptureEnded(reason=EndReason.SILENCE))


@pytest.mark.parametrize(
    "event",
    [
        DeadlinePassed(deadline=Deadline.THINK),
        Failed(stage=Stage.ACT, token=1, code="engine.failed", sentence="It failed."),
        Disconnected(),
    ],
)
def test_a_request_to_delete_is_off_the_record_however_it_ends(event: Event) -> None:
    play = deleting(of_ada())(event)
    if not isinstance(event, Disconnected):
        play(SpeechSent(speech_id=1, seconds=1))
    finish = record(play)
    assert finish.outcome in (Outcome.FAILED, Outcome.CANCELLED)
    assert finish.is_off_record


def test_a_request_to_delete_that_is_cut_off_is_off_the_record() -> None:
    play = of_ada().listening()(SpeechBegan(), PauseBegan()).heard("delete everything", ERASE)(StopAsked())
    assert record(play).is_off_record


@pytest.mark.parametrize(
    ("said", "intent", "is_off_record"),
    [
        ("yes", replace(ERASE, slots={"scope": "all", "is_sure": True}), True),
        ("well I do not know", None, True),
        ("never mind", Intent(name="HassNevermind"), True),
        ("stop", Intent(name="Stop"), True),
        ("turn on the lamp", LAMP, False),
    ],
)
def test_the_answer_to_a_question_about_deleting_is_off_the_record(said: str, intent: Intent | None, is_off_record: bool) -> None:
    play = deleting(of_ada())(Acted(turn=1, result=SURE), SpeechSent(speech_id=1, seconds=1), PlaybackFinished(speech_id=1))
    play(CueConfirmed(cue="start"), SpeechBegan(), PauseBegan()).heard(said, intent)(CaptureEnded(reason=EndReason.SILENCE))
    if intent is not None:
        play(Acted(turn=2, result=DONE))
    assert record(play(SpeechSent(speech_id=2, seconds=1))).is_off_record is is_off_record


def test_machine_and_skills_agree_on_what_is_off_the_record() -> None:
    assert OFF_RECORD_INTENTS == OFF_RECORD


def test_mute_ends_listening_and_refuses_to_begin() -> None:
    play = Play().listening()(Muted())
    play.one(CloseCapture)
    assert not play.state.is_capturing
    assert play(Pressed()).one(Refuse) == Refuse(
        code="session.muted", sentence="The microphone is muted. Switch mute off at the device first."
    )
    assert "PlayCue" in play(Unmuted(), Pressed()).kinds()


def test_muting_between_cue_and_capture_captures_nothing() -> None:
    play = Play()(Pressed(), Muted(), CueConfirmed(cue="start"))
    assert play.last == ()
    assert not play.state.is_capturing


def test_a_typed_request_works_while_muted() -> None:
    play = Play()(Muted(), Asked(text="what time is it"))
    play.one(Understand)


@pytest.mark.parametrize("make", [Play.listening, Play.speaking])
def test_stop_always_ends_it(make: object) -> None:
    assert callable(make)
    play = make(Play())(StopAsked())
    assert play.state.phase is Phase.ASLEEP
    assert not play.state.is_capturing


def test_stop_silences_what_rings_everywhere() -> None:
    play = Play()(AlertBegan(alert_id="t1", text="Your timer is done."))
    assert play.one(StartAlert) == StartAlert(alert_id="t1", text="Your timer is done.")
    assert play.one(Speak) == Speak(speech_id=1, text="Your timer is done.")
    assert StopAlert(alert_id="t1", is_acknowledged=True) in play(StopAsked()).last
    assert play.state.ringing == ()


def test_saying_stop_silences_what_rings() -> None:
    play = Play().listening()(AlertBegan(alert_id="t1", text="Done."), SpeechBegan(), PauseBegan())
    play.heard("stop", Intent(name="HassNevermind"))(CaptureEnded(reason=EndReason.SILENCE))
    assert StopAlert(alert_id="t1", is_acknowledged=True) in play.last


def test_an_alert_stopped_elsewhere_ends_here_without_acknowledging_again() -> None:
    play = Play()(AlertBegan(alert_id="t1", text="Done."), AlertEnded(alert_id="t1"))
    assert play.last == (StopAlert(alert_id="t1", is_acknowledged=False),)


@pytest.mark.parametrize("stage", [Stage.RECOGNISE, Stage.UNDERSTAND])
def test_a_failed_engine_is_said_once_the_capture_is_over(stage: Stage) -> None:
    play = Play().listening()(SpeechBegan(), PauseBegan())
    play(CaptureEnded(reason=EndReason.SILENCE))
    play(Failed(stage=stage, token=play.state.guess, code="engine.failed", sentence="Recognition failed."))
    assert play.one(Speak) == Speak(speech_id=1, text="Recognition failed.")
    finish = play(SpeechSent(speech_id=1, seconds=1)).one(FinishTurn)
    assert isinstance(finish, FinishTurn)
    assert (finish.outcome, finish.error_code) == (Outcome.FAILED, "engine.failed")


def test_a_guess_that_failed_is_tried_again_at_the_endpoint() -> None:
    play = Play().listening()(SpeechBegan(), PauseBegan())
    play(Failed(stage=Stage.RECOGNISE, token=play.state.guess, code="engine.failed", sentence="Failed."))
    play(CaptureEnded(reason=EndReason.SILENCE)).one(Guess)


def test_a_failed_voice_still_finishes_the_turn_as_done() -> None:
    play = Play().speaking()(Failed(stage=Stage.SPEAK, token=1, code="engine.failed", sentence="The voice failed."))
    finish = play.one(FinishTurn)
    assert isinstance(finish, FinishTurn)
    assert (finish.outcome, finish.error_code) == (Outcome.DONE, "engine.failed")
    assert play.state.phase is Phase.ASLEEP


def test_thinking_too_long_says_what_is_known() -> None:
    play = Play().acting()(DeadlinePassed(deadline=Deadline.THINK))
    said = play.one(Speak)
    assert isinstance(said, Speak)
    assert "do not know whether it was done" in said.text
    assert play(Acted(turn=1, result=DONE)).last == ()


def test_a_device_that_leaves_in_mid_word_ends_its_turn_without_acting() -> None:
    play = Play().listening()(SpeechBegan(), Disconnected())
    finish = play.one(FinishTurn)
    assert isinstance(finish, FinishTurn)
    assert finish.outcome is Outcome.CANCELLED
    assert "Act" not in play.kinds()
    assert "PlayCue" not in play.kinds()


EVENTS: list[Event] = [
    WakeHeard(word="alexa"),
    Pressed(),
    Released(),
    Asked(text="stop"),
    CueConfirmed(cue="start"),
    SpeechBegan(),
    PauseBegan(),
    *(CaptureEnded(reason=reason) for reason in EndReason),
    BargedIn(),
    StopAsked(),
    Muted(),
    Unmuted(),
    *(DeadlinePassed(deadline=deadline) for deadline in Deadline),
    AlertBegan(alert_id="a", text="Done."),
    AlertEnded(alert_id="a"),
]


@st.composite
def _plays(draw: st.DrawFn) -> list[Play]:
    """Every state along a random play, with answers to what was asked for mixed in."""
    play, along = Play(), []
    for _ in range(draw(st.integers(1, 40))):
        choice = draw(st.integers(0, len(EVENTS) + 3))
        if choice < len(EVENTS):
            play(EVENTS[choice])
        elif choice == len(EVENTS):
            play.heard(intent=draw(st.sampled_from([LAMP, None])))
        elif choice == len(EVENTS) + 1:
            play(Acted(turn=play.state.turn, result=DONE))
        elif choice == len(EVENTS) + 2:
            play(PlaybackFinished(speech_id=play.state.speech_id))
        else:
            play(Failed(stage=draw(st.sampled_from(Stage)), token=play.state.turn, code="engine.failed", sentence="Failed."))
        along.append(Play(state=play.state, last=play.last))
    return along


@given(_plays())
def test_in_every_play_the_rules_hold(along: list[Play]) -> None:
    cue_confirmable, open_turns = False, set()
    for play in along:
        for command in play.last:
            match command:
                case PlayCue(cue="start"):
                    cue_confirmable = True
                case OpenCapture():
                    assert cue_confirmable, "a capture opened without a cue"
                    assert not play.state.is_muted, "a capture opened while muted"
                    cue_confirmable = False
                case FinishTurn(turn=turn):
                    assert turn not in open_turns, "a turn was finished twice"
                    open_turns.add(turn)
                case _:
                    pass
        assert not (play.state.is_muted and play.state.is_capturing)
        assert play.state.is_capturing <= (play.state.phase is Phase.LISTENING)
        stopped, _ = advance(play.state, StopAsked())
        assert stopped.ringing == ()
        assert stopped.is_acting or stopped.phase is Phase.ASLEEP


def test_news_is_shown_and_said_only_when_nothing_else_goes_on() -> None:
    play = Play()(Noticed(text="News.", is_aloud=False))
    assert play.kinds() == ["ShowNotice"]
    assert play.state.phase is Phase.ASLEEP
    play(Noticed(text="News.", is_aloud=True))
    assert play.one(ShowNotice) == ShowNotice(text="News.")
    assert play.one(Speak) == Speak(speech_id=1, text="News.")
    play(SpeechSent(speech_id=1, seconds=1.0), PlaybackFinished(speech_id=1))
    assert play.state.phase is Phase.ASLEEP
    play(Pressed(), Noticed(text="More news.", is_aloud=True))
    assert play.kinds() == ["ShowNotice"]
    assert play.state.is_turn_open


def test_what_was_said_before_is_known_until_something_else_is_said() -> None:
    play = of_ada().acting()
    play(Acted(turn=1, result=DONE), SpeechSent(speech_id=1, seconds=1), PlaybackFinished(speech_id=1))
    first = play.state.context.before
    assert first is not None
    assert first.reply == DONE.reply
    play(Asked(text="why")).heard("why", Intent(name="AskWhy"))
    play(Acted(turn=2, result=DONE), SpeechSent(speech_id=2, seconds=1), PlaybackFinished(speech_id=2))
    assert play.state.context.before == first


def test_a_request_that_wants_no_trace_of_itself_cannot_be_asked_about() -> None:
    play = of_ada().acting()
    play(Acted(turn=1, result=DONE), SpeechSent(speech_id=1, seconds=1), PlaybackFinished(speech_id=1))
    play(Asked(text="delete everything")).heard("delete everything", ERASE)
    play(Acted(turn=2, result=SURE), SpeechSent(speech_id=2, seconds=1), PlaybackFinished(speech_id=2))
    assert play.state.context.before is None


def test_what_begins_softly_rings_without_a_word() -> None:
    manner = RingManner(sound="birds", is_rising=True, is_said=False)
    play = Play()(AlertBegan(alert_id="a", text="It is 7:00 AM.", manner=manner))
    assert play.last == (StartAlert(alert_id="a", text="It is 7:00 AM.", manner=manner),)
    assert play.state.phase is Phase.ASLEEP
    assert StopAlert(alert_id="a", is_acknowledged=True) in play(StopAsked()).last
