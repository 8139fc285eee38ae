"""Wyoming frames as bytes: a JSON header line, JSON data, a payload. Strict in both directions, every size bounded.

The format is that of the Wyoming protocol (https://github.com/OHF-Voice/wyoming), with two header keys of our own, `seq` and
`ack`: the link between our own devices and the server numbers its frames with them (resume.py); foreign peers may not send them.
Pure but for `read_frame`.
Malformed, oversized and cut input raises WireError; nothing is guessed or skipped. Bounds are listed in docs/protocol.md.
"""

import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from earwitness.domain.errors import WireError

MAX_HEADER_BYTES: Final = 8 * 1024
"""The header line with its newline."""
MAX_DATA_BYTES: Final = 16 * 1024
MAX_PAYLOAD_BYTES: Final = 64 * 1024
MAX_NESTING: Final = 4
MAX_FOREIGN_NESTING: Final = 6
"""What Wyoming's own `info` needs, which only foreign peers exchange."""
MAX_NUMBER: Final = 2**53 - 1
"""The largest `seq`, `ack` or whole number in a field: what every JSON reader keeps exactly (RFC 8259, section 6)."""
_KIND: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PLAIN_KEYS: Final = frozenset({"type", "version", "data", "data_length", "payload_length"})
_OUR_KEYS: Final = _PLAIN_KEYS | {"seq", "ack"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `kind` is Wyoming's `type`, `fields` its `data`; `seq` and `ack` are None outside a numbered link."""

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)
    payload: bytes = field(default=b"", kw_only=True)
    seq: int | None = field(default=None, kw_only=True)
    ack: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    kind: str
    fields: dict[str, object]
    data_bytes: int
    payload_bytes: int
    seq: int | None
    ack: int | None

    @property
    def body_bytes(self) -> int:
        return self.data_bytes + self.payload_bytes


def encode(frame: Frame, *, is_foreign: bool = False) -> bytes:
    """Write one frame. Raises WireError if a reader of this protocol would refuse it (wire.too_large beyond a bound).

    `is_foreign`: whether it goes to a foreign peer, whose frames may nest MAX_FOREIGN_NESTING deep."""
    if _KIND.fullmatch(frame.kind) is None:
        raise WireError("A frame's type is 1 to 64 letters, digits, dots, dashes and underscores.")
    header: dict[str, object] = {"type": frame.kind}
    data = _written(dict(frame.fields), nesting=_nesting(is_foreign)) if frame.fields else b""
    if len(data) > MAX_DATA_BYTES:
        raise _too_large("data", MAX_DATA_BYTES)
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise _too_large("payload", MAX_PAYLOAD_BYTES)
    if data:
        header["data_length"] = len(data)
    if frame.payload:
        header["payload_length"] = len(frame.payload)
    if frame.seq is not None:
        header["seq"] = _number(frame.seq, name="seq", smallest=1, largest=MAX_NUMBER)
    if frame.ack is not None:
        header["ack"] = _number(frame.ack, name="ack", smallest=0, largest=MAX_NUMBER)
    return b"".join((json.dumps(header, separators=(",", ":")).encode(), b"\n", data, frame.payload))


class Decoder:
    """Bytes in, frames out, wherever the bytes were cut. After an error it stays broken: the connection is to be ended."""

    def __init__(self, *, is_numbered: bool = True) -> None:
        """`is_numbered`: whether `seq` and `ack` are allowed; they are not from a foreign peer, whose frames may nest deeper."""
        self._is_numbered = is_numbered
        self._buffer = bytearray()
        self._header: _Header | None = None
        self._is_broken = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete. Raises WireError; whole frames before it in the same bytes are dropped too."""
        if self._is_broken:
            raise WireError("The stream was broken before.")
        self._buffer += data
        found: list[Frame] = []
        try:
            while (frame := self._next()) is not None:
                found.append(frame)
        except WireError:
            self._is_broken = True
            self._buffer.clear()
            raise
        return found

    def finish(self) -> None:
        """Say that no more bytes come. Raises WireError if the last frame is not whole, or the stream was broken before."""
        if self._is_broken or self._header is not None or self._buffer:
            self._is_broken = True
            raise _cut()

    @property
    def is_between_frames(self) -> bool:
        """Whether the stream may end here."""
        return not (self._is_broken or self._buffer or self._header is not None)

    def _next(self) -> Frame | None:
        if self._header is None:
            end = self._buffer.find(b"\n", 0, MAX_HEADER_BYTES)
            if end < 0:
                if len(self._buffer) >= MAX_HEADER_BYTES:
                    raise _too_large("header", MAX_HEADER_BYTES)
                return None
            self._header = _read_header(bytes(self._buffer[:end]), is_numbered=self._is_numbered)
            del self._buffer[: end + 1]
        header = self._header
        if len(self._buffer) < header.body_bytes:
            return None
        body = bytes(self._buffer[: header.body_bytes])
        del self._buffer[: header.body_bytes]
        self._header = None
        return _frame(header, body, nesting=_nesting(not self._is_numbered))


async def read_frame(reader: asyncio.StreamReader, *, is_numbered: bool = True) -> Frame | None:
    """The next frame; None if the stream ends between two. Raises WireError for anything else, an end within a frame included."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise _cut() from error
    except asyncio.LimitOverrunError as error:
        raise _too_large("header", MAX_HEADER_BYTES) from error
    if len(line) > MAX_HEADER_BYTES:
        raise _too_large("header", MAX_HEADER_BYTES)
    header = _read_header(line[:-1], is_numbered=is_numbered)
    try:
        return _frame(header, await reader.readexactly(header.body_bytes), nesting=_nesting(not is_numbered))
    except asyncio.IncompleteReadError as error:
        raise _cut() from error


def _read_header(line: bytes, *, is_numbered: bool) -> _Header:
    values = _read_object(line, what="header", nesting=_nesting(not is_numbered))
    if not values.keys() <= (_OUR_KEYS if is_numbered else _PLAIN_KEYS):
        raise WireError("A frame's header has a key that the protocol does not have.")
    kind = values.get("type")
    if not isinstance(kind, str) or _KIND.fullmatch(kind) is None:
        raise WireError("A frame's type is 1 to 64 letters, digits, dots, dashes and underscores.")
    version = values.get("version", "")
    if not isinstance(version, str) or len(version) > 32:
        raise WireError("A frame's version is a text of at most 32 characters.")
    fields = values.get("data", {})
    if not isinstance(fields, dict):
        raise WireError("A frame's data is a JSON object.")
    return _Header(
        kind=kind,
        fields=fields,
        data_bytes=_length(values, "data_length", MAX_DATA_BYTES),
        payload_bytes=_length(values, "payload_length", MAX_PAYLOAD_BYTES),
        seq=_number(values["seq"], name="seq", smallest=1, largest=MAX_NUMBER) if "seq" in values else None,
        ack=_number(values["ack"], name="ack", smallest=0, largest=MAX_NUMBER) if "ack" in values else None,
    )


def _frame(header: _Header, body: bytes, *, nesting: int) -> Frame:
    fields = header.fields
    if header.data_bytes:
        more = _read_object(body[: header.data_bytes], what="data", nesting=nesting)
        if fields.keys() & more.keys():
            raise WireError("A frame has the same field in its header and in its data.")
        fields = {**fields, **more}
    return Frame(header.kind, fields, payload=body[header.data_bytes :], seq=header.seq, ack=header.ack)


def _length(values: Mapping[str, object], name: str, largest: int) -> int:
    found = values.get(name, 0)
    if isinstance(found, int) and found > largest:
        raise _too_large(name.removesuffix("_length"), largest)
    return _number(found, name=name, smallest=0, largest=largest)


def _number(value: object, *, name: str, smallest: int, largest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
        raise WireError(f"A frame's {name} is a whole number from {smallest} to {largest}.")
    return value


def _nesting(is_foreign: bool) -> int:
    return MAX_FOREIGN_NESTING if is_foreign else MAX_NESTING


def _written(fields: dict[str, object], *, nesting: int) -> bytes:
    """The fields as JSON; read back at once, so that nothing leaves that a reader would refuse."""
    try:
        data = json.dumps(fields, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError("A frame's fields hold a value that JSON has no form for.") from error
    if len(data) <= MAX_DATA_BYTES:
        _read_object(data, what="data", nesting=nesting)
    return data


def _read_object(data: bytes, *, what: str, nesting: int) -> dict[str, Any]:
    """One JSON object. Raises WireError, whatever the bytes are."""
    try:
        text = data.decode("utf-8")
        _check_nesting(text, nesting)
        found = _JSON.decode(text)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise WireError(f"A frame's {what} is not valid JSON.") from error
    if not isinstance(found, dict):
        raise WireError(f"A frame's {what} is a JSON object.")
    return found


def _check_nesting(text: str, nesting: int) -> None:
    """Refuse deep nesting before parsing; brackets inside strings do not count. Raises WireError."""
    if text.count("{") + text.count("[") <= nesting:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        if token.group() in "{[":
            depth += 1
            if depth > nesting:
                raise WireError(f"A frame may be nested at most {nesting} levels deep.")
        elif token.group() in "}]":
            depth -= 1


_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
"""Strings, to be passed over whole, and brackets."""


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and infinities are no JSON")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(found := int(text)) > MAX_NUMBER:
        raise ValueError("a whole number beyond 53 bits")
    return found


def _real(text: str) -> float:
    if not math.isfinite(found := float(text)):
        raise ValueError("a number beyond a double")
    return found


_JSON: Final = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_int=_whole, parse_float=_real
)


def _too_large(what: str, largest: int) -> WireError:
    return WireError(f"A frame's {what} is at most {largest} bytes long.", code="wire.too_large")


def _cut() -> WireError:
    return WireError("The connection ended within a frame.", code="wire.cut")
