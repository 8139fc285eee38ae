"""What the skill of questions asks beyond what ships with the house: Protocols; links/ has what fills them."""

from typing import Protocol

from earwitness.domain.answer import Answer
from earwitness.domain.weather import Forecast


class WordBook(Protocol):
    """A dictionary. Used from one event loop."""

    async def define(self, word: str) -> Answer | None:
        """What a word means; None if it is not in there. Raises LinkError."""
        ...


class Articles(Protocol):
    """An encyclopedia. Used from one event loop."""

    async def look_up(self, topic: str) -> Answer | None:
        """What something is; None if there is no article. Raises LinkError."""
        ...

    async def find_fact(self, question: str) -> Answer | None:
        """The sentence of an article that answers a question; None if unsure. Raises LinkError."""
        ...


class Oracle(Protocol):
    """Whom to ask what nothing else can answer. Used from one event loop."""

    async def ask(self, question: str) -> Answer | None:
        """An answer and who gave it; None for what is not known. Raises LinkError."""
        ...


class WeatherSource(Protocol):
    """Who knows the weather of the home's place. Used from one event loop."""

    async def forecast(self) -> Forecast:
        """Now and the next days. Raises LinkError."""
        ...
