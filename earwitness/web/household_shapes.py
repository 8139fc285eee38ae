"""The JSON of what the owner chose as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from earwitness.domain.ring_sound import LONGEST_REFERENCE
from earwitness.web.account_shapes import ChoiceOfVoiceShape, Name

__all__ = ["ChoiceOfVoiceShape", "HouseholdChange", "HouseholdChangedShape", "HouseholdShape"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class HouseholdShape(_Shape):
    """What the owner chose."""

    home: str
    areas: list[str]
    fixed: list[str]
    """The rooms with devices, which stay; they can be called otherwise."""
    wake_words: list[str]
    voice: str
    zone: str
    """The time zone that counts now, by its IANA name."""
    chosen_zone: str
    """The one that was chosen; empty for that of the settings or of this machine."""
    alarm_sound: str
    """What an alarm rings with for which no sound is named: one of /api/v1/sounds."""
    has_family_jokes: bool
    """Whether jokes are only such as children may hear, whoever asks. Children never hear others."""
    wake_words_known: list[str]
    voices: list[ChoiceOfVoiceShape]


class HouseholdChange(_Shape):
    home: Name
    areas: Annotated[list[Name], Field(max_length=100)]
    renamed: Annotated[dict[Name, Name], Field(max_length=100)] = {}
    """Rooms that are called otherwise from now on: the name so far, and the new one, which `areas` has."""
    wake_words: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=2)]
    voice: Annotated[str, Field(min_length=1, max_length=64)]
    zone: Annotated[str, Field(max_length=64)] | None = None
    """IANA name; empty for that of the settings or of this machine; left out, it stays as it is."""
    alarm_sound: Annotated[str, Field(min_length=1, max_length=LONGEST_REFERENCE)] | None = None
    """One of /api/v1/sounds; left out, it stays as it is."""
    has_family_jokes: bool | None = None
    """Left out, it stays as it is."""


class HouseholdChangedShape(HouseholdShape):
    told: list[str]
    """What does not count at once, in sentences to show."""
