"""PortAudio, found and asked: which devices there are, and opening streams on them. The only module that imports sounddevice.

A device is chosen by a part of its name; "pulse:NAME" means a source or sink of PulseAudio or PipeWire. PortAudio sees only the
devices that were there when it was initialised: `rescan` looks again, and ends all streams.
"""

import contextlib
import ctypes
import importlib
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, Literal

from earwitness.domain.errors import SoundError

Direction = Literal["input", "output"]
LATENCY_SECONDS: Final[dict[str, float | str]] = {"input": "low", "output": 0.04}
"""A speaker's buffer: short, as what is in it cannot be stopped any more, but enough for a busy machine."""
_PULSE: Final = "pulse:"
_PULSE_VARIABLE: Final = {"input": "PULSE_SOURCE", "output": "PULSE_SINK"}
_WORDS: Final = {"input": "microphone", "output": "speaker"}
_INSTALL: Final = "Debian and Raspberry Pi OS: apt-get install libportaudio2"

Opened = tuple[Any, int]
"""A stream and its rate in Hz."""
Callback = Callable[[Any, int, Any, Any], None]


class SoundCard:
    """This machine's sound devices, `microphone` and `speaker` chosen by name; None is the system's default."""

    def __init__(self, *, microphone: str | None = None, speaker: str | None = None) -> None:
        """Load PortAudio. Raises SoundError (sound.no_library)."""
        self._chosen: dict[Direction, str | None] = {"input": microphone, "output": speaker}
        for direction, name in self._chosen.items():
            if name is not None and name.startswith(_PULSE):
                os.environ[_PULSE_VARIABLE[direction]] = name.removeprefix(_PULSE)
        self._portaudio = load_portaudio()

    def rescan(self) -> None:
        """Look for devices anew; every stream that was open is over."""
        try:
            self._portaudio._terminate()
            self._portaudio._initialize()
        except self._portaudio.PortAudioError as error:
            raise SoundError("The sound system does not answer; is PulseAudio or ALSA there?") from error

    def check(self) -> None:
        """Raises SoundError (sound.no_device) unless there are a microphone and a speaker; opens neither."""
        for direction in self._chosen:
            self._find(direction)

    def open(
        self, direction: Direction, *, rates_hz: tuple[int, ...], block_seconds: float, callback: Callback
    ) -> tuple[Any, int]:
        """Open and start a raw mono int16 stream at the first of the rates that the device takes: (stream, its rate).

        `callback` runs in a thread of PortAudio's. Raises SoundError: sound.no_device, sound.failed.
        """
        device = self._find(direction)
        kind = self._portaudio.RawInputStream if direction == "input" else self._portaudio.RawOutputStream
        why: Exception | None = None
        for rate_hz in rates_hz:
            try:
                stream = kind(
                    samplerate=rate_hz,
                    blocksize=int(block_seconds * rate_hz),
                    device=device,
                    channels=1,
                    dtype="int16",
                    latency=LATENCY_SECONDS[direction],
                    callback=callback,
                )
                stream.start()
            except (self._portaudio.PortAudioError, OSError, ValueError) as error:
                why = error
            else:
                return stream, rate_hz
        raise SoundError(f"The {_WORDS[direction]} cannot be opened: is it in use, or unplugged?", code="sound.failed") from why

    def _find(self, direction: Direction) -> int | None:
        """The device's number; None for the default. Raises SoundError (sound.no_device)."""
        wanted = self._chosen[direction]
        try:
            devices = list(self._portaudio.query_devices())
        except self._portaudio.PortAudioError as error:
            raise SoundError("The sound system does not answer; is PulseAudio or ALSA there?") from error
        able = [(number, str(one["name"])) for number, one in enumerate(devices) if one[f"max_{direction}_channels"] > 0]
        word = _WORDS[direction]
        if not able:
            raise SoundError(f"There is no {word}: plug one in, or start the sound server.", code="sound.no_device")
        if wanted is None:
            return None
        part = "pulse" if wanted.startswith(_PULSE) else wanted.casefold()
        found = next((number for number, name in able if part in name.casefold()), None)
        if found is None:
            names = ", ".join(name for _, name in able)
            raise SoundError(f"There is no {word} called {wanted}; there are: {names}.", code="sound.no_device")
        return found


def load_portaudio() -> ModuleType:
    """The module sounddevice. Raises SoundError (sound.no_library), saying what to install."""
    try:
        _quieten_alsa()
        return importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:
        raise SoundError(f"PortAudio is missing, so there is no sound. {_INSTALL}.", code="sound.no_library") from error


def _quieten_alsa() -> None:
    """Keep ALSA from writing its warnings into the terminal: what is wrong is said by us, once."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_SILENT)


_SILENT: Final = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)(
    lambda file, line, function, code, form: None
)
"""Kept alive for as long as ALSA may call it."""
