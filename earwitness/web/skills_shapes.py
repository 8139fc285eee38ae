"""The JSON of skills as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SkillShape(_Shape):
    """What a skill says of itself."""

    name: str
    title: str
    about: str
    examples: list[str]
    keeps: bool
    """Whether it may keep notes of its own."""


class NoteShape(_Shape):
    """Something that a skill keeps between turns."""

    name: str
    value: Any
    """Any JSON."""


class NotesShape(_Shape):
    notes: list[NoteShape]


class OtherSkillShape(SkillShape):
    """A skill that somebody else wrote."""

    package: str
    version: str
    digest: str
    """Of its file; to enable it, say which file you read."""
    may: list[str]
    """What it may use, a sentence each."""
    is_enabled: bool
    has_changed: bool
    """Whether it was enabled, and its file is another since: it is off until it is enabled again."""


class UnreadableShape(_Shape):
    """A package that offers a skill whose file is wrong."""

    name: str
    package: str
    reason: str


class SkillsShape(_Shape):
    fence: str
    """What fences skills of others in here, in a sentence."""
    can_enable: bool
    own: list[SkillShape]
    others: list[OtherSkillShape]
    unreadable: list[UnreadableShape]


class Enabling(_Shape):
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
