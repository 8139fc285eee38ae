"""The satellite while it runs: turns microphone, speaker, keys and server into events, and carries out what the agent answers.

Owns the tasks and the clocks. It decides nothing (agent.py does), and no sound is sent but while the agent's state says so.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, assert_never

from earwitness.domain.errors import EarwitnessError, StorageError
from earwitness.protocol.session_messages import MOST_MUSIC_MS, MOST_MUSIC_WAITING_MS
from earwitness.satellite import events as do
from earwitness.satellite.agent import INTERCOM_ID, advance
from earwitness.satellite.alarm_bell import AlarmBell
from earwitness.satellite.alarm_sounds import AlarmSounds
from earwitness.satellite.alarms import Alarms
from earwitness.satellite.control import Status
from earwitness.satellite.cues import cue
from earwitness.satellite.devices import SoundDevices
from earwitness.satellite.disk import Disk
from earwitness.satellite.hearing import PREROLL_SECONDS, Hearing
from earwitness.satellite.indicator import Indicator
from earwitness.satellite.microphone import Microphone
from earwitness.satellite.mute import POLL_SECONDS, Mute
from earwitness.satellite.phrases import Phrases
from earwitness.satellite.ring_tone import RingTone
from earwitness.satellite.second_look import SecondLook
from earwitness.satellite.server_link import ServerLink
from earwitness.satellite.speaker import FIRST, Speaker
from earwitness.satellite.state import Link, State
from earwitness.satellite.wake_choice import WakeChoice
from earwitness.speech.wake.verifier import FirstStage, VerifiedWakeWord
from earwitness.storage.durable import write_whole

WAKE_SECONDS: Final = 3.0
NEWS_SECONDS: Final = 600.0
_WAITS: Final = {do.Waiting.WAKE: WAKE_SECONDS, do.Waiting.NEWS: NEWS_SECONDS}
MUSIC_SECONDS: Final = 0.25
"""How often the server is told how much music was played."""
_MUSIC: Final = "music:"
_AWAY: Final = "away"
_SPEECH: Final = "speech:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a satellite is made of. `make_detector` loads the wake words' models and may block; `tell` shows a sentence."""

    microphone: Microphone
    speaker: Speaker
    make_detector: Callable[[Sequence[str]], FirstStage]
    make_link: Callable[[Callable[[do.Event], None], Callable[[str], None]], ServerLink]
    mute: Mute
    alarms: Alarms
    phrases: Phrases
    alarm_sounds: AlarmSounds
    indicator: Indicator
    settings_file: Path
    wake_words: Sequence[str]
    """Those to listen for until the server has named its own."""
    rescan: Callable[[], None] = lambda: None
    tell: Callable[[str], None] = lambda sentence: None
    household: Callable[[], str] = lambda: ""
    """The digits of the household's authority, for comparing aloud."""
    tell_said: Callable[[str], None] = lambda sentence: None
    """Shows what somebody said or was told; not for a log."""
    clock: Callable[[], float] = time.monotonic
    preroll_seconds: float = PREROLL_SECONDS


class Satellite:
    """One satellite. `run` it; `press`, `stop`, `toggle_mute` and `control` are what stands at the device."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._volume_file = parts.settings_file.with_name("volume")
        self.state = State(is_muted=parts.mute.is_on, volume=_kept_volume(self._volume_file))
        parts.speaker.set_volume(self.state.volume / 100)
        self._disk = Disk()
        self._mute_changes = 0
        self._events: deque[do.Event] = deque()
        self._is_busy = False
        self._quits = asyncio.Event()
        self._waits: dict[do.Waiting, asyncio.TimerHandle] = {}
        self._tracks = itertools.count(1)
        self._cues: dict[str, tuple[do.Chime, bool, float]] = {}
        self._cue_ms = 0.0
        self._cue_out_at = 0.0
        self._first_sound_ms = 0.0
        self._awaits_first_sound = False
        self._captures = 0
        self.link = parts.make_link(self.happen, self._say)
        self.devices = SoundDevices(
            parts.microphone,
            parts.speaker,
            is_muted=lambda: self.state.is_muted,
            rescan=parts.rescan,
            say=parts.tell,
            clock=parts.clock,
            on_speaker=self._ring_again,
        )
        self.hearing = Hearing(
            parts.microphone,
            clock=parts.clock,
            on_wake=self.happen,
            on_sound=self._send_sound,
            preroll_seconds=parts.preroll_seconds,
        )
        self._ring = RingTone(parts.speaker, alarms=parts.alarms, sounds=parts.alarm_sounds, clock=parts.clock)
        self._bell = AlarmBell(
            parts.alarms, disk=self._disk, ring=lambda alarm_id: self.happen(do.AlarmDue(alarm_id=alarm_id)), say=self._say
        )
        self._second_look = SecondLook(self._say)
        self._wake_choice = WakeChoice(
            parts.settings_file,
            default=parts.wake_words,
            make=lambda words: VerifiedWakeWord(parts.make_detector(words), self._second_look.is_wake),
            use=self.hearing.use,
            disk=self._disk,
            say=self._say,
        )
        parts.speaker.on_mark = self._marked

    # What stands at the device

    def press(self) -> None:
        """The talk key."""
        self.happen(do.Pressed())

    def stop(self) -> None:
        """The stop key."""
        self._parts.speaker.drop(_AWAY)
        self.happen(do.StopPressed())

    def snooze(self) -> None:
        """The snooze key."""
        self.happen(do.SnoozePressed())

    def toggle_mute(self) -> None:
        """The mute key."""
        if self._parts.mute.is_wished:
            self.unmute()
        else:
            self.mute()

    def mute(self) -> None:
        """Mute: the capture stream ends before this returns. The server is told once it is on the disk."""
        self._mute_changes += 1
        self._parts.mute.wish()
        self._apply_mute()
        self._disk.write(self._parts.mute.keep_muted, then=self._mute_kept)

    def _mute_kept(self, error: StorageError | None) -> None:
        if error is not None:
            self._say(f"Muted now, but it may not be kept: {error.sentence}")
        self.happen(do.MuteKept())

    def unmute(self) -> None:
        """Unmute, once that is on the disk and if nobody muted meanwhile; only for what stands at the device. The switch of the
        hardware, if it says muted, has the last word."""
        self._mute_changes += 1
        change = self._mute_changes
        self._disk.write(self._parts.mute.keep_unmuted, then=lambda error: self._unmute_kept(error, change=change))

    def _unmute_kept(self, error: StorageError | None, *, change: int) -> None:
        if error is not None:
            self._say(f"Still muted: {error.sentence}")
        elif change == self._mute_changes:
            self._parts.mute.unwish()
        if self._parts.mute.is_switched:
            self._say("The switch of the hardware says muted: turn it.")
        self._apply_mute()

    def quit(self) -> None:
        """End `run`."""
        self._quits.set()

    async def control(self, word: str) -> Status:
        """Do what the control socket was told, and say how things are once mute is on the disk."""
        match word:
            case "mute":
                self.mute()
            case "unmute":
                self.unmute()
            case "stop":
                self.stop()
            case "snooze":
                self.snooze()
            case "talk":
                self.press()
        if word in ("mute", "unmute"):
            await self._disk.written()
        return self.status()

    def status(self) -> Status:
        """How things are, with figures: what was read of the microphone, and how much sound left."""
        microphone = self._parts.microphone
        return {
            "state": self.state.word,
            "is_muted": self.state.is_muted,
            "is_switched": self._parts.mute.is_switched,
            "link": self.state.link.value,
            "is_microphone_open": microphone.is_open,
            "is_speaker_open": self._parts.speaker.is_open,
            "samples_read": microphone.samples_read,
            "chunks_dropped": microphone.chunks_dropped,
            "underruns": self._parts.speaker.underruns,
            "sound_frames_sent": self.link.sound_frames,
            "captures": self._captures,
            "cue_ms": round(self._cue_ms, 1),
            "first_sound_after_cue_ms": round(self._first_sound_ms, 1),
            "alarms": len(self._parts.alarms.all),
            "wake_words": list(self._wake_choice.words),
            "looks_twice": self._second_look.is_there,
            "wakes_refused": self._second_look.refused,
            "household": self._parts.household(),
        }

    # Running

    async def run(self, *, beside: Sequence[Callable[[], Awaitable[None]]] = ()) -> None:
        """Run until `quit`, or until the household wants this device no more: DeviceError (device.revoked).

        `beside` runs with it. Raises ModelError, SettingsError if the wake words cannot be listened for at all.
        """
        self._parts.indicator.show(self.state.word)
        self._disk.write(self._parts.alarm_sounds.load, then=lambda error: self._tell_sounds())
        try:
            async with asyncio.TaskGroup() as tasks:
                jobs = (
                    self.devices.run, self.hearing.run, self.link.run, self._watch_switch, self._bell.run, self._wake_choice.run,
                    self._parts.indicator.run, self._tell_played, *beside,
                )  # fmt: skip
                running = [tasks.create_task(_plain(job)) for job in jobs]
                await self._quits.wait()
                for task in running:
                    task.cancel()
        except* EarwitnessError as group:
            raise group.exceptions[0] from None
        finally:
            self._parts.microphone.close()
            self._parts.speaker.close()
            self.hearing.close()
            self._disk.close()

    def happen(self, event: do.Event) -> None:
        """Something happened; on the event loop. What it causes in turn is done after it."""
        self._events.append(event)
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._events:
                self.state, commands = advance(self.state, self._events.popleft())
                for command in commands:
                    self._carry_out(command)
        finally:
            self._is_busy = False

    def _carry_out(self, command: do.Command) -> None:  # one arm per command
        parts = self._parts
        match command:
            case do.Send(kind=kind, fields=fields):
                self.link.send(kind, fields)
            case do.ShowState(word=word):
                parts.indicator.show(word)
            case do.PlayCue(cue=chime, is_asked=is_asked):
                self._play_cue(chime, is_asked=is_asked)
            case do.BeginSpeech(speech_id=speech_id, rate_hz=rate_hz):
                parts.speaker.begin(f"{_SPEECH}{speech_id}", rate_hz=rate_hz, is_live=speech_id == INTERCOM_ID)
            case do.PlaySound(speech_id=speech_id, sound=sound):
                self._play_sound(speech_id, sound)
            case do.EndSpeech(speech_id=speech_id):
                self._end_speech(speech_id)
            case do.DropSpeech(speech_id=speech_id):
                parts.speaker.drop(f"{_SPEECH}{speech_id}")
            case do.LearnRing(alert_id=alert_id, sound=sound_digest, is_rising=is_rising, rung_seconds=rung_seconds):
                self._ring.learn(alert_id, sound=sound_digest, is_rising=is_rising, rung_seconds=rung_seconds)
            case do.StartRing(alert_ids=alert_ids):
                self._ring.ring(alert_ids)
            case do.StopRing(alert_ids=alert_ids):
                self._ring.pause(alert_ids)
            case do.KeepSound():
                self.hearing.begin()
            case do.OpenEar():
                self._open_ear()
            case do.CloseEar():
                self.hearing.close()
            case do.StopMicrophone():
                parts.microphone.close()
                self.hearing.close()
                self.link.forget_sound()
            case do.StartMicrophone():
                self.devices.open_microphone()
            case do.MuteYourself():
                self.mute()
            case do.SetVolume(percent=percent):
                self._set_volume(percent)
            case do.SayAway():
                self._say_away()
            case do.StartWaiting(what=what):
                self._wait(what)
            case do.StopWaiting(what=what):
                self._stop_waiting(what)
            case do.HoldAlarms(alarms=alarms):
                self._bell.hold(alarms)
            case do.DropAlarm(alarm_id=alarm_id):
                self._bell.drop(alarm_id)
            case do.NoteRung(alarm_id=alarm_id, what=what):
                self._bell.note(alarm_id, what)
            case do.SnoozeAlarm(alarm_id=alarm_id, seconds=seconds):
                self._bell.snooze(alarm_id, seconds=seconds)
            case do.TellRung():
                if reports := parts.alarms.reports():
                    self.link.send("rung", {"alarms": reports})
            case do.ForgetRung(alarm_ids=alarm_ids):
                self._bell.forget_rung(alarm_ids)
            case do.UseSettings(fields=fields):
                self._wake_choice.take(fields)
            case do.LookTwice(verifier=verifier):
                self._second_look.take(verifier)
            case do.KeepPhrase(name=name, speech_id=speech_id, rate_hz=rate_hz):
                parts.phrases.begin(name, speech_id, rate_hz=rate_hz)
            case do.KeepAlarmSound(digest=digest, speech_id=speech_id, rate_hz=rate_hz):
                parts.alarm_sounds.begin(digest, speech_id, rate_hz=rate_hz)
            case do.TellSounds():
                self._tell_sounds()
            case do.BeginMusic(track_id=track_id, rate_hz=rate_hz):
                parts.speaker.begin(f"{_MUSIC}{track_id}", rate_hz=rate_hz, is_music=True)
            case do.FeedMusic(track_id=track_id, sound=sound):
                parts.speaker.feed(f"{_MUSIC}{track_id}", sound)
            case do.EndMusic(track_id=track_id):
                parts.speaker.end(f"{_MUSIC}{track_id}")
            case do.DropMusic():
                parts.speaker.drop_music()
            case do.LevelMusic(percent=percent, is_ducked=is_ducked, is_held=is_held):
                parts.speaker.level_music((percent / 100) ** 2, is_ducked=is_ducked, is_held=is_held)
            case do.TellMusic(track_id=track_id, what=music_state):
                self._tell_music(track_id, music_state)
            case do.Tell(text=text, is_said=is_said):
                (parts.tell_said if is_said else parts.tell)(text)
            case do.EndLink(sentence=sentence, is_final=is_final):
                self._end_link(sentence, is_final=is_final)
            case _:
                assert_never(command)

    # Sound that comes and goes

    def _open_ear(self) -> None:
        self._captures += 1
        self._awaits_first_sound = True
        for chunk in self.hearing.open():
            self._send_sound(chunk)

    def _send_sound(self, chunk: bytes) -> None:
        """The only way by which sound leaves."""
        if not self.state.sends_sound:
            return
        is_first, self._awaits_first_sound = self._awaits_first_sound, False
        self.link.send_sound(chunk, is_first=is_first)
        if is_first:
            self._first_sound_ms = 1000 * (self.link.first_sound_at - self._cue_out_at)

    def _play_cue(self, chime: do.Chime, *, is_asked: bool) -> None:
        track = f"{FIRST}{next(self._tracks)}"
        self._cues[track] = (chime, is_asked, self._parts.clock())
        self._parts.speaker.play(track, cue(chime.value))

    def _play_sound(self, speech_id: int, sound: bytes) -> None:
        if self._parts.phrases.is_coming(speech_id):
            self._parts.phrases.feed(speech_id, sound)
        elif self._parts.alarm_sounds.is_coming(speech_id):
            self._parts.alarm_sounds.feed(sound)
        else:
            self._parts.speaker.feed(f"{_SPEECH}{speech_id}", sound)

    def _end_speech(self, speech_id: int) -> None:
        if self._parts.phrases.is_coming(speech_id):
            if (keep := self._parts.phrases.end(speech_id)) is not None:
                self._disk.write(keep)
        elif self._parts.alarm_sounds.is_coming(speech_id):
            self._end_alarm_sound()
        elif speech_id in self.state.speeches:
            self._parts.speaker.end(f"{_SPEECH}{speech_id}")

    def _ring_again(self) -> None:
        """A speaker that was away has forgotten what rings."""
        if self.state.rings:
            self._ring.begin_anew(self.state.ringing)

    def _end_alarm_sound(self) -> None:
        needed = {alarm.sound for alarm in self._parts.alarms.all if alarm.sound is not None}
        if (keep := self._parts.alarm_sounds.end(needed=needed)) is not None:
            self._disk.write(keep, then=self._alarm_sound_kept)
        else:
            self._tell_sounds()

    def _alarm_sound_kept(self, error: StorageError | None) -> None:
        if error is None:
            self._tell_sounds()
        else:
            self._say("A sound of an alarm could not be written to the disk; it is used as long as this device is not restarted.")

    def _tell_sounds(self) -> None:
        if self.state.knows_sounds and self.state.link is not Link.AWAY:
            self.link.send("sounds", {"digests": list(self._parts.alarm_sounds.digests)})

    async def _tell_played(self) -> None:
        """The server sends no more music than it knows to be played."""
        while True:
            await asyncio.sleep(MUSIC_SECONDS)
            if self.state.music and self.state.knows_music and self.state.link is Link.UP and not self.state.is_music_held:
                self._tell_music(self.state.music[0], "playing")

    def _tell_music(self, track_id: int, what: str) -> None:
        figures = self._parts.speaker.music_figures(f"{_MUSIC}{track_id}")
        fields = {
            "id": track_id,
            "state": what,
            "played_ms": min(MOST_MUSIC_MS, round(1000 * figures.played_seconds)),
            "waiting_ms": min(MOST_MUSIC_WAITING_MS, round(1000 * figures.waiting_seconds)),
            "volume": self.state.music_volume,
        }
        self.link.send("music", fields)

    def _marked(self, track: str, what: Literal["started", "finished"]) -> None:
        """The speaker says that a track has begun or finished."""
        if track.startswith(FIRST):
            self._cue_marked(track, what)
        elif track.startswith(_SPEECH):
            speech_id = int(track.removeprefix(_SPEECH))
            self.happen(do.SpeechStarted(speech_id=speech_id) if what == "started" else do.SpeechFinished(speech_id=speech_id))
        elif track.startswith(_MUSIC):
            track_id = int(track.removeprefix(_MUSIC))
            self.happen(do.MusicStarted(track_id=track_id) if what == "started" else do.MusicFinished(track_id=track_id))

    def _cue_marked(self, track: str, what: Literal["started", "finished"]) -> None:
        if what == "finished":
            self._cues.pop(track, None)
            return
        chime, is_asked, asked_at = self._cues.get(track, (do.Chime.ERROR, False, 0.0))
        if not is_asked:
            return
        if chime is do.Chime.START:
            self._cue_out_at = self._parts.clock()
            self._cue_ms = 1000 * (self._cue_out_at - asked_at)
        self.happen(do.CueStarted(cue=chime))

    def _set_volume(self, percent: int) -> None:
        self._parts.speaker.set_volume(percent / 100)
        self._disk.write(lambda: write_whole(self._volume_file, [str(percent).encode()], mode=0o600))

    def _say_away(self) -> None:
        phrase = self._parts.phrases.find(_AWAY)
        self._parts.speaker.play(_AWAY, phrase if phrase is not None else cue("error"))
        self._say("The server cannot be reached.")

    # Waiting, the link

    def _wait(self, what: do.Waiting) -> None:
        self._stop_waiting(what)
        loop = asyncio.get_running_loop()
        self._waits[what] = loop.call_later(_WAITS[what], self.happen, do.WaitedTooLong(what=what))

    def _stop_waiting(self, what: do.Waiting) -> None:
        if (timer := self._waits.pop(what, None)) is not None:
            timer.cancel()

    def _end_link(self, sentence: str, *, is_final: bool) -> None:
        if is_final:
            self.link.revoke(sentence)
        else:
            self._say(sentence)
            self.link.break_off()

    def _say(self, sentence: str) -> None:
        self._parts.tell(sentence)

    # Mute

    def _apply_mute(self) -> None:
        is_on = self._parts.mute.is_on
        if is_on != self.state.is_muted:
            self.happen(do.MuteSet(is_on=is_on))

    async def _watch_switch(self) -> None:
        """Follow the hardware switch; it keeps its own state, so what it says needs no disk."""
        while True:
            was_muted = self.state.is_muted
            self._apply_mute()
            if self.state.is_muted and not was_muted:
                self.happen(do.MuteKept())
            await asyncio.sleep(POLL_SECONDS)


async def _plain(job: Callable[[], Awaitable[None]]) -> None:
    await job()


def _kept_volume(file: Path) -> int:
    """The volume from before a restart, percent; full if there is none."""
    try:
        return min(100, max(0, int(file.read_text(encoding="ascii"))))
    except (OSError, ValueError):
        return 100
