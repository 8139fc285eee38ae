"""Who sent a request: the cookie of a browser or the token of a program, looked up in the database each time. Never logged.

The gate asks here before any route is reached; a route about a person takes the visitor that the gate let in.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, cookie_parser

from earwitness.domain.account import Origin, Permission
from earwitness.domain.consent import Way
from earwitness.domain.errors import AccessError
from earwitness.domain.person import Person
from earwitness.domain.visitor import VISITOR, Visitor
from earwitness.people.people import People
from earwitness.people.sign_ins import SIGN_IN_LASTS

PAGE_HEADER: Final = "x-earwitness-page"
_NAMES: Final = ("earwitness-person", "__Host-earwitness-person")
_PROGRAMS: Final = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl", "python")
_SYSTEMS: Final = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


class SignedIn:
    """Finds out who came. `is_secure` says whether the server speaks TLS."""

    def __init__(self, people: People, *, is_secure: bool) -> None:
        self._people = people
        self._accounts = people.accounts
        self._name = _NAMES[is_secure]
        self._is_secure = is_secure

    async def visitor(self, headers: Headers, peer: str) -> Visitor | None:
        """Who sent a request with those headers from that address; None for nobody. A token counts, and then no cookie does."""
        origin = Origin(address=peer, program=program_of(headers.get("user-agent", "")))
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme:
            return await asyncio.to_thread(self._of_token, secret.strip(), origin) if scheme.lower() == "bearer" else None
        token = self.token(headers.get("cookie", ""))
        return None if token is None else await asyncio.to_thread(self._of_cookie, token, origin)

    def _of_cookie(self, token: str, origin: Origin) -> Visitor | None:
        found = self._accounts.sign_ins.find(token)
        if found is None:
            return None
        person, sign_in = found
        return Visitor(person=person, origin=origin, sign_in_id=sign_in.sign_in_id, confirmed_at=sign_in.confirmed_at)

    def _of_token(self, secret: str, origin: Origin) -> Visitor | None:
        found = self._accounts.tokens.find(secret)
        return (
            None if found is None else Visitor(person=found[0], origin=origin, token_id=found[1].token_id, scopes=found[1].scopes)
        )

    async def is_still_in(self, visitor: Visitor) -> bool:
        """Whether a visitor who came in earlier is still signed in, and may still talk."""
        return await asyncio.to_thread(self._is_still_in, visitor)

    def _is_still_in(self, visitor: Visitor) -> bool:
        person_id = visitor.person.person_id
        if visitor.sign_in_id is not None:
            known = any(one.sign_in_id == visitor.sign_in_id for one in self._accounts.sign_ins.of(person_id))
        else:
            known = any(one.token_id == visitor.token_id for one in self._accounts.tokens.of(person_id))
        return known and self._people.find(person_id).may(Permission.TALK)

    def token(self, cookies: str) -> str | None:
        """The token in a Cookie header, whatever other programs on this host name put there beside it; None without one."""
        return cookie_parser(cookies).get(self._name) or None

    def remember(self, response: Response, token: str) -> None:
        """Let the browser carry the token, where no script can read it and no other site can use it."""
        self._set(response, token, seconds=int(SIGN_IN_LASTS.total_seconds()))

    def forget(self, response: Response) -> None:
        """Let the browser forget it."""
        self._set(response, "", seconds=0)

    def _set(self, response: Response, token: str, *, seconds: int) -> None:
        response.set_cookie(
            self._name, token, max_age=seconds, path="/", httponly=True, samesite="strict", secure=self._is_secure
        )


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Whom the gate let in. Raises AccessError (access.not_signed_in) if that is nobody."""
    found: Visitor | None = connection.scope.get(VISITOR)
    if found is None:
        raise AccessError("Sign in first, at /sign-in.", code="access.not_signed_in")
    return found


def person_of(connection: HTTPConnection) -> Person:
    """The person whom the gate let in. Raises AccessError (access.not_signed_in) if that is nobody."""
    return visitor_of(connection).person


def need_fresh(visitor: Visitor, now: datetime) -> None:
    """Raises AccessError (access.confirm) unless the visitor showed who they are in the last minutes."""
    if not visitor.is_fresh(now):
        raise AccessError("For this, show once more that it is you.", code="access.confirm")


def origin_of(request: Request) -> Origin:
    """Where a request came from, for the log of the account."""
    peer = request.client.host if request.client else ""
    return Origin(address=peer, program=program_of(request.headers.get("user-agent", "")))


def program_of(user_agent: str) -> str:
    """What a User-Agent header calls itself, in two words at most, such as "Firefox on Linux"; empty if it is not known."""
    name = next((one for one in _PROGRAMS if one.lower() in user_agent.lower()), "")
    system = next((one for one in _SYSTEMS if one in user_agent), "")
    shown = {"Edg": "Edge", "OPR": "Opera", "python": "Python"}.get(name, name)
    return f"{shown} on {system}" if shown and system else shown or system


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAddress:
    """Where our page is, as the browser that shows it says: passkeys belong to a host, and sign an origin."""

    host: str
    origin: str


def page_of(request: Request) -> PageAddress:
    """The address of the page that sent a request. The guard has seen to it that the Host header is ours."""
    host = request.headers.get("host", "")
    return PageAddress(host=request.url.hostname or "", origin=f"{request.url.scheme}://{host}".lower())


def way_of(request: Request) -> Way:
    """Whether our own page or another program sent a request."""
    return Way.PAGE if request.headers.get(PAGE_HEADER) else Way.API


AskedBy = Annotated[Way, Depends(way_of)]
Me = Annotated[Person, Depends(person_of)]
Came = Annotated[Visitor, Depends(visitor_of)]
From = Annotated[Origin, Depends(origin_of)]
Page = Annotated[PageAddress, Depends(page_of)]
