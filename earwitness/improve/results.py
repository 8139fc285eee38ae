"""What an evaluation found: one frozen result per kind, as a table for people and as JSON with stable keys for programs.

Shares are 0 to 1; a measure over nothing is null. `intervals_95` holds the bootstrap interval of each measure that has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import ClassVar

from rich.table import Table
from rich.text import Text

Measured = float | None
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What all kinds of evaluation tell. `files` names every manifest that was read, with its number of items."""

    kind: ClassVar[str] = ""
    titles: ClassVar[Mapping[str, str]] = {}
    """Measures in the order in which they are shown, with their names and units."""

    files: Mapping[str, int]
    items: int
    intervals_95: Mapping[str, Interval] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    per_item: tuple[Mapping[str, object], ...] | None = None

    def as_json(self) -> dict[str, object]:
        """Every field by its name, numbers rounded to six places; `per_item` only when it was asked for."""
        named: dict[str, object] = {"kind": self.kind}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name != "per_item" or value is not None:
                named[one.name] = _plain(value)
        return named

    def rows(self) -> list[tuple[str, str, str]]:
        """Title, value and 95 % interval of every measure that has a value."""
        found = []
        for name, title in self.titles.items():
            value = getattr(self, name)
            if value is not None:
                found.append((title, shown(value, title), shown_interval(self.intervals_95.get(name), title)))
        return found

    def table(self) -> Table:
        """The result for a terminal: the measures, then notes, then items if there are any."""
        table = Table("measure", "value", "95 % interval", box=None, title=self.title, title_justify="left")
        for row in self.rows():
            table.add_row(*(Text(cell) for cell in row))
        for note in self.notes:
            table.add_row(Text("note"), Text(note), "")
        for item in self.per_item or ():
            line = ", ".join(f"{key} {value}" for key, value in item.items() if value not in (None, {}, "") and key != "line")
            table.add_row(Text(f"line {item['line']}"), Text(line), "")
        return table

    @property
    def title(self) -> str:
        return ", ".join(f"{name} ({count} items)" for name, count in self.files.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechResult(Result):
    """Recognition, and understanding of what was recognised."""

    kind: ClassVar[str] = "speech"
    titles: ClassVar[Mapping[str, str]] = {
        "word_error_rate": "word error rate, %",
        "sentence_accuracy": "sentences right, %",
        "intent_accuracy": "intents right, %",
        "slot_precision": "slot precision, %",
        "slot_recall": "slot recall, %",
        "slot_f1": "slot F1, %",
        "command_success": "commands right (intent and all slots), %",
        "slot_phrase_recall": "slot phrases heard, %",
        "phrase_success": "items with every slot phrase heard, %",
        "out_of_scope_refused": "non-requests refused, %",
        "real_time_factor": "real-time factor",
        "latency_p50_ms": "recognition p50, ms",
        "latency_p95_ms": "recognition p95, ms",
        "audio_seconds": "audio, s",
    }

    engine: str
    audio_seconds: float
    real_time_factor: Measured
    latency_p50_ms: Measured
    latency_p95_ms: Measured
    word_error_rate: Measured = None
    sentence_accuracy: Measured = None
    intent_accuracy: Measured = None
    slot_precision: Measured = None
    slot_recall: Measured = None
    slot_f1: Measured = None
    command_success: Measured = None
    slot_phrase_recall: Measured = None
    phrase_success: Measured = None
    out_of_scope_refused: Measured = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextResult(Result):
    """Understanding of sentences, as typed; `spoken_...` is of the same sentences as if they were heard. `understood` is the
    share taken for a request, right or wrong."""

    kind: ClassVar[str] = "text"
    titles: ClassVar[Mapping[str, str]] = {
        "intent_accuracy": "intents right, %",
        "slot_precision": "slot precision, %",
        "slot_recall": "slot recall, %",
        "slot_f1": "slot F1, %",
        "command_success": "commands right (intent and all slots), %",
        "falsely_rejected": "requests not understood at all, %",
        "out_of_scope_refused": "non-requests refused, %",
        "elsewhere_refused": "requests for what no skill does refused, %",
        "understood": "taken for a request, %",
        "spoken_intent_accuracy": "as speech: intents right, %",
        "spoken_falsely_rejected": "as speech: requests not understood at all, %",
        "spoken_out_of_scope_refused": "as speech: non-requests refused, %",
        "spoken_understood": "as speech: taken for a request, %",
        "latency_p50_ms": "understanding p50, ms",
        "latency_p95_ms": "understanding p95, ms",
    }

    understood: Measured
    latency_p50_ms: Measured
    latency_p95_ms: Measured
    intent_accuracy: Measured = None
    slot_precision: Measured = None
    slot_recall: Measured = None
    slot_f1: Measured = None
    command_success: Measured = None
    out_of_scope_refused: Measured = None
    elsewhere_refused: Measured = None
    falsely_rejected: Measured = None
    spoken_understood: Measured = None
    spoken_intent_accuracy: Measured = None
    spoken_falsely_rejected: Measured = None
    spoken_out_of_scope_refused: Measured = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeResult(Result):
    """Wake words: what was missed, and what woke without one. Hours are of the recordings, without the silence around them."""

    kind: ClassVar[str] = "wake"
    titles: ClassVar[Mapping[str, str]] = {
        "positives": "recordings with the wake word",
        "false_rejects": "of these not heard",
        "false_reject_rate": "false rejects, %",
        "negative_hours": "recordings without it, h",
        "false_accepts": "false accepts",
        "false_accepts_per_hour": "false accepts per hour",
        "real_time_factor": "real-time factor",
    }

    words: tuple[str, ...]
    positives: int
    false_rejects: int
    false_reject_rate: Measured
    negative_hours: float
    false_accepts: int
    false_accepts_per_hour: Measured
    real_time_factor: Measured


def shown(value: float, title: str) -> str:
    """A measure as people read it: shares whose title says "%" as per cent, counts whole, the rest to three figures."""
    if title.endswith("%"):
        return f"{100 * value:.1f}"
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def shown_interval(interval: Interval | None, title: str) -> str:
    """The interval's ends, as `shown` writes them; empty without one."""
    return "" if interval is None else f"{shown(interval[0], title)} - {shown(interval[1], title)}"


def _plain(value: object) -> object:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
