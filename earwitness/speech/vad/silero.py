"""Silero voice activity detection, version 6, one 32 ms frame at a time.

Owns the model's memory of one stream. Light enough to run all the time: one thread, about 0.1 ms a frame.
"""

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from earwitness.domain.errors import EngineError
from earwitness.speech.models import ModelStore
from earwitness.speech.onnx import open_session

FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""The end of the previous frame, which the model wants to hear again."""


class SileroVad:
    """Speech or not; keeps state between the frames of one stream. Not safe to share between streams or threads."""

    frame_samples: int = FRAME_SAMPLES

    def __init__(self, store: ModelStore) -> None:
        """Load the model. Raises ModelError if its file is missing or altered."""
        self._session: onnxruntime.InferenceSession = open_session(store.path("silero-vad.onnx"), threads=1)
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._hidden = np.zeros((1, 1, 128), dtype=np.float32)
        self._cell = np.zeros((1, 1, 128), dtype=np.float32)
        self._input = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)

    def probability(self, frame: bytes) -> float:
        """The probability from 0 to 1 that this frame (int16, 512 samples, 16 kHz mono) is speech.

        Raises ValueError for another length, EngineError if the model fails.
        """
        if len(frame) != 2 * FRAME_SAMPLES:
            raise ValueError(f"a frame is {FRAME_SAMPLES} samples of 16 bits, not {len(frame)} bytes")
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, -CONTEXT_SAMPLES:]
        self._input[0, CONTEXT_SAMPLES:] = np.frombuffer(frame, dtype="<i2") * np.float32(1 / 32768)
        feeds: dict[str, NDArray[np.float32]] = {"input": self._input, "h": self._hidden, "c": self._cell}
        try:
            probabilities, self._hidden, self._cell = self._session.run(None, feeds)
        except Exception as error:
            raise EngineError("The voice detector failed; try again.") from error
        return float(probabilities.reshape(-1)[0])
