"""A whole text as a time, and the time in a sentence with the words that are left without it."""

import re
from dataclasses import dataclass, replace
from typing import Final

from earwitness.domain.times import Found, Frame, Reading
from earwitness.understand.times.calendar_names import MONTHS, WEEKDAYS
from earwitness.understand.times.day_stretches import FIRST_WORDS
from earwitness.understand.times.expression import BEFORE_TIMES, Parts, Scope, expressions
from earwitness.understand.times.holidays import HOLIDAYS
from earwitness.understand.times.resolve import resolve
from earwitness.understand.times.tokens import LONGEST_CHARACTERS, TEENS, TENS, UNITS, Words, word_set

_TRIED: Final = 12
"""The longest readings of one place that are tried."""
_BEGINNINGS: Final = word_set(
    "in on at by from between until till til for around about since to the this next last every each daily weekly monthly ",
    "yearly annually hourly nightly fortnightly quarterly weekdays weekends weeknights weekday all once today tonight tomorrow ",
    "rest remainder early late later same tmrw yesterday noon midday midnight twelve half quarter a an oh o zero starting ",
    "two within over during few",
    "several couple",
    "twice thrice times",
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth ",
    "sixteenth seventeenth eighteenth nineteenth twentieth thirtieth day end beginning week morning evening hour",
) | frozenset(
    (
        *UNITS,
        *TEENS,
        *TENS,
        *WEEKDAYS,
        *MONTHS,
        *(f"{name}s" for name in WEEKDAYS),
        *(name.split()[0] for name in HOLIDAYS),
        *FIRST_WORDS,
    )
)
_NUMBERS: Final = frozenset(("digits", "clock", "dotted", "date", "ordinal"))
_DISJOINT: Final = frozenset(("day", "clock", "part", "patterns", "until"))
_OF_HOURS: Final = frozenset(("at", "by", "around", "about", "starting"))
_PLAYED: Final = re.compile(r"\s*(?:please\s+)?(?:play|sing|spell|define|pronounce|shuffle|stream)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Words of a sentence that make a time."""

    parts: Parts
    reading: Reading
    begin: int
    end: int


def read(text: str, *, frame: Frame) -> Reading | None:
    """What `text` means if the whole of it is a time expression ("quarter to nine", "seven"); None if it is not. Never raises."""
    if len(text) > LONGEST_CHARACTERS:
        return None
    words = Words(text)
    last = len(words)
    while last and words.kind(last - 1) in ("stop", "dash", "other"):
        last -= 1
    scope = Scope(now=frame.now.astimezone(frame.zone), frame=frame, is_whole=True)
    for parts, end in expressions(words, 0, scope=scope) if last else ():
        if end < last:
            return None
        if end == last and (reading := resolve(parts, frame=frame)) is not None:
            return reading
    return None


def find(text: str, *, frame: Frame) -> Found | None:
    """The time expression in a sentence, with the words left without it; None if there is none. Never raises.

    A day and a time that are said apart ("tomorrow remind me to eat at noon") are put together. Of several times that cannot
    be one, it is the first that is introduced as a time or that ends the sentence.
    """
    if len(text) > LONGEST_CHARACTERS:
        return None
    words = Words(text)
    segments = _segments(words, frame)
    if _PLAYED.match(text):
        segments = [each for each in segments if words[each.begin] in BEFORE_TIMES | {"in", "every", "tomorrow", "tonight"}]
    if not segments:
        return None
    main = max(segments, key=lambda each: _weight(words, each))
    chosen = [main]
    for other in segments:
        joined = _joined(words, main, other, frame=frame)
        if joined is not None:
            main = joined
            chosen.append(other)
    if words[main.begin - 1] == "to" and words.small(main.begin - 2) is None:
        chosen[0] = replace(chosen[0], begin=chosen[0].begin - 1)
    spans = tuple(
        (words.tokens[each.begin].start, words.tokens[each.end - 1].end) for each in sorted(chosen, key=lambda each: each.begin)
    )
    return Found(reading=main.reading, spans=spans, rest=_rest(text, spans))


def _segments(words: Words, frame: Frame) -> list[Segment]:
    scope = Scope(now=frame.now.astimezone(frame.zone), frame=frame, is_whole=False)
    found: list[Segment] = []
    place = 0
    while place < len(words):
        segment = _segment_at(words, place, scope) if _may_begin(words, place) else None
        if segment is not None:
            found.append(segment)
            place = segment.end
        else:
            place += 1
    return found


def _may_begin(words: Words, place: int) -> bool:
    return words[place] in _BEGINNINGS or words.kind(place) in _NUMBERS or words[place].endswith("night")


def _segment_at(words: Words, place: int, scope: Scope) -> Segment | None:
    for parts, end in expressions(words, place, scope=scope)[:_TRIED]:
        reading = resolve(parts, frame=scope.frame)
        if reading is not None:
            return Segment(parts=parts, reading=reading, begin=place, end=end)
    return None


def _weight(words: Words, segment: Segment) -> tuple[bool, bool, bool, int]:
    is_introduced = words[segment.begin] in BEFORE_TIMES | {"in", "every", "each", "until", "from", "between", "since"}
    is_last = words.kind(segment.end) in ("", "stop")
    is_more = segment.parts.names() != {"length"}
    return is_more, is_introduced or is_last or segment.begin == 0, is_introduced, -segment.begin


def _joined(words: Words, main: Segment, other: Segment, *, frame: Frame) -> Segment | None:
    """Both as one time, where one has what the other lacks."""
    names, more = main.parts.names(), other.parts.names()
    if other is main or names & more or not names | more <= _DISJOINT:
        return None
    patterns = main.parts.patterns or other.parts.patterns
    if patterns and "day" in names | more and (patterns[0].by or patterns[0].frequency not in ("MONTHLY", "YEARLY")):
        return None
    for one in (main, other):
        is_hour = one.parts.clock is not None and one.parts.day is None
        if is_hour and words[one.begin] not in _OF_HOURS and words[one.end] not in ("alarm", "alarms"):
            return None
    parts = replace(main.parts, **{name: getattr(other.parts, name) for name in more})
    reading = resolve(parts, frame=frame)
    return None if reading is None else Segment(parts=parts, reading=reading, begin=main.begin, end=main.end)


def _rest(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    kept: list[str] = []
    place = 0
    for start, end in spans:
        kept.append(text[place:start])
        place = end
    kept.append(text[place:])
    return re.sub(r"\s+([,.?!;])", r"\1", " ".join(" ".join(kept).split())).strip(" ,;")
