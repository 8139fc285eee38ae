"""All that a reviewer is shown of a task. A type alone: whatever shows more has to be added here, where it is seen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWords:
    """What a reviewer is shown of a task: blanked-out words, and what was understood. Nothing else ever goes to them."""

    transcript: str
    intent: str | None
    slots: tuple[tuple[str, str], ...]
    outcome: str
