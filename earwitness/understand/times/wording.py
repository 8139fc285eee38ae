"""How moments, days, lengths and what recurs are told to people, so that the same words read back to the same value."""

from datetime import date, datetime, time, timedelta

from earwitness.domain.times import (
    Day,
    DayPart,
    Duration,
    Frame,
    Interval,
    Moment,
    Recurrence,
    TimeOfDay,
    Toward,
    Value,
)
from earwitness.understand.times.instants import first_of, is_elapsed
from earwitness.understand.times.patterns import IF_THERE_IS

_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_UNIT = {
    "DAILY": "day",
    "WEEKLY": "week",
    "MONTHLY": "month",
    "YEARLY": "year",
    "HOURLY": "hour",
    "MINUTELY": "minute",
}


def words_of(value: Value, *, frame: Frame) -> str:
    """How it is told to people at `frame.now`: "tomorrow at 6:30 PM", "every weekday at 6:30 AM"."""
    match value:
        case Moment():
            return _moment(value.at, frame)
        case TimeOfDay():
            return clock_words(value.time)
        case Day():
            return day_words(value.date, frame)
        case Duration():
            return duration_words(value)
        case Interval():
            return _interval(value, frame)
        case Recurrence():
            return _recurrence(value, frame)


def clock_words(at: time) -> str:
    """ "6:30 PM", "7 AM", "noon", "midnight"; with seconds where there are some."""
    if (at.minute, at.second) == (0, 0) and at.hour in (0, 12):
        return "noon" if at.hour else "midnight"
    half = "AM" if at.hour < 12 else "PM"
    seconds = f":{at.second:02}" if at.second else ""
    minutes = f":{at.minute:02}" if at.minute or seconds else ""
    return f"{at.hour % 12 or 12}{minutes}{seconds} {half}"


def day_words(day: date, frame: Frame) -> str:
    """ "today", "tomorrow", "Friday", "Friday, December 11", with the year when it is not the coming one."""
    today = frame.now.astimezone(frame.zone).date()
    days = (day - today).days
    if days in (-1, 0):
        return "today" if days == 0 else "yesterday"
    if days == 1:
        return "tomorrow"
    if 1 < days < 7 and frame.toward is not Toward.PAST:
        return _NAMES[day.weekday()]
    if -7 < days < 0 and frame.toward is Toward.PAST:
        return _NAMES[day.weekday()]
    plain = f"{_NAMES[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"
    is_near = 0 < days < 330 if frame.toward is Toward.FUTURE else -330 < days < 0
    is_near = day.year == today.year if frame.toward is Toward.AS_READ else is_near
    return plain if is_near and (day.month, day.day) != (2, 29) else f"{plain}, {day.year}"


def duration_words(length: Duration) -> str:
    """ "1 hour, 15 minutes and 30 seconds", "2 weeks", "18 months"."""
    weeks, days = divmod(length.days, 7) if length.days % 7 == 0 else (0, length.days)
    years, months = divmod(length.months, 12) if length.months % 12 == 0 else (0, length.months)
    counts = (
        (years, "year"),
        (months, "month"),
        (weeks, "week"),
        (days, "day"),
        (length.seconds // 3600, "hour"),
        (length.seconds // 60 % 60, "minute"),
        (length.seconds % 60, "second"),
    )
    return listed([f"{count} {unit}{'s' * (count != 1)}" for count, unit in counts if count]) or "0 seconds"


def listed(words: list[str], *, last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _moment(at: datetime, frame: Frame) -> str:
    local = at.astimezone(frame.zone)
    if local.second or local.microsecond:
        seconds = round((local - frame.now.astimezone(frame.zone)).total_seconds())
        told = duration_words(Duration(seconds=abs(seconds)))
        if abs(seconds) < 6 * 3600:
            return f"in {told}" if seconds >= 0 else f"{told} ago"
    return f"{_on(local.date(), frame)} at {_hour(local.time())}"


def _hour(at: time) -> str:
    """Midnight by its number: "Friday at midnight" might be either of two."""
    return "12 AM" if at == time(0) else clock_words(at)


def _on(day: date, frame: Frame) -> str:
    words = day_words(day, frame)
    return words if words in ("today", "tomorrow", "yesterday") else f"on {words}"


def _interval(value: Interval, frame: Frame) -> str:
    start, end = value.start.astimezone(frame.zone), value.end.astimezone(frame.zone)
    if value.part is not None:
        return _part_of_day(start.date(), value.part, frame)
    if value.is_whole_days:
        last = end.date() - timedelta(days=1)
        first = day_words(start.date(), frame)
        return first if last == start.date() else f"from {first} to {day_words(last, frame)}"
    if start == frame.now and frame.toward is not Toward.PAST:
        return f"until {day_words(end.date(), frame)} at {_hour(end.time())}"
    is_one_day = start.date() == end.date()
    is_one_night = end.date() == start.date() + timedelta(days=1) and end.time() < start.time()
    if is_one_day or is_one_night:
        return f"{_on(start.date(), frame)} from {_hour(start.time())} to {_hour(end.time())}"
    days = (day_words(start.date(), frame), day_words(end.date(), frame))
    return f"from {days[0]} at {_hour(start.time())} to {days[1]} at {_hour(end.time())}"


def _part_of_day(day: date, part: DayPart, frame: Frame) -> str:
    """ "tonight", "this morning", "tomorrow evening", "on Monday, June 3 in the morning"."""
    days = (day - frame.now.astimezone(frame.zone).date()).days
    if days == 0:
        return "tonight" if part is DayPart.NIGHT else f"this {part}"
    if days == -1 and part is DayPart.NIGHT:
        return "last night"
    told = day_words(day, frame)
    return f"{told} {part}" if told[-1].isalpha() else f"on {told} {part_phrase(part)}"


def part_phrase(part: DayPart) -> str:
    return "at night" if part is DayPart.NIGHT else f"in the {part}"


def _recurrence(value: Recurrence, frame: Frame) -> str:
    rule = dict(part.split("=") for part in value.rule.split(";"))
    start = value.start.astimezone(frame.zone)
    words = _every(rule, value)
    if value.has_time and not is_elapsed(value.rule):
        words = f"{words} {_times(value, start, rule)}"
    elif value.part is not None and words != f"every {value.part}":
        words = f"{words} {part_phrase(value.part)}"
    words += _starting(value, start, frame)
    if "COUNT" in rule:
        words += f", {rule['COUNT']} times"
    if "UNTIL" in rule:
        end = datetime.strptime(rule["UNTIL"], "%Y%m%dT%H%M%S%z").astimezone(frame.zone)
        words += f" until {day_words(end.date(), frame)}"
        if (end.hour, end.minute, end.second) != (23, 59, 59):
            words += f" at {_hour(end.time())}"
    return words


def _times(value: Recurrence, start: datetime, rule: dict[str, str]) -> str:
    """ "at 7 AM", "at 8 AM and 8 PM", "from 9 AM to 5 PM"."""
    if value.lasts is not None:
        minutes = start.hour * 60 + start.minute + value.lasts.seconds // 60
        return f"from {clock_words(start.time())} to {clock_words(time(minutes // 60 % 24, minutes % 60))}"
    hours = [int(hour) for hour in rule["BYHOUR"].split(",")] if "BYHOUR" in rule else [start.hour]
    return f"at {listed([clock_words(start.time().replace(hour=hour)) for hour in hours])}"


def _starting(value: Recurrence, start: datetime, frame: Frame) -> str:
    """ "starting …" where it does not start when everybody would expect it."""
    now = frame.now.astimezone(frame.zone)
    if is_elapsed(value.rule):
        rule = dict(part.split("=") for part in value.rule.split(";"))
        step = int(rule.get("INTERVAL", "1")) * {"HOURLY": 3600, "MINUTELY": 60}[rule["FREQ"]]
        is_usual = abs((start - now).total_seconds() - step) <= 1
        return "" if is_usual else f" starting {_on(start.date(), frame)} at {_hour(start.time())}"
    if "BYHOUR" in value.rule:
        return ""
    at = start.time() if value.has_time else time(0)
    after = now if value.has_time else None
    usual = first_of(value.rule, day=now.date(), at=at, zone=frame.zone, after=after)
    return "" if usual == start else f" starting {_on(start.date(), frame)}"


def _every(rule: dict[str, str], value: Recurrence) -> str:
    frequency, step = rule["FREQ"], int(rule.get("INTERVAL", "1"))
    days = rule.get("BYDAY", "")
    if frequency == "WEEKLY" and days:
        return _weekly(days, step, value)
    if frequency == "MONTHLY":
        return _monthly(rule, step)
    if frequency == "YEARLY" and "BYMONTH" in rule:
        return f"{_step('year', step)} on {_year_day(rule)}"
    if frequency == "DAILY" and step == 1 and value.part is not None and not value.has_time:
        return f"every {value.part}"
    if frequency == "MINUTELY" and step == 30:
        return "every half hour"
    return _step(_UNIT[frequency], step)


def _step(unit: str, step: int) -> str:
    return (
        f"every {unit}"
        if step == 1
        else f"every other {unit}"
        if step == 2 and unit in ("day", "week", "month", "year")
        else f"every {step} {unit}s"
    )


def _weekly(days: str, step: int, value: Recurrence) -> str:
    named = {"MO,TU,WE,TH,FR": "weekday", "SA,SU": "weekend"}.get(days)
    codes = days.split(",")
    if named is None and len(codes) == 6 and step == 1:
        missing = next(code for code in _CODES if code not in codes)
        return f"every day except {_NAMES[_CODES.index(missing)]}"
    names = listed([_NAMES[_CODES.index(code)] for code in codes])
    if step == 1 or (step == 2 and named is None and len(codes) == 1) or (step == 2 and named == "weekend"):
        return f"every {'other ' * (step == 2)}{named or names}"
    if named == "weekend":
        names = "Saturday and Sunday"
    return f"every {'other week' if step == 2 else f'{step} weeks'} on {names}"


def _monthly(rule: dict[str, str], step: int) -> str:
    month = "every month" if step == 1 else _step("month", step)
    if days := rule.get("BYDAY"):
        told = [f"{_NTH[int(code[:-2])]} {_NAMES[_CODES.index(code[-2:])]}" for code in days.split(",")]
        if len({code[-2:] for code in days.split(",")}) == 1 and len(told) > 1:
            told = [each.split()[0] for each in told[:-1]] + told[-1:]
        name = listed(told)
    elif rule.get("BYMONTHDAY") == "-1":
        name = "last day"
    else:
        name = listed([nth(int(day)) for day in rule.get("BYMONTHDAY", "1").split(",")])
    rare = f" {IF_THERE_IS}" if rule.get("BYMONTHDAY") in ("29", "30", "31") else ""
    return f"on the {name} of every month{rare}" if step == 1 else f"{month} on the {name}{rare}"


def _year_day(rule: dict[str, str]) -> str:
    month = _MONTHS[int(rule["BYMONTH"]) - 1]
    if days := rule.get("BYDAY"):
        return f"the {_NTH[int(days[:-2])]} {_NAMES[_CODES.index(days[-2:])]} of {month}"
    return f"{month} {rule.get('BYMONTHDAY', '1')}"


def nth(number: int) -> str:
    """ "1st", "22nd", "13th"."""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
