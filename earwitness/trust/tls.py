"""TLS 1.3 settings of every door and of every device; nothing older is spoken anywhere.

Owns the contexts; files come from authority.py and identity.py. In TLS 1.3 a client is done before the server has judged its
certificate: a refused device learns it from its first read, not from the handshake.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from earwitness.domain.errors import TrustError
from earwitness.trust.certificates import SERVER_NAME
from earwitness.trust.identity import Identity

DEVICE_PROTOCOL: Final = "earwitness-device/1"
"""The name of the device link in the handshake (ALPN, RFC 7301): a browser that comes to this door is turned away."""
SOUNDS_PROTOCOL: Final = "earwitness-device/1+sounds"
"""The same link between two that both know the sounds of alarms; with an older peer the handshake settles on the one before."""
MUSIC_PROTOCOL: Final = "earwitness-device/1+sounds+music"
"""The same between two that both know music besides."""
SECOND_LOOK_PROTOCOL: Final = "earwitness-device/1+sounds+music+second-look"
"""The same between two that both know the second look at wake words besides."""
_DEVICE_PROTOCOLS: Final = [SECOND_LOOK_PROTOCOL, MUSIC_PROTOCOL, SOUNDS_PROTOCOL, DEVICE_PROTOCOL]
REVIEW_PROTOCOL: Final = "earwitness-review/1"
"""The name of the channel between a review service and its household."""
_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the ssl module has no name for."""


def web_server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """For the page and the API. Raises TrustError if the files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _only_newest(context)
    context.set_alpn_protocols(["http/1.1"])
    _load(context, certificate, key)
    return context


def device_server_context(certificate: Path, key: Path, *, household_pem: str) -> ssl.SSLContext:
    """For satellites. Who shows a certificate that is not of this household fails the handshake; who shows none may only pair.

    After the handshake look up `certificates.key_digest_of(ssl_object.getpeercert(binary_form=True))`. Raises TrustError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _only_newest(context)
    context.set_alpn_protocols(_DEVICE_PROTOCOLS)
    context.verify_mode = ssl.CERT_OPTIONAL
    _trust_only(context, household_pem)
    context.num_tickets = 0  # a resumed session would not show its certificate again
    _load(context, certificate, key)
    return context


def device_client_context(identity: Identity, *, is_clock_trusted: bool = True) -> ssl.SSLContext:
    """For a paired device: it trusts its household alone, whatever address that has; connect with `server_hostname=SERVER_NAME`.

    A machine that has no clock of its own and has not been told the time yet says `is_clock_trusted=False`; then only the
    signature and the name are checked. Raises TrustError if it is not paired.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _only_newest(context)
    context.set_alpn_protocols(_DEVICE_PROTOCOLS)
    try:
        _trust_only(context, identity.household_path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise TrustError("This device is not paired: run the satellite's pairing first.", code="trust.certificate") from error
    if not is_clock_trusted:
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    _load(context, identity.certificate_path, identity.key_path)
    return context


def review_server_context(certificate: Path, key: Path, *, household_pem: str) -> ssl.SSLContext:
    """For the review service: who shows no certificate of this household fails the handshake. After it, look up whether the key
    is the service's: satellites have certificates too. Raises TrustError."""
    context = device_server_context(certificate, key, household_pem=household_pem)
    context.set_alpn_protocols([REVIEW_PROTOCOL])
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def review_client_context(identity: Identity) -> ssl.SSLContext:
    """For the review service: it trusts its household alone; connect with `server_hostname=SERVER_NAME`. Raises TrustError."""
    context = device_client_context(identity)
    context.set_alpn_protocols([REVIEW_PROTOCOL])
    return context


def pairing_client_context() -> ssl.SSLContext:
    """For a device that pairs: it trusts nobody yet, so it checks nothing and compares what it saw in the code (pairing.py).

    Use it for nothing but `pair-` frames; the server's certificate is `ssl_object.getpeercert(binary_form=True)`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _only_newest(context)
    context.set_alpn_protocols([DEVICE_PROTOCOL])
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class ServerContext:
    """A server's context whose certificate is exchanged while it serves: connections that are open keep theirs."""

    def __init__(self, files: Callable[[], tuple[Path, Path]], *, make: Callable[[Path, Path], ssl.SSLContext]) -> None:
        """`files` gives the certificate and key in force and may renew them; `make` the context. Raises TrustError."""
        self._files = files
        certificate, key = files()
        self.context = make(certificate, key)
        self._loaded = _contents(certificate, key)

    def refresh(self) -> bool:
        """Load the files again if they changed, and say whether they did; call it in the thread that serves, once an hour or so.

        Raises TrustError for files that cannot be used; the certificate that was there stays.
        """
        certificate, key = self._files()
        now = _contents(certificate, key)
        if now == self._loaded:
            return False
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key)
        _load(self.context, certificate, key)
        self._loaded = now
        return True


def _only_newest(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT


def trust_also(context: ssl.SSLContext, household_pem: str) -> None:
    """Trust these authorities from the next handshake on, besides those before; a context forgets none. Raises TrustError."""
    _trust_only(context, household_pem)


def _trust_only(context: ssl.SSLContext, household_pem: str) -> None:
    try:
        context.load_verify_locations(cadata=household_pem)
    except ssl.SSLError as error:
        raise TrustError("The household's certificate cannot be read.", code="trust.certificate") from error


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        raise TrustError(f"The certificate {certificate} and the key {key} cannot be used together.", code="trust.key") from error


def _contents(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    try:
        return certificate.read_bytes(), key.read_bytes()
    except OSError as error:
        raise TrustError(f"{error.filename} cannot be read: {error.strerror}.", code="trust.key") from error


__all__ = [
    "DEVICE_PROTOCOL",
    "MUSIC_PROTOCOL",
    "REVIEW_PROTOCOL",
    "SECOND_LOOK_PROTOCOL",
    "SERVER_NAME",
    "SOUNDS_PROTOCOL",
    "ServerContext",
    "device_client_context",
    "device_server_context",
    "pairing_client_context",
    "review_client_context",
    "review_server_context",
    "trust_also",
    "web_server_context",
]
