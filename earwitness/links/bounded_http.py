"""Asks one web server, which is not trusted: each answer is bounded in time and bytes, TLS is verified, nobody else is asked.

Owns the connection and the translation of its troubles into LinkError. It follows no redirect, uses no proxy, cookie or netrc
of the environment, and knows nothing of what is asked.
"""

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from earwitness.domain.errors import LinkError, SettingsError
from earwitness.links.trusting import trusting

SAFE_METHODS: Final = frozenset({"GET", "PROPFIND", "REPORT"})
"""These change nothing, so that one may be asked again when a connection that was kept open turns out to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server answered, whole. `location` is where a redirect points, else empty."""

    status: int
    body: bytes
    location: str = ""
    etag: str = ""


def is_loopback(host: str) -> bool:
    """Whether what is sent to that host stays on this machine."""
    if host.rstrip(".").casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def checked_address(url: str, *, setting: str, allows_plain: bool = False) -> httpx.URL:
    """An address that may be asked: https, or http on this machine, or http anywhere if that was explicitly allowed.

    Raises SettingsError, naming the setting.
    """
    try:
        address = httpx.URL(url)
        host = address.host
    except (httpx.InvalidURL, ValueError) as error:
        raise SettingsError(f"{setting} is no address; write one like https://example.org/.") from error
    if address.scheme not in ("https", "http") or not host:
        raise SettingsError(f"{setting} is no address; write one like https://example.org/.")
    if address.userinfo:
        raise SettingsError(f"{setting} holds a password; write it into a file and name that in the settings.")
    if address.scheme == "http" and not is_loopback(host) and not allows_plain:
        raise SettingsError(f"{setting} begins with http://: anybody on the way could read it. Write https://.")
    return address


for _library in ("httpx", "httpcore"):
    # They log addresses, which hold the names of accounts, and at a finer level what servers answered.
    logging.getLogger(_library).setLevel(logging.WARNING)


class WebServer:
    """One server, asked from one event loop. `what` names it in errors: "the calendar server"."""

    def __init__(
        self,
        address: httpx.URL,
        *,
        what: str,
        timeout_seconds: float,
        ca_file: Path | None = None,
    ) -> None:
        self.address = address
        self.what = what
        self._timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None

    @property
    def host(self) -> str:
        return self.address.host

    @property
    def outgoing(self) -> tuple[str, ...]:
        """Hosts beyond this machine that learn what is asked: this one, or none."""
        return () if is_loopback(self.host) else (self.host,)

    async def ask(
        self,
        method: str,
        url: httpx.URL,
        *,
        most_bytes: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Reply:
        """One question and the whole answer, whatever its status.

        Raises LinkError: link.unreachable, link.slow, link.not_safe (its certificate), link.too_large, link.nonsense.
        """
        if (url.scheme, url.host, url.port) != (self.address.scheme, self.address.host, self.address.port):
            raise LinkError(f"{self.what} points to another server; nothing was sent there.", code="link.nonsense")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                client = await self._connected()
                request = client.build_request(method, url, content=body, headers=headers)
                try:
                    return await self._sent(client, request, most_bytes=most_bytes, auth=auth)
                except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                    if method not in SAFE_METHODS:
                        raise
                    return await self._sent(client, request, most_bytes=most_bytes, auth=auth)
        except TimeoutError as error:
            raise LinkError(
                f"{self.what} did not answer within {self._timeout_seconds:g} seconds; try again later.", code="link.slow"
            ) from error
        except httpx.RemoteProtocolError as error:
            raise LinkError(f"{self.what} broke off or does not speak HTTP; check its address.", code="link.nonsense") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._unreachable(error) from error

    async def close(self) -> None:
        """Let go of the connections; asking again connects again."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            # Reading the system's certificates takes tens of milliseconds.
            trust = await asyncio.to_thread(self._trust)
            if self._client is None:
                self._client = httpx.AsyncClient(
                    verify=trust,
                    trust_env=False,
                    timeout=self._timeout_seconds,
                    limits=httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=10.0),
                    # A small compressed answer could unpack into a huge one.
                    headers={"User-Agent": "earwitness", "Accept-Encoding": "identity"},
                )
        return self._client

    def _trust(self) -> ssl.SSLContext:
        if self.address.scheme == "http":
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is not used
        return trusting(self._ca_file, what=self.what, code="link.not_safe")

    async def _sent(
        self, client: httpx.AsyncClient, request: httpx.Request, *, most_bytes: int, auth: tuple[str, str] | None
    ) -> Reply:
        reply = await client.send(request, auth=auth, stream=True, follow_redirects=False)
        client.cookies.clear()
        try:
            if reply.headers.get("content-encoding", "identity").casefold() not in ("", "identity"):
                raise LinkError(f"{self.what} compressed its answer, which was not asked for.", code="link.nonsense")
            body = bytearray()
            async for block in reply.aiter_raw():
                body += block
                if len(body) > most_bytes:
                    raise LinkError(f"{self.what} answered with more than {most_bytes} bytes.", code="link.too_large")
        finally:
            await reply.aclose()
        return Reply(
            status=reply.status_code,
            body=bytes(body),
            location=reply.headers.get("location", "") if reply.is_redirect else "",
            etag=reply.headers.get("etag", ""),
        )

    def _unreachable(self, error: BaseException) -> LinkError:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                return LinkError(
                    f"{self.what} cannot show a certificate that this machine trusts; nothing was sent.", code="link.not_safe"
                )
            cause = cause.__cause__ or cause.__context__
        return LinkError(f"{self.what} cannot be reached; check that it runs and its address.", code="link.unreachable")
