"""The satellite as a pure state machine: `(state, event) -> (state, commands)`.

Rules that hold in every state:
- No sound leaves unless the start cue is out and the indicator shows it; a capture that the server opens without is a breach.
- While muted the microphone is stopped; nothing that the server says starts it: only `MuteSet`, which comes from the device.
- "Stop" always works: it silences replies, rings and the microphone before the server has answered.
- A server that cannot be reached is said to whoever asks, and takes neither mute nor the alarms away.
- A second look at wake words holds for the session in which the server sent it: what the server cannot take back is not used.
- Music is soft while somebody speaks, and silent in a call; mute does not touch it.

It does no I/O and knows no clock; `satellite.Satellite` carries out its commands and reports what happened as events.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeAlias, assert_never

from earwitness.domain.alert import SNOOZE_SECONDS, RungAway
from earwitness.protocol.session_messages import FIRST_MUSIC_ID, LAST_MUSIC_ID
from earwitness.satellite.events import (
    AlarmDue,
    BeginMusic,
    BeginSpeech,
    Chime,
    CloseEar,
    Command,
    CueStarted,
    DropAlarm,
    DropMusic,
    DropSpeech,
    EndLink,
    EndMusic,
    EndSpeech,
    Event,
    FeedMusic,
    ForgetRung,
    HoldAlarms,
    KeepAlarmSound,
    KeepPhrase,
    KeepSound,
    LearnRing,
    LevelMusic,
    LinkGone,
    LinkLost,
    LinkUp,
    LookTwice,
    MusicFinished,
    MusicStarted,
    MuteKept,
    MuteSet,
    MuteYourself,
    NoteRung,
    OpenEar,
    PlayCue,
    PlaySound,
    Pressed,
    SayAway,
    Send,
    ServerSaid,
    SetVolume,
    ShowState,
    SnoozeAlarm,
    SnoozePressed,
    SpeechFinished,
    SpeechStarted,
    StartMicrophone,
    StartRing,
    StartWaiting,
    StopMicrophone,
    StopPressed,
    StopRing,
    StopWaiting,
    Tell,
    TellMusic,
    TellRung,
    TellSounds,
    UseSettings,
    WaitedTooLong,
    Waiting,
    WakeHeard,
)
from earwitness.satellite.state import Cue, Intercom, Link, Phase, State

VERSION: Final = 1
INTERCOM_ID: Final = 0
"""The speech id of the sound that comes from another satellite."""
MOST_SPEECHES: Final = 8
MOST_TRACKS: Final = 4
"""Tracks of music that are here at once: one that is played, and those whose sound has come already."""
REVOKED: Final = "device.revoked"


Step: TypeAlias = tuple[State, tuple[Command, ...]]


def advance(state: State, event: Event) -> Step:
    """Take one event; returns the next state and what is to be done, in order. The light and the ring change first."""
    after, commands = _react(state, event)
    first: list[Command] = [command for command in commands if isinstance(command, LearnRing)]
    if state.rings and not after.rings:
        first.append(StopRing(alert_ids=after.ringing))
    if after.word != state.word:
        first.append(ShowState(word=after.word))
    if after.rings and (not state.rings or after.ringing != state.ringing):
        first.append(StartRing(alert_ids=after.ringing))
    if after.music and (not state.music or after.music_level != state.music_level):
        percent, is_ducked, is_held = after.music_level
        first.append(LevelMusic(percent=percent, is_ducked=is_ducked, is_held=is_held))
        if after.music[0] in state.music and after.is_music_held != state.is_music_held:
            first += _told_music(after, after.music[0])
    return after, (*first, *(command for command in commands if not isinstance(command, LearnRing)))


def _react(state: State, event: Event) -> Step:  # one arm per event: the table of the machine
    match event:
        case WakeHeard():
            return _wake(state, event)
        case Pressed():
            return _press(state)
        case StopPressed():
            return _stop(state)
        case SnoozePressed():
            return _snooze(state)
        case MuteSet(is_on=is_on):
            return _mute(state) if is_on else _unmute(state)
        case MuteKept():
            return state, _if_reachable(state, Send(kind="mute", fields={"on": True})) if state.is_muted else ()
        case CueStarted(cue=cue):
            return _cue_out(state, cue)
        case SpeechStarted(speech_id=speech_id):
            return state, () if speech_id == INTERCOM_ID else (_playback(speech_id, "started"),)
        case SpeechFinished(speech_id=speech_id):
            return _forget_speech(state, speech_id)
        case LinkUp():
            return _link_up(state, event)
        case LinkLost():
            return (replace(state, link=Link.LOST), ()) if state.link is Link.UP else (state, ())
        case LinkGone():
            return _link_gone(state)
        case AlarmDue(alarm_id=alarm_id):
            return _alarm_due(state, alarm_id)
        case MusicStarted(track_id=track_id):
            return state, _told_music(state, track_id, "started") if track_id in state.music else ()
        case MusicFinished(track_id=track_id):
            return _music_finished(state, track_id)
        case WaitedTooLong(what=Waiting.NEWS):
            return replace(state, lost_music=None), ()
        case WaitedTooLong():
            return _waited(state)
        case ServerSaid(kind=kind, fields=fields, payload=payload):
            return _hear_server(state, kind, fields=fields, payload=payload)
        case _:
            assert_never(event)


# What happens at the device


def _wake(state: State, wake: WakeHeard) -> Step:
    """In a call the wake word hangs up: there may be no key to do so."""
    if state.intercom is Intercom.OPEN and not state.is_muted:
        return _stop(state)
    if state.is_muted or state.is_lit or state.phase is Phase.WAKING:
        return state, ()
    if state.link is not Link.UP:
        return state, (CloseEar(), SayAway())
    said = Send(
        kind="wake",
        fields={
            "word": wake.word,
            "loudness_dbfs": round(min(0.0, max(-120.0, wake.loudness_dbfs)), 1),
            "score": round(min(1.0, max(0.0, wake.score)), 3),
            "age_ms": min(5000, max(0, wake.age_ms)),
        },
    )
    return _begin(state, (said,))


def _press(state: State) -> Step:
    if state.is_muted:
        return state, (PlayCue(cue=Chime.ERROR, is_asked=False), Tell(text="Muted: press m to let it hear again."))
    if state.is_lit and state.intercom is not Intercom.OPEN:
        return state, (Send(kind="release"),)
    if state.link is not Link.UP:
        return state, (SayAway(),)
    if state.phase is Phase.WAKING:
        return state, ()
    return _begin(state, (KeepSound(), Send(kind="press")))


def _begin(state: State, said: tuple[Command, ...]) -> Step:
    """A reply that is being spoken makes way at once."""
    drops = tuple(DropSpeech(speech_id=one) for one in state.speeches if one != INTERCOM_ID)
    return replace(state, phase=Phase.WAKING), (*drops, *said, StartWaiting(what=Waiting.WAKE))


def _stop(state: State) -> Step:
    after, silent = _end_capture(replace(state, intercom=Intercom.NONE))
    drops = tuple(DropSpeech(speech_id=one) for one in state.speeches)
    rung: tuple[Command, ...] = tuple(DropAlarm(alarm_id=one) for one in state.ringing)
    if state.link is not Link.UP:
        rung += tuple(NoteRung(alarm_id=one, what=RungAway.STOPPED) for one in state.ringing)
    is_in_call = state.intercom is Intercom.OPEN  # then that is what was stopped, and its music goes on
    music = (DropMusic(), *_told_music(state, state.music[0], "stopped")) if state.music and not is_in_call else ()
    said = (*music, *(() if state.link is Link.AWAY else (Send(kind="stop"),)))
    silenced = state.silenced if state.link is Link.UP else tuple(dict.fromkeys((*state.silenced, *state.ringing)))[-16:]
    return replace(after, ringing=(), silenced=silenced, music=state.music if is_in_call else ()), (*silent, *drops, *rung, *said)


def _snooze(state: State) -> Step:
    """What rings is quiet at once, and rings again later; the server is told as soon as it can be reached."""
    later = tuple(SnoozeAlarm(alarm_id=one, seconds=SNOOZE_SECONDS) for one in state.ringing)
    told = (TellRung(),) if later and state.link is Link.UP else ()
    return replace(state, ringing=()), (*later, *told)


def _mute(state: State) -> Step:
    """The microphone stops at once; the server hears of it when it is kept."""
    if state.is_muted:
        return state, ()
    after, silent = _end_capture(replace(state, is_muted=True))
    return after, (StopMicrophone(), *silent)


def _unmute(state: State) -> Step:
    if not state.is_muted:
        return state, ()
    said = _if_reachable(state, Send(kind="mute", fields={"on": False}))
    return replace(state, is_muted=False), (StartMicrophone(), *said)


def _end_capture(state: State) -> Step:
    """Nothing leaves from here on; what was kept is forgotten."""
    is_waking = state.phase is Phase.WAKING
    phase = Phase.ASLEEP if state.phase in (Phase.WAKING, Phase.LISTENING) else state.phase
    after = replace(state, is_capturing=False, cue=Cue.NONE, phase=phase)
    return after, ((CloseEar(), StopWaiting(what=Waiting.WAKE)) if is_waking else (CloseEar(),))


def _cue_out(state: State, cue: Chime) -> Step:
    if cue is not Chime.START:
        return state, _if_reachable(state, Send(kind="cue_done", fields={"cue": cue.value}))
    if state.cue is not Cue.PLAYING or state.is_muted:
        return state, ()
    after = replace(state, cue=Cue.OUT)
    if state.intercom is Intercom.OPEN:
        return after, (OpenEar(),)
    return after, (Send(kind="cue_done", fields={"cue": cue.value}),)


def _forget_speech(state: State, speech_id: int) -> Step:
    after = replace(state, speeches=tuple(one for one in state.speeches if one != speech_id))
    return after, () if speech_id == INTERCOM_ID else _if_reachable(state, _playback(speech_id, "finished"))


def _alarm_due(state: State, alarm_id: str) -> Step:
    """The server rings its alarms itself while it can be reached."""
    if state.link is Link.UP or alarm_id in state.silenced or alarm_id in state.ringing:
        return state, ()
    rings = NoteRung(alarm_id=alarm_id, what=RungAway.RINGING)
    return replace(state, ringing=(*state.ringing, alarm_id)), (rings, Tell(text="An alarm rings."))


# The link


def _link_up(state: State, event: LinkUp) -> Step:
    after = replace(state, link=Link.UP, knows_sounds=event.knows_sounds, knows_music=event.knows_music)
    if event.is_resumed:
        return after, (TellRung(),)
    after, silent = _lose_session(after)
    knows = {"sounds": event.knows_sounds, "music": event.knows_music, "second_look": event.knows_second_look}
    known = {name: True for name, is_known in knows.items() if is_known}
    hello = Send(kind="hello", fields={"version": VERSION, "hands_free": False, "muted": state.is_muted, **known})
    lost = () if after.lost_music is None else (StopWaiting(what=Waiting.NEWS), *_told_music(after, after.lost_music, "lost"))
    sounds = (TellSounds(),) if event.knows_sounds else ()
    return replace(after, lost_music=None), (*silent, hello, TellRung(), *sounds, *lost)


def _link_gone(state: State) -> Step:
    if state.link is Link.AWAY:
        return state, ()
    after, silent = _lose_session(replace(state, link=Link.AWAY))
    return after, (*silent, Tell(text="The server cannot be reached; trying again. Mute and alarms still work."))


def _lose_session(state: State) -> Step:
    """What the server had begun is over: a capture ends with the error cue; what was already sent of a reply is played."""
    was_heard = state.is_lit or state.phase is Phase.WAKING
    after, silent = _end_capture(replace(state, intercom=Intercom.NONE, phase=Phase.ASLEEP if not was_heard else state.phase))
    ends = tuple(EndSpeech(speech_id=one) for one in state.speeches)
    failed = (PlayCue(cue=Chime.ERROR, is_asked=False),) if was_heard else ()
    forgets = (LookTwice(verifier=None),) if after.looks_twice else ()
    after, stopped = _lose_music(replace(after, phase=Phase.ASLEEP, looks_twice=False))
    return after, (*(silent if was_heard else ()), *ends, *failed, *forgets, *stopped)


def _lose_music(state: State) -> Step:
    """Nobody sends more of it. Whoever was heard to play is told when the server is back, if that is soon; what was paused is not
    missed."""
    if not state.music:
        return state, ()
    lost = None if state.is_music_paused else state.music[0]
    news: tuple[Command, ...] = () if lost is None else (StartWaiting(what=Waiting.NEWS),)
    return replace(state, music=(), lost_music=lost), (DropMusic(), *news)


def _waited(state: State) -> Step:
    if state.phase is not Phase.WAKING:
        return state, ()
    return replace(state, phase=Phase.ASLEEP), (CloseEar(), SayAway())


# What the server says


def _hear_server(state: State, kind: str, *, fields: Mapping[str, object], payload: bytes) -> Step:
    match kind:
        case "state":
            return _server_state(state, str(fields["state"]))
        case "cue":
            return _play_cue(state, Chime(str(fields["cue"])))
        case "capture":
            return _open_capture(state) if fields["open"] else _end_capture(state)
        case "wake_lost":
            return _end_capture(state) if state.phase is Phase.WAKING else (state, ())
        case "speech" | "speech_end" | "speech_stop" | "audio-chunk" | "phrase":
            return _hear_speech(state, kind, fields=fields, payload=payload)
        case "music" | "music_end" | "music_stop" | "music_set":
            return _hear_music(state, kind, fields=fields)
        case "alarm_sound" if _whole(fields, "id") != INTERCOM_ID:
            kept = KeepAlarmSound(digest=str(fields["digest"]), speech_id=_whole(fields, "id"), rate_hz=_whole(fields, "rate_hz"))
            return state, (kept,)
        case "alert" | "alert_end" | "alarms" | "rung_kept":
            return _hear_alert(state, kind, fields=fields)
        case "intercom":
            return _hear_intercom(state, str(fields["state"]))
        case "mute_wish":
            return state, () if state.is_muted else (MuteYourself(),)
        case "volume_wish":
            return _set_volume(state, fields)
        case "settings":
            return state, (UseSettings(fields=fields),)
        case "second_look":
            verifier = fields["verifier"]
            look = LookTwice(verifier=verifier if isinstance(verifier, str) else None)
            return replace(state, looks_twice=look.verifier is not None), (look,)
        case "error":
            sentence = str(fields["message"])
            return state, (EndLink(sentence=sentence, is_final=True),) if fields["code"] == REVOKED else (Tell(text=sentence),)
        case "notice" | "transcript":
            return state, (Tell(text=str(fields["text"]), is_said=True),)
        case _:
            return state, ()


def _set_volume(state: State, fields: Mapping[str, object]) -> Step:
    percent, change = fields["percent"], fields["change"]
    wanted = percent if isinstance(percent, int) else state.volume + (change if isinstance(change, int) else 0)
    volume = min(100, max(0, wanted))
    return replace(state, volume=volume), (SetVolume(percent=volume), Send(kind="volume", fields={"percent": volume}))


def _server_state(state: State, word: str) -> Step:
    """The server's state is ours, but for a wake that it has not answered with its cue yet, since when what is heard is kept, and
    a capture that we have closed ourselves."""
    phase = Phase(word)
    if state.phase is Phase.WAKING:
        return state, ()
    if phase is not Phase.LISTENING and state.is_lit and not state.is_capturing and state.intercom is Intercom.NONE:
        after, silent = _end_capture(state)
        return replace(after, phase=phase), silent
    return replace(state, phase=phase), ()


def _play_cue(state: State, cue: Chime) -> Step:
    if cue is not Chime.START:
        return state, (PlayCue(cue=cue),)
    if state.is_muted:
        return state, ()
    keeps = () if state.phase is Phase.WAKING else (KeepSound(),)
    after = replace(state, cue=Cue.PLAYING, phase=Phase.LISTENING)
    return after, (StopWaiting(what=Waiting.WAKE), *keeps, PlayCue(cue=cue))


def _open_capture(state: State) -> Step:
    if state.is_muted:
        return state, ()
    if state.cue is not Cue.OUT:
        return state, (EndLink(sentence="The server opened a capture without a cue; the connection was ended."),)
    return replace(state, is_capturing=True, phase=Phase.LISTENING), (OpenEar(),)


def _hear_speech(state: State, kind: str, *, fields: Mapping[str, object], payload: bytes) -> Step:
    speech_id = _whole(fields, "id")
    match kind:
        case "speech" if speech_id != INTERCOM_ID:
            told = Tell(text=str(fields["text"]), is_said=True)
            if speech_id in state.speeches:
                return state, (told,)
            if len(state.speeches) >= MOST_SPEECHES:
                return state, ()
            begun = BeginSpeech(speech_id=speech_id, rate_hz=_whole(fields, "rate_hz"))
            return replace(state, speeches=(*state.speeches, speech_id)), (begun, told)
        case "phrase" if speech_id != INTERCOM_ID:
            return state, (KeepPhrase(name=str(fields["name"]), speech_id=speech_id, rate_hz=_whole(fields, "rate_hz")),)
        case "speech_end":
            return state, (EndSpeech(speech_id=speech_id),)
        case "speech_stop":
            return state, (DropSpeech(speech_id=speech_id),)
        case "audio-chunk" if FIRST_MUSIC_ID <= speech_id <= LAST_MUSIC_ID:
            return state, (FeedMusic(track_id=speech_id, sound=payload),) if speech_id in state.music else ()
        case "audio-chunk":
            if speech_id == INTERCOM_ID and state.intercom is not Intercom.OPEN:
                return state, ()
            return state, (PlaySound(speech_id=speech_id, sound=payload, rate_hz=_whole(fields, "rate")),)
        case _:
            return state, ()


def _hear_music(state: State, kind: str, *, fields: Mapping[str, object]) -> Step:
    match kind:
        case "music":
            track_id = _whole(fields, "id")
            if track_id in state.music or len(state.music) >= MOST_TRACKS:
                return state, ()
            begun = BeginMusic(track_id=track_id, rate_hz=_whole(fields, "rate_hz"))
            return replace(state, music=(*state.music, track_id), lost_music=None), (begun,)
        case "music_end":
            track_id = _whole(fields, "id")
            return state, (EndMusic(track_id=track_id),) if track_id in state.music else ()
        case "music_stop":
            told = _told_music(state, state.music[0], "stopped") if state.music else ()
            return replace(state, music=()), (DropMusic(), *told)
        case _:
            after = replace(state, is_music_paused=fields["paused"] is True, music_volume=_whole(fields, "volume"))
            is_told = after.music and after.is_music_held == state.is_music_held  # a pause is told by `advance`
            return after, _told_music(after, after.music[0]) if is_told else ()


def _music_finished(state: State, track_id: int) -> Step:
    if track_id not in state.music:
        return state, ()
    after = replace(state, music=tuple(one for one in state.music if one != track_id))
    return after, _told_music(after, track_id, "finished")


def _told_music(state: State, track_id: int, what: str | None = None) -> tuple[Command, ...]:
    """Tell the server, if it is there and knows music, how a track stands; as it is now without a word for it."""
    if state.link is Link.AWAY or not state.knows_music:
        return ()
    return (TellMusic(track_id=track_id, what=what or ("paused" if state.is_music_held else "playing")),)


def _hear_alert(state: State, kind: str, *, fields: Mapping[str, object]) -> Step:
    if kind == "alarms":
        alarms = fields["alarms"]
        return state, (HoldAlarms(alarms=tuple(alarms) if isinstance(alarms, list | tuple) else ()),)
    if kind == "rung_kept":
        return _rung_kept(state, ids=_texts(fields["ids"]), over=_texts(fields["over"]))
    alert_id = str(fields["id"])
    if kind == "alert_end":
        after = replace(state, ringing=_without(state.ringing, alert_id), silenced=_without(state.silenced, alert_id))
        return after, (DropAlarm(alarm_id=alert_id),)
    if alert_id in state.silenced:
        return replace(state, silenced=_without(state.silenced, alert_id)), (Send(kind="stop"),)
    ringing = (*_without(state.ringing, alert_id), alert_id)[-16:]
    return replace(state, ringing=ringing), (_learned(alert_id, fields), Tell(text=str(fields["text"]), is_said=True))


def _learned(alert_id: str, fields: Mapping[str, object]) -> LearnRing:
    sound, rung = fields.get("sound"), fields.get("rung_seconds", 0.0)
    return LearnRing(
        alert_id=alert_id,
        sound=sound if isinstance(sound, str) else None,
        is_rising=fields.get("rising") is True,
        rung_seconds=float(rung) if isinstance(rung, int | float) else 0.0,
    )


def _rung_kept(state: State, *, ids: tuple[str, ...], over: tuple[str, ...]) -> Step:
    """The server knows; what is over there is over here."""
    ringing = tuple(one for one in state.ringing if one not in over)
    silenced = tuple(one for one in state.silenced if one not in ids)
    dropped = tuple(DropAlarm(alarm_id=one) for one in over)
    return replace(state, ringing=ringing, silenced=silenced), (ForgetRung(alarm_ids=ids), *dropped)


def _hear_intercom(state: State, word: str) -> Step:
    wanted = Intercom.NONE if word == "ended" else Intercom(word)
    if wanted is state.intercom:
        return state, ()
    if wanted is Intercom.OPEN:
        after = replace(state, intercom=wanted)
        begun = BeginSpeech(speech_id=INTERCOM_ID, rate_hz=16_000)
        if state.is_muted:
            return after, (begun, Tell(text="Muted: the other side is heard, and hears nothing."))
        lit = replace(after, cue=Cue.PLAYING, phase=Phase.ASLEEP)
        return lit, (begun, StopWaiting(what=Waiting.WAKE), KeepSound(), PlayCue(cue=Chime.START))
    after = replace(state, intercom=wanted)
    if state.intercom is not Intercom.OPEN:
        return after, ()
    after, silent = _end_capture(after)
    return after, (*silent, DropSpeech(speech_id=INTERCOM_ID))


def _playback(speech_id: int, word: str) -> Send:
    return Send(kind="playback", fields={"id": speech_id, "state": word})


def _if_reachable(state: State, said: Send) -> tuple[Command, ...]:
    """Nothing waits for a server whose session is over: `hello` will tell it."""
    return () if state.link is Link.AWAY else (said,)


def _without(ids: tuple[str, ...], gone: str) -> tuple[str, ...]:
    return tuple(one for one in ids if one != gone)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


def _whole(fields: Mapping[str, object], name: str) -> int:
    value = fields[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is no whole number")  # the decoder has checked it
    return value
