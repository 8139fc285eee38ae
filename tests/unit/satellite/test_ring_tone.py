"""With which sound a satellite rings for several alerts, and how loud."""

from dataclasses import dataclass, field
from pathlib import Path

from earwitness.domain.audio import Pcm
from earwitness.domain.ring_sound import digest_of
from earwitness.satellite.alarm_sounds import AlarmSounds
from earwitness.satellite.alarms import Alarms
from earwitness.satellite.cues import cue
from earwitness.satellite.ring_tone import RingTone

BIRDS = Pcm(data=bytes([1, 2]) * 2000, rate_hz=24_000)
TONE = cue("alert")


@dataclass
class Desk:
    played: list[tuple[Pcm, float | None]] = field(default_factory=list)
    dropped: int = 0
    now: float = 100.0

    def play(self, track: str, pcm: Pcm, *, is_looping: bool = False, rung_seconds: float | None = None) -> None:
        assert (track, is_looping) == ("ring", True)
        self.played.append((pcm, rung_seconds))

    def drop(self, track: str) -> None:
        self.dropped += 1


def ring_tone(folder: Path) -> tuple[Desk, RingTone, Alarms]:
    desk, sounds = Desk(), AlarmSounds(folder / "sounds")
    sounds.begin(digest_of(BIRDS), 1, rate_hz=24_000)
    sounds.feed(BIRDS.data)
    sounds.end(needed=())
    alarms = Alarms(folder / "alarms.json")
    return desk, RingTone(desk, alarms=alarms, sounds=sounds, clock=lambda: desk.now), alarms  # type: ignore[arg-type]


def test_the_server_says_how_and_the_ring_goes_on_where_it_was_after_a_pause(tmp_path: Path) -> None:
    desk, ring, _ = ring_tone(tmp_path)
    ring.learn("a", sound=digest_of(BIRDS), is_rising=True, rung_seconds=5.0)
    ring.ring(["a"])
    desk.now += 10
    ring.pause(["a"])
    desk.now += 3
    ring.ring(["a"])
    ring.ring(["a"])
    assert desk.played == [(BIRDS, 5.0), (BIRDS, 18.0)]
    ring.pause([])
    ring.ring(["a"])
    assert desk.played[-1] == (TONE, None), "what was over and is not known any more rings as ever"


def test_without_a_server_the_list_says_how(tmp_path: Path) -> None:
    desk, ring, alarms = ring_tone(tmp_path)
    alarms.hold([{"id": "a", "text": "", "due_in_seconds": 1, "sound": digest_of(BIRDS), "rising": True}])
    ring.ring(["a"])
    assert desk.played == [(BIRDS, 0.0)]
    held = Alarms(tmp_path / "alarms.json")
    assert held.all == ()
    alarms.keeping()()
    assert [(one.sound, one.is_rising) for one in Alarms(tmp_path / "alarms.json").all] == [(digest_of(BIRDS), True)]


def test_a_sound_that_is_not_here_yet_is_the_tone(tmp_path: Path) -> None:
    desk, ring, _ = ring_tone(tmp_path)
    ring.learn("a", sound="0" * 64, is_rising=True, rung_seconds=0.0)
    ring.ring(["a"])
    assert desk.played == [(TONE, 0.0)]


def test_a_timer_beside_a_soft_alarm_is_loud_at_once(tmp_path: Path) -> None:
    desk, ring, _ = ring_tone(tmp_path)
    ring.learn("a", sound=digest_of(BIRDS), is_rising=True, rung_seconds=0.0)
    ring.ring(["a"])
    ring.learn("t", sound=None, is_rising=False, rung_seconds=0.0)
    ring.ring(["a", "t"])
    desk.now += 4
    ring.ring(["a"])
    assert desk.played == [(BIRDS, 0.0), (TONE, None), (BIRDS, 4.0)]
