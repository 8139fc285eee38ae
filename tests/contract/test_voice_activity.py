"""Every voice detector, real: speech is speech, noise is not, and one stream does not colour the next."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.speech.audio_file import read_audio
from earwitness.speech.models import ModelStore
from earwitness.speech.pinned import PINNED
from earwitness.speech.vad.gate import SpeechGate
from earwitness.speech.vad.silero import SileroVad
from earwitness.turn.ports import VoiceActivityDetector

pytestmark = pytest.mark.models

ENGINES: dict[str, Callable[[ModelStore], VoiceActivityDetector]] = {"silero": SileroVad}


@pytest.fixture(params=ENGINES)
def detector(request: pytest.FixtureRequest, store: ModelStore) -> VoiceActivityDetector:
    return ENGINES[request.param](store)


def probabilities(detector: VoiceActivityDetector, pcm: Pcm) -> list[float]:
    step = 2 * detector.frame_samples
    return [detector.probability(pcm.data[at : at + step]) for at in range(0, len(pcm.data) - step + 1, step)]


def hiss(*, level: float, seconds: float = 4.0) -> Pcm:
    samples = np.random.default_rng(3).standard_normal(int(seconds * RATE_HZ)) * level
    return Pcm(data=np.clip(samples, -32768, 32767).astype("<i2").tobytes())


@pytest.mark.parametrize("level", [0, 30, 300, 3000])
def test_noise_is_not_speech(detector: VoiceActivityDetector, level: float) -> None:
    assert max(probabilities(detector, hiss(level=level))) < 0.35


@pytest.mark.data
def test_speech_is_found_where_it_is(detector: VoiceActivityDetector, data_folder: Path) -> None:
    clip = read_audio(data_folder / "audio/commands/what_time_is_it.flac", longest_seconds=20)
    silence = bytes(2 * RATE_HZ)
    found = probabilities(detector, Pcm(data=silence + clip.data + silence))
    per_second = RATE_HZ / detector.frame_samples
    assert max(found[: int(0.9 * per_second)]) < 0.3
    assert max(found) > 0.8
    assert max(found[-int(0.5 * per_second) :]) < 0.3


@pytest.mark.data
def test_reset_forgets_the_stream(detector: VoiceActivityDetector, data_folder: Path) -> None:
    clip = read_audio(data_folder / "audio/commands/next.flac", longest_seconds=20)
    first = probabilities(detector, clip)
    detector.reset()
    assert probabilities(detector, clip) == first


@pytest.mark.parametrize("size", [0, 2, 1022, 1026])
def test_a_frame_of_another_length_is_a_mistake_of_the_caller(detector: VoiceActivityDetector, size: int) -> None:
    with pytest.raises(ValueError, match="samples"):
        detector.probability(bytes(size))


@pytest.mark.data
def test_the_gate_lets_speech_through_and_nothing_else(store: ModelStore, data_folder: Path) -> None:
    gate = SpeechGate(store)
    clips = sorted((data_folder / "audio/commands").glob("*.flac"))
    assert all(gate.has_speech(read_audio(clip, longest_seconds=20)) for clip in clips)
    assert not any(gate.has_speech(hiss(level=level)) for level in (0, 30, 300, 3000))
    assert not gate.has_speech(Pcm(data=b""))


@pytest.mark.data
def test_the_gate_hears_speech_that_comes_late(store: ModelStore, data_folder: Path) -> None:
    clip = read_audio(data_folder / "audio/commands/next.flac", longest_seconds=20)
    assert SpeechGate(store).has_speech(Pcm(data=bytes(10 * 2 * RATE_HZ) + clip.data))


@pytest.mark.parametrize("engine", ENGINES)
def test_another_model_is_refused(engine: str, tmp_path: Path) -> None:
    files = tuple(replace(file, sha256="0" * 64) for file in PINNED)
    with pytest.raises(ModelError) as caught:
        ENGINES[engine](ModelStore(tmp_path, files=files))
    assert caught.value.code == "model.wrong_digest"
