"""Reads the weights of one part of a CTranslate2 model file, to compute what CTranslate2 itself has no call for. Knows no
network.

The file (model.bin, version 6): a header, then each variable as its name, rank, dimensions, type and bytes, little-endian;
strings are their length in 16 bits, then their characters with a closing zero. Source: CTranslate2,
python/ctranslate2/specs/model_spec.py."""

import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.errors import EngineError

_VERSION = 6
_TYPES: dict[int, np.dtype[Any]] = {number: np.dtype(kind) for number, kind in enumerate(("<f4", "i1", "<i2", "<i4", "<f2"))}
_DAMAGED = "The file of Whisper's weights is damaged: run `earwitness models fetch`."

Stored = NDArray[np.generic]


def read_weights(path: Path, *, part: str) -> dict[str, Stored]:
    """Every variable whose name begins with `part/`, by the rest of its name, as it is stored and mapped from the disk.

    Raises EngineError if the file is none of this format or ends too early, OSError if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _Reader(data).variables(f"{part}/")
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise EngineError(_DAMAGED) from error


class _Reader:
    """A place in the file that moves on as things are read."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def variables(self, prefix: str) -> dict[str, Stored]:
        if self._number("<I") != _VERSION:
            raise EngineError(_DAMAGED)
        self._string()
        self._number("<I")
        found: dict[str, Stored] = {}
        for _ in range(self._number("<I")):
            name, array = self._variable()
            if name.startswith(prefix):
                found[name.removeprefix(prefix)] = array
        return found

    def _variable(self) -> tuple[str, Stored]:
        name = self._string()
        shape = [self._number("<I") for _ in range(self._number("<B"))]
        kind, size = _TYPES.get(self._number("<B")), self._number("<I")
        if kind is None or self._at + size > len(self._data):
            raise EngineError(_DAMAGED)
        array = np.frombuffer(self._data, dtype=kind, count=size // kind.itemsize, offset=self._at).reshape(shape)
        self._at += size
        return name, array

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def _string(self) -> str:
        length = self._number("<H")
        text = self._data[self._at : self._at + length - 1].decode("utf-8")
        self._at += length
        return text
