"""`make bench-satellite`: 200 spoken commands through a whole satellite and back: process, sound server and server are real.

A voice says the wake word and a command into the virtual microphone; what the virtual speaker plays is recorded. The packets to
the server are captured (as root), to see that no sound leaves before the cue. Everything is on this machine.
"""

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.progress import Progress

from bench.page import machine, publish, table
from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import Pcm
from earwitness.satellite.cues import cue
from earwitness.understand.normalise import normalise
from tests.packets import Packets, capturing
from tests.pulse import Recording, correlation, running_pulse
from tests.satellite_trial import Program, Trial

COMMANDS = 200
SOUND_BYTES = 1024
HEARD = 0.8
"""A reply whose recording correlates with what was synthesised at least so much was heard."""
WAKE_SECONDS, TURN_SECONDS = 4.0, 15.0
SENTENCES = (
    "Turn on the kitchen light.",
    "Turn off the kitchen light.",
    "What time is it?",
    "Turn on the coffee machine.",
    "Turn off the coffee machine.",
    "What is the temperature?",
    "Lock the front door.",
    "Set the ceiling light to 20 percent.",
    "Close the bedroom blinds.",
    "Which lights are on?",
)


@dataclass
class Figures:
    """What was seen of every command."""

    said: int = 0
    woke: int = 0
    answered: int = 0
    as_said: int = 0
    cue_ms: list[float] = field(default_factory=list)
    first_sound_ms: list[float] = field(default_factory=list)
    packet_after_cue_ms: list[float] = field(default_factory=list)
    early_packets: int = 0
    correlations: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def main() -> None:
    """Measure, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=COMMANDS, help="how many; other than 200 publishes nothing")
    count = parser.parse_args().commands
    header, figures = machine(), Figures()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        pulse = stack.enter_context(running_pulse(Path(folder) / "pulse"))
        trial = Trial(Path(folder), pulse)
        trial.pair(area="Kitchen")
        house = stack.enter_context(House(Settings(), is_passing=True))
        clips = {sentence: _spoken(house, sentence) for sentence in SENTENCES}
        port = stack.enter_context(trial.server())
        satellite = stack.enter_context(trial.satellite(port))
        trial.until(link="up", is_microphone_open=True, is_speaker_open=True)
        with Progress() as bar:
            for number in bar.track(range(count), description="commands"):
                sentence = SENTENCES[number % len(SENTENCES)]
                _command(trial, satellite, house=house, port=port, sentence=sentence, clip=clips[sentence], figures=figures)
        status = trial.status()
    text = "\n".join([header, "", table(["what", "value", "goal"], _rows(figures, status))])
    if figures.lost:
        text += "\n\nLost: " + "; ".join(figures.lost)
    if count == COMMANDS:
        publish("satellite", text)
    else:
        print(text)


def _command(trial: Trial, satellite: Program, *, house: House, port: int, sentence: str, clip: Pcm, figures: Figures) -> None:
    before, first_line = trial.status(), len(satellite.lines)
    with trial.pulse.recording() as recording, capturing(port) as packets:
        player = trial.pulse.say(clip)
        is_done = _finish(trial, before["captures"])
        player.wait()
        time.sleep(0.15)  # what is in the recorder's pipe still comes
    after = trial.status()
    figures.said += 1
    figures.woke += after["captures"] > before["captures"]
    words = [line for line in satellite.lines[first_line:] if not line.startswith("state: ")]
    if not is_done or len(words) < 2:
        figures.lost.append(f"{sentence} ({'woke' if after['captures'] > before['captures'] else 'did not wake'}: {words})")
        return
    likeness = min(
        correlation(recording.samples(), _spoken_reply(house, reply), rate_hz=recording.rate_hz) for reply in words[1:]
    )
    figures.correlations.append(likeness)
    figures.answered += likeness >= HEARD
    figures.as_said += normalise(words[0]).casefold() == normalise(sentence).casefold()
    figures.cue_ms.append(after["cue_ms"])
    figures.first_sound_ms.append(after["first_sound_after_cue_ms"])
    _note_packets(packets, recording, figures=figures)
    if likeness < HEARD:
        figures.lost.append(f"{sentence} (heard at {likeness:.2f}: {words})")


def _finish(trial: Trial, captures: int) -> bool:
    """Wait for the wake word and then for the end of the reply; whether both came."""
    deadline, has_woken = time.monotonic() + WAKE_SECONDS, False
    while time.monotonic() < deadline:
        found = trial.status()
        if not has_woken and found["captures"] > captures:
            deadline, has_woken = time.monotonic() + TURN_SECONDS, True
        if has_woken and found["state"] == "asleep":
            return True
        time.sleep(0.03)
    return False


def _note_packets(packets: Packets, recording: Recording, *, figures: Figures) -> None:
    """When the first packet with sound left, after the cue arrived in the recording (which is itself some 30 ms late)."""
    wanted = np.frombuffer(cue("start").data, "<i2").astype(np.float64)
    at = int(np.argmax(np.correlate(recording.samples(), wanted, "valid")))
    heard_at = recording.heard_at(at)
    first = min((when for when, size in packets.to_port if size >= SOUND_BYTES), default=None)
    if first is not None:
        figures.packet_after_cue_ms.append(1000 * (first - heard_at))
        figures.early_packets += first < heard_at - 0.06


def _rows(figures: Figures, status: dict[str, object]) -> list[list[str]]:
    return [
        ["commands said", f"{figures.said}", ""],
        ["woke and were captured", f"{figures.woke}", f"{figures.said}"],
        ["transcribed, carried out, answered aloud", f"{figures.answered}", f"{figures.said}"],
        ["of them transcribed exactly as said", f"{figures.as_said}", ""],
        ["from the cue's order to its first sample, p50 / p95 / max, ms", _three(figures.cue_ms), "100"],
        ["from the cue's first sample to the first sound sent, min, ms", f"{min(figures.first_sound_ms, default=0):.1f}", "> 0"],
        ["first packet with sound after the cue as recorded, p50, ms", f"{_median(figures.packet_after_cue_ms):.0f}", ""],
        ["packets with sound before the cue", f"{figures.early_packets}", "0"],
        ["reply against what was synthesised, correlation, median / min", _two(figures.correlations), ""],
        ["speaker ran dry / chunks of the microphone dropped", f"{status['underruns']} / {status['chunks_dropped']}", "0 / 0"],
    ]


def _three(values: list[float]) -> str:
    if not values:
        return "none"
    return f"{_median(values):.0f} / {np.percentile(values, 95):.0f} / {max(values):.0f}"


def _two(values: list[float]) -> str:
    return f"{_median(values):.3f} / {min(values, default=0):.3f}"


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


def _spoken_reply(house: House, text: str) -> Pcm:
    parts = list(house.voices.stream(text, voice="heart", speed=1.0))
    return Pcm(data=b"".join(part.data for part in parts), rate_hz=parts[0].rate_hz)


def _spoken(house: House, sentence: str) -> Pcm:
    sound = _spoken_reply(house, f"Hey Jarvis, {sentence[0].lower()}{sentence[1:]}")
    return Pcm(data=bytes(sound.rate_hz // 2) + sound.data + bytes(2 * sound.rate_hz), rate_hz=sound.rate_hz)


if __name__ == "__main__":
    main()
