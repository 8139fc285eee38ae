"""Who is asked in `make bench-understanding`: all of our understanding, its sentences alone, hassil, padacioso."""

import json
import random
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from hassil import Intents, recognize_best
from home_assistant_intents import get_intents

from bench.page import ROOT
from earwitness.domain.home import Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.improve.understanding.templates import made_sentences
from earwitness.understand.dialog import Dialog
from earwitness.understand.grammar import Grammar
from earwitness.understand.learned.frames import intent_of
from earwitness.understand.learned.model_file import own_model
from earwitness.understand.learned.understander import LearnedUnderstander
from earwitness.understand.names import NO_AREA, slot_lists
from earwitness.understand.sentences import english, exact_intents, own_manifests
from earwitness.understand.understanders import Understanders

PADACIOSO = ROOT / ".venv-understanding" / "bin" / "python"
PATTERNS_OF_AN_INTENT = 64


class Reader(Protocol):
    """Somebody who understands."""

    name: str
    milliseconds: list[float]
    """Processor time of each sentence."""
    build_seconds: float

    def read(self, text: str, *, area: str | None = None) -> Intent | None: ...


@dataclass(slots=True)
class Ours:
    """Earwitness, with or without what was learned, of words that were typed or heard."""

    name: str
    home: Home
    is_learned: bool = True
    is_typed: bool = True
    milliseconds: list[float] = field(default_factory=list)
    build_seconds: float = 0.0
    certainties: list[float | None] = field(default_factory=list)
    _dialog: Dialog | None = None

    def __post_init__(self) -> None:
        english()
        own_model()
        began = time.process_time()
        grammar = Grammar(self.home)
        learned = None
        if self.is_learned:
            exact = exact_intents(own_manifests())
            learned = LearnedUnderstander(own_model(), home=self.home, intents=english(), exact=exact)
        self._dialog = Dialog(grammar, layered=grammar if learned is None else Understanders(grammar, learned=learned))
        self.build_seconds = time.process_time() - began

    def read(self, text: str, *, area: str | None = None) -> Intent | None:
        assert self._dialog is not None
        began = time.thread_time()
        heard = self._dialog.understand(text, context=Context(area=area, is_typed=self.is_typed))
        self.milliseconds.append((time.thread_time() - began) * 1000)
        self.certainties.append(heard.certainty)
        return heard.intent


@dataclass(slots=True)
class Hassil:
    """hassil with the sentences of home-assistant-intents, and the names of a home as Home Assistant gives them."""

    home: Home
    name: str = "hassil, Home Assistant's sentences"
    milliseconds: list[float] = field(default_factory=list)
    build_seconds: float = 0.0
    _intents: Intents | None = None
    _lists: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        began = time.process_time()
        self._intents = Intents.from_dict(get_intents("en") or {})
        self._lists = slot_lists(self.home)
        self.read("turn on the lights")
        self.milliseconds.clear()
        self.build_seconds = time.process_time() - began

    def read(self, text: str, *, area: str | None = None) -> Intent | None:
        began = time.thread_time()
        context = {"area": area or NO_AREA}
        found = recognize_best(text, self._intents, slot_lists=dict(self._lists), intent_context=context, best_slot_name="name")  # type: ignore[arg-type]
        self.milliseconds.append((time.thread_time() - began) * 1000)
        if found is None:
            return None
        slots: dict[str, SlotValue] = {one.name: one.value for one in found.entities_list if one.value != NO_AREA}
        return Intent(name=found.intent.name, slots=slots)


@dataclass(slots=True)
class Padacioso:
    """A process that has padacioso, taught with patterns drawn from our own templates."""

    process: "subprocess.Popen[str]"
    build_seconds: float = 0.0
    name: str = "padacioso, our sentences"
    milliseconds: list[float] = field(default_factory=list)

    def read(self, text: str, *, area: str | None = None) -> Intent | None:
        found = self.ask({"text": text})
        self.milliseconds.append(float(str(found["ms"])))
        return Intent(name=str(found["intent"])) if found["intent"] else None

    def ask(self, message: Mapping[str, object]) -> dict[str, object]:
        """One line there, one line back."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer: dict[str, object] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def padacioso() -> Iterator[Padacioso]:
    """Started, taught, and stopped afterwards."""
    script = ROOT / "bench" / "understanding_peers.py"
    with subprocess.Popen([PADACIOSO, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        reader = Padacioso(process=process)
        reader.build_seconds = float(str(reader.ask({"intents": patterns()})["seconds"]))
        yield reader
        assert process.stdin is not None
        process.stdin.close()


def patterns() -> dict[str, Sequence[str]]:
    """Our templates as padacioso writes sentences: drawn, with {slot} for what fills slots."""
    luck = random.Random(7)
    found: dict[str, dict[str, None]] = {}
    for made in made_sentences(english(), luck=luck, more={}):
        text, sample = "", made.sample
        at = 0
        for span in sorted(sample.spans, key=lambda one: one.start):
            text += sample.text[at : span.start] + "{" + span.slot + "}"
            at = span.end
        text += sample.text[at:]
        if not text.startswith("{"):
            found.setdefault(intent_of(made.frame), {})[text.lower()] = None
    return {name: luck.sample(sorted(texts), min(len(texts), PATTERNS_OF_AN_INTENT)) for name, texts in found.items()}
