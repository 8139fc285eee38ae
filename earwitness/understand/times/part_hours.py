"""When the parts of a day are, and the intervals that they and longer stretches make."""

from datetime import date, time, timedelta

from earwitness.domain.times import DayPart

HOURS = {
    DayPart.MORNING: (time(6), time(12), 0),
    DayPart.AFTERNOON: (time(12), time(18), 0),
    DayPart.EVENING: (time(18), time(22), 0),
    DayPart.NIGHT: (time(18), time(4), 1),
}
"""From, up to, and on how many days later."""


def ends_of(day: date, part: DayPart) -> tuple[date, time, date, time]:
    """The day and time that a part of a day begins at, and those that it ends at."""
    begin, end, days = HOURS[part]
    return day, begin, day + timedelta(days=days), end


def part_of(at: time) -> DayPart:
    """The part of the day that a time is said to be in."""
    if at.hour < 4 or at.hour >= 21:
        return DayPart.NIGHT
    if at.hour < 12:
        return DayPart.MORNING
    return DayPart.AFTERNOON if at.hour < 18 else DayPart.EVENING
