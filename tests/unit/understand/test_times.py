"""Times as people say them, on the table beside this file and on pairs that the project did not write."""

from pathlib import Path

import pytest

from bench.time_sets import NOW, ZONE, Pair, Phrase, pairs, phrases, same, told
from earwitness.domain.times import Ambiguous, Frame
from earwitness.understand.times import find, read

RIGHT = 0.97
FRAME = Frame(now=NOW, zone=ZONE)


def heard(text: str, *, row: Phrase | Pair) -> tuple[str, str | None]:
    """What a row is told as, and the words left without it."""
    if not row.is_sentence:
        return told(read(text, frame=row.frame)), None
    found = find(text, frame=row.frame)
    return told(found.reading if found is not None else None), found.rest if found is not None else None


def test_the_table() -> None:
    failures: list[str] = []
    rows = phrases()
    for row in rows:
        got, rest = heard(row.text, row=row)
        if got != same(row.expected) or (row.rest is not None and rest != row.rest):
            failures.append(f"{row.group}: {row.text!r}: wanted {row.expected} ({row.rest}), got {got} ({rest})")
    print("\n".join(failures))
    assert 1 - len(failures) / len(rows) >= RIGHT, failures


def test_the_table_is_large_enough() -> None:
    rows = phrases()
    asked = [row for row in rows if row.expected.startswith("ask ")]
    without = [row for row in rows if row.group == "no time"]
    assert len(rows) >= 300
    assert len(asked) >= 40
    assert len(without) >= 30
    assert len({(row.group, row.text) for row in rows}) == len(rows)


@pytest.mark.data
def test_spoken_and_written_pairs(data_folder: Path) -> None:
    rows = pairs(data_folder)
    failures = [
        f"{row.text!r}: wanted {set(row.accepted)}, got {got}"
        for row in rows
        if (got := heard(row.text, row=row)[0]) not in row.accepted
    ]
    print("\n".join(failures))
    assert len(rows) >= 200
    assert 1 - len(failures) / len(rows) >= RIGHT, failures


def test_every_question_is_one() -> None:
    for row in phrases():
        reading = read(row.text, frame=row.frame)
        if isinstance(reading, Ambiguous):
            assert reading.question.endswith("?"), row.text
            assert len(reading.candidates) > 1, row.text


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("seven", "Seven in the morning or in the evening?"),
        ("tomorrow at half past six", "Half past six in the morning or in the evening?"),
        ("at two", "Two in the morning or in the afternoon?"),
        ("twelve", "Noon or midnight?"),
        ("every day at 6:30", "6:30 in the morning or in the evening?"),
        ("next Friday", "Friday, May 24 or this Friday, the 17th?"),
        ("Friday at midnight", "Midnight as Friday begins, or as it ends?"),
        ("the last Friday of the month", "Every month, or only this time?"),
        ("in a few minutes", "How many minutes?"),
        ("between two and four", "Today from 2 PM to 4 PM or tomorrow from 2 AM to 4 AM?"),
    ],
)
def test_questions(text: str, question: str) -> None:
    reading = read(text, frame=FRAME)
    assert isinstance(reading, Ambiguous)
    assert reading.question == question
