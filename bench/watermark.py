"""`make bench-watermark`: whether the mark of a lease survives what a leak goes through, names nobody else, and can be heard.

Real speech of people: the first five seconds of every coffee order and sentence of read speech that is as long. Each is marked
for a lease of its own out of a table; a find counts only as if it had been looked for among a million leases.
"""

import argparse
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from pesq import pesq
from rich.progress import track

from bench.page import data_folder, machine, publish, table
from earwitness.domain.audio import RATE_HZ
from earwitness.review.watermark import MOST_LEASES, Samples, embed, trace
from earwitness.review.watermark_code import MOST_FALSE, best_scores, plan
from earwitness.review.watermark_plane import STRENGTH_DB, hear_symbols

KEY: Final = bytes(range(32))
SECONDS: Final = 5
TABLE: Final = 10_000
SOURCES: Final = ("audio/coffee_orders.jsonl", "audio/read_speech.jsonl")
CUT: Final = RATE_HZ + 137
"""A second is cut off the beginning, and not at the edge of a tile."""
STRANGERS: Final = 8
"""Clips that are compared with a million leases of others, marked and unmarked."""

Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One clip, and the same with its lease's mark."""

    plain: Samples
    marked: Samples
    lease: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to a leak, and to every how many-th clip it is done here."""

    name: str
    done: Callable[[Wave], Wave]
    every: int = 1


def main() -> None:
    """Mark, leak and trace every clip; print and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, help="only so many, and publish nothing")
    most = parser.parse_args().clips
    leases = [int(one) for one in np.random.default_rng(26).integers(1, 1 << 63, TABLE)]
    clips = [
        Clip(plain=plain, marked=embed(plain, key=KEY, lease=lease), lease=lease)
        for plain, lease in zip(list(_speech())[:most], leases, strict=False)
    ]
    parts = [
        machine(),
        f"{len(clips)} clips of {SECONDS} s of people's speech, tiles {STRENGTH_DB} dB louder or softer.",
        _heard(clips),
        _fates(clips, leases),
        _mixed(clips, leases),
        _strangers(clips),
    ]
    text = "\n\n".join(parts)
    print(text) if most else publish("watermark", text)


def _speech() -> Iterator[Samples]:
    for source in SOURCES:
        for line in (data_folder() / source).read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            if item["duration_seconds"] >= SECONDS:
                samples, rate_hz = soundfile.read(data_folder() / item["audio"], dtype="int16")
                assert rate_hz == RATE_HZ
                yield samples[: SECONDS * RATE_HZ]


def _heard(clips: Sequence[Clip]) -> str:
    found = np.array([pesq(RATE_HZ, clip.plain, clip.marked, "wb") for clip in track(clips, "PESQ")])
    row = [f"{found.mean():.2f}", f"{np.percentile(found, 5):.2f}", f"{found.min():.2f}", f"{(found >= 4).mean():.1%}"]
    return "PESQ (P.862.2, wide band; 4.64 is no difference), marked against unmarked:\n\n" + table(
        ["mean", "5th percentile", "least", "clips of at least 4.0"], [row]
    )


def _fates(clips: Sequence[Clip], leases: Sequence[int]) -> str:
    rows, wrong = [], 0
    for fate in FATES:
        scores, right = [], []
        for clip in track(clips[:: fate.every], fate.name):
            found = trace(_int16(fate.done(clip.marked.astype(np.float64))), key=KEY, leases=leases)
            is_sure = found is not None and found.false_chance * MOST_LEASES / TABLE <= MOST_FALSE
            wrong += bool(is_sure and found is not None and {found.lease, *found.also} != {clip.lease})
            right.append(bool(is_sure and found is not None and found.lease == clip.lease))
            scores.append(found.score if found is not None and found.lease == clip.lease else 0.0)
        low, high = _wilson(sum(right), len(right))
        share, sure = f"{np.mean(right):.1%}", f"{low:.1%} - {high:.1%}"
        rows.append([fate.name, str(len(right)), share, sure, f"{np.median(scores):.1f}", f"{min(scores):.1f}"])
    head = ["what the leak went through", "clips", "lease named", "95 % interval", "median score", "least"]
    return f"{table(head, rows)}\n\nSomebody else was named: {wrong} times."


def _mixed(clips: Sequence[Clip], leases: Sequence[int]) -> str:
    rows = []
    for name, mix in MIXES.items():
        named = [
            _named(mix(clip.marked.astype(np.float64), other.astype(np.float64)), leases)
            for clip, other in track(_pairs(clips, leases), name)
        ]
        truth = [{clip.lease, leases[-1 - number]} for number, clip in enumerate(clips[::4])]
        each = list(zip(named, truth, strict=True))
        rows.append(
            [
                name,
                str(len(each)),
                str(sum(found == both for found, both in each)),
                str(sum(len(found & both) == 1 for found, both in each)),
                str(sum(not found for found, _ in each)),
                str(sum(bool(found - both) for found, both in each)),
            ]
        )
    return "Two who put their copies of a clip together:\n\n" + table(
        ["how", "clips", "both named", "one named", "nobody", "a third named"], rows
    )


def _pairs(clips: Sequence[Clip], leases: Sequence[int]) -> list[tuple[Clip, Samples]]:
    return [(clip, embed(clip.plain, key=KEY, lease=leases[-1 - number])) for number, clip in enumerate(clips[::4])]


def _named(sound: Wave, leases: Sequence[int]) -> set[int]:
    found = trace(_int16(sound), key=KEY, leases=leases)
    return set() if found is None else {found.lease, *found.also}


def _strangers(clips: Sequence[Clip]) -> str:
    """The greatest score of a million leases that had nothing to do with the sound, and how long looking among them takes."""
    others = [int(one) for one in np.random.default_rng(62).integers(1, 1 << 63, MOST_LEASES)]
    rows, compared = [], 0
    for name, sounds in {
        "unmarked": [clip.plain for clip in clips],
        "marked for others": [clip.marked for clip in clips],
    }.items():
        heard = np.concatenate([hear_symbols(sound.astype(np.float64), plan(KEY)) for sound in sounds[:STRANGERS]])
        heard /= np.linalg.norm(heard, axis=1, keepdims=True)
        greatest = max(float(scores.max()) for _, scores in best_scores(heard, others, key=KEY))
        compared += len(heard) * len(others)
        rows.append([name, f"{len(heard) * len(others):,}", f"{greatest:.2f}"])
    began = time.perf_counter()
    named = trace(clips[0].marked, key=KEY, leases=[*others[:-1], clips[0].lease])
    seconds = time.perf_counter() - began
    assert named is not None
    needed = float(np.sqrt(2 * np.log(256 * MOST_LEASES / (MOST_FALSE / 2))))
    return (
        table(["sound", "comparisons with leases of others", "greatest score"], rows)
        + f"\n\nTo be named among {MOST_LEASES:,} leases takes a score of {needed:.2f}: the chance that any is named for a sound"
        + f" that none of them had is then at most {MOST_FALSE:g}, whatever it is. Finding one among them took {seconds:.1f} s."
    )


def _wilson(right: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share, which says something also when all are right (Wilson 1927)."""
    z, share = 1.96, right / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * np.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return max(0.0, middle - half), min(1.0, middle + half)


def _int16(sound: Wave) -> Samples:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def _coded(sound: Wave, *, codec: str, container: str, bit_rate: int, rate_hz: int = RATE_HZ) -> Wave:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate_hz)
        stream.bit_rate, stream.layout = bit_rate, "mono"
        frame = av.AudioFrame.from_ndarray(_int16(sound)[None], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout="mono", rate=rate_hz)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(stream.encode(part))
    file.seek(0)
    back = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(file, "r") as coded:
        frames = [*coded.decode(audio=0), None]
        pieces = [piece.to_ndarray()[0] for one in frames for piece in back.resample(one)]
    return np.asarray(np.concatenate(pieces), dtype=np.float64) * 32768


def _mp3(sound: Wave) -> Wave:
    return _coded(sound, codec="libmp3lame", container="mp3", bit_rate=64_000)


def _opus(sound: Wave, *, bit_rate: int) -> Wave:
    return _coded(sound, codec="libopus", container="ogg", bit_rate=bit_rate, rate_hz=48_000)


def _noisy(sound: Wave, *, below_db: float) -> Wave:
    noise = np.random.default_rng(4).standard_normal(len(sound))
    return np.asarray(sound + noise * np.sqrt(np.mean(sound**2)) * 10 ** (-below_db / 20))


def _at(sound: Wave, rate_hz: float) -> Wave:
    there = soxr.resample(sound, RATE_HZ, rate_hz)
    back: Wave = soxr.resample(there, rate_hz, RATE_HZ)
    return back


def _air(sound: Wave, *, echo_seconds: float, noise_db: float) -> Wave:
    """Played in a room and recorded again: an echo that decays by 60 dB, a small loudspeaker's band, noise below the speech."""
    rng = np.random.default_rng(8)
    count = int(echo_seconds * RATE_HZ)
    room = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    room *= 1 / np.sqrt(np.sum(room**2))
    room[0] += 1.0
    length = len(sound) + count
    spectrum = np.fft.rfft(sound, length) * np.fft.rfft(room, length)
    hertz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    spectrum *= 1 / np.sqrt(1 + (250 / np.maximum(hertz, 1)) ** 4) / np.sqrt(1 + (hertz / 6000) ** 8)
    played = np.fft.irfft(spectrum, length)
    noise = np.cumsum(rng.standard_normal(length)) * 0.02 + rng.standard_normal(length)
    noise *= np.sqrt(np.mean(played**2) / np.mean(noise**2)) * 10 ** (-noise_db / 20)
    return played + noise


FATES: Final = (
    Fate(name="nothing", done=lambda sound: sound),
    Fate(name="1 s cut off, MP3 64k", done=lambda sound: _mp3(sound[CUT:])),
    Fate(name="1 s cut off, AAC 64k", done=lambda sound: _coded(sound[CUT:], codec="aac", container="adts", bit_rate=64_000)),
    Fate(name="1 s cut off, Opus 24k", done=lambda sound: _opus(sound[CUT:], bit_rate=24_000)),
    Fate(name="1 s cut off, 44.1 kHz and back", done=lambda sound: _at(sound[CUT:], 44_100)),
    Fate(name="1 s cut off, 8 kHz and back", done=lambda sound: _at(sound[CUT:], 8_000)),
    Fate(name="Opus 24k, then MP3 64k", done=lambda sound: _mp3(_opus(sound, bit_rate=24_000)), every=2),
    Fate(name="Opus 12k", done=lambda sound: _opus(sound, bit_rate=12_000), every=2),
    Fate(name="1 % faster", done=lambda sound: soxr.resample(sound, RATE_HZ * 1.01, RATE_HZ), every=4),
    Fate(name="5 % faster", done=lambda sound: soxr.resample(sound, RATE_HZ * 1.05, RATE_HZ), every=4),
    Fate(name="noise at 20 dB", done=lambda sound: _noisy(sound, below_db=20), every=2),
    Fate(
        name="through the air: echo 0.3 s, noise at 25 dB", done=lambda sound: _air(sound, echo_seconds=0.3, noise_db=25), every=2
    ),
    Fate(
        name="through the air: echo 0.5 s, noise at 15 dB", done=lambda sound: _air(sound, echo_seconds=0.5, noise_db=15), every=2
    ),
)
MIXES: Final[dict[str, Callable[[Wave, Wave], Wave]]] = {
    "averaged": lambda one, other: (one + other) / 2,
    "averaged, then Opus 24k": lambda one, other: _opus((one + other) / 2, bit_rate=24_000),
    "half of each": lambda one, other: np.concatenate([one[: len(one) // 2], other[len(other) // 2 :]]),
    "every other 50 ms of each": lambda one, other: np.where(np.arange(len(one)) // 800 % 2, one, other),
}


if __name__ == "__main__":
    main()
