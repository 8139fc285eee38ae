"""The days and instants that a day, a time and a part of the day come to, in the direction that is wanted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Final

from earwitness.domain.times import Day, DayPart, Frame, Interval, Lean, Moment, TimeOfDay, Toward, Value
from earwitness.understand.times.clock import Clock, Hand, leaning, within
from earwitness.understand.times.expression import Parts
from earwitness.understand.times.instants import instant, is_later
from earwitness.understand.times.part_hours import ends_of
from earwitness.understand.times.series import DayPick, Series, every

FARTHEST: Final = 9
"""How many times a day that comes round is tried: February 29 may be eight years away."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is possible; and what would be if it were not over, or not to come, likeliest first."""

    wanted: tuple[Value, ...] = ()
    unwanted: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where the reader stands and looks."""

    frame: Frame
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    def fits(self, moment: datetime) -> bool:
        """Whether an instant is on the wanted side of now."""
        if self.frame.toward is Toward.AS_READ:
            return True
        return is_later(moment, self.now) is (self.frame.toward is Toward.FUTURE)

    def fits_day(self, day: date) -> bool:
        if self.frame.toward is Toward.AS_READ:
            return True
        return day >= self.today if self.frame.toward is Toward.FUTURE else day <= self.today

    def numbers(self) -> range:
        """The members of a series to try, in order."""
        match self.frame.toward:
            case Toward.FUTURE:
                return range(FARTHEST)
            case Toward.PAST:
                return range(0, -FARTHEST, -1)
            case Toward.AS_READ:
                return range(1)

    def at(self, day: date, hand: Hand, clock: Clock | None = None) -> datetime | None:
        """The instant of a hand of the clock on a day, in the home's zone."""
        zone = clock.zone if clock is not None and clock.zone is not None else self.frame.zone
        after = self.now if self.frame.toward is Toward.FUTURE else None
        later = every(day, days=hand.days)(1) if hand.days else day
        found = None if later is None else instant(later, hand.time, zone=zone, after=after)
        return None if found is None else found.astimezone(self.frame.zone)


def hands_of(parts: Parts, *, aim: Aim) -> Clock | None:
    """The clock as the part of the day, the day and the caller leave it."""
    clock = parts.clock
    if clock is None:
        return None
    if parts.part is not None:
        clock = within(clock, parts.part, has_day=parts.day is not None)
    elif clock.is_midnight and parts.day is not None:
        return replace(clock, hands=(Hand(time(0), 1), Hand(time(0), 0)))
    return leaning(clock, aim.frame.lean)


def days(pick: DayPick, *, aim: Aim) -> tuple[list[date], list[date]]:
    """The days that fit, and those that do not though they are what the words say."""
    wanted: list[date] = []
    unwanted: list[date] = []
    for series in pick.series:
        found = _first(series, aim)
        if found is not None:
            wanted.append(found)
        elif (said := series(0)) is not None:
            unwanted.append(said)
    return wanted, unwanted


def _first(series: Series, aim: Aim) -> date | None:
    return next((day for number in aim.numbers() if (day := series(number)) is not None and aim.fits_day(day)), None)


def moments(day: DayPick | None, clock: Clock, *, aim: Aim) -> tuple[list[tuple[Hand, datetime]], list[tuple[Hand, datetime]]]:
    """The instants of a clock on the days of a pick, or on the nearest day, that fit, and those that do not."""
    base = aim.now.astimezone(clock.zone).date() if clock.zone is not None else aim.today
    series_of = (every(base, days=1),) if day is None else day.series
    wanted: list[tuple[Hand, datetime]] = []
    unwanted: list[tuple[Hand, datetime]] = []
    for series in series_of:
        for hand in clock.hands:
            tried = list(_instants(series, hand, clock, aim, from_number=-1 if day is None else 0))
            fitting = next((moment for moment in tried if aim.fits(moment)), None)
            if fitting is not None:
                wanted.append((hand, fitting))
            elif tried:
                unwanted.append((hand, tried[0]))
    return wanted, unwanted


def _instants(series: Series, hand: Hand, clock: Clock, aim: Aim, *, from_number: int) -> Iterator[datetime]:
    numbers: Sequence[int] = aim.numbers()
    if from_number < 0 and aim.frame.toward is Toward.FUTURE:
        numbers = range(-1, FARTHEST)
    elif from_number < 0 and aim.frame.toward is Toward.PAST:
        numbers = range(1, -FARTHEST, -1)
    for number in numbers:
        day = series(number)
        moment = None if day is None else aim.at(day, hand, clock)
        if moment is not None:
            yield moment


def simple(parts: Parts, *, aim: Aim) -> Options:
    """What a day, a time and a part of the day are together."""
    clock = hands_of(parts, aim=aim)
    if clock is not None:
        found = moments(parts.day, clock, aim=aim)
        if parts.day is None and clock.zone is None:
            wanted, unwanted = (tuple(TimeOfDay(time=hand.time, at=at) for hand, at in each) for each in found)
            return Options(_soonest(wanted, aim), unwanted)
        told, over = (tuple(Moment(at=at) for _, at in each) for each in found)
        return Options(_soonest(told, aim), over)
    if parts.part is not None:
        return _parts_of_days(parts.day, parts.part, aim)
    if parts.day is not None:
        wanted_days, over_days = days(parts.day, aim=aim)
        return Options(tuple(Day(date=day) for day in wanted_days), tuple(Day(date=day) for day in over_days))
    return Options()


def _soonest(found: tuple[Moment, ...] | tuple[TimeOfDay, ...], aim: Aim) -> tuple[Value, ...]:
    if aim.frame.lean is not Lean.SOONEST or len(found) < 2:
        return tuple(found)
    values: tuple[Moment | TimeOfDay, ...] = found
    return (min(values, key=lambda value: value.at.timestamp()),)


def part_interval(day: date, part: DayPart, *, aim: Aim) -> Interval | None:
    """A part of a day."""
    first, begin, last, end = ends_of(day, part)
    start, finish = aim.at(first, Hand(begin)), aim.at(last, Hand(end))
    return None if start is None or finish is None else Interval(start=start, end=finish, part=part)


def _parts_of_days(pick: DayPick | None, part: DayPart, aim: Aim) -> Options:
    wanted: list[Value] = []
    unwanted: list[Value] = []
    for series in (every(aim.today, days=1),) if pick is None else pick.series:
        tried = [
            found
            for number in aim.numbers()
            if (day := series(number)) is not None and (found := part_interval(day, part, aim=aim)) is not None
        ]
        fitting = next((each for each in tried if _fits_interval(each, aim, is_whole=pick is None)), None)
        if fitting is not None:
            wanted.append(fitting)
        elif tried:
            unwanted.append(tried[0])
    return Options(tuple(wanted), tuple(unwanted))


def _fits_interval(interval: Interval, aim: Aim, *, is_whole: bool) -> bool:
    """Whether it is to come or over; one that has begun counts as both, unless the whole of it is wanted."""
    match aim.frame.toward:
        case Toward.FUTURE:
            return aim.fits(interval.start if is_whole else interval.end)
        case Toward.PAST:
            return aim.fits(interval.start)
        case Toward.AS_READ:
            return True
