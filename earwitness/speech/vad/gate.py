"""Whether a whole clip holds any speech: asked before recognition, since recognisers invent words for noise."""

import numpy as np
import onnxruntime

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import EngineError
from earwitness.speech.models import ModelStore
from earwitness.speech.onnx import open_session
from earwitness.speech.vad.silero import CONTEXT_SAMPLES, FRAME_SAMPLES

SPEECH_PROBABILITY = 0.45
"""Loud white noise reaches 0.41; of 300 single words by many speakers, 99 in 100 pass 0.5."""
_BATCH_FRAMES = 16


class SpeechGate:
    """Lets clips with speech through. Keeps no state: safe to share between threads."""

    def __init__(self, store: ModelStore) -> None:
        """Load the model. Raises ModelError if its file is missing or altered."""
        self._session: onnxruntime.InferenceSession = open_session(store.path("silero-vad.onnx"), threads=1)

    def has_speech(self, pcm: Pcm) -> bool:
        """Whether any 32 ms frame of this 16 kHz clip is speech; stops listening at the first that is.

        Raises EngineError if the model fails.
        """
        if pcm.rate_hz != RATE_HZ:
            raise ValueError("speech is looked for in 16 kHz audio")
        if not pcm.data:
            return False
        samples = np.frombuffer(pcm.data, dtype="<i2") * np.float32(1 / 32768)
        padded = np.pad(samples, (CONTEXT_SAMPLES, -len(samples) % FRAME_SAMPLES))
        frames = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
        hidden = cell = np.zeros((1, 1, 128), dtype=np.float32)
        for start in range(0, len(frames), _BATCH_FRAMES):
            batch = np.ascontiguousarray(frames[start : start + _BATCH_FRAMES])
            try:
                probabilities, hidden, cell = self._session.run(None, {"input": batch, "h": hidden, "c": cell})
            except Exception as error:
                raise EngineError("The voice detector failed; try again.") from error
            if probabilities.max() >= SPEECH_PROBABILITY:
                return True
        return False
