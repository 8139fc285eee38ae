"""What the skill of questions needs to ask what is meant by a request that nothing here understands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from earwitness.domain.intent import Context, Intent, Understanding
from earwitness.domain.turn import SkillResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Rephrasing:
    """Whom to ask, how the answer is read, and who carries out what it means. Used from one event loop."""

    host: str
    """Where whoever is asked lives."""
    ask: Callable[[str], Awaitable[str | None]]
    """A sentence of the house that means the same as a request; None if none does. Raises LinkError."""
    read: Callable[[str, Context], Understanding]
    """What the sentences of the house make of a text, by themselves. Raises TextError."""
    is_exact: Callable[[str], bool]
    """Whether it is one of privacy."""
    perform: Callable[[Intent, Context], Awaitable[SkillResult]]
