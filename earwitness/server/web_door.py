"""The certificate of the page: the owner's own files, or one that the household's authority makes for this machine's names.

Knows where the certificate comes from and when to load it again; what TLS is allowed is for `trust`.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from earwitness.domain.errors import EarwitnessError
from earwitness.server.door import is_loopback
from earwitness.server.listen import Address, own_addresses
from earwitness.telemetry import log
from earwitness.trust.authority import Authority
from earwitness.trust.tls import ServerContext, web_server_context

REFRESH_SECONDS: Final = 3600.0
EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  (compared, not listened on)
_logger = logging.getLogger(__name__)


def names_of(host: str, *also: str) -> tuple[str, ...]:
    """The names and addresses under which a server at `host` is found; `also` are further ones."""
    named = own_addresses() if host in EVERY_ADDRESS else (host,)
    return tuple(dict.fromkeys((*named, *also, "localhost", socket.gethostname())))


class WebDoor:
    """Where the page is served, and with which certificate: none on loopback unless there are `own` files. `also` are addresses
    that it is for besides the host's. Raises TrustError, NetworkError."""

    def __init__(
        self,
        authority: Authority,
        *,
        host: str,
        port: int,
        own: tuple[Path | None, Path | None],
        also: Sequence[str] = (),
    ) -> None:
        self._context: ServerContext | None = None
        certificate, key = own
        self.is_ours = certificate is None and key is None and not is_loopback(host)
        """Whether the household's authority made the certificate, which no browser knows."""
        make = partial(authority.server_files, names_of(host, *also))
        if self.is_ours:
            certificate, key = make()
        self.address = Address(host=host, port=port, tls_certificate=certificate, tls_key=key)
        if certificate is not None and key is not None:
            files = make if self.is_ours else partial(_same, certificate, key)
            self._context = ServerContext(files, make=web_server_context)

    @property
    def context(self) -> ssl.SSLContext | None:
        """For each handshake; None without TLS."""
        return self._context.context if self._context is not None else None

    async def run(self) -> None:
        """Load the files again whenever they changed, until cancelled; those that cannot be used are tried again."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                if self._context is not None:
                    self._context.refresh()
            except EarwitnessError as error:
                log(_logger, "certificate not renewed", level=logging.WARNING, code=error.code)


def _same(certificate: Path, key: Path) -> tuple[Path, Path]:
    return certificate, key
