"""The satellite while it runs: turns microphone, speaker, keys and server into events, and carries out what the agent answers.

Owns the tasks and the clocks. It decides nothing (agent.py does), and no sound is sent but while the agent's state says so.
"""

import asyncio
import contextlib
import itertools
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, assert_never

from earwitness.domain.errors import EarwitnessError, ModelError, SettingsError, StorageError
from earwitness.satellite import events as do
from earwitness.satellite.agent import INTERCOM_ID, advance
from earwitness.satellite.alarms import Alarms, hold_quietly
from earwitness.satellite.control import Status
from earwitness.satellite.cues import cue
from earwitness.satellite.devices import SoundDevices
from earwitness.satellite.ear import WakeWordDetector
from earwitness.satellite.hearing import PREROLL_SECONDS, Hearing
from earwitness.satellite.indicator import Indicator
from earwitness.satellite.microphone import Microphone
from earwitness.satellite.mute import POLL_SECONDS, Mute
from earwitness.satellite.phrases import Phrases
from earwitness.satellite.server_link import ServerLink
from earwitness.satellite.speaker import FIRST, Speaker
from earwitness.satellite.state import State
from earwitness.storage.durable import write_whole

WAKE_SECONDS: Final = 2.0
_RING: Final = "ring"
_AWAY: Final = "away"
_SPEECH: Final = "speech:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a satellite is made of. `make_detector` loads the wake words' models and may block; `tell` shows a sentence."""

    microphone: Microphone
    speaker: Speaker
    make_detector: Callable[[Sequence[str]], WakeWordDetector]
    make_link: Callable[[Callable[[do.Event], None], Callable[[str], None]], ServerLink]
    mute: Mute
    alarms: Alarms
    phrases: Phrases
    indicator: Indicator
    settings_file: Path
    wake_words: Sequence[str]
    """Those to listen for until the server has named its own."""
    rescan: Callable[[], None] = lambda: None
    tell: Callable[[str], None] = lambda sentence: None
    tell_said: Callable[[str], None] = lambda sentence: None
    """Shows what somebody said or was told; not for a log."""
    clock: Callable[[], float] = time.monotonic
    preroll_seconds: float = PREROLL_SECONDS


class Satellite:
    """One satellite. `run` it; `press`, `stop`, `toggle_mute` and `control` are what stands at the device."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.state = State(is_muted=parts.mute.is_on)
        self._events: deque[do.Event] = deque()
        self._is_busy = False
        self._quits = asyncio.Event()
        self._alarm_news = asyncio.Event()
        self._words_news = asyncio.Event()
        self._words: tuple[str, ...] = tuple(_kept_words(parts.settings_file) or parts.wake_words)
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
        )
        self.hearing = Hearing(
            parts.microphone,
            clock=parts.clock,
            on_wake=self.happen,
            on_sound=self._send_sound,
            preroll_seconds=parts.preroll_seconds,
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

    def toggle_mute(self) -> None:
        """The mute key."""
        if self._parts.mute.is_wished:
            self.unmute()
        else:
            self.mute()

    def mute(self) -> None:
        """Mute: the capture stream ends before this returns."""
        try:
            self._parts.mute.mute()
        except StorageError as error:
            self._say(f"Muted now, but it may not be kept: {error.sentence}")
        self._apply_mute()

    def unmute(self) -> None:
        """Unmute; only for what stands at the device. The hardware switch, if it says muted, has the last word."""
        try:
            self._parts.mute.unmute()
        except StorageError as error:
            self._say(f"Still muted: {error.sentence}")
        if self._parts.mute.is_switched:
            self._say("The switch of the hardware says muted: turn it.")
        self._apply_mute()

    def quit(self) -> None:
        """End `run`."""
        self._quits.set()

    def control(self, word: str) -> Status:
        """Do what the control socket was told, and say how things are."""
        match word:
            case "mute":
                self.mute()
            case "unmute":
                self.unmute()
            case "stop":
                self.stop()
            case "talk":
                self.press()
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
            "wake_words": list(self._words),
        }

    # Running

    async def run(self, *, beside: Sequence[Callable[[], Awaitable[None]]] = ()) -> None:
        """Run until `quit`, or until the household wants this device no more: DeviceError (device.revoked).

        `beside` runs with it. Raises ModelError, SettingsError if the wake words cannot be listened for at all.
        """
        self._parts.indicator.show(self.state.word)
        try:
            async with asyncio.TaskGroup() as tasks:
                jobs = (
                    self.devices.run, self.hearing.run, self.link.run, self._watch_switch, self._ring_alarms, self._load_words,
                    self._parts.indicator.run, *beside,
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
            case do.StartRing():
                parts.speaker.play(_RING, cue("alert"), is_looping=True)
            case do.StopRing():
                parts.speaker.drop(_RING)
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
            case do.SayAway():
                self._say_away()
            case do.StartWaiting(what=what):
                self._wait(what)
            case do.StopWaiting(what=what):
                self._stop_waiting(what)
            case do.HoldAlarms(alarms=alarms):
                self._hold(lambda: parts.alarms.hold(alarms))
            case do.DropAlarm(alarm_id=alarm_id):
                self._hold(lambda: parts.alarms.drop(alarm_id))
            case do.UseSettings(fields=fields):
                self._use_settings(fields)
            case do.KeepPhrase(name=name, speech_id=speech_id, rate_hz=rate_hz):
                parts.phrases.begin(name, speech_id, rate_hz=rate_hz)
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
        else:
            self._parts.speaker.feed(f"{_SPEECH}{speech_id}", sound)

    def _end_speech(self, speech_id: int) -> None:
        if self._parts.phrases.is_coming(speech_id):
            hold_quietly(lambda: self._parts.phrases.end(speech_id))
        elif speech_id in self.state.speeches:
            self._parts.speaker.end(f"{_SPEECH}{speech_id}")

    def _marked(self, track: str, what: Literal["started", "finished"]) -> None:
        """The speaker says that a track has begun or finished."""
        if track.startswith(FIRST):
            self._cue_marked(track, what)
        elif track.startswith(_SPEECH):
            speech_id = int(track.removeprefix(_SPEECH))
            self.happen(do.SpeechStarted(speech_id=speech_id) if what == "started" else do.SpeechFinished(speech_id=speech_id))

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

    def _say_away(self) -> None:
        phrase = self._parts.phrases.find(_AWAY)
        self._parts.speaker.play(_AWAY, phrase if phrase is not None else cue("error"))
        self._say("The server cannot be reached.")

    # Waiting, alarms, settings

    def _wait(self, what: do.Waiting) -> None:
        self._stop_waiting(what)
        loop = asyncio.get_running_loop()
        self._waits[what] = loop.call_later(WAKE_SECONDS, self.happen, do.WaitedTooLong(what=what))

    def _stop_waiting(self, what: do.Waiting) -> None:
        if (timer := self._waits.pop(what, None)) is not None:
            timer.cancel()

    def _hold(self, change: Callable[[], None]) -> None:
        if not hold_quietly(change):
            self._say("The alarms could not be written to the disk; they ring as long as this device is not restarted.")
        self._alarm_news.set()

    async def _ring_alarms(self) -> None:
        """Say when an alarm is due; it stays in the list until it was stopped, so that a restart rings it too."""
        told: set[str] = set()
        while True:
            due = self._parts.alarms.due()
            for alarm in due:
                self.happen(do.AlarmDue(alarm_id=alarm.alarm_id))
            told = {alarm.alarm_id for alarm in due}
            later = [alarm for alarm in self._parts.alarms.all if alarm.alarm_id not in told]
            seconds = 1.0 if told else (self._parts.alarms.due_in_seconds() if later else None)
            self._alarm_news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds if seconds is None else min(seconds, 3600.0)):
                    await self._alarm_news.wait()

    def _use_settings(self, fields: Mapping[str, object]) -> None:
        kept = {name: fields[name] for name in ("name", "area", "wake_words")}
        hold_quietly(lambda: write_whole(self._parts.settings_file, [json.dumps(kept).encode()], mode=0o600))
        words = fields["wake_words"]
        chosen = tuple(str(word) for word in words) if isinstance(words, list | tuple) else ()
        if chosen and chosen != self._words:
            self._words = chosen
            self._words_news.set()

    async def _load_words(self) -> None:
        """Listen for the words of the settings; words that cannot be loaded leave those from before. Raises only at first."""
        used: tuple[str, ...] | None = None
        while True:
            wanted = self._words
            try:
                if wanted != used:
                    self.hearing.use(await asyncio.to_thread(self._parts.make_detector, wanted))
                    used = wanted
            except (ModelError, SettingsError) as error:
                if used is None and wanted == tuple(self._parts.wake_words):
                    raise
                self._say(error.sentence)
                self._words = used or tuple(self._parts.wake_words)
                continue
            self._words_news.clear()
            if self._words == used:
                await self._words_news.wait()

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
        """Follow the hardware switch."""
        while True:
            self._apply_mute()
            await asyncio.sleep(POLL_SECONDS)


async def _plain(job: Callable[[], Awaitable[None]]) -> None:
    await job()


def _kept_words(file: Path) -> list[str]:
    """The wake words that the server named last; none if it never did."""
    try:
        words = json.loads(file.read_text(encoding="utf-8"))["wake_words"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [str(word) for word in words][:2] if isinstance(words, list) else []
