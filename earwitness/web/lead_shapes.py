"""The JSON of whoever leads review: aliases, counts, made-up tasks and guidelines; no names. Shapes only."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from earwitness.domain.review import Label
from earwitness.domain.turn import Outcome
from earwitness.web.review_shapes import Judgement, Name, SectionShape, Words, WordsShape

Reason = Annotated[str, StringConstraints(min_length=3, max_length=500, strip_whitespace=True)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class AgreedShape(_Shape):
    """Agreement over some tasks that more than one person judged."""

    name: str
    """A week such as 2026-W10, or "all"."""
    tasks: int
    intents_alpha: float | None
    """Krippendorff's alpha of the intents; null where nothing can be said."""
    labels_alpha: float | None
    word_error_rate: float | None


class LabelShape(_Shape):
    """Agreement on one label, as yes or no."""

    label: Label
    alpha: float | None


class PairShape(_Shape):
    """Two reviewers who judged the same tasks."""

    one: str
    other: str
    tasks: int
    agreed: int
    intents_alpha: float | None
    word_error_rate: float | None


class WorkerShape(_Shape):
    """One reviewer's work, in counts."""

    reviewer: str
    judged: int
    compared: int
    agreed: int
    decided: int
    """Of their judgements, those that the lead decided about."""
    upheld: int
    """Of these, the ones that the lead found right."""
    gold_score: float | None
    has_passed: bool


class QualityShape(_Shape):
    """The last twelve weeks."""

    overall: AgreedShape
    weeks: list[AgreedShape]
    labels: list[LabelShape]
    pairs: list[PairShape]
    workers: list[WorkerShape]


class DisputeShape(_Shape):
    """A task that waits for a lead."""

    task_id: str
    pseudonym: str
    week: str
    since: AwareDatetime
    judgements: int


class SideShape(_Shape):
    """One of the judgements, which does not say whose."""

    transcript: str
    intent: str | None
    slots: dict[str, str]
    labels: list[Label]


class SidesShape(_Shape):
    """A task with its judgements side by side."""

    words: WordsShape
    sides: list[SideShape]


class NewGold(_Shape):
    """A task that you make up: what is shown, and what is right. Nobody may ever have said it."""

    transcript: Annotated[Words, StringConstraints(min_length=1)]
    intent: Name | None = None
    slots: Annotated[dict[Name, Words], Field(max_length=20)] = {}
    outcome: Outcome = Outcome.DONE
    right: Judgement
    is_canary: bool = False
    """Whether copying a word of it suspends at once."""


class GoldShape(_Shape):
    """A gold task."""

    gold_id: str
    made_by: str
    made_at: AwareDatetime
    is_canary: bool
    is_retired: bool
    shown: WordsShape
    right: SideShape


class PoolQuestionShape(_Shape):
    """A question of the pool, with the number of the right choice."""

    words: Words
    asks: Words
    choices: Annotated[list[Words], Field(min_length=3, max_length=8)]
    right: Annotated[int, Field(ge=0, le=7)]


class NewGuidelines(_Shape):
    """Guidelines that are to be in force."""

    sections: Annotated[list[SectionShape], Field(min_length=1, max_length=30)]
    questions: Annotated[list[PoolQuestionShape], Field(min_length=8, max_length=100)]


class GuidelinesShape(_Shape):
    """One version of the guidelines, with the pool of questions."""

    version: int
    made_at: AwareDatetime | None
    """Null for the one that comes with the package."""
    made_by: str
    sections: list[SectionShape]
    questions: list[PoolQuestionShape]


class SuspensionShape(_Shape):
    """One suspension, and how it ended."""

    reviewer: str
    at: AwareDatetime
    reason: str
    ended_at: AwareDatetime | None
    ended_by: str | None
    ended_why: str | None


class Restoration(_Shape):
    """Why somebody may work again."""

    why: Reason
