"""`make bench-silencing`: whether anything is left of words that were silenced by their times, in the ears of another recogniser.

Two trials. Planted: sentences with personal data are spoken by our voices and heard by Whisper; the words of it are silenced
by the times that Whisper gives, and Moonshine hears what is left. Human: one long word of every clip of read speech is silenced.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import track

from bench.page import data_folder, machine, publish, table
from earwitness.config import models_folder
from earwitness.domain.audio import Pcm
from earwitness.foreign.sound import at_rate
from earwitness.improve.plain_text import plain_words
from earwitness.review.redact_audio import MARGIN_AFTER_SECONDS, MARGIN_BEFORE_SECONDS, silence
from earwitness.review.word_times import WordTimer
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.voices import VoiceCatalogue

VOICES: Final = ("heart", "heart", "heart", "emma")
"""Every fourth sentence by a slower and better voice."""
LONGEST_CHARACTERS: Final = 110
LEAST_LETTERS: Final = 4
"""Shorter words are heard by chance where nothing is."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence, and which of its words are personal data."""

    words: tuple[str, ...]
    hidden: tuple[bool, ...]

    def planted(self) -> set[str]:
        """The words to be hidden that say something alone: long enough, and nowhere else in the sentence."""
        shown = {one for word, hide in zip(self.words, self.hidden, strict=True) if not hide for one in plain_words(word)}
        said = {one for word, hide in zip(self.words, self.hidden, strict=True) if hide for one in plain_words(word)}
        return {one for one in said - shown if len(one) >= LEAST_LETTERS or one.isdigit()}


@dataclass(slots=True)
class Tally:
    """What was counted over all sentences."""

    sentences: int = 0
    untimed: int = 0
    heard_before: int = 0
    heard_after: int = 0
    others_before: int = 0
    others_after: int = 0
    silent_seconds: float = 0.0
    seconds: float = 0.0
    left: list[str] = field(default_factory=list)

    def row(self, name: str) -> list[str]:
        return [
            name,
            str(self.sentences),
            str(self.untimed),
            str(self.heard_before),
            str(self.heard_after),
            f"{self.others_after / max(1, self.others_before):.0%}",
            f"{self.silent_seconds / max(1e-9, self.seconds):.0%}",
        ]


def main() -> None:
    """Silence, listen, and publish what was heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=24)
    parser.add_argument("--try", dest="is_trial", action="store_true", help="publish nothing")
    chosen = parser.parse_args()
    ears = Ears()
    planted, human = _planted(ears, most=chosen.sentences), _human(ears)
    head = [
        "speech",
        "clips",
        "no times: text only",
        "hidden words heard before",
        "and after",
        "other words still heard",
        "silenced",
    ]
    text = (
        f"{machine()}\n\nMargins of {MARGIN_BEFORE_SECONDS} s before and {MARGIN_AFTER_SECONDS} s after each word.\n\n"
        + table(head, [planted.row("planted, by our voices"), human.row("one word of read speech")])
    )
    for word in [*planted.left, *human.left]:
        print("left:", word)
    print(text) if chosen.is_trial else publish("silencing", text)


class Ears:
    """The recognisers, the timer and the voices."""

    def __init__(self) -> None:
        store = ModelStore(models_folder())
        self.voices = VoiceCatalogue(store)
        self.whisper = WhisperRecogniser(store, 1)
        self.timer = WordTimer(store)
        self._moonshine = MoonshineRecogniser(store, 1)

    def others(self, samples: Samples) -> tuple[str, ...]:
        """What another recogniser hears, in plain words."""
        return plain_words(self._moonshine.transcribe(Pcm(data=samples.tobytes())).text)

    def say(self, text: str, voice: str) -> Samples:
        parts = [at_rate(part, 16_000) for part in self.voices.stream(text, voice=voice)]
        return np.frombuffer(b"".join(part.data for part in parts), dtype="<i2")


def _planted(ears: Ears, *, most: int) -> Tally:
    tally = Tally()
    for number, sentence in enumerate(track(list(_sentences())[:most], "planted")):
        samples = ears.say(" ".join(sentence.words), VOICES[number % len(VOICES)])
        heard = ears.whisper.transcribe(Pcm(data=samples.tobytes())).text.split()
        hidden = hidden_words(sentence, heard)
        _try(ears, samples, heard=heard, hidden=hidden, planted=sentence.planted(), tally=tally)
    return tally


def _human(ears: Ears) -> Tally:
    """Read speech by people: one long word of each clip, another one in each."""
    tally = Tally()
    for number, line in enumerate(track((data_folder() / "audio/read_speech.jsonl").read_text().splitlines(), "human")):
        item = json.loads(line)
        samples, _ = soundfile.read(data_folder() / item["audio"], dtype="int16")
        words = item["text"].lower().split()
        long = [place for place, word in enumerate(words) if len(word) >= 5 and words.count(word) == 1]
        if long:
            place = long[number * 7 % len(long)]
            _try(ears, samples, heard=words, hidden=[place], planted=set(plain_words(words[place])), tally=tally)
    return tally


def _try(ears: Ears, samples: Samples, *, heard: Sequence[str], hidden: Sequence[int], planted: set[str], tally: Tally) -> None:
    before = ears.others(samples)
    tally.sentences += 1
    times = ears.timer.times(samples, " ".join(heard))
    if times is None:
        tally.untimed += 1
        return
    quiet = silence(samples, [(times[place].from_seconds, times[place].until_seconds) for place in hidden])
    after = ears.others(quiet)
    others = [word for word in before if word not in planted]
    tally.heard_before += len(planted & set(before))
    tally.heard_after += len(planted & set(after))
    tally.left += [f"{one} in {' '.join(after)!r}" for one in sorted(planted & set(after))]
    tally.others_before += len(others)
    tally.others_after += sum(block.size for block in SequenceMatcher(a=others, b=after, autojunk=False).get_matching_blocks())
    tally.seconds += len(samples) / 16_000
    tally.silent_seconds += float(np.sum((quiet == 0) & (samples != 0))) / 16_000


def hidden_words(sentence: Sentence, heard: Sequence[str]) -> list[int]:
    """Which of the words that were heard stand for hidden ones: where the two differ, all that touches one of them."""
    truth = [_plain(word) for word in sentence.words]
    found: set[int] = set()
    codes = SequenceMatcher(a=truth, b=[_plain(word) for word in heard], autojunk=False).get_opcodes()
    for kind, start, end, first, last in codes:
        near = sentence.hidden[start:end] if kind != "insert" else sentence.hidden[max(0, start - 1) : end + 1]
        if kind == "equal":
            found.update(first + place for place, hide in enumerate(near) if hide)
        elif any(near):
            found.update(range(first, last))
    return sorted(found)


def _plain(word: str) -> str:
    return " ".join(plain_words(word))


def _sentences() -> Iterator[Sentence]:
    """Sentences with personal data that can be spoken in a few seconds, in an order of their own."""
    lines = (data_folder() / "text/pii_synthetic.jsonl").read_text(encoding="utf-8").splitlines()
    random.Random(8).shuffle(lines)
    for line in lines:
        item = json.loads(line)
        if item["spans"] and len(item["text"]) <= LONGEST_CHARACTERS:
            sentence = _sentence(item["text"], [(span["start"], span["end"]) for span in item["spans"]])
            if sentence.planted() and not all(sentence.hidden):
                yield sentence


def _sentence(text: str, spans: Sequence[tuple[int, int]]) -> Sentence:
    words, hidden, place = text.split(), [], 0
    for word in words:
        start = text.index(word, place)
        place = start + len(word)
        hidden.append(any(start < end and begin < place for begin, end in spans))
    return Sentence(words=tuple(words), hidden=tuple(hidden))


if __name__ == "__main__":
    main()
