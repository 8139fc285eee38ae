"""Requests and responses of SIP as text: read from a stream, written, and answered to a challenge. Pure, strict and bounded.

Only what page-mode messages need (RFC 3261, RFC 3428, RFC 8760): no dialogs, no sound. What comes is a stranger's.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.request import parse_http_list, parse_keqv_list

from earwitness.domain.errors import WireError

LONGEST_HEAD: Final = 16 * 1024
LONGEST_BODY: Final = 64 * 1024
MOST_HEADERS: Final = 100
VERSION: Final = "SIP/2.0"
_FULL: Final = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}
"""The long form of short names (RFC 3261, section 7.3.3)."""
_NAME: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_HASHES: Final = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256, "SHA-512-256": lambda data: hashlib.new("sha512_256", data)}
_STRENGTH: Final = tuple(_HASHES)
"""From the weakest on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipText:
    """One request or response. `start` is its first line; `headers` are names in lower case and values, in their order."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return tuple(value for key, value in self.headers if key == name)

    def one(self, name: str) -> str:
        """The first value of a header; empty without one."""
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int | None:
        """The number of a response; None of a request."""
        return int(self.start[8:11]) if self.start.startswith(f"{VERSION} ") else None

    @property
    def method(self) -> str:
        """The method of a request; empty of a response."""
        return "" if self.status is not None else self.start.partition(" ")[0]

    @property
    def transaction(self) -> tuple[str, str]:
        """What a response shares with its request: Call-ID and CSeq."""
        return self.one("call-id"), " ".join(self.one("cseq").split())

    def as_bytes(self) -> bytes:
        """What goes over the stream. Raises WireError for what would be another message there."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers), f"content-length: {len(self.body)}"]
        if any(not line.isprintable() for line in lines):
            raise WireError("A line of a SIP message holds what none can.")
        return "\r\n".join((*lines, "", "")).encode() + self.body


class SipReader:
    """Puts messages together from what comes over a stream, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def read(self, data: bytes) -> Iterator[SipText]:
        """The messages that are whole with `data`. Raises WireError for what is none; nothing can be read after that."""
        self._rest += data
        while True:
            while self._rest[:2] == b"\r\n":
                del self._rest[:2]  # between messages it keeps a connection alive (RFC 5626)
            end = self._rest.find(b"\r\n\r\n")
            if end > LONGEST_HEAD or (end < 0 and len(self._rest) > LONGEST_HEAD):
                raise WireError("The head of a SIP message is too long.", code="wire.too_large")
            if end < 0:
                return
            start, headers = _head(bytes(self._rest[:end]))
            length = _length(headers)
            if len(self._rest) < end + 4 + length:
                return
            body = bytes(self._rest[end + 4 : end + 4 + length])
            del self._rest[: end + 4 + length]
            yield SipText(start=start, headers=headers, body=body)


def _head(data: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise WireError("The head of a SIP message is no text.") from error
    start, *lines = re.sub(r"\r\n[ \t]+", " ", text).split("\r\n")
    is_response = re.fullmatch(r"SIP/2\.0 [1-6][0-9]{2}( .*)?", start)
    if not start.isprintable() or not (is_response or re.fullmatch(r"[A-Z]{1,32} \S{1,512} SIP/2\.0", start)):
        raise WireError("That is no first line of a SIP message.")
    if len(lines) > MOST_HEADERS:
        raise WireError("A SIP message has too many headers.", code="wire.too_large")
    return start, tuple(_header(line) for line in lines)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name = name.strip().lower()
    value = value.strip().replace("\t", " ")
    if not colon or not _NAME.fullmatch(name) or not value.isprintable():
        raise WireError("That is no header of a SIP message.")
    return _FULL.get(name, name), value


def _length(headers: tuple[tuple[str, str], ...]) -> int:
    """How long the body is, which is always said on a stream (RFC 3261, section 18.3)."""
    said = {value for name, value in headers if name == "content-length"}
    if len(said) != 1 or not (length := said.pop()).isdecimal() or len(length) > 9:
        raise WireError("A SIP message does not say how long it is.")
    if int(length) > LONGEST_BODY:
        raise WireError("The body of a SIP message is too long.", code="wire.too_large")
    return int(length)


def uri_of(value: str) -> str:
    """The URI in a value of From or To, without its parameters; empty for none.

    The name before it is the sender's own words: an address between its quotation marks is none.
    """
    rest = value.strip()
    if rest.startswith('"'):
        name = _QUOTED.match(rest)
        rest = rest[name.end() :].lstrip() if name else ""
        if not rest.startswith("<"):
            return ""
    before, bracket, inner = rest.partition("<")
    if bracket:
        uri, closed, after = inner.partition(">")
        is_one = '"' not in before and closed and (not after.strip() or after.lstrip().startswith(";"))
    else:
        uri, is_one = before, '"' not in before
    return uri.strip().partition(";")[0] if is_one and not set(uri) & set('<>"') else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who answers a challenge."""

    user: str
    password: str


def answer_to(challenges: tuple[str, ...], *, account: Account, method: str, uri: str, nonce_of_ours: str) -> str | None:
    """The value of Authorization for the strongest challenge that is known; None if none is.

    Digest as in RFC 3261, section 22, and RFC 8760. `nonce_of_ours` is random, hexadecimal.
    """
    known = [found for value in challenges if (found := _challenge(value)) is not None]
    if not known:
        return None
    asked = max(known, key=lambda one: _STRENGTH.index(one["algorithm"]))
    algorithm, realm, nonce = asked["algorithm"], asked["realm"], asked["nonce"]

    def digest(*parts: str) -> str:
        return str(_HASHES[algorithm](":".join(parts).encode()).hexdigest())

    secret = digest(account.user, realm, account.password)
    answered = {"username": account.user, "realm": realm, "nonce": nonce, "uri": uri}
    plain = f"algorithm={algorithm}"
    if "auth" in asked["qop"].split(","):
        answered["cnonce"] = nonce_of_ours
        plain += ", qop=auth, nc=00000001"
        answered["response"] = digest(secret, nonce, "00000001", nonce_of_ours, "auth", digest(method, uri))
    else:
        answered["response"] = digest(secret, nonce, digest(method, uri))
    if "opaque" in asked:
        answered["opaque"] = asked["opaque"]
    quoted = ", ".join(f'{name}="{_quoted(value)}"' for name, value in answered.items())
    return f"Digest {quoted}, {plain}"


def _challenge(value: str) -> Mapping[str, str] | None:
    """What a challenge asks for, if it can be answered."""
    scheme, _, rest = value.partition(" ")
    try:
        asked = {name.lower(): found for name, found in parse_keqv_list(parse_http_list(rest)).items()}
    except (ValueError, IndexError):
        return None
    asked = {"algorithm": "MD5", "qop": "", **asked}
    asked["algorithm"] = asked["algorithm"].upper()
    asked["qop"] = asked["qop"].replace(" ", "").lower()
    is_known = scheme.lower() == "digest" and asked["algorithm"] in _HASHES and {"realm", "nonce"} <= asked.keys()
    return asked if is_known else None


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
