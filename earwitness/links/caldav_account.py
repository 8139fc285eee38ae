"""One account on a calendar server (CalDAV, RFC 4791): the way to it, and which calendars it has.

Owns the questions and what every answer is checked for. The server is not trusted: answers are bounded, addresses elsewhere are
not followed. It knows nothing of what the calendars hold.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from earwitness.domain.errors import LinkError
from earwitness.links.bounded_http import Reply, WebServer, checked_address
from earwitness.links.caldav_xml import WHERE, Resource, resources
from earwitness.links.secret_file import Unseal, read_secret

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_CALENDARS: Final = 20
WHAT: Final = "The calendar server"
_MOST_STEPS: Final = 6
"""Places that are asked for the way to the calendars."""
_OF_CALENDARS: Final = ("MKCALENDAR", "PROPPATCH")
"""Who may not make or name calendars may use them all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One calendar of the server. `tag` changes whenever something in it does; empty where the server gives none."""

    url: httpx.URL
    name: str
    components: tuple[str, ...]
    is_writable: bool
    tag: str = ""

    def takes(self, component: str) -> bool:
        return not self.components or component in self.components


class CalDavAccount:
    """`url` may be the server, the account or one calendar; nothing is asked before it is needed.

    Raises SettingsError for an address that may not be asked.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str,
        password_file: Path | None,
        timeout_seconds: float,
        ca_file: Path | None = None,
        allows_plain: bool = False,
        unseal: Unseal | None = None,
    ) -> None:
        address = checked_address(url, setting="calendar.url", allows_plain=allows_plain)
        self.server = WebServer(address, what=WHAT, timeout_seconds=timeout_seconds, ca_file=ca_file)
        self.user = user
        self.home: httpx.URL | None = None
        """Where the calendars are and new ones are made, once that was found; None where the address is one calendar."""
        self._password_file = password_file
        self._unseal = unseal
        self._auth: tuple[str, str] | None = None

    @property
    def outgoing(self) -> tuple[str, ...]:
        return self.server.outgoing

    def forget(self) -> None:
        """Read the password and look for the way anew with the next question."""
        self._auth = self.home = None

    async def close(self) -> None:
        """Let go of the connections."""
        await self.server.close()

    async def search(self) -> list[Collection]:
        """Find the calendars: here, or where the server says that ours are (RFC 6764, RFC 5397, RFC 4791 6.2.1)."""
        root = self.server.address
        todo, seen = [root, root.copy_with(raw_path=b"/.well-known/caldav")], set[httpx.URL]()
        while todo and len(seen) < _MOST_STEPS:
            place = todo.pop(0)
            if place in seen:
                continue
            seen.add(place)
            reply = await self.ask("PROPFIND", place, WHERE, Depth="0")
            if reply.location:
                todo.insert(0, self.inside(place, reply.location))
                continue
            if reply.status != 207:
                continue
            for one in await asyncio.to_thread(resources, reply.body):
                if one.is_calendar:
                    return [self._collection(place, one)]
                if one.home:
                    self.home = self.inside(place, one.home)
                    return await self.listed()
                if one.principal:
                    todo.insert(0, self.inside(place, one.principal))
        raise LinkError("There is no calendar at the calendar's address; check it.", code="link.nonsense")

    async def listed(self) -> list[Collection]:
        """The calendars of the account, as they are now; none is no error here."""
        if self.home is None:
            return await self.search()
        reply = await self.ask("PROPFIND", self.home, WHERE, Depth="1")
        check(reply, accepted=(207,))
        found = await asyncio.to_thread(resources, reply.body)
        return [self._collection(self.home, one) for one in found if one.is_calendar]

    def _collection(self, place: httpx.URL, one: Resource) -> Collection:
        url = self.inside(place, one.href)
        path = url.raw_path if url.raw_path.endswith(b"/") else url.raw_path + b"/"
        return Collection(
            url=url.copy_with(raw_path=path),
            name=one.name or url.path.rstrip("/").rpartition("/")[2],
            components=one.components,
            is_writable=one.is_writable,
            tag=one.tag,
        )

    async def ask(self, method: str, url: httpx.URL, body: bytes, **headers: str) -> Reply:
        """One question. Raises LinkError, link.refused where the name or the password does not count."""
        if self._auth is None and self._password_file is not None:
            password = await asyncio.to_thread(read_secret, self._password_file, unseal=self._unseal)
            self._auth = (self.user, password)
        sent = {"Content-Type": "application/xml; charset=utf-8", **headers}
        reply = await self.server.ask(method, url, body=body, headers=sent, auth=self._auth, most_bytes=MOST_BYTES)
        if reply.status == 401 or (reply.status == 403 and method not in _OF_CALENDARS):
            raise LinkError(
                f"{WHAT} refuses; check calendar.user and the password in calendar.password_file.", code="link.refused"
            )
        return reply

    def inside(self, place: httpx.URL, href: str) -> httpx.URL:
        """An address that the server gave. It may only be one of its own: the password goes nowhere else."""
        try:
            found = place.join(href)
        except (httpx.InvalidURL, ValueError) as error:
            raise LinkError(f"{WHAT} gives an address that is none.", code="link.nonsense") from error
        root = self.server.address
        if (found.scheme, found.host, found.port, found.userinfo) != (root.scheme, root.host, root.port, b""):
            raise LinkError(
                f"{WHAT} points to another server; nothing was sent there. Write the address that it uses into calendar.url.",
                code="link.nonsense",
            )
        return found


def check(reply: Reply, *, accepted: Sequence[int]) -> None:
    """Raises LinkError unless the answer has one of those states."""
    if reply.status == 404:
        raise LinkError(f"{WHAT} does not know that place any more; try again.", code="link.failed")
    if reply.status not in accepted:
        raise LinkError(f"{WHAT} refuses (HTTP status {reply.status}).", code="link.failed")
