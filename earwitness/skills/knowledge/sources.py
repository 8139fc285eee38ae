"""In which order the subjects are asked: first what is worked out at once, then what has to be read from a file first."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from earwitness.skills.knowledge.asked import Told
from earwitness.skills.knowledge.dates import tell_date
from earwitness.skills.knowledge.elements import tell_element
from earwitness.skills.knowledge.geography import tell_place
from earwitness.skills.knowledge.money import exchange
from earwitness.skills.knowledge.places import are_read
from earwitness.skills.knowledge.sums import work_out
from earwitness.skills.knowledge.units import convert
from earwitness.skills.knowledge.zones import tell_time_elsewhere


def at_once(question: str, *, now: datetime) -> Told:
    """What is known within a few milliseconds; None for what has to be looked up."""
    told = _first((lambda: work_out(question), lambda: tell_date(question, now=now), lambda: convert(question)))
    if told is None and are_read():
        told = _of_places(question, now=now)
    return told


def looked_up(question: str, *, now: datetime, rates_file: Path | None) -> Told:
    """What the files that ship with the house say; None for what they do not. Blocks, the first time for a second."""
    return _first(
        (
            lambda: exchange(question, rates_file=rates_file),
            lambda: tell_element(question),
            lambda: _of_places(question, now=now),
        )
    )


def _of_places(question: str, *, now: datetime) -> Told:
    return _first((lambda: tell_time_elsewhere(question, now=now), lambda: tell_place(question)))


def _first(subjects: tuple[Callable[[], Told], ...]) -> Told:
    return next((told for told in (ask() for ask in subjects) if told is not None), None)
