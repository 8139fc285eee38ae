"""The words of a question without what does not change its meaning, and what a subject says when it is not sure. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from earwitness.domain.answer import Answer

_BEGIN: Final = re.compile(
    r"(?:(?:and|so|then|now|okay|please|hey) |(?:can|could|would) (?:you|we) (?=tell|say|calculate|convert|spell)|"
    r"(?:do|did) you (?:happen to )?know (?:if |whether )?|i(?:'d| would) like to know |i want to know |tell me |say )+"
)
_NO_VERB: Final = re.compile(
    r"^(?:the )?(?=(?:capital|population|currency) of\b|time ?zone (?:of|in|for)\b)|^the (?=exchange rate\b|time\b)"
)
_NOT: Final = str.maketrans({"\u2019": "'", "?": " ", "!": " ", "\u00a0": " "})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """What is said, as a clause, where the subject is known and the answer is not: why, and what would help."""

    clause: str


T = TypeVar("T")
Told: TypeAlias = Answer | Unsure | None


def compiled(table: Iterable[tuple[str, T]]) -> tuple[tuple[re.Pattern[str], T], ...]:
    """The patterns of a table made ready once: so many do not stay in the cache of `re`."""
    return tuple((re.compile(pattern), answer) for pattern, answer in table)


def plain(question: str) -> str:
    """The question in lower case, one space between words, without its polite beginning and its end."""
    text = " ".join(question[:500].translate(_NOT).casefold().split()).strip(" .,;:")
    text = re.sub(r"\b(what|who|where|when)s\b", r"\1's", text)
    found = _BEGIN.match(text)
    text = text[found.end() :] if found and found.end() < len(text) else text
    return _NO_VERB.sub("what is the ", text)


def without_article(name: str) -> str:
    return re.sub(r"^(?:the|a|an|my|our) ", "", name.strip(" .,"))
