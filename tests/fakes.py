"""Engines that are real but simple: they hear loudness and know three sentences. For tests of what goes around the engines."""

import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import EngineError
from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.domain.turn import Outcome, SkillResult, Transcript
from earwitness.turn.runner import Engines
from earwitness.turn.workers import Workers

LOUD = 1000


def tone(seconds: float) -> bytes:
    """A square wave that LoudnessVad takes for speech."""
    return array.array("h", [LOUD, -LOUD] * round(seconds * RATE_HZ / 2)).tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE_HZ))


@dataclass
class LoudnessVad:
    """Loud is speech."""

    frame_samples: int = 512
    resets: int = 0

    def reset(self) -> None:
        self.resets += 1

    def probability(self, frame: bytes) -> float:
        samples = array.array("h", frame)
        return 0.95 if max(map(abs, samples)) >= LOUD else 0.01


@dataclass
class ScriptedRecogniser:
    """Answers with `text` for any sound that has a loud sample; fails on demand."""

    text: str = "turn on the lamp"
    fails: bool = False
    name: str = "scripted"
    calls: list[float] = field(default_factory=list)

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        self.calls.append(pcm.seconds)
        if self.fails:
            raise EngineError("Recognition failed. Please say it again.")
        samples = array.array("h", pcm.data)
        heard = self.text if samples and max(map(abs, samples)) >= LOUD else ""
        return Transcript(text=heard, engine=self.name, audio_seconds=pcm.seconds)


class ThreeSentences:
    """Understands turning the lamp on, setting a timer that lacks its time, and stop."""

    def understand(self, text: str, *, context: Context) -> Understanding:
        known = {
            "turn on the lamp": (Intent(name="HassTurnOn", slots={"name": "Lamp"}), Completeness.COMPLETE),
            "set a timer for": (None, Completeness.INCOMPLETE),
            "stop": (Intent(name="HassNevermind"), Completeness.COMPLETE),
        }
        intent, completeness = known.get(text, (None, Completeness.UNKNOWN))
        reason = "" if intent else "I know no such sentence."
        return Understanding(text=text, intent=intent, completeness=completeness, reason=reason)

    def hints(self) -> tuple[str, ...]:
        return ("Lamp",)


@dataclass
class OneLamp:
    """A lamp that is on once it was told so."""

    is_on: bool = False
    performed: list[str] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    """What each was performed with."""

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return "Turned on the lamp." if intent.name == "HassTurnOn" else ""

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        self.performed.append(intent.name)
        self.contexts.append(context)
        if intent.name == "HassTurnOn":
            self.is_on = True
            return SkillResult(outcome=Outcome.DONE, reply="Turned on the lamp.")
        return SkillResult(outcome=Outcome.DONE, reply="")


@dataclass
class Beeper:
    """Speaks a second of tone for each sentence; fails on demand."""

    fails: bool = False
    spoken: list[str] = field(default_factory=list)
    tones: list[tuple[str, float]] = field(default_factory=list)
    """The voice and speed of each."""

    def stream(self, text: str, *, voice: str, speed: float = 1.0) -> Iterator[Pcm]:
        if self.fails:
            raise EngineError("The voice failed. Choose another voice.")
        self.spoken.append(text)
        self.tones.append((voice, speed))
        yield Pcm(data=tone(1.0))


def engines(workers: Workers, **other: object) -> Engines:
    """A full set; any of them may be given."""
    parts: dict[str, object] = {
        "recogniser": ScriptedRecogniser(),
        "glimpse": None,
        "understander": ThreeSentences(),
        "skills": OneLamp(),
        "synthesiser": Beeper(),
        "workers": workers,
    }
    return Engines(**(parts | other))  # type: ignore[arg-type]
