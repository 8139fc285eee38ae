"""What recognisers make of recordings, worked out once and kept in a folder of the machine's own temporary ones, by the models'
digest and the sound's: `make bench-improve` hears the same recordings for every arm of its trial.

Kept are what the quick one heard, what the careful one heard first, its encoder's output in 16 bits, and how likely it found each
text. Nothing of it is timed.
"""

import json
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from earwitness.build import House
from earwitness.domain.audio import Pcm
from earwitness.domain.turn import Transcript
from earwitness.speech.stt.whisper import HeardSound, Propose, Weighed


class HeardOnce:
    """A quick and a careful recogniser (speech.stt.cascade.Quick and Careful) that hear each sound once."""

    def __init__(self, house: House) -> None:
        models = house.store.folder("whisper-base") / "model.bin"
        self._house = house
        self._folder = Path(tempfile.gettempdir()) / f"earwitness-improve-{_digest(models)[:16]}"
        self._folder.mkdir(exist_ok=True)
        self._known: dict[str, dict[str, Any]] = {}

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Transcript:
        """What the quick one hears."""
        del hints
        one = self._of(pcm)
        return Transcript(text=one["quick"], engine="moonshine", audio_seconds=pcm.seconds)

    def first(self, pcm: Pcm) -> str:
        """What the careful one hears before anything is weighed."""
        return str(self._of(pcm)["first"])

    def weigh(self, pcm: Pcm, propose: Propose) -> tuple[Transcript, tuple[Weighed, ...]]:
        """As WhisperRecogniser.weigh."""
        one = self._of(pcm)
        transcript = Transcript(text=one["first"], engine="whisper", audio_seconds=pcm.seconds)
        texts = propose(one["first"], lambda: tuple) if one["begins"] is not None else ()
        if not texts:
            return transcript, ()
        texts = [one["first"], *texts]
        missing = [text for text in dict.fromkeys(texts) if text not in one["likely"]]
        if missing:
            encoded = np.load(self._folder / f"{one['key']}.npy").astype(np.float32)
            heard = HeardSound(transcript=transcript, encoded=encoded, begins=one["begins"])
            for found in self._house.whisper.likelihoods(heard, missing):
                one["likely"][found.text] = [found.log_probability, found.tokens]
            self._write(one)
        return transcript, tuple(Weighed(text, one["likely"][text][0], one["likely"][text][1]) for text in texts)

    def _of(self, pcm: Pcm) -> dict[str, Any]:
        key = sha256(pcm.data).hexdigest()[:24]
        if key not in self._known:
            file = self._folder / f"{key}.json"
            self._known[key] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else self._hear(key, pcm)
        return self._known[key]

    def _hear(self, key: str, pcm: Pcm) -> dict[str, Any]:
        quick, heard = self._house.moonshine.transcribe(pcm).text, self._house.whisper.hear(pcm)
        one: dict[str, Any] = {"key": key, "quick": quick, "begins": None, "likely": {}}
        if heard is None:
            one["first"] = self._house.whisper.transcribe(pcm).text
        else:
            np.save(self._folder / f"{key}.npy", heard.encoded.astype(np.float16))
            one |= {"first": heard.transcript.text, "begins": heard.begins}
        self._write(one)
        return one

    def _write(self, one: dict[str, Any]) -> None:
        (self._folder / f"{one['key']}.json").write_text(json.dumps(one), encoding="utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
