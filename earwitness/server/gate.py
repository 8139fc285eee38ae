"""The gate before every route: who is there, and may they? By the table in `rules.py`; what is not in it is refused.

A plain ASGI layer, so that nothing behind it can be reached around it. It leaves who came in under VISITOR in the scope, for the
routes, and draws nothing: a visit to a page that may not be seen is led to the sign-in, to the setup, to the page of one's work
or to the account.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from earwitness.domain.account import Permission
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.visitor import IS_HERE, VISITOR, Visitor
from earwitness.server.door import is_same_machine
from earwitness.server.rules import HOUSE, STATIC, Kind, Rule, RuleBook

SETUP_PASS_HEADER: Final = "x-earwitness-setup-pass"  # noqa: S105  (a name, not a secret)
LONGEST_RETURN: Final = 500
_WORK: Final = ((Permission.REVIEW, "/review"), (Permission.DEMANDS, "/demands"))

Who = Callable[[Headers, str], Awaitable[Visitor | None]]
"""Who sent a request with those headers from that address; None for nobody."""


async def nobody(headers: Headers, peer: str) -> Visitor | None:
    """Nobody is signed in."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The first start: whether it is done, and whether a pass is the one that the setup code was given for."""

    is_done: Callable[[], Awaitable[bool]]
    is_pass: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further; `lead` is the page that a visiting person is led to instead."""

    status: int
    code: str
    sentence: str
    lead: str = ""
    allow: str = ""
    """The methods that there are, when it was a wrong one."""


class Gate:
    """Wraps the application. `who` finds out who came, and raises EarwitnessError if that cannot be known now; `clock` gives
    aware datetimes, `book` the rules of this server."""

    def __init__(self, app: ASGIApp, *, who: Who, setup: Setup, clock: Callable[[], datetime], book: RuleBook = HOUSE) -> None:
        self._app = app
        self._who = who
        self._setup = setup
        self._clock = clock
        self._book = book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = await self.refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refuse(send, refusal, is_visit=is_visit(scope, self._book))

    async def refusal(self, scope: Scope) -> Refusal | None:
        """Why a request may not pass, None if it may; then the scope has its visitor. Asked again, it tells what holds now."""
        headers = Headers(scope=scope)
        peer = peer_of(scope)
        found = self._book.rule_of("WS" if scope["type"] == "websocket" else scope["method"], scope["path"])
        if found is not None and found.template == STATIC:  # a dozen for each page, and nobody is asked for
            return None
        try:
            visitor = await self._who(headers, peer)
        except EarwitnessError as error:
            if found is None or found.rule.kind is not Kind.OPEN:
                return Refusal(503, error.code, error.sentence, lead="/sign-in")
            visitor = None
        scope[VISITOR] = visitor
        scope[IS_HERE] = self._is_here(headers, peer)
        if found is not None and found.rule.kind is Kind.OPEN:
            return await self._open_refusal(scope)
        if not await self._setup.is_done():
            return self._setup_refusal(headers, peer, rule=found.rule if found else None)
        if found is not None and found.rule.kind is Kind.SETUP:
            return Refusal(409, "setup.done", "This home is set up already; sign in.")
        if visitor is None:
            return Refusal(401, "access.not_signed_in", "Sign in first, at /sign-in.", lead=_sign_in(scope, self._book))
        return self._not_there(scope) if found is None else self._member_refusal(visitor, found.rule, path=scope["path"])

    async def _open_refusal(self, scope: Scope) -> Refusal | None:
        """An open page leads on whoever has no business there."""
        if scope["path"] == "/setup" and await self._setup.is_done():
            return Refusal(409, "setup.done", "This home is set up already; sign in.", lead="/")
        if scope["path"] in {"/sign-in", "/invitation"} and not await self._setup.is_done():
            return _not_set_up()
        return None

    def _setup_refusal(self, headers: Headers, peer: str, *, rule: Rule | None) -> Refusal | None:
        if rule is None or rule.kind is not Kind.SETUP:
            return _not_set_up()
        if self._is_here(headers, peer):
            return None
        sentence = "From another machine, setting up needs the setup code that the terminal of the server shows."
        return Refusal(403, "setup.code_needed", sentence)

    def _is_here(self, headers: Headers, peer: str) -> bool:
        given = headers.get(SETUP_PASS_HEADER, "")
        return is_same_machine(peer, headers) or (bool(given) and self._setup.is_pass(given))

    def _member_refusal(self, visitor: Visitor, rule: Rule, *, path: str) -> Refusal | None:
        if not any(visitor.may(permission, scope=rule.scope) for permission in rule.permissions):
            what = "this account" if visitor.scopes is None else "this token"
            return Refusal(403, "access.refused", f"That is not for {what}.", lead=_instead_of(path, visitor))
        if rule.is_dangerous and visitor.scopes is None and not visitor.is_fresh(self._clock()):
            return Refusal(403, "access.confirm", "For this, show once more that it is you.")
        return None

    def _not_there(self, scope: Scope) -> Refusal:
        """No rule, no route: what other methods have a rule for the path?"""
        allowed = self._book.methods_of(scope["path"])
        if not allowed or scope["type"] == "websocket":
            return Refusal(404, "http.not_found", "Not Found.")
        return Refusal(405, "http.wrong_method", "Method Not Allowed.", allow=", ".join(allowed))


def peer_of(scope: Scope) -> str:
    """The address at the far end, empty if it is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def is_visit(scope: Scope, book: RuleBook) -> bool:
    """Whether a person is about to look at a page, who is led somewhere rather than shown JSON."""
    accepts = Headers(scope=scope).get("accept", "")
    return scope["method"] in {"GET", "HEAD"} and scope["path"] in book.pages and "text/html" in accepts


def _sign_in(scope: Scope, book: RuleBook) -> str:
    """The sign-in, and from there back to the page that was to be seen."""
    if scope["path"] == "/" or scope["path"] not in book.pages:
        return "/sign-in"
    query = scope.get("query_string", b"").decode("latin-1")
    back = scope["path"] + (f"?{query}" if query and len(query) <= LONGEST_RETURN else "")
    return f"/sign-in?next={quote(back, safe='/')}"


def _instead_of(path: str, visitor: Visitor) -> str:
    """Where somebody is led who may not see a page: from the first one to that of their work, else to their account."""
    works = (page for permission, page in _WORK if path == "/" and visitor.person.may(permission))
    return next(works, "/account")


def _not_set_up() -> Refusal:
    return Refusal(403, "setup.needed", "This home is not set up yet; open /setup.", lead="/setup")


async def refuse(send: Send, refusal: Refusal, *, is_visit: bool) -> None:
    """Answer with a refusal as JSON, or lead a visiting person to where they can do something."""
    status = refusal.status
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if refusal.lead and is_visit:
        status = 303
        headers.append((b"location", refusal.lead.encode("latin-1")))
    if refusal.allow:
        headers.append((b"allow", refusal.allow.encode("latin-1")))
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="earwitness"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = json.dumps({"code": refusal.code, "message": refusal.sentence}).encode()
    await send({"type": "http.response.body", "body": body})
