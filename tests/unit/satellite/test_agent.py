"""The satellite's states: playbooks, and what no order of events may bring about."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from earwitness.protocol.session_messages import CUES, SERVER_FIELDS
from earwitness.satellite import events as on
from earwitness.satellite.agent import advance
from earwitness.satellite.state import Cue, Intercom, Link, Phase, State

UP = State(link=Link.UP)
WAKE = on.WakeHeard(word="hey jarvis", loudness_dbfs=-31.26, score=0.98765, age_ms=12)


def said(kind: str, /, **fields: object) -> on.ServerSaid:
    return on.ServerSaid(kind=kind, fields=fields)


def play(state: State, *happened: on.Event) -> tuple[State, list[on.Command]]:
    """Let it happen; the state after it and all that was done."""
    done: list[on.Command] = []
    for event in happened:
        state, commands = advance(state, event)
        done += commands
    return state, done


def kinds(done: list[on.Command]) -> list[str]:
    return [command.kind if isinstance(command, on.Send) else type(command).__name__ for command in done]


def test_from_the_wake_word_to_sleep() -> None:
    state, done = play(UP, WAKE)
    assert kinds(done) == ["ShowState", "wake", "StartWaiting"]
    assert on.Send(kind="wake", fields={"word": "hey jarvis", "loudness_dbfs": -31.3, "score": 0.988, "age_ms": 12}) in done
    state, done = play(state, said("cue", cue="start"))
    assert kinds(done) == ["ShowState", "StopWaiting", "PlayCue"], "the light is on before the cue, and before anything is sent"
    assert done[0] == on.ShowState(word="listening")
    state, done = play(state, on.CueStarted(cue=on.Chime.START))
    assert done == [on.Send(kind="cue_done", fields={"cue": "start"})]
    assert not state.sends_sound
    state, done = play(state, said("capture", open=True))
    assert done == [on.OpenEar()]
    assert state.sends_sound
    state, done = play(state, said("capture", open=False))
    assert done[-1] == on.CloseEar()
    assert not state.sends_sound
    state, done = play(
        state,
        said("state", state="speaking", muted=False, capture=False),
        said("speech", id=4, rate_hz=24_000, text="Done."),
        on.ServerSaid(kind="audio-chunk", fields={"id": 4, "rate": 24_000, "width": 2, "channels": 1}, payload=b"ab"),
        said("speech_end", id=4),
        on.SpeechStarted(speech_id=4),
        on.SpeechFinished(speech_id=4),
        said("state", state="asleep", muted=False, capture=False),
    )
    expected = ["ShowState", "BeginSpeech", "Tell", "PlaySound", "EndSpeech", "playback", "playback", "ShowState"]
    assert kinds(done) == expected
    assert state == UP


def test_a_wake_that_is_not_chosen_is_forgotten() -> None:
    state, done = play(UP, WAKE, said("wake_lost"))
    assert kinds(done)[-2:] == ["CloseEar", "StopWaiting"]
    assert state == UP


def test_a_wake_that_nobody_answers_says_that_the_server_is_away() -> None:
    state, done = play(UP, WAKE, on.WaitedTooLong(what=on.Waiting.WAKE))
    assert kinds(done)[-2:] == ["CloseEar", "SayAway"]
    assert state.phase is Phase.ASLEEP


def test_the_wake_word_stops_a_reply_at_once() -> None:
    speaking = replace(UP, phase=Phase.SPEAKING, speeches=(7,))
    state, done = play(speaking, WAKE)
    assert kinds(done) == ["ShowState", "DropSpeech", "wake", "StartWaiting"]
    assert state.phase is Phase.WAKING


def test_away_it_says_so_and_asks_nobody() -> None:
    for happened in (WAKE, on.Pressed()):
        state, done = play(State(), happened)
        assert "SayAway" in kinds(done)
        assert not any(isinstance(command, on.Send) for command in done)
        assert state == State()


def test_a_press_keeps_nothing_from_before_it() -> None:
    _, done = play(UP, on.Pressed())
    assert kinds(done) == ["ShowState", "KeepSound", "press", "StartWaiting"]


def test_a_second_press_ends_the_request() -> None:
    state, _ = play(UP, on.Pressed(), said("cue", cue="start"), on.CueStarted(cue=on.Chime.START), said("capture", open=True))
    assert play(state, on.Pressed())[1] == [on.Send(kind="release")]


def test_a_capture_without_a_cue_is_a_breach() -> None:
    for before in ((), (said("cue", cue="start"),)):
        state, done = play(UP, *before, said("capture", open=True))
        assert isinstance(done[-1], on.EndLink)
        assert not state.sends_sound


def test_a_question_of_the_server_keeps_nothing_from_before_its_cue() -> None:
    _, done = play(UP, said("cue", cue="start"))
    assert kinds(done) == ["ShowState", "StopWaiting", "KeepSound", "PlayCue"]


def test_stop_works_in_every_state() -> None:
    capturing = replace(UP, phase=Phase.LISTENING, cue=Cue.OUT, is_capturing=True)
    state, done = play(capturing, on.StopPressed())
    assert not state.sends_sound
    assert kinds(done) == ["ShowState", "CloseEar", "stop"]
    state, done = play(replace(UP, ringing=("a",), speeches=(3,)), on.StopPressed())
    assert kinds(done)[0] == "StopRing"
    assert {"DropSpeech", "DropAlarm", "stop"} <= set(kinds(done))
    assert not state.ringing


def test_mute_stops_the_capture_and_the_microphone() -> None:
    capturing = replace(UP, phase=Phase.LISTENING, cue=Cue.OUT, is_capturing=True)
    state, done = play(capturing, on.MuteSet(is_on=True))
    assert kinds(done) == ["ShowState", "StopMicrophone", "CloseEar", "mute"]
    assert not state.sends_sound
    state, done = play(state, WAKE, on.Pressed(), said("cue", cue="start"), said("capture", open=True))
    assert "KeepSound" not in kinds(done)
    assert "OpenEar" not in kinds(done)
    _, done = play(state, on.MuteSet(is_on=False))
    assert kinds(done) == ["ShowState", "StartMicrophone", "mute"]


def test_the_page_may_wish_a_mute() -> None:
    assert play(UP, said("mute_wish"))[1] == [on.MuteYourself()]
    assert play(replace(UP, is_muted=True), said("mute_wish"))[1] == []


def test_a_cut_in_mid_word_waits_and_then_fails_aloud() -> None:
    capturing = replace(UP, phase=Phase.LISTENING, cue=Cue.OUT, is_capturing=True)
    state, done = play(capturing, on.LinkLost())
    assert not done
    assert state.sends_sound, "what is said meanwhile waits in the link"
    back, done = play(state, on.LinkUp(is_resumed=True))
    assert back == capturing
    gone, done = play(state, on.LinkGone())
    assert "CloseEar" in kinds(done)
    assert on.PlayCue(cue=on.Chime.ERROR, is_asked=False) in done
    assert not gone.sends_sound


def test_a_new_session_says_hello_and_whether_it_is_muted() -> None:
    _, done = play(replace(State(), is_muted=True), on.LinkUp(is_resumed=False))
    assert done[-1] == on.Send(kind="hello", fields={"version": 1, "hands_free": False, "muted": True})


def test_an_alarm_rings_here_only_while_the_server_is_away() -> None:
    assert play(UP, on.AlarmDue(alarm_id="a"))[1] == []
    state, done = play(State(), on.AlarmDue(alarm_id="a"))
    assert "StartRing" in kinds(done)
    state, done = play(state, on.StopPressed())
    assert {"StopRing", "DropAlarm"} <= set(kinds(done))
    assert not state.ringing
    assert play(state, on.AlarmDue(alarm_id="a"))[1] == []
    state, done = play(state, on.LinkUp(is_resumed=False), said("alert", id="a", kind="timer", text="Tea."))
    assert done[-1] == on.Send(kind="stop"), "the server learns that it was stopped"
    assert not state.ringing


def test_a_ring_pauses_while_somebody_may_speak() -> None:
    ringing = replace(UP, ringing=("a",))
    state, done = play(ringing, on.Pressed())
    assert kinds(done)[0] == "StopRing"
    _, done = play(state, said("wake_lost"))
    assert "StartRing" in kinds(done)


def test_a_call_is_cued_and_lit_before_the_microphone_opens() -> None:
    state, done = play(UP, said("intercom", state="ringing", peer="Kitchen"), said("intercom", state="open", peer="Kitchen"))
    assert not state.sends_sound
    assert on.ShowState(word="intercom") in done
    state, done = play(state, on.CueStarted(cue=on.Chime.START))
    assert done == [on.OpenEar()]
    assert state.sends_sound
    sound = on.ServerSaid(kind="audio-chunk", fields={"id": 0, "rate": 16_000, "width": 2, "channels": 1}, payload=b"ab")
    assert play(state, sound)[1] == [on.PlaySound(speech_id=0, sound=b"ab", rate_hz=16_000)]
    state, done = play(state, said("intercom", state="ended", peer=""))
    assert not state.sends_sound
    assert on.DropSpeech(speech_id=0) in done
    assert play(state, sound)[1] == []


def test_the_wake_word_hangs_up() -> None:
    talking = replace(UP, intercom=Intercom.OPEN, cue=Cue.OUT)
    state, done = play(talking, WAKE)
    assert on.Send(kind="stop") in done
    assert not state.sends_sound


def test_a_revoked_device_stops_for_good() -> None:
    _, done = play(UP, said("error", code="device.revoked", message="Not paired any more."))
    assert done == [on.EndLink(sentence="Not paired any more.", is_final=True)]


VALUES: dict[str, st.SearchStrategy[object]] = {
    "state": st.sampled_from(["asleep", "listening", "thinking", "speaking"]),
    "cue": st.sampled_from(CUES),
    "open": st.booleans(),
    "muted": st.booleans(),
    "capture": st.booleans(),
    "id": st.integers(0, 3),
    "rate_hz": st.just(24_000),
    "alarms": st.just([]),
    "wake_words": st.just(["alexa"]),
}


def server_messages() -> st.SearchStrategy[on.Event]:
    """Every message that a server can send, `renewed` and sound included."""
    made: list[st.SearchStrategy[on.Event]] = [
        st.builds(
            on.ServerSaid,
            kind=st.just(kind),
            fields=st.fixed_dictionaries({name: VALUES.get(name, st.text(max_size=4)) for name in names} | _special(kind)),
        )
        for kind, names in SERVER_FIELDS.items()
    ]
    sound = st.integers(0, 3).map(
        lambda number: on.ServerSaid(
            kind="audio-chunk", fields={"id": number, "rate": 16_000, "width": 2, "channels": 1}, payload=b"abcd"
        )
    )
    renewed = st.just(on.ServerSaid(kind="renewed", fields={"certificate": "x"}))
    return st.one_of(*made, sound, renewed)


def _special(kind: str) -> dict[str, st.SearchStrategy[object]]:
    match kind:
        case "intercom":
            return {"state": st.sampled_from(["ringing", "open", "ended"])}
        case "alert" | "alert_end":
            return {"id": st.sampled_from(["a", "b"])}
        case _:
            return {}


DEVICE_EVENTS: st.SearchStrategy[on.Event] = st.one_of(
    st.sampled_from(
        [
            WAKE,
            on.Pressed(),
            on.StopPressed(),
            on.LinkUp(is_resumed=True),
            on.LinkUp(is_resumed=False),
            on.LinkLost(),
            on.LinkGone(),
            on.AlarmDue(alarm_id="a"),
            on.WaitedTooLong(what=on.Waiting.WAKE),
            *(on.CueStarted(cue=chime) for chime in on.Chime),
        ]
    ),
    st.integers(0, 3).map(lambda number: on.SpeechStarted(speech_id=number)),
    st.integers(0, 3).map(lambda number: on.SpeechFinished(speech_id=number)),
)


LEADING: st.SearchStrategy[on.Event] = st.sampled_from(
    [
        said("cue", cue="start"),
        on.CueStarted(cue=on.Chime.START),
        said("capture", open=True),
        said("intercom", state="open", peer="Den"),
    ]
)
"""What leads to an open ear, so that random orders often get there."""


@given(st.lists(LEADING | server_messages() | DEVICE_EVENTS, max_size=40))
def test_nothing_but_the_device_itself_unmutes(happened: list[on.Event]) -> None:
    state, _ = play(UP, on.MuteSet(is_on=True))
    for event in happened:
        state, commands = advance(state, event)
        assert state.is_muted
        assert not state.sends_sound
        assert not {"StartMicrophone", "OpenEar", "KeepSound"} & set(kinds(list(commands)))


@given(st.lists(LEADING | server_messages() | DEVICE_EVENTS | st.booleans().map(lambda on_: on.MuteSet(is_on=on_)), max_size=60))
def test_in_every_order_the_ear_opens_only_after_the_cue_and_the_light(happened: list[on.Event]) -> None:
    state, light, is_cue_out = UP, "asleep", False
    for event in happened:
        if isinstance(event, on.CueStarted) and event.cue is on.Chime.START:
            is_cue_out = is_cue_out or state.cue is Cue.PLAYING
        state, commands = advance(state, event)
        for command in commands:
            match command:
                case on.ShowState(word=word):
                    light = word
                case on.PlayCue(cue=on.Chime.START):
                    is_cue_out = False
                case on.CloseEar():
                    is_cue_out = False
                case on.OpenEar():
                    assert is_cue_out
                    assert light in {"listening", "intercom"}
        if state.sends_sound:
            assert light in {"listening", "intercom"}
        assert light == state.word
