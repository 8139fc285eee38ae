"""When each word of a transcript was said: Whisper's cross-attention, followed through the sound.

Owns the model that listens and what is believed of it. It says nothing about which words matter, and cuts nothing.
Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022); dynamic time warping over the
attention of the heads that follow the words, as CTranslate2's `align` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from threading import Lock
from typing import Any, Final

import ctranslate2
import numpy as np
import tokenizers
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import EngineError
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.log_mel import HOP_SAMPLES, log_mel

Samples = NDArray[np.int16]

LONGEST_SECONDS: Final = 24.0
_LEAD_SECONDS: Final = 0.3
_TAIL_SECONDS: Final = 5.0
"""Silence before and after. Padded to the 30 s of its training the model gives the same times to 40 ms, six times slower."""
_START: Final = (50258, 50259, 50359, 50363)
"""Start, English, transcribe, no time tokens: the multilingual vocabulary."""
_STEP_SECONDS: Final = 0.02
_LEAST_MEAN_LOG_PROBABILITY: Final = -4.5
"""Below this other words were said, and times would be invented: right words lie mostly over -3.5, others under -7."""
_LONGEST_WORD_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTime:
    """One word, as it stands in the transcript, and from when until when it was said, in seconds from the beginning."""

    word: str
    from_seconds: float
    until_seconds: float


class WordTimer:
    """Times words. One call at a time; the model is loaded by the first."""

    def __init__(self, store: ModelStore, *, threads: int = 1) -> None:
        self._store, self._threads, self._lock = store, threads, Lock()
        self._loaded: tuple[Any, tokenizers.Tokenizer] | None = None

    def times(self, samples: Samples, text: str) -> tuple[WordTime, ...] | None:
        """When each whitespace-separated word of `text` is said in int16 [samples], 16 kHz mono.

        None where no times are to be believed: the words are not what is heard, one of them lasts longer than any word, there are
        none, or the sound is longer than 24 s. Raises ModelError if the model is missing or altered, EngineError if it fails.
        """
        words = text.split()
        if not words or not 0 < len(samples) <= LONGEST_SECONDS * RATE_HZ:
            return None
        with self._lock:
            model, tokenizer = self._load()
            pieces = [tokenizer.encode(f" {word}", add_special_tokens=False).ids for word in words]
            found = self._align(model, samples, [token for piece in pieces for token in piece])
        return _believed(words, pieces, found, seconds=len(samples) / RATE_HZ)

    def _align(self, model: Any, samples: Samples, tokens: list[int]) -> Any:
        lead = int(_LEAD_SECONDS * RATE_HZ)
        tail = int(_TAIL_SECONDS * RATE_HZ)
        tail += -(lead + len(samples) + tail) % (2 * HOP_SAMPLES)
        sound = np.pad(samples * np.float32(1 / 32768), (lead, tail))
        frames = (2 * lead + len(samples)) // HOP_SAMPLES
        try:
            features = ctranslate2.StorageView.from_array(log_mel(sound)[None])
            return model.align(features, list(_START), [tokens], frames)[0]
        except Exception as error:
            raise EngineError("The words of a recording could not be timed; try again.", code="engine.failed") from error

    def _load(self) -> tuple[Any, tokenizers.Tokenizer]:
        if self._loaded is None:
            folder = self._store.folder("whisper-base")
            try:
                model = ctranslate2.models.Whisper(
                    str(folder), device="cpu", compute_type="int8", inter_threads=1, intra_threads=self._threads
                )
                self._loaded = model, tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            except Exception as error:
                raise EngineError("This machine cannot run Whisper: `earwitness doctor` may tell why.") from error
        return self._loaded


def _believed(
    words: Sequence[str], pieces: Sequence[Sequence[int]], found: Any, *, seconds: float
) -> tuple[WordTime, ...] | None:
    """The times of words out of pairs of token and frame; None where they are not to be believed."""
    likely = np.log(np.maximum(np.asarray(found.text_token_probs, dtype=np.float64), 1e-10))
    starts = _first_frames(found.alignments)
    bounds = [0, *accumulate(len(piece) for piece in pieces)]
    if not len(likely) or likely.mean() < _LEAST_MEAN_LOG_PROBABILITY or any(bound not in starts for bound in bounds):
        return None
    moments = [min(seconds, max(0.0, starts[bound] * _STEP_SECONDS - _LEAD_SECONDS)) for bound in bounds]
    timed = tuple(
        WordTime(word=word, from_seconds=start, until_seconds=end)
        for word, start, end in zip(words, moments[:-1], moments[1:], strict=True)
    )
    return None if any(one.until_seconds - one.from_seconds > _LONGEST_WORD_SECONDS for one in timed) else timed


def _first_frames(alignments: Sequence[tuple[int, int]]) -> dict[int, int]:
    """The first frame of each token; the one after the last token is where the words end."""
    first: dict[int, int] = {}
    for token, frame in alignments:
        first.setdefault(token, frame)
    return first
