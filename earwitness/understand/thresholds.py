"""From how sure on a guess is taken for what was asked: of speech, and of words that were typed. Pure.

Speech may be misheard, or be said to somebody else: long sentences, small talk, single words and what breaks off are taken
from higher confidences on. Whoever types means the assistant, and has sent all of it. Both were chosen on sentences that neither
teach nor measure (`calibrates` in improve/understanding/public.py), those of speech also on recordings of what is no request;
`make bench-understanding` prints what both come to.
"""

from dataclasses import dataclass
from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.understand.completeness import is_dangling
from earwitness.understand.learned.risk import GUESSED
from earwitness.understand.learned.understander import Guess

MANY_WORDS: Final = 13
FEWEST_WORDS: Final = 2
"""A single word that no sentence has is no request, except for the few that are certain."""
SMALL_TALK: Final = frozenset(("HassNevermind", "HassRespond", "Stop"))
EVENT: Final = "AddEvent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Calibrated confidences, from 0 to 1."""

    sure: float
    """From which a guess is taken."""
    of_harm: float
    """From which it is even asked about, where a mistake does harm."""
    clearer_than_a_question: float
    """From which a question that would be looked up is taken for a request."""
    of_another: float
    """From which another meaning is preferred to a sentence that takes any words."""
    in_place_of_an_answer: float
    """From which words that answer nothing that was asked are taken for a new request."""
    of_a_broken_off: float
    """From which words that end in the middle ("set an alarm for") are taken for what they begin; the wait stays the longer
    one."""
    of_many_words: float
    """From which more words than `MANY_WORDS` are taken for a request: most that is said so long is said to somebody else."""
    of_small_talk: float
    """From which thanks, greetings and giving up are taken: people say such words to each other, too."""
    of_small_talk_in_a_word: float
    of_an_event: float
    """From which something is put into the calendar: whatever somebody wants can look like an event."""
    of_a_word: float

    def wanted(self, guess: Guess, *, plain: str, is_a_question: bool, context: Context) -> float:
        """What a guess of `plain` has to reach; `is_a_question` says that it would be looked up otherwise."""
        words = plain.count(" ") + 1
        wanted = [self.clearer_than_a_question if is_a_question else self.sure]
        if context.pending is not None:
            wanted.append(self.in_place_of_an_answer)
        if guess.intent is not None:
            wanted += self._of_intent(guess.intent, is_word=words < FEWEST_WORDS)
        if is_dangling(plain):
            wanted.append(self.of_a_broken_off)
        if words < FEWEST_WORDS:
            wanted.append(self.of_a_word)
        if words > MANY_WORDS:
            wanted.append(self.of_many_words)
        return max(wanted)

    def _of_intent(self, intent: Intent, *, is_word: bool) -> list[float]:
        wanted = []
        if GUESSED in intent.slots:
            wanted.append(self.of_harm)
        if intent.name in SMALL_TALK:
            wanted.append(self.of_small_talk_in_a_word if is_word else self.of_small_talk)
        if intent.name == EVENT:
            wanted.append(self.of_an_event)
        return wanted


SPOKEN: Final = Thresholds(
    sure=0.25,
    of_harm=0.35,
    clearer_than_a_question=0.3,
    of_another=0.93,
    in_place_of_an_answer=0.8,
    of_a_broken_off=0.7,
    of_many_words=0.7,
    of_small_talk=0.6,
    of_small_talk_in_a_word=0.93,
    of_an_event=0.65,
    of_a_word=0.4,
)
TYPED: Final = Thresholds(
    sure=0.2,
    of_harm=0.3,
    clearer_than_a_question=0.3,
    of_another=0.8,
    in_place_of_an_answer=0.8,
    of_a_broken_off=0.25,
    of_many_words=0.25,
    of_small_talk=0.3,
    of_small_talk_in_a_word=0.5,
    of_an_event=0.4,
    of_a_word=0.3,
)


def thresholds_in(context: Context) -> Thresholds:
    """Those that hold for what was said, or typed, in `context`."""
    return TYPED if context.is_typed else SPOKEN
