"""The API of the home's accounts, for those who run it, and of children, for their guardians. It translates; people and rights
decide. Nobody reads what another person said here, whatever their role.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path

from earwitness.domain.account import AccountRole
from earwitness.domain.consent import Keeps, Purpose
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person
from earwitness.rights.rights import Rights
from earwitness.web import account_shapes as shapes
from earwitness.web import privacy_shapes
from earwitness.web.account_api import verdict
from earwitness.web.errors_told import told
from earwitness.web.people_api import me_shape, seconds_of
from earwitness.web.signed_in import AskedBy, From, Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


def accounts_router(rights: Rights) -> APIRouter:
    """The routes under /api/v1/people and /api/v1/wards."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_accounts(router, rights)
    _add_changes(router, rights)
    _add_wards(router, rights)
    return router


def _add_accounts(router: APIRouter, rights: Rights) -> None:
    people = rights.people

    @router.get("/people")
    async def everybody() -> shapes.AccountsShape:
        """The accounts of this home, by name."""
        found = await asyncio.to_thread(people.all)
        return shapes.AccountsShape(people=[_account_shape(one) for one in found])

    @router.post("/people", status_code=201)
    async def add(given: shapes.NewAccount, person: Me, origin: From) -> shapes.AccountShape:
        """Add an account, with the passphrase that its owner types. Nothing of what they say is kept unless they say so."""
        _check_rank(person, given.role)
        made = await asyncio.to_thread(
            people.add,
            given.name,
            passphrase=given.passphrase,
            role=given.role,
            guardian_id=given.guardian_id,
            origin=origin,
        )
        return _account_shape(made)

    @router.post("/people/passphrase")
    async def check(given: shapes.JudgedPassphrase) -> shapes.VerdictShape:
        """Whether a passphrase would do for an account of that name. Nothing is changed or kept."""
        return await asyncio.to_thread(verdict, given.passphrase, known=(given.name,))


def _add_changes(router: APIRouter, rights: Rights) -> None:
    people = rights.people

    @router.patch("/people/{person_id}")
    async def change(person_id: Id, given: shapes.AccountChange, person: Me, origin: From) -> shapes.AccountShape:
        """Change somebody's role or guardian, suspend them, or let them in again; it takes effect at once."""
        found = await asyncio.to_thread(_changed, rights, person_id, given=given, actor=person, origin=origin)
        return _account_shape(found)

    @router.delete("/people/{person_id}")
    async def remove(person_id: Id, person: Me) -> privacy_shapes.ErasureShape:
        """Remove an account with everything that is held about that person, for good."""
        found = await asyncio.to_thread(people.find, person_id)
        _check_rank(person, found.role)
        await asyncio.to_thread(people.check_may_leave, person_id)
        erasure = await asyncio.to_thread(rights.erase_person, person_id)
        return privacy_shapes.ErasureShape.model_validate(erasure.as_json())

    @router.delete("/people/{person_id}/sign-ins")
    async def sign_out(person_id: Id, person: Me, origin: From) -> shapes.EndedShape:
        """Sign somebody out everywhere."""
        found = await asyncio.to_thread(people.find, person_id)
        _check_rank(person, found.role)
        ended = await asyncio.to_thread(people.accounts.sign_out_everywhere, found.person_id, origin=origin)
        return shapes.EndedShape(ended=ended)


def _add_wards(router: APIRouter, rights: Rights) -> None:
    @router.get("/wards")
    async def wards(person: Me) -> shapes.WardsShape:
        """The children whose guardian you are, and what may be kept of each."""
        found = await asyncio.to_thread(rights.people.wards_of, person.person_id)
        return shapes.WardsShape(wards=[await _ward_shape(rights, one.person_id) for one in found])

    @router.put("/wards/{person_id}/consents/{purpose}")
    async def decide(person_id: Id, purpose: Purpose, wish: privacy_shapes.Wish, way: AskedBy, person: Me) -> shapes.WardShape:
        """Give or withdraw a consent for a child whose guardian you are; it takes effect at once."""
        mine = await asyncio.to_thread(rights.people.wards_of, person.person_id)
        if person_id not in {one.person_id for one in mine}:
            raise PersonError("You are not the guardian of anybody of that id.")
        await asyncio.to_thread(
            rights.decide,
            person_id,
            purpose,
            is_given=wish.given,
            way=way,
            retention_seconds=seconds_of(wish.retention),
            keeps=Keeps(wish.keeps) if wish.keeps else None,
            lifts_objection=wish.lifts_objection,
            by=person.person_id,
        )
        return await _ward_shape(rights, person_id)


def _changed(rights: Rights, person_id: str, *, given: shapes.AccountChange, actor: Person, origin: From) -> Person:
    people = rights.people
    found = people.find(person_id)
    _check_rank(actor, found.role)
    if given.role is not None and (given.role is not found.role or given.guardian_id != found.guardian_id):
        _check_rank(actor, given.role)
        found = people.change_role(person_id, given.role, guardian_id=given.guardian_id, origin=origin)
    elif given.guardian_id is not None and given.role is None:
        found = people.change_guardian(person_id, given.guardian_id, origin=origin)
    if given.suspended is not None:
        act = people.suspend if given.suspended else people.restore
        found = act(person_id, origin=origin)
    return found


def _check_rank(actor: Person, role: AccountRole) -> None:
    """Only an owner makes or changes an owner: who runs the machine cannot take the home over."""
    if role is AccountRole.OWNER and actor.role is not AccountRole.OWNER:
        raise AccessError("Only an owner can do that with an owner's account.", code="access.refused")


def _account_shape(person: Person) -> shapes.AccountShape:
    return shapes.AccountShape(
        id=person.person_id,
        name=person.name,
        alias=person.alias,
        role=person.role,
        guardian_id=person.guardian_id,
        created_at=person.created_at.isoformat(),
        suspended_at=person.suspended_at.isoformat() if person.suspended_at else None,
        code_on=person.needs_code,
    )


async def _ward_shape(rights: Rights, person_id: str) -> shapes.WardShape:
    me = await me_shape(rights, person_id)
    return shapes.WardShape(person=me.person, consents=me.consents, texts=me.texts, keeping=me.keeping, kept=me.kept)
