"""Times of day in words: "quarter to nine", "half six", "oh seven hundred", "11:55 p.m. EST". What they may mean, not when."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time, tzinfo

from earwitness.domain.times import DayPart, Lean
from earwitness.understand.times.tokens import Words
from earwitness.understand.times.zones import zone_at

MINUTES_ALONE = frozenset((5, 10, 15, 20, 25))
"""Minutes that are said without the word: "ten to nine"; "two to four" is from two to four."""
_TO = frozenset(("to", "till", "til", "before"))
_PAST = frozenset(("past", "after"))
_MINUTE_WORDS = frozenset(("minute", "minutes", "min", "mins"))
_UNITS = frozenset(
    [
        "second",
        "seconds",
        "sec",
        "secs",
        "minute",
        "minutes",
        "min",
        "mins",
        "hour",
        "hours",
        "hr",
        "hrs",
        "day",
        "days",
        "week",
        "weeks",
        "fortnight",
        "fortnights",
        "month",
        "months",
        "year",
        "years",
        "percent",
        "degrees",
        "degree",
    ]
)
_NAMED = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_PARTS_AFTER = (
    ("in the morning", DayPart.MORNING),
    ("in the afternoon", DayPart.AFTERNOON),
    ("in the evening", DayPart.EVENING),
    ("in the night", DayPart.NIGHT),
    ("at night", DayPart.NIGHT),
)
_EXACTLY = ("sharp", "exactly", "on the dot", "precisely")


@dataclass(frozen=True, slots=True)
class Hand:
    """A place of the clock's hands, so many days after the day that is named with it."""

    time: time
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What a time of day may mean, likeliest first."""

    hands: tuple[Hand, ...]
    said: str
    is_sure: bool = True
    """Whether the words can hardly be anything else; "seven" and "two thirty" can."""
    is_midnight: bool = False
    """Whether it is a midnight by name, which ends one day and begins another."""
    zone: tzinfo | None = None


def clocks_at(words: Words, index: int) -> Iterator[tuple[Clock, int]]:
    """The times of day that begin at `index`, and where they end: of "seven thirty" also the seven alone."""
    key = ("clocks", index)
    if key not in words.found:
        words.found[key] = [_tail(words, clock, end) for clock, end in _bare(words, index)]
    yield from words.found[key]


def _tail(words: Words, clock: Clock, end: int) -> tuple[Clock, int]:
    """With what comes after: "o'clock", the half of the day, the zone."""
    if words[end] == "o'clock":
        clock, end = replace(clock, is_sure=True), end + 1
    clock, end = _marked(words, clock, end)
    end = next((after for phrase in _EXACTLY if (after := words.are(end, phrase))), end)
    if (zone := zone_at(words, end)) is not None:
        return replace(clock, zone=zone[0], is_sure=True), zone[1]
    return clock, end


def within(clock: Clock, part: DayPart, *, has_day: bool) -> Clock:
    """The clock as the part of the day leaves it; hours after midnight of a named night are the next day's."""
    if clock.is_midnight:
        days = 1 if has_day and part in (DayPart.NIGHT, DayPart.EVENING) else 0
        return replace(clock, hands=(Hand(time(0), days),))
    if len(clock.hands) < 2:
        return clock
    morning = min(clock.hands, key=lambda hand: hand.time)
    evening = max(clock.hands, key=lambda hand: hand.time)
    if part is DayPart.MORNING:
        chosen = morning
    elif part is DayPart.NIGHT and (morning.time.hour < 4 if has_day else morning.time.hour < 6):
        chosen = replace(morning, days=1) if has_day else morning
    else:
        chosen = evening
    return replace(clock, hands=(chosen,), is_sure=True)


def leaning(clock: Clock, lean: Lean) -> Clock:
    """The clock when the caller says what an hour without a half means; `SOONEST` is for who knows the day."""
    if len(clock.hands) < 2 or clock.is_midnight or lean in (Lean.ASK, Lean.SOONEST):
        return clock
    if lean is Lean.DAY:
        return replace(clock, hands=tuple(hand for hand in clock.hands if 7 <= hand.time.hour < 19))
    choose = min if lean is Lean.MORNING else max
    return replace(clock, hands=(choose(clock.hands, key=lambda hand: hand.time),))


def _bare(words: Words, index: int) -> Iterator[tuple[Clock, int]]:
    """Without what comes after."""
    kind = words.kind(index)
    if kind in ("clock", "dotted"):
        found = _written(words, index)
        if found is not None:
            yield found
        return
    if kind not in ("word", "digits"):
        return
    named = _named(words, index)
    if named is not None:
        yield named
    relative = _relative(words, index)
    if relative is not None:
        yield relative
    yield from _hour_and_minutes(words, index)


def _named(words: Words, index: int) -> tuple[Clock, int] | None:
    begin = index + (words[index] in ("twelve", "12"))
    begin += words[begin] == "o'clock"
    named = _NAMED.get(words[begin])
    if named is None:
        return None
    return Clock(hands=(Hand(named),), said=words[begin], is_midnight=named == time(0)), begin + 1


def _written(words: Words, index: int) -> tuple[Clock, int] | None:
    text = words[index].replace(".", ":")
    hour, minute, second = (*(int(part) for part in text.split(":")), 0)[:3]
    if hour > 23 or minute > 59 or second > 59 or (words.kind(index) == "dotted" and len(text.split(":")[1]) != 2):
        return None
    is_sure = words.kind(index) == "clock" or words[index + 1] in ("am", "pm")
    is_24 = text.startswith("0") or second > 0 or hour > 12
    return _of(hour, minute, is_24=is_24, said=text, is_sure=is_sure, second=second), index + 1


def _relative(words: Words, index: int) -> tuple[Clock, int] | None:
    """ "quarter to nine", "half past six", "half six", "twenty five past", "one minute to one"."""
    begin = index + (words[index] in ("a", "the"))
    word = words[begin]
    if word == "half":
        after = begin + 1 + (words[begin + 1] in _PAST)
        is_past = after > begin + 1
        base = _base(words, after)
        if base is None or (not is_past and (base[1] == after or words[base[1]] in _UNITS or base[0].is_midnight)):
            return None
        if not is_past and (words.minutes(base[1]) is not None or len(base[0].hands) < 2):
            return None
        return _moved(words, base, minutes=30, begin=index, is_sure=is_past)
    if word == "quarter":
        minutes, after, is_exact = 15, begin + 1, True
    elif (found := words.small(begin)) is not None and 0 < found[0] < 60:
        minutes, after = found
        is_exact = words[after] in _MINUTE_WORDS
        after += is_exact
    else:
        return None
    link = words[after]
    is_to = link in _TO or (link == "of" and word == "quarter")
    if not is_to and link not in _PAST:
        return None
    if not is_exact and minutes not in MINUTES_ALONE and (is_to or link == "after"):
        return None
    base = _base(words, after + 1)
    if base is None:
        return None
    return _moved(words, base, minutes=-minutes if is_to else minutes, begin=index, is_sure=True)


def _base(words: Words, index: int) -> tuple[Clock, int] | None:
    """The whole hour that minutes are counted from."""
    named = _named(words, index)
    if named is not None:
        return named
    found = words.small(index)
    if found is None or not 1 <= found[0] <= 23 or words[found[1]] in _UNITS or words[found[1]] in ("past", "to"):
        return None
    end = found[1] + (words[found[1]] == "o'clock")
    return _of(found[0], 0, is_24=found[0] > 12, said="", is_sure=True), end


def _moved(words: Words, base: tuple[Clock, int], *, minutes: int, begin: int, is_sure: bool) -> tuple[Clock, int]:
    clock, end = base
    hands = tuple(_shifted(hand, minutes) for hand in clock.hands)
    if clock.is_midnight:
        hands = (replace(hands[0], days=0),)
    said = " ".join(words[place] for place in range(begin, end) if words[place] not in ("the", "o'clock"))
    return Clock(hands=hands, said=said, is_sure=is_sure), end


def shifted_clock(clock: Clock, minutes: int) -> Clock:
    """So many minutes later, or earlier."""
    hands = tuple(replace(_shifted(hand, minutes), days=0) for hand in clock.hands)
    return replace(clock, hands=hands, said="", is_midnight=False)


def _shifted(hand: Hand, minutes: int) -> Hand:
    total = (hand.time.hour * 60 + hand.time.minute + minutes) % (24 * 60)
    return Hand(time(total // 60, total % 60))


def _hour_and_minutes(words: Words, index: int) -> Iterator[tuple[Clock, int]]:
    """ "seven", "seven thirty", "eight o six", "oh seven hundred", "730", "1900 hours"."""
    if words.kind(index) == "digits" and len(words[index]) in (3, 4):
        run_together = _run_together(words, index)
        if run_together is not None:
            yield run_together
        return
    begin = index + (words[index] in ("oh", "o", "zero") and words.small(index + 1) is not None)
    found = words.small(begin)
    if found is None or (begin > index and found[0] > 9):
        return
    hour, end = found
    is_24 = begin > index or hour > 12 or words[begin].startswith("0") or words[index] == "zero"
    if hour > 24 or (hour == 24 and words[end] not in ("hundred", "o'clock")):
        return
    hour %= 24
    if words[end] == "hundred":
        has_hours = words[end + 1] in ("hours", "hour")
        is_marked = has_hours or is_24 or words[end + 1] in ("am", "pm")
        if not is_marked and hour < 10:
            return
        is_24 = is_24 or words[end + 1] not in ("am", "pm")
        yield _of(hour, 0, is_24=is_24, said=f"{hour}:00", is_sure=has_hours or begin > index), end + 1 + has_hours
        return
    if words[end] in _UNITS and words[end] not in ("second",):
        return
    said = " ".join(words[place] for place in range(index, end))
    minutes = words.minutes(end)
    if minutes is not None and words[minutes[1]] not in _UNITS | {"o'clock"}:
        told = f"{hour}:{minutes[0]:02}"
        yield _of(hour, minutes[0], is_24=is_24, said=told, is_sure=False), minutes[1] + (words[minutes[1]] == "hours")
    if begin > index and words[index] == "o":
        return
    yield _of(hour, 0, is_24=is_24, said=said, is_sure=False), end


def _run_together(words: Words, index: int) -> tuple[Clock, int] | None:
    text = words[index]
    hour, minute = int(text[:-2]), int(text[-2:])
    if hour > 23 or minute > 59 or words[index + 1] in _UNITS - {"hours"}:
        return None
    has_hours = words[index + 1] == "hours"
    is_24 = len(text) == 4 and (text[0] == "0" or hour > 12 or has_hours)
    return _of(hour, minute, is_24=is_24, said=f"{hour}:{minute:02}", is_sure=has_hours), index + 1 + has_hours


def _of(hour: int, minute: int, *, is_24: bool, said: str, is_sure: bool, second: int = 0) -> Clock:
    if is_24 or hour == 0 or hour > 12:
        return Clock(hands=(Hand(time(hour, minute, second)),), said=said, is_sure=is_sure)
    morning, evening = Hand(time(hour % 12, minute)), Hand(time(hour % 12 + 12, minute))
    hands = (morning, evening) if 6 < hour < 12 else (evening, morning)
    return Clock(hands=hands, said=said, is_sure=is_sure)


def _marked(words: Words, clock: Clock, end: int) -> tuple[Clock, int]:
    """With "AM", "PM" or a part of the day that follows."""
    begin = end + ((after := words.are(end, "in the")) > 0 and words[after] in ("am", "pm")) * 2
    if (half := words[begin]) in ("am", "pm"):
        hands = clock.hands
        if clock.is_midnight or (hands[0].time == time(12) and clock.said in ("noon", "midday")):
            return clock, begin + 1
        if len(hands) == 1 and half == "pm" and hands[0].time.hour < 12:
            hands = (Hand(hands[0].time.replace(hour=hands[0].time.hour + 12)),)
        elif len(hands) == 2:
            hands = ((min if half == "am" else max)(hands, key=lambda hand: hand.time),)
        return replace(clock, hands=hands, is_sure=True), begin + 1
    for phrase, part in _PARTS_AFTER:
        if after := words.are(end, phrase):
            return replace(within(clock, part, has_day=False), is_sure=True), after
    return clock, end
