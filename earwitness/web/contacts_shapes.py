"""The JSON of contacts as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from earwitness.domain.contact import Channel
from earwitness.people.contacts import LONGEST_NAME, LONGEST_NOTE, LONGEST_VALUE, MOST_ADDRESSES, MOST_ALIASES, MOST_RELATIONS

Text = Annotated[str, StringConstraints(max_length=4 * LONGEST_NAME)]
Id = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class AddressShape(_Shape):
    """One place where a contact is reached."""

    channel: Channel
    value: Annotated[str, StringConstraints(min_length=1, max_length=2 * LONGEST_VALUE)]
    label: Text = ""
    is_preferred: bool = False


class RelationShape(_Shape):
    """What the contact is to a person of this home."""

    person_id: Id
    word: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]


class ContactFields(_Shape):
    """What is written down of a contact."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=4 * LONGEST_NAME)]
    aliases: Annotated[list[Text], Field(max_length=MOST_ALIASES)] = []
    relations: Annotated[list[RelationShape], Field(max_length=MOST_RELATIONS)] = []
    addresses: Annotated[list[AddressShape], Field(max_length=MOST_ADDRESSES)] = []
    note: Annotated[str, StringConstraints(max_length=2 * LONGEST_NOTE)] = ""


class NewContact(ContactFields):
    owner_id: Id | None = None
    """Whose it is: yours or a child's of yours; null for the whole household's."""


class ContactChange(ContactFields):
    revision: int
    """As it was read: what somebody else changed meanwhile is not overwritten."""


class ContactShape(ContactFields):
    contact_id: str
    owner_id: str | None
    changed_at: AwareDatetime
    revision: int


class OwnerShape(_Shape):
    """Somebody whose contacts you may see."""

    person_id: str | None
    """Null for the household."""
    name: str
    unreadable: int
    """How many no key opens any more."""


class ContactsShape(_Shape):
    contacts: list[ContactShape]
    owners: list[OwnerShape]
    may_change: bool


class ImportedShape(_Shape):
    added: int
    known: int
    """Those that were there already."""
    left_out: int
    """Cards without a name that can be kept."""
