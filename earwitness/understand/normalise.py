"""Turns a transcript or typed text into the plain form that sentences are matched in. Pure.

Owns what may be taken away or rewritten without changing what was asked: unicode forms, quotes, fillers, remains of a wake
word, courtesy, spoken fractions of an hour. It never changes words in the middle of a request, because they may be an item
or a message, and it keeps capitals for the same reason.
"""

import re
import unicodedata

from earwitness.domain.errors import TextError

LONGEST_CHARACTERS = 1_000
"""A minute of fast speech is under 1,000 characters; longer text is no request."""

_SPELLINGS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "`": "'",
        "\u201c": " ",
        "\u201d": " ",
        "\u201e": " ",
        '"': " ",
        "\u00ab": " ",
        "\u00bb": " ",
        "\u2013": " ",
        "\u2014": " ",
        "\u2026": " ",
        "\u00ba": "\u00b0",
        "&": " and ",
        "*": " ",
        "~": " ",
        "|": " ",
    }
)
_WAKE_WORDS = r"(?:okay|ok|hey|hi)?,?\s*(?:nabu|naboo|nabou|alexa|(?:j?ar)?viss?|mycroft)"
"""With what is left of "jarvis" when the sound kept from before the cue begins within the word."""
_FILLERS = r"u+m+|u+h+|e+r+m*|h+m+|well|so|okay|ok|oh|hey|alright|all right|now then|right then|actually|kindly|quickly"
_COURTESY = (
    r"please|(?:can|could|would|will) you(?: please| just| kindly)?|(?:can|could) we|would you mind|go ahead and|"
    r"i(?:'d| would) like you to|i(?: want| need) you to|i need to|i(?:'d| would) (?:like|love) to|be so kind as to|just"
)
_START = re.compile(rf"(?:{_WAKE_WORDS}|{_FILLERS}|{_COURTESY})(?:[\s,.!?;:]+|$)", re.IGNORECASE)
_CALL = re.compile(rf"(?:(?:{_WAKE_WORDS}|{_FILLERS})(?:[\s,.!?;:]+|$))*", re.IGNORECASE)
_QUESTION = re.compile(
    rf"(?:(?:{_WAKE_WORDS}|{_FILLERS})[\s,.!?;:]+)*(?:can|could|would|will|do|did|may) (?:you|we|i)\b", re.IGNORECASE
)
_ASKS = re.compile(
    r"(?:(?:and|so) )?(?:what|what's|whats|who|who's|whose|whom|where|where's|when|when's|why|which|how|is|are|was|were|"
    r"does|do|did|has|have|can|could|calculate|convert|compute|define|spell|"
    r"tell me (?:about|who|what|where|when|how|why|if|whether|which|the)|do you know|(?:can|could) you tell me|will (?:it|there)|"
    r"(?:the )?(?:(?:square root|cube root|capital|population|currency) of|"
    r"(?:current )?(?:time ?zone|exchange rate|time) (?:of|in|for|between))|half of|divide|multiply|subtract|"
    r"add (?:up )?(?:\d+|[a-z]+teen|[a-z]+ty|one|two|three|four|five|"
    r"six|seven|eight|nine|ten|eleven|twelve) (?:and|to|plus))\b(?! you\b)"
    # A sum: "17 times 23", "twenty percent of eighty".
    r"|(?:-?\d[\d.,]*|(?:[a-z]+[ -]){0,3}(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|[a-z]+ty|"
    r"hundred|thousand|million)) ?"
    r"(?:(?:plus|minus|times|divided by|multiplied by|to the power of|percent of)(?= )|(?:% of|[-+/x^])(?=[ \d]))",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"(?:when|who|where|why|how|(?:what|which) (?:does|do|did|time ?zone))(?:'s)? (?:\S+ )+\S{3,}$", re.IGNORECASE
)
_PLEASE = re.compile(r"\bplease\b", re.IGNORECASE)
_END = re.compile(
    r"[\s,.!?;:]+(?:please|thanks|thank you(?: very much| so much)?|for me|if you (?:can|could|would|will|please)|would you|"
    r"will you|u+m+|u+h+)$",
    re.IGNORECASE,
)
_END_NOW = re.compile(r"[\s,]+(?:right now|immediately|right away|straight away|currently|at the moment|now)$", re.IGNORECASE)
_FREE_SPEECH = re.compile(r"(?:play|broadcast|announce|add|put|tell)\b", re.IGNORECASE)

_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"(\d)\s*(?:%|per\s?cent\b|percent\b)", r"\1%"),
        (r"\bper cent\b", "percent"),
        # 250 % cannot be meant: recognisers write "to 50 percent" so.
        (r"\b2(\d\d)%(?! of\b)", r"to \1%"),
        (r"\b(?:to )?2100%", "to 100%"),
        (r"(\d)\s*(?:°\s*c?\b|degrees? (?:celsius|centigrade|c)\b)", r"\1 degrees"),
        (r"\bdegrees? (?:celsius|centigrade)\b", "degrees"),
        (r"(\d)\s*°", r"\1 degrees"),
        (r"\bminus (?=\d)", "-"),
        (r"\b(\d+|an?|one) hours? and a half\b", r"\1 hour and 30 minutes"),
        (r"\b(\d+|an?|one) minutes? and a half\b", r"\1 minute and 30 seconds"),
        (r"\bthree quarters of an hour\b", "45 minutes"),
        (r"\b(?:a )?quarter (?:of an )?hour\b", "15 minutes"),
        (r"\b1/2\b", "half"),
        (r"\bhalf (?:of )?an? hour\b|\bhalf hour\b", "30 minutes"),
        (r"\bhalf a minute\b", "30 seconds"),
        (r"\ba couple of (?=hours|minutes|seconds)", "2 "),
        (r"\ban hour\b", "1 hour"),
        (r"\ba minute\b", "1 minute"),
        (r"\b(\d+)\s*(?:mins?|minuets?)\b", r"\1 minutes"),
        (r"\b(\d+)\s*(?:secs?)\b", r"\1 seconds"),
        (r"\b(\d+)\s*(?:hrs?)\b", r"\1 hours"),
        # "turn of" is no English: the words sound alike.
        (r"^(turn|switch|shut) of\b", r"\1 off"),
        (r"\bt\.\s?v\.?(?=\s|$)", "TV"),
    )
)


def normalise(text: str) -> str:
    """The plain form of a request: one line, single spaces, without fillers, courtesy and closing punctuation.

    Raises TextError (text.too_long) at once for more than 1,000 characters.
    """
    if len(text) > LONGEST_CHARACTERS:
        raise TextError(f"That text is too long for a request: use at most {LONGEST_CHARACTERS:,} characters.")
    plain = unicodedata.normalize("NFKC", text.translate(_SPELLINGS))
    plain = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in plain)
    plain = _trim(" ".join(plain.split()))
    plain = _without_end(_without_start(plain))
    for pattern, replacement in _REWRITES:
        plain = pattern.sub(replacement, plain)
    return " ".join(plain.split())


def is_call(plain: str) -> bool:
    """Whether a plain text is nothing but a wake word and fillers, or empty: somebody is about to speak."""
    return _CALL.fullmatch(plain) is not None


def is_mere_question(text: str) -> bool:
    """Whether a request as it was said or typed may as well be a question: "can you keep my recordings?", without "please"."""
    spelt = " ".join(text.translate(_SPELLINGS).split())
    return (spelt.endswith("?") or _QUESTION.match(spelt) is not None) and _PLEASE.search(spelt) is None


def is_question(plain: str) -> bool:
    """Whether a plain request asks for a fact: it begins with a question word, or with what has an answer worked out."""
    return _ASKS.match(plain) is not None and plain.count(" ") > 0


def is_whole_question(plain: str) -> bool:
    """Whether a plain question has a subject already, although some sentences that begin so go on: "when is Easter"."""
    return _WHOLE.match(plain) is not None


def _trim(text: str) -> str:
    return text.strip(" ,.!?;:-'").strip()


def _without_start(text: str) -> str:
    while (found := _START.match(text)) and (rest := _trim(text[found.end() :])):
        text = rest
    return text


def _without_end(text: str) -> str:
    while (found := _END.search(text)) and (rest := _trim(text[: found.start()])):
        text = rest
    if not _FREE_SPEECH.match(text) and (found := _END_NOW.search(text)):
        return _trim(text[: found.start()])
    return text
