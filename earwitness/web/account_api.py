"""The API of one's own account: passphrase, passkeys, codes, sign-ins, log, tokens. It translates; the accounts decide.

What is dangerous here the gate lets pass only after somebody showed again who they are.
"""

import asyncio
import ipaddress
from datetime import datetime
from typing import Annotated

import segno
from fastapi import APIRouter, Path, Query

from earwitness.domain.account import SCOPES, Permission, Scope
from earwitness.domain.errors import PersonError
from earwitness.domain.person import Person
from earwitness.people.account_log import AccountEntry
from earwitness.people.accounts import Accounts
from earwitness.people.passkeys import Passkey
from earwitness.people.passphrase import check_good
from earwitness.people.sign_ins import SignIn
from earwitness.people.tokens import Token
from earwitness.web import account_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Came, From, Me, Page

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
CredentialId = Annotated[str, Path(pattern="^([0-9a-f]{2}){1,1023}$")]


def account_router(accounts: Accounts) -> APIRouter:
    """The routes under /api/v1/me that are about how one signs in."""
    router = APIRouter(prefix="/api/v1/me", responses=told(404, 409))
    _add_passphrase(router, accounts)
    _add_passkeys(router, accounts)
    _add_codes(router, accounts)
    _add_places(router, accounts)
    _add_tokens(router, accounts)
    return router


def verdict(passphrase: str, *, known: tuple[str, ...]) -> shapes.VerdictShape:
    """Whether a passphrase will do, in plain words."""
    try:
        check_good(passphrase, known=known)
    except PersonError as error:
        return shapes.VerdictShape(good=False, sentence=error.sentence)
    return shapes.VerdictShape(good=True, sentence="That will do: long, and hard to guess.")


def is_name(host: str) -> bool:
    """Whether a host is a name: browsers use passkeys with names alone."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host)
    return False


def _add_passphrase(router: APIRouter, accounts: Accounts) -> None:
    @router.put("/passphrase", status_code=204)
    async def change(given: shapes.NewPassphrase, visitor: Came, origin: From) -> None:
        """Set a new passphrase; every other sign-in ends."""
        who = visitor.person.person_id
        await asyncio.to_thread(accounts.change_passphrase, who, given.passphrase, but=visitor.sign_in_id, origin=origin)

    @router.post("/passphrase/check")
    async def check(given: shapes.JudgedPassphrase, person: Me) -> shapes.VerdictShape:
        """Whether a passphrase would do. Nothing is changed or kept."""
        return await asyncio.to_thread(verdict, given.passphrase, known=(person.name,))

    @router.get("/security")
    async def security(person: Me, page: Page) -> shapes.SecurityShape:
        """How you sign in."""
        passkeys = await asyncio.to_thread(accounts.passkeys.of, person.person_id)
        left = await asyncio.to_thread(accounts.recovery.left, person.person_id)
        return shapes.SecurityShape(
            passkeys=[_passkey_shape(one) for one in passkeys],
            passkeys_possible=is_name(page.host),
            code_on=person.needs_code,
            recovery_left=left,
            tokens_allowed=person.may(Permission.TOKENS),
        )


def _add_passkeys(router: APIRouter, accounts: Accounts) -> None:
    @router.post("/passkeys")
    async def begin(person: Me, page: Page) -> shapes.CeremonyShape:
        """Begin to add a passkey: options for `navigator.credentials.create`, good for five minutes."""
        begun = await asyncio.to_thread(accounts.passkeys.begin_adding, person, host=page.host)
        return shapes.CeremonyShape(ceremony=begun.ceremony_id, options=begun.options)

    @router.put("/passkeys", status_code=201)
    async def add(given: shapes.NewPasskey, person: Me, page: Page, origin: From) -> shapes.PasskeyShape:
        """Add the passkey that was made."""
        made = await asyncio.to_thread(
            accounts.add_passkey,
            person,
            given.ceremony,
            answer=given.credential,
            host=page.host,
            page=page.origin,
            name=given.name,
            origin=origin,
        )
        return _passkey_shape(made)

    @router.delete("/passkeys/{passkey_id}", status_code=204)
    async def remove(passkey_id: CredentialId, person: Me, origin: From) -> None:
        """Remove a passkey."""
        await asyncio.to_thread(accounts.remove_passkey, person.person_id, passkey_id, origin=origin)


def _add_codes(router: APIRouter, accounts: Accounts) -> None:
    @router.post("/code")
    async def begin(person: Me) -> shapes.CodeBegunShape:
        """Begin to turn codes from your phone on: a key for an authenticator app, which counts after a first code."""
        begun = await asyncio.to_thread(accounts.totp.begin, person.person_id)
        qr = segno.make(begun.uri, error="m").svg_data_uri(scale=5, border=3, light="#fff", dark="#000")
        return shapes.CodeBegunShape(secret=begun.secret, uri=begun.uri, qr=qr)

    @router.put("/code")
    async def turn_on(given: shapes.FirstCode, person: Me, origin: From) -> shapes.RecoveryShape:
        """Turn codes on with a first one; the recovery codes are shown this once."""
        codes = await asyncio.to_thread(accounts.turn_code_on, person.person_id, given.code, origin=origin)
        return shapes.RecoveryShape(recovery_codes=list(codes))

    @router.delete("/code", status_code=204)
    async def turn_off(person: Me, origin: From) -> None:
        """Turn codes off; your passphrase alone signs you in then."""
        await asyncio.to_thread(accounts.turn_code_off, person.person_id, origin=origin)

    @router.post("/recovery-codes")
    async def renew(person: Me, origin: From) -> shapes.RecoveryShape:
        """New recovery codes, shown this once; the old ones are worth nothing then."""
        codes = await asyncio.to_thread(accounts.renew_recovery, person.person_id, origin=origin)
        return shapes.RecoveryShape(recovery_codes=list(codes))


def _add_places(router: APIRouter, accounts: Accounts) -> None:
    @router.get("/sign-ins")
    async def places(visitor: Came) -> shapes.PlacesShape:
        """Where you are signed in, last used first."""
        found = await asyncio.to_thread(accounts.sign_ins.of, visitor.person.person_id)
        return shapes.PlacesShape(sign_ins=[_place_shape(one, here=visitor.sign_in_id) for one in found])

    @router.delete("/sign-ins")
    async def everywhere(visitor: Came, origin: From) -> shapes.EndedShape:
        """Sign out everywhere but here."""
        person_id, here = visitor.person.person_id, visitor.sign_in_id
        ended = await asyncio.to_thread(accounts.sign_out_everywhere, person_id, but=here, origin=origin)
        return shapes.EndedShape(ended=ended)

    @router.delete("/sign-ins/{sign_in_id}", status_code=204)
    async def one(sign_in_id: Id, person: Me, origin: From) -> None:
        """Sign out in one place."""
        await asyncio.to_thread(accounts.sign_out_one, person.person_id, sign_in_id, origin=origin)

    @router.get("/log")
    async def log(
        person: Me,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    ) -> shapes.LogShape:
        """What happened to your account, newest first; nobody else sees it."""
        found = await asyncio.to_thread(accounts.entries, person.person_id, limit=limit + 1, before=before)
        shown = found[:limit]
        more = shown[-1].number if len(found) > limit else None
        return shapes.LogShape(entries=[_entry_shape(entry) for entry in shown], next_before=more)


def _add_tokens(router: APIRouter, accounts: Accounts) -> None:
    @router.get("/tokens")
    async def tokens(person: Me) -> shapes.TokensShape:
        """Your tokens for automation, without their secrets."""
        found = await asyncio.to_thread(accounts.tokens.of, person.person_id)
        return shapes.TokensShape(tokens=[_token_shape(one) for one in found], scopes=_scopes_of(person))

    @router.post("/tokens", status_code=201)
    async def make(given: shapes.NewToken, person: Me, origin: From) -> shapes.MadeTokenShape:
        """Make a token. Its secret is shown this once; send it as `Authorization: Bearer`."""
        made, secret = await asyncio.to_thread(
            accounts.make_token, person, given.name, scopes=frozenset(given.scopes), days=given.days, origin=origin
        )
        return shapes.MadeTokenShape(token=_token_shape(made), secret=secret)

    @router.delete("/tokens/{token_id}", status_code=204)
    async def revoke(token_id: Id, person: Me, origin: From) -> None:
        """End a token at once."""
        await asyncio.to_thread(accounts.revoke_token, person.person_id, token_id, origin=origin)


def _scopes_of(person: Person) -> list[Scope]:
    return [scope for scope in Scope if person.may(SCOPES[scope])]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _passkey_shape(one: Passkey) -> shapes.PasskeyShape:
    return shapes.PasskeyShape(id=one.passkey_id, name=one.name, created_at=one.created_at.isoformat(), used_at=_iso(one.used_at))


def _place_shape(one: SignIn, *, here: str | None) -> shapes.PlaceShape:
    return shapes.PlaceShape(
        id=one.sign_in_id,
        since=one.created_at.isoformat(),
        seen=one.seen_at.isoformat(),
        until=one.expires_at.isoformat(),
        way=one.way.value,
        program=one.program,
        address=one.address,
        here=one.sign_in_id == here,
    )


def _entry_shape(one: AccountEntry) -> shapes.LogEntryShape:
    return shapes.LogEntryShape(
        number=one.number,
        at=one.at.isoformat(),
        what=one.what.value,
        detail=one.detail,
        address=one.address,
        program=one.program,
    )


def _token_shape(one: Token) -> shapes.TokenShape:
    return shapes.TokenShape(
        id=one.token_id,
        name=one.name,
        scopes=sorted(one.scopes),
        created_at=one.created_at.isoformat(),
        expires_at=one.expires_at.isoformat(),
        used_at=_iso(one.used_at),
    )
