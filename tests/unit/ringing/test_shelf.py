"""The sounds that alarms may ring with: ours, and the household's music, which is not trusted."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import AlertError
from earwitness.domain.ring_sound import LONGEST_SECONDS, MUSIC, RATE_HZ, RISE_SECONDS, TONE, digest_of, level_at
from earwitness.ringing.music_folder import FADE_SECONDS, PEAK, MusicFolder
from earwitness.ringing.scores import scores, sound
from earwitness.ringing.shelf import RingSounds, risen

BEEP = Pcm(data=b"\1\2" * 100, rate_hz=RATE_HZ)


def wave(seconds: float, *, hz: float = 440.0, rate_hz: int = 44_100, level: float = 0.1, channels: int = 2) -> "np.ndarray":
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.repeat((level * np.sin(2 * np.pi * hz * at))[:, None], channels, axis=1)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    (folder / "Bach").mkdir(parents=True)
    soundfile.write(folder / "Bach" / "Air_on the G string.flac", wave(40.0), 44_100)
    soundfile.write(folder / "Morning song.wav", wave(2.0, hz=600.0, rate_hz=48_000, channels=1), 48_000)
    soundfile.write(folder / "evening song.ogg", wave(1.0), 44_100)
    (folder / "cover.jpg").write_bytes(b"no sound")
    (folder / ".hidden").mkdir()
    soundfile.write(folder / ".hidden" / "secret.wav", wave(1.0), 44_100)
    return folder


def shelf(folder: Path | None) -> RingSounds:
    return RingSounds(tone=lambda: BEEP, music=MusicFolder(folder))


def loudest_hz(pcm: Pcm, *, seconds: float) -> float:
    samples = np.frombuffer(pcm.data, "<i2")[: int(seconds * pcm.rate_hz)]
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * pcm.rate_hz / len(samples)


@pytest.mark.parametrize("name", list(scores()))
def test_our_sounds_are_the_same_each_time_loud_enough_and_loop_without_a_seam(name: str) -> None:
    made = sound(name)
    sound.cache_clear()
    again = sound(name)
    assert digest_of(made) == digest_of(again)
    samples = np.frombuffer(made.data, "<i2").astype(np.float64)
    assert np.max(np.abs(samples)) == pytest.approx(16_384, abs=1)
    assert 2.0 <= made.seconds <= 10.0
    within = np.max(np.abs(np.diff(samples)))
    assert abs(samples[0] - samples[-1]) <= within, "the step over the seam is no larger than one within"


def test_our_sounds_differ() -> None:
    made = [np.frombuffer(sound(name).data, "<i2").astype(np.float64)[:48_000] for name in scores()]
    for index, one in enumerate(made):
        for other in made[:index]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.5


def test_every_name_that_people_say_means_one_sound() -> None:
    said = [words for score in scores().values() for words in (score.name, *score.spoken)]
    assert all(words == words.lower() for words in said)
    for words in said:
        assert len(shelf(None).meant(words)) == 1, words


def test_music_is_found_by_its_words_and_rings_from_its_beginning(music: Path) -> None:
    sounds = shelf(music)
    titles = {one.title: one.reference for one in sounds.choices() if one.is_music}
    assert list(titles) == ["Air on the G string", "evening song", "Morning song"]
    assert [one.title for one in sounds.meant("the song morning song")] == ["Morning song"]
    assert [one.title for one in sounds.meant("music by Bach")] == ["Air on the G string"]
    assert [one.title for one in sounds.meant("song")] == list(titles)
    assert [one.title for one in sounds.meant("morning song")] == ["Morning song"]
    assert sounds.meant("Mozart") == ()
    air = sounds.pcm(titles["Air on the G string"])
    assert (air.rate_hz, air.seconds) == (RATE_HZ, LONGEST_SECONDS)
    assert loudest_hz(air, seconds=5) == pytest.approx(440, abs=1)
    samples = np.frombuffer(air.data, "<i2")
    assert np.max(np.abs(samples)) == pytest.approx(PEAK * 32_768, rel=0.02), "what was recorded softly wakes too"
    assert np.max(np.abs(samples[-int(0.05 * FADE_SECONDS * RATE_HZ) :])) < 0.1 * PEAK * 32_768
    assert sounds.pcm(titles["Air on the G string"]) is air, "it is decoded once"


@pytest.mark.parametrize("harm", ["gone", "cut", "silent", "no sound", "outside", "link", "folder"])
def test_a_piece_that_cannot_be_played_says_so_and_nothing_outside_is_opened(music: Path, harm: str) -> None:
    reference, file = MUSIC + "Morning song.wav", music / "Morning song.wav"
    match harm:
        case "gone":
            file.unlink()
        case "cut":
            file.write_bytes(file.read_bytes()[:-1000])
        case "silent":
            soundfile.write(file, wave(1.0, level=0.001), 44_100)
        case "no sound":
            file.write_bytes(os.urandom(5000))
        case "outside":
            soundfile.write(music.parent / "outside.wav", wave(1.0), 44_100)
            reference = MUSIC + "../outside.wav"
        case "link":
            soundfile.write(music.parent / "outside.wav", wave(1.0), 44_100)
            file.unlink()
            file.symlink_to(music.parent / "outside.wav")
        case _:
            reference = MUSIC + "Bach"
    with pytest.raises(AlertError) as error:
        shelf(music).pcm(reference)
    assert error.value.code == "alert.no_sound"


def test_a_file_that_changed_is_read_anew(music: Path) -> None:
    sounds, file = shelf(music), music / "Morning song.wav"
    before = sounds.pcm(MUSIC + file.name)
    soundfile.write(file, wave(1.0, hz=900.0), 44_100)
    assert sounds.pcm(MUSIC + file.name) != before


def test_without_a_folder_there_are_ours_and_the_tone() -> None:
    sounds = shelf(None)
    assert [one.reference for one in sounds.choices()] == [TONE, *scores()]
    assert sounds.pcm(TONE) == BEEP
    assert [one.reference for one in sounds.meant("the usual sound")] == [TONE]
    assert sounds.meant("music") == ()
    assert shelf(Path("/nowhere")).choices() == sounds.choices()


def test_what_begins_softly_follows_the_curve() -> None:
    flat = Pcm(data=np.full(2 * RATE_HZ, 20_000, dtype="<i2").tobytes(), rate_hz=RATE_HZ)
    for since in (0.0, 29.0, RISE_SECONDS):
        soft = np.frombuffer(risen(flat, since_seconds=since).data, "<i2")
        assert len(soft) == 2 * RATE_HZ
        for second in (0.0, 0.5, 1.5):
            assert soft[int(second * RATE_HZ)] == pytest.approx(20_000 * level_at(since + second), rel=0.01, abs=1)
