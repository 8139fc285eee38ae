"""Moonshine tiny through ONNX Runtime: quick, and right often enough to be asked first.

Owns the two models and the greedy loop between them. Takes no hints.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import EngineError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Transcript
from earwitness.speech.models import ModelStore
from earwitness.speech.onnx import open_session
from earwitness.speech.stt.pieces import Pieces
from earwitness.speech.stt.tidy import tidy
from earwitness.speech.stt.windows import Samples, samples_of, windows
from earwitness.speech.vad.gate import SpeechGate

NAME = "moonshine"
_START, _END = 1, 2
_TOKENS_PER_SECOND = 6.5
"""The model's authors stop there: longer output is a loop (Jeffries et al., "Moonshine", 2024, section 3)."""
_SPARE_TOKENS = 8
_PAD_SAMPLES = RATE_HZ // 5
"""Silence put before and after: a clip shorter than the first layers' reach gives nothing."""
_HEADS, _HEAD_SIZE = 8, 36

_Array = NDArray[np.float32]


class MoonshineRecogniser:
    """Speech to text with Moonshine tiny (English). One call at a time."""

    name = NAME

    def __init__(self, store: ModelStore, threads: int) -> None:
        """Load the models. Raises ModelError if a file is missing or altered, EngineError if they cannot run here."""
        self._encoder = open_session(store.path("moonshine-tiny/encoder_model.ort"), threads=threads)
        self._decoder = open_session(store.path("moonshine-tiny/decoder_model_merged.ort"), threads=threads)
        self._pieces = Pieces(store.path("moonshine-tiny/tokenizer.bin").read_bytes())
        self._memory_names = [item.name for item in self._decoder.get_inputs() if item.name.startswith("past_key_values.")]
        self._output_names = [item.name for item in self._decoder.get_outputs()]
        self._gate = SpeechGate(store)

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        """Transcribe 16 kHz mono PCM; hints and context change nothing. Silence and noise give an empty text.

        Raises EngineError if a model fails.
        """
        del hints, context
        if not self._gate.has_speech(pcm):
            return Transcript(text="", engine=NAME, audio_seconds=pcm.seconds)
        heard = [self._decode(window) for window in windows(samples_of(pcm))]
        text = tidy(self._pieces.text(number for numbers, _ in heard for number in numbers))
        tokens = sum(len(numbers) + 1 for numbers, _ in heard)
        score = sum(total for _, total in heard) / tokens
        return Transcript(text=text, engine=NAME, audio_seconds=pcm.seconds, mean_log_probability=score)

    def _decode(self, samples: Samples) -> tuple[list[int], float]:
        """The greedy path: piece numbers, and the sum of their log probabilities."""
        samples = np.pad(samples, _PAD_SAMPLES)
        most = int(len(samples) / RATE_HZ * _TOKENS_PER_SECOND) + _SPARE_TOKENS
        try:
            return self._greedy(samples, most=most)
        except Exception as error:
            raise EngineError("Recognition failed; say it again.") from error

    def _greedy(self, samples: Samples, *, most: int) -> tuple[list[int], float]:
        mask = np.ones((1, len(samples)), dtype=np.int64)
        states = self._encoder.run(None, {"input_values": samples[None], "attention_mask": mask})[0]
        nothing = np.zeros((1, _HEADS, 0, _HEAD_SIZE), dtype=np.float32)
        memory = dict.fromkeys(self._memory_names, nothing)
        numbers: list[int] = []
        token, total = _START, 0.0
        while len(numbers) < most:
            feeds = {
                "encoder_attention_mask": mask,
                "encoder_hidden_states": states,
                "input_ids": np.array([[token]], dtype=np.int64),
                "use_cache_branch": np.array([bool(numbers)]),
                **memory,
            }
            logits, *present = self._decoder.run(self._output_names, feeds)
            token, log_probability = _likeliest(logits[0, -1])
            total += log_probability
            if token == _END:
                break
            self._remember(memory, present, is_first=not numbers)
            numbers.append(token)
        return numbers, total

    def _remember(self, memory: dict[str, _Array], present: Sequence[_Array], *, is_first: bool) -> None:
        """Keep what the decoder will want again; what it took from the encoder is only given at the first step."""
        for name, value in zip(self._output_names[1:], present, strict=True):
            if is_first or ".decoder." in name:
                memory[name.replace("present.", "past_key_values.")] = value


def _likeliest(logits: _Array) -> tuple[int, float]:
    best = int(logits.argmax())
    return best, -float(np.log(np.exp(logits - logits[best]).sum()))
