"""The sounds of alarms on a satellite's disk: whole and checked, or not there; never more than there is room for."""

from pathlib import Path

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.ring_sound import digest_of
from earwitness.satellite.alarm_sounds import LONGEST_BYTES, MOST_SOUNDS, AlarmSounds


def pcm(number: int) -> Pcm:
    return Pcm(data=bytes([number]) * 4000, rate_hz=24_000)


def take(sounds: AlarmSounds, sound: Pcm, *, digest: str | None = None, needed: tuple[str, ...] = ()) -> bool:
    """The sound comes in two parts; whether it was written."""
    sounds.begin(digest or digest_of(sound), 7, rate_hz=sound.rate_hz)
    assert sounds.is_coming(7)
    assert not sounds.is_coming(8)
    sounds.feed(sound.data[:1000])
    sounds.feed(sound.data[1000:])
    keep = sounds.end(needed=needed)
    if keep is not None:
        keep()
    return keep is not None


def test_a_sound_is_there_at_once_and_after_a_restart(tmp_path: Path) -> None:
    sounds = AlarmSounds(tmp_path / "sounds")
    assert take(sounds, pcm(1))
    assert sounds.find(digest_of(pcm(1))) == pcm(1)
    assert not take(sounds, pcm(1)), "it is written once"
    again = AlarmSounds(tmp_path / "sounds")
    assert again.find(digest_of(pcm(1))) is None, "nothing is read from the disk while something rings"
    again.load()
    assert (again.find(digest_of(pcm(1))), again.digests) == (pcm(1), (digest_of(pcm(1)),))
    assert (tmp_path / "sounds" / f"{digest_of(pcm(1))}.pcm").stat().st_mode & 0o777 == 0o600


def test_what_is_not_its_digest_too_long_or_no_digest_is_dropped(tmp_path: Path) -> None:
    sounds = AlarmSounds(tmp_path / "sounds")
    assert not take(sounds, pcm(1), digest=digest_of(pcm(2)))
    sounds.begin("../../etc/passwd", 7, rate_hz=24_000)
    assert not sounds.is_coming(7)
    sounds.begin(digest_of(pcm(1)), 7, rate_hz=24_000)
    sounds.feed(bytes(LONGEST_BYTES + 1))
    assert sounds.end(needed=()) is None
    assert sounds.digests == ()


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "not ours", "huge"])
def test_a_damaged_file_is_passed_over(tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "sounds"
    for number in (1, 2):
        take(AlarmSounds(folder), pcm(number))
    file = folder / f"{digest_of(pcm(1))}.pcm"
    whole = file.read_bytes()
    harmed = {
        "cut": whole[:-2],
        "changed": whole[:-1] + b"\7",
        "empty": b"",
        "not ours": b"RIFF" + whole,
        "huge": whole + bytes(2 * LONGEST_BYTES),
    }
    file.write_bytes(harmed[harm])
    sounds = AlarmSounds(folder)
    sounds.load()
    assert sounds.digests == (digest_of(pcm(2)),)


def test_only_so_many_are_kept_and_what_no_alarm_needs_makes_way(tmp_path: Path) -> None:
    sounds = AlarmSounds(tmp_path / "sounds")
    digests = [digest_of(pcm(number)) for number in range(MOST_SOUNDS + 1)]
    for number in range(MOST_SOUNDS):
        take(sounds, pcm(number))
    take(sounds, pcm(MOST_SOUNDS), needed=(digests[0], digests[2]))
    assert set(sounds.digests) == {*digests} - {digests[1]}
    assert {file.stem for file in (tmp_path / "sounds").glob("*.pcm")} == {*digests} - {digests[1]}
