"""The JSON of review as types: what the person sees of what was drawn, and all that a reviewer is ever shown. Shapes only."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from earwitness.domain.review import ItemState, Label

Words = Annotated[str, StringConstraints(max_length=1000)]
Name = Annotated[str, StringConstraints(max_length=100)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class WordsShape(_Shape):
    """What a reviewer is shown of a request."""

    transcript: str
    intent: str | None
    slots: dict[str, str]
    outcome: str


class SoundShape(_Shape):
    """How much there is to hear, in a disguised voice."""

    bytes: int
    part_bytes: int
    """The most that can be had at a time."""
    rate_hz: int


class SoundPart(_Shape):
    """Which bytes of it, from and up to."""

    start: Annotated[int, Field(ge=0, le=2**24)]
    end: Annotated[int, Field(ge=0, le=2**24)]


class TokenShape(_Shape):
    """What one part is had for, once."""

    token: Annotated[str, StringConstraints(max_length=64)]


class JudgementShape(_Shape):
    """What a reviewer said of it."""

    by: str
    """The reviewer's alias."""
    made_at: AwareDatetime
    transcript: str
    intent: str | None
    slots: dict[str, str]
    labels: list[Label]


class ItemShape(_Shape):
    """Something of yours that was drawn."""

    item_id: str
    turn_id: str
    epoch: str
    """The day of the draw (UTC), for `earwitness review audit-draw`."""
    drawn_at: AwareDatetime
    ready_at: AwareDatetime | None
    """When a reviewer may open it; null while you have to let it go first, or once it is settled."""
    state: ItemState
    thanks: str


class DrawnShape(_Shape):
    """Everything of yours that was drawn, newest first, and how it is drawn."""

    items: list[ItemShape]
    hears_first: bool
    rate_percent: float
    most_per_month: int
    example_said: str
    example_shown: WordsShape


class ItemDetailShape(_Shape):
    """Exactly what a reviewer is shown of one of your items, and what came of it."""

    item: ItemShape
    shown: WordsShape
    may_be_heard: bool
    """Whether you allowed that its reviewer hears it in a disguised voice."""
    judgements: list[JudgementShape]


class Wish(_Shape):
    """Whether you let each item go before a reviewer may open it."""

    hears_first: bool


class Delay(_Shape):
    """How long it is to wait."""

    days: Annotated[int, Field(ge=1, le=30)]


class ExampleShape(_Shape):
    """The words of a request, and what to do with it."""

    words: Words
    does: Words


class SectionShape(_Shape):
    """A part of the guidelines."""

    title: Name
    text: Annotated[str, StringConstraints(max_length=5000)]
    examples: Annotated[list[ExampleShape], Field(max_length=20)] = []


class QuestionShape(_Shape):
    """A question as a reviewer is asked it."""

    words: str
    asks: str
    choices: list[str]


class PaperShape(_Shape):
    """A test: some questions of many, in no fixed order."""

    paper_id: str
    questions: list[QuestionShape]


class StandingShape(_Shape):
    """How a reviewer stands, and what to read first."""

    judged: int
    """Tasks judged in the last 24 hours."""
    left: int
    """Tasks that may still be begun in them."""
    has_more: bool
    """Whether another task waits for you."""
    has_passed: bool
    has_read: bool
    """Whether you read the guidelines as they are now."""
    is_sheltered: bool
    """Whether nothing comes to you that somebody flagged as disturbing."""
    rests_until: AwareDatetime | None
    """Until when you are to rest; null while you need not."""
    compared: int
    """Of your tasks of the last twelve weeks, how many somebody else judged too."""
    agreed: int
    """Of how many of them you both said the same."""
    guidelines: int
    """The version of the guidelines."""
    sections: list[SectionShape]
    intents: list[str]
    """Intents that can be chosen."""


class Answers(_Shape):
    """The answers to a test, by number."""

    paper_id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
    answers: Annotated[list[Annotated[int, Field(ge=0, le=20)]], Field(max_length=20)]


class Shelter(_Shape):
    """Whether you want nothing that somebody flagged as disturbing."""

    is_on: bool


class LeaseShape(_Shape):
    """A task of yours until a moment. Nothing in it says who, where or when more closely than the week."""

    lease_id: str
    pseudonym: str
    week: str
    ends_at: AwareDatetime


class Judgement(_Shape):
    """What you judge."""

    transcript: Words
    intent: Name | None = None
    slots: Annotated[dict[Name, Words], Field(max_length=20)] = {}
    labels: Annotated[list[Label], Field(max_length=7)] = []
