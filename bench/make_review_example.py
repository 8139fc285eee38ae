"""Makes the example that Drawn plays before anybody consents: `python -m bench.make_review_example`, with the default models.

The sentence that nobody said, by the home's default voice (Kokoro, Apache-2.0), as a reviewer would hear it: what is blanked out
silent, the voice disguised. FLAC at 16 kHz.
"""

from pathlib import Path

import numpy as np
import soundfile

from earwitness.config import models_folder
from earwitness.domain.audio import RATE_HZ
from earwitness.foreign.sound import at_rate
from earwitness.review.disguise import disguised
from earwitness.review.word_times import WordTimer
from earwitness.speech.models import ModelStore
from earwitness.speech.voices import VoiceCatalogue
from earwitness.web.drawn_api import EXAMPLE

VOICE = "heart"
FILE = Path(__file__).resolve().parent.parent / "earwitness" / "web" / "static" / "review_example.flac"


def main() -> None:
    """Write the example anew."""
    store = ModelStore(models_folder())
    parts = [at_rate(part, RATE_HZ) for part in VoiceCatalogue(store).stream(EXAMPLE, voice=VOICE)]
    said = np.frombuffer(b"".join(part.data for part in parts), dtype="<i2")
    heard = disguised(said, EXAMPLE, timer=WordTimer(store), names=(), known=())
    if heard is None:
        raise SystemExit("The words of the example cannot be timed.")
    soundfile.write(FILE, heard, RATE_HZ, subtype="PCM_16")
    print(f"{len(heard) / RATE_HZ:.1f} s, {np.mean(heard == 0):.0%} of it silent")


if __name__ == "__main__":
    main()
