"""The API of coming in and going out: signing in by passphrase or passkey, showing again that it is you, signing out.

It translates; the accounts decide and throttle. A new token always comes as a cookie and is in no answer.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from earwitness.domain.errors import AccessError
from earwitness.domain.visitor import VISITOR
from earwitness.people.accounts import Accounts
from earwitness.web import account_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import From, Page, SignedIn


def sign_in_router(accounts: Accounts, *, signed_in: SignedIn) -> APIRouter:
    """The routes under /api/v1/sign-in, /api/v1/me/confirmation, and /api/v1/sign-out."""
    router = APIRouter(prefix="/api/v1", responses=told(401, 403, 413, 422, 429))
    _add_signing_in(router, accounts, signed_in)
    _add_confirming(router, accounts, signed_in)

    @router.post("/sign-out", status_code=204)
    async def sign_out(request: Request, response: Response, origin: From) -> None:
        """Sign out of this browser."""
        token = signed_in.token(request.headers.get("cookie", ""))
        if token is not None:
            await asyncio.to_thread(accounts.sign_out, token, origin=origin)
        signed_in.forget(response)

    return router


def _add_signing_in(router: APIRouter, accounts: Accounts, signed_in: SignedIn) -> None:
    @router.get("/sign-in")
    async def state(request: Request) -> shapes.SignedInShape:
        """Whether somebody is signed in on this browser."""
        return shapes.SignedInShape(signed_in=request.scope.get(VISITOR) is not None)

    @router.post("/sign-in")
    async def sign_in(given: shapes.Credentials, response: Response, origin: From) -> shapes.EnteredShape:
        """Sign in; the answer sets a cookie. `access.code_needed` asks for the same again with a code."""
        found = await asyncio.to_thread(accounts.sign_in, given.name, passphrase=given.passphrase, code=given.code, origin=origin)
        signed_in.remember(response, found.token)
        return shapes.EnteredShape(name=found.person.name, role=found.person.role)

    @router.post("/sign-in/passkey")
    async def begin_passkey(page: Page) -> shapes.CeremonyShape:
        """Begin to sign in with a passkey: options for `navigator.credentials.get`, good for five minutes."""
        begun = await asyncio.to_thread(accounts.passkeys.begin_sign_in, host=page.host)
        return shapes.CeremonyShape(ceremony=begun.ceremony_id, options=begun.options)

    @router.put("/sign-in/passkey")
    async def finish_passkey(given: shapes.Answer, page: Page, response: Response, origin: From) -> shapes.EnteredShape:
        """Sign in with what the passkey answered; the answer sets a cookie."""
        found = await asyncio.to_thread(
            accounts.sign_in_with_passkey,
            given.ceremony,
            answer=given.credential,
            host=page.host,
            page=page.origin,
            origin=origin,
        )
        signed_in.remember(response, found.token)
        return shapes.EnteredShape(name=found.person.name, role=found.person.role)


def _add_confirming(router: APIRouter, accounts: Accounts, signed_in: SignedIn) -> None:
    def token_of(request: Request) -> str:
        token = signed_in.token(request.headers.get("cookie", ""))
        if token is None:
            raise AccessError("Sign in first, at /sign-in.", code="access.not_signed_in")
        return token

    def confirmed(response: Response, found: Any) -> None:
        signed_in.remember(response, found.token)

    @router.post("/me/confirmation", status_code=204)
    async def confirm(given: shapes.Confirmation, request: Request, response: Response, origin: From) -> None:
        """Show again that it is you, by passphrase: for ten minutes then you may do what is dangerous."""
        token = token_of(request)
        found = await asyncio.to_thread(accounts.confirm, token, passphrase=given.passphrase, code=given.code, origin=origin)
        confirmed(response, found)

    @router.post("/me/confirmation/passkey")
    async def begin_confirming(page: Page) -> shapes.CeremonyShape:
        """Begin to show it with a passkey."""
        begun = await asyncio.to_thread(accounts.passkeys.begin_sign_in, host=page.host)
        return shapes.CeremonyShape(ceremony=begun.ceremony_id, options=begun.options)

    @router.put("/me/confirmation/passkey", status_code=204)
    async def confirm_with_passkey(given: shapes.Answer, page: Page, request: Request, response: Response, origin: From) -> None:
        """Show again that it is you, with what the passkey answered."""
        token = token_of(request)
        found = await asyncio.to_thread(
            accounts.confirm_with_passkey,
            token,
            given.ceremony,
            answer=given.credential,
            host=page.host,
            page=page.origin,
            origin=origin,
        )
        confirmed(response, found)
