"""The TLS settings of the satellites' port while it serves: which certificate it shows, and its renewal.

The certificate's own bytes are kept beside the context: they are part of the code that is compared when a device is paired.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from earwitness.domain.errors import EarwitnessError
from earwitness.telemetry import log
from earwitness.trust.authority import Authority
from earwitness.trust.tls import ServerContext, device_server_context, trust_also

REFRESH_SECONDS: Final = 3600.0
_logger = logging.getLogger(__name__)


class DeviceDoor:
    """The door of one household. `files` gives certificate and key in force and renews them; `have_renewed` says whether every
    device has had a new certificate since a moment, and may block. Construction raises TrustError."""

    def __init__(
        self,
        authority: Authority,
        *,
        files: Callable[[], tuple[Path, Path]],
        have_renewed: Callable[[datetime], bool] = lambda since: False,
    ) -> None:
        self._context = ServerContext(
            files, make=lambda certificate, key: device_server_context(certificate, key, household_pem=authority.trusted_pem)
        )
        self._authority = authority
        self._have_renewed = have_renewed
        self._files = files
        self.certificate_der = first_certificate(files()[0])

    @property
    def context(self) -> ssl.SSLContext:
        """For the next handshake."""
        return self._context.context

    async def run(self) -> None:
        """Renew the certificate in time, until cancelled; one that cannot be renewed stays and is tried again."""
        while True:
            try:
                await self.tend()
            except EarwitnessError as error:
                log(_logger, "certificate not renewed", level=logging.WARNING, code=error.code)
            await asyncio.sleep(REFRESH_SECONDS)

    async def tend(self) -> None:
        """Go on with the authority's succession, and renew the certificate if it is time. Raises EarwitnessError."""
        if await asyncio.to_thread(self._authority.tend, have_renewed=self._have_renewed):
            trust_also(self.context, self._authority.trusted_pem)
        if self._context.refresh():
            self.certificate_der = first_certificate(self._files()[0])


def first_certificate(certificate: Path) -> bytes:
    """The first certificate of a PEM file: the one that is shown."""
    text = certificate.read_text(encoding="ascii")
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(text[: text.index(end) + len(end)])
