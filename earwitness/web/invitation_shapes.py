"""The JSON of invitations as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from earwitness.domain.account import AccountRole
from earwitness.people.invitations import MOST_HOURS, USUAL_HOURS
from earwitness.web.account_shapes import Answer, Id, Name, Secret

Code = Annotated[str, Field(min_length=1, max_length=64)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class InvitationShape(_Shape):
    """One that is open, without its code."""

    id: str
    role: AccountRole
    guardian_id: str | None
    note: str
    made_by: str
    """The id of whoever made it."""
    created_at: str
    expires_at: str


class InvitationsShape(_Shape):
    invitations: list[InvitationShape]


class NewInvitation(_Shape):
    role: AccountRole = AccountRole.ADULT
    guardian_id: Id | None = None
    note: Annotated[str, Field(max_length=64)] = ""
    """Whom it is for; only those who run the home see it."""
    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] = USUAL_HOURS


class MadeInvitationShape(_Shape):
    """What is handed to whoever is invited, shown this once."""

    invitation: InvitationShape
    code: str
    link: str
    """To the page on which they choose their name; the code is in its fragment, which browsers send to no server."""
    qr: str
    """The link as a QR code, an SVG in a data URI."""
    only_here: bool
    """Whether the link works on this machine alone, for it was made by the name localhost."""


class InvitationCode(_Shape):
    code: Code


class InvitedShape(_Shape):
    """What somebody with a code is invited to."""

    home: str
    by: str
    """The name of whoever made it."""
    role: AccountRole
    expires_at: str


class InvitedName(InvitationCode):
    name: Name


class JudgedInvited(InvitedName):
    passphrase: Secret


class Acceptance(InvitedName):
    """The name that they chose, with a passphrase or a passkey."""

    passphrase: Secret | None = None
    passkey: Answer | None = None
