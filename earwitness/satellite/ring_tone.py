"""The ring of a satellite: with which sound it rings for what rings now, and how loud. What rings is the agent's to decide.

The alert that came last gives the sound; the ring begins softly only while all that rings do.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from earwitness.satellite.alarm_sounds import AlarmSounds
from earwitness.satellite.alarms import Alarms
from earwitness.satellite.cues import cue
from earwitness.satellite.speaker import Speaker

TRACK: Final = "ring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one alert rings: its sound's digest, and since when (on the satellite's clock)."""

    sound: str | None
    is_rising: bool
    since: float


class RingTone:
    """Rings on `speaker`. What the server said of an alert counts before what the list of `alarms` says."""

    def __init__(self, speaker: Speaker, *, alarms: Alarms, sounds: AlarmSounds, clock: Callable[[], float]) -> None:
        self._speaker = speaker
        self._alarms = alarms
        self._sounds = sounds
        self._clock = clock
        self._manners: dict[str, Manner] = {}
        self._playing: tuple[str | None, float | None] | None = None

    def learn(self, alert_id: str, *, sound: str | None, is_rising: bool, rung_seconds: float) -> None:
        """How an alert rings, as the server says; it has rung for so long already. One that rings here goes on as it is."""
        if alert_id not in self._manners:
            self._manners[alert_id] = Manner(sound=sound, is_rising=is_rising, since=self._clock() - rung_seconds)

    def ring(self, alert_ids: Sequence[str]) -> None:
        """Ring for these, the last of which came last."""
        self._forget_but(alert_ids)
        for alert_id in alert_ids:
            if alert_id not in self._manners:
                self._manners[alert_id] = self._as_held(alert_id)
        last = self._manners[alert_ids[-1]]
        softly = all(self._manners[each].is_rising for each in alert_ids)
        since = min(self._manners[each].since for each in alert_ids) if softly else None
        pcm = self._sounds.find(last.sound)
        wanted = (None if pcm is None else last.sound, since)
        if wanted == self._playing:
            return
        self._playing = wanted
        rung = None if since is None else self._clock() - since
        self._speaker.play(TRACK, cue("alert") if pcm is None else pcm, is_looping=True, rung_seconds=rung)

    def begin_anew(self, alert_ids: Sequence[str]) -> None:
        """The speaker has lost what it played: ring for these, as loud as they have become."""
        self._playing = None
        self.ring(alert_ids)

    def pause(self, alert_ids: Collection[str]) -> None:
        """Be silent; these go on to ring, unheard."""
        self._playing = None
        self._speaker.drop(TRACK)
        self._forget_but(alert_ids)

    def _as_held(self, alert_id: str) -> Manner:
        alarm = next((one for one in self._alarms.all if one.alarm_id == alert_id), None)
        sound, is_rising = (None, False) if alarm is None else (alarm.sound, alarm.is_rising)
        return Manner(sound=sound, is_rising=is_rising, since=self._clock())

    def _forget_but(self, alert_ids: Collection[str]) -> None:
        self._manners = {each: manner for each, manner in self._manners.items() if each in alert_ids}
