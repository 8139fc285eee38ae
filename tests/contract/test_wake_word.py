"""Every wake word detector, real: hears its word from many mouths, and not other speech, in chunks of any size."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError, SettingsError
from earwitness.speech.audio_file import read_audio
from earwitness.speech.models import ModelStore
from earwitness.speech.pinned import PINNED
from earwitness.speech.wake.micro import WAKE_WORDS, MicroWakeWord, cutoff

pytestmark = pytest.mark.models

SECOND = bytes(2 * RATE_HZ)


def hits(detector: MicroWakeWord, data: bytes, *, chunk_bytes: int = 1280) -> list[str]:
    found = (detector.detect(data[at : at + chunk_bytes]) for at in range(0, len(data), chunk_bytes))
    return [word for word in found if word is not None]


def clips(folder: Path, name: str) -> list[Pcm]:
    lines = (folder / f"audio/{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [read_audio(folder / json.loads(line)["audio"], longest_seconds=60) for line in lines]


@pytest.mark.data
def test_hears_its_word_from_many_people(store: ModelStore, data_folder: Path) -> None:
    detector = MicroWakeWord(["alexa"], 0.5, store)
    said = clips(data_folder, "wake_alexa")
    heard = 0
    for clip in said:
        detector.reset()
        heard += bool(hits(detector, SECOND + clip.data + SECOND))
    assert heard >= 0.95 * len(said)


@pytest.mark.data
@pytest.mark.parametrize("word", WAKE_WORDS)
def test_does_not_hear_it_in_other_speech(store: ModelStore, data_folder: Path, word: str) -> None:
    detector = MicroWakeWord([word], 0.5, store)
    others = b"".join(clip.data for clip in clips(data_folder, "read_speech") + clips(data_folder, "words"))
    assert len(hits(detector, others)) <= 1


@pytest.mark.data
def test_tells_two_words_apart(store: ModelStore, data_folder: Path) -> None:
    detector = MicroWakeWord(["okay nabu", "alexa"], 0.5, store)
    said = b"".join(SECOND + clip.data + SECOND for clip in clips(data_folder, "wake_alexa")[:20])
    heard = hits(detector, said)
    assert set(heard) == {"alexa"}
    assert 18 <= len(heard) <= 22


@pytest.mark.data
@pytest.mark.parametrize("chunk_bytes", [2, 3, 320, 1000, 5120, 1 << 20])
def test_the_size_of_chunks_changes_nothing(store: ModelStore, data_folder: Path, chunk_bytes: int) -> None:
    detector = MicroWakeWord(["alexa"], 0.5, store)
    assert hits(detector, SECOND + clips(data_folder, "wake_alexa")[0].data + SECOND, chunk_bytes=chunk_bytes) == ["alexa"]


@pytest.mark.data
def test_a_higher_sensitivity_hears_no_less(store: ModelStore, data_folder: Path) -> None:
    said = b"".join(SECOND + clip.data + SECOND for clip in clips(data_folder, "wake_alexa")[:40])
    counts = [len(hits(MicroWakeWord(["alexa"], sensitivity, store), said)) for sensitivity in (0.0, 0.5, 1.0)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_silence_wakes_nobody(store: ModelStore) -> None:
    for word in WAKE_WORDS:
        assert hits(MicroWakeWord([word], 1.0, store), 5 * SECOND) == []


@pytest.mark.parametrize("words", [[], ["computer"], ["Alexa"], ["alexa", "hey jarvis", "okay nabu"]])
def test_other_choices_are_refused(store: ModelStore, words: list[str]) -> None:
    with pytest.raises(SettingsError, match="okay nabu"):
        MicroWakeWord(words, 0.5, store)


@pytest.mark.parametrize("sensitivity", [-0.1, 1.1, float("nan")])
def test_other_sensitivities_are_refused(store: ModelStore, sensitivity: float) -> None:
    with pytest.raises(SettingsError, match="from 0 to 1"):
        MicroWakeWord(["alexa"], sensitivity, store)


@given(st.sampled_from(WAKE_WORDS), st.floats(0, 1), st.floats(0, 1))
def test_the_cutoff_falls_as_sensitivity_rises(word: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0.5 <= cutoff(word, sensitivity=high) <= cutoff(word, sensitivity=low) <= 0.995


def test_another_model_is_refused(tmp_path: Path) -> None:
    files = tuple(replace(file, sha256="0" * 64) for file in PINNED)
    with pytest.raises(ModelError) as caught:
        MicroWakeWord(["alexa"], 0.5, ModelStore(tmp_path, files=files))
    assert caught.value.code == "model.wrong_digest"
