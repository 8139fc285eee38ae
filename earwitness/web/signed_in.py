"""Who is signed in on a browser: the cookie that says so, and the door before every route about a person.

The token in the cookie is random; what it stands for is looked up in the database at each request. Never logged.
"""

import asyncio
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from starlette.requests import cookie_parser

from earwitness.domain.consent import Way
from earwitness.domain.errors import AccessError
from earwitness.domain.person import Person
from earwitness.people.people import SIGN_IN_LASTS, People

PAGE_HEADER: Final = "x-earwitness-page"
_NAMES: Final = ("earwitness-person", "__Host-earwitness-person")


class SignedIn:
    """Finds out who is signed in. `is_secure` says whether the server speaks TLS."""

    def __init__(self, people: People, *, is_secure: bool) -> None:
        self._people = people
        self._name = _NAMES[is_secure]
        self._is_secure = is_secure

    async def person(self, cookies: str) -> Person | None:
        """Who a Cookie header stands for; None for nobody."""
        token = self.token(cookies)
        return None if token is None else await asyncio.to_thread(self._people.signed_in, token)

    async def required(self, request: Request) -> Person:
        """Who sent a request. Raises AccessError (access.not_signed_in) if that is nobody."""
        found = await self.person(request.headers.get("cookie", ""))
        if found is None:
            raise AccessError("Sign in first, on the page Privacy.", code="access.not_signed_in")
        return found

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


def way_of(request: Request) -> Way:
    """Whether our own page or another program sent a request."""
    return Way.PAGE if request.headers.get(PAGE_HEADER) else Way.API


AskedBy = Annotated[Way, Depends(way_of)]
