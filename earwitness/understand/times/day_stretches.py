"""Stretches of a day that have a name but no clock: "at lunch", "after work", "mid-morning". Which words, and from when to when.

Lunch and what comes after it, after work and after school are as Duckling (BSD, Facebook's reader of times) has them; the middle
of the morning and of the afternoon are the two hours around their middles, as people who meet "mid-morning" take them.
"""

from collections.abc import Iterator
from datetime import time

from earwitness.understand.times.clock import Clock, Hand
from earwitness.understand.times.tokens import Words

_STRETCHES = {
    "lunchtime": (12, 14),
    "lunch time": (12, 14),
    "after lunch": (13, 17),
    "after work": (17, 21),
    "after school": (15, 21),
    "mid morning": (9, 11),
    "mid - morning": (9, 11),
    "midmorning": (9, 11),
    "mid afternoon": (14, 16),
    "mid - afternoon": (14, 16),
    "midafternoon": (14, 16),
}
_BEFORE_LUNCH = frozenset(("at", "over", "during", "around"))
"""Words after which the meal is a time; "add lunch" is none."""
FIRST_WORDS = frozenset(("lunchtime", "lunch", "after", "over", "during", "mid", "midmorning", "midafternoon"))


def day_stretches_at(words: Words, index: int) -> Iterator[tuple[Clock, Clock, int]]:
    """The stretch that is named at `index`: from, up to, and where the words end."""
    begin = index + (words[index] in ("over", "during", "this"))
    found = [(hours, end) for phrase, hours in _STRETCHES.items() if (end := words.are(begin, phrase))]
    if words[begin] == "lunch" and words[begin - 1] in _BEFORE_LUNCH and words[begin + 1] != "time":
        found.append(((12, 14), begin + 1))
    for (first, last), end in found:
        yield _clock(first), _clock(last), end


def _clock(hour: int) -> Clock:
    return Clock(hands=(Hand(time(hour)),), said=f"{hour}:00")
