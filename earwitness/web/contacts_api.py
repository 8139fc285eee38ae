"""The API of contacts: one's own, those of one's children, the household's. It translates; `people` keeps them, sealed.

A child reads what is the child's own. Whose a contact is decides who sees it; to everybody else it is as if it were not there.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from earwitness.domain.account import AccountEvent, Permission
from earwitness.domain.contact import Address, Contact, Relation
from earwitness.domain.errors import ContactError
from earwitness.domain.person import Person
from earwitness.people.account_log import AccountLog
from earwitness.people.contacts import Contacts
from earwitness.people.vcards import MOST_BYTES, read_vcards, without_twins, written_vcards
from earwitness.web import contacts_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import From, Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Owner = Annotated[str, Query(pattern="^(?:household|[0-9a-f]{32})$")]
HOUSEHOLD: Final = "household"


def contacts_router(
    contacts: Contacts, *, people: Callable[[], Sequence[Person]], log: AccountLog, clock: Callable[[], datetime]
) -> APIRouter:
    """The routes under /api/v1/contacts. `clock` gives aware datetimes."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))

    def owners_of(person: Person) -> dict[str | None, str]:
        """Whose contacts a person sees, with what they are called; who may not change any sees their own alone."""
        if not person.may(Permission.CONTACTS):
            return {person.person_id: person.name}
        wards: dict[str | None, str] = {one.person_id: one.name for one in people() if one.guardian_id == person.person_id}
        return {person.person_id: person.name, None: "The whole household", **wards}

    def found(contact_id: str, person: Person) -> Contact:
        one = contacts.find(contact_id)
        if one.owner_id not in owners_of(person):
            raise ContactError("There is no such contact.", code="contact.unknown")
        return one

    def owner(given: str | None, person: Person) -> str | None:
        owner_id = None if given in (None, HOUSEHOLD) else given
        if owner_id not in owners_of(person):
            raise ContactError("Those are not contacts that you may change.", code="contact.unknown")
        return owner_id

    def listed(person: Person) -> shapes.ContactsShape:
        owners = owners_of(person)
        return shapes.ContactsShape(
            contacts=[_shape(one) for owner_id in owners for one in contacts.owned_by(owner_id)],
            owners=[
                shapes.OwnerShape(person_id=owner_id, name=name, unreadable=contacts.unreadable(owner_id))
                for owner_id, name in owners.items()
            ],
            may_change=person.may(Permission.CONTACTS),
        )

    def removed(contact_id: str, person: Person) -> None:
        try:
            found(contact_id, person)
        except ContactError as error:
            if error.code != "contact.unreadable" or contacts.owner_of(contact_id) not in owners_of(person):
                raise
        contacts.remove(contact_id)

    def imported(data: bytes, owner_id: str | None, person: Person) -> shapes.ImportedShape:
        read = read_vcards(data, owner_id=owner_id, now=clock(), me=person.person_id)
        fresh = without_twins(read.contacts, contacts.owned_by(owner_id))
        contacts.add_all(fresh)
        return shapes.ImportedShape(added=len(fresh), known=len(read.contacts) - len(fresh), left_out=read.left_out)

    @router.get("/contacts")
    async def all_contacts(person: Me) -> shapes.ContactsShape:
        """The contacts that you may see, by owner and name."""
        return await asyncio.to_thread(listed, person)

    @router.post("/contacts", status_code=201)
    async def add(given: shapes.NewContact, person: Me) -> shapes.ContactShape:
        """Write a contact down."""

        def kept() -> Contact:
            return contacts.add(_contact(given, owner_id=owner(given.owner_id, person), now=clock()))

        return _shape(await asyncio.to_thread(kept))

    @router.put("/contacts/{contact_id}")
    async def change(contact_id: Id, given: shapes.ContactChange, person: Me) -> shapes.ContactShape:
        """Write a contact anew; whose it is stays."""

        def kept() -> Contact:
            before = found(contact_id, person)
            made = _contact(given, owner_id=before.owner_id, now=clock(), contact_id=contact_id, revision=given.revision)
            return contacts.change(made)

        return _shape(await asyncio.to_thread(kept))

    @router.delete("/contacts/{contact_id}", status_code=204)
    async def remove(contact_id: Id, person: Me) -> None:
        """Forget a contact."""
        await asyncio.to_thread(removed, contact_id, person)

    @router.get("/contacts/file", response_class=Response, responses={200: {"content": {"text/vcard": {}}}})
    async def take(person: Me, origin: From, whose: Owner) -> Response:
        """Contacts of one owner as a file of vCards (4.0)."""
        owner_id = await asyncio.to_thread(owner, whose, person)
        mine = await asyncio.to_thread(contacts.owned_by, owner_id)
        await asyncio.to_thread(log.note, person.person_id, AccountEvent.CONTACTS_TAKEN, origin=origin)
        text = written_vcards(mine, me=person.person_id)
        return Response(text, media_type="text/vcard", headers={"Content-Disposition": 'attachment; filename="contacts.vcf"'})

    @router.post("/contacts/file", status_code=201)
    async def bring(request: Request, person: Me, whose: Owner) -> shapes.ImportedShape:
        """Add the contacts of a file of vCards (the body); those that are there already are left alone."""
        owner_id, data = await asyncio.to_thread(owner, whose, person), bytearray()
        async for block in request.stream():
            data += block
            if len(data) > MOST_BYTES:
                raise ContactError("That file is too large.", code="contact.unreadable")
        return await asyncio.to_thread(imported, bytes(data), owner_id, person)

    return router


def _contact(
    given: shapes.ContactFields, *, owner_id: str | None, now: datetime, contact_id: str = "", revision: int = 1
) -> Contact:
    return Contact(
        contact_id=contact_id,
        owner_id=owner_id,
        name=given.name,
        aliases=tuple(given.aliases),
        relations=tuple(Relation(person_id=one.person_id, word=one.word) for one in given.relations),
        addresses=tuple(Address(**one.model_dump()) for one in given.addresses),
        note=given.note,
        changed_at=now,
        revision=revision,
    )


def _shape(one: Contact) -> shapes.ContactShape:
    return shapes.ContactShape(
        contact_id=one.contact_id,
        owner_id=one.owner_id,
        name=one.name,
        aliases=list(one.aliases),
        relations=[shapes.RelationShape(person_id=each.person_id, word=each.word) for each in one.relations],
        addresses=[
            shapes.AddressShape(channel=each.channel, value=each.value, label=each.label, is_preferred=each.is_preferred)
            for each in one.addresses
        ],
        note=one.note,
        changed_at=one.changed_at,
        revision=one.revision,
    )
