"""What holds of every text, every moment and everything that recurs."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bench.time_sets import phrases
from earwitness.domain.times import (
    Ambiguous,
    Day,
    DayPart,
    Duration,
    Frame,
    Interval,
    Moment,
    Passed,
    Reading,
    Recurrence,
    TimeOfDay,
    Toward,
    Value,
)
from earwitness.understand.times import choose, find, next_after, read, words_of

ZONES = [ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")]
VOCABULARY = sorted({word for row in phrases() for word in row.text.lower().split()})
WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

zones = st.sampled_from(ZONES)
nows = st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2045, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
frames = st.builds(Frame, now=nows, zone=zones, toward=st.sampled_from(Toward), is_day_first=st.sampled_from((None, True, False)))
ahead = st.builds(Frame, now=nows, zone=zones)
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join))
minutes = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def now_in(frame: Frame) -> datetime:
    return frame.now.astimezone(frame.zone)


def moments_of(value: Value) -> list[datetime]:
    match value:
        case Moment() | TimeOfDay():
            return [value.at]
        case Interval():
            return [value.start, value.end]
        case Recurrence():
            return [value.start]
    return []


def holds(value: Value, frame: Frame) -> bool:
    """Whether a value is on the wanted side of now."""
    now = frame.now.astimezone(UTC)
    if frame.toward is Toward.PAST:
        match value:
            case Moment() | TimeOfDay():
                return value.at.astimezone(UTC) <= now
            case Day():
                return value.date <= now_in(frame).date()
        return True
    if frame.toward is not Toward.FUTURE:
        return True
    match value:
        case Moment() | TimeOfDay():
            return value.at.astimezone(UTC) > now
        case Day():
            return value.date >= now_in(frame).date()
        case Interval():
            return value.end.astimezone(UTC) >= now
        case Recurrence():
            return not value.has_time or value.start.astimezone(UTC) > now
    return True


def check(reading: Reading | None, frame: Frame) -> None:
    match reading:
        case None:
            return
        case Ambiguous():
            assert len(set(reading.candidates)) == len(reading.candidates) > 1
            assert reading.question
            values: tuple[Value, ...] = reading.candidates
            assert all(holds(value, frame) for value in values), values
        case Passed():
            values = (reading.value,)
        case _:
            values = (reading,)
            assert holds(reading, frame), reading
    for value in values:
        assert words_of(value, frame=frame)
        for moment in moments_of(value):
            assert moment.tzinfo is frame.zone
            assert moment.astimezone(UTC).astimezone(frame.zone).replace(tzinfo=None) == moment.replace(tzinfo=None)


@settings(max_examples=120, deadline=None)
@given(text=texts, frame=frames)
def test_any_text_is_read_or_not(text: str, frame: Frame) -> None:
    check(read(text, frame=frame), frame)
    found = find(text, frame=frame)
    if found is not None:
        check(found.reading, frame)
        assert found.spans
        assert all(0 <= start < end <= len(text) for start, end in found.spans)
        assert len(found.rest) <= len(text)


@settings(max_examples=60, deadline=None)
@given(row=st.sampled_from(phrases()), frame=frames, answer=texts)
def test_what_people_say_at_any_time(row: object, frame: Frame, answer: str) -> None:
    text = getattr(row, "text", "")
    reading = read(text, frame=frame)
    check(reading, frame)
    found = find(text, frame=frame)
    check(found.reading if found is not None else None, frame)
    if isinstance(reading, Ambiguous):
        assert choose(answer, among=reading, frame=frame) in (None, *reading.candidates)


@settings(max_examples=60, deadline=None)
@given(frame=ahead, after=st.integers(min_value=1, max_value=500 * 24 * 60))
def test_a_moment_told_is_read_back(frame: Frame, after: int) -> None:
    at = (frame.now.replace(second=0, microsecond=0) + timedelta(minutes=after)).astimezone(frame.zone)
    assume(at.fold == 0 and now_in(frame).hour > 3)
    moment = Moment(at=at)
    assert read(words_of(moment, frame=frame), frame=frame) == moment


@settings(max_examples=40, deadline=None)
@given(frame=ahead, days=st.integers(min_value=0, max_value=1500))
def test_a_day_told_is_read_back(frame: Frame, days: int) -> None:
    assume(now_in(frame).hour > 3)
    day = Day(date=now_in(frame).date() + timedelta(days=days))
    assert read(words_of(day, frame=frame), frame=frame) == day


@settings(max_examples=40, deadline=None)
@given(frame=ahead, at=minutes)
def test_a_time_told_is_read_back(frame: Frame, at: time) -> None:
    reading = read(words_of(TimeOfDay(time=at, at=frame.now), frame=frame), frame=frame)
    assert isinstance(reading, TimeOfDay)
    assert reading.time == at


@settings(max_examples=40, deadline=None)
@given(
    frame=ahead,
    months=st.integers(min_value=0, max_value=60),
    days=st.integers(min_value=0, max_value=60),
    seconds=st.integers(min_value=0, max_value=86_399),
)
def test_a_length_told_is_read_back(frame: Frame, months: int, days: int, seconds: int) -> None:
    length = Duration(months=months, days=days, seconds=seconds)
    assume(length != Duration())
    assert read(words_of(length, frame=frame), frame=frame) == length


@settings(max_examples=40, deadline=None)
@given(
    frame=ahead,
    days=st.integers(min_value=1, max_value=300),
    part=st.sampled_from(DayPart),
    lasts=st.integers(min_value=1, max_value=30),
)
def test_days_and_their_parts_told_are_read_back(frame: Frame, days: int, part: DayPart, lasts: int) -> None:
    assume(now_in(frame).hour > 3)
    day = now_in(frame).date() + timedelta(days=days)
    for text in (f"from {day:%B} {day.day} {day.year} for {lasts + 1} days", f"{day:%B} {day.day} {day.year} {part}"):
        interval = read(text, frame=frame)
        assert isinstance(interval, Interval), text
        assert read(words_of(interval, frame=frame), frame=frame) == interval, words_of(interval, frame=frame)


@settings(max_examples=40, deadline=None)
@given(frame=ahead, days=st.integers(min_value=1, max_value=300), at=minutes, lasts=st.integers(min_value=1, max_value=23 * 60))
def test_an_interval_told_is_read_back(frame: Frame, days: int, at: time, lasts: int) -> None:
    assume(now_in(frame).hour > 3)
    start = datetime.combine(now_in(frame).date() + timedelta(days=days), at, tzinfo=frame.zone)
    end = start + timedelta(minutes=lasts)
    for moment in (start, end):
        assume(moment.astimezone(UTC).astimezone(frame.zone).replace(tzinfo=None) == moment.replace(tzinfo=None))
    assume(start.utcoffset() == end.utcoffset())
    interval = Interval(start=start, end=end)
    assert read(words_of(interval, frame=frame), frame=frame) == interval, words_of(interval, frame=frame)


def _rule_texts() -> st.SearchStrategy[str]:
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    weekdays = st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True).map(" and ".join)
    step = st.integers(min_value=2, max_value=20)
    return st.one_of(
        st.sampled_from(("every day", "every weekday", "every weekend", "every week", "every other month", "every fortnight")),
        weekdays.map(lambda days: f"every {days}"),
        st.builds(lambda count, days: f"every {count} weeks on {days}", step, weekdays),
        st.builds(lambda count, unit: f"every {count} {unit}", step, st.sampled_from(("days", "weeks", "months", "years"))),
        st.builds(lambda day: f"on the {day}th of every month", st.integers(min_value=4, max_value=20)),
        st.sampled_from(("on the last day of every month", "on the last Friday of every month", "every month on the 1st")),
        st.builds(
            lambda nth, day: f"the {nth} {day} of every month",
            st.sampled_from(("first", "second", "third", "fourth", "last")),
            st.sampled_from(names),
        ),
        st.dates(min_value=date(2024, 1, 1), max_value=date(2024, 12, 31)).map(lambda day: f"every year on {day:%B} {day.day}"),
    )


@settings(max_examples=60, deadline=None)
@given(
    frame=ahead,
    rule=_rule_texts(),
    at=minutes,
    has_time=st.booleans(),
    tail=st.sampled_from(("", " until Christmas", " starting tomorrow")),
)
def test_what_recurs_told_is_read_back(frame: Frame, rule: str, at: time, has_time: bool, tail: str) -> None:
    assume(now_in(frame).hour > 3)
    hour = f" at {at.hour % 12 or 12}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}" if has_time else ""
    reading = read(f"{rule}{hour}{tail}", frame=frame)
    assume(reading is not None)
    assert isinstance(reading, Recurrence), (rule, reading)
    told = words_of(reading, frame=frame)
    assert read(told, frame=frame) == reading, told


@settings(max_examples=40, deadline=None)
@given(frame=ahead, rule=_rule_texts(), at=minutes, later=st.integers(min_value=0, max_value=3000))
def test_occurrences_go_on_in_order(frame: Frame, rule: str, at: time, later: int) -> None:
    reading = read(f"{rule} at {at:%H:%M}", frame=frame)
    assume(isinstance(reading, Recurrence))
    assert isinstance(reading, Recurrence)
    assert next_after(reading, after=frame.now) == reading.start
    place = frame.now + timedelta(days=later)
    first = next_after(reading, after=place)
    assert first is not None
    assert first.astimezone(UTC) > place
    second = next_after(reading, after=first)
    assert second is not None
    assert second.astimezone(UTC) > first.astimezone(UTC)
    assert next_after(reading, after=second - timedelta(seconds=1)) == second
