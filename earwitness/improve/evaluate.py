"""Runs recognisers, understanders and wake-word detectors over manifests and measures them.

Knows engines only by their Protocols. Blocks; keeps one recording in memory at a time; changes nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import AudioError, ManifestError
from earwitness.domain.intent import Context, Understanding
from earwitness.improve import metrics
from earwitness.improve.manifest import Item, read_manifest
from earwitness.improve.metrics import Share, is_same_sentence, percentile, rate, rate_of, word_error_share
from earwitness.improve.results import SpeechResult, TextResult, WakeResult
from earwitness.improve.scoring import (
    IntentScore,
    Measure,
    accepted,
    context_of,
    intent_measures,
    is_command,
    is_elsewhere,
    is_out_of_scope,
    is_scored,
    phrases_heard,
    score_intent,
    summarise,
    understood_as,
    unscored_note,
)
from earwitness.speech.audio_file import read_audio
from earwitness.turn.ports import Recogniser, Understander

LONGEST_SECONDS = 600.0
"""The longest recording that a manifest may name."""
CHUNK_BYTES = 512 * SAMPLE_BYTES
"""Wake words are listened for in chunks of 32 ms."""
SILENCE = bytes(RATE_HZ * SAMPLE_BYTES)
"""One second, heard before and after each recording when listening for wake words."""

Progress = Callable[[int, int], None]
"""Told how many items are done, of how many."""


class Detector(Protocol):
    """Finds wake words in a stream of 16 kHz mono int16."""

    def detect(self, chunk: bytes) -> str | None: ...

    def reset(self) -> None: ...


def _quiet(done: int, total: int) -> None:
    pass


# Recordings of requests


@dataclass(slots=True)
class _Heard:
    """What evaluating recordings collects."""

    errors: list[Share] = field(default_factory=list)
    sentences: list[bool] = field(default_factory=list)
    intents: list[IntentScore] = field(default_factory=list)
    phrases: list[Share] = field(default_factory=list)
    phrase_items: list[bool] = field(default_factory=list)
    refused: list[bool] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    audio_seconds: float = 0.0
    rows: list[Mapping[str, object]] = field(default_factory=list)


def evaluate_speech(
    manifest: Path,
    recogniser: Recogniser,
    *,
    understander: Understander | None = None,
    context: Context | None = None,
    on_progress: Progress = _quiet,
    with_items: bool = False,
) -> SpeechResult:
    """Transcribe every recording of the manifest, understand it if there is an `understander`, and measure.

    Items with `text` give word errors; items with `slots` but no `text` give slot phrases; items with an intent that this
    assistant has give intents and slots. Raises ManifestError, with the audio's own
    code for a recording that cannot be read.
    """
    items = _with_audio(read_manifest(manifest), manifest)
    heard = _Heard()
    recogniser.transcribe(Pcm(data=SILENCE))  # the first call loads the model
    for index, item in enumerate(items):
        on_progress(index, len(items))
        _hear(item, heard, recogniser=recogniser, understander=understander, context=context or Context(), manifest=manifest)
    on_progress(len(items), len(items))
    return _speech_result(manifest, items, heard, engine=recogniser.name, with_items=with_items)


def _with_audio(items: Sequence[Item], manifest: Path) -> Sequence[Item]:
    for item in items:
        if item.audio is None:
            raise ManifestError(f"Line {item.line} of {manifest} has no audio.")
    return items


def _read(item: Item, manifest: Path) -> Pcm:
    try:
        return read_audio(item.audio or "", longest_seconds=LONGEST_SECONDS)
    except AudioError as error:
        raise ManifestError(f"Line {item.line} of {manifest}: {error.sentence}", code=error.code) from error


def _hear(
    item: Item, heard: _Heard, *, recogniser: Recogniser, understander: Understander | None, context: Context, manifest: Path
) -> None:
    pcm = _read(item, manifest)
    hints = understander.hints() if understander else ()
    began = time.perf_counter()
    text = recogniser.transcribe(pcm, hints=hints, context=context).text
    heard.latencies_ms.append((time.perf_counter() - began) * 1000.0)
    heard.audio_seconds += pcm.seconds
    row: dict[str, object] = {"line": item.line, "reference": item.text, "heard": text}
    if item.text is not None:
        errors = word_error_share(item.text, text)
        heard.errors.append(errors)
        heard.sentences.append(is_same_sentence(item.text, text))
        row["word_errors"] = int(errors.part)
    elif item.slots:
        found = phrases_heard(item, text)
        heard.phrases.append(Share(part=sum(found), whole=len(found)))
        heard.phrase_items.append(all(found))
        row["phrases"] = dict(item.slots)
        row["phrases_heard"] = sum(found)
    if understander is not None and (is_scored(item) or is_out_of_scope(item)):
        understanding = understander.understand(text, context=context_of(item, context))
        row |= understood_as(understanding)
        if is_scored(item):
            score = score_intent(item, understanding, context=context)
            heard.intents.append(score)
            row["is_command_right"] = score.is_command_right
        else:
            heard.refused.append(not is_command(understanding))
    heard.rows.append(row)


def _speech_result(manifest: Path, items: Sequence[Item], heard: _Heard, *, engine: str, with_items: bool) -> SpeechResult:
    summary = summarise(
        {
            "word_error_rate": (heard.errors, rate),
            "sentence_accuracy": (heard.sentences, rate_of),
            **intent_measures(heard.intents),
            "slot_phrase_recall": (heard.phrases, rate),
            "phrase_success": (heard.phrase_items, rate_of),
            "out_of_scope_refused": (heard.refused, rate_of),
        }
    )
    return SpeechResult(
        files={manifest.name: len(items)},
        items=len(items),
        intervals_95=summary.intervals,
        notes=unscored_note(items),
        per_item=tuple(heard.rows) if with_items else None,
        engine=engine,
        audio_seconds=heard.audio_seconds,
        real_time_factor=metrics.ratio(sum(heard.latencies_ms) / 1000.0, heard.audio_seconds),
        latency_p50_ms=percentile(heard.latencies_ms, 0.5),
        latency_p95_ms=percentile(heard.latencies_ms, 0.95),
        **summary.values,
    )


# Sentences


@dataclass(slots=True)
class _Read:
    """What evaluating sentences collects."""

    scores: list[IntentScore] = field(default_factory=list)
    refused: list[bool] = field(default_factory=list)
    elsewhere: list[bool] = field(default_factory=list)
    rejected: list[bool] = field(default_factory=list)
    taken: list[bool] = field(default_factory=list)

    def add(self, item: Item, understanding: Understanding, *, context: Context) -> Mapping[str, object]:
        """Score an item; gives what was understood, for the list of items."""
        row = understood_as(understanding)
        self.taken.append(is_command(understanding))
        if is_scored(item) or accepted(item):
            score = score_intent(item, understanding, context=context)
            self.scores.append(score)
            self.rejected.append(understanding.intent is None)
            row["is_intent_right"] = score.is_intent_right
            if score.slots is not None:
                row["is_command_right"] = score.is_command_right
        elif is_out_of_scope(item):
            self.refused.append(not is_command(understanding))
        elif is_elsewhere(item):
            self.elsewhere.append(not is_command(understanding))
        return row

    def measures(self) -> dict[str, Measure]:
        return {
            "out_of_scope_refused": (self.refused, rate_of),
            "elsewhere_refused": (self.elsewhere, rate_of),
            "falsely_rejected": (self.rejected, rate_of),
            "understood": (self.taken, rate_of),
            **intent_measures(self.scores),
        }


def evaluate_text(
    manifest: Path,
    understander: Understander,
    *,
    context: Context | None = None,
    on_progress: Progress = _quiet,
    with_items: bool = False,
) -> TextResult:
    """Understand every sentence of the manifest as typed and measure; some measures are told as of speech, too, of which less is
    taken for a request. Raises ManifestError.

    Intents of a public collection are scored by crowd_intents.yaml, those of another scheme not at all; what share of them was
    taken for a request is told all the same.
    """
    items, here = read_manifest(manifest), context or Context()
    typed, spoken = _Read(), _Read()
    latencies: list[float] = []
    rows: list[Mapping[str, object]] = []
    for index, item in enumerate(items):
        on_progress(index, len(items))
        if item.text is None:
            raise ManifestError(f"Line {item.line} of {manifest} has no text.")
        there = context_of(item, here)
        began = time.perf_counter()
        understanding = understander.understand(item.text, context=replace(there, is_typed=True))
        latencies.append((time.perf_counter() - began) * 1000.0)
        asked = {"line": item.line, "text": item.text, "expected": item.intent, "expected_slots": dict(item.slots)}
        rows.append({**asked, **typed.add(item, understanding, context=here)})
        spoken.add(item, understander.understand(item.text, context=there), context=here)
    on_progress(len(items), len(items))
    of_speech = {
        f"spoken_{name}": measure for name, measure in spoken.measures().items() if f"spoken_{name}" in TextResult.titles
    }
    summary = summarise(typed.measures() | of_speech)
    return TextResult(
        files={manifest.name: len(items)},
        items=len(items),
        intervals_95=summary.intervals,
        notes=unscored_note(items),
        per_item=tuple(rows) if with_items else None,
        latency_p50_ms=percentile(latencies, 0.5),
        latency_p95_ms=percentile(latencies, 0.95),
        **summary.values,
    )


# Wake words


@dataclass(slots=True)
class _Listened:
    """What evaluating wake words collects."""

    missed: list[bool] = field(default_factory=list)
    accepts: list[Share] = field(default_factory=list)
    """Per negative recording: false accepts, and its hours."""
    heard_seconds: float = 0.0
    busy_seconds: float = 0.0
    rows: list[Mapping[str, object]] = field(default_factory=list)


def evaluate_wake(
    manifest: Path,
    make_detector: Callable[[tuple[str, ...]], Detector],
    *,
    negatives: Sequence[Path] = (),
    default_words: Sequence[str] = (),
    on_progress: Progress = _quiet,
    with_items: bool = False,
) -> WakeResult:
    """Listen to every recording, a second of silence before and after it, with a detector that starts anew each time.

    Items with a `keyword` must wake a detector of that word; all other items, and all of `negatives`, must not wake a detector of
    any of the manifest's words (or of `default_words` when it names none), each word listened for on its own and counted.
    Raises ManifestError; and what `make_detector` raises for a word that it does not know.
    """
    read = {path: _with_audio(read_manifest(path), path) for path in (manifest, *negatives)}
    positives = [item for item in read[manifest] if item.keyword is not None]
    words = tuple(dict.fromkeys(_word(item) for item in positives)) or tuple(default_words)
    detectors = {word: make_detector((word,)) for word in words}
    total, listened = sum(len(items) for items in read.values()), _Listened()
    done = 0
    for path, items in read.items():
        for item in items:
            on_progress(done, total)
            is_positive = path == manifest and item.keyword is not None
            heard_by = {_word(item): detectors[_word(item)]} if is_positive else detectors
            _listen(item, listened, detectors=heard_by, is_positive=is_positive, manifest=path)
            done += 1
    on_progress(total, total)
    return _wake_result(read, listened, words=words, with_items=with_items)


def _word(item: Item) -> str:
    return " ".join((item.keyword or "").lower().replace("_", " ").split())


def _listen(item: Item, listened: _Listened, *, detectors: Mapping[str, Detector], is_positive: bool, manifest: Path) -> None:
    pcm = _read(item, manifest)
    sound = SILENCE + pcm.data + SILENCE
    began = time.perf_counter()
    hits = sum(_count(detector, sound) for detector in detectors.values())
    listened.busy_seconds += time.perf_counter() - began
    listened.heard_seconds += len(sound) / SAMPLE_BYTES / RATE_HZ * len(detectors)
    if is_positive:
        listened.missed.append(hits == 0)
    else:
        listened.accepts.append(Share(part=hits, whole=pcm.seconds / 3600.0))
    listened.rows.append({"file": manifest.name, "line": item.line, "keyword": item.keyword, "detections": hits})


def _count(detector: Detector, sound: bytes) -> int:
    detector.reset()
    starts = range(0, len(sound), CHUNK_BYTES)
    return sum(1 for start in starts if detector.detect(sound[start : start + CHUNK_BYTES]) is not None)


def _wake_result(
    read: Mapping[Path, Sequence[Item]], listened: _Listened, *, words: tuple[str, ...], with_items: bool
) -> WakeResult:
    hours = sum(share.whole for share in listened.accepts)
    measures: dict[str, Measure] = {
        "false_reject_rate": (listened.missed, rate_of),
        "false_accepts_per_hour": (listened.accepts, rate),
    }
    summary = summarise(measures)
    return WakeResult(
        files={path.name: len(items) for path, items in read.items()},
        items=sum(len(items) for items in read.values()),
        intervals_95=summary.intervals,
        notes=("False accepts are counted for each word on its own and summed.",) if len(words) > 1 and listened.accepts else (),
        per_item=tuple(listened.rows) if with_items else None,
        words=words,
        positives=len(listened.missed),
        false_rejects=sum(listened.missed),
        negative_hours=hours,
        false_accepts=int(sum(share.part for share in listened.accepts)),
        real_time_factor=metrics.ratio(listened.busy_seconds, listened.heard_seconds),
        **summary.values,
    )
