"""Times as people say them: reads them from words, finds them in sentences, tells them. Pure: `now` and the zone are given.

The values are in domain/times.py. What a caller may use is named here; the other files are this one's own.
"""

from earwitness.understand.times.choosing import choose
from earwitness.understand.times.finding import find, read
from earwitness.understand.times.instants import as_rule, moved, next_after
from earwitness.understand.times.recurring import timed
from earwitness.understand.times.wording import words_of

__all__ = ["as_rule", "choose", "find", "moved", "next_after", "read", "timed", "words_of"]
