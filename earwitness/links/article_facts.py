"""Finds the sentence of an article that answers a question about a fact: how tall, when born, who won. Pure.

It would rather find nothing than a sentence that answers another question: the sentence must speak of the article's subject,
hold the words of the question and an answer of the right kind; past the article's lead, only one may.
"""

import re
from dataclasses import dataclass
from typing import Final

from earwitness.links.article_text import LONGEST_SENTENCE, Article

_LENGTH: Final = (
    r"\d[\d,.]*[\s-]?(?:m|metres?|meters?|ft|feet|foot|km|kilomet(?:re|er)s?|miles?|mi|cm|mm|inch(?:es)?|in|yards?)\b"
)
_NAME: Final = r"[A-Z][\w'\u2019.-]+"
_NEAR: Final = 60
"""Characters within which the subject and the cue come."""
_SOMEBODY_ELSE: Final = re.compile(
    r"\b(?:who|whose|whom|which|where|when|while|daughter|son|wife|husband|father|mother|brother|sister|child|children)\b", re.I
)
_YEAR: Final = r"\b(?:1\d{3}|20\d{2}|\d{1,4} (?:BC|AD|BCE|CE))\b"
_MADE: Final = {
    "invented": "invent", "wrote": "writ|wrot", "written": "writ|wrot", "painted": "paint", "discovered": "discover",
    "founded": "found", "designed": "design", "built": "buil|construct", "composed": "compos", "directed": "direct",
    "created": "creat", "developed": "develop", "released": "releas", "completed": "complet", "opened": "open",
    "published": "publish", "made": "made|built|creat|construct", "established": "establish|found",
    "constructed": "construct|buil",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is asked: the subject, and what a sentence must hold to answer it."""

    topic: str
    cue: re.Pattern[str]
    answer: re.Pattern[str]
    is_measure: bool = False


def asked_fact(question: str) -> Fact | None:
    """The fact that a question asks for; None if it is none of those that are known."""
    text = re.sub(r"^(?:do you know |tell me |can you tell me )", "", " ".join(question[:300].casefold().split()).strip(" ?.!"))
    for pattern, make in _QUESTIONS:
        if match := re.fullmatch(pattern, text):
            topic, cue, answer, *measure = make(*match.groups())
            return Fact(topic=topic, cue=re.compile(cue, re.I), answer=re.compile(answer), is_measure=bool(measure))
    return None


def find_fact(article: Article, fact: Fact, *, title: str) -> str | None:
    """The sentence that answers; None if none does, or if it is not sure which."""
    lead = [sentence for sentence in article.lead if _answers(sentence, fact, title=title)]
    if lead:
        return lead[0]
    body = [sentence for sentence in article.body if _answers(sentence, fact, title=title)]
    return body[0] if len(body) == 1 else None


def _answers(sentence: str, fact: Fact, *, title: str) -> bool:
    if len(sentence) > LONGEST_SENTENCE or not fact.cue.search(sentence) or not fact.answer.search(sentence):
        return False
    # "The Burj Khalifa is taller than the tower, which is 330 m tall."
    if fact.is_measure and re.search(
        r"\b(?:than|compared|unlike|except|excluding|formerly|originally|proposed|planned)\b", sentence, re.I
    ):
        return False
    begins = _subject(sentence, title)
    # Between the subject and the cue nobody else may come in: "He married Mileva, who was born in 1875."
    return begins is not None and any(
        begins <= cue.start() <= begins + _NEAR and not _SOMEBODY_ELSE.search(sentence, begins, cue.start())
        for cue in fact.cue.finditer(sentence)
    )


def _subject(sentence: str, title: str) -> int | None:
    """Where the words end with which a sentence begins to speak of the article's subject; None if it speaks of another.

    By its name ("In 1889 the Eiffel Tower"), its last word ("Einstein", "The tower"), a pronoun, or what it has ("Its height").
    """
    name = " ".join(re.findall(r"[\w'.-]+", re.sub(r"\s*\(.*\)$|,.*$", "", title)))
    if not name:
        return None
    last = re.escape(name.split()[-1])
    begins = re.match(rf"(?:The |A |An )?{last}\b|(?:It|He|She|They|Its|Their)\b", sentence, re.I)
    if begins is None and (named := re.search(rf"\b{re.escape(name)}\b", sentence[: _NEAR + len(name)], re.I)):
        begins = (
            named
            if not re.search(r"\b(?:of|in|at|near|than|by|for|from|to)\s+(?:the\s+)?$", sentence[: named.start()], re.I)
            else None
        )
    return begins.end() if begins else None


def _measure(word: str, topic: str) -> tuple[str, ...]:
    cues = {
        "tall": r"\b(?:tall|height|high|stands|rises)\b",
        "high": r"\b(?:tall|height|high|elevation|rises|above sea level|altitude)\b",
        "long": r"\b(?:long|length|stretch\w*|runs|spans?)\b",
        "wide": r"\b(?:wide|width|broad|across)\b",
        "deep": r"\b(?:deep|depth)\b",
    }
    return topic, cues[word], _LENGTH, "measure"


def _made(who: bool, verb: str, topic: str) -> tuple[str, ...]:
    stem = rf"\b(?:{_MADE[verb]})\w*\b"
    return topic, stem, rf"\b[Bb]y (?:the |a |an |\w+ )*{_NAME}|^{_NAME}" if who else _YEAR


_THE: Final = r"(?:the |a |an )?"
_VERBS: Final = "|".join(_MADE)
_QUESTIONS: Final = (
    (rf"how (tall|high|long|wide|deep) (?:is|are|was) {_THE}(.+)", _measure),
    (rf"what(?:'s| is) the (?:height|elevation) of {_THE}(.+)", lambda topic: _measure("high", topic)),
    (rf"what(?:'s| is) the length of {_THE}(.+)", lambda topic: _measure("long", topic)),
    (r"(?:when|what year|in what year|on what day) was (?:the )?(.+?) born", lambda topic: (topic, r"\bborn\b|\bborn:", _YEAR)),
    (r"where was (.+?) born", lambda topic: (topic, r"\bborn\b", rf"\bborn\b[^;]*\b(?:in|at|near) (?:the )?{_NAME}")),
    (
        r"(?:when|what year|in what year) did (?:the )?(.+?) die",
        lambda topic: (topic, r"\bdied\b|\bdeath\b", rf"\b(?:died|death)\b.*{_YEAR}"),
    ),
    (r"where did (.+?) die", lambda topic: (topic, r"\bdied\b", rf"\bdied\b[^;]*\b(?:in|at|near) (?:the )?{_NAME}")),
    (rf"who won {_THE}(.+)", lambda topic: (topic, r"\b(?:won|winners?|champions?|victory|defeat\w*|beat)\b", _NAME)),
    (rf"who ({_VERBS}) {_THE}(.+)", lambda verb, topic: _made(True, verb, topic)),
    (rf"when was {_THE}(.+?) ({_VERBS})", lambda topic, verb: _made(False, verb, topic)),
    (
        rf"what(?:'s| is) the capital(?: city)? of {_THE}(.+)",
        lambda topic: (
            topic,
            r"\bcapital\b",
            rf"\bcapital\b[^;]*\b(?:is|was|,|city of) {_NAME}|{_NAME}[^;]* (?:is|as) (?:the|its) capital",
        ),
    ),
    (
        rf"(?:what(?:'s| is) the population of|how many people (?:live|are) in) {_THE}(.+)",
        lambda topic: (
            topic,
            r"\b(?:population|inhabitants|people)\b",
            r"\d[\d,.]* (?:million|billion)|\d{1,3}(?:,\d{3})+|\d{4,}",
        ),
    ),
)
"""A question's words, and the subject, cue and answer that they ask for."""
