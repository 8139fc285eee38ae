"""The satellite's states: playbooks, and what no order of events may bring about."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.alert import RungAway
from earwitness.protocol.session_messages import CUES, FIRST_MUSIC_ID, SERVER_FIELDS
from earwitness.satellite import events as on
from earwitness.satellite.agent import MOST_TRACKS, advance
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


@pytest.mark.parametrize("begun", [WAKE, on.Pressed()])
def test_what_is_said_until_the_cue_comes_is_kept_however_long_that_takes(begun: on.Event) -> None:
    """The server says that it listens before it says which cue to play."""
    state, _ = play(UP, begun)
    listening = said("state", state="listening", muted=False, capture=False)
    _, done = play(state, listening, said("cue", cue="start"), on.CueStarted(cue=on.Chime.START), said("capture", open=True))
    assert kinds(done) == ["ShowState", "StopWaiting", "PlayCue", "cue_done", "OpenEar"]


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
    assert kinds(done) == ["ShowState", "StopMicrophone", "CloseEar"], "the microphone stops before anything is written"
    assert not state.sends_sound
    state, done = play(state, on.MuteKept())
    assert done == [on.Send(kind="mute", fields={"on": True})]
    assert play(UP, on.MuteKept())[1] == [], "it was unmuted meanwhile"
    state, done = play(state, WAKE, on.Pressed(), said("cue", cue="start"), said("capture", open=True))
    assert "KeepSound" not in kinds(done)
    assert "OpenEar" not in kinds(done)
    _, done = play(state, on.MuteSet(is_on=False))
    assert kinds(done) == ["ShowState", "StartMicrophone", "mute"]


def test_the_page_may_wish_a_mute() -> None:
    assert play(UP, said("mute_wish"))[1] == [on.MuteYourself()]
    assert play(replace(UP, is_muted=True), said("mute_wish"))[1] == []


@pytest.mark.parametrize(
    ("percent", "change", "volume"), [(40, 0, 40), (None, 15, 75), (None, -15, 45), (None, 90, 100), (None, -90, 0), (0, 0, 0)]
)
def test_a_wish_for_another_volume_is_done_and_answered(percent: int | None, change: int, volume: int) -> None:
    state, done = play(replace(UP, volume=60), said("volume_wish", percent=percent, change=change))
    assert state.volume == volume
    assert done == [on.SetVolume(percent=volume), on.Send(kind="volume", fields={"percent": volume})]


def test_a_cut_in_mid_word_waits_and_then_fails_aloud() -> None:
    capturing = replace(UP, phase=Phase.LISTENING, cue=Cue.OUT, is_capturing=True)
    state, done = play(capturing, on.LinkLost())
    assert not done
    assert state.sends_sound, "what is said meanwhile waits in the link"
    back, done = play(state, on.LinkUp(is_resumed=True))
    assert back == capturing
    assert done == [on.TellRung()]
    gone, done = play(state, on.LinkGone())
    assert "CloseEar" in kinds(done)
    assert on.PlayCue(cue=on.Chime.ERROR, is_asked=False) in done
    assert not gone.sends_sound


def test_a_new_session_says_hello_and_whether_it_is_muted() -> None:
    _, done = play(replace(State(), is_muted=True), on.LinkUp(is_resumed=False))
    hello = on.Send(kind="hello", fields={"version": 1, "hands_free": False, "muted": True})
    assert done[-2:] == [hello, on.TellRung()]


def test_an_alarm_rings_here_only_while_the_server_is_away() -> None:
    assert play(UP, on.AlarmDue(alarm_id="a"))[1] == []
    state, done = play(State(), on.AlarmDue(alarm_id="a"))
    assert "StartRing" in kinds(done)
    assert on.NoteRung(alarm_id="a", what=RungAway.RINGING) in done
    state, done = play(state, on.StopPressed())
    assert {"StopRing", "DropAlarm"} <= set(kinds(done))
    assert on.NoteRung(alarm_id="a", what=RungAway.STOPPED) in done
    assert not state.ringing
    assert play(state, on.AlarmDue(alarm_id="a"))[1] == []
    state, done = play(state, on.LinkUp(is_resumed=False), said("alert", id="a", kind="timer", text="Tea."))
    assert done[-1] == on.Send(kind="stop"), "the server learns that it was stopped"
    assert not state.ringing


def test_a_snoozed_alarm_is_quiet_and_the_server_is_told_at_once_or_when_it_is_back() -> None:
    for before, told in ((UP, [on.TellRung()]), (State(), [])):
        state, done = play(replace(before, ringing=("a",)), on.SnoozePressed())
        assert not state.ringing
        assert [one for one in done if isinstance(one, on.SnoozeAlarm)] == [on.SnoozeAlarm(alarm_id="a", seconds=540.0)]
        assert [one for one in done if isinstance(one, on.TellRung)] == told
    assert play(UP, on.SnoozePressed())[1] == []


def test_what_is_over_for_the_server_rings_no_more() -> None:
    ringing = replace(UP, ringing=("a", "b"), silenced=("c",))
    state, done = play(ringing, said("rung_kept", ids=["a", "b", "c"], over=["a"]))
    assert (state.ringing, state.silenced) == (("b",), ())
    rings = on.StartRing(alert_ids=("b",))
    assert done == [rings, on.ForgetRung(alarm_ids=("a", "b", "c")), on.DropAlarm(alarm_id="a")]


def test_how_an_alert_rings_is_known_before_it_is_heard() -> None:
    alert = said("alert", id="a", kind="timer", text="It is 7:00 AM.", sound="e" * 64, rising=True, rung_seconds=4.5)
    _, done = play(UP, alert)
    learned = on.LearnRing(alert_id="a", sound="e" * 64, is_rising=True, rung_seconds=4.5)
    assert done.index(learned) < done.index(on.StartRing(alert_ids=("a",)))


def test_a_second_alert_changes_the_ring_and_a_pause_keeps_both() -> None:
    state, _ = play(UP, said("alert", id="a", kind="timer", text="One."))
    state, done = play(state, said("alert", id="b", kind="timer", text="Two."))
    assert on.StartRing(alert_ids=("a", "b")) in done
    _, done = play(state, on.Pressed())
    assert on.StopRing(alert_ids=("a", "b")) in done


def test_a_server_that_knows_sounds_is_told_which_are_here_and_an_older_one_is_not() -> None:
    _, done = play(State(), on.LinkUp(is_resumed=False, knows_sounds=True))
    hello = next(one for one in done if isinstance(one, on.Send) and one.kind == "hello")
    assert hello.fields["sounds"] is True
    assert on.TellSounds() in done
    _, done = play(State(), on.LinkUp(is_resumed=False))
    hello = next(one for one in done if isinstance(one, on.Send) and one.kind == "hello")
    assert "sounds" not in hello.fields
    assert on.TellSounds() not in done


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


MUSIC = FIRST_MUSIC_ID
TUNED = replace(UP, knows_music=True)
PLAYING = replace(TUNED, music=(MUSIC, MUSIC + 1))


def piece(track_id: int) -> on.ServerSaid:
    fields = {"id": track_id, "rate": 24_000, "width": 2, "channels": 1}
    return on.ServerSaid(kind="audio-chunk", fields=fields, payload=b"abcd")


def level(done: list[on.Command]) -> list[on.LevelMusic]:
    return [command for command in done if isinstance(command, on.LevelMusic)]


def told(done: list[on.Command]) -> list[str]:
    return [command.what for command in done if isinstance(command, on.TellMusic)]


def test_a_track_from_its_beginning_to_its_end() -> None:
    state, done = play(TUNED, said("music_set", paused=False, volume=30), said("music", id=MUSIC, rate_hz=24_000))
    assert done == [
        on.LevelMusic(percent=30, is_ducked=False, is_held=False),
        on.BeginMusic(track_id=MUSIC, rate_hz=24_000),
    ]
    state, done = play(state, piece(MUSIC), said("music_end", id=MUSIC))
    assert done == [on.FeedMusic(track_id=MUSIC, sound=b"abcd"), on.EndMusic(track_id=MUSIC)]
    state, done = play(state, on.MusicStarted(track_id=MUSIC), on.MusicFinished(track_id=MUSIC))
    assert told(done) == ["started", "finished"]
    assert state == replace(TUNED, music_volume=30)


def test_music_of_a_track_that_is_not_here_is_dropped_and_tracks_are_few() -> None:
    assert play(TUNED, piece(MUSIC), said("music_end", id=MUSIC), on.MusicFinished(track_id=MUSIC))[1] == []
    state, done = play(TUNED, *(said("music", id=MUSIC + number, rate_hz=24_000) for number in range(9)))
    assert state.music == tuple(MUSIC + number for number in range(MOST_TRACKS))
    assert kinds(done).count("BeginMusic") == MOST_TRACKS


def test_music_is_soft_from_the_wake_word_until_the_reply_is_over() -> None:
    state, done = play(PLAYING, WAKE)
    assert level(done) == [on.LevelMusic(percent=50, is_ducked=True, is_held=False)]
    state, done = play(
        state,
        said("cue", cue="start"),
        on.CueStarted(cue=on.Chime.START),
        said("capture", open=True),
        said("capture", open=False),
        said("state", state="thinking", muted=False, capture=False),
        said("state", state="speaking", muted=False, capture=False),
    )
    assert level(done)[-1].is_ducked, "the end of the capture and the state after it come together"
    _, done = play(state, said("state", state="asleep", muted=False, capture=False))
    assert level(done) == [on.LevelMusic(percent=50, is_ducked=False, is_held=False)]


def test_music_is_soft_while_something_rings() -> None:
    state, done = play(PLAYING, said("alert", id="a", kind="timer", text="Tea."))
    assert level(done)[0].is_ducked
    assert not level(play(state, said("alert_end", id="a"))[1])[0].is_ducked


def test_music_waits_through_a_call_and_goes_on_after_it() -> None:
    state, done = play(PLAYING, said("intercom", state="ringing", peer="Den"))
    assert [(one.is_ducked, one.is_held) for one in level(done)] == [(True, False)]
    state, done = play(state, said("intercom", state="open", peer="Den"))
    assert level(done)[-1].is_held
    assert told(done) == ["paused"]
    over, done = play(state, said("intercom", state="ended", peer=""))
    assert told(done) == ["playing"]
    assert over.music == PLAYING.music
    for hung_up in (on.StopPressed(), WAKE):
        after, done = play(state, hung_up)
        assert after.music == PLAYING.music, "the call was stopped, not its music"
        assert "DropMusic" not in kinds(done)


def test_mute_leaves_music_alone() -> None:
    state, done = play(PLAYING, on.MuteSet(is_on=True), on.MuteKept(), on.MuteSet(is_on=False))
    assert state.music == PLAYING.music
    assert not level(done)
    assert not told(done)


@pytest.mark.parametrize("stopped", [on.StopPressed(), said("music_stop")])
def test_stop_ends_all_tracks_at_once_and_what_still_comes_is_not_heard(stopped: on.Event) -> None:
    state, done = play(PLAYING, stopped)
    assert "DropMusic" in kinds(done)
    assert told(done) == ["stopped"]
    assert play(state, piece(MUSIC), on.MusicFinished(track_id=MUSIC))[1] == []


def test_a_pause_is_reported_and_so_is_another_volume() -> None:
    state, done = play(PLAYING, said("music_set", paused=True, volume=50))
    assert told(done) == ["paused"]
    state, done = play(state, said("music_set", paused=True, volume=70))
    assert (level(done)[0].percent, told(done)) == (70, ["paused"])
    assert told(play(state, said("music_set", paused=False, volume=70))[1]) == ["playing"]


def test_music_goes_on_through_a_short_loss_and_ends_with_the_session() -> None:
    state, done = play(PLAYING, on.LinkLost())
    assert not done
    back, done = play(state, on.LinkUp(is_resumed=True, knows_music=True))
    assert back == PLAYING
    gone, done = play(state, on.LinkGone())
    assert {"DropMusic", "StartWaiting"} <= set(kinds(done))
    assert not gone.music
    _, done = play(gone, on.LinkUp(is_resumed=False, knows_music=True))
    assert told(done) == ["lost"], "the server is to say so"
    late, done = play(gone, on.WaitedTooLong(what=on.Waiting.NEWS), on.LinkUp(is_resumed=False, knows_music=True))
    assert told(done) == [], "after ten minutes nobody wants to hear of it"
    assert told(play(late, on.LinkUp(is_resumed=False, knows_music=True))[1]) == []


def test_a_server_that_began_anew_is_told_at_once_and_what_was_paused_is_no_news() -> None:
    assert told(play(PLAYING, on.LinkLost(), on.LinkUp(is_resumed=False, knows_music=True))[1]) == ["lost"]
    paused = replace(PLAYING, is_music_paused=True)
    assert told(play(paused, on.LinkLost(), on.LinkUp(is_resumed=False, knows_music=True))[1]) == []


def test_a_server_that_knows_no_music_is_told_nothing_of_it() -> None:
    _, done = play(PLAYING, on.LinkGone(), on.LinkUp(is_resumed=False))
    assert told(done) == []
    hello = next(one for one in done if isinstance(one, on.Send) and one.kind == "hello")
    assert "music" not in hello.fields


LOOK = said("second_look", verifier="what was learned")


def test_a_second_look_holds_for_the_session_that_brought_it() -> None:
    looking, done = play(UP, LOOK)
    assert done == [on.LookTwice(verifier="what was learned")]
    over = on.LookTwice(verifier=None)
    for events, is_over in (
        ([on.LinkLost()], False),
        ([on.LinkLost(), on.LinkUp(is_resumed=True)], False),
        ([on.LinkLost(), on.LinkGone()], True),
        ([on.LinkLost(), on.LinkUp(is_resumed=False)], True),
    ):
        state, done = play(looking, *events)
        assert (over in done, state.looks_twice) == (is_over, not is_over)
    state, done = play(looking, said("second_look", verifier=None))
    assert (done, state) == ([over], UP)


def test_only_a_server_that_knows_the_second_look_is_told_that_this_device_can_take_it() -> None:
    for knows in (True, False):
        _, done = play(State(), on.LinkUp(is_resumed=False, knows_music=True, knows_second_look=knows))
        hello = next(one for one in done if isinstance(one, on.Send) and one.kind == "hello")
        assert ("second_look" in hello.fields) is knows


VALUES: dict[str, st.SearchStrategy[object]] = {
    "state": st.sampled_from(["asleep", "listening", "thinking", "speaking"]),
    "cue": st.sampled_from(CUES),
    "open": st.booleans(),
    "muted": st.booleans(),
    "capture": st.booleans(),
    "id": st.integers(0, 3),
    "rate_hz": st.just(24_000),
    "alarms": st.just([]),
    "ids": st.just(["a"]),
    "over": st.just(["a"]),
    "wake_words": st.just(["alexa"]),
    "paused": st.booleans(),
    "volume": st.integers(0, 100),
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
            on.SnoozePressed(),
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
