"""What is learned from judgements, and how it gets into the chain: the one seam between the loop and the adapters.

Owns the plain types that both sides use and the Protocol of an adapter. The loop builds the set, gives sound through the vault's
one door, measures and promotes; an adapter learns files from examples and puts files into a chain. Neither knows the other.
Adapters are listed in `adapters/shelf.py`, in the order in which they are put in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from earwitness.domain.audio import Pcm
from earwitness.domain.review import Label
from earwitness.speech.wake.verifier import FoundWake, Verifier
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.ports import Recogniser, Understander

Fact: TypeAlias = str | int | float | bool | None
Sound: TypeAlias = Callable[[str], Pcm | None]
"""Gives the sound of a recording by its id, 16 kHz mono int16; None where only words were kept. It may block on the disk."""
Spot: TypeAlias = Callable[[Pcm], FoundWake | None]
"""The wake word that is found in a recording, as it is looked at when it runs; None where that is not in it."""
Progress: TypeAlias = Callable[[int, int], None]
"""Told how many steps are done, of how many."""


class Metric(StrEnum):
    """What is measured of a chain: of each, less is better."""

    WORD_ERRORS = "word_errors"
    """Wrong, lost and added words per word of the transcript."""
    COMMAND_ERRORS = "command_errors"
    """Share of requests of which intent or slots are not what was meant."""
    INTENT_ERRORS = "intent_errors"
    """Share of requests whose intent is not what was meant."""
    SLOT_ERRORS = "slot_errors"
    """Share of the slots that were meant that were not filled with the same value."""
    FALSE_ACCEPTS = "false_accepts"
    """Share of false wakes that wake all the same."""
    FALSE_REJECTS = "false_rejects"
    """Share of true wakes that do not."""
    LATENCY = "latency"
    """Milliseconds from the sound's end to the intent; bounded, never a gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One judged utterance of a data set. `speaker_key` stands for one person in this set alone."""

    recording_id: str
    speaker_key: str
    transcript: str
    """What was said, as judged; empty for a false wake."""
    heard: str
    """What the recogniser heard then."""
    intent: str | None = None
    """What was meant, as judged; None if it was none of what the house can do, or if nobody said."""
    slots: tuple[tuple[str, str], ...] = ()
    labels: frozenset[Label] = frozenset()
    language: str = "en"
    groups: Mapping[str, str] = field(default_factory=dict)
    """What is known of the speaker that measures are told apart by: {"age": "child"}."""
    audio_seconds: float = 0.0
    """0 where only words were kept."""
    outcome: str = ""
    """How the turn ended: a value of domain.turn.Outcome."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    """Of its stages, as kept with the turn."""
    area: str | None = None
    """The room it was said in."""
    is_woken: bool = True
    """Whether the wake word began it."""

    @property
    def is_false_wake(self) -> bool:
        return Label.FALSE_WAKE in self.labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """From sound to intent, as it runs. Putting what was learned in gives another chain that shares the models."""

    recogniser: Recogniser
    understander: Understander
    endpoint: EndpointLimits = field(default_factory=EndpointLimits)
    second_look: Verifier | None = None
    """Looks at each wake word that was found; None takes every one for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What an adapter learned: files by name, and facts to show (counts, thresholds; no words, no names)."""

    files: Mapping[str, bytes]
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Adapter(Protocol):
    """Learns one thing. Deterministic: the same examples and seed give the same bytes on the same machine."""

    name: str
    """A noun, stable: part of paths and of ledger entries ("confusions")."""
    metrics: frozenset[Metric]
    """What it may change; it is promoted by these."""

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        """Learn from the examples that teach, beside the chain as it is without anything learned.

        None where there is too little to learn from. Raises ImproveError for a reason that a person can do something about.
        """
        ...

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        """The chain with what was learned in it; fast, and the same in evaluation and at run-time.

        Raises ModelError for files that are not its own.
        """
        ...
