"""Intervals: "between two and four", "from Monday to Wednesday", "until noon", "tomorrow at three for an hour", "this week"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from earwitness.domain.times import Day, Duration, Interval, Moment, TimeOfDay, Toward, Value
from earwitness.understand.times.clock import Clock, Hand
from earwitness.understand.times.expression import Parts
from earwitness.understand.times.instants import is_later, plus
from earwitness.understand.times.periods import PeriodPick
from earwitness.understand.times.series import DayPick, every
from earwitness.understand.times.settle import Aim, Options, days, hands_of, simple


def between(parts: Parts, *, aim: Aim) -> Options:
    """From one thing to another, on the day that is named beside it."""
    if parts.span is None:
        return Options()
    start, finish = parts.span
    is_end_day = finish.day is not None and start.clock is not None and start.day is None and parts.day is None
    if is_end_day:
        parts = replace(parts, day=finish.day, part=parts.part or finish.part)
        finish = replace(finish, day=None)
    if parts.part is not None:
        start, finish = (replace(each, part=each.part or parts.part) for each in (start, finish))
    if start.clock is not None and finish.clock is not None and start.day is None and finish.day is None:
        return _of_hours(replace(start, day=parts.day), finish, aim, is_end_day=is_end_day)
    if parts.day is not None:
        return Options()
    if start.clock is None and finish.clock is None and start.part is None and finish.part is None:
        return _of_days(start, finish, aim)
    if start.clock is None and _comes_round(start) and _comes_round(finish):
        return Options()
    return _of_moments(start, finish, aim)


def _comes_round(parts: Parts) -> bool:
    """Whether it is a day of every week: "Monday to Friday at eight" is no interval that ends on Friday at eight."""
    return parts.day is not None and len(parts.day.series) == 1 and parts.day.series[0](1) is not None


def _of_hours(start: Parts, finish: Parts, aim: Aim, *, is_end_day: bool) -> Options:
    """ "Nine to five": of the hours that both may be, those that are nearest to each other.

    `is_end_day`: the day was said with the end ("ten PM to six AM tomorrow").
    """
    first, last = hands_of(start, aim=aim), hands_of(replace(finish, day=None), aim=aim)
    if first is None or last is None:
        return Options()
    first = replace(first, hands=first.hands[-1:]) if first.is_midnight else first
    wanted: list[Value] = []
    unwanted: list[Value] = []
    series_of = (every(aim.today, days=1),) if start.day is None else start.day.series
    for series in series_of:
        for begin, end in pairs(first, last):
            if is_end_day and end.days > begin.days:
                begin, end = Hand(begin.time, begin.days - 1), Hand(end.time, end.days - 1)
            tried = [
                found
                for number in aim.numbers()
                if (day := series(number)) is not None and (found := _hours_on(day, begin, end, first, aim)) is not None
            ]
            fitting = next((each for each in tried if aim.fits(each.start if start.day is None else _edge(each, aim))), None)
            if fitting is not None:
                wanted.append(fitting)
            elif tried:
                unwanted.append(tried[0])
    return Options(tuple(wanted), tuple(unwanted))


def _edge(interval: Interval, aim: Aim) -> datetime:
    return interval.start if aim.frame.toward is Toward.PAST else interval.end


def _hours_on(day: date, begin: Hand, end: Hand, clock: Clock, aim: Aim) -> Interval | None:
    start, finish = aim.at(day, begin, clock), aim.at(day, end, clock)
    return Interval(start=start, end=finish) if start is not None and finish is not None and is_later(finish, start) else None


def pairs(first: Clock, last: Clock) -> Iterator[tuple[Hand, Hand]]:
    """The ends of what may be meant: each begin with the next end after it; of several begins the one nearest to a sure end."""
    found = [(begin, min((_behind(begin, end) for end in last.hands), key=minutes)) for begin in first.hands]
    if len(last.hands) == 1 and len(first.hands) > 1:
        found = [min(found, key=lambda pair: minutes(pair[1]) - minutes(pair[0]))]
    yield from found


def _behind(begin: Hand, end: Hand) -> Hand:
    """The end, on the day after if it is not later than the begin."""
    is_next_day = minutes(replace(end, days=begin.days)) <= minutes(begin)
    return Hand(end.time, begin.days + is_next_day)


def minutes(hand: Hand) -> float:
    return hand.days * 1440 + hand.time.hour * 60 + hand.time.minute + hand.time.second / 60


def _of_days(start: Parts, finish: Parts, aim: Aim) -> Options:
    if start.day is None or finish.day is None:
        return Options()
    wanted: list[Value] = []
    unwanted: list[Value] = []
    if start.day.is_in_month and not finish.day.is_in_month:
        ends = days(finish.day, aim=aim)[0]
        found: list[tuple[date | None, date | None]] = [(_latest(start.day, end), end) for end in ends]
    else:
        fitting, over = days(start.day, aim=aim)
        found = [(begin, _earliest(finish.day, begin)) for begin in fitting or over]
    for begin, end in found:
        interval = whole_days(begin, end, aim=aim) if begin is not None and end is not None else None
        if interval is not None:
            (wanted if aim.fits(_edge(interval, aim)) else unwanted).append(interval)
    return Options(tuple(wanted), tuple(unwanted))


def _earliest(pick: DayPick, begin: date) -> date | None:
    found = (day for series in pick.series for number in range(-1, 14) if (day := series(number)) is not None and day >= begin)
    return min(found, default=None)


def _latest(pick: DayPick, end: date) -> date | None:
    found = (day for series in pick.series for number in range(-1, 14) if (day := series(number)) is not None and day <= end)
    return max(found, default=None)


def whole_days(begin: date, last: date, *, aim: Aim) -> Interval | None:
    """From the first of these days to the end of the last."""
    after = every(last, days=1)(1)
    start = aim.at(begin, Hand(time(0)))
    end = None if after is None else aim.at(after, Hand(time(0)))
    if start is None or end is None or not is_later(end, start):
        return None
    return Interval(start=start, end=end, is_whole_days=True)


def _of_moments(start: Parts, finish: Parts, aim: Aim) -> Options:
    """Ends with a day each, or one for both: "from Monday at nine to Wednesday at five"."""
    begins = simple(start, aim=aim)
    found = [
        Interval(start=begin, end=end)
        for value in begins.wanted
        if (begin := start_of(value, aim=aim)) is not None
        for end in ends_after(finish, begin, aim=aim)
    ]
    return Options(tuple(found), begins.unwanted)


def start_of(value: Value, *, aim: Aim) -> datetime | None:
    """The instant that a value begins at; None for lengths and what recurs."""
    match value:
        case Moment() | TimeOfDay():
            return value.at
        case Day():
            return aim.at(value.date, Hand(time(0)))
        case Interval():
            return value.start
    return None


def ends_after(finish: Parts, begin: datetime, *, aim: Aim) -> list[datetime]:
    """The first instants after `begin` that an end may mean."""
    later = Aim(frame=replace(aim.frame, now=begin, toward=Toward.FUTURE), now=begin)
    found = [end for value in simple(finish, aim=later).wanted if (end := start_of(value, aim=later)) is not None]
    if finish.clock is not None and finish.day is None and len(found) > 1:
        found = [min(found, key=lambda end: end.timestamp())]
    return [end for end in found if is_later(end, begin)]


def opened(parts: Parts, *, aim: Aim) -> Options:
    """With an "until", a "since" or a "for how long" beside a beginning, or now."""
    base = replace(parts, until=None, since=None, length=None)
    if parts.since is not None:
        back = Aim(frame=replace(aim.frame, toward=Toward.PAST), now=aim.now)
        begins = (start_of(value, aim=back) for value in simple(parts.since, aim=back).wanted)
        return Options(tuple(Interval(start=begin, end=aim.now) for begin in begins if begin is not None and begin != aim.now))
    if not base.names():
        return _until_from_now(parts, aim)
    begins_of = simple(base, aim=aim)
    found: list[Value] = []
    for value in begins_of.wanted:
        if parts.length is not None:
            found += _lasting(value, parts.length.options, aim)
        elif parts.until is not None and (begin := start_of(value, aim=aim)) is not None:
            found += [Interval(start=begin, end=end) for end in ends_after(parts.until, begin, aim=aim)]
    return Options(tuple(found), begins_of.unwanted)


def _until_from_now(parts: Parts, aim: Aim) -> Options:
    if parts.until is None:
        return Options()
    ahead = Aim(frame=replace(aim.frame, toward=Toward.FUTURE), now=aim.now)
    ends = (start_of(value, aim=ahead) for value in simple(parts.until, aim=ahead).wanted)
    return Options(tuple(Interval(start=aim.now, end=end) for end in ends if end is not None and is_later(end, aim.now)))


def _lasting(value: Value, lengths: tuple[Duration, ...], aim: Aim) -> Iterator[Interval]:
    begin = start_of(value, aim=aim)
    for length in lengths:
        end = None if begin is None else plus(begin, length)
        if begin is None or end is None or not is_later(end, begin):
            continue
        if isinstance(value, Day) and not length.seconds:
            yield Interval(start=begin, end=end, is_whole_days=True)
        elif not isinstance(value, Day):
            yield Interval(start=begin, end=end)


def stretches(pick: PeriodPick, *, aim: Aim) -> Options:
    """Weeks, months, years and weekends; or a length before or after now."""
    if pick.length is not None:
        other = plus(aim.now, pick.length, sign=pick.sign)
        if other is None or other == aim.now:
            return Options()
        ends = (aim.now, other) if pick.sign > 0 else (other, aim.now)
        interval = Interval(start=ends[0], end=ends[1])
        is_wanted = aim.frame.toward is Toward.AS_READ or (aim.frame.toward is Toward.FUTURE) is (pick.sign > 0)
        return Options((interval,)) if is_wanted else Options((), (interval,))
    wanted: list[Value] = []
    unwanted: list[Value] = []
    for stretch in pick.stretches:
        tried = [
            found
            for number in aim.numbers()
            if (ends_of := stretch(number)) is not None
            and (found := whole_days(ends_of[0], ends_of[1] - timedelta(days=1), aim=aim)) is not None
        ]
        if pick.is_rest:
            tried = [Interval(start=aim.now, end=each.end) for each in tried if is_later(each.end, aim.now)]
        fitting = next((each for each in tried if aim.fits(_edge(each, aim))), None)
        if fitting is not None:
            wanted.append(fitting)
        elif tried:
            unwanted.append(tried[0])
    return Options(tuple(wanted), tuple(unwanted))
