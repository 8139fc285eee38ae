"""Every recogniser, real, on real speech: hears commands and short words, and invents nothing for silence and noise."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Transcript
from earwitness.foreign.reach import Place, Trust
from earwitness.foreign.wyoming_recogniser import WyomingRecogniser
from earwitness.speech.audio_file import read_audio
from earwitness.speech.models import ModelStore
from earwitness.speech.pinned import PINNED
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.stt.retrieval import Sentence
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.vad.gate import SpeechGate
from earwitness.turn.ports import Recogniser
from earwitness.turn.workers import Workers
from tests.unit.foreign.peers import services

pytestmark = pytest.mark.models

KNOWN = {"lock the front door", "cancel timer", "what time is it", "turn on standing light", "turn off standing light"}


def words(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9 ]", "", text.lower()).split())


class Home:
    """Knows these sentences by their words, and none by its sound."""

    def knows(self, text: str, *, context: Context) -> bool:
        return words(text) in KNOWN

    def is_closed(self, text: str, *, context: Context) -> bool:
        return words(text) in KNOWN

    def is_exact(self, text: str) -> bool:
        return False

    def nearest(self, text: str, *, context: Context, most: int) -> Sequence[Sentence]:
        return ()


def cascade(store: ModelStore, threads: int) -> Recogniser:
    return CascadeRecogniser(MoonshineRecogniser(store, threads), WhisperRecogniser(store, threads), Home())


class Elsewhere:
    """Our own Wyoming services with Whisper, in a thread of their own, and the recogniser that asks them."""

    def __init__(self, store: ModelStore, threads: int) -> None:
        whisper, ready = WhisperRecogniser(store, threads), threading.Event()
        ports: list[int] = []

        async def serve() -> None:
            with Workers() as workers:
                async with services(workers, seconds=60.0, recogniser=whisper) as port:
                    ports.append(port)
                    ready.set()
                    await asyncio.Event().wait()

        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        assert ready.wait(30)
        place = Place(host="127.0.0.1", port=ports[0])
        gate = SpeechGate(store)
        self._asks = WyomingRecogniser(place, trust=Trust(), has_speech=gate.has_speech, deadline_seconds=120.0)
        self.name = self._asks.name

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        return self._asks.transcribe(pcm, hints=hints, context=context)


LOCAL: dict[str, Callable[[ModelStore, int], Recogniser]] = {
    "whisper": WhisperRecogniser,
    "moonshine": MoonshineRecogniser,
    "cascade": cascade,
}
ENGINES = {**LOCAL, "wyoming": Elsewhere}


@pytest.fixture(scope="module", params=ENGINES)
def recogniser(request: pytest.FixtureRequest, store: ModelStore) -> Recogniser:
    return ENGINES[request.param](store, 1)


def pcm(samples: NDArray[np.float64]) -> Pcm:
    return Pcm(data=np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes())


def noises() -> dict[str, Pcm]:
    rng = np.random.default_rng(7)
    time = np.arange(8 * RATE_HZ) / RATE_HZ
    rumble = np.cumsum(rng.standard_normal(len(time)))
    return {
        "nothing": Pcm(data=b""),
        "one sample": Pcm(data=b"\0\0"),
        "silence": Pcm(data=bytes(16 * RATE_HZ)),
        "hiss": pcm(0.01 * rng.standard_normal(len(time))),
        "loud hiss": pcm(0.3 * rng.standard_normal(len(time))),
        "rumble": pcm(0.5 * rumble / np.abs(rumble).max()),
        "beep": pcm(0.3 * np.sin(2 * np.pi * 1000 * time)),
        "hum": pcm(0.1 * np.sign(np.sin(2 * np.pi * 50 * time))),
        "clipped": pcm(np.sign(rng.standard_normal(len(time)))),
    }


@pytest.mark.parametrize("noise", noises())
def test_invents_nothing(recogniser: Recogniser, noise: str) -> None:
    assert recogniser.transcribe(noises()[noise], hints=("Bed Light",)).text == ""


@pytest.mark.data
def test_hears_a_command(recogniser: Recogniser, data_folder: Path) -> None:
    clip = read_audio(data_folder / "audio/commands/lock_the_front_door.flac", longest_seconds=20)
    heard = recogniser.transcribe(clip)
    assert words(heard.text) == "lock the front door"
    assert heard.audio_seconds == pytest.approx(clip.seconds)
    if recogniser.name != "wyoming":  # whose transcripts say no probability
        assert heard.mean_log_probability is not None
        assert -1.0 < heard.mean_log_probability <= 0.0
    assert heard.engine in ENGINES


@pytest.mark.data
def test_hears_a_command_that_starts_at_once_and_ends_at_once(recogniser: Recogniser, data_folder: Path) -> None:
    clip = read_audio(data_folder / "audio/commands/lock_the_front_door.flac", longest_seconds=20)
    loud = np.flatnonzero(np.abs(np.frombuffer(clip.data, dtype="<i2")) > 600)
    tight = Pcm(data=clip.data[2 * loud[0] : 2 * loud[-1] + 2])
    assert "front door" in words(recogniser.transcribe(tight).text)


@pytest.mark.data
def test_hears_most_short_words(recogniser: Recogniser, data_folder: Path) -> None:
    lines = (data_folder / "audio/words.jsonl").read_text(encoding="utf-8").splitlines()
    items = [item for item in map(json.loads, lines) if item["text"] in {"yes", "no", "stop", "seven", "right"}]
    said = [(item["text"], read_audio(data_folder / item["audio"], longest_seconds=20)) for item in items]
    right = sum(words(recogniser.transcribe(clip).text) in {text, {"seven": "7"}.get(text)} for text, clip in said)
    assert len(said) >= 40
    assert right >= 0.7 * len(said)


@pytest.mark.data
def test_hears_all_of_a_long_recording(recogniser: Recogniser, data_folder: Path) -> None:
    names = [f"audio/read_speech/{number:04}.flac" for number in range(8)]
    parts = [read_audio(data_folder / name, longest_seconds=60).data for name in names]
    long = Pcm(data=bytes(RATE_HZ).join(parts))
    assert long.seconds > 30
    text = words(recogniser.transcribe(long).text)
    lines = (data_folder / "audio/read_speech.jsonl").read_text(encoding="utf-8").splitlines()
    expected = set(words(" ".join(json.loads(line)["text"] for line in lines[:8])).split())
    assert len(expected & set(text.split())) >= 0.85 * len(expected)


@pytest.mark.data
def test_calls_one_after_the_other_from_several_threads_agree(recogniser: Recogniser, data_folder: Path) -> None:
    clip = read_audio(data_folder / "audio/commands/what_time_is_it.flac", longest_seconds=20)
    expected = recogniser.transcribe(clip)
    one_at_a_time = threading.Lock()
    heard: list[Transcript] = []

    def call() -> None:
        with one_at_a_time:
            heard.append(recogniser.transcribe(clip))

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [expected] * 3


def test_another_rate_is_a_mistake_of_the_caller(recogniser: Recogniser) -> None:
    with pytest.raises(ValueError, match="16 kHz"):
        recogniser.transcribe(Pcm(data=bytes(2000), rate_hz=48_000))


@pytest.mark.parametrize("engine", LOCAL)
def test_altered_weights_are_refused(engine: str, tmp_path: Path, store: ModelStore) -> None:
    """Assembled files are altered on disk; files used in place are held against another digest."""
    whisper = tmp_path / "whisper-base"
    whisper.mkdir()
    for file in PINNED:
        if file.name.startswith("whisper-base/"):
            data = store.path(file.name).read_bytes()
            (tmp_path / file.name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    table = tuple(replace(file, sha256="0" * 64) if file.name.startswith("moonshine") else file for file in PINNED)
    with pytest.raises(ModelError) as caught:
        LOCAL[engine](ModelStore(tmp_path, files=table), 1)
    assert caught.value.code == "model.wrong_digest"
