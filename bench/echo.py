"""`python -m bench.echo`: a satellite's own reply in its microphone, with PulseAudio's echo canceller and without. 6 minutes.

One run is heard twice at once: by the plain microphone and by the one of `module-echo-cancel`. A voice replies on the speaker,
and what it plays comes back to the microphone as loud as it is, some 50 ms later; other voices say the wake word into it. The
satellite's wake word detector then listens to both recordings. There is no room: nothing reverberates, distorts or moves.
"""

import argparse
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import RATE_HZ, Pcm
from tests.pulse import Pulse, Recording, running_pulse

SOUND = NDArray[np.float64]
WIRE_HZ = 24_000
SLOT_SECONDS = 5.5
WORD_AT_SECONDS = 1.6
GRACE_SECONDS = 1.2
"""How long after its end a wake word still counts as heard."""
LEAD_SECONDS = 2.0
REPLY_DBFS = -22.0
ROOM = ("module-loopback", "source=spk.monitor", "sink=air", "latency_msec=30", "adjust_time=0")
REPLY_VOICE = "heart"
WORD = "hey jarvis"
CANCEL = (
    "module-echo-cancel", "source_master=mic", "sink_master=spk", "source_name=mic_ec", "sink_name=spk_ec",
    "aec_method=webrtc", 'aec_args="analog_gain_control=0 digital_gain_control=0 noise_suppression=0"', "rate=48000",
)  # fmt: skip
REPLIES = (
    "It is seventeen minutes past four. The next timer rings in twelve minutes, and then there is one more.",
    "I turned off the kitchen light, the ceiling light in the living room, and the lamp in the hall.",
    "There are three things on your shopping list: a dozen eggs, some butter, and two loaves of bread.",
    "Today is Saturday, the twenty eighth of November. Good morning to everybody in this house.",
    "The front door is locked, the garage is closed, and nobody is at home but the dog and the cat.",
)
WITH_WORD = "You wake me like this. Hey Jarvis! And you stop me like this. Hey Jarvis!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`echo_db` is how much louder than the person the reply is at the microphone; None for no reply."""

    name: str
    slots: int
    echo_db: float | None
    is_spoken: bool = False
    is_named: bool = False
    """Whether the reply itself has the wake word in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    case: Case
    at: float
    word_ends: float | None


def cases(share: float) -> tuple[Case, ...]:
    """What is tried; `share` of the usual number of each."""

    def some(number: int) -> int:
        return max(1, round(number * share))

    return (
        Case(name="wake word, no reply", slots=some(10), echo_db=None, is_spoken=True),
        Case(name="wake word over a reply as loud", slots=some(16), echo_db=0.0, is_spoken=True),
        Case(name="wake word over a reply 10 dB louder", slots=some(16), echo_db=10.0, is_spoken=True),
        Case(name="reply without the word", slots=some(10), echo_db=10.0),
        Case(name="reply that says the word (twice)", slots=some(8), echo_db=10.0, is_named=True),
    )


class Speech:
    """Sentences at WIRE_HZ, each synthesised once, all equally loud."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._made: dict[tuple[str, str], SOUND] = {}

    def say(self, text: str, voice: str) -> SOUND:
        if (text, voice) not in self._made:
            parts = list(self._house.voices.stream(text, voice=voice))
            samples = np.frombuffer(b"".join(part.data for part in parts), "<i2").astype(np.float64) / 32_768
            samples = soxr.resample(samples, parts[0].rate_hz, WIRE_HZ)
            loud = samples[np.abs(samples) > 0.01]
            self._made[text, voice] = samples * (10 ** (REPLY_DBFS / 20) / np.sqrt(np.mean(loud**2)))
        return self._made[text, voice]


def scene(speech: Speech, voices: tuple[str, ...], tried: tuple[Case, ...]) -> tuple[SOUND, SOUND, list[Slot]]:
    """What the speaker plays, what people say, and when."""
    chance = np.random.default_rng(7)
    order = [case for case in tried for _ in range(case.slots)]
    chance.shuffle(order)
    length = int((LEAD_SECONDS + SLOT_SECONDS * len(order) + 2) * WIRE_HZ)
    played, said, slots = np.zeros(length), np.zeros(length), list[Slot]()
    for number, case in enumerate(order):
        at, word_ends = LEAD_SECONDS + number * SLOT_SECONDS, None
        if case.echo_db is not None:
            reply = speech.say(WITH_WORD if case.is_named else REPLIES[number % len(REPLIES)], REPLY_VOICE)
            _add(played, reply[: int((SLOT_SECONDS - 0.5) * WIRE_HZ)], at)
        if case.is_spoken:
            word = speech.say("Hey Jarvis!", voices[number % len(voices)])
            _add(said, word * 10 ** (-(case.echo_db or 0.0) / 20), at + WORD_AT_SECONDS)
            word_ends = at + WORD_AT_SECONDS + len(word) / WIRE_HZ
        slots.append(Slot(case=case, at=at, word_ends=word_ends))
    return played, said, slots


def _add(to: SOUND, sound: SOUND, at: float) -> None:
    start = int(at * WIRE_HZ)
    to[start : start + len(sound)] += sound[: len(to) - start]


def pcm(sound: SOUND) -> Pcm:
    return Pcm(data=(np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes(), rate_hz=WIRE_HZ)


def run(pulse: Pulse, played: SOUND, said: SOUND) -> tuple[Recording, Recording]:
    """Play both in real time; what the plain microphone heard, and the one with the canceller."""
    for module in (ROOM, CANCEL):
        subprocess.run(["pactl", "load-module", *module], env=pulse.environment, check=True, capture_output=True)
    with pulse.recording("mic") as plain, pulse.recording("mic_ec") as cancelled:
        speaker = _playing(pulse, pcm(played), device="spk_ec")
        air = _playing(pulse, pcm(said), device="air")
        speaker.wait()
        air.wait()
    return plain, cancelled


def _playing(pulse: Pulse, sound: Pcm, *, device: str) -> subprocess.Popen[bytes]:
    """A player with half a second in hand, so that it does not run dry on a busy machine."""
    player = subprocess.Popen(
        ["paplay", "--raw", "--format=s16le", "--channels=1", f"--rate={WIRE_HZ}", f"--device={device}", "--latency-msec=500"],
        stdin=subprocess.PIPE,
        env=pulse.environment,
    )

    def feed() -> None:
        assert player.stdin is not None
        with player.stdin:
            player.stdin.write(sound.data)

    threading.Thread(target=feed, daemon=True).start()
    return player


def wakes(house: House, found: SOUND) -> list[float]:
    """When the satellite's detector hears its word, in seconds."""
    samples = soxr.resample(found, WIRE_HZ, RATE_HZ)
    data, detector, at = (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes(), house.wake_detector((WORD,)), list[float]()
    for start in range(0, len(data) - 1023, 1024):
        if detector.detect(data[start : start + 1024]) is not None:
            at.append((start + 1024) / 2 / RATE_HZ)
            detector.reset()
    return at


def offset(found: SOUND, expected: SOUND) -> float:
    """By how much a recording began before the scene, in seconds: where their loudness agrees best."""
    step = WIRE_HZ // 100

    def envelope(sound: SOUND) -> SOUND:
        power: SOUND = np.mean(sound[: len(sound) // step * step].reshape(-1, step) ** 2, axis=1)
        return 0.5 * np.log10(power + 1e-8)

    one, other = envelope(found), envelope(expected)
    size = 1 << (len(one) + len(other)).bit_length()
    match = np.fft.irfft(np.fft.rfft(one - one.mean(), size) * np.conj(np.fft.rfft(other - other.mean(), size)), size)
    return float(np.argmax(match[: 5 * 100])) / 100


def loudness(found: SOUND, slots: list[Slot], begun: float) -> float:
    """Of the replies over which nobody speaks, in dBFS."""
    alone = [slot.at + begun for slot in slots if slot.case.echo_db is not None and not slot.case.is_spoken]
    parts = [found[int(at * WIRE_HZ) : int((at + SLOT_SECONDS) * WIRE_HZ)] for at in alone]
    return float(10 * np.log10(np.mean(np.concatenate(parts) ** 2) + 1e-12))


def counted(slots: list[Slot], at: list[float]) -> Iterator[tuple[str, int, int, int]]:
    """For each case its slots, in how many the person's word was heard, and how many wakes there were besides."""
    for case in dict.fromkeys(slot.case for slot in slots):
        mine = [slot for slot in slots if slot.case is case]
        hits = others = 0
        for slot in mine:
            inside = [when for when in at if slot.at <= when < slot.at + SLOT_SECONDS]
            ends = slot.word_ends
            right = [when for when in inside if ends is not None and ends - 0.5 <= when <= ends + GRACE_SECONDS]
            hits += bool(right)
            others += len(inside) - min(1, len(right))
        yield case.name, len(mine), hits, others


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of trials")
    parser.add_argument("--keep", type=Path, help="folder for both recordings")
    options = parser.parse_args()
    with House(Settings(), is_passing=True) as house, tempfile.TemporaryDirectory() as folder:
        voices = tuple(voice.name for voice in house.voices.voices() if voice.is_installed and voice.name != REPLY_VOICE)[:6]
        played, said, slots = scene(Speech(house), voices, cases(options.share))
        print(f"{len(slots)} trials of {SLOT_SECONDS} s with {len(voices)} voices: {', '.join(voices)}", flush=True)
        with running_pulse(Path(folder) / "pulse") as pulse:
            recordings = dict(zip(("plain", "cancelled"), run(pulse, played, said), strict=True))
        for name, recording in recordings.items():
            found = recording.samples()
            if options.keep:
                options.keep.mkdir(exist_ok=True)
                np.save(options.keep / f"{name}.npy", found.astype(np.float32))
            begun = offset(recordings["plain"].samples(), played + said)
            print(f"{name}: {len(found) / WIRE_HZ:.1f} s, begun {begun:.2f} s before")
            print(f"  replies alone are {loudness(found, slots, begun):.0f} dBFS loud")
            for case, trials, hits, others in counted(slots, [when - begun for when in wakes(house, found)]):
                print(f"  {case:38} trials {trials:3}  woken by the person {hits:3}  woken otherwise {others:3}")


if __name__ == "__main__":
    main()
