"""Times at the edges: daylight saving, after midnight, leaning, answers to questions, what is told to people."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bench.time_sets import NOW, ZONE, told
from earwitness.domain.times import Ambiguous, Duration, Frame, Lean, Moment, Reading, Recurrence, Toward
from earwitness.understand.times import as_rule, choose, find, moved, next_after, read, timed, words_of

FRAME = Frame(now=NOW, zone=ZONE)


def at(*moment: int, zone: ZoneInfo = ZONE, lean: Lean = Lean.ASK, toward: Toward = Toward.FUTURE) -> Frame:
    return Frame(now=datetime(*moment, tzinfo=zone), zone=zone, lean=lean, toward=toward)  # type: ignore[misc, arg-type]


def moment(reading: Reading | None) -> datetime:
    assert isinstance(reading, Moment), reading
    return reading.at


def recurrence(text: str, frame: Frame = FRAME) -> Recurrence:
    reading = read(text, frame=frame)
    assert isinstance(reading, Recurrence), reading
    return reading


def ambiguous(text: str) -> Ambiguous:
    reading = read(text, frame=FRAME)
    assert isinstance(reading, Ambiguous), reading
    return reading


def test_a_time_that_the_clocks_skip_is_the_first_moment_after_the_gap() -> None:
    assert moment(read("tomorrow at 1:30 am", frame=at(2030, 3, 30, 12))) == datetime(2030, 3, 31, 2, 0, tzinfo=ZONE)


def test_a_time_shown_twice_is_the_first_and_then_the_second() -> None:
    first = moment(read("tomorrow at 1:30 am", frame=at(2030, 10, 26, 12)))
    assert first.astimezone(UTC) == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    between = Frame(now=datetime(2030, 10, 27, 0, 45, tzinfo=UTC), zone=ZONE)
    second = moment(read("today at 1:30 am", frame=between))
    assert second.astimezone(UTC) == datetime(2030, 10, 27, 1, 30, tzinfo=UTC)
    assert second.fold == 1


def test_lengths_run_on_elapsed_time_and_days_on_the_calendar() -> None:
    frame = at(2030, 3, 30, 12)
    assert moment(read("in twenty four hours", frame=frame)) == datetime(2030, 3, 31, 13, tzinfo=ZONE)
    assert moment(read("in one day at noon", frame=frame)) == datetime(2030, 3, 31, 12, tzinfo=ZONE)


def test_what_recurs_keeps_its_hour_on_the_wall() -> None:
    daily = recurrence("every day at 7 am", at(2030, 3, 29, 12))
    days = [next_after(daily, after=datetime(2030, 3, day, 12, tzinfo=ZONE)) for day in (29, 30)]
    assert days == [datetime(2030, 3, 30, 7, tzinfo=ZONE), datetime(2030, 3, 31, 7, tzinfo=ZONE)]
    hourly = recurrence("every hour", at(2030, 3, 31, 0, 30))
    assert next_after(hourly, after=datetime(2030, 3, 31, 0, 45, tzinfo=UTC)) == datetime(2030, 3, 31, 1, 30, tzinfo=UTC)


def test_what_recurs_does_not_begin_at_a_time_that_is_skipped() -> None:
    daily = recurrence("every day at 1:30 am", at(2030, 3, 30, 12))
    assert daily.start == datetime(2030, 4, 1, 1, 30, tzinfo=ZONE)


def test_a_household_that_moves_keeps_its_hours() -> None:
    there = ZoneInfo("Asia/Tokyo")
    daily = moved(recurrence("every day at 7 am"), zone=there)
    assert daily.start == datetime(2030, 5, 16, 7, tzinfo=there)
    assert as_rule(daily).start == datetime(2030, 5, 16, 7)  # noqa: DTZ001


def test_an_end_ends() -> None:
    daily = recurrence("every day at noon until Friday")
    assert next_after(daily, after=datetime(2030, 5, 17, 9, tzinfo=ZONE)) == datetime(2030, 5, 17, 12, tzinfo=ZONE)
    assert next_after(daily, after=datetime(2030, 5, 17, 12, tzinfo=ZONE)) is None


def test_after_midnight_tomorrow_may_be_the_day_that_has_begun() -> None:
    reading = read("tomorrow at 8 am", frame=at(2030, 5, 15, 0, 30))
    assert told(reading) == "ask 2030-05-15 08:00 | 2030-05-16 08:00"
    assert told(read("tomorrow at 8 am", frame=at(2030, 5, 15, 4, 0))) == "2030-05-16 08:00"


@pytest.mark.parametrize(
    ("lean", "expected"),
    [
        (Lean.MORNING, "07:00, 2030-05-16"),
        (Lean.EVENING, "19:00, 2030-05-15"),
        (Lean.DAY, "07:00, 2030-05-16"),
        (Lean.SOONEST, "19:00, 2030-05-15"),
    ],
)
def test_who_calls_may_say_what_a_bare_hour_means(lean: Lean, expected: str) -> None:
    assert told(read("seven", frame=Frame(now=NOW, zone=ZONE, lean=lean))) == expected


def test_by_day_three_is_in_the_afternoon() -> None:
    frame = Frame(now=NOW, zone=ZONE, lean=Lean.DAY)
    assert told(read("tomorrow at three", frame=frame)) == "2030-05-16 15:00"
    assert told(read("every day at half past twelve", frame=frame)) == "FREQ=DAILY from 2030-05-15 12:30"


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("seven", "in the morning", "07:00, 2030-05-16"),
        ("seven", "the evening", "19:00, 2030-05-15"),
        ("seven", "PM", "19:00, 2030-05-15"),
        ("seven", "seven a.m.", "07:00, 2030-05-16"),
        ("seven", "tonight", "19:00, 2030-05-15"),
        ("twelve", "noon", "12:00, 2030-05-15"),
        ("twelve", "midnight", "00:00, 2030-05-16"),
        ("next Friday", "the first one", "2030-05-24"),
        ("next Friday", "this Friday", "2030-05-17"),
        ("next Friday", "the one next week", "none"),
        ("next Friday", "next week", "2030-05-24"),
        ("next Friday", "the seventeenth", "2030-05-17"),
        ("tomorrow at half past six", "evening", "2030-05-16 18:30"),
        ("the last Friday of the month", "every month", "FREQ=MONTHLY;BYDAY=-1FR from 2030-05-31"),
        ("the last Friday of the month", "only this time", "2030-05-31"),
        ("Saturday and Sunday at 9 am", "every week", "FREQ=WEEKLY;BYDAY=SA,SU from 2030-05-18 09:00"),
        ("Saturday and Sunday at 9 am", "just this week", "FREQ=WEEKLY;BYDAY=SA,SU;COUNT=2 from 2030-05-18 09:00"),
        ("Friday at midnight", "as it begins", "2030-05-17 00:00"),
        ("Friday at midnight", "when it ends", "2030-05-18 00:00"),
        ("every day at seven", "in the morning", "FREQ=DAILY from 2030-05-16 07:00"),
        ("in a few minutes", "five", "none"),
        ("in a few minutes", "in five minutes", "2030-05-15 10:25"),
        ("seven", "bananas", "none"),
        ("seven", "", "none"),
    ],
)
def test_answers(question: str, answer: str, expected: str) -> None:
    assert told(choose(answer, among=ambiguous(question), frame=FRAME)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tomorrow at half past six in the evening", "tomorrow at 6:30 PM"),
        ("tonight at eight", "today at 8 PM"),
        ("Friday at noon", "on Friday at noon"),
        ("the third of June at 5 pm", "on Monday, June 3 at 5 PM"),
        ("the third of June 2032 at 5 pm", "on Thursday, June 3, 2032 at 5 PM"),
        ("in thirty seconds", "in 30 seconds"),
        ("in an hour and a half", "today at 11:50 AM"),
        ("next Monday", "Monday"),
        ("in two weeks", "Wednesday, May 29"),
        ("7 am", "7 AM"),
        ("midnight", "midnight"),
        ("an hour and a half", "1 hour and 30 minutes"),
        ("a fortnight", "2 weeks"),
        ("a year and a half", "18 months"),
        ("this evening", "this evening"),
        ("tomorrow night", "tomorrow night"),
        ("from Monday to Wednesday", "from Monday to Wednesday, May 22"),
        ("tomorrow from two to four pm", "tomorrow from 2 PM to 4 PM"),
        ("until noon", "until today at noon"),
        ("every weekday at 6:30 am", "every weekday at 6:30 AM"),
        ("every other Tuesday", "every other Tuesday"),
        ("every two weeks on Monday and Friday at noon", "every other week on Monday and Friday at noon"),
        ("every 3 days at 9 pm", "every 3 days at 9 PM"),
        ("the last Friday of every month", "on the last Friday of every month"),
        ("every month on the fifth", "on the 5th of every month"),
        ("every third of June", "every year on June 3"),
        ("every morning", "every morning"),
        ("every Monday morning", "every Monday in the morning"),
        ("every twenty minutes", "every 20 minutes"),
        ("every day at 7 am starting on Monday", "every day at 7 AM starting on Monday"),
        ("every day at noon until Friday", "every day at noon until Friday"),
        ("every day except Sunday at 7 am", "every day except Sunday at 7 AM"),
        ("every weekday from 9 to 5 pm", "every weekday from 9 AM to 5 PM"),
        ("every day at 8 am and 8 pm", "every day at 8 AM and 8 PM"),
        ("every Monday at 11 pm for two hours", "every Monday from 11 PM to 1 AM"),
    ],
)
def test_words(text: str, words: str) -> None:
    reading = read(text, frame=FRAME)
    assert reading is not None
    assert not isinstance(reading, Ambiguous)
    assert words_of(reading, frame=FRAME) == words  # type: ignore[arg-type]
    assert read(words, frame=FRAME) == reading


def test_a_time_asked_for_later() -> None:
    morning = recurrence("every morning")
    assert told(timed(morning, at=time(7), frame=FRAME)) == "FREQ=DAILY from 2030-05-16 07:00"
    assert told(timed(morning, at=time(11), frame=FRAME)) == "FREQ=DAILY from 2030-05-15 11:00"


def test_spans_are_where_the_words_are() -> None:
    text = "Tomorrow, remind me to eat at noon, please."
    found = find(text, frame=FRAME)
    assert found is not None
    assert [text[start:end] for start, end in found.spans] == ["Tomorrow", "at noon"]
    assert found.rest == "remind me to eat, please."


def test_vague_lengths_are_asked_for() -> None:
    reading = ambiguous("a few days")
    assert reading.candidates == (Duration(days=3), Duration(days=5))
    assert reading.question == "How many days?"


def test_long_texts_are_no_times() -> None:
    assert read("seven " * 400, frame=FRAME) is None
    assert find("at seven am " * 400, frame=FRAME) is None


def test_days_counted_from_days_without_end_are_no_day() -> None:
    assert told(read("two weeks after the day after the day before Christmas", frame=FRAME)) == "2031-01-08"
    assert read("a day after " * 80 + "Christmas", frame=FRAME) is None
    find("1 day on " * 110, frame=FRAME)


def test_twice_a_day_goes_on_twice_a_day() -> None:
    pills = recurrence("every day at 8 am and 8 pm")
    later = next_after(pills, after=pills.start)
    assert later is not None
    assert later == datetime(2030, 5, 16, 8, tzinfo=ZONE)
    assert next_after(pills, after=later) == datetime(2030, 5, 16, 20, tzinfo=ZONE)
