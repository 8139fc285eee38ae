"""The calendars of an account as whole collections: listed, made, named, removed; their objects written and taken away.

Owns what makes that safe to repeat: nothing is overwritten that has changed since it was listed (If-Match), a list that was cut
short is an error and no sign of deletions, and that something is gone counts only if the server says so of that very thing.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import httpx

from earwitness.domain.errors import LinkError
from earwitness.links.bounded_http import Reply
from earwitness.links.caldav_account import MOST_CALENDARS, CalDavAccount, Collection, check
from earwitness.links.caldav_xml import SPACES, query, resources

TIMEOUT_SECONDS: Final = 15.0
"""Nobody waits for an answer here."""
MOST_OBJECTS: Final = 2000
_TEXT: Final = {"Content-Type": "text/calendar; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One object of a calendar: where, which version, its text."""

    href: str
    etag: str
    data: bytes


class SyncServer:
    """The account, for what lives on both sides. Places are paths as `place_of` writes them."""

    def __init__(self, account: CalDavAccount) -> None:
        self.account = account

    @property
    def name(self) -> str:
        """Which account of which server this is."""
        address = self.account.server.address
        return f"{self.account.user} {address.scheme}://{address.host}:{address.port or ''}"

    async def calendars(self) -> dict[str, Collection]:
        """The calendars that can be written, by path. Raises LinkError."""
        found = await self.account.listed()
        if len(found) > 5 * MOST_CALENDARS:
            raise LinkError("The account holds more calendars than can be looked through.", code="link.too_large")
        return {place_of(one.url): one for one in found if one.is_writable}

    async def make(self, slug: str, name: str, *, components: tuple[str, ...]) -> str:
        """Make a calendar; gives its path. One that is there under that path counts as made.

        Raises LinkError, link.no_making where the server does not let us.
        """
        if self.account.home is None:
            raise LinkError("Calendars cannot be made at the calendar's address.", code="link.no_making")
        place = self.account.home.join(f"{slug}/")
        kinds = "".join(f'<C:comp name="{one}"/>' for one in components)
        body = (
            f"<C:mkcalendar {SPACES}><D:set><D:prop><D:displayname>{escape(name)}</D:displayname>"
            f"<C:supported-calendar-component-set>{kinds}</C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"
        )
        reply = await self.account.ask("MKCALENDAR", place, body.encode())
        if reply.status not in (200, 201, 207) and not await self._is_there(place):
            raise LinkError("The server makes no calendars for us.", code="link.no_making")
        return place_of(place)

    async def _is_there(self, place: httpx.URL) -> bool:
        return any(one.url == place for one in await self.account.listed())

    async def rename(self, path: str, name: str) -> None:
        """Show a calendar under another name. Raises LinkError."""
        body = (
            f"<D:propertyupdate {SPACES}><D:set><D:prop><D:displayname>{escape(name)}</D:displayname></D:prop></D:set>"
            "</D:propertyupdate>"
        )
        check(await self.account.ask("PROPPATCH", self._url(path), body.encode()), accepted=(200, 207))

    async def remove(self, path: str) -> None:
        """Take a calendar away with all that is in it. Raises LinkError."""
        check(await self._ask("DELETE", path), accepted=(200, 204, 404, 410))

    async def listing(self, path: str, component: str) -> list[Found]:
        """Everything in a calendar that has such a component. Raises LinkError, link.gone for a calendar that is not there."""
        reply = await self.account.ask("REPORT", self._url(path), query(component), Depth="1")
        if reply.status in (404, 410):
            raise LinkError("That calendar is not on the server any more.", code="link.gone")
        check(reply, accepted=(207,))
        found = await asyncio.to_thread(resources, reply.body)
        if any(one.status == 507 for one in found) or len(found) > MOST_OBJECTS:
            raise LinkError(f"A calendar holds more than {MOST_OBJECTS} entries, or more than is told.", code="link.too_large")
        root = self._url(path)
        return [
            Found(href=place_of(self.account.inside(root, one.href)), etag=one.etag, data=one.data) for one in found if one.data
        ]

    async def put(self, href: str, data: bytes, *, etag: str | None) -> str:
        """Write an object: a new one if `etag` is None, else in the place of that version. Gives its etag, empty if not told.

        Raises LinkError: link.changed if another version is there.
        """
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag or "*"}
        reply = await self._ask("PUT", href, data, **condition)
        _check_version(reply)
        check(reply, accepted=(200, 201, 204))
        return reply.etag

    async def delete(self, href: str, *, etag: str) -> None:
        """Take that version of an object away. Raises LinkError: link.changed if another version is there."""
        reply = await self._ask("DELETE", href, b"", **{"If-Match": etag or "*"})
        _check_version(reply)
        check(reply, accepted=(200, 204, 404, 410))

    async def is_gone(self, href: str) -> bool:
        """Whether the server says of this very object that it is not there. Raises LinkError."""
        reply = await self._ask("GET", href)
        if reply.status in (404, 410):
            return True
        check(reply, accepted=(200,))
        return False

    async def _ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        return await self.account.ask(method, self._url(path), body, **_TEXT, **headers)

    def _url(self, path: str) -> httpx.URL:
        return self.account.server.address.copy_with(raw_path=path.encode("ascii"))


def place_of(url: httpx.URL) -> str:
    """The path of an address, written in one way whoever wrote it: servers percent-encode as they like."""
    raw = url.raw_path.decode("ascii")
    return raw if "%2f" in raw.casefold() or "?" in raw else quote(unquote(raw), safe="/-._~@!$&'()*+,;=:")


def _check_version(reply: Reply) -> None:
    if reply.status in (404, 409, 410, 412):
        raise LinkError("It was changed elsewhere at the same moment.", code="link.changed")
