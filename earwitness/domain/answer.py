"""An answer to a question about the world: what is said first, what is left to tell, and who says so. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`sentence` is said first; `more` are the sentences for "tell me more"; `source` names who says so, to be said aloud.

    `title` is the heading under which it was found, and may be empty.
    """

    sentence: str
    source: str
    more: tuple[str, ...] = ()
    title: str = ""
