"""Makes the recordings that ship with the satellite: `python -m bench.make_sounds`, with the default models installed.

They are synthesised by the home's default voice (Kokoro, Apache-2.0), cut to the speech, and written as FLAC at 16 kHz.
"""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.audio import RATE_HZ
from earwitness.satellite.spoken_code import TEXTS

VOICE = "heart"
QUIET = 10 ** (-45 / 20)
"""What is quieter than this, of full scale, before and after the speech is cut off."""
MARGIN_SECONDS = 0.03
PEAK = 0.6
FOLDER = Path(__file__).resolve().parent.parent / "earwitness" / "satellite" / "sounds"


def main() -> None:
    """Write every recording anew."""
    FOLDER.mkdir(exist_ok=True)
    with House(read_settings(), is_passing=True) as house:
        for name, text in TEXTS.items():
            spoken = list(house.voices.stream(text if text.endswith(".") else f"{text}.", voice=VOICE))
            sound = np.frombuffer(b"".join(part.data for part in spoken), dtype=np.int16).astype(np.float64) / 32768
            sound = soxr.resample(sound, spoken[0].rate_hz, RATE_HZ)
            loud = np.flatnonzero(np.abs(sound) > QUIET)
            margin = round(MARGIN_SECONDS * RATE_HZ)
            sound = sound[max(0, loud[0] - margin) : loud[-1] + margin]
            soundfile.write(FOLDER / f"{name}.flac", sound * (PEAK / np.abs(sound).max()), RATE_HZ, subtype="PCM_16")
            print(f"{name:10} {len(sound) / RATE_HZ:.2f} s")


if __name__ == "__main__":
    main()
