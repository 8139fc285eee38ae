"""How a device and the server come to trust each other: numeric comparison with a commitment, as a pure protocol for both sides.

The device commits to a random number before it learns the server's, then both compute six digits of everything they saw: both
numbers, the device's key, the authority's certificate and the server's certificate in the TLS connection. Somebody in the middle
has two connections with different certificates, must fix all choices before knowing the digits, and so has one chance in a
million for each attempt (the same argument as RFC 6189, section 4.4.1). As the attempts of one opening are counted, an attacker
cannot go on until the digits meet: at most MOST_ATTEMPTS in a million for each time an owner opens the pairing.

The owner reads the code on the device and types it on the page. Messages are (kind, fields), as in docs/protocol.md.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from earwitness.domain.errors import TrustError
from earwitness.trust.certificates import MAX_PEM_BYTES, check_issued, read_certificate, read_public_key

OPEN_SECONDS: Final = 300.0
MOST_AT_ONCE: Final = 4
MOST_ATTEMPTS: Final = 20
"""Connections that may begin to pair while one opening lasts; then it closes."""
MOST_WRONG_CODES: Final = 3
NONCE_BYTES: Final = 32
CODE_DIGITS: Final = 6
LONGEST_NAME: Final = 64
_LABEL: Final = b"earwitness pairing code v1"

Message = tuple[str, dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What a device has after pairing; certificates are PEM."""

    device_id: str
    certificate: str
    household: str


class DevicePairing:
    """The device's side of one attempt: send `hello()`, pass in what comes, send what is returned, show `code`."""

    def __init__(self, name: str, *, public_key: bytes, server_certificate: bytes, nonce: bytes | None = None) -> None:
        """`public_key` is a SubjectPublicKeyInfo, `server_certificate` what TLS showed, both DER; `nonce` is for tests."""
        self._name = name
        self._public_key = public_key
        self._server_certificate = server_certificate
        self._nonce = nonce or secrets.token_bytes(NONCE_BYTES)
        self._household: str | None = None
        self.code: str | None = None
        """Six digits to show, once the server's part has come."""
        self.joined: Joined | None = None
        """There once the owner has typed the code."""

    def hello(self) -> Message:
        """The first message."""
        commitment = _commitment(self._nonce, self._public_key)
        return "pair-hello", {"name": self._name, "public_key": _text(self._public_key), "commitment": _text(commitment)}

    def receive(self, kind: str, fields: Mapping[str, object]) -> Message | None:
        """Take the server's next message; the answer to send, if any. Raises TrustError: pairing.refused, trust.certificate."""
        if kind == "pair-refused":
            _check_fields(fields, "code")
            raise TrustError("The server refused to pair: start again on the page and here.", code="pairing.refused")
        if kind == "pair-nonce" and self._household is None:
            _check_fields(fields, "nonce", "ca_certificate")
            nonce, self._household = _bytes(fields, "nonce"), _pem(fields, "ca_certificate")
            self.code = pairing_code(
                server_certificate=self._server_certificate,
                household=self._household,
                public_key=self._public_key,
                device_nonce=self._nonce,
                server_nonce=nonce,
            )
            return "pair-open", {"nonce": _text(self._nonce)}
        if kind == "pair-done" and self._household is not None and self.joined is None:
            self.joined = self._done(fields, self._household)
            return None
        raise _refused("The server said something out of turn.")

    def _done(self, fields: Mapping[str, object], household: str) -> Joined:
        _check_fields(fields, "certificate", "ca_certificate", "device_id")
        certificate, device_id = _pem(fields, "certificate"), fields["device_id"]
        if _pem(fields, "ca_certificate") != household:
            raise _refused("The server showed one household and gave another.")
        if not isinstance(device_id, str) or not 1 <= len(device_id) <= 64 or not device_id.isalnum():
            raise _refused("The server gave no id.")
        made = read_certificate(certificate)
        check_issued(made, authority=read_certificate(household))
        if made.public_key() != read_public_key(self._public_key):
            raise _refused("The server gave a certificate for another device.")
        return Joined(device_id=device_id, certificate=certificate, household=household)


class ServerPairing:
    """The server's side of one attempt. What the owner decides comes through a PairingWindow."""

    def __init__(self, *, server_certificate: bytes, household: str, nonce: bytes | None = None) -> None:
        """`server_certificate` is what this connection's TLS showed, DER; `household` the authority's certificate, PEM."""
        self._server_certificate = server_certificate
        self._household = household
        self._nonce = nonce or secrets.token_bytes(NONCE_BYTES)
        self._commitment: bytes | None = None
        self.name = ""
        """What the device calls itself; not to be trusted."""
        self.public_key = b""
        """The device's SubjectPublicKeyInfo, DER."""
        self.code: str | None = None
        """What the device must be showing, once it has opened its commitment. Never shown or logged."""

    def receive(self, kind: str, fields: Mapping[str, object]) -> Message | None:
        """Take the device's next message; the answer to send, if any. Raises TrustError (pairing.refused, trust.key)."""
        if kind == "pair-hello" and self._commitment is None:
            _check_fields(fields, "name", "public_key", "commitment")
            self.name, self.public_key = _name(fields), _bytes(fields, "public_key", exactly=None)
            read_public_key(self.public_key)
            self._commitment = _bytes(fields, "commitment")
            return "pair-nonce", {"nonce": _text(self._nonce), "ca_certificate": self._household}
        if kind == "pair-open" and self._commitment is not None and self.code is None:
            _check_fields(fields, "nonce")
            nonce = _bytes(fields, "nonce")
            if not hmac.compare_digest(_commitment(nonce, self.public_key), self._commitment):
                raise _refused("The device opened something else than it had committed to.")
            self.code = pairing_code(
                server_certificate=self._server_certificate,
                household=self._household,
                public_key=self.public_key,
                device_nonce=nonce,
                server_nonce=self._nonce,
            )
            return None
        raise _refused("The device said something out of turn.")

    def done(self, *, certificate: str, device_id: str) -> Message:
        """The message that ends a pairing well."""
        return "pair-done", {"certificate": certificate, "ca_certificate": self._household, "device_id": device_id}

    @staticmethod
    def refused(code: str = "pairing.refused") -> Message:
        """The message that ends it otherwise."""
        return "pair-refused", {"code": code}


class PairingWindow:
    """The time in which devices may pair, opened by an owner: who tries, how often, and which code was typed.

    `clock` gives seconds that only grow. Used from one thread.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._closes_at: float | None = None
        self._trying: list[ServerPairing] = []
        self._attempts = 0
        self._wrong = 0

    def open(self) -> None:
        """Let devices try for OPEN_SECONDS from now; counts begin anew, attempts from before are dropped."""
        self.close()
        self._closes_at = self._clock() + OPEN_SECONDS

    def close(self) -> None:
        """Let no device try any more."""
        self._closes_at = None
        self._trying.clear()
        self._attempts = self._wrong = 0

    @property
    def is_open(self) -> bool:
        """Whether devices may try now."""
        if self._closes_at is not None and self._clock() >= self._closes_at:
            self.close()
        return self._closes_at is not None

    @property
    def closes_in_seconds(self) -> float:
        """How long it stays open; 0 if it is closed."""
        return self._closes_at - self._clock() if self.is_open and self._closes_at is not None else 0.0

    def waiting(self) -> tuple[ServerPairing, ...]:
        """The attempts whose code can be typed now."""
        return tuple(attempt for attempt in self._trying if attempt.code is not None) if self.is_open else ()

    def is_waiting(self, attempt: ServerPairing) -> bool:
        """Whether an attempt still counts; if not, its connection is to be ended."""
        return self.is_open and any(attempt is one for one in self._trying)

    def join(self, attempt: ServerPairing) -> None:
        """Begin an attempt. Raises TrustError: pairing.closed, or pairing.refused if too many try at once."""
        if not self.is_open:
            raise _closed()
        if len(self._trying) >= MOST_AT_ONCE:
            raise TrustError("Too many devices are pairing at once: try again in a moment.", code="pairing.refused")
        if self._attempts >= MOST_ATTEMPTS:
            self.close()
            raise _closed()
        self._attempts += 1
        self._trying.append(attempt)

    def leave(self, attempt: ServerPairing) -> None:
        """End an attempt whose connection ended; one that is not there is fine."""
        self._trying = [one for one in self._trying if one is not attempt]

    def confirm(self, code: str) -> ServerPairing:
        """The attempt whose device shows the code that the owner typed; it leaves the window, which closes: one device each time.

        Raises TrustError: pairing.wrong_code, pairing.closed if the window is or was just closed by too many wrong codes.
        """
        if not self.is_open:
            raise _closed()
        digits = "".join(code.split())
        # An overtaken code, or one that two devices show, confirms nobody.
        found = [
            one for one in self._trying if one.code and hmac.compare_digest(one.code.encode(), digits.encode("utf-8", "replace"))
        ]
        if len(found) == 1:
            self.close()
            return found[0]
        self._wrong += 1
        if self._wrong >= MOST_WRONG_CODES:
            self.close()
            raise TrustError("That was the third wrong code: open the pairing again.", code="pairing.closed")
        raise TrustError("No device shows that code: look again.", code="pairing.wrong_code")


def pairing_code(
    *, server_certificate: bytes, household: str, public_key: bytes, device_nonce: bytes, server_nonce: bytes
) -> str:
    """Six digits that both sides compute from what they saw; each part is preceded by its length, so none runs into the next."""
    digest = hashlib.sha256(_LABEL)
    for part in (server_certificate, household.encode(), public_key, device_nonce, server_nonce):
        digest.update(len(part).to_bytes(4, "big") + part)
    return f"{int.from_bytes(digest.digest()) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def _commitment(nonce: bytes, public_key: bytes) -> bytes:
    return hashlib.sha256(nonce + public_key).digest()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(fields: Mapping[str, object], name: str, *, exactly: int | None = NONCE_BYTES) -> bytes:
    value = fields[name]
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) and len(value) <= 1024 else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data or (exactly is not None and len(data) != exactly) or _text(data) != value:
        raise _refused(f"The field {name} is not what it should be.")
    return data


def _pem(fields: Mapping[str, object], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.isascii() or len(value) > MAX_PEM_BYTES:
        raise _refused(f"The field {name} is not what it should be.")
    read_certificate(value)
    return value


def _name(fields: Mapping[str, object]) -> str:
    value = fields["name"]
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST_NAME or not value.isprintable():
        raise _refused(f"A device's name has 1 to {LONGEST_NAME} characters.")
    return value.strip()


def _check_fields(fields: Mapping[str, object], *names: str) -> None:
    if fields.keys() != set(names):
        raise _refused("A message of the pairing has wrong fields.")


def _refused(sentence: str) -> TrustError:
    return TrustError(sentence, code="pairing.refused")


def _closed() -> TrustError:
    return TrustError("Pairing is not open: an owner opens it on the page, for five minutes.", code="pairing.closed")
