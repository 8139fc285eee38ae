"""What recognisers make of recordings, worked out once and kept in a folder of the machine's own temporary ones, by the models'
digest and the sound's: `make bench-improve` hears the same recordings for every arm of its trial.

Kept are what the quick one heard, what the careful one heard first, its encoder's output in 16 bits, and how likely it found each
text. Nothing of it is timed.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.build import House
from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Completeness, Context, Understanding
from earwitness.domain.turn import Transcript
from earwitness.speech.stt.cascade import Sentences
from earwitness.speech.stt.retrieval import Sentence
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

    def voice(self, pcm: Pcm, embed: Callable[[Pcm], NDArray[np.float32]]) -> NDArray[np.float32]:
        """What `embed` makes of the voice in a sound."""
        file = self._folder / f"{_key(pcm)}-voice.npy"
        if not file.exists():
            np.save(file, embed(pcm))
        found: NDArray[np.float32] = np.load(file)
        return found

    def said(self, text: str, voice: str, say: Callable[[str, str], Pcm]) -> Pcm:
        """What `say` makes of a text by a voice."""
        file = self._folder / f"said-{sha256(f'{voice} {text}'.encode()).hexdigest()[:24]}.pcm"
        if not file.exists():
            file.write_bytes(say(text, voice).data)
        return Pcm(data=file.read_bytes())

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
        key = _key(pcm)
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


class SentencesOnce:
    """The sentences of a home (speech.stt.cascade.Sentences), each looked up once."""

    def __init__(self, sentences: Sentences) -> None:
        self._sentences = sentences
        self._nearest: dict[str, Sequence[Sentence]] = {}
        self._closed: dict[str, bool] = {}

    def knows(self, text: str, *, context: Context) -> bool:
        return self._sentences.knows(text, context=context)

    def is_closed(self, text: str, *, context: Context) -> bool:
        if text not in self._closed:
            self._closed[text] = self._sentences.is_closed(text, context=context)
        return self._closed[text]

    def is_exact(self, text: str) -> bool:
        return self._sentences.is_exact(text)

    def nearest(self, text: str, *, context: Context, most: int) -> Sequence[Sentence]:
        if text not in self._nearest:
            self._nearest[text] = self._sentences.nearest(text, context=context, most=most)
        return self._nearest[text]


class Deaf:
    """A recogniser and an understander for trials of something else: hears and understands nothing."""

    name = "none"

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        return Transcript(text="", engine=self.name, audio_seconds=pcm.seconds)

    def understand(self, text: str, *, context: Context) -> Understanding:
        return Understanding(text=text, intent=None, completeness=Completeness.UNKNOWN, reason="nobody listens")

    def hints(self) -> tuple[str, ...]:
        return ()


def _key(pcm: Pcm) -> str:
    return sha256(pcm.data).hexdigest()[:24]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
