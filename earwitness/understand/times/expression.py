"""Which words belong together to one time expression: a day, a time, a part of the day, a length, what recurs, from and until.

Owns the search over words; what the parts come to together is resolve.py's. Where the words are part of a longer sentence,
those that may be something else ("seven", "the third", "May") count only where what is around them says that a time is meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from earwitness.domain.times import DayPart, Frame
from earwitness.understand.times.calendar_names import MONTHS, WEEKDAYS
from earwitness.understand.times.clock import Clock, Hand, clocks_at, shifted_clock
from earwitness.understand.times.day_stretches import day_stretches_at
from earwitness.understand.times.days import days_at
from earwitness.understand.times.lengths import Length, length_at, times
from earwitness.understand.times.patterns import ADVERBS, PARTS, Pattern, patterns_at
from earwitness.understand.times.periods import PeriodPick, periods_at
from earwitness.understand.times.series import DayPick, fixed, of_month
from earwitness.understand.times.tokens import Words, word_set

MOST_BARE_MINUTES: Final = 90
"""Of "in ten" without a unit; more is a year or a count."""
MOST_BRANCHES: Final = 400
"""Attempts for one expression; no phrase that people say needs a tenth of it."""

BEFORE_TIMES: Final = word_set("at on by for around about from of starting beginning effective and early late later")
_BEFORE_HOURS: Final = word_set("at by around about until till til from between past")
_FOR_HOURS: Final = word_set(
    "alarm alarms wake reminder meeting appointment schedule scheduled alert remind it timer call move change reschedule ",
    "moved changed",
)
_NO_HOURS: Final = word_set(
    "volume temperature thermostat brightness level speed channel percent dim degrees number page chapter verse frequency ",
    "pick random guess rate scale count integral divide divided multiply multiplied increase decrease raise lower",
)
_SET_TO_NUMBERS: Final = frozenset(("heating", "heat", "fan", "ac", "light", "lights", "lamp", "humidity"))
_AFTER_HOURS: Final = word_set(
    "in on at to for and tomorrow tonight today every each this next please with because so if when then or until till from ",
    "that i my we by but daily would will the about weekdays weekends mondays tuesdays wednesdays thursdays fridays saturdays ",
    "sundays starting thanks instead sharp exactly not as it's is - after before through somewhere around he she they you ",
    "unless while where does do can a turn switch play set open close remind wake call tell lock unlock start stop run dim put ",
    "make let send text ring feed take water",
) | frozenset(WEEKDAYS)
_OF_MORNINGS: Final = frozenset(("news", "paper", "papers", "show", "briefing", "routine", "after", "before"))
_BEFORE_DAYS: Final = word_set("on by until till before after since from for next this last every of to and at between")


MOST_TIMES: Final = 6
"""Of a day, of what recurs."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What was said of a time, unresolved."""

    day: DayPick | None = None
    clock: Clock | None = None
    part: DayPart | None = None
    offset: tuple[Length, int] | None = None
    """So long from now; -1 for ago."""
    length: Length | None = None
    patterns: tuple[Pattern, ...] = ()
    period: PeriodPick | None = None
    span: "tuple[Parts, Parts] | None" = None
    until: "Parts | None" = None
    since: "Parts | None" = None
    count: int = 0
    also: tuple[Clock, ...] = ()
    """Further times of the same day, of what recurs."""

    def names(self) -> frozenset[str]:
        return frozenset(name for name in _FIELDS if getattr(self, name))


_FIELDS: Final = tuple(each.name for each in fields(Parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where an expression is looked for."""

    now: datetime
    frame: Frame
    is_whole: bool
    """Whether the words are nothing but a time, so that "seven" is one."""


def expressions(words: Words, index: int, *, scope: Scope) -> list[tuple[Parts, int]]:
    """Everything that the words from `index` on may say together, longest first."""
    found: list[tuple[Parts, int]] = []
    budget = [MOST_BRANCHES]
    _extend(words, index, Parts(), scope, found, budget)
    return sorted(found, key=lambda each: (-each[1], len(each[0].names()), each[0].span is not None))


def _extend(words: Words, index: int, parts: Parts, scope: Scope, found: list[tuple[Parts, int]], budget: list[int]) -> None:
    for name, value, end in _components(words, index, parts, scope):
        if budget[0] <= 0:
            return
        budget[0] -= 1
        grown = _with(parts, name, value)
        if grown is not None:
            found.append((grown, end))
            _extend(words, end, grown, scope, found, budget)


def _with(parts: Parts, name: str, value: Any) -> Parts | None:
    if name == "evening":
        day, part = value
        if parts.day is not None or parts.part is not None:
            return None
        return replace(parts, day=day, part=part)
    return None if getattr(parts, name) else replace(parts, **{name: value})


def _components(words: Words, index: int, parts: Parts, scope: Scope) -> Iterator[tuple[str, Any, int]]:
    """Every part that begins at `index`, or behind the small words there."""
    seen = parts.names()
    if seen == {"length"}:
        return
    yield from _starting(words, index, parts, scope)
    if words[index] == "and" and "clock" in seen and "also" not in seen:
        for clock, end in clocks_at(words, index + 1 + (words[index + 1] == "at")):
            yield "also", (clock,), end
    if words[index] != "and" and "clock" in seen and "also" not in seen:
        for clocks, end in _clock_lists(words, index, MOST_TIMES - 1):
            yield "also", clocks, end
    places = [index]
    if after := words.are(index, "first thing"):
        places.append(after)
    while len(places) < 3 and words[places[-1]] in BEFORE_TIMES:
        places.append(places[-1] + 1)
    for place in places:
        if seen and place == index + 2 and words[index] == "and":
            continue
        yield from _one_component(words, place, seen, scope, first=index)


def _one_component(words: Words, place: int, seen: frozenset[str], scope: Scope, *, first: int) -> Iterator[tuple[str, Any, int]]:
    if "patterns" not in seen and not seen & {"offset", "period"}:
        for patterns, end in patterns_at(words, place):
            if not scope.is_whole and end == place + 1 and words[place] in ADVERBS and not _is_followed(words, end):
                continue
            if not patterns[0].is_range or "clock" in seen or words[end] == "at":
                yield "patterns", patterns, end
    if not seen & {"period", "offset", "length"}:
        yield from _days(words, place, seen, scope)
    if not seen & {"clock", "offset", "period", "length"}:
        yield from _this_time(words, place, scope)
        for clock, end in (*clocks_at(words, place), *_counted_clocks(words, place)):
            if clock.is_sure or _is_hour(words, place, end, seen=seen, scope=scope, clock=clock):
                yield "clock", clock, end
    if not seen & {"part", "offset", "length"}:
        yield from _parts_of_day(words, place, seen)
    if not seen:
        yield from _offsets(words, place)
        for period, end in periods_at(words, place, now=scope.now, frame=scope.frame):
            yield "period", period, end
    yield from _lengths(words, place, seen, scope, first=first)
    if "span" not in seen and not seen & {"clock", "offset", "length", "period"}:
        yield from _spans(words, place, scope, seen=seen)


def _days(words: Words, place: int, seen: frozenset[str], scope: Scope) -> Iterator[tuple[str, Any, int]]:
    if "day" in seen or (
        "span" in seen
        and words[place] not in ("on", "today", "tomorrow", "next", "this", "yesterday", "the")
        and words[place] not in WEEKDAYS
        and words[place] not in MONTHS
    ):
        return
    today = DayPick(series=(fixed(scope.now.date()),))
    if words[place] == "tonight":
        yield "evening", (today, DayPart.NIGHT), place + 1
    if words[place] == "this" and (part := PARTS.get(words[place + 1])) is not None:
        yield "evening", (today, part), place + 2
    if words.are(place, "last night"):
        yield "evening", (DayPick(series=(fixed(scope.now.date() - timedelta(days=1)),)), DayPart.NIGHT), place + 2
    for day, end in days_at(words, place, now=scope.now, frame=scope.frame):
        if day.is_sure or scope.is_whole or _is_day(words, place, end, seen=seen):
            yield "day", day, end


def _parts_of_day(words: Words, place: int, seen: frozenset[str]) -> Iterator[tuple[str, Any, int]]:
    is_the = words[place] in ("in", "during", "for") and words[place + 1] == "the"
    if is_the and (part := PARTS.get(words[place + 2])) is not None and words[place + 3] not in _OF_MORNINGS:
        yield "part", part, place + 3
    if end := words.are(place, "first thing"):
        after = words.are(end, "in the morning")
        if after or "day" in seen or _is_followed(words, end):
            yield "part", DayPart.MORNING, after or end
    if words.are(place, "at night"):
        yield "part", DayPart.NIGHT, place + 2
    if seen & {"day", "patterns"} and (part := PARTS.get(words[place])) is not None:
        yield "part", part, place + 1


def _clock_lists(words: Words, index: int, most: int) -> Iterator[tuple[tuple[Clock, ...], int]]:
    """What goes on a list of times of day from its second on: "one and six" of "eight, one and six"."""
    for clock, end in clocks_at(words, index):
        if words[end] == "and":
            for last, after in clocks_at(words, end + 1 + (words[end + 1] == "at")):
                yield (clock, last), after
        elif most > 2:
            for more, after in _clock_lists(words, end, most - 1):
                yield (clock, *more), after


def _counted_clocks(words: Words, place: int) -> Iterator[tuple[Clock, int]]:
    """ "An hour before midnight", "ten minutes after noon"."""
    found = length_at(words, place)
    if found is None or words[found[1]] not in ("before", "after"):
        return
    length = found[0].options[0]
    if len(found[0].options) > 1 or length.days or length.months or length.seconds % 60 or length.seconds >= 12 * 3600:
        return
    for clock, end in clocks_at(words, found[1] + 1):
        if clock.is_sure:
            yield shifted_clock(clock, length.seconds // 60 * (-1 if words[found[1]] == "before" else 1)), end


def _this_time(words: Words, place: int, scope: Scope) -> Iterator[tuple[str, Any, int]]:
    """ "This time tomorrow": the hour that it is now."""
    end = words.are(place, "this time") or words.are(place, "same time") or words.are(place, "the same time")
    if end and (words[end] in ("tomorrow", "on", "every", "next", "in", "the") or words[end] in WEEKDAYS):
        said = words[place]
        yield (
            "clock",
            Clock(hands=(Hand(scope.now.time().replace(second=0, microsecond=0, tzinfo=None, fold=0)),), said=said),
            end,
        )


def _offsets(words: Words, place: int) -> Iterator[tuple[str, Any, int]]:
    """ "in an hour and a half", "ten minutes from now", "a quarter of an hour ago"."""
    begin = place + (words[place] in ("in", "within"))
    begin += begin > place and words[begin] in ("about", "around", "roughly", "exactly", "just")
    found = length_at(words, begin) or (_bare_number(words, begin) if begin > place else None)
    if found is None:
        return
    length, end = found
    end = words.are(end, "or so") or end
    if begin > place:
        end += words[end] == "time"
        yield "offset", (length, 1), words.are(end, "from now") or end
    elif after := words.are(end, "from now"):
        yield "offset", (length, 1), after
    elif words[end] == "ago":
        yield "offset", (length, -1), end + 1


def _bare_number(words: Words, index: int) -> tuple[Length, int] | None:
    """The ten of "in ten", at the end or before what is to be done then: minutes, or hours where it is no more than twelve."""
    found = words.number(index)
    if (
        found is None
        or not 0 < found[0] <= MOST_BARE_MINUTES
        or (words.kind(found[1]) not in ("", "stop") and words[found[1]] != "to")
    ):
        return None
    units = ("minute", "hour") if found[0] <= 12 else ("minute",)
    options = tuple(length for unit in units if (length := times(found[0], unit)) is not None)
    return Length(options=options, unit="" if len(options) > 1 else "minutes"), found[1]


def _lengths(words: Words, place: int, seen: frozenset[str], scope: Scope, *, first: int) -> Iterator[tuple[str, Any, int]]:
    is_introduced = words[place - 1] == "for" and place > first
    if seen & {"length", "offset", "period", "span"} or words[place - 1] in ("twice", "thrice", "times"):
        return
    found = length_at(words, place)
    if found is not None and (is_introduced or not seen) and (is_introduced or scope.is_whole or not found[0].is_one):
        yield "length", found[0], found[1]
    if "patterns" in seen and (count := words.number(place)) is not None and words[count[1]] == "times" and count[0]:
        yield "count", count[0], count[1] + 1


def _starting(words: Words, index: int, parts: Parts, scope: Scope) -> Iterator[tuple[str, Any, int]]:
    """ "until Friday at noon", "starting on Monday", "since yesterday"."""
    seen = parts.names()
    is_until = words[index] in ("until", "till", "til") or (words[index] == "to" and "clock" in seen and "patterns" not in seen)
    begin = index + 1
    is_full = seen & {"until", "offset", "period", "span"} or ("length" in seen and "patterns" not in seen)
    if is_until and not is_full:
        for other, end in _ends(words, begin, scope):
            yield "until", other, end
    is_start = words[index] in ("starting", "beginning", "from", "effective") and "patterns" in seen
    if (is_start or words[index] == "since") and "since" not in seen:
        is_elapsed = any(pattern.is_elapsed for pattern in parts.patterns)
        for other, end in _ends(words, begin, scope):
            if words[index] != "from" or other.day is not None or is_elapsed:
                yield "since", other, end


def _ends(words: Words, index: int, scope: Scope) -> Iterator[tuple[Parts, int]]:
    """A day, a time, or both, in either order, longest first."""
    key = ("ends", index)
    if key not in words.found:
        words.found[key] = _found_ends(words, index, scope)
    yield from words.found[key]


def _found_ends(words: Words, index: int, scope: Scope) -> list[tuple[Parts, int]]:
    inner = replace(scope, is_whole=True)
    found: list[tuple[Parts, int]] = []
    for name, value, end in _simple(words, index, frozenset(), inner):
        one = _with(Parts(), name, value)
        if one is None:
            continue
        found.append((one, end))
        for other_name, other, after in _simple(words, end, one.names(), inner):
            both = _with(one, other_name, other)
            if both is not None:
                found.append((both, after))
    return sorted(found, key=lambda each: -each[1])


def _simple(words: Words, index: int, seen: frozenset[str], scope: Scope) -> Iterator[tuple[str, Any, int]]:
    place = index + (words[index] in ("at", "on", "by"))
    yield from _days(words, place, seen, scope)
    if "clock" not in seen:
        for clock, end in clocks_at(words, place):
            yield "clock", clock, end
    if "part" not in seen:
        yield from _parts_of_day(words, place, seen)


def _spans(words: Words, place: int, scope: Scope, *, seen: frozenset[str]) -> Iterator[tuple[str, Any, int]]:
    """ "between two and four", "from Monday to Wednesday", "2pm - 5pm", "9 AM to 5 PM"."""
    opening = words[place]
    if opening not in ("from", "between") and words[place - 1] == "from":
        return
    for begins, ends, after in day_stretches_at(words, place):
        yield "span", (Parts(clock=begins), Parts(clock=ends)), after
    is_opened = opening in ("from", "between")
    links = ("and", "to", "-") if opening == "between" else ("to", "until", "till", "til", "through", "-")
    near = {words[at] for at in range(max(0, place - 6), place)}
    for start, end in _ends(words, place + is_opened, scope):
        if words[end] not in links or (
            not scope.is_whole and not _is_sure(start) and (near & _NO_HOURS or words[end - 1] == "zero")
        ):
            continue
        is_sure = is_opened or scope.is_whole or _is_sure(start)
        if start.clock is None and start.day is not None and (last := _last_day(words, end, scope)) is not None:
            yield "span", (start, last[0]), last[1]
            continue
        for finish, after in _ends(words, end + 1, scope):
            if is_sure or _is_sure(finish):
                yield "span", (start, finish), after


def _last_day(words: Words, link: int, scope: Scope) -> tuple[Parts, int] | None:
    """The number alone of "June 1 to 5", of which the month is not said again."""
    is_dated = words[link - 2] in MONTHS or words[link - 3] in MONTHS
    found = words.ordinal(link + 1) or words.small(link + 1)
    if not is_dated or found is None or not 1 <= found[0] <= 31 or words[found[1]] in (*MONTHS, "am", "pm", "o'clock", "of"):
        return None
    return Parts(day=DayPick(series=(of_month(scope.now.date(), found[0]),))), found[1]


def _is_sure(parts: Parts) -> bool:
    return (parts.clock is None or parts.clock.is_sure) and (parts.day is None or parts.day.is_sure)


def _is_hour(words: Words, place: int, end: int, *, seen: frozenset[str], scope: Scope, clock: Clock) -> bool:
    """Whether a number in a sentence is a time of day."""
    if scope.is_whole:
        return True
    before = words[place - 1]
    near = {words[at] for at in range(max(0, place - 6), place)}
    goes_on = "patterns" in seen and any(True for _ in _clock_lists(words, end, MOST_TIMES - 1))
    if not (goes_on or _is_followed(words, end)) or words[place] == "zero":
        return False
    if near & _NO_HOURS or ("set" in near and near & _SET_TO_NUMBERS):
        return False
    if before in _BEFORE_HOURS:
        return before != "past" or "half" in near
    if before in ("for", "to", "is", "alarm") and near & _FOR_HOURS:
        return before != "for" or words[end] not in ("at", "a", "the")
    is_beside = bool(seen & {"day", "part", "patterns"})
    return is_beside and (clock.said.startswith("half") or ":" in clock.said or words.kind(end) in ("", "stop"))


def _is_followed(words: Words, end: int) -> bool:
    """Whether the sentence ends there, or goes on with a word that comes after a time rather than with what is counted."""
    return words.kind(end) in ("", "stop") or words[end] in _AFTER_HOURS


def _is_day(words: Words, place: int, end: int, *, seen: frozenset[str]) -> bool:
    """Whether "the third", "Christmas", "Fri" in a sentence is a day."""
    if not _is_followed(words, end) and words[end] not in PARTS:
        return False
    before = words[place - 1]
    if words[place] == "the" or words.kind(place) == "ordinal":
        return before in ("on", "by", "until", "from", "to", "since", "between", "for") or "clock" in seen
    if words[end - 1] in WEEKDAYS and len(words[end - 1]) < 6:
        return before in ("on", "by", "until", "next", "this", "last", "every") or words[place] in ("on", "next", "this", "last")
    return (
        before in _BEFORE_DAYS
        or words[place] in _BEFORE_DAYS
        or "clock" in seen
        or (words[place] not in WEEKDAYS and words.kind(end) in ("", "stop"))
    )
