"""The listening address: what may be served to whom, and the socket. Anything but loopback needs TLS 1.3.

Owns the socket and the HTTP server's settings; it knows no routes.
"""

import contextlib
import errno
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from earwitness.domain.errors import NetworkError
from earwitness.protocol.sockets import endure
from earwitness.server.door import is_loopback
from earwitness.server.page_socket import PING_SECONDS, PageSocket

MAX_FRAME_BYTES: Final = 256 * 1024
DRAIN_SECONDS: Final = 3
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen and how the door is locked. Construction raises NetworkError unless that is safe."""

    host: str = LOOPBACK
    port: int = 8765
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise NetworkError("TLS needs both server.tls_certificate and server.tls_key; one of them is not set.")
        if not is_loopback(self.host) and self.tls_certificate is None:
            raise NetworkError(f"Listening on {self.host} needs TLS: give a certificate and its key, or listen on 127.0.0.1.")

    @property
    def is_public(self) -> bool:
        return not is_loopback(self.host)

    @property
    def is_secure(self) -> bool:
        return self.tls_certificate is not None

    def names(self) -> tuple[str, ...]:
        """The host names we answer to: the address itself and the names in the certificate.

        Raises NetworkError if the certificate or key cannot be used.
        """
        if self.tls_certificate is None or self.tls_key is None:
            return (self.host,)
        return (self.host, *certificate_names(self.tls_certificate, self.tls_key))

    def url(self, port: int) -> str:
        """The address to open in a browser, given the port that was bound."""
        host = self.host or "localhost"
        if host in {"0.0.0.0", "::"}:  # noqa: S104  (compared, not listened on)
            host = next(iter(own_addresses()), "localhost")
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.is_secure else 'http'}://{shown}:{port}"

    def page_url(self, port: int) -> str:
        """The address of the page to open: on this machine alone by a name, since browsers have passkeys for names only."""
        return f"{'https' if self.is_secure else 'http'}://localhost:{port}" if self.host == LOOPBACK else self.url(port)


def certificate_names(certificate: Path, key: Path) -> tuple[str, ...]:
    """The DNS names and addresses that a certificate is for, read by shaking hands with ourselves.

    Raises NetworkError if the files cannot be read, do not belong together, or the certificate is not valid now.
    """
    try:
        ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ours.load_cert_chain(certificate, key)
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        theirs.check_hostname = False
        theirs.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        theirs.load_verify_locations(certificate)
        found = _shake_hands(ours, theirs)
    except (OSError, ssl.SSLError) as error:
        raise NetworkError(
            "The TLS certificate and key cannot be used: check that they belong together and are valid now."
        ) from error
    return tuple(str(name).lower() for kind, name in found if kind in {"DNS", "IP Address"})


def _shake_hands(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> tuple[tuple[str, str], ...]:
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = ours.wrap_bio(to_us, to_them, server_side=True)
    client = theirs.wrap_bio(to_them, to_us)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = client.getpeercert() or {}
    names: tuple[tuple[str, str], ...] = certificate.get("subjectAltName", ())  # type: ignore[assignment]
    return names


def bind(address: Address) -> socket.socket:
    """A listening socket. Raises NetworkError: network.in_use if the port is taken, else network.not_safe."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise NetworkError(f"There is no address {address.host} on this machine.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        endure(listener)
        listener.bind(place)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise NetworkError(
                f"Port {address.port} is already taken: stop what uses it or set server.port.", code="network.in_use"
            ) from error
        raise NetworkError(f"Listening on {address.host}, port {address.port}, is not possible here.") from error
    listener.setblocking(False)
    return listener


def own_addresses() -> tuple[str, ...]:
    """The addresses that this machine shows to the network it is on, one of each kind. Nothing is sent to find them."""
    found: list[str] = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            found.append(str(probe.getsockname()[0]))
    return tuple(found)


def http_server(app: ASGIApp, address: Address, *, context: ssl.SSLContext | None = None) -> uvicorn.Server:
    """The HTTP server for `app`, with TLS 1.3 alone where there is a certificate: that of `context`, or else of the address's
    files. Run it with `await server.serve(sockets=[bind(address)])`."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws=PageSocket,
        ws_max_size=MAX_FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=None,
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        limit_concurrency=200,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ssl_certfile=address.tls_certificate,
        ssl_keyfile=address.tls_key,
    )
    config.load()
    if context is not None:
        config.ssl = context
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    return uvicorn.Server(config)
