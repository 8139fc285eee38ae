"""The API of invitations: made, listed and taken back by those who run the home; opened by whoever has the code.

It translates; `people/invitations.py` decides. A code comes in a body and in a link's fragment, so that it is in no log.
"""

import asyncio
import ipaddress
from typing import Annotated, Final

import segno
from fastapi import APIRouter, Path, Response

from earwitness.domain.account import Origin, SignInWay
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person
from earwitness.people.household import Household
from earwitness.people.invitations import Invitation, Invitations
from earwitness.people.people import People
from earwitness.web import account_shapes
from earwitness.web import invitation_shapes as shapes
from earwitness.web.account_api import verdict
from earwitness.web.errors_told import told
from earwitness.web.signed_in import From, Me, Page, PageAddress, SignedIn

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
PAGE: Final = "/invitation"
"""Where whoever is invited chooses a name."""
MOST_STARTED: Final = 64


class Acceptances:
    """Invitations that are being accepted: with a passkey, somebody is begun before the account is there."""

    def __init__(self, invitations: Invitations, *, people: People, household: Household) -> None:
        self.invitations = invitations
        self.people = people
        self._household = household
        self._started: dict[str, Person] = {}

    def invited(self, code: str, *, origin: Origin) -> shapes.InvitedShape:
        """What somebody is invited to. Blocks. Raises AccessError."""
        found = self.invitations.look(code, address=origin.address)
        return shapes.InvitedShape(
            home=self._home(),
            by=self.people.find(found.made_by).name,
            role=found.role,
            expires_at=found.expires_at.isoformat(),
        )

    def judge(self, given: shapes.JudgedInvited, *, origin: Origin) -> account_shapes.VerdictShape:
        """Whether a passphrase would do. Blocks. Raises AccessError."""
        self.invitations.look(given.code, address=origin.address)
        return verdict(given.passphrase, known=(given.name, self._home()))

    def begin_passkey(self, given: shapes.InvitedName, page: PageAddress, *, origin: Origin) -> account_shapes.CeremonyShape:
        """Begin to make a passkey. Blocks. Raises AccessError, PersonError."""
        self.invitations.look(given.code, address=origin.address)
        to_be = self.people.to_be(given.name)
        begun = self.people.accounts.passkeys.begin_adding(to_be, host=page.host)
        while len(self._started) >= MOST_STARTED:
            del self._started[next(iter(self._started))]
        self._started[begun.ceremony_id] = to_be
        return account_shapes.CeremonyShape(ceremony=begun.ceremony_id, options=begun.options)

    def accept(self, given: shapes.Acceptance, page: PageAddress, *, origin: Origin) -> Person:
        """Make the account. Blocks. Raises AccessError, PersonError; then the code is as good as before."""
        if (given.passphrase is None) == (given.passkey is None):
            raise PersonError("Choose a passphrase or a passkey.", code="person.invalid")
        if given.passphrase is not None:
            known = (self._home(),)
            return self.invitations.accept(given.code, given.name, passphrase=given.passphrase, known=known, origin=origin)
        assert given.passkey is not None
        to_be = self._started.pop(given.passkey.ceremony, None)
        if to_be is None:
            raise AccessError("That took too long, or was used already; try again.", code="access.wrong")
        return self.invitations.accept_with_passkey(
            given.code,
            to_be,
            ceremony_id=given.passkey.ceremony,
            answer=given.passkey.credential,
            host=page.host,
            page=page.origin,
            origin=origin,
        )

    def _home(self) -> str:
        chosen = self._household.choices()
        return chosen.name if chosen else "this home"


def invitations_router(acceptances: Acceptances, *, signed_in: SignedIn) -> APIRouter:
    """The routes under /api/v1/invitations, and /api/v1/invitation for those who have a code."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_open(router, acceptances.invitations)
    _add_accepting(router, acceptances, signed_in)
    return router


def _add_open(router: APIRouter, invitations: Invitations) -> None:
    @router.get("/invitations")
    async def listed() -> shapes.InvitationsShape:
        """The invitations that are open, the first to end first; their codes are not known here any more."""
        found = await asyncio.to_thread(invitations.all)
        return shapes.InvitationsShape(invitations=[_shape(one) for one in found])

    @router.post("/invitations", status_code=201)
    async def make(given: shapes.NewInvitation, person: Me, page: Page, origin: From) -> shapes.MadeInvitationShape:
        """Invite somebody. The code and its link are in this answer and are kept nowhere; they work once."""
        made, code = await asyncio.to_thread(
            invitations.make,
            person,
            role=given.role,
            guardian_id=given.guardian_id,
            note=given.note,
            hours=given.hours,
            origin=origin,
        )
        link = f"{page.origin}{PAGE}#{code}"
        qr = segno.make_qr(link, error="m").svg_data_uri(scale=5, border=3, light="#fff", dark="#000")
        return shapes.MadeInvitationShape(invitation=_shape(made), code=code, link=link, qr=qr, only_here=_is_loopback(page.host))

    @router.delete("/invitations/{invitation_id}", status_code=204)
    async def revoke(invitation_id: Id, person: Me, origin: From) -> None:
        """Take an invitation back: its code is worth nothing any more."""
        await asyncio.to_thread(invitations.revoke, invitation_id, by=person, origin=origin)


def _add_accepting(router: APIRouter, acceptances: Acceptances, signed_in: SignedIn) -> None:
    @router.post("/invitation")
    async def look(given: shapes.InvitationCode, origin: From) -> shapes.InvitedShape:
        """What a code invites to. It is not used up by that."""
        return await asyncio.to_thread(acceptances.invited, given.code, origin=origin)

    @router.post("/invitation/passphrase")
    async def judge(given: shapes.JudgedInvited, origin: From) -> account_shapes.VerdictShape:
        """Whether a passphrase would do. Nothing is changed or kept."""
        return await asyncio.to_thread(acceptances.judge, given, origin=origin)

    @router.post("/invitation/passkey")
    async def begin_passkey(given: shapes.InvitedName, page: Page, origin: From) -> account_shapes.CeremonyShape:
        """Begin to make a passkey: options for `navigator.credentials.create`, good for five minutes."""
        return await asyncio.to_thread(acceptances.begin_passkey, given, page, origin=origin)

    @router.put("/invitation", status_code=201)
    async def accept(given: shapes.Acceptance, page: Page, response: Response, origin: From) -> account_shapes.EnteredShape:
        """Make the account, in the role that the invitation says, and sign in; the code is used up."""
        person = await asyncio.to_thread(acceptances.accept, given, page, origin=origin)
        way = SignInWay.INVITATION
        found = await asyncio.to_thread(acceptances.people.accounts.let_in, person, way=way, origin=origin)
        signed_in.remember(response, found.token)
        return account_shapes.EnteredShape(name=person.name, role=person.role)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shape(one: Invitation) -> shapes.InvitationShape:
    return shapes.InvitationShape(
        id=one.invitation_id,
        role=one.role,
        guardian_id=one.guardian_id,
        note=one.note,
        made_by=one.made_by,
        created_at=one.created_at.isoformat(),
        expires_at=one.expires_at.isoformat(),
    )
