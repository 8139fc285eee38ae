"""The JSON of lists as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

ListName = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
ItemText = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ItemShape(_Shape):
    id: int
    text: str
    is_complete: bool


class WholeListShape(_Shape):
    """A list with all that is on it, oldest first."""

    name: str
    is_fixed: bool
    """Whether the home names it: then it can be cleared, but not renamed or deleted."""
    items: list[ItemShape]


class ListsShape(_Shape):
    lists: list[WholeListShape]


class NewList(_Shape):
    name: ListName


class NewItems(_Shape):
    text: ItemText
    """One thing, or several as one says them: "apples, milk and bread"."""


class ItemChange(_Shape):
    """What is left out stays."""

    text: ItemText | None = None
    is_complete: bool | None = None
