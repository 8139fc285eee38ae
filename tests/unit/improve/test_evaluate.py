import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import ManifestError
from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.domain.turn import Transcript
from earwitness.improve.evaluate import evaluate_speech, evaluate_text, evaluate_wake
from earwitness.speech.audio_file import write_wav

SECOND = 16_000


@dataclass
class Reader:
    """A recogniser that knows each recording by its length in tenths of a second."""

    texts: dict[int, str]
    name: str = "reader"
    hints: list[Sequence[str]] = field(default_factory=list)

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        self.hints.append(hints)
        text = self.texts.get(round(pcm.seconds * 10), "")
        return Transcript(text=text, engine=self.name, audio_seconds=pcm.seconds)


class Lamps:
    """An understander that knows "turn on X", and of what was typed "X on", too."""

    def understand(self, text: str, *, context: Context) -> Understanding:
        words = text.lower().strip(".").split()
        intent = None
        if words[:2] == ["turn", "on"]:
            slots = {"name": " ".join(words[2:])} if words[2:] else {"area": context.area or "nowhere"}
            intent = Intent(name="HassTurnOn", slots=slots)
        elif context.is_typed and words[-1:] == ["on"]:
            intent = Intent(name="HassTurnOn", slots={"name": " ".join(words[:-1])})
        return Understanding(text=text, intent=intent, completeness=Completeness.COMPLETE, reason="")

    def hints(self) -> tuple[str, ...]:
        return ("lamp",)


@dataclass
class Loud:
    """A detector that hears its word once in each stretch of full-scale sound."""

    word: str
    was_loud: bool = False
    resets: int = 0

    def detect(self, chunk: bytes) -> str | None:
        is_loud = b"\xff\x7f" in chunk
        is_new, self.was_loud = is_loud and not self.was_loud, is_loud
        return self.word if is_new else None

    def reset(self) -> None:
        self.was_loud = False
        self.resets += 1


def recording(folder: Path, name: str, *, tenths: int, sample: int = 0) -> str:
    write_wav(folder / name, Pcm(data=sample.to_bytes(2, "little") * (SECOND // 10 * tenths)))
    return name


def manifest(folder: Path, *lines: Mapping[str, object], name: str = "m.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_speech_measures_words_intents_and_slots(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        {
            "audio": recording(tmp_path, "a.wav", tenths=1),
            "text": "turn on lamp",
            "intent": "HassTurnOn",
            "slots": {"name": "Lamp"},
        },
        {
            "audio": recording(tmp_path, "b.wav", tenths=2),
            "text": "turn on fan",
            "intent": "HassTurnOn",
            "slots": {"name": "fan"},
        },
        {"audio": recording(tmp_path, "c.wav", tenths=3), "text": "good day", "intent": "oos"},
    )
    reader = Reader({1: "Turn on lamp.", 2: "Turn on van.", 3: "good day"})
    told: list[tuple[int, int]] = []
    result = evaluate_speech(
        path, reader, understander=Lamps(), on_progress=lambda done, total: told.append((done, total)), with_items=True
    )
    assert result.word_error_rate == pytest.approx(1 / 8)
    assert result.sentence_accuracy == pytest.approx(2 / 3)
    assert (result.intent_accuracy, result.command_success, result.slot_f1) == (1.0, 0.5, 0.5)
    assert result.out_of_scope_refused == 1.0
    assert result.audio_seconds == pytest.approx(0.6)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert reader.hints[1:] == [("lamp",)] * 3
    assert result.per_item is not None
    assert [row["is_command_right"] for row in result.per_item[:2]] == [True, False]


def test_speech_without_text_is_scored_by_slot_phrases(tmp_path: Path) -> None:
    slots = {"drink": "mocha", "size": "twelve ounce"}
    path = manifest(tmp_path, {"audio": recording(tmp_path, "a.wav", tenths=1), "intent": "orderDrink", "slots": slots})
    result = evaluate_speech(path, Reader({1: "a 12 ounce mock a"}), understander=Lamps())
    assert result.slot_phrase_recall == 0.5
    assert result.phrase_success == 0.0
    assert result.word_error_rate is result.intent_accuracy is None
    assert "not scored" in result.notes[0]


def test_speech_names_the_line_of_a_recording_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not sound")
    good = {"audio": recording(tmp_path, "a.wav", tenths=1), "text": "a"}
    with pytest.raises(ManifestError, match="Line 2 ") as caught:
        evaluate_speech(manifest(tmp_path, good, {"audio": "bad.wav", "text": "b"}), Reader({}))
    assert caught.value.code == "audio.unreadable"
    with pytest.raises(ManifestError, match=r"Line 1 .* has no audio"):
        evaluate_speech(manifest(tmp_path, {"text": "b"}), Reader({}))


def test_text_uses_each_items_own_room(tmp_path: Path) -> None:
    line = {"text": "turn on", "intent": "HassTurnOn", "slots": {"area": "Kitchen"}}
    path = manifest(tmp_path, line | {"context": {"area": "Kitchen"}}, line)
    result = evaluate_text(path, Lamps(), context=Context(area="Attic"), with_items=True)
    assert result.command_success == 0.5
    assert result.intent_accuracy == 1.0


def test_sentences_are_measured_as_typed_and_told_as_speech_beside(tmp_path: Path) -> None:
    line = {"text": "turn on lamp", "intent": "HassTurnOn", "slots": {"name": "lamp"}}
    path = manifest(tmp_path, line, line | {"text": "lamp on"})
    result = evaluate_text(path, Lamps(), context=Context(area="Attic"))
    assert (result.intent_accuracy, result.falsely_rejected, result.understood) == (1.0, 0.0, 1.0)
    assert (result.spoken_intent_accuracy, result.spoken_falsely_rejected, result.spoken_understood) == (0.5, 0.5, 0.5)
    assert ("as speech: intents right, %", "50.0") in [row[:2] for row in result.rows()]


def test_a_wrong_intent_has_no_right_slots(tmp_path: Path) -> None:
    path = manifest(tmp_path, {"text": "turn on lamp", "intent": "HassTurnOff", "slots": {"name": "lamp"}})
    result = evaluate_text(path, Lamps())
    assert (result.intent_accuracy, result.slot_precision, result.slot_recall) == (0.0, 0.0, 0.0)


def test_text_of_another_scheme_is_reported_not_scored(tmp_path: Path) -> None:
    path = manifest(tmp_path, {"text": "turn on lamp", "intent": "iot_on"}, {"text": "hello", "intent": "greet"}, {"text": "hm"})
    result = evaluate_text(path, Lamps())
    assert result.intent_accuracy is result.command_success is None
    assert result.understood == pytest.approx(1 / 3)
    assert result.notes[0].startswith("2 of 3 items")


def test_wake_counts_rejects_and_accepts(tmp_path: Path) -> None:
    loud, quiet = recording(tmp_path, "loud.wav", tenths=5, sample=32767), recording(tmp_path, "quiet.wav", tenths=5)
    path = manifest(tmp_path, {"audio": loud, "keyword": "Hey_Lamp"}, {"audio": quiet, "keyword": "hey lamp"}, {"audio": quiet})
    others = manifest(tmp_path, {"audio": loud}, {"audio": quiet}, name="others.jsonl")
    made: list[Loud] = []

    def make(words: tuple[str, ...]) -> Loud:
        made.append(Loud(word=words[0]))
        return made[-1]

    result = evaluate_wake(path, make, negatives=[others])
    assert result.words == ("hey lamp",)
    assert (result.positives, result.false_rejects, result.false_reject_rate) == (2, 1, 0.5)
    assert result.false_accepts == 1
    assert result.false_accepts_per_hour == pytest.approx(3600 / 1.5)
    assert [detector.resets for detector in made] == [5]


def test_wake_without_positives_listens_for_the_given_words(tmp_path: Path) -> None:
    path = manifest(tmp_path, {"audio": recording(tmp_path, "loud.wav", tenths=5, sample=32767)})
    result = evaluate_wake(path, lambda words: Loud(word=words[0]), default_words=("one", "two"))
    assert result.words == ("one", "two")
    assert result.false_accepts == 2
    assert result.false_reject_rate is None


def test_results_print_as_json_and_as_a_table(tmp_path: Path) -> None:
    path = manifest(
        tmp_path, {"text": "turn on lamp", "intent": "HassTurnOn", "slots": {"name": "lamp"}}, {"text": "x", "intent": "oos"}
    )
    result = evaluate_text(path, Lamps(), with_items=True)
    printed = json.loads(json.dumps(result.as_json()))
    assert printed["kind"] == "text"
    assert printed["files"] == {"m.jsonl": 2}
    assert printed["command_success"] == 1.0
    assert len(printed["per_item"]) == 2
    assert "per_item" not in evaluate_text(path, Lamps()).as_json()
    page = io.StringIO()
    Console(file=page, width=120).print(result.table())
    assert "m.jsonl (2 items)" in page.getvalue()
    assert "100.0" in page.getvalue()
