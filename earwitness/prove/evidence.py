"""What a proof of a guarantee is: a claim, the facts that were seen, and whether it held."""

from dataclasses import dataclass


class NotProvedError(Exception):
    """A guarantee that did not hold; the text says what was seen instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One guarantee of docs/guarantees.md and what was seen when it was tried."""

    guarantee: int
    title: str
    is_proved: bool
    facts: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, object]:
        return {
            "guarantee": self.guarantee,
            "title": self.title,
            "proved": self.is_proved,
            "evidence": list(self.facts),
            "seconds": round(self.seconds, 2),
        }


def require(claim: bool, sentence: str) -> None:
    """Raise NotProvedError with the sentence unless the claim is true."""
    if not claim:
        raise NotProvedError(sentence)
