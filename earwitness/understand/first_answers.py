"""Understands what is answered at the first start: the home's name, its rooms, a choice, yes and no, "repeat". Pure.

Owns how words become an answer to one of those questions; requests to the assistant are for the grammar. A passphrase is never
asked for aloud, so that none is ever among these words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final


class Question(StrEnum):
    """What can be asked and answered aloud."""

    HOME = "home"
    ROOMS = "rooms"
    WAKE_WORD = "wake_word"
    VOICE = "voice"
    PROMISE = "promise"


class Act(StrEnum):
    """What somebody did with their answer."""

    SAID = "said"
    """Answered; the rest of the answer has what."""
    THIS = "this"
    """Took what is chosen at the moment."""
    NEXT = "next"
    """Wants to hear of another choice."""
    YES = "yes"
    NO = "no"
    REPEAT = "repeat"
    GO_ON = "go_on"
    """Leaves it as it is."""
    BACK = "back"
    NOTHING = "nothing"
    """Said nothing, or nothing that is an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenAnswer:
    """What was understood. `name` is a home's or that of a choice, `rooms` those named, in order."""

    act: Act
    name: str = ""
    rooms: tuple[str, ...] = ()


MOST_WORDS: Final = 60
ALIKE: Final = 0.72
"""How much of a name must be heard for it to be that choice."""
USUAL_ROOMS: Final = (
    *("living room", "dining room", "sitting room", "guest room", "play room", "utility room", "laundry room", "wet room"),
    *("bedroom", "bathroom", "kitchen", "hallway", "hall", "study", "office", "garage", "garden", "attic", "cellar", "basement"),
    *("nursery", "library", "balcony", "terrace", "conservatory", "pantry", "toilet", "landing", "porch", "workshop", "den"),
    *("loft", "lounge", "playroom", "corridor", "shed", "patio", "entrance"),
)
"""What is a room where nothing but spaces stands between several."""
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _any(*patterns: str) -> re.Pattern[str]:
    """One of several patterns, whole."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_REPEAT: Final = _any(
    r"(?:please )?(?:repeat|say|read|play)?\s*(?:that|it|this)?\s*(?:once more|again)",
    r"(?:please )?repeat(?: .*)?",
    r"pardon(?: me)?|come again|what did you say|(?:sorry )?what",
)
_GO_ON: Final = _any(
    r"go on|continue|proceed|move on|next step|skip(?: (?:it|this|that))?",
    r"(?:keep|leave) (?:it|that|them)(?: as (?:it is|they are))?",
    r"(?:that is|that's) (?:all|enough)|no more|nothing(?: else)?|none|no others?",
)
_BACK: Final = _any(r"(?:go )?back", r"(?:the )?step before|previous step")
_NEXT: Final = _any(
    r"(?:the )?next(?: (?:one|voice))?|something else",
    r"(?:try )?another(?: (?:one|voice))?|(?:a )?different(?: (?:one|voice))?",
)
_THIS: Final = _any(
    r"(?:i (?:take|want|like) )?(?:this|that)(?: (?:one|voice|is (?:it|good|fine|the one)))?",
    r"i (?:take|want|like) it|take (?:it|this(?: one)?|that(?: one)?)|the current one",
)
_NO: Final = _any(
    r"(?:no|nope|nah|wrong|incorrect|not (?:quite|right|really))(?: .*)?",
    r"(?:that is|that's|it is|it's) (?:not right|wrong|not it)(?: .*)?",
)
_YES: Final = _any(
    r"(?:yes|yeah|yep|yup|sure|right|correct|okay|ok|exactly|indeed|of course|absolutely|sounds good)(?: .*)?",
    r"(?:that is|that's|it is|it's) (?:right|correct|fine|good|it)(?: .*)?",
)
_UNDERSTOOD: Final = _any(
    r"(?:(?:yes|yeah|okay|ok) )?i (?:do )?(?:understand|understood|acknowledge|agree|accept)"
    r"(?: (?:to )?(?:this|that|it|everything))?",
    r"(?:(?:yes|yeah|okay|ok) )?i have (?:read|heard|understood)(?: (?:this|that|it|everything))?",
    r"(?:(?:yes|yeah|okay|ok) )?(?:understood|acknowledged|agreed)",
)
_DENIAL: Final = re.compile(r"\b(?:no|not|don't|didn't|never|nothing)\b")
_HOUSE: Final = r"(?:home|house|flat|apartment|place)"
_NAME_LEAD: Final = re.compile(
    r"(?:please )?(?:"
    rf"(?:my|our|the|this) {_HOUSE}(?:'s)?(?: name)? (?:is|should be)(?: called| named)?"
    r"|(?:it|this)(?:'s| is| should be| will be)(?: called| named)?"
    rf"|(?:you can |let us |let's )?(?:call|name) (?:it|(?:the|our|my) {_HOUSE})"
    r"|the name(?:'s| is| should be)|(?:we|i) call it)\s+",
    re.IGNORECASE,
)
_ROOM_LEAD: Final = re.compile(
    r"(?:(?:well|um|uh|there(?:'s| is| are)|we have(?: got)?|we've got|i have(?: got)?|it has|(?:the |our |my )?rooms are|"
    r"please|add|also|and|plus|then)[\s,]+)+",
    re.IGNORECASE,
)
_ARTICLE: Final = re.compile(r"(?:(?:a|an|the|my|our|one|also|and|plus|another)\s+)+", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"\s*(?:[,;/&.]|\band\b|\bplus\b|\bas well as\b)\s*", re.IGNORECASE)
_CHOOSES: Final = re.compile(
    r"(?:i (?:would like|want|take|choose)|i'd like|let's (?:use|take)|use|take|choose|the voice(?: of)?|voice)\s+"
)


def understood(question: Question, text: str, *, options: Sequence[str] = (), is_confirming: bool = False) -> SpokenAnswer:
    """What a text answers to a question. `options` are the names to choose from, or the rooms that are known already; while
    something is read back to be confirmed, yes and no count, and another answer in their place is one."""
    words = " ".join(text.split()[:MOST_WORDS]).strip(" .,!?;:-\"'")
    plain = re.sub(r"[^\w' ]+", " ", words.lower().replace("\u2019", "'"))
    plain = " ".join(plain.split())
    if not plain:
        return SpokenAnswer(act=Act.NOTHING)
    if is_confirming and (act := _judgement(plain)) is not None:
        return SpokenAnswer(act=act)
    command = _command(plain)
    if command is not None:
        return SpokenAnswer(act=command)
    if question is Question.PROMISE:
        return SpokenAnswer(act=_acknowledgement(plain))
    if question is Question.HOME:
        return _home(words)
    if question is Question.ROOMS:
        return _rooms(words, known=options)
    return _choice(plain, options=options)


def _command(plain: str) -> Act | None:
    for pattern, act in ((_REPEAT, Act.REPEAT), (_BACK, Act.BACK), (_GO_ON, Act.GO_ON)):
        if pattern.fullmatch(plain):
            return act
    return None


def _judgement(plain: str) -> Act | None:
    if _NO.fullmatch(plain):
        return Act.NO
    return Act.YES if _YES.fullmatch(plain) else None


def _acknowledgement(plain: str) -> Act:
    """Nobody acknowledges by a word that may be an answer to something else: "I understand" must be in it."""
    if _DENIAL.search(plain):
        return Act.NO
    return Act.YES if _UNDERSTOOD.fullmatch(plain) else Act.NOTHING


def _without(lead: re.Pattern[str], text: str) -> str:
    """A text without what it may begin with."""
    found = lead.match(text)
    return text[found.end() :] if found is not None else text


def _home(words: str) -> SpokenAnswer:
    name = _without(_NAME_LEAD, words).strip(" .,!?;:\"'")
    name = name[:1].upper() + name[1:]
    return SpokenAnswer(act=Act.SAID, name=name[:64]) if name else SpokenAnswer(act=Act.NOTHING)


def _rooms(words: str, *, known: Sequence[str]) -> SpokenAnswer:
    parts = [_without(_ARTICLE, part.strip(" .,!?'\"")) for part in _BETWEEN.split(_without(_ROOM_LEAD, words))]
    spelt = {room.lower(): room for room in (*USUAL_ROOMS, *known)}
    found: dict[str, str] = {}
    for part in parts:
        for room in _split(part.lower(), tuple(spelt)):
            found.setdefault(room, spelt.get(room, room))
    rooms = tuple(room[:64] for room in found.values() if room)
    return SpokenAnswer(act=Act.SAID, rooms=rooms) if rooms else SpokenAnswer(act=Act.NOTHING)


def _split(part: str, vocabulary: Sequence[str]) -> list[str]:
    """A part as rooms: several where it is made of nothing but known rooms, else one of whatever name."""
    found, rest = list[str](), part
    while rest:
        room = max((one for one in vocabulary if rest == one or rest.startswith(f"{one} ")), key=len, default=None)
        if room is None:
            return [part] if part else []
        found.append(room)
        rest = _without(_ARTICLE, rest[len(room) :].strip())
    return found


def _choice(plain: str, *, options: Sequence[str]) -> SpokenAnswer:
    number = _number(plain, most=len(options))
    if number is not None:
        return SpokenAnswer(act=Act.SAID, name=options[number])
    if (named := _named(plain, options)) is not None:
        return SpokenAnswer(act=Act.SAID, name=named)
    if _NEXT.fullmatch(plain) or _NO.fullmatch(plain):
        return SpokenAnswer(act=Act.NEXT)
    if _THIS.fullmatch(plain) or _YES.fullmatch(plain):
        return SpokenAnswer(act=Act.THIS)
    return SpokenAnswer(act=Act.NOTHING)


def _number(plain: str, *, most: int) -> int | None:
    """Which of several is meant by "the second one", "number two", "2" or "the last one"; None if no number is."""
    if re.fullmatch(r"(?:i (?:take|want) )?(?:the )?last(?: one| voice)?", plain):
        return most - 1 if most else None
    for index in range(min(most, len(_NUMBERS))):
        ordinal, number, digit = _ORDINALS[index], _NUMBERS[index], str(index + 1)
        nth = rf"(?:{ordinal}|{digit}(?:st|nd|rd|th))(?: one| voice| word)?"
        words = rf"(?:i (?:take|want) )?(?:(?:the )?{nth}|(?:number |option )?(?:{number}|{digit}))"
        if re.fullmatch(words, plain):
            return index
    return None


def _named(plain: str, options: Sequence[str]) -> str | None:
    """The option whose name was said, or nearly, alone or among few other words; None if several could be meant."""
    said = _without(_CHOOSES, plain)
    exact = [one for one in options if one.lower() == said]
    if exact:
        return exact[0]
    scored = sorted(((SequenceMatcher(None, one.lower().replace("-", " "), said).ratio(), one) for one in options), reverse=True)
    if not scored or scored[0][0] < ALIKE or (len(scored) > 1 and scored[1][0] == scored[0][0]):
        return None
    return scored[0][1]
