"""The spoken commands of the latency benchmark: sentences said by the shipped voices, and people's own recordings.

Knows the true end of speech of each: the last frame of 20 ms (every 10 ms) whose level is within 35 dB of the loudest frame. The
voices are silent after the last word, so that this is exact. People were recorded in noise: theirs must also be 6 dB above the
level of the recording's last quarter of a second, which may be early when the last sound is a faint one; then both stacks look
slower than they are. Everything lies in the same faint noise, so that silence is as in a room.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.speech.audio_file import read_audio
from earwitness.speech.voices import VoiceCatalogue

STEP = RATE_HZ // 100
BELOW_LOUDEST_DB = 35.0
ABOVE_NOISE_DB = 6.0
NOISE_STEPS = 25
"""Steps of 10 ms at the end of a recording, in which nobody speaks."""
LEAD_SECONDS, TAIL_SECONDS = 0.4, 6.0
NOISE_LEVEL = 10 ** (-66 / 20)
"""Root mean square of the noise under everything, full scale 1."""
HUMAN = "audio/commands.jsonl"
HUMAN_SPEAKER = "human"

SENTENCES = (
    "Turn on the standing light.",
    "Turn off the ceiling light.",
    "Switch on the kitchen light.",
    "Turn off the bed light.",
    "Turn on the coffee machine.",
    "Switch off the coffee machine.",
    "Turn on the lights in the living room.",
    "Turn off the lights in the kitchen.",
    "Set the bed light brightness to 50 percent.",
    "Set the ceiling light to 20 percent.",
    "Dim the standing light to 10 percent.",
    "Set the bed light to red.",
    "Set the kitchen light to blue.",
    "Lock the front door.",
    "Unlock the front door.",
    "Is the front door locked?",
    "Open the bedroom blinds.",
    "Close the bedroom blinds.",
    "Set the bedroom blinds to 50 percent.",
    "Set the temperature to 21 degrees.",
    "What is the temperature?",
    "What is the temperature in the living room?",
    "Is the bed light on?",
    "Is the coffee machine on?",
    "Which lights are on?",
    "Set a timer for 5 minutes.",
    "Set a timer for 20 minutes.",
    "Set a timer for one hour.",
    "Start a 10 minute timer.",
    "Set a 30 second timer.",
    "Pause the timer.",
    "Resume the timer.",
    "Cancel the timer.",
    "How much time is left on my timer?",
    "Add 5 minutes to my timer.",
    "Cancel all timers.",
    "What time is it?",
    "What's the time?",
    "What is the date?",
    "What's the date today?",
    "Add milk to my shopping list.",
    "Add apples to my shopping list.",
    "Add bread to the shopping list.",
    "Add call the plumber to my to-do list.",
    "Pause.",
    "Resume.",
    "Next.",
    "Pause the television.",
    "Turn off the television.",
    "Never mind.",
)

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One spoken command: what is said, by whom, its sound and the second in it at which speech truly ends."""

    text: str
    speaker: str
    pcm: Pcm
    end_seconds: float


def spoken_sentences(
    voices: VoiceCatalogue, names: tuple[str, ...], *, limit: int | None, on_progress: Callable[[int, int], None]
) -> list[Utterance]:
    """Every sentence once (or `limit` of them), the voices taking turns."""
    found = []
    sentences = SENTENCES if limit is None else SENTENCES[:: max(1, len(SENTENCES) // limit)][:limit]
    for index, text in enumerate(sentences):
        on_progress(index, len(sentences))
        voice = names[index % len(names)]
        parts = list(voices.stream(text, voice=voice))
        sound = np.concatenate([np.frombuffer(part.data, dtype="<i2") for part in parts]).astype(np.float32) / 32768.0
        found.append(laid_out(soxr.resample(sound, parts[0].rate_hz, RATE_HZ), text=text, speaker=voice, seed=index))
    return found


def human_commands(data: Path) -> list[Utterance]:
    """People's commands of the evaluation data, as recorded."""
    found = []
    for index, line in enumerate((data / HUMAN).read_text(encoding="utf-8").splitlines()):
        entry = json.loads(line)
        pcm = read_audio(data / entry["audio"], longest_seconds=20.0)
        sound = np.frombuffer(pcm.data, dtype="<i2").astype(np.float32) / 32768.0
        found.append(laid_out(sound, text=entry["text"], speaker=HUMAN_SPEAKER, seed=1000 + index))
    return found


def laid_out(sound: Samples, *, text: str, speaker: str, seed: int) -> Utterance:
    """Silence, the speech up to its true end, and the recording's own end and silence after it, all over faint noise."""
    end = speech_end(sound, is_noisy=speaker == HUMAN_SPEAKER)
    whole = np.concatenate([np.zeros(int(LEAD_SECONDS * RATE_HZ)), sound, np.zeros(int(TAIL_SECONDS * RATE_HZ))])
    noisy = whole + np.random.default_rng(seed).normal(0.0, NOISE_LEVEL, len(whole))
    pcm = Pcm(data=(np.clip(noisy, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return Utterance(text=text, speaker=speaker, pcm=pcm, end_seconds=LEAD_SECONDS + end / RATE_HZ)


def speech_end(sound: Samples, *, is_noisy: bool) -> int:
    """The sample after the last frame of speech, by level; a noisy recording ends with a quarter of a second without speech.

    Raises ValueError if the sound has no whole frame.
    """
    steps = sound[: len(sound) // STEP * STEP].reshape(-1, STEP).astype(np.float64)
    if len(steps) < 2:
        raise ValueError("the sound is shorter than a frame")
    power = np.mean(steps**2, axis=1)
    levels = 10.0 * np.log10((power[:-1] + power[1:]) / 2.0 + 1e-10)
    threshold = levels.max() - BELOW_LOUDEST_DB
    if is_noisy:
        threshold = min(levels.max(), max(threshold, np.median(levels[-NOISE_STEPS:]) + ABOVE_NOISE_DB))
    return (int(np.flatnonzero(levels >= threshold)[-1]) + 2) * STEP
