"""Which words of a request name a sound; a large folder of music holds up no alarm."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.ringing.music_folder import MusicFolder
from earwitness.ringing.shelf import RingSounds
from earwitness.satellite.cues import cue
from earwitness.skills.alarm_sounds import take_sound
from earwitness.skills.when import frame_at


class CountedFolder(MusicFolder):
    """Knows how often it was looked through."""

    looks = 0

    def files(self) -> tuple[str, ...]:
        self.looks += 1
        return super().files()


@pytest.mark.parametrize(
    ("words", "left", "said", "looks"),
    [
        ("for seven on weekdays", "for seven on weekdays", "", 0),
        ("for seven to wake me up by the way with care to spare", "for seven to wake me up by the way with care to spare", "", 1),
        ("for seven with morning song", "for seven", "morning song", 1),
    ],
)
def test_the_folder_of_music_is_looked_through_once_at_most(tmp_path: Path, words: str, left: str, said: str, looks: int) -> None:
    (tmp_path / "Morning song.wav").touch()
    folder = CountedFolder(tmp_path)
    sounds = RingSounds(tone=lambda: cue("alert"), music=folder)
    frame = frame_at(datetime(2026, 11, 24, 15, 7, tzinfo=UTC))
    assert take_sound(words, sounds=sounds, frame=frame) == (left, said)
    assert folder.looks == looks
