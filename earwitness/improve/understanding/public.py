"""Public sentences: which of them teach, and which are kept apart to measure. Reads the evaluation data; writes nothing.

CLINC150's training part and SNIPS teach. Of SLURP's development part, two thirds teach and one third measures: which is told by
the text itself, so that nobody has to keep a list, and the same words never do both. CLINC150's validation part, Home
Assistant's own tests and assist_mini only measure. No sentence that teaches is, in plain form, one that measures.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

from earwitness.domain.errors import ManifestError, TextError
from earwitness.improve.crowd_schemes import Meaning, Place, schemes
from earwitness.understand.normalise import normalise

CLINC = "nlu/clinc150_train_val.jsonl"
SLURP = "nlu/slurp_devel.jsonl"
SNIPS = "nlu/snips2017_train.jsonl"
MEASURED_WHOLLY = (
    "nlu/home_assistant_intents_2025.jsonl",
    "nlu/assist_mini.jsonl",
    "audio/commands.jsonl",
    "audio/read_speech.jsonl",
)
OUT_OF_SCOPE = "oos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """A sentence that people wrote. `meaning` is None for what is out of scope everywhere."""

    text: str
    source: str
    intent: str
    meaning: Meaning | None
    measures: bool
    slots: dict[str, Any]


def plain(text: str) -> str:
    """The form in which sentences are compared: as they are matched, in lower case."""
    try:
        return normalise(text).lower()
    except TextError:
        return text.lower()


def measures(text: str) -> bool:
    """Whether a sentence of SLURP's development part measures; about a third do."""
    return crc32(plain(text).encode()) % 3 == 0


def calibrates(text: str) -> bool:
    """Whether a sentence that does not teach is one by which thresholds were chosen, and so is not measured by; a quarter are."""
    return crc32(plain(text).encode()) // 3 % 4 == 0


def public_sentences(data: Path) -> Iterator[Public]:
    """Every labelled sentence of the three collections. Raises ManifestError when a file is missing or broken."""
    for row in _rows(data / CLINC):
        is_kept = row["corpus_split"] in ("val", "oos_val")
        yield _public(row, "clinc150", measures=is_kept)
    for row in _rows(data / SLURP):
        yield _public(row, "slurp", measures=measures(row["text"]))
    for row in _rows(data / SNIPS):
        yield _public(row, "snips2017", measures=False)


@lru_cache(maxsize=2)
def measured_forms(data: Path) -> frozenset[str]:
    """The plain forms of every sentence that only measures."""
    forms = {plain(one.text) for one in public_sentences(data) if one.measures}
    for name in MEASURED_WHOLLY:
        forms |= {plain(row["text"]) for row in _rows(data / name) if row.get("text")}
    return frozenset(forms)


def teaching_sentences(data: Path) -> Iterator[Public]:
    """Those that teach: none whose plain form also measures, none that is not to be scored."""
    kept = measured_forms(data)
    for one in public_sentences(data):
        is_neither = one.meaning is not None and one.meaning.place is Place.NEITHER
        if not one.measures and not is_neither and plain(one.text) not in kept:
            yield one


def _public(row: dict[str, Any], source: str, *, measures: bool) -> Public:
    intent = row["intent"]
    meaning = None if intent == OUT_OF_SCOPE else schemes()[source][intent]
    return Public(
        text=row["text"], source=source, intent=intent, meaning=meaning, measures=measures, slots=row.get("slots") or {}
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise ManifestError(f"The sentences in {path} cannot be read.") from error
