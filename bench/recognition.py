"""`make bench-recognition`: what weighing the sentences of the home adds to the recogniser, beside the base model alone.

Both hear the same sound in the same run: Whisper base as `speech.recogniser = "whisper"` decodes it without hints, and the
default recogniser. A command is right when its intent and all slots are those of the sentence as it was meant; speech that is
no request must not become one. The thresholds (speech/stt/choosing.py) were chosen on the people's commands and on those of the
other recordings that `USED` counts; these are left out here. The voices were not heard while choosing.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from bench.page import ROOT, data_folder, machine, publish, table
from bench.spoken import SENTENCES
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Transcript
from earwitness.improve.metrics import Share, interval, percentile, rate, rate_of, word_error_share
from earwitness.improve.scoring import is_command
from earwitness.speech.audio_file import read_audio
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.whisper import BeginOthers, Propose, Weighed, WhisperRecogniser

HOME = ROOT / "bench" / "homes" / "commands.yaml"
AREA = "Living Room"
USED = {"audio/read_speech.jsonl": 16, "audio/coffee_orders.jsonl": 20, "audio/wake_alexa.jsonl": 30, "audio/words.jsonl": 60}
"""Recordings by which the thresholds were chosen: so many of each, after one shuffle."""
MOST = {"audio/read_speech.jsonl": 27, "audio/coffee_orders.jsonl": 40, "audio/wake_alexa.jsonl": 30, "audio/words.jsonl": 60}
ANSWERS = {"yes": True, "no": False}
VOICES = 8
ROOM_SECONDS = 0.4
"""How long the echo of the simulated room takes to fall by 60 dB; the direct sound is as strong as the echo at 2 m."""
HUM_HZ = (110.0, 220.0, 330.0, 440.0)

Samples = NDArray[np.float32]


@dataclass(slots=True)
class Row:
    """What one recogniser made of one set."""

    errors: list[Share] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)


class BothAtOnce:
    """The careful recogniser of the cascade, which notes what it would have heard alone, and how long weighing took."""

    def __init__(self, whisper: WhisperRecogniser) -> None:
        self._whisper = whisper
        self.alone: str | None = None
        self.added_ms: float | None = None
        self.processor_ms: float | None = None

    def weigh(self, pcm: Pcm, propose: Propose) -> tuple[Transcript, tuple[Weighed, ...]]:
        """As WhisperRecogniser.weigh."""
        began, used = 0.0, 0.0

        def timed(first: str, begin_others: BeginOthers) -> Sequence[str]:
            nonlocal began, used
            began, used = time.perf_counter(), time.process_time()
            return propose(first, begin_others)

        heard, weighed = self._whisper.weigh(pcm, timed)
        self.alone = heard.text
        self.added_ms = (time.perf_counter() - began) * 1000.0 if weighed else None
        self.processor_ms = (time.process_time() - used) * 1000.0 if weighed else None
        return heard, weighed


class Bench:
    """The recognisers and the home that they hear for."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._both = BothAtOnce(house.whisper)
        self._ours = CascadeRecogniser(house.moonshine, self._both, house.home_sentences)
        self.added_ms: list[float] = []
        house.home_sentences.wait(120.0)

    def hear(self, pcm: Pcm, context: Context | None = None) -> tuple[str, str]:
        """What the base model hears alone, and what we hear."""
        self._both.alone = self._both.added_ms = self._both.processor_ms = None
        ours = self._ours.transcribe(pcm, context=context).text
        if self._both.alone is not None and self._both.added_ms is not None:
            self.added_ms.append(self._both.added_ms)
        return (self._house.whisper.transcribe(pcm).text if self._both.alone is None else self._both.alone), ours

    @property
    def last_added(self) -> tuple[float | None, float | None]:
        """What weighing added to what was heard last, in milliseconds of the clock and of processors; None if nothing was."""
        return self._both.added_ms, self._both.processor_ms

    def means(self, text: str, context: Context | None = None) -> tuple[Intent | None, bool]:
        """What a text means, and whether it is a request."""
        understood = self._house.understander.understand(text, context=context or Context(area=AREA))
        return understood.intent, is_command(understood)

    def commands(self, said: Sequence[tuple[str, Pcm]], title: str) -> tuple[Row, Row]:
        """Both on spoken commands."""
        rows = (Row(), Row())
        for text, pcm in track(said, description=title, console=Console(stderr=True), transient=True):
            for row, heard in zip(rows, self.hear(pcm, Context(area=AREA)), strict=True):
                row.errors.append(word_error_share(text, heard))
                row.right.append(self.means(heard)[0] == self.means(text)[0])
        return rows

    def others(self, said: Sequence[tuple[str, Pcm]], title: str) -> tuple[Row, Row]:
        """Both on speech that is no request; `right` tells that it stayed none, or is a request that was really said."""
        rows = (Row(), Row())
        for text, pcm in track(said, description=title, console=Console(stderr=True), transient=True):
            for row, heard in zip(rows, self.hear(pcm, Context(area=AREA)), strict=True):
                intent, is_request = self.means(heard)
                row.right.append(not is_request or (bool(text) and intent == self.means(text)[0]))
        return rows

    def answers(self, said: Sequence[tuple[str, Pcm]]) -> tuple[Row, Row]:
        """Both on the answer to a question that wants a yes or a no."""
        pending = Intent(name="HassListClear", slots={})
        context = Context(area=AREA, expects="confirmed", pending=pending)
        rows = (Row(), Row())
        for text, pcm in said:
            for row, heard in zip(rows, self.hear(pcm, context), strict=True):
                intent, _ = self.means(heard, context)
                row.right.append(intent is not None and intent.slots.get("confirmed") is ANSWERS[text])
        return rows


CHANGES: dict[str, Callable[[Samples, int], Samples]] = {
    "voices": lambda sound, seed: sound,
    "voices, noise 10 dB": lambda sound, seed: _noisy(sound, seed),
    "voices, music 10 dB": lambda sound, seed: _with_music(sound, seed),
    "voices, room": lambda sound, seed: _in_room(sound, seed),
}


def main() -> None:
    """Hear everything and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=200, help="recordings of each kind, and voices; the tables tell how many")
    parser.add_argument("--without-voices", action="store_true", help="people's recordings alone")
    chosen = parser.parse_args()
    intro, data = machine(), data_folder()
    with House(read_settings(), home_file=HOME, is_passing=True) as house:
        bench = Bench(house)
        people = list(items(data, "audio/commands.jsonl"))
        commands = _told("people", bench.commands(people, "people"))
        at_once = len(people) - len(bench.added_ms)
        voices = [] if chosen.without_voices else list(spoken(house, most=chosen.most))
        for title, change in CHANGES.items() if voices else ():
            changed = [(text, pcm_of(change(sound, index))) for index, (text, sound) in enumerate(voices)]
            commands += _told(title, bench.commands(changed, title))
        others = [line for name in USED for line in _refused(name, bench.others(_unused(data, name, most=chosen.most), name))]
        words = [item for item in items(data, "audio/words.jsonl") if item[0] in ANSWERS][: chosen.most]
        alone, ours = bench.answers(words)
    parts = [
        intro,
        "Commands:",
        table(COMMAND_HEAD, commands),
        "Speech that is no request, turned into one:",
        table(["recordings", "recogniser", "items", "became a request, %", "95 %"], others),
        f"Of {len(words)} people who say yes or no when asked, {_percent(alone.right)} % are understood from the base model "
        f"alone, {_percent(ours.right)} % as it is now.",
        f"What weighing adds where it is done ({len(bench.added_ms)} recordings): {percentile(bench.added_ms, 0.5):.0f} ms at "
        f"the median, {percentile(bench.added_ms, 0.95):.0f} ms at 95 %. Nothing was weighed for {at_once} of the people's "
        f"{len(people)} commands: they were heard in the language at once.",
    ]
    publish("recognition", "\n\n".join(parts))


COMMAND_HEAD = ["said by", "recogniser", "items", "word error rate, %", "95 %", "commands right, %", "95 %"]


def _unused(data: Path, name: str, *, most: int) -> list[tuple[str, Pcm]]:
    """The recordings by which nothing was chosen, at most so many as MOST says."""
    found = list(items(data, name))
    random.Random(1).shuffle(found)
    return found[USED[name] : USED[name] + min(most, MOST[name])]


def _told(title: str, rows: tuple[Row, Row]) -> list[list[str]]:
    lines = []
    for name, row in zip(("base model", "ours"), rows, strict=True):
        errors = f"{100 * (rate(row.errors) or 0):.1f}"
        measures = [errors, _range(row.errors, rate), _percent(row.right), _range(row.right, rate_of)]
        lines.append([title, name, str(len(row.right)), *measures])
    return lines


def _refused(title: str, rows: tuple[Row, Row]) -> list[list[str]]:
    wrong = [[not right for right in row.right] for row in rows]
    named = zip(("base model", "ours"), wrong, strict=True)
    return [[title, name, str(len(row)), _percent(row), _range(row, rate_of)] for name, row in named]


def _percent(row: Sequence[bool]) -> str:
    return f"{100 * (rate_of(row) or 0):.1f}"


def _range(items: Sequence[Any], measure: Callable[[Sequence[Any]], float | None]) -> str:
    found = interval(items, measure)
    return "" if found is None else f"{100 * found[0]:.1f} - {100 * found[1]:.1f}"


def items(data: Path, name: str) -> Iterator[tuple[str, Pcm]]:
    """Recordings of a collection: what is said, and its sound."""
    for line in (data / name).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        yield entry.get("text") or "", read_audio(data / entry["audio"], longest_seconds=60.0)


def spoken(house: House, *, most: int) -> Iterator[tuple[str, Samples]]:
    """Sentences said by as many voices, each by one."""
    names = [voice.name for voice in house.voices.voices() if voice.is_installed and voice.engine == "kokoro"][
        : min(most, VOICES)
    ]
    for index, name in enumerate(track(names, description="saying", console=Console(stderr=True), transient=True)):
        for text in SENTENCES[index :: len(names)][:3]:
            parts = list(house.voices.stream(text, voice=name))
            sound = np.concatenate([np.frombuffer(part.data, dtype="<i2") for part in parts]).astype(np.float32) / 32768.0
            yield text, soxr.resample(sound, parts[0].rate_hz, RATE_HZ).astype(np.float32)


def _noisy(sound: Samples, seed: int) -> Samples:
    """With a fan's noise, which falls by 6 dB an octave, 10 dB below the speech."""
    noise = np.cumsum(np.random.default_rng(seed).normal(0.0, 1.0, len(sound)))
    noise -= np.convolve(noise, np.ones(800) / 800, mode="same")
    return mixed(sound, noise.astype(np.float32), 10.0)


def _with_music(sound: Samples, seed: int) -> Samples:
    """With chords that change twice a second, 10 dB below the speech."""
    rng, beat = np.random.default_rng(seed), RATE_HZ // 2
    seconds = np.arange(len(sound)) / RATE_HZ
    tune = np.repeat(rng.integers(0, 12, len(sound) // beat + 1), beat)[: len(sound)]
    chord = sum(np.sin(2 * np.pi * hz * 2 ** (tune / 12) * seconds) for hz in HUM_HZ)
    return mixed(sound, np.asarray(chord, dtype=np.float32), 10.0)


def mixed(sound: Samples, other: Samples, apart_db: float) -> Samples:
    """One sound under another, so much softer."""
    level = np.sqrt(np.mean(sound**2) / np.mean(other**2)) * 10 ** (-apart_db / 20)
    return (sound + other * np.float32(level)).astype(np.float32)


def _in_room(sound: Samples, seed: int) -> Samples:
    """As it is heard at some distance: with an echo of noise that dies away (Moorer's model of a diffuse room)."""
    rng = np.random.default_rng(seed)
    length = int(ROOM_SECONDS * RATE_HZ)
    echo = rng.normal(0.0, 1.0, length) * 10 ** (-3.0 * np.arange(length) / length)
    echo[: RATE_HZ // 200] = 0.0
    echo /= np.sqrt(np.sum(echo**2))
    echo[0] = 1.0
    size = len(sound) + length
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size), size)[: len(sound) + length // 2]
    return np.asarray(wet * np.abs(sound).max() / np.abs(wet).max(), dtype=np.float32)


def pcm_of(sound: Samples) -> Pcm:
    """The sound as it is heard, in a moment of silence."""
    quiet = np.zeros(RATE_HZ // 4, dtype=np.float32)
    whole = np.concatenate([quiet, np.clip(sound, -1.0, 1.0), quiet])
    return Pcm(data=(whole * 32767.0).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
