"""The JSON of links as types, so that OpenAPI describes it. No shape that goes out has a secret in it. Shapes only."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from earwitness.domain.link import LinkRole, LinkState
from earwitness.links.configured import LONGEST_NAME, LONGEST_SECRET
from earwitness.links.link_forms import FieldKind

Name = Annotated[str, StringConstraints(min_length=1, max_length=4 * LONGEST_NAME)]
Secrets = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=LONGEST_SECRET)]], Field(max_length=16)
]
Options = Annotated[dict[Annotated[str, Field(max_length=64)], Any], Field(max_length=64)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class OutgoingShape(_Shape):
    """One place that something of the house goes to."""

    host: str
    sends: str
    is_encrypted: bool
    is_this_machine: bool


class FieldShape(_Shape):
    """One field of a form."""

    name: str
    kind: FieldKind
    title: str
    about: str
    is_needed: bool
    default: Any = None
    choices: list[str]


class SecretFieldShape(_Shape):
    """A secret that a form asks for; it is never shown."""

    name: str
    title: str
    about: str
    is_needed: bool


class KindShape(_Shape):
    """A kind of link that can be set up."""

    name: str
    title: str
    about: str
    role: LinkRole
    options: list[FieldShape]
    secrets: list[SecretFieldShape]


class StatusShape(_Shape):
    """How a link stands."""

    state: LinkState
    sentence: str
    since: AwareDatetime
    used_at: AwareDatetime | None = None


class LinkShape(_Shape):
    """A link that was set up."""

    link_id: str
    kind: str
    title: str
    """What its kind is called; the kind's name, if this house does not know it any more."""
    name: str
    options: dict[str, Any]
    secrets_set: dict[str, AwareDatetime]
    """Which secrets are set, and since when."""
    is_on: bool
    created_at: AwareDatetime
    outgoing: list[OutgoingShape]
    status: StatusShape


class FixedShape(_Shape):
    """What the settings let out, or a skill of others: changed there."""

    title: str
    about: str
    where: str
    """Where it is changed: "calendar in settings.toml"."""
    outgoing: list[OutgoingShape]


class LinksShape(_Shape):
    """Everything that leaves this house on its own, and the kinds of links that can be added."""

    links: list[LinkShape]
    fixed: list[FixedShape]
    kinds: list[KindShape]


class NewLink(_Shape):
    kind: Annotated[str, StringConstraints(max_length=64)]
    name: Name
    options: Options
    secrets: Secrets = {}


class LinkChange(_Shape):
    """What is not given stays; an empty secret is taken away."""

    name: Name | None = None
    options: Options | None = None
    secrets: Secrets | None = None
    is_on: bool | None = None
