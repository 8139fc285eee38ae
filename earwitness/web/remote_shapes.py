"""The JSON of phones that are away as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from earwitness.people.remotes import LONGEST_NAME


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class RemoteShape(_Shape):
    """A phone that has a profile."""

    remote_id: str
    name: str
    address: str
    """Its address in the tunnel."""
    public_key: str
    created_at: AwareDatetime
    seen_at: AwareDatetime | None = None
    """When it last shook hands with the tunnel; null if it never did or the server may not look."""


class RemotesShape(_Shape):
    """The tunnel and who may come in through it."""

    is_up: bool
    interface: str
    endpoint: str | None
    """Where phones find the house, from the settings."""
    port: int
    """The UDP port that the router must pass on."""
    remotes: list[RemoteShape]


class NewRemote(_Shape):
    name: Annotated[str, Field(min_length=1, max_length=4 * LONGEST_NAME)]
    endpoint: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """Where the phone finds the house; without it, the settings' endpoint."""


class HandoutShape(_Shape):
    """A new phone's profile, which holds its private key and is never shown again."""

    remote: RemoteShape
    profile: str
    qr_svg: str
    """The profile as a QR code, an SVG element."""
    page: str
    """What the phone opens while the tunnel is on."""
    restart_needed: bool
    """Whether the server must be started again before its certificate is for the tunnel's address: it was the first phone."""


class TunnelWish(_Shape):
    up: bool
