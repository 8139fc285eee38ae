"""What crosses the pipe between the house and the process that telephones: frames, bounded and strict. Pure.

A frame is one byte for its kind, four for the length of what follows (big-endian), then that. Kind 0 is a JSON object, kind 1 the
number of a call (four bytes) and its sound: int16 [samples], 16 kHz mono, little-endian.

    house → process   {"do": "open", "account": {…}}   once, first: the only way by which the password gets there
                      {"do": "call", "call": 1, "to": "sip:…"}   {"do": "answer" | "hang_up" | "busy", "call": 2}
                      {"do": "ping"}
    process → house   {"is": "line", "state": "ready"}   {"is": "pong"}
                      {"is": "incoming", "call": 2, "from": "sip:…"}   {"is": "ringing" | "open", "call": 1}
                      {"is": "ended", "call": 1, "how": "busy"}

The house gives the calls that it places odd numbers; those that come in get even ones from the process.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from typing import Any, Final, Literal

from earwitness.domain.errors import WireError

LONGEST_MESSAGE: Final = 16 * 1024
LONGEST_SOUND: Final = 4 * 1024
LONGEST_ADDRESS: Final = 255
MOST_CALLS: Final = 2**32 - 1
NOT_INSTALLED: Final = 3
"""How the process ends without baresip."""
TRANSPORTS: Final = ("tls", "tcp", "udp")
CODECS: Final = ("g722/16000/1", "pcmu", "pcma")
"""In the order of preference: G.722 has our own rate, the other two every telephone knows."""
_HEADER: Final = struct.Struct(">BI")
_CALL: Final = struct.Struct(">I")


class Kind(IntEnum):
    MESSAGE = 0
    SOUND = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SipAccount:
    """An account at a telephone server. `server` is a host, with a port if that is not the usual one; `sign_in` is the name for
    the password where that is not `user`; `ca_file` has the certificates to trust a TLS server by, the system's when empty.
    `is_registered` is False for a trunk, which calls without signing in first. `silence_seconds` is after how long without any
    sound from the other side an open call counts as lost."""

    server: str
    user: str
    password: str = field(repr=False)
    transport: Literal["tls", "tcp", "udp"] = "tls"
    sign_in: str = ""
    ca_file: str = ""
    is_registered: bool = True
    encrypts_sound: bool = False
    """Whether sound is encrypted (SRTP) and calls without that are refused."""
    silence_seconds: int = 20


def message(what: Mapping[str, object]) -> bytes:
    """One message as a frame. Raises WireError."""
    try:
        body = json.dumps(what, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise WireError("A message holds what JSON has no form for.") from error
    if len(body) > LONGEST_MESSAGE:
        raise WireError("A message is too long.", code="wire.too_large")
    return _HEADER.pack(Kind.MESSAGE, len(body)) + body


def sound(call: int, chunk: bytes) -> bytes:
    """Sound of a call as a frame. Raises WireError."""
    if not 0 < call <= MOST_CALLS or not 0 < len(chunk) <= LONGEST_SOUND or len(chunk) % 2:
        raise WireError(f"Sound is at most {LONGEST_SOUND} bytes of whole samples of a call that has a number.")
    return _HEADER.pack(Kind.SOUND, _CALL.size + len(chunk)) + _CALL.pack(call) + chunk


@dataclass(frozen=True, slots=True)
class Sound:
    call: int
    chunk: bytes


class Reader:
    """Puts frames together from what comes through a pipe, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def read(self, data: bytes) -> Iterator[dict[str, Any] | Sound]:
        """The frames that are whole with `data`. Raises WireError for what is none; nothing can be read after that."""
        self._rest += data
        while len(self._rest) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._rest)
            if length > (LONGEST_MESSAGE if kind == Kind.MESSAGE else LONGEST_SOUND + _CALL.size):
                raise WireError("A frame is too long.", code="wire.too_large")
            if len(self._rest) < _HEADER.size + length:
                return
            body = bytes(self._rest[_HEADER.size : _HEADER.size + length])
            del self._rest[: _HEADER.size + length]
            yield _frame(kind, body)


def account_of(values: object) -> SipAccount:
    """The account in a message. Raises WireError."""
    if not isinstance(values, dict) or {one.name for one in fields(SipAccount)} != set(values):
        raise WireError("That is no account.")
    return SipAccount(**values)


def account_values(account: SipAccount) -> dict[str, object]:
    """The account for a message, with its password."""
    return asdict(account)


def _frame(kind: int, body: bytes) -> dict[str, Any] | Sound:
    match kind:
        case Kind.SOUND:
            if len(body) <= _CALL.size or len(body) % 2:
                raise WireError("Sound is whole samples of a call.")
            return Sound(_CALL.unpack_from(body)[0], body[_CALL.size :])
        case Kind.MESSAGE:
            try:
                found = json.loads(body)
            except (ValueError, RecursionError) as error:
                raise WireError("A message is not valid JSON.") from error
            if not isinstance(found, dict):
                raise WireError("A message is a JSON object.")
            return found
        case _:
            raise WireError("There is no such kind of frame.")
