"""What a recogniser is told of this home: its sentences, by what understands them and by how they sound.

Owns the moment at which the graph of sentences is made: beside everything else, since a first one takes a second. While a
new one is made, recognition goes on with the one before.
"""

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from earwitness.build.likely_names import GAPS, Names
from earwitness.domain.home import Home
from earwitness.domain.intent import Context
from earwitness.domain.intent import Understanding as Understood
from earwitness.domain.skill import SkillManifest
from earwitness.domain.spoken_language import SpokenLanguage
from earwitness.speech.stt.pronouncing import pronunciation
from earwitness.speech.stt.retrieval import Retrieval, Sentence
from earwitness.understand.answers import YES_OR_NO
from earwitness.understand.grammar import QUESTION
from earwitness.understand.spoken_language import answer_language, home_language

FIRST_SECONDS = 10.0
"""How long the first recognition waits for the sentences to be known."""
MOST_VOICES = 8
"""For so many people the sentences are kept with the names that they say."""


class Understander(Protocol):
    """What understands this home's sentences (understand.living.LivingGrammar)."""

    def understand(self, text: str, *, context: Context) -> Understood: ...

    def knows(self, text: str) -> bool: ...

    def is_closed(self, text: str) -> bool: ...

    def is_exact(self, text: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidHere:
    """What requests depend on: the home's names, skills beside the house's own, phrases of routines with their ids."""

    home: Home
    others: Sequence[SkillManifest] = ()
    phrases: Mapping[str, str] = field(default_factory=dict)
    called: Sequence[str] = ()
    """What routines are called."""


def _language(said: SaidHere, likely: Names) -> SpokenLanguage:
    names = {**dict.fromkeys(GAPS, ()), **likely}
    return home_language(said.home, others=said.others, phrases=said.phrases, called=said.called, also=names)


def _no_names(person_id: str | None) -> Names:
    return {}


class HomeSentences:
    """The sentences of this home (speech.stt.cascade.Sentences). Thread-safe; makes nothing before somebody is heard.

    `likely` gives the names that are expected of somebody's voice where any words may be said; it may block on the disk. A name
    that it gives anew counts at the next recognition, which takes milliseconds longer for it.
    """

    def __init__(self, understander: Understander, said: SaidHere, *, likely: Callable[[str | None], Names] = _no_names) -> None:
        self._understander = understander
        self._said = said
        self._likely = likely
        self._requests: Retrieval | None = None
        self._learned = said
        """That of which the requests were made."""
        self._with_names: dict[str | None, tuple[Retrieval, Names, Retrieval]] = {}
        """Per person: of which sentences, with which names, and what was made of them."""
        self._answers: dict[str, Retrieval | None] = {}
        self._changing = threading.Condition()
        self._is_learning, self._is_begun = False, False

    def relearn(self, said: SaidHere) -> None:
        """Have the sentences made anew in a thread, if they are used; returns at once."""
        with self._changing:
            self._said = said
            if self._is_begun and not self._is_learning:
                self._is_learning = True
                threading.Thread(target=self._learn, name="sentences", daemon=True).start()

    def begin(self) -> None:
        """Have the sentences made in a thread, unless that has begun; the first recognition does it."""
        if not self._is_begun:
            self._is_begun = True
            self.relearn(self._said)

    def wait(self, seconds: float) -> bool:
        """Wait until the sentences are those of now; tells whether they are."""
        self.begin()
        with self._changing:
            return self._changing.wait_for(lambda: not self._is_learning, timeout=seconds) and self._requests is not None

    def _learn(self) -> None:
        is_done = False
        while not is_done:
            said, made = self._said, None
            try:
                made = Retrieval(_language(said, {}), pronunciation())
            finally:
                if self._requests is None:
                    gc.freeze()  # the graph stays: a collection that looks through it would stop every turn, and each new name
                with self._changing:
                    is_done = made is None or said is self._said
                    if made is not None:
                        self._requests, self._learned = made, said
                        self._answers = {}  # not cleared: somebody may just be looking something up in the old ones
                    if is_done:
                        self._is_learning = False
                        self._changing.notify_all()

    def knows(self, text: str, *, context: Context) -> bool:
        """Whether `text` is a sentence of this home, the answer to what was asked, or leans on what was said before."""
        return self._answers_it(text, context) or self._understander.knows(text) or self._leans(text, context)

    def is_closed(self, text: str, *, context: Context) -> bool:
        """Whether it is one with no words of its own."""
        self.begin()
        if self._asked(context) is not None and self._answers_it(text, context):
            return True
        return self._understander.is_closed(text)

    def is_exact(self, text: str) -> bool:
        """Whether it is taken only as what was heard first."""
        return self._understander.is_exact(text)

    def nearest(self, text: str, *, context: Context, most: int) -> Sequence[Sentence]:
        """The sentences that sound most like `text`, answers to what was asked among them. A yes or a no is taken only as it was
        heard: "guess" is none, however alike they sound.
        """
        if self._requests is None:
            self.wait(FIRST_SECONDS)
        asked, requests = None if context.expects in YES_OR_NO else self._asked(context), self._requests_of(context.person_id)
        found = asked.nearest(text, most=most) if asked is not None else []
        return [*found, *(requests.nearest(text, most=most) if requests is not None else [])]

    def _requests_of(self, person_id: str | None) -> Retrieval | None:
        """The requests with the names that are expected of that person."""
        plain, said = self._requests, self._learned
        likely = self._likely(person_id) if plain is not None else {}
        if plain is None or not any(likely.values()):
            return plain
        known = self._with_names.get(person_id)
        if known is not None and known[0] is plain and known[1] == likely:
            return known[2]
        made = Retrieval(_language(said, likely), pronunciation())
        others = {whose: each for whose, each in self._with_names.items() if each[0] is plain}
        kept = dict(list(others.items())[-MOST_VOICES + 1 :])
        self._with_names = {**kept, person_id: (plain, likely, made)}
        return made

    def _asked(self, context: Context) -> Retrieval | None:
        """The answers to what was asked, if they can be foreseen."""
        expects = context.expects
        if expects is None or context.pending is None:
            return None
        answers = self._answers
        if expects not in answers:
            language = answer_language(expects, self._said.home)
            answers[expects] = Retrieval(language, pronunciation()) if language is not None else None
        return answers[expects]

    def _answers_it(self, text: str, context: Context) -> bool:
        if context.expects is None or context.pending is None:
            return False
        intent = self._understander.understand(text, context=context).intent
        return intent is not None and intent.name == context.pending.name

    def _leans(self, text: str, context: Context) -> bool:
        """Whether what was said before makes a request of it, and no guess does."""
        if context.before is None:
            return False
        understood = self._understander.understand(text, context=context)
        return understood.intent is not None and understood.certainty is None and understood.intent.name != QUESTION
