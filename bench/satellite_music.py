"""`make bench-music`: what music at a satellite costs a turn, and what one stream costs while it plays.

The same spoken commands, through a whole satellite and back, without music and with it: server, satellite and sound server are
real processes. Some are said in one way and some in the other in turn, so that whatever else this machine does falls on both.
"""

import argparse
import os
import statistics
import subprocess
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
from tests.pulse import running_pulse
from tests.records import make_records
from tests.satellite_trial import Program, Trial, program
from tests.strange_servers import free_port

COMMANDS = 20
IN_ONE_WAY = 5
IDLE_SECONDS = 30.0
TRACK_SECONDS = 900.0
SENTENCES = ("turn on the kitchen light.", "turn off the kitchen light.", "what time is it?", "which lights are on?")


@dataclass
class Turns:
    """What was seen of the commands said in one way."""

    said: int = 0
    cue_ms: list[float] = field(default_factory=list)
    reply_ms: list[float] = field(default_factory=list)
    """From the end of the words, as they are played into the air, until the reply begins to come."""


def main() -> None:
    """Measure, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=COMMANDS, help="how many each way; other than 20 publishes nothing")
    count, header = parser.parse_args().commands, machine()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        pulse = stack.enter_context(running_pulse(Path(folder) / "pulse"))
        trial, port = Trial(Path(folder), pulse), free_port()
        trial.pair(area="Kitchen")
        music = make_records(Path(folder) / "music", seconds=TRACK_SECONDS)
        settings = f'[music]\nfolder = "{music}"\n\n[server]\ndevice_port = {port}\n'
        (trial.folder / "server.toml").write_text(settings, encoding="utf-8")
        house = stack.enter_context(House(Settings(), is_passing=True))
        server = stack.enter_context(program(["run", "--port", "0"], trial.environment("server")))
        server.wait_for(r"Satellites connect to")
        satellite = stack.enter_context(trial.satellite(port))
        trial.until(link="up", is_microphone_open=True, is_speaker_open=True)
        silent, playing = Turns(), Turns()
        clips = {sentence: _spoken(house, sentence) for sentence in (*SENTENCES, "play some jazz.", "stop.")}
        _command(trial, satellite, clips[SENTENCES[0]], Turns())
        with Progress() as bar:
            for begin in bar.track(range(0, count, IN_ONE_WAY), description="commands each way"):
                some = [clips[SENTENCES[number % len(SENTENCES)]] for number in range(begin, min(count, begin + IN_ONE_WAY))]
                for clip in some:
                    _command(trial, satellite, clip, silent)
                _command(trial, satellite, clips["play some jazz."], Turns())
                for clip in some:
                    _command(trial, satellite, clip, playing)
                _command(trial, satellite, clips["stop."], Turns())
        costs = [_cost(server, satellite, port=port)]
        _command(trial, satellite, clips["play some jazz."], Turns())
        costs.append(_cost(server, satellite, port=port))
        dry = trial.status()["underruns"]
    text = "\n".join([header, "", table(["what", "no music", "music"], _rows(silent, playing, costs, dry=dry))])
    if count == COMMANDS:
        publish("music", text)
    else:
        print(text)


def _command(trial: Trial, satellite: Program, clip: tuple[Pcm, float], turns: Turns) -> None:
    """Say one; what came of it is noted, if it was understood."""
    sound, words_end = clip
    before = trial.status()["captures"]
    turns.said += 1
    began = time.monotonic()
    player = trial.pulse.say(sound)
    try:
        satellite.wait_for(r"^(?!state: ).+", within_seconds=12)  # what was heard
        satellite.wait_for(r"^(?!state: ).+", within_seconds=12)  # the reply
        replied = time.monotonic()
        trial.until(state="asleep", within_seconds=20)
    except TimeoutError:
        return
    finally:
        player.wait()
    after = trial.status()
    if after["captures"] > before:
        turns.cue_ms.append(after["cue_ms"])
        turns.reply_ms.append(1000 * (replied - began - words_end))


@dataclass(frozen=True)
class Cost:
    """Of some seconds: shares of a core, and what went to the satellite."""

    server_percent: float
    satellite_percent: float
    kilobytes_a_second: float


def _cost(server: Program, satellite: Program, *, port: int) -> Cost:
    """What both processes take while nobody speaks."""
    time.sleep(3.0)
    began = [time.monotonic(), _processor_seconds(server), _processor_seconds(satellite), _bytes_sent(port)]
    time.sleep(IDLE_SECONDS)
    ended = [time.monotonic(), _processor_seconds(server), _processor_seconds(satellite), _bytes_sent(port)]
    seconds, served, played, sent = (late - early for early, late in zip(began, ended, strict=True))
    return Cost(100 * served / seconds, 100 * played / seconds, sent / seconds / 1000)


def _processor_seconds(running: Program) -> float:
    """User and system time of a process so far (proc_pid_stat(5))."""
    words = Path(f"/proc/{running.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _bytes_sent(port: int) -> float:
    """What the server has sent on the satellite's connection (ss(8))."""
    shown = subprocess.run(["ss", "-tinH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return sum(float(word.partition(":")[2]) for word in shown.split() if word.startswith("bytes_sent:"))


def _spoken(house: House, sentence: str) -> tuple[Pcm, float]:
    """The wake word and a command, and when its words end in it [s]."""
    parts = list(house.voices.stream(f"Hey Jarvis, {sentence}", voice="heart", speed=1.0))
    rate_hz, words = parts[0].rate_hz, b"".join(part.data for part in parts)
    loud = np.flatnonzero(np.abs(np.frombuffer(words, "<i2").astype(int)) > 500)
    return Pcm(data=bytes(rate_hz) + words + bytes(2 * rate_hz), rate_hz=rate_hz), 0.5 + float(loud[-1]) / rate_hz


def _rows(silent: Turns, playing: Turns, costs: list[Cost], *, dry: int) -> list[list[str]]:
    both = (silent, playing)
    return [
        ["commands answered of those said", *(f"{len(one.cue_ms)} of {one.said}" for one in both)],
        ["from the cue's order to its first sample, p50 / max, ms", *(_two(one.cue_ms) for one in both)],
        ["from the end of the words to the reply, p50 / max, ms", *(_two(one.reply_ms) for one in both)],
        ["server while nobody speaks, % of a core", *(f"{one.server_percent:.1f}" for one in costs)],
        ["satellite while nobody speaks, % of a core", *(f"{one.satellite_percent:.1f}" for one in costs)],
        ["to the satellite, kB/s", *(f"{one.kilobytes_a_second:.1f}" for one in costs)],
        ["times the loudspeaker ran dry in all", "", f"{dry}"],
    ]


def _two(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} / {max(values):.0f}" if values else "none"


if __name__ == "__main__":
    main()
