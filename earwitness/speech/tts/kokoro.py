"""Owns the Kokoro engine: 28 English speakers, American and British, from one model of 82 million parameters.

Takes the model and the styles from the store, checked. The style row is chosen by the number of symbols, as the model was
trained. A long sentence is cut after its first few words, so that these sound while the rest is made.
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any

import numpy as np

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EngineError, ModelError
from earwitness.domain.voice import Voice
from earwitness.speech.models import ModelStore
from earwitness.speech.tts.kokoro_styles import STYLES, KokoroStyle
from earwitness.speech.tts.phonemes import phonemiser
from earwitness.speech.tts.sentences import opening
from earwitness.speech.tts.waveform import Samples, finish

RATE_HZ = 24_000
MODEL = "kokoro/model.onnx"
_STYLE_ROWS = 510
_STYLE_WIDTH = 256
_GAIN = 1.0
_BREATH_SECONDS = 0.03
_BY_VOICE = {style.voice: style for style in STYLES}


class KokoroEngine:
    """The Kokoro voices. Safe to call from several threads: one piece is made at a time."""

    name = "kokoro"

    def __init__(self, store: ModelStore, *, threads: int = 1) -> None:
        """`threads` are the processor threads of one run; on two cores one is quicker than two."""
        self._store = store
        self._threads = threads
        self._lock = Lock()
        self._session: Any = None
        self._styles: dict[str, Samples] = {}

    def voices(self) -> tuple[Voice, ...]:
        """What this engine can say; checks the files, loads nothing."""
        has_model = self._store.is_ready(MODEL)
        return tuple(
            Voice(
                name=style.voice,
                engine=self.name,
                language="en-GB" if style.is_british else "en-US",
                gender=style.gender,
                description=_describe(style),
                is_installed=has_model and self._store.is_ready(style.file_name),
            )
            for style in STYLES
        )

    def say(self, sentence: str, *, voice: str, speed: float, pause_seconds: float) -> Iterator[Pcm]:
        """Speak one sentence, int16 24 kHz mono, in one or more pieces, with `pause_seconds` of silence at its end.

        Raises ModelError if a file is missing or not the pinned one, EngineError if the model fails.
        """
        style = _BY_VOICE[voice]
        to_phonemes = phonemiser(is_british=style.is_british)
        runs = [run for piece in opening(sentence) for run in to_phonemes(piece)]
        for number, run in enumerate(runs, start=1):
            pause = pause_seconds if number == len(runs) else _BREATH_SECONDS
            yield finish(self._make(run, style=style, speed=speed), rate_hz=RATE_HZ, gain=_GAIN, pause_seconds=pause)

    def _make(self, phonemes: str, *, style: KokoroStyle, speed: float) -> Samples:
        ids = [symbols()[character] for character in phonemes if character in symbols()]
        if not ids:
            return np.zeros(0, np.float32)
        with self._lock:
            session, rows = self._loaded(), self._rows(style)
            feeds = {
                "tokens": np.array([[0, *ids, 0]], np.int64),
                "style": rows[min(len(ids), _STYLE_ROWS) - 1][np.newaxis],
                "speed": np.array([speed], np.float32),
            }
            try:
                wave: Samples = session.run(None, feeds)[0].reshape(-1)
            except Exception as error:
                raise EngineError(
                    f"The voice {style.voice} failed on this sentence: try again or choose another voice."
                ) from error
        return wave

    def _loaded(self) -> Any:
        if self._session is None:
            path = self._store.path(MODEL)
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.log_severity_level = 3
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            try:
                self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            except Exception as error:
                raise EngineError("The Kokoro voices could not be loaded: run `earwitness doctor`.") from error
        return self._session

    def _rows(self, style: KokoroStyle) -> Samples:
        """float32 [510, 256]: row n - 1 is the speaker in an utterance of n symbols."""
        if style.style not in self._styles:
            rows = np.fromfile(self._store.path(style.file_name), "<f4")
            if rows.size != _STYLE_ROWS * _STYLE_WIDTH:
                raise ModelError(f"The voice {style.voice} has a file of the wrong size: run `earwitness models fetch`.")
            self._styles[style.style] = rows.reshape(_STYLE_ROWS, _STYLE_WIDTH)
        return self._styles[style.style]


@cache
def symbols() -> dict[str, int]:
    """The number of each phoneme character that the model knows."""
    text = files("earwitness.speech.tts").joinpath("kokoro_symbols.json").read_text(encoding="utf-8")
    table: dict[str, int] = json.loads(text)
    return table


def _describe(style: KokoroStyle) -> str:
    who = f"{'British' if style.is_british else 'American'} {'woman' if style.gender == 'female' else 'man'}"
    return f"{who}; makers' grade {style.grade}"
