"""A review service of its own: how reviewers come and go, and its two pages. Who somebody is, the household says each time.

The reviewer's secret is in a cookie of their browser. Here it is only passed on; what the household said of it is held in memory.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse

from earwitness import __version__
from earwitness.domain.account import Origin, Permission, SignInWay
from earwitness.domain.errors import AccessError
from earwitness.domain.person import Person
from earwitness.domain.visitor import Visitor
from earwitness.review.calls import Entered, Stands
from earwitness.web.errors_told import told
from earwitness.web.navigation import PLACES, navigation
from earwitness.web.pages import page_templates
from earwitness.web.signed_in import Came

_NAMES: Final = ("earwitness-review", "__Host-earwitness-review")
MOST_SEEN: Final = 1000
PAGES: Final = [one for one in PLACES if one.name in {"review", "lead"}]
Secret = Annotated[str, StringConstraints(min_length=20, max_length=64, pattern="^[A-Za-z0-9_-]+$")]


class Household(Protocol):
    """The household, as far as it says who is there; calls block and raise EarwitnessError."""

    def enter(self, ticket: str, *, address: str) -> Entered: ...

    def visit(self, secret: str, *, address: str) -> Stands: ...

    def leave(self, secret: str) -> None: ...


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Brought(_Shape):
    """What the household's page gave."""

    ticket: Secret


class NamedShape(_Shape):
    name: str
    """The alias: no other name is known here."""


class StandingMeShape(_Shape):
    """Who is here."""

    person: NamedShape
    new_listens: int = 0
    permissions: list[Permission]


class AtService:
    """Finds out who sent a request. `is_secure` says whether the server speaks TLS, `clock` gives aware datetimes."""

    def __init__(self, household: Household, *, is_secure: bool, clock: Callable[[], datetime]) -> None:
        self._household = household
        self._name = _NAMES[is_secure]
        self._is_secure = is_secure
        self._clock = clock
        self._said: OrderedDict[tuple[str, str], Stands] = OrderedDict()
        """By visit and address: where one may work, another request of the same visit may not."""

    async def visitor(self, headers: Headers, peer: str) -> Visitor | None:
        """Who sent a request with those headers from that address; None for nobody. Raises NetworkError."""
        secret = self.secret(headers.get("cookie", ""))
        if secret is None:
            return None
        try:
            stands = await asyncio.to_thread(self._household.visit, secret, address=peer)
        except AccessError:
            return None
        self.note(stands, address=peer)
        return Visitor(person=self._person(stands), origin=Origin(address=peer), sign_in_id=stands.visit_id)

    def way(self, visitor: Visitor) -> SignInWay | None:
        """How somebody signed in at the household. Raises AccessError, with its reason, for who may not work now."""
        stands = self._said.get((visitor.sign_in_id or "", visitor.origin.address or ""))
        if stands is None:
            return None
        if stands.code:
            raise AccessError(stands.sentence, code=stands.code)
        return stands.way

    def note(self, stands: Stands, *, address: str) -> None:
        """Remember what the household has just said of a visit from an address."""
        self._said[stands.visit_id, address] = stands
        self._said.move_to_end((stands.visit_id, address))
        while len(self._said) > MOST_SEEN:
            self._said.popitem(last=False)

    def secret(self, cookies: str) -> str | None:
        """The secret in a Cookie header; None without one."""
        found = cookie_parser(cookies).get(self._name) or None
        return found if found is None or len(found) <= 64 else None

    def remember(self, response: Response, secret: str) -> None:
        """Let the browser carry the secret until it is closed, where no script can read it and no other site can use it."""
        response.set_cookie(self._name, secret, path="/", httponly=True, samesite="strict", secure=self._is_secure)

    def forget(self, response: Response) -> None:
        """Let the browser forget it."""
        response.set_cookie(self._name, "", max_age=0, path="/", httponly=True, samesite="strict", secure=self._is_secure)

    def _person(self, stands: Stands) -> Person:
        now = self._clock()
        return Person(
            person_id=stands.visit_id,
            name=stands.alias,
            alias=stands.alias,
            created_at=now,
            restricted_at=None,
            saw_listens_at=now,
            is_told_aloud=False,
            role=stands.role,
        )


def service_router(at_service: AtService, household: Household) -> APIRouter:
    """The routes by which one comes, goes, and is known."""
    router = APIRouter(prefix="/api/v1", responses=told(403))

    @router.get("/health")
    async def health() -> dict[str, str]:
        """That the service answers."""
        return {"status": "ok"}

    @router.post("/sign-in")
    async def enter(brought: Brought, request: Request, response: Response) -> NamedShape:
        """Come in with the ticket of the household's page; it counts once."""
        peer = request.client.host if request.client else ""
        entered = await asyncio.to_thread(household.enter, brought.ticket, address=peer)
        at_service.note(entered.visit, address=peer)
        at_service.remember(response, entered.secret)
        return NamedShape(name=entered.visit.alias)

    @router.post("/sign-out", status_code=204)
    async def leave(request: Request, response: Response) -> None:
        """End the visit."""
        at_service.forget(response)
        if (secret := at_service.secret(request.headers.get("cookie", ""))) is not None:
            await asyncio.to_thread(household.leave, secret)

    @router.get("/me")
    async def me(visitor: Came) -> StandingMeShape:
        """Who you are here: an alias."""
        may = [one for one in (Permission.REVIEW, Permission.LEAD_REVIEW) if visitor.person.may(one)]
        return StandingMeShape(person=NamedShape(name=visitor.person.alias), permissions=may)

    return router


def service_pages(*, sign_in_url: str) -> APIRouter:
    """The pages: the desk, and the way in. `sign_in_url` is the page of the household where reviewers sign in."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    templates = page_templates()

    @router.get("/")
    async def first() -> RedirectResponse:
        return RedirectResponse("/review", status_code=303)

    def page(name: str, visitor: Visitor) -> HTMLResponse:
        links = navigation(visitor.person.may, among=PAGES)
        text = templates.get_template(f"{name}.html").render(
            page=name, version=__version__, wake_words=[], navigation=links, account_path="/review"
        )
        return HTMLResponse(text)

    @router.get("/review")
    async def review(visitor: Came) -> HTMLResponse:
        return page("review", visitor)

    @router.get("/review/lead")
    async def lead(visitor: Came) -> HTMLResponse:
        return page("lead", visitor)

    @router.get("/sign-in")
    async def entry() -> HTMLResponse:
        return HTMLResponse(templates.get_template("service_entry.html").render(sign_in_url=sign_in_url))

    return router
