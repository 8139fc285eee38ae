"""A folder of music made for tests: short tones with tags, by artists that do not exist."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile

RATE_HZ: Final = 44_100
SECONDS: Final = 8.0
RECORDS: Final = (
    ("Harbour Lights", "The Paper Boats", "Tides", "Folk", 220.0),
    ("Salt Wind", "The Paper Boats", "Tides", "Folk", 247.0),
    ("Nine Lanterns", "Ida Marlow", "Night Market", "Jazz", 262.0),
    ("Copper Rain", "Ida Marlow", "Night Market", "Jazz", 294.0),
    ("Slow Orbit", "Vector Garden", "Apogee", "Electronic", 330.0),
)
"""Title, artist, album, genre, and the tone in hertz."""


def make_records(folder: Path, *, seconds: float = SECONDS) -> Path:
    """Write the records as FLAC with their tags, and a playlist of two of them; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for number, (title, artist, album, genre, tone) in enumerate(RECORDS, start=1):
        place = folder / artist
        place.mkdir(exist_ok=True)
        at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
        with soundfile.SoundFile(place / f"{number}.flac", "w", samplerate=RATE_HZ, channels=1, format="FLAC") as file:
            file.title, file.artist, file.album, file.genre = title, artist, album, genre
            file.tracknumber = str(number)
            file.write((0.3 * np.sin(2 * np.pi * tone * at)).astype(np.float32))
        names.append(f"{artist}/{number}.flac")
    (folder / "Evening.m3u").write_text(f"#EXTM3U\n{names[0]}\n{names[3]}\n../outside.flac\n", encoding="utf-8")
    return folder
