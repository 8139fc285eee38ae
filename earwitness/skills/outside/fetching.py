"""Fetches for skills of others: https, from the hosts that the skill's file names, bounded, saying nothing of the household."""

from typing import Final

import httpx

from earwitness.domain.errors import LinkError
from earwitness.links.bounded_http import WebServer

MOST_BYTES: Final = 1024 * 1024
TIMEOUT_SECONDS: Final = 4.0


class Fetching:
    """The web servers that one skill may ask."""

    def __init__(self, hosts: tuple[str, ...], *, title: str) -> None:
        self._servers = {
            host: WebServer(httpx.URL(f"https://{host}/"), what=f"{host} (for {title})", timeout_seconds=TIMEOUT_SECONDS)
            for host in hosts
        }

    async def fetch(self, url: str) -> str:
        """The text behind a URL. Raises LinkError."""
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise LinkError("That is no address.", code="link.nonsense") from error
        server = self._servers.get(address.host)
        if server is None or address.scheme != "https" or address.userinfo or address.port not in (None, 443):
            raise LinkError(f"The skill's file does not name {address.host or 'that host'}.", code="skill.failed")
        reply = await server.ask("GET", address, most_bytes=MOST_BYTES)
        if reply.status != 200:
            raise LinkError(f"{address.host} answered {reply.status}.", code="link.failed")
        return reply.body.decode("utf-8", "replace")

    async def close(self) -> None:
        """Let go of the connections."""
        for server in self._servers.values():
            await server.close()
