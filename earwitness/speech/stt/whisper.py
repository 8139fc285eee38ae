"""Whisper base through CTranslate2, with a short context: a command of three seconds does not pay for thirty.

Owns the model, its prompt and how its output becomes text. Never decides which hypothesis is a command (`cascade` does).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import EngineError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Transcript
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.byte_pairs import BytePairs
from earwitness.speech.stt.decoder import Decoder
from earwitness.speech.stt.hints import nearest
from earwitness.speech.stt.log_mel import log_mel
from earwitness.speech.stt.tidy import has_loop, said_once, tidy
from earwitness.speech.stt.windows import Samples, samples_of, windows
from earwitness.speech.vad.gate import SpeechGate

NAME = "whisper"
_END, _START, _ENGLISH, _TRANSCRIBE, _EARLIER, _FIRST_TIME = 50257, 50258, 50259, 50359, 50361, 50364
"""Special tokens of the multilingual vocabulary; from `_FIRST_TIME` on, token n is a time of (n - _FIRST_TIME) / 50 s."""
_TIME_STEP_SECONDS = 0.02
_LEAD_SECONDS = 0.5
"""Silence put before the clip: without it the first word of a clip that starts at once is often lost."""
_TAIL_SECONDS = 5.0
"""Silence put after it: with less, the model repeats itself; with more, it is only slower."""
_TOKENS_PER_SECOND = 8
_SPARE_TOKENS = 12
_SLACK_SECONDS = 0.2
_BEAM = 5
_TIMES = 1501
_CLOSING_MARKS = (".", "?", "!", ",")
_LISTENED_TAIL_SECONDS = 1.0
"""Silence after the clip that is weighed with it; the rest of the tail changes nothing and costs time."""
_FEWEST_WORDS = 3
"""Shorter requests are decoded without hints: there, the model would rather repeat the prompt than listen."""
_LONGEST_HINTED_SECONDS = 8.0
"""Longer than any command: hints cost time there and change little."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One window as the encoder left it."""

    encoded: ctranslate2.StorageView
    seconds: float


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    text: str
    mean_log_probability: float
    is_looped: bool = False
    begins: int = _FIRST_TIME
    """The time token that it begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardSound:
    """A sound as it was heard first, and as texts are weighed for it: float32 [frames of 20 ms, width]."""

    transcript: Transcript
    encoded: NDArray[np.float32]
    begins: int
    """The time token that it begins with."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """How likely a text is for what was heard: the natural logarithm, summed over `tokens` and the end."""

    text: str
    log_probability: float
    tokens: int


BeginOthers = Callable[[], Callable[[], Sequence[str]]]
"""Begins the search for other hypotheses; gives what waits for them."""
Propose = Callable[[str, BeginOthers], Sequence[str]]
"""What to weigh, given what was heard first and what begins the search for other hypotheses."""


class WhisperRecogniser:
    """Speech to text with Whisper base, int8. One call at a time."""

    name = NAME

    def __init__(self, store: ModelStore, threads: int, *, folder: Path | None = None) -> None:
        """Load the pinned model, or that of a folder that was learned (model.bin, config.json, tokenizer.json).

        Raises ModelError if a file is missing or altered, EngineError if it cannot run here.
        """
        self._store, self._threads = store, threads
        place = folder or store.folder("whisper-base")
        try:
            self._model = ctranslate2.models.Whisper(
                str(place), device="cpu", compute_type="int8", inter_threads=1, intra_threads=threads
            )
            self._tokenizer = tokenizers.Tokenizer.from_file(str(place / "tokenizer.json"))
        except Exception as error:
            raise EngineError("This machine cannot run Whisper: `earwitness doctor` may tell why.") from error
        self._pairs = BytePairs(self._tokenizer.get_vocab(), words_below=_END)
        self._gate = SpeechGate(store)
        self._weights = place / "model.bin"
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="others")

    def of_folder(self, folder: Path) -> "WhisperRecogniser":
        """One with the model of a folder, and all else as here."""
        return WhisperRecogniser(self._store, self._threads, folder=folder)

    @cached_property
    def _decoder(self) -> Decoder:
        """For what CTranslate2 has no call for; a second copy of the decoder's weights, 130 MB, made when it is first asked
        for."""
        marks = [token for mark in _CLOSING_MARKS for token in self._pairs.encode(mark)]
        return Decoder(self._weights, closing=[*marks, _END, *range(_FIRST_TIME, _FIRST_TIME + _TIMES)])

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        """Transcribe 16 kHz mono PCM; the hints that sound like what was heard are given to the model as a prompt.

        Silence and noise give an empty text; the context changes nothing. Raises EngineError if the model fails.
        """
        del context
        if not self._gate.has_speech(pcm):
            return _silence(pcm)
        heard = [self._hear(window) for window in windows(samples_of(pcm))]
        plain = [self._decode(window, beam=1, prompt=())[0] for window in heard]
        if hints:
            plain = [self._hinted(window, hints=hints, plain=first) for window, first in zip(heard, plain, strict=True)]
        return _transcript(plain, pcm=pcm)

    def weigh(self, pcm: Pcm, propose: Propose) -> tuple[Transcript, tuple[Weighed, ...]]:
        """What was heard, and how likely it and each text are that `propose` makes of it: the heard text first.

        `propose` is given the heard text, and what begins a search for others that may have been heard: that goes on in a thread
        of its own until they are asked for. Nothing is weighed, and the tuple is empty, for silence, for recordings of several
        windows, and if nothing is proposed. Closing punctuation counts for none. Raises EngineError if the model fails.
        """
        found = self._first(pcm)
        if found is None:
            return self.transcribe(pcm), ()
        one = _kept(*found, pcm=pcm)
        texts = propose(one.transcript.text, lambda: self._others(found[0]))
        return one.transcript, self.likelihoods(one, [one.transcript.text, *texts]) if texts else ()

    def hear(self, pcm: Pcm) -> HeardSound | None:
        """What is needed to weigh texts for a sound; None for silence and for recordings of several windows."""
        found = self._first(pcm)
        return None if found is None else _kept(*found, pcm=pcm)

    def _first(self, pcm: Pcm) -> tuple[_Heard, _Hypothesis] | None:
        """A sound of one window, and what is heard in it first."""
        pieces = list(windows(samples_of(pcm))) if self._gate.has_speech(pcm) else []
        if len(pieces) != 1:
            return None
        heard = self._hear(pieces[0])
        return heard, self._decode(heard, beam=1, prompt=())[0]

    def _others(self, heard: _Heard) -> Callable[[], Sequence[str]]:
        """Begin to look for the likeliest texts; gives what waits for them."""
        found = self._beside.submit(self._decode, heard, beam=_BEAM, prompt=())
        return lambda: [one.text for one in found.result() if one.text and not one.is_looped]

    def likelihoods(self, heard: HeardSound, texts: Sequence[str]) -> tuple[Weighed, ...]:
        """How likely each text is for a sound that was heard. Raises EngineError if the model fails."""
        tokens = [self._pairs.encode(f" {text.strip(' .,!?')}") for text in texts]
        try:
            sound = self._decoder.listen(heard.encoded)
        except OSError as error:
            raise EngineError("Recognition failed; say it again.") from error
        sums = self._decoder.score(sound, [_START, _ENGLISH, _TRANSCRIBE, heard.begins], tokens)
        return tuple(Weighed(text, value, len(ids)) for text, value, ids in zip(texts, sums, tokens, strict=True))

    def _prompts(self, heard: _Heard, *, hints: Sequence[str], plain: _Hypothesis) -> tuple[tuple[str, ...], ...]:
        """What a second look at the same sound is to be told: nothing, then the names that may have been said."""
        worth_it = hints and heard.seconds <= _LONGEST_HINTED_SECONDS and len(plain.text.split()) >= _FEWEST_WORDS
        return ((), nearest(hints, text=plain.text)) if worth_it else ((),)

    def _hinted(self, heard: _Heard, *, hints: Sequence[str], plain: _Hypothesis) -> _Hypothesis:
        *_, prompt = self._prompts(heard, hints=hints, plain=plain)
        best = self._decode(heard, beam=_BEAM, prompt=prompt)[0] if prompt else plain
        if not best.text or best.is_looped:
            return plain
        return _Hypothesis(said_once(best.text), best.mean_log_probability)

    def _hear(self, samples: Samples) -> _Heard:
        lead, tail = int(_LEAD_SECONDS * RATE_HZ), int(_TAIL_SECONDS * RATE_HZ)
        tail += -(lead + len(samples) + tail) % 320
        features = log_mel(np.pad(samples, (lead, tail)))
        try:
            encoded = self._model.encode(ctranslate2.StorageView.from_array(features[None]))
        except Exception as error:
            raise EngineError("Recognition failed; say it again.") from error
        return _Heard(encoded, _LEAD_SECONDS + len(samples) / RATE_HZ)

    def _decode(self, heard: _Heard, *, beam: int, prompt: Sequence[str]) -> list[_Hypothesis]:
        tokens = [_START, _ENGLISH, _TRANSCRIBE]
        if prompt:
            names = self._pairs.encode(f" {', '.join(prompt)}.")
            tokens = [_EARLIER, *names, *tokens]
        most = len(tokens) + _SPARE_TOKENS + int(heard.seconds * _TOKENS_PER_SECOND)
        try:
            found = self._model.generate(
                heard.encoded,
                [tokens],
                beam_size=beam,
                num_hypotheses=beam,
                max_length=min(most, 448),
                return_scores=True,
            )[0]
        except Exception as error:
            raise EngineError("Recognition failed; say it again.") from error
        return [
            self._hypothesis(ids, score=score, seconds=heard.seconds)
            for ids, score in zip(found.sequences_ids, found.scores, strict=True)
        ]

    def _hypothesis(self, ids: Sequence[int], *, score: float, seconds: float) -> _Hypothesis:
        said = [token for segment in segments(ids, seconds=seconds) for token in segment]
        text: str = self._tokenizer.decode(said)
        begins = next((token for token in ids if token >= _FIRST_TIME), _FIRST_TIME)
        return _Hypothesis(tidy(text), score, is_looped=has_loop(text), begins=begins)


def _kept(heard: _Heard, first: _Hypothesis, *, pcm: Pcm) -> HeardSound:
    frames = int((heard.seconds + _LISTENED_TAIL_SECONDS) / _TIME_STEP_SECONDS)
    encoded = np.array(heard.encoded, dtype=np.float32)[0, :frames]
    return HeardSound(transcript=_transcript([first], pcm=pcm), encoded=encoded, begins=first.begins)


def segments(ids: Sequence[int], *, seconds: float) -> list[list[int]]:
    """The words between pairs of time tokens, without those said to start after the clip ended or twice the same."""
    found: list[list[int]] = []
    current: list[int] = []
    for token in ids:
        if token < _END:
            current.append(token)
        elif token >= _FIRST_TIME:
            if current and (not found or current != found[-1]):
                found.append(current)
            starts = (token - _FIRST_TIME) * _TIME_STEP_SECONDS
            if not current and found and starts > seconds - _SLACK_SECONDS:
                return found
            current = []
    if current and (not found or current != found[-1]):
        found.append(current)
    return found


def _silence(pcm: Pcm) -> Transcript:
    return Transcript(text="", engine=NAME, audio_seconds=pcm.seconds)


def _transcript(parts: Sequence[_Hypothesis], *, pcm: Pcm) -> Transcript:
    text = " ".join(part.text for part in parts if part.text)
    score = sum(part.mean_log_probability for part in parts) / len(parts)
    return Transcript(text=text, engine=NAME, audio_seconds=pcm.seconds, mean_log_probability=score)
