"""Rules that recur, with their first occurrence: what a pattern, a time, a beginning and an end come to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Final

from earwitness.domain.times import Duration, Frame, Recurrence, Toward
from earwitness.understand.times.clock import Clock, Hand, leaning, within
from earwitness.understand.times.expression import Parts
from earwitness.understand.times.instants import first_of, instant, is_elapsed, is_later, plus, until_text
from earwitness.understand.times.patterns import DAY_CODES, Pattern
from earwitness.understand.times.settle import Aim, days, simple
from earwitness.understand.times.spans import minutes, pairs, start_of

_STEP: Final = {"HOURLY": 3600, "MINUTELY": 60}


def recurrences(parts: Parts, *, aim: Aim) -> Iterator[Recurrence]:
    """What may be meant, likeliest first."""
    if parts.names() - {"patterns", "day", "clock", "part", "since", "until", "length", "count", "span", "also"}:
        return
    for pattern in parts.patterns:
        if is_elapsed(pattern.rule):
            yield from _elapsed(pattern, parts, aim)
        else:
            for hand, lasts in _hands(pattern, parts, aim):
                for found in _of_days(pattern, parts, hand, aim):
                    yield replace(found, lasts=lasts or found.lasts)


def _hands(pattern: Pattern, parts: Parts, aim: Aim) -> Iterator[tuple[Hand | None, Duration | None]]:
    """The times of day, with how long each lasts where that was said."""
    if parts.span is None:
        for hand in _bare_hands(pattern, parts, aim):
            yield hand, None
        return
    part = parts.part or pattern.part
    ends = [each.clock for each in parts.span if each.day is None]
    first, last = (within(clock, part, has_day=False) if clock and part else clock for clock in (*ends, None, None)[:2])
    if first is None or last is None or parts.clock is not None or first.zone is not None or last.zone is not None:
        return
    for begin, end in pairs(leaning(first, aim.frame.lean), last):
        yield begin, Duration(seconds=round((minutes(end) - minutes(begin)) * 60))


def _bare_hands(pattern: Pattern, parts: Parts, aim: Aim) -> tuple[Hand | None, ...]:
    clock = parts.clock or (parts.since.clock if parts.since is not None else None)
    if clock is None:
        return (None,)
    if clock.zone is not None:
        return ()
    part = parts.part or pattern.part
    if part is not None:
        clock = within(clock, part, has_day=False)
    return leaning(clock, aim.frame.lean).hands


def _of_days(pattern: Pattern, parts: Parts, hand: Hand | None, aim: Aim) -> Iterator[Recurrence]:
    beginning = parts.since.day if parts.since is not None else None
    begins = days(beginning, aim=aim)[0] if beginning is not None else [aim.today]
    on_days = days(parts.day, aim=aim)[0] if parts.day is not None else [None]
    for begin in begins:
        for day in on_days:
            whole = pattern if day is None else _on_day(pattern, day)
            base = begin if day is None else max(begin, day)
            if whole is None:
                continue
            for others in _other_times(parts.also, hand):
                found = _started(whole, base, hand, parts, aim, others=others)
                if found is not None:
                    yield found


def _on_day(pattern: Pattern, day: date) -> Pattern | None:
    """ "Every week" with "Monday" beside it. A pattern that has its days already takes no other."""
    if pattern.by:
        return None
    return _with_day(pattern, day)


def _with_day(pattern: Pattern, day: date) -> Pattern:
    by = {
        "WEEKLY": f"BYDAY={DAY_CODES[day.weekday()]}",
        "MONTHLY": f"BYMONTHDAY={day.day}",
        "YEARLY": f"BYMONTH={day.month};BYMONTHDAY={day.day}",
    }.get(pattern.frequency, "")
    return replace(pattern, by=by)


def _started(
    pattern: Pattern, base: date, hand: Hand | None, parts: Parts, aim: Aim, *, others: tuple[time, ...]
) -> Recurrence | None:
    """With its first occurrence; `others` are further times of the same day."""
    if not pattern.by:
        pattern = _with_day(pattern, base)
    at = hand.time if hand is not None else time(0)
    after = aim.now if hand is not None and aim.frame.toward is Toward.FUTURE else None
    start = first_of(pattern.rule, day=base, at=at, zone=aim.frame.zone, after=after)
    rule = pattern.rule
    for other in others:
        another = first_of(rule, day=base, at=other, zone=aim.frame.zone, after=after)
        if start is None or another is None:
            return None
        start = another if is_later(start, another) else start
    if others:
        rule = f"{rule};BYHOUR={','.join(str(hour) for hour in sorted((at.hour, *(other.hour for other in others))))}"
    if start is None:
        return None
    part = None if hand is not None else parts.part or pattern.part
    return _ending(Recurrence(rule=rule, start=start, has_time=hand is not None, part=part), parts, aim)


def _other_times(clocks: tuple[Clock, ...], hand: Hand | None) -> Iterator[tuple[time, ...]]:
    """The further times of a day that may be meant with the first, which one rule can hold only if all are at the same minute.

    Where a half of the day was not said they are taken to come one after another: "eight, one and six" is 8, 13 and 18 o'clock.
    """
    if not clocks:
        yield ()
        return
    if hand is None:
        return
    is_said = all(len(clock.hands) == 1 for clock in clocks)
    for hands in product(*(clock.hands for clock in clocks)):
        times = [hand.time, *(one.time for one in hands)]
        is_one_rule = len({at.minute for at in times}) == 1 and len({at.hour for at in times}) == len(times)
        if is_one_rule and (is_said or times == sorted(times)):
            yield tuple(times[1:])


def _elapsed(pattern: Pattern, parts: Parts, aim: Aim) -> Iterator[Recurrence]:
    """ "Every two hours": from so long from now, or from the beginning that is named."""
    if parts.names() & {"clock", "day", "part", "span", "also"}:
        return
    starts: list[datetime] = []
    if parts.since is not None:
        starts = [at for value in simple(parts.since, aim=aim).wanted if (at := start_of(value, aim=aim)) is not None]
    else:
        now = aim.now.replace(microsecond=0)
        first = plus(now, Duration(seconds=_STEP[pattern.frequency] * pattern.interval))
        starts = [first] if first is not None else []
    for start in starts:
        found = _ending(Recurrence(rule=pattern.rule, start=start, has_time=True), parts, aim)
        if found is not None:
            yield found


def _ending(recurrence: Recurrence, parts: Parts, aim: Aim) -> Recurrence | None:
    """With its end, if one was said."""
    if parts.count:
        return replace(recurrence, rule=f"{recurrence.rule};COUNT={parts.count}")
    last: datetime | None = None
    if (
        parts.length is not None
        and _is_short(parts.length.options[0])
        and recurrence.has_time
        and not is_elapsed(recurrence.rule)
    ):
        recurrence = replace(recurrence, lasts=parts.length.options[0])
    elif parts.length is not None:
        end = plus(recurrence.start, parts.length.options[0])
        last = None if end is None else end - timedelta(seconds=1)
    if parts.until is not None:
        last = _last_moment(parts.until, recurrence.start, aim)
        if last is None:
            return None
    if last is None:
        return recurrence
    if is_later(recurrence.start, last):
        return None
    return replace(recurrence, rule=f"{recurrence.rule};UNTIL={until_text(last)}")


def _is_short(length: Duration) -> bool:
    """Whether a length is one of each occurrence, and not of their whole row."""
    return not length.months and not length.days and length.seconds < 24 * 3600


def _last_moment(until: Parts, start: datetime, aim: Aim) -> datetime | None:
    later = Aim(frame=replace(aim.frame, toward=Toward.FUTURE), now=start)
    values = simple(until, aim=later).wanted
    if not values:
        return None
    found = start_of(values[0], aim=later)
    if found is not None and until.clock is None:
        day = found.date() + timedelta(days=1)
        after = instant(day, time(0), zone=aim.frame.zone)
        return None if after is None else after - timedelta(seconds=1)
    return found


def timed(recurrence: Recurrence, *, at: time, frame: Frame) -> Recurrence:
    """The same rule at a time of day, when that was asked for: its first occurrence is later than now."""
    zone = frame.zone
    first = recurrence.start.astimezone(zone).date()
    after = frame.now if frame.toward is Toward.FUTURE else None
    start = first_of(recurrence.rule, day=first, at=at, zone=zone, after=after)
    return replace(recurrence, start=start or recurrence.start, has_time=True, part=None)
