"""Owns the cutting of a reply into pieces that are spoken one after the other. Pure; knows no model.

speakable   drops what no voice can say: emoji, control characters, markup
sentences   cuts at ends of sentences, not at abbreviations, initials or decimals; caps the length of a piece
opening     cuts one sentence so that its first words can sound while the rest is still being made
"""

import re
import unicodedata

LONGEST_PIECE = 240
"""Characters of the longest piece; every engine takes this much at once."""
_LONGEST_WORD = 40

_LINK = re.compile(r"\[([^\[\]]{0,1000})\]\([^()\s]{0,2000}\)")
_MARKUP = str.maketrans(dict.fromkeys("*`_[]{}<>\\|~^", " "))
_KEPT_SYMBOLS = frozenset("°№")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_END = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)]*(?=\s)")
_CLAUSE_MARKS = ",;:\u2014\u2013"
_CLAUSE_END = re.compile(rf"(?<=[{_CLAUSE_MARKS}])\s+")
_INITIAL = re.compile(r"(?:^|\s|\.)[A-Za-z]\.$")
_ABBREVIATION = re.compile(r"approx|capt|col|dr|e\.g|etc|gen|gov|hon|i\.e|jr|lt|mrs?|ms|prof|rev|sgt|sr|st|vs")
_BEFORE_NUMBER = re.compile(r"apr|aug|dec|feb|fig|jan|jul|jun|mar|nos?|nov|oct|pp?|sept?|vol")
_LINKING_WORD = re.compile(
    r"about|after|and|are|as|at|because|before|but|by|for|from|has|have|if|in|into|is|of|off|on|or|over|than|that|to|until|was"
    r"|were|when|where|which|while|will|with",
    re.IGNORECASE,
)


def speakable(text: str) -> str:
    """`text` without emoji, control characters and markup, in composed form (NFC); lines stay lines."""
    plain = _LINK.sub(r"\1", unicodedata.normalize("NFC", text)).translate(_MARKUP)
    plain = "".join(character if _can_be_said(character) else " " for character in plain)
    return _LINES.sub("\n", _SPACES.sub(" ", plain)).strip()


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of `text` in order, none empty, none longer than LONGEST_PIECE characters. A line end also ends one."""
    return tuple(
        piece
        for line in speakable(text).split("\n")
        for sentence in _cut_at_ends(line)
        for piece in _cap(sentence)
        if any(character.isalnum() or character in "%&$€£+=@#°" for character in piece)
    )


def opening(sentence: str) -> tuple[str, ...]:
    """`sentence` whole if it has at most six words, else its first two to six words and the rest.

    The cut is after a comma or the like, else before a linking word ("to", "in", "and"): where a speaker could pause. Two words
    are taken only if nothing else offers, for they may end before the rest is made.
    """
    words = sentence.split()
    if len(words) <= 6:
        return (sentence,)
    places = (3, 4, 5, 6, 2)
    after_comma = next((at for at in places if words[at - 1][-1] in _CLAUSE_MARKS), None)
    before_link = next((at for at in places if _LINKING_WORD.fullmatch(words[at])), None)
    at = after_comma or before_link
    return (" ".join(words[:at]), " ".join(words[at:])) if at else (sentence,)


def _can_be_said(character: str) -> bool:
    category = unicodedata.category(character)
    return character in _KEPT_SYMBOLS or character == "\n" or not (category[0] == "C" or category in ("So", "Sk", "Me"))


def _cut_at_ends(line: str) -> list[str]:
    pieces, start = [], 0
    for match in _END.finditer(line):
        if _is_end(line[start : match.end()], following=line[match.end() :].lstrip()[:1]):
            pieces.append(line[start : match.end()].strip())
            start = match.end()
    pieces.append(line[start:].strip())
    return [piece for piece in pieces if piece]


def _is_end(piece: str, *, following: str) -> bool:
    if following.islower():
        return False
    if not piece.endswith(".") or piece.endswith(".."):
        return True
    last = piece.split()[-1].strip("(\"'\u201c\u2018.").lower()
    is_abbreviation = _ABBREVIATION.fullmatch(last) or (_BEFORE_NUMBER.fullmatch(last) and following.isdigit())
    return not (is_abbreviation or _INITIAL.search(piece))


def _cap(sentence: str) -> list[str]:
    if len(sentence) <= LONGEST_PIECE:
        return [sentence]
    return _fill([part for clause in _CLAUSE_END.split(sentence) for part in _short_enough(clause)])


def _short_enough(clause: str) -> list[str]:
    if len(clause) <= LONGEST_PIECE:
        return [clause]
    return _fill([word[at : at + _LONGEST_WORD] for word in clause.split() for at in range(0, len(word), _LONGEST_WORD)])


def _fill(parts: list[str]) -> list[str]:
    """Joins neighbours as long as they fit in one piece."""
    pieces = [parts[0]]
    for part in parts[1:]:
        if len(pieces[-1]) + 1 + len(part) <= LONGEST_PIECE:
            pieces[-1] += f" {part}"
        else:
            pieces.append(part)
    return pieces
